
/*
 * What a change of an account is made of.
 *
 * Strings of the body live as long as the request.  Values are checked by
 * ngx_http_household_api_check(), as an edge reads them; here is checked what
 * an edge never sees.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_str.h"
#include "ngx_http_household_api_plan_case.h"


static ngx_int_t ngx_http_household_api_plan_home(
    ngx_http_household_api_plan_t *plan, ngx_http_household_api_fault_t *f);
static ngx_int_t ngx_http_household_api_plan_move(
    ngx_http_household_api_plan_t *plan, ngx_http_household_api_fault_t *f);
static ngx_int_t ngx_http_household_api_plan_seat(
    ngx_http_household_api_plan_t *plan, ngx_http_household_api_fault_t *f);
static ngx_int_t ngx_http_household_api_plan_seat_end(
    ngx_http_household_api_plan_t *plan, ngx_http_household_api_fault_t *f);
static ngx_int_t ngx_http_household_api_plan_seat_networks(
    ngx_http_household_api_plan_t *plan, ngx_str_t *until,
    ngx_http_household_api_fault_t *f);
static ngx_int_t ngx_http_household_api_plan_device(
    ngx_http_household_api_plan_t *plan, ngx_http_household_api_fault_t *f);
static ngx_int_t ngx_http_household_api_plan_travel(
    ngx_http_household_api_plan_t *plan, ngx_http_household_api_fault_t *f);
static ngx_int_t ngx_http_household_api_plan_sign_out(
    ngx_http_household_api_plan_t *plan, ngx_http_household_api_fault_t *f);
static ngx_int_t ngx_http_household_api_plan_patch(
    ngx_http_household_api_plan_t *plan, ngx_http_household_api_fault_t *f);


ngx_int_t
ngx_http_household_api_plan_init(ngx_http_household_api_plan_t *plan,
    ngx_pool_t *pool, ngx_household_account_t *account)
{
    ngx_memzero(plan, sizeof(ngx_http_household_api_plan_t));

    plan->pool = pool;
    plan->account = account;

    return ngx_array_init(&plan->edits, pool, 4,
                          sizeof(ngx_household_account_edit_t));
}


ngx_int_t
ngx_http_household_api_plan_make(ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_fault_t *f)
{
    switch (plan->resource) {

    case NGX_HTTP_HOUSEHOLD_API_HOME:
        return ngx_http_household_api_plan_home(plan, f);

    case NGX_HTTP_HOUSEHOLD_API_MOVE_HOME:
        return ngx_http_household_api_plan_move(plan, f);

    case NGX_HTTP_HOUSEHOLD_API_SEAT:
        return ngx_http_household_api_plan_seat(plan, f);

    case NGX_HTTP_HOUSEHOLD_API_DEVICE:
        return ngx_http_household_api_plan_device(plan, f);

    case NGX_HTTP_HOUSEHOLD_API_TRAVEL:
        return ngx_http_household_api_plan_travel(plan, f);

    case NGX_HTTP_HOUSEHOLD_API_SIGN_OUT:
        return ngx_http_household_api_plan_sign_out(plan, f);

    default: /* NGX_HTTP_HOUSEHOLD_API_ACCOUNT */
        return ngx_http_household_api_plan_patch(plan, f);
    }
}


/* a network may be stored in several forms, and none is added twice */

static ngx_int_t
ngx_http_household_api_plan_home(ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_fault_t *f)
{
    ngx_str_t   *item, *home;
    ngx_uint_t   i;

    item = &plan->item;

    if (!plan->remove) {

        if (ngx_http_household_api_plan_has(plan, item)) {
            return NGX_OK;
        }

        return ngx_http_household_api_plan_add(plan,
                                               NGX_HOUSEHOLD_ACCOUNT_ADD,
                                               item, NULL);
    }

    for (i = 0; i < plan->account->nhomes; i++) {

        home = &plan->account->homes[i];

        if (ngx_http_household_api_plan_same(home, item)
            && ngx_http_household_api_plan_add(plan,
                                               NGX_HOUSEHOLD_ACCOUNT_REMOVE,
                                               home, NULL)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (plan->edits.nelts == 0) {
        return ngx_http_household_api_plan_fault(f, 404,
                                          "not_there", "the home does not have "
                                          "this network", NULL);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_api_plan_move(ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_fault_t *f)
{
    size_t       i, k, n;
    json_t      *list, *value;
    ngx_str_t    text, *home;

    static const char  *names[] = { "addresses" };

    if (!ngx_http_household_api_plan_known(plan->body, names, 1)) {
        return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "a new home has \"addresses\" only", NULL);
    }

    list = json_object_get(plan->body, "addresses");
    n = json_array_size(list);

    if (n == 0 || n > NGX_HOUSEHOLD_RECORD_NETWORKS) {
        return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "\"addresses\" is not a list of addresses",
                                  "#/addresses");
    }

    for (k = 0; k < plan->account->nhomes; k++) {

        home = &plan->account->homes[k];

        if (ngx_http_household_api_plan_add(plan,
                                            NGX_HOUSEHOLD_ACCOUNT_REMOVE,
                                            home, NULL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < n; i++) {

        value = json_array_get(list, i);

        if (!json_is_string(value)) {
            return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "an address is not a string",
                                  "#/addresses");
        }

        text.data = (u_char *) json_string_value(value);
        text.len = json_string_length(value);

        if (ngx_http_household_api_plan_add(plan, NGX_HOUSEHOLD_ACCOUNT_ADD,
                                            &text, NULL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_api_plan_seat(ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_fault_t *f)
{
    int64_t    until;
    ngx_int_t  rc;
    ngx_str_t  value;

    static const char  *names[] = { "networks", "until", "seat" };

    if (plan->remove) {
        return ngx_http_household_api_plan_seat_end(plan, f);
    }

    if (!ngx_http_household_api_plan_known(plan->body, names, 3)) {
        return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "a seat has \"networks\" and \"until\" only",
                                  NULL);
    }

    rc = ngx_http_household_api_plan_time(plan, "until", &until);

    if (rc == NGX_ERROR || rc == NGX_DECLINED) {
        return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "\"until\" is not a time as in RFC 3339, or "
                                  "null for no end", "#/until");
    }

    if (ngx_http_household_api_plan_number(plan, until, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_household_api_plan_seat_networks(plan, &value, f);
}


/* an id with a colon is not a seat and the begin of its network */

static ngx_int_t
ngx_http_household_api_plan_seat_end(ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_fault_t *f)
{
    ngx_str_t   *name, seat, network;
    ngx_uint_t   i;

    for (i = 0; i < plan->account->nfields; i++) {

        name = &plan->account->fields[i].name;

        if (ngx_household_account_seat(name, &seat, &network)
            && ngx_household_str_equal(&seat, &plan->item)
            && ngx_http_household_api_plan_add(plan,
                                               NGX_HOUSEHOLD_ACCOUNT_UNSET,
                                               name, NULL)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (plan->edits.nelts == 0) {
        return ngx_http_household_api_plan_fault(f, 404, "not_there",
                                          "the account does not have this "
                                          "seat", NULL);
    }

    return NGX_OK;
}


/*
 * The networks of the body replace those of the seat.  Without "networks",
 * those of the seat are paid until then.
 */

static ngx_int_t
ngx_http_household_api_plan_seat_networks(ngx_http_household_api_plan_t *plan,
    ngx_str_t *until, ngx_http_household_api_fault_t *f)
{
    size_t       i, n;
    json_t      *list, *value;
    ngx_str_t    text, name, seat, network, first, none;
    ngx_uint_t   k, before;

    before = plan->edits.nelts;

    list = json_object_get(plan->body, "networks");
    n = json_is_string(list) ? 1 : json_array_size(list);

    if (list != NULL && (n == 0 || n > NGX_HOUSEHOLD_RECORD_NETWORKS)) {
        return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "\"networks\" is not a list of networks, or "
                                  "\"learn\"", "#/networks");
    }

    /* the fields of a seat are next to each other */

    ngx_str_null(&none);

    if (ngx_http_household_api_plan_join(plan, "extra:", &plan->item, ":",
                                         &none, &first)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (k = ngx_household_account_from(plan->account, &first);
         k < plan->account->nfields
         && ngx_household_account_seat(&plan->account->fields[k].name, &seat,
                                       &network)
         && ngx_household_str_equal(&seat, &plan->item);
         k++)
    {

        if (ngx_http_household_api_plan_add(plan,
                              list != NULL ? NGX_HOUSEHOLD_ACCOUNT_UNSET
                                           : NGX_HOUSEHOLD_ACCOUNT_SET,
                              &plan->account->fields[k].name, until)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < n; i++) {

        value = json_is_string(list) ? list : json_array_get(list, i);

        if (!json_is_string(value)) {
            return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "a network is not a string", "#/networks");
        }

        text.data = (u_char *) json_string_value(value);
        text.len = json_string_length(value);

        if (ngx_http_household_api_plan_join(plan, "extra:", &plan->item,
                                             ":", &text, &name)
            != NGX_OK
            || ngx_http_household_api_plan_add(plan, NGX_HOUSEHOLD_ACCOUNT_SET,
                                               &name, until)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (plan->edits.nelts == before) {
        return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "the account does not have this seat, and a "
                                  "new one needs \"networks\"",
                                  "#/networks");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_api_plan_device(ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_fault_t *f)
{
    json_t     *value;
    int64_t     seen;
    ngx_str_t   name, text, time, seat, none;

    static const char  *names[] = { "seen", "seat", "device" };

    ngx_str_null(&none);

    if (ngx_http_household_api_plan_join(plan, "device:", &plan->item,
                                         "", &none, &name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (plan->remove) {
        return ngx_http_household_api_plan_unset(plan, &name, f);
    }

    if (!ngx_http_household_api_plan_known(plan->body, names, 3)) {
        return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "a device has \"seen\" and \"seat\" only",
                                  NULL);
    }

    switch (ngx_http_household_api_plan_time(plan, "seen", &seen)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        seen = ngx_time();
        break;

    default:
        seen = 0;
    }

    if (seen == 0) {
        return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "\"seen\" is not a time as in RFC 3339",
                                  "#/seen");
    }

    if (ngx_http_household_api_plan_number(plan, seen, &time) != NGX_OK) {
        return NGX_ERROR;
    }

    value = json_object_get(plan->body, "seat");

    if (value == NULL || json_is_null(value)) {
        return ngx_http_household_api_plan_add(plan, NGX_HOUSEHOLD_ACCOUNT_SET,
                                               &name, &time);
    }

    seat.data = (u_char *) json_string_value(value);
    seat.len = json_string_length(value);

    /* a colon would begin another place */

    if (seat.data == NULL || seat.len == 0 || !ngx_household_id_valid(&seat)
        || ngx_strlchr(seat.data, seat.data + seat.len, ':') != NULL)
    {
        return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "\"seat\" is not the id of a seat",
                                  "#/seat");
    }

    if (ngx_http_household_api_plan_join(plan, "", &time, "@", &seat, &text)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_household_api_plan_add(plan, NGX_HOUSEHOLD_ACCOUNT_SET,
                                           &name, &text);
}


static ngx_int_t
ngx_http_household_api_plan_travel(ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_fault_t *f)
{
    int64_t    until;
    ngx_str_t  name, text, none;

    static const char  *names[] = { "until", "device" };

    ngx_str_null(&none);

    if (ngx_http_household_api_plan_join(plan, "travel:", &plan->item,
                                         "", &none, &name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (plan->remove) {
        return ngx_http_household_api_plan_unset(plan, &name, f);
    }

    if (!ngx_http_household_api_plan_known(plan->body, names, 2)) {
        return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "a travel grant has \"until\" only", NULL);
    }

    if (ngx_http_household_api_plan_time(plan, "until", &until) != NGX_OK
        || until == 0)
    {
        return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "\"until\" is not a time as in RFC 3339",
                                  "#/until");
    }

    if (ngx_http_household_api_plan_number(plan, until, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_household_api_plan_add(plan, NGX_HOUSEHOLD_ACCOUNT_SET,
                                           &name, &text);
}


static ngx_int_t
ngx_http_household_api_plan_sign_out(ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_fault_t *f)
{
    ngx_str_t  name, text;

    ngx_str_set(&name, "revoked_before");

    if (ngx_http_household_api_plan_number(plan, ngx_time(), &text)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_household_api_plan_add(plan, NGX_HOUSEHOLD_ACCOUNT_SET,
                                           &name, &text);
}


static ngx_int_t
ngx_http_household_api_plan_patch(ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_fault_t *f)
{
    json_t                        *value;
    ngx_str_t                      text, name;
    ngx_uint_t                     i;
    ngx_household_account_edit_e   type;

    static ngx_str_t  names[] = { ngx_string("country"), ngx_string("seats") };

    static const char  *faults[] = {
        "\"country\" is not a string or null",
        "\"seats\" is not a number from 0 or null"
    };

    static const char  *pointers[] = { "#/country", "#/seats" };

    for (i = 0; i < 2; i++) {

        name = names[i];
        value = json_object_get(plan->body, (char *) name.data);

        if (value == NULL) {
            continue;
        }

        type = NGX_HOUSEHOLD_ACCOUNT_SET;
        ngx_str_null(&text);

        if (json_is_null(value)) {
            type = NGX_HOUSEHOLD_ACCOUNT_UNSET;

        } else if (i == 0 && json_is_string(value)) {
            text.data = (u_char *) json_string_value(value);
            text.len = json_string_length(value);

        } else if (i == 1 && json_is_integer(value)
                   && json_integer_value(value) >= 0)
        {
            if (ngx_http_household_api_plan_number(plan,
                                             json_integer_value(value), &text)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

        } else {
            return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                                     faults[i], pointers[i]);
        }

        if (ngx_http_household_api_plan_add(plan, type, &name, &text)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}

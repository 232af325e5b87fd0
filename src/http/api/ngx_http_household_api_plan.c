
/*
 * What a change of an account is made of.
 *
 * Strings of the body live as long as the request.  Values are checked by
 * ngx_http_household_api_edit(), as an edge reads them; here is checked what
 * an edge never sees.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_str.h"
#include "ngx_household_time.h"
#include "ngx_http_household_api_plan.h"


static ngx_int_t ngx_http_household_api_plan_home(
    ngx_http_household_api_call_t *call, ngx_http_household_api_fault_t *f);
static ngx_int_t ngx_http_household_api_plan_move(
    ngx_http_household_api_call_t *call, ngx_http_household_api_fault_t *f);
static ngx_int_t ngx_http_household_api_plan_seat(
    ngx_http_household_api_call_t *call, ngx_http_household_api_fault_t *f);
static ngx_int_t ngx_http_household_api_plan_seat_networks(
    ngx_http_household_api_call_t *call, ngx_str_t *until,
    ngx_http_household_api_fault_t *f);
static ngx_int_t ngx_http_household_api_plan_device(
    ngx_http_household_api_call_t *call, ngx_http_household_api_fault_t *f);
static ngx_int_t ngx_http_household_api_plan_travel(
    ngx_http_household_api_call_t *call, ngx_http_household_api_fault_t *f);
static ngx_int_t ngx_http_household_api_plan_sign_out(
    ngx_http_household_api_call_t *call, ngx_http_household_api_fault_t *f);
static ngx_int_t ngx_http_household_api_plan_patch(
    ngx_http_household_api_call_t *call, ngx_http_household_api_fault_t *f);

static ngx_uint_t ngx_http_household_api_plan_same(ngx_str_t *one,
    ngx_str_t *two);
static ngx_int_t ngx_http_household_api_plan_unset(
    ngx_http_household_api_call_t *call, ngx_str_t *text, ngx_uint_t prefix,
    ngx_http_household_api_fault_t *f);
static ngx_int_t ngx_http_household_api_plan_time(
    ngx_http_household_api_call_t *call, const char *name, int64_t *time);
static ngx_int_t ngx_http_household_api_plan_number(
    ngx_http_household_api_call_t *call, int64_t n, ngx_str_t *text);
static ngx_int_t ngx_http_household_api_plan_join(
    ngx_http_household_api_call_t *call, const char *prefix, ngx_str_t *one,
    const char *middle, ngx_str_t *two, ngx_str_t *text);
static ngx_int_t ngx_http_household_api_plan_add(
    ngx_http_household_api_call_t *call, ngx_household_account_edit_e type,
    ngx_str_t *name, ngx_str_t *value);
static ngx_int_t ngx_http_household_api_plan_fault(
    ngx_http_household_api_fault_t *f, ngx_uint_t status, const char *code,
    const char *detail, const char *pointer);


ngx_int_t
ngx_http_household_api_plan(ngx_http_household_api_call_t *call,
    ngx_http_household_api_fault_t *f)
{
    if (ngx_array_init(&call->edits, call->request->pool, 4,
                       sizeof(ngx_household_account_edit_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    switch (call->path.resource) {

    case NGX_HTTP_HOUSEHOLD_API_HOME:
        return ngx_http_household_api_plan_home(call, f);

    case NGX_HTTP_HOUSEHOLD_API_MOVE_HOME:
        return ngx_http_household_api_plan_move(call, f);

    case NGX_HTTP_HOUSEHOLD_API_SEAT:
        return ngx_http_household_api_plan_seat(call, f);

    case NGX_HTTP_HOUSEHOLD_API_DEVICE:
        return ngx_http_household_api_plan_device(call, f);

    case NGX_HTTP_HOUSEHOLD_API_TRAVEL:
        return ngx_http_household_api_plan_travel(call, f);

    case NGX_HTTP_HOUSEHOLD_API_SIGN_OUT:
        return ngx_http_household_api_plan_sign_out(call, f);

    default: /* NGX_HTTP_HOUSEHOLD_API_ACCOUNT */
        return ngx_http_household_api_plan_patch(call, f);
    }
}


/* a network may be stored in several forms, and none is added twice */

static ngx_int_t
ngx_http_household_api_plan_home(ngx_http_household_api_call_t *call,
    ngx_http_household_api_fault_t *f)
{
    ngx_str_t   *item, *home;
    ngx_uint_t   i, found, put;

    put = (call->request->method == NGX_HTTP_PUT);
    item = &call->path.item;
    found = 0;

    for (i = 0; i < call->account.nhomes; i++) {

        home = &call->account.homes[i];

        if (!ngx_http_household_api_plan_same(home, item)) {
            continue;
        }

        found = 1;

        if (!put
            && ngx_http_household_api_plan_add(call,
                                              NGX_HOUSEHOLD_ACCOUNT_REMOVE,
                                              home, NULL)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (put && !found) {
        return ngx_http_household_api_plan_add(call,
                                               NGX_HOUSEHOLD_ACCOUNT_ADD,
                                               item, NULL);
    }

    if (!put && !found) {
        return ngx_http_household_api_plan_fault(f, NGX_HTTP_NOT_FOUND,
                                          "not_there", "the home does not have "
                                          "this network", NULL);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_api_plan_move(ngx_http_household_api_call_t *call,
    ngx_http_household_api_fault_t *f)
{
    size_t       i, k, n;
    json_t      *list, *value;
    ngx_str_t    text, *home;

    list = json_object_get(call->body, "addresses");
    n = json_array_size(list);

    if (n == 0 || n > NGX_HOUSEHOLD_RECORD_NETWORKS) {
        return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "\"addresses\" is not a list of addresses",
                                  "#/addresses");
    }

    for (k = 0; k < call->account.nhomes; k++) {

        home = &call->account.homes[k];

        if (ngx_http_household_api_plan_add(call,
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

        if (ngx_http_household_api_plan_add(call, NGX_HOUSEHOLD_ACCOUNT_ADD,
                                            &text, NULL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_api_plan_seat(ngx_http_household_api_call_t *call,
    ngx_http_household_api_fault_t *f)
{
    int64_t    until;
    ngx_int_t  rc;
    ngx_str_t  value, prefix;

    ngx_str_null(&value);

    if (call->request->method == NGX_HTTP_DELETE) {

        if (ngx_http_household_api_plan_join(call, "extra:", &call->path.item,
                                             ":", &value, &prefix)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        return ngx_http_household_api_plan_unset(call, &prefix, 1, f);
    }

    rc = ngx_http_household_api_plan_time(call, "until", &until);

    if (rc == NGX_ERROR || rc == NGX_DECLINED) {
        return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "\"until\" is not a time as in RFC 3339, or "
                                  "null for no end", "#/until");
    }

    if (ngx_http_household_api_plan_number(call, until, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_household_api_plan_seat_networks(call, &value, f);
}


/*
 * The networks of the body replace those of the seat.  Without "networks",
 * those of the seat are paid until then.
 */

static ngx_int_t
ngx_http_household_api_plan_seat_networks(ngx_http_household_api_call_t *call,
    ngx_str_t *until, ngx_http_household_api_fault_t *f)
{
    size_t       i, n;
    json_t      *list, *value;
    ngx_str_t    text, name, seat, network;
    ngx_uint_t   k;

    list = json_object_get(call->body, "networks");
    n = json_is_string(list) ? 1 : json_array_size(list);

    if (list != NULL && (n == 0 || n > NGX_HOUSEHOLD_RECORD_NETWORKS)) {
        return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "\"networks\" is not a list of networks, or "
                                  "\"learn\"", "#/networks");
    }

    for (k = 0; k < call->account.nfields; k++) {

        if (!ngx_household_account_seat(&call->account.fields[k].name, &seat,
                                        &network)
            || !ngx_household_str_equal(&seat, &call->path.item))
        {
            continue;
        }

        if (ngx_http_household_api_plan_add(call,
                              list != NULL ? NGX_HOUSEHOLD_ACCOUNT_UNSET
                                           : NGX_HOUSEHOLD_ACCOUNT_SET,
                              &call->account.fields[k].name, until)
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

        if (ngx_http_household_api_plan_join(call, "extra:", &call->path.item,
                                             ":", &text, &name)
            != NGX_OK
            || ngx_http_household_api_plan_add(call, NGX_HOUSEHOLD_ACCOUNT_SET,
                                               &name, until)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (call->edits.nelts == 0) {
        return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "the seat has no network: \"networks\" is "
                                  "missing", "#/networks");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_api_plan_device(ngx_http_household_api_call_t *call,
    ngx_http_household_api_fault_t *f)
{
    json_t     *value;
    int64_t     seen;
    ngx_str_t   name, text, time, seat, none;

    ngx_str_null(&none);

    if (ngx_http_household_api_plan_join(call, "device:", &call->path.item,
                                         "", &none, &name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (call->request->method == NGX_HTTP_DELETE) {
        return ngx_http_household_api_plan_unset(call, &name, 0, f);
    }

    switch (ngx_http_household_api_plan_time(call, "seen", &seen)) {

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

    if (ngx_http_household_api_plan_number(call, seen, &time) != NGX_OK) {
        return NGX_ERROR;
    }

    value = json_object_get(call->body, "seat");

    if (value == NULL || json_is_null(value)) {
        return ngx_http_household_api_plan_add(call, NGX_HOUSEHOLD_ACCOUNT_SET,
                                               &name, &time);
    }

    seat.data = (u_char *) json_string_value(value);
    seat.len = json_string_length(value);

    if (seat.data == NULL) {
        return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "\"seat\" is not a string", "#/seat");
    }

    if (ngx_http_household_api_plan_join(call, "", &time, "@", &seat, &text)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_household_api_plan_add(call, NGX_HOUSEHOLD_ACCOUNT_SET,
                                           &name, &text);
}


static ngx_int_t
ngx_http_household_api_plan_travel(ngx_http_household_api_call_t *call,
    ngx_http_household_api_fault_t *f)
{
    int64_t    until;
    ngx_str_t  name, text, none;

    ngx_str_null(&none);

    if (ngx_http_household_api_plan_join(call, "travel:", &call->path.item,
                                         "", &none, &name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (call->request->method == NGX_HTTP_DELETE) {
        return ngx_http_household_api_plan_unset(call, &name, 0, f);
    }

    if (ngx_http_household_api_plan_time(call, "until", &until) != NGX_OK
        || until == 0)
    {
        return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                  "\"until\" is not a time as in RFC 3339",
                                  "#/until");
    }

    if (ngx_http_household_api_plan_number(call, until, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_household_api_plan_add(call, NGX_HOUSEHOLD_ACCOUNT_SET,
                                           &name, &text);
}


static ngx_int_t
ngx_http_household_api_plan_sign_out(ngx_http_household_api_call_t *call,
    ngx_http_household_api_fault_t *f)
{
    ngx_str_t  name, text;

    ngx_str_set(&name, "revoked_before");

    if (ngx_http_household_api_plan_number(call, ngx_time(), &text)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_household_api_plan_add(call, NGX_HOUSEHOLD_ACCOUNT_SET,
                                           &name, &text);
}


static ngx_int_t
ngx_http_household_api_plan_patch(ngx_http_household_api_call_t *call,
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
        value = json_object_get(call->body, (char *) name.data);

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
            if (ngx_http_household_api_plan_number(call,
                                             json_integer_value(value), &text)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

        } else {
            return ngx_http_household_api_plan_fault(f, 422, "invalid_value",
                                                     faults[i], pointers[i]);
        }

        if (ngx_http_household_api_plan_add(call, type, &name, &text)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* compares the texts, or the networks that they stand for */

static ngx_uint_t
ngx_http_household_api_plan_same(ngx_str_t *one, ngx_str_t *two)
{
    ngx_household_network_t  a, b;

    if (ngx_household_str_equal(one, two)) {
        return 1;
    }

    ngx_memzero(&a, sizeof(ngx_household_network_t));
    ngx_memzero(&b, sizeof(ngx_household_network_t));

    return ngx_household_network_parse(&a, one->data, one->len) == NGX_OK
           && ngx_household_network_parse(&b, two->data, two->len) == NGX_OK
           && a.addr.family == b.addr.family
           && a.prefix == b.prefix
           && a.no_prefix == b.no_prefix
           && ngx_memcmp(a.addr.bytes, b.addr.bytes, sizeof(a.addr.bytes))
              == 0;
}


/* unsets the field with that name, or the fields with that prefix */

static ngx_int_t
ngx_http_household_api_plan_unset(ngx_http_household_api_call_t *call,
    ngx_str_t *text, ngx_uint_t prefix, ngx_http_household_api_fault_t *f)
{
    ngx_str_t   *name;
    ngx_uint_t   i;

    for (i = 0; i < call->account.nfields; i++) {

        name = &call->account.fields[i].name;

        if (name->len < text->len
            || ngx_memcmp(name->data, text->data, text->len) != 0
            || (name->len != text->len && !prefix))
        {
            continue;
        }

        if (ngx_http_household_api_plan_add(call, NGX_HOUSEHOLD_ACCOUNT_UNSET,
                                            name, NULL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (call->edits.nelts == 0) {
        return ngx_http_household_api_plan_fault(f, NGX_HTTP_NOT_FOUND,
                                          "not_there", "the account does not "
                                          "have this", NULL);
    }

    return NGX_OK;
}


/*
 * Returns NGX_OK and the time, 0 for null; NGX_DECLINED if there is no such
 * member; or NGX_ERROR.
 */

static ngx_int_t
ngx_http_household_api_plan_time(ngx_http_household_api_call_t *call,
    const char *name, int64_t *time)
{
    json_t     *value;
    ngx_str_t   text;

    value = json_object_get(call->body, name);

    if (value == NULL) {
        return NGX_DECLINED;
    }

    if (json_is_null(value)) {
        *time = 0;
        return NGX_OK;
    }

    if (!json_is_string(value)) {
        return NGX_ERROR;
    }

    text.data = (u_char *) json_string_value(value);
    text.len = json_string_length(value);

    return ngx_household_time_parse(&text, time) == NGX_OK && *time != 0
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_household_api_plan_number(ngx_http_household_api_call_t *call,
    int64_t n, ngx_str_t *text)
{
    text->data = ngx_pnalloc(call->request->pool, NGX_INT64_LEN);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    text->len = ngx_sprintf(text->data, "%L", n) - text->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_api_plan_join(ngx_http_household_api_call_t *call,
    const char *prefix, ngx_str_t *one, const char *middle, ngx_str_t *two,
    ngx_str_t *text)
{
    u_char  *p;

    text->len = ngx_strlen(prefix) + one->len + ngx_strlen(middle) + two->len;

    p = ngx_pnalloc(call->request->pool, text->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    (void) ngx_sprintf(p, "%s%V%s%V", prefix, one, middle, two);

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_api_plan_add(ngx_http_household_api_call_t *call,
    ngx_household_account_edit_e type, ngx_str_t *name, ngx_str_t *value)
{
    ngx_household_account_edit_t  *edit;

    edit = ngx_array_push(&call->edits);
    if (edit == NULL) {
        return NGX_ERROR;
    }

    edit->type = type;
    edit->name = *name;

    if (type == NGX_HOUSEHOLD_ACCOUNT_SET) {
        edit->value = *value;

    } else {
        ngx_str_null(&edit->value);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_api_plan_fault(ngx_http_household_api_fault_t *f,
    ngx_uint_t status, const char *code, const char *detail,
    const char *pointer)
{
    f->status = status;
    f->code = code;
    f->detail = detail;
    f->pointer = pointer;

    return NGX_DECLINED;
}

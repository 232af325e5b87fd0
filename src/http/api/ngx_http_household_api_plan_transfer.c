
/*
 * What a transfer moves from one account to another.
 *
 * The networks of a seat become home networks, and a device that was seen at
 * the seat counts as seen at home.  A device takes its travel grant and its
 * membership with it.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_str.h"
#include "ngx_http_household_api_plan_case.h"


/* both sides */

typedef struct {
    ngx_http_household_api_plan_t    *from;
    ngx_http_household_api_plan_t    *to;
    ngx_household_record_builder_t   *builder;
    ngx_http_household_api_fault_t   *fault;
    ngx_str_t                         seat;      /* empty: devices move */
    ngx_uint_t                        networks;  /* of the new home */
} ngx_http_household_api_move_t;


static ngx_int_t ngx_http_household_api_plan_move_seat(
    ngx_http_household_api_move_t *m);
static ngx_int_t ngx_http_household_api_plan_move_devices(
    ngx_http_household_api_move_t *m, json_t *list);
static ngx_int_t ngx_http_household_api_plan_move_device(
    ngx_http_household_api_move_t *m, ngx_str_t *id);
static ngx_int_t ngx_http_household_api_plan_move_places(
    ngx_http_household_api_move_t *m, ngx_household_account_field_t *field);
static ngx_int_t ngx_http_household_api_plan_move_home(
    ngx_http_household_api_move_t *m, json_t *list);
static ngx_int_t ngx_http_household_api_plan_move_network(
    ngx_http_household_api_move_t *m, ngx_str_t *network);
static ngx_int_t ngx_http_household_api_plan_move_set(
    ngx_http_household_api_move_t *m, ngx_str_t *name, ngx_str_t *value);


ngx_int_t
ngx_http_household_api_plan_transfer(ngx_http_household_api_plan_t *from,
    ngx_http_household_api_plan_t *to, json_t *body,
    ngx_household_record_builder_t *builder,
    ngx_http_household_api_fault_t *fault)
{
    json_t                         *devices;
    ngx_int_t                       rc;
    ngx_http_household_api_move_t   m;

    static const char  *names[] = { "to", "seat", "devices", "home" };

    if (!ngx_http_household_api_plan_known(body, names, 4)) {
        return ngx_http_household_api_plan_fault(fault, 422, "invalid_value",
                                  "a transfer has \"to\", \"seat\", \"devices\""
                                  " and \"home\" only", NULL);
    }

    ngx_memzero(&m, sizeof(ngx_http_household_api_move_t));

    m.from = from;
    m.to = to;
    m.builder = builder;
    m.fault = fault;
    m.networks = to->account->nhomes;

    devices = json_object_get(body, "devices");
    rc = ngx_household_json_string(body, "seat", &m.seat);

    if (rc == NGX_ERROR || (rc == NGX_OK) == (devices != NULL)
        || (rc == NGX_OK && m.seat.len == 0))
    {
        return ngx_http_household_api_plan_fault(fault, 422, "invalid_value",
                                  "either \"seat\", a string, or \"devices\" "
                                  "is required", "#/seat");
    }

    rc = (devices != NULL)
         ? ngx_http_household_api_plan_move_devices(&m, devices)
         : ngx_http_household_api_plan_move_seat(&m);

    if (rc == NGX_OK) {
        rc = ngx_http_household_api_plan_move_home(&m,
                                              json_object_get(body, "home"));
    }

    if (rc == NGX_OK && m.networks == 0) {
        return ngx_http_household_api_plan_fault(fault, 422, "invalid_value",
                                  "the other account would have no home: "
                                  "\"home\" is missing", "#/home");
    }

    return rc;
}


static ngx_int_t
ngx_http_household_api_plan_move_seat(ngx_http_household_api_move_t *m)
{
    ngx_str_t                       seat, network;
    ngx_uint_t                      i, found;
    ngx_household_account_field_t  *field;

    found = 0;

    for (i = 0; i < m->from->account->nfields; i++) {

        field = &m->from->account->fields[i];

        if (field->name.len > sizeof("device:") - 1
            && ngx_strncmp(field->name.data, "device:", sizeof("device:") - 1)
               == 0)
        {
            if (ngx_http_household_api_plan_move_places(m, field) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        if (!ngx_household_account_seat(&field->name, &seat, &network)
            || !ngx_household_str_equal(&seat, &m->seat))
        {
            continue;
        }

        found = 1;

        if (ngx_http_household_api_plan_add(m->from,
                                            NGX_HOUSEHOLD_ACCOUNT_UNSET,
                                            &field->name, NULL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (!ngx_household_str_is(&network, "learn")
            && ngx_http_household_api_plan_move_network(m, &network) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (!found) {
        return ngx_http_household_api_plan_fault(m->fault, 404, "not_there",
                                                 "the account does not have "
                                                 "this seat", "#/seat");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_api_plan_move_devices(ngx_http_household_api_move_t *m,
    json_t *list)
{
    size_t      i;
    json_t     *value;
    ngx_int_t   rc;
    ngx_str_t   id;

    if (json_array_size(list) == 0
        || json_array_size(list) > NGX_HOUSEHOLD_RECORD_DEVICES)
    {
        return ngx_http_household_api_plan_fault(m->fault, 422,
                                  "invalid_value", "\"devices\" is not a list "
                                  "of devices", "#/devices");
    }

    json_array_foreach(list, i, value) {

        id.data = (u_char *) json_string_value(value);
        id.len = json_string_length(value);

        rc = (id.data != NULL) ? ngx_http_household_api_plan_move_device(m,
                                                                        &id)
                               : NGX_DECLINED;

        if (rc == NGX_DECLINED) {
            return ngx_http_household_api_plan_fault(m->fault, 404,
                                      "not_there", "the account does not have "
                                      "one of these devices", "#/devices");
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* its fields "device:", "travel:" and "member:"; NGX_DECLINED if none */

static ngx_int_t
ngx_http_household_api_plan_move_device(ngx_http_household_api_move_t *m,
    ngx_str_t *id)
{
    ngx_str_t                       name, none;
    ngx_int_t                       rc;
    ngx_uint_t                      k;
    ngx_household_account_field_t  *field;

    static const char  *prefixes[] = { "device:", "travel:", "member:" };

    ngx_str_null(&none);

    rc = NGX_DECLINED;

    for (k = 0; k < sizeof(prefixes) / sizeof(prefixes[0]); k++) {

        if (ngx_http_household_api_plan_join(m->from, prefixes[k], id, "",
                                             &none, &name)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        field = ngx_household_account_field(m->from->account, &name);

        if (field == NULL) {
            continue;
        }

        rc = NGX_OK;

        if (k == 0) {

            if (ngx_http_household_api_plan_move_places(m, field) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        if (ngx_http_household_api_plan_move_set(m, &field->name,
                                                 &field->value)
            != NGX_OK
            || ngx_http_household_api_plan_add(m->from,
                                               NGX_HOUSEHOLD_ACCOUNT_UNSET,
                                               &field->name, NULL)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return rc;
}


/*
 * A device that moves, or that was seen at the seat that moves: the latest time
 * there becomes the time at the new home, and the other places stay.
 */

static ngx_int_t
ngx_http_household_api_plan_move_places(ngx_http_household_api_move_t *m,
    ngx_household_account_field_t *field)
{
    int64_t                 latest;
    ngx_str_t               id, rest, place, joined, number;
    ngx_uint_t              i, n;
    ngx_household_seen_t    seen[NGX_HOUSEHOLD_SEEN_MAX];

    ngx_str_null(&rest);

    latest = 0;

    ngx_household_record_builder_start(m->builder, 0);
    (void) ngx_household_record_builder_add_field(m->builder, &field->name,
                                                  &field->value);

    id.data = field->name.data + sizeof("device:") - 1;
    id.len = field->name.len - (sizeof("device:") - 1);

    n = ngx_household_record_seen(&m->builder->u.record, &id, seen);

    for (i = 0; i < n; i++) {

        if (m->seat.len == 0
            || ngx_household_str_equal(&seen[i].seat, &m->seat))
        {
            latest = ngx_max(latest, seen[i].time);
            continue;
        }

        if (ngx_http_household_api_plan_number(m->from, seen[i].time, &number)
            != NGX_OK
            || ngx_http_household_api_plan_join(m->from, "", &number,
                                                seen[i].seat.len ? "@" : "",
                                                &seen[i].seat, &place)
               != NGX_OK
            || ngx_http_household_api_plan_join(m->from, "", &rest,
                                                rest.len ? ":" : "", &place,
                                                &joined)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        rest = joined;
    }

    if (latest == 0 && n) {
        return NGX_OK;
    }

    if (latest
        && (ngx_http_household_api_plan_number(m->to, latest, &number)
            != NGX_OK
            || ngx_http_household_api_plan_move_set(m, &field->name, &number)
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    if (n == 0 && m->seat.len) {
        /* malformed: not of this seat, as far as an edge knows */
        return NGX_OK;
    }

    return ngx_http_household_api_plan_add(m->from,
                                           rest.len
                                           ? NGX_HOUSEHOLD_ACCOUNT_SET
                                           : NGX_HOUSEHOLD_ACCOUNT_UNSET,
                                           &field->name, &rest);
}


static ngx_int_t
ngx_http_household_api_plan_move_home(ngx_http_household_api_move_t *m,
    json_t *list)
{
    size_t      i;
    json_t     *value;
    ngx_str_t   text;

    if (list != NULL
        && (!json_is_array(list)
            || json_array_size(list) > NGX_HOUSEHOLD_RECORD_NETWORKS))
    {
        return ngx_http_household_api_plan_fault(m->fault, 422,
                                  "invalid_value", "\"home\" is not a list of "
                                  "networks", "#/home");
    }

    json_array_foreach(list, i, value) {

        text.data = (u_char *) json_string_value(value);
        text.len = json_string_length(value);

        if (text.data == NULL) {
            return ngx_http_household_api_plan_fault(m->fault, 422,
                                      "invalid_value", "a network is not a "
                                      "string", "#/home");
        }

        if (ngx_http_household_api_plan_move_network(m, &text) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* a home network more, unless the home has it in another form */

static ngx_int_t
ngx_http_household_api_plan_move_network(ngx_http_household_api_move_t *m,
    ngx_str_t *network)
{
    m->networks++;

    if (ngx_http_household_api_plan_has(m->to, network)) {
        return NGX_OK;
    }

    return ngx_http_household_api_plan_add(m->to, NGX_HOUSEHOLD_ACCOUNT_ADD,
                                           network, NULL);
}


/* a field, unless the other account has it */

static ngx_int_t
ngx_http_household_api_plan_move_set(ngx_http_household_api_move_t *m,
    ngx_str_t *name, ngx_str_t *value)
{
    if (ngx_household_account_field(m->to->account, name) != NULL) {
        return NGX_OK;
    }

    return ngx_http_household_api_plan_add(m->to, NGX_HOUSEHOLD_ACCOUNT_SET,
                                           name, value);
}


/*
 * GET of an account: all that Redis has of it, as the edge reads it.
 *
 * Each member and field is added to a record of its own, by the function that
 * an edge uses: what that rejects is listed as malformed, with the cause.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_account.h"
#include "ngx_http_household_api_presence.h"
#include "ngx_household_str.h"


typedef struct {
    ngx_http_household_api_json_t    json;
    ngx_household_account_t         *account;
    ngx_household_record_t          *record;   /* NULL: too large */
    ngx_household_record_builder_t  *builder;
    ngx_http_household_loc_conf_t   *conf;
    int64_t                          now;
    ngx_uint_t                       malformed;
    ngx_uint_t                       other;
} ngx_http_household_api_view_t;


static ngx_int_t ngx_http_household_api_account_show(
    ngx_http_household_api_call_t *call);
static void ngx_http_household_api_account_scalars(
    ngx_http_household_api_view_t *v);
static void ngx_http_household_api_account_home(
    ngx_http_household_api_view_t *v);
static void ngx_http_household_api_account_seats(
    ngx_http_household_api_view_t *v);
static void ngx_http_household_api_account_devices(
    ngx_http_household_api_view_t *v);
static void ngx_http_household_api_account_places(
    ngx_http_household_api_view_t *v, ngx_str_t *id);
static void ngx_http_household_api_account_grants(
    ngx_http_household_api_view_t *v);
static void ngx_http_household_api_account_learned(
    ngx_http_household_api_view_t *v);
static void ngx_http_household_api_account_days(
    ngx_http_household_api_view_t *v);
static void ngx_http_household_api_account_malformed(
    ngx_http_household_api_view_t *v);
static ngx_uint_t ngx_http_household_api_account_valid(
    ngx_http_household_api_view_t *v, ngx_uint_t i, const char *prefix,
    ngx_str_t *rest);
static int64_t ngx_http_household_api_account_number(ngx_str_t *text);
static const char *ngx_http_household_api_account_state(int64_t until,
    int64_t now, const char *is, const char *was);


ngx_int_t
ngx_http_household_api_account_get(ngx_http_household_api_call_t *call)
{
    return ngx_http_household_api_call_read(call,
                                         ngx_http_household_api_account_show);
}


static ngx_int_t
ngx_http_household_api_account_show(ngx_http_household_api_call_t *call)
{
    ngx_http_request_t             *r;
    ngx_household_record_t         *rec;
    ngx_http_household_api_view_t  *v;

    r = call->request;

    if (call->result != NGX_HOUSEHOLD_ACCOUNT_OK) {
        return ngx_http_household_api_failed(call);
    }

    v = ngx_pcalloc(r->pool, sizeof(ngx_http_household_api_view_t));
    if (v == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    v->builder = ngx_palloc(r->pool, sizeof(ngx_household_record_builder_t));
    if (v->builder == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    v->account = &call->account;
    v->conf = ngx_http_get_module_loc_conf(r, ngx_http_household_module);
    v->now = ngx_time();

    ngx_http_household_api_json_init(&v->json, r->pool);
    ngx_http_household_api_json_object(&v->json, NULL);

    ngx_http_household_api_json_str(&v->json, "account", &call->path.account);
    ngx_http_household_api_json_path(&v->json, "path", "accounts",
                                     &call->path.account);
    ngx_http_household_api_json_bool(&v->json, "exists",
                                     v->account->nhomes
                                     || v->account->nfields);

    /* the builder is used for each field again */

    rec = ngx_household_account_record(v->account, v->builder, v->now);

    if (rec != NULL) {
        v->record = ngx_palloc(r->pool, rec->size);
        if (v->record == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_memcpy(v->record, rec, rec->size);
    }

    ngx_http_household_api_json_bool(&v->json, "too_large", rec == NULL);

    if (rec != NULL) {
        ngx_http_household_api_json_number(&v->json, "seats_paid",
                             ngx_household_record_seats_taken(rec, v->now));
    } else {
        ngx_http_household_api_json_null(&v->json, "seats_paid");
    }

    ngx_http_household_api_account_scalars(v);
    ngx_http_household_api_account_home(v);
    ngx_http_household_api_account_seats(v);
    ngx_http_household_api_account_devices(v);
    ngx_http_household_api_account_grants(v);
    ngx_http_household_api_account_learned(v);
    ngx_http_household_api_account_days(v);

    ngx_http_household_api_presence_show(&v->json, &v->account->presence);

    ngx_http_household_api_account_malformed(v);

    ngx_http_household_api_json_object_end(&v->json);
    ngx_http_household_api_json_line(&v->json);

    return ngx_http_household_api_send_version(r, v->account->version,
                                               &v->json);
}


static void
ngx_http_household_api_account_scalars(ngx_http_household_api_view_t *v)
{
    ngx_str_t   *value;
    ngx_uint_t   i, k;

    static const char  *names[] = {
        "country", "seats", "revoked_before", "outside_since", "home_since"
    };

    for (k = 0; k < sizeof(names) / sizeof(names[0]); k++) {

        value = NULL;

        for (i = 0; i < v->account->nfields; i++) {
            if (ngx_household_str_is(&v->account->fields[i].name, names[k])
                && ngx_http_household_api_account_valid(v, i, names[k], NULL))
            {
                value = &v->account->fields[i].value;
            }
        }

        if (value == NULL) {
            ngx_http_household_api_json_null(&v->json, names[k]);

        } else if (k == 0) {
            ngx_http_household_api_json_str(&v->json, names[k], value);

        } else if (k == 1) {
            ngx_http_household_api_json_number(&v->json, names[k],
                              ngx_http_household_api_account_number(value));
        } else {
            ngx_http_household_api_json_time(&v->json, names[k],
                              ngx_http_household_api_account_number(value));
        }
    }
}


static void
ngx_http_household_api_account_home(ngx_http_household_api_view_t *v)
{
    ngx_str_t   *home;
    ngx_uint_t   i;

    ngx_http_household_api_json_array(&v->json, "home");

    for (i = 0; i < v->account->nhomes; i++) {

        home = &v->account->homes[i];

        ngx_household_record_builder_start(v->builder, 0);
        ngx_household_record_builder_add_home(v->builder, home);

        if (v->builder->error != NULL) {
            continue;
        }

        ngx_http_household_api_json_object(&v->json, NULL);
        ngx_http_household_api_json_str(&v->json, "network", home);
        ngx_http_household_api_json_path(&v->json, "path", "home", home);
        ngx_http_household_api_json_object_end(&v->json);
    }

    ngx_http_household_api_json_array_end(&v->json);
}


/* the fields are sorted: those of a seat are next to each other */

static void
ngx_http_household_api_account_seats(ngx_http_household_api_view_t *v)
{
    int64_t                         until;
    ngx_str_t                       seat, last, network;
    ngx_uint_t                      i;
    ngx_household_account_field_t  *field;

    ngx_str_null(&last);

    ngx_http_household_api_json_array(&v->json, "extra_members");

    for (i = 0; i < v->account->nfields; i++) {

        field = &v->account->fields[i];

        if (!ngx_http_household_api_account_valid(v, i, "extra:", &network)
            || !ngx_household_account_seat(&field->name, &seat, &network))
        {
            continue;
        }

        if (last.len == 0 || !ngx_household_str_equal(&seat, &last)) {

            if (last.len) {
                ngx_http_household_api_json_array_end(&v->json);
                ngx_http_household_api_json_object_end(&v->json);
            }

            ngx_http_household_api_json_object(&v->json, NULL);
            ngx_http_household_api_json_str(&v->json, "seat", &seat);
            ngx_http_household_api_json_path(&v->json, "path",
                                             "extra-members", &seat);
            ngx_http_household_api_json_array(&v->json, "networks");

            last = seat;
        }

        until = ngx_http_household_api_account_number(&field->value);

        ngx_http_household_api_json_object(&v->json, NULL);
        ngx_http_household_api_json_str(&v->json, "network", &network);
        ngx_http_household_api_json_time(&v->json, "until", until);
        ngx_http_household_api_json_text(&v->json, "state",
                       ngx_http_household_api_account_state(until, v->now,
                                                            "paid", "ended"));
        ngx_http_household_api_json_object_end(&v->json);
    }

    if (last.len) {
        ngx_http_household_api_json_array_end(&v->json);
        ngx_http_household_api_json_object_end(&v->json);
    }

    ngx_http_household_api_json_array_end(&v->json);
}


static void
ngx_http_household_api_account_devices(ngx_http_household_api_view_t *v)
{
    ngx_str_t   id;
    ngx_uint_t  i;

    ngx_http_household_api_json_array(&v->json, "devices");

    for (i = 0; i < v->account->nfields; i++) {

        if (!ngx_http_household_api_account_valid(v, i, "device:", &id)) {
            continue;
        }

        ngx_http_household_api_json_object(&v->json, NULL);
        ngx_http_household_api_json_str(&v->json, "device", &id);
        ngx_http_household_api_json_path(&v->json, "path", "devices", &id);
        ngx_http_household_api_account_places(v, &id);
        ngx_http_household_api_json_object_end(&v->json);
    }

    ngx_http_household_api_json_array_end(&v->json);
}


/* by the record of the device alone */

static void
ngx_http_household_api_account_places(ngx_http_household_api_view_t *v,
    ngx_str_t *id)
{
    int64_t                until;
    ngx_uint_t             i, n, ended;
    ngx_household_seen_t   seen[NGX_HOUSEHOLD_SEEN_MAX];

    n = ngx_household_record_seen(&v->builder->u.record, id, seen);

    ngx_http_household_api_json_array(&v->json, "seen");

    for (i = 0; i < n; i++) {

        until = seen[i].time + v->conf->trusted_device;

        /* one of a seat is trusted only while the seat is paid */

        ended = (v->conf->trusted_device == 0
                 || (seen[i].seat.len != 0
                     && v->record != NULL
                     && !ngx_household_record_seat_paid(v->record,
                                                        &seen[i].seat,
                                                        v->now)));

        ngx_http_household_api_json_object(&v->json, NULL);

        if (seen[i].seat.len) {
            ngx_http_household_api_json_str(&v->json, "seat", &seen[i].seat);

        } else {
            ngx_http_household_api_json_null(&v->json, "seat");
        }

        ngx_http_household_api_json_time(&v->json, "time", seen[i].time);

        /* the last second of it counts */

        ngx_http_household_api_json_time(&v->json, "trusted_until", until);
        ngx_http_household_api_json_text(&v->json, "state",
                  ngx_http_household_api_account_state(
                      ended ? 1 : until + 1, v->now, "trusted", "ended"));
        ngx_http_household_api_json_object_end(&v->json);
    }

    ngx_http_household_api_json_array_end(&v->json);
}


/* "travel:" and "member:" */

static void
ngx_http_household_api_account_grants(ngx_http_household_api_view_t *v)
{
    int64_t     time;
    ngx_str_t   id;
    ngx_uint_t  i;

    ngx_http_household_api_json_array(&v->json, "travel");

    for (i = 0; i < v->account->nfields; i++) {

        if (!ngx_http_household_api_account_valid(v, i, "travel:", &id)) {
            continue;
        }

        time = ngx_http_household_api_account_number(
                                               &v->account->fields[i].value);

        ngx_http_household_api_json_object(&v->json, NULL);
        ngx_http_household_api_json_str(&v->json, "device", &id);
        ngx_http_household_api_json_path(&v->json, "path", "travel", &id);
        ngx_http_household_api_json_time(&v->json, "until", time);
        ngx_http_household_api_json_text(&v->json, "state",
                      ngx_http_household_api_account_state(time, v->now,
                                                         "granted", "ended"));
        ngx_http_household_api_json_object_end(&v->json);
    }

    ngx_http_household_api_json_array_end(&v->json);

    ngx_http_household_api_json_array(&v->json, "members");

    for (i = 0; i < v->account->nfields; i++) {

        if (!ngx_http_household_api_account_valid(v, i, "member:", &id)) {
            continue;
        }

        ngx_http_household_api_json_object(&v->json, NULL);
        ngx_http_household_api_json_str(&v->json, "device", &id);
        ngx_http_household_api_json_time(&v->json, "since",
              ngx_http_household_api_account_number(
                                              &v->account->fields[i].value));
        ngx_http_household_api_json_object_end(&v->json);
    }

    ngx_http_household_api_json_array_end(&v->json);
}


static void
ngx_http_household_api_account_learned(ngx_http_household_api_view_t *v)
{
    ngx_str_t   network, days, last, *value;
    ngx_uint_t  i;

    ngx_http_household_api_json_array(&v->json, "learning");

    for (i = 0; i < v->account->nfields; i++) {

        if (!ngx_http_household_api_account_valid(v, i, "learn:", &network)) {
            continue;
        }

        value = &v->account->fields[i].value;

        days.data = value->data;
        days.len = (u_char *) ngx_strlchr(value->data,
                                          value->data + value->len, '@')
                   - value->data;
        last.data = days.data + days.len + 1;
        last.len = value->len - days.len - 1;

        ngx_http_household_api_json_object(&v->json, NULL);
        ngx_http_household_api_json_str(&v->json, "network", &network);
        ngx_http_household_api_json_number(&v->json, "days",
                               ngx_http_household_api_account_number(&days));
        ngx_http_household_api_json_time(&v->json, "last",
                               ngx_http_household_api_account_number(&last));
        ngx_http_household_api_json_object_end(&v->json);
    }

    ngx_http_household_api_json_array_end(&v->json);
}


static void
ngx_http_household_api_account_days(ngx_http_household_api_view_t *v)
{
    u_char      *p, *end, *last;
    ngx_str_t    day, rest;
    ngx_uint_t   i;

    ngx_http_household_api_json_array(&v->json, "outside_days");

    for (i = 0; i < v->account->nfields; i++) {

        if (!ngx_http_household_api_account_valid(v, i, "outside_days", &rest)
            || rest.len != 0)
        {
            continue;
        }

        p = v->account->fields[i].value.data;
        last = p + v->account->fields[i].value.len;

        while (p < last) {
            end = ngx_strlchr(p, last, ',');
            end = end ? end : last;

            day.data = p;
            day.len = end - p;

            ngx_http_household_api_json_time(&v->json, NULL, NGX_HOUSEHOLD_DAY
                               * ngx_http_household_api_account_number(&day));
            p = end + 1;
        }
    }

    ngx_http_household_api_json_array_end(&v->json);
}


/* what an edge drops, and why; and the number of fields of other programs */

static void
ngx_http_household_api_account_malformed(ngx_http_household_api_view_t *v)
{
    ngx_uint_t                       i, home, other;
    ngx_str_t                       *name, *value;
    ngx_household_account_field_t   *field;

    other = 0;

    ngx_http_household_api_json_array(&v->json, "malformed");

    for (i = 0; i < v->account->nhomes + v->account->nfields; i++) {

        home = (i < v->account->nhomes);

        ngx_household_record_builder_start(v->builder, 0);

        if (home) {
            name = &v->account->homes[i];
            value = NULL;

            ngx_household_record_builder_add_home(v->builder, name);

        } else {
            field = &v->account->fields[i - v->account->nhomes];
            name = &field->name;
            value = &field->value;

            if (!ngx_household_record_builder_add_field(v->builder, name,
                                                        value))
            {
                other++;
                continue;
            }
        }

        if (v->builder->error == NULL) {
            continue;
        }

        ngx_http_household_api_json_object(&v->json, NULL);
        ngx_http_household_api_json_text(&v->json, "in", home ? "home"
                                                              : "account");
        ngx_http_household_api_json_str(&v->json, "name", name);

        if (value != NULL) {
            ngx_http_household_api_json_str(&v->json, "value", value);
        }

        ngx_http_household_api_json_text(&v->json, "why", v->builder->error);
        ngx_http_household_api_json_object_end(&v->json);
    }

    ngx_http_household_api_json_array_end(&v->json);

    ngx_http_household_api_json_number(&v->json, "other_fields", other);
}


/*
 * Returns 1 if the name of a field begins with "prefix" and the edge would use
 * it; the builder then has it.  "rest" is what follows the prefix.
 */

static ngx_uint_t
ngx_http_household_api_account_valid(ngx_http_household_api_view_t *v,
    ngx_uint_t i, const char *prefix, ngx_str_t *rest)
{
    size_t                          len;
    ngx_household_account_field_t  *field;

    field = &v->account->fields[i];
    len = ngx_strlen(prefix);

    if (field->name.len < len
        || ngx_strncmp(field->name.data, prefix, len) != 0)
    {
        return 0;
    }

    if (rest != NULL) {
        rest->data = field->name.data + len;
        rest->len = field->name.len - len;
    }

    ngx_household_record_builder_start(v->builder, 0);

    return ngx_household_record_builder_add_field(v->builder, &field->name,
                                                  &field->value)
           && v->builder->error == NULL;
}


/* of a text that the builder has accepted: digits, possibly a comma */

static int64_t
ngx_http_household_api_account_number(ngx_str_t *text)
{
    int64_t     n;
    ngx_uint_t  i;

    n = 0;

    for (i = 0; i < text->len && text->data[i] >= '0' && text->data[i] <= '9';
         i++)
    {
        n = n * 10 + (text->data[i] - '0');
    }

    return n;
}


/* 0 has no end */

static const char *
ngx_http_household_api_account_state(int64_t until, int64_t now,
    const char *is, const char *was)
{
    return (until == 0 || until > now) ? is : was;
}


/*
 * An account of the model as the code under test has it.
 */


#ifndef _NGX_HOUSEHOLD_DECIDE_MODEL_RECORD_H_INCLUDED_
#define _NGX_HOUSEHOLD_DECIDE_MODEL_RECORD_H_INCLUDED_


#include "ngx_household_decide_model.h"


/* an address or network as text; "mapped" writes IPv4 as IPv6 has it */

static void
model_text(const model_network_t *net, ngx_uint_t mapped, char *text)
{
    char  *p;

    p = text;

    if (net->family == 4 && mapped) {
        p += sprintf(p, "::ffff:");
    }

    assert_non_null(inet_ntop(net->family == 4 ? AF_INET : AF_INET6,
                              net->addr, p, INET6_ADDRSTRLEN));
    p += strlen(p);

    if (net->prefix != MODEL_UNKNOWN) {
        sprintf(p, "/%d",
                net->prefix + (net->family == 4 && mapped ? 96 : 0));
    }
}


static void
model_add(ngx_household_record_builder_t *b, const char *name, int64_t time,
    const char *at)
{
    char       text[256];
    ngx_str_t  field, value;

    sprintf(text, *at ? "%lld@%s" : "%lld%s", (long long) time, at);

    field = test_str(name);
    value = test_str(text);

    ngx_household_record_builder_add_field(b, &field, &value);
}


static void
model_add_device(ngx_household_record_builder_t *b, const char *name,
    const model_device_t *device)
{
    char        text[1024], *p;
    ngx_str_t   field, value;
    ngx_uint_t  i;

    p = text;

    for (i = 0; i < device->n; i++) {
        p += sprintf(p, "%s%lld%s%s", i ? ":" : "",
                     (long long) device->seen[i].time,
                     *device->seen[i].seat ? "@" : "", device->seen[i].seat);
    }

    field = test_str(name);
    value = test_str(text);

    ngx_household_record_builder_add_field(b, &field, &value);
}


static void
model_add_time(ngx_household_record_builder_t *b, const char *name,
    int64_t time)
{
    if (time != 0) {
        model_add(b, name, time, "");
    }
}


/* days at networks that may become the home */

static void
model_add_evidence(ngx_household_record_builder_t *b, const model_account_t *a)
{
    char        text[256], name[512];
    ngx_str_t   s, field;
    ngx_uint_t  i;

    for (i = 0; i < a->evidences; i++) {
        model_text(&a->evidence[i].network, 0, text);
        sprintf(name, "learn:%s", text);
        sprintf(text, "%u", (unsigned) a->evidence[i].days);
        sprintf(text + strlen(text), "@%lld",
                (long long) a->evidence[i].last);

        field = test_str(name);
        s = test_str(text);
        ngx_household_record_builder_add_field(b, &field, &s);
    }
}


/* the same account as the code under test has it; NULL: none is to be had */

static ngx_household_record_t *
model_record(ngx_household_record_builder_t *b, const model_account_t *a)
{
    char        text[256], name[512], *p;
    ngx_str_t   s, field;
    ngx_uint_t  i;

    if (!a->exists) {
        return NULL;
    }

    ngx_household_record_builder_start(b, MODEL_NOW);

    for (i = 0; i < a->homes; i++) {
        model_text(&a->home[i], i % 2, text);
        s = test_str(text);
        ngx_household_record_builder_add_home(b, &s);
    }

    for (i = 0; i < a->extras; i++) {
        model_text(&a->extra[i].network, i % 2, text);
        sprintf(name, "extra:%s:%s", a->extra[i].seat, text);
        model_add(b, name, a->extra[i].until, "");
    }

    for (i = 0; i < a->opens; i++) {
        sprintf(name, "extra:%s:learn", a->open[i].seat);
        model_add(b, name, a->open[i].until, "");
    }

    for (i = 0; i < a->devices; i++) {
        sprintf(name, "device:%s", a->device[i].id);
        model_add_device(b, name, &a->device[i]);
    }

    for (i = 0; i < a->travels; i++) {
        sprintf(name, "travel:%s", a->travel[i].id);
        model_add(b, name, a->travel[i].until, "");
    }

    if (a->member != NULL) {
        sprintf(name, "member:%s", a->member);
        model_add(b, name, 1, "");
    }

    model_add_evidence(b, a);

    if (a->days) {
        for (i = 0, p = text; i < a->days; i++) {
            p += sprintf(p, "%s%lld", i ? "," : "", (long long) a->day[i]);
        }

        field = test_str("outside_days");
        s = test_str(text);
        ngx_household_record_builder_add_field(b, &field, &s);
    }

    model_add_time(b, "revoked_before", a->revoked_before);
    model_add_time(b, "outside_since", a->outside_since);
    model_add_time(b, "home_since", a->home_since);

    if (a->seats != MODEL_UNKNOWN) {
        model_add(b, "seats", a->seats, "");
    }

    if (*a->country) {
        field = test_str("country");
        s = test_str(a->country);
        ngx_household_record_builder_add_field(b, &field, &s);
    }

    assert_int_equal(b->u.record.malformed, 0);
    assert_non_null(ngx_household_record_builder_finish(b));

    return ngx_household_record_builder_finish(b);
}


#endif /* _NGX_HOUSEHOLD_DECIDE_MODEL_RECORD_H_INCLUDED_ */

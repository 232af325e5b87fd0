
/*
 * A second opinion: the table of docs/verdict.md written down once more, as
 * plainly as it goes and on plain structures, and random accounts to ask both
 * about.  Nothing here calls the code under test but model_record().
 */


#ifndef _NGX_HOUSEHOLD_DECIDE_MODEL_H_INCLUDED_
#define _NGX_HOUSEHOLD_DECIDE_MODEL_H_INCLUDED_


#include "ngx_household_test.h"
#include "ngx_household_decide.h"


#define MODEL_NOW      1700000000
#define MODEL_DAY      86400
#define MODEL_MAX      4
#define MODEL_UNKNOWN  -1


typedef struct {
    ngx_uint_t   family;               /* 4 or 6; 0: no address */
    u_char       addr[16];
    int          prefix;               /* MODEL_UNKNOWN: not written */
} model_network_t;


typedef struct {
    const char      *slot;
    model_network_t  network;
    int64_t          until;
} model_extra_t;


typedef struct {
    const char      *id;
    int64_t          time;             /* last seen, or granted until */
    const char      *slot;             /* "": at home */
} model_device_t;


typedef struct {
    ngx_uint_t       exists;           /* 0: no record is to be had */
    ngx_uint_t       homes;
    ngx_uint_t       extras;
    ngx_uint_t       devices;
    ngx_uint_t       travels;
    model_network_t  home[MODEL_MAX + 1];
    model_extra_t    extra[MODEL_MAX + 1];
    model_device_t   device[MODEL_MAX + 1];
    model_device_t   travel[MODEL_MAX + 1];
    int64_t          revoked_before;
    int64_t          outside_since;
    int64_t          home_since;
    int              seats;            /* or MODEL_UNKNOWN */
    const char      *country;          /* "": unknown */
    model_network_t  site[4];          /* where viewers of this one are */
} model_account_t;


typedef struct {
    ngx_household_policy_t   policy;
    ngx_household_facts_t    facts;
    const char              *device;
    model_network_t          addr;
} model_request_t;


typedef struct {
    ngx_household_verdict_e  verdict;
    ngx_household_reason_e   reason;
    ngx_uint_t               monitored;
    ngx_uint_t               seat;
    ngx_uint_t               note;
    ngx_uint_t               learn;
    ngx_uint_t               grace;
    ngx_uint_t               home_again;
    ngx_uint_t               left_again;
    const model_network_t   *network;  /* NULL: none matched */
    const char              *slot;
} model_verdict_t;


static char  model_long_id[130];

static const char  *model_ids[] = {
    "tv", "phone", "0b8d7f42-6c3e-4f1a-9d25-e7a4c1b80f36",
    "0B8D7F42-6C3E-4F1A-9D25-E7A4C1B80F36", "*", "", model_long_id
};

static const char  *model_slots[] = { "kid", "kid2", "a@b" };

static const char  *model_countries[] = { "", "FR", "DE", "RD" };


static ngx_uint_t
model_inside(const model_network_t *net, const model_network_t *addr,
    ngx_uint_t ipv6_prefix)
{
    int  i, bits;

    if (net->family != addr->family) {
        return 0;
    }

    bits = net->prefix;

    if (bits == MODEL_UNKNOWN) {
        bits = (net->family == 4) ? 32 : (int) ipv6_prefix;
    }

    for (i = 0; i < bits; i++) {
        if ((net->addr[i / 8] ^ addr->addr[i / 8]) & (0x80 >> i % 8)) {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
model_paid(const model_extra_t *extra, int64_t now)
{
    return extra->until == 0 || extra->until > now;
}


static ngx_uint_t
model_slot_paid(const model_account_t *a, const char *slot, int64_t now)
{
    ngx_uint_t  i;

    for (i = 0; i < a->extras; i++) {
        if (strcmp(a->extra[i].slot, slot) == 0
            && model_paid(&a->extra[i], now))
        {
            return 1;
        }
    }

    return 0;
}


static const model_device_t *
model_find(const model_device_t *device, ngx_uint_t n, const char *id)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        if (strcmp(device[i].id, id) == 0) {
            return &device[i];
        }
    }

    return NULL;
}


static int64_t
model_age(int64_t since, int64_t now)
{
    return (since > now) ? 0 : now - since;
}


/* is the device to be noted, now that it is seen at the slot, or at home? */

static ngx_uint_t
model_note(const model_account_t *a, const model_request_t *r,
    const char *slot)
{
    int64_t                age;
    const model_device_t  *device;

    if (strlen(r->device) == 0 || strlen(r->device) > 128) {
        return 0;
    }

    device = model_find(a->device, a->devices, r->device);

    if (device == NULL) {
        return 1;
    }

    age = model_age(device->time, r->facts.now);

    if (strcmp(device->slot, slot) == 0) {
        return age >= NGX_HOUSEHOLD_WRITER_INTERVAL;
    }

    if (strcmp(device->slot, "") == 0) {
        return age >= NGX_HOUSEHOLD_WRITER_INTERVAL
               && age > r->policy.trusted_device;
    }

    return 1;
}


static ngx_uint_t
model_say(model_verdict_t *v, ngx_household_verdict_e verdict,
    ngx_household_reason_e reason)
{
    v->verdict = verdict;
    v->reason = reason;

    return 1;
}


static ngx_uint_t
model_allow(model_verdict_t *v, ngx_household_reason_e reason)
{
    return model_say(v, NGX_HOUSEHOLD_VERDICT_ALLOW, reason);
}


static ngx_uint_t
model_rules_1_to_3(const model_account_t *a, const model_request_t *r,
    model_verdict_t *v)
{
    ngx_household_verdict_e  away;

    away = (r->policy.unavailable == NGX_HOUSEHOLD_DENY)
           ? NGX_HOUSEHOLD_VERDICT_DENY : NGX_HOUSEHOLD_VERDICT_ALLOW;

    if (r->facts.unauthorized) {
        return model_say(v, NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED,
                         r->facts.unauthorized);
    }

    if (!a->exists) {
        return model_say(v, away,
                         r->facts.unknown ? r->facts.unknown
                                          : NGX_HOUSEHOLD_REASON_UNAVAILABLE);
    }

    if (a->revoked_before > 0) {
        if (r->facts.issued_at == NGX_HOUSEHOLD_ISSUED_UNKNOWN
            ? r->facts.token : r->facts.issued_at < a->revoked_before)
        {
            return model_say(v, NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED,
                             NGX_HOUSEHOLD_REASON_REVOKED);
        }
    }

    if (r->addr.family == 0) {
        return model_say(v, away, NGX_HOUSEHOLD_REASON_ADDRESS_UNKNOWN);
    }

    return 0;
}


static ngx_uint_t
model_rules_4_to_7(const model_account_t *a, const model_request_t *r,
    model_verdict_t *v)
{
    ngx_uint_t             i;
    const model_device_t  *device;

    for (i = 0; i < a->homes; i++) {
        if (model_inside(&a->home[i], &r->addr, r->policy.ipv6_prefix)) {
            v->network = &a->home[i];
            v->note = model_note(a, r, "");

            v->home_again = (r->policy.grace > 0
                             && r->policy.mode == NGX_HOUSEHOLD_ON
                             && a->outside_since && !a->home_since);

            return model_allow(v, NGX_HOUSEHOLD_REASON_HOME);
        }
    }

    for (i = 0; i < a->extras; i++) {
        if (model_paid(&a->extra[i], r->facts.now)
            && model_inside(&a->extra[i].network, &r->addr,
                            r->policy.ipv6_prefix))
        {
            v->network = &a->extra[i].network;
            v->slot = a->extra[i].slot;
            v->note = model_note(a, r, v->slot);
            return model_allow(v, NGX_HOUSEHOLD_REASON_EXTRA_MEMBER);
        }
    }

    device = model_find(a->device, a->devices, r->device);

    if (device != NULL
        && r->policy.trusted_device > 0
        && model_age(device->time, r->facts.now) <= r->policy.trusted_device
        && (strcmp(device->slot, "") == 0
            || model_slot_paid(a, device->slot, r->facts.now)))
    {
        return model_allow(v, NGX_HOUSEHOLD_REASON_TRUSTED_DEVICE);
    }

    for (i = 0; i < a->travels; i++) {
        if (a->travel[i].time > r->facts.now
            && (strcmp(a->travel[i].id, "*") == 0
                || strcmp(a->travel[i].id, r->device) == 0))
        {
            return model_allow(v, NGX_HOUSEHOLD_REASON_TRAVEL);
        }
    }

    return 0;
}


static ngx_uint_t
model_has_family(const model_account_t *a, ngx_uint_t family)
{
    ngx_uint_t  i;

    for (i = 0; i < a->homes; i++) {
        if (a->home[i].family == family) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
model_enforced_in(const ngx_str_t *list, const char *country)
{
    size_t  i;

    if (list->len == 0) {
        return 1;
    }

    for (i = 0; i < list->len; i += 2) {
        if (strncmp((char *) list->data + i, country, 2) == 0) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
model_rule_10(const model_account_t *a, const model_request_t *r,
    model_verdict_t *v)
{
    int64_t     outside, home, grace;
    ngx_uint_t  writes;

    grace = r->policy.grace;
    outside = model_age(a->outside_since, r->facts.now);
    home = model_age(a->home_since, r->facts.now);
    writes = (r->policy.mode == NGX_HOUSEHOLD_ON);

    if (a->outside_since == 0) {
        v->grace = writes;
        return model_allow(v, NGX_HOUSEHOLD_REASON_GRACE);
    }

    if (a->home_since != 0) {

        if (outside >= grace && home >= grace) {
            v->grace = writes;
            return model_allow(v, NGX_HOUSEHOLD_REASON_GRACE);
        }

        v->left_again = writes;
    }

    if (outside < grace) {
        return model_allow(v, NGX_HOUSEHOLD_REASON_GRACE);
    }

    return 0;
}


static ngx_uint_t
model_rules_8_to_10(const model_account_t *a, const model_request_t *r,
    model_verdict_t *v)
{
    const ngx_household_policy_t  *p;

    p = &r->policy;

    if (a->homes == 0) {
        if (p->unregistered == NGX_HOUSEHOLD_ALLOW) {
            return model_allow(v, NGX_HOUSEHOLD_REASON_UNREGISTERED);
        }

        if (p->unregistered == NGX_HOUSEHOLD_LEARN) {
            v->learn = 1;
            v->network = &r->addr;
            return model_allow(v, NGX_HOUSEHOLD_REASON_LEARNED);
        }

    } else if (p->family_unknown == NGX_HOUSEHOLD_ALLOW
               && !model_has_family(a, r->addr.family))
    {
        return model_allow(v, NGX_HOUSEHOLD_REASON_FAMILY_UNKNOWN);
    }

    if (!model_enforced_in(&p->enforce_in, a->country)) {
        return model_allow(v, NGX_HOUSEHOLD_REASON_NOT_ENFORCED);
    }

    if (r->facts.bucket >= p->rollout) {
        return model_allow(v, NGX_HOUSEHOLD_REASON_ROLLOUT);
    }

    return p->grace > 0 && model_rule_10(a, r, v);
}


static void
model_rule_11(const model_account_t *a, const model_request_t *r,
    model_verdict_t *v)
{
    int         taken;
    ngx_uint_t  i;

    model_say(v, NGX_HOUSEHOLD_VERDICT_DENY,
              a->homes ? NGX_HOUSEHOLD_REASON_OUTSIDE
                       : NGX_HOUSEHOLD_REASON_UNREGISTERED);

    taken = 0;

    for (i = 0; i < test_count(model_slots); i++) {
        taken += model_slot_paid(a, model_slots[i], r->facts.now);
    }

    v->seat = (a->seats == MODEL_UNKNOWN || a->seats > taken);
}


static void
model_decide(const model_account_t *a, const model_request_t *r,
    model_verdict_t *v)
{
    ngx_memzero(v, sizeof(model_verdict_t));
    v->slot = "";

    if (!model_rules_1_to_3(a, r, v)
        && !model_rules_4_to_7(a, r, v)
        && !model_rules_8_to_10(a, r, v))
    {
        model_rule_11(a, r, v);
    }

    v->monitored = (r->policy.mode == NGX_HOUSEHOLD_MONITOR
                    && v->verdict != NGX_HOUSEHOLD_VERDICT_ALLOW);
}


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
model_add_time(ngx_household_record_builder_t *b, const char *name,
    int64_t time)
{
    if (time != 0) {
        model_add(b, name, time, "");
    }
}


/* the same account as the code under test has it; NULL: none is to be had */

static ngx_household_record_t *
model_record(ngx_household_record_builder_t *b, const model_account_t *a)
{
    char        text[256], name[512];
    ngx_str_t   s, field;
    ngx_uint_t  i;

    if (!a->exists) {
        return NULL;
    }

    ngx_household_record_builder_start(b);

    for (i = 0; i < a->homes; i++) {
        model_text(&a->home[i], i % 2, text);
        s = test_str(text);
        ngx_household_record_builder_add_home(b, &s);
    }

    for (i = 0; i < a->extras; i++) {
        model_text(&a->extra[i].network, i % 2, text);
        sprintf(name, "extra:%s:%s", a->extra[i].slot, text);
        model_add(b, name, a->extra[i].until, "");
    }

    for (i = 0; i < a->devices; i++) {
        sprintf(name, "device:%s", a->device[i].id);
        model_add(b, name, a->device[i].time, a->device[i].slot);
    }

    for (i = 0; i < a->travels; i++) {
        sprintf(name, "travel:%s", a->travel[i].id);
        model_add(b, name, a->travel[i].time, "");
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


#endif /* _NGX_HOUSEHOLD_DECIDE_MODEL_H_INCLUDED_ */


/*
 * Cases of the verdict in words, and the words of its outcome.
 */


#ifndef _NGX_HOUSEHOLD_DECIDE_TEST_H_INCLUDED_
#define _NGX_HOUSEHOLD_DECIDE_TEST_H_INCLUDED_


#include "ngx_household_test.h"
#include "ngx_household_decide.h"


#define TEST_NOW   1700000000
#define TEST_UUID  "0b8d7f42-6c3e-4f1a-9d25-e7a4c1b80f36"


/*
 * A case is three lines of words.
 *
 * The record: "home=<network>", or a field and its value, in which "now" may
 * begin a time; NULL: there is none.
 *
 * The request and the policy, each as told in test_request(); what is not
 * told is the default of the configuration, and a viewer at 203.0.113.9.
 *
 * The outcome, as test_outcome() has it.
 */

typedef struct {
    const char  *record;
    const char  *request;
    const char  *outcome;
} test_case_t;


typedef struct {
    ngx_household_policy_t          policy;
    ngx_household_facts_t           facts;
    ngx_household_record_builder_t  builder;
    char                            words[1024];
} test_setup_t;


static test_setup_t  setup;


/* the next of the words, split at its "=", or 0 */

static ngx_inline ngx_uint_t
test_word(char **words, char **name, char **value)
{
    *name = strtok_r(*words, " ", words);

    if (*name == NULL) {
        return 0;
    }

    *value = strchr(*name, '=');

    if (*value == NULL) {
        *value = "";

    } else {
        *(*value)++ = '\0';
    }

    return 1;
}


/* "now-60@kid:now-5" */

static ngx_inline const char *
test_time(char *value)
{
    char         *p;
    long long     time;

    static char   text[512];

    p = text;

    while (*value) {

        if (strncmp(value, "now", 3) == 0) {
            time = TEST_NOW + strtoll(value + 3, &value, 10);
            p += sprintf(p, "%lld", time);
            continue;
        }

        *p++ = *value++;
    }

    *p = '\0';

    return text;
}


/* in memory of its size, so that no byte beyond is read unseen; free it */

static ngx_inline ngx_household_record_t *
test_record(const char *record)
{
    char                    *words, *name, *value;
    ngx_str_t                n, v;
    ngx_household_record_t  *rec;

    if (record == NULL) {
        return NULL;
    }

    words = strcpy(setup.words, record);

    ngx_household_record_builder_start(&setup.builder, TEST_NOW);

    while (test_word(&words, &name, &value)) {
        n = test_str(name);
        v = test_str(test_time(value));

        if (strcmp(name, "home") == 0) {
            ngx_household_record_builder_add_home(&setup.builder, &v);

        } else {
            ngx_household_record_builder_add_field(&setup.builder, &n, &v);
        }
    }

    rec = ngx_household_record_builder_finish(&setup.builder);

    assert_non_null(rec);
    assert_int_equal(rec->malformed, 0);

    return test_copy(rec, rec->size);
}


static ngx_inline void
test_address(char *value)
{
    ngx_household_network_t  net;

    if (strcmp(value, "none") == 0) {
        ngx_memzero(&setup.facts.addr, sizeof(ngx_household_addr_t));
        return;
    }

    assert_int_equal(ngx_household_network_parse(&net, (u_char *) value,
                                                 strlen(value)),
                     NGX_OK);
    setup.facts.addr = net.addr;
}


static ngx_inline ngx_household_reason_e
test_reason(char *value)
{
    ngx_int_t   i;
    ngx_str_t  *name;

    for (i = 1; i < NGX_HOUSEHOLD_REASONS; i++) {
        name = ngx_household_reason_name(i);

        if (strlen(value) == name->len
            && strncmp(value, (char *) name->data, name->len) == 0)
        {
            return i;
        }
    }

    fail_msg("no such reason: %s", value);

    return NGX_HOUSEHOLD_REASON_NONE;
}


static ngx_inline ngx_uint_t
test_choice(char *value)
{
    return (*value == 'a') ? NGX_HOUSEHOLD_ALLOW
           : (*value == 'd') ? NGX_HOUSEHOLD_DENY : NGX_HOUSEHOLD_LEARN;
}


/* returns 0 if it is none of the policy */

static ngx_inline ngx_uint_t
test_policy(ngx_household_policy_t *p, char *name, char *value)
{
    if (strcmp(name, "monitor") == 0) {
        p->mode = NGX_HOUSEHOLD_MONITOR;

    } else if (strcmp(name, "unavailable") == 0) {
        p->unavailable = test_choice(value);

    } else if (strcmp(name, "unregistered") == 0) {
        p->unregistered = test_choice(value);

    } else if (strcmp(name, "family_unknown") == 0) {
        p->family_unknown = test_choice(value);

    } else if (strcmp(name, "ipv6_prefix") == 0) {
        p->ipv6_prefix = strtoul(value, NULL, 10);

    } else if (strcmp(name, "rollout") == 0) {
        p->rollout = strtoul(value, NULL, 10);

    } else if (strcmp(name, "trusted") == 0) {
        p->trusted_device = strtoll(value, NULL, 10);

    } else if (strcmp(name, "grace") == 0) {
        p->grace = strtoll(value, NULL, 10);

    } else if (strcmp(name, "away") == 0) {
        p->away_days = strtoul(value, &value, 10);
        p->away_period = strtoul(value + 1, NULL, 10);

    } else if (strcmp(name, "enforce_in") == 0) {
        p->enforce_in = test_str(value);

    } else {
        return 0;
    }

    return 1;
}


static ngx_inline void
test_fact(ngx_household_facts_t *f, char *name, char *value)
{
    if (strcmp(name, "addr") == 0) {
        test_address(value);

    } else if (strcmp(name, "device") == 0) {
        f->device = test_str(value);

    } else if (strcmp(name, "issued") == 0) {
        f->issued_at = strtoll(test_time(value), NULL, 10);

    } else if (strcmp(name, "token") == 0) {
        f->token = 1;

    } else if (strcmp(name, "returned") == 0) {
        f->returned = 1;

    } else if (strcmp(name, "bucket") == 0) {
        f->bucket = strtoul(value, NULL, 10);

    } else if (strcmp(name, "unauthorized") == 0) {
        f->unauthorized = test_reason(value);

    } else if (strcmp(name, "no_record") == 0) {
        f->no_record = test_reason(value);

    } else if (strcmp(name, "sharing") == 0) {
        f->sharing = strcmp(value, "member") == 0
                     ? NGX_HOUSEHOLD_SHARING_MEMBER
                     : strcmp(value, "seat") == 0
                     ? NGX_HOUSEHOLD_SHARING_SEAT
                     : strcmp(value, "not_shared") == 0
                     ? NGX_HOUSEHOLD_SHARING_NOT_SHARED
                     : NGX_HOUSEHOLD_SHARING_SHARED;

    } else {
        fail_msg("no such word: %s", name);
    }
}


static ngx_inline void
test_request(const char *request)
{
    char                    *words, *name, *value;
    ngx_household_facts_t   *facts;
    ngx_household_policy_t  *policy;

    facts = &setup.facts;
    policy = &setup.policy;

    ngx_memzero(facts, sizeof(ngx_household_facts_t));
    ngx_memzero(policy, sizeof(ngx_household_policy_t));

    test_address("203.0.113.9");
    facts->now = TEST_NOW;
    facts->issued_at = NGX_HOUSEHOLD_ISSUED_UNKNOWN;

    policy->mode = NGX_HOUSEHOLD_ON;
    policy->unavailable = NGX_HOUSEHOLD_ALLOW;
    policy->unregistered = NGX_HOUSEHOLD_DENY;
    policy->family_unknown = NGX_HOUSEHOLD_DENY;
    policy->ipv6_prefix = 64;
    policy->rollout = NGX_HOUSEHOLD_ROLLOUT_ALL;
    policy->trusted_device = 31 * 86400;

    words = strcpy(setup.words, request);

    while (test_word(&words, &name, &value)) {
        if (!test_policy(policy, name, value)) {
            test_fact(facts, name, value);
        }
    }
}


/* <verdict> <reason> and, where they are, what is set of the rest */

static ngx_inline const char *
test_outcome(const ngx_household_decision_t *d,
    const ngx_household_record_t *rec)
{
    char        *p;
    ngx_str_t   *name;

    static char  text[512];

    static const char  *verdicts[] = { "allow", "deny", "unauthorized" };

    name = ngx_household_reason_name(d->reason);

    p = text;
    p += sprintf(p, "%s %.*s", verdicts[d->verdict], (int) name->len,
                 name->data);

    p += sprintf(p, "%s", d->monitored ? " monitored" : "");
    p += sprintf(p, "%s", d->free_seat ? " seat" : "");
    p += sprintf(p, "%s", d->write_device ? " write" : "");
    p += sprintf(p, "%s", d->drop_oldest ? " drop" : "");
    p += sprintf(p, "%s", d->join ? " join" : "");
    p += sprintf(p, "%s", d->learn ? " learn" : "");
    p += sprintf(p, "%s", d->write_away ? " day" : "");
    p += sprintf(p, "%s", d->start_grace ? " start_grace" : "");
    p += sprintf(p, "%s", d->home_again ? " home_again" : "");
    p += sprintf(p, "%s", d->left_again ? " left_again" : "");

    if (d->matched) {
        *p++ = ' ';
        p += ngx_household_network_format(&d->network,
                                          setup.policy.ipv6_prefix,
                                          (u_char *) p);
        *p = '\0';
    }

    if (d->seat.len != 0) {
        assert_true(d->seat.data > (u_char *) rec
                    && d->seat.data < (u_char *) rec + rec->size);
        sprintf(p, " @%.*s", (int) d->seat.len, d->seat.data);
    }

    return text;
}


/* the value that is written of the device, with times as "now-60" */

static ngx_inline const char *
test_written(const ngx_household_decision_t *d)
{
    char        *p;
    long long    time;
    ngx_uint_t   i;

    static char  text[512];

    p = text;
    *p = '\0';

    for (i = 0; d->write_device && i < d->nseen; i++) {
        p += sprintf(p, "%snow", i ? ":" : "");

        time = d->seen[i].time - TEST_NOW;

        if (time != 0) {
            p += sprintf(p, "%+lld", time);
        }

        if (d->seen[i].seat.len) {
            p += sprintf(p, "@%.*s", (int) d->seen[i].seat.len,
                         d->seen[i].seat.data);
        }
    }

    return text;
}


static ngx_inline const char *
test_detail(const ngx_household_decision_t *d)
{
    return (char *) ngx_household_detail_name(d->detail)->data;
}


/* cases of which only a part of the outcome is looked at */

static ngx_inline void
test_parts(const test_case_t *cases, ngx_uint_t n,
    const char *(*part)(const ngx_household_decision_t *d))
{
    ngx_uint_t                 i, bad;
    const char                *text;
    ngx_household_record_t    *rec;
    ngx_household_decision_t   d;

    bad = 0;

    for (i = 0; i < n; i++) {
        rec = test_record(cases[i].record);
        test_request(cases[i].request);

        ngx_memset(&d, 0xa5, sizeof(d));
        ngx_household_decide(&setup.policy, &setup.facts, rec, &d);

        text = part(&d);

        if (strcmp(text ? text : "", cases[i].outcome) != 0) {
            bad++;
            print_error("# {%s} {%s}: \"%s\", not \"%s\"\n",
                        cases[i].record, cases[i].request, text,
                        cases[i].outcome);
        }

        free(rec);
    }

    assert_int_equal(bad, 0);
}


static ngx_inline void
test_cases(const test_case_t *cases, ngx_uint_t n)
{
    ngx_uint_t                 i, bad;
    const char                *outcome;
    ngx_household_record_t    *rec;
    ngx_household_decision_t   d;

    bad = 0;

    for (i = 0; i < n; i++) {
        rec = test_record(cases[i].record);
        test_request(cases[i].request);

        /* all of the decision is filled, whatever it held */

        ngx_memset(&d, 0xa5, sizeof(d));
        ngx_household_decide(&setup.policy, &setup.facts, rec, &d);

        outcome = test_outcome(&d, rec);

        if (strcmp(outcome, cases[i].outcome) != 0) {
            bad++;
            print_error("# {%s} {%s}: \"%s\", not \"%s\"\n",
                        rec ? cases[i].record : "none", cases[i].request,
                        outcome, cases[i].outcome);
        }

        free(rec);
    }

    assert_int_equal(bad, 0);
}


#endif /* _NGX_HOUSEHOLD_DECIDE_TEST_H_INCLUDED_ */

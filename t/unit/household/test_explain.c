
/*
 * Units of ngx_household_explain*.c: the texts, and that they agree with the
 * verdict on random cases.  EXPLAIN_CASES in the environment sets the number
 * of cases.
 */


#include "ngx_household_test.h"
#include "ngx_household_decide.h"
#include "ngx_household_decide_model.h"
#include "ngx_household_decide_accounts.h"
#include "ngx_household_explain.h"


#define TEST_CASES     100000
#define TEST_REQUESTS  8
#define TEST_NOW       1764100800          /* 2025-11-25T20:00:00Z */


static ngx_household_record_builder_t  builder;
static ngx_household_explain_t         explained;


static void
test_printable(const ngx_household_explain_step_t *step)
{
    ngx_uint_t  i;

    assert_in_range(step->len, 1, NGX_HOUSEHOLD_EXPLAIN_TEXT - 1);

    for (i = 0; i < step->len; i++) {
        assert_true(step->text[i] >= ' ');
    }
}


static void
test_explain_random(void **state)
{
    char                      *env;
    ngx_uint_t                 i, n, rules[NGX_HOUSEHOLD_RULES + 1];
    ngx_uint_t                 cases;
    model_account_t            a;
    model_request_t            r;
    ngx_household_record_t    *rec;
    ngx_household_decision_t   d;

    test_random_start("explain");

    env = getenv("EXPLAIN_CASES");
    cases = env ? strtoull(env, NULL, 10) : TEST_CASES;

    ngx_memzero(rules, sizeof(rules));
    rec = NULL;

    for (i = 0; i < cases; i++) {

        if (i % TEST_REQUESTS == 0) {
            test_random_account(&a);
            rec = model_record(&builder, &a);
        }

        test_random_request(&a, &r);

        ngx_memset(&explained, 0xa5, sizeof(explained));
        ngx_household_decide(&r.policy, &r.facts, rec, &d);
        ngx_household_explain(&r.policy, &r.facts, rec, &explained);

        assert_memory_equal(&explained.decision, &d, sizeof(d));
        assert_in_range(explained.rule, 1, NGX_HOUSEHOLD_RULES);

        for (n = 0; n < explained.rule; n++) {
            assert_int_equal(explained.steps[n].matches,
                             n == explained.rule - 1);
            test_printable(&explained.steps[n]);
        }

        rules[explained.rule]++;
    }

    for (i = 1; i <= NGX_HOUSEHOLD_RULES; i++) {
        assert_in_range(rules[i], cases / 1000, cases);
    }
}


static const char *
test_text(ngx_uint_t rule)
{
    static char                          text[NGX_HOUSEHOLD_EXPLAIN_TEXT + 1];
    const ngx_household_explain_step_t  *step;

    assert_in_range(rule, 1, explained.rule);

    step = &explained.steps[rule - 1];

    ngx_memcpy(text, step->text, step->len);
    text[step->len] = '\0';

    return text;
}


static const char *
test_seat(void)
{
    static char       text[NGX_HOUSEHOLD_ID_LEN + 1];
    const ngx_str_t  *seat;

    seat = &explained.decision.seat;

    ngx_memcpy(text, seat->data, seat->len);
    text[seat->len] = '\0';

    return text;
}


static void
test_field(const char *name, const char *value)
{
    ngx_str_t  n, v;

    n = test_str(name);
    v = test_str(value);

    ngx_household_record_builder_add_field(&builder, &n, &v);
}


static void
test_home(const char *network)
{
    ngx_str_t  n;

    n = test_str(network);

    ngx_household_record_builder_add_home(&builder, &n);
}


static void
test_explain(ngx_household_policy_t *policy, const char *device)
{
    ngx_household_facts_t  facts;

    ngx_memzero(&facts, sizeof(facts));

    facts.addr.family = NGX_HOUSEHOLD_FAMILY_INET;
    facts.addr.bytes[0] = 203;
    facts.addr.bytes[2] = 113;
    facts.addr.bytes[3] = 9;
    facts.device = test_str(device);
    facts.now = TEST_NOW;
    facts.issued_at = TEST_NOW - 60;

    ngx_household_explain(policy, &facts,
                          ngx_household_record_builder_finish(&builder),
                          &explained);
}


static void
test_policy(ngx_household_policy_t *policy)
{
    ngx_memzero(policy, sizeof(ngx_household_policy_t));

    policy->mode = NGX_HOUSEHOLD_ON;
    policy->unregistered = NGX_HOUSEHOLD_DENY;
    policy->family_unknown = NGX_HOUSEHOLD_DENY;
    policy->ipv6_prefix = 64;
    policy->rollout = NGX_HOUSEHOLD_ROLLOUT_ALL;
    policy->trusted_device = 31 * 86400;
}


static void
test_explain_texts(void **state)
{
    ngx_household_policy_t  policy;

    test_policy(&policy);

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_home("82.64.10.0/24");
    test_field("extra:s1:203.0.113.0/24", "1763841600");
    test_field("device:phone", "1760644800");
    test_field("travel:*", "1764097200");
    test_field("country", "FR");
    test_field("seats", "1");
    test_field("revoked_before", "1764100000");

    test_explain(&policy, "phone");

    assert_int_equal(explained.rule, 13);
    assert_string_equal(test_text(1), "an account is given");
    assert_string_equal(test_text(2), "all devices were signed out at "
                        "2025-11-25T19:46:40Z, and this sign-in is of "
                        "2025-11-25T19:59:00Z, not before it");
    assert_string_equal(test_text(3), "the account has a record");
    assert_string_equal(test_text(4), "203.0.113.9 is in no home network: "
                        "82.64.10.0/24");
    assert_string_equal(test_text(5), "203.0.113.9 is in a network of the seat"
                        " s1, which ended 3 days ago, at "
                        "2025-11-22T20:00:00Z");
    assert_string_equal(test_text(6), "the device was seen at home 40 days "
                        "ago, 31 days allowed");
    assert_string_equal(test_text(7), "the travel grant for all devices ended "
                        "1 hour ago, at 2025-11-25T19:00:00Z");
    assert_string_equal(test_text(8), "the account has a home network in this "
                        "address family");
    assert_string_equal(test_text(9), "the account is number 0 of 10000, and "
                        "the first 10000 are enforced");
    assert_string_equal(test_text(10), "household_sharing is off");
    assert_string_equal(test_text(11), "household_away is off");
    assert_string_equal(test_text(12), "household_grace is 0");
    assert_string_equal(test_text(13), "no rule allows the client; 0 of 1 "
                        "seats are paid");
}


/* a home of the other family; a seat that is paid; other policies */

static void
test_explain_more(void **state)
{
    ngx_household_policy_t  policy;

    test_policy(&policy);

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_home("2a01:e0a:1f3:9c00::/56");
    test_field("extra:s1:198.51.100.7", "0");
    test_field("device:phone", "1763928000@s2:1764100800@s1");

    policy.enforce_in = test_str("DE");

    test_explain(&policy, "");

    assert_int_equal(explained.rule, 9);
    assert_string_equal(test_text(4), "the home has IPv6 only, and 203.0.113.9"
                        " is IPv4: 2a01:e0a:1f3:9c00::/56");
    assert_string_equal(test_text(5), "203.0.113.9 is in no network of a seat:"
                        " 198.51.100.7/32");
    assert_string_equal(test_text(6), "no device is given");
    assert_string_equal(test_text(9), "the country of the account is not "
                        "known, and household_enforce_in is set");

    test_explain(&policy, "phone");

    assert_int_equal(explained.rule, 6);
    assert_string_equal(test_text(6), "the device was seen at the seat s1 0 "
                        "seconds ago, 31 days allowed");

    policy.trusted_device = 0;

    test_explain(&policy, "phone");

    assert_string_equal(test_text(6), "the device was seen at the seat s1 0 "
                        "seconds ago, 0 seconds allowed; at the seat s2 2 "
                        "days ago, 0 seconds allowed, but there is no such "
                        "seat");
}


/* of the seats with this address, the one of the verdict is named */

static void
test_explain_flatmates(void **state)
{
    ngx_household_policy_t  policy;

    test_policy(&policy);

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_home("82.64.10.0/24");
    test_field("extra:s1:203.0.113.0/24", "1764104400");
    test_field("extra:s2:203.0.113.9", "1764187200");
    test_field("device:phone", "1764000000@s1");

    test_explain(&policy, "phone");

    assert_int_equal(explained.rule, 5);
    assert_string_equal(test_seat(), "s1");
    assert_string_equal(test_text(5), "203.0.113.9 is in the network "
                        "203.0.113.0/24 of the seat s1, which is paid until "
                        "2025-11-25T21:00:00Z");

    test_explain(&policy, "tv");

    assert_int_equal(explained.rule, 5);
    assert_string_equal(test_seat(), "s2");
    assert_string_equal(test_text(5), "203.0.113.9 is in the network "
                        "203.0.113.9/32 of the seat s2, which is paid until "
                        "2025-11-26T20:00:00Z");
}


/* a seat that learns has ended, and has no network */

static void
test_explain_open(void **state)
{
    ngx_household_policy_t  policy;

    test_policy(&policy);

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_home("82.64.10.0/24");
    test_field("extra:s1:learn", "1763928000");
    test_field("device:phone", "1763841600@s1");

    test_explain(&policy, "phone");

    assert_int_equal(explained.rule, 13);
    assert_string_equal(test_text(5), "the account has no seat with a "
                        "network");
    assert_string_equal(test_text(6), "the device was seen at the seat s1 3 "
                        "days ago, 31 days allowed, but the seat ended 2 days "
                        "ago");

    /* one that is paid waits for a client, until a network is its own */

    test_field("extra:s2:learn", "0");

    test_explain(&policy, "phone");

    assert_int_equal(explained.rule, 13);
    assert_string_equal(test_text(5), "the account has no seat with a "
                        "network; the seat s2 takes the network of the "
                        "client that brings back an offer");

    test_field("extra:s2:198.51.100.7", "0");

    test_explain(&policy, "phone");

    assert_int_equal(explained.rule, 13);
    assert_string_equal(test_text(5), "203.0.113.9 is in no network of a seat:"
                        " 198.51.100.7/32");
}


/* a record over a limit: whether the devices were signed out is not known */

static void
test_explain_too_large(void **state)
{
    char                    name[64];
    ngx_uint_t              i;
    ngx_household_policy_t  policy;

    test_policy(&policy);
    policy.unavailable = NGX_HOUSEHOLD_DENY;

    ngx_household_record_builder_start(&builder, TEST_NOW);
    test_field("revoked_before", "1764100000");

    for (i = 0; i <= NGX_HOUSEHOLD_RECORD_NETWORKS; i++) {
        sprintf(name, "10.0.%u.%u", (unsigned) i / 256, (unsigned) i % 256);
        test_home(name);
    }

    test_explain(&policy, "phone");

    assert_int_equal(explained.rule, 3);
    assert_string_equal(test_text(1), "an account is given");
    assert_string_equal(test_text(2), "the record of the account is not "
                        "known");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_explain_random),
        cmocka_unit_test(test_explain_texts),
        cmocka_unit_test(test_explain_more),
        cmocka_unit_test(test_explain_flatmates),
        cmocka_unit_test(test_explain_open),
        cmocka_unit_test(test_explain_too_large)
    };

    ngx_memset(model_long_id, 'i', sizeof(model_long_id) - 1);

    return cmocka_run_group_tests_name("ngx_household_explain", tests, NULL,
                                       NULL);
}


/*
 * Units of ngx_household_decide.c: the table of docs/verdict.md case by
 * case, the words, and the buckets.
 */


#include "ngx_household_decide_test.h"


/* rules 1 to 3 */

static const test_case_t  test_unknown[] = {

    { "home=82.64.10.7", "addr=82.64.10.7 unauthorized=token_expired",
      "unauthorized token_expired" },
    { NULL, "unauthorized=token_missing unavailable=deny",
      "unauthorized token_missing" },
    { "revoked_before=now", "token issued=now-1 unauthorized=token_key",
      "unauthorized token_key" },
    { "home=82.64.10.7", "monitor unauthorized=account_missing",
      "unauthorized account_missing monitored" },

    { "home=82.64.10.7 revoked_before=now", "addr=82.64.10.7 issued=now-1",
      "unauthorized revoked" },
    { "home=82.64.10.7 revoked_before=now",
      "addr=82.64.10.7 token issued=now-1", "unauthorized revoked" },
    { "home=82.64.10.7 revoked_before=now", "addr=82.64.10.7 token issued=now",
      "allow home 82.64.10.7/32" },
    { "home=82.64.10.7 revoked_before=now", "addr=82.64.10.7 token",
      "unauthorized revoked" },
    { "home=82.64.10.7 revoked_before=now", "addr=82.64.10.7",
      "allow home 82.64.10.7/32" },
    { "home=82.64.10.7", "addr=82.64.10.7 token issued=0",
      "allow home 82.64.10.7/32" },
    { "home=82.64.10.7 revoked_before=1", "addr=82.64.10.7 token issued=0",
      "unauthorized revoked" },
    { "revoked_before=now", "addr=none token", "unauthorized revoked" },
    { "revoked_before=now", "monitor token", "unauthorized revoked monitored" },

    { NULL, "", "allow unavailable" },
    { NULL, "unavailable=deny", "deny unavailable" },
    { NULL, "monitor unavailable=deny", "deny unavailable monitored" },
    { NULL, "no_record=unavailable", "allow unavailable" },
    { NULL, "no_record=record_too_large", "allow record_too_large" },
    { NULL, "no_record=record_too_large unavailable=deny",
      "deny record_too_large" },
    { NULL, "addr=none unavailable=deny", "deny unavailable" },
    { NULL, "grace=3600 rollout=0 unregistered=learn unavailable=deny",
      "deny unavailable" },
    { "home=0.0.0.0/0 home=::/0 seats=9 travel:*=now+60", "addr=none",
      "allow address_unknown" },
    { "home=0.0.0.0/0 home=::/0 seats=9 travel:*=now+60",
      "addr=none unavailable=deny", "deny address_unknown" },
    { "", "addr=none unregistered=learn unavailable=deny",
      "deny address_unknown" },
};


/* rules 4 and 5 */

static const test_case_t  test_place[] = {

    { "home=82.64.10.7", "addr=82.64.10.7", "allow home 82.64.10.7/32" },
    { "home=82.64.0.0/24", "addr=82.64.0.9", "allow home 82.64.0.0/24" },
    { "home=82.64.10.7", "addr=::ffff:82.64.10.7",
      "allow home 82.64.10.7/32" },
    { "home=2a01:e0a:1:2::3", "addr=2a01:e0a:1:2::4",
      "allow home 2a01:e0a:1:2::/64" },
    { "home=2a01:e0a:1:2::3", "addr=2a01:e0a:1:9::4 ipv6_prefix=56",
      "allow home 2a01:e0a:1::/56" },
    { "home=2a01:e0a:1:2::3", "addr=2a01:e0a:1:2::4 ipv6_prefix=128",
      "deny outside seat" },
    { "home=82.64.10.7", "monitor addr=82.64.10.7",
      "allow home 82.64.10.7/32" },

    { "home=82.64.10.7 extra:kid:203.0.113.9=now+1", "",
      "allow extra_member 203.0.113.9/32 @kid" },
    { "home=82.64.10.7 extra:kid:203.0.113.9=0", "",
      "allow extra_member 203.0.113.9/32 @kid" },
    { "home=82.64.10.7 extra:kid:203.0.113.9=now seats=1", "",
      "deny outside seat" },
    { "extra:kid:203.0.113.9=0", "",
      "allow extra_member 203.0.113.9/32 @kid" },
    { "home=203.0.113.9 extra:kid:203.0.113.9=0", "",
      "allow home 203.0.113.9/32" },
    { "extra:old:203.0.113.9=now extra:kid:203.0.113.0/24=0", "",
      "allow extra_member 203.0.113.0/24 @kid" },
    { "extra:kid:203.0.113.9=0", "monitor device=tv trusted=0",
      "allow extra_member write 203.0.113.9/32 @kid" },

    /* a seat that learns, and a client that has brought back a state */
    { "home=82.64.10.7 extra:kid:learn=0", "", "deny outside seat" },
    { "home=82.64.10.7 extra:kid:learn=0 seats=1", "", "deny outside" },
    { "home=82.64.10.7", "returned", "deny outside seat" },
    { "home=82.64.10.7 extra:kid:learn=0", "returned",
      "allow extra_member join 203.0.113.9/32 @kid" },
    { "home=82.64.10.7 extra:kid:learn=now+1", "returned device=tv",
      "allow extra_member write join 203.0.113.9/32 @kid" },
    { "home=82.64.10.7 extra:kid:learn=0", "returned addr=2001:db8::1",
      "allow extra_member join 2001:db8::/64 @kid" },
    { "home=82.64.10.7 extra:kid:learn=now", "returned",
      "deny outside seat" },
    { "home=203.0.113.9 extra:kid:learn=0", "returned",
      "allow home 203.0.113.9/32" },
    { "extra:kid:learn=0 extra:kid:203.0.113.9=0", "returned",
      "allow extra_member 203.0.113.9/32 @kid" },

    /* one network of each family, also if it was paid before */
    { "home=82.64.10.7 extra:kid:learn=0 extra:kid:192.0.2.1=0", "returned",
      "deny outside seat" },
    { "home=82.64.10.7 extra:kid:learn=0 extra:kid:192.0.2.1=now-9",
      "returned", "deny outside seat" },
    { "home=82.64.10.7 extra:kid:learn=0 extra:dad:192.0.2.1=0", "returned",
      "allow extra_member join 203.0.113.9/32 @kid" },
    { "home=82.64.10.7 extra:kid:learn=0 extra:kid:192.0.2.1=0 "
      "extra:dad:learn=0", "returned",
      "allow extra_member join 203.0.113.9/32 @dad" },

    /* the second family: whose seat it is, or who has no device id */
    { "home=82.64.10.7 extra:kid:learn=0 extra:kid:2001:db8::=0", "returned",
      "allow extra_member join 203.0.113.9/32 @kid" },
    { "home=82.64.10.7 extra:kid:learn=0 extra:kid:2001:db8::=0",
      "returned device=tv trusted=0", "deny outside seat" },
    { "home=82.64.10.7 extra:kid:learn=0 extra:kid:2001:db8::=0 "
      "device:tv=now-9@dad", "returned device=tv trusted=0",
      "deny outside seat" },
    { "home=82.64.10.7 extra:kid:learn=0 extra:kid:2001:db8::=0 "
      "device:tv=now-9@kid", "returned device=tv trusted=0",
      "allow extra_member join 203.0.113.9/32 @kid" },
};


/* rules 6 and 7 */

static const test_case_t  test_away[] = {

    { "home=82.64.10.7 device:tv=now-2678400", "device=tv",
      "allow trusted_device" },
    { "home=82.64.10.7 device:tv=now-2678401", "device=tv",
      "deny outside seat" },
    { "home=82.64.10.7 device:tv=now-60", "device=tv trusted=60",
      "allow trusted_device" },
    { "home=82.64.10.7 device:tv=now-61", "device=tv trusted=60",
      "deny outside seat" },
    { "home=82.64.10.7 device:tv=now", "device=tv trusted=0",
      "deny outside seat" },
    { "home=82.64.10.7 device:tv=now+600", "device=tv trusted=60",
      "allow trusted_device" },
    { "home=82.64.10.7 device:tv=now", "device=tv2", "deny outside seat" },
    { "home=82.64.10.7 device:tv=now", "", "deny outside seat" },
    { "home=82.64.10.7 device:" TEST_UUID "=now", "device=" TEST_UUID,
      "allow trusted_device" },

    /* at a family of which nothing is known, and it stays so */
    { "home=82.64.10.7 device:tv=now-86400", "device=tv addr=2a01:e0a::1",
      "allow trusted_device" },

    /* seen at an extra member's: as long as that is paid */
    { "device:tv=now-60@kid extra:kid:192.0.2.1=now+1", "device=tv",
      "allow trusted_device" },
    { "device:tv=now-60@kid extra:kid:192.0.2.1=0", "device=tv trusted=60",
      "allow trusted_device" },
    { "device:tv=now-61@kid extra:kid:192.0.2.1=0", "device=tv trusted=60",
      "deny unregistered seat" },
    { "device:tv=now-60@kid extra:kid:192.0.2.1=now", "device=tv",
      "deny unregistered seat" },
    { "device:tv=now-60@kid extra:dad:192.0.2.1=0", "device=tv",
      "deny unregistered seat" },
    { "device:tv=now-60@kid", "device=tv", "deny unregistered seat" },
    { "device:tv=now@kid extra:kid:192.0.2.1=now extra:kid:192.0.2.2=0",
      "device=tv", "allow trusted_device" },

    { "home=82.64.10.7 travel:tv=now+1", "device=tv", "allow travel" },
    { "home=82.64.10.7 travel:tv=now", "device=tv", "deny outside seat" },
    { "home=82.64.10.7 travel:tv=1", "device=tv", "deny outside seat" },
    { "home=82.64.10.7 travel:tv=now+1", "device=tv2", "deny outside seat" },
    { "home=82.64.10.7 travel:tv=now+1", "", "deny outside seat" },
    { "home=82.64.10.7 travel:*=now+1", "device=tv2", "allow travel" },
    { "home=82.64.10.7 travel:*=now+1", "", "allow travel" },
    { "home=82.64.10.7 travel:*=now", "device=tv", "deny outside seat" },
    { "travel:*=now+1", "unregistered=learn", "allow travel" },

    /* which comes first */
    { "home=82.64.10.7 device:tv=now travel:*=now+1", "device=tv",
      "allow trusted_device" },
    { "device:tv=now extra:kid:203.0.113.9=0", "device=tv",
      "allow extra_member 203.0.113.9/32 @kid" },
};


/* rule 8 */

static const test_case_t  test_unregistered[] = {

    { "", "", "deny unregistered seat" },
    { "", "unregistered=allow", "allow unregistered" },
    { "seats=1", "unregistered=allow", "allow unregistered" },
    { "", "unregistered=learn device=tv",
      "allow learned learn 203.0.113.9/32" },
    { "", "unregistered=learn addr=2a01:e0a:1:2::3",
      "allow learned learn 2a01:e0a:1:2::/64" },
    { "", "unregistered=learn addr=2a01:e0a:1:2::3 ipv6_prefix=56",
      "allow learned learn 2a01:e0a:1::/56" },
    { "", "monitor unregistered=learn", "allow learned learn 203.0.113.9/32" },
    { "extra:kid:192.0.2.1=0", "unregistered=learn",
      "allow learned learn 203.0.113.9/32" },
    { "home=82.64.10.7", "unregistered=learn", "deny outside seat" },
    { "home=82.64.10.7", "unregistered=allow", "deny outside seat" },
    { "home=82.64.10.7", "unregistered=learn addr=2a01:e0a::1",
      "deny outside seat" },
    { "", "family_unknown=allow", "deny unregistered seat" },

    { "home=82.64.10.7", "family_unknown=allow addr=2a01:e0a::1 device=tv",
      "allow family_unknown" },
    { "home=2a01:e0a::1", "family_unknown=allow device=tv",
      "allow family_unknown" },
    { "home=82.64.10.7", "family_unknown=allow", "deny outside seat" },
    { "home=2a01:e0a::1", "family_unknown=allow addr=2a02::1",
      "deny outside seat" },
    { "home=82.64.10.7", "addr=2a01:e0a::1", "deny outside seat" },
    { "home=82.64.10.7 home=2a01:e0a::1", "family_unknown=allow",
      "deny outside seat" },
    { "home=82.64.10.7 extra:kid:2a01:e0a::1=0",
      "family_unknown=allow addr=2a02::1", "allow family_unknown" },
};


/* rule 9 */

static const test_case_t  test_unenforced[] = {

    { "home=82.64.10.7 country=FR", "enforce_in=FR", "deny outside seat" },
    { "home=82.64.10.7 country=fr", "enforce_in=BEFR", "deny outside seat" },
    { "home=82.64.10.7 country=DE", "enforce_in=FR", "allow not_enforced" },
    { "home=82.64.10.7 country=RB", "enforce_in=FRBE", "allow not_enforced" },
    { "home=82.64.10.7 country=FE", "enforce_in=FRBE", "allow not_enforced" },
    { "home=82.64.10.7", "enforce_in=FR", "allow not_enforced" },
    { "home=82.64.10.7", "", "deny outside seat" },

    /* half a country is none */
    { "home=82.64.10.7 country=BE", "enforce_in=FRB", "allow not_enforced" },

    { "home=82.64.10.7", "rollout=5000 bucket=4999", "deny outside seat" },
    { "home=82.64.10.7", "rollout=5000 bucket=5000", "allow rollout" },
    { "home=82.64.10.7", "rollout=0 bucket=0", "allow rollout" },
    { "home=82.64.10.7", "rollout=10000 bucket=9999", "deny outside seat" },
    { "home=82.64.10.7", "monitor rollout=0", "allow rollout" },

    /* which comes first */
    { "country=DE", "enforce_in=FR rollout=0 grace=60", "allow not_enforced" },
    { "", "rollout=0 grace=60", "allow rollout" },
    { "country=DE", "enforce_in=FR unregistered=allow", "allow unregistered" },
    { "country=DE", "enforce_in=FR unregistered=learn",
      "allow learned learn 203.0.113.9/32" },
    { "home=::1 country=DE", "enforce_in=FR family_unknown=allow",
      "allow family_unknown" },
    { "home=203.0.113.9 country=DE", "enforce_in=FR device=tv",
      "allow home write 203.0.113.9/32" },
};


/* rules 10 and 11 */

static const test_case_t  test_outside[] = {

    { "home=82.64.10.7", "grace=3600", "allow grace start_grace" },
    { "", "grace=3600", "allow grace start_grace" },
    { "home=82.64.10.7", "monitor grace=3600", "allow grace" },
    { "home=82.64.10.7 outside_since=now", "grace=3600", "allow grace" },
    { "home=82.64.10.7 outside_since=now-3599", "grace=3600", "allow grace" },
    { "home=82.64.10.7 outside_since=now-3600", "grace=3600",
      "deny outside seat" },
    { "home=82.64.10.7 outside_since=now+600", "grace=1", "allow grace" },
    { "home=82.64.10.7 outside_since=now", "", "deny outside seat" },
    { "home=82.64.10.7 outside_since=now-3600", "monitor grace=3600",
      "deny outside monitored seat" },

    /* home again, for how long, and outside once more */

    { "home=82.64.10.7 outside_since=now-9", "grace=3600 addr=82.64.10.7",
      "allow home home_again 82.64.10.7/32" },
    { "home=82.64.10.7 outside_since=now-9 home_since=now-5",
      "grace=3600 addr=82.64.10.7", "allow home 82.64.10.7/32" },
    { "home=82.64.10.7", "grace=3600 addr=82.64.10.7",
      "allow home 82.64.10.7/32" },
    { "home=82.64.10.7 outside_since=now-9", "addr=82.64.10.7",
      "allow home 82.64.10.7/32" },
    { "home=82.64.10.7 outside_since=now-9",
      "monitor grace=3600 addr=82.64.10.7",
      "allow home home_again 82.64.10.7/32" },
    { "home=82.64.10.7 outside_since=now-3601 home_since=now-3600",
      "grace=3600", "allow grace start_grace" },
    { "home=82.64.10.7 outside_since=now-3601 home_since=now-3600",
      "monitor grace=3600", "allow grace" },
    { "home=82.64.10.7 outside_since=now-3601 home_since=now-3599",
      "grace=3600", "deny outside seat left_again" },
    { "home=82.64.10.7 outside_since=now-3601 home_since=now-3599",
      "monitor grace=3600", "deny outside monitored seat" },
    { "home=82.64.10.7 outside_since=now-3599 home_since=now-3601",
      "grace=3600", "allow grace left_again" },
    { "home=82.64.10.7 outside_since=now-3601 home_since=now+60",
      "grace=3600", "deny outside seat left_again" },
    { "home=82.64.10.7 outside_since=now-3601 home_since=now-3600", "",
      "deny outside seat" },

    { "home=82.64.10.7 seats=0", "", "deny outside" },
    { "home=82.64.10.7 seats=1", "", "deny outside seat" },
    { "home=82.64.10.7 seats=1 extra:kid:192.0.2.1=0", "", "deny outside" },
    { "home=82.64.10.7 seats=1 extra:kid:192.0.2.1=now+1", "",
      "deny outside" },
    { "home=82.64.10.7 seats=1 extra:kid:192.0.2.1=now", "",
      "deny outside seat" },
    { "home=82.64.10.7 seats=2 extra:kid:192.0.2.1=0 extra:kid:192.0.2.2=0",
      "", "deny outside seat" },
    { "home=82.64.10.7 seats=2 extra:kid:192.0.2.1=0 extra:dad:192.0.2.1=0",
      "", "deny outside" },
    { "home=82.64.10.7 seats=65534 extra:kid:192.0.2.1=0", "",
      "deny outside seat" },
    { "seats=0", "", "deny unregistered" },
    { "seats=0", "monitor", "deny unregistered monitored" },
    { "home=82.64.10.7", "monitor", "deny outside monitored seat" },
};


static void
test_decide_unknown(void **state)
{
    test_cases(test_unknown, test_count(test_unknown));
}


static void
test_decide_place(void **state)
{
    test_cases(test_place, test_count(test_place));
}


static void
test_decide_away(void **state)
{
    test_cases(test_away, test_count(test_away));
}


static void
test_decide_unregistered(void **state)
{
    test_cases(test_unregistered, test_count(test_unregistered));
}


static void
test_decide_unenforced(void **state)
{
    test_cases(test_unenforced, test_count(test_unenforced));
}


static void
test_decide_outside(void **state)
{
    test_cases(test_outside, test_count(test_outside));
}


/* who is not known is told so, and nothing else of the request is looked at */

static void
test_decide_unauthorized(void **state)
{
    ngx_int_t                  i;
    ngx_household_record_t    *rec;
    ngx_household_decision_t   d, expected;

    rec = test_record("home=203.0.113.9 seats=9");
    test_request("device=tv");

    for (i = NGX_HOUSEHOLD_REASON_ACCOUNT_MISSING;
         i < NGX_HOUSEHOLD_REASON_REVOKED;
         i++)
    {
        setup.facts.unauthorized = i;

        ngx_memset(&d, 0xa5, sizeof(d));
        ngx_household_decide(&setup.policy, &setup.facts, rec, &d);

        ngx_memzero(&expected, sizeof(expected));
        expected.verdict = NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED;
        expected.reason = i;

        assert_memory_equal(&d, &expected, sizeof(d));
    }

    free(rec);
}


/* part of what the module promises: logs and maps are written with them */

static void
test_reason_names(void **state)
{
    ngx_int_t   i;
    ngx_str_t  *name;

    static const char  *names[] = {
        "", "off", "options", "account_missing", "account_invalid",
        "token_missing", "token_malformed", "token_conflict",
        "token_algorithm", "token_key", "token_signature", "token_claim",
        "token_issuer", "token_audience", "token_expired", "token_not_yet",
        "token_uri", "token_type", "token_denied", "token_method",
        "token_header", "token_protocol", "token_network", "token_country",
        "token_condition", "token_unsupported", "keys_unavailable", "claim",
        "revoked", "unavailable", "record_too_large",
        "address_unknown", "home", "extra_member", "trusted_device", "travel",
        "unregistered", "learned", "family_unknown", "not_enforced",
        "rollout", "member", "not_shared", "away",
        "grace", "outside"
    };

    assert_int_equal(test_count(names), NGX_HOUSEHOLD_REASONS);

    for (i = 0; i < NGX_HOUSEHOLD_REASONS; i++) {
        name = ngx_household_reason_name(i);
        assert_int_equal(name->len, strlen(names[i]));
        assert_memory_equal(name->data ? (char *) name->data : "", names[i],
                            name->len);
    }

    name = ngx_household_reason_name(NGX_HOUSEHOLD_REASONS);
    assert_int_equal(name->len, 0);
}


/* these may never change: a roll-out would begin with other households */

static void
test_bucket(void **state)
{
    char        longest[NGX_HOUSEHOLD_ID_LEN];
    ngx_str_t   id;
    ngx_uint_t  i;

    static const struct {
        ngx_str_t   id;
        ngx_uint_t  bucket;
    } cases[] = {
        { ngx_null_string, 4342 },
        { ngx_string("a"), 8315 },
        { ngx_string("foobar"), 7275 },
        { ngx_string("1"), 9782 },
        { ngx_string("2"), 9630 },
        { ngx_string("12345678"), 7745 },
        { ngx_string(TEST_UUID), 1926 },
        { ngx_string("\0"), 2267 },
        { ngx_string("\377\0\377"), 2879 },
    };

    for (i = 0; i < test_count(cases); i++) {
        id = cases[i].id;
        assert_int_equal(ngx_household_decide_bucket(&id), cases[i].bucket);
    }

    ngx_memset(longest, 'i', sizeof(longest));
    id.len = sizeof(longest);
    id.data = (u_char *) longest;
    assert_int_equal(ngx_household_decide_bucket(&id), 3016);
}


/* accounts numbered one by one: each percent has a percent of them, nearly */

static void
test_bucket_spread(void **state)
{
    char        text[32];
    ngx_str_t   id;
    ngx_uint_t  i, share[100];

    ngx_memzero(share, sizeof(share));

    for (i = 0; i < 100000; i++) {
        sprintf(text, "%u", 5000000 + (unsigned) i);
        id = test_str(text);

        share[ngx_household_decide_bucket(&id) / 100]++;
    }

    for (i = 0; i < 100; i++) {
        assert_in_range(share[i], 850, 1150);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_decide_unknown),
        cmocka_unit_test(test_decide_place),
        cmocka_unit_test(test_decide_away),
        cmocka_unit_test(test_decide_unregistered),
        cmocka_unit_test(test_decide_unenforced),
        cmocka_unit_test(test_decide_outside),
        cmocka_unit_test(test_decide_unauthorized),
        cmocka_unit_test(test_reason_names),
        cmocka_unit_test(test_bucket),
        cmocka_unit_test(test_bucket_spread),
    };

    return cmocka_run_group_tests_name("ngx_household_decide", tests, NULL,
                                       NULL);
}

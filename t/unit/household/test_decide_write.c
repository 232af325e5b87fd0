
/*
 * Units of src/household/ngx_household_decide_write.c, and of what a verdict
 * says of viewers who are outside.
 */


#include "ngx_household_decide_test.h"


/* when a device is written, and when it is not */

static const test_case_t  test_writes[] = {

    { "home=203.0.113.9", "", "allow home 203.0.113.9/32" },
    { "home=203.0.113.9", "device=tv", "allow home write 203.0.113.9/32" },
    { "home=203.0.113.9", "monitor device=tv",
      "allow home write 203.0.113.9/32" },
    { "home=203.0.113.9 device:tv=now", "device=tv",
      "allow home 203.0.113.9/32" },
    { "home=203.0.113.9 device:tv=now-86399", "device=tv",
      "allow home 203.0.113.9/32" },
    { "home=203.0.113.9 device:tv=now-86400", "device=tv",
      "allow home write 203.0.113.9/32" },
    { "home=203.0.113.9 device:tv=now+600", "device=tv",
      "allow home 203.0.113.9/32" },

    /* or after half of a time that is shorter than two days */
    { "home=203.0.113.9 device:tv=now-86399", "device=tv trusted=172800",
      "allow home 203.0.113.9/32" },
    { "home=203.0.113.9 device:tv=now-86398", "device=tv trusted=172796",
      "allow home write 203.0.113.9/32" },
    { "home=203.0.113.9 device:tv=now-21599", "device=tv trusted=43200",
      "allow home 203.0.113.9/32" },
    { "home=203.0.113.9 device:tv=now-21600", "device=tv trusted=43200",
      "allow home write 203.0.113.9/32" },
    { "home=203.0.113.9 device:tv=now", "device=tv trusted=1",
      "allow home 203.0.113.9/32" },
    { "home=203.0.113.9 device:tv=now-1", "device=tv trusted=1",
      "allow home write 203.0.113.9/32" },
    { "home=203.0.113.9 device:tv=now-86399", "device=tv trusted=0",
      "allow home 203.0.113.9/32" },

    { "home=203.0.113.9 device:tv=now@kid", "device=tv",
      "allow home write 203.0.113.9/32" },
    { "home=203.0.113.9 device:tv2=now", "device=tv",
      "allow home write 203.0.113.9/32" },
    { "home=203.0.113.9 travel:tv=now+60", "device=tv",
      "allow home write 203.0.113.9/32" },

    { "extra:kid:203.0.113.9=0", "device=tv",
      "allow extra_member write 203.0.113.9/32 @kid" },
    { "extra:kid:203.0.113.9=0 device:tv=now-86399@kid", "device=tv",
      "allow extra_member 203.0.113.9/32 @kid" },
    { "extra:kid:203.0.113.9=0 device:tv=now-86400@kid", "device=tv",
      "allow extra_member write 203.0.113.9/32 @kid" },
    { "extra:kid:203.0.113.9=0 device:tv=now@dad", "device=tv",
      "allow extra_member write 203.0.113.9/32 @kid" },
    { "extra:kid:203.0.113.9=0 device:tv=now@kid2", "device=tv",
      "allow extra_member write 203.0.113.9/32 @kid" },

    /* to be at home outranks a seat, for as long as it is fresh */
    { "extra:kid:203.0.113.9=0 device:tv=now-2678400", "device=tv",
      "allow extra_member write 203.0.113.9/32 @kid" },
    { "extra:kid:203.0.113.9=0 device:tv=now-2678401", "device=tv",
      "allow extra_member write 203.0.113.9/32 @kid" },
    { "extra:kid:203.0.113.9=0 device:tv=now-86399", "device=tv trusted=0",
      "allow extra_member 203.0.113.9/32 @kid" },
    { "extra:kid:203.0.113.9=0 device:tv=now-86400", "device=tv trusted=0",
      "allow extra_member write 203.0.113.9/32 @kid" },
    { "extra:kid:203.0.113.9=0 device:tv=now-21599", "device=tv trusted=43200",
      "allow extra_member 203.0.113.9/32 @kid" },
    { "extra:kid:203.0.113.9=0 device:tv=now-21600", "device=tv trusted=43200",
      "allow extra_member write 203.0.113.9/32 @kid" },
    { "extra:kid:203.0.113.9=0 device:tv=now-21600@kid",
      "device=tv trusted=43200",
      "allow extra_member write 203.0.113.9/32 @kid" },
};


/* the places that are written */

static const test_case_t  test_places[] = {

    { "home=203.0.113.9", "device=tv", "now" },
    { "home=203.0.113.9 device:tv=now-86399", "device=tv", "" },
    { "extra:kid:203.0.113.9=0", "device=tv", "now@kid" },
    { "extra:kid:203.0.113.9=0", "", "" },

    /* home replaces all seats, as it depends on no payment */
    { "home=203.0.113.9 device:tv=now@kid", "device=tv", "now" },
    { "home=203.0.113.9 device:tv=now-9@dad:now-90000:now-5@kid", "device=tv",
      "now" },
    { "home=203.0.113.9 device:tv=now-9@dad:now-86399:now-5@kid", "device=tv",
      "" },

    /* a seat replaces neither, however long a location trusts them */
    { "extra:kid:203.0.113.9=0 device:tv=now-86400", "device=tv trusted=60",
      "now-86400:now@kid" },
    { "extra:kid:203.0.113.9=0 device:tv=now-86400", "device=tv trusted=0",
      "now-86400:now@kid" },
    { "extra:kid:203.0.113.9=0 device:tv=now-99@dad", "device=tv",
      "now@kid:now-99@dad" },
    { "extra:kid:203.0.113.9=0 device:tv=now-99@dad:now-90000@kid:now-88000",
      "device=tv", "now-88000:now@kid:now-99@dad" },
    { "extra:kid:203.0.113.9=0 device:tv=now-99@dad:now-86399@kid:now-88000",
      "device=tv", "" },

    /* nothing is kept of what was long ago */
    { "extra:kid:203.0.113.9=0 device:tv=now-34560000", "device=tv",
      "now-34560000:now@kid" },
    { "extra:kid:203.0.113.9=0 device:tv=now-34560001", "device=tv",
      "now@kid" },
    { "extra:kid:203.0.113.9=0 device:tv=now-34560001@dad", "device=tv",
      "now@kid" },

    /* nor of the oldest of more than four */
    { "extra:kid:203.0.113.9=0 device:tv=now-90000:now-1@a:now-2@b:now-3@c",
      "device=tv", "now-90000:now@kid:now-1@a:now-2@b" },

    /* two seats have the address: the one that ends last, or the device's */
    { "extra:a:203.0.113.9=now+50 extra:b:203.0.113.9=now+60", "device=tv",
      "now@b" },
    { "extra:b:203.0.113.9=0 extra:a:203.0.113.9=now+50", "device=tv",
      "now@b" },
    { "extra:a:203.0.113.9=now+50 extra:b:203.0.113.9=now+60 "
      "device:tv=now-90000@b", "device=tv", "now@b" },
    { "extra:a:203.0.113.9=now+50 extra:b:203.0.113.9=now+60 "
      "device:tv=now-5@b", "device=tv", "" },
    { "extra:b:203.0.113.9=now+60 extra:a:203.0.113.9=now+50 "
      "device:tv=now-90000@a", "device=tv", "now@a:now@b" },
    { "extra:b:203.0.113.9=now+60 extra:a:203.0.113.9=now "
      "device:tv=now-90000@a", "device=tv", "now@b:now-90000@a" },

    /* one that is renewed and ends later now is written at once */
    { "extra:a:203.0.113.9=now+50 extra:b:203.0.113.9=now+60 "
      "device:tv=now-5@a", "device=tv", "now@a:now@b" },
};


/* the words of $household_detail */

static const test_case_t  test_details[] = {

    { "home=82.64.10.7", "", "never_seen" },
    { "home=82.64.10.7", "device=tv", "never_seen" },
    { "", "", "never_seen" },
    { "home=82.64.10.7 device:tv=now", "device=phone", "never_seen" },

    { "home=82.64.10.7 extra:kid:203.0.113.9=now", "", "seat_ended" },
    { "extra:kid:203.0.113.0/24=now", "", "seat_ended" },
    { "home=82.64.10.7 device:tv=now@kid", "device=tv", "seat_ended" },
    { "home=82.64.10.7 device:tv=now@kid extra:kid:192.0.2.1=now",
      "device=tv", "seat_ended" },
    { "home=82.64.10.7 extra:kid:192.0.2.1=now", "device=tv", "never_seen" },

    { "home=82.64.10.7 device:tv=now-2678401", "device=tv",
      "device_expired" },
    { "home=82.64.10.7 device:tv=now", "device=tv trusted=0",
      "device_expired" },
    { "home=82.64.10.7 device:tv=now-2678401@kid extra:kid:192.0.2.1=0",
      "device=tv", "device_expired" },

    { "home=82.64.10.7 travel:tv=now", "device=tv", "travel_over" },
    { "home=82.64.10.7 travel:*=now", "device=tv", "travel_over" },
    { "home=82.64.10.7 travel:*=now", "", "travel_over" },
    { "home=82.64.10.7 travel:tv=now", "device=phone", "never_seen" },

    { "home=82.64.10.7", "addr=2a01:e0a::1", "family_missing" },
    { "home=2a01:e0a::1", "", "family_missing" },
    { "home=2a01:e0a::1 home=82.64.10.7", "", "never_seen" },
    { "", "addr=2a01:e0a::1", "never_seen" },

    /* which comes first */
    { "home=::1 extra:a:203.0.113.9=now device:tv=1 travel:*=now",
      "device=tv", "seat_ended" },
    { "home=::1 device:tv=1 travel:*=now", "device=tv", "device_expired" },
    { "home=::1 travel:*=now", "device=tv", "travel_over" },

    /* whoever is outside has one */
    { "home=82.64.10.7", "grace=3600", "never_seen" },
    { "home=82.64.10.7", "away=3/30", "never_seen" },
    { "home=82.64.10.7", "monitor", "never_seen" },
    { "home=82.64.10.7 outside_since=now-3600", "grace=3600", "never_seen" },

    /* and nobody else */
    { "home=203.0.113.9 device:tv=1", "device=tv", "" },
    { "extra:kid:203.0.113.9=0", "", "" },
    { "home=82.64.10.7 device:tv=now", "device=tv", "" },
    { "home=82.64.10.7 travel:*=now+1", "", "" },
    { "", "unregistered=allow", "" },
    { "", "unregistered=learn", "" },
    { "home=::1", "family_unknown=allow", "" },
    { "home=::1", "enforce_in=FR", "" },
    { "home=::1", "rollout=0", "" },
    { "home=::1", "unauthorized=token_missing", "" },
    { "revoked_before=now", "token", "" },
    { "home=::1", "addr=none unavailable=deny", "" },
};


/* days outside: now is on day 19675, 80000 seconds after midnight */

static const test_case_t  test_outside_days[] = {

    { "home=82.64.10.7", "away=3/30", "allow away day" },
    { "", "away=3/30", "allow away day" },
    { "home=82.64.10.7", "monitor away=3/30", "allow away" },
    { "home=82.64.10.7 outside_days=19675", "away=3/30", "allow away" },
    { "home=82.64.10.7 outside_days=19673,19674", "away=3/30",
      "allow away day" },
    { "home=82.64.10.7 outside_days=19673,19674,19674,19673", "away=3/30",
      "allow away day" },
    { "home=82.64.10.7 outside_days=19673,19674,19675", "away=3/30",
      "allow away" },
    { "home=82.64.10.7 outside_days=19672,19673,19674", "away=3/30",
      "deny outside seat day" },
    { "home=82.64.10.7 outside_days=19672,19673,19674,19675", "away=3/30",
      "deny outside seat" },
    { "home=82.64.10.7 outside_days=19672,19673,19674", "monitor away=3/30",
      "deny outside monitored seat" },

    /* the period: today and 29 days before */
    { "home=82.64.10.7 outside_days=19646,19673,19674", "away=3/30",
      "deny outside seat day" },
    { "home=82.64.10.7 outside_days=19645,19673,19674", "away=3/30",
      "allow away day" },
    { "home=82.64.10.7 outside_days=19674", "away=1/2",
      "deny outside seat day" },
    { "home=82.64.10.7 outside_days=19673", "away=1/2", "allow away day" },
    { "home=82.64.10.7 outside_days=1,2,3,4,5,6,7", "away=1/2",
      "allow away day" },

    /* by a clock that is ahead */
    { "home=82.64.10.7 outside_days=19676,19677", "away=1/2",
      "allow away day" },

    /* grace begins when they are used up */
    { "home=82.64.10.7", "away=3/30 grace=60", "allow away day" },
    { "home=82.64.10.7 outside_days=19672,19673,19674", "away=3/30 grace=60",
      "allow grace day start_grace" },
    { "home=82.64.10.7 outside_since=now-9 outside_days=19674",
      "away=1/2 grace=60", "allow grace day" },

    /* whoever is not outside uses none */
    { "home=203.0.113.9", "away=3/30", "allow home 203.0.113.9/32" },
    { "home=82.64.10.7 travel:*=now+1", "away=3/30", "allow travel" },
    { "home=82.64.10.7", "away=3/30 rollout=0", "allow rollout" },
    { "home=82.64.10.7 outside_days=19675", "", "deny outside seat" },
};


/* evidence: a day at a network, in the family that the home lacks */

static const test_case_t  test_evidence[] = {

    { "", "unregistered=learn", "allow learned learn 203.0.113.9/32" },
    { "learn:203.0.113.9=1@now", "unregistered=learn",
      "allow learned 203.0.113.9/32" },
    { "learn:203.0.113.9=1@now-79999", "unregistered=learn",
      "allow learned 203.0.113.9/32" },
    { "learn:203.0.113.9=2@now-80001", "unregistered=learn",
      "allow learned learn 203.0.113.9/32" },
    { "learn:203.0.113.9=2@now+80000", "unregistered=learn",
      "allow learned 203.0.113.9/32" },
    { "learn:203.0.113.9=2@now+86401", "unregistered=learn",
      "allow learned learn 203.0.113.9/32" },
    { "learn:203.0.113.8=1@now", "unregistered=learn",
      "allow learned learn 203.0.113.9/32" },
    { "learn:203.0.113.0/24=1@now", "unregistered=learn",
      "allow learned learn 203.0.113.9/32" },
    { "learn:2a01:e0a:1:2::/64=1@now",
      "unregistered=learn addr=2a01:e0a:1:2::3",
      "allow learned 2a01:e0a:1:2::/64" },
    { "learn:2a01:e0a:1:2::/64=1@now",
      "unregistered=learn addr=2a01:e0a:1:2::3 ipv6_prefix=56",
      "allow learned learn 2a01:e0a:1::/56" },

    /* the other family: by a device that passes, and was at home today */
    { "home=::1 device:tv=now-86399", "unregistered=learn device=tv",
      "allow trusted_device learn" },
    { "home=::1 device:tv=now-86400", "unregistered=learn device=tv",
      "allow trusted_device" },
    { "home=::1 device:tv=now", "unregistered=deny device=tv",
      "allow trusted_device" },
    { "home=::1 device:tv=now learn:203.0.113.9=1@now",
      "unregistered=learn device=tv", "allow trusted_device" },
    { "home=::1 home=82.64.10.7 device:tv=now",
      "unregistered=learn device=tv", "allow trusted_device" },
    { "home=::1 device:tv=now@kid extra:kid:192.0.2.1=0",
      "unregistered=learn device=tv", "allow trusted_device" },
    { "home=::1 device:tv=now", "unregistered=learn device=tv trusted=0",
      "deny outside seat" },
    { "home=::1 device:tv=now",
      "unregistered=learn device=tv trusted=0 family_unknown=allow",
      "allow family_unknown learn" },
    { "home=::1", "unregistered=learn device=tv family_unknown=allow",
      "allow family_unknown" },
    { "home=::1 device:tv=now travel:*=now+1",
      "unregistered=learn device=tv trusted=0", "allow travel" },
    { "home=82.64.10.7 device:tv=now",
      "unregistered=learn device=tv addr=2a01:e0a:1:2::3",
      "allow trusted_device learn" },
    { "device:tv=now", "unregistered=learn device=tv",
      "allow trusted_device" },

    { "home=::1 device:tv=now", "monitor unregistered=learn device=tv",
      "allow trusted_device learn" },
};


static void
test_decide_places(void **state)
{
    test_parts(test_places, test_count(test_places), test_written);
}


static void
test_decide_details(void **state)
{
    test_parts(test_details, test_count(test_details), test_detail);
}


static void
test_decide_outside_days(void **state)
{
    test_cases(test_outside_days, test_count(test_outside_days));
}


static void
test_decide_evidence(void **state)
{
    test_cases(test_evidence, test_count(test_evidence));
}


static void
test_decide_writes(void **state)
{
    test_cases(test_writes, test_count(test_writes));
}


static void
test_decide_note_lengths(void **state)
{
    char                       id[NGX_HOUSEHOLD_ID_LEN + 1];
    ngx_uint_t                 i;
    ngx_household_record_t    *rec;
    ngx_household_decision_t   d;

    static const struct {
        size_t      len;
        ngx_uint_t  write;
    } cases[] = { { 0, 0 }, { 1, 1 }, { 128, 1 }, { 129, 0 } };

    rec = test_record("home=203.0.113.9");
    test_request("");

    ngx_memset(id, 'i', sizeof(id));

    for (i = 0; i < test_count(cases); i++) {
        setup.facts.device.len = cases[i].len;
        setup.facts.device.data = test_copy(id, cases[i].len);

        ngx_household_decide(&setup.policy, &setup.facts, rec, &d);

        assert_int_equal(d.reason, NGX_HOUSEHOLD_REASON_HOME);
        assert_int_equal(d.write_device, cases[i].write);

        free(setup.facts.device.data);
    }

    free(rec);
}


/* a household with so many devices: the oldest one gives its room */

static void
test_decide_note_room(void **state)
{
    char                       name[32], time[32];
    ngx_str_t                  field, value;
    ngx_uint_t                 i;
    ngx_household_record_t    *rec;
    ngx_household_decision_t   d;

    free(test_record("home=203.0.113.9 extra:kid:192.0.2.1=0"));
    test_request("device=tv");

    rec = ngx_household_record_builder_finish(&setup.builder);

    for (i = 0; i < NGX_HOUSEHOLD_CAPACITY_DEVICES; i++) {
        ngx_household_decide(&setup.policy, &setup.facts, rec, &d);
        assert_int_equal(d.write_device, 1);
        assert_int_equal(d.drop_oldest, 0);

        sprintf(name, "device:tv%u", (unsigned) i);
        sprintf(time, "%lld", (long long) TEST_NOW - 90000 - i);
        field = test_str(name);
        value = test_str(time);
        ngx_household_record_builder_add_field(&setup.builder, &field, &value);
    }

    ngx_household_decide(&setup.policy, &setup.facts, rec, &d);
    assert_int_equal(d.reason, NGX_HOUSEHOLD_REASON_HOME);
    assert_int_equal(d.write_device, 1);
    assert_int_equal(d.drop_oldest, 1);

    /* not for one that is there, as long as it does not grow */

    setup.facts.device = test_str("tv0");
    ngx_household_decide(&setup.policy, &setup.facts, rec, &d);
    assert_int_equal(d.write_device, 1);
    assert_int_equal(d.drop_oldest, 0);

    test_address("192.0.2.1");
    ngx_household_decide(&setup.policy, &setup.facts, rec, &d);
    assert_int_equal(d.reason, NGX_HOUSEHOLD_REASON_EXTRA_MEMBER);
    assert_int_equal(d.write_device, 1);
    assert_int_equal(d.drop_oldest, 1);

    /* where there is no other device there is none to drop */

    free(test_record("home=203.0.113.9"));
    test_request("device=tv");

    for (i = 0; i < NGX_HOUSEHOLD_CAPACITY_DEVICES; i++) {
        sprintf(name, "member:tv%u", (unsigned) i);
        field = test_str(name);
        value = test_str("1");
        ngx_household_record_builder_add_field(&setup.builder, &field, &value);
    }

    ngx_household_decide(&setup.policy, &setup.facts, rec, &d);
    assert_int_equal(d.reason, NGX_HOUSEHOLD_REASON_HOME);
    assert_int_equal(d.write_device, 0);
    assert_int_equal(d.drop_oldest, 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_decide_writes),
        cmocka_unit_test(test_decide_places),
        cmocka_unit_test(test_decide_details),
        cmocka_unit_test(test_decide_outside_days),
        cmocka_unit_test(test_decide_evidence),
        cmocka_unit_test(test_decide_note_lengths),
        cmocka_unit_test(test_decide_note_room),
    };

    return cmocka_run_group_tests_name("ngx_household_decide_write", tests,
                                       NULL, NULL);
}


/*
 * Units of ngx_household_decide.c: what presence says, among the rules.
 */


#include "ngx_household_decide_test.h"


static const test_case_t  test_sharing[] = {

    /* with and without a home; nothing is registered for it */

    { "", "sharing=member", "allow member" },
    { "", "sharing=not_shared", "allow not_shared" },
    { "", "sharing=seat", "allow extra_member" },
    { "", "sharing=shared", "deny outside seat" },
    { "", "", "deny unregistered seat" },
    { "home=82.64.10.7", "sharing=member", "allow member" },
    { "home=82.64.10.7", "sharing=not_shared", "allow not_shared" },
    { "home=82.64.10.7", "sharing=shared", "deny outside seat" },
    { "home=82.64.10.7 seats=0", "sharing=shared", "deny outside" },
    { "home=82.64.10.7", "sharing=shared monitor",
      "deny outside monitored seat" },

    /* what comes before it */

    { "home=82.64.10.7", "addr=82.64.10.7 sharing=shared",
      "allow home 82.64.10.7/32" },
    { "extra:kid:203.0.113.9=0", "sharing=shared",
      "allow extra_member 203.0.113.9/32 @kid" },
    { "device:tv=now-60", "device=tv sharing=shared", "allow trusted_device" },
    { "travel:tv=now+60", "device=tv sharing=shared", "allow travel" },
    { "", "unregistered=allow sharing=shared", "allow unregistered" },
    { "home=::1", "family_unknown=allow sharing=shared",
      "allow family_unknown" },
    { "country=FR", "enforce_in=BE sharing=shared", "allow not_enforced" },
    { "", "rollout=0 sharing=shared", "allow rollout" },
    { "revoked_before=now", "issued=now-1 sharing=member",
      "unauthorized revoked" },
    { "", "unauthorized=token_expired sharing=member",
      "unauthorized token_expired" },
    { NULL, "sharing=shared", "allow unavailable" },
    { "", "addr=none sharing=shared", "allow address_unknown" },

    /* and after it: patience is not used up by whoever is not refused */

    { "", "grace=60 sharing=member", "allow member" },
    { "", "grace=60 sharing=not_shared", "allow not_shared" },
    { "", "grace=60 sharing=shared", "allow grace start_grace" },
    { "outside_since=now-60", "grace=60 sharing=shared",
      "deny outside seat" },
};


static void
test_decide_sharing(void **state)
{
    test_cases(test_sharing, test_count(test_sharing));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_decide_sharing),
    };

    return cmocka_run_group_tests_name("ngx_household_decide_sharing", tests,
                                       NULL, NULL);
}

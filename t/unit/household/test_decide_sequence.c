
/*
 * Units of src/household/ngx_household_decide.c: what a household is promised
 * over time, with all that is written between two requests.
 */


#include "ngx_household_test.h"
#include "ngx_household_decide.h"
#include "ngx_household_decide_model.h"
#include "ngx_household_decide_accounts.h"


#define TEST_SEQUENCES  8000
#define TEST_STEPS      24


/* one of two worlds: the other one has something more */

typedef struct {
    model_account_t                 account;
    ngx_household_record_builder_t  builder;
    ngx_household_decision_t        d;
} test_world_t;


typedef struct {
    ngx_uint_t  given;
    ngx_uint_t  allowed;
    ngx_uint_t  turned;                /* a deny into an allow */
    ngx_uint_t  late;                  /* allowed but for the interval */
} test_count_t;


static test_world_t  plain, more;
static char          history[TEST_STEPS * 256];


/* the seat's name as the model has it */

static const char *
test_seat(const ngx_str_t *seat)
{
    ngx_uint_t  i;

    for (i = 0; i < test_count(model_seats); i++) {
        if (strlen(model_seats[i]) == seat->len
            && memcmp(model_seats[i], seat->data, seat->len) == 0)
        {
            return model_seats[i];
        }
    }

    assert_int_equal(seat->len, 0);

    return "";
}


/* what Redis has after the writes of a decision */

static void
test_apply(test_world_t *w, const model_request_t *r)
{
    int64_t                    today;
    ngx_uint_t                 i;
    model_device_t            *device;
    model_account_t           *a;
    ngx_household_decision_t  *d;

    a = &w->account;
    d = &w->d;

    assert_int_equal(d->drop_oldest, 0);

    if (d->write_device) {
        device = (model_device_t *) model_find(a, r->device);

        if (device == NULL) {
            assert_in_range(a->devices, 0, MODEL_MAX);
            device = &a->device[a->devices++];
        }

        ngx_memzero(device, sizeof(model_device_t));
        device->id = r->device;

        for (i = 0; i < d->nseen; i++) {
            model_write(device, d->seen[i].time,
                        test_seat(&d->seen[i].seat));
        }
    }

    if (d->start_grace) {
        a->outside_since = r->facts.now;
        a->home_since = 0;
    }

    if (d->home_again && a->home_since == 0) {
        a->home_since = r->facts.now;
    }

    if (d->left_again) {
        a->home_since = 0;
    }

    if (d->write_away) {
        today = r->facts.now / MODEL_DAY;

        if (a->days == MODEL_DAYS) {
            a->days--;
            ngx_memmove(a->day, a->day + 1, a->days * sizeof(int64_t));
        }

        a->day[a->days++] = today;
    }
}


/* one household, years of it in some steps; nothing is known of it by date */

static void
test_start(model_account_t *a)
{
    ngx_uint_t  i;

    test_random_account(a);

    a->exists = 1;
    a->member = NULL;
    a->devices = 0;
    a->days = 0;
    a->evidences = 0;
    a->revoked_before = 0;
    a->outside_since = 0;
    a->home_since = 0;

    /* flatmates are frequent here: two seats at the first site */

    a->homes = test_below(3);
    a->extras = test_below(3);

    for (i = 0; i < a->homes; i++) {
        a->home[i] = a->site[test_below(2)];
    }

    for (i = 0; i < a->extras; i++) {
        test_random_extra(a, &a->extra[i]);
        a->extra[i].network = a->site[2 - test_below(2)];
    }
}


/* what the household gets, from "now" on: for both worlds, or for one */

static ngx_uint_t
test_give(model_account_t *a, ngx_uint_t kind, int64_t now)
{
    const char       *id;
    model_extra_t    *extra;
    model_device_t   *device;
    model_network_t  *home;

    id = model_ids[test_below(3)];

    switch (kind) {

    case 0:
        if (a->devices > MODEL_MAX - 3 || model_find(a, id) != NULL) {
            return 0;
        }

        device = &a->device[a->devices++];
        ngx_memzero(device, sizeof(model_device_t));
        device->id = id;
        model_write(device, now, test_below(2) ? "" : model_seats[0]);
        return 1;

    case 1:
        if (a->travels == MODEL_MAX) {
            return 0;
        }

        a->travel[a->travels].id = id;
        a->travel[a->travels++].until = now + 1 + test_below(90 * MODEL_DAY);
        return 1;

    case 2:
        if (a->extras == MODEL_MAX) {
            return 0;
        }

        extra = &a->extra[a->extras++];
        extra->seat = model_seats[test_below(test_count(model_seats))];
        extra->network = a->site[test_below(4)];
        extra->until = test_below(4) ? now + 1 + test_below(60 * MODEL_DAY)
                                     : 0;
        return 1;

    case 3:
        home = &a->home[a->homes];
        *home = a->site[test_below(4)];

        if (a->homes == MODEL_MAX || !model_has_family(a, home->family)) {
            return 0;
        }

        a->homes++;
        return 1;

    default:
        a->member = id;
        return 1;
    }
}


/* the same for both, whatever they have */

static void
test_both(ngx_uint_t kind, int64_t now)
{
    model_account_t  *a, *b;

    a = &plain.account;
    b = &more.account;

    if (a->travels == MODEL_MAX || b->travels == MODEL_MAX
        || a->extras == MODEL_MAX || b->extras == MODEL_MAX
        || !test_give(a, kind, now))
    {
        return;
    }

    if (kind == 1) {
        b->travel[b->travels++] = a->travel[a->travels - 1];

    } else {
        b->extra[b->extras++] = a->extra[a->extras - 1];
    }
}


static void
test_policy(ngx_household_policy_t *policy)
{
    static const int64_t     grace[] = { 0, 0, MODEL_DAY, 7 * MODEL_DAY };
    static const ngx_uint_t  away[][2] = { { 0, 0 }, { 1, 7 }, { 3, 30 },
                                           { 5, 90 } };
    ngx_uint_t               i;

    policy->mode = NGX_HOUSEHOLD_ON;
    policy->unregistered = test_below(2);
    policy->family_unknown = test_below(2);
    policy->ipv6_prefix = 64;
    policy->rollout = NGX_HOUSEHOLD_ROLLOUT_ALL;
    policy->grace = grace[test_below(4)];

    i = test_below(4);
    policy->away_days = away[i][0];
    policy->away_period = away[i][1];
}


static void
test_request(const model_account_t *a, model_request_t *r, int64_t now)
{
    /* locations of one server: what is trusted differs */

    static const int64_t  trusted[] = { 0, 3600, MODEL_DAY, 7 * MODEL_DAY,
                                        31 * MODEL_DAY };

    r->policy.trusted_device = trusted[test_below(5)];

    r->addr = a->site[test_below(4)];
    r->device = model_ids[test_below(4) ? test_below(3) : 5];

    test_addr(&r->facts.addr, &r->addr);
    r->facts.device = test_str(r->device);
    r->facts.now = now;
}


static void
test_judge(test_world_t *w, const model_request_t *r)
{
    ngx_household_decide(&r->policy, &r->facts,
                         model_record(&w->builder, &w->account), &w->d);
}


/* in words: what was asked, and what each world said */

static char *
test_tell(char *p, const model_request_t *r)
{
    char  text[256];

    model_text(&r->addr, 0, text);

    return p + sprintf(p, "# %lld \"%s\" from %s, trusted %lld: %s, %s\n",
                       (long long) r->facts.now - MODEL_NOW, r->device, text,
                       (long long) r->policy.trusted_device,
                       ngx_household_reason_name(plain.d.reason)->data,
                       ngx_household_reason_name(more.d.reason)->data);
}


/*
 * A time that is written may be a day older than the last visit, or half of
 * the time that it is trusted for, by other steps in each world: with
 * "interval" that does not count.
 */

static void
test_sequence(ngx_uint_t interval, test_count_t *count)
{
    char             *p;
    int64_t           now, late;
    ngx_uint_t        i, kind;
    model_request_t   r;

    test_start(&plain.account);
    ngx_memcpy(&more.account, &plain.account, sizeof(model_account_t));

    ngx_memzero(&r, sizeof(r));
    test_policy(&r.policy);
    r.facts.issued_at = NGX_HOUSEHOLD_ISSUED_UNKNOWN;

    now = MODEL_NOW;
    kind = test_below(5);

    if (!test_give(&more.account, kind, now)) {
        return;
    }

    count->given++;
    p = history;

    for (i = 0; i < TEST_STEPS; i++) {

        now += interval ? 1 + test_below(test_below(2) ? 7200 : 20 * MODEL_DAY)
                        : MODEL_DAY + test_below(20 * MODEL_DAY);

        /* what comes later comes in both worlds */

        if (test_below(8) == 0) {
            test_both(1 + test_below(2), now);
        }

        test_request(&plain.account, &r, now);

        test_judge(&plain, &r);
        test_judge(&more, &r);
        p = test_tell(p, &r);

        if (plain.d.verdict == NGX_HOUSEHOLD_VERDICT_ALLOW) {
            count->allowed++;

            if (more.d.verdict != NGX_HOUSEHOLD_VERDICT_ALLOW && interval
                && r.policy.trusted_device)
            {
                count->late++;
                late = model_interval(&r.policy);

                r.policy.trusted_device += late;
                test_judge(&more, &r);
                r.policy.trusted_device -= late;

                if (more.d.verdict == NGX_HOUSEHOLD_VERDICT_ALLOW) {
                    return;
                }
            }

            if (more.d.verdict != NGX_HOUSEHOLD_VERDICT_ALLOW) {
                print_error("# gift %u\n%s", (unsigned) kind, history);
                fail_msg("an allow became a deny");
            }

        } else if (more.d.verdict == NGX_HOUSEHOLD_VERDICT_ALLOW) {
            count->turned++;
        }

        test_apply(&plain, &r);
        test_apply(&more, &r);
    }
}


static void
test_decide_sequence(void **state)
{
    ngx_uint_t    i;
    test_count_t  count;

    test_random_start("sequence");
    ngx_memzero(&count, sizeof(count));

    for (i = 0; i < TEST_SEQUENCES; i++) {
        test_sequence(0, &count);
    }

    /* which would prove nothing if a gift hardly ever mattered */

    assert_in_range(count.given, TEST_SEQUENCES / 2, TEST_SEQUENCES);
    assert_in_range(count.allowed, TEST_SEQUENCES, TEST_SEQUENCES * TEST_STEPS);
    assert_in_range(count.turned, TEST_SEQUENCES / 10,
                    TEST_SEQUENCES * TEST_STEPS);
}


static void
test_decide_sequence_dense(void **state)
{
    ngx_uint_t    i;
    test_count_t  count;

    test_random_start("dense");
    ngx_memzero(&count, sizeof(count));

    for (i = 0; i < TEST_SEQUENCES; i++) {
        test_sequence(1, &count);
    }

    assert_in_range(count.given, TEST_SEQUENCES / 2, TEST_SEQUENCES);
    assert_in_range(count.turned, TEST_SEQUENCES / 10,
                    TEST_SEQUENCES * TEST_STEPS);

    /* and the interval is rarely what it takes */

    assert_in_range(count.late, 0, count.allowed / 100);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_decide_sequence),
        cmocka_unit_test(test_decide_sequence_dense),
    };

    return cmocka_run_group_tests_name("ngx_household_decide_sequence", tests,
                                       NULL, NULL);
}


/*
 * Units of src/household/ngx_household_presence*.c: what the rule promises, on
 * random lives of accounts.  A life that breaks a promise is made as short as
 * it can be before it is shown.
 */


#include "ngx_household_presence_test.h"


#define TEST_LIVES    4000
#define TEST_LENGTH     60


typedef struct {
    ngx_uint_t   n;
    test_ask_t   ask[TEST_LENGTH];
} test_life_t;


/* returns 1 if the promise holds for this life */

typedef ngx_uint_t (*test_promise_pt)(const test_life_t *life);


static const char  *devices[] = { "tv", "phone", "tablet", "pc", "stick",
                                  "friend", "console", "old", "" };

static ngx_uint_t  refusals;           /* of all lives of a promise */


/* --- lives --- */

static void
test_any_life(test_life_t *life)
{
    int64_t     t;
    ngx_uint_t  i, places, pace;

    ngx_memzero(life, sizeof(test_life_t));

    life->n = 2 + test_below(TEST_LENGTH - 1);
    places = 1 + test_below(4);
    pace = test_below(3);
    t = 0;

    for (i = 0; i < life->n; i++) {
        t += pace == 0 ? test_below(2 * TEST_HOUR)
             : pace == 1 ? test_below(TEST_A_DAY) : test_below(9 * TEST_A_DAY);

        life->ask[i].device = devices[test_below(9)];
        life->ask[i].place = 1 + (int) test_below(places)
                             + (test_below(4) == 0 ? 100 : 0);
        life->ask[i].at = t;

        /* two households: who is elsewhere stays there, mostly */

        if (test_below(8)) {
            life->ask[i].place = (life->ask[i].device[0] == 'f'
                                  || life->ask[i].device[0] == 'c') ? 2 : 1;
        }
    }
}


/* nobody is anywhere else within W of anybody */

static void
test_one_place_at_a_time(test_life_t *life)
{
    int64_t     t;
    ngx_uint_t  i;

    test_any_life(life);
    t = 0;

    for (i = 0; i < life->n; i++) {
        if (i > 0 && life->ask[i].place != life->ask[i - 1].place) {
            t += params.at_once;
        }

        t += test_below(TEST_A_DAY);
        life->ask[i].at = t;
    }
}


/* one line: an address and a prefix */

static void
test_one_line(test_life_t *life)
{
    ngx_uint_t  i;

    test_any_life(life);

    for (i = 0; i < life->n; i++) {
        life->ask[i].place = test_below(2) ? 1 : 101;
    }
}


/* --- promises --- */

static ngx_uint_t
test_is_never_refused(const test_life_t *life)
{
    ngx_uint_t                       i;
    ngx_household_presence_t         p;
    ngx_household_presence_answer_t  answer;

    ngx_memzero(&p, sizeof(p));

    for (i = 0; i < life->n; i++) {
        test_ask(&p, &life->ask[i], &answer);

        if (!answer.allow) {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
test_member_is_never_refused(const test_life_t *life)
{
    ngx_uint_t                        i;
    ngx_household_presence_t          p;
    ngx_household_presence_answer_t   answer;
    ngx_household_presence_device_t  *d;

    ngx_memzero(&p, sizeof(p));

    for (i = 0; i < life->n; i++) {
        test_ask(&p, &life->ask[i], &answer);
        refusals += !answer.allow;

        if (life->ask[i].device[0] == '\0') {
            continue;
        }

        d = test_device(&p, life->ask[i].device);

        if (!answer.allow && (d->flags & NGX_HOUSEHOLD_PRESENCE_MEMBER)) {
            return 0;
        }
    }

    return 1;
}


/* the presence is the same with any seats, and more is never less */

static ngx_uint_t
test_seats_are_no_input(const test_life_t *life)
{
    size_t                           len;
    u_char                           bytes[2][NGX_HOUSEHOLD_PRESENCE_SIZE];
    ngx_uint_t                       i;
    test_ask_t                       q;
    ngx_household_presence_t         p, other;
    ngx_household_presence_answer_t  less, more;

    ngx_memzero(&p, sizeof(p));
    ngx_memzero(&other, sizeof(other));

    for (i = 0; i < life->n; i++) {
        q = life->ask[i];
        test_ask(&p, &q, &less);
        refusals += !less.allow;

        q.seats = (int) (i % 4);
        test_ask(&other, &q, &more);

        len = ngx_household_presence_encode(&p, bytes[0]);

        if ((less.allow && !more.allow)
            || less.write != more.write
            || ngx_household_presence_encode(&other, bytes[1]) != len
            || ngx_memcmp(bytes[0], bytes[1], len) != 0)
        {
            return 0;
        }
    }

    return 1;
}


/* asked again, it says the same and writes nothing */

static ngx_uint_t
test_again_changes_nothing(const test_life_t *life)
{
    size_t                           len;
    u_char                           bytes[2][NGX_HOUSEHOLD_PRESENCE_SIZE];
    ngx_uint_t                       i;
    ngx_household_presence_t         p;
    ngx_household_presence_answer_t  once, again;

    ngx_memzero(&p, sizeof(p));

    for (i = 0; i < life->n; i++) {
        test_ask(&p, &life->ask[i], &once);
        refusals += !once.allow;
        len = ngx_household_presence_encode(&p, bytes[0]);

        test_ask(&p, &life->ask[i], &again);

        if (again.write
            || again.allow != once.allow
            || ngx_household_presence_encode(&p, bytes[1]) != len
            || ngx_memcmp(bytes[0], bytes[1], len) != 0)
        {
            return 0;
        }
    }

    return 1;
}


/* all networks are alike: others in their stead, and nothing changes */

static ngx_uint_t
test_renumbered_is_the_same(const test_life_t *life)
{
    ngx_uint_t                       i;
    test_ask_t                       q;
    ngx_household_presence_t         p, other;
    ngx_household_presence_answer_t  before, after;

    ngx_memzero(&p, sizeof(p));
    ngx_memzero(&other, sizeof(other));

    for (i = 0; i < life->n; i++) {
        q = life->ask[i];
        test_ask(&p, &q, &before);
        refusals += !before.allow;

        q.place = q.place < 100 ? 99 - q.place : 299 - q.place;
        test_ask(&other, &q, &after);

        if (before.reason != after.reason || before.write != after.write
            || before.conflict != after.conflict)
        {
            return 0;
        }
    }

    return 1;
}


/* stored, read, and asked on: as if it had stayed in memory */

static ngx_uint_t
test_stored_is_the_same(const test_life_t *life)
{
    size_t                           len;
    u_char                           bytes[NGX_HOUSEHOLD_PRESENCE_SIZE];
    ngx_uint_t                       i;
    ngx_household_presence_t         p, stored;
    ngx_household_presence_answer_t  answer, other;

    ngx_memzero(&p, sizeof(p));
    len = 0;

    for (i = 0; i < life->n; i++) {
        test_ask(&p, &life->ask[i], &answer);
        refusals += !answer.allow;

        if (ngx_household_presence_decode(&stored, bytes, len) != NGX_OK) {
            return 0;
        }

        test_ask(&stored, &life->ask[i], &other);

        if (answer.reason != other.reason || answer.write != other.write) {
            return 0;
        }

        if (other.write) {
            len = ngx_household_presence_encode(&stored, bytes);
        }
    }

    return 1;
}


/* a device that the record names is let in, and so is whoever is beside it */

static ngx_uint_t
test_named_is_never_refused(const test_life_t *life)
{
    ngx_uint_t                       i;
    test_ask_t                       q;
    ngx_household_presence_t         p;
    ngx_household_presence_answer_t  answer;

    ngx_memzero(&p, sizeof(p));

    for (i = 0; i < life->n; i++) {
        q = life->ask[i];
        q.name[0] = "friend";
        test_ask(&p, &q, &answer);
        refusals += !answer.allow;

        if (!answer.allow && ngx_strcmp(q.device, "friend") == 0) {
            return 0;
        }
    }

    return 1;
}


/* --- shrinking --- */

/* takes out parts of a failing life as long as it fails without them */

static void
test_shrink(test_life_t *life, test_promise_pt promise)
{
    ngx_uint_t   i, part;
    test_life_t  less;

    for (part = life->n / 2; part > 0; part /= 2) {

        for (i = 0; i + part <= life->n; /* void */ ) {
            less = *life;
            less.n -= part;
            ngx_memmove(&less.ask[i], &less.ask[i + part],
                        (less.n - i) * sizeof(test_ask_t));

            if (less.n != 0 && !promise(&less)) {
                *life = less;

            } else {
                i++;
            }
        }
    }
}


static void
test_show(const test_life_t *life)
{
    ngx_uint_t  i;

    for (i = 0; i < life->n; i++) {
        print_error("  \"%s\" at %d, day %.3f\n", life->ask[i].device,
                    life->ask[i].place,
                    (double) life->ask[i].at / TEST_A_DAY);
    }
}


static ngx_uint_t
test_holds(const char *name, void (*make)(test_life_t *life),
    test_promise_pt promise, test_life_t *life)
{
    ngx_uint_t  i;

    test_random_start(name);
    refusals = 0;

    for (i = 0; i < TEST_LIVES; i++) {

        /* what is promised does not depend on the constants */

        params.evidence = NGX_HOUSEHOLD_PRESENCE_DAY * (1 + test_below(10)) / 2;
        params.at_once = TEST_HOUR * (1 + (int64_t) test_below(4));

        make(life);

        if (!promise(life)) {
            test_shrink(life, promise);
            return 0;
        }
    }

    return 1;
}


static void
test_promise(const char *name, void (*make)(test_life_t *life),
    test_promise_pt promise, ngx_uint_t refused)
{
    test_life_t  life;

    if (!test_holds(name, make, promise, &life)) {
        print_error("this life breaks \"%s\":\n", name);
        test_show(&life);
        fail();
    }

    /* which would prove nothing if nobody was ever refused */

    if (refused) {
        assert_in_range(refusals, TEST_LIVES / 20, TEST_LIVES * TEST_LENGTH);
    }
}


static void
test_presence_promises(void **state)
{
    test_promise("one place at a time is never refused",
                 test_one_place_at_a_time, test_is_never_refused, 0);
    test_promise("one line with both families is never refused",
                 test_one_line, test_is_never_refused, 0);
    test_promise("a member is never refused",
                 test_any_life, test_member_is_never_refused, 1);
    test_promise("what is paid for is no input",
                 test_any_life, test_seats_are_no_input, 1);
    test_promise("asking again changes nothing",
                 test_any_life, test_again_changes_nothing, 1);
    test_promise("renumbering changes nothing",
                 test_any_life, test_renumbered_is_the_same, 1);
    test_promise("storing changes nothing",
                 test_any_life, test_stored_is_the_same, 1);
    test_promise("a named device is never refused",
                 test_any_life, test_named_is_never_refused, 1);
}


/* a promise that nobody made is broken, by a short life */

static void
test_presence_shrinks(void **state)
{
    test_life_t  life;

    assert_false(test_holds("nobody is ever refused", test_any_life,
                            test_is_never_refused, &life));

    /* the household and somebody else, at once on a few days */

    assert_in_range(life.n, 2, 12);
    assert_false(test_is_never_refused(&life));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_presence_promises),
        cmocka_unit_test(test_presence_shrinks),
    };

    return cmocka_run_group_tests(tests, test_start, NULL);
}

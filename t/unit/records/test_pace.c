
/*
 * Unit of ngx_household_pace.c: the window, with models of servers.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_pace.h"


#define RING  65536


static ngx_household_pace_t  pace;

/* lookups under way, in order: when each was sent, and is answered */

static struct {
    ngx_msec_t  sent;
    double      due;
} ring[RING];

static ngx_uint_t  head, tail, answered;
static ngx_msec_t  now, longest;


/*
 * A server that is "delay" ms away and answers "rate" lookups a ms, asked for
 * more than that for "time" ms.  Returns the lookups answered.
 */

static ngx_uint_t
run(double rate, ngx_msec_t delay, ngx_msec_t time)
{
    double      free;
    ngx_msec_t  end;

    free = 0;
    answered = 0;
    longest = 0;

    for (end = now + time; now != end; now++) {

        while (head != tail && ring[head % RING].due <= now - end + time) {
            longest = ngx_max(longest, now - ring[head % RING].sent);
            ngx_household_pace_answered(&pace, ring[head % RING].sent, now);
            head++;
            answered++;
        }

        while (ngx_household_pace_open(&pace)) {
            ngx_household_pace_sent(&pace);

            free = ngx_max(free, now - end + time) + 1 / rate;
            ring[tail % RING].sent = now;
            ring[tail % RING].due = free + delay;
            tail++;
            assert_true(tail - head < RING);
        }
    }

    /* what is under way is of no further use here */

    while (head != tail) {
        ngx_household_pace_answered(&pace, ring[head % RING].sent, now);
        head++;
    }

    return answered;
}


static void
begin(ngx_msec_t timeout)
{
    now = (ngx_msec_t) 0 - 5000;
    head = tail = 0;

    ngx_household_pace_init(&pace, timeout, now);
}


/* all that a server can do is asked of it, and no more than it has time for */

static void
test_rate(void **data)
{
    size_t  i;

    static const ngx_msec_t  timeouts[] = { 20, 50, 200, 3000 };

    for (i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
        begin(timeouts[i]);
        assert_true(run(1, 1, 2000) > 1800);
        assert_true(run(1, 1, 20000) > 19000);
        assert_true(longest <= 2 * ngx_min(timeouts[i], 200) + 64);
        assert_true(pace.window <= 1.5 * ngx_min(timeouts[i], 200) + 64);
    }
}


/* a server that is far away, or fast, is given what it can do */

static void
test_far(void **data)
{
    begin(50);
    assert_true(run(10, 300, 3000) > 1000);
    assert_true(run(10, 300, 3000) > 4000);
    assert_int_equal(pace.window <= NGX_HOUSEHOLD_PACE_MAX, 1);

    begin(50);
    assert_true(run(100, 0, 1000) > 50000);
}


/* it becomes slower, and faster again */

static void
test_change(void **data)
{
    begin(50);
    run(10, 1, 3000);
    assert_true(run(0.1, 1, 20000) > 1700);
    assert_true(pace.window <= 32);
    run(10, 1, 1000);
    assert_true(run(10, 1, 1000) > 5000);
}


/* what is not the limit does not grow, and a server that fails is spared */

static void
test_window(void **data)
{
    ngx_uint_t  i;

    begin(50);

    for (i = 0; i < 10000; i++) {
        assert_int_equal(ngx_household_pace_open(&pace), 1);
        ngx_household_pace_sent(&pace);
        ngx_household_pace_answered(&pace, now, now + 1);
    }

    assert_int_equal(pace.window, NGX_HOUSEHOLD_PACE_START);

    for (i = 0; i < NGX_HOUSEHOLD_PACE_START; i++) {
        assert_int_equal(ngx_household_pace_open(&pace), 1);
        ngx_household_pace_sent(&pace);
    }

    assert_int_equal(ngx_household_pace_open(&pace), 0);

    for (i = 0; i < NGX_HOUSEHOLD_PACE_START; i++) {
        ngx_household_pace_failed(&pace, now);
    }

    assert_int_equal(pace.window, NGX_HOUSEHOLD_PACE_MIN);
    assert_int_equal(pace.pending, 0);
    assert_int_equal(ngx_household_pace_open(&pace), 1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_far),
        cmocka_unit_test(test_change),
        cmocka_unit_test(test_window)
    };

    return cmocka_run_group_tests_name("pace", tests, NULL,
                                       NULL);
}

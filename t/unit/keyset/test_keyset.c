
/*
 * Unit of ngx_household_keyset.c: a worker process that has no memory for a set
 * which another one has fetched.
 *
 * Links: see ngx_household_zone_test.h.
 */

#include "ngx_household_zone_test.h"
#include "ngx_household_keyset_schedule.h"
#include "ngx_household_keyset_shm.h"


/* of nginx, the fetch and the state file, which are not under test here */

volatile ngx_time_t  *ngx_cached_time;
ngx_rbtree_t          ngx_event_timer_rbtree;
ngx_uint_t            ngx_exiting;

static ngx_uint_t     test_timers;
static ngx_uint_t     test_fetches;
static ngx_uint_t     test_aborted;
static ngx_uint_t     test_written;    /* the file, if need be */
static uint64_t       test_fetch;      /* stands for a fetch */

static ngx_household_fetch_done_pt  test_done;

static u_char  test_text[] =
    "{\"keys\":[{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"k1\","
    "\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}]}";


void
ngx_rbtree_insert(ngx_rbtree_t *tree, ngx_rbtree_node_t *node)
{
    test_timers++;
}


void
ngx_rbtree_delete(ngx_rbtree_t *tree, ngx_rbtree_node_t *node)
{
    test_timers--;
}


ngx_household_fetch_t *
ngx_household_fetch_create(ngx_household_fetch_conf_t *conf, ngx_str_t *etag,
    ngx_str_t *modified, ngx_household_fetch_done_pt done, void *data)
{
    test_done = done;

    return (ngx_household_fetch_t *) &test_fetch;
}


void
ngx_household_fetch_start(ngx_household_fetch_t *fetch)
{
    test_fetches++;
}


void
ngx_household_fetch_abort(ngx_household_fetch_t *fetch)
{
    test_aborted++;
}


void
ngx_household_keyset_write_state(ngx_household_keyset_t *keyset)
{
    test_written++;
}


static void
test_changed(void *data, ngx_household_keyset_t *keyset)
{
    (*(ngx_uint_t *) data)++;
}


/* shared memory with a set, which is not due */

static void
test_shared(ngx_household_keyset_t *keyset)
{
    char                   error[NGX_HOUSEHOLD_JWKS_ERROR];
    u_char                *p;
    ngx_str_t              text;
    ngx_slab_pool_t       *sp;
    ngx_shm_zone_t         zone;
    ngx_household_jwks_t  *jwks;

    memset(&zone, 0, sizeof(ngx_shm_zone_t));
    memset(keyset, 0, sizeof(ngx_household_keyset_t));

    ngx_str_set(&keyset->url, "https://id.example.tv/jwks.json");
    keyset->refresh = 600000;

    zone.data = keyset;
    zone.shm.size = ngx_align(ngx_household_keyset_shm_size(), ngx_pagesize);
    zone.shm.log = &test_log_object;

    p = aligned_alloc(ngx_pagesize, zone.shm.size);
    assert_non_null(p);
    memset(p, 0, zone.shm.size);
    zone.shm.addr = p;

    sp = (ngx_slab_pool_t *) p;
    sp->end = p + zone.shm.size;
    sp->min_shift = 3;
    sp->addr = p;

    assert_int_equal(ngx_shmtx_create(&sp->mutex, &sp->lock, NULL), NGX_OK);
    ngx_slab_init(sp);

    assert_int_equal(ngx_household_keyset_shm_init(&zone, NULL), NGX_OK);

    text.data = test_text;
    text.len = sizeof(test_text) - 1;

    jwks = ngx_household_jwks_parse(&text, NULL, NULL, error);
    assert_non_null(jwks);
    (void) ngx_household_keyset_shm_store(keyset, &text, jwks);
    ngx_household_jwks_destroy(jwks);

    keyset->sh->started = 1;
    keyset->sh->next = ngx_current_msec + 600000;
}


static void
test_no_memory_for_it(void **data)
{
    ngx_uint_t               changed;
    ngx_household_keyset_t   keyset;

    test_shared(&keyset);

    changed = 0;
    test_timers = 0;
    test_log[0] = '\0';
    test_no_memory = 1;

    ngx_household_keyset_start(&keyset, test_changed, &changed);

    assert_string_equal(test_log, "household keyset "
                                  "\"https://id.example.tv/jwks.json\": "
                                  "shared set not loaded");
    assert_null(keyset.jwks);
    assert_int_equal(changed, 0);
    assert_int_equal(test_timers, 1);

    /* requests do not try again, and do not log it again */

    test_log[0] = '\0';
    ngx_household_keyset_update(&keyset);
    assert_string_equal(test_log, "");

    /* the next time of a fetch does */

    keyset.timer.timer_set = 0;
    keyset.timer.handler(&keyset.timer);
    assert_non_null(strstr(test_log, "shared set not loaded"));
    assert_null(keyset.jwks);

    test_no_memory = 0;
    test_log[0] = '\0';
    keyset.timer.timer_set = 0;
    keyset.timer.handler(&keyset.timer);

    assert_string_equal(test_log, "");
    assert_non_null(keyset.jwks);
    assert_int_equal(keyset.jwks->nkeys, 1);
    assert_int_equal(changed, 1);

    /* once */

    keyset.timer.timer_set = 0;
    keyset.timer.handler(&keyset.timer);
    assert_int_equal(changed, 1);

    ngx_household_keyset_stop(&keyset);
    free(keyset.shpool);
}


/* a set that was there before remains in use meanwhile */

static void
test_former_one(void **data)
{
    ngx_uint_t               changed;
    ngx_household_jwks_t    *former;
    ngx_household_keyset_t   keyset;

    test_shared(&keyset);

    changed = 0;
    ngx_household_keyset_start(&keyset, test_changed, &changed);

    former = keyset.jwks;
    assert_non_null(former);
    assert_int_equal(changed, 1);

    test_no_memory = 1;
    keyset.sh->generation++;
    ngx_household_keyset_update(&keyset);
    assert_ptr_equal(keyset.jwks, former);
    assert_int_equal(changed, 1);

    test_no_memory = 0;
    keyset.timer.timer_set = 0;
    keyset.timer.handler(&keyset.timer);
    assert_int_equal(changed, 2);

    ngx_household_keyset_stop(&keyset);
    free(keyset.shpool);
}


/* a process that exits while it fetches: the others need not wait for it */

static void
test_exit(void **data)
{
    ngx_uint_t              changed;
    ngx_household_keyset_t  keyset, former;

    test_shared(&keyset);
    former = keyset;

    changed = 0;
    test_fetches = 0;
    test_aborted = 0;

    former.fetch.timeout = 60000;
    former.changed = test_changed;
    former.data = &changed;

    ngx_household_keyset_want(&former);
    assert_int_equal(test_fetches, 1);
    assert_int_equal(keyset.sh->busy, 1);

    ngx_household_keyset_start(&keyset, test_changed, &changed);
    assert_true(keyset.timer.timer.key - ngx_current_msec <= 1000);

    keyset.timer.timer_set = 0;
    keyset.timer.handler(&keyset.timer);
    assert_int_equal(test_fetches, 1);
    assert_true(keyset.timer.timer.key - ngx_current_msec <= 1000);

    ngx_household_keyset_stop(&former);
    assert_int_equal(test_aborted, 1);
    assert_int_equal(keyset.sh->busy, 0);

    keyset.timer.timer_set = 0;
    keyset.timer.handler(&keyset.timer);
    assert_int_equal(test_fetches, 2);

    ngx_household_keyset_stop(&keyset);
    assert_int_equal(test_aborted, 2);
    free(keyset.shpool);
}


/*
 * A process that was stopped has a fetch under way whose time is over, and sees
 * a request before the timer of that fetch: it does not begin another one.
 */

static void
test_late(void **data)
{
    ngx_uint_t              changed;
    ngx_household_keyset_t  keyset;

    test_shared(&keyset);

    changed = 0;
    test_fetches = 0;
    test_aborted = 0;

    keyset.fetch.timeout = 10000;
    ngx_household_keyset_start(&keyset, test_changed, &changed);
    ngx_household_keyset_want(&keyset);
    assert_int_equal(test_fetches, 1);

    ngx_current_msec += NGX_HOUSEHOLD_KEYSET_EARLY;
    ngx_household_keyset_want(&keyset);
    assert_int_equal(test_fetches, 1);

    ngx_household_keyset_stop(&keyset);
    assert_int_equal(test_aborted, 1);
    free(keyset.shpool);
}


/* the file may lack a set that the issuer has not changed, or does not send */

static void
test_file(void **data)
{
    ngx_time_t                now;
    ngx_uint_t                changed;
    ngx_household_keyset_t    keyset;
    ngx_household_response_t  response;

    test_shared(&keyset);

    memset(&now, 0, sizeof(ngx_time_t));
    ngx_cached_time = &now;

    changed = 0;
    test_written = 0;
    ngx_household_keyset_start(&keyset, test_changed, &changed);

    memset(&response, 0, sizeof(ngx_household_response_t));
    response.status = 304;

    ngx_household_keyset_want(&keyset);
    test_done(&keyset, &response, 0, NULL);
    assert_int_equal(keyset.sh->results[NGX_HOUSEHOLD_KEYSET_UNCHANGED], 1);
    assert_int_equal(test_written, 1);

    keyset.sh->wanted = 0;
    ngx_household_keyset_want(&keyset);
    test_done(&keyset, NULL, 0, "timed out");
    assert_int_equal(keyset.sh->results[NGX_HOUSEHOLD_KEYSET_FAILED], 1);
    assert_int_equal(test_written, 2);

    ngx_household_keyset_stop(&keyset);
    free(keyset.shpool);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_no_memory_for_it),
        cmocka_unit_test(test_former_one),
        cmocka_unit_test(test_exit),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_file)
    };

    return cmocka_run_group_tests_name("ngx_household_keyset", tests,
                                       test_setup, test_teardown);
}

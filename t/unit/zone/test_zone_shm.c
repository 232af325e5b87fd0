
/*
 * Unit of ngx_household_zone_shm.c: the zone as a whole, through
 * configurations, and under pressure.
 *
 * Links: see ngx_household_zone_test.h.
 */

#include "ngx_household_zone_test.h"


#define SIZE  (64 * 4096)
#define UUID  "0d8f7f6c-3b1e-4c5a-9a77-1f0e2d3c4b5a"


static void
test_add(void **data)
{
    char                   other_tag;
    ngx_str_t              other = ngx_string("other");
    ngx_household_zone_t  *zone;

    test_config();

    assert_null(ngx_household_zone_add(&test_conf, &test_name, 8 * 4096 - 1,
                                       &test_tag));
    assert_string_equal(test_log, "zone \"households\" is too small");

    /* used before it is declared */

    zone = ngx_household_zone_add(&test_conf, &test_name, 0, &test_tag);
    assert_non_null(zone);
    assert_ptr_equal(ngx_household_zone_add(&test_conf, &test_name, SIZE,
                                            &test_tag), zone);
    assert_int_equal(zone->shm_zone->shm.size, SIZE);
    assert_ptr_equal(ngx_household_zone_add(&test_conf, &test_name, 0,
                                            &test_tag), zone);

    assert_null(ngx_household_zone_add(&test_conf, &test_name, SIZE,
                                       &test_tag));
    assert_string_equal(test_log, "household_zone \"households\" is duplicate");

    assert_null(ngx_household_zone_add(&test_conf, &test_name, 0, &other_tag));

    assert_ptr_not_equal(ngx_household_zone_add(&test_conf, &other, SIZE,
                                                &test_tag), zone);
}


/* zones of other modules are between ours, in two parts of the list */

static void
test_check(void **data)
{
    ngx_str_t        other = ngx_string("other"), none = ngx_string("none");
    ngx_list_part_t  *part = &test_cycle.shared_memory.part;
    ngx_list_part_t   last;

    test_config();

    assert_non_null(ngx_shared_memory_add(&test_conf, &other, 0, &other));
    assert_non_null(ngx_household_zone_add(&test_conf, &test_name, 0,
                                           &test_tag));
    assert_non_null(ngx_household_zone_add(&test_conf, &test_name, SIZE,
                                           &test_tag));

    memset(&last, 0, sizeof(ngx_list_part_t));

    part->elts = test_zones;
    part->nelts = 1;
    part->next = &last;
    last.elts = &test_zones[1];
    last.nelts = 1;

    assert_int_equal(ngx_household_zone_check(&test_conf), NGX_OK);

    assert_non_null(ngx_household_zone_add(&test_conf, &none, 0, &test_tag));
    test_conf_file.line = 8;
    assert_non_null(ngx_household_zone_add(&test_conf, &none, 0, &test_tag));
    last.nelts = 2;

    assert_int_equal(ngx_household_zone_check(&test_conf), NGX_ERROR);
    assert_string_equal(test_log, "unknown household_zone \"none\" of "
                        "\"household_store\" in nginx.conf:7");

    test_conf_file.line = 7;
}


static void
test_stores(void **data)
{
    ngx_household_zone_t     *zone;
    ngx_household_zone_ns_t  *account, *token;

    zone = zone_declare(SIZE);

    assert_ptr_equal(zone_store(zone, ACCOUNT, "main", 0),
                     zone_store(zone, ACCOUNT, "main", 0));
    assert_ptr_not_equal(zone_store(zone, ACCOUNT, "main", 0),
                         zone_store(zone, TOKEN, "main", 0));
    assert_ptr_not_equal(zone_store(zone, ACCOUNT, "main", 0),
                         zone_store(zone, ACCOUNT, "main2", 0));

    /* whoever needs it to be tracked has it tracked */

    assert_int_equal(zone_store(zone, ACCOUNT, "main", 1)->tracked, 1);
    assert_int_equal(zone_store(zone, ACCOUNT, "main", 0)->tracked, 1);

    /* the same name of two kinds is two stores */

    zone = zone_declare(SIZE);
    account = zone_store(zone, ACCOUNT, "main", 0);
    token = zone_store(zone, TOKEN, "main", 0);
    assert_int_equal(zone_start(zone), NGX_OK);

    fetch(account, UUID, "record", 0);
    assert_int_equal(get(token, UUID, 0), MISS);
    fetch(token, UUID, "claims", 0);
    assert_int_equal(get(account, UUID, 0), HIT);
    assert_string_equal(got, "record");

    zone_stop(zone);
}


static void
test_smallest(void **data)
{
    ngx_household_zone_ns_t  *store;

    /* however many worker processes count in it */

    ngx_ncpu = 64;
    store = store_start(8 * 4096, 0);
    ngx_ncpu = 2;

    assert_int_equal(fetch(store, UUID, "record", 0), NGX_OK);
    assert_int_equal(get(store, UUID, 0), HIT);
    assert_int_equal(store->zone->shpool->log_nomem, 0);
    assert_string_equal((char *) store->zone->shpool->log_ctx,
                        " in household zone \"households\"");
    assert_true(store->zone->cells->cells
                + (size_t) store->zone->cells->ncells * NGX_HOUSEHOLD_CELL
                <= (u_char *) store->zone->shpool->end);

    zone_stop(store->zone);
}


static void
test_reload(void **data)
{
    uint64_t                  gen;
    ngx_household_zone_t     *zone, *next;
    ngx_household_zone_ns_t  *store, *token, *nstore, *ntoken, *fresh;

    zone = zone_declare(SIZE);
    store = zone_store(zone, ACCOUNT, "main", 0);
    token = zone_store(zone, TOKEN, "keys", 0);
    assert_int_equal(zone_start(zone), NGX_OK);

    fetch(store, UUID, "record", 0);
    fetch(token, UUID, "claims", 0);
    gen = ngx_household_zone_get_generation(store, id_of("new"));

    /* another order, and one more store */

    next = zone_declare(SIZE);
    ntoken = zone_store(next, TOKEN, "keys", 0);
    fresh = zone_store(next, ACCOUNT, "other database", 0);
    nstore = zone_store(next, ACCOUNT, "main", 0);
    assert_int_equal(zone_reuse(next, zone), NGX_OK);

    assert_int_equal(get(nstore, UUID, 0), HIT);
    assert_string_equal(got, "record");
    assert_int_equal(get(ntoken, UUID, 0), HIT);
    assert_string_equal(got, "claims");
    assert_int_equal(get(fresh, UUID, 0), MISS);

    /* old and new workers side by side */

    invalidate(nstore, "new");
    assert_int_equal(put(store, "new", "new", gen, 0), NGX_DECLINED);
    assert_int_equal(fetch(store, "new", "new", 0), NGX_OK);
    assert_int_equal(get(nstore, "new", 0), HIT);

    zone_stop(next);
}


/* memory that was there before, as on systems without fork() */

static void
test_exists(void **data)
{
    ngx_household_zone_t     *next;
    ngx_household_zone_ns_t  *store, *nstore;

    store = store_start(SIZE, 0);
    fetch(store, UUID, "record", 0);

    next = zone_declare(SIZE);
    nstore = zone_store(next, ACCOUNT, "main", 0);
    next->shm_zone->shm.addr = (u_char *) store->zone->shpool;
    next->shm_zone->shm.exists = 1;

    assert_int_equal(next->shm_zone->init(next->shm_zone, NULL), NGX_OK);
    assert_int_equal(get(nstore, UUID, 0), HIT);

    zone_stop(next);
}


/* a secret of each zone, which a reload keeps; without it no digest */

static void
test_digest(void **data)
{
    u_char                    digest[3][NGX_HOUSEHOLD_ZONE_DIGEST];
    ngx_household_zone_t     *old, *zone, *other;
    ngx_household_zone_ns_t  *tokens;

    old = zone_declare(SIZE);
    tokens = zone_store(old, TOKEN, "a", 0);
    assert_int_equal(zone_start(old), NGX_OK);
    assert_int_equal(ngx_household_zone_digest(tokens, id_of("x"), digest[0]),
                     NGX_OK);

    zone = zone_declare(SIZE);
    tokens = zone_store(zone, TOKEN, "b", 0);
    assert_int_equal(zone_reuse(zone, old), NGX_OK);
    assert_int_equal(ngx_household_zone_digest(tokens, id_of("x"), digest[1]),
                     NGX_OK);
    assert_memory_equal(digest[0], digest[1], sizeof(digest[0]));

    assert_int_equal(ngx_household_zone_digest(tokens, id_of("y"), digest[1]),
                     NGX_OK);
    assert_memory_not_equal(digest[0], digest[1], sizeof(digest[0]));

    zone->sh->has_secret = 0;
    assert_int_equal(ngx_household_zone_digest(tokens, id_of("x"), digest[1]),
                     NGX_DECLINED);
    zone_stop(zone);

    other = zone_declare(SIZE);
    tokens = zone_store(other, TOKEN, "a", 0);
    assert_int_equal(zone_start(other), NGX_OK);
    assert_int_equal(ngx_household_zone_digest(tokens, id_of("x"), digest[2]),
                     NGX_OK);
    assert_memory_not_equal(digest[0], digest[2], sizeof(digest[0]));
    assert_true(memcmp(other->sh->secret, other->cells->seed,
                       sizeof(other->sh->secret)) != 0);
    zone_stop(other);
}


static void
test_other_layout(void **data)
{
    ngx_household_zone_t     *next;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);
    fetch(store, UUID, "record", 0);

    store->zone->sh->layout++;

    next = zone_declare(SIZE);
    assert_int_equal(zone_reuse(next, store->zone), NGX_ERROR);
    assert_string_equal(test_log, "household zone \"households\": incompatible "
                                  "layout of another module version; rename "
                                  "the zone or restart");

    /* what runs is as it was */

    assert_int_equal(get(store, UUID, 0), HIT);

    zone_stop(store->zone);
}


/* the slots of stores that are named no more are given to others */

static void
test_slots(void **data)
{
    char                      name[16];
    uint64_t                  gen;
    ngx_uint_t                i;
    ngx_household_zone_t     *zone;
    ngx_household_zone_ns_t  *first, *old, *kept, *store;

    zone = zone_declare(SIZE);
    first = zone_store(zone, ACCOUNT, "first", 0);
    kept = zone_store(zone, ACCOUNT, "kept", 0);
    assert_int_equal(zone_start(zone), NGX_OK);

    fetch(first, UUID, "of the first", 0);
    fetch(kept, UUID, "of the kept", 0);
    gen = ngx_household_zone_get_generation(first, id_of(UUID));

    store = NULL;
    old = first;

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_NAMESPACES - 1; i++) {

        assert_int_equal(get(first, UUID, 0), HIT);

        zone = zone_declare(SIZE);
        sprintf(name, "%u", (unsigned) i);
        store = zone_store(zone, TOKEN, name, 0);
        kept = zone_store(zone, ACCOUNT, "kept", 0);
        assert_int_equal(zone_reuse(zone, old->zone), NGX_OK);
        assert_int_equal(get(store, UUID, 0), MISS);
        old = store;
    }

    assert_int_equal(store->index, first->index);
    assert_int_equal(get(store, UUID, 0), MISS);
    assert_int_equal(fetch(store, UUID, "of the last", 0), NGX_OK);

    /* a worker of the first configuration: nothing is there, nothing kept */

    assert_int_equal(get(first, UUID, 0), MISS);
    assert_int_equal(found.refresh, 1);
    assert_int_equal(ngx_household_zone_get_generation(first, id_of(UUID)),
                     0);
    assert_int_equal(fetch(first, UUID, "of the first", 0), NGX_ERROR);
    assert_int_equal(put(first, UUID, "of the first", gen, 0), NGX_ERROR);
    assert_int_equal(ngx_household_zone_renew(first, 0, 1000, 1),
                     NGX_DECLINED);
    assert_int_equal(ngx_household_zone_coherent(first, 0), 0);
    invalidate(first, UUID);
    ngx_household_zone_invalidate_all(first);
    ngx_household_zone_flush(first);

    assert_int_equal(get(store, UUID, 0), HIT);
    assert_string_equal(got, "of the last");
    assert_int_equal(get(kept, UUID, 0), HIT);
    assert_string_equal(got, "of the kept");
    assert_int_equal(records(store), 1);
    assert_int_equal(records(kept), 1);

    zone_stop(zone);
}


/* reloads that fail do not take the slots of the configuration that runs */

static void
test_slots_failed(void **data)
{
    char                      name[16];
    ngx_uint_t                i, n;
    ngx_household_zone_t     *zone;
    ngx_household_zone_ns_t  *store, *last;

    store = store_start(SIZE, 0);
    fetch(store, UUID, "record", 0);

    for (i = 0; i < 3 * NGX_HOUSEHOLD_ZONE_NAMESPACES; i++) {
        zone = zone_declare(SIZE);
        sprintf(name, "%u", (unsigned) i);
        (void) zone_store(zone, ACCOUNT, name, 0);
        (void) zone_store(zone, TOKEN, name, 0);
        assert_int_equal(zone_reuse_fail(zone, store->zone), NGX_OK);
        assert_int_equal(get(store, UUID, 0), HIT);
    }

    assert_int_equal(fetch(store, UUID, "record", 0), NGX_OK);

    /* one that needs all slots, its own among them */

    zone = zone_declare(SIZE);
    last = zone_store(zone, ACCOUNT, "main", 0);

    for (n = 1; n < NGX_HOUSEHOLD_ZONE_NAMESPACES; n++) {
        sprintf(name, "%u", (unsigned) (i + n));
        (void) zone_store(zone, TOKEN, name, 0);
    }

    assert_int_equal(zone_reuse(zone, store->zone), NGX_OK);
    assert_int_equal(get(last, UUID, 0), HIT);
    assert_string_equal(got, "record");

    zone_stop(zone);
}


static void
test_too_many_stores(void **data)
{
    char                      name[16];
    ngx_uint_t                i;
    ngx_household_zone_t     *zone;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);
    fetch(store, UUID, "record", 0);

    zone = zone_declare(SIZE);

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_NAMESPACES + 1; i++) {
        sprintf(name, "%u", (unsigned) i);
        (void) zone_store(zone, ACCOUNT, name, 0);
    }

    assert_int_equal(zone_reuse(zone, store->zone), NGX_ERROR);
    assert_string_equal(test_log, "household zone \"households\": too many "
                                  "namespaces: 17, limit 16");

    /* the running configuration has lost nothing */

    assert_int_equal(get(store, UUID, 0), HIT);

    zone_stop(store->zone);
}


/* the least recently used goes first, where get and put are uses */

static void
test_eviction(void **data)
{
    char                      id[16];
    ngx_uint_t                i, n;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);
    n = store->zone->cells->ncells;

    for (i = 0; i < n; i++) {
        sprintf(id, "%u", (unsigned) i);
        assert_int_equal(fetch(store, id, "", 0), NGX_OK);
    }

    assert_int_equal(counter(store, NGX_HOUSEHOLD_ZONE_EVICTED), 0);
    assert_int_equal(records(store), n);

    assert_int_equal(get(store, "0", 0), HIT);
    assert_int_equal(fetch(store, "1", "", 0), NGX_OK);

    for (i = 2; i < n; i++) {
        sprintf(id, "new%u", (unsigned) i);
        assert_int_equal(fetch(store, id, "", 0), NGX_OK);
        assert_int_equal(records(store), n);

        /* found without being used: by its being gone */

        assert_int_equal(counter(store, NGX_HOUSEHOLD_ZONE_EVICTED), i - 1);
    }

    assert_int_equal(get(store, "0", 0), HIT);
    assert_int_equal(get(store, "1", 0), HIT);

    for (i = 2; i < n; i++) {
        sprintf(id, "%u", (unsigned) i);
        assert_int_equal(get(store, id, 0), MISS);
        sprintf(id, "new%u", (unsigned) i);
        assert_int_equal(get(store, id, 0), HIT);
    }

    zone_stop(store->zone);
}


/* what is past its time goes before anything has to, two with each put */

static void
test_sweep(void **data)
{
    char                      id[16];
    ngx_uint_t                i;
    ngx_household_zone_ns_t  *store;

    store = store_start(SIZE, 0);

    for (i = 0; i < 10; i++) {
        sprintf(id, "%u", (unsigned) i);
        fetch(store, id, "", 0);
    }

    fetch(store, "a", "", OLD + STALE);
    assert_int_equal(records(store), 9);
    fetch(store, "b", "", OLD + STALE);
    assert_int_equal(records(store), 8);
    assert_int_equal(counter(store, NGX_HOUSEHOLD_ZONE_EVICTED), 0);

    zone_stop(store->zone);
}


/* and so does what is left of a kind of which nothing is put any more */

static void
test_sweep_others(void **data)
{
    char                      id[16];
    ngx_uint_t                i, n;
    ngx_household_zone_t     *zone;
    ngx_household_zone_ns_t  *account, *token;

    zone = zone_declare(SIZE);
    account = zone_store(zone, ACCOUNT, "main", 0);
    token = zone_store(zone, TOKEN, "keys", 0);
    assert_int_equal(zone_start(zone), NGX_OK);

    n = zone->cells->ncells;

    for (i = 0; i < n; i++) {
        sprintf(id, "%u", (unsigned) i);
        fetch(token, id, "", 0);
    }

    ngx_household_zone_flush(token);

    for (i = 0; i < n; i++) {
        sprintf(id, "%u", (unsigned) i);
        fetch(account, id, "", 0);
    }

    assert_int_equal(records(account), n);
    assert_int_equal(counter(token, NGX_HOUSEHOLD_ZONE_EVICTED), 0);

    zone_stop(zone);
}


/* tokens take the room that accounts leave, and give it back */

static void
test_kinds(void **data)
{
    char                      id[16];
    u_char                    large[8000];
    ngx_uint_t                i, n, evicted;
    ngx_household_zone_t     *zone;
    ngx_household_zone_ns_t  *account, *token;

    zone = zone_declare(SIZE);
    account = zone_store(zone, ACCOUNT, "main", 0);
    token = zone_store(zone, TOKEN, "keys", 0);
    assert_int_equal(zone_start(zone), NGX_OK);

    n = zone->cells->ncells;
    memset(large, 1, sizeof(large));

    for (i = 0; i < 2 * n; i++) {
        sprintf(id, "%u", (unsigned) i);
        assert_int_equal(fetch(token, id, "", 0), NGX_OK);
    }

    assert_int_equal(records(token), n);

    for (i = 0; i < 2 * n; i++) {
        sprintf(id, "%u", (unsigned) i);
        assert_int_equal(fetch(account, id, "", 0), NGX_OK);
    }

    assert_int_equal(records(token), zone->cells->lists[TOKEN].reserved);
    assert_int_equal(records(account), n - records(token));

    for (i = 0; i < 2 * n; i++) {
        sprintf(id, "%u", (unsigned) i);
        assert_int_equal(fetch(token, id, "", 0), NGX_OK);
    }

    assert_in_range(records(account), zone->cells->lists[ACCOUNT].reserved,
                    zone->cells->lists[ACCOUNT].reserved + 1);

    /* large ones: what was flushed gives way, and is not counted as evicted */

    evicted = counter(token, NGX_HOUSEHOLD_ZONE_EVICTED);
    ngx_household_zone_flush(account);
    ngx_household_zone_flush(token);

    for (i = 0; i < 10; i++) {
        sprintf(id, "%u", (unsigned) i);
        ngx_household_zone_put(account, id_of(id), large, sizeof(large), 0,
                        ngx_household_zone_get_generation(account, id_of(id)),
                        0, FRESH, STALE);
    }

    assert_int_equal(records(account), 10);
    assert_int_equal(counter(token, NGX_HOUSEHOLD_ZONE_EVICTED), evicted);

    zone_stop(zone);
}


/*
 * Bytes of the zone for a record, everything included: how many of a size
 * there are in 16 megabytes when the first one is evicted.
 */

static ngx_uint_t
measure(size_t idlen, size_t len)
{
    char                      id[64];
    u_char                   *value;
    size_t                    size;
    ngx_str_t                 s;
    ngx_uint_t                i, n;
    ngx_household_zone_ns_t  *store;

    size = 16 * 1024 * 1024;
    store = store_start(size, 0);
    value = calloc(1, len + 1);

    s.data = (u_char *) id;
    s.len = idlen;

    for (i = 0; /* void */ ; i++) {

        sprintf(id, "%08x-%04x-4000-8000-000000000000", (unsigned) i,
                (unsigned) (i & 0xffff));

        ngx_household_zone_put(store, &s, value, len, len == 0,
                               ngx_household_zone_get_generation(store, &s),
                               0, FRESH, STALE);

        if (i % 64 == 0 && counter(store, NGX_HOUSEHOLD_ZONE_EVICTED)) {
            break;
        }
    }

    n = records(store);

    print_message("# id %u, record %u: %u bytes of the zone\n",
                  (unsigned) idlen, (unsigned) len,
                  (unsigned) ((size + n - 1) / n));

    zone_stop(store->zone);
    free(value);

    return (size + n - 1) / n;
}


static void
test_size(void **data)
{
    assert_in_range(measure(36, 150), 0, 256);
    assert_in_range(measure(36, 162), 0, 256);
    assert_in_range(measure(36, 0), 0, 128);

    /* an id of another form, of the same length */

    assert_in_range(measure(35, 143), 0, 256);

    /* larger ones: what docs/zone.md says */

    assert_in_range(measure(36, 300), 0, 500);
    assert_in_range(measure(36, 600), 0, 750);
    assert_in_range(measure(36, 1000), 0, 1250);
    assert_in_range(measure(36, 4000), 0, 4501);
    assert_in_range(measure(36, 16384), 0, 17800);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_stores),
        cmocka_unit_test(test_smallest),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_exists),
        cmocka_unit_test(test_other_layout),
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_slots_failed),
        cmocka_unit_test(test_too_many_stores),
        cmocka_unit_test(test_eviction),
        cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_sweep_others),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_size)
    };

    return cmocka_run_group_tests_name("ngx_household_zone_shm", tests,
                                       test_setup, test_teardown);
}


/*
 * What the units of the zone stand on: nginx's slab and mutex as they are,
 * and in place of the rest of nginx the few symbols that those need.
 *
 * Links: ngx_household_{cells,zone,zone_shm,zone_track}.c, and of nginx
 * src/core/ngx_{slab,shmtx,md5,string}.c.
 */


#ifndef _NGX_HOUSEHOLD_ZONE_TEST_H_INCLUDED_
#define _NGX_HOUSEHOLD_ZONE_TEST_H_INCLUDED_


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "ngx_household_zone_shm.h"
#include "ngx_household_cells_check.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>


#define ZONES   4
#define BLOCKS  4096

#define ACCOUNT  NGX_HOUSEHOLD_ZONE_ACCOUNT
#define TOKEN    NGX_HOUSEHOLD_ZONE_TOKEN
#define FLEET NGX_HOUSEHOLD_ZONE_FLEET
#define MISS     NGX_HOUSEHOLD_ZONE_MISS
#define HIT      NGX_HOUSEHOLD_ZONE_HIT
#define EXPIRED  NGX_HOUSEHOLD_ZONE_EXPIRED

/* within the fresh time, whatever the jitter; and beyond it */
#define FRESH    60000
#define STALE    3600000
#define YOUNG    (FRESH - FRESH / 10 - 1)
#define OLD      FRESH


volatile ngx_cycle_t  *ngx_cycle;
volatile ngx_msec_t    ngx_current_msec;
ngx_pid_t              ngx_pid;
ngx_int_t              ngx_ncpu = 2;
ngx_uint_t             ngx_pagesize = 4096;
ngx_uint_t             ngx_pagesize_shift = 12;

static char            test_log[4096];
static char            test_tag;

static ngx_log_t       test_log_object;
static ngx_cycle_t     test_cycle;
static ngx_conf_t      test_conf;

static ngx_str_t        test_words[] = { ngx_string("household_store") };
static ngx_array_t      test_args = { .elts = test_words, .nelts = 1 };
static ngx_conf_file_t  test_conf_file = {
    .file = { .name = ngx_string("nginx.conf") },
    .line = 7
};

/* of the configuration that is being read */
static ngx_shm_zone_t  test_zones[ZONES];
static ngx_uint_t      test_nzones;

/* ngx_alloc() fails */
static ngx_uint_t      test_no_memory;

static void           *test_blocks[BLOCKS];
static ngx_uint_t      test_nblocks;

static ngx_str_t       test_name = ngx_string("households");


static void
test_write_log(ngx_err_t err, const char *fmt, va_list args)
{
    u_char  *p;

    p = ngx_vslprintf((u_char *) test_log,
                      (u_char *) test_log + sizeof(test_log) - 1, fmt, args);
    *p = '\0';
}


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    test_write_log(err, fmt, args);
    va_end(args);
}


void ngx_cdecl
ngx_conf_log_error(ngx_uint_t level, ngx_conf_t *cf, ngx_err_t err,
    const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    test_write_log(err, fmt, args);
    va_end(args);
}


void
ngx_debug_point(void)
{
    abort();
}


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    return test_no_memory ? NULL : malloc(size);
}


#if (NGX_HAVE_POSIX_MEMALIGN || NGX_HAVE_MEMALIGN)

void *
ngx_memalign(size_t alignment, size_t size, ngx_log_t *log)
{
    return test_no_memory ? NULL : aligned_alloc(alignment, size);
}

#endif


void *
ngx_pcalloc(ngx_pool_t *pool, size_t size)
{
    void  *p;

    p = calloc(1, size);

    assert_non_null(p);
    assert_true(test_nblocks < BLOCKS);
    test_blocks[test_nblocks++] = p;

    return p;
}


void *
ngx_pnalloc(ngx_pool_t *pool, size_t size)
{
    return ngx_pcalloc(pool, size);
}


ngx_shm_zone_t *
ngx_shared_memory_add(ngx_conf_t *cf, ngx_str_t *name, size_t size, void *tag)
{
    ngx_uint_t       i;
    ngx_shm_zone_t  *z;

    for (i = 0; i < test_nzones; i++) {
        z = &test_zones[i];

        if (z->shm.name.len != name->len
            || memcmp(z->shm.name.data, name->data, name->len) != 0)
        {
            continue;
        }

        if (z->tag != tag || (size && z->shm.size && size != z->shm.size)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "conflict");
            return NULL;
        }

        if (z->shm.size == 0) {
            z->shm.size = size;
        }

        return z;
    }

    assert_true(test_nzones < ZONES);

    z = &test_zones[test_nzones++];

    memset(z, 0, sizeof(ngx_shm_zone_t));
    z->shm.name = *name;
    z->shm.size = size;
    z->shm.log = &test_log_object;
    z->tag = tag;

    return z;
}


/* a configuration begins; the zones of the last one are still running */

static void
test_config(void)
{
    test_nzones = 0;
    test_log[0] = '\0';

    test_conf.cycle = &test_cycle;
    test_conf.log = &test_log_object;
    test_conf.args = &test_args;
    test_conf.conf_file = &test_conf_file;
}


static int
test_setup(void **data)
{
    ngx_slab_sizes_init();

    ngx_cycle = &test_cycle;
    test_cycle.log = &test_log_object;
    test_log_object.log_level = NGX_LOG_NOTICE;
    ngx_pid = getpid();

    return 0;
}


static int
test_teardown(void **data)
{
    while (test_nblocks) {
        free(test_blocks[--test_nblocks]);
    }

    return 0;
}


static ngx_household_zone_t *
zone_declare(size_t size)
{
    ngx_household_zone_t  *zone;

    test_config();

    zone = ngx_household_zone_add(&test_conf, &test_name, size, &test_tag);
    assert_non_null(zone);

    return zone;
}


static ngx_household_zone_ns_t *
zone_store(ngx_household_zone_t *zone, ngx_uint_t kind, const char *identity,
    ngx_uint_t tracked)
{
    ngx_str_t                 name;
    ngx_household_zone_ns_t  *store;

    name.data = (u_char *) identity;
    name.len = strlen(identity);

    store = ngx_household_zone_ns(&test_conf, zone, kind, &name, tracked);
    assert_non_null(store);

    return store;
}


/* the configuration takes effect, unless it has failed */

static ngx_int_t
zone_commit(ngx_household_zone_t *zone, ngx_int_t rc)
{
    if (rc == NGX_OK) {
        ngx_household_zone_commit(zone);
    }

    return rc;
}


/* what nginx does for a zone that is new */

static ngx_int_t
zone_start(ngx_household_zone_t *zone)
{
    ngx_shm_t        *shm;
    ngx_slab_pool_t  *sp;

    shm = &zone->shm_zone->shm;

    shm->addr = mmap(NULL, shm->size, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(shm->addr, MAP_FAILED);

    sp = (ngx_slab_pool_t *) shm->addr;

    sp->end = shm->addr + shm->size;
    sp->min_shift = 3;
    sp->addr = shm->addr;

    assert_int_equal(ngx_shmtx_create(&sp->mutex, &sp->lock, NULL), NGX_OK);

    ngx_slab_init(sp);

    return zone_commit(zone, zone->shm_zone->init(zone->shm_zone, NULL));
}


/* the same for one that it had in the last configuration; which then fails */

static ngx_int_t
zone_reuse_fail(ngx_household_zone_t *zone, ngx_household_zone_t *old)
{
    zone->shm_zone->shm.addr = (u_char *) old->shpool;

    return zone->shm_zone->init(zone->shm_zone, old);
}


/* or takes effect */

static ngx_int_t
zone_reuse(ngx_household_zone_t *zone, ngx_household_zone_t *old)
{
    return zone_commit(zone, zone_reuse_fail(zone, old));
}


static void
zone_stop(ngx_household_zone_t *zone)
{
    u_char  *addr;
    size_t   size;

    assert_null(cells_check(zone->cells));
    assert_int_equal(zone->sh->dirty, 0);

    addr = (u_char *) zone->shpool;
    size = zone->shpool->end - addr;

    ngx_shmtx_destroy(&zone->shpool->mutex);
    munmap(addr, size);
}


/* a zone of one store, which is "tracked" or not */

static ngx_household_zone_ns_t *
store_start(size_t size, ngx_uint_t tracked)
{
    ngx_household_zone_t     *zone;
    ngx_household_zone_ns_t  *store;

    zone = zone_declare(size);
    store = zone_store(zone, ACCOUNT, "main", tracked);

    assert_int_equal(zone_start(zone), NGX_OK);

    return store;
}


static ngx_str_t *
id_of(const char *text)
{
    static ngx_str_t  id;

    id.data = (u_char *) text;
    id.len = strlen(text);

    return &id;
}


static ngx_int_t
put(ngx_household_zone_ns_t *store, const char *id, const char *value,
    uint64_t generation, ngx_msec_t now)
{
    return ngx_household_zone_put(store, id_of(id), (u_char *) value,
                                  strlen(value), 0, generation, now, FRESH,
                                  STALE);
}


/* a fetch that nothing comes in between */

static ngx_int_t
fetch(ngx_household_zone_ns_t *store, const char *id, const char *value,
    ngx_msec_t now)
{
    return put(store, id, value,
               ngx_household_zone_get_generation(store, id_of(id)), now);
}


static ngx_household_zone_result_t  found;
static char                        got[NGX_HOUSEHOLD_ZONE_VALUE_MAX + 1];


static ngx_household_zone_state_e
get(ngx_household_zone_ns_t *store, const char *id, ngx_msec_t now)
{
    ngx_household_zone_state_e  state;

    memset(&found, 0xA5, sizeof(found));

    state = ngx_household_zone_get(store, id_of(id), now, (u_char *) got,
                                   NGX_HOUSEHOLD_ZONE_VALUE_MAX, &found);

    got[state == MISS ? 0 : found.len] = '\0';

    return state;
}


static void
invalidate(ngx_household_zone_ns_t *store, const char *id)
{
    ngx_household_zone_invalidate(store, id_of(id));
}


/* a counter, of all kinds together where it has them */

static ngx_uint_t
total(ngx_household_zone_stat_t *stat, ngx_uint_t n)
{
    ngx_uint_t  i, sum;

    if (n >= NGX_HOUSEHOLD_ZONE_KIND_COUNTERS) {
        return stat->counters[n];
    }

    sum = 0;

    for (i = 0; i < NGX_HOUSEHOLD_ZONE_KINDS; i++) {
        sum += stat->counters[ngx_household_zone_kind_counter(n, i)];
    }

    return sum;
}


static ngx_uint_t
counter(ngx_household_zone_ns_t *store, ngx_uint_t n)
{
    ngx_household_zone_stat_t  stat;

    ngx_household_zone_stat(store->zone, &stat);

    return total(&stat, n);
}


static ngx_uint_t
records(ngx_household_zone_ns_t *store)
{
    ngx_household_zone_stat_t  stat;

    ngx_household_zone_stat(store->zone, &stat);

    return stat.records[store->kind];
}


#endif /* _NGX_HOUSEHOLD_ZONE_TEST_H_INCLUDED_ */

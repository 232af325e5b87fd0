
/*
 * Sets of counters in shared memory.  See ngx_household_counters.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_md5.h>
#include "ngx_household_counters.h"


/* to be changed with the layout of the shared memory */
#define NGX_HOUSEHOLD_COUNTERS_LAYOUT  0x68686302


/* "config" is that of the last configuration with the set; 0: never used */

typedef struct {
    u_char                          digest[16];
    ngx_uint_t                      config;
} ngx_household_counters_name_t;


struct ngx_household_counters_sh_s {
    ngx_uint_t                      layout; /* first in all layouts */
    ngx_uint_t                      n;
    ngx_uint_t                      configs;
    ngx_household_rows_t            rows;    /* of the counters of all sets */
    ngx_household_counters_name_t   names[NGX_HOUSEHOLD_COUNTERS_SETS];
};


static size_t ngx_household_counters_size(ngx_uint_t n);
static ngx_int_t ngx_household_counters_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_household_counters_bind(
    ngx_household_counters_t *counters);
static ngx_uint_t ngx_household_counters_find(ngx_household_counters_sh_t *sh,
    u_char *digest);
static ngx_uint_t ngx_household_counters_oldest(
    ngx_household_counters_sh_t *sh);


ngx_household_counters_t *
ngx_household_counters_add(ngx_conf_t *cf, ngx_str_t *name, ngx_uint_t n,
    void *tag)
{
    size_t                     size;
    ngx_shm_zone_t            *shm_zone;
    ngx_household_counters_t  *counters;

    size = ngx_align(ngx_household_counters_size(n), ngx_pagesize);

    /* the slab allocator itself needs 24 bytes for a page of 4096, and some */

    size += size / 64 + 8 * ngx_pagesize;

    shm_zone = ngx_shared_memory_add(cf, name, size, tag);
    if (shm_zone == NULL) {
        return NULL;
    }

    if (shm_zone->data != NULL) {
        return shm_zone->data;
    }

    counters = ngx_pcalloc(cf->pool, sizeof(ngx_household_counters_t));
    if (counters == NULL) {
        return NULL;
    }

    counters->shm_zone = shm_zone;
    counters->n = n;

    shm_zone->init = ngx_household_counters_init;
    shm_zone->data = counters;

    return counters;
}


ngx_household_counters_set_t *
ngx_household_counters_set(ngx_conf_t *cf, ngx_household_counters_t *counters,
    ngx_str_t *fingerprint)
{
    u_char                         digest[16];
    ngx_md5_t                      md5;
    ngx_household_counters_set_t  *set;

    ngx_md5_init(&md5);
    ngx_md5_update(&md5, fingerprint->data, fingerprint->len);
    ngx_md5_final(digest, &md5);

    for (set = counters->sets; set; set = set->next) {
        if (ngx_memcmp(set->digest, digest, sizeof(digest)) == 0) {
            return set;
        }
    }

    set = ngx_pcalloc(cf->pool, sizeof(ngx_household_counters_set_t));
    if (set == NULL) {
        return NULL;
    }

    ngx_memcpy(set->digest, digest, sizeof(digest));

    set->next = counters->sets;
    counters->sets = set;

    return set;
}


/* of the shared memory, with rows of all sets of "n" counters each */

static size_t
ngx_household_counters_size(ngx_uint_t n)
{
    return sizeof(ngx_household_counters_sh_t)
           + ngx_household_rows_size(ngx_household_rows_max(),
                                     NGX_HOUSEHOLD_COUNTERS_SETS * n);
}


static ngx_int_t
ngx_household_counters_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_slab_pool_t              *shpool;
    ngx_household_counters_t     *counters;
    ngx_household_counters_sh_t  *sh;

    counters = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data != NULL || shm_zone->shm.exists) {
        sh = shpool->data;

    } else {
        /* the counters are cleared when a set is used: most never are */

        sh = ngx_slab_alloc(shpool, ngx_household_counters_size(counters->n));
        if (sh == NULL) {
            return NGX_ERROR;
        }

        ngx_memzero(sh, sizeof(ngx_household_counters_sh_t));

        ngx_household_rows_init(&sh->rows, (u_char *) (sh + 1),
                                ngx_household_rows_max(),
                                NGX_HOUSEHOLD_COUNTERS_SETS * counters->n);

        sh->layout = NGX_HOUSEHOLD_COUNTERS_LAYOUT;
        sh->n = counters->n;
        shpool->data = sh;
    }

    if (sh == NULL || sh->layout != NGX_HOUSEHOLD_COUNTERS_LAYOUT
        || sh->n != counters->n)
    {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "zone \"%V\": incompatible layout of another version "
                      "of the household module", &shm_zone->shm.name);
        return NGX_ERROR;
    }

    counters->sh = sh;

    return ngx_household_counters_bind(counters);
}


/*
 * Only the master process binds sets.  If all are in use, a new set replaces
 * one of the oldest configuration, whose worker processes continue to count in
 * it until they have quit.
 */

static ngx_int_t
ngx_household_counters_bind(ngx_household_counters_t *counters)
{
    ngx_uint_t                     i, n;
    ngx_household_counters_sh_t   *sh;
    ngx_household_counters_set_t  *set;

    sh = counters->sh;
    n = 0;

    for (set = counters->sets; set; set = set->next) {
        n++;
    }

    if (n > NGX_HOUSEHOLD_COUNTERS_SETS) {
        ngx_log_error(NGX_LOG_EMERG, counters->shm_zone->shm.log, 0,
                      "zone \"%V\": too many stores: %ui, limit %d",
                      &counters->shm_zone->shm.name, n,
                      NGX_HOUSEHOLD_COUNTERS_SETS);
        return NGX_ERROR;
    }

    sh->configs++;

    /* first those that are kept, so that none of them is replaced */

    for (set = counters->sets; set; set = set->next) {
        i = ngx_household_counters_find(sh, set->digest);

        if (i < NGX_HOUSEHOLD_COUNTERS_SETS) {
            sh->names[i].config = sh->configs;
        }
    }

    for (set = counters->sets; set; set = set->next) {
        i = ngx_household_counters_find(sh, set->digest);

        if (i == NGX_HOUSEHOLD_COUNTERS_SETS) {
            i = ngx_household_counters_oldest(sh);

            ngx_memcpy(sh->names[i].digest, set->digest, 16);
            ngx_household_rows_clear(&sh->rows, i * sh->n, sh->n);

            sh->names[i].config = sh->configs;
        }

        set->rows = &sh->rows;
        set->first = i * sh->n;
    }

    ngx_household_counters_start(counters, 0);

    return NGX_OK;
}


void
ngx_household_counters_start(ngx_household_counters_t *counters,
    ngx_uint_t worker)
{
    ngx_household_counters_set_t  *set;

    for (set = counters->sets; set; set = set->next) {
        set->values = ngx_household_rows_of(set->rows, worker) + set->first;
    }
}


/* returns the index of the set, or NGX_HOUSEHOLD_COUNTERS_SETS */

static ngx_uint_t
ngx_household_counters_find(ngx_household_counters_sh_t *sh, u_char *digest)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HOUSEHOLD_COUNTERS_SETS; i++) {
        if (sh->names[i].config
            && ngx_memcmp(sh->names[i].digest, digest, 16) == 0)
        {
            break;
        }
    }

    return i;
}


static ngx_uint_t
ngx_household_counters_oldest(ngx_household_counters_sh_t *sh)
{
    ngx_uint_t  i, oldest;

    oldest = 0;

    for (i = 1; i < NGX_HOUSEHOLD_COUNTERS_SETS; i++) {
        if (sh->names[i].config < sh->names[oldest].config) {
            oldest = i;
        }
    }

    return oldest;
}

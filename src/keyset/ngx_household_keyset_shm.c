
/*
 * The shared memory of a key set.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_keyset_shm.h"


/* must change whenever the layout of the shared memory changes */
#define NGX_HOUSEHOLD_KEYSET_LAYOUT  0x686b7302


static ngx_int_t ngx_household_keyset_shm_create(
    ngx_household_keyset_t *keyset);
static void ngx_household_keyset_shm_initial(ngx_household_keyset_t *keyset);
static void ngx_household_keyset_shm_file(ngx_household_keyset_t *keyset);


size_t
ngx_household_keyset_shm_size(void)
{
    /* besides, the slab allocator has a header and a table of pages */

    return ngx_align(sizeof(ngx_household_keyset_sh_t), ngx_pagesize)
           + 8 * ngx_pagesize;
}


ngx_int_t
ngx_household_keyset_shm_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_msec_int_t           left;
    ngx_household_keyset_t  *keyset;

    keyset = shm_zone->data;

    keyset->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data == NULL && !shm_zone->shm.exists) {
        if (ngx_household_keyset_shm_create(keyset) != NGX_OK) {
            return NGX_ERROR;
        }

    } else {
        keyset->sh = keyset->shpool->data;

        if (keyset->sh == NULL
            || keyset->sh->layout != NGX_HOUSEHOLD_KEYSET_LAYOUT)
        {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "household keyset \"%V\": incompatible layout of "
                          "another module version; restart", &keyset->url);
            return NGX_ERROR;
        }
    }

    if (keyset->sh->generation == 0 && keyset->initial.len) {
        ngx_household_keyset_shm_initial(keyset);
    }

    ngx_household_keyset_shm_file(keyset);

    /* "refresh" may be shorter than before */

    left = (ngx_msec_int_t) (keyset->sh->next - ngx_current_msec);

    if (keyset->sh->started && left > (ngx_msec_int_t) keyset->refresh) {
        keyset->sh->next = ngx_current_msec + keyset->refresh;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_household_keyset_shm_create(ngx_household_keyset_t *keyset)
{
    size_t                      len;
    u_char                     *p;
    ngx_household_keyset_sh_t  *sh;

    sh = ngx_slab_calloc(keyset->shpool, sizeof(ngx_household_keyset_sh_t));
    if (sh == NULL) {
        return NGX_ERROR;
    }

    len = sizeof(" in household keyset \"\"") + keyset->url.len;

    p = ngx_slab_alloc(keyset->shpool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(p, " in household keyset \"%V\"%Z", &keyset->url);

    keyset->shpool->log_ctx = p;
    keyset->shpool->data = sh;
    keyset->sh = sh;

    sh->layout = NGX_HOUSEHOLD_KEYSET_LAYOUT;

    return NGX_OK;
}


/* the set of the file, which was parsed before */

static void
ngx_household_keyset_shm_initial(ngx_household_keyset_t *keyset)
{
    char                   error[NGX_HOUSEHOLD_JWKS_ERROR];
    ngx_household_jwks_t  *jwks;

    jwks = ngx_household_jwks_parse(&keyset->initial, NULL, NULL, error);

    if (jwks != NULL) {
        (void) ngx_household_keyset_shm_store(keyset, &keyset->initial, jwks);
        ngx_household_jwks_destroy(jwks);
    }
}


/* a reload may name another file, or the first one */

static void
ngx_household_keyset_shm_file(ngx_household_keyset_t *keyset)
{
    ngx_uint_t         same;
    ngx_atomic_uint_t  generation;

    /* if a worker process replaces the set meanwhile, it is a later one */

    generation = keyset->sh->generation;

    same = keyset->initial.len
           && ngx_household_keyset_shm_same(keyset, &keyset->initial);

    ngx_household_keyset_lock(keyset);

    keyset->sh->saved = same ? generation : 0;
    keyset->sh->unsaved = 0;

    ngx_household_keyset_unlock(keyset);
}


void
ngx_household_keyset_lock(ngx_household_keyset_t *keyset)
{
    /* if a process dies with the lock, the master process unlocks it */

    ngx_shmtx_lock(&keyset->shpool->mutex);
}


void
ngx_household_keyset_unlock(ngx_household_keyset_t *keyset)
{
    ngx_shmtx_unlock(&keyset->shpool->mutex);
}


ngx_uint_t
ngx_household_keyset_shm_same(ngx_household_keyset_t *keyset, ngx_str_t *text)
{
    ngx_uint_t                  same;
    ngx_household_keyset_sh_t  *sh;

    sh = keyset->sh;

    ngx_household_keyset_lock(keyset);

    same = sh->len != 0 && sh->len == text->len
           && ngx_memcmp(sh->text, text->data, text->len) == 0;

    ngx_household_keyset_unlock(keyset);

    return same;
}


ngx_atomic_uint_t
ngx_household_keyset_shm_store(ngx_household_keyset_t *keyset,
    ngx_str_t *text, ngx_household_jwks_t *jwks)
{
    ngx_atomic_uint_t           generation;
    ngx_household_keyset_sh_t  *sh;

    sh = keyset->sh;

    ngx_household_keyset_lock(keyset);

    /* a process that dies in between leaves no half of a set */

    sh->len = 0;
    ngx_memory_barrier();

    ngx_memcpy(sh->text, text->data, text->len);
    ngx_memcpy(sh->digest, jwks->digest, NGX_HOUSEHOLD_JWKS_DIGEST);
    sh->keys = jwks->nkeys;

    ngx_memory_barrier();
    sh->len = text->len;

    generation = sh->generation + 1;
    generation += generation == 0;

    sh->generation = generation;

    ngx_household_keyset_unlock(keyset);

    return generation;
}


ngx_household_jwks_t *
ngx_household_keyset_shm_load(ngx_household_keyset_t *keyset,
    ngx_atomic_uint_t *generation)
{
    char                        error[NGX_HOUSEHOLD_JWKS_ERROR];
    u_char                      digest[NGX_HOUSEHOLD_JWKS_DIGEST];
    ngx_str_t                   text;
    ngx_household_jwks_t       *jwks;
    ngx_household_keyset_sh_t  *sh;

    sh = keyset->sh;

    text.data = ngx_alloc(NGX_HOUSEHOLD_JWKS_SIZE, ngx_cycle->log);
    if (text.data == NULL) {
        return NULL;
    }

    ngx_household_keyset_lock(keyset);

    text.len = sh->len;
    ngx_memcpy(text.data, sh->text, text.len);
    ngx_memcpy(digest, sh->digest, sizeof(digest));
    *generation = sh->generation;

    ngx_household_keyset_unlock(keyset);

    jwks = text.len ? ngx_household_jwks_parse(&text, NULL, NULL, error) : NULL;

    if (jwks != NULL && ngx_memcmp(jwks->digest, digest, sizeof(digest)) != 0) {
        ngx_household_jwks_destroy(jwks);
        jwks = NULL;
    }

    /* a key may be a secret */

    ngx_explicit_memzero(text.data, text.len);
    ngx_free(text.data);

    return jwks;
}

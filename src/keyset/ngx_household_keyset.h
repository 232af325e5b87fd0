
/*
 * Key sets that are fetched from their issuers.
 *
 * A set is in shared memory of its own, which a reload keeps.  One worker
 * process at a time fetches it.  The last set that was usable remains until
 * another one replaces it, and is written to a file, if one is configured.
 * Each worker process parses the set for itself when it has changed.
 */


#ifndef _NGX_HOUSEHOLD_KEYSET_H_INCLUDED_
#define _NGX_HOUSEHOLD_KEYSET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_fetch.h"
#include "ngx_household_jwks.h"


typedef enum {
    NGX_HOUSEHOLD_KEYSET_REPLACED = 0, /* another usable set */
    NGX_HOUSEHOLD_KEYSET_UNCHANGED,    /* or not modified */
    NGX_HOUSEHOLD_KEYSET_FAILED,       /* no response, or not the document */
    NGX_HOUSEHOLD_KEYSET_INVALID,      /* no usable set */
    NGX_HOUSEHOLD_KEYSET_RESULTS
} ngx_household_keyset_result_e;


typedef struct ngx_household_keyset_s     ngx_household_keyset_t;
typedef struct ngx_household_keyset_sh_s  ngx_household_keyset_sh_t;

/* the process uses another set, keyset->jwks; the former one is freed next */
typedef void (*ngx_household_keyset_changed_pt)(void *data,
    ngx_household_keyset_t *keyset);


struct ngx_household_keyset_s {
    /* the ident of timers must be after 3 pointers, as in ngx_connection_t */
    ngx_str_t                         url;      /* as in nginx.conf */
    ngx_shm_zone_t                   *shm_zone;
    ngx_int_t                         ident;

    /* configuration: by the owner */
    ngx_household_fetch_conf_t        fetch;
    ngx_msec_t                        refresh;
    ngx_str_t                         state;    /* file name; empty: none */
    ngx_str_t                         trusted;  /* file of CAs; empty: system */
    ngx_uint_t                        used;     /* unsigned  used:1; */

    /* of the first reference: for an error that is found later */
    u_char                           *file;
    ngx_uint_t                        line;

    ngx_str_t                         initial;  /* text of the file */
    ngx_slab_pool_t                  *shpool;
    ngx_household_keyset_sh_t        *sh;

    /* of a worker process */
    ngx_household_jwks_t             *jwks;     /* NULL: no set yet */
    ngx_atomic_uint_t                 generation; /* of jwks */
    ngx_household_keyset_changed_pt   changed;
    void                             *data;     /* of "changed" */
    ngx_household_fetch_t            *fetching;
    ngx_event_t                       timer;
    ngx_uint_t                        missed;   /* shared set not loaded */
};


typedef struct {
    ngx_uint_t                        keys;     /* usable ones */
    time_t                            success;  /* Unix time; 0: never */
    ngx_atomic_uint_t                 results[NGX_HOUSEHOLD_KEYSET_RESULTS];
} ngx_household_keyset_stat_t;


/*
 * Configuration time.
 *
 * Returns a new key set, with shared memory named after its URL.  "url" must
 * last as long as the configuration.  Returns NULL on error, which has been
 * logged.
 */
ngx_household_keyset_t *ngx_household_keyset_add(ngx_conf_t *cf,
    ngx_str_t *url, void *tag);

/*
 * Configuration time.
 *
 * Reads keyset->state, if the file exists, for a set to begin with; a file that
 * is not a usable set is ignored with a warning.  Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_household_keyset_read_state(ngx_conf_t *cf,
    ngx_household_keyset_t *keyset);


/*
 * In a worker process: takes the set of the shared memory, if there is any,
 * and begins to fetch.  "changed" may be called before this returns.
 */
void ngx_household_keyset_start(ngx_household_keyset_t *keyset,
    ngx_household_keyset_changed_pt changed, void *data);

/* the process exits: if it fetches the set, another one is to, within 1 s */
void ngx_household_keyset_stop(ngx_household_keyset_t *keyset);

/*
 * To be called before the set is used: calls "changed" if another process has
 * replaced the set.  Costs one load otherwise.
 */
void ngx_household_keyset_update(ngx_household_keyset_t *keyset);

/*
 * A token names a key that is not in the set: fetches the set, unless that was
 * done for the same cause less than NGX_HOUSEHOLD_KEYSET_EARLY ago.
 */
void ngx_household_keyset_want(ngx_household_keyset_t *keyset);

void ngx_household_keyset_stat(ngx_household_keyset_t *keyset,
    ngx_household_keyset_stat_t *stat);


#endif /* _NGX_HOUSEHOLD_KEYSET_H_INCLUDED_ */

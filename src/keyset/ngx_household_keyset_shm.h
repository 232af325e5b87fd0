
/*
 * The shared memory of a key set, and the file that keeps it over restarts.
 * Private to ngx_household_keyset*.c.
 */


#ifndef _NGX_HOUSEHOLD_KEYSET_SHM_H_INCLUDED_
#define _NGX_HOUSEHOLD_KEYSET_SHM_H_INCLUDED_


#include "ngx_household_keyset.h"


/* size of the cause of the last failure */
#define NGX_HOUSEHOLD_KEYSET_CAUSE  256


typedef struct {
    size_t          len;               /* 0: none */
    u_char          data[NGX_HOUSEHOLD_RESPONSE_ETAG];
} ngx_household_keyset_validator_t;


struct ngx_household_keyset_sh_s {
    uint32_t                           layout; /* must stay the first member */
    ngx_atomic_t                       generation; /* 0: no set */
    ngx_atomic_t                       results[NGX_HOUSEHOLD_KEYSET_RESULTS];

    /* the mutex of the pool protects what follows */

    ngx_msec_t                         next;   /* when it is to be fetched */
    ngx_msec_t                         early;  /* the last fetch for a key */
    ngx_msec_t                         until;  /* of the fetch under way */
    unsigned                           started:1; /* "next" is valid */
    unsigned                           wanted:1;  /* "early" is valid */
    unsigned                           busy:1;    /* "until" is valid */
    ngx_uint_t                         failures;  /* in succession */
    time_t                             success;
    ngx_atomic_uint_t                  saved;  /* generation in the file */
    unsigned                           unsaved:1; /* a failure was logged */
    ngx_household_keyset_validator_t   etag;
    ngx_household_keyset_validator_t   modified;
    char                               cause[NGX_HOUSEHOLD_KEYSET_CAUSE];

    ngx_uint_t                         keys;
    u_char                             digest[NGX_HOUSEHOLD_JWKS_DIGEST];
    size_t                             len;    /* of text */
    u_char                             text[NGX_HOUSEHOLD_JWKS_SIZE];
};


/* returns the memory's layout and size for nginx; see ngx_shm_zone_t */
size_t ngx_household_keyset_shm_size(void);
ngx_int_t ngx_household_keyset_shm_init(ngx_shm_zone_t *shm_zone, void *data);

void ngx_household_keyset_lock(ngx_household_keyset_t *keyset);
void ngx_household_keyset_unlock(ngx_household_keyset_t *keyset);

/* returns 1 if "text" is the set in shared memory, byte for byte */
ngx_uint_t ngx_household_keyset_shm_same(ngx_household_keyset_t *keyset,
    ngx_str_t *text);

/* replaces the set; returns its generation */
ngx_atomic_uint_t ngx_household_keyset_shm_store(
    ngx_household_keyset_t *keyset, ngx_str_t *text,
    ngx_household_jwks_t *jwks);

/*
 * Parses the set of shared memory, and sets "generation" to its number.
 * Returns NULL if there is none, or if there is no memory.
 */
ngx_household_jwks_t *ngx_household_keyset_shm_load(
    ngx_household_keyset_t *keyset, ngx_atomic_uint_t *generation);

/*
 * Writes the set of shared memory to the file keyset->state, if there is one,
 * and if it does not have the set.  The file is replaced by rename(2), and
 * readable by its owner only.  An error is logged once.
 */
void ngx_household_keyset_write_state(ngx_household_keyset_t *keyset);


#endif /* _NGX_HOUSEHOLD_KEYSET_SHM_H_INCLUDED_ */

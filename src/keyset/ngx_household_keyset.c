
/*
 * Key sets that are fetched from their issuers: the work of a worker process.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_keyset_schedule.h"
#include "ngx_household_keyset_shm.h"


/* milliseconds that a fetch may take besides its timeout, and of two clocks */
#define NGX_HOUSEHOLD_KEYSET_SLACK  1000

/* after that, others look whether the process that fetches has exited */
#define NGX_HOUSEHOLD_KEYSET_LOOK   1000


static void ngx_household_keyset_use(ngx_household_keyset_t *keyset,
    ngx_household_jwks_t *jwks, ngx_atomic_uint_t generation);
static void ngx_household_keyset_arm(ngx_household_keyset_t *keyset);
static void ngx_household_keyset_timer_handler(ngx_event_t *ev);
static ngx_uint_t ngx_household_keyset_early(ngx_household_keyset_sh_t *sh,
    ngx_msec_t now);
static ngx_uint_t ngx_household_keyset_busy(ngx_household_keyset_sh_t *sh,
    ngx_msec_t now);
static ngx_uint_t ngx_household_keyset_begin(ngx_household_keyset_t *keyset,
    ngx_uint_t early);
static void ngx_household_keyset_fetch(ngx_household_keyset_t *keyset);
static void ngx_household_keyset_fetched(void *data,
    ngx_household_response_t *response, ngx_err_t err, const char *error);
static void ngx_household_keyset_received(ngx_household_keyset_t *keyset,
    ngx_household_response_t *response);
static void ngx_household_keyset_succeeded(ngx_household_keyset_t *keyset,
    ngx_household_response_t *response, ngx_household_keyset_result_e result);
static void ngx_household_keyset_validator(
    ngx_household_keyset_validator_t *validator, ngx_str_t *value);
static ngx_uint_t ngx_household_keyset_failed(ngx_household_keyset_t *keyset,
    ngx_household_keyset_result_e result, ngx_err_t err, const char *cause);
static void ngx_household_keyset_log_skipped(ngx_household_keyset_t *keyset,
    ngx_str_t *text);
static void ngx_household_keyset_skip(void *data, const char *text);


ngx_household_keyset_t *
ngx_household_keyset_add(ngx_conf_t *cf, ngx_str_t *url, void *tag)
{
    u_char                  *p;
    ngx_str_t                name;
    ngx_household_keyset_t  *keyset;

    static const char  prefix[] = "household keyset ";

    keyset = ngx_pcalloc(cf->pool, sizeof(ngx_household_keyset_t));
    if (keyset == NULL) {
        return NULL;
    }

    name.len = sizeof(prefix) - 1 + url->len;
    name.data = ngx_pnalloc(cf->pool, name.len);
    if (name.data == NULL) {
        return NULL;
    }

    p = ngx_cpymem(name.data, prefix, sizeof(prefix) - 1);
    ngx_memcpy(p, url->data, url->len);

    keyset->url = *url;
    keyset->ident = -1;
    keyset->fetch.max = NGX_HOUSEHOLD_JWKS_SIZE;

    keyset->shm_zone = ngx_shared_memory_add(cf, &name,
                                             ngx_household_keyset_shm_size(),
                                             tag);
    if (keyset->shm_zone == NULL) {
        return NULL;
    }

    keyset->shm_zone->init = ngx_household_keyset_shm_init;
    keyset->shm_zone->data = keyset;

    return keyset;
}


void
ngx_household_keyset_start(ngx_household_keyset_t *keyset,
    ngx_household_keyset_changed_pt changed, void *data)
{
    keyset->changed = changed;
    keyset->data = data;

    keyset->timer.handler = ngx_household_keyset_timer_handler;
    keyset->timer.data = keyset;
    keyset->timer.log = ngx_cycle->log;
    keyset->timer.cancelable = 1;

    ngx_household_keyset_update(keyset);
    ngx_household_keyset_arm(keyset);
}


void
ngx_household_keyset_stop(ngx_household_keyset_t *keyset)
{
    if (keyset->timer.timer_set) {
        ngx_del_timer(&keyset->timer);
    }

    if (keyset->fetching != NULL) {
        ngx_household_fetch_abort(keyset->fetching);
        keyset->fetching = NULL;

        /* after a reload, the new processes are to fetch it at once */

        ngx_household_keyset_lock(keyset);
        keyset->sh->busy = 0;
        keyset->sh->next = ngx_current_msec;
        ngx_household_keyset_unlock(keyset);
    }

    ngx_household_jwks_destroy(keyset->jwks);
    keyset->jwks = NULL;
}


void
ngx_household_keyset_update(ngx_household_keyset_t *keyset)
{
    ngx_atomic_uint_t      generation;
    ngx_household_jwks_t  *jwks;

    if (keyset->sh->generation == keyset->generation) {
        return;
    }

    generation = keyset->sh->generation;

    jwks = ngx_household_keyset_shm_load(keyset, &generation);

    if (jwks == NULL) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "household keyset \"%V\": shared set not loaded",
                      &keyset->url);

        /* the former one remains, until the set is fetched again */
        keyset->generation = generation;
        keyset->missed = 1;
        return;
    }

    ngx_household_keyset_use(keyset, jwks, generation);
}


static void
ngx_household_keyset_use(ngx_household_keyset_t *keyset,
    ngx_household_jwks_t *jwks, ngx_atomic_uint_t generation)
{
    ngx_household_jwks_t  *former;

    former = keyset->jwks;

    keyset->jwks = jwks;
    keyset->generation = generation;
    keyset->missed = 0;

    keyset->changed(keyset->data, keyset);

    ngx_household_jwks_destroy(former);
}


void
ngx_household_keyset_want(ngx_household_keyset_t *keyset)
{
    /*
     * Nearly each of many tokens with unknown keys is within the interval, or
     * comes during a fetch.  They are not to wait for the lock, which decides
     * in the end.
     */

    if (!ngx_exiting && keyset->fetching == NULL
        && ngx_household_keyset_early(keyset->sh, ngx_current_msec)
        && !ngx_household_keyset_busy(keyset->sh, ngx_current_msec)
        && ngx_household_keyset_begin(keyset, 1))
    {
        ngx_household_keyset_fetch(keyset);
    }
}


/* "now" may be a little behind that of another process */

static ngx_uint_t
ngx_household_keyset_early(ngx_household_keyset_sh_t *sh, ngx_msec_t now)
{
    return !sh->wanted
           || now - sh->early + NGX_HOUSEHOLD_KEYSET_SLACK
              >= NGX_HOUSEHOLD_KEYSET_EARLY + NGX_HOUSEHOLD_KEYSET_SLACK;
}


/* a process that died has left "busy" */

static ngx_uint_t
ngx_household_keyset_busy(ngx_household_keyset_sh_t *sh, ngx_msec_t now)
{
    return sh->busy && (ngx_msec_int_t) (sh->until - now) > 0;
}


void
ngx_household_keyset_stat(ngx_household_keyset_t *keyset,
    ngx_household_keyset_stat_t *stat)
{
    ngx_uint_t  i;

    ngx_household_keyset_lock(keyset);

    stat->keys = keyset->sh->keys;
    stat->success = keyset->sh->success;

    ngx_household_keyset_unlock(keyset);

    for (i = 0; i < NGX_HOUSEHOLD_KEYSET_RESULTS; i++) {
        stat->results[i] = keyset->sh->results[i];
    }
}


/* each worker process has a timer for the next fetch, and one fetches */

static void
ngx_household_keyset_arm(ngx_household_keyset_t *keyset)
{
    ngx_msec_int_t              left;
    ngx_household_keyset_sh_t  *sh;

    if (ngx_exiting) {
        return;
    }

    sh = keyset->sh;
    left = 0;

    ngx_household_keyset_lock(keyset);

    if (sh->busy) {
        left = (ngx_msec_int_t) (sh->until - ngx_current_msec);
        left = ngx_min(left, NGX_HOUSEHOLD_KEYSET_LOOK);

    } else if (sh->started) {
        left = (ngx_msec_int_t) (sh->next - ngx_current_msec);
    }

    ngx_household_keyset_unlock(keyset);

    ngx_add_timer(&keyset->timer, left > 0 ? (ngx_msec_t) left : 1);
}


static void
ngx_household_keyset_timer_handler(ngx_event_t *ev)
{
    ngx_household_keyset_t  *keyset = ev->data;

    if (ngx_exiting) {
        return;
    }

    if (keyset->missed) {
        keyset->missed = 0;
        keyset->generation = 0;
        ngx_household_keyset_update(keyset);
    }

    if (keyset->fetching == NULL && ngx_household_keyset_begin(keyset, 0)) {
        ngx_household_keyset_fetch(keyset);
        return;
    }

    ngx_household_keyset_arm(keyset);
}


/* returns 1 if this process is to fetch the set */

static ngx_uint_t
ngx_household_keyset_begin(ngx_household_keyset_t *keyset, ngx_uint_t early)
{
    ngx_uint_t                  begin;
    ngx_msec_t                  now;
    ngx_household_keyset_sh_t  *sh;

    sh = keyset->sh;
    now = ngx_current_msec;

    ngx_household_keyset_lock(keyset);

    if (early) {
        begin = ngx_household_keyset_early(sh, now);

    } else {
        begin = !sh->started || (ngx_msec_int_t) (sh->next - now) <= 0;
    }

    if (ngx_household_keyset_busy(sh, now)) {
        begin = 0;
    }

    if (begin) {
        sh->busy = 1;
        sh->until = now + keyset->fetch.timeout + NGX_HOUSEHOLD_KEYSET_SLACK;

        if (early) {
            sh->wanted = 1;
            sh->early = now;
        }
    }

    ngx_household_keyset_unlock(keyset);

    return begin;
}


static void
ngx_household_keyset_fetch(ngx_household_keyset_t *keyset)
{
    u_char                      buf[2 * NGX_HOUSEHOLD_RESPONSE_ETAG];
    ngx_str_t                   etag, modified;
    ngx_household_keyset_sh_t  *sh;

    sh = keyset->sh;

    ngx_household_keyset_lock(keyset);

    /* without a set, "not modified" would be of no use */

    etag.data = buf;
    etag.len = sh->len ? sh->etag.len : 0;
    modified.data = buf + NGX_HOUSEHOLD_RESPONSE_ETAG;
    modified.len = sh->len ? sh->modified.len : 0;

    ngx_memcpy(etag.data, sh->etag.data, etag.len);
    ngx_memcpy(modified.data, sh->modified.data, modified.len);

    ngx_household_keyset_unlock(keyset);

    keyset->fetching = ngx_household_fetch_create(&keyset->fetch, &etag,
                                                  &modified,
                                                  ngx_household_keyset_fetched,
                                                  keyset);
    if (keyset->fetching == NULL) {
        (void) ngx_household_keyset_failed(keyset, NGX_HOUSEHOLD_KEYSET_FAILED,
                                           0, "no memory");
        ngx_household_keyset_arm(keyset);
        return;
    }

    ngx_household_fetch_start(keyset->fetching);
}


static void
ngx_household_keyset_fetched(void *data, ngx_household_response_t *response,
    ngx_err_t err, const char *error)
{
    ngx_household_keyset_t *keyset = data;

    u_char  cause[sizeof("HTTP status 599")];

    keyset->fetching = NULL;

    if (error == NULL && response->status == 304 && keyset->sh->len) {
        ngx_household_keyset_succeeded(keyset, response,
                                       NGX_HOUSEHOLD_KEYSET_UNCHANGED);

    } else if (error == NULL && response->status == 200) {
        ngx_household_keyset_received(keyset, response);

    } else {

        if (error == NULL) {
            (void) ngx_sprintf(cause, "HTTP status %ui%Z", response->status);
            error = (char *) cause;
        }

        (void) ngx_household_keyset_failed(keyset, NGX_HOUSEHOLD_KEYSET_FAILED,
                                           err, error);
    }

    /* also one of before, if it could not be written, or "state" is new */

    ngx_household_keyset_write_state(keyset);

    ngx_household_keyset_arm(keyset);
}


static void
ngx_household_keyset_received(ngx_household_keyset_t *keyset,
    ngx_household_response_t *response)
{
    char                   error[NGX_HOUSEHOLD_JWKS_ERROR];
    ngx_atomic_uint_t      generation;
    ngx_household_jwks_t  *jwks;

    if (ngx_household_keyset_shm_same(keyset, &response->body)) {
        ngx_household_keyset_succeeded(keyset, response,
                                       NGX_HOUSEHOLD_KEYSET_UNCHANGED);
        return;
    }

    jwks = ngx_household_jwks_parse(&response->body, NULL, NULL, error);

    if (jwks == NULL) {

        if (ngx_household_keyset_failed(keyset, NGX_HOUSEHOLD_KEYSET_INVALID,
                                        0, error))
        {
            ngx_household_keyset_log_skipped(keyset, &response->body);
        }

        return;
    }

    generation = ngx_household_keyset_shm_store(keyset, &response->body, jwks);

    ngx_household_keyset_succeeded(keyset, response,
                                   NGX_HOUSEHOLD_KEYSET_REPLACED);

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "household keyset \"%V\": set replaced, %ui keys",
                  &keyset->url, jwks->nkeys);

    ngx_household_keyset_log_skipped(keyset, &response->body);

    ngx_household_keyset_use(keyset, jwks, generation);
}


static void
ngx_household_keyset_succeeded(ngx_household_keyset_t *keyset,
    ngx_household_response_t *response, ngx_household_keyset_result_e result)
{
    ngx_uint_t                  recovered;
    ngx_household_keyset_sh_t  *sh;

    sh = keyset->sh;

    (void) ngx_atomic_fetch_add(&sh->results[result], 1);

    ngx_household_keyset_lock(keyset);

    recovered = sh->cause[0] != '\0';

    sh->cause[0] = '\0';
    sh->busy = 0;
    sh->failures = 0;
    sh->success = ngx_time();
    sh->started = 1;
    sh->next = ngx_current_msec
               + ngx_household_keyset_interval(keyset->refresh,
                                        ngx_household_response_fresh(response),
                                        (uint32_t) ngx_random());

    /* RFC 9111, 4.3.4: those of a 304 are of the same document */

    if (response->status == 200 || response->etag.len) {
        ngx_household_keyset_validator(&sh->etag, &response->etag);
    }

    if (response->status == 200 || response->modified.len) {
        ngx_household_keyset_validator(&sh->modified, &response->modified);
    }

    ngx_household_keyset_unlock(keyset);

    if (recovered) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "household keyset \"%V\": fetch recovered",
                      &keyset->url);
    }
}


static void
ngx_household_keyset_validator(ngx_household_keyset_validator_t *validator,
    ngx_str_t *value)
{
    validator->len = value->len;

    if (value->len) {
        ngx_memcpy(validator->data, value->data, value->len);
    }
}


/* returns 1 if the cause is another one than before, and was logged */

static ngx_uint_t
ngx_household_keyset_failed(ngx_household_keyset_t *keyset,
    ngx_household_keyset_result_e result, ngx_err_t err, const char *cause)
{
    ngx_uint_t                  other, set, level;
    ngx_household_keyset_sh_t  *sh;

    sh = keyset->sh;

    (void) ngx_atomic_fetch_add(&sh->results[result], 1);

    ngx_household_keyset_lock(keyset);

    other = ngx_strncmp(sh->cause, cause, sizeof(sh->cause) - 1) != 0;
    set = sh->len != 0;

    (void) ngx_cpystrn((u_char *) sh->cause, (u_char *) cause,
                       sizeof(sh->cause));

    sh->busy = 0;
    sh->failures++;
    sh->started = 1;
    sh->next = ngx_current_msec
               + ngx_household_keyset_backoff(keyset->refresh, sh->failures,
                                              (uint32_t) ngx_random());

    ngx_household_keyset_unlock(keyset);

    if (other) {
        level = set ? NGX_LOG_WARN : NGX_LOG_ERR;

        ngx_log_error(level, ngx_cycle->log, err,
                      "household keyset \"%V\": fetch failed: %s, %s",
                      &keyset->url, cause,
                      set ? "last set kept" : "no set yet");
    }

    return other;
}


static void
ngx_household_keyset_log_skipped(ngx_household_keyset_t *keyset,
    ngx_str_t *text)
{
    char  error[NGX_HOUSEHOLD_JWKS_ERROR];

    ngx_household_jwks_destroy(
        ngx_household_jwks_parse(text, ngx_household_keyset_skip, keyset,
                                 error));
}


static void
ngx_household_keyset_skip(void *data, const char *text)
{
    ngx_household_keyset_t *keyset = data;

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "household keyset \"%V\": key skipped: %s", &keyset->url,
                  text);
}

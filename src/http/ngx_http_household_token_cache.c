
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_token_cache.h"
#include "ngx_household_compiler.h"


/*
 * What is kept of a verified token, under its digest: the claims without the
 * unused bytes of their arrays.  All members before the arrays are kept as they
 * are.
 */

#define NGX_HTTP_HOUSEHOLD_TOKEN_KEPT                                         \
    offsetof(ngx_household_jwt_claims_t, account)


static ngx_uint_t ngx_http_household_token_cache_begin(
    ngx_http_household_token_conf_t *conf, ngx_str_t *token, ngx_uint_t cat,
    ngx_http_household_token_entry_t *entry);
static ngx_uint_t ngx_http_household_token_cache_remembered(
    ngx_str_t *token, ngx_household_jwt_claims_t *claims,
    ngx_http_household_token_entry_t *entry);
static ngx_household_noinline ngx_uint_t ngx_http_household_token_cache_recall(
    ngx_str_t *token, ngx_household_jwt_claims_t *claims,
    ngx_http_household_token_entry_t *entry);
static ngx_uint_t ngx_http_household_token_cache_unpack(const u_char *p,
    ngx_household_jwt_claims_t *claims);


ngx_uint_t
ngx_http_household_token_cache_get(ngx_http_household_token_conf_t *conf,
    ngx_str_t *token, ngx_uint_t cat, ngx_household_jwt_claims_t *claims,
    ngx_http_household_token_entry_t *entry)
{
    return ngx_http_household_token_cache_begin(conf, token, cat, entry)
           && (ngx_http_household_token_cache_remembered(token, claims, entry)
               || ngx_http_household_token_cache_recall(token, claims, entry));
}


/* returns 1 if the cache is used for this token */

static ngx_uint_t
ngx_http_household_token_cache_begin(ngx_http_household_token_conf_t *conf,
    ngx_str_t *token, ngx_uint_t cat, ngx_http_household_token_entry_t *entry)
{
    ngx_uint_t  fetched;

    /* the keys of Common Access Tokens are not fetched */

    fetched = conf->fetched && !cat;

    entry->cache = cat ? conf->cat_cache : conf->cache;
    entry->policy = fetched ? conf->digest : NULL;
    entry->generation = 0;
    entry->memo.value = NULL;

    if (token->len > conf->policy.max_size || (fetched && !conf->cacheable)) {
        entry->cache = NULL;
    }

    if (entry->cache == NULL) {
        return 0;
    }

    ngx_http_household_memo_find(NGX_HTTP_HOUSEHOLD_MEMO_TOKEN, entry->cache,
                                 token, &entry->memo);
    return 1;
}


/*
 * The process remembers a token by its text.  The value is what the zone
 * keeps, behind the digest of the policy.
 */

static ngx_uint_t
ngx_http_household_token_cache_remembered(ngx_str_t *token,
    ngx_household_jwt_claims_t *claims,
    ngx_http_household_token_entry_t *entry)
{
    u_char                           *p;
    ngx_http_household_memo_value_t  *value;

    value = entry->memo.value;

    if (value == NULL) {
        return 0;
    }

    p = (u_char *) value->data;

    /* first, as a fresh value counts as a hit */

    if (entry->policy != NULL
        && ngx_memcmp(p, entry->policy, NGX_HOUSEHOLD_JWT_DIGEST) != 0)
    {
        return 0;
    }

    if (ngx_http_household_memo_fresh(&entry->memo) == NULL) {
        return 0;
    }

    return ngx_http_household_token_cache_unpack(p + NGX_HOUSEHOLD_JWT_DIGEST,
                                                 claims);
}


static ngx_household_noinline ngx_uint_t
ngx_http_household_token_cache_recall(ngx_str_t *token,
    ngx_household_jwt_claims_t *claims,
    ngx_http_household_token_entry_t *entry)
{
    u_char                        buf[NGX_HOUSEHOLD_JWT_DIGEST
                                      + sizeof(ngx_household_jwt_claims_t)];
    u_char                       *p;
    ngx_household_zone_state_e    state;
    ngx_household_zone_result_t   found;

    if (ngx_household_zone_digest(entry->cache, token, entry->bytes)
        != NGX_OK)
    {
        entry->cache = NULL;
        return 0;
    }

    entry->id.data = entry->bytes;
    entry->id.len = NGX_HOUSEHOLD_ZONE_DIGEST;

    if (entry->policy != NULL) {
        ngx_memcpy(entry->bytes + entry->id.len, entry->policy,
                   NGX_HOUSEHOLD_JWT_DIGEST);
        entry->id.len += NGX_HOUSEHOLD_JWT_DIGEST;
    }

    p = buf + NGX_HOUSEHOLD_JWT_DIGEST;

    state = ngx_household_zone_get(entry->cache, &entry->id, ngx_current_msec,
                                   p, sizeof(ngx_household_jwt_claims_t),
                                   &found);

    entry->generation = found.generation;

    if (state != NGX_HOUSEHOLD_ZONE_HIT
        || !ngx_http_household_token_cache_unpack(p, claims))
    {
        return 0;
    }

    if (entry->policy != NULL) {
        ngx_memcpy(buf, entry->policy, NGX_HOUSEHOLD_JWT_DIGEST);

    } else {
        ngx_memzero(buf, NGX_HOUSEHOLD_JWT_DIGEST);
    }

    (void) ngx_http_household_memo_keep(&entry->memo, entry->cache, token, buf,
                                        NGX_HOUSEHOLD_JWT_DIGEST + found.len,
                                        &found.mark);
    return 1;
}


/* returns 0 if the token has expired: the zone's clock is another one */

static ngx_uint_t
ngx_http_household_token_cache_unpack(const u_char *p,
    ngx_household_jwt_claims_t *claims)
{
    ngx_memcpy(claims, p, NGX_HTTP_HOUSEHOLD_TOKEN_KEPT);

    if (ngx_time() >= claims->until) {
        return 0;
    }

    p += NGX_HTTP_HOUSEHOLD_TOKEN_KEPT;

    ngx_memcpy(claims->account, p, claims->account_len);
    p += claims->account_len;

    /* most tokens have none of these */

    if (claims->device_len) {
        ngx_memcpy(claims->device, p, claims->device_len);
        p += claims->device_len;
    }

    if (claims->container_len) {
        ngx_memcpy(claims->container, p, claims->container_len);
        p += claims->container_len;
    }

    if (claims->values_len) {
        ngx_memcpy(claims->values, p, claims->values_len);
    }

    return 1;
}


void
ngx_http_household_token_cache_put(ngx_http_household_token_entry_t *entry,
    ngx_household_jwt_claims_t *claims)
{
    u_char                            buf[sizeof(ngx_household_jwt_claims_t)];
    u_char                           *p;
    int64_t                           left;
    ngx_msec_t                        fresh;

    if (entry->cache == NULL) {
        return;
    }

    p = ngx_cpymem(buf, claims, NGX_HTTP_HOUSEHOLD_TOKEN_KEPT);
    p = ngx_cpymem(p, claims->account, claims->account_len);
    p = ngx_cpymem(p, claims->device, claims->device_len);
    p = ngx_cpymem(p, claims->container, claims->container_len);
    p = ngx_cpymem(p, claims->values, claims->values_len);

    left = claims->until - ngx_time();

    fresh = left > NGX_HOUSEHOLD_ZONE_TIME_MAX / 1000
            ? NGX_HOUSEHOLD_ZONE_TIME_MAX : (ngx_msec_t) left * 1000;

    (void) ngx_household_zone_put(entry->cache, &entry->id, buf, p - buf, 0,
                                  entry->generation, ngx_current_msec, fresh,
                                  0);
}

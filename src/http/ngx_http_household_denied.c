
/*
 * household:denied, the deny list of tokens: a hash with a field "jti:ID" or
 * "kid:ID" for each, and the time when it ends.
 *
 * The list is kept as sorted digests of the fields, which have one size
 * whatever the ids are.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_denied.h"
#include "ngx_http_household_fleet.h"


/* entries that fit into one value of the zone, beside their number */
#define NGX_HTTP_HOUSEHOLD_DENIED_MAX  2047

/* Unix seconds: what is outside is no time, and the entry does not end */
#define NGX_HTTP_HOUSEHOLD_DENIED_FROM  1000000000
#define NGX_HTTP_HOUSEHOLD_DENIED_TO    4102444799


typedef struct {
    uint64_t    n;
    uint64_t    digests[NGX_HTTP_HOUSEHOLD_DENIED_MAX];
} ngx_http_household_denied_t;


static ssize_t ngx_http_household_denied_decode(
    ngx_http_household_fleet_t *fleet, ngx_household_resp_reply_t *reply,
    void *value);
static ngx_int_t ngx_http_household_denied_entry(ngx_str_t *field,
    uint64_t *digest);
static ngx_uint_t ngx_http_household_denied_ended(ngx_str_t *value);
static void ngx_http_household_denied_report(
    ngx_http_household_store_t *store, ngx_uint_t ignored,
    ngx_uint_t malformed);
static int ngx_libc_cdecl ngx_http_household_denied_compare(const void *one,
    const void *two);
static ngx_uint_t ngx_http_household_denied_find(
    const ngx_http_household_denied_t *denied, uint64_t digest);


static const ngx_http_household_fleet_type_t
    ngx_http_household_denied_type =
{
    ngx_string("denied"),
    "deny list fetch",
    sizeof(ngx_http_household_denied_t),
    ngx_http_household_denied_decode,
    NULL
};


ngx_int_t
ngx_http_household_denied_init(ngx_conf_t *cf,
    ngx_http_household_store_t *store)
{
    ngx_http_household_fleet_t   *fleet;
    ngx_http_household_denied_t  *denied;

    fleet = &store->fleet[NGX_HTTP_HOUSEHOLD_FLEET_DENIED];

    if (fleet->type != NULL) {
        return NGX_OK;
    }

    denied = ngx_pcalloc(cf->pool, sizeof(ngx_http_household_denied_t));
    if (denied == NULL) {
        return NGX_ERROR;
    }

    ngx_http_household_fleet_init(fleet, store,
                                  &ngx_http_household_denied_type, denied);

    return NGX_OK;
}


void
ngx_http_household_denied_refresh(ngx_http_household_store_t *store)
{
    ngx_http_household_fleet_refresh(
                              &store->fleet[NGX_HTTP_HOUSEHOLD_FLEET_DENIED]);
}


/* an entry over the limit is ignored; so is what was cut off the reply */

static ssize_t
ngx_http_household_denied_decode(ngx_http_household_fleet_t *fleet,
    ngx_household_resp_reply_t *reply, void *value)
{
    ngx_http_household_denied_t *denied = value;

    uint64_t                     digest;
    ngx_int_t                    rc;
    ngx_uint_t                   i, ignored, malformed;
    ngx_household_resp_value_t  *v;

    v = reply->values;
    malformed = 0;
    denied->n = 0;

    ignored = v[0].elements / 2 - (reply->nvalues - 1) / 2;

    for (i = 2; i < reply->nvalues; i += 2) {

        if (ngx_http_household_denied_ended(&v[i].str)) {
            continue;
        }

        rc = ngx_http_household_denied_entry(&v[i - 1].str, &digest);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_DECLINED) {
            malformed++;

        } else if (denied->n == NGX_HTTP_HOUSEHOLD_DENIED_MAX) {
            ignored++;

        } else {
            denied->digests[denied->n++] = digest;
        }
    }

    ngx_http_household_denied_report(fleet->store, ignored, malformed);

    ngx_qsort(denied->digests, denied->n, sizeof(uint64_t),
              ngx_http_household_denied_compare);

    return offsetof(ngx_http_household_denied_t, digests)
           + denied->n * sizeof(uint64_t);
}


/* NGX_OK; NGX_DECLINED: not an entry; NGX_ERROR: no memory */

static ngx_int_t
ngx_http_household_denied_entry(ngx_str_t *field, uint64_t *digest)
{
    ngx_str_t                   id;
    ngx_household_jwt_denial_e  kind;

    if (field->len < sizeof("jti:")) {
        return NGX_DECLINED;
    }

    if (ngx_memcmp(field->data, "jti:", 4) == 0) {
        kind = NGX_HOUSEHOLD_JWT_DENIAL_JTI;

    } else if (ngx_memcmp(field->data, "kid:", 4) == 0) {
        kind = NGX_HOUSEHOLD_JWT_DENIAL_KID;

    } else {
        return NGX_DECLINED;
    }

    id.data = field->data + 4;
    id.len = field->len - 4;

    return ngx_household_jwt_denial_digest(kind, &id, digest);
}


/* what is no time does not end: a slip must not let a stolen token in */

static ngx_uint_t
ngx_http_household_denied_ended(ngx_str_t *value)
{
    time_t  until;

    until = ngx_atotm(value->data, value->len);

    return until >= NGX_HTTP_HOUSEHOLD_DENIED_FROM
           && until <= NGX_HTTP_HOUSEHOLD_DENIED_TO
           && until <= ngx_time();
}


/* once, and again if the numbers change: the list is fetched often */

static void
ngx_http_household_denied_report(ngx_http_household_store_t *store,
    ngx_uint_t ignored, ngx_uint_t malformed)
{
    if (ignored && ignored != store->denied_ignored) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "household redis \"%V\": %ui deny list entries ignored, "
                      "limit %d", &store->redis->conf.name, ignored,
                      NGX_HTTP_HOUSEHOLD_DENIED_MAX);
    }

    if (malformed && malformed != store->denied_malformed) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "household redis \"%V\": %ui malformed deny list "
                      "entries ignored", &store->redis->conf.name, malformed);
    }

    store->denied_ignored = ignored;
    store->denied_malformed = malformed;
}


static int ngx_libc_cdecl
ngx_http_household_denied_compare(const void *one, const void *two)
{
    uint64_t  a, b;

    a = *(const uint64_t *) one;
    b = *(const uint64_t *) two;

    return a < b ? -1 : a > b;
}


ngx_uint_t
ngx_http_household_denied_has(const void *list, uint64_t jti, uint64_t kid)
{
    const ngx_http_household_denied_t *denied = list;

    return denied->n != 0
           && (ngx_http_household_denied_find(denied, jti)
               || ngx_http_household_denied_find(denied, kid));
}


static ngx_uint_t
ngx_http_household_denied_find(const ngx_http_household_denied_t *denied,
    uint64_t digest)
{
    if (digest == NGX_HOUSEHOLD_JWT_DENIAL_NONE) {
        return 0;
    }

    return bsearch(&digest, denied->digests, denied->n, sizeof(uint64_t),
                   ngx_http_household_denied_compare)
           != NULL;
}

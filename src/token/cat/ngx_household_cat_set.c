
/*
 * Sets of claims, and the requests that they are valid for.
 *
 * Whether a claim holds can be unknown: there is no country for an address, or
 * a header field is there twice.  A claim that is unknown does not hold, and
 * does not become one that does by "nor".
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cat_request.h"
#include "ngx_household_cat_set.h"
#include "ngx_household_cat_uri.h"


typedef ngx_household_reason_e (*ngx_household_cat_check_pt)(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value,
    ngx_uint_t *nregex);

/* NGX_OK: it holds; NGX_DECLINED: it does not; NGX_ERROR: not known */

typedef ngx_int_t (*ngx_household_cat_match_pt)(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request);


typedef struct {
    ngx_household_cat_key_e      key;
    ngx_household_reason_e       reason;     /* if it does not hold */
    ngx_household_cat_check_pt   check;
    ngx_household_cat_match_pt   match;
    ngx_uint_t                   nested;     /* in nested sets only */
} ngx_household_cat_claim_t;


static const ngx_household_cat_claim_t *ngx_household_cat_set_find(
    const ngx_household_cbor_item_t *key, ngx_uint_t nested);
static ngx_int_t ngx_household_cat_set_holds(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *set,
    const ngx_household_cat_request_t *request, ngx_uint_t nested,
    const ngx_household_cat_claim_t **failed);
static ngx_household_reason_e ngx_household_cat_set_check_time(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value,
    ngx_uint_t *nregex);
static ngx_household_reason_e ngx_household_cat_set_check_sets(
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *value,
    ngx_uint_t *nregex);
static ngx_int_t ngx_household_cat_set_exp(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request);
static ngx_int_t ngx_household_cat_set_nbf(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request);
static ngx_int_t ngx_household_cat_set_or(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request);
static ngx_int_t ngx_household_cat_set_nor(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request);
static ngx_int_t ngx_household_cat_set_and(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request);
static ngx_int_t ngx_household_cat_set_until(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request, ngx_int_t end);
static ngx_int_t ngx_household_cat_set_not(ngx_int_t rc);


/* cheap ones first, in the order in which a rejection is reported */

static const ngx_household_cat_claim_t  ngx_household_cat_claims[] = {

    { NGX_HOUSEHOLD_CAT_EXP, NGX_HOUSEHOLD_REASON_TOKEN_EXPIRED,
      ngx_household_cat_set_check_time, ngx_household_cat_set_exp, 1 },

    { NGX_HOUSEHOLD_CAT_NBF, NGX_HOUSEHOLD_REASON_TOKEN_NOT_YET,
      ngx_household_cat_set_check_time, ngx_household_cat_set_nbf, 1 },

    { NGX_HOUSEHOLD_CAT_CATM, NGX_HOUSEHOLD_REASON_TOKEN_METHOD,
      ngx_household_cat_request_check_methods,
      ngx_household_cat_request_method, 0 },

    { NGX_HOUSEHOLD_CAT_CATALPN, NGX_HOUSEHOLD_REASON_TOKEN_PROTOCOL,
      ngx_household_cat_request_check_protocols,
      ngx_household_cat_request_protocol, 0 },

    { NGX_HOUSEHOLD_CAT_CATNIP, NGX_HOUSEHOLD_REASON_TOKEN_NETWORK,
      ngx_household_cat_request_check_networks,
      ngx_household_cat_request_network, 0 },

    { NGX_HOUSEHOLD_CAT_CATGEOISO3166, NGX_HOUSEHOLD_REASON_TOKEN_COUNTRY,
      ngx_household_cat_request_check_countries,
      ngx_household_cat_request_country, 0 },

    { NGX_HOUSEHOLD_CAT_CATH, NGX_HOUSEHOLD_REASON_TOKEN_HEADER,
      ngx_household_cat_request_check_headers,
      ngx_household_cat_request_header, 0 },

    { NGX_HOUSEHOLD_CAT_CATU, NGX_HOUSEHOLD_REASON_TOKEN_URI,
      ngx_household_cat_uri_check, ngx_household_cat_uri_match, 0 },

    { NGX_HOUSEHOLD_CAT_OR, NGX_HOUSEHOLD_REASON_TOKEN_CONDITION,
      ngx_household_cat_set_check_sets, ngx_household_cat_set_or, 0 },

    { NGX_HOUSEHOLD_CAT_NOR, NGX_HOUSEHOLD_REASON_TOKEN_CONDITION,
      ngx_household_cat_set_check_sets, ngx_household_cat_set_nor, 0 },

    { NGX_HOUSEHOLD_CAT_AND, NGX_HOUSEHOLD_REASON_TOKEN_CONDITION,
      ngx_household_cat_set_check_sets, ngx_household_cat_set_and, 0 }
};


#define NGX_HOUSEHOLD_CAT_CLAIMS                                             \
    (sizeof(ngx_household_cat_claims) / sizeof(ngx_household_cat_claim_t))


ngx_household_reason_e
ngx_household_cat_set_check(const ngx_household_cbor_t *c, int64_t key,
    const ngx_household_cbor_item_t *value, ngx_uint_t *nregex)
{
    ngx_uint_t                        i;
    const ngx_household_cat_claim_t  *claim;

    for (i = 0; i < NGX_HOUSEHOLD_CAT_CLAIMS; i++) {
        claim = &ngx_household_cat_claims[i];

        if (claim->key == key && !claim->nested) {
            return claim->check(c, value, nregex);
        }
    }

    return NGX_HOUSEHOLD_REASON_OFF;
}


ngx_household_reason_e
ngx_household_cat_set_match(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *set,
    const ngx_household_cat_request_t *request, int64_t *key)
{
    const ngx_household_cat_claim_t  *failed;

    if (ngx_household_cat_set_holds(c, set, request, 0, &failed) == NGX_OK) {
        return NGX_HOUSEHOLD_REASON_NONE;
    }

    *key = failed->key;

    return failed->reason;
}


u_char *
ngx_household_cat_set_write(u_char *p, u_char *last,
    const ngx_household_cbor_t *c, const ngx_household_cbor_item_t *set)
{
    u_char                           *head;
    ngx_uint_t                        i, n;
    const ngx_household_cat_claim_t  *claim;
    const ngx_household_cbor_item_t  *value;

    if (last - p < NGX_HOUSEHOLD_CBOR_HEAD) {
        return NULL;
    }

    /* the number of claims is less than 24: see NGX_HOUSEHOLD_CAT_CLAIMS */

    n = 0;
    head = p++;

    for (i = 0; i < NGX_HOUSEHOLD_CAT_CLAIMS; i++) {
        claim = &ngx_household_cat_claims[i];

        value = claim->nested ? NULL
                              : ngx_household_cbor_find(c, set, claim->key);

        if (value == NULL) {
            continue;
        }

        n++;

        if (last - p < NGX_HOUSEHOLD_CBOR_HEAD) {
            return NULL;
        }

        p = ngx_household_cbor_head(p, NGX_HOUSEHOLD_CBOR_UINT, claim->key);
        p = ngx_household_cbor_write(p, last, c, value);

        if (p == NULL) {
            return NULL;
        }
    }

    (void) ngx_household_cbor_head(head, NGX_HOUSEHOLD_CBOR_MAP, n);

    return p;
}


static const ngx_household_cat_claim_t *
ngx_household_cat_set_find(const ngx_household_cbor_item_t *item,
    ngx_uint_t nested)
{
    int64_t                           key;
    ngx_uint_t                        i;
    const ngx_household_cat_claim_t  *claim;

    if (ngx_household_cbor_int(item, &key) != NGX_OK) {
        return NULL;
    }

    for (i = 0; i < NGX_HOUSEHOLD_CAT_CLAIMS; i++) {
        claim = &ngx_household_cat_claims[i];

        if (claim->key == key && (nested || !claim->nested)) {
            return claim;
        }
    }

    return NULL;
}


/* all claims must hold; "failed" is the first that does not */

static ngx_int_t
ngx_household_cat_set_holds(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *set,
    const ngx_household_cat_request_t *request, ngx_uint_t nested,
    const ngx_household_cat_claim_t **failed)
{
    ngx_int_t                         rc, holds;
    ngx_uint_t                        i;
    const ngx_household_cat_claim_t  *claim;
    const ngx_household_cbor_item_t  *value;

    holds = NGX_OK;

    for (i = 0; i < NGX_HOUSEHOLD_CAT_CLAIMS; i++) {
        claim = &ngx_household_cat_claims[i];

        if (claim->nested && !nested) {
            continue;
        }

        value = ngx_household_cbor_find(c, set, claim->key);

        if (value == NULL) {
            continue;
        }

        rc = claim->match(c, value, request);

        if (rc == NGX_OK) {
            continue;
        }

        if (holds == NGX_OK) {
            *failed = claim;
        }

        if (rc == NGX_DECLINED) {
            return NGX_DECLINED;
        }

        holds = NGX_ERROR;
    }

    return holds;
}


static ngx_household_reason_e
ngx_household_cat_set_check_time(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value, ngx_uint_t *nregex)
{
    /* a fraction has no use here */

    return value->type == NGX_HOUSEHOLD_CBOR_UINT
           && value->value.number <= INT64_MAX
           ? NGX_HOUSEHOLD_REASON_NONE : NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
}


/* the depth is that of the input: NGX_HOUSEHOLD_CBOR_DEPTH */

static ngx_household_reason_e
ngx_household_cat_set_check_sets(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value, ngx_uint_t *nregex)
{
    ngx_uint_t                        i, n;
    ngx_household_reason_e            reason;
    const ngx_household_cat_claim_t  *claim;
    const ngx_household_cbor_item_t  *set, *key;

    if (value->type != NGX_HOUSEHOLD_CBOR_ARRAY || value->count == 0) {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    set = ngx_household_cbor_first(value);

    for (i = 0; i < value->count; i++) {

        if (set->type != NGX_HOUSEHOLD_CBOR_MAP) {
            return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
        }

        key = ngx_household_cbor_first(set);

        for (n = 0; n < set->count; n++) {
            claim = ngx_household_cat_set_find(key, 1);

            if (claim == NULL) {
                return NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED;
            }

            reason = claim->check(c, key + 1, nregex);

            if (reason != NGX_HOUSEHOLD_REASON_NONE) {
                return reason;
            }

            key = ngx_household_cbor_next(c, key + 1);
        }

        set = ngx_household_cbor_next(c, set);
    }

    return NGX_HOUSEHOLD_REASON_NONE;
}


/* in nested sets there is no leeway, which "nor" would turn around */

static ngx_int_t
ngx_household_cat_set_exp(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request)
{
    return (int64_t) value->value.number > request->now ? NGX_OK
                                                        : NGX_DECLINED;
}


static ngx_int_t
ngx_household_cat_set_nbf(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request)
{
    return (int64_t) value->value.number <= request->now ? NGX_OK
                                                         : NGX_DECLINED;
}


static ngx_int_t
ngx_household_cat_set_or(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request)
{
    return ngx_household_cat_set_until(c, value, request, NGX_OK);
}


static ngx_int_t
ngx_household_cat_set_nor(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request)
{
    return ngx_household_cat_set_not(
                    ngx_household_cat_set_until(c, value, request, NGX_OK));
}


static ngx_int_t
ngx_household_cat_set_and(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request)
{
    return ngx_household_cat_set_until(c, value, request, NGX_DECLINED);
}


/*
 * Matches sets until one is as "end" says, NGX_OK or NGX_DECLINED, which is the
 * result then.  Otherwise it is the opposite, or not known if a set was not.
 */

static ngx_int_t
ngx_household_cat_set_until(const ngx_household_cbor_t *c,
    const ngx_household_cbor_item_t *value,
    const ngx_household_cat_request_t *request, ngx_int_t end)
{
    ngx_int_t                         rc, holds;
    ngx_uint_t                        i;
    const ngx_household_cbor_item_t  *set;
    const ngx_household_cat_claim_t  *failed;

    holds = ngx_household_cat_set_not(end);
    set = ngx_household_cbor_first(value);

    for (i = 0; i < value->count; i++) {

        rc = ngx_household_cat_set_holds(c, set, request, 1, &failed);

        if (rc == end) {
            return end;
        }

        if (rc == NGX_ERROR) {
            holds = NGX_ERROR;
        }

        set = ngx_household_cbor_next(c, set);
    }

    return holds;
}


static ngx_int_t
ngx_household_cat_set_not(ngx_int_t rc)
{
    switch (rc) {

    case NGX_OK:
        return NGX_DECLINED;

    case NGX_DECLINED:
        return NGX_OK;

    default: /* NGX_ERROR */
        return rc;
    }
}

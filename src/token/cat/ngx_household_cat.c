
/*
 * Verification of Common Access Tokens.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cat.h"
#include "ngx_household_cat_answer.h"
#include "ngx_household_cat_claims.h"
#include "ngx_household_cat_json.h"
#include "ngx_household_cat_renewal.h"
#include "ngx_household_cat_set.h"
#include "ngx_household_cbor.h"
#include "ngx_household_chain.h"
#include "ngx_household_claims.h"
#include "ngx_household_cose.h"
#include "ngx_household_jwt_private.h"


/* bytes of the longest token without base64url */
#define NGX_HOUSEHOLD_CAT_SIZE                                               \
    ngx_household_base64url_size(NGX_HOUSEHOLD_JWT_SIZE_MAX)

/* the same of the longest renewed one, whose text has a NUL */
#define NGX_HOUSEHOLD_CAT_NEXT_SIZE  (NGX_HOUSEHOLD_CHAIN_SIZE / 4 * 3 - 3)

/* none of a claim */
#define NGX_HOUSEHOLD_CAT_NO_KEY  0


typedef struct {
    ngx_household_cose_t   message;
    ngx_household_cbor_t   claims;     /* items[0] is a map */
    u_char                 data[NGX_HOUSEHOLD_CAT_SIZE];
    u_char                 input[ngx_household_cose_size(
                                     NGX_HOUSEHOLD_CAT_SIZE)];
} ngx_household_cat_t;


static ngx_household_reason_e ngx_household_cat_parse(ngx_household_cat_t *t,
    const ngx_str_t *token);
static ngx_household_reason_e ngx_household_cat_parse_claims(
    ngx_household_cat_t *t, const ngx_str_t *text);
static ngx_household_reason_e ngx_household_cat_authenticate(
    const ngx_household_jwt_policy_t *policy, const ngx_household_cat_t *t,
    ngx_household_jwt_t *jwt, ngx_uint_t *issuer);
static ngx_household_reason_e ngx_household_cat_read(
    const ngx_household_jwt_policy_t *policy, const ngx_household_cat_t *t,
    const ngx_household_jwt_t *jwt,
    const ngx_household_cat_request_t *request,
    ngx_household_jwt_claims_t *claims, int64_t *key);
static void ngx_household_cat_restrict(const ngx_household_cat_t *t,
    ngx_household_jwt_claims_t *claims);
static void ngx_household_cat_renewable(
    const ngx_household_jwt_policy_t *policy, const ngx_household_cat_t *t,
    ngx_household_jwt_claims_t *claims);
static void ngx_household_cat_reject(const ngx_household_cat_t *t,
    ngx_household_reason_e reason, int64_t key,
    const ngx_household_cat_request_t *request);


ngx_household_reason_e
ngx_household_cat_verify(const ngx_household_jwt_policy_t *policy,
    const ngx_str_t *token, const ngx_household_cat_request_t *request,
    ngx_household_jwt_claims_t *claims)
{
    int64_t                 key;
    ngx_uint_t              issuer;
    ngx_household_cat_t     t;
    ngx_household_jwt_t     jwt;
    ngx_household_reason_e  reason;

    ngx_memzero(claims, sizeof(ngx_household_jwt_claims_t));

    if (request->answer != NULL) {
        request->answer->status = 0;
    }

    if (token->len > policy->max_size) {
        return NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED;
    }

    reason = ngx_household_cat_parse(&t, token);

    if (reason != NGX_HOUSEHOLD_REASON_NONE) {
        return reason;
    }

    ngx_memzero(&jwt, sizeof(ngx_household_jwt_t));

    jwt.claims = ngx_household_cat_json(&t.claims);

    if (jwt.claims == NULL) {
        return NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED;
    }

    issuer = 0;
    key = NGX_HOUSEHOLD_CAT_NO_KEY;

    reason = ngx_household_cat_authenticate(policy, &t, &jwt, &issuer);

    /* the signature is valid: the claims are those of the issuer */

    if (reason == NGX_HOUSEHOLD_REASON_NONE) {
        reason = ngx_household_cat_read(policy, &t, &jwt, request, claims,
                                        &key);
    }

    if (reason == NGX_HOUSEHOLD_REASON_NONE) {
        claims->issuer = (uint16_t) issuer;
        claims->key = jwt.jwk->id;

    } else {
        ngx_memzero(claims, sizeof(ngx_household_jwt_claims_t));
        ngx_household_cat_reject(&t, reason, key, request);
    }

    json_decref(jwt.claims);

    return reason;
}


ngx_household_reason_e
ngx_household_cat_match(const ngx_str_t *token, const ngx_str_t *container,
    const ngx_household_cat_request_t *request)
{
    int64_t                  key;
    ngx_household_cat_t      t;
    ngx_household_reason_e   reason;

    reason = container->len == 0
             ? ngx_household_cat_parse(&t, token)
             : ngx_household_cat_parse_claims(&t, container);

    if (reason != NGX_HOUSEHOLD_REASON_NONE) {
        return reason;
    }

    reason = ngx_household_cat_set_match(&t.claims, t.claims.items, request,
                                         &key);

    if (reason == NGX_HOUSEHOLD_REASON_NONE) {
        return reason;
    }

    /* the response that is wanted stands in the token only */

    if (container->len == 0
        || ngx_household_cat_parse(&t, token) == NGX_HOUSEHOLD_REASON_NONE)
    {
        ngx_household_cat_reject(&t, reason, key, request);
    }

    return reason;
}


ngx_int_t
ngx_household_cat_renew(const ngx_household_jwt_policy_t *policy,
    const ngx_str_t *token, uint64_t key, int64_t now,
    ngx_household_cat_next_t *next, ngx_str_t *dst)
{
    u_char                      bytes[NGX_HOUSEHOLD_CAT_NEXT_SIZE];
    u_char                      buf[NGX_HOUSEHOLD_CAT_NEXT_SIZE];
    ngx_int_t                   rc;
    ngx_str_t                   claims, message;
    ngx_household_cat_t         t;
    const ngx_household_jwk_t  *jwk;

    if (ngx_household_cat_parse(&t, token) != NGX_HOUSEHOLD_REASON_NONE) {
        return NGX_DECLINED;
    }

    claims.data = buf;

    rc = ngx_household_cat_renewal_next(&t.claims, now, policy->renewal_max,
                                        next, &claims, sizeof(buf));

    if (rc != NGX_OK) {
        return rc;
    }

    jwk = &policy->renewal->keys[0];
    message.data = bytes;

    rc = ngx_household_cose_write(jwk, key, &t.message.type, &claims, &message,
                                  sizeof(bytes), t.input);

    if (rc == NGX_OK) {
        dst->len = ngx_household_base64url_encode(dst->data, message.data,
                                                  message.len)
                   - dst->data;
    }

    return rc;
}


static ngx_household_reason_e
ngx_household_cat_parse(ngx_household_cat_t *t, const ngx_str_t *token)
{
    ngx_str_t               data;
    ngx_household_reason_e  reason;

    if (token->len > NGX_HOUSEHOLD_JWT_SIZE_MAX) {
        return NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED;
    }

    data.data = t->data;

    if (ngx_household_base64url_decode(&data, token) != NGX_OK) {
        return NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED;
    }

    reason = ngx_household_cose_parse(&t->message, &data, t->input);

    if (reason != NGX_HOUSEHOLD_REASON_NONE) {
        return reason;
    }

    return ngx_household_cat_parse_claims(t, &t->message.payload);
}


static ngx_household_reason_e
ngx_household_cat_parse_claims(ngx_household_cat_t *t, const ngx_str_t *text)
{
    ngx_str_t  data;

    data = *text;

    return ngx_household_cbor_parse(&t->claims, &data,
                                    NGX_HOUSEHOLD_CBOR_ITEMS)
           == NGX_OK
           && t->claims.items[0].type == NGX_HOUSEHOLD_CBOR_MAP
           ? NGX_HOUSEHOLD_REASON_NONE
           : NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED;
}


static ngx_household_reason_e
ngx_household_cat_authenticate(const ngx_household_jwt_policy_t *policy,
    const ngx_household_cat_t *t, ngx_household_jwt_t *jwt,
    ngx_uint_t *issuer)
{
    const ngx_household_cbor_item_t  *iss;

    jwt->input = t->message.input;
    jwt->signature = t->message.signature;
    jwt->kid = t->message.kid;
    jwt->type = t->message.type;
    jwt->algorithm = t->message.algorithm;
    jwt->renewed = t->message.renewed;
    jwt->first = t->message.first;

    iss = ngx_household_cbor_find(&t->claims, t->claims.items,
                                  NGX_HOUSEHOLD_CAT_ISS);

    if (iss != NULL) {

        if (iss->type != NGX_HOUSEHOLD_CBOR_TEXT) {
            return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
        }

        jwt->issuer = iss->value.text;
    }

    return ngx_household_jwt_authenticate(policy, jwt, issuer);
}


static ngx_household_reason_e
ngx_household_cat_read(const ngx_household_jwt_policy_t *policy,
    const ngx_household_cat_t *t, const ngx_household_jwt_t *jwt,
    const ngx_household_cat_request_t *request,
    ngx_household_jwt_claims_t *claims, int64_t *key)
{
    ngx_uint_t              restricted;
    ngx_household_reason_e  reason;

    reason = ngx_household_cat_claims_check(policy, &t->claims, &restricted);

    if (reason != NGX_HOUSEHOLD_REASON_NONE) {
        return reason;
    }

    reason = ngx_household_claims_read(policy, jwt->claims, request->now,
                                       claims);

    if (reason != NGX_HOUSEHOLD_REASON_NONE) {
        return reason;
    }

    reason = ngx_household_jwt_denial(jwt, claims);

    if (reason != NGX_HOUSEHOLD_REASON_NONE) {
        return reason;
    }

    claims->restricted = (uint16_t) restricted;

    if (restricted) {
        ngx_household_cat_restrict(t, claims);
    }

    ngx_household_cat_renewable(policy, t, claims);

    return ngx_household_cat_set_match(&t->claims, t->claims.items, request,
                                       key);
}


/* a cache then need not parse the token for each request */

static void
ngx_household_cat_restrict(const ngx_household_cat_t *t,
    ngx_household_jwt_claims_t *claims)
{
    u_char  *last;

    last = ngx_household_cat_set_write(claims->container,
                                       claims->container
                                       + sizeof(claims->container),
                                       &t->claims, t->claims.items);
    if (last != NULL) {
        claims->container_len = (uint16_t) (last - claims->container);
    }
}


static void
ngx_household_cat_renewable(const ngx_household_jwt_policy_t *policy,
    const ngx_household_cat_t *t, ngx_household_jwt_claims_t *claims)
{
    const ngx_household_cbor_item_t  *catr;

    catr = ngx_household_cbor_find(&t->claims, t->claims.items,
                                   NGX_HOUSEHOLD_CAT_CATR);

    /* the form of one that is not critical need not be valid */

    if (policy->renewal == NULL || catr == NULL
        || ngx_household_cat_renewal_check(&t->claims, catr)
           != NGX_HOUSEHOLD_REASON_NONE)
    {
        return;
    }

    claims->renewed = 1;
    claims->renew_at = claims->until - policy->leeway
                       - ngx_household_cat_renewal_deadline(&t->claims, catr);
}


/* "key" is of a claim that was compared with the request, or ..._NO_KEY */

static void
ngx_household_cat_reject(const ngx_household_cat_t *t,
    ngx_household_reason_e reason, int64_t key,
    const ngx_household_cat_request_t *request)
{
    if (request->answer == NULL) {
        return;
    }

    /* these are given only for a token whose signature is valid */

    switch (reason) {

    case NGX_HOUSEHOLD_REASON_TOKEN_AUDIENCE:
        key = NGX_HOUSEHOLD_CAT_AUD;
        break;

    case NGX_HOUSEHOLD_REASON_TOKEN_EXPIRED:
        key = NGX_HOUSEHOLD_CAT_EXP;
        break;

    case NGX_HOUSEHOLD_REASON_TOKEN_NOT_YET:
        key = NGX_HOUSEHOLD_CAT_NBF;
        break;

    default:
        break;
    }

    if (key != NGX_HOUSEHOLD_CAT_NO_KEY) {
        ngx_household_cat_answer_read(&t->claims, t->claims.items, key,
                                      request->answer);
    }
}

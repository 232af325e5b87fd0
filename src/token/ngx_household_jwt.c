
/*
 * Verification of playback tokens.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_claims.h"
#include "ngx_household_jose.h"
#include "ngx_household_jwt.h"
#include "ngx_household_jwt_private.h"
#include "ngx_household_str.h"


static ngx_household_reason_e ngx_household_jwt_parse(
    ngx_household_jwt_t *t, const ngx_str_t *token, u_char *buf);
static ngx_int_t ngx_household_jwt_split(const ngx_str_t *token,
    ngx_str_t parts[3]);
static ngx_household_reason_e ngx_household_jwt_header(
    ngx_household_jwt_t *t);

static ngx_uint_t ngx_household_jwt_progress(ngx_household_reason_e reason);
static ngx_uint_t ngx_household_jwt_issuer_known(
    const ngx_household_jwt_policy_t *policy, const ngx_str_t *issuer);
static ngx_household_reason_e ngx_household_jwt_try_renewal(
    const ngx_household_jwt_policy_t *policy, const ngx_household_jwks_t *jwks,
    ngx_household_jwt_t *t);
static ngx_household_reason_e ngx_household_jwt_try_keys(
    const ngx_household_jwks_t *jwks, ngx_household_jwt_t *t);
static ngx_int_t ngx_household_jwt_try_key(
    const ngx_household_jws_key_t *key, ngx_household_jwt_t *t);
static ngx_uint_t ngx_household_jwt_audience(const json_t *claims,
    const ngx_household_jwt_issuer_t *entry);
static ngx_uint_t ngx_household_jwt_audience_is(const json_t *aud,
    const ngx_household_jwt_issuer_t *entry);
static ngx_uint_t ngx_household_jwt_type(const ngx_str_t *type,
    const ngx_str_t *expected);


ngx_household_reason_e
ngx_household_jwt_verify(const ngx_household_jwt_policy_t *policy,
    const ngx_str_t *token, const ngx_str_t *sent, const ngx_str_t *uri,
    int64_t now, ngx_household_jwt_claims_t *claims)
{
    u_char                  buf[ngx_household_base64url_size(
                                    NGX_HOUSEHOLD_JWT_SIZE_MAX) + 3 * 3];
    ngx_uint_t              issuer;
    ngx_household_jwt_t     t;
    ngx_household_reason_e  reason;

    ngx_memzero(claims, sizeof(ngx_household_jwt_claims_t));
    ngx_memzero(&t, sizeof(ngx_household_jwt_t));

    if (token->len > policy->max_size
        || token->len > NGX_HOUSEHOLD_JWT_SIZE_MAX)
    {
        return NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED;
    }

    issuer = 0;

    reason = ngx_household_jwt_parse(&t, token, buf);

    if (reason == NGX_HOUSEHOLD_REASON_NONE) {
        reason = ngx_household_jwt_authenticate(policy, &t, &issuer);
    }

    /* the signature is valid: the claims are those of the issuer */

    if (reason == NGX_HOUSEHOLD_REASON_NONE) {
        reason = ngx_household_claims_read(policy, t.claims, now, claims);
    }

    if (reason == NGX_HOUSEHOLD_REASON_NONE) {
        reason = ngx_household_jwt_denial(&t, claims);
    }

    if (reason == NGX_HOUSEHOLD_REASON_NONE) {
        reason = ngx_household_claims_uri(policy, t.claims, sent, uri,
                                          claims);
    }

    if (reason == NGX_HOUSEHOLD_REASON_NONE) {
        claims->issuer = (uint16_t) issuer;
        claims->key = t.jwk->id;

    } else {
        ngx_memzero(claims, sizeof(ngx_household_jwt_claims_t));

        if (reason == NGX_HOUSEHOLD_REASON_TOKEN_KEY) {
            claims->issuer = (uint16_t) issuer;
        }
    }

    json_decref(t.header);
    json_decref(t.claims);

    return reason;
}


/* the three parts are decoded into "buf" */

static ngx_household_reason_e
ngx_household_jwt_parse(ngx_household_jwt_t *t, const ngx_str_t *token,
    u_char *buf)
{
    ngx_str_t               parts[3], header, payload;
    ngx_household_reason_e  reason;

    if (ngx_household_jwt_split(token, parts) != NGX_OK) {
        return NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED;
    }

    t->input.data = token->data;
    t->input.len = parts[0].len + 1 + parts[1].len;

    header.data = buf;
    payload.data = header.data + ngx_household_base64url_size(parts[0].len);
    t->signature.data = payload.data
                        + ngx_household_base64url_size(parts[1].len);

    if (ngx_household_base64url_decode(&header, &parts[0]) != NGX_OK
        || ngx_household_base64url_decode(&payload, &parts[1]) != NGX_OK
        || ngx_household_base64url_decode(&t->signature, &parts[2]) != NGX_OK)
    {
        return NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED;
    }

    t->header = ngx_household_json_parse(&header, NULL);

    if (t->header == NULL) {
        return NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED;
    }

    reason = ngx_household_jwt_header(t);

    if (reason != NGX_HOUSEHOLD_REASON_NONE) {
        return reason;
    }

    t->claims = ngx_household_json_parse(&payload, NULL);

    if (t->claims == NULL) {
        return NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED;
    }

    if (ngx_household_json_string(t->claims, "iss", &t->issuer) == NGX_ERROR) {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    return NGX_HOUSEHOLD_REASON_NONE;
}


/* three parts separated by dots; a part may be empty */

static ngx_int_t
ngx_household_jwt_split(const ngx_str_t *token, ngx_str_t parts[3])
{
    u_char      *p, *last;
    ngx_uint_t   i;

    p = token->data;
    last = token->data + token->len;

    for (i = 0; i < 3; i++) {
        parts[i].data = p;

        while (p < last && *p != '.') {
            p++;
        }

        parts[i].len = p - parts[i].data;

        if (i < 2) {

            if (p == last) {
                return NGX_DECLINED;
            }

            p++;
        }
    }

    return p == last ? NGX_OK : NGX_DECLINED;
}


/*
 * Of the header parameters, only "alg", "kid", "typ", "crit" (RFC 7515, 4.1),
 * "b64" (RFC 7797) and that of renewed tokens are used.  Keys and URLs of keys
 * in a header are ignored.
 */

static ngx_household_reason_e
ngx_household_jwt_header(ngx_household_jwt_t *t)
{
    json_t     *b64;
    ngx_str_t   alg, cty;
#if (NGX_HOUSEHOLD_CDNI)
    ngx_int_t   rc;
#endif

    /* no extension is supported, and an empty list is not allowed */

    if (json_object_get(t->header, "crit") != NULL) {
        return NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED;
    }

    b64 = json_object_get(t->header, "b64");

    if (b64 != NULL && !json_is_true(b64)) {
        return NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED;
    }

    if (ngx_household_json_string(t->header, "kid", &t->kid) == NGX_ERROR
        || ngx_household_json_string(t->header, "typ", &t->type) == NGX_ERROR
        || ngx_household_json_string(t->header, "cty", &cty) == NGX_ERROR)
    {
        return NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED;
    }

#if (NGX_HOUSEHOLD_CDNI)

    rc = ngx_household_renewal_key(t->header, &t->first);

    if (rc == NGX_ERROR) {
        return NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED;
    }

    t->renewed = (rc == NGX_OK);

#endif

    if (ngx_household_json_string(t->header, "alg", &alg) != NGX_OK) {
        return NGX_HOUSEHOLD_REASON_TOKEN_ALGORITHM;
    }

    t->algorithm = ngx_household_jws_algorithm(&alg);

    if (t->algorithm == 0) {
        return NGX_HOUSEHOLD_REASON_TOKEN_ALGORITHM;
    }

    return NGX_HOUSEHOLD_REASON_NONE;
}


/* "iss" is not trusted yet: it can only exclude keys, never add any */

ngx_household_reason_e
ngx_household_jwt_authenticate(const ngx_household_jwt_policy_t *policy,
    ngx_household_jwt_t *t, ngx_uint_t *issuer)
{
    ngx_uint_t                         i;
    ngx_str_t                          name;
    ngx_household_reason_e             reason, rc;
    const ngx_household_jwt_issuer_t  *entry;

    /*
     * If "household_token_key" directives name this "iss", only their keys are
     * tried, otherwise only those of the directives without an issuer.
     */

    ngx_str_null(&name);

    if (ngx_household_jwt_issuer_known(policy, &t->issuer)) {
        name = t->issuer;
    }

    reason = NGX_HOUSEHOLD_REASON_TOKEN_ISSUER;

    for (i = 0; i < policy->nissuers; i++) {
        entry = &policy->issuers[i];

        if (!ngx_household_str_equal(&entry->name, &name)) {
            continue;
        }

        *issuer = i;

        if (entry->jwks == NULL) {
            rc = NGX_HOUSEHOLD_REASON_KEYS_UNAVAILABLE;

        } else if (t->renewed) {
            rc = ngx_household_jwt_try_renewal(policy, entry->jwks, t);

        } else {
            rc = ngx_household_jwt_try_keys(entry->jwks, t);
        }

        if (rc == NGX_HOUSEHOLD_REASON_NONE) {

            if (!ngx_household_jwt_audience(t->claims, entry)) {
                rc = NGX_HOUSEHOLD_REASON_TOKEN_AUDIENCE;

            } else if (!ngx_household_jwt_type(&t->type, &entry->type)) {
                rc = NGX_HOUSEHOLD_REASON_TOKEN_TYPE;

            } else {
                return NGX_HOUSEHOLD_REASON_NONE;
            }
        }

        /* report the reason of the issuer that passed the most checks */

        if (ngx_household_jwt_progress(rc)
            > ngx_household_jwt_progress(reason))
        {
            reason = rc;
        }
    }

    return reason;
}


static ngx_uint_t
ngx_household_jwt_progress(ngx_household_reason_e reason)
{
    switch (reason) {

    case NGX_HOUSEHOLD_REASON_TOKEN_TYPE:
        return 6;

    case NGX_HOUSEHOLD_REASON_TOKEN_AUDIENCE:
        return 5;

    case NGX_HOUSEHOLD_REASON_KEYS_UNAVAILABLE:
        /* a signature that no known key verifies may be of an unknown one */
        return 4;

    case NGX_HOUSEHOLD_REASON_TOKEN_SIGNATURE:
        return 3;

    case NGX_HOUSEHOLD_REASON_TOKEN_ALGORITHM:
        return 2;

    case NGX_HOUSEHOLD_REASON_TOKEN_KEY:
        return 1;

    default: /* TOKEN_ISSUER */
        return 0;
    }
}


static ngx_uint_t
ngx_household_jwt_issuer_known(const ngx_household_jwt_policy_t *policy,
    const ngx_str_t *issuer)
{
    ngx_uint_t  i;

    for (i = 0; i < policy->nissuers; i++) {
        if (ngx_household_str_equal(&policy->issuers[i].name, issuer)) {
            return 1;
        }
    }

    return 0;
}


/*
 * A renewed token is signed by an edge.  The issuer must still have the key of
 * the first token.
 */

static ngx_household_reason_e
ngx_household_jwt_try_renewal(const ngx_household_jwt_policy_t *policy,
    const ngx_household_jwks_t *jwks, ngx_household_jwt_t *t)
{
    ngx_uint_t              i;
    ngx_household_reason_e  reason;

    if (policy->renewal == NULL) {
        return NGX_HOUSEHOLD_REASON_TOKEN_KEY;
    }

    for (i = 0; i < jwks->nkeys; i++) {

        if (jwks->keys[i].id != t->first) {
            continue;
        }

        reason = ngx_household_jwt_try_keys(policy->renewal, t);

        /* a deny list names the key of the issuer */
        t->jwk = &jwks->keys[i];

        return reason;
    }

    return NGX_HOUSEHOLD_REASON_TOKEN_KEY;
}


/*
 * Tries the keys with the "kid" of the token, or all keys if the token has no
 * "kid".  Keys that do not allow the algorithm are not tried.
 */

static ngx_household_reason_e
ngx_household_jwt_try_keys(const ngx_household_jwks_t *jwks,
    ngx_household_jwt_t *t)
{
    ngx_uint_t                  i;
    ngx_household_reason_e      reason;
    const ngx_household_jwk_t  *jwk;

    reason = t->kid.data != NULL ? NGX_HOUSEHOLD_REASON_TOKEN_KEY
                                 : NGX_HOUSEHOLD_REASON_TOKEN_ALGORITHM;

    for (i = 0; i < jwks->nkeys; i++) {
        jwk = &jwks->keys[i];

        if (t->kid.data != NULL
            && (jwk->kid.len == 0
                || !ngx_household_str_equal(&jwk->kid, &t->kid)))
        {
            continue;
        }

        if ((jwk->key.algorithms & t->algorithm) == 0) {

            if (reason == NGX_HOUSEHOLD_REASON_TOKEN_KEY) {
                reason = NGX_HOUSEHOLD_REASON_TOKEN_ALGORITHM;
            }

            continue;
        }

        if (ngx_household_jwt_try_key(&jwk->key, t) == NGX_OK) {
            t->jwk = jwk;
            return NGX_HOUSEHOLD_REASON_NONE;
        }

        reason = NGX_HOUSEHOLD_REASON_TOKEN_SIGNATURE;
    }

    return reason;
}


/* a key that appears again, also in another set, is not tried twice */

static ngx_int_t
ngx_household_jwt_try_key(const ngx_household_jws_key_t *key,
    ngx_household_jwt_t *t)
{
    ngx_uint_t  i;

    for (i = 0; i < t->ntried; i++) {
        if (ngx_household_jws_same_key(t->tried[i], key)) {
            return t->tried[i] == t->signer ? NGX_OK : NGX_DECLINED;
        }
    }

    if (t->ntried == NGX_HOUSEHOLD_JWT_ATTEMPTS) {
        return NGX_DECLINED;
    }

    t->tried[t->ntried++] = key;

    if (ngx_household_jws_check(key, t->algorithm, &t->input, &t->signature)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    t->signer = key;

    return NGX_OK;
}


/*
 * The ids that a deny list may name.  A token need not name the key that signed
 * it, so the "kid" is that of the key.
 */

ngx_household_reason_e
ngx_household_jwt_denial(const ngx_household_jwt_t *t,
    ngx_household_jwt_claims_t *claims)
{
    if (ngx_household_claims_jti(t->claims, &claims->jti) != NGX_OK) {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    if (t->jwk->kid.len != 0
        && ngx_household_jwt_denial_digest(NGX_HOUSEHOLD_JWT_DENIAL_KID,
                                           &t->jwk->kid, &claims->kid)
           != NGX_OK)
    {
        return NGX_HOUSEHOLD_REASON_TOKEN_KEY;
    }

    return NGX_HOUSEHOLD_REASON_NONE;
}


/* RFC 7519, 4.1.3: a string, or an array of strings */

static ngx_uint_t
ngx_household_jwt_audience(const json_t *claims,
    const ngx_household_jwt_issuer_t *entry)
{
    size_t   i;
    json_t  *aud;

    if (entry->naudiences == 0) {
        return 1;
    }

    aud = json_object_get(claims, "aud");

    if (!json_is_array(aud)) {
        return ngx_household_jwt_audience_is(aud, entry);
    }

    for (i = 0; i < json_array_size(aud); i++) {
        if (!json_is_string(json_array_get(aud, i))) {
            return 0;
        }
    }

    for (i = 0; i < json_array_size(aud); i++) {
        if (ngx_household_jwt_audience_is(json_array_get(aud, i), entry)) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_household_jwt_audience_is(const json_t *aud,
    const ngx_household_jwt_issuer_t *entry)
{
    ngx_str_t   value;
    ngx_uint_t  i;

    if (!json_is_string(aud)) {
        return 0;
    }

    value.data = (u_char *) json_string_value(aud);
    value.len = json_string_length(aud);

    for (i = 0; i < entry->naudiences; i++) {
        if (ngx_household_str_equal(&value, &entry->audiences[i])) {
            return 1;
        }
    }

    return 0;
}


/*
 * Compares media types, in any case.  RFC 7515, 4.1.9: "application/" may be
 * omitted if there is no other "/".
 */

static ngx_uint_t
ngx_household_jwt_type(const ngx_str_t *type, const ngx_str_t *expected)
{
    size_t     i, n;
    ngx_str_t  names[2];

    static const char  prefix[] = "application/";

    if (expected->len == 0) {
        return 1;
    }

    names[0] = *type;
    names[1] = *expected;

    for (n = 0; n < 2; n++) {

        for (i = 0; i < sizeof(prefix) - 1 && i < names[n].len; i++) {
            if (ngx_tolower(names[n].data[i]) != prefix[i]) {
                break;
            }
        }

        if (i == sizeof(prefix) - 1) {
            names[n].data += i;
            names[n].len -= i;
        }
    }

    if (names[0].len != names[1].len) {
        return 0;
    }

    for (i = 0; i < names[0].len; i++) {
        if (ngx_tolower(names[0].data[i]) != ngx_tolower(names[1].data[i])) {
            return 0;
        }
    }

    return 1;
}

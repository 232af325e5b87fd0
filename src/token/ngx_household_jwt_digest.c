
/*
 * Digests of policies, and of ids for the deny list.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/err.h>
#include "ngx_household_jwt.h"


static ngx_int_t ngx_household_jwt_digest_text(const void *prefix,
    size_t len, const ngx_str_t *text,
    u_char digest[NGX_HOUSEHOLD_JWT_DIGEST]);
static ngx_int_t ngx_household_jwt_digest_issuer(EVP_MD_CTX *ctx,
    const ngx_household_jwt_issuer_t *entry);
static ngx_int_t ngx_household_jwt_digest_str(EVP_MD_CTX *ctx,
    const ngx_str_t *s);


ngx_int_t
ngx_household_jwt_denial_digest(ngx_household_jwt_denial_e kind,
    const ngx_str_t *id, uint64_t *digest)
{
    u_char  sha[NGX_HOUSEHOLD_JWT_DIGEST];

    if (ngx_household_jwt_digest_text(
            kind == NGX_HOUSEHOLD_JWT_DENIAL_JTI ? "jti:" : "kid:",
            sizeof("jti:") - 1, id, sha)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(digest, sha, sizeof(uint64_t));

    if (*digest == NGX_HOUSEHOLD_JWT_DENIAL_NONE) {
        *digest = ~*digest;
    }

    return NGX_OK;
}


/* the digest of "prefix" and "text" */

static ngx_int_t
ngx_household_jwt_digest_text(const void *prefix, size_t len,
    const ngx_str_t *text, u_char digest[NGX_HOUSEHOLD_JWT_DIGEST])
{
    const EVP_MD  *md;

    static EVP_MD_CTX  *ctx;

    /*
     * The context is reused: creating a context and fetching the algorithm
     * would take longer than the digest itself.
     */

    md = NULL;

    if (ctx == NULL) {
        ctx = EVP_MD_CTX_new();
        md = EVP_sha256();
    }

    if (ctx != NULL
        && EVP_DigestInit_ex(ctx, md, NULL) == 1
        && EVP_DigestUpdate(ctx, prefix, len) == 1
        && EVP_DigestUpdate(ctx, text->data, text->len) == 1
        && EVP_DigestFinal_ex(ctx, digest, NULL) == 1)
    {
        return NGX_OK;
    }

    ERR_clear_error();

    EVP_MD_CTX_free(ctx);
    ctx = NULL;

    return NGX_ERROR;
}


ngx_int_t
ngx_household_jwt_policy_digest(const ngx_household_jwt_policy_t *policy,
    u_char digest[NGX_HOUSEHOLD_JWT_DIGEST])
{
    uint64_t     numbers[8];
    ngx_int_t    rc;
    ngx_uint_t   i;
    EVP_MD_CTX  *ctx;

    ctx = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    numbers[0] = policy->nissuers;
    numbers[1] = (uint64_t) policy->leeway;
    numbers[2] = policy->max_size;
    numbers[3] = policy->nvalues;
    numbers[4] = policy->cdniip != NULL;
    numbers[5] = policy->cat;
    numbers[6] = policy->renewal != NULL;
    numbers[7] = policy->renewal != NULL ? (uint64_t) policy->renewal_max : 0;

    rc = NGX_ERROR;

    if (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1
        || EVP_DigestUpdate(ctx, numbers, sizeof(numbers)) != 1
        || ngx_household_jwt_digest_str(ctx, &policy->account) != NGX_OK
        || ngx_household_jwt_digest_str(ctx, &policy->device) != NGX_OK
        || ngx_household_jwt_digest_str(ctx, &policy->package) != NGX_OK)
    {
        goto done;
    }

    if (policy->renewal != NULL
        && EVP_DigestUpdate(ctx, policy->renewal->digest,
                            NGX_HOUSEHOLD_JWKS_DIGEST)
           != 1)
    {
        goto done;
    }

#if (NGX_HOUSEHOLD_CDNI)

    if (policy->cdniip != NULL
        && EVP_DigestUpdate(ctx,
                            ngx_household_cdniip_keys_digest(policy->cdniip),
                            NGX_HOUSEHOLD_CDNIIP_DIGEST)
           != 1)
    {
        goto done;
    }

#endif

    for (i = 0; i < policy->nissuers; i++) {
        if (ngx_household_jwt_digest_issuer(ctx, &policy->issuers[i])
            != NGX_OK)
        {
            goto done;
        }
    }

    for (i = 0; i < policy->nvalues; i++) {
        if (ngx_household_jwt_digest_str(ctx, &policy->values[i]) != NGX_OK) {
            goto done;
        }
    }

    if (EVP_DigestFinal_ex(ctx, digest, NULL) == 1) {
        rc = NGX_OK;
    }

done:

    if (rc != NGX_OK) {
        ERR_clear_error();
    }

    EVP_MD_CTX_free(ctx);

    return rc;
}


static ngx_int_t
ngx_household_jwt_digest_issuer(EVP_MD_CTX *ctx,
    const ngx_household_jwt_issuer_t *entry)
{
    uint64_t       n;
    ngx_uint_t     i;
    const u_char  *keys;

    static const u_char  unknown[NGX_HOUSEHOLD_JWKS_DIGEST];

    n = entry->naudiences;
    keys = entry->jwks != NULL ? entry->jwks->digest : unknown;

    if (EVP_DigestUpdate(ctx, keys, NGX_HOUSEHOLD_JWKS_DIGEST) != 1
        || ngx_household_jwt_digest_str(ctx, &entry->name) != NGX_OK
        || ngx_household_jwt_digest_str(ctx, &entry->type) != NGX_OK
        || EVP_DigestUpdate(ctx, &n, sizeof(n)) != 1)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < entry->naudiences; i++) {
        if (ngx_household_jwt_digest_str(ctx, &entry->audiences[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* the length is included: "ab", "c" differs from "a", "bc" */

static ngx_int_t
ngx_household_jwt_digest_str(EVP_MD_CTX *ctx, const ngx_str_t *s)
{
    uint64_t  len;

    len = s->len;

    if (EVP_DigestUpdate(ctx, &len, sizeof(len)) != 1
        || EVP_DigestUpdate(ctx, s->data, s->len) != 1)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * Claims of a verified token.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_claims.h"
#include "ngx_household_claims_value.h"
#include "ngx_household_jose.h"
#include "ngx_household_urisigning.h"


static ngx_household_reason_e ngx_household_claims_times(const json_t *claims,
    int64_t leeway, int64_t clocks, int64_t now,
    ngx_household_jwt_claims_t *out);
static ngx_household_reason_e ngx_household_claims_ids(
    const ngx_household_jwt_policy_t *policy, const json_t *claims,
    ngx_household_jwt_claims_t *out);
static ngx_int_t ngx_household_claims_id(const json_t *claims,
    const ngx_str_t *name, ngx_str_t *id);
static ngx_uint_t ngx_household_claims_cdni(const json_t *claims);


ngx_household_reason_e
ngx_household_claims_read(const ngx_household_jwt_policy_t *policy,
    const json_t *claims, int64_t now, ngx_household_jwt_claims_t *out)
{
    int64_t                 leeway;
    ngx_household_reason_e  reason;

    /*
     * RFC 9246, 2.1.4 and 2.1.5: no leeway for "exp" and "nbf" of URI Signing
     * tokens.  "iat" may be of another edge, whose clock is a little ahead.
     */

    leeway = ngx_household_claims_cdni(claims) ? 0 : policy->leeway;

    reason = ngx_household_claims_times(claims, leeway, policy->leeway, now,
                                        out);

    if (reason != NGX_HOUSEHOLD_REASON_NONE) {
        return reason;
    }

    ngx_household_claims_values(policy, claims, out);

    return ngx_household_claims_ids(policy, claims, out);
}


/* "clocks" is the leeway of "iat" */

static ngx_household_reason_e
ngx_household_claims_times(const json_t *claims, int64_t leeway,
    int64_t clocks, int64_t now, ngx_household_jwt_claims_t *out)
{
    int64_t    exp, nbf, iat, issued;
    ngx_int_t  rc;

    nbf = 0;
    issued = 0;
    iat = NGX_HOUSEHOLD_ISSUED_UNKNOWN;

    if (ngx_household_json_time(claims, "exp", 0, &exp) != NGX_OK) {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    rc = ngx_household_json_time(claims, "nbf", 1, &nbf);

    if (rc == NGX_ERROR) {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    /*
     * A fraction never extends the validity of a token.  "iat" is rounded up
     * to check that it is not in the future, and down to be compared with
     * "revoked_before".
     */

    rc = ngx_household_json_time(claims, "iat", 1, &issued);

    if (rc == NGX_ERROR) {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    (void) ngx_household_json_time(claims, "iat", 0, &iat);

    if (now - leeway >= exp) {
        return NGX_HOUSEHOLD_REASON_TOKEN_EXPIRED;
    }

    if (now + leeway < nbf || now + clocks < issued) {
        return NGX_HOUSEHOLD_REASON_TOKEN_NOT_YET;
    }

    out->issued_at = iat;
    out->until = exp + leeway;

    return NGX_HOUSEHOLD_REASON_NONE;
}


static ngx_household_reason_e
ngx_household_claims_ids(const ngx_household_jwt_policy_t *policy,
    const json_t *claims, ngx_household_jwt_claims_t *out)
{
    ngx_int_t  rc;
    ngx_str_t  account, device;

    rc = ngx_household_claims_id(claims, &policy->account, &account);

    if (rc != NGX_OK || account.len == 0
        || !ngx_household_id_valid(&account))
    {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    ngx_memcpy(out->account, account.data, account.len);
    out->account_len = (uint16_t) account.len;

    if (policy->device.len == 0) {
        return NGX_HOUSEHOLD_REASON_NONE;
    }

    rc = ngx_household_claims_id(claims, &policy->device, &device);

    if (rc == NGX_DECLINED) {
        return NGX_HOUSEHOLD_REASON_NONE;
    }

    if (rc == NGX_ERROR || !ngx_household_id_valid(&device)) {
        return NGX_HOUSEHOLD_REASON_TOKEN_CLAIM;
    }

    ngx_memcpy(out->device, device.data, device.len);
    out->device_len = (uint16_t) device.len;

    return NGX_HOUSEHOLD_REASON_NONE;
}


static ngx_int_t
ngx_household_claims_id(const json_t *claims, const ngx_str_t *name,
    ngx_str_t *id)
{
    json_t  *value;

    value = ngx_household_claims_find(claims, name);

    if (value == NULL) {
        return NGX_DECLINED;
    }

    if (!json_is_string(value)) {
        return NGX_ERROR;
    }

    id->data = (u_char *) json_string_value(value);
    id->len = json_string_length(value);

    return NGX_OK;
}


ngx_int_t
ngx_household_claims_jti(const json_t *claims, uint64_t *digest)
{
    char       buf[32];
    json_t    *jti;
    ngx_str_t  id;

    *digest = NGX_HOUSEHOLD_JWT_DENIAL_NONE;

    jti = json_object_get(claims, "jti");

    if (json_is_string(jti)) {
        id.data = (u_char *) json_string_value(jti);
        id.len = json_string_length(jti);

    } else if (json_is_integer(jti)) {
        id.data = (u_char *) buf;
        id.len = snprintf(buf, sizeof(buf), "%" JSON_INTEGER_FORMAT,
                          json_integer_value(jti));

    } else {
        return NGX_OK;
    }

    return ngx_household_jwt_denial_digest(NGX_HOUSEHOLD_JWT_DENIAL_JTI, &id,
                                           digest);
}


ngx_household_reason_e
ngx_household_claims_uri(const ngx_household_jwt_policy_t *policy,
    const json_t *claims, const ngx_str_t *sent, const ngx_str_t *uri,
    ngx_household_jwt_claims_t *out)
{
#if (NGX_HOUSEHOLD_CDNI)
    ngx_household_urisigning_t  u;
#endif

    if (!ngx_household_claims_cdni(claims)) {
        return NGX_HOUSEHOLD_REASON_NONE;
    }

#if (NGX_HOUSEHOLD_CDNI)

    if (ngx_household_urisigning_check(claims, policy->cdniip, &u) != NGX_OK) {
        return NGX_HOUSEHOLD_REASON_TOKEN_URI;
    }

    if (u.renewal.renewed && policy->renewal == NULL) {
        return NGX_HOUSEHOLD_REASON_TOKEN_URI;
    }

    out->client = u.client;
    out->renewed = (uint16_t) u.renewal.renewed;

    if (u.container.len == 0) {
        return NGX_HOUSEHOLD_REASON_NONE;
    }

    if (ngx_household_urisigning_match(&u.container, uri, &policy->package,
                                       sent)
        != NGX_OK)
    {
        return NGX_HOUSEHOLD_REASON_TOKEN_URI;
    }

    ngx_memcpy(out->container, u.container.data, u.container.len);
    out->container_len = (uint16_t) u.container.len;

    return NGX_HOUSEHOLD_REASON_NONE;

#else

    /* what restricts a token must not be ignored */
    return NGX_HOUSEHOLD_REASON_TOKEN_URI;

#endif
}


/* returns 1 if RFC 9246 applies to the token */

static ngx_uint_t
ngx_household_claims_cdni(const json_t *claims)
{
#if (NGX_HOUSEHOLD_CDNI)

    return ngx_household_urisigning_present(claims);

#else

    json_t      *value;
    const char  *name;

    json_object_foreach((json_t *) claims, name, value) {
        if (ngx_strncmp(name, "cdni", 4) == 0) {
            return 1;
        }
    }

    return 0;

#endif
}

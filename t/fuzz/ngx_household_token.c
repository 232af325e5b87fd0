
/*
 * Fuzz target of the verifier of tokens.  The first byte chooses what the
 * rest is: a token as it comes; the header, payload and URI of a token that
 * is signed here, with NULs between them, so that the claims are reached; or
 * a URI container and a URI.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include "ngx_household_jwt.h"
#include "ngx_household_renewal.h"
#include "ngx_household_vectors.h"


#define CHECK(cond)  do { if (!(cond)) { abort(); } } while (0)

#define NOW     1300819000
#define SECRET  "0123456789abcdef0123456789abcdef"                            \
                "0123456789abcdef0123456789abcdef"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static ngx_household_jwt_issuer_t  issuers[2];
static ngx_household_jwt_policy_t  policy;

static ngx_str_t  audience = ngx_string("b");


static void
setup(void)
{
    char       error[NGX_HOUSEHOLD_JWKS_ERROR];
    ngx_str_t  text;

    static u_char  set[] =
        "{\"keys\":[" RFC7515_A2_JWK "," RFC7515_A3_JWK "," RFC7515_A4_JWK ","
        RFC8037_A4_JWK ","
        "{\"kty\":\"oct\",\"kid\":\"h\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0N"
        "TY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg\"}]}";

    static u_char  edge[] =
        "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"e\","
        "\"k\":\"ZWRnZWVkZ2VlZGdlZWRnZWVkZ2VlZGdlZWRnZWVkZ2U\"}]}";

    text.data = set;
    text.len = sizeof(set) - 1;

    issuers[0].jwks = ngx_household_jwks_parse(&text, NULL, NULL, error);
    CHECK(issuers[0].jwks != NULL);

    issuers[1] = issuers[0];
    ngx_str_set(&issuers[1].name, "a");
    issuers[1].audiences = &audience;
    issuers[1].naudiences = 1;

    text.data = edge;
    text.len = sizeof(edge) - 1;

    policy.renewal = ngx_household_jwks_parse(&text, NULL, NULL, error);
    CHECK(policy.renewal != NULL);

    policy.issuers = issuers;
    policy.nissuers = 2;
    policy.leeway = 30;
    policy.max_size = NGX_HOUSEHOLD_JWT_SIZE_MAX;
    ngx_str_set(&policy.account, "sub");
    ngx_str_set(&policy.device, "device");
    ngx_str_set(&policy.package, "p");
}


/* the same again, and nothing told of what is refused */

static ngx_household_reason_e
verify(const ngx_str_t *token, const ngx_str_t *uri,
    ngx_household_jwt_claims_t *out)
{
    size_t                       i;
    ngx_household_reason_e       reason;
    ngx_household_jwt_claims_t   claims, again;

    ngx_memset(&claims, 0x5a, sizeof(claims));
    ngx_memset(&again, 0xa5, sizeof(again));

    reason = ngx_household_jwt_verify(&policy, token, token, uri, NOW, &claims);

    *out = claims;

    CHECK(ngx_household_jwt_verify(&policy, token, token, uri, NOW, &again)
          == reason);
    CHECK(ngx_memcmp(&claims, &again, sizeof(claims)) == 0);
    CHECK(ERR_peek_error() == 0);

    if (reason == NGX_HOUSEHOLD_REASON_TOKEN_KEY) {
        CHECK(claims.issuer < 2);
        claims.issuer = 0;
    }

    if (reason != NGX_HOUSEHOLD_REASON_NONE) {
        for (i = 0; i < sizeof(claims); i++) {
            CHECK(((u_char *) &claims)[i] == 0);
        }

        return reason;
    }

    CHECK(claims.account_len > 0);
    CHECK(claims.account_len <= NGX_HOUSEHOLD_ID_LEN);
    CHECK(claims.device_len <= NGX_HOUSEHOLD_ID_LEN);
    CHECK(claims.container_len <= NGX_HOUSEHOLD_CONTAINER_LEN);
    CHECK(claims.until > NOW);
    CHECK(claims.issued_at <= NOW + 30);
    CHECK(claims.issuer < 2);

    return reason;
}


static u_char *
base64url(u_char *p, const u_char *d, size_t len)
{
    size_t    i;
    uint32_t  bits, n;

    static const char  set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789-_";

    bits = 0;
    n = 0;

    for (i = 0; i < len; i++) {
        bits = bits << 8 | d[i];

        for (n += 8; n >= 6; n -= 6) {
            *p++ = set[bits >> (n - 6) & 63];
        }
    }

    if (n > 0) {
        *p++ = set[bits << (6 - n) & 63];
    }

    return p;
}


static void
as_it_comes(const uint8_t *data, size_t size)
{
    ngx_str_t                    token, uri;
    ngx_household_jwt_claims_t   claims;

    token.data = (u_char *) data;
    token.len = size;
    ngx_str_set(&uri, "http://a/");

    (void) verify(&token, &uri, &claims);
}


/* the next token says the same, and so does the one after it */

static void
renewed(const ngx_str_t *token, const ngx_str_t *uri,
    const ngx_household_jwt_claims_t *claims)
{
    u_char                       text[NGX_HOUSEHOLD_CHAIN_SIZE];
    int64_t                      left;
    ngx_int_t                    rc;
    ngx_str_t                    next;
    ngx_household_renewal_t      renewal;
    ngx_household_jwt_claims_t   again;

    next.data = text;

    rc = ngx_household_renewal_sign(policy.renewal, token, claims->key, NOW,
                                    3600, &renewal, &next, &left);

    CHECK(rc == NGX_OK || rc == NGX_DECLINED);

    if (rc != NGX_OK) {
        return;
    }

    CHECK(claims->renewed);
    CHECK(left > 0 && left <= 3600 + 30);
    CHECK(next.len <= NGX_HOUSEHOLD_CHAIN_SIZE);
    CHECK(verify(&next, uri, &again) == NGX_HOUSEHOLD_REASON_NONE);
    CHECK(again.until == NOW + left);
    CHECK(again.key == claims->key);
    CHECK(again.kid == claims->kid);
    CHECK(again.issuer == claims->issuer);
    CHECK(again.issued_at == claims->issued_at
          || claims->issued_at == NGX_HOUSEHOLD_ISSUED_UNKNOWN);
    CHECK(again.account_len == claims->account_len);
    CHECK(ngx_memcmp(again.account, claims->account, claims->account_len)
          == 0);
    CHECK(again.container_len == claims->container_len);
    CHECK(ngx_memcmp(again.container, claims->container,
                     claims->container_len)
          == 0);
}


static void
signed_here(const uint8_t *data, size_t size)
{
    u_char                       text[16384], mac[64], *p;
    size_t                       len;
    ngx_str_t                    token, uri;
    unsigned int                 n;
    const uint8_t               *second, *third;
    ngx_household_jwt_claims_t   claims;

    if (size > 4000) {
        return;
    }

    second = memchr(data, '\0', size);

    if (second == NULL) {
        return;
    }

    second++;
    len = data + size - second;
    third = memchr(second, '\0', len);

    ngx_str_null(&uri);

    if (third != NULL) {
        len = third - second;
        uri.data = (u_char *) third + 1;
        uri.len = data + size - third - 1;
    }

    p = base64url(text, data, second - data - 1);
    *p++ = '.';
    p = base64url(p, second, len);

    CHECK(HMAC(EVP_sha256(), SECRET, 64, text, p - text, mac, &n) != NULL);

    *p++ = '.';
    p = base64url(p, mac, n);

    token.data = text;
    token.len = p - text;

    if (verify(&token, &uri, &claims) != NGX_HOUSEHOLD_REASON_NONE) {
        return;
    }

    renewed(&token, &uri, &claims);

    /* the last letter has four bits: two more make another text, no token */

    text[token.len - 2] ^= 1;
    CHECK(verify(&token, &uri, &claims) != NGX_HOUSEHOLD_REASON_NONE);
}


static void
container(const uint8_t *data, size_t size)
{
    ngx_int_t       rc;
    ngx_str_t       c, uri, package, token;
    const uint8_t  *second;

    second = memchr(data, '\0', size);

    if (second == NULL) {
        return;
    }

    c.data = (u_char *) data;
    c.len = second - data;
    uri.data = (u_char *) second + 1;
    uri.len = data + size - second - 1;

    ngx_str_set(&package, "p");
    ngx_str_set(&token, "t");

    rc = ngx_household_urisigning_match(&c, &uri, &package, &token);
    CHECK(rc == NGX_OK || rc == NGX_DECLINED);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (policy.issuers == NULL) {
        setup();
    }

    if (size == 0) {
        return 0;
    }

    switch (data[0] % 3) {

    case 0:
        as_it_comes(data + 1, size - 1);
        break;

    case 1:
        signed_here(data + 1, size - 1);
        break;

    default:
        container(data + 1, size - 1);
        break;
    }

    return 0;
}

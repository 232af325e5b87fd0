
/*
 * What the units of the verifier share: keys, policies that trust them, and
 * a look at whether one token leaves anything for the next.
 */


#ifndef _NGX_HOUSEHOLD_TOKEN_TEST_H_INCLUDED_
#define _NGX_HOUSEHOLD_TOKEN_TEST_H_INCLUDED_


#include "ngx_household_mint.h"
#include "ngx_household_jwt.h"


#define NOW     1700000000
#define LEEWAY  30

#define NONE       NGX_HOUSEHOLD_REASON_NONE
#define MALFORMED  NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED
#define ALGORITHM  NGX_HOUSEHOLD_REASON_TOKEN_ALGORITHM
#define KEY        NGX_HOUSEHOLD_REASON_TOKEN_KEY
#define SIGNATURE  NGX_HOUSEHOLD_REASON_TOKEN_SIGNATURE
#define CLAIM      NGX_HOUSEHOLD_REASON_TOKEN_CLAIM
#define ISSUER     NGX_HOUSEHOLD_REASON_TOKEN_ISSUER
#define AUDIENCE   NGX_HOUSEHOLD_REASON_TOKEN_AUDIENCE
#define EXPIRED    NGX_HOUSEHOLD_REASON_TOKEN_EXPIRED
#define NOT_YET    NGX_HOUSEHOLD_REASON_TOKEN_NOT_YET
#define URI        NGX_HOUSEHOLD_REASON_TOKEN_URI
#define TYPE       NGX_HOUSEHOLD_REASON_TOKEN_TYPE
#define KEYS_UNAVAILABLE  NGX_HOUSEHOLD_REASON_KEYS_UNAVAILABLE

/* claims that would do, and what must be wrong lies elsewhere */
#define SUB   "\"sub\":\"alice\""
#define EXP   "\"exp\":1700000060"
#define GOOD  "{" SUB "," EXP "}"

#define H(members)        "{\"alg\":\"RS256\"," members "}"
#define RS256             "{\"alg\":\"RS256\"}"
#define P(members)        "{" SUB "," EXP "," members "}"

#define ISS_A  "\"iss\":\"https://a.example\""
#define ISS_B  "\"iss\":\"https://b.example\""
#define EDGE   "\"aud\":\"edge\""


/* keys of this run: of two issuers, public keys as secrets, an attacker's */

enum { A_RSA, A_P256, A_P384, A_P521, A_ED, A_ED448, A_HS, A_HSPEM, A_HSDER,
       A_HSN, B_RSA, B_HS, EVIL_RSA, EVIL_HS, EVIL_P256, NKEYS };

static mint_key_t  keys[NKEYS];

static ngx_household_jwt_policy_t   plain, strict, two, nine;
static ngx_household_jwt_issuer_t   plain_issuer, strict_issuer,
                                      two_issuers[4], nine_issuer;

static ngx_household_jwt_claims_t   claims;

static char       buf[MINT_TOKEN];
static char       good_buf[MINT_TOKEN], forged_buf[MINT_TOKEN];
static ngx_str_t  good, forged;

static ngx_str_t  no_uri = ngx_string("");
static ngx_str_t  edge[] = { ngx_string("edge"), ngx_string("box") };
static ngx_str_t  tv[] = { ngx_string("tv") };


static ngx_inline ngx_household_jwks_t *
jwks(const char *text)
{
    char                   error[NGX_HOUSEHOLD_JWKS_ERROR];
    ngx_str_t              s;
    ngx_household_jwks_t  *set;

    s = mint_str(text);
    set = ngx_household_jwks_parse(&s, NULL, NULL, error);

    if (set == NULL) {
        fail_msg("%s", error);
    }

    return set;
}


/* the key's JWK, and a comma */

static ngx_inline char *
put(char *p, int key, const char *more)
{
    p = mint_jwk(p, &keys[key], more);
    *p++ = ',';

    return p;
}


static ngx_inline ngx_household_jwks_t *
end(char *text, char *p)
{
    strcpy(p - 1, "]}");

    return jwks(text);
}


static ngx_inline void
set_policy(ngx_household_jwt_policy_t *policy,
    ngx_household_jwt_issuer_t *issuers, ngx_uint_t n)
{
    ngx_memzero(policy, sizeof(ngx_household_jwt_policy_t));
    policy->issuers = issuers;
    policy->nissuers = n;
    ngx_str_set(&policy->account, "sub");
    ngx_str_set(&policy->device, "device");
    ngx_str_set(&policy->package, NGX_HOUSEHOLD_URISIGNING_PACKAGE);
    policy->leeway = LEEWAY;
    policy->max_size = NGX_HOUSEHOLD_JWT_SIZE;
}


/* what a public key looks like, as secrets */

static ngx_inline void
make_confused(void)
{
    BIO      *bio;
    BIGNUM   *n;
    u_char   *p;

    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(bio, keys[A_RSA].pkey);
    keys[A_HSPEM].secret_len = BIO_read(bio, keys[A_HSPEM].secret, 512);
    BIO_free(bio);

    p = keys[A_HSDER].secret;
    keys[A_HSDER].secret_len = i2d_PUBKEY(keys[A_RSA].pkey, &p);

    n = NULL;
    EVP_PKEY_get_bn_param(keys[A_RSA].pkey, OSSL_PKEY_PARAM_RSA_N, &n);
    keys[A_HSN].secret_len = BN_bn2bin(n, keys[A_HSN].secret);
    BN_free(n);
}


static ngx_inline ngx_str_t
sign(char *to, int key, const char *alg, const char *header,
    const char *payload)
{
    ngx_str_t  h, p;

    h = mint_str(header);
    p = mint_str(payload);

    return mint_token(to, &keys[key], alg, &h, &p);
}


static ngx_inline void
make_keys(void)
{
    keys[A_RSA] = mint_key("RSA", 2048);
    keys[A_P256] = mint_key("P-256", 0);
    keys[A_P384] = mint_key("P-384", 0);
    keys[A_P521] = mint_key("P-521", 0);
    keys[A_ED] = mint_key("ED25519", 0);
    keys[A_ED448] = mint_key("ED448", 0);
    keys[A_HS] = mint_key("oct", 64);
    keys[B_RSA] = mint_key("RSA", 2048);
    keys[B_HS] = mint_key("oct", 64);
    keys[EVIL_RSA] = mint_key("RSA", 2048);
    keys[EVIL_HS] = mint_key("oct", 64);
    keys[EVIL_P256] = mint_key("P-256", 0);
    make_confused();
}


/* keys without "alg", no issuer, no audience */

static ngx_inline void
make_plain(void)
{
    char  text[32768], *p;

    p = text + sprintf(text, "{\"keys\":[");
    p = put(p, A_RSA, "\"kid\":\"rsa\"");
    p = put(p, A_P256, "\"kid\":\"p256\"");
    p = put(p, A_P384, "\"kid\":\"p384\"");
    p = put(p, A_P521, "\"kid\":\"p521\"");
    p = put(p, A_ED, "\"kid\":\"ed\"");
    p = put(p, A_ED448, "\"kid\":\"ed448\"");
    p = put(p, A_HS, "\"kid\":\"hs\"");
    plain_issuer.jwks = end(text, p);
    set_policy(&plain, &plain_issuer, 1);
}


/* public keys only, each for one algorithm */

static ngx_inline void
make_strict(void)
{
    char  text[32768], *p;

    p = text + sprintf(text, "{\"keys\":[");
    p = put(p, A_RSA, "\"kid\":\"rsa\",\"alg\":\"RS256\"");
    p = put(p, A_P256, "\"kid\":\"p256\",\"alg\":\"ES256\"");
    p = put(p, B_RSA, "\"alg\":\"PS256\"");
    strict_issuer.jwks = end(text, p);
    set_policy(&strict, &strict_issuer, 1);
}


/* two issuers with the same kid; one has two audiences; one without */

static ngx_inline void
make_two(void)
{
    char  text[32768], *p;

    p = text + sprintf(text, "{\"keys\":[");
    p = put(p, A_RSA, "\"kid\":\"k\"");
    p = put(p, A_HS, "\"kid\":\"h\"");
    two_issuers[0].jwks = end(text, p);
    ngx_str_set(&two_issuers[0].name, "https://a.example");
    two_issuers[0].audiences = edge;
    two_issuers[0].naudiences = 2;

    p = text + sprintf(text, "{\"keys\":[");
    p = put(p, B_RSA, "\"kid\":\"k\"");
    two_issuers[1].jwks = end(text, p);
    ngx_str_set(&two_issuers[1].name, "https://b.example");

    two_issuers[2] = two_issuers[0];
    two_issuers[2].audiences = tv;
    two_issuers[2].naudiences = 1;

    p = text + sprintf(text, "{\"keys\":[");
    p = put(p, B_HS, "\"kid\":\"h\"");
    two_issuers[3].jwks = end(text, p);
    set_policy(&two, two_issuers, 4);
}


/* nine secrets without a kid; the last but one is A's, the last B's */

static ngx_inline void
make_nine(void)
{
    char         text[32768], more[64], *p;
    ngx_uint_t   i;

    p = text + sprintf(text, "{\"keys\":[");

    for (i = 0; i < 7; i++) {
        p += sprintf(p, "{\"kty\":\"oct\",\"k\":\"");
        memset(more, (int) i, 64);
        p = mint_base64url(p, more, 64);
        p += sprintf(p, "\"},");
    }

    p = put(p, A_HS, "");
    p = put(p, B_HS, "");
    nine_issuer.jwks = end(text, p);
    set_policy(&nine, &nine_issuer, 1);
}


static ngx_inline int
setup(void **state)
{
    make_keys();
    make_plain();
    make_strict();
    make_two();
    make_nine();

    good = sign(good_buf, A_RSA, "RS256", "{\"alg\":\"RS256\"}", GOOD);
    forged = sign(forged_buf, EVIL_RSA, "RS256", "{\"alg\":\"RS256\"}", GOOD);

    return 0;
}


static ngx_inline int
teardown(void **state)
{
    ngx_uint_t  i;

    for (i = 0; i < NKEYS; i++) {
        mint_free(&keys[i]);
    }

    ngx_household_jwks_destroy(plain_issuer.jwks);
    ngx_household_jwks_destroy(strict_issuer.jwks);
    ngx_household_jwks_destroy(two_issuers[0].jwks);
    ngx_household_jwks_destroy(two_issuers[1].jwks);
    ngx_household_jwks_destroy(two_issuers[3].jwks);
    ngx_household_jwks_destroy(nine_issuer.jwks);

    return 0;
}


/* from a copy of the very size, so that a read beyond it is seen */

static ngx_inline ngx_household_reason_e
verify_at(const ngx_household_jwt_policy_t *policy, const ngx_str_t *token,
    int64_t now)
{
    u_char                   *copy;
    ngx_str_t                 s;
    ngx_uint_t                i;
    ngx_household_reason_e    reason;

    copy = malloc(token->len + 1);
    assert_non_null(copy);
    copy = realloc(copy, token->len != 0 ? token->len : 1);
    ngx_memcpy(copy, token->data, token->len);
    s = mint_bytes(copy, token->len);

    ngx_memset(&claims, 0xa5, sizeof(claims));
    reason = ngx_household_jwt_verify(policy, &s, &s, &no_uri, now, &claims);

    free(copy);

    if (reason == KEY) {
        /* it is an issuer whose keys were tried */
        assert_true(claims.issuer < policy->nissuers);
        claims.issuer = 0;
    }

    if (reason != NONE) {
        for (i = 0; i < sizeof(claims); i++) {
            assert_int_equal(((u_char *) &claims)[i], 0);
        }
    }

    return reason;
}


static ngx_inline ngx_household_reason_e
verify(const ngx_household_jwt_policy_t *policy, const ngx_str_t *token)
{
    return verify_at(policy, token, NOW);
}


/* nothing of one token is left for the next */

static ngx_inline void
nothing_is_left(void)
{
    assert_int_equal(verify(&plain, &forged), SIGNATURE);
    assert_int_equal(verify(&plain, &good), NONE);
    assert_int_equal(claims.account_len, 5);
    assert_memory_equal(claims.account, "alice", 5);
    assert_int_equal(claims.device_len, 0);
    assert_int_equal(claims.container_len, 0);
}


static ngx_inline void
expect(const char *name, ngx_household_reason_e got,
    ngx_household_reason_e want)
{
    if (got != want) {
        fail_msg("%s: reason %d, not %d", name, got, want);
    }
}


#endif /* _NGX_HOUSEHOLD_TOKEN_TEST_H_INCLUDED_ */

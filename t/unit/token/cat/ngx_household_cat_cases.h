
/*
 * What the units of the claims of a Common Access Token share: keys, a policy,
 * a request, and tokens made of texts.
 */


#ifndef _NGX_HOUSEHOLD_CAT_CASES_H_INCLUDED_
#define _NGX_HOUSEHOLD_CAT_CASES_H_INCLUDED_


#include "ngx_household_cat.h"
#include "ngx_household_cat_test.h"


#define NOW     1700000000
#define LEEWAY  30

#define NONE         NGX_HOUSEHOLD_REASON_NONE
#define MALFORMED    NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED
#define ALGORITHM    NGX_HOUSEHOLD_REASON_TOKEN_ALGORITHM
#define KEY          NGX_HOUSEHOLD_REASON_TOKEN_KEY
#define SIGNATURE    NGX_HOUSEHOLD_REASON_TOKEN_SIGNATURE
#define CLAIM        NGX_HOUSEHOLD_REASON_TOKEN_CLAIM
#define ISSUER       NGX_HOUSEHOLD_REASON_TOKEN_ISSUER
#define AUDIENCE     NGX_HOUSEHOLD_REASON_TOKEN_AUDIENCE
#define EXPIRED      NGX_HOUSEHOLD_REASON_TOKEN_EXPIRED
#define NOT_YET      NGX_HOUSEHOLD_REASON_TOKEN_NOT_YET
#define TYPE         NGX_HOUSEHOLD_REASON_TOKEN_TYPE
#define URI          NGX_HOUSEHOLD_REASON_TOKEN_URI
#define METHOD       NGX_HOUSEHOLD_REASON_TOKEN_METHOD
#define HEADER       NGX_HOUSEHOLD_REASON_TOKEN_HEADER
#define PROTOCOL     NGX_HOUSEHOLD_REASON_TOKEN_PROTOCOL
#define NETWORK      NGX_HOUSEHOLD_REASON_TOKEN_NETWORK
#define COUNTRY      NGX_HOUSEHOLD_REASON_TOKEN_COUNTRY
#define CONDITION    NGX_HOUSEHOLD_REASON_TOKEN_CONDITION
#define UNSUPPORTED  NGX_HOUSEHOLD_REASON_TOKEN_UNSUPPORTED

/* claims that would do */
#define GOOD       "2:'alice',4:1700000060"
#define C(claims)  "{" GOOD "," claims "}"

#define HS256  "{1:5}"


typedef struct {
    const char   *payload;
    int           reason;
} case_t;


/* the request: what is NULL or 0 there is not known, or missing */

static const char  *uri, *method, *alpn, *address, *country;

static mint_key_t  hs, es, evil, rsa, ed;

static ngx_household_jwt_policy_t   policy, two;
static ngx_household_jwt_issuer_t   issuer, issuers[2];
static ngx_household_jwt_claims_t   claims;

static ngx_str_t  values[] = { ngx_string("plan"), ngx_string("_70001"),
                               ngx_string("a_b"), ngx_string("cti"),
                               ngx_string("catr_type"),
                               ngx_string("catr_expadd") };
static ngx_str_t  edge[] = { ngx_string("edge") };
static ngx_str_t  arguments[] = { ngx_string("CAT") };
static ngx_str_t  parameters[] = { ngx_string("sig"), ngx_string("token") };


static ngx_inline ngx_int_t
get_uri(void *data, ngx_str_t *value)
{
    if (uri == NULL) {
        return NGX_ERROR;
    }

    *value = test_str(uri);
    return NGX_OK;
}


static ngx_inline ngx_int_t
get_alpn(void *data, ngx_str_t *value)
{
    if (alpn == NULL) {
        return NGX_DECLINED;
    }

    *value = test_str(alpn);
    return NGX_OK;
}


/* X-One: "one"; X-Empty: ""; X-Two: twice */

static ngx_inline ngx_int_t
get_header(void *data, const ngx_str_t *name, ngx_str_t *value)
{
    if (name->len == 5 && memcmp(name->data, "X-One", 5) == 0) {
        ngx_str_set(value, "one");
        return NGX_OK;
    }

    if (name->len == 7 && memcmp(name->data, "X-Empty", 7) == 0) {
        ngx_str_set(value, "");
        return NGX_OK;
    }

    return name->len == 5 && memcmp(name->data, "X-Two", 5) == 0
           ? NGX_ERROR : NGX_DECLINED;
}


static ngx_inline ngx_int_t
get_country(void *data, u_char value[2])
{
    if (country == NULL) {
        return NGX_DECLINED;
    }

    memcpy(value, country, 2);
    return NGX_OK;
}


static ngx_inline void
request_set(ngx_household_cat_request_t *request, const ngx_str_t *token)
{
    memset(request, 0, sizeof(ngx_household_cat_request_t));

    request->token = token;
    request->method = test_str(method);
    request->now = NOW;
    request->arguments = arguments;
    request->narguments = 1;
    request->parameters = parameters;
    request->nparameters = 2;
    request->uri = get_uri;
    request->alpn = get_alpn;
    request->header = get_header;
    request->country = get_country;

    if (address == NULL) {
        return;
    }

    if (inet_pton(AF_INET, address, request->addr.bytes) == 1) {
        request->addr.family = NGX_HOUSEHOLD_FAMILY_INET;
        return;
    }

    assert_int_equal(inet_pton(AF_INET6, address, request->addr.bytes), 1);
    request->addr.family = NGX_HOUSEHOLD_FAMILY_INET6;
}


/* as a cache does, by the token, and by what is kept of the claims */

static ngx_inline ngx_household_reason_e
match(const ngx_str_t *token, const ngx_household_cat_request_t *request)
{
    u_char                  *copy;
    ngx_str_t                container;
    ngx_uint_t               status;
    ngx_household_reason_e   reason;

    ngx_str_set(&container, "");
    reason = ngx_household_cat_match(token, &container, request);

    if (claims.container_len == 0) {
        return reason;
    }

    status = 0;

    if (request->answer != NULL) {
        status = request->answer->status;
        request->answer->status = 0;
    }

    copy = test_copy(claims.container, claims.container_len);
    container = mint_bytes(copy, claims.container_len);

    assert_int_equal(ngx_household_cat_match(token, &container, request),
                     reason);
    free(copy);

    if (request->answer != NULL) {
        assert_int_equal(request->answer->status, status);
    }

    return reason;
}


/* the token is at the very end of its memory, and nothing is left of it */

static ngx_inline ngx_household_reason_e
verify_with(const ngx_household_jwt_policy_t *p, const ngx_str_t *token)
{
    size_t                        i;
    u_char                       *copy;
    ngx_str_t                     s;
    ngx_household_reason_e        reason, again;
    ngx_household_cat_request_t   request;

    copy = test_copy(token->data, token->len);
    s = mint_bytes(copy, token->len);

    request_set(&request, &s);

    memset(&claims, 0xa5, sizeof(claims));
    reason = ngx_household_cat_verify(p, &s, &request, &claims);

    if (reason == NONE) {

        /* a cache matches it again */

        again = match(&s, &request);
        assert_int_equal(again, NONE);
        assert_true(claims.restricted || claims.container_len == 0);

    } else {
        for (i = 0; i < sizeof(claims); i++) {
            assert_int_equal(((u_char *) &claims)[i], 0);
        }
    }

    free(copy);

    return reason;
}


static ngx_inline ngx_household_reason_e
verify(const char *payload)
{
    char       buf[MINT_TOKEN];
    ngx_str_t  token;

    token = cat_token(buf, "d83dd1", &hs, "HS256", HS256, "{4:h'6873'}",
                      payload);

    return verify_with(&policy, &token);
}


static ngx_inline void
run(const case_t *cases, size_t n)
{
    size_t  i;
    int     reason;

    for (i = 0; i < n; i++) {
        reason = verify(cases[i].payload);

        if (reason != cases[i].reason) {
            fail_msg("%s: %s", cases[i].payload,
                     ngx_household_reason_name(reason)->data);
        }
    }
}


static ngx_inline void
usual(void)
{
    uri = "https://tv.example/a/b.c/film.tar.ts?x=1&CAT=t&y=2";
    method = "GET";
    alpn = "h2";
    address = "192.0.2.7";
    country = "FR";
}


static ngx_inline int
start(void **state)
{
    usual();
    return 0;
}


static ngx_inline char *
jwk(char *p, mint_key_t *key, const char *more)
{
    p = mint_jwk(p, key, more);
    *p++ = ',';
    return p;
}


static ngx_inline ngx_household_jwks_t *
jwks(char *text, char *p)
{
    char                   error[NGX_HOUSEHOLD_JWKS_ERROR];
    ngx_str_t              s;
    ngx_household_jwks_t  *set;

    strcpy(p - 1, "]}");
    s = test_str(text);
    set = ngx_household_jwks_parse(&s, NULL, NULL, error);

    if (set == NULL) {
        fail_msg("%s", error);
    }

    return set;
}


static ngx_inline int
setup(void **state)
{
    char  text[16384], *p;

    hs = mint_key("oct", 64);
    evil = mint_key("oct", 64);
    es = mint_key("P-256", 0);
    rsa = mint_key("RSA", 2048);
    ed = mint_key("ED25519", 0);

    p = text + sprintf(text, "{\"keys\":[");
    p = jwk(p, &hs, "\"kid\":\"hs\"");
    p = jwk(p, &es, "\"kid\":\"es\"");
    p = jwk(p, &rsa, "\"kid\":\"rsa\"");
    p = jwk(p, &ed, "\"kid\":\"ed\"");
    issuer.jwks = jwks(text, p);

    policy.issuers = &issuer;
    policy.nissuers = 1;
    ngx_str_set(&policy.account, "sub");
    ngx_str_set(&policy.device, "-70000");
    policy.values = values;
    policy.nvalues = test_count(values);
    policy.leeway = LEEWAY;
    policy.max_size = NGX_HOUSEHOLD_JWT_SIZE;
    policy.cat = 1;

    two = policy;
    two.issuers = issuers;
    two.nissuers = 2;

    issuers[0].jwks = issuer.jwks;
    ngx_str_set(&issuers[0].name, "https://a.example");
    issuers[0].audiences = edge;
    issuers[0].naudiences = 1;
    ngx_str_set(&issuers[0].type, "cwt");

    p = text + sprintf(text, "{\"keys\":[");
    p = jwk(p, &evil, "\"kid\":\"hs\"");
    issuers[1].jwks = jwks(text, p);
    ngx_str_set(&issuers[1].name, "https://b.example");

    return 0;
}


static ngx_inline int
teardown(void **state)
{
    mint_free(&es);
    mint_free(&rsa);
    mint_free(&ed);
    ngx_household_jwks_destroy(issuer.jwks);
    ngx_household_jwks_destroy(issuers[1].jwks);

    return 0;
}


static ngx_inline void
value_is(ngx_uint_t i, const char *expected)
{
    ngx_str_t  all, value;

    all = mint_bytes(claims.values, claims.values_len);
    assert_int_equal(ngx_household_jwt_value(&all, i, &value), NGX_OK);
    assert_int_equal(value.len, strlen(expected));
    assert_memory_equal(value.data, expected, value.len);
}


#endif /* _NGX_HOUSEHOLD_CAT_CASES_H_INCLUDED_ */

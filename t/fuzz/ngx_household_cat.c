
/*
 * Fuzz target of the verifier of Common Access Tokens.  The first byte chooses
 * what the rest is: a token as it comes; a message of COSE; claims that are
 * signed here; or choices, by which a request and claims are made whose verdict
 * a model knows.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <cbor.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include "ngx_household_cat_model.h"
#include "ngx_household_cbor.h"
#include "ngx_household_cose.h"


#define CHECK(cond)  do { if (!(cond)) { abort(); } } while (0)

#define SECRET  "0123456789abcdef0123456789abcdef"

#define PAYLOAD_SIZE  4000


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static ngx_household_jwt_issuer_t   issuer;
static ngx_household_jwt_policy_t   policy;
static ngx_household_cat_answer_t   answer;


static void
setup(void)
{
    char       error[NGX_HOUSEHOLD_JWKS_ERROR];
    ngx_str_t  text;

    static u_char     set[] =
        "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"h\","
        "\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}]}";
    static ngx_str_t  argument = ngx_string("CAT");
    static ngx_str_t  values[] = { ngx_string("plan") };

    text.data = set;
    text.len = sizeof(set) - 1;

    issuer.jwks = ngx_household_jwks_parse(&text, NULL, NULL, error);
    CHECK(issuer.jwks != NULL);

    policy.issuers = &issuer;
    policy.nissuers = 1;
    policy.leeway = 30;
    policy.max_size = NGX_HOUSEHOLD_JWT_SIZE_MAX;
    policy.cat = 1;
    policy.values = values;
    policy.nvalues = 1;
    ngx_str_set(&policy.account, "sub");
    ngx_str_set(&policy.device, "device");

    request.now = NOW;
    request.arguments = &argument;
    request.narguments = 1;
    request.parameters = &argument;
    request.nparameters = 1;
    request.uri = get_uri;
    request.alpn = get_alpn;
    request.header = get_header;
    request.country = get_country;
}


/* --- tokens -------------------------------------------------------------- */

static u_char *
base64url(u_char *p, const u_char *d, size_t len)
{
    size_t    i;
    uint32_t  bits, n;

    static const char  set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789-_";

    for (bits = 0, n = 0, i = 0; i < len; i++) {
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


/* as a cache would ask: for this request, and for one with another method */

static void
match(const ngx_str_t *token, ngx_household_jwt_claims_t *claims)
{
    ngx_str_t               whole, container, method;
    ngx_household_reason_e  reason;

    ngx_str_set(&whole, "");
    container.data = claims->container;
    container.len = claims->container_len;

    CHECK(ngx_household_cat_match(token, &whole, &request)
          == NGX_HOUSEHOLD_REASON_NONE);
    CHECK(ngx_household_cat_match(token, &container, &request)
          == NGX_HOUSEHOLD_REASON_NONE);

    method = request.method;
    ngx_str_set(&request.method, "PURGE");

    reason = ngx_household_cat_match(token, &whole, &request);

    CHECK(ngx_household_cat_match(token, &container, &request) == reason);

    request.method = method;
}


/* the same again, nothing of a token that is rejected */

static ngx_household_reason_e
verify(const ngx_str_t *token)
{
    size_t                       i;
    ngx_household_reason_e       reason;
    ngx_household_jwt_claims_t   claims, again;

    request.token = token;
    request.answer = &answer;
    answer.status = 1;

    memset(&claims, 0x5a, sizeof(claims));
    memset(&again, 0xa5, sizeof(again));

    reason = ngx_household_cat_verify(&policy, token, &request, &claims);

    CHECK(answer.status == 0 || reason != NGX_HOUSEHOLD_REASON_NONE);
    CHECK(answer.status == 0 || (answer.status >= 300 && answer.status < 600));

    request.answer = NULL;

    CHECK(ngx_household_cat_verify(&policy, token, &request, &again)
          == reason);
    CHECK(memcmp(&claims, &again, sizeof(claims)) == 0);
    CHECK(ERR_peek_error() == 0);

    if (reason != NGX_HOUSEHOLD_REASON_NONE) {

        for (i = 0; i < sizeof(claims); i++) {
            CHECK(((u_char *) &claims)[i] == 0);
        }

        return reason;
    }

    CHECK(claims.account_len > 0);
    CHECK(claims.account_len <= NGX_HOUSEHOLD_ID_LEN);
    CHECK(claims.device_len <= NGX_HOUSEHOLD_ID_LEN);
    CHECK(claims.until > NOW);
    CHECK(claims.issued_at <= NOW + 30);
    CHECK(claims.container_len == 0 || claims.restricted);

    match(token, &claims);

    return reason;
}


/* a token with these claims; with one bit less it is none */

static ngx_household_reason_e
verify_claims(const u_char *payload, size_t len)
{
    u_char                  in[PAYLOAD_SIZE + 64], out[PAYLOAD_SIZE + 128];
    u_char                  text[2 * PAYLOAD_SIZE], mac[32], *p;
    ngx_str_t               token;
    unsigned int            n;
    ngx_household_reason_e  reason;

    p = head(in, 4, 4, 0);
    p = string(p, 3, "MAC0", 4);
    p = string(p, 2, "\xa1\x01\x05", 3);
    p = string(p, 2, "", 0);
    p = string(p, 2, payload, len);

    CHECK(HMAC(EVP_sha256(), SECRET, 32, in, p - in, mac, &n) != NULL);

    p = head(out, 4, 4, 0);
    p = string(p, 2, "\xa1\x01\x05", 3);
    p = head(p, 5, 0, 0);
    p = string(p, 2, payload, len);
    p = string(p, 2, mac, n);

    token.data = text;
    token.len = base64url(text, out, p - out) - text;

    reason = verify(&token);

    p[-1] ^= 0x80;
    token.len = base64url(text, out, p - out) - text;

    if (reason != NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED
        && reason != NGX_HOUSEHOLD_REASON_TOKEN_CLAIM)
    {
        CHECK(verify(&token) == NGX_HOUSEHOLD_REASON_TOKEN_SIGNATURE);
    }

    return reason;
}


/* --- messages ------------------------------------------------------------ */

/* what is signed, read by libcbor: ["MAC0", protected, h'', payload] */

static void
message(const uint8_t *data, size_t size)
{
    u_char                   *copy, *buf;
    ngx_str_t                 input;
    cbor_item_t              *item, **part;
    ngx_household_cose_t      m;
    struct cbor_load_result   result;

    if (size > PAYLOAD_SIZE) {
        return;
    }

    copy = malloc(size + 1);
    buf = malloc(ngx_household_cose_size(size));
    CHECK(copy != NULL && buf != NULL);
    memcpy(copy, data, size);

    input.data = copy;
    input.len = size;

    if (ngx_household_cose_parse(&m, &input, buf)
        == NGX_HOUSEHOLD_REASON_NONE)
    {
        item = cbor_load(m.input.data, m.input.len, &result);
        CHECK(item != NULL && result.read == m.input.len);
        CHECK(cbor_isa_array(item) && cbor_array_size(item) == 4);

        part = cbor_array_handle(item);
        CHECK(cbor_isa_string(part[0]));
        CHECK(cbor_string_length(part[0]) == 4
              ? memcmp(cbor_string_handle(part[0]), "MAC0", 4) == 0
              : cbor_string_length(part[0]) == 10
                && memcmp(cbor_string_handle(part[0]), "Signature1", 10)
                   == 0);
        CHECK(cbor_isa_bytestring(part[1])
              && cbor_bytestring_length(part[1]) > 0);
        CHECK(cbor_isa_bytestring(part[2])
              && cbor_bytestring_length(part[2]) == 0);
        CHECK(cbor_isa_bytestring(part[3])
              && cbor_bytestring_length(part[3]) == m.payload.len
              && memcmp(cbor_bytestring_handle(part[3]), m.payload.data,
                        m.payload.len) == 0);

        cbor_decref(&item);
    }

    free(copy);
    free(buf);
}


/* --- the model ----------------------------------------------------------- */

static void
modelled(const uint8_t *data, size_t size)
{
    u_char                  payload[PAYLOAD_SIZE];
    ngx_household_reason_e  reason, expected;

    choices = data;
    choices_end = data + size;
    out = payload;
    out_end = payload + sizeof(payload);
    nitems = 0;

    ask(choose(256));
    (void) set(0, &expected);

    reason = verify_claims(payload, out - payload);

    CHECK(reason == (nitems > NGX_HOUSEHOLD_CBOR_ITEMS
                     ? NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED : expected));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char     copy[NGX_HOUSEHOLD_JWT_SIZE_MAX + 2];
    ngx_str_t  token;

    if (policy.issuers == NULL) {
        setup();
    }

    if (size < 2) {
        return 0;
    }

    ask(data[1]);

    switch (data[0] % 4) {

    case 0:
        token.data = copy;
        token.len = ngx_min(size - 2, sizeof(copy));
        memcpy(copy, data + 2, token.len);
        (void) verify(&token);
        break;

    case 1:
        message(data + 2, size - 2);
        break;

    case 2:

        if (size < PAYLOAD_SIZE) {
            (void) verify_claims(data + 2, size - 2);
        }

        break;

    default:
        modelled(data + 1, ngx_min(size - 1, 600));
    }

    return 0;
}


/*
 * Units of the verifier of tokens: a table of attacks, and of tokens that are
 * good.  After every one of them a good token still passes and a forged one
 * still does not.
 */


#include "ngx_household_jwt_test.h"


typedef struct {
    const char                  *name;
    ngx_household_jwt_policy_t  *policy;
    int                          key;
    const char                  *alg;
    const char                  *header;
    const char                  *payload;
    ngx_household_reason_e       reason;
} case_t;


/* "\1" stands for a NUL byte in a text */

static ngx_str_t
unescape(char *to, const char *from)
{
    size_t  i, len;

    len = strlen(from);

    for (i = 0; i < len; i++) {
        to[i] = from[i] == '\1' ? '\0' : from[i];
    }

    return mint_bytes(to, len);
}


static void
run_case(void **state)
{
    char           header[16384], payload[16384];
    ngx_str_t      h, p, token;
    const case_t  *c;

    c = *state;

    h = unescape(header, c->header);
    p = unescape(payload, c->payload);

    token = mint_token(buf, &keys[c->key], c->alg, &h, &p);

    expect(c->name, verify(c->policy, &token), c->reason);
    nothing_is_left();
}


/* right in all but the header, or the payload */
#define HEADER(name, header, reason)                                         \
    { name, &plain, A_RSA, "RS256", header, GOOD, reason }
#define PAYLOAD(name, payload, reason)                                       \
    { name, &plain, A_RSA, "RS256", RS256, payload, reason }
#define KID(name, kid, reason)                                               \
    { name, &plain, A_RSA, "RS256", H("\"kid\":" kid), GOOD, reason }
#define TWO(name, key, kid, payload, reason)                                 \
    { name, &two, key, "RS256", H("\"kid\":\"" kid "\""),                    \
      "{" SUB "," EXP "," payload "}", reason }

static const case_t  cases[] = {

    /* what is good passes, or no case below would say anything */

    HEADER("good: no kid", RS256, NONE),
    HEADER("good: kid", H("\"kid\":\"rsa\",\"typ\":\"JWT\",\"cty\":\"x\""),
           NONE),
    { "good: RS384", &plain, A_RSA, "RS384", "{\"alg\":\"RS384\"}", GOOD,
      NONE },
    { "good: RS512", &plain, A_RSA, "RS512", "{\"alg\":\"RS512\"}", GOOD,
      NONE },
    { "good: PS256", &plain, A_RSA, "PS256", "{\"alg\":\"PS256\"}", GOOD,
      NONE },
    { "good: PS384", &plain, A_RSA, "PS384", "{\"alg\":\"PS384\"}", GOOD,
      NONE },
    { "good: PS512", &plain, A_RSA, "PS512", "{\"alg\":\"PS512\"}", GOOD,
      NONE },
    { "good: ES256", &plain, A_P256, "ES256", "{\"alg\":\"ES256\"}", GOOD,
      NONE },
    { "good: ES384", &plain, A_P384, "ES384", "{\"alg\":\"ES384\"}", GOOD,
      NONE },
    { "good: ES512", &plain, A_P521, "ES512", "{\"alg\":\"ES512\"}", GOOD,
      NONE },
    { "good: EdDSA", &plain, A_ED, "EdDSA", "{\"alg\":\"EdDSA\"}", GOOD,
      NONE },
    { "good: Ed25519", &plain, A_ED, "EdDSA", "{\"alg\":\"Ed25519\"}", GOOD,
      NONE },
    { "good: EdDSA of Ed448", &plain, A_ED448, "EdDSA",
      "{\"alg\":\"EdDSA\"}", GOOD, NONE },
    { "good: Ed448", &plain, A_ED448, "EdDSA",
      "{\"alg\":\"Ed448\",\"kid\":\"ed448\"}", GOOD, NONE },
    { "good: HS256", &plain, A_HS, "HS256", "{\"alg\":\"HS256\"}", GOOD,
      NONE },
    { "good: HS384", &plain, A_HS, "HS384", "{\"alg\":\"HS384\"}", GOOD,
      NONE },
    { "good: HS512", &plain, A_HS, "HS512", "{\"alg\":\"HS512\"}", GOOD,
      NONE },
    { "good: PS256 beside an RS256 key", &strict, B_RSA, "PS256",
      "{\"alg\":\"PS256\"}", GOOD, NONE },

    /* none, and other words for an algorithm */

    HEADER("alg none, signed", "{\"alg\":\"none\"}", ALGORITHM),
    HEADER("alg None, signed", "{\"alg\":\"None\"}", ALGORITHM),
    HEADER("alg NONE, signed", "{\"alg\":\"NONE\"}", ALGORITHM),
    HEADER("alg nOnE, signed", "{\"alg\":\"nOnE\"}", ALGORITHM),
    HEADER("alg escaped none", "{\"alg\":\"\\u006eone\"}", ALGORITHM),
    HEADER("alg missing", "{\"typ\":\"JWT\"}", ALGORITHM),
    HEADER("alg empty", "{\"alg\":\"\"}", ALGORITHM),
    HEADER("alg null", "{\"alg\":null}", ALGORITHM),
    HEADER("alg number", "{\"alg\":256}", ALGORITHM),
    HEADER("alg array", "{\"alg\":[\"RS256\"]}", ALGORITHM),
    HEADER("alg lower case", "{\"alg\":\"rs256\"}", ALGORITHM),
    HEADER("alg with a space", "{\"alg\":\"RS256 \"}", ALGORITHM),
    HEADER("alg with a NUL", "{\"alg\":\"RS256\\u0000\"}", MALFORMED),
    HEADER("alg by another name", "{\"Alg\":\"RS256\"}", ALGORITHM),
    HEADER("alg Ed25519 in lower case", "{\"alg\":\"ed25519\"}", ALGORITHM),
    HEADER("alg of encryption", "{\"alg\":\"RSA-OAEP\"}", ALGORITHM),

    /* one key read as another */

    { "RS to HS, PEM as the secret", &plain, A_HSPEM, "HS256",
      "{\"alg\":\"HS256\"}", GOOD, SIGNATURE },
    { "RS to HS, PEM as the secret, kid", &plain, A_HSPEM, "HS256",
      "{\"alg\":\"HS256\",\"kid\":\"rsa\"}", GOOD, ALGORITHM },
    { "RS to HS, PEM as the secret, RS256 key", &strict, A_HSPEM, "HS256",
      "{\"alg\":\"HS256\"}", GOOD, ALGORITHM },
    { "RS to HS, PEM as the secret, RS256 key, kid", &strict, A_HSPEM,
      "HS256", "{\"alg\":\"HS256\",\"kid\":\"rsa\"}", GOOD, ALGORITHM },
    { "RS to HS, DER as the secret", &strict, A_HSDER, "HS256",
      "{\"alg\":\"HS256\",\"kid\":\"rsa\"}", GOOD, ALGORITHM },
    { "RS to HS, modulus as the secret", &strict, A_HSN, "HS512",
      "{\"alg\":\"HS512\",\"kid\":\"rsa\"}", GOOD, ALGORITHM },
    { "HS256 against an RSA key", &plain, A_HS, "HS256",
      "{\"alg\":\"HS256\",\"kid\":\"rsa\"}", GOOD, ALGORITHM },
    { "HS256 against an EC key", &plain, A_HS, "HS256",
      "{\"alg\":\"HS256\",\"kid\":\"p256\"}", GOOD, ALGORITHM },
    { "HS256 against an Ed25519 key", &plain, A_HS, "HS256",
      "{\"alg\":\"HS256\",\"kid\":\"ed\"}", GOOD, ALGORITHM },
    { "RS256 against a secret", &plain, A_RSA, "RS256",
      H("\"kid\":\"hs\""), GOOD, ALGORITHM },
    { "RS512 under an RS256 key", &strict, A_RSA, "RS512",
      "{\"alg\":\"RS512\",\"kid\":\"rsa\"}", GOOD, ALGORITHM },
    { "RS512 under an RS256 key, no kid", &strict, A_RSA, "RS512",
      "{\"alg\":\"RS512\"}", GOOD, ALGORITHM },
    { "PS256 under an RS256 key", &strict, A_RSA, "PS256",
      "{\"alg\":\"PS256\",\"kid\":\"rsa\"}", GOOD, ALGORITHM },
    { "RS256 under a PS256 key", &strict, B_RSA, "RS256", RS256, GOOD,
      SIGNATURE },
    { "ES384 under a P-256 key", &plain, A_P384, "ES384",
      "{\"alg\":\"ES384\",\"kid\":\"p256\"}", GOOD, ALGORITHM },
    { "Ed448 under an Ed25519 key", &plain, A_ED448, "EdDSA",
      "{\"alg\":\"Ed448\",\"kid\":\"ed\"}", GOOD, ALGORITHM },
    { "Ed25519 said, Ed448 done", &plain, A_ED448, "EdDSA",
      "{\"alg\":\"Ed25519\"}", GOOD, SIGNATURE },
    { "RS256 said, RS512 done", &plain, A_RSA, "RS512", RS256, GOOD,
      SIGNATURE },
    { "RS256 said, PS256 done", &plain, A_RSA, "PS256", RS256, GOOD,
      SIGNATURE },
    { "HS256 said, HS512 done", &plain, A_HS, "HS512",
      "{\"alg\":\"HS256\"}", GOOD, SIGNATURE },
    { "PS256 with a salt of none", &plain, A_RSA, "PS256/0",
      "{\"alg\":\"PS256\"}", GOOD, SIGNATURE },
    { "PS256 with the longest salt", &plain, A_RSA, "PS256/222",
      "{\"alg\":\"PS256\"}", GOOD, SIGNATURE },
    { "ES256 in DER", &plain, A_P256, "ES256/der", "{\"alg\":\"ES256\"}",
      GOOD, SIGNATURE },

    /* somebody else's key */

    { "forged RS256", &plain, EVIL_RSA, "RS256", RS256, GOOD, SIGNATURE },
    { "forged RS256, kid", &plain, EVIL_RSA, "RS256", H("\"kid\":\"rsa\""),
      GOOD, SIGNATURE },
    { "forged HS256", &plain, EVIL_HS, "HS256", "{\"alg\":\"HS256\"}", GOOD,
      SIGNATURE },
    { "forged ES256", &plain, EVIL_P256, "ES256", "{\"alg\":\"ES256\"}", GOOD,
      SIGNATURE },
    { "jku and x5u are not asked", &plain, EVIL_RSA, "RS256",
      H("\"jku\":\"https://evil.example/\",\"x5u\":\"https://evil.example/\""),
      GOOD, SIGNATURE },
    { "x5c is not read", &plain, EVIL_RSA, "RS256", H("\"x5c\":[\"MII\"]"),
      GOOD, SIGNATURE },
    HEADER("good: jku, x5u, x5c, jwk beside a good signature",
           H("\"jku\":7,\"x5u\":\"x\",\"x5c\":[],\"x5t\":null,\"jwk\":{}"),
           NONE),

    /* kid */

    KID("kid with a path", "\"../../../../dev/null\"", KEY),
    KID("kid with a path to a kid", "\"./rsa\"", KEY),
    KID("kid with CRLF", "\"rsa\\r\\nX: y\"", KEY),
    KID("kid with CRLF alone", "\"\\r\\n\"", KEY),
    KID("kid with a NUL", "\"rsa\\u0000\"", MALFORMED),
    KID("kid with a raw NUL", "\"rsa\1\"", MALFORMED),
    KID("kid empty", "\"\"", KEY),
    KID("kid unknown", "\"nobody\"", KEY),
    KID("kid of another key", "\"p256\"", ALGORITHM),
    KID("kid in another case", "\"RSA\"", KEY),
    KID("kid with more behind", "\"rsa2\"", KEY),
    KID("kid cut short", "\"rs\"", KEY),
    KID("kid twice", "\"rsa\",\"kid\":\"rsa\"", MALFORMED),
    KID("kid twice, once escaped", "\"p256\",\"k\\u0069d\":\"rsa\"",
        MALFORMED),
    KID("kid a number", "1", MALFORMED),
    KID("kid null", "null", MALFORMED),
    KID("kid an array", "[\"rsa\"]", MALFORMED),
    KID("kid SQL", "\"' OR 1=1 --\"", KEY),
    { "kid does not pick a key without kid", &strict, B_RSA, "PS256",
      "{\"alg\":\"PS256\",\"kid\":\"\"}", GOOD, KEY },

    /* critical headers */

    HEADER("crit unknown", H("\"crit\":[\"foo\"],\"foo\":1"), MALFORMED),
    HEADER("crit empty", H("\"crit\":[]"), MALFORMED),
    HEADER("crit null", H("\"crit\":null"), MALFORMED),
    HEADER("crit a string", H("\"crit\":\"exp\""), MALFORMED),
    HEADER("crit of a registered name", H("\"crit\":[\"alg\"]"), MALFORMED),
    HEADER("crit b64, b64 true", H("\"crit\":[\"b64\"],\"b64\":true"),
           MALFORMED),
    HEADER("b64 false", H("\"b64\":false,\"crit\":[\"b64\"]"), MALFORMED),
    HEADER("b64 false without crit", H("\"b64\":false"), MALFORMED),
    HEADER("renewed, no key", H("\"household_renews\":\"\""), MALFORMED),
    HEADER("renewed, a number", H("\"household_renews\":1"), MALFORMED),
    HEADER("renewed, null", H("\"household_renews\":null"), MALFORMED),
    HEADER("b64 null", H("\"b64\":null"), MALFORMED),
    HEADER("b64 a string", H("\"b64\":\"false\""), MALFORMED),
    HEADER("typ a number", H("\"typ\":1"), MALFORMED),
    HEADER("cty a number", H("\"cty\":1"), MALFORMED),

    /* what is no JSON object, or one with a name twice */

    HEADER("header empty", "", MALFORMED),
    HEADER("header an array", "[{\"alg\":\"RS256\"}]", MALFORMED),
    HEADER("header with more behind", RS256 "{}", MALFORMED),
    HEADER("header with a NUL behind", RS256 "\1", MALFORMED),
    HEADER("header with a comment", "{\"alg\":\"RS256\"/**/}", MALFORMED),
    HEADER("header duplicate: alg", "{\"alg\":\"none\",\"alg\":\"RS256\"}",
           MALFORMED),
    HEADER("header duplicate: alg, once escaped",
           "{\"alg\":\"RS256\",\"\\u0061lg\":\"none\"}", MALFORMED),
    HEADER("header duplicate: any", H("\"x\":1,\"x\":1"), MALFORMED),
    HEADER("good: an escaped name", "{\"\\u0061lg\":\"RS256\"}", NONE),
    HEADER("header no UTF-8", H("\"x\":\"\xff\""), MALFORMED),

    PAYLOAD("payload empty", "", MALFORMED),
    PAYLOAD("payload an array", "[]", MALFORMED),
    PAYLOAD("payload a string", "\"x\"", MALFORMED),
    PAYLOAD("payload a token", "eyJhbGciOiJub25lIn0.e30.", MALFORMED),
    PAYLOAD("payload with more behind", GOOD " x", MALFORMED),
    PAYLOAD("payload with a byte order mark", "\xef\xbb\xbf" GOOD, MALFORMED),
    PAYLOAD("payload duplicate: sub",
            "{" SUB "," EXP ",\"sub\":\"mallory\"}", MALFORMED),
    PAYLOAD("payload duplicate: sub, once escaped",
            "{" SUB "," EXP ",\"s\\u0075b\":\"mallory\"}", MALFORMED),
    PAYLOAD("payload duplicate: exp", P("\"exp\":9000000000"), MALFORMED),
    PAYLOAD("payload duplicate: within another claim",
            P("\"x\":{\"a\":1,\"a\":1}"), MALFORMED),
    PAYLOAD("payload no UTF-8", "{\"sub\":\"\xc3\x28\"," EXP "}", MALFORMED),

    /* exp */

    PAYLOAD("exp missing", "{" SUB "}", CLAIM),
    PAYLOAD("exp a string", "{" SUB ",\"exp\":\"1700000060\"}", CLAIM),
    PAYLOAD("good: exp a float", "{" SUB ",\"exp\":1700000060.5}", NONE),
    PAYLOAD("good: exp a whole float", "{" SUB ",\"exp\":1700000060.0}",
            NONE),
    PAYLOAD("good: exp with an exponent", "{" SUB ",\"exp\":17e8}", NONE),
    PAYLOAD("exp a float, rounded down", "{" SUB ",\"exp\":1699999970.99}",
            EXPIRED),
    PAYLOAD("exp a negative float", "{" SUB ",\"exp\":-0.5}", CLAIM),
    PAYLOAD("exp a huge float", "{" SUB ",\"exp\":1e16}", CLAIM),
    PAYLOAD("exp negative", "{" SUB ",\"exp\":-1}", CLAIM),
    PAYLOAD("exp very negative", "{" SUB ",\"exp\":-9223372036854775808}",
            CLAIM),
    PAYLOAD("exp huge", "{" SUB ",\"exp\":9007199254740993}", CLAIM),
    PAYLOAD("exp huger", "{" SUB ",\"exp\":9223372036854775807}", CLAIM),
    PAYLOAD("exp hugest", "{" SUB ",\"exp\":18446744073709551616}", CLAIM),
    PAYLOAD("exp infinite", "{" SUB ",\"exp\":1e999}", CLAIM),
    PAYLOAD("exp null", "{" SUB ",\"exp\":null}", CLAIM),
    PAYLOAD("exp true", "{" SUB ",\"exp\":true}", CLAIM),
    PAYLOAD("exp an array", "{" SUB ",\"exp\":[1700000060]}", CLAIM),
    PAYLOAD("exp by another name", "{" SUB ",\"EXP\":1700000060}", CLAIM),
    PAYLOAD("exp zero", "{" SUB ",\"exp\":0}", EXPIRED),
    PAYLOAD("good: exp in a far future", "{" SUB ",\"exp\":9007199254740992}",
            NONE),
    PAYLOAD("exp a second too old", "{" SUB ",\"exp\":1699999970}", EXPIRED),
    PAYLOAD("good: exp within leeway", "{" SUB ",\"exp\":1699999971}", NONE),

    /* nbf and iat */

    PAYLOAD("nbf in the future", P("\"nbf\":1700000600"), NOT_YET),
    PAYLOAD("nbf a second too far", P("\"nbf\":1700000031"), NOT_YET),
    PAYLOAD("good: nbf within leeway", P("\"nbf\":1700000030"), NONE),
    PAYLOAD("nbf a string", P("\"nbf\":\"1\""), CLAIM),
    PAYLOAD("good: nbf a float", P("\"nbf\":1.5"), NONE),
    PAYLOAD("nbf a float, rounded up", P("\"nbf\":1700000030.01"), NOT_YET),
    PAYLOAD("nbf infinite", P("\"nbf\":1e999"), CLAIM),
    PAYLOAD("nbf null", P("\"nbf\":null"), CLAIM),
    PAYLOAD("nbf negative", P("\"nbf\":-5"), CLAIM),
    PAYLOAD("nbf huge", P("\"nbf\":9007199254740992"), NOT_YET),
    PAYLOAD("iat in the future", P("\"iat\":1700000600"), NOT_YET),
    PAYLOAD("iat a second too far", P("\"iat\":1700000031"), NOT_YET),
    PAYLOAD("good: iat within leeway", P("\"iat\":1700000030"), NONE),
    PAYLOAD("iat a string", P("\"iat\":\"1\""), CLAIM),
    PAYLOAD("good: iat a float", P("\"iat\":1699999999.9"), NONE),
    PAYLOAD("iat a float, rounded up", P("\"iat\":1700000030.01"), NOT_YET),
    PAYLOAD("iat null", P("\"iat\":null"), CLAIM),
    PAYLOAD("iat negative", P("\"iat\":-1"), CLAIM),
    PAYLOAD("expired before not yet",
            "{" SUB ",\"exp\":1,\"nbf\":1700000600}", EXPIRED),

    /* numbers that nobody asks for */

    PAYLOAD("good: unsigned 64 bits", P("\"uid\":18446744073709551615"),
            NONE),
    PAYLOAD("good: 40 digits, within an array",
            P("\"x\":[1234567890123456789012345678901234567890]"), NONE),
    PAYLOAD("good: 1e400", P("\"x\":-1e400"), NONE),
    HEADER("good: a large number in the header",
           H("\"x\":18446744073709551616,\"y\":1e999"), NONE),
    PAYLOAD("a large number that is none", P("\"x\":018446744073709551616"),
            MALFORMED),
    PAYLOAD("account a large number",
            "{\"sub\":18446744073709551616," EXP "}", CLAIM),
    HEADER("kid a large number", H("\"kid\":18446744073709551616"),
           MALFORMED),

    /* account and device */

    PAYLOAD("account missing", "{" EXP "}", CLAIM),
    PAYLOAD("account empty", "{\"sub\":\"\"," EXP "}", CLAIM),
    PAYLOAD("account a number", "{\"sub\":42," EXP "}", CLAIM),
    PAYLOAD("account null", "{\"sub\":null," EXP "}", CLAIM),
    PAYLOAD("account an array", "{\"sub\":[\"alice\"]," EXP "}", CLAIM),
    PAYLOAD("account with a NUL", "{\"sub\":\"alice\\u0000x\"," EXP "}",
            MALFORMED),
    PAYLOAD("account half a character", "{\"sub\":\"\\ud83d\"," EXP "}",
            MALFORMED),
    PAYLOAD("device a number", P("\"device\":1"), CLAIM),
    PAYLOAD("device null", P("\"device\":null"), CLAIM),
    PAYLOAD("good: device empty", P("\"device\":\"\""), NONE),
    PAYLOAD("iss a number", P("\"iss\":1"), CLAIM),
    PAYLOAD("good: iss and aud where none is asked for",
            P("\"iss\":\"x\",\"aud\":7"), NONE),

    /* issuers: the kid is the same, the keys are not */

    TWO("good: issuer A", A_RSA, "k", ISS_A "," EDGE, NONE),
    TWO("good: issuer B", B_RSA, "k", ISS_B, NONE),
    TWO("issuers swapped: A by B", B_RSA, "k", ISS_A "," EDGE, SIGNATURE),
    TWO("issuers swapped: B by A", A_RSA, "k", ISS_B, SIGNATURE),
    { "issuers swapped, no kid", &two, B_RSA, "RS256", RS256,
      "{" SUB "," EXP "," ISS_A "," EDGE "}", SIGNATURE },
    TWO("issuer missing", A_RSA, "k", EDGE, KEY),
    { "issuer missing, no kid", &two, A_RSA, "RS256", RS256,
      "{" SUB "," EXP "," EDGE "}", ALGORITHM },
    TWO("issuer unknown", A_RSA, "k", "\"iss\":\"https://c.example\"," EDGE,
        KEY),
    TWO("issuer empty", A_RSA, "k", "\"iss\":\"\"," EDGE, KEY),
    TWO("issuer with a slash more", A_RSA, "k",
        "\"iss\":\"https://a.example/\"," EDGE, KEY),
    TWO("issuer in capitals", A_RSA, "k",
        "\"iss\":\"HTTPS://A.EXAMPLE\"," EDGE, KEY),
    TWO("issuer an array", A_RSA, "k",
        "\"iss\":[\"https://a.example\"]," EDGE, CLAIM),
    TWO("issuer twice", A_RSA, "k", ISS_A "," ISS_B "," EDGE, MALFORMED),
    { "good: an unnamed issuer", &two, B_HS, "HS256",
      "{\"alg\":\"HS256\",\"kid\":\"h\"}", GOOD, NONE },
    { "a named issuer by the unnamed one's key", &two, B_HS, "HS256",
      "{\"alg\":\"HS256\",\"kid\":\"h\"}",
      "{" SUB "," EXP "," ISS_A "," EDGE "}", SIGNATURE },
    { "the unnamed issuer by a named one's key", &two, A_HS, "HS256",
      "{\"alg\":\"HS256\",\"kid\":\"h\"}",
      "{" SUB "," EXP "," EDGE "}", SIGNATURE },

    /* audience */

    TWO("good: aud in an array", A_RSA, "k", ISS_A
        ",\"aud\":[\"x\",\"edge\"]", NONE),
    TWO("good: aud is the second of one line", A_RSA, "k", ISS_A
        ",\"aud\":\"box\"", NONE),
    TWO("good: aud in an array is the second of one line", A_RSA, "k", ISS_A
        ",\"aud\":[\"x\",\"box\"]", NONE),
    TWO("aud is two of one line", A_RSA, "k", ISS_A
        ",\"aud\":\"edge box\"", AUDIENCE),
    TWO("good: aud of a second entry", A_RSA, "k", ISS_A ",\"aud\":\"tv\"",
        NONE),
    TWO("aud missing", A_RSA, "k", ISS_A, AUDIENCE),
    TWO("aud wrong", A_RSA, "k", ISS_A ",\"aud\":\"other\"", AUDIENCE),
    TWO("aud in an array, wrong", A_RSA, "k", ISS_A
        ",\"aud\":[\"x\",\"y\"]", AUDIENCE),
    TWO("aud in an empty array", A_RSA, "k", ISS_A ",\"aud\":[]", AUDIENCE),
    TWO("aud in an array with a number", A_RSA, "k", ISS_A
        ",\"aud\":[\"edge\",1]", AUDIENCE),
    TWO("aud in an array in an array", A_RSA, "k", ISS_A
        ",\"aud\":[[\"edge\"]]", AUDIENCE),
    TWO("aud as a name", A_RSA, "k", ISS_A ",\"aud\":{\"edge\":1}", AUDIENCE),
    TWO("aud a number", A_RSA, "k", ISS_A ",\"aud\":1", AUDIENCE),
    TWO("aud null", A_RSA, "k", ISS_A ",\"aud\":null", AUDIENCE),
    TWO("aud empty", A_RSA, "k", ISS_A ",\"aud\":\"\"", AUDIENCE),
    TWO("aud in capitals", A_RSA, "k", ISS_A ",\"aud\":\"EDGE\"", AUDIENCE),
    TWO("aud with more behind", A_RSA, "k", ISS_A ",\"aud\":\"edge2\"",
        AUDIENCE),
    TWO("aud cut short", A_RSA, "k", ISS_A ",\"aud\":\"edg\"", AUDIENCE),
    TWO("aud wrong, and forged", EVIL_RSA, "k", ISS_A ",\"aud\":\"other\"",
        SIGNATURE),

    /* how many keys are tried */

    { "good: the eighth key", &nine, A_HS, "HS256", "{\"alg\":\"HS256\"}",
      GOOD, NONE },
    { "the ninth key is not tried", &nine, B_HS, "HS256",
      "{\"alg\":\"HS256\"}", GOOD, SIGNATURE },

    /* URI Signing: more of it in its own unit */

    PAYLOAD("good: cdniv 1", P("\"cdniv\":1"), NONE),
    PAYLOAD("cdniv 2", P("\"cdniv\":2"), URI),
    PAYLOAD("cdnicrit unknown", P("\"cdnicrit\":\"foo\",\"foo\":1"), URI),
    PAYLOAD("cdniuc, and no URI is known", P("\"cdniuc\":\"regex:.*\""), URI),
    PAYLOAD("cdniuc empty", P("\"cdniuc\":\"\""), URI),
    PAYLOAD("cdniip, and no key is known", P("\"cdniip\":\"x\""), URI),
    PAYLOAD("RFC 9246 has no leeway: exp",
            "{" SUB ",\"exp\":1700000000,\"cdniv\":1}", EXPIRED),
    PAYLOAD("good: RFC 9246, a second left",
            "{" SUB ",\"exp\":1700000001,\"cdniv\":1}", NONE),
    PAYLOAD("RFC 9246 has no leeway: nbf",
            P("\"nbf\":1700000001,\"cdniv\":1"), NOT_YET),
    PAYLOAD("good: RFC 9246, iat within leeway",
            P("\"iat\":1700000030,\"cdniv\":1"), NONE),
    PAYLOAD("RFC 9246, iat after leeway",
            P("\"iat\":1700000031,\"cdniv\":1"), NOT_YET)
};


int
main(void)
{
    size_t  i;
    struct  CMUnitTest  tests[mint_count(cases)];

    memset(tests, 0, sizeof(tests));

    for (i = 0; i < mint_count(cases); i++) {
        tests[i].name = cases[i].name;
        tests[i].test_func = run_case;
        tests[i].initial_state = (void *) &cases[i];
    }

    return _cmocka_run_group_tests("token cases", tests, mint_count(cases),
                                   setup, teardown);
}

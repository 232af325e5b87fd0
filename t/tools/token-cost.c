
/*
 * What a token costs: CPU time per verification, by algorithm, for a good
 * token and a forged one, and what is refused before any signature.  It only
 * tells.
 *
 *   make build-unit
 *   cc -O2 $INCLUDES -o token-cost t/tools/token-cost.c build/unit/parts.a \
 *       -lcmocka -lcrypto -ljansson
 */


#include "ngx_household_mint.h"
#include "ngx_household_jwt.h"
#include "ngx_household_siphash.h"
#include <time.h>


#define NOW     1700000000
#define CLAIMS  "{\"iss\":\"https://id.example\",\"aud\":\"edge\","           \
                "\"sub\":\"f3c1c2a4-7d0e-4b2a-9a55-6f1b0c7d8e9f\","          \
                "\"device\":\"tv-0123456789abcdef\",\"iat\":1699999900,"     \
                "\"exp\":1700003600"


static ngx_household_jwt_issuer_t  issuer;
static ngx_household_jwt_policy_t  policy;


static double
cpu(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}


/* microseconds a call: the best of five rounds of a tenth of a second */

static double
cost(const ngx_str_t *token, ngx_household_reason_e want)
{
    int                          round;
    double                       start, took, best;
    ngx_str_t                    uri;
    ngx_uint_t                   n;
    ngx_household_reason_e       reason;
    ngx_household_jwt_claims_t   claims;

    best = 0;
    ngx_str_set(&uri, "https://edge.example/v/720p/seg-000123.m4s");

    for (round = 0; round < 5; round++) {
        start = cpu();
        n = 0;

        do {
            reason = ngx_household_jwt_verify(&policy, token, token, &uri, NOW,
                                              &claims);
            n++;
            took = cpu() - start;

        } while (took < 1e5);

        if (reason != want) {
            fprintf(stderr, "reason %d, not %d\n", reason, want);
            exit(1);
        }

        if (round == 0 || took / n < best) {
            best = took / n;
        }
    }

    return best;
}

static ngx_str_t  audience = ngx_string("edge");


static void
use_key(const mint_key_t *key)
{
    char       text[8192], error[NGX_HOUSEHOLD_JWKS_ERROR], *p;
    ngx_str_t  s;

    p = text + sprintf(text, "{\"keys\":[");
    p = mint_jwk(p, key, "\"kid\":\"2026-11\"");
    strcpy(p, "]}");

    ngx_household_jwks_destroy(issuer.jwks);
    s = mint_str(text);
    issuer.jwks = ngx_household_jwks_parse(&s, NULL, NULL, error);
    ngx_str_set(&issuer.name, "https://id.example");
    issuer.audiences = &audience;
    issuer.naudiences = 1;

    policy.issuers = &issuer;
    policy.nissuers = 1;
    policy.leeway = 30;
    policy.max_size = NGX_HOUSEHOLD_JWT_SIZE;
    ngx_str_set(&policy.account, "sub");
    ngx_str_set(&policy.device, "device");
    ngx_str_set(&policy.package, NGX_HOUSEHOLD_URISIGNING_PACKAGE);
}


static ngx_str_t
mint(char *buf, const mint_key_t *key, const char *alg, const char *kid,
    const char *claims)
{
    char       header[256];
    ngx_str_t  h, p;

    sprintf(header, "{\"alg\":\"%.5s\",\"typ\":\"JWT\",\"kid\":\"%s\"}", alg,
            kid);
    h = mint_str(header);
    p = mint_str(claims);

    return mint_token(buf, key, alg, &h, &p);
}


static void
algorithms(void)
{
    char        good_buf[MINT_TOKEN], bad_buf[MINT_TOKEN];
    ngx_str_t   good, bad;
    mint_key_t  key;
    ngx_uint_t  i;

    static const struct {
        const char  *alg;
        const char  *type;
        size_t       size;
    } kinds[] = {
        { "HS256", "oct", 32 }, { "HS512", "oct", 64 },
        { "RS256", "RSA", 2048 }, { "RS256", "RSA", 3072 },
        { "RS256", "RSA", 4096 }, { "PS256", "RSA", 2048 },
        { "ES256", "P-256", 0 }, { "ES384", "P-384", 0 },
        { "ES512", "P-521", 0 }, { "EdDSA", "ED25519", 0 }
    };

    for (i = 0; i < mint_count(kinds); i++) {
        key = mint_key(kinds[i].type, kinds[i].size);

        use_key(&key);
        good = mint(good_buf, &key, kinds[i].alg, "2026-11", CLAIMS "}");

        /* a signature that is one, of something else */

        bad = mint(bad_buf, &key, kinds[i].alg, "2026-11", CLAIMS ",\"x\":1}");
        strcpy(strrchr(bad_buf, '.'), strrchr(good_buf, '.'));
        bad = mint_str(bad_buf);

        printf("%-5s %-7s %4d  %5d %8.1f %8.1f\n", kinds[i].alg,
               kinds[i].type, (int) kinds[i].size, (int) good.len,
               cost(&good, NGX_HOUSEHOLD_REASON_NONE),
               cost(&bad, NGX_HOUSEHOLD_REASON_TOKEN_SIGNATURE));

        mint_free(&key);
    }
}


static void
others(void)
{
    char        buf[MINT_TOKEN], payload[4096];
    double      start, took;
    u_char      hash[NGX_HOUSEHOLD_SIPHASH_128];
    ngx_str_t   token;
    mint_key_t  key;
    ngx_uint_t  n;

    static const uint64_t  secret[2] = { 1, 2 };

    key = mint_key("oct", 32);
    use_key(&key);

    token = mint(buf, &key, "HS256", "other", CLAIMS "}");
    printf("unknown kid                %8.1f\n",
           cost(&token, NGX_HOUSEHOLD_REASON_TOKEN_KEY));

    token = mint(buf, &key, "HS256", "2026-11", CLAIMS ",\"cdniuc\":"
                 "\"regex:https://edge\\\\.example/v/[^/]+/seg-[0-9]{6}"
                 "\\\\.m4s(\\\\?.*)?\"}");
    printf("HS256 with a regex         %8.1f\n",
           cost(&token, NGX_HOUSEHOLD_REASON_NONE));

    sprintf(payload, CLAIMS ",\"x\":\"%02700d\"}", 0);
    token = mint(buf, &key, "HS256", "2026-11", payload);
    printf("HS256 of %d bytes        %8.1f\n", (int) token.len,
           cost(&token, NGX_HOUSEHOLD_REASON_NONE));

    token.len = 5000;
    printf("over the size              %8.2f\n",
           cost(&token, NGX_HOUSEHOLD_REASON_TOKEN_MALFORMED));

    token.len = 600;
    start = cpu();
    n = 0;

    do {
        ngx_household_siphash_128(secret, token.data, token.len, hash);
        n++;
        took = cpu() - start;

    } while (took < 3e5);

    printf("digest of 600 bytes        %8.2f\n", took / n);
}


int
main(void)
{
    printf("alg   key     bits  bytes  good us forged us\n");
    algorithms();
    others();

    ngx_household_jwks_destroy(issuer.jwks);

    return 0;
}

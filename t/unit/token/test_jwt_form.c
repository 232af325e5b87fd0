
/*
 * Units of the verifier of tokens: what the bytes of a token may be.
 */


#include "ngx_household_jwt_test.h"
#include "ngx_household_vectors.h"


/* a text made of the parts of a good token: header, payload, signature */

typedef struct {
    const char              *name;
    const char              *form;     /* "@h", "@p", "@s", others below */
    ngx_household_reason_e   reason;
} form_t;


static const form_t  forms[] = {
    { "good: as it is", "@h.@p.@s", NONE },
    { "empty", "", MALFORMED },
    { "1 segment", "@h", MALFORMED },
    { "2 segments", "@h.@p", MALFORMED },
    { "4 segments", "@h.@p.@s.@s", MALFORMED },
    { "4 segments, the last empty", "@h.@p.@s.", MALFORMED },
    { "5 segments", "@h.@p.@s.@p.@s", MALFORMED },
    { "dots alone", "..", MALFORMED },
    { "dots alone, more", "....", MALFORMED },
    { "a dot before", ".@h.@p.@s", MALFORMED },
    { "no header", ".@p.@s", MALFORMED },
    { "no payload", "@h..@s", MALFORMED },
    { "empty signature", "@h.@p.", SIGNATURE },
    { "parts in another order", "@p.@h.@s", ALGORITHM },
    { "header padded", "@h=.@p.@s", MALFORMED },
    { "header padded twice", "@h==.@p.@s", MALFORMED },
    { "payload padded", "@h.@p=.@s", MALFORMED },
    { "signature padded", "@h.@p.@s=", MALFORMED },
    { "signature padded twice", "@h.@p.@s==", MALFORMED },
    { "space before", " @h.@p.@s", MALFORMED },
    { "space behind", "@h.@p.@s ", MALFORMED },
    { "line feed behind", "@h.@p.@s\n", MALFORMED },
    { "CRLF behind", "@h.@p.@s\r\n", MALFORMED },
    { "line feed within", "@h.\n@p.@s", MALFORMED },
    { "tab within", "@h.@p\t.@s", MALFORMED },
    { "a letter more in the signature", "@h.@p.@sA", SIGNATURE },
    { "four letters more in the signature", "@h.@p.@sAAAA", SIGNATURE },
    { "percent escaped dot", "@h%2E@p.@s", MALFORMED },
    { "quoted", "\"@h.@p.@s\"", MALFORMED },
    { "Bearer before", "Bearer @h.@p.@s", MALFORMED },
    { "JSON serialization",
      "{\"payload\":\"@p\",\"protected\":\"@h\",\"signature\":\"@s\"}",
      MALFORMED },
    { "none, empty signature", "@n.@p.", ALGORITHM },
    { "none, no last dot", "@n.@p", MALFORMED },
    { "none, the signature of another", "@n.@p.@s", ALGORITHM },
    { "RFC 7519, 6.1", "@u", ALGORITHM },
    { "None, empty signature", "@N.@p.", ALGORITHM },
    { "NONE, empty signature", "@O.@p.", ALGORITHM },
    { "nOnE, empty signature", "@E.@p.", ALGORITHM },
    { "no algorithm, empty signature", "@x.@p.", ALGORITHM },
    { "HS256, empty signature", "@H.@p.", SIGNATURE },
    { "ES256, empty signature", "@C.@p.", SIGNATURE },
    { "EdDSA, empty signature", "@D.@p.", SIGNATURE },
    { "PS256, empty signature", "@P.@p.", SIGNATURE },
    { "HS256 said, the signature of RS256", "@H.@p.@s", SIGNATURE },
    { "PS256 said, the signature of RS256", "@P.@p.@s", SIGNATURE }
};


/* "part" is a letter of the form */

static const char *
part(char letter)
{
    size_t       i;
    const char  *first, *second;

    static char  out[MINT_TOKEN];

    static const struct {
        char         letter;
        const char  *header;
    } headers[] = {
        { 'n', "{\"alg\":\"none\"}" }, { 'N', "{\"alg\":\"None\"}" },
        { 'O', "{\"alg\":\"NONE\"}" }, { 'E', "{\"alg\":\"nOnE\"}" },
        { 'x', "{}" }, { 'H', "{\"alg\":\"HS256\"}" },
        { 'C', "{\"alg\":\"ES256\"}" }, { 'D', "{\"alg\":\"EdDSA\"}" },
        { 'P', "{\"alg\":\"PS256\"}" }
    };

    first = strchr(good_buf, '.');
    second = strrchr(good_buf, '.');

    switch (letter) {

    case 'h':
        sprintf(out, "%.*s", (int) (first - good_buf), good_buf);
        return out;

    case 'p':
        sprintf(out, "%.*s", (int) (second - first - 1), first + 1);
        return out;

    case 's':
        return second + 1;

    case 'u':
        return RFC7519_61_TOKEN;
    }

    for (i = 0; headers[i].letter != letter; i++) { /* void */ }

    mint_base64url(out, headers[i].header, strlen(headers[i].header));

    return out;
}


static void
run_form(void **state)
{
    char           text[2 * MINT_TOKEN], *p;
    ngx_str_t      token;
    const char    *f;
    const form_t  *form;

    form = *state;
    p = text;

    for (f = form->form; *f != '\0'; f++) {

        if (*f == '@') {
            p += sprintf(p, "%s", part(*++f));

        } else {
            *p++ = *f;
        }
    }

    token = mint_bytes(text, p - text);
    expect(form->name, verify(&plain, &token), form->reason);
    nothing_is_left();
}


/* a bit changed anywhere: never accepted */

static void
every_byte_counts(void **state)
{
    size_t       i;
    ngx_str_t    token;
    ngx_uint_t   k;

    static const struct {
        int          key;
        const char  *alg;
    } kinds[] = {
        { A_RSA, "RS256" }, { A_RSA, "PS256" }, { A_P256, "ES256" },
        { A_ED, "EdDSA" }, { A_HS, "HS256" }
    };

    for (k = 0; k < mint_count(kinds); k++) {
        char  header[64];

        sprintf(header, "{\"alg\":\"%s\"}", kinds[k].alg);
        token = sign(buf, kinds[k].key, kinds[k].alg, header, GOOD);
        assert_int_equal(verify(&plain, &token), NONE);

        for (i = 0; i < token.len; i++) {
            token.data[i] ^= 1 << i % 7;

            if (verify(&plain, &token) == NONE) {
                fail_msg("%s: byte %d", kinds[k].alg, (int) i);
            }

            token.data[i] ^= 1 << i % 7;
        }

        /* and cut off anywhere, but not at one, since that is most of it */

        for (i = 0; i < token.len; i += 3) {
            ngx_str_t  cut;

            cut = mint_bytes(token.data, i);
            assert_int_not_equal(verify(&plain, &cut), NONE);
        }
    }

    nothing_is_left();
}


/* stray bits: another text of the same signature */

static void
stray_bits(void **state)
{
    ngx_str_t   token;
    ngx_uint_t  i, refused;

    static const char  set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789-_";

    token = sign(buf, A_HS, "HS256", "{\"alg\":\"HS256\"}", GOOD);
    refused = 0;

    for (i = 0; i < 64; i++) {
        token.data[token.len - 1] = set[i];

        if (verify(&plain, &token) != NONE) {
            refused++;
        }
    }

    assert_int_equal(refused, 63);
    nothing_is_left();
}


/* ES256 by its raw bytes */

static void
es256_raw(void **state)
{
    int         i;
    char       *p;
    u_char      sig[256];
    size_t      k;
    BIGNUM     *n;
    ngx_str_t   token;
    EC_GROUP   *group;

    static const size_t  lengths[] = { 0, 1, 32, 63, 65, 70, 72, 96, 128 };

    ngx_memzero(sig, sizeof(sig));
    token = sign(buf, A_P256, "ES256", "{\"alg\":\"ES256\"}", GOOD);
    p = strrchr(buf, '.') + 1;

    mint_base64url(p, sig, 64);
    token = mint_str(buf);
    expect("ES256 with r = s = 0", verify(&plain, &token), SIGNATURE);

    for (k = 0; k < mint_count(lengths); k++) {
        mint_base64url(p, sig, lengths[k]);
        token = mint_str(buf);
        expect("ES256 of a wrong length", verify(&plain, &token), SIGNATURE);
    }

    group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    n = BN_dup(EC_GROUP_get0_order(group));

    for (i = 0; i < 3; i++) {
        BN_bn2binpad(n, sig, 32);
        BN_bn2binpad(n, sig + 32, 32);
        mint_base64url(p, sig, 64);
        token = mint_str(buf);
        expect("ES256 with r and s of n or more", verify(&plain, &token),
               SIGNATURE);
        BN_add_word(n, 1);
    }

    BN_free(n);
    EC_GROUP_free(group);

    nothing_is_left();
}


/* a header that brings its own key */

static void
jwk_in_the_header(void **state)
{
    char        header[4096], *p;
    ngx_str_t   token;

    p = header + sprintf(header, "{\"alg\":\"RS256\",\"jwk\":");
    p = mint_jwk(p, &keys[EVIL_RSA], "\"kid\":\"rsa\"");
    strcpy(p, "}");

    token = sign(buf, EVIL_RSA, "RS256", header, GOOD);
    expect("jwk is not used", verify(&plain, &token), SIGNATURE);

    p = header + sprintf(header, "{\"alg\":\"RS256\",\"kid\":\"evil\","
                         "\"jwk\":");
    p = mint_jwk(p, &keys[EVIL_RSA], "\"kid\":\"evil\"");
    strcpy(p, "}");

    token = sign(buf, EVIL_RSA, "RS256", header, GOOD);
    expect("jwk with its kid is not used", verify(&plain, &token), KEY);

    nothing_is_left();
}


/* a token of exactly "size" bytes */

static ngx_str_t
sized(size_t size)
{
    char        payload[MINT_TOKEN];
    size_t      pad;
    ngx_str_t   token;

    /* three bytes of payload are four characters; the signature gives way */

    for (pad = (size - 600) * 3 / 4; pad < size; pad++) {
        sprintf(payload, "{" SUB "," EXP ",\"x\":\"%0*d\"}", (int) pad, 0);
        token = sign(buf, A_P256, "ES256",
                     "{\"alg\":\"ES256\",\"kid\":\"p256\"}", payload);

        if (token.len >= size) {
            return token;
        }
    }

    fail();

    return token;
}


static void
size_limit(void **state)
{
    size_t                        size;
    ngx_str_t                     token;
    ngx_household_jwt_policy_t    policy;

    /* with unpadded base64 not every length can be had: this one can */

    for (size = 4000; /* void */ ; size++) {
        token = sized(size);

        if (token.len == size) {
            break;
        }
    }

    policy = plain;

    policy.max_size = size;
    expect("at the limit", verify(&policy, &token), NONE);

    policy.max_size = size - 1;
    expect("one over the limit", verify(&policy, &token), MALFORMED);

    policy.max_size = 0;
    expect("no size at all", verify(&policy, &token), MALFORMED);

    token = sized(NGX_HOUSEHOLD_JWT_SIZE - 1);
    assert_in_range(token.len, NGX_HOUSEHOLD_JWT_SIZE - 1,
                    NGX_HOUSEHOLD_JWT_SIZE);
    expect("within the default", verify(&plain, &token), NONE);

    token = sized(NGX_HOUSEHOLD_JWT_SIZE + 1);
    expect("over the default", verify(&plain, &token), MALFORMED);

    /* a policy cannot go beyond what the buffers have */

    policy.max_size = (size_t) -1;

    token = sized(NGX_HOUSEHOLD_JWT_SIZE_MAX - 1);
    assert_in_range(token.len, NGX_HOUSEHOLD_JWT_SIZE_MAX - 1,
                    NGX_HOUSEHOLD_JWT_SIZE_MAX);
    expect("as large as any", verify(&policy, &token), NONE);

    token = sized(NGX_HOUSEHOLD_JWT_SIZE_MAX + 1);
    expect("larger than any", verify(&policy, &token), MALFORMED);

    nothing_is_left();
}


static void
deep_nesting(void **state)
{
    char        payload[8192], *p;
    int         i, n;
    ngx_str_t   token;

    static const int  depths[] = { 16, 17, 100, 1000 };

    for (n = 0; n < 4; n++) {
        p = payload + sprintf(payload, "{" SUB "," EXP ",\"x\":");

        for (i = 1; i < depths[n]; i++) {
            *p++ = '[';
        }

        for (i = 1; i < depths[n]; i++) {
            *p++ = ']';
        }

        strcpy(p, "}");

        token = sign(buf, A_RSA, "RS256", RS256, payload);
        expect("deep payload", verify(&plain, &token),
               n == 0 ? NONE : MALFORMED);

        p = payload + sprintf(payload, "{\"alg\":\"RS256\",\"x\":");

        for (i = 1; i < depths[n]; i++) {
            *p++ = '[';
        }

        for (i = 1; i < depths[n]; i++) {
            *p++ = ']';
        }

        strcpy(p, "}");

        token = sign(buf, A_RSA, "RS256", payload, GOOD);
        expect("deep header", verify(&plain, &token),
               n == 0 ? NONE : MALFORMED);
    }

    memset(payload, '[', 2000);
    payload[2000] = '\0';
    token = sign(buf, A_RSA, "RS256", payload, GOOD);
    expect("unclosed header", verify(&plain, &token), MALFORMED);

    nothing_is_left();
}


int
main(void)
{
    size_t  i, n;
    struct  CMUnitTest  tests[mint_count(forms) + 16];

    static const struct CMUnitTest  others[] = {
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(stray_bits),
        cmocka_unit_test(es256_raw),
        cmocka_unit_test(jwk_in_the_header),
        cmocka_unit_test(size_limit),
        cmocka_unit_test(deep_nesting)
    };

    memset(tests, 0, sizeof(tests));

    for (n = 0; n < mint_count(forms); n++) {
        tests[n].name = forms[n].name;
        tests[n].test_func = run_form;
        tests[n].initial_state = (void *) &forms[n];
    }

    for (i = 0; i < mint_count(others); i++) {
        tests[n++] = others[i];
    }

    return _cmocka_run_group_tests("token form", tests, n, setup, teardown);
}

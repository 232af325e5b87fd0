
/*
 * The client address of RFC 9246, 2.1.10.  The values were encrypted by
 * Crypt::JWT.
 */


#include "ngx_household_mint.h"
#include "ngx_household_cdniip.h"


static ngx_household_cdniip_keys_t  *keys;


static ngx_household_cdniip_keys_t *
parse(const char *text)
{
    char       error[NGX_HOUSEHOLD_CDNIIP_ERROR];
    ngx_str_t  s;

    s = mint_str(text);

    return ngx_household_cdniip_keys_parse(&s, error);
}


/* 16, 24 and 32 bytes; a key of signatures is skipped */

static int
setup(void **state)
{
    keys = parse("{\"keys\":["
        "{\"kty\":\"oct\",\"k\":\"eHh4eHh4eHh4eHh4eHh4eA\",\"use\":\"sig\"},"
        "{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZg\",\"kid\":\"e\","
         "\"use\":\"enc\",\"alg\":\"A128GCM\"},"
        "{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3\"},"
        "{\"kty\":\"oct\",\"alg\":\"dir\","
         "\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}]}");

    return keys == NULL;
}


static int
teardown(void **state)
{
    ngx_household_cdniip_keys_destroy(keys);

    return 0;
}


static ngx_int_t
read_text(const char *text, ngx_household_cdniip_t *ip)
{
    ngx_str_t  s;

    s = mint_str(text);

    return ngx_household_cdniip_read(keys, &s, ip);
}


static void
accepts(void **state)
{
    size_t                  i, n;
    char                    text[1024];
    ngx_household_cdniip_t  ip;

    static const struct {
        const char              *name;
        const char              *jwe;
        ngx_household_family_e   family;
        ngx_uint_t               bits;
    } cases[] = {
        { "192.0.2.7",
          "eyJlbmMiOiJBMTI4R0NNIiwiYWxnIjoiZGlyIn0..KLdR-jy8ayQMARSa.dR"
          "xUfDI7QHDk.NJHr6dWMJIY5GyM8S0fmVw",
          NGX_HOUSEHOLD_FAMILY_INET, 32 },
        { "192.0.2.7/24",
          "eyJlbmMiOiJBMTI4R0NNIiwia2lkIjoiZSIsImFsZyI6ImRpciJ9..lzratP"
          "Pix35dTitx.X4tX8OEtWRgMQtn7.vJE9vI5mmYOklVzrNNlnvw",
          NGX_HOUSEHOLD_FAMILY_INET, 24 },
        { "0.0.0.0/0",
          "eyJlbmMiOiJBMTI4R0NNIiwiYWxnIjoiZGlyIn0..ETRci4fhtz8z7UYp.wo"
          "0hikJGKBWX.Pq8b6Fs6PFpunmI3qSQtGg",
          NGX_HOUSEHOLD_FAMILY_INET, 0 },
        { "[2001:db8::1/32]",
          "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..dlv5a7_kjKM-0kVo.vg"
          "xbHhlTqSfWBIgqKAYHZQ.0LaWm5Ox8eQDpxzlzRKqkg",
          NGX_HOUSEHOLD_FAMILY_INET6, 32 },
        { "2001:db8::1",
          "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..g8t8f8gd2VNE-7Bw.VL"
          "bGLTKE7K1sEKU.hE0mOigPHGy-Lhi-z5FDqQ",
          NGX_HOUSEHOLD_FAMILY_INET6, 128 },
        { "::ffff:192.0.2.0/120",
          "eyJlbmMiOiJBMTI4R0NNIiwiYWxnIjoiZGlyIn0..5tfVXBdRtLYmdCR1.v0"
          "xxgowV4QatuGcWLOwKN-d8MkA.6S_iq4xz_TeQQZUV0D10vQ",
          NGX_HOUSEHOLD_FAMILY_INET, 24 },
        { "192.0.2.7",
          "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTkyR0NNIn0..fpywaLvArXkOvhxM.vs"
          "0hnCjs10WA.a-aUq9A_Qu-KUGxtxkE9fg",
          NGX_HOUSEHOLD_FAMILY_INET, 32 },
        { "192.0.2.7",
          "eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0..6HbMO0Eac6LBpB7y.gG"
          "a8nZcdQYM1.wKiON-uuuTgLvvwm-KOKkQ",
          NGX_HOUSEHOLD_FAMILY_INET, 32 }
    };

    for (i = 0; i < mint_count(cases); i++) {

        if (read_text(cases[i].jwe, &ip) != NGX_OK) {
            fail_msg("refused: %s", cases[i].name);
        }

        assert_int_equal(ip.addr.family, cases[i].family);
        assert_int_equal(ip.bits, cases[i].bits);

        /* whatever is changed, it is another value */

        for (n = 0; cases[i].jwe[n] != '\0'; n++) {
            strcpy(text, cases[i].jwe);
            text[n] = text[n] == 'A' ? 'B' : 'A';

            if (read_text(text, &ip) == NGX_OK) {
                fail_msg("byte %u is not looked at: %s", (unsigned) n,
                         cases[i].name);
            }
        }
    }
}


static void
refuses(void **state)
{
    size_t                  i;
    ngx_household_cdniip_t  ip;

    static const struct {
        const char  *name;
        const char  *jwe;
    } cases[] = {
        { "no JWE", "192.0.2.7" }, { "nothing", "" }, { "dots", "...." },
        { "four parts", "a.b.c.d" }, { "six parts", "a.b.c.d.e.f" },
        { "",
          "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..Put5-3BxE27uVhQy..m"
          "q4l56NcxEnfEHBgIP-cJQ" },
        { "192.0.2.256",
          "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..kFdxuaCLErKR4P8b.Pb"
          "KiLX8XK_hbGyI.lwC-NenQLI2YC0D6tE-ARg" },
        { "192.0.2.1/33",
          "eyJlbmMiOiJBMTI4R0NNIiwiYWxnIjoiZGlyIn0..i_eieTCTyjYfrOqF.NK"
          "CXoatpHzqd4IsG.fTT8j-ED5e1kFq96cAj4zQ" },
        { "192.0.2.1/",
          "eyJlbmMiOiJBMTI4R0NNIiwiYWxnIjoiZGlyIn0..Dc5OWEMzQRy2S6XI.15"
          "WmK3CNtgmeqA.DuLoiT3eRQiaLPb2JKUjLw" },
        { "192.0.2.1/08",
          "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..a-az4c-zqco6a_h4.-s"
          "m5Bvm-G_WkSFSe.fiqLba_TLRMFe8QEFls8aQ" },
        { "::/129",
          "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..bs1kPH6p9LW-XFwR.nn"
          "nh7u-U.WmP7BiW5QWgeAh-V413i_A" },
        { "192.0.2.1 ",
          "eyJlbmMiOiJBMTI4R0NNIiwiYWxnIjoiZGlyIn0..Qj7rturJHQXxyBh6.VA"
          "AIPYKeVqsnGg.HmvOMUL3XgAh0C3hzlYvZw" },
        { "[192.0.2.1",
          "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..io0yecVx802Bk3xr.ZA"
          "f5sPLYfz4-aQ.I9VNJ_raAr4AfjmXleemMg" },
        { "::ffff:1.2.3.4/94",
          "eyJlbmMiOiJBMTI4R0NNIiwiYWxnIjoiZGlyIn0..m-Jwvqs5tITL3vIf.E7"
          "LlJF2LAxdltINsdj6ABNo.JC8s51F9ruC2AdoqG53dTw" },
        { "::ffff:1.2.3.4/95",
          "eyJlbmMiOiJBMTI4R0NNIiwiYWxnIjoiZGlyIn0..L6nx7kmV2rdZ1IQZ.tN"
          "4E5h0V3t3-wXKebC4j4SM.4vNj2s1KL-jFrSHXrWC1IQ" },
        { "a host",
          "eyJlbmMiOiJBMTI4R0NNIiwiYWxnIjoiZGlyIn0..4Rs8mbDo_hpwXcha.XD"
          "Q9RIrF.R3pJ_aIeP6mMu5_U8NKtgw" },
        { "1.2.3.4/2x",
          "eyJlbmMiOiJBMTI4R0NNIiwiYWxnIjoiZGlyIn0..C-XOmA5EA4r8wQUO.j1"
          "3je74v0rNi2A.Tc2JTwcQLtTS5zbkoCbtgg" },
        { "192.0.2.1\0",
          "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..PiGXc7k9XhlQ62O0.62"
          "JOjHHt4Cd48A.xZVVT8G7Z46tHQ6EJVVeAA" },
        { "compressed",
          "eyJlbmMiOiJBMTI4R0NNIiwiYWxnIjoiZGlyIiwiemlwIjoiREVGIn0..p8m"
          "StVEu7tETcS3E.ie2HTWarPPN9JFE.H7naYrt6OIsfSwsmJwYpmQ" },
        { "an encrypted key",
          "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4R0NNIn0.cSILhNYhIeV4CDuX"
          "jR7xSPHHkzK-CHHG.WsQnhUTdz1ny61Xu.775OBJ885PWc.z0R2ffc8tWC59"
          "qCkyw2vTw" },
        { "CBC",
          "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2IiwiYWxnIjoiZGlyIn0..o8ofNaFIAVx"
          "vA8Mr-DeQqw.5YRkJ9sY3o0kLWY0M9-vFg.s7vkxWYXb-rQlulA8iTc2A" },
        { "another kid",
          "eyJraWQiOiJ4IiwiZW5jIjoiQTEyOEdDTSIsImFsZyI6ImRpciJ9..nTD-Cq"
          "UEaMQIsdb9.Wt8xjE4IJe-D.RkSPwXeEN7gxU8bcPY_xZA" },
        { "crit",
          "eyJ4IjoxLCJlbmMiOiJBMTI4R0NNIiwiY3JpdCI6WyJ4Il0sImFsZyI6ImRp"
          "ciJ9..-JYXuzUUnp5U6Pt6.D0RC4oAqTAfg.2e_1rYoyPIHp9wxhMFzahw" },
        { "another key",
          "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..sgidVzC-tuWu_vkI.Y7"
          "HMfzj8CpRG.03YRiBfPKqW28XmuzA2RdQ" }
    };

    for (i = 0; i < mint_count(cases); i++) {
        if (read_text(cases[i].jwe, &ip) == NGX_OK) {
            fail_msg("accepted: %s", cases[i].name);
        }
    }
}


static void
allows(void **state)
{
    size_t                  i;
    ngx_household_addr_t    addr;
    ngx_household_cdniip_t  ip;

    static const struct {
        u_char  a[4];
        u_char  b[4];
        u_char  bits;
        u_char  allowed;
    } cases[] = {
        { { 192, 0, 2, 7 }, { 192, 0, 2, 7 }, 32, 1 },
        { { 192, 0, 2, 7 }, { 192, 0, 2, 6 }, 32, 0 },
        { { 192, 0, 2, 7 }, { 192, 0, 2, 6 }, 31, 1 },
        { { 192, 0, 2, 7 }, { 192, 0, 2, 5 }, 31, 0 },
        { { 192, 0, 2, 7 }, { 192, 0, 2, 255 }, 24, 1 },
        { { 192, 0, 2, 7 }, { 192, 0, 3, 7 }, 24, 0 },
        { { 192, 0, 2, 7 }, { 192, 0, 3, 7 }, 23, 1 },
        { { 192, 0, 2, 7 }, { 1, 2, 3, 4 }, 0, 1 }
    };

    for (i = 0; i < mint_count(cases); i++) {
        ngx_memzero(&ip, sizeof(ip));
        ngx_memzero(&addr, sizeof(addr));
        ngx_memcpy(ip.addr.bytes, cases[i].a, 4);
        ngx_memcpy(addr.bytes, cases[i].b, 4);
        ip.bits = cases[i].bits;
        ip.addr.family = NGX_HOUSEHOLD_FAMILY_INET;
        addr.family = NGX_HOUSEHOLD_FAMILY_INET;

        assert_int_equal(ngx_household_cdniip_allows(&ip, &addr),
                         cases[i].allowed);

        addr.family = NGX_HOUSEHOLD_FAMILY_INET6;
        assert_int_equal(ngx_household_cdniip_allows(&ip, &addr), 0);

        addr.family = NGX_HOUSEHOLD_FAMILY_NONE;
        assert_int_equal(ngx_household_cdniip_allows(&ip, &addr), 0);

        ip.addr.family = NGX_HOUSEHOLD_FAMILY_NONE;
        assert_int_equal(ngx_household_cdniip_allows(&ip, &addr), 1);
    }
}


static void
key_sets(void **state)
{
    size_t                        i;
    ngx_household_cdniip_keys_t  *set;

    static const char  *cases[] = {
        "", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[]}", "{\"keys\":[7]}",
        "{\"keys\":[{\"kty\":\"oct\"}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZg\"}]}",
        ("{\"keys\":[{\"kty\":\"oct\",\"alg\":\"A256GCM\","
         "\"k\":\"MDEyMzQ1Njc4OWFiY2RlZg\"}]}")
    };

    for (i = 0; i < mint_count(cases); i++) {
        set = parse(cases[i]);

        if (set != NULL) {
            fail_msg("accepted: %s", cases[i]);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(accepts),
        cmocka_unit_test(refuses),
        cmocka_unit_test(allows),
        cmocka_unit_test(key_sets)
    };

    return cmocka_run_group_tests_name("cdniip", tests, setup, teardown);
}


/*
 * Units of public keys of Edwards curves.
 */


#include "ngx_household_edwards.h"
#include "ngx_household_mint.h"
#include <openssl/err.h>


static ngx_int_t
check(ngx_household_edwards_e curve, const char *hex)
{
    u_char      buf[64];
    size_t      len;
    ngx_str_t   key;

    assert_int_equal(OPENSSL_hexstr2buf_ex(buf, sizeof(buf), &len, hex, '\0'),
                     1);
    key = mint_bytes(buf, len);

    return ngx_household_edwards_check(curve, &key);
}


static void
keys_of_rfc8032(void **state)
{
    ngx_uint_t  i;

    static const char  *ed25519[] = {
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf"
    };

    static const char  *ed448[] = {
        "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778"
        "edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
        "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c086"
        "6aea01eb00742802b8438ea4cb82169c235160627b4c3a9480",
        "dcea9e78f35a1bf3499a831b10b86c90aac01cd84b67a0109b55a36e9328b1e3"
        "65fce161d71ce7131a543ea4cb5f7e9f1d8b00696447001400"
    };

    for (i = 0; i < mint_count(ed25519); i++) {
        assert_int_equal(check(NGX_HOUSEHOLD_ED25519, ed25519[i]), NGX_OK);
    }

    for (i = 0; i < mint_count(ed448); i++) {
        assert_int_equal(check(NGX_HOUSEHOLD_ED448, ed448[i]), NGX_OK);
    }
}


/* every key that OpenSSL makes is one; about every second y is none */

static void
random_keys(void **state)
{
    size_t      len;
    u_char      raw[64];
    ngx_str_t   key;
    ngx_uint_t  i, good;
    mint_key_t  pair;

    for (i = 0; i < 64; i++) {
        pair = mint_key(i % 2 ? "ED25519" : "ED448", 0);
        len = sizeof(raw);
        assert_int_equal(EVP_PKEY_get_raw_public_key(pair.pkey, raw, &len),
                         1);
        mint_free(&pair);

        key = mint_bytes(raw, len);
        assert_int_equal(ngx_household_edwards_check(i % 2
                                                     ? NGX_HOUSEHOLD_ED25519
                                                     : NGX_HOUSEHOLD_ED448,
                                                     &key),
                         NGX_OK);
    }

    good = 0;

    for (i = 0; i < 256; i++) {
        assert_int_equal(RAND_bytes(raw, 32), 1);
        raw[31] &= 0x3f;
        key = mint_bytes(raw, 32);

        if (ngx_household_edwards_check(NGX_HOUSEHOLD_ED25519, &key)
            == NGX_OK)
        {
            good++;
        }
    }

    assert_in_range(good, 64, 192);
    assert_int_equal(ERR_peek_error(), 0);
}


/* with each of these anybody can make a signature that OpenSSL verifies */

static void
small_order(void **state)
{
    ngx_uint_t  i;

    static const char  *ed25519[] = {

        /* y of order 4, 1, 2, and the four points of order 8 */

        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",

        /* the same, p or 2 p more */

        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    };

    static const char  *ed448[] = {
        "0000000000000000000000000000000000000000000000000000000000000000"
        "00000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000"
        "00000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000"
        "00000000000000000000000000000000000000000000000000",
        "fefffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffff"
        "ffffffffffffffffffffffffffffffffffffffffffffffff00",

        /* p, p + 1, and a bit that no y has */

        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffff"
        "ffffffffffffffffffffffffffffffffffffffffffffffff00",
        "00000000000000000000000000000000000000000000000000000000ffffffff"
        "ffffffffffffffffffffffffffffffffffffffffffffffff00",
        "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778"
        "edf124769b46c7061bd6783df1e50f6cd1fa1abeafe82561c0"
    };

    for (i = 0; i < mint_count(ed25519); i++) {
        if (check(NGX_HOUSEHOLD_ED25519, ed25519[i]) != NGX_DECLINED) {
            fail_msg("accepted: %s", ed25519[i]);
        }
    }

    for (i = 0; i < mint_count(ed448); i++) {
        if (check(NGX_HOUSEHOLD_ED448, ed448[i]) != NGX_DECLINED) {
            fail_msg("accepted: %s", ed448[i]);
        }
    }

    assert_int_equal(ERR_peek_error(), 0);
}


static void
no_point(void **state)
{
    assert_int_equal(check(NGX_HOUSEHOLD_ED25519, "02000000000000000000000000"
                           "000000000000000000000000000000000000" "00"),
                     NGX_DECLINED);
    assert_int_equal(check(NGX_HOUSEHOLD_ED25519, "0300000000000000000000000000"
                           "000000000000000000000000000000000000"),
                     NGX_OK);

    /* of another size */

    assert_int_equal(check(NGX_HOUSEHOLD_ED25519, "03"), NGX_DECLINED);
    assert_int_equal(check(NGX_HOUSEHOLD_ED448, "03"), NGX_DECLINED);
    assert_int_equal(check(NGX_HOUSEHOLD_ED25519, ""), NGX_DECLINED);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(keys_of_rfc8032),
        cmocka_unit_test(random_keys),
        cmocka_unit_test(small_order),
        cmocka_unit_test(no_point)
    };

    return cmocka_run_group_tests_name("edwards", tests, NULL, NULL);
}

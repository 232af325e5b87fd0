
/*
 * Units of the state of an offer.  t/offers.t has libraries read it.
 */


#include "ngx_household_jose.h"
#include "ngx_household_mint.h"
#include "ngx_household_state.h"


#define STATE_NOW  1795622880


static const u_char  state_key[NGX_HOUSEHOLD_STATE_KEY + 1] =
    "0123456789abcdefABCDEFGHIJKLMNOP";


static ngx_str_t
state_of(const char *account, int64_t expires, u_char *text)
{
    ngx_str_t              s;
    ngx_household_state_t  st;

    ngx_memzero(&st, sizeof(ngx_household_state_t));

    st.account = mint_bytes(account, strlen(account));
    st.device = mint_bytes("tv \"1\"", 6);
    st.address = mint_bytes("2001:db8::7", 11);
    st.issued_at = STATE_NOW;
    st.expires = expires;

    s.data = text;
    s.len = ngx_household_state_encrypt(state_key, &st, text);

    assert_true(s.len > 0);
    assert_true(s.len <= NGX_HOUSEHOLD_STATE_LEN);

    return s;
}


static ngx_int_t
verify(ngx_str_t *text, const char *account, int64_t now)
{
    ngx_str_t  id;

    id = mint_bytes(account, strlen(account));

    return ngx_household_state_verify(state_key, text, &id, now);
}


static void
state_is_verified(void **state)
{
    u_char     text[NGX_HOUSEHOLD_STATE_LEN];
    ngx_str_t  s;

    s = state_of("martin", STATE_NOW + 600, text);

    assert_int_equal(verify(&s, "martin", STATE_NOW), NGX_OK);
    assert_int_equal(verify(&s, "martin", STATE_NOW + 599), NGX_OK);
    assert_int_equal(verify(&s, "martin", STATE_NOW + 600), NGX_DECLINED);
    assert_int_equal(verify(&s, "martins", STATE_NOW), NGX_DECLINED);
    assert_int_equal(verify(&s, "", STATE_NOW), NGX_DECLINED);
}


static void
state_is_encrypted(void **state)
{
    u_char     a[NGX_HOUSEHOLD_STATE_LEN], b[NGX_HOUSEHOLD_STATE_LEN];
    ngx_str_t  one, two;

    one = state_of("martin", STATE_NOW + 600, a);
    two = state_of("martin", STATE_NOW + 600, b);

    /* the IV is another each time */
    assert_int_equal(one.len, two.len);
    assert_memory_not_equal(a, b, one.len);
}


static void
state_that_was_changed_is_declined(void **state)
{
    u_char     c, text[NGX_HOUSEHOLD_STATE_LEN + 1];
    size_t     i;
    ngx_str_t  s, part;

    s = state_of("martin", STATE_NOW + 600, text);

    for (i = 0; i < s.len; i++) {
        c = text[i];

        text[i] = (c == 'A') ? 'B' : 'A';
        assert_int_equal(verify(&s, "martin", STATE_NOW), NGX_DECLINED);

        text[i] = '.';
        if (c != '.') {
            assert_int_equal(verify(&s, "martin", STATE_NOW), NGX_DECLINED);
        }

        text[i] = c;

        part.data = text;
        part.len = i;
        assert_int_equal(verify(&part, "martin", STATE_NOW), NGX_DECLINED);
    }

    text[s.len] = 'A';
    part.len = s.len + 1;
    assert_int_equal(verify(&part, "martin", STATE_NOW), NGX_DECLINED);

    part.len = NGX_HOUSEHOLD_STATE_LEN + 1;
    assert_int_equal(verify(&part, "martin", STATE_NOW), NGX_DECLINED);
}


static void
state_of_another_key_is_declined(void **state)
{
    u_char     key[NGX_HOUSEHOLD_STATE_KEY];
    u_char     text[NGX_HOUSEHOLD_STATE_LEN];
    ngx_str_t  s, id;

    s = state_of("martin", STATE_NOW + 600, text);
    id = mint_bytes("martin", 6);

    ngx_memcpy(key, state_key, sizeof(key));
    key[0] ^= 1;
    assert_int_equal(ngx_household_state_verify(key, &s, &id, STATE_NOW),
                     NGX_DECLINED);

    /* the half that decrypts */
    key[0] ^= 1;
    key[16] ^= 1;
    assert_int_equal(ngx_household_state_verify(key, &s, &id, STATE_NOW),
                     NGX_DECLINED);
}


/* the longest ids, of which each character is escaped, and not UTF-8 */

static void
state_has_room_for_any_id(void **state)
{
    u_char                 id[NGX_HOUSEHOLD_ID_LEN];
    u_char                 other[64];
    u_char                 text[NGX_HOUSEHOLD_STATE_LEN];
    ngx_str_t              s, account;
    ngx_household_state_t  st;

    ngx_memset(id, '"', sizeof(id));
    ngx_memset(other, '\\', sizeof(other));

    st.account.data = id;
    st.account.len = sizeof(id);
    st.device = st.account;
    st.address.data = other;
    st.address.len = sizeof(other);
    st.reason = st.address;
    st.pseudonym = st.address;
    st.issued_at = INT64_MAX;
    st.expires = NGX_HOUSEHOLD_JSON_TIME_MAX;

    account = st.account;

    s.data = text;
    s.len = ngx_household_state_encrypt(state_key, &st, text);

    assert_in_range(s.len, 1, NGX_HOUSEHOLD_STATE_LEN);
    assert_int_equal(ngx_household_state_verify(state_key, &s, &account,
                                                STATE_NOW),
                     NGX_OK);

    /* no claim: the pseudonym remains */

    id[0] = 0xff;
    s.len = ngx_household_state_encrypt(state_key, &st, text);

    assert_in_range(s.len, 1, NGX_HOUSEHOLD_STATE_LEN);
    assert_int_equal(ngx_household_state_verify(state_key, &s, &account,
                                                STATE_NOW),
                     NGX_DECLINED);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(state_is_verified),
        cmocka_unit_test(state_is_encrypted),
        cmocka_unit_test(state_that_was_changed_is_declined),
        cmocka_unit_test(state_of_another_key_is_declined),
        cmocka_unit_test(state_has_room_for_any_id)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

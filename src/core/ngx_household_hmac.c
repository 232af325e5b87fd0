
/*
 * Pseudonyms and keys.  See ngx_household_hmac.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include "ngx_household_hmac.h"


static ngx_int_t ngx_household_hmac_digest(const u_char *key, size_t keylen,
    const u_char *data, size_t len, u_char mac[32]);


ngx_int_t
ngx_household_hmac_init(ngx_household_hmac_t *hmac, ngx_str_t *key)
{
    static const u_char  id[] = "household id";
    static const u_char  state[] = "household state";

    if (key->len < NGX_HOUSEHOLD_HMAC_KEY_MIN) {
        return NGX_DECLINED;
    }

    if (ngx_household_hmac_digest(key->data, key->len, id, sizeof(id) - 1,
                                  hmac->id)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_household_hmac_digest(key->data, key->len, state,
                                     sizeof(state) - 1, hmac->state);
}


ngx_int_t
ngx_household_hmac_id(const ngx_household_hmac_t *hmac,
    const ngx_str_t *account, u_char *id)
{
    u_char  mac[32];

    if (ngx_household_hmac_digest(hmac->id, sizeof(hmac->id), account->data,
                                  account->len, mac)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    (void) ngx_hex_dump(id, mac, NGX_HOUSEHOLD_HMAC_ID_LEN / 2);

    return NGX_OK;
}


static ngx_int_t
ngx_household_hmac_digest(const u_char *key, size_t keylen, const u_char *data,
    size_t len, u_char mac[32])
{
    unsigned int  n;

    if (HMAC(EVP_sha256(), key, keylen, data, len, mac, &n) == NULL
        || n != 32)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}

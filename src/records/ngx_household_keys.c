
/*
 * Names of keys.  See ngx_household_keys.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_keys.h"
#include "ngx_household_str.h"


ngx_int_t
ngx_household_keys_beside(ngx_pool_t *pool, ngx_str_t *key_prefix,
    const char *name, ngx_str_t *key)
{
    key->data = ngx_pnalloc(pool, key_prefix->len + ngx_strlen(name)
                                  + sizeof("-:") - 1);
    if (key->data == NULL) {
        return NGX_ERROR;
    }

    key->len = ngx_household_keys_put_beside(key->data, key_prefix, name)
               - key->data;

    return NGX_OK;
}


u_char *
ngx_household_keys_put_beside(u_char *p, ngx_str_t *key_prefix,
    const char *name)
{
    ngx_str_t  base;

    base = *key_prefix;

    if (base.len && base.data[base.len - 1] == ':') {
        base.len--;
    }

    return ngx_sprintf(p, base.len ? "%V-%s:" : "%V%s:", &base, name);
}


u_char *
ngx_household_keys_account(u_char *p, ngx_str_t *prefix, ngx_str_t *account)
{
    p = ngx_household_str_put(p, prefix);
    *p++ = '{';
    p = ngx_cpymem(p, account->data, account->len);
    *p++ = '}';

    return p;
}


u_char *
ngx_household_keys_record(u_char *p, ngx_str_t *key_prefix,
    ngx_str_t *account, ngx_str_t *keys)
{
    ngx_str_t   prefix;
    ngx_uint_t  i;

    prefix = *key_prefix;

    for (i = 0; i < NGX_HOUSEHOLD_KEYS_RECORD; i++) {

        keys[i].data = p;

        if (i == 2) {
            p = ngx_household_keys_put_beside(p, key_prefix, "closed");
            prefix.len = 0;
        }

        p = ngx_household_keys_account(p, &prefix, account);

        if (i == 1) {
            p = ngx_cpymem(p, ":account", sizeof(":account") - 1);
        }

        keys[i].len = p - keys[i].data;
    }

    return p;
}


uint64_t
ngx_household_keys_hash(uint64_t hash, ngx_str_t *text)
{
    size_t  i;

    hash = (hash ^ text->len) * 0x100000001b3ULL + 0xcbf29ce484222325ULL;

    for (i = 0; i < text->len; i++) {
        hash = (hash ^ text->data[i]) * 0x100000001b3ULL;
    }

    return hash;
}

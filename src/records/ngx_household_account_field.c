
/*
 * An account as Redis holds it: the names of its fields.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_account_op.h"
#include "ngx_household_str.h"


ngx_uint_t
ngx_household_account_seat(ngx_str_t *name, ngx_str_t *seat,
    ngx_str_t *network)
{
    u_char  *p, *last;

    if (name->len < sizeof("extra:") - 1
        || ngx_strncmp(name->data, "extra:", sizeof("extra:") - 1) != 0)
    {
        return 0;
    }

    last = name->data + name->len;

    seat->data = name->data + sizeof("extra:") - 1;

    p = ngx_strlchr(seat->data, last, ':');
    if (p == NULL) {
        return 0;
    }

    seat->len = p - seat->data;

    network->data = p + 1;
    network->len = last - network->data;

    return 1;
}


int ngx_libc_cdecl
ngx_household_account_compare(const void *one, const void *two)
{
    int               rc;
    const ngx_str_t  *a, *b;

    a = one;
    b = two;

    rc = ngx_memcmp(a->data, b->data, ngx_min(a->len, b->len));

    return rc ? rc : (a->len > b->len) - (a->len < b->len);
}


ngx_uint_t
ngx_household_account_from(ngx_household_account_t *account, ngx_str_t *name)
{
    ngx_uint_t  first, last, middle;

    first = 0;
    last = account->nfields;

    while (first < last) {

        middle = first + (last - first) / 2;

        if (ngx_household_account_compare(&account->fields[middle], name) < 0)
        {
            first = middle + 1;

        } else {
            last = middle;
        }
    }

    return first;
}


ngx_household_account_field_t *
ngx_household_account_field(ngx_household_account_t *account, ngx_str_t *name)
{
    ngx_uint_t  i;

    i = ngx_household_account_from(account, name);

    return i < account->nfields
           && ngx_household_str_equal(&account->fields[i].name, name)
           ? &account->fields[i] : NULL;
}


/*
 * An account as Redis holds it: the names of its fields.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_account.h"


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

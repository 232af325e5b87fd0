
/*
 * Countries: two letters, ISO 3166-1 alpha-2.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_country.h"


ngx_int_t
ngx_household_country_set(u_char *country, const u_char *text, size_t len)
{
    u_char  c0, c1;

    if (len != 2) {
        return NGX_DECLINED;
    }

    c0 = ngx_toupper(text[0]);
    c1 = ngx_toupper(text[1]);

    if (c0 < 'A' || c0 > 'Z' || c1 < 'A' || c1 > 'Z') {
        return NGX_DECLINED;
    }

    country[0] = c0;
    country[1] = c1;

    return NGX_OK;
}

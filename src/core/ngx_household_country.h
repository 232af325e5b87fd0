
/*
 * Countries: two letters, ISO 3166-1 alpha-2.
 */


#ifndef _NGX_HOUSEHOLD_COUNTRY_H_INCLUDED_
#define _NGX_HOUSEHOLD_COUNTRY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Copies the two letters of a country to "country", in upper case.  Only the
 * form is checked.  Returns NGX_OK, or NGX_DECLINED if "text" is not two
 * letters A-Z; "country" is then unchanged.
 */
ngx_int_t ngx_household_country_set(u_char *country, const u_char *text,
    size_t len);


#endif /* _NGX_HOUSEHOLD_COUNTRY_H_INCLUDED_ */


/*
 * The country of an address, from a MaxMind DB file.
 *
 * Core layer.  https://maxmind.github.io/MaxMind-DB/
 */


#ifndef _NGX_HOUSEHOLD_GEO_H_INCLUDED_
#define _NGX_HOUSEHOLD_GEO_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_addr.h"


#define NGX_HOUSEHOLD_GEO_PATH   "country.iso_code"

/* names in a path */
#define NGX_HOUSEHOLD_GEO_DEPTH  8


typedef struct ngx_household_geo_s  ngx_household_geo_t;


/*
 * Opens the database "file" (NUL-terminated), to be closed with "pool".
 * "path" tells where a record has the country: names, or indices of arrays,
 * joined by dots.
 *
 * Returns NULL if that fails, with the reason in "error": static text.
 */
ngx_household_geo_t *ngx_household_geo_open(ngx_pool_t *pool, ngx_str_t *file,
    ngx_str_t *path, const char **error);

/*
 * Finds the country of "addr": two capital letters.
 *
 * Returns NGX_OK; NGX_DECLINED with "country" zeros if the database does not
 * say; NGX_ERROR, likewise, if it is corrupt there.
 */
ngx_int_t ngx_household_geo_country(ngx_household_geo_t *geo,
    const ngx_household_addr_t *addr, u_char *country);


#endif /* _NGX_HOUSEHOLD_GEO_H_INCLUDED_ */

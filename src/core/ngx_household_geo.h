
/*
 * The country of an address, from a MaxMind DB file.
 *
 * The format: https://maxmind.github.io/MaxMind-DB/
 */


#ifndef _NGX_HOUSEHOLD_GEO_H_INCLUDED_
#define _NGX_HOUSEHOLD_GEO_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_addr.h"


#define NGX_HOUSEHOLD_GEO_PATH   "country.iso_code"

/* maximum number of names in a path */
#define NGX_HOUSEHOLD_GEO_DEPTH  8

/* maximum size of a file, in bytes */
#define NGX_HOUSEHOLD_GEO_SIZE   (1024 * 1024 * 1024)


typedef struct ngx_household_geo_s  ngx_household_geo_t;


/*
 * Reads the database "file" (NUL-terminated) into memory, which is freed when
 * "pool" is destroyed; later changes of the file have no effect.  "path" is
 * the place of the country in a record: names of maps and indices of arrays,
 * separated by dots.
 *
 * Returns NULL on error; "error" is then a static string with the cause.
 */
ngx_household_geo_t *ngx_household_geo_open(ngx_pool_t *pool, ngx_str_t *file,
    ngx_str_t *path, const char **error);

/*
 * Finds the country of "addr": two capital letters.
 *
 * Returns NGX_OK; NGX_DECLINED if the database has no country for it; or
 * NGX_ERROR if the database is corrupt there.  "country" is zeroed unless
 * NGX_OK is returned.
 */
ngx_int_t ngx_household_geo_country(ngx_household_geo_t *geo,
    const ngx_household_addr_t *addr, u_char *country);


#endif /* _NGX_HOUSEHOLD_GEO_H_INCLUDED_ */

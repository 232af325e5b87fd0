
/*
 * A writer of JSON (RFC 8259) into a chain of buffers.
 *
 * The name of a member is NULL for an element of an array, and for the value
 * at the top.  If memory allocation fails, json->failed is set and all further
 * calls do nothing.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_JSON_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_JSON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


typedef struct {
    ngx_pool_t    *pool;
    ngx_chain_t   *out;                /* the buffers, in order */
    ngx_chain_t  **last;
    ngx_buf_t     *buf;                /* the last one, or NULL */
    off_t          size;               /* bytes in all of them */
    unsigned       comma:1;            /* before the next member */
    unsigned       failed:1;
} ngx_http_household_api_json_t;


void ngx_http_household_api_json_init(ngx_http_household_api_json_t *json,
    ngx_pool_t *pool);

void ngx_http_household_api_json_object(ngx_http_household_api_json_t *json,
    const char *name);
void ngx_http_household_api_json_object_end(
    ngx_http_household_api_json_t *json);
void ngx_http_household_api_json_array(ngx_http_household_api_json_t *json,
    const char *name);
void ngx_http_household_api_json_array_end(
    ngx_http_household_api_json_t *json);

/*
 * A string.  Bytes that are not UTF-8 are replaced by U+FFFD.  Control
 * characters are escaped; so are "<", ">" and "&", lest the text is taken for
 * HTML.
 */
void ngx_http_household_api_json_str(ngx_http_household_api_json_t *json,
    const char *name, const ngx_str_t *value);

/* the same for a string that ends with NUL */
void ngx_http_household_api_json_text(ngx_http_household_api_json_t *json,
    const char *name, const char *value);

void ngx_http_household_api_json_number(ngx_http_household_api_json_t *json,
    const char *name, int64_t value);
void ngx_http_household_api_json_bool(ngx_http_household_api_json_t *json,
    const char *name, ngx_uint_t value);
void ngx_http_household_api_json_null(ngx_http_household_api_json_t *json,
    const char *name);

/* Unix seconds as a string (RFC 3339), or null if 0 */
void ngx_http_household_api_json_time(ngx_http_household_api_json_t *json,
    const char *name, int64_t value);

/* the path of a resource: "dir", a slash, and the id, percent-encoded */
void ngx_http_household_api_json_path(ngx_http_household_api_json_t *json,
    const char *name, const char *dir, const ngx_str_t *id);

/* a line feed, after a complete value */
void ngx_http_household_api_json_line(ngx_http_household_api_json_t *json);


#endif /* _NGX_HTTP_HOUSEHOLD_API_JSON_H_INCLUDED_ */

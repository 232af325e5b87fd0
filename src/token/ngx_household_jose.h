
/*
 * What JWKS files and tokens have in common: strict base64url (RFC 4648, 5,
 * as RFC 7515, 2 narrows it) and JSON within bounds.
 *
 * Links without any nginx object file; needs OpenSSL 3 and jansson.
 */


#ifndef _NGX_HOUSEHOLD_JOSE_H_INCLUDED_
#define _NGX_HOUSEHOLD_JOSE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>


/* objects and arrays within one another; jansson alone would go to 2048 */
#define NGX_HOUSEHOLD_JSON_DEPTH  16

/* bytes for the longest error text, its NUL included */
#define NGX_HOUSEHOLD_JSON_ERROR  128

/* 2^53: up to it every reader of JSON agrees on an integer's value */
#define NGX_HOUSEHOLD_JSON_TIME_MAX  9007199254740992LL


/* bytes enough for what "len" characters of base64url decode to */
#define ngx_household_base64url_size(len)  ((len) / 4 * 3 + 3)


/*
 * Decodes base64url without padding.  "dst" holds at least
 * ngx_household_base64url_size(src->len) bytes and does not overlap "src".
 *
 * Returns NGX_OK and fills "dst" and its length; or NGX_DECLINED if "src" has
 * any other character, among them "=" and white space, a length that no bytes
 * encode to, or stray bits at its end: there is one way to write a value.
 */
ngx_int_t ngx_household_base64url_decode(ngx_str_t *dst,
    const ngx_str_t *src);

/*
 * Parses a JSON object.  A name that stands twice in one object, however it
 * is escaped, bytes that are no UTF-8, a NUL, anything behind the object, and
 * nesting beyond NGX_HOUSEHOLD_JSON_DEPTH are refused.  A number that neither
 * 64 bits nor a double hold is read as null (RFC 8259, 6: the range is the
 * reader's), so that it is refused only where it is asked for.
 *
 * Returns the object, for json_decref(), or NULL; then "error", unless NULL,
 * has the reason: NGX_HOUSEHOLD_JSON_ERROR bytes, NUL-terminated printable
 * ASCII with the line and column, and nothing of the text.
 */
json_t *ngx_household_json_parse(const ngx_str_t *text, char *error);

/*
 * Finds a string member.  Returns NGX_OK and lets "value" point to its bytes
 * within "object"; NGX_DECLINED if there is none of this name; NGX_ERROR if
 * it is no string.
 */
ngx_int_t ngx_household_json_string(const json_t *object, const char *name,
    ngx_str_t *value);

/*
 * Finds a NumericDate (RFC 7519, 2), in Unix seconds.  Returns NGX_OK and
 * sets "value", a fraction rounded up if "up" is not 0, else down;
 * NGX_DECLINED if there is none of this name; NGX_ERROR if it is anything but
 * a number of 0 to NGX_HOUSEHOLD_JSON_TIME_MAX.
 */
ngx_int_t ngx_household_json_time(const json_t *object, const char *name,
    ngx_uint_t up, int64_t *value);

/* tells whether a value is the string "text"; takes NULL too */
ngx_uint_t ngx_household_json_is(const json_t *value, const char *text);


#endif /* _NGX_HOUSEHOLD_JOSE_H_INCLUDED_ */

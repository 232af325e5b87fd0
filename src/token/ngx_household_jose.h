
/*
 * Parsing shared by JWKS files and tokens: strict base64url (RFC 4648, 5, as
 * restricted by RFC 7515, 2) and bounded JSON.
 *
 * Links without any nginx object file; needs OpenSSL 3 and jansson.
 */


#ifndef _NGX_HOUSEHOLD_JOSE_H_INCLUDED_
#define _NGX_HOUSEHOLD_JOSE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <jansson.h>


/* nesting of objects and arrays; the limit of jansson is 2048 */
#define NGX_HOUSEHOLD_JSON_DEPTH  16

/* size of the longest error text, including NUL */
#define NGX_HOUSEHOLD_JSON_ERROR  128

/* 2^53: integers up to it are exact in every JSON implementation */
#define NGX_HOUSEHOLD_JSON_TIME_MAX  9007199254740992LL


/* size of a buffer to decode "len" characters of base64url into */
#define ngx_household_base64url_size(len)  ((len) / 4 * 3 + 3)


/*
 * Decodes base64url without padding.  "dst" holds at least
 * ngx_household_base64url_size(src->len) bytes and does not overlap "src".
 *
 * Returns NGX_OK, fills the buffer and sets dst->len; or NGX_DECLINED if "src"
 * has a character outside of the alphabet, including "=" and white space, an
 * impossible length, or non-zero trailing bits.  So each value has exactly one
 * encoding.
 */
ngx_int_t ngx_household_base64url_decode(ngx_str_t *dst,
    const ngx_str_t *src);

/* bytes of "len" bytes in base64url, and of a NUL */
#define ngx_household_base64url_length(len)  (((len) + 2) / 3 * 4 + 1)

/*
 * Encodes in base64url without padding.  "dst" has at least
 * ngx_household_base64url_length(len) bytes.  Returns the end of the text.
 */
u_char *ngx_household_base64url_encode(u_char *dst, const u_char *data,
    size_t len);

/*
 * Parses a JSON object.  The following is an error: a duplicate member name
 * (compared after unescaping), invalid UTF-8, a NUL, data after the object,
 * and nesting deeper than NGX_HOUSEHOLD_JSON_DEPTH.  An integer out of the
 * range of int64_t, and a real number whose magnitude is 1e308 or more, is
 * read as null, so it is an error only in a member that is used: RFC 8259, 6
 * leaves the range to the implementation.
 *
 * Returns the object, which the caller releases with json_decref().  Returns
 * NULL on an error and, unless "error" is NULL, writes the cause to it.
 * "error" has NGX_HOUSEHOLD_JSON_ERROR bytes; the cause is NUL-terminated
 * printable ASCII with the line and the column, and never quotes "text".  With
 * NULL, ngx_errno is NGX_ENOMEM if there was no memory, and not otherwise.
 */
json_t *ngx_household_json_parse(const ngx_str_t *text, char *error);

/*
 * The same, but a number that is out of range is an error, or a real number
 * from 1e308: for texts in which null has a meaning.
 */
json_t *ngx_household_json_parse_exact(const ngx_str_t *text, char *error);

/*
 * Finds a string member.  Returns NGX_OK and sets "value" to the string, which
 * is not copied and belongs to "object"; NGX_DECLINED if "object" has no such
 * member; NGX_ERROR if the member is not a string.
 */
ngx_int_t ngx_household_json_string(const json_t *object, const char *name,
    ngx_str_t *value);

/*
 * Finds a NumericDate (RFC 7519, 2) in Unix seconds.  Returns NGX_OK and sets
 * "value"; a fraction is rounded up if "up" is not 0, otherwise down.  Returns
 * NGX_DECLINED if "object" has no such member; NGX_ERROR if the member is not
 * a number from 0 to NGX_HOUSEHOLD_JSON_TIME_MAX.
 */
ngx_int_t ngx_household_json_time(const json_t *object, const char *name,
    ngx_uint_t up, int64_t *value);

/* returns 1 if "value" is the string "text"; "value" may be NULL */
ngx_uint_t ngx_household_json_is(const json_t *value, const char *text);


#endif /* _NGX_HOUSEHOLD_JOSE_H_INCLUDED_ */

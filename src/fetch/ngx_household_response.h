
/*
 * Parsing of a response to an HTTP/1.1 GET (RFC 9112), for a small document
 * that is fetched again from time to time (RFC 9111).
 *
 * Stateful and incremental; allocates nothing.  Links without any nginx object
 * file.
 */


#ifndef _NGX_HOUSEHOLD_RESPONSE_H_INCLUDED_
#define _NGX_HOUSEHOLD_RESPONSE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* all bytes that are not of the body: header, chunk sizes, trailer */
#define NGX_HOUSEHOLD_RESPONSE_HEADER     65536

/* the part of a line that is looked at */
#define NGX_HOUSEHOLD_RESPONSE_LINE        1024

/* validators that are longer are ignored */
#define NGX_HOUSEHOLD_RESPONSE_ETAG         256
#define NGX_HOUSEHOLD_RESPONSE_MODIFIED      64

/* larger values of "max-age" and "Age" are taken as this, in seconds */
#define NGX_HOUSEHOLD_RESPONSE_AGE_MAX  0x7fffffff


typedef enum {
    NGX_HOUSEHOLD_RESPONSE_STATUS = 0,
    NGX_HOUSEHOLD_RESPONSE_FIELDS,
    NGX_HOUSEHOLD_RESPONSE_BODY,       /* of known length */
    NGX_HOUSEHOLD_RESPONSE_REST,       /* until the connection is closed */
    NGX_HOUSEHOLD_RESPONSE_CHUNK_SIZE,
    NGX_HOUSEHOLD_RESPONSE_CHUNK,
    NGX_HOUSEHOLD_RESPONSE_CHUNK_END,
    NGX_HOUSEHOLD_RESPONSE_TRAILER,
    NGX_HOUSEHOLD_RESPONSE_DONE
} ngx_household_response_state_e;


typedef struct {
    ngx_uint_t                      status;        /* 200 to 599 */
    ngx_str_t                       body;          /* of status 200 only */

    /* validators (RFC 9110, 8.8) as received; empty: none */
    ngx_str_t                       etag;
    ngx_str_t                       modified;

    int64_t                         max_age;       /* seconds; -1: none */
    int64_t                         age;           /* seconds */

    /* private */
    ngx_household_response_state_e  state;
    size_t                          size;          /* of the body's buffer */
    size_t                          left;          /* of BODY or CHUNK */
    size_t                          overhead;
    size_t                          line_len;      /* may be cut */
    unsigned                        line_cut:1;
    unsigned                        has_length:1;
    unsigned                        chunked:1;
    u_char                          line[NGX_HOUSEHOLD_RESPONSE_LINE];
    u_char                          etag_buf[NGX_HOUSEHOLD_RESPONSE_ETAG];
    u_char                      modified_buf[NGX_HOUSEHOLD_RESPONSE_MODIFIED];
} ngx_household_response_t;


/*
 * Prepares "r" for one response.  The body is written to "buf", of "size"
 * bytes, and may not be larger.  "r" must not move while it is used.
 */
void ngx_household_response_init(ngx_household_response_t *r, u_char *buf,
    size_t size);

/*
 * Parses "len" bytes that were received.  Returns NGX_OK if the response is
 * complete, after which bytes are ignored; NGX_AGAIN if more bytes are
 * expected; or NGX_ERROR with the cause in "error", in static memory.
 *
 * A response with a status other than 200 is complete after its header.
 * Interim responses (1xx) are skipped.
 */
ngx_int_t ngx_household_response_feed(ngx_household_response_t *r,
    const u_char *data, size_t len, const char **error);

/*
 * To be called when the connection was closed by the server.  Returns NGX_OK
 * if the response is complete; or NGX_ERROR with the cause in "error".
 */
ngx_int_t ngx_household_response_eof(ngx_household_response_t *r,
    const char **error);

/*
 * Returns the seconds for which the response is fresh (RFC 9111, 4.2.1: of
 * "max-age" and "Age" only), 0 or more; or -1 if it does not say.
 */
int64_t ngx_household_response_fresh(const ngx_household_response_t *r);


#endif /* _NGX_HOUSEHOLD_RESPONSE_H_INCLUDED_ */

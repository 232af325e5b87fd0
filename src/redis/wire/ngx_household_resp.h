
/*
 * Encoder and decoder of the Redis protocol, RESP2.  The decoder uses the
 * reader of hiredis, which is used nowhere else.
 *
 * All data of the peer are limited.  No memory is allocated by a length or a
 * number that the peer sent, and no data of the peer cause an abort.
 *
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 */


#ifndef _NGX_HOUSEHOLD_RESP_H_INCLUDED_
#define _NGX_HOUSEHOLD_RESP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct ngx_household_resp_s  ngx_household_resp_t;


typedef enum {
    NGX_HOUSEHOLD_RESP_STATUS = 1,
    NGX_HOUSEHOLD_RESP_ERROR,
    NGX_HOUSEHOLD_RESP_INTEGER,
    NGX_HOUSEHOLD_RESP_BULK,
    NGX_HOUSEHOLD_RESP_NIL,
    NGX_HOUSEHOLD_RESP_ARRAY
} ngx_household_resp_type_e;


typedef struct {
    ngx_household_resp_type_e  type;
    ngx_uint_t                 depth;     /* 0: the reply itself */
    ngx_uint_t                 elements;  /* ARRAY: number of elements */
    int64_t                    integer;   /* INTEGER */
    ngx_str_t                  str;       /* STATUS, ERROR, BULK */
} ngx_household_resp_value_t;


/* a command: its name and arguments, binary-safe */

typedef struct {
    ngx_str_t                 *argv;
    ngx_uint_t                 argc;
} ngx_household_resp_command_t;


/*
 * One complete reply.  The values are in the order of the protocol: an array
 * is followed by its elements, which have a greater depth.  Valid until the
 * next call of the decoder.
 */

typedef struct {
    ngx_household_resp_value_t  *values;
    ngx_uint_t                   nvalues; /* at least 1 */

    /* 1 if a soft limit was exceeded; data over it were discarded */
    ngx_uint_t                   too_large;
} ngx_household_resp_reply_t;


/* over a soft limit, too_large is set; over a hard one, decoding fails */

typedef struct {
    ngx_uint_t  max_values;            /* soft: values kept of one reply */
    size_t      max_bytes;             /* soft: bytes kept of one reply */
    ngx_uint_t  max_elements;          /* hard: length of one array */
    ngx_uint_t  max_depth;             /* hard: array depth, 1 (flat) to 8 */
    size_t      max_pending;           /* hard: bytes not yet parsed */
    size_t      max_bulk;              /* soft: a bulk string; 0: unlimited */
} ngx_household_resp_limits_t;


/*
 * Creates a decoder; "limits" is copied.  Returns NULL if there is no memory.
 * destroy() frees the decoder; "resp" may be NULL.
 */
ngx_household_resp_t *ngx_household_resp_create(
    const ngx_household_resp_limits_t *limits);
void ngx_household_resp_destroy(ngx_household_resp_t *resp);

/*
 * Appends any number of bytes received from the peer.  The replies point to
 * them: they must not change until ngx_household_resp_next() returns NGX_AGAIN.
 * Returns NGX_OK, or NGX_ERROR if more than max_pending bytes are not yet
 * parsed, or there is no memory (see ngx_household_resp_error()).
 */
ngx_int_t ngx_household_resp_feed(ngx_household_resp_t *resp, u_char *data,
    size_t len);

/*
 * Decodes the next reply.  Returns NGX_OK and fills "reply"; NGX_AGAIN if more
 * bytes are needed; or NGX_ERROR on a protocol error, if a hard limit is
 * exceeded, or if there is no memory.  After NGX_ERROR, the decoder must be
 * destroyed.
 */
ngx_int_t ngx_household_resp_next(ngx_household_resp_t *resp,
    ngx_household_resp_reply_t *reply);

/* returns 1 if the decoder has bytes of an incomplete or of a next reply */
ngx_uint_t ngx_household_resp_pending(ngx_household_resp_t *resp);

/* returns the version of hiredis at compile time, e.g. "1.2.0"; static */
const char *ngx_household_resp_library(void);

/*
 * Returns the cause of NGX_ERROR, for the log, or "".  It is null-terminated,
 * and is static or in memory of the decoder.
 */
const char *ngx_household_resp_error(ngx_household_resp_t *resp);

/*
 * Returns the maximum number of bytes that ngx_household_resp_encode() writes;
 * or 0 if the command has no argument, too many, or is too long, and must not
 * be encoded.  A server does not reply to a command without arguments.
 */
size_t ngx_household_resp_size(const ngx_household_resp_command_t *command);

/* writes the command to "p", and returns the end of the written bytes */
u_char *ngx_household_resp_encode(u_char *p,
    const ngx_household_resp_command_t *command);


#endif /* _NGX_HOUSEHOLD_RESP_H_INCLUDED_ */


/*
 * The Redis protocol, RESP2: commands to bytes, and, over hiredis, bytes to
 * replies.  No sockets here, and hiredis nowhere else.
 *
 * Everything that a peer says is bounded: nothing is allocated by a number
 * that it sent, and nothing that it sends aborts.
 *
 * Pure layer.  https://redis.io/docs/latest/develop/reference/protocol-spec/
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
    ngx_uint_t                 elements;  /* ARRAY: how many it has */
    int64_t                    integer;   /* INTEGER */
    ngx_str_t                  str;       /* STATUS, ERROR, BULK */
} ngx_household_resp_value_t;


/* a command: its name and arguments, any bytes */

typedef struct {
    ngx_str_t                 *argv;
    ngx_uint_t                 argc;
} ngx_household_resp_command_t;


/*
 * One whole reply, its values in the order of the wire: an array is followed
 * by its elements, each of a greater depth.  Valid until the next call.
 */

typedef struct {
    ngx_household_resp_value_t  *values;
    ngx_uint_t                   nvalues; /* at least 1 */

    /* over a soft limit: what came beyond was read and let go */
    ngx_uint_t                   too_large;
} ngx_household_resp_reply_t;


/* soft limits set too_large; hard ones end the conversation */

typedef struct {
    ngx_uint_t  max_values;            /* soft: values kept of one reply */
    size_t      max_bytes;             /* soft: bytes kept of one reply */
    ngx_uint_t  max_elements;          /* hard: length of one array */
    ngx_uint_t  max_depth;             /* hard: nested arrays; 1: flat, to 8 */
    size_t      max_pending;           /* hard: bytes not yet parsed */
    size_t      max_bulk;              /* soft: a bulk string; 0: unlimited */
} ngx_household_resp_limits_t;


/*
 * Creates a decoder; "limits" is copied.  Returns NULL if memory is short.
 * Free it with ngx_household_resp_destroy(), which takes NULL too.
 */
ngx_household_resp_t *ngx_household_resp_create(
    const ngx_household_resp_limits_t *limits);
void ngx_household_resp_destroy(ngx_household_resp_t *resp);

/*
 * Appends what a peer sent, any number of bytes.  Returns NGX_OK, or
 * NGX_ERROR if the bytes not yet parsed are over max_pending or memory is
 * short (see ngx_household_resp_error()).
 */
ngx_int_t ngx_household_resp_feed(ngx_household_resp_t *resp, u_char *data,
    size_t len);

/*
 * Takes the next whole reply.  Returns NGX_OK and fills "reply"; NGX_AGAIN
 * if more bytes are needed; NGX_ERROR on a breach of protocol or of a hard
 * limit, after which the decoder must be destroyed.
 */
ngx_int_t ngx_household_resp_next(ngx_household_resp_t *resp,
    ngx_household_resp_reply_t *reply);

/* tells whether bytes of an unfinished reply, or of a next one, are held */
ngx_uint_t ngx_household_resp_pending(ngx_household_resp_t *resp);

/* the version of hiredis that was compiled in, e.g. "1.2.0"; static */
const char *ngx_household_resp_library(void);

/* what was wrong, for the log: static or decoder memory, no NUL inside */
const char *ngx_household_resp_error(ngx_household_resp_t *resp);

/*
 * The bytes that ngx_household_resp_encode() writes at most; or 0 if it must
 * not be called, as the command has no argument, which no server answers, or
 * more than any server reads.
 */
size_t ngx_household_resp_size(const ngx_household_resp_command_t *command);

/* Writes the command at "p", and returns the end of what it wrote. */
u_char *ngx_household_resp_encode(u_char *p,
    const ngx_household_resp_command_t *command);


#endif /* _NGX_HOUSEHOLD_RESP_H_INCLUDED_ */


/*
 * A filter that truncates long bulk strings in data received.  A shorter
 * string is passed to the reader; the rest is discarded without being stored.
 */


#ifndef _NGX_HOUSEHOLD_RESP_CUT_H_INCLUDED_
#define _NGX_HOUSEHOLD_RESP_CUT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* the longest bulk string: the default "proto-max-bulk-len" of Redis */
#define NGX_HOUSEHOLD_RESP_CUT_MAX   (512 * 1024 * 1024)

/* "$", a length, and CRLF; a longer line is not a header of a bulk string */
#define NGX_HOUSEHOLD_RESP_CUT_HEAD  16


typedef struct {
    size_t                           max;   /* bytes; 0: unlimited */
    size_t                           pass;  /* bytes to pass */
    size_t                           skip;  /* then, bytes to discard */
    size_t                           tail;  /* then, bytes to pass */

    /* the header of a bulk string, the bytes received so far */
    u_char                           head[NGX_HOUSEHOLD_RESP_CUT_HEAD];
    ngx_uint_t                       nhead;

    unsigned                         line:1;  /* in another line */
    unsigned                         cr:1;    /* last byte was CR */
} ngx_household_resp_cut_t;


/*
 * Consumes received bytes from the beginning of "in".  Returns 1 and sets "out"
 * to the bytes to pass to the reader, which are in "in" or "cut" and are valid
 * until the next call; or 0 when "in" is empty.  A string longer than cut->max
 * is truncated to cut->max + 1 bytes.  Invalid data are passed unchanged.
 */
ngx_uint_t ngx_household_resp_cut(ngx_household_resp_cut_t *cut, ngx_str_t *in,
    ngx_str_t *out);


#endif /* _NGX_HOUSEHOLD_RESP_CUT_H_INCLUDED_ */


/*
 * Cuts bulk strings that are longer than anybody has use for, as they come
 * in: what is passed on to the reader is a shorter string, and the rest of it
 * is let go without ever being held.
 *
 * Pure layer.
 */


#ifndef _NGX_HOUSEHOLD_RESP_CUT_H_INCLUDED_
#define _NGX_HOUSEHOLD_RESP_CUT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* the longest bulk string of any server: "proto-max-bulk-len" of Redis */
#define NGX_HOUSEHOLD_RESP_CUT_MAX   (512 * 1024 * 1024)

/* "$", a length, and the line end; longer lines are not of a bulk string */
#define NGX_HOUSEHOLD_RESP_CUT_HEAD  16


typedef struct {
    size_t                           max;   /* bytes; 0: nothing is cut */
    size_t                           pass;  /* bytes to be passed on */
    size_t                           skip;  /* bytes to be let go, after it */
    size_t                           tail;  /* to be passed on, after that */

    /* the first line of a bulk string, as far as it has come */
    u_char                           head[NGX_HOUSEHOLD_RESP_CUT_HEAD];
    ngx_uint_t                       nhead;

    unsigned                         line:1;  /* within another line */
    unsigned                         cr:1;    /* its last byte was CR */
} ngx_household_resp_cut_t;


/*
 * Takes bytes from the beginning of "in", which were received.  Returns 1 and
 * sets "out" to those that are to be passed on, which are of "in" or of "cut"
 * and good until the next call; or 0 when "in" is empty.  A string longer than
 * cut->max has cut->max + 1 bytes afterwards.  What is not of the protocol is
 * passed on.
 */
ngx_uint_t ngx_household_resp_cut(ngx_household_resp_cut_t *cut, ngx_str_t *in,
    ngx_str_t *out);


#endif /* _NGX_HOUSEHOLD_RESP_CUT_H_INCLUDED_ */


/*
 * A script that Redis runs: a file in src/records/scripts.  It is sent by its
 * digest (EVALSHA), and as text (EVAL) to a server that does not have it.  All
 * keys of a script are in one hash slot, as a cluster requires.
 */


#ifndef _NGX_HOUSEHOLD_SCRIPT_H_INCLUDED_
#define _NGX_HOUSEHOLD_SCRIPT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* arguments before the keys: the command, the script, the number of keys */
#define NGX_HOUSEHOLD_SCRIPT_HEAD  3


typedef struct {
    ngx_str_t    text;
    u_char       sha1[40];
    ngx_uint_t   hashed;    /* unsigned  hashed:1; */
} ngx_household_script_t;


#define ngx_household_script(text)  { ngx_string(text), { 0 }, 0 }


/*
 * Sets the first two arguments of the command.  With "eval" other than 0 the
 * second one is the text, otherwise the digest, which is computed on first use.
 */
void ngx_household_script_args(ngx_household_script_t *script, ngx_uint_t eval,
    ngx_str_t *argv);

/* returns 1 if the error reply says that the server does not have the script */
ngx_uint_t ngx_household_script_missing(ngx_str_t *error);


#endif /* _NGX_HOUSEHOLD_SCRIPT_H_INCLUDED_ */

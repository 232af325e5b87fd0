
/*
 * Error replies of Redis, and what of them may be logged.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_ERROR_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_ERROR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* returns the first word of an error reply if it is in capitals, or "ERR" */
ngx_str_t ngx_household_redis_error_code(ngx_str_t *error);

/* codes that are counted by their names; the last one stands for all others */
#define NGX_HOUSEHOLD_REDIS_ERROR_CODES  16

/* returns the number of a code, and the code of a number */
ngx_uint_t ngx_household_redis_error_number(ngx_str_t *code);
const char *ngx_household_redis_error_name(ngx_uint_t number);

/*
 * Returns the part of an error reply that may be logged: a known text, or the
 * code only.  Other texts are not logged, since they may repeat arguments of
 * the command.  The result points into "error" or to a constant.
 */
ngx_str_t ngx_household_redis_error_text(ngx_str_t *error);

/*
 * Writes "error reply" and that part to "errstr" of "size" bytes, with a NUL.
 * Returns "errstr".
 */
const char *ngx_household_redis_error_reply(u_char *errstr, size_t size,
    ngx_str_t *error);


/*
 * Returns 1 if an error reply to PING does not mean that other commands fail:
 * an access control list need not allow PING, and a server that cannot save its
 * data rejects PING like a write.  Otherwise returns 0.
 */
ngx_uint_t ngx_household_redis_error_of_ping(ngx_str_t *error);


#define ngx_household_redis_error_is(code, text)                              \
    ((code)->len == sizeof(text) - 1                                          \
     && ngx_strncmp((code)->data, text, sizeof(text) - 1) == 0)


#endif /* _NGX_HOUSEHOLD_REDIS_ERROR_H_INCLUDED_ */


/*
 * The audit log: "household_api_audit".
 *
 * Each request that is not a GET or a HEAD leaves a line, however it ends, and
 * each account that an import writes leaves one more.  A line is a JSON object;
 * an account is its pseudonym.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_AUDIT_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_AUDIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_log_limit.h"
#include "ngx_http_household.h"


typedef struct ngx_http_household_api_call_s  ngx_http_household_api_call_t;


/* where lines are written to */

struct ngx_http_household_api_audit_s {
    ngx_str_t                   name;      /* as in the configuration */
    ngx_open_file_t            *file;      /* or syslog */
    ngx_syslog_peer_t          *syslog;
    ngx_household_log_limit_t   failed;
    ngx_uint_t                  lost;      /* lines of this process */

    /*
     * Of a file, in memory of all processes: 1 if it ends with a part of a
     * line, as a full disk leaves it.
     */
    ngx_atomic_t               *torn;
    ngx_shm_t                   shm;
    u_char                     *conf_file; /* where the directive is */
    ngx_uint_t                  conf_line;
};


/*
 * Prepares the line of a call whose path was parsed, or was not valid.  The
 * line is written after the request.  Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_api_audit_start(
    ngx_http_household_api_call_t *call);

/* writes the line of an account of an import; "result" is a word */
void ngx_http_household_api_audit_account(ngx_http_household_api_call_t *call,
    ngx_str_t *account, ngx_uint_t line, const char *result);


#endif /* _NGX_HTTP_HOUSEHOLD_API_AUDIT_H_INCLUDED_ */


/*
 * Private to ngx_http_household_api_import*.c.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_IMPORT_CASE_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_IMPORT_CASE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_call.h"
#include "ngx_http_household_api_line.h"


/* lines under way at once, and their bytes: more are not read before */
#define NGX_HTTP_HOUSEHOLD_API_IMPORT_LINES   256
#define NGX_HTTP_HOUSEHOLD_API_IMPORT_BYTES   1048576

/* bytes of one iteration of the event loop; and what a line counts beside */
#define NGX_HTTP_HOUSEHOLD_API_IMPORT_TURN    65536
#define NGX_HTTP_HOUSEHOLD_API_IMPORT_LINE    256

/* invalid lines that are listed; error replies of Redis that end the import */
#define NGX_HTTP_HOUSEHOLD_API_IMPORT_ERRORS  1000
#define NGX_HTTP_HOUSEHOLD_API_IMPORT_FAILED  100


typedef struct ngx_http_household_api_import_s  ngx_http_household_api_import_t;


typedef enum {
    NGX_HTTP_HOUSEHOLD_API_JOB_FREE = 0,
    NGX_HTTP_HOUSEHOLD_API_JOB_SENT,       /* waits for a reply */
    NGX_HTTP_HOUSEHOLD_API_JOB_QUEUED,     /* could not be sent */
    NGX_HTTP_HOUSEHOLD_API_JOB_DONE,       /* written, or invalid */
    NGX_HTTP_HOUSEHOLD_API_JOB_LOST        /* may have been written, or not */
} ngx_http_household_api_job_state_e;


/* a line under way */

typedef struct {
    ngx_http_household_api_import_t     *import;
    ngx_http_household_api_job_state_e   state;
    ngx_pool_t                          *pool;
    ngx_http_household_api_line_t        line;
    size_t                               size;     /* of the line */
    ngx_uint_t                           number;   /* from 1 */
    ngx_household_account_t              account;  /* if it was read */
    ngx_http_household_api_plan_t        plan;
    ngx_http_household_api_fault_t       fault;    /* code == NULL: none */
    ngx_household_account_op_t          *op;
    ngx_uint_t                           tries;
    unsigned                             known:1;  /* the account was read */
    unsigned                             write:1;  /* op is a write */
} ngx_http_household_api_job_t;


typedef struct {
    ngx_uint_t                           line;
    ngx_http_household_api_fault_t       fault;
} ngx_http_household_api_import_error_t;


struct ngx_http_household_api_import_s {
    ngx_http_household_api_call_t       *call;
    ngx_household_record_builder_t      *builder;

    /* if another module has read the body: what is left of it */
    ngx_chain_t                         *in;
    unsigned                             whole:1;
    u_char                              *buf;      /* of a file; or NULL */

    /* the line that is being read */
    u_char                              *text;
    size_t                               len;
    unsigned                             long_line:1;

    unsigned                             dry_run:1;
    unsigned                             stopped:1;

    size_t                               turn;     /* bytes of it */

    /* numbers of lines: the last one read, and the last one before which all
       are done */
    ngx_uint_t                           number;
    ngx_uint_t                           done;

    ngx_uint_t                           sent;     /* jobs */
    size_t                               bytes;    /* of jobs */
    ngx_http_household_api_job_t        *queued;   /* or NULL */

    ngx_uint_t                           written;
    ngx_uint_t                           unchanged;
    ngx_uint_t                           invalid;
    ngx_uint_t                           failed;
    ngx_array_t                          errors;

    ngx_http_household_api_job_t     jobs[NGX_HTTP_HOUSEHOLD_API_IMPORT_LINES];
};


/* returns 1 if one more line can be started */
ngx_uint_t ngx_http_household_api_job_room(
    ngx_http_household_api_import_t *import);

/* starts import->text as the next line */
void ngx_http_household_api_job_start(ngx_http_household_api_import_t *import);

/* sends again what could not be sent */
void ngx_http_household_api_job_retry(ngx_http_household_api_import_t *import);

/* frees all jobs; what was sent is not waited for */
void ngx_http_household_api_job_cancel(
    ngx_http_household_api_import_t *import);


#endif /* _NGX_HTTP_HOUSEHOLD_API_IMPORT_CASE_H_INCLUDED_ */

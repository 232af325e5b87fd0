
/*
 * A request to the API.  Private to the room.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_API_CALL_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_API_CALL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_account.h"
#include "ngx_household_jose.h"
#include "ngx_http_household.h"
#include "ngx_http_household_api.h"
#include "ngx_http_household_api_audit.h"
#include "ngx_http_household_api_json.h"
#include "ngx_http_household_api_path.h"
#include "ngx_http_household_api_plan.h"


typedef struct ngx_http_household_api_record_s
                                              ngx_http_household_api_record_t;


/*
 * Continues a call.  Returns NGX_DONE if it continues later, or what
 * ngx_http_finalize_request() takes.
 */
typedef ngx_int_t (*ngx_http_household_api_next_pt)(
    ngx_http_household_api_call_t *call);


/* household:control */

typedef struct {
    ngx_uint_t                       mode;     /* ON: no override */
    ngx_uint_t                       rollout;
    unsigned                         has_mode:1;
    unsigned                         has_rollout:1;
} ngx_http_household_api_control_t;


struct ngx_http_household_api_call_s {
    ngx_http_request_t              *request;
    ngx_http_household_api_conf_t   *conf;
    ngx_http_household_api_path_t    path;

    /* what Redis is asked, and the function that is called after that */
    ngx_household_account_op_t      *op;
    ngx_household_redis_op_t        *command;
    ngx_http_household_api_next_pt   next;
    ngx_event_t                      event;

    /* what it answered */
    ngx_household_account_result_e   result;
    ngx_uint_t                       changes;
    ngx_household_account_t          account;
    ngx_http_household_api_control_t  control;

    /* of a write */
    json_t                          *body;     /* NULL: none */
    ngx_http_household_api_plan_t    plan;
    ngx_uint_t                       tries;

    /* of the audit log; NULL: none */
    ngx_http_household_api_record_t  *record;
    const char                      *code;     /* of a problem; or NULL */
    ngx_str_t                       *other;    /* account; or NULL */

    /* of a transfer */
    struct ngx_http_household_api_transfer_s  *transfer;

    /* of an import */
    struct ngx_http_household_api_import_s  *import;

    /* adds members to a problem; or NULL */
    void                           (*more)(ngx_http_household_api_call_t *call,
                                           ngx_http_household_api_json_t
                                               *json);
};


/*
 * Prepares the call to be continued by "next".  Returns NGX_OK or NGX_ERROR.
 * find() returns the call of a request that was prepared.
 */
ngx_int_t ngx_http_household_api_call_start(
    ngx_http_household_api_call_t *call, ngx_http_household_api_next_pt next);
ngx_http_household_api_call_t *ngx_http_household_api_call_find(
    ngx_http_request_t *r);

/* makes a plan, if the account is the one that it was made of */
ngx_int_t ngx_http_household_api_call_edit(ngx_http_household_api_call_t *call,
    ngx_str_t *id, ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_next_pt next);

/* erases the account of the path, which was read; of "version" unless NULL */
ngx_int_t ngx_http_household_api_call_erase(
    ngx_http_household_api_call_t *call, uint64_t *version,
    ngx_http_household_api_next_pt next);

/* reads the account of the path; "next" is called with the result */
ngx_int_t ngx_http_household_api_call_read(ngx_http_household_api_call_t *call,
    ngx_http_household_api_next_pt next);

/* reads another account */
ngx_int_t ngx_http_household_api_call_read_other(
    ngx_http_household_api_call_t *call, ngx_str_t *id,
    ngx_household_account_t *account, ngx_http_household_api_next_pt next);

/*
 * Submits one command with one key.  "reply" gets its reply; "next" is called
 * after that.
 */
ngx_int_t ngx_http_household_api_call_command(
    ngx_http_household_api_call_t *call, ngx_str_t *argv, ngx_uint_t argc,
    ngx_int_t (*reply)(ngx_http_household_api_call_t *call,
                       ngx_household_resp_reply_t *reply),
    ngx_http_household_api_next_pt next);

/*
 * Sends a response.  "json" is NULL if there is no body.  Returns what
 * ngx_http_finalize_request() takes.
 */
ngx_int_t ngx_http_household_api_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_http_household_api_json_t *json);

/* the same; sets the header ETag to a version of an account */
ngx_int_t ngx_http_household_api_send_version(ngx_http_request_t *r,
    uint64_t version, ngx_http_household_api_json_t *json);

/*
 * Sends a problem (RFC 9457).  "code" is one word of docs/api.md; "detail" is a
 * sentence.  "pointer" is the place in the body, or NULL.  None of them
 * repeats what the client sent.
 */
ngx_int_t ngx_http_household_api_problem(ngx_http_request_t *r,
    ngx_uint_t status, const char *code, const char *detail,
    const char *pointer);

/* sends the problem of a result other than OK */
ngx_int_t ngx_http_household_api_failed(ngx_http_household_api_call_t *call);



#endif /* _NGX_HTTP_HOUSEHOLD_API_CALL_H_INCLUDED_ */

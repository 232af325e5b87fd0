
/*
 * DELETE of an account.  The account is read first, for the names of its seats
 * and for the answer.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_erase.h"
#include "ngx_http_household_api_write.h"


static ngx_int_t ngx_http_household_api_erase_read(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_erase_known(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_erase_made(
    ngx_http_household_api_call_t *call);


ngx_int_t
ngx_http_household_api_erase(ngx_http_household_api_call_t *call)
{
    return ngx_http_household_api_write_start(call,
                                            ngx_http_household_api_erase_read);
}


static ngx_int_t
ngx_http_household_api_erase_read(ngx_http_household_api_call_t *call)
{
    return ngx_http_household_api_call_read(call,
                                           ngx_http_household_api_erase_known);
}


static ngx_int_t
ngx_http_household_api_erase_known(ngx_http_household_api_call_t *call)
{
    uint64_t  *version;

    if (call->result != NGX_HOUSEHOLD_ACCOUNT_OK) {
        return ngx_http_household_api_failed(call);
    }

    if (!ngx_http_household_api_write_matches(call)) {
        call->result = NGX_HOUSEHOLD_ACCOUNT_CONFLICT;
        return ngx_http_household_api_failed(call);
    }

    version = ngx_http_household_api_write_condition(call->request) != NULL
              ? &call->account.version : NULL;

    return ngx_http_household_api_call_erase(call, version,
                                            ngx_http_household_api_erase_made);
}


static ngx_int_t
ngx_http_household_api_erase_made(ngx_http_household_api_call_t *call)
{
    ngx_http_household_api_json_t  json;

    if (call->result != NGX_HOUSEHOLD_ACCOUNT_OK) {
        return ngx_http_household_api_failed(call);
    }

    ngx_http_household_api_json_init(&json, call->request->pool);
    ngx_http_household_api_json_object(&json, NULL);
    ngx_http_household_api_json_number(&json, "home", call->account.nhomes);
    ngx_http_household_api_json_number(&json, "fields", call->account.nfields);
    ngx_http_household_api_json_bool(&json, "presence",
                                     call->account.presence.len != 0);
    ngx_http_household_api_json_number(&json, "keys", call->changes);
    ngx_http_household_api_json_time(&json, "closed_until",
                                     ngx_time()
                                     + NGX_HOUSEHOLD_ACCOUNT_CLOSED);
    ngx_http_household_api_json_object_end(&json);
    ngx_http_household_api_json_line(&json);

    return ngx_http_household_api_send(call->request, NGX_HTTP_OK, &json);
}

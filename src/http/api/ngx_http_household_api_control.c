
/*
 * The fleet override (kill switch) in the API.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_control.h"
#include "ngx_household_str.h"
#include "ngx_http_household_api_write.h"


/* after the key prefix */
#define NGX_HTTP_HOUSEHOLD_API_CONTROL_KEY  "control"


static ngx_int_t ngx_http_household_api_control_key(
    ngx_http_household_api_call_t *call, ngx_str_t *key);
static ngx_int_t ngx_http_household_api_control_reply(
    ngx_http_household_api_call_t *call, ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_http_household_api_control_show(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_control_set(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_control_unset(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_control_made(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_control_value(
    ngx_http_household_api_call_t *call, const char *name, ngx_str_t *value);
static ngx_int_t ngx_http_household_api_control_number(
    ngx_http_household_api_call_t *call, ngx_household_resp_reply_t *reply);


ngx_int_t
ngx_http_household_api_control_read(ngx_http_household_api_call_t *call,
    ngx_http_household_api_next_pt next)
{
    ngx_str_t  argv[2];

    ngx_str_set(&argv[0], "HGETALL");

    if (ngx_http_household_api_control_key(call, &argv[1]) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call->control.mode = NGX_HOUSEHOLD_ON;
    call->control.rollout = NGX_HOUSEHOLD_ROLLOUT_ALL;

    return ngx_http_household_api_call_command(call, argv, 2,
                                        ngx_http_household_api_control_reply,
                                        next);
}


/* sets "key" to that of the fleet override; NGX_OK or NGX_ERROR */

static ngx_int_t
ngx_http_household_api_control_key(ngx_http_household_api_call_t *call,
    ngx_str_t *key)
{
    ngx_str_t  *prefix;

    prefix = &call->conf->redis->conf.key_prefix;

    key->len = prefix->len + sizeof(NGX_HTTP_HOUSEHOLD_API_CONTROL_KEY) - 1;
    key->data = ngx_pnalloc(call->request->pool, key->len);

    if (key->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(key->data, "%V" NGX_HTTP_HOUSEHOLD_API_CONTROL_KEY,
                       prefix);

    return NGX_OK;
}


/* an edge ignores what is not valid, and so does this */

static ngx_int_t
ngx_http_household_api_control_reply(ngx_http_household_api_call_t *call,
    ngx_household_resp_reply_t *reply)
{
    ngx_uint_t                   i, n;
    ngx_household_resp_value_t  *v;

    v = reply->values;

    if (v[0].type != NGX_HOUSEHOLD_RESP_ARRAY || v[0].elements % 2) {
        return NGX_ERROR;
    }

    for (i = 2; i < reply->nvalues; i += 2) {

        if (ngx_household_str_is(&v[i - 1].str, "mode")) {

            if (ngx_http_household_value_parse_mode(&v[i].str, &n) == NGX_OK) {
                call->control.mode = n;
                call->control.has_mode = 1;
            }

        } else if (ngx_household_str_is(&v[i - 1].str, "rollout")) {

            if (ngx_http_household_value_parse_percent(&v[i].str, &n)
                == NGX_OK)
            {
                call->control.rollout = n;
                call->control.has_rollout = 1;
            }
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_household_api_control_get(ngx_http_household_api_call_t *call)
{
    return ngx_http_household_api_control_read(call,
                                         ngx_http_household_api_control_show);
}


static ngx_int_t
ngx_http_household_api_control_show(ngx_http_household_api_call_t *call)
{
    u_char                         text[NGX_INT_T_LEN + sizeof(".00%")];
    ngx_http_household_api_json_t  json;

    static const char  *modes[] = {
        [NGX_HOUSEHOLD_OFF] = "off",
        [NGX_HOUSEHOLD_MONITOR] = "monitor",
        [NGX_HOUSEHOLD_ON] = "on"
    };

    if (call->result != NGX_HOUSEHOLD_ACCOUNT_OK) {
        return ngx_http_household_api_failed(call);
    }

    ngx_http_household_api_json_init(&json, call->request->pool);
    ngx_http_household_api_json_object(&json, NULL);

    if (call->control.has_mode) {
        ngx_http_household_api_json_text(&json, "mode",
                                         modes[call->control.mode]);
    } else {
        ngx_http_household_api_json_null(&json, "mode");
    }

    if (call->control.has_rollout) {
        *ngx_sprintf(text, "%ui.%02ui%%", call->control.rollout / 100,
                     call->control.rollout % 100) = '\0';
        ngx_http_household_api_json_text(&json, "rollout",
                                         (const char *) text);
    } else {
        ngx_http_household_api_json_null(&json, "rollout");
    }

    ngx_http_household_api_json_object_end(&json);
    ngx_http_household_api_json_line(&json);

    return ngx_http_household_api_send(call->request, NGX_HTTP_OK, &json);
}


ngx_int_t
ngx_http_household_api_control_patch(ngx_http_household_api_call_t *call)
{
    return ngx_http_household_api_write_start(call,
                                          ngx_http_household_api_control_set);
}


/* what is set first loosens, before anything that is unset tightens */

static ngx_int_t
ngx_http_household_api_control_set(ngx_http_household_api_call_t *call)
{
    ngx_int_t   rc;
    ngx_str_t   argv[6], value;
    ngx_uint_t  n;

    static const char  *names[] = { "mode", "rollout" };

    if (!ngx_http_household_api_plan_known(call->body, names, 2)) {
        return ngx_http_household_api_problem(call->request, 422,
                                     "invalid_value", "only \"mode\" and "
                                     "\"rollout\" can be changed", NULL);
    }

    ngx_str_set(&argv[0], "HSET");

    if (ngx_http_household_api_control_key(call, &argv[1]) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    n = 2;
    call->result = NGX_HOUSEHOLD_ACCOUNT_OK;

    rc = ngx_http_household_api_control_value(call, "mode", &value);

    if (rc == NGX_ERROR) {
        return ngx_http_household_api_problem(call->request, 422,
                                     "invalid_value", "\"mode\" is not \"off\","
                                     " \"monitor\", \"on\" or null", "#/mode");
    }

    if (rc == NGX_OK) {
        ngx_str_set(&argv[n], "mode");
        argv[n + 1] = value;
        n += 2;
    }

    rc = ngx_http_household_api_control_value(call, "rollout", &value);

    if (rc == NGX_ERROR) {
        return ngx_http_household_api_problem(call->request, 422,
                                     "invalid_value", "\"rollout\" is not a "
                                     "percentage like \"2.5%\", or null",
                                     "#/rollout");
    }

    if (rc == NGX_OK) {
        ngx_str_set(&argv[n], "rollout");
        argv[n + 1] = value;
        n += 2;
    }

    if (n == 2) {
        return ngx_http_household_api_control_unset(call);
    }

    return ngx_http_household_api_call_command(call, argv, n,
                                       ngx_http_household_api_control_number,
                                       ngx_http_household_api_control_unset);
}


static ngx_int_t
ngx_http_household_api_control_unset(ngx_http_household_api_call_t *call)
{
    ngx_str_t   argv[4];
    ngx_uint_t  n;

    if (call->result != NGX_HOUSEHOLD_ACCOUNT_OK) {
        return ngx_http_household_api_failed(call);
    }

    ngx_str_set(&argv[0], "HDEL");

    if (ngx_http_household_api_control_key(call, &argv[1]) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    n = 2;

    if (json_is_null(json_object_get(call->body, "mode"))) {
        ngx_str_set(&argv[n], "mode");
        n++;
    }

    if (json_is_null(json_object_get(call->body, "rollout"))) {
        ngx_str_set(&argv[n], "rollout");
        n++;
    }

    if (n == 2) {
        return ngx_http_household_api_control_made(call);
    }

    return ngx_http_household_api_call_command(call, argv, n,
                                       ngx_http_household_api_control_number,
                                       ngx_http_household_api_control_made);
}


static ngx_int_t
ngx_http_household_api_control_made(ngx_http_household_api_call_t *call)
{
    if (call->result != NGX_HOUSEHOLD_ACCOUNT_OK) {
        return ngx_http_household_api_failed(call);
    }

    return ngx_http_household_api_send(call->request, NGX_HTTP_NO_CONTENT,
                                       NULL);
}


/* NGX_OK; NGX_DECLINED if the member is missing or null; or NGX_ERROR */

static ngx_int_t
ngx_http_household_api_control_value(ngx_http_household_api_call_t *call,
    const char *name, ngx_str_t *value)
{
    json_t      *member;
    ngx_int_t    rc;
    ngx_uint_t   n;

    member = json_object_get(call->body, name);

    if (member == NULL || json_is_null(member)) {
        return NGX_DECLINED;
    }

    if (!json_is_string(member)) {
        return NGX_ERROR;
    }

    value->data = (u_char *) json_string_value(member);
    value->len = json_string_length(member);

    rc = (name[0] == 'm')
         ? ngx_http_household_value_parse_mode(value, &n)
         : ngx_http_household_value_parse_percent(value, &n);

    return rc == NGX_OK ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_household_api_control_number(ngx_http_household_api_call_t *call,
    ngx_household_resp_reply_t *reply)
{
    return reply->values[0].type == NGX_HOUSEHOLD_RESP_INTEGER ? NGX_OK
                                                               : NGX_ERROR;
}

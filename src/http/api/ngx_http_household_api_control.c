
/*
 * The fleet override (kill switch) in the API.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_control.h"
#include "ngx_household_str.h"


/* after the key prefix */
#define NGX_HTTP_HOUSEHOLD_API_CONTROL_KEY  "control"


static ngx_int_t ngx_http_household_api_control_reply(
    ngx_http_household_api_call_t *call, ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_http_household_api_control_show(
    ngx_http_household_api_call_t *call);


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


ngx_int_t
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


/*
 * GET of a verdict: why a client is allowed or denied.
 *
 * The fleet override is read first, and then the account.  The verdict is that
 * of ngx_household_decide(), on the facts of the query.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_control.h"
#include "ngx_http_household_api_presence.h"
#include "ngx_http_household_api_verdict.h"
#include "ngx_http_household_facts.h"
#include "ngx_household_explain.h"
#include "ngx_household_time.h"


typedef struct {
    ngx_household_policy_t           policy;
    ngx_household_facts_t            facts;
    u_char                           device[NGX_HOUSEHOLD_ID_LEN];
    ngx_household_record_builder_t   builder;
    ngx_household_explain_t          explain;
    ngx_str_t                        sharing; /* what was seen, or empty */
} ngx_http_household_api_verdict_t;


static ngx_int_t ngx_http_household_api_verdict_controlled(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_verdict_known(
    ngx_http_household_api_call_t *call);
static const char *ngx_http_household_api_verdict_query(
    ngx_http_household_api_call_t *call, ngx_http_household_api_verdict_t *v);
static ngx_int_t ngx_http_household_api_verdict_arg(ngx_http_request_t *r,
    const char *name, ngx_str_t *value, u_char *buf, size_t size);
static ngx_int_t ngx_http_household_api_verdict_time(ngx_http_request_t *r,
    const char *name, int64_t *time);
static void ngx_http_household_api_verdict_policy(
    ngx_http_household_api_call_t *call, ngx_household_policy_t *policy);
static void ngx_http_household_api_verdict_write(
    ngx_http_household_api_json_t *json, ngx_http_household_api_verdict_t *v);
static void ngx_http_household_api_verdict_rules(
    ngx_http_household_api_json_t *json, ngx_http_household_api_verdict_t *v);


ngx_int_t
ngx_http_household_api_verdict_get(ngx_http_household_api_call_t *call)
{
    return ngx_http_household_api_control_read(call,
                                   ngx_http_household_api_verdict_controlled);
}


static ngx_int_t
ngx_http_household_api_verdict_controlled(ngx_http_household_api_call_t *call)
{
    if (call->result != NGX_HOUSEHOLD_ACCOUNT_OK) {
        return ngx_http_household_api_failed(call);
    }

    return ngx_http_household_api_call_read(call,
                                        ngx_http_household_api_verdict_known);
}


static ngx_int_t
ngx_http_household_api_verdict_known(ngx_http_household_api_call_t *call)
{
    const char                        *invalid;
    ngx_http_request_t                *r;
    ngx_household_record_t            *rec;
    ngx_http_household_loc_conf_t     *hlcf;
    ngx_http_household_api_json_t      json;
    ngx_http_household_api_verdict_t  *v;

    r = call->request;

    if (call->result != NGX_HOUSEHOLD_ACCOUNT_OK
        && call->result != NGX_HOUSEHOLD_ACCOUNT_TOO_LARGE)
    {
        return ngx_http_household_api_failed(call);
    }

    v = ngx_palloc(r->pool, sizeof(ngx_http_household_api_verdict_t));
    if (v == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    invalid = ngx_http_household_api_verdict_query(call, v);

    if (invalid != NULL) {
        return ngx_http_household_api_problem(r, NGX_HTTP_BAD_REQUEST,
                                              "invalid_query", invalid, NULL);
    }

    rec = NULL;
    v->facts.no_record = NGX_HOUSEHOLD_REASON_RECORD_TOO_LARGE;

    if (call->result == NGX_HOUSEHOLD_ACCOUNT_OK) {
        rec = ngx_household_account_record(&call->account, &v->builder,
                                           v->facts.now);
    }

    hlcf = ngx_http_get_module_loc_conf(r, ngx_http_household_module);

    if (ngx_http_household_api_presence_ask(r->pool, hlcf, rec,
                                            &call->account.presence,
                                            &v->facts, &v->sharing)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_household_api_verdict_policy(call, &v->policy);

    ngx_household_explain(&v->policy, &v->facts, rec, &v->explain);

    ngx_http_household_api_json_init(&json, r->pool);
    ngx_http_household_api_json_object(&json, NULL);
    ngx_http_household_api_json_str(&json, "account", &call->path.account);
    ngx_http_household_api_verdict_write(&json, v);
    ngx_http_household_api_json_object_end(&json);
    ngx_http_household_api_json_line(&json);

    return ngx_http_household_api_send(r, NGX_HTTP_OK, &json);
}


/* returns NULL, or what is wrong with the query */

static const char *
ngx_http_household_api_verdict_query(ngx_http_household_api_call_t *call,
    ngx_http_household_api_verdict_t *v)
{
    u_char                    buf[NGX_HOUSEHOLD_NETWORK_LEN];
    int64_t                   issued;
    ngx_str_t                 text;
    ngx_http_request_t       *r;
    ngx_household_network_t   net;

    r = call->request;

    ngx_memzero(&v->facts, sizeof(ngx_household_facts_t));

    switch (ngx_http_household_api_verdict_arg(r, "address", &text, buf,
                                               sizeof(buf)))
    {
    case NGX_OK:

        if (ngx_household_network_parse(&net, text.data, text.len) != NGX_OK
            || ngx_strlchr(text.data, text.data + text.len, '/') != NULL)
        {
            return "\"address\" is not an IP address";
        }

        v->facts.addr = net.addr;
        break;

    case NGX_DECLINED:
        return "\"address\" is missing";

    default:
        return "\"address\" is not an IP address";
    }

    if (ngx_http_household_api_verdict_arg(r, "device", &v->facts.device,
                                           v->device, sizeof(v->device))
        == NGX_ERROR
        || !ngx_household_id_valid(&v->facts.device))
    {
        return "\"device\" is not an id: at most 128 bytes, no control "
               "characters";
    }

    v->facts.now = ngx_time();

    if (ngx_http_household_api_verdict_time(r, "at", &v->facts.now)
        == NGX_ERROR
        || v->facts.now == 0)
    {
        return "\"at\" is not a time as in RFC 3339";
    }

    issued = NGX_HOUSEHOLD_ISSUED_UNKNOWN;

    if (ngx_http_household_api_verdict_time(r, "issued_at", &issued)
        == NGX_ERROR)
    {
        return "\"issued_at\" is not a time as in RFC 3339";
    }

    v->facts.issued_at = issued;
    v->facts.token = (issued != NGX_HOUSEHOLD_ISSUED_UNKNOWN);
    v->facts.bucket = ngx_household_decide_bucket(&call->path.account);

    return NULL;
}


/* NGX_OK, NGX_DECLINED if there is no such argument, or NGX_ERROR */

static ngx_int_t
ngx_http_household_api_verdict_arg(ngx_http_request_t *r, const char *name,
    ngx_str_t *value, u_char *buf, size_t size)
{
    ngx_str_t  raw;

    ngx_str_null(value);

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &raw) != NGX_OK
        || raw.len == 0)
    {
        return NGX_DECLINED;
    }

    value->data = buf;

    return ngx_http_household_api_path_decode(&raw, value, size) == NGX_OK
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_household_api_verdict_time(ngx_http_request_t *r, const char *name,
    int64_t *time)
{
    u_char     buf[64];
    ngx_int_t  rc;
    ngx_str_t  text;

    rc = ngx_http_household_api_verdict_arg(r, name, &text, buf, sizeof(buf));

    if (rc == NGX_OK && ngx_household_time_parse(&text, time) != NGX_OK) {
        return NGX_ERROR;
    }

    return rc;
}


/*
 * The location of an API is never guarded, so that its mode says nothing: the
 * verdict is that of "household on", as loosened by the fleet override.  A
 * variable has a value for requests of clients only.
 */

static void
ngx_http_household_api_verdict_policy(ngx_http_household_api_call_t *call,
    ngx_household_policy_t *policy)
{
    ngx_uint_t                      rollout;
    ngx_http_household_loc_conf_t  *hlcf;

    hlcf = ngx_http_get_module_loc_conf(call->request,
                                        ngx_http_household_module);

    rollout = hlcf->rollout_value == NULL ? hlcf->rollout
                                          : NGX_HOUSEHOLD_ROLLOUT_ALL;

    ngx_http_household_facts_directives(hlcf, policy);

    policy->mode = ngx_min(NGX_HOUSEHOLD_ON, call->control.mode);
    policy->rollout = ngx_min(rollout, call->control.rollout);
}


static void
ngx_http_household_api_verdict_write(ngx_http_household_api_json_t *json,
    ngx_http_household_api_verdict_t *v)
{
    u_char                     buf[NGX_HOUSEHOLD_NETWORK_LEN];
    ngx_str_t                  text;
    ngx_household_decision_t  *d;

    static const char  *verdicts[] = {
        [NGX_HOUSEHOLD_VERDICT_ALLOW] = "allow",
        [NGX_HOUSEHOLD_VERDICT_DENY] = "deny",
        [NGX_HOUSEHOLD_VERDICT_UNAUTHORIZED] = "unauthorized"
    };

    static const char  *modes[] = {
        [NGX_HOUSEHOLD_OFF] = "off",
        [NGX_HOUSEHOLD_MONITOR] = "monitor",
        [NGX_HOUSEHOLD_ON] = "on"
    };

    d = &v->explain.decision;

    ngx_http_household_api_json_time(json, "at", v->facts.now);
    ngx_http_household_api_json_text(json, "verdict", verdicts[d->verdict]);
    ngx_http_household_api_json_str(json, "reason",
                                    ngx_household_reason_name(d->reason));

    /* as $household_detail */

    if (v->sharing.len) {
        ngx_http_household_api_json_str(json, "detail", &v->sharing);

    } else if (d->detail != NGX_HOUSEHOLD_DETAIL_NONE) {
        ngx_http_household_api_json_str(json, "detail",
                                        ngx_household_detail_name(d->detail));
    } else {
        ngx_http_household_api_json_null(json, "detail");
    }

    ngx_http_household_api_json_text(json, "mode", modes[v->policy.mode]);
    ngx_http_household_api_json_bool(json, "enforced",
                                     v->policy.mode == NGX_HOUSEHOLD_ON);
    ngx_http_household_api_json_number(json, "rule", v->explain.rule);
    ngx_http_household_api_json_bool(json, "seat_offered", d->free_seat);

    if (d->matched) {
        text.data = buf;
        text.len = ngx_household_network_format(&d->network,
                                                v->policy.ipv6_prefix, buf);

        ngx_http_household_api_json_str(json, "network", &text);

    } else {
        ngx_http_household_api_json_null(json, "network");
    }

    if (d->seat.len) {
        ngx_http_household_api_json_str(json, "seat", &d->seat);

    } else {
        ngx_http_household_api_json_null(json, "seat");
    }

    ngx_http_household_api_verdict_rules(json, v);
}


static void
ngx_http_household_api_verdict_rules(ngx_http_household_api_json_t *json,
    ngx_http_household_api_verdict_t *v)
{
    ngx_str_t                      why;
    ngx_uint_t                     i;
    ngx_household_explain_step_t  *step;

    ngx_http_household_api_json_array(json, "rules");

    for (i = 0; i < NGX_HOUSEHOLD_RULES; i++) {

        ngx_http_household_api_json_object(json, NULL);
        ngx_http_household_api_json_number(json, "rule", i + 1);
        ngx_http_household_api_json_text(json, "name",
                                         ngx_household_explain_name(i + 1));

        if (i < v->explain.rule) {
            step = &v->explain.steps[i];

            why.data = step->text;
            why.len = step->len;

            ngx_http_household_api_json_bool(json, "matches", step->matches);
            ngx_http_household_api_json_str(json, "why", &why);

        } else {
            ngx_http_household_api_json_null(json, "matches");
            ngx_http_household_api_json_text(json, "why", "not evaluated");
        }

        ngx_http_household_api_json_object_end(json);
    }

    ngx_http_household_api_json_array_end(json);
}


/*
 * Log lines of error replies.  See ngx_household_redis.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis.h"


static ngx_household_log_limit_t *ngx_household_redis_error_limit(
    ngx_household_redis_t *redis, const char *event, ngx_str_t *code);


void
ngx_household_redis_log_error(ngx_household_redis_t *redis, const char *event,
    ngx_str_t *error)
{
    ngx_str_t    code, text;
    ngx_uint_t   n, level;

    code = ngx_household_redis_error_code(error);
    text = ngx_household_redis_error_text(error);

    n = ngx_household_log_limit(
            ngx_household_redis_error_limit(redis, event, &code), 1);

    if (n == 0) {
        return;
    }

    level = ngx_household_redis_error_transient(&code) ? NGX_LOG_WARN
                                                       : NGX_LOG_ERR;

    ngx_log_error(level, ngx_cycle->log, 0,
                  "household redis \"%V\": %s failed: error reply %V, "
                  "%ui suppressed", &redis->conf->name, event, &text, n - 1);
}


/* one limit for each event and code; all further ones share the last limit */

static ngx_household_log_limit_t *
ngx_household_redis_error_limit(ngx_household_redis_t *redis,
    const char *event, ngx_str_t *code)
{
    ngx_uint_t                    i;
    ngx_household_redis_error_t  *e;

    e = redis->errors;

    for (i = 0; i < NGX_HOUSEHOLD_REDIS_ERRORS - 1; i++) {
        e = &redis->errors[i];

        if (e->event == NULL) {
            e->event = event;
            e->code_len = ngx_min(code->len, sizeof(e->code));
            ngx_memcpy(e->code, code->data, e->code_len);
            break;
        }

        if (ngx_strcmp(e->event, event) == 0
            && e->code_len == ngx_min(code->len, sizeof(e->code))
            && ngx_memcmp(e->code, code->data, e->code_len) == 0)
        {
            break;
        }
    }

    return i < NGX_HOUSEHOLD_REDIS_ERRORS - 1
           ? &e->limit : &redis->errors[i].limit;
}

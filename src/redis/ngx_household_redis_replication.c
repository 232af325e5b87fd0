
/*
 * The state of replication.  See ngx_household_redis_replication.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis_replication.h"


static ngx_uint_t ngx_household_redis_replication_less(ngx_str_t *text,
    ngx_uint_t max, ngx_uint_t *n);
static ngx_int_t ngx_household_redis_replication_field(ngx_str_t *info,
    const char *name, ngx_str_t *value);


const char *
ngx_household_redis_replication_check(ngx_household_resp_value_t *reply,
    ngx_msec_t max_lag, ngx_uint_t *lag)
{
    ngx_str_t  value;

    *lag = 0;

    if (reply->type != NGX_HOUSEHOLD_RESP_BULK
        || ngx_household_redis_replication_field(&reply->str, "role", &value)
           != NGX_OK)
    {
        return "invalid INFO reply";
    }

    if (value.len == 6 && ngx_strncmp(value.data, "master", 6) == 0) {
        return NULL;
    }

    if (ngx_household_redis_replication_field(&reply->str,
                                              "master_link_status", &value)
        != NGX_OK)
    {
        return "invalid INFO reply";
    }

    if (value.len != 2 || ngx_strncmp(value.data, "up", 2) != 0) {
        return "replica without a link to its primary";
    }

    if (ngx_household_redis_replication_field(&reply->str,
                                              "master_last_io_seconds_ago",
                                              &value)
        != NGX_OK)
    {
        return "invalid INFO reply";
    }

    if (!ngx_household_redis_replication_less(&value, max_lag / 1000, lag)) {
        return "replica received nothing from its primary";
    }

    return NULL;
}


/* returns 1 if the text is a number less than "max"; -1 means "never" */

static ngx_uint_t
ngx_household_redis_replication_less(ngx_str_t *text, ngx_uint_t max,
    ngx_uint_t *n)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] < '0' || text->data[i] > '9') {
            return 0;
        }

        *n = *n * 10 + (text->data[i] - '0');

        if (*n >= max) {
            return 0;
        }
    }

    return text->len != 0;
}


/* a line "name:value"; returns NGX_OK or NGX_DECLINED */

static ngx_int_t
ngx_household_redis_replication_field(ngx_str_t *info, const char *name,
    ngx_str_t *value)
{
    u_char  *p, *last;
    size_t   len;

    len = ngx_strlen(name);
    last = info->data + info->len;

    for (p = info->data; p < last; p++) {

        if ((size_t) (last - p) > len && p[len] == ':'
            && ngx_strncmp(p, name, len) == 0)
        {
            p += len + 1;

            value->data = p;

            while (p < last && *p != CR && *p != LF) {
                p++;
            }

            value->len = p - value->data;

            return NGX_OK;
        }

        p = ngx_strlchr(p, last, LF);

        if (p == NULL) {
            break;
        }
    }

    return NGX_DECLINED;
}

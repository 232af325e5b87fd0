
/*
 * The messages of the invalidation connection.  See
 * ngx_household_redis_tracking_node.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_tracking_node.h"


/* "message", channel, keys; nil instead of keys: all keys were deleted */

ngx_int_t
ngx_household_redis_tracking_push(ngx_household_redis_dedicated_t *conn,
    ngx_household_resp_reply_t *reply)
{
    ngx_uint_t                            i;
    ngx_household_resp_value_t           *v;
    ngx_household_redis_tracking_node_t  *n;

    n = ngx_household_redis_dedicated_data(conn);

    if (reply->too_large) {
        /* some keys were not read: any key may have changed */
        n->calls->missed(n->data);
        return NGX_OK;
    }

    v = reply->values;

    if (reply->nvalues < 4
        || v[0].type != NGX_HOUSEHOLD_RESP_ARRAY
        || v[0].elements != 3
        || v[2].type != NGX_HOUSEHOLD_RESP_BULK
        || v[2].str.len != sizeof(NGX_HOUSEHOLD_REDIS_TRACKING_CHANNEL) - 1
        || ngx_strncmp(v[2].str.data, NGX_HOUSEHOLD_REDIS_TRACKING_CHANNEL,
                       v[2].str.len)
           != 0)
    {
        return NGX_ERROR;
    }

    if (v[3].type == NGX_HOUSEHOLD_RESP_NIL) {
        n->calls->flushed(n->data);
        return NGX_OK;
    }

    for (i = 4; i < reply->nvalues; i++) {

        if (v[i].type != NGX_HOUSEHOLD_RESP_BULK) {
            return NGX_ERROR;
        }

        n->calls->changed(n->data, &v[i].str);
    }

    return NGX_OK;
}

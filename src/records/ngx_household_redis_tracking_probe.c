
/*
 * Probes of a tracked server: its first address, and its identity.  See
 * ngx_household_redis_tracking_node.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_tracking_node.h"


static void ngx_household_redis_tracking_probe_reply(void *data,
    ngx_household_resp_reply_t *reply, const char *errstr);


/*
 * Other workers return to the first address of a name when the server in use is
 * not tracked.  They may know the run_id of the server, too, if INFO has become
 * permitted since the server is tracked.
 */

void
ngx_household_redis_tracking_probe(ngx_household_redis_tracking_node_t *n)
{
    ngx_str_t                    argv[2];
    ngx_uint_t                   argc;
    ngx_addr_t                  *addr;
    ngx_household_redis_node_t  *node;

    if (n->probe != NULL || ngx_exiting) {
        return;
    }

    if (!ngx_household_redis_dedicated_at_first(n->sub)) {
        addr = &n->node->addrs[0];
        node = ngx_household_redis_node_pin(n->node, addr->sockaddr,
                                            addr->socklen);

        ngx_str_set(&argv[0], "PING");
        argc = 1;

    } else if (ngx_household_redis_dedicated_anonymous(n->sub)) {
        node = ngx_household_redis_dedicated_pin(n->sub);

        ngx_str_set(&argv[0], "INFO");
        ngx_str_set(&argv[1], "server");
        argc = 2;

    } else {
        return;
    }

    if (node == NULL) {
        return;
    }

    n->probe = ngx_household_redis_query(node, argv, argc,
                                         node->conf->connect_timeout,
                                     ngx_household_redis_tracking_probe_reply,
                                         n);
    ngx_household_redis_node_release(node);
}


static void
ngx_household_redis_tracking_probe_reply(void *data,
    ngx_household_resp_reply_t *reply, const char *errstr)
{
    ngx_household_redis_tracking_node_t *n = data;

    ngx_str_t  id;

    n->probe = NULL;

    if (reply == NULL) {
        return;
    }

    if (!ngx_household_redis_dedicated_at_first(n->sub)) {
        ngx_household_redis_dedicated_reopen(n->sub);

    } else if (ngx_household_redis_conn_run_id(&reply->values[0], &id)
               == NGX_OK)
    {
        ngx_household_redis_dedicated_identify(n->sub);
    }
}


/*
 * Probes of the first address of a tracked server.  See
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
 * not tracked.
 */

void
ngx_household_redis_tracking_probe(ngx_household_redis_tracking_node_t *n)
{
    ngx_str_t                    ping;
    ngx_addr_t                  *addr;
    ngx_household_redis_node_t  *node;

    if (n->probe != NULL || ngx_exiting
        || ngx_household_redis_dedicated_at_first(n->sub))
    {
        return;
    }

    addr = &n->node->addrs[0];

    node = ngx_household_redis_node_pin(n->node, addr->sockaddr,
                                        addr->socklen);
    if (node == NULL) {
        return;
    }

    ngx_str_set(&ping, "PING");

    n->probe = ngx_household_redis_query(node, &ping, 1,
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

    n->probe = NULL;

    if (reply != NULL) {
        ngx_household_redis_dedicated_reopen(n->sub);
    }
}

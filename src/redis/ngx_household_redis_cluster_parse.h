
/*
 * What the nodes of a Redis Cluster say of it: CLUSTER SLOTS, CLUSTER NODES,
 * and redirections.  Reads replies only, and keeps nothing.
 *
 * https://redis.io/docs/latest/commands/cluster-slots/
 */


#ifndef _NGX_HOUSEHOLD_REDIS_CLUSTER_PARSE_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_CLUSTER_PARSE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis_keyslot.h"
#include "ngx_household_resp.h"


/*
 * Where a node is.  The host is empty where a node does not tell it (an empty
 * string, null, or "?"): it is then at the address that was asked.  The IP
 * address is known besides if the host is a name and the metadata has it.
 */

typedef struct {
    ngx_str_t                    host;
    ngx_str_t                    ip;
    in_port_t                    port;
} ngx_household_redis_cluster_addr_t;


/* hash slots "from" to "to", and the nodes that hold them */

typedef struct {
    ngx_uint_t                   from;
    ngx_uint_t                   to;

    /* values, of which the next node is at "i" */
    ngx_household_resp_value_t  *values;
    ngx_uint_t                   n;
    ngx_uint_t                   i;
} ngx_household_redis_cluster_entry_t;


/* Returns NULL if the reply to CLUSTER SLOTS is valid, or what is wrong. */
const char *ngx_household_redis_cluster_parse_check(
    ngx_household_resp_reply_t *reply);

/*
 * The entry at the value "i" of a valid reply, where the first one is at 1.
 * Returns the number of the value after it.
 */
ngx_uint_t ngx_household_redis_cluster_parse_entry(
    ngx_household_resp_reply_t *reply, ngx_uint_t i,
    ngx_household_redis_cluster_entry_t *entry);

/*
 * The next node of an entry, the primary first.  Returns NGX_OK, or NGX_DONE
 * if there is no further one.
 */
ngx_int_t ngx_household_redis_cluster_parse_node(
    ngx_household_redis_cluster_entry_t *entry,
    ngx_household_redis_cluster_addr_t *addr);

/*
 * The next primary without hash slots of a reply to CLUSTER NODES, of which
 * "text" is what has not been read yet.  Returns NGX_OK or NGX_DONE.
 */
ngx_int_t ngx_household_redis_cluster_parse_slotless(ngx_str_t *text,
    ngx_household_redis_cluster_addr_t *addr);

/*
 * The target of "MOVED 3999 127.0.0.1:6381" or "ASK ...".  Returns NGX_OK, or
 * NGX_ERROR if it is malformed.
 */
ngx_int_t ngx_household_redis_cluster_parse_redirect(ngx_str_t *error,
    ngx_uint_t *slot, ngx_household_redis_cluster_addr_t *addr);


#endif /* _NGX_HOUSEHOLD_REDIS_CLUSTER_PARSE_H_INCLUDED_ */

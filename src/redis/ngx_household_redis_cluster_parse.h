
/*
 * Parses the replies of cluster nodes: CLUSTER SLOTS, CLUSTER NODES, and
 * redirections.  Has no state; strings point into the reply.
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
 * The address of a node.  "host" is empty if the reply has an empty string,
 * null, or "?": the node is then at the address that the reply came from.
 * "ip" is set in addition if "host" is a name and the metadata has an "ip".
 */

typedef struct {
    ngx_str_t                    host;
    ngx_str_t                    ip;
    in_port_t                    port;
} ngx_household_redis_cluster_addr_t;


/* hash slots "from" to "to", and their nodes */

typedef struct {
    ngx_uint_t                   from;
    ngx_uint_t                   to;

    /* the nodes as values; the next node starts at "i" */
    ngx_household_resp_value_t  *values;
    ngx_uint_t                   n;
    ngx_uint_t                   i;
} ngx_household_redis_cluster_entry_t;


/* Returns NULL if the reply to CLUSTER SLOTS is valid, or the reason. */
const char *ngx_household_redis_cluster_parse_check(
    ngx_household_resp_reply_t *reply);

/*
 * Reads the entry that starts at value "i" of a valid reply.  The first entry
 * starts at 1.  Returns the index of the value after the entry.
 */
ngx_uint_t ngx_household_redis_cluster_parse_entry(
    ngx_household_resp_reply_t *reply, ngx_uint_t i,
    ngx_household_redis_cluster_entry_t *entry);

/*
 * Reads the next node of an entry.  The primary is the first node.  Returns
 * NGX_OK, or NGX_DONE if there are no more nodes.
 */
ngx_int_t ngx_household_redis_cluster_parse_node(
    ngx_household_redis_cluster_entry_t *entry,
    ngx_household_redis_cluster_addr_t *addr);

/*
 * Reads the next primary without hash slots of a reply to CLUSTER NODES, and
 * moves "text", the unread rest of the reply, behind the line of that primary.
 * Returns NGX_OK, or NGX_DONE if there are no more.
 */
ngx_int_t ngx_household_redis_cluster_parse_slotless(ngx_str_t *text,
    ngx_household_redis_cluster_addr_t *addr);

/*
 * Finds the hash slots that the node which sent the reply to CLUSTER NODES
 * migrates or imports: "[93->-ID] [77-<-ID]", or an empty string.
 */
void ngx_household_redis_cluster_parse_moving(ngx_str_t *text,
    ngx_str_t *moving);

/*
 * Returns 1 if the node that sent the reply to CLUSTER NODES does not reach the
 * majority of the primaries with hash slots, otherwise 0.  Others may have been
 * promoted then, which the node does not know.
 */
ngx_uint_t ngx_household_redis_cluster_parse_cut_off(ngx_str_t *text);

/*
 * Reads the hash slot and the address of "MOVED 3999 127.0.0.1:6381" or
 * "ASK ...".  Returns NGX_OK, or NGX_ERROR if the error reply is malformed.
 */
ngx_int_t ngx_household_redis_cluster_parse_redirect(ngx_str_t *error,
    ngx_uint_t *slot, ngx_household_redis_cluster_addr_t *addr);


#endif /* _NGX_HOUSEHOLD_REDIS_CLUSTER_PARSE_H_INCLUDED_ */


/*
 * A node: a server that connections are made to.  Its identity is its address
 * or name, TLS, user and database; connections of one node are alike.
 *
 * Core layer.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_NODE_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_NODE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_options.h"


/* what a connection does before it is used, beyond AUTH and PING */
#define NGX_HOUSEHOLD_REDIS_NODE_ROLE      0x01  /* ROLE must be master */
#define NGX_HOUSEHOLD_REDIS_NODE_READONLY  0x02  /* READONLY: a replica reads */
#define NGX_HOUSEHOLD_REDIS_NODE_SENTINEL  0x04  /* a sentinel: its own user */
#define NGX_HOUSEHOLD_REDIS_NODE_CLUSTER   0x08  /* there is no SELECT */


typedef struct {
    ngx_household_redis_options_t  *conf;
    ngx_str_t                       name;    /* for the log */
    ngx_str_t                    host;    /* a name, or an address */
    ngx_str_t                    tls;     /* name in its certificate */
    in_port_t                       port;

    ngx_addr_t                     *addrs;    /* the last good ones */
    ngx_uint_t                      naddrs;

    ngx_uint_t                      flags;
    ngx_uint_t                      refs;

#if (NGX_SSL)
    ngx_ssl_session_t              *session;  /* the last; or NULL */
#endif

    unsigned                        resolve:1;
} ngx_household_redis_node_t;


/*
 * Makes a node of a configured server, or of an address or a name that a
 * sentinel or a node of a cluster returned; one reference is the caller's.  A
 * name is resolved when a connection is made.  "tls" is the name that its
 * certificate must be for, or NULL if that is the host.  Returns NULL if
 * memory is short.
 */
ngx_household_redis_node_t *ngx_household_redis_node_create(
    ngx_household_redis_options_t *conf, ngx_household_redis_server_t *server,
    ngx_uint_t flags);
ngx_household_redis_node_t *ngx_household_redis_node_discover(
    ngx_household_redis_options_t *conf, ngx_str_t *host, in_port_t port,
    ngx_uint_t flags, ngx_str_t *tls);

/*
 * The same node, but at one address only: that of the server which one of its
 * connections was made to.  Returns NULL if memory is short.
 */
ngx_household_redis_node_t *ngx_household_redis_node_pin(
    ngx_household_redis_node_t *node, struct sockaddr *sockaddr,
    socklen_t socklen);

/* the last release frees it */
ngx_household_redis_node_t *ngx_household_redis_node_keep(
    ngx_household_redis_node_t *node);
void ngx_household_redis_node_release(ngx_household_redis_node_t *node);

/*
 * Replaces the addresses by the ones resolved, which are copied, with the
 * node's port, and sorted: the first that works is used.  Returns NGX_OK, or
 * NGX_ERROR if memory is short: then it has the old ones.
 */
ngx_int_t ngx_household_redis_node_set(ngx_household_redis_node_t *node,
    ngx_resolver_addr_t *addrs, ngx_uint_t n);

/* tells whether the node is at this host, as it is written, and port */
ngx_uint_t ngx_household_redis_node_is(ngx_household_redis_node_t *node,
    ngx_str_t *host, in_port_t port);


#endif /* _NGX_HOUSEHOLD_REDIS_NODE_H_INCLUDED_ */


/*
 * A node: the address or name of a server, with TLS, user and database.  All
 * connections to a node use the same parameters.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_NODE_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_NODE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_options.h"


/* flags of a node; they select the commands of the handshake */
#define NGX_HOUSEHOLD_REDIS_NODE_ROLE      0x01  /* ROLE must be master */
#define NGX_HOUSEHOLD_REDIS_NODE_READONLY  0x02  /* send READONLY: a replica */
#define NGX_HOUSEHOLD_REDIS_NODE_SENTINEL  0x04  /* sentinel_user, no SELECT */
#define NGX_HOUSEHOLD_REDIS_NODE_CLUSTER   0x08  /* no SELECT */
#define NGX_HOUSEHOLD_REDIS_NODE_REPLICA   0x10  /* known to be a replica */


typedef struct {
    ngx_household_redis_options_t  *conf;
    ngx_str_t                       name;    /* for the log */
    ngx_uint_t                      id;      /* hash of the name; not 0 */
    ngx_str_t                       host;    /* a name, or an address */
    ngx_str_t                       tls;     /* name in its certificate */
    in_port_t                       port;

    ngx_addr_t                     *addrs;   /* last resolved */
    ngx_uint_t                      naddrs;

    ngx_uint_t                      flags;
    ngx_uint_t                      refs;

#if (NGX_SSL)
    ngx_ssl_session_t              *session; /* the last; or NULL */
#endif

    unsigned                        resolve:1;
} ngx_household_redis_node_t;


/*
 * create() creates a node of a configured server; discover(), of an address or
 * name that a sentinel or a cluster node returned.  "host" and "tls" are
 * copied; "conf" and the addresses of "server" must outlive the node.  A name
 * is resolved when a connection is made.  "tls" is the name to verify in the
 * certificate, or NULL to verify the host; "ssl_name" overrides both.  The
 * caller gets one reference.  Returns NULL if there is no memory.
 */
ngx_household_redis_node_t *ngx_household_redis_node_create(
    ngx_household_redis_options_t *conf, ngx_household_redis_server_t *server,
    ngx_uint_t flags);
ngx_household_redis_node_t *ngx_household_redis_node_discover(
    ngx_household_redis_options_t *conf, ngx_str_t *host, in_port_t port,
    ngx_uint_t flags, ngx_str_t *tls);

/*
 * Creates a copy of the node with one address only, that of an established
 * connection.  The caller gets one reference.  Returns NULL if there is no
 * memory.
 */
ngx_household_redis_node_t *ngx_household_redis_node_pin(
    ngx_household_redis_node_t *node, struct sockaddr *sockaddr,
    socklen_t socklen);

/*
 * keep() adds a reference, and returns the node.  release() removes one, and
 * frees the node with the last; the node may be NULL.
 */
ngx_household_redis_node_t *ngx_household_redis_node_keep(
    ngx_household_redis_node_t *node);
void ngx_household_redis_node_release(ngx_household_redis_node_t *node);

/*
 * Replaces the addresses of the node by the "n" resolved ones.  They are
 * copied, get the port of the node, and are sorted; connections try them in
 * this order.  Returns NGX_OK, or NGX_ERROR if there is no memory; the old
 * addresses are kept then.
 */
ngx_int_t ngx_household_redis_node_set(ngx_household_redis_node_t *node,
    ngx_resolver_addr_t *addrs, ngx_uint_t n);

/* FNV-1a, which suffices for data of a trusted server; never 0 */
uint64_t ngx_household_redis_hash(u_char *p, size_t len);

/* returns 1 if the node has this host, compared as text, and this port */
ngx_uint_t ngx_household_redis_node_is(ngx_household_redis_node_t *node,
    ngx_str_t *host, in_port_t port);


#endif /* _NGX_HOUSEHOLD_REDIS_NODE_H_INCLUDED_ */

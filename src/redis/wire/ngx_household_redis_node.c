
/*
 * Nodes.  See ngx_household_redis_node.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_node.h"


static ngx_household_redis_node_t *ngx_household_redis_node_alloc(
    ngx_household_redis_options_t *conf, ngx_str_t *name, ngx_str_t *host,
    in_port_t port, ngx_uint_t flags, ngx_str_t *tls);
static ngx_addr_t *ngx_household_redis_node_addrs(ngx_uint_t n);
static int ngx_libc_cdecl ngx_household_redis_node_cmp_addrs(const void *one,
    const void *two);


ngx_household_redis_node_t *
ngx_household_redis_node_create(ngx_household_redis_options_t *conf,
    ngx_household_redis_server_t *server, ngx_uint_t flags)
{
    ngx_household_redis_node_t  *node;

    node = ngx_household_redis_node_alloc(conf, &server->name, &server->host,
                                          server->port, flags, NULL);
    if (node == NULL) {
        return NULL;
    }

    node->resolve = server->resolve ? 1 : 0;

    if (server->naddrs == 0) {
        return node;
    }

    /* sockaddrs are not copied: the configuration outlives the node */

    node->addrs = ngx_alloc(server->naddrs * sizeof(ngx_addr_t),
                            ngx_cycle->log);
    if (node->addrs == NULL) {
        ngx_household_redis_node_release(node);
        return NULL;
    }

    ngx_memcpy(node->addrs, server->addrs,
               server->naddrs * sizeof(ngx_addr_t));
    node->naddrs = server->naddrs;

    return node;
}


ngx_household_redis_node_t *
ngx_household_redis_node_discover(ngx_household_redis_options_t *conf,
    ngx_str_t *host, in_port_t port, ngx_uint_t flags, ngx_str_t *tls)
{
    u_char                       text[NGX_MAXHOSTNAMELEN + NGX_INT_T_LEN];
    ngx_str_t                    name;
    ngx_resolver_addr_t          addr;
    ngx_household_redis_node_t  *node;
    struct sockaddr_in           sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6          sin6;
#endif

    name.data = text;
    name.len = ngx_snprintf(text, sizeof(text),
                            ngx_strlchr(host->data, host->data + host->len,
                                        ':') ? "[%V]:%ui" : "%V:%ui",
                            host, (ngx_uint_t) port)
               - text;

    node = ngx_household_redis_node_alloc(conf, &name, host, port, flags,
                                          tls);
    if (node == NULL) {
        return NULL;
    }

    ngx_memzero(&addr, sizeof(ngx_resolver_addr_t));
    ngx_memzero(&sin, sizeof(struct sockaddr_in));

    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = ngx_inet_addr(host->data, host->len);

    addr.sockaddr = (struct sockaddr *) &sin;
    addr.socklen = sizeof(struct sockaddr_in);

    if (sin.sin_addr.s_addr == INADDR_NONE) {

#if (NGX_HAVE_INET6)
        ngx_memzero(&sin6, sizeof(struct sockaddr_in6));

        sin6.sin6_family = AF_INET6;
        addr.sockaddr = (struct sockaddr *) &sin6;
        addr.socklen = sizeof(struct sockaddr_in6);

        if (ngx_inet6_addr(host->data, host->len, sin6.sin6_addr.s6_addr)
            != NGX_OK)
#endif
        {
            node->resolve = 1;
            return node;
        }
    }

    if (ngx_household_redis_node_set(node, &addr, 1) != NGX_OK) {
        ngx_household_redis_node_release(node);
        return NULL;
    }

    return node;
}


ngx_household_redis_node_t *
ngx_household_redis_node_pin(ngx_household_redis_node_t *node,
    struct sockaddr *sockaddr, socklen_t socklen)
{
    ngx_household_redis_node_t  *pinned;

    pinned = ngx_household_redis_node_alloc(node->conf, &node->name,
                                            &node->host, node->port,
                                            node->flags, &node->tls);
    if (pinned == NULL) {
        return NULL;
    }

    pinned->addrs = ngx_household_redis_node_addrs(1);

    if (pinned->addrs == NULL) {
        ngx_household_redis_node_release(pinned);
        return NULL;
    }

    ngx_memcpy(pinned->addrs->sockaddr, sockaddr, socklen);
    pinned->addrs->socklen = socklen;
    pinned->addrs->name = pinned->name;
    pinned->naddrs = 1;

    return pinned;
}


static ngx_household_redis_node_t *
ngx_household_redis_node_alloc(ngx_household_redis_options_t *conf,
    ngx_str_t *name, ngx_str_t *host, in_port_t port, ngx_uint_t flags,
    ngx_str_t *tls)
{
    u_char                      *p;
    ngx_household_redis_node_t  *node;

    if (conf->ssl_name.len) {
        tls = &conf->ssl_name;

    } else if (tls == NULL) {
        tls = host;
    }

    node = ngx_alloc(sizeof(ngx_household_redis_node_t) + name->len
                     + host->len + tls->len, ngx_cycle->log);
    if (node == NULL) {
        return NULL;
    }

    ngx_memzero(node, sizeof(ngx_household_redis_node_t));

    p = (u_char *) node + sizeof(ngx_household_redis_node_t);

    node->name.data = p;
    node->name.len = name->len;
    p = ngx_cpymem(p, name->data, name->len);

    node->host.data = p;
    node->host.len = host->len;

    if (host->len) {
        /* empty for a UNIX domain socket */
        p = ngx_cpymem(p, host->data, host->len);
    }

    node->tls.data = p;
    node->tls.len = tls->len;

    if (tls->len) {
        ngx_memcpy(p, tls->data, tls->len);
    }

    /* names in certificates do not have the trailing dot */

    if (node->tls.len > 1 && node->tls.data[node->tls.len - 1] == '.') {
        node->tls.len--;
    }

    node->id = (ngx_uint_t) ngx_household_redis_hash(name->data, name->len);
    node->id += !node->id;
    node->conf = conf;
    node->port = port;
    node->flags = flags;
    node->refs = 1;

    return node;
}


ngx_household_redis_node_t *
ngx_household_redis_node_keep(ngx_household_redis_node_t *node)
{
    node->refs++;

    return node;
}


void
ngx_household_redis_node_release(ngx_household_redis_node_t *node)
{
    if (node == NULL || --node->refs) {
        return;
    }

    if (node->addrs != NULL) {
        ngx_free(node->addrs);
    }

#if (NGX_SSL)
    if (node->session != NULL) {
        ngx_ssl_free_session(node->session);
    }
#endif

    ngx_free(node);
}


ngx_int_t
ngx_household_redis_node_set(ngx_household_redis_node_t *node,
    ngx_resolver_addr_t *resolved, ngx_uint_t n)
{
    ngx_uint_t   i;
    ngx_addr_t  *addrs;

    addrs = ngx_household_redis_node_addrs(n);
    if (addrs == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        ngx_memcpy(addrs[i].sockaddr, resolved[i].sockaddr,
                   resolved[i].socklen);
        addrs[i].socklen = resolved[i].socklen;
        addrs[i].name = node->name;

        ngx_inet_set_port(addrs[i].sockaddr, node->port);
    }

    /* the resolver rotates addresses; workers are to use the same one */

    ngx_qsort(addrs, n, sizeof(ngx_addr_t),
              ngx_household_redis_node_cmp_addrs);

    if (node->addrs != NULL) {
        ngx_free(node->addrs);
    }

    node->addrs = addrs;
    node->naddrs = n;

    return NGX_OK;
}


/* IPv4 first, then by address */

static int ngx_libc_cdecl
ngx_household_redis_node_cmp_addrs(const void *one, const void *two)
{
    const ngx_addr_t *a = one;
    const ngx_addr_t *b = two;

    if (a->sockaddr->sa_family != b->sockaddr->sa_family) {
        return a->sockaddr->sa_family - b->sockaddr->sa_family;
    }

    return ngx_memcmp(a->sockaddr, b->sockaddr,
                      ngx_min(a->socklen, b->socklen));
}


/* allocates "n" addresses with their sockaddrs in one block */

static ngx_addr_t *
ngx_household_redis_node_addrs(ngx_uint_t n)
{
    ngx_uint_t       i;
    ngx_addr_t      *addrs;
    ngx_sockaddr_t  *sockaddrs;

    addrs = ngx_alloc(n * (sizeof(ngx_addr_t) + sizeof(ngx_sockaddr_t)),
                      ngx_cycle->log);
    if (addrs == NULL) {
        return NULL;
    }

    sockaddrs = (ngx_sockaddr_t *) (addrs + n);

    for (i = 0; i < n; i++) {
        addrs[i].sockaddr = &sockaddrs[i].sockaddr;
    }

    return addrs;
}


ngx_uint_t
ngx_household_redis_node_is(ngx_household_redis_node_t *node, ngx_str_t *host,
    in_port_t port)
{
    return node->port == port && node->host.len == host->len
           && ngx_strncmp(node->host.data, host->data, host->len) == 0;
}


uint64_t
ngx_household_redis_hash(u_char *p, size_t len)
{
    uint64_t  hash;

    hash = 14695981039346656037ULL;

    while (len--) {
        hash = (hash ^ *p++) * 1099511628211ULL;
    }

    return hash ? hash : 1;
}

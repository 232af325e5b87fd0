
/*
 * Reading the map of a cluster.  See ngx_household_redis_cluster.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_cluster.h"


/* one entry: slots from .. to, and who holds them, the primary first */

typedef struct {
    ngx_int_t                     from;
    ngx_int_t                     to;
    ngx_household_resp_value_t   *nodes;
    ngx_uint_t                    n;        /* values */
} ngx_household_redis_cluster_entry_t;


static ngx_uint_t ngx_household_redis_cluster_parse_entry(
    ngx_household_resp_value_t *v, ngx_uint_t n,
    ngx_household_redis_cluster_entry_t *entry);
static const char *ngx_household_redis_cluster_parse_check(
    ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_household_redis_cluster_apply(
    ngx_household_redis_cluster_t *cl,
    ngx_household_redis_cluster_entry_t *entry, ngx_uint_t *changed);
static ngx_uint_t ngx_household_redis_cluster_parse_node(
    ngx_household_redis_cluster_t *cl,
    ngx_household_redis_cluster_entry_t *entry, ngx_uint_t i, ngx_str_t *host,
    in_port_t *port);


const char *
ngx_household_redis_cluster_parse(ngx_household_redis_cluster_t *cl,
    ngx_household_resp_reply_t *reply)
{
    ngx_int_t                             slot;
    const char                           *what;
    ngx_uint_t                            i, changed;
    ngx_queue_t                          *q;
    ngx_household_redis_peer_t           *pool;
    ngx_household_redis_cluster_entry_t   entry;

    what = ngx_household_redis_cluster_parse_check(reply);

    if (what != NULL) {
        return what;
    }

    for (q = ngx_queue_head(&cl->redis->pools);
         q != ngx_queue_sentinel(&cl->redis->pools);
         q = ngx_queue_next(q))
    {
        pool = ngx_queue_data(q, ngx_household_redis_peer_t, queue);
        pool->mark = 0;
    }

    changed = 0;
    slot = 0;

    /* entries are not in order: what none of them names is cleared after */

    for (i = 1; i < reply->nvalues; /* void */) {

        i += ngx_household_redis_cluster_parse_entry(&reply->values[i],
                                                     reply->nvalues - i,
                                                     &entry);

        if (ngx_household_redis_cluster_apply(cl, &entry, &changed) != NGX_OK) {
            return "no memory";
        }
    }

    for (slot = 0; slot < NGX_HOUSEHOLD_REDIS_HASH_SLOTS; slot++) {

        if (cl->slots[slot] != NULL && !cl->slots[slot]->mark) {
            cl->slots[slot] = NULL;
            changed = 1;
        }

        if (cl->replicas[slot] != NULL && !cl->replicas[slot]->mark) {
            cl->replicas[slot] = NULL;
        }
    }

    if (changed) {
        ngx_household_redis_notify_primaries(cl->redis);
    }

    return NULL;
}


static const char *
ngx_household_redis_cluster_parse_check(ngx_household_resp_reply_t *reply)
{
    ngx_uint_t                            i;
    ngx_household_resp_value_t           *v;
    ngx_household_redis_cluster_entry_t   entry;

    v = reply->values;

    if (v[0].type == NGX_HOUSEHOLD_RESP_ERROR) {

        if (ngx_strlcasestrn(v[0].str.data, v[0].str.data + v[0].str.len,
                             (u_char *) "cluster support", 15 - 1)
            != NULL)
        {
            return "cluster support disabled";
        }

        return "error reply to CLUSTER SLOTS";
    }

    if (v[0].type != NGX_HOUSEHOLD_RESP_ARRAY) {
        return "invalid CLUSTER SLOTS reply";
    }

    if (reply->too_large) {
        return "too large CLUSTER SLOTS reply";
    }

    if (reply->nvalues == 1) {
        return "empty CLUSTER SLOTS reply";
    }

    for (i = 1; i < reply->nvalues; /* void */) {

        i += ngx_household_redis_cluster_parse_entry(&v[i], reply->nvalues - i,
                                                     &entry);

        if (entry.from < 0 || entry.to >= NGX_HOUSEHOLD_REDIS_HASH_SLOTS
            || entry.from > entry.to)
        {
            return "invalid CLUSTER SLOTS reply";
        }
    }

    return NULL;
}


/* returns how many values the entry has; "from" is -1 if it makes no sense */

static ngx_uint_t
ngx_household_redis_cluster_parse_entry(ngx_household_resp_value_t *v,
    ngx_uint_t n, ngx_household_redis_cluster_entry_t *entry)
{
    ngx_uint_t  i;

    for (i = 1; i < n && v[i].depth > 1; i++) {
        /* void */
    }

    ngx_memzero(entry, sizeof(ngx_household_redis_cluster_entry_t));

    entry->from = -1;

    if (i < 3 || v[0].type != NGX_HOUSEHOLD_RESP_ARRAY
        || v[1].type != NGX_HOUSEHOLD_RESP_INTEGER
        || v[2].type != NGX_HOUSEHOLD_RESP_INTEGER
        || v[1].integer < 0 || v[2].integer >= NGX_HOUSEHOLD_REDIS_HASH_SLOTS)
    {
        return i;
    }

    entry->from = (ngx_int_t) v[1].integer;
    entry->to = (ngx_int_t) v[2].integer;
    entry->nodes = &v[3];
    entry->n = i - 3;

    return i;
}


static ngx_int_t
ngx_household_redis_cluster_apply(ngx_household_redis_cluster_t *cl,
    ngx_household_redis_cluster_entry_t *entry, ngx_uint_t *changed)
{
    in_port_t                    port;
    ngx_int_t                    slot;
    ngx_str_t                    host;
    ngx_uint_t                   i, n, replicas;
    ngx_household_redis_peer_t  *pool, *primary, *replica;

    n = 0;
    replicas = 0;
    primary = NULL;
    replica = NULL;

    for (i = 0; i < entry->n; i++) {

        if (!ngx_household_redis_cluster_parse_node(cl, entry, i, &host,
                                                    &port))
        {
            continue;
        }

        if (n++ && cl->redis->conf->read_from == NGX_HOUSEHOLD_REDIS_PRIMARY) {
            break;
        }

        pool = ngx_household_redis_cluster_peer(cl, &host, port);
        if (pool == NULL) {
            return NGX_ERROR;
        }

        pool->mark = 1;

        if (primary == NULL) {
            primary = pool;
            continue;
        }

        /* any of those that are not down, as workers differ in "turn" */

        if (replica == NULL || pool->down < replica->down
            || (pool->down == replica->down
                && (cl->turn + replicas) % (replicas + 1) == 0))
        {
            replica = pool;
        }

        replicas++;
    }

    for (slot = entry->from; slot <= entry->to; slot++) {

        if (cl->slots[slot] != primary) {
            cl->slots[slot] = primary;
            *changed = 1;
        }

        cl->replicas[slot] = replica;
    }

    return NGX_OK;
}


/*
 * A node is an array of its host, its port, and more.  A host that is left out
 * is that of the node that was asked.  Returns 1, or 0 if no node starts here.
 */

static ngx_uint_t
ngx_household_redis_cluster_parse_node(ngx_household_redis_cluster_t *cl,
    ngx_household_redis_cluster_entry_t *entry, ngx_uint_t i, ngx_str_t *host,
    in_port_t *port)
{
    ngx_household_resp_value_t  *v;

    v = &entry->nodes[i];

    if (v[0].depth != 2 || v[0].type != NGX_HOUSEHOLD_RESP_ARRAY
        || i + 2 >= entry->n
        || v[1].depth != 3 || v[2].depth != 3
        || v[2].type != NGX_HOUSEHOLD_RESP_INTEGER
        || v[2].integer < 1 || v[2].integer > 65535
        || (v[1].type != NGX_HOUSEHOLD_RESP_BULK
            && v[1].type != NGX_HOUSEHOLD_RESP_NIL))
    {
        return 0;
    }

    *port = (in_port_t) v[2].integer;
    *host = v[1].str;

    if (v[1].type == NGX_HOUSEHOLD_RESP_NIL || host->len == 0
        || (host->len == 1 && host->data[0] == '?'))
    {
        *host = cl->asked->host;
    }

    return host->len != 0 && host->len <= NGX_MAXHOSTNAMELEN;
}

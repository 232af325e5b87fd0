
/*
 * The two connections to a tracked server.  See
 * ngx_household_redis_tracking_node.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_tracking_node.h"
#include "ngx_household_redis_replication.h"


/*
 * Heartbeats until the next attempt after an error reply, and after a tracking
 * connection that was opened to another server or could not be opened.
 */
#define NGX_HOUSEHOLD_REDIS_TRACKING_RETRY    20
#define NGX_HOUSEHOLD_REDIS_TRACKING_REOPEN   1

/* heartbeats between probes of the first address if another is in use */
#define NGX_HOUSEHOLD_REDIS_TRACKING_PROBE    10


static void ngx_household_redis_tracking_sub_ready(
    ngx_household_redis_dedicated_t *conn);
static ngx_int_t ngx_household_redis_tracking_client_id(
    ngx_household_redis_dedicated_t *conn, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_tracking_subscribe(
    ngx_household_redis_dedicated_t *conn);
static ngx_int_t ngx_household_redis_tracking_subscribed(
    ngx_household_redis_dedicated_t *conn, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_tracking_open_tracker(
    ngx_household_redis_tracking_node_t *n);
static void ngx_household_redis_tracking_tracker_ready(
    ngx_household_redis_dedicated_t *conn);
static void ngx_household_redis_tracking_enable(
    ngx_household_redis_tracking_node_t *n);
static ngx_int_t ngx_household_redis_tracking_ignored(
    ngx_household_redis_dedicated_t *conn, ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_household_redis_tracking_enable_reply(
    ngx_household_redis_dedicated_t *conn, ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_household_redis_tracking_check(
    ngx_household_redis_tracking_node_t *n);
static ngx_int_t ngx_household_redis_tracking_check_reply(
    ngx_household_redis_dedicated_t *conn, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_tracking_set_enabled(
    ngx_household_redis_tracking_node_t *n);
static ngx_int_t ngx_household_redis_tracking_error_reply(
    ngx_household_redis_tracking_node_t *n, ngx_household_resp_reply_t *reply);
static void ngx_household_redis_tracking_close_tracker(
    ngx_household_redis_tracking_node_t *n);
static void ngx_household_redis_tracking_conn_lost(
    ngx_household_redis_dedicated_t *conn, ngx_err_t err, const char *errstr);
static void ngx_household_redis_tracking_node_lost(
    ngx_household_redis_tracking_node_t *n, ngx_uint_t level, ngx_err_t err,
    const char *event, const char *errstr);
static ngx_int_t ngx_household_redis_tracking_node_quit(
    ngx_household_redis_dedicated_t *conn);
static void ngx_household_redis_tracking_node_retry(
    ngx_household_redis_tracking_node_t *n);
static ngx_int_t ngx_household_redis_tracking_ping(
    ngx_household_redis_dedicated_t *conn,
    ngx_household_redis_tracking_pings_t *pings, ngx_uint_t heartbeat);
static ngx_int_t ngx_household_redis_tracking_ping_reply(
    ngx_household_redis_dedicated_t *conn, ngx_household_resp_reply_t *reply);


static const ngx_household_redis_dedicated_calls_t
    ngx_household_redis_tracking_sub =
{
    ngx_household_redis_tracking_sub_ready,
    ngx_household_redis_tracking_conn_lost,
    ngx_household_redis_tracking_push,
    ngx_household_redis_tracking_node_quit
};


static const ngx_household_redis_dedicated_calls_t
    ngx_household_redis_tracking_tracker =
{
    ngx_household_redis_tracking_tracker_ready,
    ngx_household_redis_tracking_conn_lost,
    ngx_household_redis_tracking_push,
    ngx_household_redis_tracking_node_quit
};


ngx_household_redis_tracking_node_t *
ngx_household_redis_tracking_node_create(ngx_household_redis_t *redis,
    ngx_household_redis_node_t *node, ngx_str_t *prefix,
    const ngx_household_redis_tracking_node_calls_t *calls, void *data)
{
    ngx_household_redis_tracking_node_t  *n;

    n = ngx_alloc(sizeof(ngx_household_redis_tracking_node_t),
                  ngx_cycle->log);
    if (n == NULL) {
        return NULL;
    }

    ngx_memzero(n, sizeof(ngx_household_redis_tracking_node_t));

    n->sub = ngx_household_redis_dedicated_open(node,
                                             &ngx_household_redis_tracking_sub,
                                             n);
    if (n->sub == NULL) {
        ngx_free(n);
        return NULL;
    }

    n->redis = redis;
    n->node = node;
    n->prefix = prefix;
    n->calls = calls;
    n->data = data;
    n->pending = 1;

    return n;
}


void
ngx_household_redis_tracking_node_destroy(
    ngx_household_redis_tracking_node_t *n)
{
    if (n->probe != NULL) {
        ngx_household_redis_query_cancel(n->probe);
    }

    ngx_household_redis_tracking_close_tracker(n);
    ngx_household_redis_dedicated_close(n->sub);

    ngx_free(n);
}


static void
ngx_household_redis_tracking_sub_ready(ngx_household_redis_dedicated_t *conn)
{
    ngx_str_t  argv[2];

    ngx_str_set(&argv[0], "CLIENT");
    ngx_str_set(&argv[1], "ID");

    (void) ngx_household_redis_dedicated_send(conn, argv, 2,
                                       ngx_household_redis_tracking_client_id);
}


static ngx_int_t
ngx_household_redis_tracking_client_id(ngx_household_redis_dedicated_t *conn,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_redis_tracking_node_t  *n;

    if (reply == NULL) {
        return NGX_OK;
    }

    n = ngx_household_redis_dedicated_data(conn);

    if (reply->values[0].type != NGX_HOUSEHOLD_RESP_INTEGER) {
        return ngx_household_redis_tracking_error_reply(n, reply);
    }

    if (reply->values[0].integer <= 0) {
        return NGX_ERROR;
    }

    n->id = reply->values[0].integer;

    ngx_household_redis_tracking_subscribe(conn);

    return NGX_OK;
}


/* a subscriber may not ask for its id any more, so that comes first */

static void
ngx_household_redis_tracking_subscribe(ngx_household_redis_dedicated_t *conn)
{
    ngx_str_t  argv[2];

    ngx_str_set(&argv[0], "SUBSCRIBE");
    ngx_str_set(&argv[1], NGX_HOUSEHOLD_REDIS_TRACKING_CHANNEL);

    (void) ngx_household_redis_dedicated_send(conn, argv, 2,
                                      ngx_household_redis_tracking_subscribed);
}


static ngx_int_t
ngx_household_redis_tracking_subscribed(ngx_household_redis_dedicated_t *conn,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_redis_tracking_node_t  *n;

    if (reply == NULL) {
        return NGX_OK;
    }

    n = ngx_household_redis_dedicated_data(conn);

    if (reply->values[0].type != NGX_HOUSEHOLD_RESP_ARRAY) {
        return ngx_household_redis_tracking_error_reply(n, reply);
    }

    n->subscribed = 1;
    ngx_household_redis_tracking_open_tracker(n);

    return NGX_OK;
}


/* the same address for both connections: a name may have several servers */

static void
ngx_household_redis_tracking_open_tracker(
    ngx_household_redis_tracking_node_t *n)
{
    ngx_household_redis_node_t  *node;

    ngx_household_redis_tracking_close_tracker(n);

    ngx_memzero(&n->tracker_pings,
                sizeof(ngx_household_redis_tracking_pings_t));

    node = ngx_household_redis_dedicated_pin(n->sub);

    if (node != NULL) {
        n->tracker = ngx_household_redis_dedicated_open(node,
                                         &ngx_household_redis_tracking_tracker,
                                         n);
        ngx_household_redis_node_release(node);
    }

    if (n->tracker == NULL) {
        n->retry = NGX_HOUSEHOLD_REDIS_TRACKING_REOPEN;
    }
}


/*
 * A client id is unique within one server only.  If an address has several
 * servers, the tracking connection may be connected to another server, where
 * the id of the invalidation connection belongs to an unrelated client.
 */

static void
ngx_household_redis_tracking_tracker_ready(
    ngx_household_redis_dedicated_t *conn)
{
    ngx_household_redis_tracking_node_t  *n;

    n = ngx_household_redis_dedicated_data(conn);

    if (ngx_household_redis_dedicated_server(conn)
        != ngx_household_redis_dedicated_server(n->sub))
    {
        ngx_household_redis_tracking_close_tracker(n);

        if (ngx_household_redis_dedicated_anonymous(n->sub)) {
            ngx_household_redis_dedicated_identify(n->sub);
            return;
        }

        n->retry = NGX_HOUSEHOLD_REDIS_TRACKING_REOPEN;

        ngx_household_redis_tracking_node_lost(n, NGX_LOG_ERR, 0, "lost",
                                               "another server replied at "
                                               "the same address");
        return;
    }

    ngx_household_redis_tracking_enable(n);
}


static void
ngx_household_redis_tracking_enable(ngx_household_redis_tracking_node_t *n)
{
    u_char     id[NGX_INT64_LEN];
    ngx_str_t  argv[8];

    ngx_str_set(&argv[0], "CLIENT");
    ngx_str_set(&argv[1], "TRACKING");

    /* prefixes of one client must not overlap: drop those of an earlier try */

    ngx_str_set(&argv[2], "OFF");

    if (n->node->conf->tracking == NGX_HOUSEHOLD_REDIS_TRACKING_ON) {

        /* connections that read are tracked: this one is for heartbeats only */

        (void) ngx_household_redis_dedicated_send(n->tracker, argv, 3,
                                    ngx_household_redis_tracking_enable_reply);
        return;
    }

    (void) ngx_household_redis_dedicated_send(n->tracker, argv, 3,
                                         ngx_household_redis_tracking_ignored);

    ngx_str_set(&argv[2], "ON");
    ngx_str_set(&argv[3], "REDIRECT");

    argv[4].data = id;
    argv[4].len = ngx_sprintf(id, "%L", n->id) - id;

    ngx_str_set(&argv[5], "BCAST");
    ngx_str_set(&argv[6], "PREFIX");
    argv[7] = *n->prefix;

    (void) ngx_household_redis_dedicated_send(n->tracker, argv, 8,
                                    ngx_household_redis_tracking_enable_reply);
}


static ngx_int_t
ngx_household_redis_tracking_ignored(ngx_household_redis_dedicated_t *conn,
    ngx_household_resp_reply_t *reply)
{
    return NGX_OK;
}


static ngx_int_t
ngx_household_redis_tracking_enable_reply(
    ngx_household_redis_dedicated_t *conn, ngx_household_resp_reply_t *reply)
{
    ngx_household_redis_tracking_node_t  *n;

    if (reply == NULL) {
        return NGX_OK;
    }

    n = ngx_household_redis_dedicated_data(conn);

    if (reply->values[0].type != NGX_HOUSEHOLD_RESP_STATUS) {
        return ngx_household_redis_tracking_error_reply(n, reply);
    }

    n->active = 1;

    if (n->node->conf->read_from == NGX_HOUSEHOLD_REDIS_REPLICA) {
        return ngx_household_redis_tracking_check(n);
    }

    ngx_household_redis_tracking_set_enabled(n);

    return NGX_OK;
}


/* a replica may reply without following its primary */

static ngx_int_t
ngx_household_redis_tracking_check(ngx_household_redis_tracking_node_t *n)
{
    ngx_str_t  argv[2];

    ngx_str_set(&argv[0], "INFO");
    ngx_str_set(&argv[1], "replication");

    return ngx_household_redis_dedicated_send(n->tracker, argv, 2,
                                     ngx_household_redis_tracking_check_reply);
}


/*
 * After it was unfit, a replica must follow its primary at two heartbeats: the
 * link is up before the missed changes are applied.
 */

static ngx_int_t
ngx_household_redis_tracking_check_reply(
    ngx_household_redis_dedicated_t *conn, ngx_household_resp_reply_t *reply)
{
    const char                           *errstr;
    ngx_household_redis_tracking_node_t  *n;

    if (reply == NULL) {
        return NGX_OK;
    }

    n = ngx_household_redis_dedicated_data(conn);

    if (reply->values[0].type == NGX_HOUSEHOLD_RESP_ERROR) {
        return ngx_household_redis_tracking_error_reply(n, reply);
    }

    errstr = ngx_household_redis_replication_check(&reply->values[0],
                                                   n->node->conf->max_lag,
                                                   &n->lag);
    if (errstr != NULL) {
        n->unfit = 1;
        n->good = 0;
        n->retry = NGX_HOUSEHOLD_REDIS_TRACKING_REOPEN;

        ngx_household_redis_tracking_node_lost(n, NGX_LOG_WARN, 0, "lost",
                                               errstr);
        return NGX_OK;
    }

    if (n->unfit && !n->good) {
        n->good = 1;
        n->retry = NGX_HOUSEHOLD_REDIS_TRACKING_REOPEN;

        return NGX_OK;
    }

    n->unfit = 0;

    if (n->active && !n->enabled) {
        ngx_household_redis_tracking_set_enabled(n);
    }

    return NGX_OK;
}


static void
ngx_household_redis_tracking_set_enabled(
    ngx_household_redis_tracking_node_t *n)
{
    n->enabled = 1;
    n->pending = 0;
    n->denied = 0;

    /* another attempt would turn tracking off first */
    n->retry = 0;

    n->server = ngx_household_redis_dedicated_server(n->sub);

    if (n->lost) {
        n->lost = 0;
        n->err[0] = '\0';
        n->prev_err[0] = '\0';

        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "household redis \"%V\" %V: tracking restored",
                      &n->node->conf->name, &n->node->name);
    }

    n->calls->enabled(n->data);
}


/* denied by an ACL, or an unknown command */

static ngx_int_t
ngx_household_redis_tracking_error_reply(ngx_household_redis_tracking_node_t *n,
    ngx_household_resp_reply_t *reply)
{
    u_char      errstr[NGX_HOUSEHOLD_REDIS_ERRLEN];
    ngx_str_t   text;
    ngx_uint_t  level;

    if (reply->values[0].type != NGX_HOUSEHOLD_RESP_ERROR) {
        return NGX_ERROR;
    }

    text = ngx_household_redis_error_code(&reply->values[0].str);
    level = ngx_household_redis_error_transient(&text) ? NGX_LOG_WARN
                                                       : NGX_LOG_ERR;

    (void) ngx_household_redis_error_reply(errstr, sizeof(errstr),
                                           &reply->values[0].str);

    n->denied = 1;

    /* a server that was tracked until now delays the heartbeats of all */

    n->retry = n->enabled ? NGX_HOUSEHOLD_REDIS_TRACKING_REOPEN
                          : NGX_HOUSEHOLD_REDIS_TRACKING_RETRY;

    ngx_household_redis_tracking_node_lost(n, level, 0, "failed",
                                           (char *) errstr);

    return NGX_OK;
}


static void
ngx_household_redis_tracking_close_tracker(
    ngx_household_redis_tracking_node_t *n)
{
    n->active = 0;

    if (n->tracker != NULL) {
        ngx_household_redis_dedicated_close(n->tracker);
        n->tracker = NULL;
    }
}


static void
ngx_household_redis_tracking_conn_lost(ngx_household_redis_dedicated_t *conn,
    ngx_err_t err, const char *errstr)
{
    ngx_household_redis_tracking_node_t  *n;

    n = ngx_household_redis_dedicated_data(conn);

    n->active = 0;

    if (conn == n->sub) {
        n->subscribed = 0;
        n->id = 0;
        n->retry = 0;

        ngx_household_redis_tracking_close_tracker(n);
    }

    ngx_household_redis_tracking_node_lost(n, NGX_LOG_WARN, err, "lost",
                                           errstr);
}


/*
 * Two alternating causes are not logged again.  A server that was tracked until
 * now becomes pending, since the next attempt is made at once.
 */

static void
ngx_household_redis_tracking_node_lost(ngx_household_redis_tracking_node_t *n,
    ngx_uint_t level, ngx_err_t err, const char *event, const char *errstr)
{
    ngx_household_redis_t  *redis;

    redis = n->redis;

    if (ngx_strcmp(n->err, errstr) != 0
        && ngx_strcmp(n->prev_err, errstr) != 0)
    {

        ngx_log_error(level, ngx_cycle->log, err,
                      "household redis \"%V\" %V: tracking %s: %s, cache "
                      "bypassed", &n->node->conf->name, &n->node->name, event,
                      errstr);

        ngx_memcpy(n->prev_err, n->err, sizeof(n->err));
        (void) ngx_cpystrn(n->err, (u_char *) errstr, sizeof(n->err));

        n->lost = 1;
    }

    if (n->enabled) {
        n->enabled = 0;
        n->pending = 1;

        n->calls->lost(n->data);

    } else if (n->pending) {
        n->pending = 0;

        n->calls->answered(n->data);
    }

    ngx_household_redis_refresh(redis);
}


static ngx_int_t
ngx_household_redis_tracking_node_quit(ngx_household_redis_dedicated_t *conn)
{
    ngx_household_redis_tracking_node_t  *n;

    n = ngx_household_redis_dedicated_data(conn);

    return n->calls->quit(n->data);
}


ngx_int_t
ngx_household_redis_tracking_node_heartbeat(
    ngx_household_redis_tracking_node_t *n, ngx_uint_t heartbeat)
{
    if (n->retry && --n->retry == 0) {
        ngx_household_redis_tracking_node_retry(n);
    }

    if (!n->enabled) {
        return NGX_OK;
    }

    if (++n->probe_in >= NGX_HOUSEHOLD_REDIS_TRACKING_PROBE) {
        n->probe_in = 0;
        ngx_household_redis_tracking_probe(n);
    }

    if (n->node->conf->read_from == NGX_HOUSEHOLD_REDIS_REPLICA) {
        (void) ngx_household_redis_tracking_check(n);
    }

    if (ngx_household_redis_tracking_ping(n->sub, &n->sub_pings, heartbeat)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return ngx_household_redis_tracking_ping(n->tracker, &n->tracker_pings,
                                             heartbeat);
}


static ngx_int_t
ngx_household_redis_tracking_ping(ngx_household_redis_dedicated_t *conn,
    ngx_household_redis_tracking_pings_t *pings, ngx_uint_t heartbeat)
{
    ngx_str_t  ping;

    ngx_str_set(&ping, "PING");

    if (ngx_household_redis_dedicated_send(conn, &ping, 1,
                                       ngx_household_redis_tracking_ping_reply)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    pings->heartbeats[pings->sent++ % NGX_HOUSEHOLD_REDIS_TRACKING_PINGS]
                                                                   = heartbeat;
    return NGX_OK;
}


ngx_uint_t
ngx_household_redis_tracking_node_acked(ngx_household_redis_tracking_node_t *n)
{
    return ngx_min(n->sub_pings.acked, n->tracker_pings.acked);
}


static void
ngx_household_redis_tracking_node_retry(ngx_household_redis_tracking_node_t *n)
{
    if (!n->subscribed) {
        ngx_household_redis_tracking_sub_ready(n->sub);

    } else if (n->tracker == NULL) {
        ngx_household_redis_tracking_open_tracker(n);

    } else {
        ngx_household_redis_tracking_enable(n);
    }
}


/*
 * While a script or the loading of data takes long, Redis replies to PING with
 * BUSY or LOADING, and may not send the invalidations of changes before.  An
 * access control list need not allow PING.
 */

static ngx_int_t
ngx_household_redis_tracking_ping_reply(ngx_household_redis_dedicated_t *conn,
    ngx_household_resp_reply_t *reply)
{
    ngx_uint_t                             i;
    ngx_household_redis_tracking_node_t   *n;
    ngx_household_redis_tracking_pings_t  *pings;

    n = ngx_household_redis_dedicated_data(conn);

    pings = conn == n->sub ? &n->sub_pings : &n->tracker_pings;
    i = pings->done++;

    if (reply == NULL
        || pings->sent - i > NGX_HOUSEHOLD_REDIS_TRACKING_PINGS)
    {
        return NGX_OK;
    }

    if (reply->values[0].type == NGX_HOUSEHOLD_RESP_ERROR
        && !ngx_household_redis_error_of_ping(&reply->values[0].str))
    {
        return NGX_OK;
    }

    pings->acked = pings->heartbeats[i % NGX_HOUSEHOLD_REDIS_TRACKING_PINGS];

    n->calls->answered(n->data);

    return NGX_OK;
}


/*
 * Subscribes to the failover events of a sentinel.  While a former primary is
 * alive, there is no other sign of a failover.  An event is only a hint: the
 * sentinel is then queried, and ROLE must confirm the reply.  See
 * ngx_household_redis_sentinel.h.
 *
 * https://redis.io/docs/latest/develop/reference/sentinel-clients/
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_sentinel.h"


/* ms until a subscription to the next sentinel, after one was lost */
#define NGX_HOUSEHOLD_REDIS_SENTINEL_REOPEN  1000

/* ms between queries: with a subscription, and without */
#define NGX_HOUSEHOLD_REDIS_SENTINEL_POLL    10000
#define NGX_HOUSEHOLD_REDIS_SENTINEL_POLL_NO_SUB  1000


static void ngx_household_redis_sentinel_watch_handler(ngx_event_t *ev);
static void ngx_household_redis_sentinel_watch_open(
    ngx_household_redis_sentinel_t *st);
static void ngx_household_redis_sentinel_watch_close(
    ngx_household_redis_sentinel_t *st);
static void ngx_household_redis_sentinel_watch_timer(
    ngx_household_redis_sentinel_t *st, ngx_msec_t time);
static void ngx_household_redis_sentinel_watch_ready(
    ngx_household_redis_dedicated_t *conn);
static void ngx_household_redis_sentinel_watch_lost(
    ngx_household_redis_dedicated_t *conn, ngx_err_t err, const char *errstr);
static ngx_int_t ngx_household_redis_sentinel_watch_push(
    ngx_household_redis_dedicated_t *conn, ngx_household_resp_reply_t *reply);
static ngx_int_t ngx_household_redis_sentinel_watch_reply(
    ngx_household_redis_dedicated_t *conn, ngx_household_resp_reply_t *reply);


static const ngx_household_redis_dedicated_calls_t
    ngx_household_redis_sentinel_watch_calls =
{
    ngx_household_redis_sentinel_watch_ready,
    ngx_household_redis_sentinel_watch_lost,
    ngx_household_redis_sentinel_watch_push,
    NULL
};


void
ngx_household_redis_sentinel_watch(ngx_household_redis_sentinel_t *st)
{
    st->watch_timer.handler = ngx_household_redis_sentinel_watch_handler;
    st->watch_timer.data = st;
    st->watch_timer.log = ngx_cycle->log;
    st->watch_timer.cancelable = 1;

    ngx_add_timer(&st->watch_timer, 1 + ngx_random() % 100);
}


void
ngx_household_redis_sentinel_unwatch(ngx_household_redis_sentinel_t *st)
{
    ngx_household_redis_sentinel_watch_close(st);

    if (st->watch_timer.timer_set) {
        ngx_del_timer(&st->watch_timer);
    }
}


static void
ngx_household_redis_sentinel_watch_handler(ngx_event_t *ev)
{
    ngx_household_redis_sentinel_t *st = ev->data;

    if (ngx_exiting) {
        return;
    }

    if (st->watch == NULL) {
        ngx_household_redis_sentinel_watch_open(st);
        return;
    }

    ngx_household_redis_sentinel_watch_timer(st, st->unsubscribed
                                   ? NGX_HOUSEHOLD_REDIS_SENTINEL_POLL_NO_SUB
                                   : NGX_HOUSEHOLD_REDIS_SENTINEL_POLL);

    if (st->unsubscribed) {
        /* the permission may be granted later; a query follows the reply */
        ngx_household_redis_sentinel_watch_ready(st->watch);
        return;
    }

    ngx_household_redis_sentinel_refresh(st);
}


static void
ngx_household_redis_sentinel_watch_open(ngx_household_redis_sentinel_t *st)
{
    st->watched = st->first;

    st->watch = ngx_household_redis_dedicated_open(st->nodes[st->watched],
                                     &ngx_household_redis_sentinel_watch_calls,
                                     st);
    if (st->watch == NULL) {
        ngx_household_redis_sentinel_watch_timer(st,
                                          NGX_HOUSEHOLD_REDIS_SENTINEL_REOPEN);
    }
}


static void
ngx_household_redis_sentinel_watch_close(ngx_household_redis_sentinel_t *st)
{
    if (st->watch != NULL) {
        ngx_household_redis_dedicated_close(st->watch);
        st->watch = NULL;
    }
}


/* jitter, half to whole of the time, spreads the queries of the workers */

static void
ngx_household_redis_sentinel_watch_timer(ngx_household_redis_sentinel_t *st,
    ngx_msec_t time)
{
    if (st->watch_timer.timer_set) {
        ngx_del_timer(&st->watch_timer);
    }

    ngx_add_timer(&st->watch_timer, time / 2 + ngx_random() % (time / 2));
}


/*
 * The first event of a failover is +promoted-slave: the sentinel that promotes
 * the replica returns its address from then on.
 */

static void
ngx_household_redis_sentinel_watch_ready(ngx_household_redis_dedicated_t *conn)
{
    ngx_str_t  argv[5];

    ngx_str_set(&argv[0], "SUBSCRIBE");
    ngx_str_set(&argv[1], "+switch-master");
    ngx_str_set(&argv[2], "+promoted-slave");
    ngx_str_set(&argv[3], "+failover-end");
    ngx_str_set(&argv[4], "+config-update-from");

    (void) ngx_household_redis_dedicated_send(conn, argv, 5,
                                     ngx_household_redis_sentinel_watch_reply);
}


static void
ngx_household_redis_sentinel_watch_lost(ngx_household_redis_dedicated_t *conn,
    ngx_err_t err, const char *errstr)
{
    ngx_household_redis_sentinel_t  *st;

    st = ngx_household_redis_dedicated_data(conn);

    if (st->first == st->watched) {
        st->first = (st->first + 1) % st->n;
    }

    ngx_household_redis_sentinel_watch_close(st);
    ngx_household_redis_sentinel_watch_timer(st,
                                          NGX_HOUSEHOLD_REDIS_SENTINEL_REOPEN);
}


/*
 * Receives messages, and the replies to SUBSCRIBE for all channels but the
 * first: those are arrays with "subscribe" as their first element.
 */

static ngx_int_t
ngx_household_redis_sentinel_watch_push(ngx_household_redis_dedicated_t *conn,
    ngx_household_resp_reply_t *reply)
{
    ngx_household_resp_value_t      *v;
    ngx_household_redis_sentinel_t  *st;

    st = ngx_household_redis_dedicated_data(conn);
    v = reply->values;

    if (reply->too_large || reply->nvalues != 4
        || v[0].type != NGX_HOUSEHOLD_RESP_ARRAY
        || v[1].type != NGX_HOUSEHOLD_RESP_BULK)
    {
        return NGX_ERROR;
    }

    if (!ngx_household_redis_error_is(&v[1].str, "message")) {
        return NGX_OK;
    }

    /*
     * Events of other masters are ignored.  The sentinel that published the
     * event is queried first.
     */

    if (ngx_strlcasestrn(v[3].str.data, v[3].str.data + v[3].str.len,
                         st->redis->conf->master.data,
                         st->redis->conf->master.len - 1)
        != NULL)
    {
        st->first = st->watched;
        ngx_household_redis_sentinel_refresh(st);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_household_redis_sentinel_watch_reply(ngx_household_redis_dedicated_t *conn,
    ngx_household_resp_reply_t *reply)
{
    ngx_str_t                        text;
    ngx_household_redis_sentinel_t  *st;

    if (reply == NULL) {
        return NGX_OK;
    }

    st = ngx_household_redis_dedicated_data(conn);

    st->unsubscribed = 0;

    if (reply->values[0].type == NGX_HOUSEHOLD_RESP_ERROR) {

        text = ngx_household_redis_error_text(&reply->values[0].str);

        if (!st->sub_failed_logged) {
            ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                          "household redis \"%V\" %V: subscription to "
                          "failovers failed: error reply %V",
                          &st->redis->conf->name,
                          &st->nodes[st->watched]->name, &text);
        }

        st->sub_failed_logged = 1;
        st->unsubscribed = 1;
    }

    /* events before the subscription were missed */

    ngx_household_redis_sentinel_refresh(st);

    ngx_household_redis_sentinel_watch_timer(st, st->unsubscribed
                                   ? NGX_HOUSEHOLD_REDIS_SENTINEL_POLL_NO_SUB
                                   : NGX_HOUSEHOLD_REDIS_SENTINEL_POLL);

    return NGX_OK;
}

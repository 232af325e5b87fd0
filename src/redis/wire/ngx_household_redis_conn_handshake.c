
/*
 * What a connection to Redis says before it is used.  See
 * ngx_household_redis_conn.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_conn.h"


#define NGX_HOUSEHOLD_REDIS_AUTH      0
#define NGX_HOUSEHOLD_REDIS_SELECT    1
#define NGX_HOUSEHOLD_REDIS_READONLY  2
#define NGX_HOUSEHOLD_REDIS_ROLE      3
#define NGX_HOUSEHOLD_REDIS_HELLO     4    /* PING */


static ngx_int_t ngx_household_redis_conn_handshake_step(
    ngx_household_redis_conn_t *conn, ngx_uint_t step, ngx_str_t *argv,
    ngx_uint_t argc);
static ngx_uint_t ngx_household_redis_conn_handshake_auth(
    ngx_household_redis_node_t *node, ngx_str_t *argv);


/*
 * The PING at the end tells that the server works: a stopped one still lets
 * the kernel accept, and one that loads its data, or a replica that has lost
 * its primary and may not serve old data, says so.
 */

ngx_int_t
ngx_household_redis_conn_handshake(ngx_household_redis_conn_t *conn)
{
    u_char                       number[NGX_INT_T_LEN];
    ngx_str_t                    argv[3];
    ngx_uint_t                   n;
    ngx_household_redis_node_t  *node;

    node = conn->node;

    conn->nsteps = 0;
    conn->step = 0;

    n = ngx_household_redis_conn_handshake_auth(node, argv);

    if (n
        && ngx_household_redis_conn_handshake_step(conn,
                                                   NGX_HOUSEHOLD_REDIS_AUTH,
                                                   argv, n) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (node->conf->database
        && !(node->flags & (NGX_HOUSEHOLD_REDIS_NODE_SENTINEL
                            |NGX_HOUSEHOLD_REDIS_NODE_CLUSTER)))
    {
        ngx_str_set(&argv[0], "SELECT");
        argv[1].data = number;
        argv[1].len = ngx_sprintf(number, "%ui", node->conf->database)
                      - number;

        if (ngx_household_redis_conn_handshake_step(conn,
                                                    NGX_HOUSEHOLD_REDIS_SELECT,
                                                    argv, 2)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (node->flags & NGX_HOUSEHOLD_REDIS_NODE_READONLY) {
        ngx_str_set(&argv[0], "READONLY");

        if (ngx_household_redis_conn_handshake_step(conn,
                                                   NGX_HOUSEHOLD_REDIS_READONLY,
                                                   argv, 1)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (node->flags & NGX_HOUSEHOLD_REDIS_NODE_ROLE) {
        ngx_str_set(&argv[0], "ROLE");

        if (ngx_household_redis_conn_handshake_step(conn,
                                                    NGX_HOUSEHOLD_REDIS_ROLE,
                                                    argv, 1)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    ngx_str_set(&argv[0], "PING");

    return ngx_household_redis_conn_handshake_step(conn,
                                                   NGX_HOUSEHOLD_REDIS_HELLO,
                                                   argv, 1);
}


static ngx_int_t
ngx_household_redis_conn_handshake_step(ngx_household_redis_conn_t *conn,
    ngx_uint_t step, ngx_str_t *argv, ngx_uint_t argc)
{
    conn->steps[conn->nsteps++] = (u_char) step;

    return ngx_household_redis_conn_command(conn, argv, argc);
}


/* returns the number of arguments of AUTH, or 0 */

static ngx_uint_t
ngx_household_redis_conn_handshake_auth(ngx_household_redis_node_t *node,
    ngx_str_t *argv)
{
    ngx_str_t   *user, *password;
    ngx_uint_t   n;

    if (node->flags & NGX_HOUSEHOLD_REDIS_NODE_SENTINEL) {
        user = &node->conf->sentinel_user;
        password = &node->conf->sentinel_password;

    } else {
        user = &node->conf->user;
        password = &node->conf->password;
    }

    if (password->len == 0) {
        return 0;
    }

    ngx_str_set(&argv[0], "AUTH");
    n = 1;

    if (user->len) {
        argv[n++] = *user;
    }

    argv[n++] = *password;

    return n;
}


ngx_int_t
ngx_household_redis_conn_handshake_reply(ngx_household_redis_conn_t *conn,
    ngx_household_resp_reply_t *reply, u_char *what, size_t size)
{
    u_char                      *p;
    ngx_str_t                    code;
    ngx_uint_t                   step;
    ngx_household_resp_value_t  *v;

    v = reply->values;
    step = conn->steps[conn->step++];

    if (v[0].type == NGX_HOUSEHOLD_RESP_ERROR) {

        code = ngx_household_redis_error_code(&v[0].str);

        /* an access list need not allow PING: the server is there */

        if (step == NGX_HOUSEHOLD_REDIS_HELLO
            && code.len == 6 && ngx_strncmp(code.data, "NOPERM", 6) == 0)
        {
            return NGX_OK;
        }

        p = ngx_snprintf(what, size - 1, "error reply %V", &code);
        *p = '\0';

        return NGX_ERROR;
    }

    if (step == NGX_HOUSEHOLD_REDIS_ROLE
        && v[0].type == NGX_HOUSEHOLD_RESP_ARRAY && reply->nvalues > 1
        && v[1].type == NGX_HOUSEHOLD_RESP_BULK)
    {
        if (v[1].str.len == 6 && ngx_strncmp(v[1].str.data, "master", 6) == 0) {
            return NGX_AGAIN;
        }

        (void) ngx_cpystrn(what, (u_char *) "role is not master", size);

        return NGX_ERROR;
    }

    if (v[0].type != NGX_HOUSEHOLD_RESP_STATUS
        || step == NGX_HOUSEHOLD_REDIS_ROLE)
    {
        (void) ngx_cpystrn(what, (u_char *) "invalid handshake reply", size);

        return NGX_ERROR;
    }

    return conn->step == conn->nsteps ? NGX_OK : NGX_AGAIN;
}


void
ngx_household_redis_conn_established(ngx_household_redis_conn_t *conn)
{
    ngx_connection_t  *c;

    c = conn->peer.connection;

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    conn->state = NGX_HOUSEHOLD_REDIS_CONN_READY;
    conn->tried = 0;
    conn->resolved = 0;
    conn->since = ngx_current_msec;
    conn->heard = ngx_current_msec;
    conn->replied = 0;
    conn->used = 0;

    if (!conn->ping.timer_set && !ngx_exiting && !conn->once) {
        ngx_add_timer(&conn->ping, NGX_HOUSEHOLD_REDIS_PING);
    }

    if (conn->resident) {
        c->idle = 1;
    }

    /* the owner logs what it was */
    conn->owner->ready(conn);
    conn->down = 0;

    if (conn->state == NGX_HOUSEHOLD_REDIS_CONN_READY) {
        ngx_household_redis_conn_flush(conn);
    }
}


void
ngx_household_redis_conn_recovered(ngx_household_redis_conn_t *conn)
{
    conn->replied = 0;
    conn->used = 1;

    if (!conn->suspect) {
        conn->failures = 0;
        return;
    }

    if (ngx_current_msec - conn->since < NGX_HOUSEHOLD_REDIS_BACKOFF_MAX) {
        return;
    }

    conn->suspect = 0;
    conn->failures = 0;

    if (conn->owner->well != NULL) {
        conn->owner->well(conn);
    }
}

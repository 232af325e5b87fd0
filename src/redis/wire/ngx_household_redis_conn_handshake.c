
/*
 * The handshake of a connection: the commands that are sent before it is used.
 * See ngx_household_redis_conn.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_conn_private.h"


#define NGX_HOUSEHOLD_REDIS_AUTH      0
#define NGX_HOUSEHOLD_REDIS_SELECT    1
#define NGX_HOUSEHOLD_REDIS_READONLY  2
#define NGX_HOUSEHOLD_REDIS_ROLE      3
#define NGX_HOUSEHOLD_REDIS_INFO      4
#define NGX_HOUSEHOLD_REDIS_PING      5


static ngx_int_t ngx_household_redis_conn_handshake_step(
    ngx_household_redis_conn_t *conn, ngx_uint_t step, ngx_str_t *argv,
    ngx_uint_t argc);
static ngx_uint_t ngx_household_redis_conn_handshake_auth(
    ngx_household_redis_node_t *node, ngx_str_t *argv);
static ngx_int_t ngx_household_redis_conn_handshake_identify(
    ngx_household_redis_conn_t *conn);
static ngx_int_t ngx_household_redis_conn_handshake_error(ngx_uint_t step,
    ngx_str_t *error, u_char *errstr, size_t size);
static void ngx_household_redis_conn_handshake_server(
    ngx_household_redis_conn_t *conn, ngx_household_resp_value_t *v);


/*
 * The reply to the last command, PING, shows that the server works.  If the
 * process is stopped, the kernel still accepts connections.  A server that is
 * loading its data, and a replica without a primary and with
 * "replica-serve-stale-data no", reply with an error.
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

    if (ngx_household_redis_conn_handshake_identify(conn) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_str_set(&argv[0], "PING");

    return ngx_household_redis_conn_handshake_step(conn,
                                                   NGX_HOUSEHOLD_REDIS_PING,
                                                   argv, 1);
}


/* requests the run_id of the server, if records are cached */

static ngx_int_t
ngx_household_redis_conn_handshake_identify(ngx_household_redis_conn_t *conn)
{
    ngx_str_t                    argv[2];
    ngx_household_redis_node_t  *node;

    node = conn->node;

    if (!node->conf->identify || conn->once
        || (node->flags & NGX_HOUSEHOLD_REDIS_NODE_SENTINEL))
    {
        return NGX_OK;
    }

    ngx_str_set(&argv[0], "INFO");
    ngx_str_set(&argv[1], "server");

    return ngx_household_redis_conn_handshake_step(conn,
                                                   NGX_HOUSEHOLD_REDIS_INFO,
                                                   argv, 2);
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
    ngx_household_resp_reply_t *reply, u_char *errstr, size_t size)
{
    ngx_uint_t                   step;
    ngx_household_resp_value_t  *v;

    v = reply->values;
    step = conn->steps[conn->step++];

    if (v[0].type == NGX_HOUSEHOLD_RESP_ERROR
        && ngx_household_redis_conn_handshake_error(step, &v[0].str, errstr,
                                                    size)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (step == NGX_HOUSEHOLD_REDIS_INFO) {
        ngx_household_redis_conn_handshake_server(conn, &v[0]);
        return NGX_AGAIN;
    }

    if (v[0].type == NGX_HOUSEHOLD_RESP_ERROR) {
        /* an ignored error of PING, which is the last command */
        return NGX_OK;
    }

    if (step == NGX_HOUSEHOLD_REDIS_ROLE
        && v[0].type == NGX_HOUSEHOLD_RESP_ARRAY && reply->nvalues > 1
        && v[1].type == NGX_HOUSEHOLD_RESP_BULK)
    {
        if (v[1].str.len == 6 && ngx_strncmp(v[1].str.data, "master", 6) == 0) {
            return NGX_AGAIN;
        }

        (void) ngx_cpystrn(errstr, (u_char *) "role is not master", size);

        return NGX_ERROR;
    }

    if (v[0].type != NGX_HOUSEHOLD_RESP_STATUS
        || step == NGX_HOUSEHOLD_REDIS_ROLE)
    {
        (void) ngx_cpystrn(errstr, (u_char *) "invalid handshake reply", size);

        return NGX_ERROR;
    }

    return conn->step == conn->nsteps ? NGX_OK : NGX_AGAIN;
}


/*
 * Returns NGX_OK if the error reply may be ignored: an access control list need
 * not allow PING and INFO, and PING may be rejected alone.
 */

static ngx_int_t
ngx_household_redis_conn_handshake_error(ngx_uint_t step, ngx_str_t *error,
    u_char *errstr, size_t size)
{
    ngx_str_t  text;

    text = ngx_household_redis_error_text(error);

    if (step == NGX_HOUSEHOLD_REDIS_PING
        && ngx_household_redis_error_of_ping(error))
    {
        return NGX_OK;
    }

    if (step == NGX_HOUSEHOLD_REDIS_INFO
        && ngx_household_redis_error_is(&text, "NOPERM"))
    {
        return NGX_OK;
    }

    /* a proxy may not support INFO; other errors are repeated for PING */

    if (step == NGX_HOUSEHOLD_REDIS_INFO
        && (ngx_household_redis_error_is(&text, "ERR")
            || ngx_household_redis_error_is(&text, "ERR unknown command")))
    {
        return NGX_OK;
    }

    (void) ngx_household_redis_error_reply(errstr, size, error);

    return NGX_ERROR;
}


/* without a run_id, the server is identified by its address */

static void
ngx_household_redis_conn_handshake_server(ngx_household_redis_conn_t *conn,
    ngx_household_resp_value_t *v)
{
    ngx_str_t  id;

    if (ngx_household_redis_conn_run_id(v, &id) == NGX_OK) {
        conn->anonymous = 0;
        conn->server = ngx_household_redis_hash(id.data, id.len);
        return;
    }

    conn->anonymous = 1;
    conn->server = ngx_household_redis_hash((u_char *) &conn->sockaddr,
                                            conn->socklen);
}


/* "run_id:" and 40 hexadecimal digits, which change when a server starts */

ngx_int_t
ngx_household_redis_conn_run_id(ngx_household_resp_value_t *v, ngx_str_t *id)
{
    u_char  *p, *last;

    static u_char  run_id[] = "run_id:";

    if (v->type != NGX_HOUSEHOLD_RESP_BULK) {
        return NGX_DECLINED;
    }

    last = v->str.data + v->str.len;

    p = ngx_strlcasestrn(v->str.data, last, run_id, sizeof(run_id) - 2);
    if (p == NULL) {
        return NGX_DECLINED;
    }

    id->data = p + sizeof(run_id) - 1;

    for (p = id->data; p < last && *p > ' '; p++) {
        /* void */
    }

    id->len = p - id->data;

    return id->len ? NGX_OK : NGX_DECLINED;
}

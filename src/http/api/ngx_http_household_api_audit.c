
/*
 * The audit log.  See ngx_http_household_api_audit.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_household_hmac.h"
#include "ngx_household_time.h"
#include "ngx_http_household_api_audit.h"
#include "ngx_http_household_api_call.h"


/* bytes of a line beside "who" and "what" */
#define NGX_HTTP_HOUSEHOLD_API_AUDIT_REST  512

/* bytes of the header of syslog, at most */
#define NGX_HTTP_HOUSEHOLD_API_AUDIT_HEAD                                     \
    (sizeof("<255>Jan 01 00:00:00 ") + NGX_MAXHOSTNAMELEN + 64)


struct ngx_http_household_api_record_s {
    ngx_http_household_api_call_t  *call;
    ngx_http_household_api_audit_t *audit;
    ngx_household_hmac_t           *hmac;
    ngx_log_t                      *log;
    ngx_str_t                       who;
    ngx_str_t                       what;
    u_char                         *buf;
};


static ngx_int_t ngx_http_household_api_audit_who(
    ngx_http_household_api_record_t *rec);
static ngx_int_t ngx_http_household_api_audit_what(
    ngx_http_household_api_record_t *rec);
static void ngx_http_household_api_audit_variable(
    ngx_http_household_api_json_t *json, ngx_http_request_t *r,
    const char *name, ngx_str_t *variable);
static ngx_int_t ngx_http_household_api_audit_text(ngx_pool_t *pool,
    ngx_http_household_api_json_t *json, ngx_str_t *text);
static void ngx_http_household_api_audit_end(void *data);
static const char *ngx_http_household_api_audit_result(
    ngx_http_household_api_call_t *call);
static u_char *ngx_http_household_api_audit_begin(
    ngx_http_household_api_record_t *rec);
static u_char *ngx_http_household_api_audit_id(
    ngx_http_household_api_record_t *rec, u_char *p, const char *name,
    ngx_str_t *account);
static void ngx_http_household_api_audit_write(
    ngx_http_household_api_record_t *rec, u_char *last);
static ngx_err_t ngx_http_household_api_audit_file(
    ngx_http_household_api_audit_t *audit, u_char *buf, u_char *last);
static ngx_err_t ngx_http_household_api_audit_syslog(ngx_syslog_peer_t *peer,
    u_char *text, size_t len);
static void ngx_http_household_api_audit_written(
    ngx_http_household_api_record_t *rec);
static void ngx_http_household_api_audit_failed(
    ngx_http_household_api_record_t *rec, ngx_err_t err);


ngx_int_t
ngx_http_household_api_audit_start(ngx_http_household_api_call_t *call)
{
    ngx_pool_t                       *pool;
    ngx_http_request_t               *r;
    ngx_pool_cleanup_t               *cln;
    ngx_http_household_loc_conf_t    *hlcf;
    ngx_http_household_main_conf_t   *hmcf;
    ngx_http_household_api_record_t  *rec;

    r = call->request;
    pool = r->pool;

    hlcf = ngx_http_get_module_loc_conf(r, ngx_http_household_module);
    hmcf = ngx_http_get_module_main_conf(r, ngx_http_household_module);

    if (hlcf->audit == NULL || (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_OK;
    }

    rec = ngx_pcalloc(pool, sizeof(ngx_http_household_api_record_t));
    if (rec == NULL) {
        return NGX_ERROR;
    }

    rec->call = call;
    rec->audit = hlcf->audit;
    rec->hmac = hmcf->hmac;
    rec->log = ngx_cycle->log;

    if (ngx_http_household_api_audit_who(rec) != NGX_OK
        || ngx_http_household_api_audit_what(rec) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rec->buf = ngx_pnalloc(pool, rec->who.len + rec->what.len
                                 + NGX_HTTP_HOUSEHOLD_API_AUDIT_REST);
    cln = ngx_pool_cleanup_add(pool, 0);

    if (rec->buf == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    /* the pool is destroyed after the status has become known */

    cln->handler = ngx_http_household_api_audit_end;
    cln->data = rec;

    call->record = rec;

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_api_audit_who(ngx_http_household_api_record_t *rec)
{
    ngx_http_request_t             *r;
    ngx_http_household_api_json_t   json;

    static ngx_str_t  user = ngx_string("remote_user");
    static ngx_str_t  subject = ngx_string("ssl_client_s_dn");
    static ngx_str_t  request = ngx_string("request_id");

    r = rec->call->request;

    ngx_http_household_api_json_init(&json, r->pool);
    ngx_http_household_api_json_str(&json, "client",
                                    &r->connection->addr_text);
    ngx_http_household_api_audit_variable(&json, r, "user", &user);
    ngx_http_household_api_audit_variable(&json, r, "certificate", &subject);
    ngx_http_household_api_audit_variable(&json, r, "request", &request);

    return ngx_http_household_api_audit_text(r->pool, &json, &rec->who);
}


static ngx_int_t
ngx_http_household_api_audit_what(ngx_http_household_api_record_t *rec)
{
    ngx_http_request_t             *r;
    ngx_http_household_api_path_t  *path;
    ngx_http_household_api_json_t   json;

    r = rec->call->request;
    path = &rec->call->path;

    ngx_http_household_api_json_init(&json, r->pool);
    ngx_http_household_api_json_str(&json, "method", &r->method_name);
    ngx_http_household_api_json_text(&json, "call",
                              ngx_http_household_api_path_name(path->resource));

    if (path->item.len) {
        ngx_http_household_api_json_str(&json, "item", &path->item);
    }

    return ngx_http_household_api_audit_text(r->pool, &json, &rec->what);
}


/* null if the variable has no value */

static void
ngx_http_household_api_audit_variable(ngx_http_household_api_json_t *json,
    ngx_http_request_t *r, const char *name, ngx_str_t *variable)
{
    ngx_str_t                   value;
    ngx_http_variable_value_t  *vv;

    vv = ngx_http_get_variable(r, variable,
                               ngx_hash_key(variable->data, variable->len));

    if (vv == NULL || vv->not_found || vv->len == 0) {
        ngx_http_household_api_json_null(json, name);
        return;
    }

    value.data = vv->data;
    value.len = vv->len;

    ngx_http_household_api_json_str(json, name, &value);
}


/* the members as one string */

static ngx_int_t
ngx_http_household_api_audit_text(ngx_pool_t *pool,
    ngx_http_household_api_json_t *json, ngx_str_t *text)
{
    u_char       *p;
    ngx_chain_t  *cl;

    if (json->failed) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(pool, (size_t) json->size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;
    text->len = (size_t) json->size;

    for (cl = json->out; cl; cl = cl->next) {
        p = ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    return NGX_OK;
}


static void
ngx_http_household_api_audit_end(void *data)
{
    ngx_http_household_api_record_t *rec = data;

    u_char                         *p;
    ngx_http_household_api_call_t  *call;

    call = rec->call;

    p = ngx_http_household_api_audit_begin(rec);
    p = ngx_cpymem(p, rec->what.data, rec->what.len);

    if (call->path.account.len) {
        p = ngx_http_household_api_audit_id(rec, p, "account",
                                            &call->path.account);
    }

    if (call->other != NULL) {
        p = ngx_http_household_api_audit_id(rec, p, "to", call->other);
    }

    p = ngx_sprintf(p, ",\"status\":%ui,\"result\":\"%s\"}\n",
                    call->request->headers_out.status,
                    ngx_http_household_api_audit_result(call));

    ngx_http_household_api_audit_write(rec, p);
}


static const char *
ngx_http_household_api_audit_result(ngx_http_household_api_call_t *call)
{
    ngx_uint_t  status;

    status = call->request->headers_out.status;

    if (status == NGX_HTTP_CLIENT_CLOSED_REQUEST || status == 0) {
        /* a write that was sent may have been made */
        return "aborted";
    }

    if (call->code != NULL) {
        return call->code;
    }

    if (call->import != NULL
        && status >= NGX_HTTP_BAD_REQUEST
        && status < NGX_HTTP_INTERNAL_SERVER_ERROR)
    {
        /* the end of the body did not come */
        return "aborted";
    }

    return status < NGX_HTTP_SPECIAL_RESPONSE ? "ok" : "error";
}


void
ngx_http_household_api_audit_account(ngx_http_household_api_call_t *call,
    ngx_str_t *account, ngx_uint_t line, const char *result)
{
    u_char                           *p;
    ngx_http_household_api_record_t  *rec;

    rec = call->record;

    if (rec == NULL) {
        return;
    }

    p = ngx_http_household_api_audit_begin(rec);
    p = ngx_cpymem(p, rec->what.data, rec->what.len);
    p = ngx_http_household_api_audit_id(rec, p, "account", account);
    p = ngx_sprintf(p, ",\"line\":%ui,\"result\":\"%s\"}\n", line, result);

    ngx_http_household_api_audit_write(rec, p);
}


static u_char *
ngx_http_household_api_audit_begin(ngx_http_household_api_record_t *rec)
{
    u_char  *p;

    p = rec->buf;

    *p++ = LF;
    p = ngx_cpymem(p, "{\"time\":\"", sizeof("{\"time\":\"") - 1);
    p = ngx_household_time_format(p, ngx_time());
    p = ngx_cpymem(p, "\",", sizeof("\",") - 1);
    p = ngx_cpymem(p, rec->who.data, rec->who.len);
    *p++ = ',';

    return p;
}


static u_char *
ngx_http_household_api_audit_id(ngx_http_household_api_record_t *rec,
    u_char *p, const char *name, ngx_str_t *account)
{
    u_char  id[NGX_HOUSEHOLD_HMAC_ID_LEN];

    if (ngx_household_hmac_id(rec->hmac, account, id) != NGX_OK) {
        return ngx_sprintf(p, ",\"%s\":null", name);
    }

    return ngx_sprintf(p, ",\"%s\":\"%*s\"", name, sizeof(id), id);
}


static void
ngx_http_household_api_audit_write(ngx_http_household_api_record_t *rec,
    u_char *last)
{
    ngx_err_t                        err;
    ngx_http_household_api_audit_t  *audit;

    audit = rec->audit;

    if (audit->syslog != NULL) {
        /* without the line feeds */
        err = ngx_http_household_api_audit_syslog(audit->syslog, rec->buf + 1,
                                                  last - 1 - (rec->buf + 1));

    } else {
        err = ngx_http_household_api_audit_file(audit, rec->buf, last);
    }

    if (err) {
        ngx_http_household_api_audit_failed(rec, err);

    } else {
        ngx_http_household_api_audit_written(rec);
    }
}


/*
 * "buf" begins with a line feed, which ends the part of a line that a full disk
 * has left, whichever process wrote it.  Returns 0, or why the line is lost.
 */

static ngx_err_t
ngx_http_household_api_audit_file(ngx_http_household_api_audit_t *audit,
    u_char *buf, u_char *last)
{
    u_char           *p;
    size_t            len;
    ssize_t           n, torn;
    ngx_err_t         err;
    ngx_file_info_t   fi;

    torn = ngx_atomic_cmp_set(audit->torn, 1, 0);

    if (torn
        && ngx_fd_info(audit->file->fd, &fi) != NGX_FILE_ERROR
        && ngx_file_size(&fi) == 0)
    {
        /* the part is in a file that was rotated */
        torn = 0;
    }

    p = torn ? buf : buf + 1;
    len = last - p;

    n = ngx_write_fd(audit->file->fd, p, len);

    if (n == (ssize_t) len) {
        return 0;
    }

    err = n == -1 ? ngx_errno : NGX_ENOSPC;

    if (n > torn || (n <= 0 && torn)) {
        *audit->torn = 1;
    }

    return err;
}


/*
 * One datagram.  If the daemon was restarted, nginx notices when it sends, and
 * has another socket for the second attempt.  Returns 0, or an error.
 */

static ngx_err_t
ngx_http_household_api_audit_syslog(ngx_syslog_peer_t *peer, u_char *text,
    size_t len)
{
    u_char      *p, *buf;
    size_t       size;
    ssize_t      n;
    ngx_err_t    err;
    ngx_uint_t   again;

    buf = ngx_alloc(NGX_HTTP_HOUSEHOLD_API_AUDIT_HEAD + len, ngx_cycle->log);
    if (buf == NULL) {
        return NGX_ENOMEM;
    }

    p = ngx_syslog_add_header(peer, buf);
    p = ngx_cpymem(p, text, len);
    size = p - buf;

    again = (peer->conn.fd != (ngx_socket_t) -1);

    n = ngx_syslog_send(peer, buf, size);

    if (n == NGX_ERROR && again) {
        n = ngx_syslog_send(peer, buf, size);
    }

    err = ngx_socket_errno;

    ngx_free(buf);

    if (n == (ssize_t) size) {
        return 0;
    }

    return err ? err : NGX_EAGAIN;
}


static void
ngx_http_household_api_audit_written(ngx_http_household_api_record_t *rec)
{
    ngx_http_household_api_audit_t  *audit;

    audit = rec->audit;

    if (audit->lost == 0
        || ngx_current_msec - audit->failed.last
           < NGX_HOUSEHOLD_LOG_LIMIT_INTERVAL)
    {
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, rec->log, 0,
                  "household api audit \"%V\": written again, %ui lines lost",
                  &audit->name, audit->lost);

    audit->lost = 0;
}


static void
ngx_http_household_api_audit_failed(ngx_http_household_api_record_t *rec,
    ngx_err_t err)
{
    ngx_uint_t                       n;
    ngx_http_household_api_audit_t  *audit;

    audit = rec->audit;
    audit->lost++;

    n = ngx_household_log_limit(&audit->failed, 1);

    if (n) {
        ngx_log_error(NGX_LOG_ALERT, rec->log, err,
                      "household api audit \"%V\": write failed, %ui "
                      "suppressed", &audit->name, n - 1);
    }
}


/*
 * POST /1/import: reads the body as it comes.
 *
 * Memory is bounded: what Redis has not yet replied to is limited, and the
 * body is not read meanwhile, so that the client waits.  Invalid lines wait for
 * nothing: other requests are handled in between.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_import.h"
#include "ngx_http_household_api_import_case.h"
#include "ngx_http_household_api_write.h"


static ngx_int_t ngx_http_household_api_import_create(
    ngx_http_household_api_call_t *call);
static void ngx_http_household_api_import_cleanup(void *data);
static void ngx_http_household_api_import_body(ngx_http_request_t *r);
static void ngx_http_household_api_import_event(ngx_http_request_t *r);
static ngx_int_t ngx_http_household_api_import_copy(
    ngx_http_household_api_import_t *import);
static ngx_int_t ngx_http_household_api_import_run(
    ngx_http_household_api_call_t *call);
static ngx_int_t ngx_http_household_api_import_read(
    ngx_http_household_api_import_t *import);
static ngx_int_t ngx_http_household_api_import_consume(
    ngx_http_household_api_import_t *import);
static ngx_uint_t ngx_http_household_api_import_pause(
    ngx_http_household_api_import_t *import);
static ngx_int_t ngx_http_household_api_import_file(
    ngx_http_household_api_import_t *import, ngx_buf_t *b);
static ngx_int_t ngx_http_household_api_import_answer(
    ngx_http_household_api_import_t *import);
static void ngx_http_household_api_import_more(
    ngx_http_household_api_call_t *call, ngx_http_household_api_json_t *json);


ngx_int_t
ngx_http_household_api_import(ngx_http_household_api_call_t *call)
{
    ngx_int_t                        rc;
    ngx_str_t                        value;
    ngx_uint_t                       dry_run;
    ngx_http_request_t              *r;
    ngx_http_household_api_fault_t   fault;

    r = call->request;
    dry_run = 0;

    if (ngx_http_household_api_write_check(call,
                                           NGX_HTTP_HOUSEHOLD_API_TYPE_LINES,
                                           &fault)
        != NGX_OK)
    {
        return ngx_http_household_api_problem(r, fault.status, fault.code,
                                              fault.detail, fault.pointer);
    }

    if (ngx_http_arg(r, (u_char *) "dry_run", 7, &value) == NGX_OK) {

        if (value.len != 1 || (value.data[0] != '0' && value.data[0] != '1')) {
            return ngx_http_household_api_problem(r, NGX_HTTP_BAD_REQUEST,
                                                  "invalid_query", "\"dry_run\""
                                                  " is not 0 or 1", NULL);
        }

        dry_run = value.data[0] - '0';
    }

    if (ngx_http_household_api_import_create(call) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call->import->dry_run = dry_run;

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r,
                                          ngx_http_household_api_import_body);

    return (rc >= NGX_HTTP_SPECIAL_RESPONSE) ? rc : NGX_DONE;
}


static ngx_int_t
ngx_http_household_api_import_create(ngx_http_household_api_call_t *call)
{
    ngx_pool_t                       *pool;
    ngx_http_cleanup_t               *cln;
    ngx_http_household_api_import_t  *import;

    pool = call->request->pool;

    import = ngx_pcalloc(pool, sizeof(ngx_http_household_api_import_t));
    cln = ngx_http_cleanup_add(call->request, 0);

    if (import == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    import->call = call;
    import->builder = ngx_palloc(pool, sizeof(ngx_household_record_builder_t));
    import->text = ngx_pnalloc(pool, NGX_HTTP_HOUSEHOLD_API_LINE);

    if (import->builder == NULL || import->text == NULL
        || ngx_array_init(&import->errors, pool, 4,
                          sizeof(ngx_http_household_api_import_error_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_household_api_import_cleanup;
    cln->data = import;

    call->import = import;

    return ngx_http_household_api_call_start(call,
                                            ngx_http_household_api_import_run);
}


static void
ngx_http_household_api_import_cleanup(void *data)
{
    ngx_http_household_api_job_cancel(data);
}


/* the handler of the body */

static void
ngx_http_household_api_import_body(ngx_http_request_t *r)
{
    ngx_http_household_api_import_t  *import;

    import = ngx_http_household_api_call_find(r)->import;

    if (!r->request_body_no_buffering
        && ngx_http_household_api_import_copy(import) != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    r->read_event_handler = ngx_http_household_api_import_event;

    ngx_http_household_api_import_event(r);
}


/*
 * Another module has read the body, e.g. for "mirror", and may need it still;
 * or there is none.
 */

static ngx_int_t
ngx_http_household_api_import_copy(ngx_http_household_api_import_t *import)
{
    ngx_buf_t            *b;
    ngx_chain_t          *cl, *copy, **last;
    ngx_http_request_t   *r;

    r = import->call->request;

    import->whole = 1;
    last = &import->in;

    cl = (r->request_body != NULL) ? r->request_body->bufs : NULL;

    for ( /* void */ ; cl; cl = cl->next) {

        copy = ngx_alloc_chain_link(r->pool);
        b = ngx_alloc_buf(r->pool);

        if (copy == NULL || b == NULL) {
            return NGX_ERROR;
        }

        *b = *cl->buf;

        copy->buf = b;
        copy->next = NULL;

        *last = copy;
        last = &copy->next;
    }

    return NGX_OK;
}


static void
ngx_http_household_api_import_event(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_household_api_import_run(
                                       ngx_http_household_api_call_find(r));

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }
}


/* returns NGX_DONE if it waits for the client, or for Redis */

static ngx_int_t
ngx_http_household_api_import_run(ngx_http_household_api_call_t *call)
{
    ngx_int_t                         rc;
    ngx_http_household_api_import_t  *import;

    import = call->import;
    import->turn = 0;

    ngx_http_household_api_job_retry(import);

    rc = ngx_http_household_api_import_read(import);

    if (rc == NGX_AGAIN || (rc == NGX_OK && import->sent)) {
        return NGX_DONE;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    call->request->read_event_handler = ngx_http_block_reading;

    return ngx_http_household_api_import_answer(import);
}


/* returns NGX_OK at the end of the body, NGX_AGAIN, or a status */

static ngx_int_t
ngx_http_household_api_import_read(ngx_http_household_api_import_t *import)
{
    ngx_int_t            rc;
    ngx_event_t         *rev;
    ngx_http_request_t  *r;

    r = import->call->request;
    rev = r->connection->read;

    for ( ;; ) {

        rc = ngx_http_household_api_import_consume(import);

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (import->stopped) {
            return NGX_OK;
        }

        if (rc == NGX_AGAIN || import->queued != NULL) {

            /* the client is waited for only if something is read of it */

            if (rev->timer_set) {
                ngx_del_timer(rev);
            }

            return NGX_AGAIN;
        }

        if (import->whole || !r->reading_body) {

            if (import->len || import->long_line) {

                if (!ngx_http_household_api_job_room(import)) {
                    return NGX_AGAIN;
                }

                ngx_http_household_api_job_start(import);
                continue;
            }

            return NGX_OK;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            return rc;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            return NGX_AGAIN;
        }
    }
}


/* returns NGX_OK, NGX_AGAIN if something is left, or NGX_ERROR */

static ngx_int_t
ngx_http_household_api_import_consume(ngx_http_household_api_import_t *import)
{
    u_char              *p;
    size_t               n;
    ngx_buf_t           *b;
    ngx_chain_t         *cl, **in;
    ngx_http_request_t  *r;

    r = import->call->request;
    in = import->whole ? &import->in : &r->request_body->bufs;

    while (*in != NULL) {

        b = (*in)->buf;

        while (b->pos < b->last) {

            if (!ngx_http_household_api_job_room(import)
                || ngx_http_household_api_import_pause(import))
            {
                return NGX_AGAIN;
            }

            p = memchr(b->pos, '\n', b->last - b->pos);
            n = (p != NULL ? p : b->last) - b->pos;

            if (n > NGX_HTTP_HOUSEHOLD_API_LINE - import->len) {
                import->long_line = 1;

            } else {
                ngx_memcpy(import->text + import->len, b->pos, n);
                import->len += n;
            }

            b->pos += n;
            import->turn += n;

            if (p != NULL) {
                b->pos++;
                import->turn += NGX_HTTP_HOUSEHOLD_API_IMPORT_LINE;
                ngx_http_household_api_job_start(import);
            }
        }

        if (b->in_file && b->file_pos < b->file_last) {

            if (ngx_http_household_api_import_file(import, b) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        cl = *in;
        *in = cl->next;
        ngx_free_chain(r->pool, cl);
    }

    return NGX_OK;
}


/* returns 1 if the rest is left to the next iteration of the event loop */

static ngx_uint_t
ngx_http_household_api_import_pause(ngx_http_household_api_import_t *import)
{
    if (import->turn < NGX_HTTP_HOUSEHOLD_API_IMPORT_TURN) {
        return 0;
    }

    ngx_post_event(&import->call->event, &ngx_posted_next_events);

    return 1;
}


/* sets "b", which is of a file, to its next part */

static ngx_int_t
ngx_http_household_api_import_file(ngx_http_household_api_import_t *import,
    ngx_buf_t *b)
{
    size_t  size;

    if (import->buf == NULL) {
        import->buf = ngx_pnalloc(import->call->request->pool,
                                  NGX_HTTP_HOUSEHOLD_API_LINE);
        if (import->buf == NULL) {
            return NGX_ERROR;
        }
    }

    size = (size_t) ngx_min(b->file_last - b->file_pos,
                            NGX_HTTP_HOUSEHOLD_API_LINE);

    if (ngx_read_file(b->file, import->buf, size, b->file_pos)
        != (ssize_t) size)
    {
        return NGX_ERROR;
    }

    b->pos = import->buf;
    b->last = import->buf + size;
    b->file_pos += size;

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_api_import_answer(ngx_http_household_api_import_t *import)
{
    ngx_http_request_t             *r;
    ngx_http_household_api_json_t   json;

    r = import->call->request;

    if (import->stopped) {
        import->call->more = ngx_http_household_api_import_more;
        return ngx_http_household_api_failed(import->call);
    }

    ngx_http_household_api_json_init(&json, r->pool);
    ngx_http_household_api_json_object(&json, NULL);
    ngx_http_household_api_import_more(import->call, &json);
    ngx_http_household_api_json_object_end(&json);
    ngx_http_household_api_json_line(&json);

    return ngx_http_household_api_send(r, NGX_HTTP_OK, &json);
}


/* the numbers, of an answer or of a problem */

static void
ngx_http_household_api_import_more(ngx_http_household_api_call_t *call,
    ngx_http_household_api_json_t *json)
{
    ngx_uint_t                              i;
    ngx_http_household_api_import_t        *import;
    ngx_http_household_api_import_error_t  *error;

    import = call->import;

    ngx_http_household_api_json_bool(json, "dry_run", import->dry_run);
    ngx_http_household_api_json_number(json, "lines", import->number);
    ngx_http_household_api_json_number(json, "done", import->done);
    ngx_http_household_api_json_number(json, "written", import->written);
    ngx_http_household_api_json_number(json, "unchanged", import->unchanged);
    ngx_http_household_api_json_number(json, "invalid", import->invalid);
    ngx_http_household_api_json_number(json, "errors_omitted",
                                       import->invalid
                                       - import->errors.nelts);
    ngx_http_household_api_json_array(json, "errors");

    error = import->errors.elts;

    for (i = 0; i < import->errors.nelts; i++) {

        ngx_http_household_api_json_object(json, NULL);
        ngx_http_household_api_json_number(json, "line", error[i].line);
        ngx_http_household_api_json_text(json, "code", error[i].fault.code);
        ngx_http_household_api_json_text(json, "detail",
                                         error[i].fault.detail);

        if (error[i].fault.pointer != NULL) {
            ngx_http_household_api_json_text(json, "pointer",
                                             error[i].fault.pointer);
        }

        ngx_http_household_api_json_object_end(json);
    }

    ngx_http_household_api_json_array_end(json);
}

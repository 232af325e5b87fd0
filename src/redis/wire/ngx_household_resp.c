
/*
 * The decoder of the Redis protocol, RESP2.  It uses the reader of hiredis with
 * its own object functions.
 *
 * The reader needs all bytes of a bulk string at once.  Of a longer one than
 * limits.max_bulk, it gets only those that were received together with the
 * header, in which the length is replaced.  The others are discarded.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_compiler.h"
#include "ngx_household_resp_private.h"


/*
 * The limit of hiredis 0.14.  Later versions support deeper arrays, but replies
 * are to be decoded the same way with all versions.
 */
#define NGX_HOUSEHOLD_RESP_MAX_DEPTH  8

/* hiredis 0.14 stores some lengths as int */
#define NGX_HOUSEHOLD_RESP_MAX_SIZE   (1024 * 1024 * 1024)

/* the longest bulk string: the default "proto-max-bulk-len" of Redis */
#define NGX_HOUSEHOLD_RESP_MAX_BULK   (512 * 1024 * 1024)

/* maximum size of the buffer of the reader that is kept after a reply */
#define NGX_HOUSEHOLD_RESP_KEEP_BUF   16384


static redisReader *ngx_household_resp_create_reader(
    ngx_household_resp_t *resp);
static void ngx_household_resp_reset(ngx_household_resp_t *resp);
static ngx_int_t ngx_household_resp_fail(ngx_household_resp_t *resp,
    const char *error);
static ngx_int_t ngx_household_resp_fail_reader(ngx_household_resp_t *resp);
static ngx_int_t ngx_household_resp_append(ngx_household_resp_t *resp,
    u_char *data, size_t len);
static ngx_household_noinline ngx_int_t ngx_household_resp_partial(
    ngx_household_resp_t *resp);
static ngx_uint_t ngx_household_resp_bulk_header(ngx_household_resp_t *resp);
static void ngx_household_resp_shorten(ngx_household_resp_t *resp, size_t size,
    size_t digits);


ngx_household_resp_t *
ngx_household_resp_create(const ngx_household_resp_limits_t *limits)
{
    ngx_household_resp_t  *resp;

    resp = calloc(1, sizeof(ngx_household_resp_t));
    if (resp == NULL) {
        return NULL;
    }

    resp->limits = *limits;

    resp->limits.max_depth = ngx_min(limits->max_depth,
                                     NGX_HOUSEHOLD_RESP_MAX_DEPTH);
    resp->limits.max_pending = ngx_min(limits->max_pending,
                                       NGX_HOUSEHOLD_RESP_MAX_SIZE);

    resp->values.max_values = ngx_max(limits->max_values, 1);
    resp->values.max_bytes = limits->max_bytes;
    resp->values.max_str = limits->max_bulk ? limits->max_bulk
                                            : NGX_HOUSEHOLD_RESP_MAX_SIZE;

    ngx_household_resp_values_reset(&resp->values);

    resp->reader = ngx_household_resp_create_reader(resp);
    if (resp->reader == NULL) {
        free(resp);
        return NULL;
    }

    return resp;
}


void
ngx_household_resp_destroy(ngx_household_resp_t *resp)
{
    if (resp == NULL) {
        return;
    }

    redisReaderFree(resp->reader);
    ngx_household_resp_values_free(&resp->values);
    free(resp);
}


static redisReader *
ngx_household_resp_create_reader(ngx_household_resp_t *resp)
{
    redisReader  *reader;

    reader = redisReaderCreateWithFunctions(&ngx_household_resp_functions);
    if (reader == NULL) {
        return NULL;
    }

    reader->privdata = resp;

    /* hiredis 0.14 may abort when it shrinks its buffer; see .._reset() */
    reader->maxbuf = 0;

    return reader;
}


ngx_int_t
ngx_household_resp_feed(ngx_household_resp_t *resp, u_char *data, size_t len)
{
    size_t  n;

    if (resp->error != NULL) {
        return NGX_ERROR;
    }

    ngx_household_resp_reset(resp);

    if (resp->skip) {

        n = ngx_min(resp->pass, len);

        if (ngx_household_resp_append(resp, data, n) != NGX_OK) {
            return NGX_ERROR;
        }

        resp->pass -= n;
        data += n;
        len -= n;

        n = ngx_min(resp->skip, len);

        resp->skip -= n;
        data += n;
        len -= n;
    }

    return ngx_household_resp_append(resp, data, len);
}


static ngx_int_t
ngx_household_resp_append(ngx_household_resp_t *resp, u_char *data, size_t len)
{
    size_t        pending;
    redisReader  *reader;

    reader = resp->reader;
    pending = reader->len - reader->pos;

    if (pending + len < len || pending + len > resp->limits.max_pending) {
        return ngx_household_resp_fail(resp, "too many bytes not yet parsed");
    }

    if (redisReaderFeed(reader, (char *) data, len) != REDIS_OK) {
        return ngx_household_resp_fail_reader(resp);
    }

    resp->peak = ngx_max(resp->peak, reader->len);
    resp->fed_end = data + len;
    resp->nfed = len;

    return NGX_OK;
}


ngx_int_t
ngx_household_resp_next(ngx_household_resp_t *resp,
    ngx_household_resp_reply_t *reply)
{
    void         *obj;
    redisReader  *reader;

    if (resp->error != NULL) {
        return NGX_ERROR;
    }

    ngx_household_resp_reset(resp);

    reader = resp->reader;

    if (reader->pos == reader->len && reader->ridx == -1) {
        return NGX_AGAIN;
    }

    if (redisReaderGetReply(reader, &obj) != REDIS_OK) {
        return ngx_household_resp_fail_reader(resp);
    }

    if (obj == NULL) {
        return ngx_household_resp_partial(resp);
    }

    reply->values = resp->values.first;
    reply->nvalues = resp->values.next - resp->values.first;
    reply->too_large = resp->values.too_large;

    resp->given = 1;

    return NGX_OK;
}


ngx_uint_t
ngx_household_resp_pending(ngx_household_resp_t *resp)
{
    redisReader  *reader;

    reader = resp->reader;

    if (reader->len > reader->pos || reader->ridx > 0) {
        return 1;
    }

    /* the first byte of a reply may have been consumed already */

    return reader->ridx == 0 && ngx_household_resp_task(reader)->type != -1;
}


const char *
ngx_household_resp_library(void)
{
    return ngx_value(HIREDIS_MAJOR) "." ngx_value(HIREDIS_MINOR) "."
           ngx_value(HIREDIS_PATCH);
}


const char *
ngx_household_resp_error(ngx_household_resp_t *resp)
{
    return (resp->error == NULL) ? "" : resp->error;
}


/* drops the reply that was returned, and frees large buffers */

static void
ngx_household_resp_reset(ngx_household_resp_t *resp)
{
    redisReader  *reader;

    if (!resp->given) {
        return;
    }

    resp->given = 0;

    ngx_household_resp_values_reset(&resp->values);

    if (resp->peak > NGX_HOUSEHOLD_RESP_KEEP_BUF
        && !ngx_household_resp_pending(resp))
    {
        reader = ngx_household_resp_create_reader(resp);

        if (reader != NULL) {
            redisReaderFree(resp->reader);
            resp->reader = reader;
            resp->peak = 0;
        }
    }
}


static ngx_int_t
ngx_household_resp_fail(ngx_household_resp_t *resp, const char *error)
{
    resp->error = error;

    return NGX_ERROR;
}


static ngx_int_t
ngx_household_resp_fail_reader(ngx_household_resp_t *resp)
{
    if (resp->error == NULL) {
        resp->error = resp->reader->errstr;
        resp->reader->errstr[0] = ngx_tolower(resp->reader->errstr[0]);
    }

    return NGX_ERROR;
}


/*
 * Keeps what there is of an incomplete reply.  Checks it, so that one which
 * exceeds a limit is rejected before all its data are received.
 */

static ngx_household_noinline ngx_int_t
ngx_household_resp_partial(ngx_household_resp_t *resp)
{
    size_t          len;
    redisReader    *reader;
    redisReadTask  *task;

    reader = resp->reader;

    if (reader->ridx == -1) {
        return NGX_AGAIN;
    }

    if (ngx_household_resp_values_keep(&resp->values) != NGX_OK) {
        return ngx_household_resp_fail(resp, ngx_household_resp_no_memory);
    }

    task = ngx_household_resp_task(reader);

    if (task->type == -1) {
        return NGX_AGAIN;
    }

    if (ngx_household_resp_type(task) == 0) {
        return ngx_household_resp_fail(resp, ngx_household_resp_resp3);
    }

    if (task->type == REDIS_REPLY_STRING
        && ngx_household_resp_bulk_header(resp))
    {
        return (resp->error == NULL) ? NGX_AGAIN : NGX_ERROR;
    }

    len = reader->len - reader->pos;

    /* the line may be complete except for LF */

    if (len > NGX_HOUSEHOLD_RESP_MAX_LINE + 1) {
        return ngx_household_resp_fail(resp, ngx_household_resp_long_line);
    }

    return NGX_AGAIN;
}


/*
 * Checks the length in the header of a bulk string.  Returns 1 if the header is
 * complete, or the length is over the limit, which sets resp->error; or 0 if
 * more bytes of the header are needed.
 */

static ngx_uint_t
ngx_household_resp_bulk_header(ngx_household_resp_t *resp)
{
    char         *p;
    size_t        i, len, size, max, longest;
    redisReader  *reader;

    reader = resp->reader;
    p = reader->buf + reader->pos;
    len = reader->len - reader->pos;

    size = 0;
    max = resp->limits.max_pending;
    longest = resp->limits.max_bulk ? NGX_HOUSEHOLD_RESP_MAX_BULK : max;

    for (i = 0; i < len && p[i] >= '0' && p[i] <= '9' && size <= longest; i++) {
        size = size * 10 + (p[i] - '0');
    }

    if (size > longest) {
        (void) ngx_household_resp_fail(resp, ngx_household_resp_long_bulk);
        return 1;
    }

    if (resp->limits.max_bulk && size > resp->limits.max_bulk) {

        if (i + 1 >= len || p[i] != CR || p[i + 1] != LF) {
            return 0;
        }

        ngx_household_resp_shorten(resp, size, i);

        return 1;
    }

    /* the length and two CRLFs are pending along with the string */

    if (i + 2 + size + 2 > max) {
        (void) ngx_household_resp_fail(resp, ngx_household_resp_long_bulk);
        return 1;
    }

    return i + 1 < len && p[i] == CR && p[i + 1] == LF;
}


/*
 * Replaces the length of an incomplete bulk string that is too long by a
 * shorter one, which is still over the limit, and at least the number of bytes
 * that the reader already has.
 */

static void
ngx_household_resp_shorten(ngx_household_resp_t *resp, size_t size,
    size_t digits)
{
    char          header[NGX_SIZE_T_LEN + 1];
    size_t        n, len, kept;
    redisReader  *reader;

    reader = resp->reader;
    len = reader->len - reader->pos - digits - (sizeof(CRLF) - 1);
    kept = ngx_max(len, resp->limits.max_bulk + 1);

    if (kept >= size) {
        return;
    }

    resp->pass = kept - len;
    resp->skip = size - kept;

    n = snprintf(header, sizeof(header), "%zu", kept);

    reader->pos += digits - n;
    ngx_memcpy(reader->buf + reader->pos, header, n);
}

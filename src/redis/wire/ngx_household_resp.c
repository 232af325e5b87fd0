
/*
 * The decoder of the Redis protocol, RESP2.  It uses the reader of hiredis with
 * its own object functions, which store the values of a reply in an array.
 *
 * The reader does not check that a bulk string is followed by CRLF, and does
 * not limit the length of bulk strings and lines and the number of elements.
 * This is done here.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <hiredis/hiredis.h>
#include "ngx_household_resp.h"
#include "ngx_household_resp_cut.h"


/*
 * The limit of hiredis 0.14.  Later versions support deeper arrays, but replies
 * are to be decoded the same way with all versions.
 */
#define NGX_HOUSEHOLD_RESP_MAX_DEPTH  8

/* of a status, an error or an integer; servers send shorter ones */
#define NGX_HOUSEHOLD_RESP_MAX_LINE   4096

/* hiredis 0.14 stores some lengths as int */
#define NGX_HOUSEHOLD_RESP_MAX_SIZE   (1024 * 1024 * 1024)

/* minimum size of a buffer; maximum size that is kept after a reply */
#define NGX_HOUSEHOLD_RESP_MIN_BUF    512
#define NGX_HOUSEHOLD_RESP_KEEP_BUF   16384


#if (HIREDIS_MAJOR >= 1)
#define ngx_household_resp_task(r)    ((r)->task[(r)->ridx])
typedef size_t  ngx_household_resp_elements_t;
#else
#define ngx_household_resp_task(r)    (&(r)->rstack[(r)->ridx])
typedef int  ngx_household_resp_elements_t;
#endif


typedef struct {
    void                        *data;
    size_t                       len;   /* in bytes */
    size_t                       size;
} ngx_household_resp_buf_t;


struct ngx_household_resp_s {
    redisReader                 *reader;
    ngx_household_resp_limits_t  limits;
    ngx_household_resp_cut_t     cut;

    /* the reply being read, or the last one returned */
    ngx_household_resp_buf_t     values;
    ngx_household_resp_buf_t     bytes;
    ngx_uint_t                   nvalues;

    size_t                       peak;  /* maximum of reader->len */
    const char                  *error;

    unsigned                     too_large:1;
    unsigned                     given:1;  /* the reply was returned */
};


static redisReader *ngx_household_resp_create_reader(
    ngx_household_resp_t *resp);
static void ngx_household_resp_reset(ngx_household_resp_t *resp);
static ngx_int_t ngx_household_resp_fail(ngx_household_resp_t *resp,
    const char *error);
static ngx_int_t ngx_household_resp_fail_reader(ngx_household_resp_t *resp);
static ngx_int_t ngx_household_resp_partial(ngx_household_resp_t *resp);
static ngx_uint_t ngx_household_resp_bulk_header(ngx_household_resp_t *resp,
    char *p, size_t len);

static void *ngx_household_resp_create_string(const redisReadTask *task,
    char *str, size_t len);
static void *ngx_household_resp_create_array(const redisReadTask *task,
    ngx_household_resp_elements_t elements);
static void *ngx_household_resp_create_integer(const redisReadTask *task,
    long long integer);
static void *ngx_household_resp_create_nil(const redisReadTask *task);
#if (HIREDIS_MAJOR >= 1)
static void *ngx_household_resp_create_double(const redisReadTask *task,
    double value, char *str, size_t len);
static void *ngx_household_resp_create_bool(const redisReadTask *task,
    int value);
#endif
static void *ngx_household_resp_refuse(const redisReadTask *task,
    const char *error);

static ngx_household_resp_type_e ngx_household_resp_type(
    const redisReadTask *task);
static void *ngx_household_resp_add(const redisReadTask *task,
    ngx_household_resp_type_e type, int64_t n, char *str, size_t len);
static ngx_inline ngx_int_t ngx_household_resp_reserve(
    ngx_household_resp_buf_t *buf, size_t len);
static ngx_int_t ngx_household_resp_grow(ngx_household_resp_buf_t *buf,
    size_t len);
static void ngx_household_resp_trim(ngx_household_resp_buf_t *buf);


/* objects are in memory of the decoder, so there is no freeObject */

static redisReplyObjectFunctions  ngx_household_resp_functions = {
    .createString = ngx_household_resp_create_string,
    .createArray = ngx_household_resp_create_array,
    .createInteger = ngx_household_resp_create_integer,
    .createNil = ngx_household_resp_create_nil,
#if (HIREDIS_MAJOR >= 1)
    .createDouble = ngx_household_resp_create_double,
    .createBool = ngx_household_resp_create_bool,
#endif
    .freeObject = NULL
};


static const char  ngx_household_resp_resp3[] = "reply of a resp3 type";
static const char  ngx_household_resp_long_line[] = "line too long";
static const char  ngx_household_resp_long_bulk[] = "bulk string too long";


ngx_household_resp_t *
ngx_household_resp_create(const ngx_household_resp_limits_t *limits)
{
    ngx_household_resp_t  *resp;

    resp = calloc(1, sizeof(ngx_household_resp_t));
    if (resp == NULL) {
        return NULL;
    }

    resp->limits = *limits;

    /* the first value is always kept */
    resp->limits.max_values = ngx_max(limits->max_values, 1);

    resp->limits.max_depth = ngx_min(limits->max_depth,
                                     NGX_HOUSEHOLD_RESP_MAX_DEPTH);
    resp->limits.max_pending = ngx_min(limits->max_pending,
                                       NGX_HOUSEHOLD_RESP_MAX_SIZE);

    resp->cut.max = limits->max_bulk;

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
    free(resp->values.data);
    free(resp->bytes.data);
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
    size_t        pending;
    ngx_str_t     in, out;
    redisReader  *reader;

    if (resp->error != NULL) {
        return NGX_ERROR;
    }

    ngx_household_resp_reset(resp);

    reader = resp->reader;

    in.data = data;
    in.len = len;

    while (ngx_household_resp_cut(&resp->cut, &in, &out)) {

        pending = reader->len - reader->pos;

        if (pending + out.len < out.len
            || pending + out.len > resp->limits.max_pending)
        {
            return ngx_household_resp_fail(resp,
                                           "too many bytes not yet parsed");
        }

        if (redisReaderFeed(reader, (char *) out.data, out.len) != REDIS_OK) {
            return ngx_household_resp_fail_reader(resp);
        }
    }

    resp->peak = ngx_max(resp->peak, reader->len);

    return NGX_OK;
}


ngx_int_t
ngx_household_resp_next(ngx_household_resp_t *resp,
    ngx_household_resp_reply_t *reply)
{
    void                        *obj;
    u_char                      *p;
    ngx_uint_t                   i;
    ngx_household_resp_value_t  *values;

    if (resp->error != NULL) {
        return NGX_ERROR;
    }

    ngx_household_resp_reset(resp);

    if (redisReaderGetReply(resp->reader, &obj) != REDIS_OK) {
        return ngx_household_resp_fail_reader(resp);
    }

    if (obj == NULL) {
        return ngx_household_resp_partial(resp);
    }

    /* pointers are set now, since the buffer may have been reallocated */

    values = resp->values.data;
    p = resp->bytes.data;

    for (i = 0; i < resp->nvalues; i++) {

        if (values[i].str.len == 0) {
            /* functions of nginx subtract lengths from the end of a string */
            values[i].str.data = (u_char *) "";
            continue;
        }

        values[i].str.data = p;
        p += values[i].str.len;
    }

    reply->values = values;
    reply->nvalues = resp->nvalues;
    reply->too_large = resp->too_large;

    resp->given = 1;

    return NGX_OK;
}


ngx_uint_t
ngx_household_resp_pending(ngx_household_resp_t *resp)
{
    redisReader  *reader;

    reader = resp->reader;

    if (reader->len > reader->pos || reader->ridx > 0 || resp->cut.nhead) {
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
    resp->too_large = 0;
    resp->nvalues = 0;

    ngx_household_resp_trim(&resp->values);
    ngx_household_resp_trim(&resp->bytes);

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
 * Checks an incomplete reply, so that one which exceeds a limit is rejected
 * before all its data are received.
 */

static ngx_int_t
ngx_household_resp_partial(ngx_household_resp_t *resp)
{
    size_t          len;
    redisReader    *reader;
    redisReadTask  *task;

    reader = resp->reader;

    if (reader->ridx == -1) {
        return NGX_AGAIN;
    }

    task = ngx_household_resp_task(reader);

    if (task->type == -1) {
        return NGX_AGAIN;
    }

    if (ngx_household_resp_type(task) == 0) {
        return ngx_household_resp_fail(resp, ngx_household_resp_resp3);
    }

    len = reader->len - reader->pos;

    if (task->type == REDIS_REPLY_STRING
        && ngx_household_resp_bulk_header(resp, reader->buf + reader->pos, len))
    {
        return (resp->error == NULL) ? NGX_AGAIN : NGX_ERROR;
    }

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
ngx_household_resp_bulk_header(ngx_household_resp_t *resp, char *p, size_t len)
{
    size_t      size, max;
    ngx_uint_t  i;

    size = 0;
    max = resp->limits.max_pending;

    for (i = 0; i < len && p[i] >= '0' && p[i] <= '9' && size <= max; i++) {
        size = size * 10 + (p[i] - '0');
    }

    /* the length and two CRLFs are pending along with the string */

    if (size > max || i + 2 + size + 2 > max) {
        (void) ngx_household_resp_fail(resp, ngx_household_resp_long_bulk);
        return 1;
    }

    return i + 1 < len && p[i] == CR && p[i + 1] == LF;
}


static void *
ngx_household_resp_create_string(const redisReadTask *task, char *str,
    size_t len)
{
    size_t        rest;
    redisReader  *reader;

    if (task->type == REDIS_REPLY_STRING) {
        reader = ((ngx_household_resp_t *) task->privdata)->reader;
        rest = reader->buf + reader->len - str;

        /* the reader adds lengths, which may overflow in 32 bits */

        if (rest < 2 || len > rest - 2) {
            return ngx_household_resp_refuse(task,
                                             ngx_household_resp_long_bulk);
        }

        if (str[len] != CR || str[len + 1] != LF) {
            return ngx_household_resp_refuse(task,
                                             "bulk string without a line end");
        }

    } else if (len > NGX_HOUSEHOLD_RESP_MAX_LINE) {
        return ngx_household_resp_refuse(task, ngx_household_resp_long_line);

    } else if (memchr(str, CR, len) != NULL || memchr(str, LF, len) != NULL) {
        return ngx_household_resp_refuse(task, "bad simple string value");
    }

    return ngx_household_resp_add(task, ngx_household_resp_type(task), 0,
                                  str, len);
}


static void *
ngx_household_resp_create_array(const redisReadTask *task,
    ngx_household_resp_elements_t elements)
{
    ngx_household_resp_t  *resp;

    resp = task->privdata;

    if ((ngx_uint_t) elements > resp->limits.max_elements) {
        return ngx_household_resp_refuse(task, "too many elements in an array");
    }

    if ((ngx_uint_t) resp->reader->ridx >= resp->limits.max_depth) {
        return ngx_household_resp_refuse(task, "nesting too deep");
    }

    return ngx_household_resp_add(task, NGX_HOUSEHOLD_RESP_ARRAY, elements,
                                  NULL, 0);
}


static void *
ngx_household_resp_create_integer(const redisReadTask *task, long long integer)
{
    return ngx_household_resp_add(task, NGX_HOUSEHOLD_RESP_INTEGER, integer,
                                  NULL, 0);
}


/* a null bulk string or a null array */

static void *
ngx_household_resp_create_nil(const redisReadTask *task)
{
    return ngx_household_resp_add(task, NGX_HOUSEHOLD_RESP_NIL, 0, NULL, 0);
}


#if (HIREDIS_MAJOR >= 1)

static void *
ngx_household_resp_create_double(const redisReadTask *task, double value,
    char *str, size_t len)
{
    return ngx_household_resp_refuse(task, ngx_household_resp_resp3);
}


static void *
ngx_household_resp_create_bool(const redisReadTask *task, int value)
{
    return ngx_household_resp_refuse(task, ngx_household_resp_resp3);
}

#endif


/* NULL stops the reader, as if there were no memory */

static void *
ngx_household_resp_refuse(const redisReadTask *task, const char *error)
{
    (void) ngx_household_resp_fail(task->privdata, error);

    return NULL;
}


static ngx_household_resp_type_e
ngx_household_resp_type(const redisReadTask *task)
{
    static const ngx_household_resp_type_e  types[] = {
        [REDIS_REPLY_STRING] = NGX_HOUSEHOLD_RESP_BULK,
        [REDIS_REPLY_ARRAY] = NGX_HOUSEHOLD_RESP_ARRAY,
        [REDIS_REPLY_INTEGER] = NGX_HOUSEHOLD_RESP_INTEGER,
        [REDIS_REPLY_STATUS] = NGX_HOUSEHOLD_RESP_STATUS,
        [REDIS_REPLY_ERROR] = NGX_HOUSEHOLD_RESP_ERROR
    };

    if (task->type < 0 || (size_t) task->type >= sizeof(types) / sizeof(*types))
    {
        return 0;
    }

    return types[task->type];
}


/*
 * Adds a value to the reply.  Over a soft limit, this value and all that follow
 * are discarded, so that the beginning of the reply is kept.
 */

static void *
ngx_household_resp_add(const redisReadTask *task,
    ngx_household_resp_type_e type, int64_t n, char *str, size_t len)
{
    ngx_household_resp_t        *resp;
    ngx_household_resp_value_t  *value;

    if (ngx_household_resp_type(task) == 0) {
        return ngx_household_resp_refuse(task, ngx_household_resp_resp3);
    }

    resp = task->privdata;

    if (resp->nvalues == resp->limits.max_values) {
        resp->too_large = 1;
    }

    if (len > resp->limits.max_bytes - resp->bytes.len
        || (resp->cut.max && len > resp->cut.max))
    {
        resp->too_large = 1;
        len = 0;
    }

    if (resp->too_large && resp->nvalues > 0) {
        /* the reader continues with any pointer but NULL */
        return resp;
    }

    if (ngx_household_resp_reserve(&resp->bytes, len) != NGX_OK
        || ngx_household_resp_reserve(&resp->values,
                                      sizeof(ngx_household_resp_value_t))
           != NGX_OK)
    {
        return ngx_household_resp_refuse(task, "out of memory");
    }

    if (len) {
        ngx_memcpy((u_char *) resp->bytes.data + resp->bytes.len, str, len);
        resp->bytes.len += len;
    }

    value = (ngx_household_resp_value_t *) resp->values.data + resp->nvalues;

    value->type = type;
    value->depth = resp->reader->ridx;
    value->integer = (type == NGX_HOUSEHOLD_RESP_INTEGER) ? n : 0;
    value->elements = (type == NGX_HOUSEHOLD_RESP_ARRAY) ? n : 0;
    value->str.len = len;
    value->str.data = NULL;

    resp->values.len += sizeof(ngx_household_resp_value_t);
    resp->nvalues++;

    return resp;
}


/* makes room for "len" more bytes */

static ngx_inline ngx_int_t
ngx_household_resp_reserve(ngx_household_resp_buf_t *buf, size_t len)
{
    return len <= buf->size - buf->len ? NGX_OK
                                       : ngx_household_resp_grow(buf, len);
}


static ngx_int_t
ngx_household_resp_grow(ngx_household_resp_buf_t *buf, size_t len)
{
    void    *p;
    size_t   size;

    size = ngx_max(buf->size, NGX_HOUSEHOLD_RESP_MIN_BUF);

    while (len > size - buf->len) {
        size *= 2;
    }

    p = realloc(buf->data, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    buf->data = p;
    buf->size = size;

    return NGX_OK;
}


static void
ngx_household_resp_trim(ngx_household_resp_buf_t *buf)
{
    buf->len = 0;

    if (buf->size > NGX_HOUSEHOLD_RESP_KEEP_BUF) {
        free(buf->data);
        buf->data = NULL;
        buf->size = 0;
    }
}

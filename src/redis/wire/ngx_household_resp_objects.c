
/*
 * The object functions of the reader.  They store the values of a reply in an
 * array.  The strings of a reply that was received at once are not copied: they
 * are where the caller has received them.
 *
 * The reader does not check that a bulk string is followed by CRLF, and does
 * not limit the length of bulk strings and lines and the number of elements.
 * This is done here.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_compiler.h"
#include "ngx_household_resp_private.h"


static void *ngx_household_resp_create_string(const redisReadTask *task,
    char *str, size_t len);
#if (NGX_PTR_SIZE == 4)
static ngx_uint_t ngx_household_resp_received(const redisReadTask *task,
    char *str, size_t len);
#endif
static ngx_household_noinline void *ngx_household_resp_create_line(
    const redisReadTask *task, char *str, size_t len);
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
static ngx_inline void *ngx_household_resp_add_string(
    const redisReadTask *task, ngx_household_resp_type_e type, char *str,
    size_t len);
static ngx_household_noinline void *ngx_household_resp_add_copy(
    const redisReadTask *task, ngx_household_resp_type_e type, char *str,
    size_t len);
static ngx_inline void *ngx_household_resp_add(const redisReadTask *task,
    ngx_household_resp_type_e type, int64_t n, u_char *str, size_t len);
static ngx_household_noinline void *ngx_household_resp_add_slow(
    const redisReadTask *task, ngx_household_resp_type_e type, int64_t n,
    u_char *str, size_t len);


/* objects are in memory of the decoder, so there is no freeObject */

redisReplyObjectFunctions  ngx_household_resp_functions = {
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


const char  ngx_household_resp_resp3[] = "reply of a resp3 type";
const char  ngx_household_resp_long_line[] = "line too long";
const char  ngx_household_resp_long_bulk[] = "bulk string too long";
const char  ngx_household_resp_no_memory[] = "out of memory";


static void *
ngx_household_resp_create_string(const redisReadTask *task, char *str,
    size_t len)
{
    if (task->type != REDIS_REPLY_STRING) {
        return ngx_household_resp_create_line(task, str, len);
    }

#if (NGX_PTR_SIZE == 4)

    /* the reader adds lengths, which may overflow */

    if (!ngx_household_resp_received(task, str, len)) {
        return ngx_household_resp_refuse(task, ngx_household_resp_long_bulk);
    }

#endif

    if (ngx_memcmp(str + len, CRLF, sizeof(CRLF) - 1) != 0) {
        return ngx_household_resp_refuse(task,
                                         "bulk string without a line end");
    }

    return ngx_household_resp_add_string(task, NGX_HOUSEHOLD_RESP_BULK, str,
                                         len);
}


#if (NGX_PTR_SIZE == 4)

/* returns 1 if the reader has "len" bytes and a line end at "str" */

static ngx_uint_t
ngx_household_resp_received(const redisReadTask *task, char *str, size_t len)
{
    size_t                 rest;
    ngx_household_resp_t  *resp;

    resp = task->privdata;
    rest = resp->reader->buf + resp->reader->len - str;

    return rest >= 2 && len <= rest - 2;
}

#endif


static ngx_household_noinline void *
ngx_household_resp_create_line(const redisReadTask *task, char *str,
    size_t len)
{
    ngx_household_resp_type_e  type;

    if (len > NGX_HOUSEHOLD_RESP_MAX_LINE) {
        return ngx_household_resp_refuse(task, ngx_household_resp_long_line);
    }

    if (memchr(str, CR, len) != NULL || memchr(str, LF, len) != NULL) {
        return ngx_household_resp_refuse(task, "bad simple string value");
    }

    type = ngx_household_resp_type(task);

    if (type == 0) {
        return ngx_household_resp_refuse(task, ngx_household_resp_resp3);
    }

    return ngx_household_resp_add_string(task, type, str, len);
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

    if (ngx_household_resp_type(task) == 0) {
        return ngx_household_resp_refuse(task, ngx_household_resp_resp3);
    }

    return ngx_household_resp_add(task, NGX_HOUSEHOLD_RESP_ARRAY, elements,
                                  (u_char *) "", 0);
}


static void *
ngx_household_resp_create_integer(const redisReadTask *task, long long integer)
{
    return ngx_household_resp_add(task, NGX_HOUSEHOLD_RESP_INTEGER, integer,
                                  (u_char *) "", 0);
}


/* a null bulk string or a null array */

static void *
ngx_household_resp_create_nil(const redisReadTask *task)
{
    if (ngx_household_resp_type(task) == 0) {
        return ngx_household_resp_refuse(task, ngx_household_resp_resp3);
    }

    return ngx_household_resp_add(task, NGX_HOUSEHOLD_RESP_NIL, 0,
                                  (u_char *) "", 0);
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
    ngx_household_resp_t  *resp;

    resp = task->privdata;
    resp->error = error;

    return NULL;
}


ngx_household_resp_type_e
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
 * Adds a string of the buffer of the reader, which may move it before it
 * returns the reply: the string is used where it was fed.
 */

static ngx_inline void *
ngx_household_resp_add_string(const redisReadTask *task,
    ngx_household_resp_type_e type, char *str, size_t len)
{
    size_t                 rest;
    ngx_household_resp_t  *resp;

    resp = task->privdata;
    rest = resp->reader->buf + resp->reader->len - str;

    if (rest > resp->nfed) {
        return ngx_household_resp_add_copy(task, type, str, len);
    }

    return ngx_household_resp_add(task, type, 0, resp->fed_end - rest, len);
}


/* adds a string that was fed in pieces */

static ngx_household_noinline void *
ngx_household_resp_add_copy(const redisReadTask *task,
    ngx_household_resp_type_e type, char *str, size_t len)
{
    ngx_household_resp_t  *resp;

    resp = task->privdata;

    if (ngx_household_resp_add(task, type, 0, (u_char *) str, len) == NULL) {
        return NULL;
    }

    if (ngx_household_resp_values_keep(&resp->values) != NGX_OK) {
        return ngx_household_resp_refuse(task, ngx_household_resp_no_memory);
    }

    return resp;
}


/* the reader continues with any pointer but NULL */

static ngx_inline void *
ngx_household_resp_add(const redisReadTask *task,
    ngx_household_resp_type_e type, int64_t n, u_char *str, size_t len)
{
    ngx_household_resp_t  *resp;

    resp = task->privdata;

    if (!ngx_household_resp_values_fit(&resp->values, len)) {
        return ngx_household_resp_add_slow(task, type, n, str, len);
    }

    ngx_household_resp_values_put(&resp->values, type, resp->reader->ridx, n,
                                  str, len);

    return resp;
}


static ngx_household_noinline void *
ngx_household_resp_add_slow(const redisReadTask *task,
    ngx_household_resp_type_e type, int64_t n, u_char *str, size_t len)
{
    ngx_household_resp_t  *resp;

    resp = task->privdata;

    if (ngx_household_resp_values_add(&resp->values, type, resp->reader->ridx,
                                      n, str, len)
        != NGX_OK)
    {
        return ngx_household_resp_refuse(task, ngx_household_resp_no_memory);
    }

    return resp;
}

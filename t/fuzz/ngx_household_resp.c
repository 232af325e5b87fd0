
/*
 * Fuzz target of the codec.  The first byte chooses the limits, the second
 * how the rest is cut into pieces.  The same bytes are also fed whole: the
 * replies must be the same, and what they hold must keep its promises.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_resp.h"


#define CHECK(cond)  do { if (!(cond)) { abort(); } } while (0)


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const ngx_household_resp_limits_t  limits[] = {
    { 4, 16, 8, 2, 1 << 20, 5 },
    { 0, 0, 0, 0, 1 << 20, 0 },
    { 1000, 100000, 1000, 8, 1 << 20, 100 },
    { 1000000, 1 << 30, 1U << 31, 100, 1 << 20, 0 }
};


typedef struct {
    uint64_t    hash;
    ngx_uint_t  replies;
    ngx_int_t   rc;
} outcome_t;


static void
add_hash(outcome_t *o, const void *data, size_t len)
{
    size_t         i;
    const u_char  *p;

    p = data;

    for (i = 0; i < len; i++) {
        o->hash = (o->hash ^ p[i]) * 1099511628211u;
    }
}


/* every value is within the limits, and arrays are followed by their own */

static void
check_reply(const ngx_household_resp_limits_t *l,
    const ngx_household_resp_reply_t *reply)
{
    size_t                       bytes;
    ngx_uint_t                   i, depth, left[10];
    ngx_household_resp_value_t  *v;

    bytes = 0;
    depth = 0;
    left[0] = 1;

    CHECK(reply->nvalues >= 1 && reply->nvalues <= ngx_max(l->max_values, 1));

    for (i = 0; i < reply->nvalues; i++) {
        v = &reply->values[i];

        while (left[depth] == 0) {
            CHECK(depth > 0);
            depth--;
        }

        left[depth]--;

        CHECK(v->depth == depth && depth <= l->max_depth && depth <= 8);
        CHECK(v->type == NGX_HOUSEHOLD_RESP_ARRAY || v->elements == 0);
        CHECK(v->type == NGX_HOUSEHOLD_RESP_INTEGER || v->integer == 0);
        CHECK(v->elements <= l->max_elements);

        bytes += v->str.len;

        if (v->elements > 0) {
            left[++depth] = v->elements;
        }
    }

    CHECK(bytes <= l->max_bytes);

    while (!reply->too_large) {
        CHECK(left[depth] == 0);

        if (depth-- == 0) {
            break;
        }
    }
}


static void
take_replies(ngx_household_resp_t *resp, const ngx_household_resp_limits_t *l,
    outcome_t *o)
{
    ngx_uint_t                   i;
    const char                  *p;
    ngx_household_resp_reply_t   reply;

    for ( ;; ) {
        o->rc = ngx_household_resp_next(resp, &reply);

        if (o->rc != NGX_OK) {
            break;
        }

        check_reply(l, &reply);
        o->replies++;

        for (i = 0; i < reply.nvalues; i++) {
            add_hash(o, &reply.values[i].type, sizeof(reply.values[i].type));
            add_hash(o, &reply.values[i].integer, sizeof(int64_t));
            add_hash(o, reply.values[i].str.data, reply.values[i].str.len);
        }

        add_hash(o, &reply.too_large, sizeof(reply.too_large));
    }

    if (o->rc == NGX_ERROR) {
        p = ngx_household_resp_error(resp);
        CHECK(*p != '\0');

        for ( /* void */ ; *p != '\0'; p++) {
            CHECK(*p >= ' ' && *p <= '~');
        }
    }
}


static void
decode(const ngx_household_resp_limits_t *l, const uint8_t *data, size_t size,
    unsigned cut, outcome_t *o)
{
    size_t                 n;
    u_char                *piece;
    ngx_household_resp_t  *resp;

    memset(o, 0, sizeof(outcome_t));

    resp = ngx_household_resp_create(l);
    CHECK(resp != NULL);

    o->rc = NGX_AGAIN;

    while (size > 0 && o->rc == NGX_AGAIN) {

        n = size;

        if (cut) {
            n = cut % 7 + 1;
            n = (n > size) ? size : n;
            cut = cut * 1103515245 + 12345;
        }

        piece = malloc(n);
        CHECK(piece != NULL);

        memcpy(piece, data, n);
        CHECK(ngx_household_resp_feed(resp, piece, n) == NGX_OK);
        take_replies(resp, l, o);
        free(piece);

        data += n;
        size -= n;
    }

    ngx_household_resp_destroy(resp);
}


/* what is a command may be encoded from the same bytes, and read back */

static void
round_trip(const uint8_t *data, size_t size, unsigned cut)
{
    size_t                       n;
    ngx_str_t                    argv[64], out;
    ngx_uint_t                   i, argc;
    ngx_household_resp_t        *resp;
    ngx_household_resp_reply_t   reply;
    ngx_household_resp_command_t command;

    for (argc = 0; argc < 64 && size > 0; argc++) {
        n = cut % 19;
        n = (n > size) ? size : n;
        cut = cut * 1103515245 + 12345;

        argv[argc].data = (u_char *) data;
        argv[argc].len = n;

        data += n;
        size -= n;
    }

    if (argc == 0) {
        return;
    }

    command.argv = argv;
    command.argc = argc;

    n = ngx_household_resp_size(&command);
    out.data = malloc(n);
    CHECK(n > 0 && out.data != NULL);
    out.len = ngx_household_resp_encode(out.data, &command) - out.data;
    CHECK(out.len <= n);

    resp = ngx_household_resp_create(&limits[2]);
    CHECK(resp != NULL);
    CHECK(ngx_household_resp_feed(resp, out.data, out.len) == NGX_OK);
    CHECK(ngx_household_resp_next(resp, &reply) == NGX_OK);
    CHECK(reply.nvalues == argc + 1 && !reply.too_large);

    for (i = 0; i < argc; i++) {
        CHECK(reply.values[i + 1].type == NGX_HOUSEHOLD_RESP_BULK);
        CHECK(reply.values[i + 1].str.len == argv[i].len);
        CHECK(argv[i].len == 0
              || memcmp(reply.values[i + 1].str.data, argv[i].data,
                        argv[i].len)
                 == 0);
    }

    CHECK(!ngx_household_resp_pending(resp));
    ngx_household_resp_destroy(resp);
    free(out.data);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    outcome_t                           whole, pieces;
    const ngx_household_resp_limits_t  *l;

    if (size < 2 || size > (1 << 20)) {
        return 0;
    }

    l = &limits[data[0] % 4];

    decode(l, data + 2, size - 2, 0, &whole);
    decode(l, data + 2, size - 2, data[1] + 1, &pieces);

    CHECK(whole.rc == pieces.rc);
    CHECK(whole.replies == pieces.replies);
    CHECK(whole.hash == pieces.hash);

    round_trip(data + 2, size - 2, data[1]);

    return 0;
}

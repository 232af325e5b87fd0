
/*
 * The parser of cluster replies.  See ngx_household_redis_cluster_parse.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis_cluster_parse.h"


static ngx_int_t ngx_household_redis_cluster_parse_range(
    ngx_household_resp_value_t *v, ngx_uint_t n);
static void ngx_household_redis_cluster_parse_host(
    ngx_household_resp_value_t *v, ngx_str_t *host);
static ngx_int_t ngx_household_redis_cluster_parse_line(ngx_str_t *line,
    ngx_household_redis_cluster_addr_t *addr);
static ngx_str_t ngx_household_redis_cluster_parse_word(ngx_str_t *text,
    u_char end);
static ngx_uint_t ngx_household_redis_cluster_parse_flag(ngx_str_t flags,
    const char *name);
static ngx_int_t ngx_household_redis_cluster_parse_number(u_char *p,
    u_char *last, ngx_uint_t max, ngx_uint_t *n);
static ngx_int_t ngx_household_redis_cluster_parse_addr(u_char *p,
    u_char *last, ngx_household_redis_cluster_addr_t *addr);


const char *
ngx_household_redis_cluster_parse_check(ngx_household_resp_reply_t *reply)
{
    ngx_uint_t                   i, n;
    ngx_household_resp_value_t  *v;

    v = reply->values;

    if (v[0].type != NGX_HOUSEHOLD_RESP_ARRAY) {
        return "invalid CLUSTER SLOTS reply";
    }

    if (reply->too_large) {
        return "too large CLUSTER SLOTS reply";
    }

    if (reply->nvalues == 1) {
        return "empty CLUSTER SLOTS reply";
    }

    for (i = 1; i < reply->nvalues; i += n) {

        for (n = 1; i + n < reply->nvalues && v[i + n].depth > 1; n++) {
            /* void */
        }

        if (ngx_household_redis_cluster_parse_range(&v[i], n) != NGX_OK) {
            return "invalid CLUSTER SLOTS reply";
        }
    }

    return NULL;
}


/* a range is an array, "n" values with its elements: from, to, and nodes */

static ngx_int_t
ngx_household_redis_cluster_parse_range(ngx_household_resp_value_t *v,
    ngx_uint_t n)
{
    return n >= 3
           && v[0].type == NGX_HOUSEHOLD_RESP_ARRAY
           && v[1].type == NGX_HOUSEHOLD_RESP_INTEGER
           && v[2].type == NGX_HOUSEHOLD_RESP_INTEGER
           && v[1].integer >= 0
           && v[1].integer <= v[2].integer
           && v[2].integer < NGX_HOUSEHOLD_REDIS_HASH_SLOTS
           ? NGX_OK : NGX_ERROR;
}


ngx_uint_t
ngx_household_redis_cluster_parse_entry(ngx_household_resp_reply_t *reply,
    ngx_uint_t i, ngx_household_redis_cluster_entry_t *entry)
{
    ngx_household_resp_value_t  *v;

    v = reply->values;

    entry->from = (ngx_uint_t) v[i + 1].integer;
    entry->to = (ngx_uint_t) v[i + 2].integer;
    entry->values = &v[i + 3];
    entry->i = 0;

    for (i += 3; i < reply->nvalues && v[i].depth > 1; i++) {
        /* void */
    }

    entry->n = &v[i] - entry->values;

    return i;
}


/* a node is an array: host, port, and optionally id and metadata */

ngx_int_t
ngx_household_redis_cluster_parse_node(
    ngx_household_redis_cluster_entry_t *entry,
    ngx_household_redis_cluster_addr_t *addr)
{
    ngx_uint_t                   i, n;
    ngx_household_resp_value_t  *v;

    while (entry->i < entry->n) {

        v = &entry->values[entry->i];
        n = entry->n - entry->i;

        for (i = 1; i < n && v[i].depth > 2; i++) {
            /* void */
        }

        entry->i += i;
        n = i;

        if (n < 3 || v[0].depth != 2
            || v[0].type != NGX_HOUSEHOLD_RESP_ARRAY
            || (v[1].type != NGX_HOUSEHOLD_RESP_BULK
                && v[1].type != NGX_HOUSEHOLD_RESP_NIL)
            || v[2].type != NGX_HOUSEHOLD_RESP_INTEGER
            || v[2].integer < 1 || v[2].integer > 65535)
        {
            continue;
        }

        ngx_household_redis_cluster_parse_host(&v[1], &addr->host);
        ngx_str_null(&addr->ip);
        addr->port = (in_port_t) v[2].integer;

        /* metadata is an array of names and values */

        for (i = 3; i + 1 < n; i++) {
            if (v[i].depth == 4 && v[i].type == NGX_HOUSEHOLD_RESP_BULK
                && v[i].str.len == 2
                && ngx_strncmp(v[i].str.data, "ip", 2) == 0)
            {
                ngx_household_redis_cluster_parse_host(&v[i + 1], &addr->ip);
                break;
            }
        }

        /* "?": a host name is preferred, but the node has none */

        if (addr->host.len == 0 && v[1].type == NGX_HOUSEHOLD_RESP_BULK
            && v[1].str.len == 1)
        {
            addr->host = addr->ip;
        }

        return NGX_OK;
    }

    return NGX_DONE;
}


static void
ngx_household_redis_cluster_parse_host(ngx_household_resp_value_t *v,
    ngx_str_t *host)
{
    ngx_str_null(host);

    if (v->type == NGX_HOUSEHOLD_RESP_BULK
        && v->str.len <= NGX_MAXHOSTNAMELEN
        && !(v->str.len == 1 && v->str.data[0] == '?'))
    {
        *host = v->str;
    }
}


ngx_int_t
ngx_household_redis_cluster_parse_slotless(ngx_str_t *text,
    ngx_household_redis_cluster_addr_t *addr)
{
    ngx_str_t  line;

    while (text->len) {

        line = ngx_household_redis_cluster_parse_word(text, LF);

        if (ngx_household_redis_cluster_parse_line(&line, addr) == NGX_OK) {
            return NGX_OK;
        }
    }

    return NGX_DONE;
}


/*
 * id, ip:port@bus[,name], flags, primary, ping, pong, epoch, link, slots ...
 * A slot in brackets is being migrated, and does not belong to this node yet.
 */

static ngx_int_t
ngx_household_redis_cluster_parse_line(ngx_str_t *line,
    ngx_household_redis_cluster_addr_t *addr)
{
    u_char     *last;
    ngx_str_t   word, flags;
    ngx_uint_t  i;

    (void) ngx_household_redis_cluster_parse_word(line, ' ');

    word = ngx_household_redis_cluster_parse_word(line, ' ');
    flags = ngx_household_redis_cluster_parse_word(line, ' ');

    if (!ngx_household_redis_cluster_parse_flag(flags, "master")
        || ngx_household_redis_cluster_parse_flag(flags, "fail")
        || ngx_household_redis_cluster_parse_flag(flags, "handshake")
        || ngx_household_redis_cluster_parse_flag(flags, "noaddr"))
    {
        return NGX_DECLINED;
    }

    for (i = 0; i < 5; i++) {
        (void) ngx_household_redis_cluster_parse_word(line, ' ');
    }

    if (line->len && line->data[0] != '[') {
        return NGX_DECLINED;
    }

    last = ngx_strlchr(word.data, word.data + word.len, '@');

    if (last == NULL) {
        last = word.data + word.len;
    }

    return ngx_household_redis_cluster_parse_addr(word.data, last, addr);
}


/* in the line of the node itself, behind the slots that it has */

void
ngx_household_redis_cluster_parse_moving(ngx_str_t *text, ngx_str_t *moving)
{
    u_char     *p, *last;
    ngx_str_t   rest, line, flags;

    ngx_str_null(moving);

    rest = *text;

    while (rest.len) {

        line = ngx_household_redis_cluster_parse_word(&rest, LF);
        last = line.data + line.len;

        (void) ngx_household_redis_cluster_parse_word(&line, ' ');
        (void) ngx_household_redis_cluster_parse_word(&line, ' ');
        flags = ngx_household_redis_cluster_parse_word(&line, ' ');

        if (!ngx_household_redis_cluster_parse_flag(flags, "myself")) {
            continue;
        }

        p = ngx_strlchr(line.data, last, '[');

        if (p != NULL) {
            moving->data = p;
            moving->len = last - p;
        }

        return;
    }
}


/* "fail?": for this node; "fail": for the majority, when it was reached */

ngx_uint_t
ngx_household_redis_cluster_parse_cut_off(ngx_str_t *text)
{
    ngx_str_t   rest, line, flags;
    ngx_uint_t  i, all, failed;

    rest = *text;
    all = 0;
    failed = 0;

    while (rest.len) {

        line = ngx_household_redis_cluster_parse_word(&rest, LF);

        (void) ngx_household_redis_cluster_parse_word(&line, ' ');
        (void) ngx_household_redis_cluster_parse_word(&line, ' ');
        flags = ngx_household_redis_cluster_parse_word(&line, ' ');

        for (i = 0; i < 5; i++) {
            (void) ngx_household_redis_cluster_parse_word(&line, ' ');
        }

        if (line.len == 0 || line.data[0] == '['
            || !ngx_household_redis_cluster_parse_flag(flags, "master"))
        {
            continue;
        }

        all++;

        if (ngx_household_redis_cluster_parse_flag(flags, "fail")
            || ngx_household_redis_cluster_parse_flag(flags, "fail?"))
        {
            failed++;
        }
    }

    return failed != 0 && 2 * (all - failed) <= all;
}


/* removes a word and its delimiter from the text, and returns the word */

static ngx_str_t
ngx_household_redis_cluster_parse_word(ngx_str_t *text, u_char end)
{
    ngx_str_t  word;

    word.data = text->data;

    for (word.len = 0; word.len < text->len; word.len++) {
        if (word.data[word.len] == end) {
            break;
        }
    }

    text->data += ngx_min(word.len + 1, text->len);
    text->len -= ngx_min(word.len + 1, text->len);

    return word;
}


static ngx_uint_t
ngx_household_redis_cluster_parse_flag(ngx_str_t flags, const char *name)
{
    ngx_str_t  flag;

    while (flags.len) {
        flag = ngx_household_redis_cluster_parse_word(&flags, ',');

        if (flag.len == ngx_strlen(name)
            && ngx_strncmp(flag.data, name, flag.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_household_redis_cluster_parse_redirect(ngx_str_t *error, ngx_uint_t *slot,
    ngx_household_redis_cluster_addr_t *addr)
{
    ngx_str_t  text, word;

    text = *error;

    (void) ngx_household_redis_cluster_parse_word(&text, ' ');
    word = ngx_household_redis_cluster_parse_word(&text, ' ');

    if (ngx_household_redis_cluster_parse_number(word.data,
                                                 word.data + word.len,
                                            NGX_HOUSEHOLD_REDIS_HASH_SLOTS - 1,
                                                 slot)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_household_redis_cluster_parse_addr(text.data,
                                                  text.data + text.len, addr);
}


static ngx_int_t
ngx_household_redis_cluster_parse_number(u_char *p, u_char *last,
    ngx_uint_t max, ngx_uint_t *n)
{
    if (p == last) {
        return NGX_ERROR;
    }

    for (*n = 0; p < last; p++) {

        if (*p < '0' || *p > '9') {
            return NGX_ERROR;
        }

        *n = *n * 10 + (*p - '0');

        if (*n > max) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* the port is after the last colon, as an IPv6 address has colons, too */

static ngx_int_t
ngx_household_redis_cluster_parse_addr(u_char *p, u_char *last,
    ngx_household_redis_cluster_addr_t *addr)
{
    u_char      *port;
    ngx_uint_t   n;

    for (port = last; port > p && port[-1] != ':'; port--) {
        /* void */
    }

    if (port == p) {
        return NGX_ERROR;
    }

    if (ngx_household_redis_cluster_parse_number(port, last, 65535, &n)
        != NGX_OK
        || n == 0 || port - 1 - p > NGX_MAXHOSTNAMELEN)
    {
        return NGX_ERROR;
    }

    addr->port = (in_port_t) n;
    addr->host.data = p;
    addr->host.len = port - 1 - p;
    ngx_str_null(&addr->ip);

    if (addr->host.len == 1 && p[0] == '?') {
        addr->host.len = 0;
    }

    return NGX_OK;
}


/*
 * Lines of an access log: the time and the address, and then words, of which
 * "name=value" and "name="value"" are looked at.  See docs/replay.md.
 */


#include "replay.h"
#include "ngx_household_time.h"
#include <string.h>


typedef struct {
    ngx_str_t  household;
    ngx_str_t  issued;
} replay_log_words_t;


static u_char *replay_log_word(u_char *p, u_char *last, ngx_str_t *name,
    ngx_str_t *value);
static void replay_log_field(replay_line_t *line, replay_log_words_t *words,
    const ngx_str_t *name, const ngx_str_t *value);
static ngx_uint_t replay_log_is(const ngx_str_t *text, const char *word,
    size_t len);
static void replay_log_unescape(ngx_str_t *value);
static int replay_log_hex(u_char ch);
static ngx_int_t replay_log_time(const ngx_str_t *text, int64_t *time);
static ngx_int_t replay_log_address(const ngx_str_t *text,
    ngx_household_addr_t *addr);
static replay_line_e replay_log_outcome(replay_line_t *line,
    const ngx_str_t *status);


#define replay_log_equal(text, word)                                          \
    replay_log_is(text, word, sizeof(word) - 1)


replay_line_e
replay_log_parse(replay_line_t *line, u_char *p, u_char *last)
{
    ngx_str_t           name, value, time, address;
    replay_log_words_t  words;

    memset(line, 0, sizeof(replay_line_t));
    memset(&words, 0, sizeof(replay_log_words_t));

    line->issued_at = NGX_HOUSEHOLD_ISSUED_UNKNOWN;

    p = replay_log_word(p, last, &name, &time);
    p = replay_log_word(p, last, &name, &address);

    while (p < last) {
        p = replay_log_word(p, last, &name, &value);

        if (name.len != 0) {
            replay_log_field(line, &words, &name, &value);
        }
    }

    if (replay_log_time(&time, &line->time) != NGX_OK
        || replay_log_address(&address, &line->addr) != NGX_OK
        || words.household.len == 0)
    {
        return REPLAY_LINE_INVALID;
    }

    if (words.issued.len != 0) {
        line->issued_at = 0;

        for (p = words.issued.data;
             p < words.issued.data + words.issued.len;
             p++)
        {
            if (*p < '0' || *p > '9' || line->issued_at > 99999999999) {
                line->issued_at = NGX_HOUSEHOLD_ISSUED_UNKNOWN;
                break;
            }

            line->issued_at = line->issued_at * 10 + *p - '0';
        }
    }

    return replay_log_outcome(line, &words.household);
}


/* the next word, which may be quoted; returns where the one after it begins */

static u_char *
replay_log_word(u_char *p, u_char *last, ngx_str_t *name, ngx_str_t *value)
{
    u_char  *end, *equals;

    name->len = 0;
    value->data = p;

    end = memchr(p, ' ', last - p);

    if (end == NULL) {
        end = last;
    }

    equals = memchr(p, '=', end - p);

    if (equals != NULL) {
        name->data = p;
        name->len = equals - p;
        value->data = equals + 1;

        if (equals + 1 < last && equals[1] == '"') {

            /* nginx writes a quote as \x22 */

            value->data = equals + 2;
            end = memchr(value->data, '"', last - value->data);

            if (end == NULL) {
                end = last;
            }

            value->len = end - value->data;

            return end + 2 < last ? end + 2 : last;
        }
    }

    value->len = end - value->data;

    return end < last ? end + 1 : last;
}


static void
replay_log_field(replay_line_t *line, replay_log_words_t *words,
    const ngx_str_t *name, const ngx_str_t *value)
{
    ngx_str_t  *field;

    if (value->len == 1 && value->data[0] == '-') {
        return;
    }

    if (replay_log_equal(name, "household")) {
        field = &words->household;

    } else if (replay_log_equal(name, "reason")) {
        field = &line->reason;

    } else if (replay_log_equal(name, "pseudonym")
               || replay_log_equal(name, "account"))
    {
        field = &line->account;

    } else if (replay_log_equal(name, "device")) {
        field = &line->device;

    } else if (replay_log_equal(name, "issued")) {
        field = &words->issued;

    } else {
        return;
    }

    *field = *value;

    if (memchr(value->data, '\\', value->len) != NULL) {
        replay_log_unescape(field);
    }
}


static ngx_uint_t
replay_log_is(const ngx_str_t *text, const char *word, size_t len)
{
    return text->len == len && memcmp(text->data, word, len) == 0;
}


/* \xHH; the text only becomes shorter */

static void
replay_log_unescape(ngx_str_t *value)
{
    int      high, low;
    u_char  *p, *q, *last;

    p = value->data;
    q = p;
    last = p + value->len;

    while (p < last) {

        if (*p == '\\' && last - p >= 4 && p[1] == 'x') {
            high = replay_log_hex(p[2]);
            low = replay_log_hex(p[3]);

            if (high >= 0 && low >= 0) {
                *q++ = (u_char) (high * 16 + low);
                p += 4;
                continue;
            }
        }

        *q++ = *p++;
    }

    value->len = q - value->data;
}


static int
replay_log_hex(u_char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}


/* lines of the same second follow each other */

static ngx_int_t
replay_log_time(const ngx_str_t *text, int64_t *time)
{
    static u_char   last[32];
    static size_t   len;
    static int64_t  seconds;

    if (len != 0 && text->len == len && memcmp(text->data, last, len) == 0) {
        *time = seconds;
        return NGX_OK;
    }

    if (text->len > sizeof(last)
        || ngx_household_time_parse(text, time) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    memcpy(last, text->data, text->len);
    len = text->len;
    seconds = *time;

    return NGX_OK;
}


/* "unix:" is a client without an address */

static ngx_int_t
replay_log_address(const ngx_str_t *text, ngx_household_addr_t *addr)
{
    ngx_household_network_t  net;

    if (replay_log_equal(text, "unix:")) {
        return NGX_OK;
    }

    if (memchr(text->data, '/', text->len) != NULL
        || ngx_household_network_parse(&net, text->data, text->len) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    *addr = net.addr;

    return NGX_OK;
}


static replay_line_e
replay_log_outcome(replay_line_t *line, const ngx_str_t *status)
{
    if (replay_log_equal(status, "ALLOWED")
        || replay_log_equal(status, "UNAVAILABLE"))
    {
        line->outcome = REPLAY_ALLOW;

    } else if (replay_log_equal(status, "DENIED")
               || replay_log_equal(status, "OFFERED")
               || replay_log_equal(status, "MONITORED"))
    {
        line->outcome = REPLAY_DENY;

    } else if (replay_log_equal(status, "UNAUTHORIZED")) {
        line->outcome = REPLAY_UNAUTHORIZED;

    } else if (replay_log_equal(status, "BYPASSED")) {
        return REPLAY_LINE_SKIPPED;

    } else {
        return REPLAY_LINE_INVALID;
    }

    return REPLAY_LINE;
}

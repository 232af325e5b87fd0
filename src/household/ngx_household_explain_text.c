
/*
 * The text of an explanation.  nginx's formatting is not used, because this
 * room links without nginx.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_explain_text.h"
#include "ngx_household_time.h"


static void ngx_household_explain_put(ngx_household_explain_step_t *step,
    const u_char *data, size_t len);
static void ngx_household_explain_number(ngx_household_explain_step_t *step,
    uint64_t n);
static void ngx_household_explain_period(ngx_household_explain_step_t *step,
    int64_t period);
static void ngx_household_explain_addr(ngx_household_explain_step_t *step,
    const ngx_household_addr_t *addr);


void
ngx_household_explain_add(ngx_household_explain_case_t *c, const char *fmt,
    ...)
{
    u_char                         buf[NGX_HOUSEHOLD_NETWORK_LEN];
    size_t                         len;
    va_list                        args;
    const char                    *p;
    const ngx_str_t               *str;
    ngx_household_explain_step_t  *step;

    step = c->step;

    va_start(args, fmt);

    for (p = fmt; *p; p++) {

        if (*p != '%') {
            ngx_household_explain_put(step, (const u_char *) p, 1);
            continue;
        }

        switch (*++p) {

        case 's':
            fmt = va_arg(args, const char *);
            ngx_household_explain_put(step, (const u_char *) fmt,
                                      ngx_strlen(fmt));
            break;

        case 'V':
            str = va_arg(args, const ngx_str_t *);
            ngx_household_explain_put(step, str->data, str->len);
            break;

        case 'N':
            len = ngx_household_network_format(
                               va_arg(args, const ngx_household_network_t *),
                               c->policy->ipv6_prefix, buf);
            ngx_household_explain_put(step, buf, len);
            break;

        case 'A':
            ngx_household_explain_addr(step,
                                  va_arg(args, const ngx_household_addr_t *));
            break;

        case 'u':
            ngx_household_explain_number(step, va_arg(args, ngx_uint_t));
            break;

        case 'T':
            (void) ngx_household_time_format(buf, va_arg(args, int64_t));
            ngx_household_explain_put(step, buf, NGX_HOUSEHOLD_TIME_LEN);
            break;

        default: /* 'P' */
            ngx_household_explain_period(step, va_arg(args, int64_t));
            break;
        }
    }

    va_end(args);
}


static void
ngx_household_explain_put(ngx_household_explain_step_t *step,
    const u_char *data, size_t len)
{
    len = ngx_min(len, NGX_HOUSEHOLD_EXPLAIN_TEXT - step->len);

    if (len != 0) {
        ngx_memcpy(step->text + step->len, data, len);
        step->len += len;
    }
}


static void
ngx_household_explain_number(ngx_household_explain_step_t *step, uint64_t n)
{
    u_char  buf[NGX_INT64_LEN], *p;

    p = buf + sizeof(buf);

    do {
        *--p = (u_char) ('0' + n % 10);
        n /= 10;
    } while (n != 0);

    ngx_household_explain_put(step, p, buf + sizeof(buf) - p);
}


/* in the largest unit that is not less than two, rounded down */

static void
ngx_household_explain_period(ngx_household_explain_step_t *step,
    int64_t period)
{
    uint64_t    n;
    ngx_uint_t  i;

    static const struct {
        uint64_t     seconds;
        const char  *name;
    } units[] = {
        { 86400, " day" },
        { 3600, " hour" },
        { 60, " minute" },
        { 1, " second" }
    };

    n = (uint64_t) ngx_max(period, 0);

    for (i = 0; i < 3; i++) {
        if (n >= 2 * units[i].seconds || n == units[i].seconds) {
            break;
        }
    }

    n /= units[i].seconds;

    ngx_household_explain_number(step, n);
    ngx_household_explain_put(step, (const u_char *) units[i].name,
                              ngx_strlen(units[i].name));

    if (n != 1) {
        ngx_household_explain_put(step, (const u_char *) "s", 1);
    }
}


static void
ngx_household_explain_addr(ngx_household_explain_step_t *step,
    const ngx_household_addr_t *addr)
{
    u_char                   buf[NGX_HOUSEHOLD_NETWORK_LEN];
    size_t                   len;
    ngx_household_network_t  net;

    ngx_memzero(&net, sizeof(ngx_household_network_t));

    net.addr = *addr;
    net.prefix = (addr->family == NGX_HOUSEHOLD_FAMILY_INET) ? 32 : 128;

    len = ngx_household_network_format(&net, 128, buf);

    while (len && buf[--len] != '/') { /* void */ }

    ngx_household_explain_put(step, buf, len);
}

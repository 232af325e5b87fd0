
/*
 * Times as text.  Days are counted by the proleptic Gregorian calendar, in
 * years that begin in March, so that the leap day is the last of a year.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_time.h"


/* days from 0000-03-01 to 1970-01-01, of 400 years, and of a year */
#define NGX_HOUSEHOLD_TIME_EPOCH  719468
#define NGX_HOUSEHOLD_TIME_ERA    146097

#define NGX_HOUSEHOLD_TIME_LAST   253402300799LL  /* 9999-12-31T23:59:59Z */


static u_char *ngx_household_time_put(u_char *p, ngx_uint_t n,
    ngx_uint_t digits);
static int64_t ngx_household_time_days(int64_t year, ngx_uint_t month,
    ngx_uint_t day);
static ngx_uint_t ngx_household_time_month_days(ngx_uint_t year,
    ngx_uint_t month);
static ngx_int_t ngx_household_time_number(u_char **p, u_char *last,
    ngx_uint_t digits, u_char end, ngx_uint_t *n);
static ngx_int_t ngx_household_time_offset(u_char *p, u_char *last,
    int64_t *offset);


u_char *
ngx_household_time_format(u_char *p, int64_t time)
{
    ngx_uint_t  days, day, year, month, sec;

    sec = (ngx_uint_t) (time % 86400);

    /* RFC 3339 has four digits for a year: the era is one of 0 to 24 */

    days = (ngx_uint_t) (time / 86400) + NGX_HOUSEHOLD_TIME_EPOCH;
    day = days % NGX_HOUSEHOLD_TIME_ERA;
    year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    month = (5 * day + 2) / 153;
    day -= (153 * month + 2) / 5;

    year += 400 * (days / NGX_HOUSEHOLD_TIME_ERA);
    month = (month < 10) ? month + 3 : month - 9;

    if (month <= 2) {
        year++;
    }

    p = ngx_household_time_put(p, year, 4);
    *p++ = '-';
    p = ngx_household_time_put(p, month, 2);
    *p++ = '-';
    p = ngx_household_time_put(p, day + 1, 2);
    *p++ = 'T';
    p = ngx_household_time_put(p, sec / 3600, 2);
    *p++ = ':';
    p = ngx_household_time_put(p, sec / 60 % 60, 2);
    *p++ = ':';
    p = ngx_household_time_put(p, sec % 60, 2);
    *p++ = 'Z';

    return p;
}


static u_char *
ngx_household_time_put(u_char *p, ngx_uint_t n, ngx_uint_t digits)
{
    ngx_uint_t  i;

    for (i = digits; i > 0; i--) {
        p[i - 1] = (u_char) ('0' + n % 10);
        n /= 10;
    }

    return p + digits;
}


ngx_int_t
ngx_household_time_parse(const ngx_str_t *text, int64_t *time)
{
    u_char      *p, *last;
    int64_t      offset;
    ngx_uint_t   year, month, day, hour, min, sec;

    p = text->data;
    last = text->data + text->len;

    if (ngx_household_time_number(&p, last, 4, '-', &year) != NGX_OK
        || ngx_household_time_number(&p, last, 2, '-', &month) != NGX_OK
        || ngx_household_time_number(&p, last, 2, 'T', &day) != NGX_OK
        || ngx_household_time_number(&p, last, 2, ':', &hour) != NGX_OK
        || ngx_household_time_number(&p, last, 2, ':', &min) != NGX_OK
        || ngx_household_time_number(&p, last, 2, '\0', &sec) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (month == 0 || month > 12
        || day == 0 || day > ngx_household_time_month_days(year, month)
        || hour > 23 || min > 59 || sec > 60)
    {
        return NGX_DECLINED;
    }

    if (p < last && *p == '.') {

        p++;

        if (p == last || *p < '0' || *p > '9') {
            return NGX_DECLINED;
        }

        while (p < last && *p >= '0' && *p <= '9') {
            p++;
        }
    }

    if (ngx_household_time_offset(p, last, &offset) != NGX_OK) {
        return NGX_DECLINED;
    }

    *time = ngx_household_time_days(year, month, day) * 86400
            + (int64_t) (hour * 3600 + min * 60 + ngx_min(sec, 59)) - offset;

    return *time >= 0 && *time <= NGX_HOUSEHOLD_TIME_LAST ? NGX_OK
                                                          : NGX_DECLINED;
}


/* days since 1970-01-01 */

static int64_t
ngx_household_time_days(int64_t year, ngx_uint_t month, ngx_uint_t day)
{
    if (month <= 2) {
        year--;
        month += 12;
    }

    return 365 * year + year / 4 - year / 100 + year / 400
           + (int64_t) ((153 * (month - 3) + 2) / 5 + day - 1)
           - NGX_HOUSEHOLD_TIME_EPOCH;
}


static ngx_uint_t
ngx_household_time_month_days(ngx_uint_t year, ngx_uint_t month)
{
    static const u_char  days[] = { 31, 28, 31, 30, 31, 30,
                                    31, 31, 30, 31, 30, 31 };

    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) {
        return 29;
    }

    return days[month - 1];
}


/* "end" follows the number, unless it is NUL; "T" may be lower case */

static ngx_int_t
ngx_household_time_number(u_char **p, u_char *last, ngx_uint_t digits,
    u_char end, ngx_uint_t *n)
{
    u_char  *s;

    s = *p;
    *n = 0;

    if ((size_t) (last - s) < digits + (end != '\0')) {
        return NGX_DECLINED;
    }

    while (digits--) {

        if (*s < '0' || *s > '9') {
            return NGX_DECLINED;
        }

        *n = *n * 10 + (*s++ - '0');
    }

    if (end != '\0') {

        if (*s != end && !(end == 'T' && *s == 't')) {
            return NGX_DECLINED;
        }

        s++;
    }

    *p = s;

    return NGX_OK;
}


static ngx_int_t
ngx_household_time_offset(u_char *p, u_char *last, int64_t *offset)
{
    u_char      sign;
    ngx_uint_t  hour, min;

    *offset = 0;

    if (p == last) {
        return NGX_DECLINED;
    }

    sign = *p++;

    if (sign == 'Z' || sign == 'z') {
        return p == last ? NGX_OK : NGX_DECLINED;
    }

    if ((sign != '+' && sign != '-')
        || ngx_household_time_number(&p, last, 2, ':', &hour) != NGX_OK
        || ngx_household_time_number(&p, last, 2, '\0', &min) != NGX_OK
        || p != last || hour > 23 || min > 59)
    {
        return NGX_DECLINED;
    }

    *offset = (int64_t) (hour * 3600 + min * 60);

    if (sign == '-') {
        *offset = -*offset;
    }

    return NGX_OK;
}

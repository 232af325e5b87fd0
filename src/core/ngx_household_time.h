
/*
 * Times as text: RFC 3339, in UTC.
 */


#ifndef _NGX_HOUSEHOLD_TIME_H_INCLUDED_
#define _NGX_HOUSEHOLD_TIME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* "2026-11-25T20:00:00Z" */
#define NGX_HOUSEHOLD_TIME_LEN  20


/*
 * Writes a time, Unix seconds from 0 to the end of the year 9999, as
 * NGX_HOUSEHOLD_TIME_LEN bytes without NUL.  Returns their end.
 */
u_char *ngx_household_time_format(u_char *p, int64_t time);

/*
 * Parses a "date-time" of RFC 3339, 5.6.  A fraction of a second is dropped.
 * The offset may be "Z" or "+hh:mm".  A leap second counts as the second
 * before.  Returns NGX_OK and sets "time" to Unix seconds, 0 to the end of the
 * year 9999; or returns NGX_DECLINED.
 */
ngx_int_t ngx_household_time_parse(const ngx_str_t *text, int64_t *time);


#endif /* _NGX_HOUSEHOLD_TIME_H_INCLUDED_ */

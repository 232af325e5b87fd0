
/*
 * The encoder of the Redis protocol, RESP2.
 *
 * The encoder of hiredis is not used: it allocates memory and calls vsprintf()
 * for each command, which was a fifth of the instructions of a lookup.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_resp.h"


/* limits of a command */
#define NGX_HOUSEHOLD_RESP_MAX_SIZE  (1024 * 1024 * 1024)
#define NGX_HOUSEHOLD_RESP_MAX_ARGS  (1024 * 1024)

/* a header of a command or an argument: type, length, and CRLF */
#define NGX_HOUSEHOLD_RESP_HEADER    (1 + NGX_SIZE_T_LEN + sizeof(CRLF) - 1)


static u_char *ngx_household_resp_header(u_char *p, u_char type, size_t n);


size_t
ngx_household_resp_size(const ngx_household_resp_command_t *command)
{
    size_t      size;
    ngx_uint_t  i;

    if (command->argc == 0 || command->argc > NGX_HOUSEHOLD_RESP_MAX_ARGS) {
        return 0;
    }

    size = NGX_HOUSEHOLD_RESP_HEADER;

    for (i = 0; i < command->argc; i++) {

        if (command->argv[i].len > NGX_HOUSEHOLD_RESP_MAX_SIZE) {
            return 0;
        }

        size += NGX_HOUSEHOLD_RESP_HEADER + command->argv[i].len
                + sizeof(CRLF) - 1;

        if (size > NGX_HOUSEHOLD_RESP_MAX_SIZE) {
            return 0;
        }
    }

    return size;
}


u_char *
ngx_household_resp_encode(u_char *p,
    const ngx_household_resp_command_t *command)
{
    ngx_uint_t  i;

    p = ngx_household_resp_header(p, '*', command->argc);

    for (i = 0; i < command->argc; i++) {
        p = ngx_household_resp_header(p, '$', command->argv[i].len);

        /* the data of an empty argument may be NULL */

        if (command->argv[i].len) {
            p = ngx_cpymem(p, command->argv[i].data, command->argv[i].len);
        }

        *p++ = CR; *p++ = LF;
    }

    return p;
}


/* ngx_sprintf() takes ten times as long, and this is called often */

static u_char *
ngx_household_resp_header(u_char *p, u_char type, size_t n)
{
    u_char  *last, digits[NGX_SIZE_T_LEN];

    *p++ = type;

    if (n < 10) {
        *p++ = (u_char) (n + '0');

    } else if (n < 100) {
        *p++ = (u_char) (n / 10 + '0');
        *p++ = (u_char) (n % 10 + '0');

    } else {
        last = digits + sizeof(digits);

        do {
            *--last = (u_char) (n % 10 + '0');
            n /= 10;
        } while (n);

        p = ngx_cpymem(p, last, digits + sizeof(digits) - last);
    }

    *p++ = CR; *p++ = LF;

    return p;
}


/*
 * Error replies.  See ngx_household_redis_error.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_redis_error.h"


#define NGX_HOUSEHOLD_REDIS_CODE_LEN  32

/* what Redis replies, with "ERR", to a script that lacks a permission */
#define NGX_HOUSEHOLD_REDIS_SCRIPT_NOPERM                                     \
    "The user executing the script can't"


static ngx_uint_t ngx_household_redis_error_script(ngx_str_t *error);


static const char
    *ngx_household_redis_error_codes[NGX_HOUSEHOLD_REDIS_ERROR_CODES] =
{
    "BUSY", "CLUSTERDOWN", "ERR", "LOADING", "MASTERDOWN", "MISCONF", "NOAUTH",
    "NOPERM", "NOREPLICAS", "NOSCRIPT", "OOM", "READONLY", "TRYAGAIN",
    "WRONGPASS", "WRONGTYPE", "OTHER"
};


ngx_str_t
ngx_household_redis_error_code(ngx_str_t *error)
{
    size_t     i;
    ngx_str_t  code;

    if (ngx_household_redis_error_script(error)) {
        ngx_str_set(&code, "NOPERM");
        return code;
    }

    for (i = 0; i < error->len; i++) {
        if (error->data[i] < 'A' || error->data[i] > 'Z') {
            break;
        }
    }

    if (i == 0 || i > NGX_HOUSEHOLD_REDIS_CODE_LEN
        || (i < error->len && error->data[i] != ' '))
    {
        ngx_str_set(&code, "ERR");
        return code;
    }

    code.data = error->data;
    code.len = i;

    return code;
}


ngx_uint_t
ngx_household_redis_error_number(ngx_str_t *code)
{
    ngx_uint_t   i;
    const char  *name;

    for (i = 0; i < NGX_HOUSEHOLD_REDIS_ERROR_CODES - 1; i++) {
        name = ngx_household_redis_error_codes[i];

        if (code->len == ngx_strlen(name)
            && ngx_memcmp(code->data, name, code->len) == 0)
        {
            break;
        }
    }

    return i;
}


const char *
ngx_household_redis_error_name(ngx_uint_t number)
{
    return ngx_household_redis_error_codes[number];
}


/* the text follows the code, or the name of the script */

static ngx_uint_t
ngx_household_redis_error_script(ngx_str_t *error)
{
    size_t  i, len;

    len = sizeof(NGX_HOUSEHOLD_REDIS_SCRIPT_NOPERM) - 1;

    for (i = 0; i + len <= error->len; i++) {
        if (ngx_memcmp(error->data + i, NGX_HOUSEHOLD_REDIS_SCRIPT_NOPERM, len)
            == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* the code "ERR" alone does not tell the cause; these texts do */

ngx_str_t
ngx_household_redis_error_text(ngx_str_t *error)
{
    ngx_uint_t  i;

    static ngx_str_t  known[] = {
        ngx_string("ERR max number of clients reached"),
        ngx_string("ERR max number of clients + cluster connections reached"),
        ngx_string("ERR The client ID you want redirect to does not exist"),
        ngx_string("ERR unknown command"),
        ngx_string("ERR unknown subcommand"),
        ngx_string("ERR Unknown subcommand"),
        ngx_string("ERR DB index is out of range"),
        ngx_string("ERR invalid password"),
        ngx_string("ERR AUTH <password> called without any password "
                   "configured"),
        ngx_string("ERR Client sent AUTH, but no password is set"),
        ngx_string("ERR This instance has cluster support disabled"),
        ngx_null_string
    };

    for (i = 0; known[i].len; i++) {
        if (error->len >= known[i].len
            && ngx_strncmp(error->data, known[i].data, known[i].len) == 0)
        {
            return known[i];
        }
    }

    return ngx_household_redis_error_code(error);
}


const char *
ngx_household_redis_error_reply(u_char *errstr, size_t size, ngx_str_t *error)
{
    ngx_str_t  text;

    text = ngx_household_redis_error_text(error);

    (void) snprintf((char *) errstr, size, "error reply %.*s", (int) text.len,
                    text.data);

    return (const char *) errstr;
}


ngx_uint_t
ngx_household_redis_error_of_ping(ngx_str_t *error)
{
    ngx_str_t  code;

    code = ngx_household_redis_error_code(error);

    return ngx_household_redis_error_is(&code, "NOPERM")
           || ngx_household_redis_error_is(&code, "MISCONF");
}


/*
 * A script that Redis runs.  See ngx_household_script.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_sha1.h>
#include "ngx_household_redis_error.h"
#include "ngx_household_script.h"


void
ngx_household_script_args(ngx_household_script_t *script, ngx_uint_t eval,
    ngx_str_t *argv)
{
    u_char      digest[20];
    ngx_sha1_t  sha1;

    if (eval) {
        ngx_str_set(&argv[0], "EVAL");
        argv[1] = script->text;
        return;
    }

    if (!script->hashed) {

        ngx_sha1_init(&sha1);
        ngx_sha1_update(&sha1, script->text.data, script->text.len);
        ngx_sha1_final(digest, &sha1);

        (void) ngx_hex_dump(script->sha1, digest, sizeof(digest));

        script->hashed = 1;
    }

    ngx_str_set(&argv[0], "EVALSHA");
    argv[1].data = script->sha1;
    argv[1].len = sizeof(script->sha1);
}


ngx_uint_t
ngx_household_script_missing(ngx_str_t *error)
{
    ngx_str_t  code;

    code = ngx_household_redis_error_code(error);

    return ngx_household_redis_error_is(&code, "NOSCRIPT");
}

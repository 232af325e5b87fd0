
/*
 * Fuzz target of the paths of the API: an id is valid and within its memory;
 * and what is decoded is not longer than what was encoded.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_http_household_api_path.c"


#define CHECK(cond)  do { if (!(cond)) { abort(); } } while (0)


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* not used, but nginx's strings refer to them */

volatile ngx_cycle_t  *ngx_cycle;


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    abort();
}


void *
ngx_pnalloc(ngx_pool_t *pool, size_t size)
{
    abort();
}


static void
check_id(const ngx_str_t *id, const u_char *bytes)
{
    CHECK(id->data == bytes);
    CHECK(id->len >= 1 && id->len <= NGX_HOUSEHOLD_ID_LEN);
    CHECK(ngx_household_id_valid(id));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                         *copy, decoded[64];
    ngx_int_t                       rc;
    ngx_str_t                       text, out;
    ngx_http_household_api_path_t   path;

    static const char *const  names[] = { "address", "at", NULL };

    copy = malloc(size ? size : 1);
    CHECK(copy != NULL);
    memcpy(copy, data, size);

    text.data = copy;
    text.len = size;

    memset(&path, 0xff, sizeof(path));

    rc = ngx_http_household_api_path_parse(&text, &path);

    CHECK(rc == NGX_OK || rc == NGX_DECLINED || rc == NGX_ERROR);

    if (rc == NGX_OK) {
        CHECK(path.resource < NGX_HTTP_HOUSEHOLD_API_RESOURCES);
        CHECK(ngx_http_household_api_path_name(path.resource) != NULL);

        CHECK((path.account.len != 0)
              == (path.resource >= NGX_HTTP_HOUSEHOLD_API_ACCOUNT));
        CHECK((path.item.len != 0)
              == (path.resource >= NGX_HTTP_HOUSEHOLD_API_HOME));

        if (path.account.len) {
            check_id(&path.account, path.account_bytes);
        }

        if (path.item.len) {
            check_id(&path.item, path.item_bytes);
        }
    }

    out.data = decoded;

    if (ngx_http_household_api_path_decode(&text, &out, sizeof(decoded))
        == NGX_OK)
    {
        CHECK(out.len <= size && out.len <= sizeof(decoded));
    }

    (void) ngx_http_household_api_path_query(&text, names);

    free(copy);

    return 0;
}

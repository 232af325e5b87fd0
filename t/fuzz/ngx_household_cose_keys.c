
/*
 * COSE key sets: any input is a set with usable keys, or an error in printable
 * ASCII.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <openssl/err.h>
#include "ngx_household_cose_keys.h"


#define CHECK(cond)  do { if (!(cond)) { abort(); } } while (0)


static void
check_text(const char *p)
{
    CHECK(*p != '\0');

    for ( /* void */ ; *p != '\0'; p++) {
        CHECK(*p >= 0x20 && *p <= 0x7e);
    }
}


static void
skip(void *data, const char *text)
{
    check_text(text);

    (*(ngx_uint_t *) data)++;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                   error[NGX_HOUSEHOLD_JWKS_ERROR];
    ngx_str_t              text;
    ngx_uint_t             i, skipped;
    ngx_household_jwks_t  *set;

    text.data = malloc(size + 1);
    text.len = size;
    memcpy(text.data, data, size);

    skipped = 0;
    memset(error, 1, sizeof(error));

    (void) ngx_household_cose_keys_is(&text);
    set = ngx_household_cose_keys_parse(&text, skip, &skipped, error);

    CHECK(ERR_peek_error() == 0);

    if (set == NULL) {
        CHECK(memchr(error, '\0', sizeof(error)) != NULL);
        check_text(error);
        free(text.data);
        return 0;
    }

    CHECK(ngx_household_cose_keys_is(&text));
    CHECK(set->nkeys > 0);
    CHECK(set->nkeys + skipped <= NGX_HOUSEHOLD_JWKS_KEYS);

    for (i = 0; i < set->nkeys; i++) {
        CHECK(set->keys[i].id != 0);
        CHECK(set->keys[i].key.algorithms != 0);
        CHECK(set->keys[i].kid.len <= NGX_HOUSEHOLD_JWKS_KID_LEN);
    }

    ngx_household_jwks_destroy(set);
    free(text.data);

    return 0;
}

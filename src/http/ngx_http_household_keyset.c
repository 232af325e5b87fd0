
/*
 * Key sets that are fetched: which policies they belong to.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_keyset.h"


static void ngx_http_household_keyset_changed(void *data,
    ngx_household_keyset_t *keyset);


void
ngx_http_household_keyset_start(ngx_http_household_main_conf_t *hmcf)
{
    ngx_uint_t                i;
    ngx_household_keyset_t  **keyset;

    keyset = hmcf->keysets.elts;

    for (i = 0; i < hmcf->keysets.nelts; i++) {
        if (keyset[i]->used) {
            ngx_household_keyset_start(keyset[i],
                                       ngx_http_household_keyset_changed,
                                       hmcf);
        }
    }
}


void
ngx_http_household_keyset_stop(ngx_http_household_main_conf_t *hmcf)
{
    ngx_uint_t                i;
    ngx_household_keyset_t  **keyset;

    keyset = hmcf->keysets.elts;

    for (i = 0; i < hmcf->keysets.nelts; i++) {
        if (keyset[i]->used) {
            ngx_household_keyset_stop(keyset[i]);
        }
    }
}


/* puts another set into all policies, before the former one is freed */

static void
ngx_http_household_keyset_changed(void *data, ngx_household_keyset_t *keyset)
{
    ngx_http_household_main_conf_t *hmcf = data;

    ngx_uint_t                         i, n, found;
    ngx_household_keyset_t           **keysets;
    ngx_household_jwt_policy_t        *policy;
    ngx_http_household_token_conf_t  **token;

    token = hmcf->tokens.elts;

    for (i = 0; i < hmcf->tokens.nelts; i++) {

        policy = &token[i]->policy;
        keysets = token[i]->keysets->elts;
        found = 0;

        for (n = 0; n < policy->nissuers; n++) {
            if (keysets[n] == keyset) {
                policy->issuers[n].jwks = keyset->jwks;
                found = 1;
            }
        }

        /* tokens that were verified with the former set are not found again */

        if (found) {
            token[i]->cacheable =
                ngx_household_jwt_policy_digest(policy, token[i]->digest)
                == NGX_OK;
        }
    }
}


/*
 * The next Common Access Token of a client, as the claim "catr" asks for it.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_CAT_RENEW_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_CAT_RENEW_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_token.h"


#if (NGX_HOUSEHOLD_CAT)

/* as ngx_http_household_token_renew() */
ngx_int_t ngx_http_household_cat_renew(ngx_http_request_t *r,
    ngx_http_household_token_conf_t *conf,
    ngx_http_household_tokens_t *tokens, uint64_t key,
    ngx_http_household_next_t *next);

#endif


#endif /* _NGX_HTTP_HOUSEHOLD_CAT_RENEW_H_INCLUDED_ */


/*
 * Fetching a document by HTTP or HTTPS: one GET on a connection of its own,
 * bounded in size and time.  Redirects are not followed.
 */


#ifndef _NGX_HOUSEHOLD_FETCH_H_INCLUDED_
#define _NGX_HOUSEHOLD_FETCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_response.h"


typedef struct ngx_household_fetch_s  ngx_household_fetch_t;


/* what is fetched; lives as long as the configuration */

typedef struct {
    ngx_str_t        host;             /* for TLS and the resolver */
    ngx_str_t        authority;        /* for the Host field: with the port */
    ngx_str_t        uri;              /* path and query */
    in_port_t        port;
    ngx_addr_t      *addrs;            /* of a host that is an address */
    ngx_uint_t       naddrs;           /* 0: resolve the host */
    ngx_resolver_t  *resolver;
    ngx_msec_t       timeout;          /* of everything */
    size_t           max;              /* bytes of the document */
#if (NGX_SSL)
    ngx_ssl_t       *ssl;              /* NULL: HTTP */
#endif
} ngx_household_fetch_conf_t;


/*
 * Called once at the end, unless the fetch is aborted.  "error" is NULL if a
 * response was received, of any status; it is valid during the call only.
 * Otherwise "error" is the cause, and "err" the error of the system, or 0.
 */
typedef void (*ngx_household_fetch_done_pt)(void *data,
    ngx_household_response_t *response, ngx_err_t err, const char *error);


/*
 * Creates a fetch; "etag" and "modified" are validators of an earlier response,
 * or empty (RFC 9110, 13.1).  Returns NULL if there is no memory.
 */
ngx_household_fetch_t *ngx_household_fetch_create(
    ngx_household_fetch_conf_t *conf, ngx_str_t *etag, ngx_str_t *modified,
    ngx_household_fetch_done_pt done, void *data);

/* "done" may be called before this returns; afterwards the fetch is freed */
void ngx_household_fetch_start(ngx_household_fetch_t *fetch);

/* frees the fetch without a call of "done"; must not be called by "done" */
void ngx_household_fetch_abort(ngx_household_fetch_t *fetch);


#endif /* _NGX_HOUSEHOLD_FETCH_H_INCLUDED_ */

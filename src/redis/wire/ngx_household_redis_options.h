
/*
 * The configuration of a household_redis block.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_OPTIONS_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_OPTIONS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


#define NGX_HOUSEHOLD_REDIS_PORT           6379
#define NGX_HOUSEHOLD_REDIS_SENTINEL_PORT  26379

/* "read_from" */
#define NGX_HOUSEHOLD_REDIS_PRIMARY  0
#define NGX_HOUSEHOLD_REDIS_REPLICA  1

/* "tracking"; other than off is not 0 */
#define NGX_HOUSEHOLD_REDIS_TRACKING_OFF        0
#define NGX_HOUSEHOLD_REDIS_TRACKING_BROADCAST  1
#define NGX_HOUSEHOLD_REDIS_TRACKING_ON         2

/*
 * "max_lag", ms: the default is above the interval of 10 s at which a primary
 * sends PING to its replicas.  Redis reports the time in seconds.
 */
#define NGX_HOUSEHOLD_REDIS_MAX_LAG      15000
#define NGX_HOUSEHOLD_REDIS_MAX_LAG_MIN  1000
#define NGX_HOUSEHOLD_REDIS_MAX_LAG_MAX  3600000


/* "server" or "sentinel" */

typedef struct {
    ngx_str_t       name;              /* as in nginx.conf; for the log */
    ngx_str_t       host;              /* a name or an address; unix: empty */
    in_port_t       port;
    ngx_addr_t     *addrs;             /* tried in order; none if "resolve" */
    ngx_uint_t      naddrs;
    ngx_uint_t      resolve;           /* unsigned  resolve:1; */
    ngx_uint_t      replica;           /* unsigned  replica:1; */
} ngx_household_redis_server_t;


/* one household_redis block; lives as long as the configuration */

typedef struct {
    ngx_str_t       name;
    ngx_array_t     servers;           /* of ngx_household_redis_server_t */
    ngx_array_t     sentinels;         /* of ngx_household_redis_server_t */
    ngx_str_t       master;            /* the name monitored by the sentinels */
    ngx_flag_t      cluster;
    ngx_uint_t      read_from;
    ngx_msec_t      max_lag;           /* of a replica that is read from */

    ngx_str_t       user;
    ngx_str_t       password;
    ngx_str_t       sentinel_user;
    ngx_str_t       sentinel_password;
    ngx_str_t       key_prefix;
    ngx_uint_t      database;
    ngx_msec_t      connect_timeout;   /* of connect, TLS and AUTH in total */
    ngx_msec_t      timeout;           /* of one operation */
    ngx_uint_t      connections;       /* per worker and node */
    ngx_uint_t      tracking;          /* receive invalidations, for a zone */
    ngx_uint_t      identify;          /* unsigned  identify:1 */

    ngx_resolver_t *resolver;          /* of the http block; or NULL */

    ngx_flag_t      ssl;
    ngx_flag_t      ssl_verify;
    ngx_str_t       ssl_name;          /* empty: the host of each node */
#if (NGX_SSL)
    ngx_ssl_t      *ssl_ctx;
#endif
} ngx_household_redis_options_t;


#endif /* _NGX_HOUSEHOLD_REDIS_OPTIONS_H_INCLUDED_ */


/*
 * The table of servers of all deployments, in shared memory, for metrics.  Each
 * worker process publishes the state of its peers once a second.
 */


#ifndef _NGX_HOUSEHOLD_REDIS_SERVERS_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_SERVERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_household_redis_route.h"


/* servers of all deployments; further ones are not published */
#define NGX_HOUSEHOLD_REDIS_SERVERS_MAX      512

/* worker processes that publish; further ones do not */
#define NGX_HOUSEHOLD_REDIS_SERVERS_WORKERS  256

/* bytes of a server's name: a domain name or a path, and a port */
#define NGX_HOUSEHOLD_REDIS_SERVERS_NAME     272


typedef struct ngx_household_redis_servers_sh_s
    ngx_household_redis_servers_sh_t;


/* one for each configuration; private to _servers.c */

typedef struct {
    ngx_household_redis_servers_sh_t  *sh;
    ngx_slab_pool_t                   *shpool;
} ngx_household_redis_servers_t;


/* publishes one deployment of this worker process; private to _servers.c */

typedef struct {
    /* the ident of timers must be after 3 pointers, as in ngx_connection_t */
    ngx_household_redis_t             *redis;     /* NULL: not started */
    ngx_household_redis_servers_t     *servers;
    void                              *dummy;
    ngx_int_t                          ident;
    ngx_uint_t                         worker;
    u_char                             digest[16];  /* of the deployment */
    ngx_event_t                        timer;
} ngx_household_redis_publisher_t;


/* the state of a server, as of all worker processes that have tried it */

typedef struct {
    ngx_str_t   name;
    ngx_uint_t  up;                    /* unsigned  up:1; */
    ngx_uint_t  replica;               /* unsigned  replica:1; */
    ngx_uint_t  chosen;                /* unsigned  chosen:1; see below */
    ngx_uint_t  fit;                   /* unsigned  fit:1; */
    ngx_uint_t  ready;                 /* connections */
    ngx_uint_t  connecting;
    ngx_uint_t  failures[NGX_HOUSEHOLD_REDIS_CAUSES];
} ngx_household_redis_server_stat_t;


/*
 * Configuration time.  Returns the table, whose shared memory is kept by a
 * reload.  Returns NULL on an error, which has been logged.
 */
ngx_household_redis_servers_t *ngx_household_redis_servers_add(ngx_conf_t *cf,
    void *tag);

/*
 * Publishes the peers of the deployment from now on, and the commands that were
 * counted.  "worker" is the number of
 * this worker process.  The publisher is in the memory of the caller, which
 * calls ngx_household_redis_publisher_stop() before the deployment is
 * destroyed.
 */
void ngx_household_redis_publisher_start(ngx_household_redis_publisher_t *p,
    ngx_household_redis_t *redis, ngx_household_redis_servers_t *servers,
    ngx_uint_t worker);
void ngx_household_redis_publisher_stop(ngx_household_redis_publisher_t *p);

/*
 * Returns the servers of the deployment "redis" that one of the first "workers"
 * worker processes has tried, sorted by name, allocated from "pool".  "up" is 0
 * if one of them cannot use the server.  "fit" is known only if "chosen" is 1:
 * reads go to one of several servers (see ngx_household_redis_choice.h).
 * Returns NULL if memory allocation failed.
 */
ngx_array_t *ngx_household_redis_servers_list(
    ngx_household_redis_servers_t *servers, ngx_str_t *redis,
    ngx_uint_t workers, ngx_pool_t *pool);


#endif /* _NGX_HOUSEHOLD_REDIS_SERVERS_H_INCLUDED_ */

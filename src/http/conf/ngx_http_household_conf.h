
/*
 * The directives.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_CONF_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"


/* seconds, at most and by default: "household_activity" */
#define NGX_HTTP_HOUSEHOLD_ACTIVITY_MAX  (180 * NGX_HOUSEHOLD_DAY)


/* ngx_http_household_conf.c: what the directives need beyond nginx's slots */

void *ngx_http_household_create_main_conf(ngx_conf_t *cf);
char *ngx_http_household_init_main_conf(ngx_conf_t *cf, void *conf);
void *ngx_http_household_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_household_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);

char *ngx_http_household_set_mode(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_store(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_api(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_api_audit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_offer(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
/*
 * Takes what the policy of a level, or a household_policy, does not set from
 * "prev", or its default.
 */
void ngx_http_household_policy_merge(ngx_http_household_loc_conf_t *conf,
    const ngx_http_household_loc_conf_t *prev);

char *ngx_http_household_set_unregistered(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_sharing(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_events(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_away(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_enforce_in(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_rollout(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/*
 * The longest time in seconds, 100 years: sums of it and a time fit, and are
 * times that a token and a JSON number can have.
 */
#define NGX_HTTP_HOUSEHOLD_SEC_MAX  3153600000


/* ngx_http_household_conf_slot.c: nginx's slots, with more to say */

char *ngx_http_household_set_enum(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* cmd->post of ngx_http_household_set_sec() */

typedef struct {
    time_t                        min;
    time_t                        max;
    const char                   *text;    /* of the error */
} ngx_http_household_sec_range_t;

char *ngx_http_household_set_sec(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_msec(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_num(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

char *ngx_http_household_set_bitmask(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

char *ngx_http_household_set_value(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);



/* logs that a parameter is invalid; returns NGX_CONF_ERROR */
char *ngx_http_household_conf_invalid(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_str_t *value);


/* ngx_http_household_conf_file.c: files that directives name */

/*
 * Reads a whole file of at most "max" bytes; the name is taken as nginx takes
 * those of its own directives.  Returns NGX_OK, or NGX_ERROR when the error
 * has been logged.
 */
ngx_int_t ngx_http_household_conf_read_file(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_str_t *file, size_t max, ngx_str_t *text);

/*
 * Reads the first line of a file, without its end, which keeps a secret out
 * of nginx.conf.  An empty one is an error.  Returns as above.
 */
ngx_int_t ngx_http_household_conf_read_secret(ngx_conf_t *cf,
    ngx_command_t *cmd, ngx_str_t *file, ngx_str_t *secret);

char *ngx_http_household_set_hmac_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_geoip(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* ngx_http_household_conf_block.c: blocks with directives of their own */

/* returns the directive of that name, or NULL; the last one has no name */
ngx_command_t *ngx_http_household_conf_find(ngx_command_t *cmd,
    ngx_str_t *name);

/* checks the number of arguments, and sets; errors have been logged */
char *ngx_http_household_conf_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* ngx_http_household_conf_shadow.c: a second policy */

char *ngx_http_household_shadow_block(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_shadow(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Whether each policy that "household_shadow" names is defined.  Returns
 * NGX_OK, or NGX_ERROR, which has been logged.
 */
ngx_int_t ngx_http_household_shadow_defined(ngx_conf_t *cf,
    ngx_http_household_main_conf_t *hmcf);

/*
 * Makes the shadow of a location that evaluates requests, and has
 * "household_shadow".  Returns NGX_OK, or NGX_ERROR, which has been logged.
 */
ngx_int_t ngx_http_household_shadow_init(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *conf);


/* ngx_http_household_conf_redis.c: the household_redis block */

char *ngx_http_household_redis_block(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Finds the deployment of that name, or makes room for it: it may be defined
 * further down.  Returns NULL if allocation fails.
 */
ngx_http_household_redis_t *ngx_http_household_redis_find_or_add(ngx_conf_t *cf,
    ngx_http_household_main_conf_t *hmcf, ngx_str_t *name);


/* conf_redis_server.c: setters of household_redis */
char *ngx_http_household_redis_server(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_redis_read_from(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * When all has been read: takes the resolver of http {}, which a server with
 * "resolve" requires.
 */
char *ngx_http_household_redis_resolver(ngx_conf_t *cf,
    ngx_http_household_redis_t *store);


/* ngx_http_household_conf_ssl.c: TLS in the household_redis block */

/* "ssl" and "ssl_*" of a household_redis block, while it is read */

typedef struct {
    ngx_flag_t                    on;
    ngx_flag_t                    verify;
    ngx_int_t                     depth;
    ngx_uint_t                    protocols;
    ngx_str_t                     name;
    ngx_str_t                     trusted;
    ngx_str_t                     crl;
    ngx_str_t                     certificate;
    ngx_str_t                     key;
    ngx_str_t                     ciphers;
} ngx_http_household_redis_ssl_t;

extern ngx_command_t  ngx_http_household_redis_ssl_commands[];

void ngx_http_household_ssl_redis_unset(ngx_http_household_redis_ssl_t *ssl);

#define NGX_HTTP_HOUSEHOLD_NO_SSL                                             \
    "requires an nginx that was built with SSL, e.g. --with-http_ssl_module"

/* returns 1 if this nginx has TLS */
ngx_uint_t ngx_http_household_ssl_supported(void);

#if (NGX_SSL)

/*
 * Returns the context of outgoing connections that trust the certificates of a
 * file; or those of the system, if the name of the file is empty.  Returns
 * NULL on error, which has been logged.
 */
ngx_ssl_t *ngx_http_household_ssl_trust(ngx_conf_t *cf, ngx_str_t trusted);

#endif

/* checks what was set, and makes rcf->ssl_ctx of it */
char *ngx_http_household_ssl_redis_init(ngx_conf_t *cf,
    ngx_household_redis_options_t *rcf, ngx_http_household_redis_ssl_t *ssl);


/* ngx_http_household_conf_keyset.c: keys that are fetched */

/* "household_token_key" with a URL; zeros: not set */

typedef struct {
    ngx_str_t                     url;
    ngx_msec_t                    refresh;
    ngx_msec_t                    timeout;
    ngx_str_t                     state;
    ngx_str_t                     trusted;
} ngx_http_household_keyset_params_t;

ngx_uint_t ngx_http_household_keyset_is_url(ngx_str_t *value);

/* NGX_OK if "value" is a valid parameter of a URL, or NGX_DECLINED */
ngx_int_t ngx_http_household_keyset_param(
    ngx_http_household_keyset_params_t *params, ngx_str_t *value);

/*
 * Finds the key set of the URL, which has the same parameters on each line, or
 * adds it.  Returns NULL on error, which has been logged.
 */
ngx_household_keyset_t *ngx_http_household_keyset_find_or_add(ngx_conf_t *cf,
    ngx_command_t *cmd, ngx_http_household_keyset_params_t *params);

/*
 * The key sets of a location that evaluates requests are fetched, with the
 * resolver of the first one.  Returns NGX_OK, or NGX_ERROR, which has been
 * logged.
 */
ngx_int_t ngx_http_household_keyset_enable(ngx_conf_t *cf,
    ngx_http_household_token_conf_t *conf);


/* ngx_http_household_conf_token.c: tokens */

char *ngx_http_household_set_account(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_token(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_token_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_token_require(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_household_set_token_cdniip(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_token_renew(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_household_set_token_claims(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Reads a file with a JWK Set, which belongs to the configuration.  Returns
 * NULL on error, which has been logged.
 */
ngx_household_jwks_t *ngx_http_household_keys_load(ngx_conf_t *cf,
    ngx_command_t *cmd, ngx_str_t *file);

void ngx_http_household_token_create(ngx_http_household_token_conf_t *conf);

/* merges all but the sources */
void ngx_http_household_token_merge(ngx_http_household_token_conf_t *prev,
    ngx_http_household_token_conf_t *conf);

/*
 * Makes the policy of a location that evaluates requests.  "zone" may keep
 * verified tokens, or is NULL.
 */
char *ngx_http_household_token_build_policy(ngx_conf_t *cf,
    ngx_http_household_token_conf_t *conf, ngx_household_zone_t *zone);

/*
 * When all variables are known: what is kept of a token, and where.  Returns
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_http_household_token_init(ngx_conf_t *cf,
    ngx_http_household_token_conf_t *conf, ngx_array_t *names);

/*
 * Whether all that "household" requires is configured, in a merged "conf".
 * Warns of an account or a device that is that of all clients, and of what has
 * no effect: trusted devices of which none can be known, a redirect without an
 * offer, sharing behind a rule that allows.  Returns NGX_CONF_OK, or
 * NGX_CONF_ERROR with the error logged.
 */
char *ngx_http_household_conf_check(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *conf);

/*
 * Applies "household_activity" to the parameters of "household_sharing".
 * Returns NGX_OK, or NGX_ERROR with the error logged.
 */
ngx_int_t ngx_http_household_conf_activity(ngx_conf_t *cf,
    ngx_http_household_loc_conf_t *hlcf);



#endif /* _NGX_HTTP_HOUSEHOLD_CONF_H_INCLUDED_ */

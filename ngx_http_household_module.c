
/*
 * The household module: lets an account be used by one household.
 *
 * This file is the table of contents: directives, phases, processes.  The
 * contract of each directive is in docs/directives.md.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_access.h"
#include "ngx_http_household_cache.h"
#include "ngx_http_household_claims.h"
#include "ngx_http_household_conf.h"
#include "ngx_http_household_counts.h"
#include "ngx_http_household_dashboard.h"
#include "ngx_http_household_effects.h"
#include "ngx_http_household_invalidate.h"
#include "ngx_http_household_keyset.h"
#include "ngx_http_household_load.h"
#include "ngx_http_household_metrics.h"
#include "ngx_http_household_sharing.h"
#include "ngx_http_household_variables.h"


#define NGX_HTTP_HOUSEHOLD_ANY_CONF                                           \
    NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF


static ngx_int_t ngx_http_household_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_household_init_process(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_household_init_store(ngx_cycle_t *cycle,
    ngx_http_household_main_conf_t *hmcf, ngx_http_household_store_t *store);
static void ngx_http_household_exit_process(ngx_cycle_t *cycle);


static ngx_conf_enum_t  ngx_http_household_actions[] = {
    { ngx_string("auto"), NGX_HTTP_HOUSEHOLD_AUTO },
    { ngx_string("403"), NGX_HTTP_HOUSEHOLD_403 },
    { ngx_string("redirect"), NGX_HTTP_HOUSEHOLD_REDIRECT },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_household_preflights[] = {
    { ngx_string("answer"), NGX_HTTP_HOUSEHOLD_PREFLIGHT_ANSWER },
    { ngx_string("pass"), NGX_HTTP_HOUSEHOLD_PREFLIGHT_PASS },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_household_allow_deny[] = {
    { ngx_string("allow"), NGX_HOUSEHOLD_ALLOW },
    { ngx_string("deny"), NGX_HOUSEHOLD_DENY },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_household_unregistered[] = {
    { ngx_string("allow"), NGX_HOUSEHOLD_ALLOW },
    { ngx_string("deny"), NGX_HOUSEHOLD_DENY },
    { ngx_string("learn"), NGX_HOUSEHOLD_LEARN },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_household_log_levels[] = {
    { ngx_string("info"), NGX_LOG_INFO },
    { ngx_string("notice"), NGX_LOG_NOTICE },
    { ngx_string("warn"), NGX_LOG_WARN },
    { ngx_string("error"), NGX_LOG_ERR },
    { ngx_null_string, 0 }
};


static ngx_conf_num_bounds_t  ngx_http_household_ipv6_prefix_bounds = {
    ngx_conf_check_num_bounds, 1, 128
};


static ngx_http_household_sec_range_t  ngx_http_household_time_range = {
    0, NGX_HTTP_HOUSEHOLD_SEC_MAX, "at most 100y"
};


static ngx_http_household_sec_range_t  ngx_http_household_leeway_range = {
    0, NGX_HOUSEHOLD_JWT_LEEWAY_MAX, "at most 5m"
};


static ngx_http_household_sec_range_t  ngx_http_household_activity_range = {
    NGX_HOUSEHOLD_DAY, NGX_HTTP_HOUSEHOLD_ACTIVITY_MAX, "from 1d to 180d"
};


static ngx_command_t  ngx_http_household_commands[] = {

    { ngx_string("household_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_http_household_redis_block,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_policy"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_http_household_shadow_block,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1234,
      ngx_http_household_set_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_geoip"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_http_household_set_geoip,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_hmac_key"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_http_household_set_hmac_key,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_mode,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_store"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_household_set_store,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_token"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_household_set_token,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_token_key"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_household_set_token_key,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_token_cdniip"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_token_cdniip,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_token_renew"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_household_set_token_renew,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_token_claims"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE12,
      ngx_http_household_set_token_claims,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_token_require"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_household_set_token_require,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_token_leeway"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_sec,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_household_loc_conf_t, token.leeway),
      &ngx_http_household_leeway_range },

    { ngx_string("household_account"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_account,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_household_loc_conf_t, account),
      NULL },

    { ngx_string("household_device"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_household_loc_conf_t, device),
      NULL },

    { ngx_string("household_offer_state"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_household_loc_conf_t, offer_state),
      NULL },

    { ngx_string("household_issued_at"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_household_loc_conf_t, issued_at),
      NULL },

    { ngx_string("household_preflight"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_enum,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_household_loc_conf_t, preflight),
      ngx_http_household_preflights },

    { ngx_string("household_action"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_enum,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_household_loc_conf_t, action),
      ngx_http_household_actions },

    { ngx_string("household_offer"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_2MORE,
      ngx_http_household_set_offer,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_household_loc_conf_t, offers),
      NULL },

    { ngx_string("household_unavailable"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_enum,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_household_loc_conf_t, unavailable),
      ngx_http_household_allow_deny },

    { ngx_string("household_unregistered"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE12,
      ngx_http_household_set_unregistered,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_household_loc_conf_t, unregistered),
      ngx_http_household_unregistered },

    { ngx_string("household_family_unknown"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_enum,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_household_loc_conf_t, family_unknown),
      ngx_http_household_allow_deny },

    { ngx_string("household_ipv6_prefix"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_num,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_household_loc_conf_t, ipv6_prefix),
      &ngx_http_household_ipv6_prefix_bounds },

    { ngx_string("household_trusted_device"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_sec,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_household_loc_conf_t, trusted_device),
      &ngx_http_household_time_range },

    { ngx_string("household_away"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_away,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_grace"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_sec,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_household_loc_conf_t, grace),
      &ngx_http_household_time_range },

    { ngx_string("household_enforce_in"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_household_set_enforce_in,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_household_loc_conf_t, enforce_in),
      NULL },

    { ngx_string("household_rollout"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_rollout,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_shadow"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_shadow,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_activity"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_sec,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_household_loc_conf_t, activity),
      &ngx_http_household_activity_range },

    { ngx_string("household_sharing"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_household_set_sharing,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_events"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE12,
      ngx_http_household_set_events,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_log_level"),
      NGX_HTTP_HOUSEHOLD_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_enum,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_household_loc_conf_t, log_level),
      ngx_http_household_log_levels },

    { ngx_string("household_metrics"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_household_set_metrics,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_dashboard"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_household_set_dashboard,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_api"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_household_set_api,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("household_api_audit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_household_set_api_audit,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_household_module_ctx = {
    ngx_http_household_add_variables,      /* preconfiguration */
    ngx_http_household_init,               /* postconfiguration */

    ngx_http_household_create_main_conf,   /* create main configuration */
    ngx_http_household_init_main_conf,     /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_household_create_loc_conf,    /* create location configuration */
    ngx_http_household_merge_loc_conf      /* merge location configuration */
};


ngx_module_t  ngx_http_household_module = {
    NGX_MODULE_V1,
    &ngx_http_household_module_ctx,        /* module context */
    ngx_http_household_commands,           /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_household_init_module,        /* init module */
    ngx_http_household_init_process,       /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_household_exit_process,       /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_household_init(ngx_conf_t *cf)
{
    ngx_uint_t                         i;
    ngx_http_handler_pt               *h;
    ngx_http_core_main_conf_t         *cmcf;
    ngx_http_household_main_conf_t    *hmcf;
    ngx_http_household_token_conf_t  **token;

    hmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_household_module);

    if (ngx_http_household_claims_names(cf, &hmcf->claims) != NGX_OK) {
        return NGX_ERROR;
    }

    token = hmcf->tokens.elts;

    for (i = 0; i < hmcf->tokens.nelts; i++) {
        if (ngx_http_household_token_init(cf, token[i], &hmcf->claims)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_http_household_load_check(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_ACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_household_access_handler;

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                       i;
    ngx_http_household_redis_t     **redis;
    ngx_http_household_store_t     **store;
    ngx_http_household_main_conf_t  *hmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    hmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_household_module);
    if (hmcf == NULL) {
        return NGX_OK;
    }

    if (hmcf->counters != NULL) {
        ngx_household_counters_start(hmcf->counters, ngx_worker);
    }

    redis = hmcf->redis.elts;

    if (hmcf->redis.nelts) {
        ngx_http_household_started = 1;
    }

    for (i = 0; i < hmcf->redis.nelts; i++) {

        redis[i]->redis = ngx_household_redis_create(cycle, &redis[i]->conf);
        if (redis[i]->redis == NULL) {
            return NGX_ERROR;
        }

        ngx_http_household_counts_init_redis(redis[i]);

        if (hmcf->servers != NULL) {
            ngx_household_redis_publisher_start(&redis[i]->publisher,
                                                redis[i]->redis, hmcf->servers,
                                                ngx_worker);
        }
    }

    store = hmcf->stores.elts;

    for (i = 0; i < hmcf->stores.nelts; i++) {
        if (ngx_http_household_init_store(cycle, hmcf, store[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < hmcf->redis.nelts; i++) {
        if (ngx_http_household_invalidate_start(cycle, redis[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    ngx_http_household_keyset_start(hmcf);

    ngx_http_household_cache_start(hmcf);

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_init_store(ngx_cycle_t *cycle,
    ngx_http_household_main_conf_t *hmcf, ngx_http_household_store_t *store)
{
    ngx_http_household_counts_init_store(store);

    store->lookups = ngx_household_lookups_create(cycle->pool,
                                       store->redis->redis,
                                       store->zone ? &store->lookup_cache
                                                   : NULL,
                                       &store->lookup_counts,
                                       store->devices);
    if (store->lookups == NULL) {
        return NGX_ERROR;
    }

    store->writer = ngx_household_writer_create(cycle->pool,
                                           store->redis->redis,
                                           &store->redis->conf.key_prefix,
                                           &ngx_http_household_effects_calls,
                                           store);
    if (store->writer == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_household_sharing_init_store(cycle, hmcf, store);
}


static void
ngx_http_household_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                       i;
    ngx_http_household_redis_t     **redis;
    ngx_http_household_store_t     **store;
    ngx_http_household_main_conf_t  *hmcf;

    hmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_household_module);
    if (hmcf == NULL) {
        return;
    }

    ngx_http_household_keyset_stop(hmcf);

    redis = hmcf->redis.elts;

    for (i = 0; i < hmcf->redis.nelts; i++) {
        if (redis[i]->tracking != NULL) {
            ngx_http_household_invalidate_stop(redis[i]);
        }

        if (redis[i]->redis != NULL) {
            ngx_household_redis_publisher_stop(&redis[i]->publisher);
            ngx_household_redis_destroy(redis[i]->redis);
        }
    }

    store = hmcf->stores.elts;

    for (i = 0; i < hmcf->stores.nelts; i++) {
        if (store[i]->lookups != NULL) {
            ngx_household_lookups_destroy(store[i]->lookups);
        }
    }

    ngx_http_household_cache_stop(hmcf);
}

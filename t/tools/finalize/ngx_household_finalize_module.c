
/*
 * For the tests only: a module that ends or redirects requests from a timer,
 * whatever they are doing.
 *
 *     finalize 100ms 503;          ngx_http_finalize_request()
 *     finalize 100ms /uri;         ngx_http_internal_redirect()
 *     finalize 100ms @name;        ngx_http_named_location()
 *
 * The timer starts in the preaccess phase, once in a request.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


typedef struct {
    ngx_msec_t           delay;
    ngx_int_t            code;       /* or 0 */
    ngx_str_t            target;
} ngx_household_finalize_conf_t;


typedef struct {
    /* the ident of timers must be after 3 pointers, as in ngx_connection_t */
    ngx_http_request_t             *request;
    ngx_household_finalize_conf_t  *conf;
    void                           *dummy;
    ngx_int_t                       ident;

    ngx_event_t                     timer;
} ngx_household_finalize_timer_t;


static ngx_int_t ngx_household_finalize_handler(ngx_http_request_t *r);
static void ngx_household_finalize_timer(ngx_event_t *ev);
static void ngx_household_finalize_cleanup(void *data);
static void *ngx_household_finalize_create_conf(ngx_conf_t *cf);
static char *ngx_household_finalize(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_household_finalize_init(ngx_conf_t *cf);


static ngx_command_t  ngx_household_finalize_commands[] = {

    { ngx_string("finalize"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE2,
      ngx_household_finalize,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_household_finalize_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_household_finalize_init,           /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_household_finalize_create_conf,    /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_household_finalize_module = {
    NGX_MODULE_V1,
    &ngx_household_finalize_module_ctx,    /* module context */
    ngx_household_finalize_commands,       /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* what nginx looks up in the file */

ngx_module_t  *ngx_modules[] = { &ngx_household_finalize_module, NULL };
char  *ngx_module_names[] = { "ngx_household_finalize_module", NULL };
char  *ngx_module_order[] = { NULL };


static ngx_int_t
ngx_household_finalize_handler(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t              *cln;
    ngx_household_finalize_conf_t   *conf;
    ngx_household_finalize_timer_t  *t;

    conf = ngx_http_get_module_loc_conf(r, ngx_household_finalize_module);

    if (conf->delay == 0
        || ngx_http_get_module_ctx(r, ngx_household_finalize_module) != NULL)
    {
        return NGX_DECLINED;
    }

    cln = ngx_pool_cleanup_add(r->pool,
                               sizeof(ngx_household_finalize_timer_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    t = cln->data;
    ngx_memzero(t, sizeof(ngx_household_finalize_timer_t));

    cln->handler = ngx_household_finalize_cleanup;

    t->request = r;
    t->conf = conf;
    t->ident = -1;
    t->timer.handler = ngx_household_finalize_timer;
    t->timer.data = t;
    t->timer.log = r->connection->log;

    ngx_http_set_ctx(r, t, ngx_household_finalize_module);

    ngx_add_timer(&t->timer, conf->delay);

    return NGX_DECLINED;
}


static void
ngx_household_finalize_timer(ngx_event_t *ev)
{
    ngx_household_finalize_timer_t  *t = ev->data;

    ngx_int_t            rc;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = t->request;
    c = r->connection;

    ngx_log_error(NGX_LOG_NOTICE, c->log, 0, "finalize: \"%V\"",
                  &t->conf->target);

    if (t->conf->code) {
        rc = t->conf->code;

    } else if (t->conf->target.data[0] == '@') {
        rc = ngx_http_named_location(r, &t->conf->target);

    } else {
        rc = ngx_http_internal_redirect(r, &t->conf->target, &r->args);
    }

    ngx_http_finalize_request(r, rc);

    ngx_http_run_posted_requests(c);
}


static void
ngx_household_finalize_cleanup(void *data)
{
    ngx_household_finalize_timer_t  *t = data;

    if (t->timer.timer_set) {
        ngx_del_timer(&t->timer);
    }
}


static void *
ngx_household_finalize_create_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_household_finalize_conf_t));
}


static char *
ngx_household_finalize(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_household_finalize_conf_t  *fcf = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    fcf->delay = ngx_parse_time(&value[1], 0);
    fcf->target = value[2];

    if (fcf->delay == (ngx_msec_t) NGX_ERROR || fcf->delay == 0) {
        return "invalid value";
    }

    if (fcf->target.data[0] == '/' || fcf->target.data[0] == '@') {
        return NGX_CONF_OK;
    }

    fcf->code = ngx_atoi(fcf->target.data, fcf->target.len);

    return fcf->code == NGX_ERROR ? "invalid value" : NGX_CONF_OK;
}


static ngx_int_t
ngx_household_finalize_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PREACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_household_finalize_handler;

    return NGX_OK;
}

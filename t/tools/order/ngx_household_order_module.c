
/*
 * For the tests only: once nginx has read its configuration, prints the names
 * of its modules in the order that they stand in, one a line.
 */


#include <ngx_config.h>
#include <ngx_core.h>


static ngx_int_t ngx_household_order_init(ngx_cycle_t *cycle);


static ngx_core_module_t  ngx_household_order_module_ctx = {
    ngx_string("household_order"),
    NULL,
    NULL
};


ngx_module_t  ngx_household_order_module = {
    NGX_MODULE_V1,
    &ngx_household_order_module_ctx,       /* module context */
    NULL,                                  /* module directives */
    NGX_CORE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_household_order_init,              /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_household_order_init(ngx_cycle_t *cycle)
{
    ngx_uint_t  i;

    for (i = 0; cycle->modules[i]; i++) {
        ngx_write_stdout(cycle->modules[i]->name);
        ngx_write_stdout("\n");
    }

    return NGX_OK;
}

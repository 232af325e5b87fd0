
/*
 * The place of the access handler in its phase.  The order of modules does not
 * suffice: lua-nginx-module moves its own handler to the end of the phase at
 * run time.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household.h"
#include "ngx_http_household_postpone.h"


ngx_int_t
ngx_http_household_postpone(ngx_http_request_t *r)
{
    ngx_http_phase_handler_t        *ph, *last, tmp;
    ngx_http_core_main_conf_t       *cmcf;
    ngx_http_household_main_conf_t  *hmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    ph = &cmcf->phase_engine.handlers[r->phase_handler];

    /* "next" follows the handler of the post access phase */

    last = &cmcf->phase_engine.handlers[ph->next - 2];

    if (ph >= last) {
        return NGX_OK;
    }

    hmcf = ngx_http_get_module_main_conf(r, ngx_http_household_module);

    if (hmcf->postponed == NGX_HTTP_HOUSEHOLD_POSTPONE_MAX) {
        /* another module moves itself to the end, too */
        return NGX_OK;
    }

    hmcf->postponed++;

    tmp = *ph;
    ngx_memmove(ph, ph + 1, (last - ph) * sizeof(ngx_http_phase_handler_t));
    *last = tmp;

    /* the phase continues with the handler that took this place */

    r->phase_handler--;

    return NGX_DECLINED;
}

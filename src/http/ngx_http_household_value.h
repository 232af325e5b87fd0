
/*
 * Strings of the configuration that can contain variables, and what they are
 * parsed to.
 */


#ifndef _NGX_HTTP_HOUSEHOLD_VALUE_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_VALUE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* a string that can contain variables */

typedef struct {
    ngx_http_complex_value_t      complex;
    ngx_int_t                     index;  /* if a single variable */
    ngx_str_t                     arg;    /* of $arg_name; or empty */
    ngx_http_get_variable_pt      arg_handler; /* nginx's, of that */
} ngx_http_household_value_t;


/* compiles a string; returns NGX_OK, or NGX_ERROR with the error logged */
ngx_int_t ngx_http_household_value_compile(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_household_value_t *text);

/*
 * Evaluates the string; variables that are not found are empty.  "value" lives
 * as long as the request.  Returns NGX_OK, or NGX_ERROR on allocation failure.
 */
ngx_int_t ngx_http_household_value(ngx_http_request_t *r,
    ngx_http_household_value_t *text, ngx_str_t *value);

/* compiles a string; returns NGX_OK, or NGX_ERROR with the error logged */
ngx_int_t ngx_http_household_value_compile_complex(ngx_conf_t *cf,
    ngx_str_t *text, ngx_http_complex_value_t *value);

/*
 * Parses "off", "monitor" or "on".  Returns NGX_OK, or NGX_DECLINED for any
 * other text.
 */
ngx_int_t ngx_http_household_value_parse_mode(ngx_str_t *text,
    ngx_uint_t *mode);

/*
 * Parses a percentage of 0 to 100 with at most two decimals; the sign "%" is
 * optional.  The result is in hundredths of a percent.  Returns NGX_OK or
 * NGX_DECLINED.
 */
ngx_int_t ngx_http_household_value_parse_percent(ngx_str_t *text,
    ngx_uint_t *percent);


#endif /* _NGX_HTTP_HOUSEHOLD_VALUE_H_INCLUDED_ */

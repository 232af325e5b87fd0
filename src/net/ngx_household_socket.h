
/*
 * The socket of an outgoing connection.
 */


#ifndef _NGX_HOUSEHOLD_SOCKET_H_INCLUDED_
#define _NGX_HOUSEHOLD_SOCKET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


/*
 * Returns the error of the system that ended the attempt to connect, or 0 if
 * the socket is connected.
 */
ngx_err_t ngx_household_socket_error(ngx_connection_t *c);


#endif /* _NGX_HOUSEHOLD_SOCKET_H_INCLUDED_ */

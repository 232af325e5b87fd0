
/*
 * UUIDs as text, RFC 9562, section 4: what most services name accounts and
 * devices by.  16 bytes hold one.
 *
 * Pure layer.
 */


#ifndef _NGX_HOUSEHOLD_UUID_H_INCLUDED_
#define _NGX_HOUSEHOLD_UUID_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HOUSEHOLD_UUID_LEN     36
#define NGX_HOUSEHOLD_UUID_PACKED  16


/*
 * Packs a UUID into NGX_HOUSEHOLD_UUID_PACKED bytes.  Returns 1; or 0 if the
 * text is not one, or has upper-case letters, which would be lost.
 */
ngx_uint_t ngx_household_uuid_pack(u_char *packed, const ngx_str_t *text);


#endif /* _NGX_HOUSEHOLD_UUID_H_INCLUDED_ */


/*
 * Ids of accounts and devices.  Most services name both by UUIDs (RFC 9562),
 * which are kept in 16 bytes.
 */


#ifndef _NGX_HOUSEHOLD_ID_H_INCLUDED_
#define _NGX_HOUSEHOLD_ID_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* the longest id of an account, a device or a seat */
#define NGX_HOUSEHOLD_ID_LEN          128

/* the issue time of a token that has none, or of no token */
#define NGX_HOUSEHOLD_ISSUED_UNKNOWN  -1

#define NGX_HOUSEHOLD_UUID_LEN        36
#define NGX_HOUSEHOLD_UUID_PACKED     16


/*
 * Tells whether an account or a device may have this id: at most
 * NGX_HOUSEHOLD_ID_LEN bytes, and no control characters.  Variables carry ids
 * into headers and logs, where nginx writes them as they are.
 */
ngx_uint_t ngx_household_id_valid(const ngx_str_t *id);

/*
 * Packs the text of a UUID (RFC 9562, section 4) into
 * NGX_HOUSEHOLD_UUID_PACKED bytes.  Returns 1; or 0 if the text is not a
 * UUID, or has upper-case letters, which would be lost.
 */
ngx_uint_t ngx_household_uuid_pack(u_char *packed, const ngx_str_t *text);


#endif /* _NGX_HOUSEHOLD_ID_H_INCLUDED_ */

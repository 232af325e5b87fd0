
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

/* no issue time: the token has none, or there is no token */
#define NGX_HOUSEHOLD_ISSUED_UNKNOWN  -1

#define NGX_HOUSEHOLD_UUID_LEN        36
#define NGX_HOUSEHOLD_UUID_PACKED     16


/*
 * Returns 1 if the id of an account or a device is valid, else 0: at most
 * NGX_HOUSEHOLD_ID_LEN bytes, without control characters.  Variables put ids
 * into headers and logs, where nginx does not escape all of them.
 */
ngx_uint_t ngx_household_id_valid(const ngx_str_t *id);

/*
 * Packs the text of a UUID (RFC 9562, section 4) into
 * NGX_HOUSEHOLD_UUID_PACKED bytes.  Returns 1; or 0 if the text is not a
 * UUID, or has upper-case letters, which would be lost.
 */
ngx_uint_t ngx_household_uuid_pack(u_char *packed, const ngx_str_t *text);

/* writes the NGX_HOUSEHOLD_UUID_LEN bytes of text that were packed */
void ngx_household_uuid_unpack(u_char *text, const u_char *packed);


#endif /* _NGX_HOUSEHOLD_ID_H_INCLUDED_ */

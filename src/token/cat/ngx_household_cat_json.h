
/*
 * The claims of a Common Access Token as JSON, as those of a JWT are.
 *
 * Links without any nginx object file; needs jansson and libcbor.
 */


#ifndef _NGX_HOUSEHOLD_CAT_JSON_H_INCLUDED_
#define _NGX_HOUSEHOLD_CAT_JSON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_cbor.h"
#include "ngx_household_jose.h"


/*
 * Converts the map items[0].  A registered key of the map becomes its name,
 * another integer key its decimal digits.  A string of bytes becomes base64url
 * without padding (RFC 8949, 6.1), a tag what it encloses; undefined, and a
 * number out of the range of JSON, become null.  "cti" is "jti", too.
 *
 * Returns the object, which the caller releases with json_decref().  Returns
 * NULL if a text is not UTF-8, if two keys become the same, or if there is no
 * memory.
 */
json_t *ngx_household_cat_json(const ngx_household_cbor_t *c);


#endif /* _NGX_HOUSEHOLD_CAT_JSON_H_INCLUDED_ */

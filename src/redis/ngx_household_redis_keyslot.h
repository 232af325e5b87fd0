
/*
 * The hash slot of a key in a Redis Cluster.
 *
 * https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
 */


#ifndef _NGX_HOUSEHOLD_REDIS_KEYSLOT_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_KEYSLOT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HOUSEHOLD_REDIS_HASH_SLOTS  16384


/*
 * Returns the CRC16 (XMODEM) of the hash tag of the key, or of the whole key
 * if it has none, modulo the number of hash slots.  The hash tag is the text
 * between the first '{' and the next '}', if not empty.
 */
ngx_uint_t ngx_household_redis_keyslot(const ngx_str_t *key);


#endif /* _NGX_HOUSEHOLD_REDIS_KEYSLOT_H_INCLUDED_ */


/*
 * The slot of a key in a Redis Cluster.
 *
 * Pure layer.  https://redis.io/docs/latest/operate/oss_and_stack/reference/
 * cluster-spec/
 */


#ifndef _NGX_HOUSEHOLD_REDIS_KEYSLOT_H_INCLUDED_
#define _NGX_HOUSEHOLD_REDIS_KEYSLOT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HOUSEHOLD_REDIS_HASH_SLOTS  16384


/*
 * The CRC16 (XMODEM) of the key, or of what stands between its first '{' and
 * the first '}' after that, unless nothing does; modulo the number of slots.
 */
ngx_uint_t ngx_household_redis_keyslot(const ngx_str_t *key);


#endif /* _NGX_HOUSEHOLD_REDIS_KEYSLOT_H_INCLUDED_ */

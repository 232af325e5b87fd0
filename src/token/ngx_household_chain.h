
/*
 * A chain of tokens: the first one is of the issuer, and each of the others is
 * made by an edge of the one before.
 *
 * A renewed token is signed with a secret of the edges.  The header parameter
 * "household_renews" is the id of the key that signed the first token, so that
 * the new one is accepted only where that key is, and as long as it is there.
 *
 * Links without any nginx object file.
 */


#ifndef _NGX_HOUSEHOLD_CHAIN_H_INCLUDED_
#define _NGX_HOUSEHOLD_CHAIN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* bytes of the longest token that is made; browsers limit cookies to that */
#define NGX_HOUSEHOLD_CHAIN_SIZE    4000

/* the header parameter: the id of a key in hexadecimal */
#define NGX_HOUSEHOLD_CHAIN_PARAM   "household_renews"
#define NGX_HOUSEHOLD_CHAIN_ID_LEN  16


/*
 * Reads the value of the header parameter.  Returns NGX_OK and sets "key", the
 * id of a key; or NGX_ERROR if it is not valid.
 */
ngx_int_t ngx_household_chain_read_key(const ngx_str_t *text, uint64_t *key);

/* writes that value, and a NUL */
void ngx_household_chain_write_key(uint64_t key,
    char text[NGX_HOUSEHOLD_CHAIN_ID_LEN + 1]);

/*
 * Computes how long the next token is valid: "lifetime" seconds, but not longer
 * than until "max" seconds after the first one was issued.  Returns NGX_OK and
 * sets "left", which is not 0; or NGX_DECLINED if the chain has ended.
 */
ngx_int_t ngx_household_chain_left(int64_t issued, int64_t now, int64_t max,
    int64_t lifetime, int64_t *left);


#endif /* _NGX_HOUSEHOLD_CHAIN_H_INCLUDED_ */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_siphash.h"
#include "ngx_household_word.h"


#define ngx_household_rotl(v, n)  (((v) << (n)) | ((v) >> (64 - (n))))


typedef struct {
    uint64_t  v0;
    uint64_t  v1;
    uint64_t  v2;
    uint64_t  v3;
} ngx_household_siphash_t;


static ngx_inline void ngx_household_siphash_absorb(
    ngx_household_siphash_t *s, const uint64_t *key, const u_char *p,
    size_t len);
static ngx_inline uint64_t ngx_household_siphash_finish(
    ngx_household_siphash_t *s);
static ngx_inline void ngx_household_siphash_round(
    ngx_household_siphash_t *s);


uint64_t
ngx_household_siphash(const uint64_t *key, const u_char *p, size_t len)
{
    ngx_household_siphash_t  s;

    s.v1 = 0;
    ngx_household_siphash_absorb(&s, key, p, len);

    s.v2 ^= 0xff;

    return ngx_household_siphash_finish(&s);
}


void
ngx_household_siphash_128(const uint64_t *key, const u_char *p, size_t len,
    u_char hash[NGX_HOUSEHOLD_SIPHASH_128])
{
    ngx_household_siphash_t  s;

    s.v1 = 0xee;
    ngx_household_siphash_absorb(&s, key, p, len);

    s.v2 ^= 0xee;
    ngx_household_word_write(hash, ngx_household_siphash_finish(&s), 8);

    s.v1 ^= 0xdd;
    ngx_household_word_write(hash + 8, ngx_household_siphash_finish(&s), 8);
}


/* "s->v1" is what the variant adds to the initial state */

static ngx_inline void
ngx_household_siphash_absorb(ngx_household_siphash_t *s, const uint64_t *key,
    const u_char *p, size_t len)
{
    size_t    rest;
    uint64_t  m;

    s->v0 = key[0] ^ 0x736f6d6570736575ULL;
    s->v1 ^= key[1] ^ 0x646f72616e646f6dULL;
    s->v2 = key[0] ^ 0x6c7967656e657261ULL;
    s->v3 = key[1] ^ 0x7465646279746573ULL;

    for (rest = len; rest >= 8; rest -= 8) {
        m = ngx_household_word_read(p, 8);
        p += 8;

        s->v3 ^= m;
        ngx_household_siphash_round(s);
        ngx_household_siphash_round(s);
        s->v0 ^= m;
    }

    m = ngx_household_word_read(p, rest) | ((uint64_t) len << 56);

    s->v3 ^= m;
    ngx_household_siphash_round(s);
    ngx_household_siphash_round(s);
    s->v0 ^= m;
}


static ngx_inline uint64_t
ngx_household_siphash_finish(ngx_household_siphash_t *s)
{
    ngx_household_siphash_round(s);
    ngx_household_siphash_round(s);
    ngx_household_siphash_round(s);
    ngx_household_siphash_round(s);

    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}


static ngx_inline void
ngx_household_siphash_round(ngx_household_siphash_t *s)
{
    s->v0 += s->v1;
    s->v1 = ngx_household_rotl(s->v1, 13) ^ s->v0;
    s->v0 = ngx_household_rotl(s->v0, 32);

    s->v2 += s->v3;
    s->v3 = ngx_household_rotl(s->v3, 16) ^ s->v2;

    s->v0 += s->v3;
    s->v3 = ngx_household_rotl(s->v3, 21) ^ s->v0;

    s->v2 += s->v1;
    s->v1 = ngx_household_rotl(s->v1, 17) ^ s->v2;
    s->v2 = ngx_household_rotl(s->v2, 32);
}

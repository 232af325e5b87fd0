
/*
 * Fuzzes the decoder of presences.  What it takes is what encode() writes, and
 * stays one when it is asked, by whomever and whenever.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_presence.h"


#define fuzz_check(condition)  if (!(condition)) { abort(); }


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
fuzz_ask(ngx_household_presence_t *p, const uint8_t *data, size_t size,
    int64_t now)
{
    size_t                           len;
    u_char                           bytes[NGX_HOUSEHOLD_PRESENCE_SIZE];
    u_char                           detail[NGX_HOUSEHOLD_PRESENCE_DETAIL];
    ngx_str_t                        name;
    ngx_household_presence_t         again;
    ngx_household_presence_facts_t   facts;
    ngx_household_presence_answer_t  answer;
    ngx_household_presence_params_t  params;

    ngx_household_presence_defaults(&params);
    ngx_memzero(&facts, sizeof(facts));

    facts.addr.family = (now & 1) ? NGX_HOUSEHOLD_FAMILY_INET
                                  : NGX_HOUSEHOLD_FAMILY_INET6;
    ngx_memcpy(facts.addr.bytes, data + 3, 4);
    facts.now = now;
    facts.device.data = (u_char *) data;
    facts.device.len = size % 20;

    name.data = (u_char *) data + 1;
    name.len = 10;

    facts.members = &name;
    facts.nmembers = (now >> 1) & 1;
    facts.seats = (now >> 2) & 1;

    ngx_household_presence_evaluate(&params, &facts, p, &answer);

    fuzz_check(answer.allow
               == (answer.reason != NGX_HOUSEHOLD_PRESENCE_SHARED));
    fuzz_check(ngx_household_presence_detail(&answer, detail)
               <= sizeof(detail));

    if (answer.write) {
        len = ngx_household_presence_encode(p, bytes);
        fuzz_check(len <= sizeof(bytes));
        fuzz_check(ngx_household_presence_decode(&again, bytes, len)
                   == NGX_OK);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                    bytes[NGX_HOUSEHOLD_PRESENCE_SIZE];
    int64_t                   now;
    ngx_uint_t                i;
    ngx_household_presence_t  p;

    if (ngx_household_presence_decode(&p, data, size) != NGX_OK || size == 0) {
        return 0;
    }

    fuzz_check(ngx_household_presence_encode(&p, bytes) == size);
    fuzz_check(ngx_memcmp(bytes, data, size) == 0);

    /* around the time that one of the devices was seen */

    now = p.device[0].place[p.device[0].place[0].seen == 0].seen;

    for (i = 0; i < 8; i++) {
        fuzz_ask(&p, data, size, now + (int64_t) i * data[11] * 997);
    }

    return 0;
}

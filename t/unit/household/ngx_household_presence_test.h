
/*
 * Requests for the units of the presence: a device, a place and a time.
 */


#ifndef _NGX_HOUSEHOLD_PRESENCE_TEST_H_INCLUDED_
#define _NGX_HOUSEHOLD_PRESENCE_TEST_H_INCLUDED_


#include "ngx_household_test.h"
#include "ngx_household_presence_case.h"


#define TEST_HOUR     3600
#define TEST_A_DAY   86400

/* noon */
#define TEST_NOW     ((int64_t) 20500 * TEST_A_DAY + 12 * TEST_HOUR)

#define TEST_NAMES   4


/* a place: 1 to 99 are IPv4 addresses, 101 to 199 IPv6 prefixes */

typedef struct {
    const char  *device;
    int          place;
    int64_t      at;                   /* after TEST_NOW */
    int          seats;
    const char  *name[TEST_NAMES];     /* members by the record */
} test_ask_t;


static ngx_household_presence_params_t  params;


static void
test_place(ngx_household_addr_t *addr, int place)
{
    ngx_memzero(addr, sizeof(ngx_household_addr_t));

    if (place == 0) {
        return;
    }

    if (place < 100) {
        addr->family = NGX_HOUSEHOLD_FAMILY_INET;
        addr->bytes[0] = 192;
        addr->bytes[2] = 2;
        addr->bytes[3] = (u_char) place;
        return;
    }

    /* the last bytes are the device's, and those of a network at home */

    addr->family = NGX_HOUSEHOLD_FAMILY_INET6;
    addr->bytes[0] = 0x20;
    addr->bytes[1] = 0x01;
    addr->bytes[6] = (u_char) place;
    addr->bytes[7] = (u_char) test_random();
    addr->bytes[15] = (u_char) test_random();
}


static void
test_ask(ngx_household_presence_t *p, const test_ask_t *q,
    ngx_household_presence_answer_t *answer)
{
    ngx_uint_t                      i;
    ngx_str_t                       names[TEST_NAMES];
    ngx_household_presence_facts_t  facts;

    ngx_memzero(&facts, sizeof(facts));

    test_place(&facts.addr, q->place);

    facts.now = TEST_NOW + q->at;
    facts.device = test_str(q->device);
    facts.seats = q->seats;
    facts.members = names;

    for (i = 0; i < TEST_NAMES && q->name[i] != NULL; i++) {
        names[i] = test_str(q->name[i]);
    }

    facts.nmembers = i;

    ngx_memset(answer, 0xa5, sizeof(ngx_household_presence_answer_t));
    ngx_household_presence_evaluate(&params, &facts, p, answer);

    assert_int_equal(answer->allow,
                     answer->reason != NGX_HOUSEHOLD_PRESENCE_SHARED);
}


static ngx_household_presence_reason_e
test_visit(ngx_household_presence_t *p, const char *device, int place,
    int64_t at)
{
    test_ask_t                       q;
    ngx_household_presence_answer_t  answer;

    ngx_memzero(&q, sizeof(test_ask_t));

    q.device = device;
    q.place = place;
    q.at = at;

    test_ask(p, &q, &answer);

    return answer.reason;
}


static ngx_household_presence_device_t *
test_device(ngx_household_presence_t *p, const char *device)
{
    ngx_str_t                    text;
    ngx_uint_t                   i;
    ngx_household_presence_id_t  id;

    text = test_str(device);
    ngx_household_presence_id(&id, &text);

    for (i = 0; i < p->devices; i++) {
        if (ngx_household_presence_same(&p->device[i].id, &id)) {
            return &p->device[i];
        }
    }

    return NULL;
}


static int
test_start(void **state)
{
    ngx_household_presence_defaults(&params);

    return 0;
}


#endif /* _NGX_HOUSEHOLD_PRESENCE_TEST_H_INCLUDED_ */


/*
 * Units of src/household/ngx_household_presence*.c: a million random requests,
 * judged and written as the model does.
 */


#include "ngx_household_presence_test.h"
#include "ngx_household_presence_model.h"


#define TEST_SEQUENCES  1000
#define TEST_REQUESTS   1000


#define TEST_ANYBODY   ((ngx_uint_t) -1)


/* how one account is used */

typedef struct {
    int64_t      t;
    ngx_uint_t   pace;
    ngx_uint_t   devices;
    ngx_uint_t   places;
    ngx_uint_t   roaming;              /* 1 of so many is elsewhere */
    ngx_uint_t   named;
    ngx_uint_t   only;                 /* who is about: of a place */
} test_life_t;


static const char  *names[] = { "d1", "d2", "d17", "a device that is not" };


static void
test_same_device(const ngx_household_presence_t *p, ngx_uint_t i,
    const model_device_t *m)
{
    ngx_uint_t                              f;
    const ngx_household_presence_device_t  *d;

    d = &p->device[i];

    assert_int_equal(!!(d->flags & NGX_HOUSEHOLD_PRESENCE_MEMBER), m->member);
    assert_int_equal(!!(d->flags & NGX_HOUSEHOLD_PRESENCE_NAMED), m->named);
    assert_int_equal(!!(d->flags & NGX_HOUSEHOLD_PRESENCE_MET), m->met_today);
    assert_int_equal(d->met, m->met);
    assert_int_equal(d->meets, m->meets);
    assert_int_equal(d->days, m->days);
    assert_int_equal(d->group != 0, m->group != NULL);
    assert_int_equal(p->anchor == i + 1, m->anchored);

    for (f = 0; f < 2; f++) {
        assert_int_equal(d->place[f].seen, m->when[f]);

        if (m->when[f] != 0) {
            assert_int_equal(d->place[f].key, m->where[f]);
            assert_int_equal(d->place[f].days, m->stay[f]);
        }
    }
}


static void
test_same(const ngx_household_presence_t *p, model_presence_t *m)
{
    ngx_uint_t                             i, j;
    model_device_t                        *d;
    const ngx_household_presence_group_t  *g;

    assert_int_equal(p->devices, m->devices);

    for (i = 0; i < p->devices; i++) {
        d = &m->device[i];
        d->anchored = strcmp(d->id, m->anchor) == 0;

        test_same_device(p, i, d);

        if (d->group == NULL) {
            continue;
        }

        g = &p->group[p->device[i].group - 1];

        assert_int_equal(g->conflict, d->group->conflict);
        assert_int_equal(g->meets, d->group->meets);
        assert_int_equal(g->today, d->group->today);
        assert_int_equal(g->since, d->group->since);
        assert_int_equal(!!(g->flags & NGX_HOUSEHOLD_PRESENCE_MET),
                         d->group->met_today);

        for (j = 0; j < i; j++) {
            assert_int_equal(p->device[j].group == p->device[i].group,
                             m->device[j].group == d->group);
        }
    }
}


/* lives of a different pace: a busy day, weeks, years with gaps */

static int64_t
test_step(ngx_uint_t pace)
{
    switch (pace) {
    case 0:
        return (int64_t) test_below(3 * TEST_HOUR);
    case 1:
        return (int64_t) test_below(12 * TEST_HOUR);
    case 2:
        return (int64_t) test_below(2 * TEST_A_DAY);
    default:
        return (int64_t) (test_below(40) ? test_below(TEST_A_DAY)
                                         : test_below(200 * TEST_A_DAY));
    }
}


static void
test_life_start(test_life_t *life)
{
    static const ngx_uint_t  lives[] = { 3, 25, 250, 100000 };

    life->t = TEST_NOW;
    life->pace = test_below(4);
    life->devices = test_below(3) ? 2 + test_below(10) : 90;
    life->places = 2 + test_below(6);
    life->roaming = lives[test_below(4)];
    life->named = test_below(2) ? 0 : test_below(4);
    life->only = TEST_ANYBODY;
}


/* a device, where it is, and when */

static void
test_life_next(test_life_t *life, model_ask_t *q, char *id)
{
    ngx_uint_t  d;

    life->t += test_step(life->pace);

    /* at times, only those who live at one place */

    if (test_below(80) == 0) {
        life->only = test_below(2) ? TEST_ANYBODY : test_below(life->places);
    }

    do {
        d = test_below(life->devices);
    } while (life->only < life->devices && d % life->places != life->only);

    sprintf(id, "d%u", (unsigned) d);

    if (test_below(300) == 0) {
        life->named = test_below(4);
    }

    ngx_memzero(q, sizeof(model_ask_t));

    q->id = id;
    q->family = test_below(3) == 0;
    q->names = names;
    q->nnames = (int) life->named;
    q->seats = test_below(4) ? 0 : (int) test_below(3);

    /* each has a place of its own, and is elsewhere now and then */

    q->key = 1 + (test_below(life->roaming) ? d % life->places
                                            : test_below(life->places));

    /* a clock that is a few minutes behind, now and then */

    q->t = test_below(20) ? life->t : life->t - (int64_t) test_below(600);
}


static void
test_sequence(ngx_household_presence_t *p, model_presence_t *m,
    ngx_uint_t *reasons)
{
    int                                written;
    char                               id[16];
    ngx_str_t                          text[4];
    ngx_uint_t                         i, n;
    model_ask_t                        q;
    test_life_t                        life;
    ngx_household_presence_facts_t     facts;
    ngx_household_presence_answer_t    answer;
    ngx_household_presence_reason_e    reason;

    ngx_memzero(p, sizeof(ngx_household_presence_t));
    ngx_memzero(m, sizeof(model_presence_t));

    test_life_start(&life);

    for (i = 0; i < 4; i++) {
        text[i] = test_str(names[i]);
    }

    for (n = 0; n < TEST_REQUESTS; n++) {
        test_life_next(&life, &q, id);

        ngx_memzero(&facts, sizeof(facts));
        test_place(&facts.addr, (int) q.key + 100 * q.family);

        q.key = q.family ? 0x2001000000000000ULL | (q.key + 100) << 8
                         : 0xc0000200ULL + q.key;

        facts.now = q.t;
        facts.device = test_str(id);
        facts.members = text;
        facts.nmembers = (ngx_uint_t) q.nnames;
        facts.seats = (ngx_uint_t) q.seats;

        ngx_household_presence_evaluate(&params, &facts, p, &answer);
        reason = model_ask(m, &q, &written);

        assert_int_equal(answer.write, written);
        assert_int_equal(answer.reason, reason);

        reasons[reason]++;

        if (n % 8 == 0) {
            test_same(p, m);
        }
    }
}


static void
test_presence_model(void **state)
{
    ngx_uint_t  i, reasons[NGX_HOUSEHOLD_PRESENCE_SHARED + 1];

    static model_presence_t          model;
    static ngx_household_presence_t  presence;

    test_random_start("presence model");
    ngx_memzero(reasons, sizeof(reasons));

    for (i = 0; i < TEST_SEQUENCES; i++) {
        test_sequence(&presence, &model, reasons);
    }

    for (i = NGX_HOUSEHOLD_PRESENCE_BELONGS;
         i <= NGX_HOUSEHOLD_PRESENCE_SHARED;
         i++)
    {
        print_message("# reason %u: %u\n", (unsigned) i,
                      (unsigned) reasons[i]);
        assert_in_range(reasons[i], 500, TEST_SEQUENCES * TEST_REQUESTS);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_presence_model),
    };

    return cmocka_run_group_tests(tests, test_start, NULL);
}

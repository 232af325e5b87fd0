
/*
 * The sharing rule once more, written from docs/sharing.md and not from the
 * code: devices are looked up by their text, groups are objects that devices
 * point to, and sets are asked for one question at a time.
 *
 * The decay of counters is the code's own, which has a test by itself.
 */


#ifndef _NGX_HOUSEHOLD_PRESENCE_MODEL_H_INCLUDED_
#define _NGX_HOUSEHOLD_PRESENCE_MODEL_H_INCLUDED_


#include "ngx_household_presence_table.h"


static void
model_names(model_presence_t *p, const model_ask_t *q)
{
    int              i;
    model_device_t  *d;

    for (i = 0; i < p->devices; i++) {
        d = &p->device[i];

        if (model_by_name(q, d->id)) {
            d->member = 1;
            d->named = 1;
            d->met = q->t;
            d->group = NULL;
            d->meets = 0;
            d->met_today = 0;

        } else if (d->named) {
            d->named = 0;
            d->member = 0;
            d->met = 0;
            d->met_today = 0;
            d->group = model_new_group(p);

            if (strcmp(p->anchor, d->id) == 0) {
                p->anchor[0] = '\0';
            }
        }
    }
}


static int
model_in_use(const model_device_t *d, int64_t t)
{
    return d->member && model_ago(model_last(d), t) < 7 * MODEL_A_DAY;
}


static void
model_elect(model_presence_t *p, int64_t t)
{
    int              i, named;
    int64_t          latest;
    model_device_t  *d, *best;

    named = 0;
    latest = 0;
    best = NULL;

    for (i = 0; i < p->devices; i++) {
        d = &p->device[i];
        named |= d->named && model_in_use(d, t);
        latest = (d->member && d->met > latest) ? d->met : latest;
    }

    d = model_lookup(p, p->anchor);

    if (d != NULL && model_in_use(d, t) && (d->named || !named)) {
        return;
    }

    for (i = 0; i < p->devices; i++) {
        d = &p->device[i];

        if (model_in_use(d, t) && (d->named || !named)
            && latest - d->met <= 7 * MODEL_A_DAY
            && (best == NULL || d->days > best->days))
        {
            best = d;
        }
    }

    if (best != NULL) {
        strcpy(p->anchor, best->id);
    }
}


/* a member came: it meets those who are there, and may have lapsed */

static void
model_member_came(model_presence_t *p, model_device_t *d, const model_ask_t *q)
{
    int              i, pass;
    int64_t          met;
    model_device_t  *o;

    model_elect(p, q->t);

    if (strcmp(p->anchor, d->id) == 0 && d->met < q->t) {
        d->met = q->t;
    }

    met = d->met;

    for (pass = 0; pass < 2; pass++) {
        for (i = 0; i < p->devices; i++) {
            o = &p->device[i];

            if (o == d || !o->member || o->when[q->family] == 0
                || o->where[q->family] != q->key
                || model_ago(o->when[q->family], q->t) >= 20 * MODEL_HOUR)
            {
                continue;
            }

            if (pass == 0) {
                met = o->met > met ? o->met : met;

            } else {
                o->met = met;
            }
        }
    }

    d->met = met;

    if (q->t - met > 90 * MODEL_A_DAY) {
        d->member = 0;
        d->met = 0;

        if (strcmp(p->anchor, d->id) == 0) {
            p->anchor[0] = '\0';
        }
    }
}


/* and for all who do not belong, it is elsewhere */

static void
model_member_against(model_presence_t *p, model_device_t *d,
    const model_ask_t *q, int silent)
{
    int              i, f;
    model_device_t  *o;

    f = q->family;

    for (i = 0; i < p->devices; i++) {
        o = &p->device[i];

        if (o != d && o->group != NULL && o->when[f] != 0
            && o->where[f] != q->key
            && model_ago(o->when[f], q->t) < 2 * MODEL_HOUR
            && !model_member_at(p, NULL, f, o->where[f], q->t, silent))
        {
            model_group_today(o->group, q->t / MODEL_A_DAY);
            model_against(o->group);
            model_group_verdict(p, o->group, q->t);
        }
    }
}


static void
model_unite(model_presence_t *p, model_device_t *d, const model_ask_t *q)
{
    int              i, j;
    model_group_t   *a, *b;
    model_device_t  *o;

    if (d->group == NULL) {
        d->group = model_new_group(p);
    }

    a = d->group;
    model_group_today(a, q->t / MODEL_A_DAY);

    for (i = 0; i < p->devices; i++) {
        o = &p->device[i];
        b = o->group;

        if (o == d || b == NULL || b == a || o->when[q->family] == 0
            || o->where[q->family] != q->key
            || model_ago(o->when[q->family], q->t) >= 30 * MODEL_A_DAY)
        {
            continue;
        }

        model_group_today(b, q->t / MODEL_A_DAY);

        a->conflict = b->conflict > a->conflict ? b->conflict : a->conflict;
        a->meets = b->meets > a->meets ? b->meets : a->meets;
        a->today = b->today > a->today ? b->today : a->today;
        a->met_today |= b->met_today;

        if (b->since != 0 && (a->since == 0 || b->since < a->since)) {
            a->since = b->since;
        }

        for (j = 0; j < p->devices; j++) {
            if (p->device[j].group == b) {
                p->device[j].group = a;
            }
        }
    }
}


static void
model_stranger_came(model_presence_t *p, model_device_t *d,
    const model_ask_t *q, int silent)
{
    int              i, f, beside, elsewhere;
    int64_t          met;
    model_group_t   *g;
    model_device_t  *m;

    f = q->family;
    model_unite(p, d, q);
    g = d->group;
    met = 1;
    beside = 0;
    elsewhere = 0;

    for (i = 0; i < p->devices; i++) {
        m = &p->device[i];

        if (m == d || !m->member) {
            continue;
        }

        if (m->where[f] == q->key && model_holds(m, f, q->t, silent)) {
            beside = 1;
            met = m->met > met ? m->met : met;

        } else if (m->when[f] != 0 && m->where[f] != q->key
                   && model_ago(m->when[f], q->t) < 2 * MODEL_HOUR)
        {
            elsewhere = 1;
        }
    }

    if (beside) {
        g->meets += g->met_today ? 0 : 512;
        d->meets += d->met_today ? 0 : 512;
        g->meets = g->meets > 65535 ? 65535 : g->meets;
        d->meets = d->meets > 65535 ? 65535 : d->meets;
        g->met_today = 1;
        d->met_today = 1;

        if (d->meets >= 460 && g->conflict <= 2 * g->meets) {
            d->member = 1;
            d->met = met;
            d->group = NULL;
            d->meets = 0;
            d->met_today = 0;
        }

    } else if (elsewhere) {
        model_against(g);
    }

    model_group_verdict(p, g, q->t);
}


static model_device_t *
model_write(model_presence_t *p, const model_ask_t *q)
{
    int              i, f, silent, members;
    int64_t          day;
    model_device_t  *d;

    f = q->family;
    day = q->t / MODEL_A_DAY;

    for (i = p->devices - 1; i >= 0; i--) {
        if (model_ago(model_last(&p->device[i]), q->t) > 180 * MODEL_A_DAY) {
            model_drop(p, &p->device[i]);
        }
    }

    d = model_lookup(p, q->id);

    if (d == NULL) {
        if (p->devices == MODEL_TABLE) {
            model_make_room(p, q->t);
        }

        d = &p->device[p->devices++];
        memset(d, 0, sizeof(model_device_t));
        strcpy(d->id, q->id);

        if (model_by_name(q, q->id)) {
            d->named = 1;
            d->member = 1;
            d->met = q->t;
        }
    }

    silent = model_is_silent(p, q->t);

    if (model_last(d) / MODEL_A_DAY < day) {
        d->meets = ngx_household_presence_decay(d->meets,
                                        day - model_last(d) / MODEL_A_DAY, 90);
        d->met_today = 0;
        d->days += d->days < 255;
    }

    if (d->when[f] == 0 || d->where[f] != q->key) {
        d->stay[f] = 1;

    } else if (d->when[f] / MODEL_A_DAY < day) {
        d->stay[f] += d->stay[f] < 255;
    }

    d->where[f] = q->key;
    d->when[f] = q->t;

    members = 0;

    for (i = 0; i < p->devices; i++) {
        members += p->device[i].member;
    }

    if (members == 0 && q->nnames == 0) {
        d->member = 1;
        d->met = q->t;
        d->group = NULL;
        d->meets = 0;
        d->met_today = 0;
    }

    if (d->member) {
        model_member_came(p, d, q);
    }

    if (d->member) {
        model_member_against(p, d, q, silent);

    } else {
        model_stranger_came(p, d, q, silent);
    }

    return d;
}


/* of the other households, those that have been one for longer */

static int
model_older(const model_presence_t *p, const model_group_t *mine)
{
    int                   i, j, first, older, met;
    const model_group_t  *g;

    older = 0;
    met = 0;

    for (i = 0; i < p->devices; i++) {
        g = p->device[i].group;
        first = 1;
        met |= g == mine;

        for (j = 0; j < i; j++) {
            first &= p->device[j].group != g;
        }

        if (g == NULL || g == mine || !first || g->since == 0) {
            continue;
        }

        /* of two that are as old, the one whose device stands first */

        older += g->since < mine->since || (g->since == mine->since && !met);
    }

    return older;
}


static int
model_others_alive(const model_presence_t *p, const model_device_t *d,
    int64_t t)
{
    int                    i;
    const model_device_t  *m;

    for (i = 0; i < p->devices; i++) {
        m = &p->device[i];

        if (m != d && m->member
            && model_ago(model_last(m), t) < 7 * MODEL_A_DAY)
        {
            return 1;
        }
    }

    return 0;
}


/* the reason, as the code has it */

static ngx_household_presence_reason_e
model_ask(model_presence_t *p, const model_ask_t *q, int *written)
{
    int              f, silent, beside;
    model_device_t  *d;

    f = q->family;
    model_names(p, q);
    d = model_lookup(p, q->id);

    /* whose place it was is judged as it was before this request */

    silent = model_is_silent(p, q->t);

    *written = d == NULL || d->when[f] == 0 || d->where[f] != q->key
               || d->when[f] / MODEL_A_DAY < q->t / MODEL_A_DAY;

    if (*written) {
        d = model_write(p, q);
    }

    beside = model_member_at(p, d, f, q->key, q->t, silent);

    if (d->member) {
        return NGX_HOUSEHOLD_PRESENCE_BELONGS;
    }

    if (beside) {
        return NGX_HOUSEHOLD_PRESENCE_BESIDE;
    }

    if (d->group->since == 0) {
        return NGX_HOUSEHOLD_PRESENCE_NOT_SHARED;
    }

    if (!model_others_alive(p, d, q->t)) {
        return NGX_HOUSEHOLD_PRESENCE_SILENT;
    }

    return model_older(p, d->group) < q->seats
           ? NGX_HOUSEHOLD_PRESENCE_SEAT : NGX_HOUSEHOLD_PRESENCE_SHARED;
}


#endif /* _NGX_HOUSEHOLD_PRESENCE_MODEL_H_INCLUDED_ */

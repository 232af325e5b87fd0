
/*
 * What the model of the presence remembers, and the questions that it asks of
 * that; ngx_household_presence_model.h has the rule.
 */


#ifndef _NGX_HOUSEHOLD_PRESENCE_TABLE_H_INCLUDED_
#define _NGX_HOUSEHOLD_PRESENCE_TABLE_H_INCLUDED_


#include "ngx_household_presence_case.h"


#define MODEL_HOUR     3600
#define MODEL_A_DAY   86400
#define MODEL_TABLE      64


typedef struct {
    int64_t      conflict, meets, today;
    int64_t      day;
    int64_t      since;
    int          met_today;
} model_group_t;


typedef struct {
    char            id[48];
    int             member, named, anchored;
    int64_t         met;
    model_group_t  *group;             /* NULL: a member */
    int64_t         meets;
    int             met_today;
    int64_t         days;
    uint64_t        where[2];
    int64_t         when[2];           /* 0: never */
    int64_t         stay[2];
} model_device_t;


typedef struct {
    int             devices;
    model_device_t  device[MODEL_TABLE + 1];
    model_group_t   pool[512];         /* objects, handed out in turn */
    int             next;
    char            anchor[48];        /* an id, or empty */
} model_presence_t;


typedef struct {
    const char     *id;
    int             family;
    uint64_t        key;
    int64_t         t;
    const char    **names;
    int             nnames;
    int             seats;
} model_ask_t;


static int64_t
model_ago(int64_t when, int64_t t)
{
    return when < t ? t - when : 0;
}


static int64_t
model_last(const model_device_t *d)
{
    return d->when[0] > d->when[1] ? d->when[0] : d->when[1];
}


static int
model_by_name(const model_ask_t *q, const char *id)
{
    int  i;

    for (i = 0; i < q->nnames; i++) {
        if (strcmp(q->names[i], id) == 0) {
            return 1;
        }
    }

    return 0;
}


static model_device_t *
model_lookup(model_presence_t *p, const char *id)
{
    int  i;

    for (i = 0; i < p->devices; i++) {
        if (strcmp(p->device[i].id, id) == 0) {
            return &p->device[i];
        }
    }

    return NULL;
}


static model_group_t *
model_new_group(model_presence_t *p)
{
    int             i, used;
    model_group_t  *g;

    for ( ;; ) {
        g = &p->pool[p->next++ % 512];
        used = 0;

        for (i = 0; i < p->devices; i++) {
            used |= p->device[i].group == g;
        }

        if (!used) {
            memset(g, 0, sizeof(model_group_t));
            return g;
        }
    }
}


/* the counters of a group on a day */

static void
model_group_today(model_group_t *g, int64_t day)
{
    if (day <= g->day) {
        return;
    }

    g->conflict = ngx_household_presence_decay(g->conflict, day - g->day, 90);
    g->meets = ngx_household_presence_decay(g->meets, day - g->day, 90);
    g->today = 0;
    g->met_today = 0;
    g->day = day;
}


static int
model_is_silent(const model_presence_t *p, int64_t t)
{
    int  i;

    for (i = 0; i < p->devices; i++) {
        if (p->device[i].member
            && model_ago(model_last(&p->device[i]), t) < 7 * MODEL_A_DAY)
        {
            return 0;
        }
    }

    return 1;
}


/* does the place still speak for this member? */

static int
model_holds(const model_device_t *m, int family, int64_t t, int silent)
{
    int64_t  limit;

    if (m->when[family] == 0) {
        return 0;
    }

    limit = silent ? 30 * MODEL_A_DAY
            : m->stay[family] >= 2 ? 7 * MODEL_A_DAY : 20 * MODEL_HOUR;

    return model_ago(m->when[family], t) < limit;
}


/* a member, other than "but", whose place this is */

static int
model_member_at(const model_presence_t *p, const model_device_t *but,
    int family, uint64_t key, int64_t t, int silent)
{
    int                    i;
    const model_device_t  *m;

    for (i = 0; i < p->devices; i++) {
        m = &p->device[i];

        if (m != but && m->member && m->where[family] == key
            && model_holds(m, family, t, silent))
        {
            return 1;
        }
    }

    return 0;
}


static int
model_households(const model_presence_t *p, const model_group_t *but)
{
    int                   i, j, n, seen;
    const model_group_t  *g;

    n = 0;

    for (i = 0; i < p->devices; i++) {
        g = p->device[i].group;
        seen = 0;

        for (j = 0; j < i; j++) {
            seen |= p->device[j].group == g;
        }

        n += (g != NULL && g != but && !seen && g->since != 0);
    }

    return n;
}


static void
model_group_verdict(const model_presence_t *p, model_group_t *g, int64_t t)
{
    int  n;

    n = model_households(p, g);

    /* conflict - 2 meets > 5 (1 - 3n/8) days */

    if (g->conflict - 2 * g->meets > 5 * 64 * (8 - 3 * n)) {
        g->since = g->since ? g->since : t;

    } else {
        g->since = 0;
    }
}


/* a day counts once */

static void
model_against(model_group_t *g)
{
    g->conflict += 512 - g->today;
    g->today = 512;

    if (g->conflict > 127 * 512) {
        g->conflict = 127 * 512;
    }
}


static void
model_drop(model_presence_t *p, model_device_t *d)
{
    int  i;

    if (strcmp(p->anchor, d->id) == 0) {
        p->anchor[0] = '\0';
    }

    i = (int) (d - p->device);
    p->devices--;
    memmove(d, d + 1, (p->devices - i) * sizeof(model_device_t));
}


static int
model_size(const model_presence_t *p, const model_group_t *g)
{
    int  i, n;

    n = 0;

    for (i = 0; i < p->devices; i++) {
        n += p->device[i].group == g;
    }

    return n;
}


/* the first of the least recent ones: of all, or of a group; no anchor */

static model_device_t *
model_oldest(model_presence_t *p, int all, const model_group_t *g)
{
    int              i;
    model_device_t  *d, *found;

    found = NULL;

    for (i = 0; i < p->devices; i++) {
        d = &p->device[i];

        if ((all || d->group == g) && strcmp(d->id, p->anchor) != 0
            && (found == NULL || model_last(d) < model_last(found)))
        {
            found = d;
        }
    }

    return found;
}


static void
model_make_room(model_presence_t *p, int64_t t)
{
    int              i;
    model_group_t   *g, *largest;
    model_device_t  *d;

    d = model_oldest(p, 1, NULL);

    if (model_ago(model_last(d), t) < 30 * MODEL_A_DAY) {
        largest = NULL;

        for (i = 0; i < p->devices; i++) {
            g = p->device[i].group;

            if (g != NULL
                && (largest == NULL
                    || model_size(p, g) > model_size(p, largest)))
            {
                largest = g;
            }
        }

        d = model_oldest(p, 0, largest);
    }

    model_drop(p, d);
}


#endif /* _NGX_HOUSEHOLD_PRESENCE_TABLE_H_INCLUDED_ */

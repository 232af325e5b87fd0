
/*
 * The presence of an account: who belongs to the household.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_presence_case.h"


static void ngx_household_presence_elect(ngx_household_presence_case_t *c);
static ngx_uint_t ngx_household_presence_in_use(
    ngx_household_presence_case_t *c, ngx_uint_t i);
static uint32_t ngx_household_presence_met(ngx_household_presence_case_t *c,
    ngx_uint_t i);


/* the record has the last word on whom it names, or has named */

void
ngx_household_presence_name(ngx_household_presence_case_t *c)
{
    uint64_t                          named;
    ngx_uint_t                        i, n, changed;
    ngx_household_presence_id_t       id;
    ngx_household_presence_device_t  *device;

    named = 0;
    changed = 0;

    for (n = 0; n < c->facts->nmembers; n++) {
        ngx_household_presence_id(&id, &c->facts->members[n]);

        c->named |= ngx_household_presence_same(&id, &c->id);

        for (i = 0; i < c->p->devices; i++) {
            if (ngx_household_presence_same(&id, &c->p->device[i].id)) {
                named |= (uint64_t) 1 << i;
            }
        }
    }

    for (i = 0; i < c->p->devices; i++) {
        device = &c->p->device[i];

        if (ngx_household_presence_in(named, i)) {
            changed |= device->group;
            device->flags = NGX_HOUSEHOLD_PRESENCE_MEMBER
                            |NGX_HOUSEHOLD_PRESENCE_NAMED;
            device->met = (uint32_t) c->now;
            device->group = 0;
            device->meets = 0;

        } else if (device->flags & NGX_HOUSEHOLD_PRESENCE_NAMED) {
            device->flags = 0;
            device->met = 0;
            device->group = (u_char) ngx_household_presence_free(c->p);
            changed = 1;

            if (c->p->anchor == i + 1) {
                c->p->anchor = 0;
            }
        }
    }

    if (changed) {
        ngx_household_presence_renumber(c->p);
    }
}


/*
 * A member stays one as long as it meets the anchor, or a member that met it:
 * "met" is made by the anchor alone and passed on at its places.  When a
 * household splits, those who moved out have nobody to get a later one from.
 */

void
ngx_household_presence_member(ngx_household_presence_case_t *c)
{
    uint32_t                          met;
    ngx_uint_t                        i;
    ngx_household_presence_t         *p;
    ngx_household_presence_device_t  *device;

    p = c->p;
    device = &p->device[c->d];

    ngx_household_presence_elect(c);

    if (p->anchor == c->d + 1
        || (c->params->without & NGX_HOUSEHOLD_PRESENCE_ANCHOR))
    {
        device->met = ngx_max(device->met, (uint32_t) c->now);
    }

    met = ngx_household_presence_met(c, c->d);

    for (i = 0; i < p->devices; i++) {
        if (ngx_household_presence_in(c->here, i)
            && (p->device[i].flags & NGX_HOUSEHOLD_PRESENCE_MEMBER))
        {
            met = ngx_max(met, ngx_household_presence_met(c, i));
        }
    }

    device->met = met;

    for (i = 0; i < p->devices; i++) {
        if (ngx_household_presence_in(c->here, i)
            && (p->device[i].flags & NGX_HOUSEHOLD_PRESENCE_MEMBER))
        {
            p->device[i].met = met;
        }
    }

    if (ngx_household_presence_age(met, c->now) > c->params->lapse) {
        device->flags &= ~(NGX_HOUSEHOLD_PRESENCE_MEMBER
                           |NGX_HOUSEHOLD_PRESENCE_MET);
        device->met = 0;

        if (p->anchor == c->d + 1) {
            p->anchor = 0;
        }
    }
}


/*
 * An anchor that is not seen any more is replaced: by the member that was
 * seen on most days, of those that are in use and met the household last.  A
 * device that the record names comes before all others.
 */

static void
ngx_household_presence_elect(ngx_household_presence_case_t *c)
{
    uint32_t                          latest, met;
    ngx_uint_t                        i, best, named, old;
    ngx_household_presence_t         *p;
    ngx_household_presence_device_t  *device;

    p = c->p;
    latest = 0;
    named = 0;

    for (i = 0; i < p->devices; i++) {
        met = ngx_household_presence_met(c, i);

        if ((int64_t) met - c->now <= NGX_HOUSEHOLD_PRESENCE_AHEAD) {
            latest = ngx_max(latest, met);
        }

        if (ngx_household_presence_in_use(c, i)) {
            named |= p->device[i].flags & NGX_HOUSEHOLD_PRESENCE_NAMED;
        }
    }

    old = p->anchor - 1;
    best = p->devices;

    for (i = 0; i < p->devices; i++) {
        device = &p->device[i];
        met = ngx_household_presence_met(c, i);

        if (!ngx_household_presence_in_use(c, i)
            || (device->flags & named) != named)
        {
            continue;
        }

        if (i == old) {
            return;
        }

        if (ngx_household_presence_age(met, latest) <= c->params->anchor
            && (best == p->devices || device->days > p->device[best].days))
        {
            best = i;
        }
    }

    if (best != p->devices) {
        p->anchor = best + 1;
    }
}


/* returns 1 if a device is a member that was seen lately, else 0 */

static ngx_uint_t
ngx_household_presence_in_use(ngx_household_presence_case_t *c, ngx_uint_t i)
{
    uint32_t  seen;

    seen = ngx_household_presence_seen(&c->p->device[i]);

    return (c->p->device[i].flags & NGX_HOUSEHOLD_PRESENCE_MEMBER)
           && ngx_household_presence_lately(seen, c->params->anchor, c->now);
}


/* when a device met the household; 0: it is no member */

static uint32_t
ngx_household_presence_met(ngx_household_presence_case_t *c, ngx_uint_t i)
{
    ngx_household_presence_device_t  *device;

    device = &c->p->device[i];

    return (device->flags & NGX_HOUSEHOLD_PRESENCE_NAMED) ? (uint32_t) c->now
                                                          : device->met;
}


ngx_uint_t
ngx_household_presence_household(ngx_household_presence_t *p)
{
    ngx_uint_t  i;

    for (i = 0; i < p->devices; i++) {
        if (p->device[i].flags & NGX_HOUSEHOLD_PRESENCE_MEMBER) {
            return 1;
        }
    }

    return 0;
}

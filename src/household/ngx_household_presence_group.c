
/*
 * The presence of an account: devices that are together and do not belong,
 * and the evidence that they are another household.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_presence_case.h"


static ngx_household_presence_group_t *ngx_household_presence_join(
    ngx_household_presence_case_t *c);
static void ngx_household_presence_merge(ngx_household_presence_group_t *group,
    const ngx_household_presence_group_t *other);
static void ngx_household_presence_age_group(ngx_household_presence_case_t *c,
    ngx_household_presence_group_t *group);
static void ngx_household_presence_meet(ngx_household_presence_case_t *c,
    ngx_household_presence_group_t *group);
static ngx_uint_t ngx_household_presence_beside(
    ngx_household_presence_case_t *c,
    const ngx_household_presence_place_t *place);
static void ngx_household_presence_conflict(ngx_household_presence_case_t *c,
    ngx_household_presence_group_t *group, ngx_uint_t settled_there,
    ngx_uint_t settled_here);
static void ngx_household_presence_verdict(ngx_household_presence_case_t *c,
    ngx_household_presence_group_t *group);


void
ngx_household_presence_evidence(ngx_household_presence_case_t *c)
{
    ngx_uint_t                       i, settled;
    ngx_household_presence_group_t  *group;

    group = ngx_household_presence_join(c);

    if (c->mates != 0) {
        ngx_household_presence_meet(c, group);

    } else if (c->elsewhere != 0) {
        settled = 0;

        for (i = 0; i < c->p->devices; i++) {
            if (ngx_household_presence_in(c->elsewhere, i)) {
                settled |= ngx_household_presence_settled(c, i);
            }
        }

        ngx_household_presence_conflict(c, group,
                                    ngx_household_presence_settled(c, c->d),
                                    settled);
    }

    ngx_household_presence_verdict(c, group);
}


/* the group of the device and of all that are here and do not belong */

static ngx_household_presence_group_t *
ngx_household_presence_join(ngx_household_presence_case_t *c)
{
    ngx_uint_t                        i, number, other;
    ngx_household_presence_t         *p;
    ngx_household_presence_group_t   *group;
    ngx_household_presence_device_t  *device;

    p = c->p;
    device = &p->device[c->d];

    if (device->group == 0) {
        device->group = (u_char) ngx_household_presence_free(p);
    }

    number = device->group;
    group = &p->group[number - 1];

    ngx_household_presence_age_group(c, group);

    if (c->params->without & NGX_HOUSEHOLD_PRESENCE_GROUPS) {
        return group;
    }

    for (i = 0; i < p->devices; i++) {
        other = p->device[i].group;

        if (!ngx_household_presence_in(c->together, i)
            || other == 0 || other == number)
        {
            continue;
        }

        ngx_household_presence_age_group(c, &p->group[other - 1]);
        ngx_household_presence_merge(group, &p->group[other - 1]);
        ngx_memzero(&p->group[other - 1],
                    sizeof(ngx_household_presence_group_t));

        for (device = p->device; device < p->device + p->devices; device++) {
            if (device->group == other) {
                device->group = (u_char) number;
            }
        }
    }

    return group;
}


static void
ngx_household_presence_merge(ngx_household_presence_group_t *group,
    const ngx_household_presence_group_t *other)
{
    group->conflict = ngx_max(group->conflict, other->conflict);
    group->meets = ngx_max(group->meets, other->meets);
    group->today = ngx_max(group->today, other->today);
    group->flags |= other->flags;

    if (group->since == 0
        || (other->since != 0 && other->since < group->since))
    {
        group->since = other->since;
    }
}


ngx_uint_t
ngx_household_presence_free(ngx_household_presence_t *p)
{
    ngx_uint_t  i, used, number;

    for (number = 1; number <= p->groups; number++) {
        used = 0;

        for (i = 0; i < p->devices; i++) {
            if (p->device[i].group == number) {
                used = 1;
                break;
            }
        }

        if (!used) {
            break;
        }
    }

    if (number > p->groups) {
        p->groups = number;
    }

    ngx_memzero(&p->group[number - 1],
                sizeof(ngx_household_presence_group_t));

    return number;
}


static void
ngx_household_presence_age_group(ngx_household_presence_case_t *c,
    ngx_household_presence_group_t *group)
{
    uint16_t  days, today;

    today = ngx_household_presence_today(c->now);

    if (group->day >= today) {
        return;
    }

    days = today - group->day;

    group->conflict = ngx_household_presence_decay(group->conflict, days,
                                                   c->params->half_life);
    group->meets = ngx_household_presence_decay(group->meets, days,
                                                c->params->half_life);
    group->today = 0;
    group->day = today;
    group->flags = 0;
}


/* where a member was lately: who meets often enough belongs, too */

static void
ngx_household_presence_meet(ngx_household_presence_case_t *c,
    ngx_household_presence_group_t *group)
{
    uint32_t                          met;
    ngx_uint_t                        i;
    ngx_household_presence_device_t  *device, *mate;

    device = &c->p->device[c->d];

    if (!(group->flags & NGX_HOUSEHOLD_PRESENCE_MET)) {
        group->flags |= NGX_HOUSEHOLD_PRESENCE_MET;
        group->meets = (uint16_t) ngx_min(group->meets
                                          + NGX_HOUSEHOLD_PRESENCE_DAY,
                                          0xffff);
    }

    if (!(device->flags & NGX_HOUSEHOLD_PRESENCE_MET)) {
        device->flags |= NGX_HOUSEHOLD_PRESENCE_MET;
        device->meets = (uint16_t) ngx_min(device->meets
                                           + NGX_HOUSEHOLD_PRESENCE_DAY,
                                           0xffff);
    }

    if (device->meets < c->params->join
        || (uint64_t) group->conflict * NGX_HOUSEHOLD_PRESENCE_DAY
           > (uint64_t) group->meets * c->params->meeting)
    {
        return;
    }

    met = 1;

    for (i = 0; i < c->p->devices; i++) {
        mate = &c->p->device[i];

        if (ngx_household_presence_in(c->mates, i)) {
            met = ngx_max(met, mate->met);
        }
    }

    device->flags = NGX_HOUSEHOLD_PRESENCE_MEMBER;
    device->met = met;
    device->group = 0;
    device->meets = 0;
}


/*
 * A member comes to a place, and somebody who does not belong was at another
 * one a moment ago: the same evidence as when the member was there first.
 */

void
ngx_household_presence_strangers(ngx_household_presence_case_t *c)
{
    ngx_uint_t                        i, settled;
    ngx_household_presence_place_t   *place;
    ngx_household_presence_group_t   *group;
    ngx_household_presence_device_t  *device;

    if (c->params->without & NGX_HOUSEHOLD_PRESENCE_ORDER) {
        return;
    }

    settled = ngx_household_presence_settled(c, c->d);

    for (i = 0; i < c->p->devices; i++) {
        device = &c->p->device[i];
        place = &device->place[c->family];

        if (device->group == 0
            || place->seen == 0
            || place->key == c->key
            || !ngx_household_presence_lately(place->seen, c->params->at_once,
                                              c->now)
            || ngx_household_presence_beside(c, place))
        {
            continue;
        }

        group = &c->p->group[device->group - 1];

        ngx_household_presence_age_group(c, group);
        ngx_household_presence_conflict(c, group,
                                        ngx_household_presence_settled(c, i),
                                        settled);
        ngx_household_presence_verdict(c, group);
    }
}


/* returns 1 if a member was at a place lately, else 0 */

static ngx_uint_t
ngx_household_presence_beside(ngx_household_presence_case_t *c,
    const ngx_household_presence_place_t *place)
{
    ngx_uint_t                              i;
    const ngx_household_presence_place_t   *other;
    const ngx_household_presence_device_t  *device;

    for (i = 0; i < c->p->devices; i++) {
        device = &c->p->device[i];
        other = &device->place[c->family];

        if ((device->flags & NGX_HOUSEHOLD_PRESENCE_MEMBER)
            && other->key == place->key
            && ngx_household_presence_mate(c, other))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * An address that a device had for a single day may belong to somebody else on
 * the next day: an address of a mobile carrier, or one that changes nightly.
 * But if no member is in use, the ids of the members may have been lost: a
 * device that comes to a place of a member then inherits the membership.
 */

ngx_uint_t
ngx_household_presence_mate(ngx_household_presence_case_t *c,
    const ngx_household_presence_place_t *place)
{
    int64_t  within;

    within = c->params->mates;

    if (c->silent) {
        within = ngx_max(within, c->params->settled);

    } else if (place->days < c->params->settled_days
               && !(c->params->without & NGX_HOUSEHOLD_PRESENCE_STAY))
    {
        within = c->params->beside;
    }

    return place->seen != 0
           && ngx_household_presence_age(place->seen, c->now) < within;
}


/*
 * Two places at once.  A day counts once, and less where nobody stays: on the
 * way, in a hotel for a night, on a carrier.
 */

static void
ngx_household_presence_conflict(ngx_household_presence_case_t *c,
    ngx_household_presence_group_t *group, ngx_uint_t settled_there,
    ngx_uint_t settled_here)
{
    ngx_uint_t  weight, most;

    weight = NGX_HOUSEHOLD_PRESENCE_DAY;

    if (!settled_there) {
        weight = weight * c->params->unsettled / NGX_HOUSEHOLD_PRESENCE_DAY;
    }

    if (!settled_here) {
        weight = weight * c->params->unsettled / NGX_HOUSEHOLD_PRESENCE_DAY;
    }

    weight = ngx_min(weight, (ngx_uint_t) (NGX_HOUSEHOLD_PRESENCE_DAY
                                           - group->today));
    most = ngx_min(c->params->most, 0xffff);

    c->answer->first |= (group->conflict == 0 && weight != 0);

    group->today += (uint16_t) weight;
    group->conflict = (uint16_t) ngx_min(group->conflict + weight, most);
}


static void
ngx_household_presence_verdict(ngx_household_presence_case_t *c,
    ngx_household_presence_group_t *group)
{
    int64_t     left, limit;
    ngx_uint_t  others;

    others = ngx_household_presence_others(c->p, group - c->p->group + 1);

    left = (int64_t) group->conflict
           - (int64_t) (group->meets * c->params->meeting
                        / NGX_HOUSEHOLD_PRESENCE_DAY);

    limit = (int64_t) c->params->evidence
            * ((int64_t) NGX_HOUSEHOLD_PRESENCE_DAY
               - (int64_t) (others * c->params->further))
            / NGX_HOUSEHOLD_PRESENCE_DAY;

    if (left <= limit) {
        group->since = 0;
        return;
    }

    if (group->since == 0) {
        group->since = (uint32_t) c->now;
    }
}


ngx_uint_t
ngx_household_presence_settled(ngx_household_presence_case_t *c,
    ngx_uint_t device)
{
    ngx_uint_t                       i;
    ngx_household_presence_place_t  *place, *other;

    place = &c->p->device[device].place[c->family];

    if (place->days >= c->params->settled_days) {
        return 1;
    }

    for (i = 0; i < c->p->devices; i++) {
        other = &c->p->device[i].place[c->family];

        if (i != device
            && other->seen != 0
            && other->key == place->key
            && ngx_household_presence_age(other->seen, c->now)
               < c->params->settled)
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_household_presence_others(const ngx_household_presence_t *p,
    ngx_uint_t group)
{
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; i < p->groups; i++) {
        if (i + 1 != group && p->group[i].since != 0) {
            n++;
        }
    }

    return n;
}


void
ngx_household_presence_remove(ngx_household_presence_t *p, ngx_uint_t device)
{
    if (p->anchor == device + 1) {
        p->anchor = 0;

    } else if (p->anchor > device + 1) {
        p->anchor--;
    }

    p->devices--;

    ngx_memmove(&p->device[device], &p->device[device + 1],
                (p->devices - device)
                * sizeof(ngx_household_presence_device_t));
}


void
ngx_household_presence_renumber(ngx_household_presence_t *p)
{
    u_char                            to[NGX_HOUSEHOLD_PRESENCE_DEVICES + 1];
    ngx_uint_t                        i, n;
    ngx_household_presence_group_t    group[NGX_HOUSEHOLD_PRESENCE_DEVICES];
    ngx_household_presence_device_t  *device;

    ngx_memzero(to, sizeof(to));
    n = 0;

    for (i = 0; i < p->devices; i++) {
        device = &p->device[i];

        if (device->group == 0) {
            continue;
        }

        if (to[device->group] == 0) {
            group[n++] = p->group[device->group - 1];
            to[device->group] = (u_char) n;
        }

        device->group = to[device->group];
    }

    ngx_memcpy(p->group, group, n * sizeof(ngx_household_presence_group_t));
    p->groups = n;
}


/*
 * Powers of 1/2 without floating point: the same on every machine, and no
 * library.  The constants are 2^-1/2, 2^-1/4, ... in parts of 2^32.
 */

uint16_t
ngx_household_presence_decay(uint16_t value, ngx_uint_t days, ngx_uint_t half)
{
    uint64_t    v;
    ngx_uint_t  i, fraction;

    static const uint32_t  roots[16] = {
        0xb504f334U, 0xd744fccbU, 0xeac0c6e8U, 0xf5257d15U,
        0xfa83b2dbU, 0xfd3e0c0dU, 0xfe9e115cU, 0xff4ecb59U,
        0xffa75652U, 0xffd3a752U, 0xffe9d2b3U, 0xfff4e91cU,
        0xfffa747fU, 0xfffd3a3bU, 0xfffe9d1dU, 0xffff4e8eU
    };

    if (half == 0 || days / half >= 16) {
        return 0;
    }

    v = ((uint64_t) value << 16) >> (days / half);
    fraction = ((days % half) << 16) / half;

    for (i = 0; i < 16; i++) {
        if (fraction & (0x8000 >> i)) {
            v = (v * roots[i]) >> 32;
        }
    }

    return (uint16_t) ((v + 0x8000) >> 16);
}


/*
 * The presence of an account: one request, its write and its verdict.
 * docs/sharing.md explains the rule.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_presence_case.h"


static ngx_uint_t ngx_household_presence_place(
    ngx_household_presence_case_t *c);
static ngx_uint_t ngx_household_presence_find(
    ngx_household_presence_case_t *c);
static void ngx_household_presence_compare(ngx_household_presence_case_t *c);
static ngx_uint_t ngx_household_presence_silent(
    ngx_household_presence_case_t *c);

static ngx_uint_t ngx_household_presence_written(
    ngx_household_presence_case_t *c);
static void ngx_household_presence_write(ngx_household_presence_case_t *c);
static void ngx_household_presence_insert(ngx_household_presence_case_t *c);
static ngx_uint_t ngx_household_presence_spare(
    ngx_household_presence_case_t *c);
static ngx_uint_t ngx_household_presence_least(ngx_household_presence_t *p,
    ngx_uint_t *group);
static void ngx_household_presence_update(ngx_household_presence_case_t *c);
static void ngx_household_presence_forget(ngx_household_presence_case_t *c);

static void ngx_household_presence_reason(ngx_household_presence_case_t *c);
static ngx_uint_t ngx_household_presence_seated(
    ngx_household_presence_case_t *c, ngx_uint_t group);


void
ngx_household_presence_defaults(ngx_household_presence_params_t *params)
{
    params->at_once = 2 * 3600;
    params->beside = 20 * 3600;
    params->mates = 7 * 86400;
    params->together = 30 * 86400;
    params->alive = 7 * 86400;
    params->anchor = 7 * 86400;
    params->settled = 30 * 86400;
    params->lapse = 90 * 86400;
    params->forget = 180 * 86400;

    params->half_life = 90;
    params->settled_days = 2;
    params->evidence = NGX_HOUSEHOLD_PRESENCE_DAY * 5;
    params->meeting = NGX_HOUSEHOLD_PRESENCE_DAY * 2;
    params->join = NGX_HOUSEHOLD_PRESENCE_DAY * 9 / 10;
    params->unsettled = NGX_HOUSEHOLD_PRESENCE_DAY;
    params->further = NGX_HOUSEHOLD_PRESENCE_DAY * 3 / 8;
    params->most = NGX_HOUSEHOLD_PRESENCE_DAY * 127;
    params->ipv6_prefix = NGX_HOUSEHOLD_PRESENCE_IPV6;
    params->without = 0;
}


void
ngx_household_presence_evaluate(const ngx_household_presence_params_t *params,
    const ngx_household_presence_facts_t *facts, ngx_household_presence_t *p,
    ngx_household_presence_answer_t *answer)
{
    ngx_household_presence_case_t  c;

    ngx_memzero(answer, sizeof(ngx_household_presence_answer_t));
    ngx_memzero(&c, sizeof(ngx_household_presence_case_t));

    c.params = params;
    c.facts = facts;
    c.p = p;
    c.answer = answer;

    /* time 0 means "never", as does day 0 */

    c.now = ngx_min(ngx_max(facts->now, 86400), (int64_t) 0xffffffff);

    if (!ngx_household_presence_place(&c)) {
        answer->reason = NGX_HOUSEHOLD_PRESENCE_NO_ADDRESS;
        answer->allow = 1;
        return;
    }

    ngx_household_presence_name(&c);

    c.d = ngx_household_presence_find(&c);

    if (!ngx_household_presence_written(&c)) {
        ngx_household_presence_write(&c);
        answer->write = 1;

    } else {
        ngx_household_presence_compare(&c);
    }

    ngx_household_presence_reason(&c);

    if (answer->write) {
        p->version = ngx_max(p->version + 1, (uint64_t) c.now);
    }
}


/* sets the place and the device of the request */

static ngx_uint_t
ngx_household_presence_place(ngx_household_presence_case_t *c)
{
    u_char                      *p;
    uint64_t                     key;
    ngx_uint_t                   i, len;
    const ngx_household_addr_t  *addr;

    addr = &c->facts->addr;

    if (addr->family == NGX_HOUSEHOLD_FAMILY_NONE) {
        return 0;
    }

    len = (addr->family == NGX_HOUSEHOLD_FAMILY_INET) ? 4 : 8;
    key = 0;

    for (i = 0; i < len; i++) {
        key = (key << 8) | addr->bytes[i];
    }

    if (len == 8) {
        i = 64 - ngx_min(ngx_max(c->params->ipv6_prefix, 1), 64);
        key = (key >> i) << i;
    }

    c->key = key;
    c->family = (len == 8)
                && !(c->params->without & NGX_HOUSEHOLD_PRESENCE_FAMILIES);

    if (c->facts->device.len != 0) {
        ngx_household_presence_id(&c->id, &c->facts->device);
        return 1;
    }

    /* without a device id, the place stands for the device */

    c->id.kind = NGX_HOUSEHOLD_PRESENCE_PLACE;

    p = c->id.bytes;
    *p++ = addr->family;

    for (i = 64; i > 0; i -= 8) {
        *p++ = (u_char) (key >> (i - 8));
    }

    return 1;
}


static ngx_uint_t
ngx_household_presence_find(ngx_household_presence_case_t *c)
{
    ngx_uint_t  i;

    for (i = 0; i < c->p->devices; i++) {
        if (ngx_household_presence_same(&c->p->device[i].id, &c->id)) {
            break;
        }
    }

    return i;
}


/*
 * Who is, or was, where.  Places are compared within the request's family
 * only: an IPv4 address is neither near an IPv6 prefix nor away from it.
 */

static void
ngx_household_presence_compare(ngx_household_presence_case_t *c)
{
    int64_t                                 age;
    uint64_t                                bit;
    ngx_uint_t                              i;
    const ngx_household_presence_place_t   *place;
    const ngx_household_presence_device_t  *device;

    c->silent = ngx_household_presence_silent(c);

    for (i = 0; i < c->p->devices; i++) {

        if (i == c->d) {
            continue;
        }

        bit = (uint64_t) 1 << i;
        device = &c->p->device[i];
        place = &device->place[c->family];
        age = ngx_household_presence_age(place->seen, c->now);

        if (place->seen != 0 && place->key == c->key) {

            if (age < c->params->beside) {
                c->here |= bit;
            }

            if (age < c->params->together) {
                c->together |= bit;
            }

            if ((device->flags & NGX_HOUSEHOLD_PRESENCE_MEMBER)
                && ngx_household_presence_mate(c, place))
            {
                c->mates |= bit;
                continue;
            }
        }

        if (!(device->flags & NGX_HOUSEHOLD_PRESENCE_MEMBER)) {
            continue;
        }

        if (place->seen != 0 && place->key != c->key
            && ngx_household_presence_lately(place->seen, c->params->at_once,
                                             c->now))
        {
            c->elsewhere |= bit;
        }

        if (ngx_household_presence_lately(ngx_household_presence_seen(device),
                                          c->params->alive, c->now))
        {
            c->alive = 1;
        }
    }

    c->answer->at_once = (c->elsewhere != 0 && c->mates == 0);
}


/* returns 1 if no member is in use, else 0 */

static ngx_uint_t
ngx_household_presence_silent(ngx_household_presence_case_t *c)
{
    uint32_t    seen;
    ngx_uint_t  i;

    if (c->params->without & NGX_HOUSEHOLD_PRESENCE_HEIRS) {
        return 0;
    }

    for (i = 0; i < c->p->devices; i++) {
        seen = ngx_household_presence_seen(&c->p->device[i]);

        if ((c->p->device[i].flags & NGX_HOUSEHOLD_PRESENCE_MEMBER)
            && ngx_household_presence_lately(seen, c->params->alive, c->now))
        {
            return 0;
        }
    }

    return 1;
}


/* a device, place and day is written once */

static ngx_uint_t
ngx_household_presence_written(ngx_household_presence_case_t *c)
{
    ngx_household_presence_place_t  *place;

    if (c->d == c->p->devices) {
        return 0;
    }

    place = &c->p->device[c->d].place[c->family];

    return place->seen != 0
           && place->key == c->key
           && place->seen / 86400 >= (uint32_t) (c->now / 86400);
}


static void
ngx_household_presence_write(ngx_household_presence_case_t *c)
{
    ngx_household_presence_device_t  *device;

    ngx_household_presence_forget(c);

    c->d = ngx_household_presence_find(c);

    if (c->d == c->p->devices) {
        ngx_household_presence_insert(c);
    }

    ngx_household_presence_compare(c);
    ngx_household_presence_update(c);

    device = &c->p->device[c->d];

    if (c->facts->nmembers == 0 && !ngx_household_presence_household(c->p)) {

        /* the account begins with this device, or begins anew */

        device->flags = NGX_HOUSEHOLD_PRESENCE_MEMBER;
        device->met = (uint32_t) c->now;
        device->group = 0;
        device->meets = 0;
    }

    if (device->flags & NGX_HOUSEHOLD_PRESENCE_MEMBER) {
        ngx_household_presence_member(c);
    }

    if (device->flags & NGX_HOUSEHOLD_PRESENCE_MEMBER) {
        ngx_household_presence_strangers(c);

    } else {
        ngx_household_presence_evidence(c);
    }

    ngx_household_presence_renumber(c->p);
}


static void
ngx_household_presence_insert(ngx_household_presence_case_t *c)
{
    ngx_household_presence_device_t  *device;

    if (c->p->devices == NGX_HOUSEHOLD_PRESENCE_DEVICES) {
        ngx_household_presence_remove(c->p, ngx_household_presence_spare(c));
        ngx_household_presence_renumber(c->p);
    }

    c->d = c->p->devices++;
    device = &c->p->device[c->d];

    ngx_memzero(device, sizeof(ngx_household_presence_device_t));
    device->id = c->id;

    if (c->named) {
        device->flags = NGX_HOUSEHOLD_PRESENCE_MEMBER
                        |NGX_HOUSEHOLD_PRESENCE_NAMED;
        device->met = (uint32_t) c->now;
    }
}


/*
 * Selects the device to evict from a full table: a device not seen for long, or
 * else the least recent one of the largest group, or of the members if there
 * is no group.  So strangers evict each other, and not a household in use.
 */

static ngx_uint_t
ngx_household_presence_spare(ngx_household_presence_case_t *c)
{
    ngx_uint_t                 i, group, spare;
    ngx_uint_t                 size[NGX_HOUSEHOLD_PRESENCE_DEVICES + 1];
    ngx_household_presence_t  *p;

    p = c->p;

    spare = ngx_household_presence_least(p, NULL);

    if (ngx_household_presence_age(
                           ngx_household_presence_seen(&p->device[spare]),
                           c->now)
        >= c->params->settled)
    {
        return spare;
    }

    ngx_memzero(size, sizeof(size));

    for (i = 0; i < p->devices; i++) {
        size[p->device[i].group]++;
    }

    group = 0;

    for (i = 1; i <= NGX_HOUSEHOLD_PRESENCE_DEVICES; i++) {
        if (size[i] != 0 && (group == 0 || size[i] > size[group])) {
            group = i;
        }
    }

    return ngx_household_presence_least(p, &group);
}


/* the least recent device, of a group or of all, but for the anchor */

static ngx_uint_t
ngx_household_presence_least(ngx_household_presence_t *p, ngx_uint_t *group)
{
    uint32_t    seen, least;
    ngx_uint_t  i, found;

    least = 0xffffffff;
    found = p->devices - 1;

    for (i = 0; i < p->devices; i++) {
        seen = ngx_household_presence_seen(&p->device[i]);

        if (seen < least
            && i + 1 != p->anchor
            && (group == NULL || p->device[i].group == *group))
        {
            least = seen;
            found = i;
        }
    }

    return found;
}


/* the device was here today */

static void
ngx_household_presence_update(ngx_household_presence_case_t *c)
{
    uint16_t                          last, today;
    ngx_household_presence_place_t   *place;
    ngx_household_presence_device_t  *device;

    device = &c->p->device[c->d];
    place = &device->place[c->family];

    last = ngx_household_presence_today(ngx_household_presence_seen(device));
    today = ngx_household_presence_today(c->now);

    if (last < today) {
        device->meets = ngx_household_presence_decay(device->meets,
                                                     today - last,
                                                     c->params->half_life);
        device->flags &= ~NGX_HOUSEHOLD_PRESENCE_MET;

        if (device->days < NGX_HOUSEHOLD_PRESENCE_COUNT) {
            device->days++;
        }
    }

    if (place->seen == 0 || place->key != c->key) {
        place->days = 0;
    }

    if (place->days < NGX_HOUSEHOLD_PRESENCE_COUNT) {
        place->days++;
    }

    place->key = c->key;
    place->seen = (uint32_t) c->now;
}


/* devices that have not been seen for months */

static void
ngx_household_presence_forget(ngx_household_presence_case_t *c)
{
    uint32_t    seen;
    ngx_uint_t  i;

    i = 0;

    while (i < c->p->devices) {
        seen = ngx_household_presence_seen(&c->p->device[i]);

        if (ngx_household_presence_age(seen, c->now) > c->params->forget) {
            ngx_household_presence_remove(c->p, i);
            continue;
        }

        i++;
    }

    ngx_household_presence_renumber(c->p);
}


static void
ngx_household_presence_reason(ngx_household_presence_case_t *c)
{
    ngx_uint_t                        number;
    ngx_household_presence_group_t   *group;
    ngx_household_presence_answer_t  *a;
    ngx_household_presence_device_t  *device;

    a = c->answer;
    device = &c->p->device[c->d];
    number = device->group;

    a->settled = ngx_household_presence_settled(c, c->d);
    a->allow = 1;

    if (number != 0) {
        group = &c->p->group[number - 1];

        a->conflict = group->conflict;
        a->meets = group->meets;
        a->since = group->since;
        a->others = ngx_household_presence_others(c->p, number);
    }

    if (device->flags & NGX_HOUSEHOLD_PRESENCE_MEMBER) {
        a->reason = NGX_HOUSEHOLD_PRESENCE_BELONGS;

    } else if (c->mates != 0) {
        a->reason = NGX_HOUSEHOLD_PRESENCE_BESIDE;

    } else if (a->since == 0) {
        a->reason = NGX_HOUSEHOLD_PRESENCE_NOT_SHARED;

    } else if (!c->alive) {
        a->reason = NGX_HOUSEHOLD_PRESENCE_SILENT;

    } else if (ngx_household_presence_seated(c, number)) {
        a->reason = NGX_HOUSEHOLD_PRESENCE_SEAT;

    } else {
        a->reason = NGX_HOUSEHOLD_PRESENCE_SHARED;
        a->allow = 0;
    }
}


/* the oldest other households have the seats */

static ngx_uint_t
ngx_household_presence_seated(ngx_household_presence_case_t *c,
    ngx_uint_t group)
{
    uint32_t                         since;
    ngx_uint_t                       i, older;
    ngx_household_presence_group_t  *groups;

    groups = c->p->group;
    since = groups[group - 1].since;
    older = 0;

    for (i = 0; i < c->p->groups; i++) {
        if (groups[i].since == 0 || i + 1 == group) {
            continue;
        }

        /* of two that are as old, the first */

        if (groups[i].since < since
            || (groups[i].since == since && i + 1 < group))
        {
            older++;
        }
    }

    return older < c->facts->seats;
}

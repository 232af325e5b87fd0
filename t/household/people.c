
/*
 * Households: their lines, their people and what they watch with.
 */


#include "simulate.h"
#include <string.h>


static void sim_home_make(sim_account_t *a, sim_home_t *h, sim_kind_e kind);
static void sim_home_devices(sim_account_t *a, sim_home_t *h);
static void sim_home_situation(sim_account_t *a, sim_home_t *h);
static void sim_sharers_make(sim_account_t *a);
static void sim_sharer_make(sim_account_t *a, sim_home_t *h,
    sim_kind_e kind);
static sim_line_e sim_line_kind(sim_account_t *a);
static int sim_size(sim_account_t *a);


void
sim_account_make(sim_account_t *a, const sim_world_t *world, uint64_t seed,
    ngx_uint_t number, ngx_uint_t shares)
{
    memset(a, 0, sizeof(sim_account_t));

    a->world = world;
    a->random = sim_hash(seed, number);
    a->number = number;
    a->next_id = 1;

    sim_home_make(a, &a->owner, SIM_OWNER);
    sim_home_situation(a, &a->owner);

    a->owner.rate *= world->owner_rate;

    if (shares) {
        sim_sharers_make(a);
    }

    /* a household signs up on its television, or on what it has */

    a->first_id = a->owner.device[0].id;
}


static void
sim_home_make(sim_account_t *a, sim_home_t *h, sim_kind_e kind)
{
    h->kind = kind;
    h->people = sim_size(a);
    h->rate = a->world->rate;
    h->carrier = sim_random(a);
    h->trip_person = h->people;
    h->trip_until = -1;
    h->second_person = h->people;
    h->guest_tv = -1;
    h->special = h->people - 1;
    h->phase = (int) (sim_random(a) % SIM_YEAR);

    sim_line_make(a, &h->home, sim_line_kind(a));
    sim_line_make(a, &h->second, SIM_LINE_STATIC);
    sim_line_make(a, &h->flat, sim_line_kind(a));
    sim_line_make(a, &h->work, SIM_LINE_STATIC);
    sim_line_make(a, &h->vpn, SIM_LINE_STATIC);

    sim_home_devices(a, h);
}


static void
sim_home_devices(sim_account_t *a, sim_home_t *h)
{
    int                 i, n;
    const sim_world_t  *w;

    w = a->world;
    n = 1 + sim_poisson(a, w->tvs - 1);

    for (i = 0; i < n && i < 4; i++) {
        sim_device_make(a, h, SIM_TV, -1, SIM_AT_HOME, 0);
    }

    for (i = 0; i < h->people; i++) {
        sim_device_make(a, h, SIM_PHONE, i, SIM_AT_HOME, 0);

        if (sim_chance(a, w->has_pc)) {
            sim_device_make(a, h, SIM_PC, i, SIM_AT_HOME, 0);
        }

        if (sim_chance(a, w->has_tablet)) {
            sim_device_make(a, h, SIM_TABLET, i, SIM_AT_HOME, 0);
        }
    }
}


static void
sim_home_situation(sim_account_t *a, sim_home_t *h)
{
    int                 i;
    double              u;
    const sim_world_t  *w;

    w = a->world;
    u = sim_uniform(a);

    /* at most one; what takes two people is not of those who live alone */

    if (sim_chance(a, w->vpn)) {
        h->situation = SIM_VPN;

        for (i = 0; i < h->devices; i++) {
            if (h->device[i].owner == h->special) {
                h->device[i].vpn = 1;
            }
        }

    } else if ((u -= w->second_home) < 0) {
        h->situation = SIM_SECOND_HOME;
        sim_device_make(a, h, SIM_TV, -1, SIM_AT_SECOND, 0);

    } else if ((u -= w->parents) < 0) {
        h->situation = SIM_PARENTS;
        sim_line_make(a, &h->second, sim_line_kind(a));
        sim_device_make(a, h, SIM_TV, -1, SIM_AT_SECOND, 0);

    } else if ((u -= w->night_shift) < 0) {
        h->situation = SIM_NIGHT_SHIFT;

    } else if ((u -= w->work_watch * h->people) < 0) {
        h->situation = SIM_WORK_WATCHER;

    } else if (h->people == 1) {
        h->situation = SIM_PLAIN;

    } else if ((u -= w->student) < 0) {
        h->situation = SIM_STUDENT;

    } else if ((u -= w->commuter) < 0) {
        h->situation = SIM_COMMUTER;
        sim_device_make(a, h, SIM_TV, -1, SIM_AT_FLAT, 0);

    } else if ((u -= w->two_homes) < 0) {
        h->situation = SIM_TWO_HOMES;

    } else if ((u -= w->away_only) < 0) {
        h->situation = SIM_AWAY_ONLY;
    }
}


static void
sim_sharers_make(sim_account_t *a)
{
    int                 i, n;
    double              u;
    sim_kind_e          kind;
    const sim_world_t  *w;

    w = a->world;
    u = sim_uniform(a);
    n = 1;

    if ((u -= w->share_friend) < 0) {
        kind = SIM_FRIEND;

    } else if ((u -= w->share_relative) < 0) {
        kind = SIM_RELATIVE;

    } else if ((u -= w->share_moved_out) < 0) {
        kind = SIM_MOVED_OUT;

    } else if ((u -= w->share_mobile) < 0) {
        kind = SIM_MOBILE;

    } else {
        kind = SIM_RESOLD;
        n = (int) w->resold;
    }

    for (i = 0; i < n && i < SIM_SHARERS; i++) {
        sim_sharer_make(a, &a->sharer[a->sharers++], kind);
    }
}


static void
sim_sharer_make(sim_account_t *a, sim_home_t *h, sim_kind_e kind)
{
    const sim_world_t  *w;

    w = a->world;

    sim_home_make(a, h, kind);

    if (h->people > 2) {
        h->people = 2;
        h->trip_person = h->people;
        h->second_person = h->people;
        h->special = 1;
    }

    h->rate *= w->share_rate;
    h->visits = sim_exponential(a, w->visit_days);

    if (!sim_chance(a, w->share_first)) {
        h->begins = sim_uniform(a) * w->share_start;
    }

    if (kind == SIM_MOVED_OUT) {
        h->people = 1;
        h->trip_person = h->people;
        h->second_person = h->people;
        h->special = 0;
        h->begins = 0;
        h->moves_out = 20 + sim_uniform(a) * 60;
    }

    if (sim_chance(a, w->informed)) {
        h->informed = 1 + (int) (sim_random(a) % 3);

        if (w->tactic > 0) {
            h->informed = (int) w->tactic;
        }
    }

    if (h->home.kind == SIM_LINE_CGNAT && sim_chance(a, w->cgnat_same)) {
        h->home.pool = a->owner.home.pool;
    }
}


static int
sim_size(sim_account_t *a)
{
    double              u;
    const sim_world_t  *w;

    w = a->world;
    u = sim_uniform(a);

    if ((u -= w->size_1) < 0) {
        return 1;
    }

    if ((u -= w->size_2) < 0) {
        return 2;
    }

    if ((u -= w->size_3) < 0) {
        return 3;
    }

    return ((u -= w->size_4) < 0) ? 4 : 5;
}


static sim_line_e
sim_line_kind(sim_account_t *a)
{
    double              u;
    const sim_world_t  *w;

    w = a->world;
    u = sim_uniform(a);

    if ((u -= w->line_static) < 0) {
        return SIM_LINE_STATIC;
    }

    if ((u -= w->line_months) < 0) {
        return SIM_LINE_MONTHS;
    }

    if ((u -= w->line_weeks) < 0) {
        return SIM_LINE_WEEKS;
    }

    if ((u -= w->line_nightly) < 0) {
        return SIM_LINE_NIGHTLY;
    }

    if ((u -= w->line_cgnat) < 0) {
        return SIM_LINE_CGNAT;
    }

    return ((u -= w->line_dslite) < 0) ? SIM_LINE_DSLITE : SIM_LINE_MOBILE;
}


void
sim_line_make(sim_account_t *a, sim_line_t *line, sim_line_e kind)
{
    memset(line, 0, sizeof(sim_line_t));

    line->kind = kind;
    line->pool = sim_random(a);
    line->ipv6 = (kind == SIM_LINE_DSLITE)
                 || (kind != SIM_LINE_CGNAT
                     && sim_chance(a, a->world->line_ipv6));

    line->inet_until = -1;
    line->inet6_until = -1;
}


/* gives a line the addresses that it has at a time */

void
sim_line_day(sim_account_t *a, sim_line_t *line, double day)
{
    double              life;
    const sim_world_t  *w;

    w = a->world;

    if (day >= line->inet_until) {

        line->inet = (uint32_t) sim_random(a);

        switch (line->kind) {

        case SIM_LINE_STATIC:
            life = 100000;
            break;

        case SIM_LINE_MONTHS:
            life = sim_exponential(a, w->months_days);
            break;

        case SIM_LINE_WEEKS:
            life = sim_exponential(a, w->weeks_days);
            break;

        case SIM_LINE_NIGHTLY:
            /* between three and five in the morning */
            life = (double) (int64_t) (day + 1) + 0.125
                   + sim_uniform(a) / 12 - day;
            break;

        case SIM_LINE_MOBILE:
            line->inet = (uint32_t) sim_hash(line->pool, sim_random(a)
                                             % (uint64_t) w->cell_pool);
            life = sim_exponential(a, 1);
            break;

        default:
            line->inet = (uint32_t) sim_hash(line->pool, sim_random(a)
                                             % (uint64_t) w->cgnat_pool);
            life = sim_exponential(a, w->cgnat_days);
        }

        line->inet_until = day + life;
    }

    if (line->ipv6 && day >= line->inet6_until) {
        line->inet6 = sim_random(a) << 8;
        life = (line->kind == SIM_LINE_NIGHTLY) ? line->inet_until - day
               : (line->kind == SIM_LINE_MOBILE) ? sim_exponential(a, 1)
               : sim_exponential(a, w->prefix_days);
        line->inet6_until = day + life;
    }
}


int
sim_device_make(sim_account_t *a, sim_home_t *h, sim_device_e kind, int owner,
    sim_place_e at, double day)
{
    double         life;
    sim_device_t  *device;

    if (h->devices == SIM_DEVICES) {
        return -1;
    }

    device = &h->device[h->devices];
    memset(device, 0, sizeof(sim_device_t));

    life = (kind == SIM_TV) ? a->world->life_tv : a->world->life_other;

    device->id = a->next_id++;
    device->kind = kind;
    device->owner = owner;
    device->at = at;
    device->ipv6 = sim_chance(a, a->world->device_ipv6);
    device->forgets = day + sim_exponential(a, a->world->id_days);
    device->replaced = day + sim_exponential(a, life * SIM_YEAR);

    return h->devices++;
}

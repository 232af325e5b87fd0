
/*
 * What the people of an account watch on a day: where, with what and when.
 */


#include "simulate.h"
#include <stdlib.h>
#include <string.h>


/* a person this day, and what is chosen for a session */

typedef struct {
    sim_account_t  *a;
    sim_home_t     *h;
    int             day;
    int             person;
    sim_place_e     place;             /* where it sleeps */
} sim_person_t;


static void sim_home_day(sim_account_t *a, sim_home_t *h, int day);
static void sim_home_changes(sim_account_t *a, sim_home_t *h, int day);
static void sim_home_trips(sim_account_t *a, sim_home_t *h, int day);
static sim_place_e sim_person_place(sim_person_t *p);
static sim_place_e sim_student_place(sim_person_t *p);
static void sim_person_day(sim_person_t *p);
static void sim_person_special(sim_person_t *p);
static void sim_sharer_visit(sim_account_t *a, sim_home_t *h, int day);
static double sim_person_hour(sim_person_t *p);
static sim_device_t *sim_person_device(sim_person_t *p);
static sim_device_t *sim_person_portable(sim_person_t *p);
static void sim_session(sim_person_t *p, sim_device_t *device,
    sim_place_e place, double hour);
static void sim_request(sim_person_t *p, sim_device_t *device,
    sim_place_e place, int64_t time, uint32_t session, ngx_uint_t late);
static sim_line_t *sim_place_line(sim_person_t *p, sim_place_e place);
static int sim_event_order(const void *one, const void *two);


void
sim_account_day(sim_account_t *a, int day)
{
    int           i;
    sim_event_t  *e;

    a->events = 0;

    sim_home_day(a, &a->owner, day);

    for (i = 0; i < a->sharers; i++) {
        if (day >= a->sharer[i].begins) {
            sim_home_day(a, &a->sharer[i], day);
            sim_sharer_visit(a, &a->sharer[i], day);
        }
    }

    qsort(a->event, a->events, sizeof(sim_event_t), sim_event_order);

    /* addresses come and go in the order of time */

    for (e = a->event; e < a->event + a->events; e++) {

        if (e->line != NULL) {
            sim_line_day(a, e->line, (double) (e->time - SIM_START) / SIM_DAY);

            e->inet6 = e->inet6 && e->line->ipv6;
            e->key = e->inet6 ? e->line->inet6 : e->line->inet;
        }

        e->time -= (int64_t) (a->world->midnight * 3600);
    }
}


static int
sim_event_order(const void *one, const void *two)
{
    const sim_event_t  *e1, *e2;

    e1 = one;
    e2 = two;

    if (e1->time != e2->time) {
        return e1->time < e2->time ? -1 : 1;
    }

    return (e1->session > e2->session) - (e1->session < e2->session);
}


static void
sim_home_day(sim_account_t *a, sim_home_t *h, int day)
{
    sim_person_t  p;

    sim_home_changes(a, h, day);
    sim_home_trips(a, h, day);

    p.a = a;
    p.h = h;
    p.day = day;

    for (p.person = 0; p.person < h->people; p.person++) {
        p.place = sim_person_place(&p);
        sim_person_day(&p);
    }
}


/* moves, other providers, new devices, lost ids */

static void
sim_home_changes(sim_account_t *a, sim_home_t *h, int day)
{
    int                 i;
    sim_line_e          kind;
    sim_device_t       *device;
    const sim_world_t  *w;

    w = a->world;

    if (sim_chance(a, (w->move_year + w->provider_year) / SIM_YEAR)) {
        kind = h->home.kind;
        sim_line_make(a, &h->home, kind);
    }

    for (i = 0; i < h->devices; i++) {
        device = &h->device[i];

        if (day >= device->replaced) {
            device->id = a->next_id++;
            device->replaced = day
                 + sim_exponential(a, SIM_YEAR * (device->kind == SIM_TV
                                                  ? w->life_tv
                                                  : w->life_other));
            device->fresh = device->kind != SIM_TV
                            && sim_chance(a, w->new_away);
        }

        if (day >= device->forgets) {
            device->id = a->next_id++;
            device->forgets = day + sim_exponential(a, w->id_days);
        }

        if (h->informed == 3 && day % 7 == 0) {
            device->id = a->next_id++;
        }
    }
}


/* journeys begin and end; and who is at the second home today */

static void
sim_home_trips(sim_account_t *a, sim_home_t *h, int day)
{
    double              p;
    const sim_world_t  *w;

    w = a->world;

    if (day >= h->trip_until) {
        h->trip_person = h->people;

        if (h->guest_tv >= 0) {
            h->devices = h->guest_tv;
            h->guest_tv = -1;
        }

        /* together is one journey for all: as many as people have alone */

        p = w->trips / SIM_YEAR
            * (w->trip_together + (1 - w->trip_together) * h->people);

        if (sim_chance(a, p)) {
            h->trip_person = sim_chance(a, w->trip_together
                                           / (w->trip_together
                                              + (1 - w->trip_together)
                                                * h->people))
                             ? -1 : (int) (sim_random(a) % h->people);
            h->trip_until = day + 1 + sim_exponential(a, w->nights - 0.5);
            h->trip_place = sim_chance(a, w->trip_visit) ? SIM_AT_VISIT
                                                         : SIM_AT_HOTEL;

            sim_line_make(a, h->trip_place == SIM_AT_VISIT ? &h->visit
                                                           : &h->hotel,
                          h->trip_place == SIM_AT_VISIT ? SIM_LINE_MONTHS
                                                        : SIM_LINE_STATIC);

            if (sim_chance(a, h->trip_place == SIM_AT_VISIT ? w->visit_tv
                                                            : w->hotel_tv))
            {
                h->guest_tv = sim_device_make(a, h, SIM_FOREIGN_TV, -1,
                                              h->trip_place, day);
            }
        }
    }

    h->second_person = h->people;

    /* weekends, of which there are 104 days */

    if ((h->situation == SIM_SECOND_HOME || h->situation == SIM_PARENTS)
        && day % 7 >= 5
        && sim_chance(a, (h->situation == SIM_PARENTS ? w->parents_days
                                                      : w->second_days) / 104))
    {
        h->second_person = (h->people > 1 && sim_chance(a, w->second_alone))
                           ? (int) (sim_random(a) % h->people) : -1;
    }
}


static sim_place_e
sim_person_place(sim_person_t *p)
{
    sim_home_t  *h;

    h = p->h;

    if (h->kind == SIM_MOVED_OUT && p->day < h->moves_out) {
        return SIM_AT_HOME;
    }

    if (h->trip_person == -1 || h->trip_person == p->person) {
        return h->trip_place;
    }

    if (h->second_person == -1 || h->second_person == p->person) {
        return SIM_AT_SECOND;
    }

    if (p->person != h->special) {
        return SIM_AT_HOME;
    }

    switch (h->situation) {

    case SIM_STUDENT:
        return sim_student_place(p);

    case SIM_COMMUTER:
        return (p->day % 7 < 4) ? SIM_AT_FLAT : SIM_AT_HOME;

    case SIM_TWO_HOMES:
        return (p->day / 7 % 2) ? SIM_AT_FLAT : SIM_AT_HOME;

    case SIM_AWAY_ONLY:
        return SIM_AT_FLAT;

    default:
        return SIM_AT_HOME;
    }
}


/* at home for three days now and then, in summer, at Christmas and Easter */

static sim_place_e
sim_student_place(sim_person_t *p)
{
    int  day;

    day = (p->day + p->h->phase) % SIM_YEAR;

    if ((day >= 190 && day < 260) || day >= 351 || (day >= 92 && day < 106)) {
        return SIM_AT_HOME;
    }

    if (p->h->home_visit > 0) {
        p->h->home_visit--;
        return SIM_AT_HOME;
    }

    if (sim_chance(p->a, 1 / p->a->world->student_days)) {
        p->h->home_visit = 2;
        return SIM_AT_HOME;
    }

    return SIM_AT_FLAT;
}


static void
sim_person_day(sim_person_t *p)
{
    int                 i, n;
    double              hour;
    sim_device_t       *device;
    const sim_world_t  *w;

    w = p->a->world;
    n = sim_poisson(p->a, p->h->rate);

    for (i = 0; i < n; i++) {
        hour = sim_person_hour(p);
        device = sim_person_device(p);

        if (device == NULL) {
            continue;
        }

        if (device->owner >= 0 && sim_chance(p->a, w->outside)) {
            sim_session(p, device, SIM_AT_CELL,
                        sim_chance(p->a, 0.5)
                        ? sim_normal(p->a, 8.2, 0.7)
                        : sim_normal(p->a, 17.8, 1.2));
            continue;
        }

        if (p->h->kind == SIM_MOBILE) {
            device = sim_person_portable(p);
            sim_session(p, device, SIM_AT_CELL, hour);
            continue;
        }

        /* a new phone is tried out on the way home from the shop */

        if (device->fresh) {
            device->fresh = 0;
            sim_session(p, device, SIM_AT_CELL, sim_normal(p->a, 16, 2));
        }

        sim_session(p, device, p->place, hour);
    }

    if (p->person == p->h->special) {
        sim_person_special(p);
    }
}


/* at work, by day or by night */

static void
sim_person_special(sim_person_t *p)
{
    sim_device_t       *device;
    const sim_world_t  *w;

    w = p->a->world;

    if (p->place != SIM_AT_HOME || p->day % 7 >= 5) {
        return;
    }

    device = sim_person_portable(p);

    if (p->h->situation == SIM_WORK_WATCHER
        && sim_chance(p->a, w->work_rate))
    {
        sim_session(p, device, SIM_AT_WORK, sim_normal(p->a, 12.5, 0.5));
    }

    if (p->h->situation == SIM_NIGHT_SHIFT
        && sim_chance(p->a, w->night_rate))
    {
        sim_session(p, device, SIM_AT_WORK, 22 + sim_uniform(p->a) * 1.9);
    }
}


/* a sharer at the owner's home, with the phone or with all there is */

static void
sim_sharer_visit(sim_account_t *a, sim_home_t *h, int day)
{
    int           i;
    sim_person_t  p;

    if (h->kind == SIM_MOVED_OUT && day < h->moves_out) {
        return;
    }

    if (day < h->visits
        || (h->kind != SIM_RELATIVE && h->kind != SIM_MOVED_OUT
            && h->informed != 2))
    {
        return;
    }

    p.a = a;
    p.h = h;
    p.day = day;
    p.person = 0;
    p.place = SIM_AT_HOME;

    if (h->informed == 2) {

        /* two days in a row, every six weeks, with every device */

        for (i = 0; i < h->devices; i++) {
            sim_session(&p, &h->device[i], SIM_AT_VISIT,
                        19 + 3 * sim_uniform(a));
        }

        h->visits = (day >= h->visits + 1) ? day + 41 : h->visits;
        return;
    }

    h->visits = day + sim_exponential(a, a->world->visit_days
                                         * (h->kind == SIM_MOVED_OUT ? 2 : 1));

    sim_session(&p, sim_person_portable(&p), SIM_AT_VISIT,
                sim_normal(a, 20, 1.5));
}


static double
sim_person_hour(sim_person_t *p)
{
    if (p->h->informed == 1) {
        return sim_chance(p->a, 0.5) ? 1 + 5 * sim_uniform(p->a)
                                     : 9 + 7 * sim_uniform(p->a);
    }

    if (sim_chance(p->a, p->a->world->evening)) {
        return sim_normal(p->a, 20.5, 1.5);
    }

    return 8 + 10 * sim_uniform(p->a);
}


/* what is at hand there, by how people like to watch */

static sim_device_t *
sim_person_device(sim_person_t *p)
{
    int            i, n;
    double         u;
    sim_place_e    place;
    sim_device_e   kind;
    sim_device_t  *device, *found;

    u = sim_uniform(p->a);
    kind = ((u -= p->a->world->watch_tv) < 0) ? SIM_TV
           : ((u -= p->a->world->watch_pc) < 0) ? SIM_PC
           : ((u -= p->a->world->watch_phone) < 0) ? SIM_PHONE : SIM_TABLET;
    place = p->place;

    if (p->h->kind == SIM_OWNER && p->person == p->h->special
        && place != SIM_AT_HOTEL && place != SIM_AT_VISIT
        && (p->h->situation == SIM_AWAY_ONLY
            || (p->h->situation == SIM_NIGHT_SHIFT
                && !sim_chance(p->a, p->a->world->night_home))))
    {
        /* their own devices are not used at home */

        return p->h->situation == SIM_AWAY_ONLY ? sim_person_portable(p)
               : &p->h->device[0];
    }

    found = NULL;
    n = 0;

    for (i = 0; i < p->h->devices; i++) {
        device = &p->h->device[i];

        if (device->owner == p->person ? device->kind == kind
            : (device->owner == -1 && kind == SIM_TV && device->at == place))
        {
            if (sim_random(p->a) % (uint64_t) ++n == 0) {
                found = device;
            }
        }
    }

    return found != NULL ? found : sim_person_portable(p);
}


static sim_device_t *
sim_person_portable(sim_person_t *p)
{
    int            i, n;
    sim_device_t  *device, *found;

    found = NULL;
    n = 0;

    for (i = 0; i < p->h->devices; i++) {
        device = &p->h->device[i];

        if (device->owner == p->person
            && sim_random(p->a) % (uint64_t) ++n == 0)
        {
            found = device;
        }
    }

    return found;
}


static void
sim_session(sim_person_t *p, sim_device_t *device, sim_place_e place,
    double hour)
{
    double              end;
    int64_t             time;
    uint32_t            session;
    ngx_uint_t          late;
    const sim_world_t  *w;

    w = p->a->world;
    session = p->a->sessions++;

    hour = ngx_max(0.1, ngx_min(hour, 23.9));

    time = SIM_START + (int64_t) p->day * SIM_DAY + (int64_t) (hour * 3600);
    end = w->session_minutes ? sim_exponential(p->a, w->session_minutes) : 0;
    late = 0;

    do {
        sim_request(p, device, place, time, session, late);

        late = 1;
        time += (int64_t) (w->request_minutes * 60);
        end -= w->request_minutes;

    } while (end > 0
             && time < SIM_START + ((int64_t) p->day + 1) * SIM_DAY);
}


static void
sim_request(sim_person_t *p, sim_device_t *device, sim_place_e place,
    int64_t time, uint32_t session, ngx_uint_t late)
{
    uint64_t            hours;
    sim_event_t        *e;
    const sim_world_t  *w;

    w = p->a->world;

    if (p->a->events == SIM_EVENTS) {
        return;
    }

    e = &p->a->event[p->a->events++];

    e->time = time;
    e->id = device->id;
    e->session = session;
    e->late = late;
    e->kind = p->h->kind;
    e->device = device->kind;
    e->place = place;

    if (device->vpn) {
        e->place = SIM_AT_VPN;
    }

    if (e->place != SIM_AT_CELL) {
        e->line = sim_place_line(p, e->place);
        e->inet6 = device->ipv6 && sim_chance(p->a, w->prefer_ipv6);

    } else {
        e->line = NULL;

        hours = sim_hash(device->id + p->a->number,
                         (uint64_t) (time / (int64_t) (w->cell_hours * 3600)));

        e->inet6 = device->ipv6 && (hours % 1000) < w->cell_ipv6 * 1000;
        e->key = e->inet6 ? hours << 8
                 : (uint32_t) sim_hash(p->h->carrier,
                                       hours % (uint64_t) w->cell_pool);
    }

    /* the owner's home is no remote place, and theirs until they move out */

    if (p->h->kind != SIM_OWNER) {
        e->place = (place == SIM_AT_VISIT && p->place == SIM_AT_HOME)
                   || (p->h->kind == SIM_MOVED_OUT
                       && p->day < p->h->moves_out)
                   ? SIM_AT_HOME : SIM_AT_REMOTE;
    }
}


static sim_line_t *
sim_place_line(sim_person_t *p, sim_place_e place)
{
    sim_home_t  *h, *owner;

    h = p->h;
    owner = &p->a->owner;

    switch (place) {

    case SIM_AT_HOME:
        return (h->kind == SIM_MOVED_OUT && p->day < h->moves_out)
               ? &owner->home : &h->home;

    case SIM_AT_SECOND:
        return &h->second;

    case SIM_AT_FLAT:
        return &h->flat;

    case SIM_AT_WORK:
        return &h->work;

    case SIM_AT_HOTEL:
        return &h->hotel;

    case SIM_AT_VPN:
        return &h->vpn;

    case SIM_AT_VISIT:
        return (h->kind != SIM_OWNER && p->place == SIM_AT_HOME)
               ? &owner->home : &h->visit;

    default:
        return &h->home;
    }
}


/*
 * A year of households, honest ones and ones that share, request by request.
 * world.conf says what they are like, and docs/fairness.md what came of it.
 */


#ifndef _SIMULATE_H_INCLUDED_
#define _SIMULATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_decide.h"
#include "ngx_household_presence.h"


#define SIM_DAY       86400
#define SIM_YEAR        365
#define SIM_WARM         90   /* sharers count from this day on */

/* a Monday, the first day of the year that is simulated */
#define SIM_START  ((int64_t) 20457 * SIM_DAY)

#define SIM_PEOPLE        8
#define SIM_DEVICES      64
#define SIM_SHARERS       6
#define SIM_EVENTS     2048
#define SIM_POLICIES     40
#define SIM_BATCHES      24
#define SIM_SECTIONS     24


/* every number of world.conf, and "name" as it stands there */

#define SIM_NUMBERS(X)                                                        \
    X(size_1) X(size_2) X(size_3) X(size_4) X(line_static) X(line_months)     \
    X(line_weeks) X(line_nightly) X(line_cgnat) X(line_dslite)                \
    X(months_days) X(weeks_days) X(prefix_days) X(line_ipv6) X(device_ipv6)   \
    X(prefer_ipv6) X(cgnat_days) X(cgnat_pool) X(cgnat_same) X(cell_pool)     \
    X(cell_hours) X(cell_ipv6) X(move_year) X(provider_year) X(watch_tv)      \
    X(watch_pc) X(watch_phone) X(tvs) X(has_pc) X(has_tablet) X(life_tv)      \
    X(life_other) X(new_away) X(id_days) X(rate) X(evening) X(outside)        \
    X(work_watch) X(work_rate) X(trips) X(nights) X(trip_visit)               \
    X(trip_together) X(hotel_tv) X(visit_tv) X(second_home) X(second_days)    \
    X(second_alone) X(parents) X(parents_days) X(student) X(student_days)     \
    X(commuter) X(two_homes) X(night_shift) X(night_rate) X(night_home)       \
    X(away_only) X(vpn) X(share_friend) X(share_relative) X(share_moved_out)  \
    X(share_mobile) X(resold) X(visit_days) X(share_rate) X(share_first)      \
    X(share_start) X(owner_rate) X(first_is_owner) X(named)                   \
    X(session_minutes) X(request_minutes) X(clock) X(midnight)                \
    X(informed) X(tactic)

#define SIM_FIELD(name)  double  name;

typedef struct {
    char    name[64];
    SIM_NUMBERS(SIM_FIELD)
} sim_world_t;


typedef enum {
    SIM_LINE_STATIC = 0, SIM_LINE_MONTHS, SIM_LINE_WEEKS, SIM_LINE_NIGHTLY,
    SIM_LINE_CGNAT, SIM_LINE_DSLITE, SIM_LINE_MOBILE,
    SIM_LINES
} sim_line_e;

/* what is special about a household */

typedef enum {
    SIM_PLAIN = 0, SIM_SECOND_HOME, SIM_STUDENT, SIM_COMMUTER, SIM_TWO_HOMES,
    SIM_NIGHT_SHIFT, SIM_AWAY_ONLY, SIM_VPN, SIM_WORK_WATCHER, SIM_PARENTS,
    SIM_SITUATIONS
} sim_situation_e;

/* where a request comes from */

typedef enum {
    SIM_AT_HOME = 0, SIM_AT_SECOND, SIM_AT_FLAT, SIM_AT_WORK, SIM_AT_HOTEL,
    SIM_AT_VISIT, SIM_AT_CELL, SIM_AT_VPN, SIM_AT_REMOTE,
    SIM_PLACES
} sim_place_e;

typedef enum {
    SIM_TV = 0, SIM_PC, SIM_PHONE, SIM_TABLET, SIM_FOREIGN_TV
} sim_device_e;

typedef enum {
    SIM_OWNER = 0, SIM_FRIEND, SIM_RELATIVE, SIM_MOVED_OUT, SIM_MOBILE,
    SIM_RESOLD,
    SIM_KINDS
} sim_kind_e;


/* an access to the network, with its addresses of the moment */

typedef struct {
    sim_line_e  kind;
    ngx_uint_t  ipv6;
    uint64_t    pool;                  /* of a CGNAT */
    uint32_t    inet;
    uint64_t    inet6;
    double      inet_until;            /* day */
    double      inet6_until;
} sim_line_t;


typedef struct {
    uint64_t      id;
    sim_device_e  kind;
    int           owner;               /* person; -1: whoever is there */
    sim_place_e   at;                  /* of a TV; portable: AT_HOME */
    ngx_uint_t    ipv6;
    double        forgets;             /* day on which its id is lost */
    double        replaced;
    ngx_uint_t    vpn;
    ngx_uint_t    fresh;               /* never used; first used away */
} sim_device_t;


/* one household with its people; a sharer is one, too */

typedef struct {
    sim_kind_e   kind;
    int          people;
    int          devices;
    double       rate;                 /* sessions a person and day */
    double       begins;               /* day on which it uses the account */
    double       moves_out;            /* MOVED_OUT: lives here from then on */
    double       visits;               /* next visit, day */
    int          informed;             /* 0; 1 to 3: what it does about it */

    sim_line_t   home, second, flat, work, hotel, visit, vpn;
    uint64_t     carrier;

    sim_situation_e  situation;
    int              special;          /* the person of it */

    int          trip_person;          /* -1: all; people: nobody */
    sim_place_e  trip_place;
    double       trip_until;
    int          second_person;        /* this day; -1: all */
    int          phase;                /* day of the year of day 0 */
    int          home_visit;           /* the student is at home, days */
    sim_device_t device[SIM_DEVICES];
    int          guest_tv;             /* index of a TV that is not theirs */
} sim_home_t;


typedef struct {
    int64_t      time;
    uint64_t     id;
    uint64_t     key;                  /* IPv4, or the upper half of IPv6 */
    ngx_uint_t   inet6;
    sim_line_t  *line;                 /* which has the key then; or NULL */
    uint32_t     session;
    sim_place_e  place;
    sim_kind_e   kind;
    sim_device_e device;
    ngx_uint_t   late;                 /* not the first of its session */
} sim_event_t;


typedef struct {
    const sim_world_t  *world;
    uint64_t            random;
    uint64_t            next_id;
    ngx_uint_t          number;
    int                 sharers;
    sim_home_t          owner;
    sim_home_t          sharer[SIM_SHARERS];
    uint64_t            first_id;      /* of the device that signed up */

    int                 events;
    uint32_t            sessions;
    sim_event_t         event[SIM_EVENTS];
} sim_account_t;


/* what came of a policy */

typedef struct {
    uint64_t  days, denied;            /* of honest households */
    uint64_t  line_days[SIM_LINES], line_denied[SIM_LINES];
    uint64_t  situation_days[SIM_SITUATIONS];
    uint64_t  situation_denied[SIM_SITUATIONS];
    uint64_t  place_denied[SIM_PLACES];
    uint64_t  tv_denied, guest_denied;
    uint64_t  households, households_denied;

    uint64_t  sessions[SIM_KINDS], refused[SIM_KINDS];   /* remote ones */
    uint64_t  early, early_refused;    /* days 28 to 90 */
    uint64_t  owner_days, owner_denied;

    uint64_t  writes, write_days;
    uint64_t  bytes;                   /* of the largest presence */

    /* for the noise: the two figures of a part of the accounts */
    uint64_t  batch[SIM_BATCHES][4];
} sim_count_t;


typedef struct {
    char                             name[64];
    ngx_uint_t                       homes;  /* static homes */
    ngx_uint_t                       trace;  /* prints each request */
    ngx_household_presence_params_t  params;
} sim_policy_t;


/* --- world.c --- */

/* reads all sections; exits with a message on a mistake */
int sim_world_read(const char *file, sim_world_t *worlds);

uint64_t sim_random(sim_account_t *a);
double sim_uniform(sim_account_t *a);            /* 0 to 1 */
ngx_uint_t sim_chance(sim_account_t *a, double p);
double sim_exponential(sim_account_t *a, double mean);
double sim_normal(sim_account_t *a, double mean, double deviation);
int sim_poisson(sim_account_t *a, double mean);
uint64_t sim_hash(uint64_t a, uint64_t b);

/* --- people.c --- */

void sim_account_make(sim_account_t *a, const sim_world_t *world,
    uint64_t seed, ngx_uint_t number, ngx_uint_t shares);
void sim_line_make(sim_account_t *a, sim_line_t *line, sim_line_e kind);
void sim_line_day(sim_account_t *a, sim_line_t *line, double day);
int sim_device_make(sim_account_t *a, sim_home_t *h, sim_device_e kind,
    int owner, sim_place_e at, double day);

/* --- day.c --- */

/* fills in the requests of a day, in the order of their times */
void sim_account_day(sim_account_t *a, int day);

/* --- policy.c --- */

/* plays an account's year under several policies at once */
void sim_account_play(sim_account_t *a, const sim_policy_t *policies, int n,
    sim_count_t *counts);
void sim_count_add(sim_count_t *to, const sim_count_t *from);

/* --- report.c --- */

double sim_false_days(const sim_count_t *c);     /* of 1,000 */
double sim_refused(const sim_count_t *c);        /* percent */
double sim_owner_days(const sim_count_t *c);     /* of 1,000 */
double sim_noise(const sim_count_t *c, ngx_uint_t refused);
void sim_report(const sim_count_t *c);

/* --- draw.c --- */

typedef struct {
    char    name[64];
    double  x, y;                      /* false days, refused */
    int     curve;
} sim_point_t;

int sim_draw(const char *file, const sim_point_t *worlds, int n,
    const sim_point_t *homes, const sim_point_t *frontier, int m);


#endif /* _SIMULATE_H_INCLUDED_ */

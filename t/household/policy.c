
/*
 * The policies under test: the sharing rule by src/household/, and static
 * homes by ngx_household_decide() with the policy that docs/rollout.md
 * recommends; but the home is the first network that was seen, which it was
 * before homes were learned by the number of days.
 */


#include "simulate.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>


#define SIM_MONITOR  28                /* days before "household on" */
#define SIM_HOMES     1
#define SIM_NOTES   200


/* a record as Redis would have it */

typedef struct {
    ngx_household_network_t  home[SIM_HOMES];
    int                      homes;
    uint64_t                 id[SIM_NOTES];
    int64_t                  seen[SIM_NOTES];
    int                      written;
    int64_t                  outside_since;
    int64_t                  home_since;
    ngx_uint_t               stale;
} sim_record_t;


typedef struct {
    const sim_policy_t              *policy;
    sim_count_t                     *count;
    ngx_household_presence_t         presence;
    sim_record_t                     record;
    ngx_household_record_builder_t   builder;
    ngx_uint_t                       named;
    ngx_str_t                        name;
    char                             text[24];

    /* this day */
    ngx_uint_t                       denied;
    ngx_uint_t                       ever;
    u_char                           refused[SIM_EVENTS];
} sim_play_t;


static ngx_uint_t sim_ask(sim_play_t *play, const sim_account_t *a,
    const sim_event_t *e);
static ngx_uint_t sim_ask_homes(sim_play_t *play, const sim_event_t *e,
    int day);
static void sim_record_effects(sim_record_t *r,
    const ngx_household_decision_t *d, uint64_t id, int64_t now);
static void sim_record_build(sim_play_t *play, int64_t now);
static void sim_field(ngx_household_record_builder_t *b, const char *name,
    int64_t value);
static void sim_addr(ngx_household_addr_t *addr, const sim_event_t *e);
static void sim_play_event(sim_play_t *play, const sim_account_t *a,
    const sim_event_t *e, int day);
static void sim_play_day(sim_play_t *play, const sim_account_t *a, int day);
static void sim_play_codec(sim_play_t *play);
static void sim_trace(const sim_account_t *a,
    const ngx_household_presence_facts_t *facts,
    const ngx_household_presence_answer_t *answer);


void
sim_account_play(sim_account_t *a, const sim_policy_t *policies, int n,
    sim_count_t *counts)
{
    int           i, j, day;
    ngx_uint_t    begun;
    sim_play_t   *play;
    sim_event_t  *e;

    static sim_play_t  plays[SIM_POLICIES];

    for (i = 0; i < n; i++) {
        play = &plays[i];

        memset(play, 0, sizeof(sim_play_t) - sizeof(play->refused));
        play->policy = &policies[i];
        play->count = &counts[i];
        play->record.stale = 1;
        play->named = a->world->named > 0;
        play->name.len = (size_t) sprintf(play->text, "d%llu",
                                          (unsigned long long) a->first_id);
        play->name.data = (u_char *) play->text;
    }

    begun = !a->world->first_is_owner;

    for (day = 0; day < SIM_YEAR; day++) {
        sim_account_day(a, day);

        for (i = 0; i < n; i++) {
            plays[i].denied = 0;
            memset(plays[i].refused, 0, sizeof(plays[i].refused));
        }

        for (j = 0; j < a->events; j++) {
            e = &a->event[j];

            begun |= (e->kind == SIM_OWNER && e->place == SIM_AT_HOME);

            for (i = 0; i < n && begun; i++) {
                sim_play_event(&plays[i], a, e, day);
            }
        }

        for (i = 0; i < n && begun; i++) {
            sim_play_day(&plays[i], a, day);
        }
    }

    for (i = 0; i < n; i++) {
        sim_play_codec(&plays[i]);

        if (a->sharers == 0) {
            plays[i].count->households++;
            plays[i].count->households_denied += plays[i].ever;
        }
    }
}


static void
sim_play_event(sim_play_t *play, const sim_account_t *a, const sim_event_t *e,
    int day)
{
    ngx_uint_t    allowed;
    sim_count_t  *count;

    count = play->count;

    allowed = play->policy->homes ? sim_ask_homes(play, e, day)
                                  : sim_ask(play, a, e);

    if (allowed || day < SIM_MONITOR) {
        return;
    }

    play->refused[e->session % SIM_EVENTS] = 1;

    if (e->kind == SIM_OWNER) {

        if (!play->denied && a->sharers == 0) {
            count->place_denied[e->place]++;
            count->guest_denied += (e->device == SIM_FOREIGN_TV);
            count->tv_denied += (e->device == SIM_TV);
        }

        play->denied = 1;
    }
}


static void
sim_play_day(sim_play_t *play, const sim_account_t *a, int day)
{
    int                 i;
    uint64_t           *batch;
    ngx_uint_t          active, refused;
    sim_count_t        *count;
    const sim_event_t  *e;

    count = play->count;
    batch = count->batch[a->number % SIM_BATCHES];
    active = 0;

    for (i = 0; i < a->events; i++) {
        e = &a->event[i];

        if (e->kind == SIM_OWNER) {
            active = 1;
            continue;
        }

        if (e->late || e->place != SIM_AT_REMOTE) {
            continue;
        }

        refused = play->refused[e->session % SIM_EVENTS];

        if (day >= SIM_WARM) {
            count->sessions[e->kind]++;
            count->refused[e->kind] += refused;
            batch[2]++;
            batch[3] += refused;

        } else if (day >= SIM_MONITOR) {
            count->early++;
            count->early_refused += refused;
        }
    }

    if (!active) {
        return;
    }

    count->write_days++;

    if (a->sharers != 0) {
        count->owner_days++;
        count->owner_denied += play->denied;
        return;
    }

    count->days++;
    count->denied += play->denied;
    count->line_days[a->owner.home.kind]++;
    count->line_denied[a->owner.home.kind] += play->denied;
    count->situation_days[a->owner.situation]++;
    count->situation_denied[a->owner.situation] += play->denied;

    batch[0]++;
    batch[1] += play->denied;

    play->ever |= play->denied;
}


static ngx_uint_t
sim_ask(sim_play_t *play, const sim_account_t *a, const sim_event_t *e)
{
    char                             text[24];
    uint64_t                         n;
    ngx_household_presence_facts_t   facts;
    ngx_household_presence_answer_t  answer;

    memset(&facts, 0, sizeof(facts));

    sim_addr(&facts.addr, e);

    facts.now = e->time;
    facts.device.len = (size_t) sprintf(text, "d%llu",
                                        (unsigned long long) e->id);
    facts.device.data = (u_char *) text;

    if (a->world->clock > 0) {
        n = sim_hash(a->number + e->session, (uint64_t) e->time)
            % (uint64_t) (2 * a->world->clock);
        facts.now += (int64_t) n - (int64_t) a->world->clock;
    }

    if (play->named) {
        facts.members = &play->name;
        facts.nmembers = 1;
    }

    ngx_household_presence_evaluate(&play->policy->params, &facts,
                                    &play->presence, &answer);

    play->count->writes += answer.write;

    if (play->policy->trace) {
        sim_trace(a, &facts, &answer);
    }

    return answer.allow;
}


/* time, account, device, address, 1 if written, 1 if allowed */

static void
sim_trace(const sim_account_t *a, const ngx_household_presence_facts_t *facts,
    const ngx_household_presence_answer_t *answer)
{
    char  text[INET6_ADDRSTRLEN];

    (void) inet_ntop(facts->addr.family == NGX_HOUSEHOLD_FAMILY_INET6
                     ? AF_INET6 : AF_INET,
                     facts->addr.bytes, text, sizeof(text));

    printf("%lld a%u %.*s %s %u %u\n", (long long) facts->now,
           (unsigned) a->number, (int) facts->device.len,
           (char *) facts->device.data, text, (unsigned) answer->write,
           (unsigned) answer->allow);
}


/* what was stored is what is read again, and fits */

static void
sim_play_codec(sim_play_t *play)
{
    size_t                    len;
    u_char                    bytes[NGX_HOUSEHOLD_PRESENCE_SIZE];
    ngx_household_presence_t  again;

    if (play->policy->homes
        || (play->policy->params.without & NGX_HOUSEHOLD_PRESENCE_FAMILIES))
    {
        return;
    }

    len = play->presence.devices
          ? ngx_household_presence_encode(&play->presence, bytes) : 0;

    if (ngx_household_presence_decode(&again, bytes, len) != NGX_OK) {
        fprintf(stderr, "a presence of %u bytes is malformed\n",
                (unsigned) len);
        abort();
    }

    play->count->bytes = ngx_max(play->count->bytes, len);
}


static void
sim_addr(ngx_household_addr_t *addr, const sim_event_t *e)
{
    int  i, len;

    memset(addr, 0, sizeof(ngx_household_addr_t));

    len = e->inet6 ? 8 : 4;
    addr->family = e->inet6 ? NGX_HOUSEHOLD_FAMILY_INET6
                            : NGX_HOUSEHOLD_FAMILY_INET;

    for (i = 0; i < len; i++) {
        addr->bytes[i] = (u_char) (e->key >> (8 * (len - 1 - i)));
    }
}


static ngx_uint_t
sim_ask_homes(sim_play_t *play, const sim_event_t *e, int day)
{
    char                      text[24];
    ngx_household_facts_t     facts;
    ngx_household_policy_t    policy;
    ngx_household_decision_t  d;

    if (play->record.stale) {
        sim_record_build(play, e->time);
    }

    memset(&facts, 0, sizeof(facts));
    memset(&policy, 0, sizeof(policy));

    policy.mode = (day < SIM_MONITOR) ? NGX_HOUSEHOLD_MONITOR
                                      : NGX_HOUSEHOLD_ON;
    policy.unregistered = NGX_HOUSEHOLD_LEARN;
    policy.family_unknown = NGX_HOUSEHOLD_ALLOW;
    policy.ipv6_prefix = 64;
    policy.rollout = NGX_HOUSEHOLD_ROLLOUT_ALL;
    policy.trusted_device = 31 * SIM_DAY;
    policy.grace = 7 * SIM_DAY;

    sim_addr(&facts.addr, e);

    facts.now = e->time;
    facts.issued_at = NGX_HOUSEHOLD_ISSUED_UNKNOWN;
    facts.device.len = (size_t) sprintf(text, "d%llu",
                                        (unsigned long long) e->id);
    facts.device.data = (u_char *) text;

    ngx_household_decide(&policy, &facts, &play->builder.u.record, &d);

    if (d.write_device || d.learn || d.start_grace || d.home_again
        || d.left_again)
    {
        sim_record_effects(&play->record, &d, e->id, e->time);
        play->count->writes++;
    }

    return d.verdict == NGX_HOUSEHOLD_VERDICT_ALLOW;
}


static void
sim_record_effects(sim_record_t *r, const ngx_household_decision_t *d,
    uint64_t id, int64_t now)
{
    int  i;

    r->stale = 1;

    /* the first network is the home, and stays it */

    if (d->learn && r->homes == 0) {
        r->home[r->homes++] = d->evidence;
    }

    if (d->start_grace) {
        r->outside_since = now;
        r->home_since = 0;
    }

    if (d->home_again) {
        r->home_since = now;
    }

    if (d->left_again) {
        r->home_since = 0;
    }

    if (!d->write_device) {
        return;
    }

    for (i = 0; i < r->written && r->id[i] != id; i++) { /* void */ }

    if (i < SIM_NOTES) {
        r->written = ngx_max(r->written, i + 1);
        r->id[i] = id;
        r->seen[i] = now;
    }
}


static void
sim_record_build(sim_play_t *play, int64_t now)
{
    int                              i;
    char                             name[32];
    u_char                           text[NGX_HOUSEHOLD_NETWORK_LEN];
    ngx_str_t                        member;
    sim_record_t                    *r;
    ngx_household_record_builder_t  *b;

    r = &play->record;
    b = &play->builder;

    ngx_household_record_builder_start(b, now);

    for (i = 0; i < r->homes; i++) {
        member.len = ngx_household_network_format(&r->home[i], 64, text);
        member.data = text;
        ngx_household_record_builder_add_home(b, &member);
    }

    for (i = 0; i < r->written; i++) {
        sprintf(name, "device:d%llu", (unsigned long long) r->id[i]);
        sim_field(b, name, r->seen[i]);
    }

    if (r->outside_since) {
        sim_field(b, "outside_since", r->outside_since);
    }

    if (r->home_since) {
        sim_field(b, "home_since", r->home_since);
    }

    r->stale = 0;

    if (ngx_household_record_builder_finish(b) == NULL) {
        abort();
    }
}


static void
sim_field(ngx_household_record_builder_t *b, const char *name, int64_t value)
{
    char       text[24];
    ngx_str_t  field, number;

    field.len = strlen(name);
    field.data = (u_char *) name;
    number.len = (size_t) sprintf(text, "%lld", (long long) value);
    number.data = (u_char *) text;

    ngx_household_record_builder_add_field(b, &field, &number);
}


/* all but "bytes", of which the larger one counts, are sums */

void
sim_count_add(sim_count_t *to, const sim_count_t *from)
{
    size_t           i;
    uint64_t         bytes, *sum;
    const uint64_t  *n;

    bytes = ngx_max(to->bytes, from->bytes);

    sum = (uint64_t *) to;
    n = (const uint64_t *) from;

    for (i = 0; i < sizeof(sim_count_t) / sizeof(uint64_t); i++) {
        sum[i] += n[i];
    }

    to->bytes = bytes;
}

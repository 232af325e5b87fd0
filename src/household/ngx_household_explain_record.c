
/*
 * The explanations of the rules 4 to 7: what the record says of the address and
 * of the device.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_decide_case.h"
#include "ngx_household_explain_text.h"
#include "ngx_household_str.h"


/* networks that are listed, at most */
#define NGX_HOUSEHOLD_EXPLAIN_NETWORKS  3


static void ngx_household_explain_networks(ngx_household_explain_case_t *c,
    u_char kind);
static void ngx_household_explain_seats(ngx_household_explain_case_t *c);
static ngx_uint_t ngx_household_explain_seen(ngx_household_explain_case_t *c,
    ngx_household_seen_t *seen);
static int64_t ngx_household_explain_ended(ngx_household_explain_case_t *c,
    const ngx_str_t *seat);
static void ngx_household_explain_network(ngx_household_entry_t *e,
    ngx_household_network_t *net);


ngx_uint_t
ngx_household_explain_home(ngx_household_explain_case_t *c)
{
    ngx_uint_t               known;
    ngx_household_network_t  net;

    if (ngx_household_record_home(c->rec, &c->facts->addr,
                                  c->policy->ipv6_prefix, &net))
    {
        ngx_household_explain_add(c, "%A is in the home network %N",
                                  &c->facts->addr, &net);
        return 1;
    }

    if (!c->rec->inet && !c->rec->inet6) {
        ngx_household_explain_add(c, "the account has no home network");
        return 0;
    }

    known = (c->facts->addr.family == NGX_HOUSEHOLD_FAMILY_INET)
            ? c->rec->inet : c->rec->inet6;

    if (!known) {
        ngx_household_explain_add(c, "the home has %s only, and %A is %s: ",
                                  c->rec->inet ? "IPv4" : "IPv6",
                                  &c->facts->addr,
                                  c->rec->inet ? "IPv6" : "IPv4");
    } else {
        ngx_household_explain_add(c, "%A is in no home network: ",
                                  &c->facts->addr);
    }

    ngx_household_explain_networks(c, NGX_HOUSEHOLD_ENTRY_HOME);

    return 0;
}


static void
ngx_household_explain_networks(ngx_household_explain_case_t *c, u_char kind)
{
    ngx_uint_t               n;
    ngx_household_entry_t    e;
    ngx_household_network_t  net;

    n = 0;

    ngx_household_entry_start(&e, c->rec);

    while (ngx_household_entry_next(&e)) {

        if (e.kind != kind) {
            continue;
        }

        if (n++ < NGX_HOUSEHOLD_EXPLAIN_NETWORKS) {
            ngx_household_explain_network(&e, &net);
            ngx_household_explain_add(c, n > 1 ? ", %N" : "%N", &net);
        }
    }

    if (n > NGX_HOUSEHOLD_EXPLAIN_NETWORKS) {
        ngx_household_explain_add(c, " and %u more",
                                  n - NGX_HOUSEHOLD_EXPLAIN_NETWORKS);
    }
}


ngx_uint_t
ngx_household_explain_extra(ngx_household_explain_case_t *c)
{
    ngx_uint_t              n, nseen;
    ngx_household_seen_t    seen[NGX_HOUSEHOLD_SEEN_MAX];
    ngx_household_place_t   places[2];

    nseen = ngx_household_record_seen(c->rec, &c->facts->device, seen);

    n = ngx_household_record_extra(c->rec, &c->facts->addr,
                                   c->policy->ipv6_prefix, c->facts->now,
                                   seen, nseen, places);
    if (n) {
        ngx_household_explain_add(c, "%A is in the network %N of the seat %V",
                                  &c->facts->addr, &places[0].network,
                                  &places[0].seat);

        if (places[0].until == INT64_MAX) {
            ngx_household_explain_add(c, ", which has no end");

        } else {
            ngx_household_explain_add(c, ", which is paid until %T",
                                      places[0].until);
        }

        return 1;
    }

    if (c->facts->returned
        && ngx_household_record_open(c->rec, &c->facts->addr, c->facts->now,
                                     &c->facts->device, seen, nseen, places))
    {
        ngx_household_explain_add(c, "the client has brought back the state of"
                                  " an offer, and %A becomes a network of the"
                                  " seat %V", &c->facts->addr,
                                  &places[0].seat);
        return 1;
    }

    ngx_household_explain_seats(c);

    if (ngx_household_record_open(c->rec, &c->facts->addr, c->facts->now,
                                  &c->facts->device, seen, nseen, places))
    {
        ngx_household_explain_add(c, "; the seat %V takes the network of the "
                                  "client that brings back an offer",
                                  &places[0].seat);
    }

    return 0;
}


/* what there is for an address that is in no network of a paid seat */

static void
ngx_household_explain_seats(ngx_household_explain_case_t *c)
{
    int64_t                  ended;
    ngx_str_t                seat;
    ngx_uint_t               n;
    ngx_household_entry_t    e;
    ngx_household_network_t  net;

    n = 0;
    ended = -1;

    ngx_household_entry_start(&e, c->rec);

    while (ngx_household_entry_next(&e)) {

        if (e.kind != NGX_HOUSEHOLD_ENTRY_EXTRA) {
            continue;
        }

        n++;
        ngx_household_explain_network(&e, &net);

        if (e.time > ended
            && ngx_household_network_match(&net, &c->facts->addr,
                                           c->policy->ipv6_prefix))
        {
            ended = e.time;
            seat = e.seat;
        }
    }

    if (ended != -1) {
        ngx_household_explain_add(c, "%A is in a network of the seat %V, which"
                                  " ended %P ago, at %T", &c->facts->addr,
                                  &seat, c->facts->now - ended, ended);

    } else if (n) {
        ngx_household_explain_add(c, "%A is in no network of a seat: ",
                                  &c->facts->addr);
        ngx_household_explain_networks(c, NGX_HOUSEHOLD_ENTRY_EXTRA);

    } else {
        ngx_household_explain_add(c, "the account has no seat with a network");
    }
}


ngx_uint_t
ngx_household_explain_device(ngx_household_explain_case_t *c)
{
    int64_t               ended;
    ngx_uint_t            i, n, paid, recent;
    ngx_household_seen_t  seen[NGX_HOUSEHOLD_SEEN_MAX];

    if (c->facts->device.len == 0) {
        ngx_household_explain_add(c, "no device is given");
        return 0;
    }

    n = ngx_household_explain_seen(c, seen);

    if (n == 0) {
        ngx_household_explain_add(c, "the device was never seen at home or at "
                                  "a seat");
        return 0;
    }

    for (i = 0; i < n; i++) {

        paid = 1;
        ended = 0;

        if (seen[i].seat.len != 0) {
            paid = ngx_household_record_seat_paid(c->rec, &seen[i].seat,
                                                  c->facts->now);
            ended = paid ? 0 : ngx_household_explain_ended(c, &seen[i].seat);
        }

        recent = c->policy->trusted_device > 0
                 && ngx_household_decide_within(seen[i].time,
                                                c->policy->trusted_device,
                                                c->facts->now);

        if (paid && recent) {
            c->step->len = 0;
        }

        ngx_household_explain_add(c, "%s%s%V %P ago, %P allowed",
                                  c->step->len ? "; " : "the device was seen ",
                                  seen[i].seat.len ? "at the seat "
                                                   : "at home",
                                  &seen[i].seat,
                                  c->facts->now - seen[i].time,
                                  c->policy->trusted_device);

        if (paid && recent) {
            return 1;
        }

        if (!paid && ended) {
            ngx_household_explain_add(c, ", but the seat ended %P ago",
                                      c->facts->now - ended);
        } else if (!paid) {
            ngx_household_explain_add(c, ", but there is no such seat");
        }
    }

    return 0;
}


/* as ngx_household_record_seen(), the latest first */

static ngx_uint_t
ngx_household_explain_seen(ngx_household_explain_case_t *c,
    ngx_household_seen_t *seen)
{
    ngx_uint_t            i, k, n;
    ngx_household_seen_t  place;

    n = ngx_household_record_seen(c->rec, &c->facts->device, seen);

    for (i = 1; i < n; i++) {
        place = seen[i];

        for (k = i; k > 0 && seen[k - 1].time < place.time; k--) {
            seen[k] = seen[k - 1];
        }

        seen[k] = place;
    }

    return n;
}


/* when a seat that is not paid has ended; 0 if there is no such seat */

static int64_t
ngx_household_explain_ended(ngx_household_explain_case_t *c,
    const ngx_str_t *seat)
{
    int64_t                ended;
    ngx_household_entry_t  e;

    ended = 0;

    ngx_household_entry_start(&e, c->rec);

    while (ngx_household_entry_next(&e)) {

        if ((e.kind == NGX_HOUSEHOLD_ENTRY_EXTRA
             || e.kind == NGX_HOUSEHOLD_ENTRY_OPEN)
            && ngx_household_str_equal(&e.seat, seat))
        {
            ended = ngx_max(ended, e.time);
        }
    }

    return ended;
}


ngx_uint_t
ngx_household_explain_travel(ngx_household_explain_case_t *c)
{
    int64_t                until;
    ngx_str_t              any;
    ngx_uint_t             all;
    ngx_household_id_t     key;
    ngx_household_entry_t  e;

    until = 0;
    all = 0;
    ngx_str_set(&any, "*");

    if (!ngx_household_id_set(&key, &c->facts->device)) {
        ngx_memzero(&key, sizeof(ngx_household_id_t));
    }

    ngx_household_entry_start(&e, c->rec);

    while (ngx_household_entry_next(&e)) {

        if (e.kind != NGX_HOUSEHOLD_ENTRY_TRAVEL || e.time <= until) {
            continue;
        }

        if (ngx_household_str_equal(&e.id, &any)) {
            all = 1;

        } else if (key.bytes.len != 0
                   && (e.flags & NGX_HOUSEHOLD_ENTRY_UUID) == key.kind
                   && ngx_household_str_equal(&e.id, &key.bytes))
        {
            all = 0;

        } else {
            continue;
        }

        until = e.time;
    }

    if (until == 0) {
        ngx_household_explain_add(c, "there is no travel grant for the device "
                                  "or for all devices");
        return 0;
    }

    ngx_household_explain_add(c, "the travel grant for %s ",
                              all ? "all devices" : "the device");

    if (until > c->facts->now) {
        ngx_household_explain_add(c, "ends at %T", until);
        return 1;
    }

    ngx_household_explain_add(c, "ended %P ago, at %T",
                              c->facts->now - until, until);
    return 0;
}


static void
ngx_household_explain_network(ngx_household_entry_t *e,
    ngx_household_network_t *net)
{
    ngx_uint_t  inet6;

    inet6 = (e->flags & NGX_HOUSEHOLD_ENTRY_INET6) != 0;

    ngx_memzero(net, sizeof(ngx_household_network_t));

    net->addr.family = inet6 ? NGX_HOUSEHOLD_FAMILY_INET6
                             : NGX_HOUSEHOLD_FAMILY_INET;
    net->prefix = e->network[0];
    net->no_prefix = (e->flags & NGX_HOUSEHOLD_ENTRY_NO_PREFIX) != 0;

    ngx_memcpy(net->addr.bytes, e->network + 1, inet6 ? 16 : 4);
}

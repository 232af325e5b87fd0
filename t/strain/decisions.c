
/*
 * Changes households, and checks each decision of edges on them:
 *
 *     decisions [-b MS] [-c CHANGES] [-d DEPTH] [-i IDLE] [-k CONNECTIONS]
 *               [-n MOVING] [-r RATE] [-s SEED] PRIMARY EDGE ...
 *
 * PRIMARY is the port of Redis, where MOVING households are changed CHANGES
 * times a second; EDGE is that of an nginx, which is asked on CONNECTIONS with
 * DEPTH requests under way on each, RATE requests a second in all, or as many
 * as are answered.  An edge says in "X-Decision": $household_reason
 * $household_cache_status $household_network.
 *
 * Each change makes another state: a home network around 127.0.0.1 of another
 * length, or one that is elsewhere.  So a decision tells which state it was
 * made of, and it is as old as its request was sent after the next state had
 * been acknowledged.  Of IDLE others the home never changes.
 *
 *     I1  a household that is at home is not denied;
 *     I2  no decision is older than MS, unless it is marked STALE.
 *
 * It writes "ready" when all records are written, and begins with the first
 * line of its input.  At the end of that it writes what it has seen, one "NAME
 * NUMBER" a line, and before that each of the first decisions that are wrong.
 */


#include "conn.h"
#include "households.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>


#define MAX_CONNS  1024
#define MAX_DEPTH    64
#define REQUEST      80                /* bytes */
#define EVENTS       64
#define SHOWN        20                /* of the wrong decisions */
#define LATE     100000                /* microseconds between two looks */


typedef struct {
    household_t  *household;
    int64_t       sent;
} query_t;


typedef struct {
    conn_t    conn;
    unsigned  first;
    unsigned  n;                       /* requests under way */
    query_t   queries[MAX_DEPTH];
} asker_t;


static int           epoll, primary;
static unsigned      naskers, connections, depth, moving, idle, changes, rate;
static int64_t       bound, started;
static uint64_t      sent;
static asker_t      *askers;
static household_t  *households;

static struct {
    uint64_t  decisions, hit, miss, expired, stale, unavailable, lost;
    uint64_t  home, outside, denied, old, oldest, stale_age, late;
} seen;


static int
is(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}


static void
wrong(uint64_t *count, asker_t *a, query_t *q, const char *said, int64_t age)
{
    if (seen.denied + seen.old < SHOWN) {
        printf("wrong %.3f s edge %d %s: %.*s, %.3f s old\n",
               (now() - started) / 1e6, a->conn.port, q->household->name,
               (int) strcspn(said, "\r"), said, age / 1e6);
        fflush(stdout);
    }

    (*count)++;
}


/* what was not a decision of the zone alone is counted, too */

static void
count(const char *said, const char *cache)
{
    seen.hit += is(cache, "HIT");
    seen.miss += is(cache, "MISS");
    seen.expired += is(cache, "EXPIRED");
    seen.stale += is(cache, "STALE");
    seen.unavailable += is(said, "unavailable ");
    seen.home += is(said, "home ");
    seen.outside += is(said, "outside ");
}


static void
older(uint64_t *oldest, int64_t age)
{
    if (age > 0 && (uint64_t) age > *oldest) {
        *oldest = age;
    }
}


/* "status" is the first digit: 2 or 4 */

static void
decided(asker_t *a, query_t *q, char status, const char *said)
{
    int          outside;
    int64_t      age;
    const char  *cache, *network;

    seen.decisions++;

    cache = strchr(said, ' ');
    network = cache ? strchr(cache + 1, ' ') : NULL;

    if (network == NULL) {
        wrong(&seen.denied, a, q, said, 0);
        return;
    }

    count(said, ++cache);

    if (is(said, "unavailable ")) {
        return;
    }

    outside = is(said, "outside ");

    if (status != (outside ? '4' : '2') || !(outside || is(said, "home "))
        || (outside && !q->household->moves))
    {
        wrong(&seen.denied, a, q, said, 0);
        return;
    }

    age = households_age(q->household, outside ? NULL : network, q->sent);

    if (age == -1) {
        wrong(&seen.denied, a, q, said, 0);

    } else if (is(cache, "STALE")) {
        older(&seen.stale_age, age);

    } else {
        older(&seen.oldest, age);

        if (age > bound) {
            wrong(&seen.old, a, q, said, age);
        }
    }
}


static void
closed(asker_t *a)
{
    if (a->conn.fd == -1) {
        seen.lost += a->n;
        a->n = 0;
    }
}


static void
responses(asker_t *a)
{
    char  *p, *end, *said;

    if (!conn_take(&a->conn)) {
        closed(a);
        return;
    }

    for (p = a->conn.buf; (end = strstr(p, "\r\n\r\n")) != NULL; p = end + 4) {
        *end = '\0';
        said = strstr(p, "\r\nX-Decision: ");

        if (a->n == 0) {
            errno = EPROTO;
            die("a response to no request");
        }

        decided(a, &a->queries[a->first], p[sizeof("HTTP/1.1 ") - 1],
                said ? said + sizeof("\r\nX-Decision: ") - 1 : p);

        a->first = (a->first + 1) % MAX_DEPTH;
        a->n--;
    }

    conn_keep(&a->conn, p);
}


/* fills a connection up to its depth; one request in five is of an idle one */

static void
ask(asker_t *a, int64_t time, uint64_t *left)
{
    char          text[MAX_DEPTH * REQUEST];
    size_t        len;
    query_t      *q;
    household_t  *h;

    len = 0;

    while (a->n < depth && *left) {
        h = &households[any(5) ? any(moving) : moving + any(idle)];

        q = &a->queries[(a->first + a->n++) % MAX_DEPTH];
        q->household = h;
        q->sent = time;

        /* a response to HEAD has no body to pass over */

        len = stpcpy(stpcpy(stpcpy(text + len, "HEAD /?account="), h->name),
                     " HTTP/1.1\r\nHost: h\r\n\r\n") - text;
        (*left)--;
        sent++;
    }

    if (len && !conn_put(&a->conn, text, len)) {
        closed(a);
    }
}


static void
ask_all(int64_t time)
{
    asker_t         *a;
    uint64_t         left, most;
    unsigned         i;
    static unsigned  from;

    /* what was not asked in time is not asked later, all at once */

    most = rate ? rate / 10 + 1 : UINT64_MAX;
    left = rate ? (uint64_t) (time - started) * rate / 1000000 : UINT64_MAX;
    left = left > sent ? left - sent : 0;

    if (left > most) {
        sent += left - most;
        left = most;
    }

    /* another one is the first each time, so that all have their turn */

    from++;

    for (i = 0; i < naskers; i++) {
        a = &askers[(from + i) % naskers];

        if (a->conn.fd == -1 && time >= a->conn.again) {
            conn_open(&a->conn, epoll, a);
        }

        if (a->conn.fd != -1 && a->n <= depth / 2) {
            ask(a, time, &left);
        }
    }
}


static void
report(void)
{
    uint64_t  done, unknown;

    done = households_changes(&unknown);

    printf("decisions %" PRIu64 "\nhit %" PRIu64 "\nmiss %" PRIu64
           "\nexpired %" PRIu64 "\nstale %" PRIu64 "\nunavailable %" PRIu64
           "\nhome %" PRIu64 "\noutside %" PRIu64 "\nlost %" PRIu64
           "\nchanges %" PRIu64 "\nunknown %" PRIu64 "\ndenied %" PRIu64
           "\nold %" PRIu64 "\n", seen.decisions, seen.hit, seen.miss,
           seen.expired, seen.stale, seen.unavailable, seen.home, seen.outside,
           seen.lost, done, unknown, seen.denied, seen.old);

    printf("oldest %.3f\noldest_stale %.3f\nlate %.3f\nseconds %.3f\n",
           seen.oldest / 1e6, seen.stale_age / 1e6, seen.late / 1e6,
           (now() - started) / 1e6);
}


static void
run(void)
{
    int                 i, n;
    char                buf[64];
    int64_t             time, before;
    struct epoll_event  event, ready[EVENTS];

    event.events = EPOLLIN;
    event.data.ptr = &epoll;
    epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);

    before = now();

    for ( ;; ) {
        time = now();

        if (time - before > LATE) {
            older(&seen.late, time - before);
        }

        before = time;

        households_move(time, started, changes);
        ask_all(time);

        n = epoll_wait(epoll, ready, EVENTS, 1);
        time = now();

        for (i = 0; i < n; i++) {
            if (ready[i].data.ptr == NULL) {
                households_moved(time);

            } else if (ready[i].data.ptr != &epoll) {
                responses(ready[i].data.ptr);

            } else if (read(0, buf, sizeof(buf)) <= 0) {
                return;
            }
        }
    }
}


static void
arguments(int argc, char **argv)
{
    int       c;
    unsigned  i;

    bound = 4000;
    changes = 100;
    depth = 16;
    idle = 50;
    connections = 8;
    moving = 1000;

    while ((c = getopt(argc, argv, "b:c:d:i:k:n:r:s:")) != -1) {
        switch (c) {
        case 'b': bound = atol(optarg); break;
        case 'c': changes = atoi(optarg); break;
        case 'd': depth = atoi(optarg); break;
        case 'i': idle = atoi(optarg); break;
        case 'k': connections = atoi(optarg); break;
        case 'n': moving = atoi(optarg); break;
        case 'r': rate = atoi(optarg); break;
        case 's': any_seed(strtoull(optarg, NULL, 10)); break;
        default: exit(2);
        }
    }

    if (argc - optind < 2 || connections < 1 || depth < 1 || depth > MAX_DEPTH
        || moving < 1 || idle < 1
        || (naskers = (argc - optind - 1) * connections) > MAX_CONNS)
    {
        fprintf(stderr, "decisions [options] PRIMARY EDGE ...\n");
        exit(2);
    }

    bound *= 1000;
    primary = atoi(argv[optind]);
    askers = calloc(naskers, sizeof(asker_t));

    if (askers == NULL) {
        die("memory");
    }

    for (i = 0; i < naskers; i++) {
        askers[i].conn.fd = -1;
        askers[i].conn.port = atoi(argv[optind + 1 + i / connections]);
    }
}


int
main(int argc, char **argv)
{
    char  byte;

    arguments(argc, argv);

    epoll = epoll_create1(0);

    if (epoll == -1) {
        die("epoll");
    }

    households = households_fill(primary, epoll, moving, idle);

    printf("ready\n");
    fflush(stdout);

    if (read(0, &byte, 1) <= 0) {
        return 1;
    }

    started = now();
    run();
    report();

    return 0;
}


/*
 * Changes households, and checks each decision of edges on them:
 *
 *     decisions [-b MS] [-c CHANGES] [-d DEPTH] [-i IDLE] [-k CONNECTIONS]
 *               [-n ACCOUNTS] [-r RATE] [-s SEED] PRIMARY EDGE ...
 *
 * PRIMARY is the port of Redis, which is changed CHANGES times a second; EDGE
 * is that of an nginx, which is asked on CONNECTIONS with DEPTH requests under
 * way on each, RATE requests a second in all, or as many as are answered.  An
 * edge says in "X-Decision": $household_reason $household_cache_status
 * $household_network.
 *
 * Of ACCOUNTS, which are m0, m1, ..., each change makes another state: a home
 * network around 127.0.0.1 of another length, or one that is elsewhere.  So a
 * decision tells which state it was made of, and it is as old as its request
 * was sent after the next state had been acknowledged.  Of IDLE others, which
 * are c0, c1, ..., the home never changes.
 *
 *     I1  a household that is at home is not denied;
 *     I2  no decision is older than MS, unless it is marked STALE.
 *
 * At the end of its input it writes what it has seen, one "NAME NUMBER" a line,
 * and before that each of the first decisions that are wrong.
 */


#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define STATES       24             /* that a decision can tell apart */
#define ELSEWHERE     6             /* each of so many is elsewhere */
#define SHORTEST      8             /* bits of a home network */

#define MAX_EDGES    16
#define MAX_CONNS    64             /* of an edge */
#define MAX_DEPTH    64
#define MAX_WRITES   64             /* under way */
#define BUFFER    65536
#define EVENTS       64
#define SHOWN        20             /* of the wrong decisions */
#define LATE     100000             /* microseconds between two looks */


/* "superseded" is when a later state was acknowledged, of the last STATES */

typedef struct {
    int64_t   superseded[STATES];
    uint32_t  newest;
    int       pending;              /* not acknowledged yet */
    size_t    len;
    char      request[80];
} account_t;


typedef struct {
    account_t  *account;
    int64_t     sent;
} query_t;


typedef struct {
    int       fd;
    int       port;
    int64_t   again;                /* when to connect */
    unsigned  first;
    unsigned  n;                    /* requests under way */
    size_t    len;
    query_t   queries[MAX_DEPTH];
    char      buf[BUFFER];
} conn_t;


static int         events, nconns, changes, idle, connections, rate;
static int         depth, nwrites;
static int64_t     bound, started;
static unsigned    naccounts, last, first_write;
static uint64_t    seed, sent, changed;
static conn_t      primary, *conns;
static account_t  *accounts, *writes[MAX_WRITES];

static struct {
    uint64_t  decisions, hit, miss, expired, stale, unavailable, lost;
    uint64_t  home, outside, changes, unknown, denied, old, oldest, stale_age;
    uint64_t  late;
} seen;


static void
die(const char *what)
{
    fprintf(stderr, "decisions: %s: %s\n", what, strerror(errno));
    exit(1);
}


static int64_t
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


static unsigned
any(unsigned n)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (seed >> 33) % n;
}


/* --- connections ------------------------------------------------------- */

static int
dial(conn_t *c)
{
    int                 on;
    struct sockaddr_in  addr;
    struct epoll_event  event;

    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_port = htons(c->port);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (c->fd == -1) {
        die("socket");
    }

    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

    event.events = EPOLLIN;
    event.data.ptr = c;

    if ((connect(c->fd, (struct sockaddr *) &addr, sizeof(addr)) == -1
         && errno != EINPROGRESS)
        || epoll_ctl(events, EPOLL_CTL_ADD, c->fd, &event) == -1)
    {
        close(c->fd);
        c->fd = -1;
    }

    return c->fd;
}


static void
hang_up(conn_t *c)
{
    close(c->fd);
    c->fd = -1;
    c->len = 0;
    c->again = now() + 20000;

    seen.lost += c->n;
    c->n = 0;
}


static int
put(conn_t *c, const char *text, size_t len)
{
    if (c->fd == -1) {
        return 0;
    }

    /* what is under way is little, so it is written whole */

    if (send(c->fd, text, len, MSG_NOSIGNAL) == (ssize_t) len) {
        return 1;
    }

    hang_up(c);
    return 0;
}


/* returns what has come, and ends it with '\0'; or 0 */

static size_t
take(conn_t *c)
{
    ssize_t  n;

    n = recv(c->fd, c->buf + c->len, BUFFER - 1 - c->len, 0);

    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) {
            hang_up(c);
        }

        return 0;
    }

    c->len += n;
    c->buf[c->len] = '\0';

    return n;
}


static void
keep(conn_t *c, char *from)
{
    c->len -= from - c->buf;
    memmove(c->buf, from, c->len);
}


/* --- changes ------------------------------------------------------------ */

static int
is_elsewhere(uint32_t state)
{
    return state % ELSEWHERE == ELSEWHERE - 1;
}


static void
network(char *text, size_t size, uint32_t state)
{
    unsigned        bits;
    char            addr[INET_ADDRSTRLEN];
    struct in_addr  in;

    if (is_elsewhere(state)) {
        snprintf(text, size, "192.0.2.0/24");
        return;
    }

    bits = SHORTEST + state % STATES;
    in.s_addr = htonl(INADDR_LOOPBACK & (0xffffffffu << (32 - bits)));

    snprintf(text, size, "%s/%u",
             inet_ntop(AF_INET, &in, addr, sizeof(addr)), bits);
}


static size_t
command(char *text, size_t size, const char *account, uint32_t state)
{
    char  key[64], net[32];

    static const char  script[] = "redis.call('DEL', KEYS[1]) "
                                  "return redis.call('SADD', KEYS[1], ARGV[1])";

    network(net, sizeof(net), state);
    snprintf(key, sizeof(key), "household:{%s}", account);

    return snprintf(text, size, "*5\r\n$4\r\nEVAL\r\n$%zu\r\n%s\r\n$1\r\n1\r\n"
                    "$%zu\r\n%s\r\n$%zu\r\n%s\r\n", sizeof(script) - 1, script,
                    strlen(key), key, strlen(net), net);
}


/*
 * Some change again what was changed last: a record may be on its way then.
 */

static void
change(void)
{
    char        text[512], name[16];
    unsigned    i;
    account_t  *a;

    i = last = any(4) ? any(naccounts) : last;
    a = &accounts[i];

    if (a->pending || nwrites == MAX_WRITES) {
        return;
    }

    snprintf(name, sizeof(name), "m%u", i);

    a->superseded[++a->newest % STATES] = 0;
    a->pending = 1;
    writes[(first_write + nwrites++) % MAX_WRITES] = a;

    (void) put(&primary, text, command(text, sizeof(text), name, a->newest));
}


/* the time of the reply is that of the acknowledgement */

static void
acknowledged(account_t *a, int64_t time)
{
    uint32_t  state, n;

    seen.changes++;
    state = a->newest;

    for (n = 1; n < STATES && n <= state; n++) {
        if (a->superseded[(state - n) % STATES]) {
            break;
        }

        a->superseded[(state - n) % STATES] = time;
    }
}


/* without a reply, and after an error, both states may be */

static void
written(const char *reply, int64_t time)
{
    account_t  *a;

    a = writes[first_write];
    first_write = (first_write + 1) % MAX_WRITES;
    nwrites--;
    a->pending = 0;

    if (reply && *reply == ':') {
        acknowledged(a, time);

    } else {
        seen.unknown++;
    }
}


static void
replies(int64_t time)
{
    char  *p, *end;

    if (take(&primary)) {
        for (p = primary.buf; (end = strchr(p, '\n')) != NULL; p = end + 1) {
            written(p, time);
        }

        keep(&primary, p);
    }
}


static void
make_changes(int64_t time)
{
    uint64_t  due;

    if (primary.fd == -1) {
        while (nwrites) {
            written(NULL, time);
        }

        if (time >= primary.again) {
            (void) dial(&primary);
        }
    }

    due = (time - started) * changes / 1000000;

    while (changed < due) {
        changed++;

        if (primary.fd != -1) {
            change();
        }
    }
}


/* --- decisions ---------------------------------------------------------- */

static void
wrong(uint64_t *count, conn_t *c, query_t *q, const char *said, int64_t age)
{
    if (seen.denied + seen.old < SHOWN) {
        printf("wrong %.3f s edge %d %.*s: %.*s, %.3f s old\n",
               (now() - started) / 1e6, c->port,
               (int) strcspn(q->account->request + 15, " "),
               q->account->request + 15, (int) strcspn(said, "\r"), said,
               age / 1e6);
        fflush(stdout);
    }

    (*count)++;
}


/* microseconds since the state of this decision was no more; -1 if never */

static int64_t
age_of(account_t *a, const char *reason, const char *net, int64_t sent)
{
    uint32_t     n, s;
    int64_t      since;
    unsigned     bits;
    const char  *slash;

    slash = strchr(net, '/');
    bits = slash ? strtoul(slash + 1, NULL, 10) : 0;

    for (n = 0; n < STATES && n <= a->newest; n++) {
        s = a->newest - n;

        if (strncmp(reason, "outside ", 8) == 0
            ? is_elsewhere(s)
            : !is_elsewhere(s) && s % STATES + SHORTEST == bits)
        {
            since = a->superseded[s % STATES];
            return since && since < sent ? sent - since : 0;
        }
    }

    return -1;
}


static int
is(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}


static void
decided(conn_t *c, query_t *q, const char *said)
{
    int          stale;
    int64_t      age;
    const char  *cache, *net;

    seen.decisions++;

    cache = strchr(said, ' ');
    net = cache ? strchr(cache + 1, ' ') : NULL;

    if (net == NULL) {
        wrong(&seen.denied, c, q, said, 0);
        return;
    }

    cache++;
    stale = is(cache, "STALE");

    seen.hit += is(cache, "HIT");
    seen.miss += is(cache, "MISS");
    seen.expired += is(cache, "EXPIRED");
    seen.stale += stale;

    if (is(said, "unavailable ")) {
        seen.unavailable++;
        return;
    }

    seen.home += is(said, "home ");
    seen.outside += is(said, "outside ");

    if (q->account >= accounts + naccounts) {
        if (!is(said, "home ")) {
            wrong(&seen.denied, c, q, said, 0);
        }

        return;
    }

    age = is(said, "home ") || is(said, "outside ")
          ? age_of(q->account, said, net, q->sent) : -1;

    if (age == -1) {
        wrong(&seen.denied, c, q, said, 0);

    } else if (stale) {
        seen.stale_age = (uint64_t) age > seen.stale_age ? (uint64_t) age
                                                         : seen.stale_age;
    } else if (age > bound) {
        wrong(&seen.old, c, q, said, age);
    }

    if (age > 0 && !stale && (uint64_t) age > seen.oldest) {
        seen.oldest = age;
    }
}


static void
responses(conn_t *c)
{
    char  *p, *end, *said;

    if (!take(c)) {
        return;
    }

    for (p = c->buf; (end = strstr(p, "\r\n\r\n")) != NULL; p = end + 4) {
        *end = '\0';
        said = strstr(p, "\r\nX-Decision: ");

        if (c->n == 0) {
            die("a response that nobody asked for");
        }

        decided(c, &c->queries[c->first], said ? said + 14 : p);
        c->first = (c->first + 1) % MAX_DEPTH;
        c->n--;
    }

    keep(c, p);
}


/* fills a connection up to its depth; one request in five is of an idle one */

static void
ask(conn_t *c, int64_t time, uint64_t *left)
{
    char        text[MAX_DEPTH * sizeof(accounts->request)];
    size_t      len;
    query_t    *q;
    account_t  *a;

    len = 0;

    while (c->n < (unsigned) depth && *left) {
        a = &accounts[any(5) ? any(naccounts) : naccounts + any(idle)];

        q = &c->queries[(c->first + c->n++) % MAX_DEPTH];
        q->account = a;
        q->sent = time;

        memcpy(text + len, a->request, a->len);
        len += a->len;
        (*left)--;
        sent++;
    }

    if (len) {
        (void) put(c, text, len);
    }
}


/* a few at a time, so that those at the end of the list have their turn */

static void
make_requests(int64_t time)
{
    int              i;
    conn_t          *c;
    uint64_t         left;
    static unsigned  from;

    left = rate ? (uint64_t) (time - started) * rate / 1000000 : sent + 1000000;
    left = left > sent ? left - sent : 0;

    /* what was not asked in time is not asked later, all at once */

    if (rate && left > (uint64_t) rate / 10 + 1) {
        sent += left - (rate / 10 + 1);
        left = rate / 10 + 1;
    }

    from++;

    for (i = 0; i < nconns; i++) {
        c = &conns[(from + i) % nconns];

        if (c->fd == -1 && time >= c->again) {
            (void) dial(c);
        }

        if (c->fd != -1 && c->n <= (unsigned) depth / 2) {
            ask(c, time, &left);
        }
    }
}


/* --- all of it ---------------------------------------------------------- */

static void
report(void)
{
    printf("decisions %" PRIu64 "\nhit %" PRIu64 "\nmiss %" PRIu64
           "\nexpired %" PRIu64 "\nstale %" PRIu64 "\nunavailable %" PRIu64
           "\nhome %" PRIu64 "\noutside %" PRIu64 "\nlost %" PRIu64
           "\nchanges %" PRIu64 "\nunknown %" PRIu64 "\ndenied %" PRIu64
           "\nold %" PRIu64 "\n", seen.decisions, seen.hit, seen.miss,
           seen.expired, seen.stale, seen.unavailable, seen.home, seen.outside,
           seen.lost, seen.changes, seen.unknown, seen.denied, seen.old);

    printf("oldest %.3f\noldest_stale %.3f\nlate %.3f\nseconds %.3f\n",
           seen.oldest / 1e6, seen.stale_age / 1e6, seen.late / 1e6,
           (now() - started) / 1e6);
}


/* all records, before it begins; those that are idle are in state 0 as well */

static void
fill(void)
{
    char       text[512], name[16], reply[256];
    size_t     len;
    unsigned   i;

    if (dial(&primary) == -1
        || fcntl(primary.fd, F_SETFL, 0) == -1)
    {
        die("the primary");
    }

    for (i = 0; i < naccounts + idle; i++) {
        len = i < naccounts ? i : i - naccounts;
        snprintf(name, sizeof(name), "%c%zu", i < naccounts ? 'm' : 'c', len);

        accounts[i].len = snprintf(accounts[i].request,
                                   sizeof(accounts[i].request),
                                   "HEAD /?account=%s HTTP/1.1\r\nHost: h\r\n"
                                   "\r\n", name);

        len = command(text, sizeof(text), name, 0);

        if (send(primary.fd, text, len, 0) != (ssize_t) len
            || recv(primary.fd, reply, sizeof(reply), 0) <= 0
            || *reply != ':')
        {
            die("a record");
        }
    }

    fcntl(primary.fd, F_SETFL, O_NONBLOCK);
}


static void
run(void)
{
    int                 i, n;
    char                buf[64];
    int64_t             time, before;
    struct epoll_event  event, ready[EVENTS];

    event.events = EPOLLIN;
    event.data.ptr = NULL;
    epoll_ctl(events, EPOLL_CTL_ADD, 0, &event);

    before = now();

    for ( ;; ) {
        time = now();

        if (time - before > LATE && (uint64_t) (time - before) > seen.late) {
            seen.late = time - before;
        }

        before = time;

        make_changes(time);
        make_requests(time);

        n = epoll_wait(events, ready, EVENTS, 1);
        time = now();

        for (i = 0; i < n; i++) {
            if (ready[i].data.ptr == &primary) {
                replies(time);

            } else if (ready[i].data.ptr != NULL) {
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
    int  c, i;

    bound = 4000;
    changes = 100;
    depth = 16;
    idle = 50;
    connections = 8;
    naccounts = 1000;

    while ((c = getopt(argc, argv, "b:c:d:i:k:n:r:s:")) != -1) {
        switch (c) {
        case 'b': bound = atol(optarg); break;
        case 'c': changes = atoi(optarg); break;
        case 'd': depth = atoi(optarg); break;
        case 'i': idle = atoi(optarg); break;
        case 'k': connections = atoi(optarg); break;
        case 'n': naccounts = atoi(optarg); break;
        case 'r': rate = atoi(optarg); break;
        case 's': seed = strtoull(optarg, NULL, 10); break;
        default: exit(2);
        }
    }

    nconns = (argc - optind - 1) * connections;

    if (nconns <= 0 || nconns > MAX_EDGES * MAX_CONNS || depth < 1
        || depth > MAX_DEPTH || naccounts < 1 || idle < 1)
    {
        fprintf(stderr, "decisions [options] PRIMARY EDGE ...\n");
        exit(2);
    }

    bound *= 1000;
    primary.port = atoi(argv[optind]);
    accounts = calloc(naccounts + idle, sizeof(account_t));
    conns = calloc(nconns, sizeof(conn_t));

    if (accounts == NULL || conns == NULL) {
        die("memory");
    }

    for (i = 0; i < nconns; i++) {
        conns[i].fd = -1;
        conns[i].port = atoi(argv[optind + 1 + i / connections]);
    }
}


int
main(int argc, char **argv)
{
    arguments(argc, argv);

    events = epoll_create1(0);

    if (events == -1) {
        die("epoll");
    }

    fill();

    printf("ready\n");
    fflush(stdout);

    started = now();
    run();
    report();

    return 0;
}


/*
 * Edges that stand in: fleet MODE EDGES ACCOUNTS ADDRESS PORT
 *
 * Each has the connections to a Redis that the module has: one that receives
 * invalidations, one for tracking, and one that reads.  Each account belongs to
 * two edges, which read it at the start and after each invalidation.  MODE is
 * "broadcast" or "on".  Writes "ready" when all is read, and at the end of the
 * input what came: invalidations, and accounts that were read again.
 *
 * Between two looks it pauses, and reads what has come to an edge meanwhile at
 * once: so many edges cost this machine little.
 */


#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define HEARTBEAT  500                 /* ms */
#define PAUSE      5000                /* us */
#define KEY        "household:{"


typedef struct {
    int       sub;
    int       tracker;
    int       reader;
    int       index;
    size_t    kept;                    /* bytes of an incomplete key */
    char      buf[65536];
} edge_t;


static int                 nedges, naccounts;
static edge_t            **edges;
static struct sockaddr_in  server;
static unsigned long       invalidations, reads;


static void
fail(const char *what)
{
    perror(what);
    exit(1);
}


static int64_t
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


static int
dial(void)
{
    int  s, on;

    on = 1;
    s = socket(AF_INET, SOCK_STREAM, 0);

    if (s < 0 || connect(s, (struct sockaddr *) &server, sizeof(server)) < 0) {
        fail("connect");
    }

    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

    return s;
}


static void
say(int s, const char *text, size_t len)
{
    ssize_t  n;

    while (len) {
        n = write(s, text, len);

        if (n <= 0) {
            fail("write");
        }

        text += n;
        len -= n;
    }
}


/* one command, inline, and its first line */

static long
ask(int s, const char *command)
{
    char     line[512];
    ssize_t  n;

    say(s, command, strlen(command));
    n = read(s, line, sizeof(line) - 1);

    if (n <= 0) {
        fail("read");
    }

    line[n] = '\0';

    if (line[0] == '-') {
        fprintf(stderr, "%s: %s", command, line);
        exit(1);
    }

    return atol(line + 1);
}


/* a lookup, as the module sends it */

static void
look_up(edge_t *e, int account)
{
    int   n;
    char  text[256];

    n = snprintf(text, sizeof(text), "SMEMBERS " KEY "%d}\r\n"
                 "HGETALL " KEY "%d}:account\r\nPING 00000000\r\n",
                 account, account);

    say(e->reader, text, n);
}


static int
owns(edge_t *e, int account)
{
    int  first;

    first = account % nedges;

    return e->index == first || e->index == (first + 1) % nedges;
}


static void
drain(int s)
{
    char  buf[65536];

    while (recv(s, buf, sizeof(buf), MSG_DONTWAIT) > 0) {
        /* void */
    }
}


static edge_t *
open_edge(int index, int broadcast)
{
    int      account, n;
    long     id;
    char     text[128];
    edge_t  *e;

    e = calloc(1, sizeof(edge_t));
    if (e == NULL) {
        fail("calloc");
    }

    e->index = index;
    e->sub = dial();
    e->tracker = dial();
    e->reader = dial();

    id = ask(e->sub, "CLIENT ID\r\n");
    ask(e->sub, "SUBSCRIBE __redis__:invalidate\r\n");

    snprintf(text, sizeof(text), "CLIENT TRACKING ON REDIRECT %ld%s\r\n", id,
             broadcast ? " BCAST PREFIX household:" : "");
    ask(broadcast ? e->tracker : e->reader, text);

    for (account = n = 0; account < naccounts; account++) {
        if (owns(e, account)) {
            look_up(e, account);

            if (++n % 64 == 0) {
                drain(e->reader);
            }
        }
    }

    return e;
}


static void
invalidated(edge_t *e)
{
    int      account, last;
    char    *p, *end, *close;
    ssize_t  n;

    n = recv(e->sub, e->buf + e->kept, sizeof(e->buf) - 1 - e->kept,
             MSG_DONTWAIT);

    if (n == 0) {
        fprintf(stderr, "the connection was closed\n");
        exit(1);
    }

    if (n < 0) {
        return;
    }

    last = -1;
    p = e->buf;
    end = p + e->kept + n;
    *end = '\0';

    while ((p = strstr(p, KEY)) != NULL) {

        close = strchr(p, '}');
        if (close == NULL) {
            break;
        }

        account = atoi(p + sizeof(KEY) - 1);
        invalidations++;

        if (account != last && owns(e, account)) {
            look_up(e, account);
            reads++;
        }

        last = account;
        p = close;
    }

    e->kept = 0;

    if (p != NULL) {
        e->kept = end - p;
        memmove(e->buf, p, e->kept);
    }
}


int
main(int argc, char **argv)
{
    int                 i, n, ep, broadcast;
    char                byte;
    int64_t             next;
    struct epoll_event  ev, events[512];

    if (argc != 6) {
        return 2;
    }

    broadcast = strcmp(argv[1], "broadcast") == 0;
    nedges = atoi(argv[2]);
    naccounts = atoi(argv[3]);

    server.sin_family = AF_INET;
    server.sin_addr.s_addr = inet_addr(argv[4]);
    server.sin_port = htons(atoi(argv[5]));

    edges = calloc(nedges, sizeof(edge_t *));
    ep = epoll_create(1);

    if (edges == NULL || ep < 0) {
        fail("epoll_create");
    }

    for (i = 0; i < nedges; i++) {
        edges[i] = open_edge(i, broadcast);

        ev.events = EPOLLIN;
        ev.data.ptr = edges[i];
        epoll_ctl(ep, EPOLL_CTL_ADD, edges[i]->sub, &ev);
    }

    ev.data.ptr = NULL;
    epoll_ctl(ep, EPOLL_CTL_ADD, 0, &ev);

    printf("ready\n");
    fflush(stdout);

    next = now() + HEARTBEAT;

    for ( ;; ) {
        usleep(PAUSE);

        n = next - now();
        n = epoll_wait(ep, events, 512, n > 0 ? n : 0);

        for (i = 0; i < n; i++) {
            if (events[i].data.ptr != NULL) {
                invalidated(events[i].data.ptr);

            } else if (read(0, &byte, 1) <= 0) {
                printf("%lu %lu\n", invalidations, reads);
                return 0;
            }
        }

        if (now() < next) {
            continue;
        }

        next += HEARTBEAT;

        for (i = 0; i < nedges; i++) {
            say(edges[i]->sub, "PING\r\n", 6);
            say(edges[i]->tracker, "PING\r\n", 6);
            drain(edges[i]->tracker);
            drain(edges[i]->reader);
        }
    }
}


/*
 * A network between two ports of this machine: proxy LISTEN CONNECT
 *
 * Commands come on the input, one a line:
 *
 *     delay ANSWERS SUBSCRIBED REQUESTS
 *                  milliseconds by which is delayed what comes from the
 *                  server, from the server on connections that have
 *                  subscribed, and what goes to the server
 *     hold         nothing passes, and no connection is closed
 *     cut          connections are closed, also those that come
 *     pass         ends "hold" and "cut"
 *
 * Ends with its input.
 */


#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define CHUNK    65536
#define QUEUED   (64 * CHUNK)       /* bytes in a queue: more is not read */
#define EVENTS   64


typedef struct chunk_s  chunk_t;
typedef struct pair_s   pair_t;


struct chunk_s {
    chunk_t  *next;
    int64_t   due;
    size_t    pos;
    size_t    len;
    char      data[];
};


/* of a pair: "out" is what is to be written to this side */

typedef struct {
    int       fd;
    pair_t   *pair;
    chunk_t  *out;
    chunk_t **last;
    int64_t   due;                  /* of the last chunk */
    size_t    queued;
    int       paused;               /* too much is queued for its peer */
} side_t;


struct pair_s {
    pair_t   *next;
    side_t    client;
    side_t    server;
    int       subscribed;
    int       closed;
};


enum { PASS, HOLD, CUT };


static int      events, listener, state, to_port;
static int64_t  answers, subscribed, requests;
static pair_t  *pairs;


static void
die(const char *what)
{
    perror(what);
    exit(1);
}


static int64_t
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


static int
open_socket(int port, int listens)
{
    int                 s, on;
    struct sockaddr_in  addr;

    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_port = htons(port);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    s = socket(AF_INET, SOCK_STREAM, 0);
    on = 1;

    if (s == -1) {
        die("socket");
    }

    if (listens) {
        setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));

        if (bind(s, (struct sockaddr *) &addr, sizeof(addr)) == -1
            || listen(s, 511) == -1)
        {
            die("listen");
        }

    } else if (connect(s, (struct sockaddr *) &addr, sizeof(addr)) == -1) {
        close(s);
        return -1;
    }

    return s;
}


/* what is read: nothing while it is held, or too much waits to be written */

static void
watch(side_t *s, side_t *peer)
{
    struct epoll_event  event;

    event.data.ptr = s;
    s->paused = peer->queued >= QUEUED;
    event.events = state == PASS && !s->paused ? EPOLLIN : 0;

    if (epoll_ctl(events, EPOLL_CTL_MOD, s->fd, &event) == -1) {
        die("epoll_ctl");
    }
}


static void
add(pair_t *pair, side_t *s, int fd)
{
    int                 on;
    struct epoll_event  event;

    on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    fcntl(fd, F_SETFL, O_NONBLOCK);

    s->fd = fd;
    s->pair = pair;
    s->last = &s->out;

    event.data.ptr = s;
    event.events = EPOLLIN;

    if (epoll_ctl(events, EPOLL_CTL_ADD, fd, &event) == -1) {
        die("epoll_ctl");
    }
}


static void
open_pair(void)
{
    int      client, server;
    pair_t  *pair;

    client = accept(listener, NULL, NULL);

    if (client == -1) {
        return;
    }

    server = state == CUT ? -1 : open_socket(to_port, 0);

    if (server == -1) {
        close(client);
        return;
    }

    pair = calloc(1, sizeof(pair_t));
    if (pair == NULL) {
        die("calloc");
    }

    add(pair, &pair->client, client);
    add(pair, &pair->server, server);

    watch(&pair->client, &pair->server);
    watch(&pair->server, &pair->client);

    pair->next = pairs;
    pairs = pair;
}


static void
drop(side_t *s)
{
    chunk_t  *c;

    while (s->out != NULL) {
        c = s->out;
        s->out = c->next;
        free(c);
    }

    close(s->fd);
}


static void
read_side(side_t *s)
{
    char      buf[CHUNK];
    side_t   *peer;
    pair_t   *pair;
    chunk_t  *c;
    ssize_t   n;
    int64_t   delay;

    pair = s->pair;
    n = recv(s->fd, buf, CHUNK, 0);

    if (n <= 0) {
        pair->closed = n == 0 || errno != EAGAIN;
        return;
    }

    if (s == &pair->client) {
        peer = &pair->server;
        delay = requests;

        if (memmem(buf, n, "SUBSCRIBE", 9) != NULL) {
            pair->subscribed = 1;
        }

    } else {
        peer = &pair->client;
        delay = pair->subscribed ? subscribed : answers;
    }

    c = malloc(sizeof(chunk_t) + n);
    if (c == NULL) {
        die("malloc");
    }

    /* in order, whatever the delay was before */

    c->due = now() + delay;

    if (peer->out != NULL && c->due < peer->due) {
        c->due = peer->due;
    }

    c->next = NULL;
    c->pos = 0;
    c->len = n;
    memcpy(c->data, buf, n);

    *peer->last = c;
    peer->last = &c->next;
    peer->due = c->due;
    peer->queued += n;

    if (peer->queued >= QUEUED) {
        watch(s, peer);
    }
}


/* writes what is due; returns when to look again */

static int64_t
write_side(side_t *s, side_t *peer, int64_t time)
{
    chunk_t  *c;
    ssize_t   n;

    while ((c = s->out) != NULL && c->due <= time) {
        n = send(s->fd, c->data + c->pos, c->len - c->pos, MSG_NOSIGNAL);

        if (n == -1) {
            s->pair->closed = errno != EAGAIN;
            return time + 1000;
        }

        c->pos += n;
        s->queued -= n;

        if (c->pos < c->len) {
            continue;
        }

        s->out = c->next;
        free(c);

        if (s->out == NULL) {
            s->last = &s->out;

            if (peer->paused) {
                watch(peer, s);
            }
        }
    }

    return c ? c->due : INT64_MAX;
}


static int64_t
earlier(int64_t one, int64_t other)
{
    return one < other ? one : other;
}


/* all that is due, and pairs that have ended; returns when to look again */

static int64_t
pass(void)
{
    pair_t   *pair, **next;
    int64_t   time, due;

    time = now();
    due = INT64_MAX;

    for (next = &pairs; (pair = *next) != NULL; /* void */) {

        if (state == PASS && !pair->closed) {
            due = earlier(due, write_side(&pair->client, &pair->server, time));
            due = earlier(due, write_side(&pair->server, &pair->client, time));
        }

        if (pair->closed) {
            *next = pair->next;
            drop(&pair->client);
            drop(&pair->server);
            free(pair);
            continue;
        }

        next = &pair->next;
    }

    return due;
}


static void
command(char *line)
{
    pair_t  *pair;
    long     a, s, r;

    if (sscanf(line, "delay %ld %ld %ld", &a, &s, &r) == 3) {
        answers = a * 1000;
        subscribed = s * 1000;
        requests = r * 1000;
        return;
    }

    state = strncmp(line, "hold", 4) == 0 ? HOLD
            : strncmp(line, "cut", 3) == 0 ? CUT : PASS;

    for (pair = pairs; pair; pair = pair->next) {
        pair->closed |= state == CUT;
        watch(&pair->client, &pair->server);
        watch(&pair->server, &pair->client);
    }
}


static void
input(void)
{
    char           *p, *end;
    ssize_t         n;
    static char     line[512];
    static size_t   len;

    n = read(0, line + len, sizeof(line) - 1 - len);

    if (n <= 0) {
        exit(0);
    }

    len += n;
    line[len] = '\0';

    for (p = line; (end = strchr(p, '\n')) != NULL; p = end + 1) {
        *end = '\0';
        command(p);
    }

    len = strlen(p);
    memmove(line, p, len);
}


int
main(int argc, char **argv)
{
    int                 i, n;
    int64_t             wait;
    struct epoll_event  event, ready[EVENTS];

    if (argc != 3) {
        fprintf(stderr, "proxy LISTEN CONNECT\n");
        return 2;
    }

    signal(SIGPIPE, SIG_IGN);
    to_port = atoi(argv[2]);
    listener = open_socket(atoi(argv[1]), 1);
    events = epoll_create1(0);

    event.events = EPOLLIN;
    event.data.ptr = &listener;
    epoll_ctl(events, EPOLL_CTL_ADD, listener, &event);

    event.data.ptr = NULL;
    epoll_ctl(events, EPOLL_CTL_ADD, 0, &event);

    for ( ;; ) {
        wait = pass();

        if (wait != INT64_MAX) {
            wait = (wait - now() + 999) / 1000;
            wait = wait < 0 ? 0 : wait;

        } else {
            wait = -1;
        }

        n = epoll_wait(events, ready, EVENTS, wait);

        /* a pair lives until pass() */

        for (i = 0; i < n; i++) {
            if (ready[i].data.ptr == NULL) {
                input();

            } else if (ready[i].data.ptr == &listener) {
                open_pair();

            } else {
                read_side(ready[i].data.ptr);
            }
        }
    }
}


/*
 * load PORT FILE CONNECTIONS SECONDS STATUS [RATE]
 *
 * Sends the requests of a file, one a line, to 127.0.0.1, and over again from
 * its first line; one request at a time on a connection.
 *
 * With a rate, a request is due at its time by the clock, whatever became of
 * those before it: latency counts from then, so a stall of the server is in
 * the latency of all that it held up.  Otherwise each connection asks as soon
 * as it has its answer.
 *
 * Prints: answers, microseconds, answers of another status, and the latency
 * in microseconds that 50, 99 and 99.9 percent of the answers kept below.
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define PATIENCE  20               /* seconds without an answer */


typedef struct {
    char     *data;
    size_t    len;
} text_t;


typedef struct {
    double    due;
    size_t    len;
    char      buf[16384];
} conn_t;


static int             nconns, nfree;
static size_t          nrequests, nanswers, nlatencies, nwrong;
static int            *idle;         /* those that wait for nothing: a stack */
static conn_t         *conns;
static text_t         *requests;
static double         *latencies;
static const char     *status;
static struct pollfd  *fds;


static void
die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}


static void *
array(size_t n, size_t size)
{
    void  *p;

    p = calloc(n ? n : 1, size);
    if (p == NULL) {
        die("memory");
    }

    return p;
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec + ts.tv_nsec / 1e9;
}


/* in the file "\r\n" is written out */

static void
read_requests(const char *name)
{
    FILE    *in;
    char    *line, *from, *to;
    size_t   size;

    in = fopen(name, "r");
    if (in == NULL) {
        die(name);
    }

    for (line = NULL; getline(&line, &size, in) > 0; line = NULL) {

        for (from = to = line; *from && *from != '\n'; from++) {
            if (from[0] == '\\' && (from[1] == 'r' || from[1] == 'n')) {
                *to++ = *++from == 'r' ? '\r' : '\n';
            } else {
                *to++ = *from;
            }
        }

        requests = realloc(requests, (nrequests + 1) * sizeof(text_t));
        if (requests == NULL) {
            die("memory");
        }

        requests[nrequests].data = line;
        requests[nrequests++].len = to - line;
    }

    if (nrequests == 0) {
        die(name);
    }

    fclose(in);
}


static void
open_connections(int port)
{
    int                 i, on;
    struct sockaddr_in  to;

    memset(&to, 0, sizeof(to));
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    for (on = 1, i = 0; i < nconns; i++) {
        fds[i].events = POLLIN;
        fds[i].fd = socket(AF_INET, SOCK_STREAM, 0);

        if (fds[i].fd == -1
            || connect(fds[i].fd, (struct sockaddr *) &to, sizeof(to)) == -1)
        {
            die("connect");
        }

        setsockopt(fds[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        idle[nfree++] = i;
    }
}


static void
ask(double due)
{
    int      i;
    text_t  *request;

    static size_t  next;

    i = idle[--nfree];
    request = &requests[next++ % nrequests];
    conns[i].due = due;

    if (send(fds[i].fd, request->data, request->len, MSG_NOSIGNAL)
        != (ssize_t) request->len)
    {
        die("send");
    }
}


/* takes what has come; the answer is the only one on its way */

static void
answer(int i)
{
    char     *end, *length;
    size_t    need;
    ssize_t   n;
    conn_t   *c;

    c = &conns[i];
    n = recv(fds[i].fd, c->buf + c->len, sizeof(c->buf) - 1 - c->len, 0);

    if (n <= 0) {
        die("the connection was closed");
    }

    c->len += n;
    c->buf[c->len] = '\0';

    end = strstr(c->buf, "\r\n\r\n");
    if (end == NULL) {
        return;
    }

    length = strcasestr(c->buf, "\r\ncontent-length:");
    if (length == NULL || length > end) {
        errno = EPROTO;
        die("no length");
    }

    need = end + 4 - c->buf + strtoul(length + 17, NULL, 10);
    if (need >= sizeof(c->buf)) {
        errno = EMSGSIZE;
        die("an answer");
    }

    if (c->len < need) {
        return;
    }

    if (nanswers < nlatencies) {
        latencies[nanswers] = (now() - c->due) * 1e6;
    }

    nanswers++;
    nwrong += strncmp(c->buf + 9, status, 3) != 0;

    c->len = 0;
    idle[nfree++] = i;
}


/* until "end"; "rate" is 0 for as fast as there are answers */

static void
run(double rate, double start, double end)
{
    int              i, ready;
    double           time, due, wait;
    size_t           sent;
    struct timespec  ts;

    for (sent = 0; /* void */; /* void */) {
        time = now();
        due = rate ? start + sent / rate : time;

        if (due >= end && nfree == nconns) {
            return;
        }

        if (due < end && due <= time && nfree) {
            ask(due);
            sent++;
            continue;
        }

        wait = due < end && nfree ? due - time : PATIENCE;
        ts.tv_sec = (time_t) wait;
        ts.tv_nsec = (long) ((wait - ts.tv_sec) * 1e9);

        ready = ppoll(fds, nconns, &ts, NULL);

        if (ready == -1 || (ready == 0 && wait == PATIENCE)) {
            die("no answer");
        }

        for (i = 0; ready > 0 && i < nconns; i++) {
            if (fds[i].revents) {
                answer(i);
                ready--;
            }
        }
    }
}


static int
compare(const void *one, const void *two)
{
    double  a, b;

    a = *(const double *) one;
    b = *(const double *) two;

    return (a > b) - (a < b);
}


int
main(int argc, char **argv)
{
    double  rate, seconds, start;

    if (argc < 6 || argc > 7) {
        fprintf(stderr,
                "load PORT FILE CONNECTIONS SECONDS STATUS [RATE]\n");
        return 2;
    }

    nconns = atoi(argv[3]);
    seconds = atof(argv[4]);
    status = argv[5];
    rate = argc == 7 ? atof(argv[6]) : 0;
    nlatencies = (size_t) (rate * seconds);

    /* sleep by the clock, not 50 microseconds more */
    prctl(PR_SET_TIMERSLACK, 1);

    fds = array(nconns, sizeof(struct pollfd));
    idle = array(nconns, sizeof(int));
    conns = array(nconns, sizeof(conn_t));
    latencies = array(nlatencies, sizeof(double));

    read_requests(argv[2]);
    open_connections(atoi(argv[1]));

    start = now();
    run(rate, start, start + seconds);

    printf("%zu %.0f %zu", nanswers, (now() - start) * 1e6, nwrong);

    if (nlatencies) {
        qsort(latencies, nlatencies, sizeof(double), compare);
        printf(" %.0f %.0f %.0f", latencies[nlatencies / 2],
               latencies[(size_t) (nlatencies * 0.99)],
               latencies[(size_t) (nlatencies * 0.999)]);
    }

    printf("\n");
    return 0;
}

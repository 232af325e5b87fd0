
/*
 * load [-r RATE] [-s] [-k LINES] PORT FILE CONNECTIONS SECONDS STATUS
 * load [-r RATE] -n ACCOUNTS [-f FIRST] PORT PATH CONNECTIONS SECONDS STATUS
 *
 * Sends the requests of a file, one a line, to 127.0.0.1, and over again from
 * its first line; or a request for the path and one of so many accounts, at
 * random, or each once, from the first on.  One request at a time is on a
 * connection.  With -s it speaks TLS, and verifies nothing.  With -k a
 * connection sends so many lines in a row, and is then replaced by another,
 * which sends the next ones: a player's.
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
#include <openssl/ssl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define PATIENCE  20               /* seconds without an answer */
#define EVENTS    64


typedef struct {
    char     *data;
    size_t    len;
} text_t;


typedef struct {
    int       fd;
    SSL      *ssl;
    double    due;
    size_t    line;                /* of those in a row, the next */
    size_t    left;
    size_t    len;
    char      buf[16384];
} conn_t;


static int           nconns, nfree, events;
static size_t        nrequests, nanswers, nlatencies, nwrong;
static size_t        naccounts, first, row, nrows;
static conn_t       *conns, **idle;    /* idle: those that wait for nothing */
static text_t       *requests;
static double       *latencies;
static SSL_CTX      *tls;
static const char   *status, *path;
static struct sockaddr_in  server;


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
open_connection(conn_t *c)
{
    int                 on;
    struct epoll_event  event;

    on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);

    if (c->fd == -1
        || connect(c->fd, (struct sockaddr *) &server, sizeof(server)) == -1)
    {
        die("connect");
    }

    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

    if (tls) {
        c->ssl = SSL_new(tls);

        if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1
            || SSL_connect(c->ssl) != 1)
        {
            errno = EPROTO;
            die("TLS");
        }
    }

    event.events = EPOLLIN;
    event.data.ptr = c;

    if (epoll_ctl(events, EPOLL_CTL_ADD, c->fd, &event) == -1) {
        die("epoll");
    }

    c->line = row * nrows++;
    c->left = row;
}


static void
replace_connection(conn_t *c)
{
    if (c->ssl) {
        SSL_shutdown(c->ssl);
        SSL_free(c->ssl);
    }

    close(c->fd);
    open_connection(c);
}


static void
open_connections(int port)
{
    int  i;

    server.sin_family = AF_INET;
    server.sin_port = htons(port);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    events = epoll_create1(0);
    if (events == -1) {
        die("epoll");
    }

    for (i = 0; i < nconns; i++) {
        open_connection(&conns[i]);
        idle[nfree++] = &conns[i];
    }
}


/* a read returns after a ticket for the session, as well as after data */

static void
use_tls(void)
{
    tls = SSL_CTX_new(TLS_client_method());
    if (tls == NULL) {
        die("TLS");
    }

    SSL_CTX_clear_mode(tls, SSL_MODE_AUTO_RETRY);
    signal(SIGPIPE, SIG_IGN);
}


/* whether there is something left to ask */

static int
left(size_t sent)
{
    return !first || first + sent <= naccounts;
}


static void
ask(size_t n, double due)
{
    char      buf[256];
    conn_t   *c;
    size_t    account;
    text_t    request;
    ssize_t   done;

    c = idle[--nfree];
    c->due = due;

    if (naccounts) {
        account = first ? first + n : 1 + (size_t) (drand48() * naccounts);
        request.data = buf;
        request.len = snprintf(buf, sizeof(buf), "GET %s?account="
                               "%08zx-0000-4000-8000-%012zx HTTP/1.1\r\n"
                               "Host: edge.example\r\n\r\n",
                               path, account, account);
    } else {
        request = requests[(row ? c->line++ : n) % nrequests];
    }

    done = c->ssl ? SSL_write(c->ssl, request.data, request.len)
                  : send(c->fd, request.data, request.len, MSG_NOSIGNAL);

    if (done != (ssize_t) request.len) {
        die("send");
    }
}


/* bytes that have come, 0 if there are none yet */

static size_t
receive(conn_t *c)
{
    char     *to;
    size_t    room;
    ssize_t   n;

    to = c->buf + c->len;
    room = sizeof(c->buf) - 1 - c->len;

    if (c->ssl) {
        n = SSL_read(c->ssl, to, room);

        if (n <= 0 && SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ) {
            return 0;
        }

    } else {
        n = recv(c->fd, to, room, 0);
    }

    if (n <= 0) {
        errno = n ? errno : ECONNRESET;
        die("no answer");
    }

    return n;
}


/* takes what has come; the answer is the only one on its way */

static void
answer(conn_t *c)
{
    char    *end, *length;
    size_t   need;

    c->len += receive(c);
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
    idle[nfree++] = c;

    if (row && --c->left == 0) {
        replace_connection(c);
    }
}


/* until "end"; "rate" is 0 for as fast as there are answers */

static void
run(double rate, double start, double end)
{
    int                 i, n, more;
    double              time, due, wait;
    size_t              sent;
    struct timespec     ts;
    struct epoll_event  ready[EVENTS];

    for (sent = 0; /* void */; /* void */) {
        time = now();
        due = rate ? start + sent / rate : time;
        more = due < end && left(sent);

        if (!more && nfree == nconns) {
            return;
        }

        if (more && due <= time && nfree) {
            ask(sent++, due);
            continue;
        }

        wait = more && nfree ? due - time : PATIENCE;
        ts.tv_sec = (time_t) wait;
        ts.tv_nsec = (long) ((wait - ts.tv_sec) * 1e9);

        n = epoll_pwait2(events, ready, EVENTS, &ts, NULL);

        if (n == -1 || (n == 0 && wait == PATIENCE)) {
            die("no answer");
        }

        for (i = 0; i < n; i++) {
            answer(ready[i].data.ptr);
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


static void
usage(void)
{
    fprintf(stderr, "load [-r RATE] [-s] [-k LINES] "
            "PORT FILE CONNECTIONS SECONDS STATUS\n"
            "load [-r RATE] -n ACCOUNTS [-f FIRST] "
            "PORT PATH CONNECTIONS SECONDS STATUS\n");
    exit(2);
}


int
main(int argc, char **argv)
{
    int     c;
    double  rate, seconds, start;

    rate = 0;

    while ((c = getopt(argc, argv, "f:k:n:r:s")) != -1) {
        switch (c) {

        case 'f':
            first = strtoul(optarg, NULL, 10);
            break;

        case 'k':
            row = strtoul(optarg, NULL, 10);
            break;

        case 'n':
            naccounts = strtoul(optarg, NULL, 10);
            break;

        case 'r':
            rate = atof(optarg);
            break;

        case 's':
            use_tls();
            break;

        default:
            usage();
        }
    }

    if (argc - optind != 5) {
        usage();
    }

    argv += optind;
    path = argv[1];
    nconns = atoi(argv[2]);
    seconds = atof(argv[3]);
    status = argv[4];
    nlatencies = (size_t) (rate * seconds);

    /* sleep by the clock, not 50 microseconds more */
    prctl(PR_SET_TIMERSLACK, 1);

    idle = array(nconns, sizeof(conn_t *));
    conns = array(nconns, sizeof(conn_t));
    latencies = array(nlatencies, sizeof(double));

    if (!naccounts) {
        read_requests(path);
    }

    srand48(getpid());
    open_connections(atoi(argv[0]));

    start = now();
    run(rate, start, start + seconds);

    printf("%zu %.0f %zu", nanswers, (now() - start) * 1e6, nwrong);

    if (nlatencies && nlatencies <= nanswers) {
        qsort(latencies, nlatencies, sizeof(double), compare);
        printf(" %.0f %.0f %.0f", latencies[nlatencies / 2],
               latencies[(size_t) (nlatencies * 0.99)],
               latencies[(size_t) (nlatencies * 0.999)]);
    }

    printf("\n");
    return 0;
}


/*
 * load [-b] [-r RATE] [-s] [-k LINES] PORT FILE CONNECTIONS SECONDS STATUS
 * load [-b] [-r RATE] -n ACCOUNTS [-f FIRST] PORT PATH CONNECTIONS SECONDS
 *      STATUS
 * load [-b] [-r RATE] [-s] [-k LINES] -p PIDS -t SLICE
 *      PORT FILE CONNECTIONS SECONDS STATUS PORT FILE STATUS
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
 * With -b, and without a rate, it does not sleep: it is on the server's
 * machine, where the server pays for waking it, and a slower one more often.
 * Nothing else should run on its core then.
 *
 * Prints: answers, microseconds, answers of another status, and the latency
 * in microseconds that 50, 99 and 99.9 percent of the answers kept below.
 *
 * With -p and -t it compares what two kinds of requests cost the servers: it
 * sends those of the first file for SLICE seconds, those of the second twice
 * as long, those of the first again, and so on, on connections of their own.
 * So whatever changes slowly, such as the speed of the machine, is the same
 * for both.  Nothing is on its way when one follows the other.  For each slice
 * it prints a line: answers, those of another status, and the nanoseconds of
 * CPU that each process used, in the order of the list, with all its threads.
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
#define SETTLE    100000           /* nanoseconds until a server sleeps */
#define MAXPIDS   64


typedef struct {
    char     *data;
    size_t    len;
} text_t;


typedef struct side_s  side_t;

typedef struct {
    int       fd;
    SSL      *ssl;
    side_t   *side;
    double    due;
    size_t    line;                /* of those in a row, the next */
    size_t    left;
    size_t    len;
    char      buf[16384];
} conn_t;


/* one kind of requests; "idle" are the connections that wait for nothing */

struct side_s {
    int                  nfree;
    size_t               nrequests, nanswers, nwrong, nrows, sent;
    conn_t              *conns, **idle;
    text_t              *requests;
    const char          *status, *path;
    struct sockaddr_in   server;
};


static int       nconns, events, npids, busy;
static size_t    nlatencies, naccounts, first, row;
static double   *latencies;
static side_t    sides[2];
static SSL_CTX  *tls;
static clockid_t clocks[MAXPIDS];


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
read_requests(side_t *side)
{
    FILE        *in;
    char        *line, *from, *to;
    size_t       n, size;
    const char  *name;

    name = side->path;
    n = 0;

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

        side->requests = realloc(side->requests, (n + 1) * sizeof(text_t));
        if (side->requests == NULL) {
            die("memory");
        }

        side->requests[n].data = line;
        side->requests[n++].len = to - line;
    }

    if (n == 0) {
        die(name);
    }

    side->nrequests = n;

    fclose(in);
}


static void
open_connection(conn_t *c)
{
    int                 on;
    side_t             *side;
    struct epoll_event  event;

    on = 1;
    side = c->side;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);

    if (c->fd == -1
        || connect(c->fd, (struct sockaddr *) &side->server,
                   sizeof(side->server)) == -1)
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

    c->line = row * side->nrows++;
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


/* what to ask, and whom, by the port */

static void
open_side(side_t *side, int port, const char *path, const char *status)
{
    int      i;
    conn_t  *c;

    side->path = path;
    side->status = status;
    side->server.sin_family = AF_INET;
    side->server.sin_port = htons(port);
    side->server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    side->idle = array(nconns, sizeof(conn_t *));
    side->conns = array(nconns, sizeof(conn_t));

    if (!naccounts) {
        read_requests(side);
    }

    for (i = 0; i < nconns; i++) {
        c = &side->conns[i];
        c->side = side;
        open_connection(c);

        /* not all of them end at the same time */
        c->line += i * row / nconns;
        c->left -= i * row / nconns;

        side->idle[side->nfree++] = c;
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
ask(side_t *side, double due)
{
    char      buf[256];
    conn_t   *c;
    size_t    n, account;
    text_t    request;
    ssize_t   done;

    n = side->sent++;
    c = side->idle[--side->nfree];
    c->due = due;

    if (naccounts) {
        account = first ? first + n : 1 + (size_t) (drand48() * naccounts);
        request.data = buf;
        request.len = snprintf(buf, sizeof(buf), "GET %s?account="
                               "%08zx-0000-4000-8000-%012zx HTTP/1.1\r\n"
                               "Host: edge.example\r\n\r\n",
                               side->path, account, account);
    } else {
        request = side->requests[(row ? c->line++ : n) % side->nrequests];
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
    side_t  *side;

    side = c->side;
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

    if (side->nanswers < nlatencies) {
        latencies[side->nanswers] = (now() - c->due) * 1e6;
    }

    side->nanswers++;
    side->nwrong += strncmp(c->buf + 9, side->status, 3) != 0;

    c->len = 0;
    side->idle[side->nfree++] = c;

    if (row && --c->left == 0) {
        replace_connection(c);
    }
}


/* returns the number of events, after "seconds" at most */

static int
await(struct epoll_event *ready, double seconds, int sleeps)
{
    int              n;
    double           end;
    struct timespec  ts;

    if (sleeps) {
        ts.tv_sec = (time_t) seconds;
        ts.tv_nsec = (long) ((seconds - ts.tv_sec) * 1e9);

        return epoll_pwait2(events, ready, EVENTS, &ts, NULL);
    }

    end = now() + seconds;

    do {
        n = epoll_wait(events, ready, EVENTS, 0);
    } while (n == 0 && now() < end);

    return n;
}


/*
 * Returns when all is answered; "rate" is 0 for as fast as there are answers.
 * Asks once at least, even if it was not let run for so many seconds.
 */

static void
run(side_t *side, double rate, double seconds)
{
    int                 i, n, more;
    double              time, start, due, wait;
    size_t              sent;
    struct epoll_event  ready[EVENTS];

    start = now();

    for (sent = 0; /* void */; /* void */) {
        time = now();
        due = rate ? start + sent / rate : time;
        more = (sent == 0 || due < start + seconds) && left(sent);

        if (!more && side->nfree == nconns) {
            return;
        }

        if (more && due <= time && side->nfree) {
            ask(side, due);
            sent++;
            continue;
        }

        wait = more && side->nfree ? due - time : PATIENCE;
        n = await(ready, wait, !busy || rate != 0);

        if (n == -1 || (n == 0 && wait == PATIENCE)) {
            die("no answer");
        }

        for (i = 0; i < n; i++) {
            answer(ready[i].data.ptr);
        }
    }
}


/* the processes whose CPU time is measured, with commas between them */

static void
use_pids(char *list)
{
    char  *pid;

    for (pid = strtok(list, ","); pid; pid = strtok(NULL, ",")) {

        if (npids == MAXPIDS) {
            errno = E2BIG;
            die("processes");
        }

        errno = clock_getcpuclockid(atoi(pid), &clocks[npids++]);
        if (errno) {
            die("process");
        }
    }
}


/*
 * The kernel counts what a process runs when it stops running, or at the tick
 * of its core.  So what a server has used is exact as soon as it sleeps.
 */

static void
read_cpu(int64_t *cpu)
{
    int              i;
    struct timespec  ts;

    ts.tv_sec = 0;
    ts.tv_nsec = SETTLE;
    nanosleep(&ts, NULL);

    for (i = 0; i < npids; i++) {
        if (clock_gettime(clocks[i], &ts) == -1) {
            die("CPU of a process");
        }

        cpu[i] = ts.tv_sec * (int64_t) 1000000000 + ts.tv_nsec;
    }
}


/* what was used by "before" becomes what is used now */

static void
run_slice(side_t *side, double rate, double seconds, int64_t *before)
{
    int      i;
    size_t   nanswers, nwrong;
    int64_t  after[MAXPIDS];

    nanswers = side->nanswers;
    nwrong = side->nwrong;

    run(side, rate, seconds);
    read_cpu(after);

    printf("%zu %zu", side->nanswers - nanswers, side->nwrong - nwrong);

    for (i = 0; i < npids; i++) {
        printf(" %lld", (long long) (after[i] - before[i]));
        before[i] = after[i];
    }

    printf("\n");
}


static void
run_pairs(double rate, double seconds, double slice)
{
    int      i;
    double   end;
    int64_t  cpu[MAXPIDS];

    read_cpu(cpu);

    end = now() + seconds;

    do {
        for (i = 0; i < 4; i++) {
            run_slice(&sides[i == 1 || i == 2], rate, slice, cpu);
        }
    } while (now() < end);
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
run_one(double rate, double seconds)
{
    double   start;
    side_t  *side;

    side = &sides[0];
    nlatencies = (size_t) (rate * seconds);
    latencies = array(nlatencies, sizeof(double));

    start = now();
    run(side, rate, seconds);

    printf("%zu %.0f %zu", side->nanswers, (now() - start) * 1e6,
           side->nwrong);

    if (nlatencies && nlatencies <= side->nanswers) {
        qsort(latencies, nlatencies, sizeof(double), compare);
        printf(" %.0f %.0f %.0f", latencies[nlatencies / 2],
               latencies[(size_t) (nlatencies * 0.99)],
               latencies[(size_t) (nlatencies * 0.999)]);
    }

    printf("\n");
}


static void
usage(void)
{
    fprintf(stderr, "load [-r RATE] [-s] [-k LINES] "
            "PORT FILE CONNECTIONS SECONDS STATUS\n"
            "load [-r RATE] -n ACCOUNTS [-f FIRST] "
            "PORT PATH CONNECTIONS SECONDS STATUS\n"
            "load [-r RATE] [-s] [-k LINES] -p PIDS -t SLICE\n     "
            "PORT FILE CONNECTIONS SECONDS STATUS PORT FILE STATUS\n");
    exit(2);
}


int
main(int argc, char **argv)
{
    int     c;
    double  rate, slice;

    rate = 0;
    slice = 0;

    while ((c = getopt(argc, argv, "bf:k:n:p:r:st:")) != -1) {
        switch (c) {

        case 'b':
            busy = 1;
            break;

        case 'f':
            first = strtoul(optarg, NULL, 10);
            break;

        case 'k':
            row = strtoul(optarg, NULL, 10);
            break;

        case 'n':
            naccounts = strtoul(optarg, NULL, 10);
            break;

        case 'p':
            use_pids(optarg);
            break;

        case 'r':
            rate = atof(optarg);
            break;

        case 's':
            use_tls();
            break;

        case 't':
            slice = atof(optarg);
            break;

        default:
            usage();
        }
    }

    if (argc - optind != (slice ? 8 : 5)) {
        usage();
    }

    argv += optind;
    nconns = atoi(argv[2]);

    /* sleep by the clock, not 50 microseconds more */
    prctl(PR_SET_TIMERSLACK, 1);
    srand48(getpid());

    events = epoll_create1(0);
    if (events == -1) {
        die("epoll");
    }

    open_side(&sides[0], atoi(argv[0]), argv[1], argv[4]);

    if (slice) {
        open_side(&sides[1], atoi(argv[5]), argv[6], argv[7]);
        run_pairs(rate, atof(argv[3]), slice);
    } else {
        run_one(rate, atof(argv[3]));
    }

    return 0;
}

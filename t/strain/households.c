
/* See households.h. */


#include "households.h"

#include "conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>


#define STATES       HOUSEHOLDS_STATES
#define ELSEWHERE     6                /* each of so many is elsewhere */
#define SHORTEST      8                /* bits of a home network */
#define MAX_WRITES   64                /* under way */


static int           epoll, nwrites;
static unsigned      nmoving, last, first_write;
static uint64_t      number, due, changes, unknown;
static conn_t        primary;
static household_t  *all, *writes[MAX_WRITES];


void
any_seed(uint64_t seed)
{
    number = seed;
}


unsigned
any(unsigned n)
{
    number = number * 6364136223846793005ULL + 1442695040888963407ULL;
    return (number >> 33) % n;
}


static int
is_elsewhere(uint32_t state)
{
    return state % ELSEWHERE == ELSEWHERE - 1;
}


/* a network around 127.0.0.1, whose length is that of the state */

static void
network_of(char *text, size_t size, uint32_t state)
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
command(char *text, size_t size, household_t *h)
{
    char  key[64], network[32];

    static const char  script[] = "redis.call('DEL', KEYS[1]) "
                                  "return redis.call('SADD', KEYS[1], ARGV[1])";

    network_of(network, sizeof(network), h->newest);
    snprintf(key, sizeof(key), "household:{%s}", h->name);

    return snprintf(text, size, "*5\r\n$4\r\nEVAL\r\n$%zu\r\n%s\r\n$1\r\n1"
                    "\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n", sizeof(script) - 1,
                    script, strlen(key), key, strlen(network), network);
}


household_t *
households_fill(int port, int ep, unsigned moving, unsigned idle)
{
    char          text[512], reply[256];
    size_t        len;
    unsigned      i;
    household_t  *h;

    epoll = ep;
    nmoving = moving;
    primary.port = port;
    all = calloc(moving + idle, sizeof(household_t));

    if (all == NULL) {
        die("memory");
    }

    conn_open(&primary, epoll, NULL);

    if (primary.fd == -1 || fcntl(primary.fd, F_SETFL, 0) == -1) {
        die("the primary");
    }

    for (i = 0; i < moving + idle; i++) {
        h = &all[i];
        h->moves = i < moving;
        snprintf(h->name, sizeof(h->name), "%c%u", h->moves ? 'm' : 'c',
                 h->moves ? i : i - moving);

        len = command(text, sizeof(text), h);

        if (send(primary.fd, text, len, 0) != (ssize_t) len
            || recv(primary.fd, reply, sizeof(reply), 0) <= 0
            || *reply != ':')
        {
            die("a record");
        }
    }

    fcntl(primary.fd, F_SETFL, O_NONBLOCK);

    return all;
}


/* some change what was changed last: its record may be on its way */

static void
move_one(void)
{
    char          text[512];
    household_t  *h;

    last = any(4) ? any(nmoving) : last;
    h = &all[last];

    if (h->pending || nwrites == MAX_WRITES) {
        return;
    }

    h->superseded[++h->newest % STATES] = 0;
    h->pending = 1;
    writes[(first_write + nwrites++) % MAX_WRITES] = h;

    (void) conn_put(&primary, text, command(text, sizeof(text), h));
}


/* without a reply, and after an error, both states may be */

static void
written(const char *reply, int64_t time)
{
    uint32_t      n, state;
    household_t  *h;

    h = writes[first_write];
    first_write = (first_write + 1) % MAX_WRITES;
    nwrites--;
    h->pending = 0;

    if (reply == NULL || *reply != ':') {
        unknown++;
        return;
    }

    changes++;

    for (n = 1; n < STATES && n <= h->newest; n++) {
        state = (h->newest - n) % STATES;

        if (h->superseded[state]) {
            break;
        }

        h->superseded[state] = time;
    }
}


void
households_moved(int64_t time)
{
    char  *p, *end;

    if (!conn_take(&primary)) {
        return;
    }

    for (p = primary.buf; (end = strchr(p, '\n')) != NULL; p = end + 1) {

        if (nwrites == 0) {
            errno = EPROTO;
            die("a reply to no change");
        }

        written(p, time);
    }

    conn_keep(&primary, p);
}


void
households_move(int64_t time, int64_t started, unsigned rate)
{
    if (primary.fd == -1) {
        while (nwrites) {
            written(NULL, time);
        }

        if (time >= primary.again) {
            conn_open(&primary, epoll, NULL);
        }
    }

    while (due < (uint64_t) (time - started) * rate / 1000000) {
        due++;

        if (primary.fd != -1) {
            move_one();
        }
    }
}


int64_t
households_age(household_t *h, const char *network, int64_t sent)
{
    int           is;
    uint32_t      n, state;
    int64_t       since;
    unsigned      bits;
    const char   *slash;

    slash = network ? strchr(network, '/') : NULL;
    bits = slash ? strtoul(slash + 1, NULL, 10) : 0;

    for (n = 0; n < STATES && n <= h->newest; n++) {
        state = h->newest - n;

        is = network ? !is_elsewhere(state) && state % STATES + SHORTEST == bits
                     : is_elsewhere(state);
        if (is) {
            since = h->superseded[state % STATES];
            return since && since < sent ? sent - since : 0;
        }
    }

    return -1;
}


uint64_t
households_changes(uint64_t *none)
{
    *none = unknown;
    return changes;
}

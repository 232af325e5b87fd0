
/* See conn.h. */


#include "conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


int64_t
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


void
die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}


void
conn_open(conn_t *c, int epoll, void *data)
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
    event.data.ptr = data;

    if ((connect(c->fd, (struct sockaddr *) &addr, sizeof(addr)) == -1
         && errno != EINPROGRESS)
        || epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) == -1)
    {
        conn_close(c);
    }
}


void
conn_close(conn_t *c)
{
    close(c->fd);
    c->fd = -1;
    c->len = 0;
    c->again = now() + CONN_AGAIN;
}


int
conn_put(conn_t *c, const char *text, size_t len)
{
    if (c->fd == -1) {
        return 0;
    }

    /* what is under way is little, so it is written whole */

    if (send(c->fd, text, len, MSG_NOSIGNAL) == (ssize_t) len) {
        return 1;
    }

    conn_close(c);
    return 0;
}


int
conn_take(conn_t *c)
{
    ssize_t  n;

    n = recv(c->fd, c->buf + c->len, CONN_BUFFER - 1 - c->len, 0);

    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) {
            conn_close(c);
        }

        return 0;
    }

    c->len += n;
    c->buf[c->len] = '\0';

    return 1;
}


void
conn_keep(conn_t *c, const char *from)
{
    c->len -= from - c->buf;
    memmove(c->buf, from, c->len);
}

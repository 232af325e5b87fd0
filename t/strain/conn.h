
/*
 * A connection of t/strain to a port of this machine, which is opened again
 * when it was closed.
 */


#ifndef CONN_H_INCLUDED
#define CONN_H_INCLUDED


#include <stdint.h>
#include <sys/types.h>


#define CONN_BUFFER  65536
#define CONN_AGAIN   20000             /* microseconds until it is opened */


typedef struct {
    int       fd;                      /* -1: closed */
    int       port;
    int64_t   again;                   /* when to open it */
    size_t    len;
    char      buf[CONN_BUFFER];        /* what has come and is not used yet */
} conn_t;


/* microseconds of a clock that never goes back */
int64_t now(void);

/* writes what failed, and errno; ends the program */
void die(const char *what) __attribute__((noreturn));

/* opens it, without waiting for that; its events in "epoll" have "data" */
void conn_open(conn_t *c, int epoll, void *data);

void conn_close(conn_t *c);

/* writes all of it, or closes the connection; 1 or 0 */
int conn_put(conn_t *c, const char *text, size_t len);

/*
 * Reads what has come, and ends it with '\0'.  Returns 0 if there is nothing,
 * which may have closed the connection.
 */
int conn_take(conn_t *c);

/* forgets what stands before "from" in the buffer */
void conn_keep(conn_t *c, const char *from);


#endif /* CONN_H_INCLUDED */


/*
 * Preloaded into nginx: allocations of one process fail.
 *
 * The file that NOMEM names is shared with the test, and has four 64-bit
 * numbers: the process, the first and the last of its allocations that are to
 * fail, and how many there have been since the first number was set.
 */


#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>


typedef struct {
    uint64_t  pid;
    uint64_t  first;
    uint64_t  last;
    uint64_t  count;
} nomem_t;


extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static volatile nomem_t  *nomem;


__attribute__((constructor)) static void
nomem_init(void)
{
    int          fd;
    void        *p;
    const char  *name;

    name = getenv("NOMEM");
    fd = name != NULL ? open(name, O_RDWR) : -1;

    if (fd == -1) {
        return;
    }

    p = mmap(NULL, sizeof(nomem_t), PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);

    if (p != MAP_FAILED) {
        nomem = p;
    }
}


static int
nomem_fails(void)
{
    uint64_t  n;

    if (nomem == NULL || nomem->pid == 0
        || nomem->pid != (uint64_t) getpid())
    {
        return 0;
    }

    n = ++nomem->count;

    if (n < nomem->first || n > nomem->last) {
        return 0;
    }

    errno = ENOMEM;
    return 1;
}


void *
malloc(size_t size)
{
    return nomem_fails() ? NULL : __libc_malloc(size);
}


void *
calloc(size_t n, size_t size)
{
    return nomem_fails() ? NULL : __libc_calloc(n, size);
}


void *
realloc(void *p, size_t size)
{
    return nomem_fails() ? NULL : __libc_realloc(p, size);
}


int
posix_memalign(void **p, size_t alignment, size_t size)
{
    void  *block;

    block = nomem_fails() ? NULL : __libc_memalign(alignment, size);

    if (block == NULL) {
        return ENOMEM;
    }

    *p = block;
    return 0;
}

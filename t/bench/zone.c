
/*
 * How long a get holds the lock of the zone, and waits for it: the code of the
 * zone itself with nginx's own mutex, in one process and in two.  How long it
 * takes to see that what a process remembers is unchanged, without the lock.
 * And how long its state file takes.
 *
 *     zone [seconds [records ...]]
 *
 * Hold and wait are measured around ngx_shmtx_lock() and ngx_shmtx_unlock(),
 * which the linker wraps.  A throughput is of a run without these clocks.
 */

#include "ngx_household_zone_state_test.h"

#include <sched.h>
#include <sys/sysinfo.h>
#include <time.h>


#define PROCS      2
#define VALUE      131
#define BUCKETS    65536
#define BYTES      256
#define WARM       2000000

/* accounts that a process remembers */
#define REMEMBERED 1000

/* the model: gets of a request, requests of a core, a line between cores */
#define GETS       2
#define REQUESTS   10000
#define TRANSFER   100.0


typedef struct {
    uint64_t  gets;
    double    wall;
    double    cpu;
    uint32_t  hold[BUCKETS];
    uint32_t  wait[BUCKETS];
} result_t;


typedef struct {
    ngx_atomic_t  ready;
    result_t      results[PROCS];
} board_t;


typedef void (*work_pt)(ngx_household_zone_ns_t *ns, ngx_uint_t records,
    uint64_t *seed, ngx_uint_t n);


void __real_ngx_shmtx_lock(ngx_shmtx_t *mtx);
void __real_ngx_shmtx_unlock(ngx_shmtx_t *mtx);
void __wrap_ngx_shmtx_lock(ngx_shmtx_t *mtx);
void __wrap_ngx_shmtx_unlock(ngx_shmtx_t *mtx);


static board_t   *board;
static result_t  *timed;
static uint64_t   locked;
static uint64_t   overhead;
static double     tick;


static double
now(clockid_t clock)
{
    struct timespec  ts;

    clock_gettime(clock, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}


static uint64_t
ticks(void)
{
#if (__x86_64__)
    uint32_t  lo, hi;

    __asm__ volatile ("rdtscp" : "=a" (lo), "=d" (hi) : : "ecx", "memory");

    return ((uint64_t) hi << 32) | lo;
#else
    return now(CLOCK_MONOTONIC) * 1e9;
#endif
}


static void
add(uint32_t *histogram, uint64_t n)
{
    n = n > overhead ? n - overhead : 0;

    histogram[ngx_min(n, BUCKETS - 1)]++;
}


void
__wrap_ngx_shmtx_lock(ngx_shmtx_t *mtx)
{
    uint64_t  start;

    if (timed == NULL) {
        __real_ngx_shmtx_lock(mtx);
        return;
    }

    start = ticks();
    __real_ngx_shmtx_lock(mtx);
    locked = ticks();

    add(timed->wait, locked - start);
}


void
__wrap_ngx_shmtx_unlock(ngx_shmtx_t *mtx)
{
    if (timed) {
        add(timed->hold, ticks() - locked);
    }

    __real_ngx_shmtx_unlock(mtx);
}


/* the length of a tick in nanoseconds, and the cost of reading two */

static void
calibrate(void)
{
    double      start;
    uint64_t    t, n;
    ngx_uint_t  i;

    start = now(CLOCK_MONOTONIC);
    t = ticks();

    while (now(CLOCK_MONOTONIC) - start < 0.05) { /* void */ }

    tick = (now(CLOCK_MONOTONIC) - start) * 1e9 / (ticks() - t);
    overhead = (uint64_t) -1;

    for (i = 0; i < 10000; i++) {
        t = ticks();
        n = ticks() - t;
        overhead = ngx_min(overhead, n);
    }
}


static double
quantile(uint32_t *histogram, double q)
{
    uint64_t    sum, total;
    ngx_uint_t  i;

    total = 0;

    for (i = 0; i < BUCKETS; i++) {
        total += histogram[i];
    }

    sum = 0;

    for (i = 0; i < BUCKETS - 1; i++) {
        sum += histogram[i];

        if (sum > q * total) {
            break;
        }
    }

    return i * tick;
}


static ngx_str_t *
account(ngx_uint_t n)
{
    static u_char     buf[64];
    static ngx_str_t  id;

    id.data = buf;
    id.len = ngx_sprintf(buf, "%08xi-0000-4000-8000-00000000000a",
                         (ngx_int_t) n) - buf;

    return &id;
}


static ngx_household_zone_ns_t *
fill(ngx_uint_t records)
{
    u_char                    value[VALUE];
    ngx_str_t                *id;
    ngx_uint_t                i, n;
    ngx_household_zone_ns_t  *ns;

    n = records * BYTES + 65536;
    n = (n + ngx_pagesize - 1) / ngx_pagesize * ngx_pagesize;

    ns = state_declare(n, "main", ACCOUNT);
    ns->tracked = 0;

    if (zone_start(ns->zone) != NGX_OK) {
        exit(1);
    }

    memset(value, 7, sizeof(value));

    for (i = 0; i < records; i++) {
        id = account(i);
        (void) ngx_household_zone_put(ns, id, value, VALUE, 0,
                                ngx_household_zone_get_generation(ns, id), 1,
                                NGX_HOUSEHOLD_ZONE_TIME_MAX, STALE);
    }

    return ns;
}


static void
gets(ngx_household_zone_ns_t *ns, ngx_uint_t records, uint64_t *seed,
    ngx_uint_t n)
{
    u_char                       value[NGX_HOUSEHOLD_ZONE_VALUE_MAX];
    ngx_household_zone_result_t  result;

    while (n--) {
        *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;

        if (ngx_household_zone_get(ns, account((*seed >> 33) % records), 2,
                                   value, sizeof(value), &result)
            != NGX_HOUSEHOLD_ZONE_HIT)
        {
            fprintf(stderr, "zone: a record is missing\n");
            exit(1);
        }
    }
}


/* what a request does for an account that its process remembers */

static void
checks(ngx_household_zone_ns_t *ns, ngx_uint_t records, uint64_t *seed,
    ngx_uint_t n)
{
    u_char                       value[NGX_HOUSEHOLD_ZONE_VALUE_MAX];
    ngx_uint_t                   i;
    ngx_household_zone_result_t  result;

    static ngx_household_zone_mark_t  marks[REMEMBERED];

    for (i = 0; i < REMEMBERED && marks[i].until == 0; i++) {
        (void) ngx_household_zone_get(ns, account(i), 2, value, sizeof(value),
                                      &result);
        marks[i] = result.mark;
    }

    while (n--) {
        if (!ngx_household_zone_unchanged(ns, &marks[n % REMEMBERED], 2)) {
            fprintf(stderr, "zone: a record is missing\n");
            exit(1);
        }
    }
}


static void
process(ngx_household_zone_ns_t *ns, ngx_uint_t records, work_pt work,
    ngx_uint_t i, ngx_uint_t procs, double seconds, ngx_uint_t clocks)
{
    double      start, cpu;
    uint64_t    seed;
    result_t   *r;

    r = &board->results[i];
    seed = 88172645463325252ULL + i;

    ngx_household_zone_start(ns->zone, i);

    work(ns, records, &seed, ngx_min(2 * records, WARM));

    (void) ngx_atomic_fetch_add(&board->ready, 1);

    while (board->ready < procs) {
        sched_yield();
    }

    timed = clocks ? r : NULL;

    start = now(CLOCK_MONOTONIC);
    cpu = now(CLOCK_PROCESS_CPUTIME_ID);

    while (now(CLOCK_MONOTONIC) - start < seconds) {
        work(ns, records, &seed, 1000);
        r->gets += 1000;
    }

    r->wall = now(CLOCK_MONOTONIC) - start;
    r->cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;

    exit(0);
}


/* adds up the results of all processes in the first */

static result_t *
run(ngx_household_zone_ns_t *ns, ngx_uint_t records, work_pt work,
    ngx_uint_t procs, double seconds, ngx_uint_t clocks)
{
    int          status;
    result_t    *sum;
    ngx_uint_t   i, j;

    memset(board, 0, sizeof(board_t));
    fflush(stdout);

    for (i = 0; i < procs; i++) {
        if (fork() == 0) {
            process(ns, records, work, i, procs, seconds, clocks);
        }
    }

    for (i = 0; i < procs; i++) {
        if (wait(&status) < 0 || status != 0) {
            exit(1);
        }
    }

    sum = &board->results[0];

    for (i = 1; i < procs; i++) {
        sum->gets += board->results[i].gets;
        sum->cpu += board->results[i].cpu;

        for (j = 0; j < BUCKETS; j++) {
            sum->hold[j] += board->results[i].hold[j];
            sum->wait[j] += board->results[i].wait[j];
        }
    }

    return sum;
}


/*
 * The lock as a queue of one server, with requests at random and a constant
 * service time: the hold of one process, and the transfer of a line.
 */

static void
model(ngx_uint_t records, double hold)
{
    double      rho, service;
    ngx_uint_t  cores;

    printf("| %lu", (unsigned long) records);

    service = hold + TRANSFER;

    for (cores = 8; cores <= 64; cores *= 2) {
        rho = cores * (double) REQUESTS * GETS * service / 1e9;

        if (rho < 1) {
            printf(" | %.0f %%, %.0f ns", rho * 100,
                   service * rho / (2 * (1 - rho)));

        } else {
            printf(" | saturated");
        }
    }

    printf(" |\n");
}


static double
measure(ngx_uint_t records, double seconds)
{
    double                    hold, last;
    result_t                 *r;
    ngx_uint_t                procs;
    ngx_household_zone_ns_t  *ns;

    ns = fill(records);
    hold = 0;

    for (procs = 1; procs <= PROCS; procs++) {
        r = run(ns, records, gets, procs, seconds, 1);
        last = quantile(r->hold, 0.5);

        if (procs == 1) {
            hold = last;
        }

        printf("| %lu | %lu | %.0f | %.0f | %.0f | %.0f",
               (unsigned long) records, (unsigned long) procs,
               last, quantile(r->hold, 0.99),
               quantile(r->wait, 0.5), quantile(r->wait, 0.99));

        r = run(ns, records, gets, procs, seconds, 0);

        printf(" | %.2f | %.2f |\n", r->gets / r->wall / 1e6,
               r->gets / r->cpu / 1e6);
    }

    zone_stop(ns->zone);

    return hold;
}


static void
remembered(double seconds)
{
    result_t                 *r;
    ngx_uint_t                procs;
    ngx_household_zone_ns_t  *ns;

    ns = fill(REMEMBERED);

    for (procs = 1; procs <= PROCS; procs++) {
        r = run(ns, REMEMBERED, checks, procs, seconds, 0);

        printf("| %lu | %.1f | %.1f |\n", (unsigned long) procs,
               r->gets / r->wall / 1e6, r->cpu * 1e9 / r->gets);
    }

    zone_stop(ns->zone);
}


/* of a save and a restore: the time that passes, and CPU time, in ms */

static void
state(ngx_uint_t records)
{
    size_t                    size;
    double                    wall[4], cpu[4];
    struct stat               st;
    ngx_household_zone_ns_t  *ns;

    ns = fill(records);

    wall[0] = now(CLOCK_MONOTONIC);
    cpu[0] = now(CLOCK_PROCESS_CPUTIME_ID);

    if (ngx_household_zone_state_save(ns->zone->state, 0) != NGX_OK
        || stat(test_path, &st) != 0)
    {
        fprintf(stderr, "zone: %s\n", test_log);
        exit(1);
    }

    wall[1] = now(CLOCK_MONOTONIC);
    cpu[1] = now(CLOCK_PROCESS_CPUTIME_ID);

    size = ns->zone->shm_zone->shm.size;

    zone_stop(ns->zone);
    ns = state_declare(size, "main", ACCOUNT);

    wall[2] = now(CLOCK_MONOTONIC);
    cpu[2] = now(CLOCK_PROCESS_CPUTIME_ID);

    if (zone_start(ns->zone) != NGX_OK || ns->zone->sh->state.restored == 0) {
        fprintf(stderr, "zone: %s\n", test_log);
        exit(1);
    }

    wall[3] = now(CLOCK_MONOTONIC);
    cpu[3] = now(CLOCK_PROCESS_CPUTIME_ID);

    printf("| %lu | %.1f | %.0f | %.0f | %.0f | %.0f |\n",
           (unsigned long) ns->zone->sh->state.restored, st.st_size / 1e6,
           (wall[1] - wall[0]) * 1e3, (cpu[1] - cpu[0]) * 1e3,
           (wall[3] - wall[2]) * 1e3, (cpu[3] - cpu[2]) * 1e3);

    zone_stop(ns->zone);
    (void) unlink(test_path);
}


static int     test_argc;
static char  **test_argv;


static int
run_all(void)
{
    double          hold[16], seconds, load;
    ngx_uint_t      i, n, records[16] = { 1000, 100000, 1000000, 10000000 };
    struct sysinfo  info;

    n = 4;
    seconds = test_argc > 1 ? atof(test_argv[1]) : 1;

    if (test_argc > 2) {
        for (n = 0; n < 16 && test_argv[2 + n]; n++) {
            records[n] = strtoul(test_argv[2 + n], NULL, 10);
        }
    }

    (void) state_setup(NULL);
    calibrate();

    board = mmap(NULL, sizeof(board_t), PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (board == MAP_FAILED || getloadavg(&load, 1) != 1) {
        return 1;
    }

    printf("%d cores, load average %.1f at the start.\n\n", get_nprocs(),
           load);
    printf("| records | processes | hold, ns | p99 | wait, ns | p99 "
           "| million gets/s | per second of CPU |\n"
           "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");

    for (i = 0; i < n; i++) {
        hold[i] = -1;

        if (records[i] == 0 || sysinfo(&info) != 0
            || (uint64_t) info.freeram * info.mem_unit / 2
               < (uint64_t) records[i] * BYTES)
        {
            fprintf(stderr, "zone: not enough memory for %lu records\n",
                    (unsigned long) records[i]);
            continue;
        }

        hold[i] = measure(records[i], seconds);
    }

    printf("\nModel, not measured: %d requests/s a core with %d gets each, "
           "%.0f ns to move\nthe line of the lock to another core. The lock is "
           "in use, and is waited for:\n\n", REQUESTS, GETS, TRANSFER);
    printf("| records | 8 cores | 16 | 32 | 64 |\n"
           "| ---: | ---: | ---: | ---: | ---: |\n");

    for (i = 0; i < n; i++) {
        if (hold[i] >= 0) {
            model(records[i], hold[i]);
        }
    }

    printf("\nOf an account that a process remembers: is it unchanged?\n\n"
           "| processes | million/s | CPU, ns |\n"
           "| ---: | ---: | ---: |\n");

    remembered(seconds);

    printf("\n| records | file, MB | save, ms | CPU | restore, ms | CPU |\n"
           "| ---: | ---: | ---: | ---: | ---: | ---: |\n");

    for (i = 0; i < n; i++) {
        if (hold[i] >= 0) {
            state(records[i]);
        }
    }

    return 0;
}


int
main(int argc, char **argv)
{
    test_argc = argc;
    test_argv = argv;

    return state_run(run_all);
}


/*
 * The state file of a zone, which keeps its records over a restart and a
 * binary upgrade.
 *
 * A zone that is created is filled from the file, before there is a worker
 * process.  What comes back is stale: it is used while Redis is unavailable,
 * and otherwise fetched again.  A file that is not exactly what was written is
 * ignored, and the zone is empty.
 *
 * The file is written from time to time by the process that nginx also has for
 * the files of proxy_cache ("cache manager"), which may wait for a disk, and
 * by the first worker process that exits.
 */


#ifndef _NGX_HOUSEHOLD_ZONE_STATE_H_INCLUDED_
#define _NGX_HOUSEHOLD_ZONE_STATE_H_INCLUDED_


#include "ngx_household_zone.h"
#include "ngx_household_zone_state_format.h"


struct ngx_household_zone_state_s {
    ngx_household_zone_t               *zone;
    ngx_str_t                           file;    /* with NUL */
    u_char                             *temp;    /* the file while written */
    ngx_msec_t                          interval;
    uint32_t                            values;

    /* a save under way */
    ngx_fd_t                            fd;
    uint32_t                            bucket;  /* the next one */
    uint32_t          incarnations[NGX_HOUSEHOLD_ZONE_STATE_NAMESPACES];
    ngx_household_zone_state_writer_t   writer;

    ngx_uint_t                          failed;  /* unsigned  failed:1; */
};


/*
 * Configuration time.  Keeps the state of the zone in "file", which ends with
 * a NUL, and writes it every "interval" milliseconds.  "values" is the number
 * of the layout of the values: a file with another one is ignored.  Returns
 * NGX_OK, or NGX_ERROR if an allocation fails.
 */
ngx_int_t ngx_household_zone_state_add(ngx_conf_t *cf,
    ngx_household_zone_t *zone, ngx_str_t *file, ngx_msec_t interval,
    uint32_t values);

/*
 * To be called when a configuration takes effect: the states of its zones, an
 * array of pointers or NULL, are written from now on, and those of the former
 * configuration no more.  Returns NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_household_zone_state_init(ngx_cycle_t *cycle,
    ngx_array_t *zones);

/* to be called when a worker process starts, for a zone of its configuration */
void ngx_household_zone_state_start(ngx_household_zone_t *zone);

/*
 * To be called when a worker process exits: writes the file, if the process is
 * the first one, and nginx exits.
 */
void ngx_household_zone_state_exit(ngx_household_zone_t *zone);


/* the handler of a path of nginx: does a part of a save, if one is due */
ngx_msec_t ngx_household_zone_state_manage(void *data);

/* writes the file at once; "sync": waits for the disk.  Returns as above. */
ngx_int_t ngx_household_zone_state_save(ngx_household_zone_state_t *state,
    ngx_uint_t sync);


#endif /* _NGX_HOUSEHOLD_ZONE_STATE_H_INCLUDED_ */

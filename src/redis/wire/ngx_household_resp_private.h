
/*
 * Private to the files of the decoder.
 */


#ifndef _NGX_HOUSEHOLD_RESP_PRIVATE_H_INCLUDED_
#define _NGX_HOUSEHOLD_RESP_PRIVATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <hiredis/hiredis.h>
#include "ngx_household_resp.h"
#include "ngx_household_resp_values.h"


/* of a status, an error or an integer; servers send shorter ones */
#define NGX_HOUSEHOLD_RESP_MAX_LINE   4096

#if (HIREDIS_MAJOR >= 1)
#define ngx_household_resp_task(r)    ((r)->task[(r)->ridx])
typedef size_t  ngx_household_resp_elements_t;
#else
#define ngx_household_resp_task(r)    (&(r)->rstack[(r)->ridx])
typedef int  ngx_household_resp_elements_t;
#endif


struct ngx_household_resp_s {
    redisReader                 *reader;
    ngx_household_resp_limits_t  limits;

    /* of a long bulk string: bytes for the reader, then bytes to discard */
    size_t                       pass;
    size_t                       skip;

    /* the bytes that were fed last */
    u_char                      *fed_end;
    size_t                       nfed;

    /* the reply being read, or the last one returned */
    ngx_household_resp_values_t  values;

    size_t                       peak;  /* maximum of reader->len */
    const char                  *error;

    unsigned                     given:1;  /* the reply was returned */
};


/*
 * _objects.c: the object functions of the reader, whose "privdata" is the
 * decoder.  They return NULL, and set resp->error, to reject a reply.
 */
extern redisReplyObjectFunctions  ngx_household_resp_functions;

/* returns the type of the value that is being read, or 0 if it is of RESP3 */
ngx_household_resp_type_e ngx_household_resp_type(const redisReadTask *task);


extern const char  ngx_household_resp_resp3[];
extern const char  ngx_household_resp_long_line[];
extern const char  ngx_household_resp_long_bulk[];
extern const char  ngx_household_resp_no_memory[];


#endif /* _NGX_HOUSEHOLD_RESP_PRIVATE_H_INCLUDED_ */

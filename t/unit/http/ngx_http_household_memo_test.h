
/*
 * For the units of ngx_http_household_memo.c: records that are looked for and
 * kept as requests do.
 */

#ifndef _NGX_HTTP_HOUSEHOLD_MEMO_TEST_H_INCLUDED_
#define _NGX_HTTP_HOUSEHOLD_MEMO_TEST_H_INCLUDED_


#include "ngx_household_zone_test.h"
#include "ngx_http_household_memo.h"


#define SIZE  (64 * 4096)

#define RECORD  NGX_HTTP_HOUSEHOLD_MEMO_RECORD


static ngx_http_household_memo_found_t
found_of(ngx_household_zone_ns_t *store, const char *id)
{
    ngx_http_household_memo_found_t  it;

    ngx_http_household_memo_find(RECORD, store, id_of(id), &it);

    return it;
}


static void *
bucket_of(const char *id)
{
    return found_of(NULL, id).bucket;
}


/* 1 if there is a value, fresh or not */

static ngx_uint_t
known(ngx_household_zone_ns_t *store, const char *id)
{
    return found_of(store, id).value != NULL;
}


static ngx_http_household_memo_value_t *
find(ngx_household_zone_ns_t *store, const char *id)
{
    ngx_http_household_memo_found_t  it;

    it = found_of(store, id);

    return ngx_http_household_memo_fresh(&it);
}


/* what a request does that finds nothing: a hit of the zone is offered */

static ngx_http_household_memo_value_t *
keep(ngx_household_zone_ns_t *store, const char *id)
{
    ngx_http_household_memo_found_t   it;
    ngx_http_household_memo_value_t  *value;

    assert_int_equal(get(store, id, ngx_current_msec), HIT);

    it = found_of(store, id);
    value = ngx_http_household_memo_keep(&it, store, id_of(id), (u_char *) got,
                                         found.len, &found.mark);

    assert_ptr_equal(it.value, value);

    return value;
}


/* stores a record, and has it kept, at the second time at the latest */

static ngx_http_household_memo_value_t *
kept(ngx_household_zone_ns_t *store, const char *id, const char *value)
{
    ngx_http_household_memo_value_t  *v;

    assert_int_equal(fetch(store, id, value, ngx_current_msec), NGX_OK);

    v = keep(store, id);

    if (v == NULL) {
        v = keep(store, id);
    }

    assert_non_null(v);
    assert_ptr_equal(find(store, id), v);
    assert_memory_equal(v->data, value, strlen(value));

    return v;
}


#endif /* _NGX_HTTP_HOUSEHOLD_MEMO_TEST_H_INCLUDED_ */

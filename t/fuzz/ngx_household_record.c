
/*
 * Fuzzes the builder of records, and then the lookups on what it built.
 *
 * A line of the input is a home network, or a field and its value with a tab
 * between.  Each line then serves as an address and as an id to look up.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_record.h"


#define FUZZ_NOW  1700000000
#define FUZZ_IDS  NGX_HOUSEHOLD_RECORD_DEVICES

#define fuzz_check(condition)  if (!(condition)) { abort(); }


typedef void (*fuzz_line_pt)(ngx_str_t *line, void *data);


static ngx_household_record_builder_t  builder;


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* each line in memory of its own, so that no byte beyond is read unseen */

static void
fuzz_lines(const uint8_t *data, size_t size, fuzz_line_pt handler, void *ctx)
{
    ngx_str_t       line;
    const uint8_t  *p, *last, *end;

    p = data;
    last = data + size;

    while (p < last) {
        end = memchr(p, '\n', last - p);

        if (end == NULL) {
            end = last;
        }

        line.len = end - p;
        line.data = malloc(line.len + 1);
        fuzz_check(line.data != NULL);

        /* and at its end: what is before the line is not part of it either */

        ngx_memcpy(line.data + 1, p, line.len);
        line.data++;

        handler(&line, ctx);

        free(line.data - 1);

        p = end + 1;
    }
}


static void
fuzz_add(ngx_str_t *line, void *data)
{
    u_char                  *tab;
    ngx_str_t                name, value;
    ngx_household_record_t   before;

    before = builder.u.record;

    tab = ngx_strlchr(line->data, line->data + line->len, '\t');

    if (tab == NULL) {
        ngx_household_record_builder_add_home(&builder, line);

    } else {
        name.len = tab - line->data;
        name.data = line->data;
        value.len = line->len - name.len - 1;
        value.data = tab + 1;

        ngx_household_record_builder_add_field(&builder, &name, &value);
    }

    fuzz_check(builder.u.record.exists);
    fuzz_check(builder.u.record.size <= NGX_HOUSEHOLD_RECORD_SIZE);
    fuzz_check(builder.networks <= NGX_HOUSEHOLD_RECORD_NETWORKS);
    fuzz_check(builder.devices <= NGX_HOUSEHOLD_RECORD_DEVICES);

    /* what is malformed adds nothing */

    if (builder.u.record.malformed != before.malformed) {
        before.malformed++;
        before.exists = 1;

        if (tab == NULL && before.set_size != 0xffff) {
            before.set_size++;
        }

        fuzz_check(ngx_memcmp(&before, &builder.u.record, sizeof(before))
                   == 0);
    }
}


static void
fuzz_inside(const ngx_household_record_t *rec, ngx_str_t *str)
{
    fuzz_check(str->len >= 1 && str->len <= NGX_HOUSEHOLD_ID_LEN);
    fuzz_check(str->data > (u_char *) rec);
    fuzz_check(str->data + str->len <= (u_char *) rec + rec->size);
    fuzz_check(ngx_strlchr(str->data, str->data + str->len, ':') == NULL);
}


static void
fuzz_look(ngx_str_t *line, void *data)
{
    u_char                  *tab, buf[NGX_HOUSEHOLD_ID_LEN];
    u_char                   text[FUZZ_IDS * NGX_HOUSEHOLD_UUID_LEN];
    int64_t                  time;
    ngx_str_t                id, name, ids[FUZZ_IDS];
    ngx_uint_t               i, n, paid;
    ngx_household_seen_t     seen[NGX_HOUSEHOLD_SEEN_MAX];
    ngx_household_place_t    places[2];
    ngx_household_record_t  *rec;
    ngx_household_network_t  net, found;

    rec = data;

    if (ngx_household_network_parse(&net, line->data, line->len) == NGX_OK) {

        /* it was added as a home */

        fuzz_check(ngx_household_record_home(rec, &net.addr, 64, &found));
        fuzz_check(ngx_household_network_match(&found, &net.addr, 64));

        n = ngx_household_record_extra(rec, &net.addr, 64, FUZZ_NOW, NULL, 0,
                                       places);
        fuzz_check(n <= 1);

        if (n) {
            fuzz_check(ngx_household_network_match(&places[0].network,
                                                   &net.addr, 64));
            fuzz_inside(rec, &places[0].seat);
            fuzz_check(places[0].until > FUZZ_NOW);
            fuzz_check(ngx_household_record_seat_paid(rec, &places[0].seat,
                                                      FUZZ_NOW));
            fuzz_check(ngx_household_record_seats_taken(rec, FUZZ_NOW) > 0);
        }

        (void) ngx_household_record_learn_days(rec, &net, 64, FUZZ_NOW, &time);
    }

    paid = ngx_household_record_seat_paid(rec, line, FUZZ_NOW);
    fuzz_check(!paid || ngx_household_record_seats_taken(rec, FUZZ_NOW) > 0);

    /* the id of a device or grant, or any other line as one */

    id = *line;
    tab = ngx_strlchr(line->data, line->data + line->len, '\t');

    if (tab != NULL) {
        id.len = tab - id.data;
    }

    if (id.len >= 7
        && (ngx_memcmp(id.data, "device:", 7) == 0
            || ngx_memcmp(id.data, "member:", 7) == 0
            || ngx_memcmp(id.data, "travel:", 7) == 0))
    {
        id.data += 7;
        id.len -= 7;
    }

    n = ngx_household_record_seen(rec, &id, seen);
    fuzz_check(n <= NGX_HOUSEHOLD_SEEN_MAX);
    fuzz_check(n == 0 || (id.len >= 1 && id.len <= NGX_HOUSEHOLD_ID_LEN));

    for (i = 0; i < n; i++) {
        fuzz_check(seen[i].time >= 1);
        fuzz_check(seen[i].time <= NGX_HOUSEHOLD_TIME_MAX);

        if (seen[i].seat.len != 0) {
            fuzz_inside(rec, &seen[i].seat);
        }
    }

    name.data = buf;

    if (ngx_household_record_oldest(rec, &id, &name, seen)) {
        fuzz_check(name.len >= 1 && name.len <= NGX_HOUSEHOLD_ID_LEN);
        fuzz_check(name.len != id.len
                   || ngx_memcmp(name.data, id.data, id.len) != 0);
    }

    (void) ngx_household_record_members(rec, ids, text);
    (void) ngx_household_record_travel(rec, &id, FUZZ_NOW);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t                empty;
    ngx_uint_t               networks;
    ngx_household_record_t  *rec, *copy;

    ngx_household_record_builder_start(&builder, FUZZ_NOW);
    fuzz_lines(data, size, fuzz_add, NULL);

    rec = ngx_household_record_builder_finish(&builder);

    if (rec == NULL) {
        return 0;
    }

    copy = malloc(rec->size);
    fuzz_check(copy != NULL);
    ngx_memcpy(copy, rec, rec->size);

    /* with the builder gone, as shared memory has it */

    networks = builder.networks;
    ngx_memset(&builder, 0xa5, sizeof(builder));

    fuzz_lines(data, size, fuzz_look, copy);

    ngx_str_null(&empty);
    (void) ngx_household_record_travel(copy, &empty, FUZZ_NOW);
    (void) ngx_household_record_has_capacity(copy, FUZZ_NOW);

    fuzz_check(ngx_household_record_seats_taken(copy, FUZZ_NOW) <= networks);
    fuzz_check(ngx_household_record_away_days(copy, -1, INT64_MAX)
               <= NGX_HOUSEHOLD_AWAY_KEPT);

    free(copy);

    return 0;
}

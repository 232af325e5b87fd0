
/*
 * Fuzzes lines of an import, and bodies of writes of the API, against an
 * account that has nothing or a little of everything.
 *
 * The first byte of the input selects the account and what is done, "a" to
 * "r".  The id of an item follows, up to a line feed, where there is one; the
 * rest is the line or the body.
 *
 * What is accepted is made in a model of the account.  An edge reads the result
 * with no entry dropped, and the same again is no change.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_account_op.h"
#include "ngx_http_household_api_path.c"
#include "ngx_http_household_api_index.c"
#include "ngx_http_household_api_plan.c"
#include "ngx_http_household_api_plan_edit.c"
#include "ngx_http_household_api_plan_transfer.c"
#include "ngx_http_household_api_check.c"
#include "ngx_http_household_api_line.c"


#define FUZZ_NOW     1700000000
#define FUZZ_BLOCKS  8192
#define FUZZ_FIELDS  2048

#define fuzz_check(condition)  if (!(condition)) { abort(); }


typedef struct {
    ngx_household_account_t        account;
    ngx_str_t                      homes[FUZZ_FIELDS];
    ngx_household_account_field_t  fields[FUZZ_FIELDS];
} fuzz_account_t;


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static ngx_time_t        fuzz_time = { FUZZ_NOW, 0, 0 };
volatile ngx_time_t     *ngx_cached_time = &fuzz_time;

volatile ngx_cycle_t    *ngx_cycle;

static ngx_pool_t        fuzz_pool;
static void             *fuzz_blocks[FUZZ_BLOCKS];
static ngx_uint_t        fuzz_nblocks;

static fuzz_account_t    fuzz_from, fuzz_to;

static ngx_household_record_builder_t  fuzz_builder;


/* not called, but nginx's strings refer to it */

void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    return malloc(size);
}


/* each allocation is a block of its own, so that no byte beyond it is used */

void *
ngx_pnalloc(ngx_pool_t *pool, size_t size)
{
    void  *p;

    p = malloc(size ? size : 1);

    fuzz_check(p != NULL && fuzz_nblocks < FUZZ_BLOCKS);
    fuzz_blocks[fuzz_nblocks++] = p;

    return p;
}


void *
ngx_palloc(ngx_pool_t *pool, size_t size)
{
    return ngx_pnalloc(pool, size);
}


static void
fuzz_free(void)
{
    while (fuzz_nblocks) {
        free(fuzz_blocks[--fuzz_nblocks]);
    }
}


static ngx_str_t
fuzz_copy(const void *data, size_t len)
{
    ngx_str_t  text;

    text.len = len;
    text.data = ngx_pnalloc(&fuzz_pool, len);
    memcpy(text.data, data, len);

    return text;
}


/* as an account that was read */

static void
fuzz_sort(fuzz_account_t *a)
{
    qsort(a->homes, a->account.nhomes, sizeof(ngx_str_t),
          ngx_household_account_compare);
    qsort(a->fields, a->account.nfields,
          sizeof(ngx_household_account_field_t),
          ngx_household_account_compare);
}


/* what edit.lua does with an edit: returns the number of changes */

static ngx_uint_t
fuzz_edit(fuzz_account_t *a, ngx_household_account_edit_t *edit)
{
    ngx_uint_t                      i;
    ngx_household_account_field_t  *field;

    if (edit->type == NGX_HOUSEHOLD_ACCOUNT_ADD
        || edit->type == NGX_HOUSEHOLD_ACCOUNT_REMOVE)
    {
        for (i = 0; i < a->account.nhomes; i++) {
            if (ngx_household_str_equal(&a->homes[i], &edit->name)) {
                break;
            }
        }

        if (edit->type == NGX_HOUSEHOLD_ACCOUNT_ADD) {

            if (i < a->account.nhomes) {
                return 0;
            }

            fuzz_check(i < FUZZ_FIELDS);
            a->homes[a->account.nhomes++] = edit->name;
            return 1;
        }

        if (i == a->account.nhomes) {
            return 0;
        }

        a->homes[i] = a->homes[--a->account.nhomes];
        return 1;
    }

    for (i = 0; i < a->account.nfields; i++) {
        if (ngx_household_str_equal(&a->fields[i].name, &edit->name)) {
            break;
        }
    }

    field = &a->fields[i];

    if (edit->type == NGX_HOUSEHOLD_ACCOUNT_UNSET) {

        if (i == a->account.nfields) {
            return 0;
        }

        *field = a->fields[--a->account.nfields];
        return 1;
    }

    if (i == a->account.nfields) {
        fuzz_check(i < FUZZ_FIELDS);
        a->account.nfields++;
        field->name = edit->name;

    } else if (ngx_household_str_equal(&field->value, &edit->value)) {
        return 0;
    }

    field->value = edit->value;

    return 1;
}


static ngx_uint_t
fuzz_make(fuzz_account_t *a, ngx_http_household_api_plan_t *plan)
{
    ngx_uint_t                     i, n;
    ngx_household_account_edit_t  *edit;

    edit = plan->edits.elts;
    n = 0;

    for (i = 0; i < plan->edits.nelts; i++) {
        fuzz_check(edit[i].name.len != 0);
        n += fuzz_edit(a, &edit[i]);
    }

    fuzz_sort(a);

    return n;
}


/* an account that an edge reads whole, a little of everything if "full" */

static void
fuzz_account(fuzz_account_t *a, ngx_uint_t full)
{
    ngx_uint_t                    i;
    ngx_household_account_edit_t  edit;

    static const char  *homes[] = { "192.0.2.7", "2001:db8:1::/48" };

    static const char  *fields[][2] = {
        { "extra:s1:198.51.100.0/24", "1800000000" },
        { "extra:s1:2001:db8:2::/48", "1800000000" },
        { "extra:s2:learn", "0" },
        { "device:tv", "1699999999" },
        { "device:phone", "1699999000:1699999999@s1" },
        { "travel:phone", "1700100000" },
        { "travel:*", "1700000001" },
        { "member:phone", "1" },
        { "country", "FR" },
        { "seats", "2" }
    };

    a->account.homes = a->homes;
    a->account.fields = a->fields;
    a->account.nhomes = 0;
    a->account.nfields = 0;

    if (!full) {
        return;
    }

    edit.type = NGX_HOUSEHOLD_ACCOUNT_ADD;

    for (i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
        edit.name = fuzz_copy(homes[i], strlen(homes[i]));
        fuzz_edit(a, &edit);
    }

    edit.type = NGX_HOUSEHOLD_ACCOUNT_SET;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        edit.name = fuzz_copy(fields[i][0], strlen(fields[i][0]));
        edit.value = fuzz_copy(fields[i][1], strlen(fields[i][1]));
        fuzz_edit(a, &edit);
    }

    fuzz_sort(a);
}


/* as an edge reads it: nothing of it is dropped */

static void
fuzz_read(fuzz_account_t *a)
{
    ngx_uint_t               i;
    ngx_household_record_t  *record;

    ngx_household_record_builder_start(&fuzz_builder, FUZZ_NOW);

    for (i = 0; i < a->account.nhomes; i++) {
        ngx_household_record_builder_add_home(&fuzz_builder, &a->homes[i]);
    }

    for (i = 0; i < a->account.nfields; i++) {
        (void) ngx_household_record_builder_add_field(&fuzz_builder,
                                                      &a->fields[i].name,
                                                      &a->fields[i].value);
    }

    record = ngx_household_record_builder_finish(&fuzz_builder);

    fuzz_check(record != NULL && record->malformed == 0);
}


/* returns 1 if the change was accepted; a fault says what is wrong */

static ngx_uint_t
fuzz_result(ngx_int_t rc, ngx_http_household_api_fault_t *fault)
{
    fuzz_check(rc == NGX_OK || rc == NGX_DECLINED);

    if (rc == NGX_OK) {
        return 1;
    }

    fuzz_check(fault->status == 404 || fault->status == 422);
    fuzz_check(fault->code != NULL && fault->code[0] != '\0');
    fuzz_check(fault->detail != NULL && fault->detail[0] != '\0');
    fuzz_check(fault->pointer == NULL
               || strncmp(fault->pointer, "#/", 2) == 0);

    return 0;
}


/* a change of fuzz_from; returns 1 if it is accepted, and sets "n" */

static ngx_uint_t
fuzz_change(ngx_http_household_api_plan_t *what,
    ngx_http_household_api_line_t *line, ngx_uint_t *n)
{
    ngx_int_t                       rc;
    ngx_http_household_api_plan_t   plan;
    ngx_http_household_api_fault_t  fault;

    memset(&fault, 0, sizeof(fault));

    fuzz_check(ngx_http_household_api_plan_init(&plan, &fuzz_pool,
                                                &fuzz_from.account)
               == NGX_OK);

    if (line != NULL) {
        rc = ngx_http_household_api_line_plan(line, &plan, &fault);

    } else {
        plan.resource = what->resource;
        plan.item = what->item;
        plan.body = what->body;
        plan.remove = what->remove;

        rc = ngx_http_household_api_plan_make(&plan, &fault);
    }

    if (!fuzz_result(rc, &fault)
        || ngx_http_household_api_check(&plan, &fuzz_builder) != NULL)
    {
        return 0;
    }

    *n = fuzz_make(&fuzz_from, &plan);

    fuzz_read(&fuzz_from);

    return 1;
}


static void
fuzz_line(ngx_str_t *text)
{
    ngx_uint_t                      n;
    ngx_http_household_api_line_t   line;
    ngx_http_household_api_fault_t  fault;

    memset(&fault, 0, sizeof(fault));

    if (fuzz_result(ngx_http_household_api_line_parse(&line, text, &fault),
                    &fault))
    {
        fuzz_check(line.account.len && line.account.data == line.bytes);
        fuzz_check(ngx_household_id_valid(&line.account));

        if (fuzz_change(NULL, &line, &n)) {
            fuzz_check(fuzz_change(NULL, &line, &n) && n == 0);
        }
    }

    json_decref(line.body);
}


static void
fuzz_body(ngx_http_household_api_resource_e resource, ngx_uint_t remove,
    ngx_str_t *text)
{
    u_char                         *p;
    ngx_uint_t                      n;
    ngx_http_household_api_plan_t   what;

    memset(&what, 0, sizeof(what));

    what.resource = resource;
    what.remove = remove ? 1 : 0;

    if (resource >= NGX_HTTP_HOUSEHOLD_API_HOME) {

        p = memchr(text->data, '\n', text->len);

        if (p == NULL) {
            return;
        }

        what.item = fuzz_copy(text->data, p - text->data);

        text->len -= p + 1 - text->data;
        text->data = p + 1;

        if (what.item.len == 0 || what.item.len > NGX_HOUSEHOLD_ID_LEN
            || !ngx_household_id_valid(&what.item))
        {
            return;
        }
    }

    what.body = ngx_household_json_parse(text, NULL);

    if (fuzz_change(&what, NULL, &n)) {

        if (remove) {
            fuzz_check(n != 0);
            fuzz_check(!fuzz_change(&what, NULL, &n));

        } else {
            fuzz_check(fuzz_change(&what, NULL, &n) && n == 0);
        }
    }

    json_decref(what.body);
}


/* whoever is moved has a home before and after */

static void
fuzz_transfer(ngx_str_t *text)
{
    json_t                          *body;
    ngx_int_t                        rc;
    ngx_http_household_api_plan_t    from, to;
    ngx_http_household_api_fault_t   fault;

    body = ngx_household_json_parse(text, NULL);

    if (body == NULL) {
        return;
    }

    memset(&fault, 0, sizeof(fault));

    fuzz_check(ngx_http_household_api_plan_init(&from, &fuzz_pool,
                                                &fuzz_from.account)
               == NGX_OK);
    fuzz_check(ngx_http_household_api_plan_init(&to, &fuzz_pool,
                                                &fuzz_to.account)
               == NGX_OK);

    rc = ngx_http_household_api_plan_transfer(&from, &to, body,
                                              &fuzz_builder, &fault);

    if (fuzz_result(rc, &fault)
        && ngx_http_household_api_check(&to, &fuzz_builder) == NULL
        && ngx_http_household_api_check(&from, &fuzz_builder) == NULL)
    {
        (void) fuzz_make(&fuzz_to, &to);
        fuzz_read(&fuzz_to);
        fuzz_check(fuzz_to.account.nhomes != 0);

        fuzz_check(fuzz_make(&fuzz_from, &from) != 0);
        fuzz_read(&fuzz_from);
    }

    json_decref(body);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t   text;
    ngx_uint_t  full, what;

    static const struct {
        ngx_http_household_api_resource_e  resource;
        ngx_uint_t                         remove;
    } bodies[] = {
        { NGX_HTTP_HOUSEHOLD_API_ACCOUNT, 0 },
        { NGX_HTTP_HOUSEHOLD_API_MOVE_HOME, 0 },
        { NGX_HTTP_HOUSEHOLD_API_HOME, 0 },
        { NGX_HTTP_HOUSEHOLD_API_HOME, 1 },
        { NGX_HTTP_HOUSEHOLD_API_SEAT, 0 },
        { NGX_HTTP_HOUSEHOLD_API_DEVICE, 0 },
        { NGX_HTTP_HOUSEHOLD_API_TRAVEL, 0 }
    };

    if (size == 0 || data[0] < 'a' || data[0] > 'r') {
        return 0;
    }

    full = (data[0] - 'a') % 2;
    what = (data[0] - 'a') / 2;

    text = fuzz_copy(data + 1, size - 1);

    fuzz_account(&fuzz_from, full);

    switch (what) {

    case 0:
        fuzz_line(&text);
        break;

    case 1:
        fuzz_account(&fuzz_from, 1);
        fuzz_account(&fuzz_to, full);
        fuzz_transfer(&text);
        break;

    default:
        fuzz_body(bodies[what - 2].resource, bodies[what - 2].remove, &text);
    }

    fuzz_free();

    return 0;
}

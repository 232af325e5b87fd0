
/*
 * The edits of a plan.  See ngx_http_household_api_plan_case.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_str.h"
#include "ngx_household_time.h"
#include "ngx_http_household_api_plan_case.h"


static ngx_uint_t ngx_http_household_api_plan_hash(ngx_str_t *network);
static ngx_household_account_edit_t *ngx_http_household_api_plan_replaced(
    ngx_http_household_api_plan_t *plan, ngx_household_account_edit_e type,
    ngx_str_t *name);
static void ngx_http_household_api_plan_index(
    ngx_http_household_api_plan_t *plan);


ngx_uint_t
ngx_http_household_api_plan_same(ngx_str_t *one, ngx_str_t *two)
{
    ngx_household_network_t  a, b;

    if (ngx_household_str_equal(one, two)) {
        return 1;
    }

    ngx_memzero(&a, sizeof(ngx_household_network_t));
    ngx_memzero(&b, sizeof(ngx_household_network_t));

    return ngx_household_network_parse(&a, one->data, one->len) == NGX_OK
           && ngx_household_network_parse(&b, two->data, two->len) == NGX_OK
           && a.addr.family == b.addr.family
           && a.prefix == b.prefix
           && a.no_prefix == b.no_prefix
           && ngx_memcmp(a.addr.bytes, b.addr.bytes, sizeof(a.addr.bytes))
              == 0;
}


/* without memory for the index, all are compared */

ngx_uint_t
ngx_http_household_api_plan_has(ngx_http_household_api_plan_t *plan,
    ngx_str_t *network)
{
    ngx_str_t                       *homes;
    ngx_uint_t                       i, n, slot;
    ngx_http_household_api_index_t  *index;

    n = plan->account->nhomes;
    homes = plan->account->homes;
    index = &plan->by_network;

    if (index->slots == NULL && n >= NGX_HTTP_HOUSEHOLD_API_INDEX_MIN
        && ngx_http_household_api_index_init(index, plan->pool, n) == NGX_OK)
    {
        for (i = 0; i < n; i++) {
            ngx_http_household_api_index_add(index,
                                   ngx_http_household_api_plan_hash(&homes[i]),
                                   i);
        }
    }

    if (index->slots == NULL) {

        for (i = 0; i < n; i++) {
            if (ngx_http_household_api_plan_same(&homes[i], network)) {
                return 1;
            }
        }

        return 0;
    }

    slot = ngx_http_household_api_plan_hash(network);

    while (ngx_http_household_api_index_next(index, &slot, &i) == NGX_OK) {
        if (ngx_http_household_api_plan_same(&homes[i], network)) {
            return 1;
        }
    }

    return 0;
}


/* the same for all forms of a network */

static ngx_uint_t
ngx_http_household_api_plan_hash(ngx_str_t *network)
{
    ngx_household_network_t  net;
    u_char                   key[sizeof(net.addr.bytes) + 3];

    ngx_memzero(&net, sizeof(ngx_household_network_t));

    if (ngx_household_network_parse(&net, network->data, network->len)
        != NGX_OK)
    {
        return ngx_murmur_hash2(network->data, network->len);
    }

    ngx_memcpy(key, net.addr.bytes, sizeof(net.addr.bytes));

    key[sizeof(net.addr.bytes)] = net.addr.family;
    key[sizeof(net.addr.bytes) + 1] = net.prefix;
    key[sizeof(net.addr.bytes) + 2] = net.no_prefix;

    return ngx_murmur_hash2(key, sizeof(key));
}


ngx_int_t
ngx_http_household_api_plan_unset(ngx_http_household_api_plan_t *plan,
    ngx_str_t *text, ngx_http_household_api_fault_t *f)
{
    ngx_str_t   *name;
    ngx_uint_t   i;

    for (i = 0; i < plan->account->nfields; i++) {

        name = &plan->account->fields[i].name;

        if (!ngx_household_str_equal(name, text)) {
            continue;
        }

        if (ngx_http_household_api_plan_add(plan, NGX_HOUSEHOLD_ACCOUNT_UNSET,
                                            name, NULL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (plan->edits.nelts == 0) {
        return ngx_http_household_api_plan_fault(f, 404,
                                          "not_there", "the account does not "
                                          "have this", NULL);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_household_api_plan_time(ngx_http_household_api_plan_t *plan,
    const char *name, int64_t *time)
{
    json_t     *value;
    ngx_str_t   text;

    value = json_object_get(plan->body, name);

    if (value == NULL) {
        return NGX_DECLINED;
    }

    if (json_is_null(value)) {
        *time = 0;
        return NGX_OK;
    }

    if (!json_is_string(value)) {
        return NGX_ERROR;
    }

    text.data = (u_char *) json_string_value(value);
    text.len = json_string_length(value);

    return ngx_household_time_parse(&text, time) == NGX_OK && *time != 0
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_household_api_plan_number(ngx_http_household_api_plan_t *plan,
    int64_t n, ngx_str_t *text)
{
    text->data = ngx_pnalloc(plan->pool, NGX_INT64_LEN);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    text->len = ngx_sprintf(text->data, "%L", n) - text->data;

    return NGX_OK;
}


ngx_int_t
ngx_http_household_api_plan_join(ngx_http_household_api_plan_t *plan,
    const char *prefix, ngx_str_t *one, const char *middle, ngx_str_t *two,
    ngx_str_t *text)
{
    u_char  *p;
    size_t   prefix_len, middle_len;

    prefix_len = ngx_strlen(prefix);
    middle_len = ngx_strlen(middle);

    text->len = prefix_len + one->len + middle_len + two->len;

    p = ngx_pnalloc(plan->pool, text->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    p = ngx_cpymem(p, prefix, prefix_len);
    p = ngx_household_str_put(p, one);
    p = ngx_cpymem(p, middle, middle_len);
    (void) ngx_household_str_put(p, two);

    return NGX_OK;
}


ngx_int_t
ngx_http_household_api_plan_add(ngx_http_household_api_plan_t *plan,
    ngx_household_account_edit_e type, ngx_str_t *name, ngx_str_t *value)
{
    ngx_uint_t                     added;
    ngx_household_account_edit_t  *edit;

    added = 0;
    edit = ngx_http_household_api_plan_replaced(plan, type, name);

    if (edit == NULL) {
        added = 1;
        edit = ngx_array_push(&plan->edits);
    }

    if (edit == NULL) {
        return NGX_ERROR;
    }

    edit->type = type;
    edit->name = *name;

    if (type == NGX_HOUSEHOLD_ACCOUNT_SET) {
        edit->value = *value;

    } else {
        ngx_str_null(&edit->value);
    }

    if (added) {
        ngx_http_household_api_plan_index(plan);
    }

    return NGX_OK;
}


/*
 * Returns the edit that this one replaces, or NULL: the same, or, as what is
 * removed and then added stays, the opposite.
 */

static ngx_household_account_edit_t *
ngx_http_household_api_plan_replaced(ngx_http_household_api_plan_t *plan,
    ngx_household_account_edit_e type, ngx_str_t *name)
{
    ngx_household_account_edit_e  undone;

    switch (type) {

    case NGX_HOUSEHOLD_ACCOUNT_ADD:
        undone = NGX_HOUSEHOLD_ACCOUNT_REMOVE;
        break;

    case NGX_HOUSEHOLD_ACCOUNT_SET:
        undone = NGX_HOUSEHOLD_ACCOUNT_UNSET;
        break;

    default:
        undone = type;
    }

    return ngx_http_household_api_plan_find(plan, name, type, undone);
}


ngx_household_account_edit_t *
ngx_http_household_api_plan_find(ngx_http_household_api_plan_t *plan,
    ngx_str_t *name, ngx_household_account_edit_e one,
    ngx_household_account_edit_e other)
{
    ngx_uint_t                     i, slot;
    ngx_household_account_edit_t  *edit;

    edit = plan->edits.elts;

    if (plan->by_name.slots == NULL) {

        for (i = 0; i < plan->edits.nelts; i++) {
            if ((edit[i].type == one || edit[i].type == other)
                && ngx_household_str_equal(&edit[i].name, name))
            {
                return &edit[i];
            }
        }

        return NULL;
    }

    slot = ngx_murmur_hash2(name->data, name->len);

    while (ngx_http_household_api_index_next(&plan->by_name, &slot, &i)
           == NGX_OK)
    {
        if ((edit[i].type == one || edit[i].type == other)
            && ngx_household_str_equal(&edit[i].name, name))
        {
            return &edit[i];
        }
    }

    return NULL;
}


/*
 * The last edit is new.  Without memory for a larger index there is none, and
 * all are compared.
 */

static void
ngx_http_household_api_plan_index(ngx_http_household_api_plan_t *plan)
{
    ngx_uint_t                       i, n;
    ngx_household_account_edit_t    *edit;
    ngx_http_household_api_index_t  *index;

    n = plan->edits.nelts;
    index = &plan->by_name;

    if (n < NGX_HTTP_HOUSEHOLD_API_INDEX_MIN) {
        return;
    }

    edit = plan->edits.elts;

    i = n - 1;

    if (index->slots == NULL || ngx_http_household_api_index_full(index)) {

        index->slots = NULL;

        if (ngx_http_household_api_index_init(index, plan->pool, 4 * n)
            != NGX_OK)
        {
            return;
        }

        i = 0;
    }

    for ( /* void */ ; i < n; i++) {
        ngx_http_household_api_index_add(index,
                                         ngx_murmur_hash2(edit[i].name.data,
                                                          edit[i].name.len),
                                         i);
    }
}


ngx_uint_t
ngx_http_household_api_plan_known(json_t *body, const char **names,
    ngx_uint_t n)
{
    json_t      *value;
    const char  *name;
    ngx_uint_t   i;

    json_object_foreach(body, name, value) {

        for (i = 0; i < n; i++) {
            if (ngx_strcmp(name, names[i]) == 0) {
                break;
            }
        }

        if (i == n) {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_http_household_api_plan_fault(ngx_http_household_api_fault_t *f,
    ngx_uint_t status, const char *code, const char *detail,
    const char *pointer)
{
    f->status = status;
    f->code = code;
    f->detail = detail;
    f->pointer = pointer;

    return NGX_DECLINED;
}

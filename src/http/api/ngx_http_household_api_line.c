
/*
 * A line of an import.  See ngx_http_household_api_line.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_household_str.h"
#include "ngx_http_household_api_line.h"


/* entries of a list: an edge reads fewer of an account */
#define NGX_HTTP_HOUSEHOLD_API_LINE_ENTRIES  512


typedef struct {
    const char                         *name;
    const char                         *pointer;
    const char                         *id;        /* NULL: a string */
    ngx_http_household_api_resource_e   resource;
} ngx_http_household_api_line_list_t;


static ngx_int_t ngx_http_household_api_line_account(
    ngx_http_household_api_line_t *line);
static ngx_uint_t ngx_http_household_api_line_known(const char *name);
static ngx_int_t ngx_http_household_api_line_entries(
    const ngx_http_household_api_line_list_t *list, json_t *entries,
    ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_fault_t *fault);
static ngx_int_t ngx_http_household_api_line_each(
    const ngx_http_household_api_line_list_t *list, json_t *entries,
    json_t *ids, ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_fault_t *fault);
static ngx_int_t ngx_http_household_api_line_fault(
    ngx_http_household_api_fault_t *fault, const char *code,
    const char *detail, const char *pointer);


static const ngx_http_household_api_line_list_t
    ngx_http_household_api_line_lists[] =
{
    { "home", "#/home", NULL, NGX_HTTP_HOUSEHOLD_API_HOME },
    { "extra_members", "#/extra_members", "seat",
      NGX_HTTP_HOUSEHOLD_API_SEAT },
    { "devices", "#/devices", "device", NGX_HTTP_HOUSEHOLD_API_DEVICE },
    { "travel", "#/travel", "device", NGX_HTTP_HOUSEHOLD_API_TRAVEL }
};


#define NGX_HTTP_HOUSEHOLD_API_LINE_LISTS                                     \
    (sizeof(ngx_http_household_api_line_lists)                                \
     / sizeof(ngx_http_household_api_line_lists[0]))


ngx_int_t
ngx_http_household_api_line_parse(ngx_http_household_api_line_t *line,
    const ngx_str_t *text, ngx_http_household_api_fault_t *fault)
{
    json_t      *value;
    const char  *name;

    ngx_str_null(&line->account);

    line->body = ngx_household_json_parse_exact(text, NULL);

    if (line->body == NULL) {

        if (ngx_errno == NGX_ENOMEM) {
            return NGX_ERROR;
        }

        return ngx_http_household_api_line_fault(fault, "invalid_json",
                                      "the line is not a JSON object in UTF-8, "
                                      "without duplicate names and numbers "
                                      "of more than 64 bits, at most 16 "
                                      "levels deep", NULL);
    }

    if (ngx_http_household_api_line_account(line) != NGX_OK) {
        return ngx_http_household_api_line_fault(fault, "invalid_id",
                                      "\"account\" is not an id, and \"path\" "
                                      "is not the path of an account",
                                      "#/account");
    }

    json_object_foreach(line->body, name, value) {

        if (!ngx_http_household_api_line_known(name)) {
            return ngx_http_household_api_line_fault(fault, "invalid_value",
                                          "the line has an unknown member",
                                          NULL);
        }
    }

    return NGX_OK;
}


/* "account", or, if that is not UTF-8, "path", as GET shows it */

static ngx_int_t
ngx_http_household_api_line_account(ngx_http_household_api_line_t *line)
{
    ngx_str_t  text;

    line->account.data = line->bytes;

    switch (ngx_household_json_string(line->body, "account", &text)) {

    case NGX_OK:

        if (text.len > NGX_HOUSEHOLD_ID_LEN) {
            return NGX_ERROR;
        }

        line->account.len = text.len;
        ngx_memcpy(line->bytes, text.data, text.len);
        break;

    case NGX_DECLINED:

        if (ngx_household_json_string(line->body, "path", &text) != NGX_OK
            || text.len < sizeof("accounts/") - 1
            || ngx_strncmp(text.data, "accounts/", sizeof("accounts/") - 1)
               != 0)
        {
            return NGX_ERROR;
        }

        text.data += sizeof("accounts/") - 1;
        text.len -= sizeof("accounts/") - 1;

        if (ngx_http_household_api_path_decode(&text, &line->account,
                                               NGX_HOUSEHOLD_ID_LEN)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        break;

    default:
        return NGX_ERROR;
    }

    return line->account.len && ngx_household_id_valid(&line->account)
           ? NGX_OK : NGX_ERROR;
}


static ngx_uint_t
ngx_http_household_api_line_known(const char *name)
{
    ngx_uint_t  i;

    static const char  *names[] = { "account", "path", "country", "seats" };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (ngx_strcmp(name, names[i]) == 0) {
            return 1;
        }
    }

    for (i = 0; i < NGX_HTTP_HOUSEHOLD_API_LINE_LISTS; i++) {
        if (ngx_strcmp(name, ngx_http_household_api_line_lists[i].name) == 0) {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_household_api_line_plan(ngx_http_household_api_line_t *line,
    ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_fault_t *fault)
{
    json_t                                    *entries;
    ngx_int_t                                  rc;
    ngx_uint_t                                 i;
    const ngx_http_household_api_line_list_t  *list;

    plan->resource = NGX_HTTP_HOUSEHOLD_API_ACCOUNT;
    plan->body = line->body;

    rc = ngx_http_household_api_plan_make(plan, fault);

    for (i = 0; i < NGX_HTTP_HOUSEHOLD_API_LINE_LISTS && rc == NGX_OK; i++) {

        list = &ngx_http_household_api_line_lists[i];
        entries = json_object_get(line->body, list->name);

        if (entries == NULL) {
            continue;
        }

        if (!json_is_array(entries)) {
            return ngx_http_household_api_line_fault(fault, "invalid_value",
                                          "the member is not a list",
                                          list->pointer);
        }

        rc = ngx_http_household_api_line_entries(list, entries, plan, fault);
    }

    return rc;
}


static ngx_int_t
ngx_http_household_api_line_entries(
    const ngx_http_household_api_line_list_t *list, json_t *entries,
    ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_fault_t *fault)
{
    json_t     *ids;
    ngx_int_t   rc;

    if (json_array_size(entries) > NGX_HTTP_HOUSEHOLD_API_LINE_ENTRIES) {
        return ngx_http_household_api_line_fault(fault, "invalid_value",
                                      "the list has more than 512 entries",
                                      list->pointer);
    }

    ids = json_object();
    if (ids == NULL) {
        return NGX_ERROR;
    }

    plan->resource = list->resource;

    rc = ngx_http_household_api_line_each(list, entries, ids, plan, fault);

    json_decref(ids);

    return rc;
}


/* "ids" is the set of ids that the list had so far */

static ngx_int_t
ngx_http_household_api_line_each(
    const ngx_http_household_api_line_list_t *list, json_t *entries,
    json_t *ids, ngx_http_household_api_plan_t *plan,
    ngx_http_household_api_fault_t *fault)
{
    size_t       i;
    json_t      *entry, *id;
    ngx_int_t    rc;
    const char  *text;

    json_array_foreach(entries, i, entry) {

        id = list->id ? json_object_get(entry, list->id) : entry;

        text = json_string_value(id);

        plan->item.data = (u_char *) text;
        plan->item.len = json_string_length(id);
        plan->body = entry;

        if (plan->item.data == NULL
            || plan->item.len == 0 || plan->item.len > NGX_HOUSEHOLD_ID_LEN
            || !ngx_household_id_valid(&plan->item))
        {
            return ngx_http_household_api_line_fault(fault, "invalid_value",
                                          "an entry has no valid id",
                                          list->pointer);
        }

        if (list->id != NULL && json_object_get(ids, text) != NULL) {
            return ngx_http_household_api_line_fault(fault, "invalid_value",
                                          "the list has two entries for one id",
                                          list->pointer);
        }

        if (list->id != NULL
            && json_object_set_new_nocheck(ids, text, json_true()) != 0)
        {
            return NGX_ERROR;
        }

        rc = ngx_http_household_api_plan_make(plan, fault);

        if (rc == NGX_DECLINED) {
            /* a pointer within the entry */
            fault->pointer = list->pointer;
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_household_api_line_fault(ngx_http_household_api_fault_t *fault,
    const char *code, const char *detail, const char *pointer)
{
    fault->status = 422;
    fault->code = code;
    fault->detail = detail;
    fault->pointer = pointer;

    return NGX_DECLINED;
}


/*
 * The presence of an account in the API.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_api_presence.h"
#include "ngx_http_household_sharing.h"


static void ngx_http_household_api_presence_device(
    ngx_http_household_api_json_t *json, ngx_household_presence_t *p,
    ngx_uint_t i);
static void ngx_http_household_api_presence_place(
    ngx_http_household_api_json_t *json,
    ngx_household_presence_place_t *place, ngx_uint_t inet6);


void
ngx_http_household_api_presence_show(ngx_http_household_api_json_t *json,
    ngx_str_t *bytes)
{
    ngx_uint_t                 i;
    ngx_household_presence_t  *p;

    p = ngx_palloc(json->pool, sizeof(ngx_household_presence_t));

    if (p == NULL) {
        json->failed = 1;
        return;
    }

    if (bytes->len == 0
        || ngx_household_presence_decode(p, bytes->data, bytes->len) != NGX_OK)
    {
        ngx_http_household_api_json_null(json, "presence");
        return;
    }

    ngx_http_household_api_json_object(json, "presence");

    ngx_http_household_api_json_array(json, "devices");

    for (i = 0; i < p->devices; i++) {
        ngx_http_household_api_presence_device(json, p, i);
    }

    ngx_http_household_api_json_array_end(json);

    ngx_http_household_api_json_array(json, "groups");

    for (i = 0; i < p->groups; i++) {
        ngx_http_household_api_json_object(json, NULL);
        ngx_http_household_api_json_number(json, "group", i + 1);
        ngx_http_household_api_json_time(json, "other_household_since",
                                         p->group[i].since);
        ngx_http_household_api_json_number(json, "evidence_days",
                      p->group[i].conflict / NGX_HOUSEHOLD_PRESENCE_DAY);
        ngx_http_household_api_json_number(json, "meetings",
                      p->group[i].meets / NGX_HOUSEHOLD_PRESENCE_DAY);
        ngx_http_household_api_json_object_end(json);
    }

    ngx_http_household_api_json_array_end(json);
    ngx_http_household_api_json_object_end(json);
}


/* the id is null if only its hash is known, or the place stands for it */

static void
ngx_http_household_api_presence_device(ngx_http_household_api_json_t *json,
    ngx_household_presence_t *p, ngx_uint_t i)
{
    u_char                            text[NGX_HOUSEHOLD_UUID_LEN];
    ngx_str_t                         id;
    ngx_household_presence_device_t  *device;

    device = &p->device[i];

    ngx_http_household_api_json_object(json, NULL);

    if (ngx_household_presence_id_text(&device->id, text, &id.len) == NGX_OK) {
        id.data = text;
        ngx_http_household_api_json_str(json, "device", &id);

    } else {
        ngx_http_household_api_json_null(json, "device");
    }

    ngx_http_household_api_json_bool(json, "member",
                         (device->flags & NGX_HOUSEHOLD_PRESENCE_MEMBER) != 0);
    ngx_http_household_api_json_bool(json, "anchor", p->anchor == i + 1);

    if (device->group) {
        ngx_http_household_api_json_number(json, "group", device->group);

    } else {
        ngx_http_household_api_json_null(json, "group");
    }

    ngx_http_household_api_json_time(json, "met_household", device->met);
    ngx_http_household_api_json_number(json, "days", device->days);

    ngx_http_household_api_json_array(json, "places");
    ngx_http_household_api_presence_place(json, &device->place[0], 0);
    ngx_http_household_api_presence_place(json, &device->place[1], 1);
    ngx_http_household_api_json_array_end(json);

    ngx_http_household_api_json_object_end(json);
}


static void
ngx_http_household_api_presence_place(ngx_http_household_api_json_t *json,
    ngx_household_presence_place_t *place, ngx_uint_t inet6)
{
    u_char                   buf[NGX_HOUSEHOLD_NETWORK_LEN];
    ngx_str_t                text;
    ngx_uint_t               i, n;
    ngx_household_network_t  net;

    if (place->seen == 0) {
        return;
    }

    ngx_memzero(&net, sizeof(ngx_household_network_t));

    n = inet6 ? 8 : 4;

    for (i = 0; i < n; i++) {
        net.addr.bytes[i] = (u_char) (place->key >> 8 * (n - 1 - i));
    }

    net.addr.family = inet6 ? NGX_HOUSEHOLD_FAMILY_INET6
                            : NGX_HOUSEHOLD_FAMILY_INET;
    net.prefix = inet6 ? NGX_HOUSEHOLD_PRESENCE_IPV6 : 32;

    text.data = buf;
    text.len = ngx_household_network_format(&net, 64, buf);

    ngx_http_household_api_json_object(json, NULL);
    ngx_http_household_api_json_str(json, "network", &text);
    ngx_http_household_api_json_time(json, "time", place->seen);
    ngx_http_household_api_json_number(json, "days", place->days);
    ngx_http_household_api_json_object_end(json);
}


ngx_int_t
ngx_http_household_api_presence_ask(ngx_pool_t *pool,
    ngx_http_household_loc_conf_t *hlcf, ngx_household_record_t *rec,
    ngx_str_t *bytes, ngx_household_facts_t *facts, ngx_str_t *detail)
{
    ngx_household_presence_t         *p;
    ngx_household_presence_facts_t    known;
    ngx_household_presence_answer_t   answer;

    facts->sharing = NGX_HOUSEHOLD_SHARING_OFF;
    ngx_str_null(detail);

    if (hlcf->sharing == NULL) {
        return NGX_OK;
    }

    facts->sharing = NGX_HOUSEHOLD_SHARING_NOT_SHARED;

    p = ngx_palloc(pool, sizeof(ngx_household_presence_t));
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (rec == NULL
        || ngx_household_presence_decode(p, bytes->data, bytes->len) != NGX_OK)
    {
        return NGX_OK;
    }

    ngx_memzero(&known, sizeof(ngx_household_presence_facts_t));

    known.addr = facts->addr;
    known.now = facts->now;
    known.device = facts->device;
    known.seats = ngx_household_record_seats_taken(rec, facts->now);

    if (ngx_http_household_sharing_members(pool, rec, &known) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_household_presence_evaluate(hlcf->sharing, &known, p, &answer);

    facts->sharing = ngx_http_household_sharing_fact(answer.reason);

    detail->data = ngx_pnalloc(pool, NGX_HOUSEHOLD_PRESENCE_DETAIL);
    if (detail->data == NULL) {
        return NGX_ERROR;
    }

    detail->len = ngx_household_presence_detail(&answer, detail->data);

    return NGX_OK;
}


/*
 * Unit of ngx_http_household_offer.c and ngx_http_household_problem.c: which
 * offer is made, and the documents, those that are prepared and the others.
 *
 * Links: ngx_http_household_{offer,problem}.c, ngx_household_reason.c, and of
 * nginx src/core/ngx_{array,string}.c.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_household_pool_test.h"
#include "ngx_http_household_offer.h"
#include "ngx_http_household_problem.h"


#define HEAD  "{\"type\":\"about:blank\",\"title\":\"Forbidden\","             \
              "\"status\":403,\"reason\":\""


static ngx_http_request_t             request;
static ngx_http_household_ctx_t       ctx;
static ngx_http_household_loc_conf_t  conf;
static ngx_array_t                    offers;
static ngx_http_household_offer_t     all[8];

static ngx_uint_t   evaluated;         /* variables */
static ngx_uint_t   broken;            /* unsigned  broken:1; all of them */

/* of a value that has variables: the text stands for what they give */
static void        *variables[1];


ngx_int_t
ngx_http_complex_value(ngx_http_request_t *r, ngx_http_complex_value_t *val,
    ngx_str_t *value)
{
    if (broken) {
        return NGX_ERROR;
    }

    evaluated += val->lengths != NULL;
    *value = val->value;

    return NGX_OK;
}


static int
setup(void **data)
{
    memset(&request, 0, sizeof(request));
    memset(&ctx, 0, sizeof(ctx));
    memset(&conf, 0, sizeof(conf));
    memset(all, 0, sizeof(all));

    memset(&offers, 0, sizeof(offers));
    offers.elts = all;

    pool_start();

    evaluated = 0;
    broken = 0;

    return 0;
}


static ngx_str_t
text_of(const char *text)
{
    ngx_str_t  s;

    s.len = text != NULL ? strlen(text) : 0;
    s.data = (u_char *) text;

    return s;
}


/* as "household_offer" does; a url in parentheses has variables */

static ngx_http_household_offer_t *
offer_of(const char *country, const char *price, const char *url,
    const char *verify)
{
    ngx_http_household_offer_t  *offer;

    offer = &all[offers.nelts++];

    if (country != NULL) {
        memcpy(offer->country, country, 2);
    }

    offer->price = text_of(price);
    offer->currency = text_of(price ? "EUR" : NULL);
    offer->url.value = text_of(url);
    offer->verify.value = text_of(verify);

    if (url[0] == '(') {
        offer->url.value.data++;
        offer->url.value.len -= 2;
        offer->url.lengths = variables;
    }

    assert_int_equal(ngx_http_household_offer_prepare(NULL, offer), NGX_OK);
    assert_int_equal(offer->fixed, url[0] != '(');

    conf.offers = &offers;
    conf.offer_default = ngx_http_household_offer_find(conf.offers,
                                                       (u_char *) "\0\0");

    return offer;
}


/* the url of the offer that is made; "country" of the account, or NULL */

static const char *
chosen(ngx_uint_t free_seat, const char *country, const char *client)
{
    static char  url[128];

    memset(&ctx, 0, sizeof(ctx));

    ctx.offer = &all[7];
    ctx.offer_state = text_of("of another offer");
    ctx.decision.free_seat = free_seat;

    if (country != NULL) {
        memcpy(ctx.decision.country, country, 2);
    }

    if (client != NULL) {
        memcpy(ctx.country, client, 2);
    }

    assert_int_equal(ngx_http_household_offer_choose(&request, &conf, &ctx),
                     NGX_OK);
    assert_int_equal(ctx.offer_state.len, 0);

    if (ctx.offer == NULL) {
        return NULL;
    }

    sprintf(url, "%.*s %.*s", (int) ctx.offer_url.len,
            (char *) ctx.offer_url.data, (int) ctx.verify_url.len,
            (char *) ctx.verify_url.data);

    return url;
}


static void
test_find(void **data)
{
    ngx_http_household_offer_t  *fr, *fallback, *rf;

    assert_null(ngx_http_household_offer_find(NULL, (u_char *) "FR"));

    fr = offer_of("FR", NULL, "https://fr/", NULL);
    assert_null(conf.offer_default);

    rf = offer_of("RF", NULL, "https://rf/", NULL);
    fallback = offer_of(NULL, NULL, "https://default/", NULL);
    (void) offer_of("FB", NULL, "https://fb/", NULL);

    assert_ptr_equal(conf.offer_default, fallback);
    assert_ptr_equal(ngx_http_household_offer_find(&offers, (u_char *) "FR"),
                     fr);
    assert_ptr_equal(ngx_http_household_offer_find(&offers, (u_char *) "RF"),
                     rf);
    assert_null(ngx_http_household_offer_find(&offers, (u_char *) "FX"));
    assert_null(ngx_http_household_offer_find(&offers, (u_char *) "BR"));
}


static void
test_choose(void **data)
{
    assert_null(chosen(1, "FR", "FR"));

    (void) offer_of("FR", "1", "https://fr/", "https://fr/v");

    assert_null(chosen(1, "DE", NULL));
    assert_null(chosen(1, NULL, NULL));
    assert_null(chosen(0, "FR", NULL));

    (void) offer_of(NULL, "2", "https://all/", NULL);
    (void) offer_of("GB", "3", "(https://gb/)", "https://gb/v");
    (void) offer_of("IT", NULL, "()", "https://it/v");

    assert_string_equal(chosen(1, "FR", NULL), "https://fr/ https://fr/v");
    assert_string_equal(chosen(1, "FR", "GB"), "https://fr/ https://fr/v");
    assert_string_equal(chosen(1, NULL, "FR"), "https://fr/ https://fr/v");
    assert_string_equal(chosen(1, "DE", "FR"), "https://all/ ");
    assert_string_equal(chosen(1, NULL, NULL), "https://all/ ");
    assert_string_equal(chosen(0, "FR", "FR"), "https://all/ ");
    assert_int_equal(evaluated, 0);

    assert_string_equal(chosen(1, "GB", NULL), "https://gb/ https://gb/v");
    assert_int_equal(evaluated, 1);

    /* an empty url: the default one instead */

    assert_string_equal(chosen(1, "IT", NULL), "https://all/ ");
    assert_int_equal(evaluated, 2);
}


static void
test_choose_empty(void **data)
{
    (void) offer_of("FR", "1", "()", NULL);
    assert_null(chosen(1, "FR", NULL));

    (void) offer_of(NULL, "1", "()", NULL);
    assert_null(chosen(1, "FR", NULL));
    assert_null(chosen(0, "FR", NULL));
}


static void
test_choose_error(void **data)
{
    (void) offer_of("FR", "1", "(https://fr/)", NULL);
    (void) offer_of(NULL, "1", "(https://all/)", NULL);

    broken = 1;

    ctx.decision.free_seat = 1;
    memcpy(ctx.decision.country, "FR", 2);
    assert_int_equal(ngx_http_household_offer_choose(&request, &conf, &ctx),
                     NGX_ERROR);

    ctx.decision.free_seat = 0;
    assert_int_equal(ngx_http_household_offer_choose(&request, &conf, &ctx),
                     NGX_ERROR);

    /* no memory for the escaped url */

    broken = 0;
    test_pool_left = 0;
    assert_int_equal(ngx_http_household_offer_choose(&request, &conf, &ctx),
                     NGX_ERROR);
}


static void
assert_document(ngx_http_household_offer_t *offer, ngx_uint_t free_seat,
    ngx_household_reason_e reason, ngx_uint_t status, const char *expected)
{
    ngx_str_t  text;

    ctx.offer = offer;
    ctx.decision.reason = reason;
    ctx.decision.free_seat = free_seat;

    if (offer != NULL) {
        assert_int_equal(ngx_http_household_offer_choose(&request, &conf,
                                                         &ctx),
                         NGX_OK);
        assert_ptr_equal(ctx.offer, offer);
    }

    assert_int_equal(ngx_http_household_problem_text(&request, &ctx, status,
                                                     &text),
                     NGX_OK);
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.data, expected, text.len);
}


static void
test_document(void **data)
{
    ngx_uint_t                   before;
    ngx_http_household_offer_t  *offer;

    assert_document(NULL, 0, NGX_HOUSEHOLD_REASON_OUTSIDE, 403,
                    HEAD "outside\"}\r\n");
    assert_document(NULL, 0, NGX_HOUSEHOLD_REASON_REVOKED, 401,
                    "{\"type\":\"about:blank\",\"title\":\"Unauthorized\","
                    "\"status\":401,\"reason\":\"revoked\"}\r\n");
    assert_document(NULL, 0, NGX_HOUSEHOLD_REASON_KEYS_UNAVAILABLE, 503,
                    "{\"type\":\"about:blank\",\"title\":"
                    "\"Service Unavailable\",\"status\":503,"
                    "\"reason\":\"keys_unavailable\"}\r\n");
    assert_document(NULL, 0, NGX_HOUSEHOLD_REASON_TOKEN_MISSING, 407,
                    "{\"type\":\"about:blank\",\"title\":"
                    "\"Proxy Authentication Required\",\"status\":407,"
                    "\"reason\":\"token_missing\"}\r\n");

    offer = offer_of(NULL, "5.99", "https://a/?b\"c d", "https://v/");

    assert_int_equal(offer->link.len,
                     strlen("<https://a/?b%22c%20d>; rel=\"payment\""));
    assert_memory_equal(offer->link.data,
                        "<https://a/?b%22c%20d>; rel=\"payment\"",
                        offer->link.len);

    before = test_pool_n;

    assert_document(offer, 1, NGX_HOUSEHOLD_REASON_OUTSIDE, 403,
                    HEAD "outside\",\"offer\":{\"kind\":\"extra_member\","
                    "\"price\":\"5.99\",\"currency\":\"EUR\","
                    "\"period\":\"month\",\"url\":\"https://a/?b%22c%20d\","
                    "\"verify\":\"https://v/\"}}\r\n");
    assert_document(offer, 0, NGX_HOUSEHOLD_REASON_UNREGISTERED, 403,
                    HEAD "unregistered\",\"offer\":{\"kind\":\"household\","
                    "\"url\":\"https://a/?b%22c%20d\","
                    "\"verify\":\"https://v/\"}}\r\n");

    /* nothing was made for these, but for another reason there is */

    assert_int_equal(test_pool_n, before);

    assert_document(offer, 0, NGX_HOUSEHOLD_REASON_ROLLOUT, 403,
                    HEAD "rollout\",\"offer\":{\"kind\":\"household\","
                    "\"url\":\"https://a/?b%22c%20d\","
                    "\"verify\":\"https://v/\"}}\r\n");

    assert_true(test_pool_n > before);
}


/* each prepared document is the one that is made if there are variables */

static void
test_document_prepared(void **data)
{
    ngx_str_t                    prepared, made;
    ngx_uint_t                   i, price, verify, reason, free_seat;
    ngx_http_household_offer_t  *offer, plain;

    static const char  *urls[] = {
        "https://www.example.tv/household", "/relative", "https://x/\"\\\t ",
        "https://x/\xc3\xa9" };

    static const ngx_uint_t  statuses[] = { 401, 403, 503 };

    for (i = 0; i < test_count(urls) * test_count(statuses); i++) {
        for (price = 0; price < 2; price++) {
            for (verify = 0; verify < 2; verify++) {

                (void) pool_end(NULL);
                (void) setup(NULL);

                offer = offer_of(NULL, price ? "12.5" : NULL,
                                 urls[i % test_count(urls)],
                                 verify ? urls[0] : NULL);

                plain = *offer;
                plain.fixed = 0;
                memset(plain.documents, 0, sizeof(plain.documents));

                for (reason = 0; reason < NGX_HOUSEHOLD_REASONS; reason++) {
                    for (free_seat = 0; free_seat < 2; free_seat++) {

                        ctx.decision.reason = reason;
                        ctx.decision.free_seat = free_seat;

                        conf.offer_default = offer;

                        assert_int_equal(
                            ngx_http_household_offer_choose(&request, &conf,
                                                            &ctx), NGX_OK);
                        assert_int_equal(
                            ngx_http_household_problem_text(&request, &ctx,
                                statuses[i / test_count(urls)], &prepared),
                            NGX_OK);

                        conf.offer_default = &plain;

                        assert_int_equal(
                            ngx_http_household_offer_choose(&request, &conf,
                                                            &ctx), NGX_OK);
                        assert_int_equal(
                            ngx_http_household_problem_text(&request, &ctx,
                                statuses[i / test_count(urls)], &made),
                            NGX_OK);

                        assert_int_equal(prepared.len, made.len);
                        assert_memory_equal(prepared.data, made.data,
                                            made.len);
                    }
                }
            }
        }
    }
}


static void
test_no_memory(void **data)
{
    ngx_str_t                    text;
    ngx_uint_t                   n;
    ngx_http_household_offer_t  *offer;

    offer = offer_of(NULL, "1", "https://a/", "https://v/");

    for (n = 0; n < 100; n++) {
        test_pool_left = n;

        if (ngx_http_household_offer_prepare(NULL, offer) == NGX_OK) {
            break;
        }
    }

    /* two urls, a link, the offer twice and four documents */

    assert_int_equal(n, 9);

    test_pool_left = 0;

    ctx.decision.reason = NGX_HOUSEHOLD_REASON_ROLLOUT;
    assert_int_equal(ngx_http_household_problem_text(&request, &ctx, 403,
                                                     &text),
                     NGX_ERROR);

    ctx.offer = offer;
    assert_int_equal(ngx_http_household_problem_text(&request, &ctx, 403,
                                                     &text),
                     NGX_ERROR);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_find, setup, pool_end),
        cmocka_unit_test_setup_teardown(test_choose, setup, pool_end),
        cmocka_unit_test_setup_teardown(test_choose_empty, setup, pool_end),
        cmocka_unit_test_setup_teardown(test_choose_error, setup, pool_end),
        cmocka_unit_test_setup_teardown(test_document, setup, pool_end),
        cmocka_unit_test_setup_teardown(test_document_prepared, setup,
                                        pool_end),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, pool_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}


/*
 * Units of ngx_household_redis_cluster_parse.c.
 */


#include "ngx_household_test.h"
#include "ngx_household_redis_cluster_parse.h"


#define A(n, d)  { NGX_HOUSEHOLD_RESP_ARRAY, d, n, 0, ngx_null_string }
#define I(n, d)  { NGX_HOUSEHOLD_RESP_INTEGER, d, 0, n, ngx_null_string }
#define S(s, d)  { NGX_HOUSEHOLD_RESP_BULK, d, 0, 0, ngx_string(s) }
#define N(d)     { NGX_HOUSEHOLD_RESP_NIL, d, 0, 0, ngx_null_string }
#define E(s)     { NGX_HOUSEHOLD_RESP_ERROR, 0, 0, 0, ngx_string(s) }

#define test_reply(v)  { v, sizeof(v) / sizeof(v[0]), 0 }


/* all that an entry holds, as text */

static void
test_entries(ngx_household_resp_reply_t *reply, const char *expected)
{
    char                                  text[1024], *p;
    ngx_uint_t                            i;
    ngx_household_redis_cluster_addr_t    addr;
    ngx_household_redis_cluster_entry_t   entry;

    assert_null(ngx_household_redis_cluster_parse_check(reply));

    p = text;
    *p = '\0';

    for (i = 1; i < reply->nvalues; /* void */) {
        i = ngx_household_redis_cluster_parse_entry(reply, i, &entry);

        p += sprintf(p, "%d-%d", (int) entry.from, (int) entry.to);

        while (ngx_household_redis_cluster_parse_node(&entry, &addr)
               == NGX_OK)
        {
            p += sprintf(p, " [%.*s]/%.*s:%d", (int) addr.host.len,
                         (char *) addr.host.data, (int) addr.ip.len,
                         (char *) addr.ip.data, addr.port);
        }

        p += sprintf(p, ";");
    }

    assert_string_equal(text, expected);
}


static void
test_slots(void **state)
{
    ngx_household_resp_value_t  v[] = {
        A(3, 0),
        A(4, 1), I(0, 2), I(5460, 2),
            A(4, 2), S("10.0.0.1", 3), I(6379, 3), S("id", 3), A(0, 3),
            A(4, 2), S("10.0.0.2", 3), I(6380, 3), S("id", 3),
                A(2, 3), S("hostname", 4), S("two.example", 4),
        A(3, 1), I(5461, 2), I(5461, 2),
            A(2, 2), S("::1", 3), I(1, 3),
        A(2, 1), I(16383, 2), I(16383, 2)
    };
    ngx_household_resp_reply_t  reply = test_reply(v);

    test_entries(&reply,
                 "0-5460 [10.0.0.1]/:6379 [10.0.0.2]/:6380;"
                 "5461-5461 [::1]/:1;16383-16383;");
}


/* each form in which a node may leave out its address */

static void
test_hosts(void **state)
{
    ngx_household_resp_value_t  v[] = {
        A(1, 0),
        A(8, 1), I(0, 2), I(1, 2),
            A(2, 2), S("", 3), I(1, 3),
            A(4, 2), N(3), I(2, 3), S("id", 3), A(0, 3),
            A(4, 2), N(3), I(3, 3), S("id", 3),
                A(2, 3), S("ip", 4), S("10.0.0.3", 4),
            A(4, 2), S("?", 3), I(4, 3), S("id", 3),
                A(4, 3), S("hostname", 4), S("", 4),
                    S("ip", 4), S("10.0.0.4", 4),
            A(4, 2), S("?", 3), I(5, 3), S("id", 3), A(0, 3),
            A(4, 2), S("six.example", 3), I(6, 3), S("id", 3),
                A(2, 3), S("ip", 4), S("10.0.0.6", 4)
    };
    ngx_household_resp_reply_t  reply = test_reply(v);

    test_entries(&reply,
                 "0-1 []/:1 []/:2 []/10.0.0.3:3 [10.0.0.4]/10.0.0.4:4 []/:5 "
                 "[six.example]/10.0.0.6:6;");
}


/* a node that makes no sense is passed over */

static void
test_nodes_malformed(void **state)
{
    ngx_household_resp_value_t  v[] = {
        A(1, 0),
        A(8, 1), I(0, 2), I(1, 2),
            A(1, 2), S("a", 3),
            A(2, 2), S("b", 3), I(0, 3),
            A(2, 2), S("c", 3), I(65536, 3),
            A(2, 2), I(1, 3), I(1, 3),
            S("d", 2),
            A(2, 2), S("e", 3), S("1", 3),
            A(2, 2), S("good", 3), I(65535, 3)
    };
    ngx_household_resp_reply_t  reply = test_reply(v);

    test_entries(&reply, "0-1 [good]/:65535;");
}


static void
test_check(void **state)
{
    ngx_uint_t  i;

    static ngx_household_resp_value_t  empty[] = { A(0, 0) };
    static ngx_household_resp_value_t  status[] = { I(1, 0) };
    static ngx_household_resp_value_t  over[] = {
        A(1, 0), A(2, 1), I(0, 2), I(16384, 2)
    };
    static ngx_household_resp_value_t  under[] = {
        A(1, 0), A(2, 1), I(-1, 2), I(1, 2)
    };
    static ngx_household_resp_value_t  back[] = {
        A(1, 0), A(2, 1), I(2, 2), I(1, 2)
    };
    static ngx_household_resp_value_t  cut[] = { A(1, 0), A(1, 1), I(2, 2) };
    static ngx_household_resp_value_t  flat[] = { A(1, 0), I(1, 1) };

    static struct {
        ngx_household_resp_reply_t   reply;
        const char                  *err;
    } cases[] = {
        { test_reply(empty), "empty CLUSTER SLOTS reply" },
        { test_reply(status), "invalid CLUSTER SLOTS reply" },
        { test_reply(over), "invalid CLUSTER SLOTS reply" },
        { test_reply(under), "invalid CLUSTER SLOTS reply" },
        { test_reply(back), "invalid CLUSTER SLOTS reply" },
        { test_reply(cut), "invalid CLUSTER SLOTS reply" },
        { test_reply(flat), "invalid CLUSTER SLOTS reply" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(
            ngx_household_redis_cluster_parse_check(&cases[i].reply),
            cases[i].err);
    }

    cases[0].reply.too_large = 1;
    assert_string_equal(
        ngx_household_redis_cluster_parse_check(&cases[0].reply),
        "too large CLUSTER SLOTS reply");
}


static void
test_redirect(void **state)
{
    ngx_str_t                            s;
    ngx_uint_t                           i, slot;
    ngx_household_redis_cluster_addr_t   addr;

    static struct {
        const char  *error;
        int          slot;          /* -1: malformed */
        const char  *host;
        int          port;
    } cases[] = {
        { "MOVED 3999 127.0.0.1:6381", 3999, "127.0.0.1", 6381 },
        { "ASK 0 a.example:1", 0, "a.example", 1 },
        { "MOVED 16383 ::1:65535", 16383, "::1", 65535 },
        { "MOVED 1 :6381", 1, "", 6381 },
        { "MOVED 1 ?:6381", 1, "", 6381 },
        { "MOVED 16384 a:1", -1, NULL, 0 },
        { "MOVED -1 a:1", -1, NULL, 0 },
        { "MOVED x a:1", -1, NULL, 0 },
        { "MOVED 1 a:0", -1, NULL, 0 },
        { "MOVED 1 a:65536", -1, NULL, 0 },
        { "MOVED 1 a:", -1, NULL, 0 },
        { "MOVED 1 a", -1, NULL, 0 },
        { "MOVED 1", -1, NULL, 0 },
        { "MOVED", -1, NULL, 0 },
        { "", -1, NULL, 0 },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        s.len = strlen(cases[i].error);
        s.data = test_copy(cases[i].error, s.len);

        if (cases[i].slot < 0) {
            assert_int_equal(
                ngx_household_redis_cluster_parse_redirect(&s, &slot, &addr),
                NGX_ERROR);

        } else {
            assert_int_equal(
                ngx_household_redis_cluster_parse_redirect(&s, &slot, &addr),
                NGX_OK);
            assert_int_equal(slot, cases[i].slot);
            assert_int_equal(addr.port, cases[i].port);
            assert_int_equal(addr.host.len, strlen(cases[i].host));
            assert_memory_equal(addr.host.data, cases[i].host, addr.host.len);
        }

        free(s.data);
    }
}


static void
test_slotless(void **state)
{
    char                                 found[256], *p;
    u_char                              *copy;
    ngx_str_t                            text;
    ngx_household_redis_cluster_addr_t   addr;

    static const char  nodes[] =
        "id1 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-5460\n"
        "id2 10.0.0.2:6379@16379,two.example master - 0 0 2 connected\n"
        "id3 10.0.0.3:6379@16379 slave id1 0 0 1 connected\n"
        "id4 10.0.0.4:6379@16379 master - 0 0 4 connected [9-<-id1]\n"
        "id5 :0@0 master,noaddr - 0 0 5 disconnected\n"
        "id6 10.0.0.6:6379@16379 master,fail - 0 0 6 disconnected\n"
        "id7 10.0.0.7:6379@16379 handshake - 0 0 0 connected\n"
        "id8 ::1:6380@16380 master,fail? - 0 0 8 connected\n"
        "id9 :6381 myself,master - 0 0 9 connected\n"
        "short\n"
        "\n";

    copy = test_copy(nodes, sizeof(nodes) - 1);

    text.data = copy;
    text.len = sizeof(nodes) - 1;

    p = found;
    *p = '\0';

    while (ngx_household_redis_cluster_parse_slotless(&text, &addr)
           == NGX_OK)
    {
        p += sprintf(p, "%.*s:%d ", (int) addr.host.len,
                     (char *) addr.host.data, addr.port);
    }

    assert_string_equal(found,
                        "10.0.0.2:6379 10.0.0.4:6379 ::1:6380 :6381 ");

    free(copy);
}


static void
test_moving(void **state)
{
    u_char      *copy;
    ngx_str_t    text, moving;
    ngx_uint_t   i;

    static const struct {
        const char  *nodes;
        const char  *moving;
    } cases[] = {
        { "", "" },
        { "short\n", "" },
        { "id1 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-5460\n",
          "" },
        { "id1 10.0.0.1:6379@16379 myself,master - 0 0 1 connected", "" },
        { "id1 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-9 "
          "[7->-id2] [93-<-id3]\n"
          "id2 10.0.0.2:6379@16379 master - 0 0 2 connected [11-<-id4]\n",
          "[7->-id2] [93-<-id3]" },

        /* of other nodes it is not told, and must not be read */

        { "id2 10.0.0.2:6379@16379 master - 0 0 2 connected [11-<-id4]\n"
          "id1 10.0.0.1:6379@16379 myself,slave id2 0 0 1 connected\n", "" },
        { "id2 10.0.0.2:6379@16379 master - 0 0 2 connected 12-14\n"
          "id1 ::1:6379@16379 myself,master - 0 0 1 connected [7->-id2]",
          "[7->-id2]" },
        { "id1 [::1]:6379@16379,[name] myself,master - 0 0 1 connected 1\n",
          "" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

        copy = test_copy(cases[i].nodes, strlen(cases[i].nodes));

        text.data = copy;
        text.len = strlen(cases[i].nodes);

        ngx_household_redis_cluster_parse_moving(&text, &moving);

        assert_int_equal(moving.len, strlen(cases[i].moving));

        if (moving.len) {
            assert_memory_equal(moving.data, cases[i].moving, moving.len);
        }

        free(copy);
    }
}


static void
test_cut_off(void **state)
{
    u_char      *copy;
    ngx_str_t    text;
    ngx_uint_t   i;

#define ME      "id1 10.0.0.1:1@2 myself,master - 0 0 1 connected 0-5460\n"
#define TWO     "id2 10.0.0.2:1@2 master - 0 0 2 connected 5461-10922\n"
#define TWO_Q   "id2 10.0.0.2:1@2 master,fail? - 0 0 2 disconnected 5461-9\n"
#define TWO_F   "id2 10.0.0.2:1@2 master,fail - 0 0 2 disconnected 5461-9\n"
#define THREE   "id3 10.0.0.3:1@2 master - 0 0 3 connected 10923-16383\n"
#define THREE_Q "id3 10.0.0.3:1@2 master,fail? - 0 0 3 connected 10923-16383\n"

    static const struct {
        const char  *nodes;
        ngx_uint_t   cut_off;
    } cases[] = {
        { "", 0 },
        { "short\n", 0 },
        { ME, 0 },
        { ME TWO, 0 },
        { ME TWO THREE, 0 },

        /* one of two is no majority, one of three can be missed */

        { ME TWO_Q, 1 },
        { ME TWO_Q THREE, 0 },
        { ME TWO_F THREE, 0 },
        { ME TWO_Q THREE_Q, 1 },
        { ME TWO_F THREE_Q, 1 },

        /* neither replicas have a vote, nor primaries without hash slots */

        { ME TWO_Q THREE "id4 10.0.0.4:1@2 slave,fail? id1 0 0 1 connected\n"
          "id5 10.0.0.5:1@2 slave,fail id2 0 0 2 disconnected\n", 0 },
        { ME TWO_Q THREE "id4 10.0.0.4:1@2 master,fail? - 0 0 4 connected\n"
          "id5 10.0.0.5:1@2 master,fail? - 0 0 5 connected [7-<-id1]\n", 0 },
        { ME TWO_Q THREE_Q "id4 10.0.0.4:1@2 master - 0 0 4 connected\n"
          "id5 10.0.0.5:1@2 slave id2 0 0 2 connected\n", 1 },

        /* as a replica sees it */

        { "id4 10.0.0.4:1@2 myself,slave id2 0 0 1 connected\n"
          TWO_Q THREE_Q, 1 },
        { "id4 10.0.0.4:1@2 myself,slave id2 0 0 1 connected\n"
          "id1 10.0.0.1:1@2 master - 0 0 1 connected 0-5460\n"
          TWO_Q THREE, 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

        copy = test_copy(cases[i].nodes, strlen(cases[i].nodes));

        text.data = copy;
        text.len = strlen(cases[i].nodes);

        assert_int_equal(ngx_household_redis_cluster_parse_cut_off(&text),
                         cases[i].cut_off);
        free(copy);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_nodes_malformed),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_redirect),
        cmocka_unit_test(test_slotless),
        cmocka_unit_test(test_moving),
        cmocka_unit_test(test_cut_off)
    };

    return cmocka_run_group_tests_name("ngx_household_redis_cluster_parse",
                                       tests, NULL, NULL);
}

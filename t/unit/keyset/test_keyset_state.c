
/*
 * Unit of ngx_household_keyset_state.c: when the file is written, and what is
 * not a file.
 *
 * Links: see ngx_household_zone_test.h.
 */

#include "ngx_household_zone_test.h"
#include "ngx_household_keyset_shm.h"

#include <stdlib.h>
#include <unistd.h>


#define SET(kid)                                                              \
    "{\"keys\":[{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"" kid "\","      \
    "\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}]}"


static char            test_dir[1024];
static char            test_path[sizeof(test_dir) + sizeof("/state")];
static ngx_shm_zone_t  test_shm;


/* of nginx */

ngx_fd_t
ngx_open_tempfile(u_char *name, ngx_uint_t persistent, ngx_uint_t access)
{
    return open((const char *) name, O_CREAT|O_EXCL|O_RDWR, access);
}


/* nobody is to wait for a disk */

int
fsync(int fd)
{
    fail();
    return 0;
}


static void
test_file_put(const char *text)
{
    FILE  *file;

    file = fopen(test_path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}


static void
test_file_is(const char *text)
{
    char    buf[1024];
    FILE   *file;
    size_t  n;

    file = fopen(test_path, "r");
    assert_non_null(file);
    n = fread(buf, 1, sizeof(buf) - 1, file);
    assert_int_equal(fclose(file), 0);

    buf[n] = '\0';
    assert_string_equal(buf, text);
}


/* a configuration: "old" is the former one, if any */

static void
test_conf_read(ngx_household_keyset_t *keyset, ngx_household_keyset_t *old)
{
    memset(keyset, 0, sizeof(ngx_household_keyset_t));

    ngx_str_set(&keyset->url, "https://id.example.tv/jwks.json");
    keyset->refresh = 600000;
    keyset->state.data = (u_char *) test_path;
    keyset->state.len = strlen(test_path);

    test_log[0] = '\0';
    test_conf.log = &test_log_object;
    assert_int_equal(ngx_household_keyset_read_state(&test_conf, keyset),
                     NGX_OK);

    test_shm.data = keyset;
    assert_int_equal(ngx_household_keyset_shm_init(&test_shm, old), NGX_OK);
}


static void
test_store(ngx_household_keyset_t *keyset, const char *set)
{
    char                   error[NGX_HOUSEHOLD_JWKS_ERROR];
    ngx_str_t              text;
    ngx_household_jwks_t  *jwks;

    text.data = (u_char *) set;
    text.len = strlen(set);

    jwks = ngx_household_jwks_parse(&text, NULL, NULL, error);
    assert_non_null(jwks);
    (void) ngx_household_keyset_shm_store(keyset, &text, jwks);
    ngx_household_jwks_destroy(jwks);
}


static int
test_begin(void **data)
{
    u_char           *p;
    const char       *tmp;
    ngx_slab_pool_t  *sp;

    assert_int_equal(test_setup(data), 0);

    tmp = getenv("TMPDIR");

    (void) snprintf(test_dir, sizeof(test_dir), "%s/household-keyset-XXXXXX",
                    tmp != NULL ? tmp : "/tmp");

    /* fails, too, if the name was cut */

    assert_non_null(mkdtemp(test_dir));
    sprintf(test_path, "%s/state", test_dir);

    memset(&test_shm, 0, sizeof(ngx_shm_zone_t));
    test_shm.shm.size = ngx_align(ngx_household_keyset_shm_size(),
                                  ngx_pagesize);
    test_shm.shm.log = &test_log_object;

    p = aligned_alloc(ngx_pagesize, test_shm.shm.size);
    assert_non_null(p);
    memset(p, 0, test_shm.shm.size);
    test_shm.shm.addr = p;

    sp = (ngx_slab_pool_t *) p;
    sp->end = p + test_shm.shm.size;
    sp->min_shift = 3;
    sp->addr = p;

    assert_int_equal(ngx_shmtx_create(&sp->mutex, &sp->lock, NULL), NGX_OK);
    ngx_slab_init(sp);

    return 0;
}


static int
test_end(void **data)
{
    free(test_shm.shm.addr);

    (void) unlink(test_path);
    (void) rmdir(test_path);
    assert_int_equal(rmdir(test_dir), 0);

    return test_teardown(data);
}


/* each set once */

static void
test_written(void **data)
{
    ngx_household_keyset_t  keyset;

    test_conf_read(&keyset, NULL);
    ngx_household_keyset_write_state(&keyset);
    assert_int_equal(access(test_path, F_OK), -1);

    test_store(&keyset, SET("k1"));
    ngx_household_keyset_write_state(&keyset);
    test_file_is(SET("k1"));

    test_file_put("as it was");
    ngx_household_keyset_write_state(&keyset);
    test_file_is("as it was");

    test_store(&keyset, SET("k2"));
    ngx_household_keyset_write_state(&keyset);
    test_file_is(SET("k2"));
    assert_string_equal(test_log, "");

    /* a process without memory */

    test_store(&keyset, SET("k3"));
    test_no_memory = 1;
    ngx_household_keyset_write_state(&keyset);
    test_no_memory = 0;
    test_file_is(SET("k2"));
    ngx_household_keyset_write_state(&keyset);
    test_file_is(SET("k3"));
}


/* by a file that has been there: the set need not have changed since */

static void
test_reload(void **data)
{
    ngx_household_keyset_t  keyset, next;

    test_conf_read(&keyset, NULL);
    keyset.state.len = 0;
    test_store(&keyset, SET("k1"));
    ngx_household_keyset_write_state(&keyset);
    assert_int_equal(access(test_path, F_OK), -1);

    /* "state" is new */

    test_conf_read(&next, &keyset);
    ngx_household_keyset_write_state(&next);
    test_file_is(SET("k1"));

    /* has the set */

    test_conf_read(&keyset, &next);
    assert_int_equal(keyset.sh->saved, keyset.sh->generation);

    /* has another one, or none that can be used */

    test_file_put(SET("k2"));
    test_conf_read(&next, &keyset);
    ngx_household_keyset_write_state(&next);
    test_file_is(SET("k1"));

    test_file_put("{");
    test_conf_read(&keyset, &next);
    assert_non_null(strstr(test_log, "ignored: line 1"));
    ngx_household_keyset_write_state(&keyset);
    test_file_is(SET("k1"));
}


/* a start takes the set of the file, and need not write it */

static void
test_start(void **data)
{
    ngx_household_keyset_t  keyset;

    test_file_put(SET("k1"));
    test_conf_read(&keyset, NULL);
    assert_int_equal(keyset.sh->generation, 1);
    assert_int_equal(keyset.sh->saved, 1);
}


/* a folder in its place: once in the log, and again when it is gone */

static void
test_cannot_write(void **data)
{
    char                    line[sizeof(test_path) + 256];
    ngx_household_keyset_t  keyset;

    test_conf_read(&keyset, NULL);
    test_store(&keyset, SET("k1"));

    assert_int_equal(mkdir(test_path, 0700), 0);
    sprintf(line, "household keyset \"https://id.example.tv/jwks.json\": state "
                  "file \"%s\" not written: rename() failed", test_path);

    ngx_household_keyset_write_state(&keyset);
    assert_string_equal(test_log, line);

    test_log[0] = '\0';
    ngx_household_keyset_write_state(&keyset);
    test_store(&keyset, SET("k2"));
    ngx_household_keyset_write_state(&keyset);
    assert_string_equal(test_log, "");

    assert_int_equal(rmdir(test_path), 0);
    sprintf(line, "household keyset \"https://id.example.tv/jwks.json\": state "
                  "file \"%s\" written again", test_path);

    ngx_household_keyset_write_state(&keyset);
    assert_string_equal(test_log, line);
    test_file_is(SET("k2"));

    test_log[0] = '\0';
    test_store(&keyset, SET("k3"));
    ngx_household_keyset_write_state(&keyset);
    assert_string_equal(test_log, "");
}


/* a file that cannot be opened does not prevent a start */

static void
test_cannot_open(void **data)
{
    ngx_household_keyset_t  keyset;

    assert_int_equal(symlink(test_path, test_path), 0);

    test_conf_read(&keyset, NULL);
    assert_non_null(strstr(test_log, "ignored: open() failed"));
    assert_int_equal(keyset.initial.len, 0);

    test_store(&keyset, SET("k1"));
    ngx_household_keyset_write_state(&keyset);
    test_file_is(SET("k1"));
}


/* the master process does not wait for a pipe that nobody writes */

static void
test_no_file(void **data)
{
    ngx_household_keyset_t  keyset;

    assert_int_equal(mkfifo(test_path, 0600), 0);

    (void) alarm(60);
    test_conf_read(&keyset, NULL);
    (void) alarm(0);
    assert_non_null(strstr(test_log, "ignored: not a regular file"));

    test_store(&keyset, SET("k1"));
    ngx_household_keyset_write_state(&keyset);
    test_file_is(SET("k1"));

    assert_int_equal(unlink(test_path), 0);
    assert_int_equal(mkdir(test_path, 0700), 0);
    test_conf_read(&keyset, &keyset);
    assert_non_null(strstr(test_log, "ignored: not a regular file"));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_written, test_begin, test_end),
        cmocka_unit_test_setup_teardown(test_reload, test_begin, test_end),
        cmocka_unit_test_setup_teardown(test_start, test_begin, test_end),
        cmocka_unit_test_setup_teardown(test_cannot_write, test_begin,
                                        test_end),
        cmocka_unit_test_setup_teardown(test_cannot_open, test_begin,
                                        test_end),
        cmocka_unit_test_setup_teardown(test_no_file, test_begin, test_end)
    };

    return cmocka_run_group_tests_name("ngx_household_keyset_state", tests,
                                       NULL, NULL);
}

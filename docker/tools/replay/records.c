
/*
 * The snapshot of Redis: a table of accounts, by id or by pseudonym.
 */


#include "replay.h"
#include "ngx_household_hmac.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


/* called for each line of a snapshot */
typedef void (*replay_records_pt)(const char *text, size_t len, void *data);


typedef struct {
    ngx_household_hmac_t                hmac;
    ngx_uint_t                          pseudonyms;
    replay_counts_t                    *counts;
} replay_records_t;


static void replay_records_each(const char *file, replay_records_pt handler,
    void *data);
static void replay_records_line(const char *text, size_t len, void *data);
static void replay_records_check_line(const char *text, size_t len,
    void *data);
static void replay_records_ignored(const ngx_str_t *account,
    const char *kind, const ngx_str_t *entry);
static ngx_int_t replay_records_build(json_t *root, const ngx_str_t *show);
static ngx_household_record_t *replay_records_copy(void);
static void replay_records_key(const char *file, ngx_household_hmac_t *hmac);
static ngx_str_t replay_records_str(json_t *value);
static replay_account_t *replay_records_find(const ngx_str_t *key,
    uint64_t hash);
static replay_account_t *replay_records_add(const ngx_str_t *key,
    uint64_t hash);
static void replay_records_grow(void);
static uint64_t replay_records_hash(const ngx_str_t *key);
static void *replay_records_alloc(size_t size);


static replay_account_t               **table;
static size_t                           size, used;
static ngx_household_record_t          *nothing; /* of unknown accounts */
static ngx_household_record_builder_t   builder;


void
replay_records_read(const char *file, const char *key_file,
    replay_counts_t *counts)
{
    replay_records_t  records;

    ngx_household_record_builder_start(&builder, 0);
    nothing = replay_records_copy();

    memset(&records, 0, sizeof(replay_records_t));

    if (key_file != NULL) {
        records.pseudonyms = 1;
        replay_records_key(key_file, &records.hmac);
    }

    records.counts = counts;

    replay_records_each(file, replay_records_line, &records);
}


uint64_t
replay_records_check(const char *file)
{
    uint64_t  faults;

    faults = 0;

    replay_records_each(file, replay_records_check_line, &faults);

    return faults;
}


static void
replay_records_each(const char *file, replay_records_pt handler, void *data)
{
    char     *text;
    FILE     *in;
    size_t    room;
    ssize_t   n;

    in = strcmp(file, "-") == 0 ? stdin : fopen(file, "r");

    if (in == NULL) {
        replay_die("%s: %s", file, strerror(errno));
    }

    text = NULL;
    room = 0;

    while ((n = getline(&text, &room, in)) >= 0) {
        handler(text, n, data);
    }

    if (ferror(in)) {
        replay_die("%s: %s", file, strerror(errno));
    }

    free(text);
    (void) fclose(in);
}


static void
replay_records_line(const char *text, size_t len, void *data)
{
    replay_records_t *records = data;

    u_char             id[NGX_HOUSEHOLD_HMAC_ID_LEN];
    json_t            *root;
    ngx_str_t          account, key;
    replay_account_t  *a;

    root = json_loadb(text, len, 0, NULL);

    account = replay_records_str(json_object_get(root, "account"));

    if (account.data == NULL || replay_records_build(root, NULL) != NGX_OK) {
        records->counts->snapshot_invalid++;
        json_decref(root);
        return;
    }

    key = account;

    if (records->pseudonyms) {
        key.data = id;
        key.len = sizeof(id);

        if (ngx_household_hmac_id(&records->hmac, &account, id) != NGX_OK) {
            replay_die("a pseudonym cannot be computed");
        }
    }

    a = replay_records_get(&key);
    a->known = 1;
    a->bucket = ngx_household_decide_bucket(&account);
    a->record = replay_records_copy();

    records->counts->snapshot++;

    json_decref(root);
}


static void
replay_records_check_line(const char *text, size_t len, void *data)
{
    uint64_t *faults = data;

    json_t     *root;
    ngx_str_t   account;

    root = json_loadb(text, len, 0, NULL);

    account = replay_records_str(json_object_get(root, "account"));

    if (account.data == NULL || replay_records_build(root, &account) != NGX_OK)
    {
        printf("not an account: %.*s\n", (int) strcspn(text, "\n"), text);
        (*faults)++;

    } else if (ngx_household_record_builder_finish(&builder) == NULL) {
        printf("%.*s: too large\n", (int) account.len, account.data);
        (*faults)++;

    } else if (builder.u.record.malformed) {
        (*faults)++;
    }

    json_decref(root);
}


/* as the edge reads it; "show" prints what is malformed and ignored */

static ngx_int_t
replay_records_build(json_t *root, const ngx_str_t *show)
{
    size_t       i;
    json_t      *home, *fields, *value;
    ngx_str_t    name, text;
    const char  *field;

    home = json_object_get(root, "home");
    fields = json_object_get(root, "fields");

    if (!json_is_array(home) || !json_is_object(fields)) {
        return NGX_DECLINED;
    }

    ngx_household_record_builder_start(&builder, (int64_t) time(NULL));

    json_array_foreach(home, i, value) {
        text = replay_records_str(value);

        if (text.data == NULL) {
            return NGX_DECLINED;
        }

        builder.error = NULL;
        ngx_household_record_builder_add_home(&builder, &text);
        replay_records_ignored(show, "home", &text);
    }

    json_object_foreach(fields, field, value) {
        name.data = (u_char *) field;
        name.len = strlen(field);
        text = replay_records_str(value);

        if (text.data == NULL) {
            return NGX_DECLINED;
        }

        builder.error = NULL;
        (void) ngx_household_record_builder_add_field(&builder, &name, &text);
        replay_records_ignored(show, "field", &name);
    }

    return NGX_OK;
}


static void
replay_records_ignored(const ngx_str_t *account, const char *kind,
    const ngx_str_t *entry)
{
    if (account != NULL && builder.error != NULL) {
        printf("%.*s: %s %.*s: %s\n", (int) account->len, account->data, kind,
               (int) entry->len, entry->data, builder.error);
    }
}


/* returns what was built, or NULL if it is over a limit */

static ngx_household_record_t *
replay_records_copy(void)
{
    ngx_household_record_t  *rec;

    rec = ngx_household_record_builder_finish(&builder);

    return rec != NULL ? memcpy(replay_records_alloc(rec->size), rec,
                                rec->size)
                       : NULL;
}


/* the first line of a file of household_hmac_key */

static void
replay_records_key(const char *file, ngx_household_hmac_t *hmac)
{
    char        line[4096];
    FILE       *in;
    ngx_str_t   key;

    in = fopen(file, "r");

    if (in == NULL || fgets(line, sizeof(line), in) == NULL) {
        replay_die("%s: %s", file, in == NULL ? strerror(errno) : "is empty");
    }

    (void) fclose(in);

    key.data = (u_char *) line;
    key.len = strcspn(line, "\r\n");

    if (ngx_household_hmac_init(hmac, &key) != NGX_OK) {
        replay_die("%s: the key is shorter than %d bytes", file,
                   NGX_HOUSEHOLD_HMAC_KEY_MIN);
    }
}


/* no data: not a string */

static ngx_str_t
replay_records_str(json_t *value)
{
    ngx_str_t  text;

    text.data = (u_char *) json_string_value(value);
    text.len = text.data != NULL ? json_string_length(value) : 0;

    return text;
}


replay_account_t *
replay_records_get(const ngx_str_t *key)
{
    uint64_t           hash;
    replay_account_t  *a;

    hash = replay_records_hash(key);

    a = size != 0 ? replay_records_find(key, hash) : NULL;

    return a != NULL ? a : replay_records_add(key, hash);
}


static replay_account_t *
replay_records_find(const ngx_str_t *key, uint64_t hash)
{
    size_t             i;
    replay_account_t  *a;

    for (i = hash & (size - 1); table[i] != NULL; i = (i + 1) & (size - 1)) {
        a = table[i];

        if (a->hash == hash && a->key.len == key->len
            && memcmp(a->key.data, key->data, key->len) == 0)
        {
            return a;
        }
    }

    return NULL;
}


static replay_account_t *
replay_records_add(const ngx_str_t *key, uint64_t hash)
{
    size_t             i;
    replay_account_t  *a;

    if (2 * used >= size) {
        replay_records_grow();
    }

    a = replay_records_alloc(sizeof(replay_account_t) + key->len);
    memset(a, 0, sizeof(replay_account_t));

    a->key.data = (u_char *) &a[1];
    a->key.len = key->len;
    memcpy(a->key.data, key->data, key->len);
    a->hash = hash;
    a->record = nothing;

    for (i = hash & (size - 1); table[i] != NULL; i = (i + 1) & (size - 1)) {
        /* void */
    }

    table[i] = a;
    used++;

    return a;
}


static void
replay_records_grow(void)
{
    size_t              i, k, n;
    replay_account_t  **grown;

    n = size != 0 ? 2 * size : 1024;

    grown = calloc(n, sizeof(replay_account_t *));
    if (grown == NULL) {
        replay_die("out of memory");
    }

    for (i = 0; i < size; i++) {

        if (table[i] == NULL) {
            continue;
        }

        for (k = table[i]->hash & (n - 1);
             grown[k] != NULL;
             k = (k + 1) & (n - 1))
        {
            /* void */
        }

        grown[k] = table[i];
    }

    free(table);

    table = grown;
    size = n;
}


static uint64_t
replay_records_hash(const ngx_str_t *key)
{
    size_t    i;
    uint64_t  hash, word;

    hash = key->len;

    for (i = 0; i < key->len; i += sizeof(word)) {
        word = 0;
        memcpy(&word, key->data + i, ngx_min(key->len - i, sizeof(word)));

        hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
        hash ^= hash >> 32;
    }

    return hash;
}


/* allocates from chunks, which are never freed */

static void *
replay_records_alloc(size_t len)
{
    void  *p;

    static char    *chunk;
    static size_t   left;

    len = ngx_align(len, sizeof(uint64_t));

    if (len > left) {
        left = ngx_max(len, 1024 * 1024);
        chunk = malloc(left);

        if (chunk == NULL) {
            replay_die("out of memory");
        }
    }

    p = chunk;
    chunk += len;
    left -= len;

    return p;
}

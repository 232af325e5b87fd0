
/*
 * The policy: a file of directives, in the syntax of nginx.conf.
 */


#include "replay.h"
#include "ngx_household_country.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define REPLAY_POLICY_WORDS    300
#define REPLAY_POLICY_PERIOD   366


typedef struct {
    const char              *file;
    ngx_uint_t               line;
    char                    *pos;
    char                    *word[REPLAY_POLICY_WORDS];
    ngx_uint_t               words;
    ngx_household_policy_t  *policy;
    ngx_uint_t               seen;     /* bits of replay_policy_directives */
} replay_policy_file_t;


typedef struct {
    const char              *name;
    void                   (*set)(replay_policy_file_t *f);
} replay_policy_directive_t;


static char *replay_policy_load(const char *file);
static ngx_uint_t replay_policy_next(replay_policy_file_t *f);
static char *replay_policy_word(replay_policy_file_t *f);
static void replay_policy_set(replay_policy_file_t *f);
static void replay_policy_takes(replay_policy_file_t *f, ngx_uint_t min,
    ngx_uint_t max);
static void replay_policy_invalid(replay_policy_file_t *f, const char *word)
    __attribute__((noreturn));
static int64_t replay_policy_seconds(const char *text, const char *last);
static int64_t replay_policy_days(const char *text, const char *last);
static int64_t replay_policy_number(const char *text, int64_t max);
static ngx_uint_t replay_policy_choice(replay_policy_file_t *f,
    ngx_uint_t learn);
static void replay_policy_away(replay_policy_file_t *f);
static void replay_policy_enforce_in(replay_policy_file_t *f);
static void replay_policy_family_unknown(replay_policy_file_t *f);
static void replay_policy_grace(replay_policy_file_t *f);
static void replay_policy_ipv6_prefix(replay_policy_file_t *f);
static void replay_policy_rollout(replay_policy_file_t *f);
static void replay_policy_sharing(replay_policy_file_t *f);
static void replay_policy_trusted_device(replay_policy_file_t *f);
static void replay_policy_unavailable(replay_policy_file_t *f);
static void replay_policy_unregistered(replay_policy_file_t *f);


static const replay_policy_directive_t  replay_policy_directives[] = {
    { "household_away", replay_policy_away },
    { "household_enforce_in", replay_policy_enforce_in },
    { "household_family_unknown", replay_policy_family_unknown },
    { "household_grace", replay_policy_grace },
    { "household_ipv6_prefix", replay_policy_ipv6_prefix },
    { "household_rollout", replay_policy_rollout },
    { "household_sharing", replay_policy_sharing },
    { "household_trusted_device", replay_policy_trusted_device },
    { "household_unavailable", replay_policy_unavailable },
    { "household_unregistered", replay_policy_unregistered },
    { NULL, NULL }
};


void
replay_policy_defaults(ngx_household_policy_t *policy)
{
    memset(policy, 0, sizeof(ngx_household_policy_t));

    policy->mode = NGX_HOUSEHOLD_ON;
    policy->unavailable = NGX_HOUSEHOLD_ALLOW;
    policy->unregistered = NGX_HOUSEHOLD_DENY;
    policy->family_unknown = NGX_HOUSEHOLD_DENY;
    policy->ipv6_prefix = 64;
    policy->rollout = NGX_HOUSEHOLD_ROLLOUT_ALL;
    policy->trusted_device = 31 * NGX_HOUSEHOLD_DAY;
}


void
replay_policy_read(ngx_household_policy_t *policy, const char *file)
{
    replay_policy_file_t  f;

    memset(&f, 0, sizeof(replay_policy_file_t));

    f.file = file;
    f.line = 1;
    f.pos = replay_policy_load(file);
    f.policy = policy;

    while (replay_policy_next(&f)) {
        replay_policy_set(&f);
    }

    /* the text stays: the policy points to none of it, messages do */
}


static char *
replay_policy_load(const char *file)
{
    char    *text;
    FILE    *in;
    size_t   n;

    static const size_t  max = 65536;

    in = fopen(file, "r");
    text = malloc(max + 1);

    if (in == NULL || text == NULL) {
        replay_die("%s: %s", file, strerror(errno));
    }

    n = fread(text, 1, max + 1, in);

    if (ferror(in) || n > max || memchr(text, '\0', n) != NULL) {
        replay_die("%s: not a file of directives", file);
    }

    (void) fclose(in);

    text[n] = '\0';

    return text;
}


/* returns 0 at the end of the file */

static ngx_uint_t
replay_policy_next(replay_policy_file_t *f)
{
    char  *word;

    f->words = 0;

    for ( ;; ) {
        word = replay_policy_word(f);

        if (word == NULL) {
            if (f->words != 0) {
                replay_die("%s:%u: unexpected end of file, expecting \";\"",
                           f->file, (unsigned) f->line);
            }
            return 0;
        }

        if (strcmp(word, ";") == 0) {
            if (f->words == 0) {
                replay_die("%s:%u: unexpected \";\"", f->file,
                           (unsigned) f->line);
            }
            return 1;
        }

        if (f->words == REPLAY_POLICY_WORDS) {
            replay_die("%s:%u: too many words", f->file, (unsigned) f->line);
        }

        f->word[f->words++] = word;
    }
}


/* the next word, ";", or NULL at the end; words are terminated in place */

static char *
replay_policy_word(replay_policy_file_t *f)
{
    char        *word, *p, quote;
    static char  semicolon[] = ";";

    for (p = f->pos; isspace((u_char) *p) || *p == '#'; p++) {

        if (*p == '#') {
            p += strcspn(p, "\n");

            if (*p == '\0') {
                break;
            }
        }

        f->line += (*p == '\n');
    }

    f->pos = p;

    if (*p == '\0') {
        return NULL;
    }

    if (*p == ';') {
        f->pos = p + 1;
        return semicolon;
    }

    if (*p == '"' || *p == '\'') {
        quote = *p;
        word = p + 1;
        p = strchr(word, quote);

        if (p == NULL) {
            replay_die("%s:%u: unexpected end of file, expecting %c", f->file,
                       (unsigned) f->line, quote);
        }

        *p = '\0';
        f->pos = p + 1;

        return word;
    }

    p += strcspn(p, " \t\r\n;");

    word = strndup(f->pos, p - f->pos);
    if (word == NULL) {
        replay_die("out of memory");
    }

    f->pos = p;

    return word;
}


static void
replay_policy_set(replay_policy_file_t *f)
{
    ngx_uint_t  i;

    for (i = 0; replay_policy_directives[i].name != NULL; i++) {

        if (strcmp(f->word[0], replay_policy_directives[i].name) != 0) {
            continue;
        }

        if (f->seen & ((ngx_uint_t) 1 << i)) {
            replay_die("%s:%u: \"%s\" directive is duplicate", f->file,
                       (unsigned) f->line, f->word[0]);
        }

        f->seen |= (ngx_uint_t) 1 << i;
        replay_policy_directives[i].set(f);
        return;
    }

    replay_die("%s:%u: unknown directive \"%s\"", f->file, (unsigned) f->line,
               f->word[0]);
}


static void
replay_policy_takes(replay_policy_file_t *f, ngx_uint_t min, ngx_uint_t max)
{
    if (f->words - 1 < min || f->words - 1 > max) {
        replay_die("%s:%u: invalid number of arguments in \"%s\" directive",
                   f->file, (unsigned) f->line, f->word[0]);
    }
}


static void
replay_policy_invalid(replay_policy_file_t *f, const char *word)
{
    replay_die("%s:%u: invalid value \"%s\" of \"%s\"", f->file,
               (unsigned) f->line, word, f->word[0]);
}


/*
 * A time as nginx takes it, in whole seconds: numbers with units, each smaller
 * than the one before.  Returns -1 if it is none.
 */

static int64_t
replay_policy_seconds(const char *text, const char *last)
{
    int64_t      n, total;
    const char  *unit, *left;

    static const char     units[] = "yMwdhms";
    static const int64_t  seconds[] = {
        365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60, 1
    };

    left = units;
    total = 0;

    if (text == last) {
        return -1;
    }

    while (text < last) {
        n = 0;

        if (!isdigit((u_char) *text)) {
            return -1;
        }

        for ( /* void */ ; text < last && isdigit((u_char) *text); text++) {
            n = n * 10 + *text - '0';

            if (n > INT32_MAX) {
                return -1;
            }
        }

        if (text == last || *text == ' ') {
            unit = units + sizeof(units) - 2;

        } else {
            unit = strchr(left, *text++);
        }

        if (unit == NULL || *unit == '\0') {
            return -1;
        }

        total += n * seconds[unit - units];
        left = unit + 1;

        while (text < last && *text == ' ') {
            text++;
        }
    }

    return total;
}


static int64_t
replay_policy_days(const char *text, const char *last)
{
    int64_t  time;

    time = replay_policy_seconds(text, last);

    return time < 0 || time % NGX_HOUSEHOLD_DAY ? -1
                                                : time / NGX_HOUSEHOLD_DAY;
}


/* returns -1 if it is not a number from 0 to "max" */

static int64_t
replay_policy_number(const char *text, int64_t max)
{
    int64_t  n;

    n = -1;

    for ( /* void */ ; isdigit((u_char) *text); text++) {
        n = (n < 0 ? 0 : n * 10) + *text - '0';

        if (n > max) {
            return -1;
        }
    }

    return *text == '\0' ? n : -1;
}


static ngx_uint_t
replay_policy_choice(replay_policy_file_t *f, ngx_uint_t learn)
{
    if (strcmp(f->word[1], "allow") == 0) {
        return NGX_HOUSEHOLD_ALLOW;
    }

    if (strcmp(f->word[1], "deny") == 0) {
        return NGX_HOUSEHOLD_DENY;
    }

    if (learn && strcmp(f->word[1], "learn") == 0) {
        return NGX_HOUSEHOLD_LEARN;
    }

    replay_policy_invalid(f, f->word[1]);
}


static void
replay_policy_away(replay_policy_file_t *f)
{
    char     *text, *slash;
    int64_t   days, period;

    replay_policy_takes(f, 1, 1);

    text = f->word[1];

    if (strcmp(text, "off") == 0) {
        f->policy->away_days = 0;
        f->policy->away_period = 0;
        return;
    }

    slash = strchr(text, '/');

    if (slash == NULL) {
        replay_policy_invalid(f, text);
    }

    days = replay_policy_days(text, slash);
    period = replay_policy_days(slash + 1, slash + strlen(slash));

    if (days < 1 || days > NGX_HOUSEHOLD_AWAY_MAX || period <= days
        || period > REPLAY_POLICY_PERIOD)
    {
        replay_policy_invalid(f, text);
    }

    f->policy->away_days = days;
    f->policy->away_period = period;
}


static void
replay_policy_enforce_in(replay_policy_file_t *f)
{
    u_char      *list;
    ngx_uint_t   i;

    replay_policy_takes(f, 1, REPLAY_POLICY_WORDS);

    list = malloc(2 * f->words);
    if (list == NULL) {
        replay_die("out of memory");
    }

    for (i = 1; i < f->words; i++) {
        if (ngx_household_country_set(list + 2 * (i - 1),
                                      (u_char *) f->word[i],
                                      strlen(f->word[i]))
            != NGX_OK)
        {
            replay_policy_invalid(f, f->word[i]);
        }
    }

    f->policy->enforce_in.data = list;
    f->policy->enforce_in.len = 2 * (f->words - 1);
}


static void
replay_policy_family_unknown(replay_policy_file_t *f)
{
    replay_policy_takes(f, 1, 1);
    f->policy->family_unknown = replay_policy_choice(f, 0);
}


static void
replay_policy_grace(replay_policy_file_t *f)
{
    replay_policy_takes(f, 1, 1);

    f->policy->grace = replay_policy_seconds(f->word[1],
                                          f->word[1] + strlen(f->word[1]));
    if (f->policy->grace < 0) {
        replay_policy_invalid(f, f->word[1]);
    }
}


static void
replay_policy_ipv6_prefix(replay_policy_file_t *f)
{
    int64_t  n;

    replay_policy_takes(f, 1, 1);

    n = replay_policy_number(f->word[1], 128);

    if (n < 1) {
        replay_policy_invalid(f, f->word[1]);
    }

    f->policy->ipv6_prefix = n;
}


/* at most two decimals, and optionally "%" */

static void
replay_policy_rollout(replay_policy_file_t *f)
{
    char     *p;
    int64_t   n;
    int       decimals;

    replay_policy_takes(f, 1, 1);

    n = 0;
    decimals = -1;

    for (p = f->word[1]; isdigit((u_char) *p) || *p == '.'; p++) {

        if (*p == '.') {
            if (decimals >= 0 || p == f->word[1]) {
                break;
            }
            decimals = 0;
            continue;
        }

        n = n * 10 + *p - '0';
        decimals += (decimals >= 0);

        if (n > NGX_HOUSEHOLD_ROLLOUT_ALL || decimals > 2) {
            replay_policy_invalid(f, f->word[1]);
        }
    }

    if (p == f->word[1] || (*p != '\0' && strcmp(p, "%") != 0)) {
        replay_policy_invalid(f, f->word[1]);
    }

    for (decimals = ngx_max(decimals, 0); decimals < 2; decimals++) {
        n *= 10;
    }

    if (n > NGX_HOUSEHOLD_ROLLOUT_ALL) {
        replay_policy_invalid(f, f->word[1]);
    }

    f->policy->rollout = n;
}


/* a log has no presence: the address alone decides */

static void
replay_policy_sharing(replay_policy_file_t *f)
{
    replay_policy_takes(f, 1, 1);

    if (strcmp(f->word[1], "off") != 0) {
        replay_die("%s:%u: \"household_sharing\" must be \"off\": a log does "
                   "not have what it depends on", f->file, (unsigned) f->line);
    }
}


static void
replay_policy_trusted_device(replay_policy_file_t *f)
{
    replay_policy_takes(f, 1, 1);

    f->policy->trusted_device = replay_policy_seconds(f->word[1],
                                          f->word[1] + strlen(f->word[1]));
    if (f->policy->trusted_device < 0) {
        replay_policy_invalid(f, f->word[1]);
    }
}


static void
replay_policy_unavailable(replay_policy_file_t *f)
{
    replay_policy_takes(f, 1, 1);
    f->policy->unavailable = replay_policy_choice(f, 0);
}


/* the days of evidence are of no importance: nothing is learned here */

static void
replay_policy_unregistered(replay_policy_file_t *f)
{
    int64_t  days;

    replay_policy_takes(f, 1, 2);

    f->policy->unregistered = replay_policy_choice(f, 1);

    if (f->words == 2) {
        return;
    }

    days = strncmp(f->word[2], "days=", 5) == 0
           ? replay_policy_number(f->word[2] + 5, NGX_HOUSEHOLD_LEARN_DAYS)
           : -1;

    if (days < 1 || f->policy->unregistered != NGX_HOUSEHOLD_LEARN) {
        replay_policy_invalid(f, f->word[2]);
    }
}

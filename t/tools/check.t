#!/usr/bin/perl

# Shows each check of check.pl a fault that it must see, in a small tree that
# has none.

use strict;
use warnings;

use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use FindBin;
use Test::More;

my $long = 'x' x 81;
my $module = 'ngx_http_household_module.c';
my $decide = 'src/household/ngx_household_decide.c';
my $reason = 'src/core/ngx_household_reason.c';
my $redis = 'src/redis/ngx_household_redis.c';
my $resp = 'src/redis/wire/ngx_household_resp.c';
my $zone = 'src/zone/ngx_household_zone.c';

my %good = (
    config => "ngx_household_srcs=\"\n    $module\n    $reason\n    $decide\n"
        . "    src/http/conf/ngx_http_household_conf.c\n"
        . "    $redis\n    $resp\n    $zone\n\"\n"
        . "ngx_household_deps=\"\n    src/core/ngx_household_reason.h\n"
        . "    src/core/ngx_household_uuid.h\n"
        . "    src/http/ngx_http_household.h\n"
        . "    src/redis/wire/ngx_household_resp.h\n"
        . "    src/zone/ngx_household_zone.h\n\"\n"
        . "ngx_household_rooms=\"\n    src/core\n    src/household\n"
        . "    src/http\n    src/http/conf\n    src/redis\n"
        . "    src/redis/wire\n    src/zone\n\"\n",
    $module => "#include <ngx_http.h>\n\n"
        . "static ngx_command_t  commands[] = {\n\n"
        . "    { ngx_string(\"household\"),\n"
        . "      NGX_HTTP_MAIN_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,\n"
        . "      0 },\n\n"
        . "    { ngx_string(\"household_store\"),\n      0 },\n\n"
        . "      ngx_null_command\n};\n",
    $decide => "#include <ngx_core.h>\n#include \"ngx_household_uuid.h\"\n",
    $reason => "static ngx_str_t  ngx_household_reasons[N] = {\n"
        . "    [NGX_HOUSEHOLD_REASON_HOME] = ngx_string(\"home\"),\n"
        . "    [NGX_HOUSEHOLD_REASON_OUTSIDE] = ngx_string(\"outside\")\n};\n",
    'src/core/ngx_household_reason.h' => "typedef enum {\n"
        . "    NGX_HOUSEHOLD_REASON_NONE = 0,\n"
        . "    NGX_HOUSEHOLD_REASON_HOME,\n"
        . "    NGX_HOUSEHOLD_REASON_OUTSIDE,\n"
        . "    NGX_HOUSEHOLD_REASONS\n} ngx_household_reason_e;\n",
    $resp => "#include <hiredis/hiredis.h>\n"
        . "/* ngx_household_redis() */\n"
        . "size_t\nngx_household_resp_size(char *p)\n{\n    return 0;\n}\n",
    $redis => "#include <ngx_event.h>\n#include \"ngx_household_resp.h\"\n"
        . "int\nngx_household_redis(void)\n{\n"
        . "    return ngx_household_resp_size(0);\n}\n"
        . "/* \"a comment\" */\nf(\"timed \"\n  \"out\", \"host not found: %V\");\n"
        . "g(\"household redis \\\"%V\\\": gone\");\n",
    'src/core/ngx_household_uuid.h' => "\n",
    'src/redis/wire/ngx_household_resp.h' => "\n",
    'src/http/ngx_http_household.h' => "\n",
    'src/http/conf/ngx_http_household_conf.c' => "#include <ngx_http.h>\n",
    'src/zone/ngx_household_zone.h' => "\n",
    $zone => "#include <ngx_core.h>\n",
    'README.md' => "# The module\n\n[docs](docs/README.md#a-page-of-pages)\n",
    'docs/README.md' => "# A page of `pages`\n\n"
        . "[one](directives.md), [two](verdict.md#reasons),\n"
        . "[three](variables.md), [four](../README.md), [five](failures.md)\n",
    'docs/failures.md' => "| `timed out` | `host not found: ...` |\n\n"
        . "## Redis\n\n| Redis hangs | `timed out` |\n",
    't/tools/check/failures.md' => "| Redis hangs | t/a.t | household on |\n",
    'docs/directives.md' => "| [`household`](#household) | `off` | mode |\n"
        . "| `household_store NAME` |\n\n## household\n\n```\n"
        . "Syntax:  household off | file [a=b | c];\n"
        . "Default: household off;\nContext: http, location\n```\n",
    'docs/variables.md' => "## \$household_reason\n\n| `home`, `outside` | ? |\n"
        . "\n## Other\n\n| `other` |\n",
    'docs/verdict.md' => "## Reasons\n\n| word | |\n| --- | --- |\n"
        . "| `home` | `x` |\n| `outside` | |\n",
    't/a.t' => "household on;\nhousehold_store main;\n",
    't/tools/a.sh' => "#!/bin/bash\nset -eu\necho a\n",
);

# what, the file that is changed, what is put behind it or (a code) done to
# it, what must be said

my @faults = (
    ['pure includes the event layer', $decide, "#include <ngx_event.h>\n",
     qr/decide\.c:3: household is pure and does not include ngx_event\.h/],
    ['pure includes the http layer', $decide, "#include <ngx_http.h>\n",
     qr/decide\.c:3: ngx_http\.h is nginx's http layer/],
    ['zone includes the http layer', $zone, "#include <ngx_http.h>\n",
     qr/zone\.c:2: ngx_http\.h is nginx's http layer/],
    ['zone includes our http layer', $zone,
     "#include \"ngx_http_household.h\"\n",
     qr/zone\.c:2: zone is not to know http /],
    ['pure includes the zone', $decide, "#include \"ngx_household_zone.h\"\n",
     qr/decide\.c:3: household is not to know zone /],
    ['zone knows redis', $zone, "#include \"ngx_household_resp.h\"\n",
     qr/zone\.c:2: zone is not to know redis\/wire /],
    ['redis knows zone', $redis, "#include \"ngx_household_zone.h\"\n",
     qr/redis is not to know zone /],
    ['files that call each other', $resp,
     "void\nngx_household_resp(void)\n{\n    ngx_household_redis();\n}\n",
     qr/redis\.c: .* in a circle: .*_resp_size\(\), .*_redis\(\)$/m],
    ['a room that is not listed', 'src/attic/ngx_household_a.c', "\n",
     qr/attic\/ngx_household_a\.c: is in no room/],
    ['a source in no room', 'src/ngx_household_a.c', "\n",
     qr/src\/ngx_household_a\.c: is in no room/],
    ['hiredis elsewhere', $redis,
     "#include <hiredis/read.h>\n", qr/only resp may include hiredis/],
    ['81 columns', $zone, "/* $long */\n", qr/zone\.c:2: 87 columns/],
    ['81 columns in a script', 't/tools/a.sh', "echo $long\n",
     qr/a\.sh:4: 86 columns/],
    ['trailing space', 'docs/verdict.md', "word \n", qr/:7: trailing space/],
    ['tab', $zone, "\tint  a;\n", qr/zone\.c:2: tab/],
    ['701 lines', $zone, ";\n" x 700, qr/zone\.c: 701 lines/],
    ['a long function', $zone, "int\nf(void)\n{\n" . "    a();\n" x 81 . "}\n",
     qr/zone\.c:4: f\(\) has 81 lines/],
    ['a function of no object', $zone, "void\nngx_household_free(int a)\n{\n}\n",
     qr/zone\.c: ngx_household_free\(\) is not named by the object/],
    ['a source not in config', 'src/core/ngx_household_geo.c', "\n",
     qr/config: src\/core\/ngx_\w+_geo\.c is not in ngx_household_srcs/],
    ['a header not in config', 'src/core/ngx_household_geo.h', "\n",
     qr/config: src\/core\/ngx_\w+_geo\.h is not in ngx_household_deps/],
    ['a room not in config', 'src/token/ngx_household_jwk.h', "\n",
     qr/config: src\/token is not in ngx_household_rooms/],
    ['a source only in config', 'config', sub { s/_zone\.c/$&\n src\/zz.c/r },
     qr/config: there is no src\/zz\.c/],
    ['config not sorted', 'config', sub { s/( +\S+_resp\.c\n)( +\S+\n)/$2$1/r },
     qr/config: ngx_household_srcs is not sorted/],
    ['a directive without docs', 'docs/directives.md', sub { s/_store/_shop/r },
     qr/directives\.md: has no row for household_store/],
    ['a context that is none', 'docs/directives.md', sub { s/http, l/l/r },
     qr/directives\.md: household is allowed in: http, location, not loc/],
    ['one argument more', 'docs/directives.md', sub { s/c\]/$& [d=e[,f=g]]/r },
     qr/directives\.md: household has up to 3 arguments, and accepts 2/],
    ['any number of arguments', 'docs/directives.md', sub { s/c\]/$&.../r },
     qr/directives\.md: household has up to any arguments, and accepts 2/],
    ['another default', 'docs/directives.md', sub { s/`off`/`on`/r },
     qr/directives\.md: household: the default in the table is another/],
    ['a directive without a test', 't/a.t', sub { s/_store/_shop/r },
     qr/no test in t\/ names household_store/],
    ['a variable is no test of a directive', 't/a.t', sub { s/^h/\$h/r },
     qr/no test in t\/ names household$/m],
    ['a reason without a word', $reason, sub { s/,\n.*"outside"\)//r },
     qr/reason\.c: has "" for outside/],
    ['a reason with another word', $reason, sub { s/"outside"/"home"/r },
     qr/reason\.c: has "home" for outside/],
    ['a word of no reason', $reason, sub { s/_HOME/_ABROAD/r },
     qr/reason\.c: abroad is no reason/],
    ['a reason without docs', 'docs/variables.md', sub { s/, `outside`//r },
     qr/variables\.md: ## \$household_reason: has no row for outside/],
    ['docs of what is no reason', 'docs/verdict.md', "| `abroad` | |\n",
     qr/verdict\.md: ## Reasons: abroad is no reason/],
    ['a link to no file', 'docs/verdict.md', "[gone](gone.md)\n",
     qr/verdict\.md:7: links to gone\.md, which is not there/],
    ['a link to no heading', 'README.md', "[a](docs/verdict.md#reason)\n",
     qr/README\.md:4: links to #reason, which is no heading of docs\/verdict/],
    ['a link to no heading of its own', 'README.md', "[a](#modul)\n",
     qr/README\.md:4: links to #modul, which is no heading of README/],
    ['a page that the index does not list', 'docs/new.md', "# New\n",
     qr/docs\/README\.md: does not list docs\/new\.md/],
    ['a word that does not exist', 'docs/verdict.md', "An adress.\n",
     qr/verdict\.md:7: "adress" is no word/],
    ['a cause that no page explains', $redis, "f(\"line too long: %d\");\n",
     qr/failures\.md: has nothing on "line too long"/],
    ['an alert without a row', 'docker/monitoring/household.rules.yml',
     "      - alert: HouseholdAbsent\n",
     qr/failures\.md: has no row for HouseholdAbsent/],
    ['a row without an alert', 'docs/failures.md',
     "| `HouseholdAbsent` | warning |\n",
     qr/failures\.md: there is no alert HouseholdAbsent/],
    ['a failure without a test', 'docs/failures.md', "| Redis sings | `x` |\n",
     qr/failures\.md: t\S+ has no test of "Redis sings"/],
    ['a test of no failure', 't/tools/check/failures.md',
     "| Redis sings | t/a.t | it sings |\n",
     qr/failures\.md:2: failures\.md has no row "Redis sings"/],
    ['a failure whose test is gone', 't/tools/check/failures.md',
     "| Redis hangs | t/a.t | it has hung |\n",
     qr/failures\.md:2: t\S+ has no "it has hung"/],
    ['a metric that does not exist', 'docker/monitoring/a.json',
     "nginx_household_word_count\n",
     qr/a\.json: nginx_household_word_count is no metric/],
    ['a script that would break', 't/tools/a.sh', "cd /nowhere; [ a == ]\n",
     qr/a\.sh:4: /],
    ['a program that cannot be run', 't/bench/a.pl', "#!/usr/bin/perl\n",
     qr/a\.pl: is not executable/],
    ['what is no program can be run', 't/tools/a.sh', sub { s/^#!.*\n//r },
     qr/a\.sh: is executable/],
);


sub check {
    my (%tree) = @_;

    my $dir = tempdir(CLEANUP => 1);

    for my $file (keys %tree) {
        make_path(dirname("$dir/$file"));
        open my $out, '>', "$dir/$file" or die "$file: $!";
        print $out $tree{$file};
        close $out;
        chmod 0755, "$dir/$file" if $file eq 't/tools/a.sh';
    }

    return scalar(`$^X $FindBin::RealBin/check.pl $dir`);
}


plan tests => 1 + @faults;

is(check(%good), "household: no fault\n", 'a tree without a fault');

for (@faults) {
    my ($what, $file, $change, $message) = @$_;
    my $text = $good{$file} // '';

    $text = ref $change ? do { local $_ = $text; $change->() } : $text . $change;

    like(check(%good, $file => $text), $message, $what);
}

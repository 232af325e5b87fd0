#!/usr/bin/perl

# household_api, household_metrics and household_dashboard in locations with
# blocks "if" and "limit_except".

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Api;
use Test::Household::Nginx qw(http_config);
use Test::Household::Redis;
use Test::More;

my $redis = Test::Household::Redis->new(unix => 1);

my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address)
        . 'household_zone zone=unused:1m;',
    server => <<'END');
        household on;
        household_store main;
        household_account $arg_account;

        location /if/ {
            household_api main write;
            if ($http_a) { set $b 1; }
        }
        location /read/ {
            household_api main write;
            limit_except GET { deny all; }
        }
        location /limited/ {
            household_api main write;
            limit_except GET { allow 127.0.0.1; deny all; }
        }
        location /metrics {
            household off;
            household_metrics zone=unused;
            if ($arg_a) { set $b 1; }
        }
        location /dashboard/ {
            household off;
            household_dashboard api=/if/;
            if ($arg_a) { set $b 1; }
        }
        location /own/ {
            household_api main write;
            limit_except GET { proxy_pass http://127.0.0.1:$server_port/not; }
            if ($arg_a) { proxy_pass http://127.0.0.1:$server_port/not; }
        }
        location /both/ {
            household_api main write;
            proxy_pass http://127.0.0.1:$server_port/not;
        }
        location /not {
            household off;
            return 204;
        }
END

my $api = Test::Household::Api->new($nginx, '/if');
my $read = Test::Household::Api->new($nginx, '/read');
my $limited = Test::Household::Api->new($nginx, '/limited');


# an API reads, writes and imports in a block, and is not guarded there

for my $block ([], [A => 1]) {
    my $name = "if: @$block";

    is $api->get('accounts/a', undef, @$block)->{json}{account}, 'a',
        "$name read";
    is $api->call(PUT => 'accounts/a/home/192.0.2.1', undef,
                  @$block)->{status}, 204, "$name write";
    is $api->call(POST => 'import', qq({"account":"b","seats":1}\n),
                  'Content-Type' => 'application/x-ndjson',
                  @$block)->{json}{lines}, 1, "$name import";
}

is $read->get('accounts/a')->{json}{home}[0]{network}, '192.0.2.1',
    'limit_except: read';
is $read->call(PUT => 'accounts/a/home/192.0.2.2')->{status}, 403,
    'limit_except: denied';
is $limited->call(PUT => 'accounts/a/home/192.0.2.3')->{status}, 204,
    'limit_except: write';
is_deeply [sort @{ $redis->cmd(SMEMBERS => 'household:{a}') }],
    ['192.0.2.1', '192.0.2.3'], 'limit_except: what was written';


# what the directive of the location says is so in a block

for my $query ('', '?a=1') {
    unlike $nginx->get("/metrics$query")->{body}, qr/redis="main"/,
        "if: metrics of a zone $query";
    is $nginx->get("/dashboard/settings.json$query")->{body},
        qq({"api":"/if/"}\n), "if: the API of the dashboard $query";
}


# a block with a content handler of its own is none of the API, but guarded

is $nginx->get('/own/1/status')->{status}, 200, 'no block';
is $nginx->get('/own/1/status?a=1')->{status}, 401, 'if: another handler';

# nor is a location in which another handler replaces it

is $nginx->get('/both/1/status')->{status}, 401, 'another handler';

done_testing;

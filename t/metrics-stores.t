#!/usr/bin/perl

# household_metrics: what is counted of a household_store and of the servers of
# its household_redis, with a zone and without one.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(free_port wait_until);
use Test::Household::Redis;
use Test::More;

my ($home, $outside) = ('82.64.10.7', '203.0.113.9');

my $redis = Test::Household::Redis->new;
my $replica = Test::Household::Redis->new;
my $poor = Test::Household::Redis->new(unix => 1,
    acl => ['user default on nopass ~* +@all -evalsha -eval -hset']);

$_->cmd(SADD => 'household:{a}', $home) for $redis, $replica, $poor;

my $fake = Test::Household::FakeRedis->new(data => {
    'household:{a}' => [$home] });

my $edge = Test::Household::Nginx->new(
    workers => 2,
    http => http_config(server => [$redis->address,
                                   $replica->address . ' replica'],
                        zone => '1m', redis => 'timeout 5s; '
                                               . 'connect_timeout 5s;')
        . "household_redis poor { server ${\ $poor->address}; }\n"
        . "household_redis fake { server ${\ $fake->address};"
        . " timeout 1s; connect_timeout 5s; }\n"
        . "household_redis 'odd \"\\\\\xc3\xa9' { server 127.0.0.1:1; }\n",
    server => location('/zone', 'household_events on;', 'main zone=households')
        . location('/plain', '', 'main')
        . location('/again', '', 'main zone=households fresh=10s')
        . location('/poor', '', 'poor')
        . location('/fake', '', 'fake')
        . location('/odd', '', "'odd \"\\\\\xc3\xa9'")
        . 'location /status { household_metrics; }'
        . 'location /zone-status { household_metrics zone=households; }');

sub get {
    my ($path, $from, $args) = @_;
    return $edge->get("$path?account=" . ($args // 'a'),
                      'X-Forwarded-For' => $from)->{headers}{'x-reason'};
}

sub metric { $edge->metric(@_) }

# a record is fresh only while its invalidations are received

ok wait_until { metric('tracking_coherent', redis => 'main') == 1 },
    'tracking_coherent';

# each store counts its own requests; two directives with one deployment and
# one zone are one

is get('/zone', $home), 'home', 'a store with a zone';
is get('/again', $outside), 'outside', 'the same deployment and zone';
is get('/plain', $home), 'home', 'a store without a zone';
get('/plain', $outside);

my @main = (redis => 'main', zone => 'households');
my @plain = (redis => 'main', zone => '');

is metric('requests_total', @main), 2, 'counted, with a zone';
is metric('requests_total', @main, status => 'DENIED', reason => 'outside'),
    1, 'by status and reason';
is metric('requests_total', @plain), 2, 'counted, without a zone';
is metric('requests_total', page => '/zone-status'), 2,
    'the page of a zone has the store with this zone';
is metric('requests_total', page => '/zone-status', zone => ''), 0,
    'and no other';

# lookups: those that were sent, by how they ended

sub lookups {
    my ($result, @of) = @_;
    return metric('lookup_duration_seconds_count', result => $result, @of);
}

is lookups('ok', @main), 1, 'one lookup: the second request was a hit';
is lookups('ok', @plain), 2, 'without a zone: one for each request';

my $page = $edge->get('/status')->{body};
my $labels = 'zone="",redis="main",result="ok"';
my @bucket = $page
    =~ /duration_seconds_bucket\{$labels,le="([^"]+)"\} (\d+)/g;
my $les = [@bucket[grep { !($_ % 2) } 0 .. $#bucket]];
my $ns = [@bucket[grep { $_ % 2 } 0 .. $#bucket]];

is "@$les", '0.0005 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1.0 +Inf',
    'the buckets';
is "@$ns", join(' ', sort { $a <=> $b } @$ns), 'each has what is below, too';
is $ns->[-1], 2, 'the last has all';
like $page, qr/duration_seconds_sum\{$labels\} 0\.\d+\n/, 'and a sum, in seconds';

get('/plain', $home, 'nobody');
is lookups('negative', @plain), 1, 'an account that does not exist';

get('/fake', $home);
$fake->behave(delay => 0.2);
get('/fake', $home);
ok wait_until { lookups('ok', redis => 'fake') == 2 }, 'a slow one';
$labels =~ s/main/fake/;
my ($below) = $edge->get('/status')->{body}
    =~ /_bucket\{$labels,le="0\.25"\} (\d+)/;
cmp_ok $below, '<', 2, 'it is in none of the buckets below 0.25 s';

$fake->behave(error => 'LOADING Redis is loading the dataset in memory');
get('/fake', $home);
ok wait_until { lookups('error', redis => 'fake')
                + lookups('down', redis => 'fake') > 0 }, 'an error reply';
$fake->behave('normal');

# a request that joins a lookup in progress

$fake->behave(delay => 0.5);
my @conns = map { $edge->connect } 1 .. 8;
$_->send_request(GET => '/fake?account=a', 'X-Forwarded-For' => $home)
    for @conns;
$_->response for @conns;
$fake->behave('normal');
cmp_ok metric('lookups_coalesced_total', redis => 'fake'), '>=', 6,
    'coalesced: all but one of each worker process';

# writes, by what was written and how it ended

get('/zone', $home, 'a&device=tv');
ok wait_until { metric('writes_total', @main, op => 'device',
                       result => 'ok') == 1 }, 'a write';
get('/poor', $home, 'a&device=tv');
ok wait_until { metric('writes_total', redis => 'poor', op => 'device',
                       result => 'error') == 1 }, 'an error reply';
is metric('writes_total', redis => 'poor', result => 'ok'), 0,
    'and nothing else';
cmp_ok metric('redis_error_replies_total', redis => 'poor', code => 'NOPERM'),
    '>', 0, 'error replies by code';
is metric('redis_error_replies_total', redis => 'main', code => 'NOPERM'), 0,
    'error replies of another deployment';
is metric('redis_error_replies_total', redis => 'fake', code => 'LOADING'),
    metric('redis_error_replies_total', redis => 'fake'),
    'error replies of no other code';
cmp_ok metric('redis_error_replies_total', redis => 'fake'), '>', 0,
    'error replies of a fake';
is metric('redis_error_replies_total', redis => 'poor', op => 'write'),
    metric('redis_error_replies_total', redis => 'poor'),
    'error replies to writes, and to nothing else';
is metric('redis_error_replies_total', redis => 'fake', code => 'LOADING',
          op => 'lookup')
   + metric('redis_error_replies_total', redis => 'fake', op => 'fleet'),
    metric('redis_error_replies_total', redis => 'fake'),
    'error replies to lookups';

# commands, by what they were for; they are added once a second

sub commands { return metric('redis_commands_total', @_) }

ok wait_until {
    my $n = lookups('ok', redis => 'main')
        + lookups('negative', redis => 'main');
    my $sent = commands(redis => 'main', op => 'lookup', result => 'ok');
    $sent >= 3 * $n && $sent <= 4 * $n;
}, 'commands: three or four of each lookup';
ok wait_until { commands(redis => 'main', op => 'write', result => 'ok') >= 1 },
    'commands: a write, with the script or again';
ok wait_until { commands(redis => 'poor', op => 'write',
                         result => 'error') >= 1 },
    'commands: one that Redis rejects';
is commands(redis => 'poor', op => 'write', result => 'ok'), 0,
    'commands: none of its writes was made';
ok wait_until { commands(redis => 'main', op => 'fleet', result => 'ok') > 0 },
    'commands: the fleet override';
is commands(redis => 'main', op => 'api'), 0, 'commands: none of an API';

$fake->behave('black_hole');
get('/fake', $home, 'hung');
ok wait_until { commands(redis => 'fake', op => 'lookup',
                         result => 'timeout') > 0
                || commands(redis => 'fake', op => 'lookup',
                            result => 'down') > 0 },
    'commands: without a reply';
$fake->behave('normal');

get('/odd', $home);
ok wait_until { get('/odd', $home);
                $edge->get('/status')->{body}
                =~ /commands_total\{redis="odd .*,op="lookup",result="down"\} [1-9]/ },
    'commands: not sent';

# events

get('/zone', $outside);
ok wait_until { metric('events_total', @main, kind => 'denied',
                       result => 'ok') == 1 }, 'an event';
get('/zone', $outside);
is metric('events_total', @main, kind => 'denied'), 1,
    'the second one of the day is none';
is metric('events_total', result => 'dropped'), 0, 'none was dropped';

ok wait_until { commands(redis => 'main', op => 'event', result => 'ok') > 0 },
    'commands: an event';

# the fleet override that applies

ok wait_until { metric('override_mode', @main) == 2 }, 'no override';
is metric('override_rollout_ratio', @main), 1, 'for all accounts';

$redis->cmd(HSET => 'household:control', mode => 'monitor', rollout => '12.5%');
ok wait_until { metric('override_mode', @main) == 1 }, 'an override';
$labels = 'zone="households",redis="main"';
like $edge->get('/status')->{body},
    qr/^nginx_household_override_rollout_ratio\{$labels\} 0\.125$/m, 'its share of accounts';
$redis->cmd(DEL => 'household:control');
ok wait_until { metric('override_mode', @main) == 2 }, 'it has ended';

# servers

my @server = (redis => 'main', server => $redis->address);
ok wait_until { metric('redis_up', @server, role => 'primary') == 1 }, 'up';
is metric('redis_up', redis => 'main', role => 'replica'), 0,
    'a replica that is not read from is not tried';
is metric('redis_reconnects_total', @server), 0, 'no connection was lost';
ok wait_until { get('/zone', $home);
                metric('redis_connections', @server, role => 'primary',
                       state => 'ready') == 2 },
    'a connection of each worker process';

# worker processes share a port by chance: all are asked until all have tried
ok wait_until {
    get('/odd', $home);
    $edge->get('/status')->{body} =~ /redis_up\{redis="odd \\"\\\\\xc3\xa9"/
}, 'down, and its name is escaped';


is +(grep { $_->{name} eq 'nginx_household_redis_up' }
     @{ decode_json($edge->get('/status', Accept => 'application/json')
                         ->{body})->{metrics} })[0]
    ->{samples}[-1]{labels}{redis}, decode_json(qq(["odd \\"\\\\\xc3\xa9"]))->[0],
    'in JSON, too';

$redis->kill9;
ok wait_until { metric('redis_reconnects_total', @server,
                       cause => 'closed') > 0 }, 'lost connections';
ok wait_until { metric('redis_up', @server) == 0 }, 'down';
ok wait_until { metric('redis_connections', @server,
                       state => 'ready') == 0 }, 'no connection is ready';
ok wait_until { metric('redis_reconnects_total', @server,
                       cause => 'refused') > 0 }, 'refused';

$redis->start;
ok wait_until { metric('redis_up', @server) == 1 }, 'up again';

# a replica that has lost its primary is up, and is not read from

{
    my $cut = Test::Household::Redis->new(
        config => 'replicaof 127.0.0.1 ' . free_port());
    my $reader = Test::Household::Nginx->new(
        http => http_config(server => [$redis->address,
                                       $cut->address . ' replica'],
                            zone => '1m', redis => 'read_from replica;'),
        server => location('/', '', 'main zone=households')
            . 'location /status { household_metrics; }');
    my @cut = (server => $cut->address, role => 'replica');
    my @well = (server => $redis->address, role => 'primary');

    ok wait_until {
        $reader->get('/?account=a', 'X-Forwarded-For' => $home);
        $reader->metric('redis_fit', @well) == 1
            && $reader->get('/status')->{body} =~ /redis_fit.*replica/
            && $reader->metric('redis_fit', @cut) == 0
    }, 'a replica without its primary is not fit to be read from';
    is $reader->metric('redis_up', @cut), 1, 'but up';

    # the primary is read from, and does not lag; the heartbeat is recent

    my $page;
    ok wait_until {
        ($page = $reader->get('/status')->{body})
            =~ /^nginx_household_replica_lag_seconds\{redis="main"\} 0$/m
    }, 'the lag of the server that is read from';
    like $page, qr/^nginx_household_tracking_heartbeat_age_seconds\{redis="main"\} [01](?:\.\d+)?$/m,
        'and the age of the heartbeat';
    unlike $edge->get('/status')->{body}, qr/replica_lag_seconds\{/,
        'a primary that is the only server has no lag';
    is metric('redis_fit'), 0, 'with "read_from primary" there is no such thing';
}

# a reload keeps all of it, and less worker processes know less

my $before = metric('requests_total');
$edge->reload(workers => 1);
ok wait_until { $edge->workers == 1 }, 'one worker process';
is metric('requests_total'), $before, 'kept';
ok wait_until { metric('redis_up', @server) == 1 }, 'still up';

# another deployment begins at zero, and the former one comes back

my $server = $edge->{server};
$edge->reload(server => $server =~ s/store main;/store poor;/r);
ok wait_until { $edge->workers == 1 }, 'another configuration';
is metric('requests_total', @plain), 0, 'a store that is not used is not shown';
$edge->reload(server => $server);
ok wait_until { metric('requests_total', @plain) == 3 }, 'and then is again';

# what a worker process has counted is added once, and also when it ends

{
    my $small = Test::Household::FakeRedis->new(data => {
        'household:{a}' => [$home] });
    my $counts = Test::Household::Nginx->new(
        workers => 1,
        http => http_config(server => $small->address,
                            redis => 'connect_timeout 20s; timeout 20s;'),
        server => location('/') . 'location /status { household_metrics; }');

    my $sent = sub { scalar grep { ($_->[1] // '') =~ /\{/ } $small->commands };
    my $counted = sub { $counts->metric('redis_commands_total',
                                        op => 'lookup', result => 'ok') };
    my $lost = sub { $counts->metric('redis_reconnects_total') };
    my $reason = sub { $counts->get('/?account=a', 'X-Forwarded-For' => $home)
                              ->{headers}{'x-reason'} };

    is $reason->(), 'home', 'a lookup';
    $small->drop;
    ok wait_until { $lost->() == 1 }, 'a connection is lost';

    for (1 .. 3) {
        ok wait_until { $reason->() eq 'home' }, 'another lookup';
        ok wait_until { $counted->() == $sent->() }, 'its commands are added';
    }

    is $lost->(), 1, 'and the lost connection not again';

    my $mark = $counts->mark;
    $reason->() for 1 .. 20;
    $counts->reload;
    ok $counts->wait_log(qr/worker process \d+ exited/, $mark),
        'the worker process ends';
    is $counted->(), $sent->(), 'what it has sent at last is counted';
}

done_testing;

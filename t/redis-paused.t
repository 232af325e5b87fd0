#!/usr/bin/perl

# A server that pauses writes, as an operator (CLIENT PAUSE WRITE) or a failover
# makes it do: it does not reply to a write, nor to what comes after it on the
# same connection.  Lookups are answered all the same.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Redis;
use Test::Household::Viewer qw($Home soon);

my $redis = Test::Household::Redis->new;
my $devices = 0;

$redis->cmd(SADD => 'household:{42}', $Home);

sub edge {
    my ($text, $zone) = @_;
    return Test::Household::Nginx->new(
        http => http_config(server => $redis->address, zone => $zone,
            redis => "connect_timeout 500ms; timeout 500ms; $text"),
        server => location('/', 'household_unavailable deny;',
                           $zone ? 'main zone=households fresh=1ms' : 'main')
            . 'location = /status { household_metrics; }');
}

# each request is of another device, which is to be written
sub home {
    my ($edge) = @_;
    $devices++;
    return $edge->get("/?account=42&device=tv$devices",
                      'X-Forwarded-For' => $Home)
                ->{headers}{'x-reason'} eq 'home';
}

# whether a device was written that comes after this one
sub written {
    my ($last) = @_;
    return grep { /^device:tv(\d+)$/ && $1 > $last }
           @{ $redis->cmd(HKEYS => 'household:{42}:account') };
}

sub writes {
    my ($edge, $name) = @_;
    my $last = $devices;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    soon { home($edge) && written($last) } $name;
}

# the connections of the edge that read and write
sub connections {
    my $list = $redis->cmd(CLIENT => 'LIST');
    return scalar grep { / cmd=(?:ping|smembers|hgetall|evalsha|eval)\b/ }
           split /\n/, $list;
}

for my $case (
    ['one connection', 'connections 1; tracking off;', undef, 1],
    ['two connections', 'connections 2; tracking off;', undef, 2],
    ['a zone', 'connections 1; tracking off;', '1m', 1],
) {
    my ($name, $text, $zone, $n) = @$case;
    my $edge = edge($text, $zone);

    writes($edge, "$name: a device is written");

    $redis->cmd(CLIENT => PAUSE => 1000000, 'WRITE');
    soon { 20 == grep { home($edge) } 1 .. 20 }
        "$name: writes are paused: lookups are answered";

    my $last = $devices;
    my $failed = $edge->metric('writes_total', result => 'dropped');
    soon {
        home($edge);
        $edge->metric('writes_total', result => 'dropped') > $failed
    } "$name: writes are paused: they fail";
    ok !written($last), "$name: writes are paused: nothing is written";

    $redis->cmd(CLIENT => 'UNPAUSE');
    writes($edge, "$name: a device is written again");
    soon { home($edge); connections() <= $n }
        "$name: writes have no connection of their own any more"
        or diag $redis->cmd(CLIENT => 'LIST');
    soon { 20 == grep { home($edge) } 1 .. 20 } "$name: lookups are answered";

    $edge->quit;
    ok !$edge->pid, "$name: nginx quits";
}

# a worker process quits while its writes are paused, and those of its
# successor are

my $edge = edge('connections 1; tracking off;');
writes($edge, 'a reload: a device is written');
$redis->cmd(CLIENT => PAUSE => 1000000, 'WRITE');
soon { 20 == grep { home($edge) } 1 .. 20 } 'a reload: writes are paused';
$edge->reload;
soon { 20 == grep { home($edge) } 1 .. 20 } 'a reload: lookups are answered';
soon { $edge->workers == 1 } 'a reload: the old worker process quits';
$edge->quit;
ok !$edge->pid, 'nginx quits while writes are paused';
$redis->cmd(CLIENT => 'UNPAUSE');

# the whole server stops while writes are paused, or is another one then

$edge = edge('connections 1; tracking off;');
writes($edge, 'a stop: a device is written');
$redis->cmd(CLIENT => PAUSE => 1000000, 'WRITE');
soon { 20 == grep { home($edge) } 1 .. 20 } 'a stop: writes are paused';

my $mark = $edge->mark;
$redis->pause;
ok !home($edge), 'a stop: the account is not known';
ok $edge->wait_log(qr/server down: timed out/, $mark),
    'a stop: the server is down';
$redis->resume;
soon { 20 == grep { home($edge) } 1 .. 20 } 'a stop: lookups are answered';

$mark = $edge->mark;
$redis->kill9;
ok $edge->wait_log(qr/server down: connect\(\) failed/, $mark),
    'a restart: the server is down';
$redis->start;
$redis->cmd(SADD => 'household:{42}', $Home);
writes($edge, 'a restart: a device is written');
soon { home($edge); connections() <= 1 }
    'a restart: writes have no connection of their own any more';

done_testing;

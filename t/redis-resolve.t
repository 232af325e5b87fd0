#!/usr/bin/perl

# Names that are resolved again: a server that moves, a resolver that is gone,
# a name that has never been known.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::FakeRedis;
use Test::Household::NameServer;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(free_port);
use Test::Household::Redis;
use Test::Household::Viewer qw($Home reason soon is_soon);

my $port = free_port();
my $times = 'connect_timeout 400ms; timeout 400ms;';


sub edge {
    my ($dns, $text, %opt) = @_;
    return Test::Household::Nginx->new(server => location('/t'), %opt,
        http => http_config(server => "redis.example:$port resolve",
                            redis => $text // $times)
            . ($dns ? "resolver 127.0.0.1:$dns->{port} ipv6=off valid=1s;\n"
                    : ''));
}


# two of them, at two addresses of the loopback and the same port

sub elsewhere {
    my ($ip, @homes) = @_;
    my $redis = Test::Household::Redis->new(unix => 1, ip => $ip,
                                            port => $port);
    $redis->cmd(SADD => 'household:{42}', @homes);
    return $redis;
}

my $first = elsewhere('127.0.0.2', $Home);
my $second = elsewhere('127.0.0.3', '192.0.2.1');
my $dns = Test::Household::NameServer->new('127.0.0.2');
my $edge = edge($dns);


is_soon $edge, 42, 'home', 'the name is resolved';
ok $dns->queries >= 1, 'by the resolver';

# the name moves: nothing happens until the connection is lost

$dns->says('127.0.0.3');
is reason($edge, 42), 'home', 'a connection that works is kept';
$first->kill9;
is_soon $edge, 42, 'outside', 'the next one is made to the new address';

# the resolver is gone: the last good address is used

my $mark = $edge->mark;
$dns->stop;
$second->kill9;
is_soon $edge, 42, 'unavailable', 'both are gone';
$second->start;
$second->cmd(SADD => 'household:{42}', $Home);
is_soon $edge, 42, 'home', 'without a resolver, the last good address is used';

# so it is when the name is there no more

$dns->start;
$dns->says();
$second->kill9;
is_soon $edge, 42, 'unavailable', 'the name is gone, and the server';
$second->start;
$second->cmd(SADD => 'household:{42}', $Home);
is_soon $edge, 42, 'home', 'a name that is gone had an address';

# several addresses: the ones that do not work are passed over

my $asked = $dns->queries;
$dns->says('127.0.0.2', '127.0.0.3');
$second->kill9;
is_soon $edge, 42, 'unavailable', 'neither of two addresses works';
soon { reason($edge, 42); $dns->queries > $asked } 'both are known';
$second->start;
$second->cmd(SADD => 'household:{42}', $Home);
is_soon $edge, 42, 'home', 'one of two addresses works';

$edge->quit;
ok !$edge->pid, 'nginx quits';

# two addresses, and neither server is of use: they greet, and then fail

my $fakes = free_port();
my @fakes = map { Test::Household::FakeRedis->new(port => $fakes, ip => $_) }
            qw(127.0.0.2 127.0.0.3);
$dns->says(map { $_->{ip} } @fakes);

sub connections {
    my $n = 0;
    $n += $_->count('connections') for @fakes;
    return $n;
}

for my $case (
    ['close', qr/connection closed by peer|Connection reset by peer/],
    ['garbage', qr/protocol error/],
    ['black_hole', qr/timed out/],
) {
    my ($way, $cause) = @$case;
    $_->behave($way) for @fakes;

    my $useless = Test::Household::Nginx->new(server => location('/t'),
        workers => 1,
        http => http_config(server => "redis.example:$fakes resolve",
                            redis => 'connect_timeout 5s; timeout 100ms;')
            . "resolver 127.0.0.1:$dns->{port} ipv6=off valid=1s;\n");

    soon { reason($useless, 42); $useless->log =~ /server down: \S*\s?$cause/ }
        "$way: the server is down" or diag $useless->log;

    my $n = connections();
    my $end = time + 2;
    reason($useless, 42) while time < $end;
    cmp_ok connections() - $n, '<', 60, "$way: there are pauses";
    my $lost = () = $useless->log =~ /connection lost/g;
    cmp_ok $lost, '<', 6, "$way: the log has not every attempt"
        or diag $useless->log;
    $useless->quit;
}

$_->behave('close') for @fakes;

my $sentinel = Test::Household::Nginx->new(server => location('/t'),
    http => http_config(redis => "$times master mymaster;
                                  sentinel redis.example:$fakes resolve;")
        . "resolver 127.0.0.1:$dns->{port} ipv6=off valid=1s;\n");
ok $sentinel->wait_log(qr/not found by any sentinel, last \S+: connection cl/),
    'a sentinel that closes a connection without a reply';
is_soon $sentinel, 42, 'unavailable', 'no worker process has died';
$sentinel->quit;
$_->stop for @fakes;

# a name that has never been known

$dns->says();
my $new = edge($dns);
is_soon $new, 42, 'unavailable', 'nginx starts with a name that is not known';
ok $new->wait_log(qr/host not found/),
    'the cause is in the log';
$dns->says('127.0.0.3');
is_soon $new, 42, 'home', 'and goes on when it is';
is scalar(() = $new->log =~ /host not found/g), 1, 'logged once';

$dns->stop;
my $mute = edge($dns);
is_soon $mute, 42, 'unavailable', 'nginx starts with a resolver that is silent';
$mute->quit;
ok !$mute->pid, 'and quits while it waits for it';

# these have a resolver where none is named
my $has_resolver
    = `$Test::Household::Nginx::Binary -v 2>&1` =~ /Angie|Tengine/;

for my $case (
    $has_resolver ? () : [edge(undef, undef, start => 0, allow => qr/emerg/),
     qr/"resolve" in household_redis "main" without "resolver"/],
    [Test::Household::Nginx->new(server => location('/t'), start => 0,
        allow => qr/emerg/,
        http => http_config(server => 'unix:/tmp/x.sock resolve')),
     qr/"resolve" requires a host name, not "unix:/],
    [Test::Household::Nginx->new(server => location('/t'), start => 0,
        allow => qr/emerg/,
        http => http_config(server => 'redis.example resolved')),
     qr/invalid parameter "resolved" of "server"/],
    [Test::Household::Nginx->new(server => location('/t'), start => 0,
        allow => qr/emerg/,
        http => http_config(server => 'no-such-name.invalid')),
     qr/host not found in server "no-such-name.invalid"/],
) {
    my ($bad, $re) = @$case;
    my ($good, $said) = $bad->test;
    ok !$good && $said =~ $re, "refused: $re" or diag $said;
}

done_testing;

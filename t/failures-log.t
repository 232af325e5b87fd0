#!/usr/bin/perl

# Rows of docs/failures.md whose cause in the error log no other test reads:
# each kind of server, and the line that it leads to.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until free_port temp_dir);
use Test::Household::Redis;
use Test::Household::Resp qw(encode_reply);

my $times = 'connect_timeout 2s; timeout 2s;';

sub fake { Test::Household::FakeRedis->new(handler => $_[0]) }

# a server with tracking, but for what "other" replies
sub tracked {
    my ($other) = @_;

    return fake(sub {
        my ($conn, $name, @args) = @_;
        my $reply = $other && $other->($name, @args);

        return $reply if $reply;
        return ":7\r\n" if "$name @args" eq 'CLIENT ID';

        if ($name eq 'SUBSCRIBE') {
            $conn->{subscribed} = 1;
            return encode_reply(['subscribe', $args[0], \':1']);
        }

        return undef;
    });
}

# the log has the line, once requests come; "then" is run when one came through
sub logs {
    my ($name, $re, $redis, $then, %opt) = @_;
    my $limits = $opt{times} // $times;
    my $edge = Test::Household::Nginx->new(%opt,
        http => http_config(zone => '1m', redis => "$redis $limits"),
        server => location('/', $opt{policy}, 'main zone=households'));
    my $requests = 0;

    ok wait_until {
        eval { $edge->get('/?account=' . ($opt{account} // "a$requests")) };
        $then->() if $then && $requests++ == 1;
        $edge->log =~ $re;
    }, $name or diag $edge->log;
    $edge->quit;
}

my $fake = fake();
my $server = 'server ' . $fake->address . ';';

$fake->behave('all_wrong_type');
logs('another service listens there: invalid handshake reply',
     qr/server down: invalid handshake reply/, $server);
$fake->behave(all_error => 'DENIED Redis is running in protected mode');
logs('Redis runs in protected mode: DENIED',
     qr/\[error\] .*server down: error reply DENIED$/m, $server);
$fake->behave('normal');

logs('a reply does not belong to its command: unexpected reply',
     qr/\[error\] .*: connection lost: unexpected reply/, $server,
     sub { $fake->send("+OK\r\n") });

$fake->behave('extra');
logs('a reply does not belong to its command: it does not match',
     qr/\[error\] .*: reply does not match the command/, $server);
$fake->stop;

my $tracked = tracked();
logs('a reply does not belong to its command: invalid push message',
     qr/tracking lost: invalid push message/,
     'server ' . $tracked->address . ';',
     sub {
         wait_until { $tracked->count('SUBSCRIBE') };
         $tracked->publish("+OK\r\n" x 9);
     });
$tracked->stop;

my $old = tracked(sub {
    return "@_" =~ /^CLIENT TRACKING/
        ? "-ERR Unknown subcommand or wrong number of arguments\r\n" : undef;
});
logs('Redis is older than 6, and there is a zone: tracking failed',
     qr/tracking failed: error reply ERR Unknown subcommand/,
     'server ' . $old->address . ';');
$old->stop;


# where nobody answers, or nobody is

my $nowhere = free_port();
my %short = (times => 'connect_timeout 200ms; timeout 200ms;');

logs('nothing listens at the address: connection refused',
     qr/\[error\] .*:$nowhere: server down: connect\(\) failed \(111: /,
     "server 127.0.0.1:$nowhere;");
logs('the unix socket does not exist: no such file',
     qr/server down: connect\(\) failed \(2: No such file or directory\)/,
     'server unix:' . temp_dir('none') . '/none.sock;');

# as long as nobody accepts, a queue of connections fills

{
    my $full = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
        or die "listen: $!\n";
    my @queue = map {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1', Blocking => 0,
                              PeerPort => $full->sockport)
    } 1 .. 4;

    logs('the host does not answer: timed out while connecting',
         qr/server down: connect\(\) failed \(110: Connection timed out\)/,
         'server 127.0.0.1:' . $full->sockport . ';', undef, %short);
}

{
    my $hung = fake();

    logs('Redis hangs: timed out', qr/server down: timed out$/m,
         'server ' . $hung->address . ';',
         sub { $hung->behave('black_hole') }, %short);
    $hung->behave('all_black_hole');
    logs('Redis hangs: timed out while connecting',
         qr/server down: timed out \(110: Connection timed out\)/,
         'server ' . $hung->address . ';', undef, %short);
    $hung->stop;
}

{
    my $redis = Test::Household::Redis->new;

    logs('Redis was restarted: closed by the peer, down, up',
         qr/connection lost: connection closed by peer.*server down: .*server up/s,
         'server ' . $redis->address . ';',
         sub {
             $redis->kill9;
             select undef, undef, undef, 0.5;
             $redis->start;
         });
    $redis->stop;
}

{
    my $other = fake(sub { "HTTP/1.1 400 Bad Request\r\n\r\n" });

    logs('another service listens there: a protocol error',
         qr/protocol error, got "H" as reply type byte/,
         'server ' . $other->address . ';');
    $other->stop;
}

# of many replies of one kind, the line has the number of those without one

{
    my $typed = fake(sub { $_[1] eq 'SMEMBERS' ? "-WRONGTYPE of it\r\n" : undef });

    logs('lookups fail: how many lines were suppressed',
         qr/lookup failed: error reply WRONGTYPE, [1-9]\d* suppressed/,
         'server ' . $typed->address . ';');
    $typed->stop;
}

{
    my $no_writes = Test::Household::FakeRedis->new(
        data => { 'household:{a}' => ['127.0.0.1'] },
        handler => sub {
            return $_[1] =~ /^EVAL/ ? "-READONLY of a replica\r\n" : undef;
        });

    logs('writes are rejected: READONLY',
         qr/\[warn\] .*: write failed: error reply READONLY/,
         'server ' . $no_writes->address . ';', undef,
         account => 'a&device=tv');
    $no_writes->stop;
}

# presence and events, whose keys are beside those of the records

my $sharing = 'household_sharing on threshold=0;';

for (['device lookup', '~household:*', ''],
     ['presence read', '~household:*', $sharing],
     ['presence write', '~household:* %R~household-seen:*', $sharing],
     ['event', '~household:*', 'household_events on;'])
{
    my ($what, $keys, $policy) = @$_;
    my $redis = Test::Household::Redis->new(
        acl => ["user edge on >pass $keys &* +\@all"]);

    $redis->cmd(SADD => 'household:{a}', '82.64.10.7');
    logs("the user may not: $what",
         qr/\[error\] .*: $what failed: error reply NOPERM/,
         'server ' . $redis->address . '; user edge; password pass;', undef,
         account => 'a&device=tv', policy => $policy);
    $redis->stop;
}

# a worker process has no connection left for Redis

{
    my $redis = Test::Household::Redis->new;

    logs('worker_connections: too few for Redis',
         qr/worker_connections are not enough.*server down: connect\(\)/s,
         'server ' . $redis->address . '; connections 8;', undef,
         connections => 7, allow => qr/worker_connections are not enough/);
    $redis->stop;
}

# a replica that does not tell whether it is one

{
    my $mute = tracked(sub {
        return "@_" eq 'INFO replication' ? "\$3\r\nx:1\r\n" : undef;
    });

    logs('the state of replication is not told: invalid INFO reply',
         qr/tracking lost: invalid INFO reply/,
         'server ' . $mute->address . " replica; server 127.0.0.1:$nowhere;"
         . ' read_from replica;');
    $mute->stop;
}


# Cluster

for (['an error of its own', "-CLUSTERDOWN for now\r\n",
      'error reply CLUSTERDOWN'],
     ['no cluster', "-ERR This instance has cluster support disabled\r\n",
      'error reply ERR This instance has cluster support disabled'],
     ['not permitted', "-NOPERM of it\r\n", 'error reply NOPERM'],
     ['an empty map', "*0\r\n", 'empty CLUSTER SLOTS reply'],
     ['no map', "+OK\r\n", 'invalid CLUSTER SLOTS reply'])
{
    my ($what, $reply, $cause) = @$_;
    my $node = fake(sub { "@_[1, 2]" eq 'CLUSTER SLOTS' ? $reply : undef });

    logs("the slot map cannot be read: $what",
         qr/slot map refresh failed on all nodes, last \S+: $cause/,
         'cluster on; server ' . $node->address . ';');
    $node->stop;
}

{
    my ($port, $n) = (free_port(), 0);
    my $node = Test::Household::FakeRedis->new(port => $port, handler => sub {
        my ($conn, @command) = @_;
        return undef if "@command" ne 'CLUSTER SLOTS';
        return $n++ < 3 ? "-CLUSTERDOWN for now\r\n"
                        : encode_reply([[\':0', \':16383',
                                         ['127.0.0.1', \":$port"]]]);
    });

    logs('the slot map is there again: recovered',
         qr/\[notice\] .*slot map refresh recovered/,
         'cluster on; server ' . $node->address . ';');
    $node->stop;
}


# Sentinel

my $replica = fake(sub {
    return $_[1] eq 'ROLE'
        ? encode_reply(['slave', '127.0.0.1', \':1', 'connected', \':0'])
        : undef;
});

for (['the Sentinels do not know the primary', "*-1\r\n",
      qr/not found by any sentinel, .*: unknown master name/],
     ['the server is not a Sentinel', "-ERR unknown command 'SENTINEL'\r\n",
      qr/not found by any sentinel, .*: error reply ERR unknown command/],
     ['the server is not a Sentinel: another service', "+OK\r\n",
      qr/not found by any sentinel, .*: not a sentinel/],
     ['a Sentinel rejects the query', "-NOPERM of it\r\n",
      qr/not found by any sentinel, .*: error reply NOPERM/],
     ["the Sentinel's primary is a replica",
      encode_reply(['127.0.0.1', $replica->{port}]), qr/: role is not master/])
{
    my ($name, $reply, $re) = @$_;
    my $sentinel = fake(sub { $_[1] eq 'SENTINEL' ? $reply : undef });

    logs($name, $re, 'sentinel ' . $sentinel->address . '; master main;');
    $sentinel->stop;
}

$replica->stop;

{
    my $primary = fake(sub {
        return $_[1] eq 'ROLE' ? encode_reply(['master', \':0', []]) : undef;
    });
    my $n = 0;
    my $sentinel = fake(sub {
        return undef if $_[1] ne 'SENTINEL';
        return $n++ < 3 ? "*-1\r\n"
                        : encode_reply(['127.0.0.1', $primary->{port}]);
    });

    logs('the primary is found again', qr/\[notice\] .*: master "main" found again/,
         'sentinel ' . $sentinel->address . '; master main;');
    $_->stop for $primary, $sentinel;
}


# TLS

SKIP: {
    skip 'no http_ssl_module', 1
        if `$Test::Household::Nginx::Binary -V 2>&1` !~ /http_ssl_module/;

    my $plain = Test::Household::FakeRedis->new;

    $plain->behave('banner');
    logs('nginx uses TLS, Redis does not: wrong version number',
         qr/TLS.*wrong version number/,
         'server ' . $plain->address . '; ssl on; ssl_verify off;');
    $plain->stop;
}

done_testing;

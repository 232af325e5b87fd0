#!/usr/bin/perl

# A failover by DNS: the name of the server gets the address of its successor,
# while the server itself runs on, as a replica, and closes no connection.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::NameServer;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(free_port);
use Test::Household::Redis;
use Test::Household::Viewer qw($Home soon);

my $port = free_port();
my $requests = 0;


# servers at several addresses of the loopback and one port

sub elsewhere {
    my ($ip) = @_;
    my $redis = Test::Household::Redis->new(unix => 1, ip => $ip,
        port => $port, config => 'repl-diskless-sync-delay 0');
    $redis->cmd(EVAL => "for i = 0, 999 do
                             redis.call('SADD', 'household:{a' .. i .. '}',
                                        ARGV[1])
                         end", 0, $Home);
    $redis->cmd(SADD => "household:{$_}", $Home) for 42, 43;
    return $redis;
}

sub says {
    my ($edge, $account) = @_;
    my $h = $edge->get("/?account=$account", 'X-Forwarded-For' => $Home)
                 ->{headers};
    return join ' ', $h->{'x-reason'}, $h->{'x-cache'};
}

# a request upon which a device is to be written
sub writes {
    my ($edge) = @_;
    return says($edge, 'a' . $requests++ % 1000 . '&device=tv');
}

sub written { grep { /:account/ } @{ $_[0]->cmd(KEYS => '*') } }

for my $zone (1, 0) {
    my $with = $zone ? 'a zone' : 'no zone';
    my $first = elsewhere('127.0.0.2');
    my $second = elsewhere('127.0.0.3');
    my $dns = Test::Household::NameServer->new('127.0.0.2');
    my $edge = Test::Household::Nginx->new(workers => 2,
        server => location('/', '', $zone ? 'main zone=households' : 'main'),
        http => http_config(server => "redis.example:$port resolve",
                            zone => $zone ? '1m' : undef,
                            redis => 'connect_timeout 2s; timeout 2s;')
            . "resolver 127.0.0.1:$dns->{port} ipv6=off valid=1s;\n");
    my $answer = $zone ? 'home HIT' : 'home BYPASS';

    soon { writes($edge); says($edge, 43) eq $answer && written($first) }
        "$with: the first server is used";

    # the name has another address, at which nobody is, or has not moved

    my $mark = $edge->mark;
    $first->cmd(REPLICAOF => '127.0.0.1', 1);

    for my $ip ('127.0.0.4', '127.0.0.2') {
        $dns->says($ip);
        my $queries = $dns->queries;
        soon { writes($edge); $dns->queries > $queries + 2 }
            "$with: READONLY: the name is resolved again: $ip";
        soon { says($edge, 43) =~ /^home/ } "$with: $ip: the account is known";
    }

    unlike substr($edge->log, $mark), qr/reconnecting/,
        "$with: no connection is closed for that";

    # it has moved

    $second->cmd(DEL => 'household:{42}');
    $dns->says('127.0.0.3');
    soon { writes($edge); written($second) }
        "$with: the name has moved: writes follow";
    soon {
        20 == grep {
            writes($edge); says($edge, 42) =~ /^unregistered/
        } 1 .. 20
    } "$with: so do lookups of all worker processes" or diag $edge->log;
    soon { 20 == grep { says($edge, 43) eq $answer } 1 .. 20 }
        "$with: records are cached" or diag $edge->log;

    $second->cmd(SREM => 'household:{43}', $Home);
    soon { 20 == grep { says($edge, 43) =~ /^unregistered/ } 1 .. 20 }
        "$with: a change at the new server is seen";

    $edge->quit;
    ok !$edge->pid, "$with: nginx quits";
    $_->stop for $first, $second, $dns;
}

# nginx quits while a name is resolved, by a resolver that is silent

my $first = elsewhere('127.0.0.2');
my $dns = Test::Household::NameServer->new('127.0.0.2');
my $edge = Test::Household::Nginx->new(server => location('/'),
    http => http_config(server => "redis.example:$port resolve",
                        redis => 'connect_timeout 60s; timeout 2s;')
        . "resolver 127.0.0.1:$dns->{port} ipv6=off valid=1s;\n");

soon { says($edge, 43) =~ /^home/ } 'a silent resolver: it replied before';
$dns->pause;
$first->cmd(REPLICAOF => '127.0.0.1', 1);
soon { writes($edge); $edge->log =~ /write failed: error reply READONLY/ }
    'a silent resolver: READONLY';
soon { says($edge, 43) =~ /^home/ } 'a silent resolver: the account is known';
$edge->quit;
ok !$edge->pid, 'a silent resolver: nginx quits';

done_testing;

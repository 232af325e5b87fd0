#!/usr/bin/perl

# Two servers, of which the second stands by, and a first one that replies with
# a transient error for a while, without losing a connection: the second one is
# used meanwhile, the first one again after that, and records are cached in
# either case.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::Household::Resp qw(encode_command);
use Test::Household::Viewer qw($Home soon);
use Test::More;

my $n = 0;

sub edge {
    my ($servers, $redis) = @_;

    return Test::Household::Nginx->new(
        http => http_config(server => [map { $_->address } @$servers],
                            zone => '1m',
                            redis => "connect_timeout 5s; timeout 5s; $redis"),
        server => location('/', '', 'main zone=households fresh=1h '
                                    . 'missing=1h stale=1h'));
}

sub ask {
    my ($edge, $account, $device) = @_;
    my $h = $edge->get("/?account=$account&device=" . ($device // ''),
                       'X-Forwarded-For' => $Home)->{headers};
    return "$h->{'x-reason'} $h->{'x-cache'}";
}

# an account that was not asked for before is cached
sub cached {
    my ($edge, $want, $name) = @_;
    my $account = 'a' . ++$n;
    my $got;

    wait_until { ($got = ask($edge, $account)) eq "$want HIT" };

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $got, "$want HIT", $name or diag $edge->log;
}


# LOADING, as of a server that gets all data of another one

for my $mode ('broadcast', 'on') {
    my @fakes = map {
        my ($i, $id, %data) = ($_, 0);

        Test::Household::FakeRedis->new(data => \%data, handler => sub {
            my ($conn, $name, @args) = @_;

            return "-LOADING Redis is loading\r\n"
                if $data{loading} && $name =~ /^(?:SMEMBERS|HGETALL|PING)$/;
            return ':' . ++$id . "\r\n" if "$name @args" eq 'CLIENT ID';
            return '$48' . "\r\nrun_id:" . $i x 40 . "\n\r\n"
                if $name eq 'INFO';

            if ($name eq 'SUBSCRIBE') {
                $conn->{pong} = "*2\r\n\$4\r\npong\r\n\$0\r\n\r\n";
                return "*3\r\n\$9\r\nsubscribe\r\n\$20\r\n$args[0]\r\n:1\r\n";
            }

            return $conn->{pong} if $name eq 'PING' && $conn->{pong};
            return undef;
        });
    } 1, 2;
    my $edge = edge(\@fakes, "tracking $mode;");

    cached($edge, 'unregistered', "$mode: the first server");
    is $fakes[1]->count('SMEMBERS'), 0, "$mode: and it alone";

    $fakes[0]->set(loading => 1);
    cached($edge, 'unregistered', "$mode: LOADING: the second one");
    ok $fakes[1]->count('SMEMBERS'), "$mode: LOADING: is read from";

    $fakes[0]->set(loading => '');
    my $read = $fakes[0]->count('SMEMBERS');
    soon {
        ask($edge, 'b' . ++$n);
        $fakes[0]->count('SMEMBERS') > $read
    } "$mode: after LOADING, the first one is read from";
    cached($edge, 'unregistered', "$mode: after LOADING, it is tracked");
    cached($edge, 'unregistered', "$mode: and stays so");
    $edge->quit;
    $_->stop for @fakes;
}


# BUSY: a script of another program does not end

{
    my @servers = map {
        Test::Household::Redis->new(config => 'busy-reply-threshold 1');
    } 1, 2;
    my $edge = edge(\@servers, '');
    my $client = $servers[0]->client;

    $servers[1]->cmd(SADD => 'household:{busy}', $Home);
    cached($edge, 'unregistered', 'BUSY: before');
    $client->send(encode_command(EVAL => 'while true do end', 0));
    soon { $servers[0]->try('PING') =~ /^BUSY/ } 'BUSY';
    soon { ask($edge, 'busy') =~ /^home / } 'BUSY: the second server replies';
    $servers[0]->cmd(SCRIPT => 'KILL');
    cached($edge, 'unregistered', 'BUSY: the first one, after that');
    soon { ask($edge, 'busy') eq 'unregistered HIT' }
        'BUSY: for all accounts';
    $edge->quit;
    $_->stop for @servers;
}


# READONLY: the first server has become a replica of the second one, and is a
# primary again after that

{
    my @servers = map {
        Test::Household::Redis->new(config => 'repl-diskless-sync-delay 0');
    } 1, 2;
    my $account = 'household:{writer}:account';

    $_->cmd(SADD => 'household:{writer}', $Home) for @servers;
    my $edge = edge(\@servers, '');

    cached($edge, 'unregistered', 'READONLY: before');
    $servers[0]->cmd(REPLICAOF => '127.0.0.1', $servers[1]{port});
    soon { $servers[0]->cmd(INFO => 'replication') =~ /link_status:up/ }
        'READONLY: the first server is a replica', 30;
    soon {
        ask($edge, 'writer', 'device' . ++$n);
        $servers[1]->cmd(EXISTS => $account);
    } 'READONLY: the second one is written to';
    cached($edge, 'unregistered', 'READONLY: records are cached');

    $servers[0]->cmd(REPLICAOF => 'NO', 'ONE');
    $servers[0]->cmd(DEL => $account);
    soon {
        ask($edge, 'writer', 'device' . ++$n);
        $servers[0]->cmd(EXISTS => $account);
    } 'READONLY: the first one is written to again';
    cached($edge, 'unregistered', 'READONLY: and records are cached');
    $edge->quit;
}

done_testing;

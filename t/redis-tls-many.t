#!/usr/bin/perl

# TLS and passwords where there is more than one server: a cluster, and a
# primary that a sentinel knows, which has a user and a password of its own.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::Ca;
use Test::Household::Cluster;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until free_port);
use Test::Household::Redis;
use Test::Household::Sentinel;
use Test::Household::Usage qw(connections);

my $home = '82.64.10.7';
my $ca = Test::Household::Ca->new('ours');
my ($cert, $key) = $ca->issue('redis', 'IP:127.0.0.1');
my @acl = ('user edge on >of-the-edge ~* &* +@all');
my $text = 'user edge; password of-the-edge; ssl on; connect_timeout 2s; '
           . 'timeout 2s; ssl_trusted_certificate ' . $ca->file . ';';


sub tls {
    my ($port) = @_;
    return "tls-port $port", "tls-cert-file $cert", "tls-key-file $key",
           'tls-ca-cert-file ' . $ca->file, 'tls-auth-clients no',
           'tls-replication yes', 'tls-cluster yes';
}

sub edge {
    my ($servers, %opt) = @_;
    return Test::Household::Nginx->new(
        http => http_config(zone => '1m', redis => "$servers $text"),
        server => location('/t', '', 'main zone=households fresh=1h '
                                     . 'missing=1h'), %opt);
}

sub reason {
    my ($edge, $account) = @_;
    my $h = $edge->get("/t?account=$account", 'X-Forwarded-For' => $home)
                 ->{headers};
    return wantarray ? ($h->{'x-reason'}, $h->{'x-cache'}) : $h->{'x-reason'};
}

sub soon (&$) {
    my ($code, $name) = @_;
    return ok &wait_until($code, 40), $name;
}

sub is_soon {
    my ($edge, $account, $want, $name) = @_;
    my $got;
    wait_until { ($got = reason($edge, $account)) eq $want } 40;
    is $got, $want, $name or diag $edge->log;
}

sub trusted {
    my ($edge, $account, $name) = @_;
    ok wait_until { (reason($edge, $account))[1] eq 'HIT' }, $name;
}

# the ports that speak TLS have connections, and the others have none
sub is_private {
    my ($edge, $tls, $plain, $name) = @_;
    my ($worker) = $edge->workers;
    is scalar(grep { !(connections($_, $worker))[0] } @$tls), 0,
        "$name: all by TLS";
    is scalar(grep { (connections($_, $worker))[0] } @$plain), 0,
        "$name: and nothing without";
}


# a cluster

{
    my @tls = map { free_port() } 1 .. 6;
    my $cluster = Test::Household::Cluster->new(args => { acl => \@acl },
        config => sub { join "\n", tls($tls[$_[0]]) });
    my @nodes = $cluster->nodes;
    my @accounts = map { "a$_" } 0 .. 19;

    $cluster->cmd("household:{$_}", SADD => "household:{$_}", $home)
        for @accounts;

    my $edge = edge("server 127.0.0.1:$tls[0]; cluster on;");
    is_soon $edge, 'a0', 'home', 'a cluster: the map is found';
    is scalar(grep { reason($edge, $_) eq 'home' } @accounts), 20,
        'a cluster: every account is, wherever it is kept';
    trusted $edge, 'a0', 'a cluster: the edge receives invalidations';
    is_private $edge, [@tls[0 .. 2]], [map { $_->{port} } @nodes],
        'a cluster';

    for my $account (@accounts[0 .. 5]) {
        my $key = "household:{$account}";
        $cluster->cmd($key, SREM => $key, $home);
        is_soon $edge, $account, 'unregistered', "a cluster: $account changes";
    }

    my $slot = $cluster->slot('household:{late}');
    my ($to) = grep { $_ != $cluster->owner($slot) } @nodes[0 .. 2];
    $cluster->begin($slot, $to);
    is reason($edge, 'late'), 'unregistered', 'a cluster: ASK is followed';
    like $to->cmd(INFO => 'commandstats'), qr/cmdstat_asking/,
        'a cluster: to where it says';
    $cluster->finish($slot, $to);
    $to->cmd(SADD => 'household:{late}', $home);
    is_soon $edge, 'late', 'home', 'a cluster: and so is MOVED';
    is_private $edge, [@tls[0 .. 2]], [map { $_->{port} } @nodes],
        'a cluster: after that';

    $edge->quit;
    ok !$edge->pid, 'a cluster: nginx quits';

    my $wrong = edge("server 127.0.0.1:$nodes[0]{port}; cluster on;");
    is_soon $wrong, 'a9', 'unavailable', 'a cluster: not without TLS';
    ok $wrong->wait_log(qr/slot map refresh failed/), 'a cluster: in the log';
    $wrong->quit;
    $_->stop('KILL') for @nodes;
}


# a primary and a replica, and a sentinel

SKIP: {
    my $missing = Test::Household::Sentinel->missing;
    skip $missing, 1 if $missing;

    my @tls = map { free_port() } 1 .. 3;
    my @nodes = map {
        my $i = $_;
        Test::Household::Redis->new(acl => \@acl, config => join "\n",
            tls($tls[$i]), 'repl-diskless-sync-delay 0',
            $i ? "replicaof 127.0.0.1 $tls[0]" : ());
    } 0, 1;

    # only its default user sees everything
    my $sentinel = Test::Household::Sentinel->new(
        monitor => $tls[0], quorum => 1, requirepass => 'of-its-own',
        acl => ['user looker on >of-the-looker ~* &* +sentinel +auth '
                . '+client +ping +hello'],
        text => join "\n", tls($tls[2]));

    soon {
        my %f = @{ $sentinel->cmd(SENTINEL => master => 'mymaster') };
        $f{'num-slaves'} == 1
            && $nodes[1]->cmd('INFO', 'replication') =~ /link_status:up/;
    } 'a sentinel: knows primary and replica';
    $nodes[0]->cmd(SADD => "household:{a$_}", $home) for 0 .. 9;
    soon { $nodes[1]->cmd('DBSIZE') == 10 } 'a sentinel: the replica follows';

    my $at = "sentinel 127.0.0.1:$tls[2]; master mymaster;";

    for my $case (['', qr/NOAUTH/, 'without a password'],
                  ['sentinel_password of-the-edge;', qr/WRONGPASS/,
                   'with that of Redis'],
                  ['sentinel_user edge; sentinel_password of-the-edge;',
                   qr/WRONGPASS/, 'with user and password of Redis'])
    {
        my ($more, $re, $name) = @$case;
        my $edge = edge("$at $more");
        is_soon $edge, 'a1', 'unavailable', "a sentinel: $name";
        ok $edge->wait_log(qr/not found by any sentinel.*$re/),
            "a sentinel: $name: the log says why" or diag $edge->log;
        $edge->quit;
    }

    my $edge = edge("$at sentinel_password of-its-own;");
    is_soon $edge, 'a1', 'home', 'a sentinel: its own password';
    $edge->quit;

    $edge = edge("$at sentinel_user looker; sentinel_password of-the-looker;");
    is_soon $edge, 'a1', 'home', 'a sentinel: its own user';
    trusted $edge, 'a1', 'a sentinel: the edge receives invalidations';
    is_private $edge, [$tls[0]],
        [$sentinel->{port}, map { $_->{port} } @nodes], 'a sentinel';
    unlike $edge->log, qr/of-the-|of-its-own/,
        'a sentinel: no password in the log';

    $nodes[0]->kill9;
    ok $edge->wait_log(qr/primary is 127\.0\.0\.1:$tls[1]/, 0, 40),
        'a sentinel: another takes over from one that is killed'
        or diag $edge->log;
    is_soon $edge, 'a2', 'home', 'a sentinel: which answers';
    is_private $edge, [$tls[1]],
        [$sentinel->{port}, map { $_->{port} } @nodes],
        'a sentinel: after that';

    $edge->quit;
    ok !$edge->pid, 'a sentinel: nginx quits';
}

done_testing;

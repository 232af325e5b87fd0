#!/usr/bin/perl

# A primary, two replicas and three sentinels: where the primary is, and what
# becomes of viewers while another takes over.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(time);
use Test::Household::Load;
use Test::Household::Process qw(free_port);
use Test::Household::Redis;
use Test::Household::Sentinel;
use Test::Household::Viewer;

my $missing = Test::Household::Sentinel->missing;
plan skip_all => $missing if $missing;

my $config = 'repl-diskless-sync-delay 0';
my @nodes = Test::Household::Redis->new(config => $config);
push @nodes, map {
    Test::Household::Redis->new(
        config => "$config\nreplicaof 127.0.0.1 $nodes[0]{port}")
} 1 .. 2;
my @sentinels = map {
    Test::Household::Sentinel->new(primary => $nodes[0])
} 1 .. 3;

$nodes[0]->cmd(SADD => "household:{a$_}", $Home) for 0 .. 19;

sub field {
    my ($sentinel, $name) = @_;
    my %f = @{ $sentinel->cmd(SENTINEL => master => 'mymaster') };
    return $f{$name};
}

soon {
    2 == grep { $_->cmd('INFO', 'replication') =~ /master_link_status:up/ }
         @nodes;
} 'two replicas', 30;
soon {
    3 == grep { field($_, 'num-other-sentinels') == 2
                && field($_, 'num-slaves') == 2 } @sentinels;
} 'three sentinels know of each other', 30;

my $addresses = join ' ', map { "sentinel " . $_->address . ';' } @sentinels;
my $times = 'connect_timeout 300ms; timeout 300ms;';
my $edge = edge("$addresses master mymaster; $times", workers => 2);

is_soon $edge, 'a1', 'home', 'the primary is found';
is reason($edge, 'nobody'), 'unregistered', 'and asked';
ok $edge->wait_log(qr/primary is 127\.0\.0\.1:$nodes[0]{port}/),
    'it is in the log';

# a sentinel that is gone, or that knows nothing

my $dead = '127.0.0.1:' . free_port();
my $stranger = Test::Household::Redis->new;

for my $case ([$dead, 'is gone'], [$stranger->address, 'is none']) {
    my ($address, $what) = @$case;
    my $other = edge("sentinel $address; $addresses master mymaster; $times");
    is_soon $other, 'a1', 'home', "the first of the sentinels $what";
    $other->quit;
}

{
    my $other = edge("$addresses master nobody; $times");
    is_soon $other, 'a1', 'unavailable', 'a name that no sentinel knows';
    ok $other->wait_log(qr/master "nobody" not found by any sentinel/),
        'is in the log';
    is scalar(() = $other->log =~ /not found by any sentinel/g), 1, 'once';
    $other->quit;
}

# replicas for reading

{
    my $other = edge("$addresses master mymaster; read_from replica; $times");
    is_soon $other, 'a1', 'home', 'a replica or the primary answers';

    my $reads = sub {
        my %s = $_[0]->cmd(INFO => 'commandstats')
                =~ /cmdstat_(\w+):calls=(\d+)/g;
        return $s{smembers} || 0;
    };

    soon {
        reason($other, 'a2');
        2 == grep { $reads->($_) } @nodes[1, 2];
    } 'both replicas are read from';

    my $before = $reads->($nodes[0]);
    reason($other, 'a3') for 1 .. 10;
    is $reads->($nodes[0]), $before, 'and the primary is not';
    $other->quit;
}

# a failover by hand, under load

my $load = Test::Household::Load->new($edge, conns => 4,
                                      accounts => [map { "a$_" } 0 .. 19]);
sub primary_port {
    return $sentinels[0]->cmd(SENTINEL => 'get-master-addr-by-name',
                              'mymaster')->[1];
}

my $old = primary_port();
$sentinels[0]->cmd(SENTINEL => failover => 'mymaster');
soon { primary_port() != $old } 'a failover by hand', 30;
soon { $edge->log =~ /primary is 127\.0\.0\.1:${\ primary_port()}/ } 'which the edge follows', 30;
soon {
    my ($node) = grep { $_->{port} == primary_port() } @nodes;
    $node->cmd('INFO', 'replication') =~ /connected_slaves:2/;
} 'with both replicas again', 30;

# and one that has to be

my ($victim) = grep { $_->{port} == primary_port() } @nodes;
my $mark = $edge->mark;
my $killed = time;
$victim->kill9;
soon { primary_port() != $victim->{port} } 'a primary that is killed has a successor', 40;
ok $edge->wait_log(qr/primary is 127\.0\.0\.1:${\ primary_port()}/, $mark,
                   30), 'and the edge knows it';
is_soon $edge, 'a5', 'home', 'which answers';
diag sprintf 'known again %.1f s after the kill', time - $killed;

# writes go there: a demoted primary would say READONLY
my $seen = $load->stop;
diag $load->text;

is $seen->{lost} || 0, 0, 'no request is lost';
is_deeply [grep { !/^(?:home|unavailable|lost)$/ } keys %$seen], [],
    'and no registered viewer is taken for another';
cmp_ok $seen->{home}, '>', 100, 'most are answered';

$victim->start;
soon { $victim->cmd('INFO', 'replication') =~ /role:slave/ } 'the old primary comes back as a replica', 30;
is_soon $edge, 'a5', 'home', 'and makes no difference';

# all sentinels are gone: the primary is used on

$_->stop('KILL') for @sentinels;
is_soon $edge, 'a6', 'home', 'without sentinels, it goes on';

$edge->quit;
ok !$edge->pid, 'nginx quits';


# what cannot be configured

for my $case (
    ['sentinel 127.0.0.1;', qr/"sentinel" requires "master"/],
    ['server 127.0.0.1; master mymaster;', qr/"master" requires "sentinel"/],
    ['server 127.0.0.1; sentinel 127.0.0.1; master m;',
     qr/"server" conflicts with "sentinel"/],
    ['sentinel 127.0.0.1; master m; cluster on;',
     qr/"cluster" conflicts with "sentinel"/],
    ['sentinel 127.0.0.1 replica; master m;', qr/invalid parameter "replica"/],
    ['sentinel 127.0.0.1; master m; sentinel_user u;',
     qr/"sentinel_user" without/],
    ['server 127.0.0.1; sentinel_password p;',
     qr/"sentinel_password" requires "sentinel"/],
    ['sentinel 127.0.0.1:x; master m;', qr/invalid port in sentinel/],
    ['sentinel 127.0.0.1; master m; master n;', qr/is duplicate/],
) {
    my ($text, $re) = @$case;
    my $bad = edge($text, start => 0, allow => qr/emerg/);
    my ($good, $said) = $bad->test;
    ok !$good && $said =~ $re, "refused: $text" or diag $said;
}

done_testing;

#!/usr/bin/perl

# A Redis Cluster of six nodes: slots, redirections, a resharding and a killed
# primary under load.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(time);
use Test::Household::Cluster;
use Test::Household::Load;
use Test::Household::Process qw(wait_until free_port);
use Test::Household::Redis;
use Test::Household::Viewer;

my $times = 'connect_timeout 300ms; timeout 300ms;';
my $cluster = Test::Household::Cluster->new;
my @nodes = $cluster->nodes;
my $seeds = join ' ', map { 'server ' . $_->address . ';' } @nodes[0, 4];


sub calls {
    my ($node, $command) = @_;
    return $node->cmd(INFO => 'commandstats')
           =~ /cmdstat_$command:calls=(\d+)/ ? $1 : 0;
}

my @accounts = map { "a$_" } 0 .. 39;
$cluster->cmd("household:{$_}", SADD => "household:{$_}", $Home) for @accounts;

my $edge = edge("$seeds cluster on; $times", workers => 2);


# each account where it is

is_soon $edge, 'a0', 'home', 'the map is found';
is scalar(grep { reason($edge, $_) eq 'home' } @accounts), 40,
    'every account is, wherever it is kept';
is reason($edge, 'nobody'), 'unregistered', 'and one is nowhere';
is scalar(grep { calls($_, 'smembers') } @nodes[0 .. 2]), 3,
    'all three primaries are asked';
is scalar(grep { calls($_, 'smembers') } @nodes[3 .. 5]), 0,
    'and no replica is';

# an empty tag is none: the two keys of such an account are apart

my @apart = map { "}$_" } 0 .. 9;
for my $id (@apart) {
    $cluster->cmd("household:{$id}", SADD => "household:{$id}", '192.0.2.1');
    $cluster->cmd("household:{$id}:account", HSET => "household:{$id}:account",
                  'extra:1:82.64.10.7' => 0);
}
isnt $cluster->slot('household:{}0}'), $cluster->slot('household:{}0}:account'),
    'keys with an empty tag are in two slots';
is scalar(grep { reason($edge, $_) eq 'extra_member' } @apart), 10,
    'and both are read';
is $edge->metric('redis_redirects_total', type => 'moved'), 0,
    'each where it is';


# ASK, with one of two keys moved, and the other not; then MOVED

my $account = 'mid';
my @keys = ("household:{$account}", "household:{$account}:account");
my $slot = $cluster->slot($keys[0]);
$cluster->cmd($keys[0], SADD => $keys[0], '192.0.2.1');
$cluster->cmd($keys[0], HSET => $keys[1], 'extra:1:82.64.10.7' => 0);

my ($to) = grep { $_ != $cluster->owner($slot) } @nodes[0 .. 2];
my $maps = sub { my $n = 0; $n += calls($_, 'cluster\|slots') for @nodes; $n };
my $from = $cluster->begin($slot, $to);
my $before = $maps->();

is reason($edge, $account), 'extra_member', 'a slot that is to be moved';
$cluster->migrate($from, $to, $keys[1]);
is reason($edge, $account), 'extra_member', 'one key is there already: ASK';
ok calls($to, 'asking') >= 1, 'which was followed';
$cluster->migrate($from, $to, $keys[0]);
is reason($edge, $account), 'extra_member', 'both are';
is $maps->(), $before, 'and the map was not asked for';
my $changes = $edge->metric('redis_topology_changes_total');
cmp_ok $changes, '>', 0, 'metrics: the first topology';
$cluster->finish($slot, $to);
is reason($edge, $account), 'extra_member', 'the slot is: MOVED';
soon { $maps->() > $before } 'which is a reason to ask for it';

my @redirected = map { $edge->metric('redis_redirects_total', type => $_) }
                     qw(ask moved);
cmp_ok $redirected[0], '>=', 1, 'metrics: ASK';
cmp_ok $redirected[1], '>=', 1, 'metrics: MOVED';
cmp_ok $edge->metric('redis_topology_changes_total'), '>', $changes,
    'metrics: the topology has changed';

my $moved = calls($from, 'smembers');
is reason($edge, $account), 'extra_member', 'and then';
is calls($from, 'smembers'), $moved, 'it is not asked for in the old place';


# a resharding under load

my $load = Test::Household::Load->new($edge, conns => 4,
                                      accounts => \@accounts);

my %slots = map { $cluster->slot("household:{$_}") => 1 } @accounts;
my $n = 0;
for my $slot (sort { $a <=> $b } keys %slots) {
    my @others = grep { $_ != $cluster->owner($slot) } @nodes[0 .. 2];
    $cluster->move($slot, $others[$n++ % 2]);
}
ok $n > 30, "$n slots are moved";

my $seen = $load->stop;
diag 'resharding: ' . $load->text;
is $seen->{lost} || 0, 0, 'no request is lost';
is_deeply [grep { $_ ne 'home' } keys %$seen], [],
    'and every viewer is known all the time';


# a primary that hands over, and one that is killed, under load

$load = Test::Household::Load->new($edge, conns => 4, accounts => \@accounts);
my $mark = $edge->mark;

# a replica gives up by itself if its primary is slow to answer
soon {
    eval { $nodes[3]->cmd(CLUSTER => 'FAILOVER') };
    wait_until {
        $nodes[3]->cmd('INFO', 'replication') =~ /role:master/
    } 10;
} 'a replica takes over by hand', 40;
is_soon $edge, $_, 'home', "and $_ is known" for qw(a1 a2 a3);

my $killed = time;
$cluster->let_replicas_take_over;
$nodes[1]->kill9;
soon { $nodes[4]->cmd('INFO', 'replication') =~ /role:master/ } 'a primary that is killed has a successor', 60;
$cluster->wait_ok;
my $well = time;
soon {
    40 == grep { reason($edge, $_) eq 'home' } @accounts;
} 'and then all accounts are known';

diag sprintf 'all are known %.1f s after the kill, and %.1f s after the '
             . 'cluster is well', time - $killed, time - $well;

$seen = $load->stop;
diag 'failover: ' . $load->text;
is $seen->{lost} || 0, 0, 'no request is lost';
is_deeply [grep { !/^(?:home|unavailable|lost)$/ } keys %$seen], [],
    'and no registered viewer is taken for another';

my @lines = grep { /server down/ } split /\n/, substr $edge->log, $mark;
cmp_ok scalar(@lines), '<=', 2 * 2, 'a line of each worker for the server that is down'
    or diag join "\n", @lines;

# a node that has left is forgotten: nobody goes on trying

$nodes[1]->start;
soon { $nodes[1]->cmd('INFO', 'replication') =~ /link_status:up/ } 'the old primary comes back as a replica', 30;
$cluster->wait_ok;
is_soon $edge, 'a4', 'home', 'and makes no difference';

$edge->quit;
ok !$edge->pid, 'nginx quits';


# replicas for reading

{
    my $other = edge("$seeds cluster on; read_from replica; $times");
    my %before = map { $_->{port} => calls($_, 'smembers') } @nodes;
    is_soon $other, 'a0', 'home', 'replicas are read from';
    is scalar(grep { reason($other, $_) eq 'home' } @accounts), 40, 'all';

    my @replicas = grep { $_->cmd('INFO', 'replication') =~ /role:slave/ }
                   @nodes;
    soon {
        reason($other, $_) for @accounts;
        3 == grep { calls($_, 'smembers') > $before{ $_->{port} } } @replicas;
    } 'each replica is asked, even one that was away';


    # a replica does not reply with ASK

    my @keys = ('household:{ask}', 'household:{ask}:account');
    my $slot = $cluster->slot($keys[0]);
    my ($to) = grep { $_ != $cluster->owner($slot)
                      && $_->cmd('INFO', 'replication') =~ /role:master/ }
               @nodes;
    $cluster->cmd($keys[0], SADD => $keys[0], $Home);
    $cluster->cmd($keys[0], HSET => $keys[1], 'extra:1:192.0.2.1' => 0);
    is_soon $other, 'ask', 'home', 'replicas: a slot that is to be moved';

    my $from = $cluster->begin($slot, $to);
    my $left = 2;
    for my $key (@keys) {
        $cluster->migrate($from, $to, $key);
        $left--;
        soon {
            2 == grep { $_->cmd(CLUSTER => COUNTKEYSINSLOT => $slot) == $left }
                 grep { $_ == $from || $_->cmd('INFO', 'replication')
                                       =~ /master_port:$from->{port}\b/ }
                 @nodes;
        } "replicas: $key has left the replica";
        is_deeply [map { reason($other, 'ask') } 1 .. 4], [('home') x 4],
            'replicas: and is found by ASK';
    }
    $cluster->finish($slot, $to);
    is_deeply [map { reason($other, 'ask') } 1 .. 4], [('home') x 4],
        'replicas: and when the slot has moved';
    is reason($other, 'nobody'), 'unregistered', 'replicas: and one is nowhere';
    $other->quit;
}


# who is asked for the map

{
    my $none = edge("server 127.0.0.1:" . free_port() . "; cluster on; $times");
    is_soon $none, 'a0', 'unavailable', 'nobody is there';
    ok $none->wait_log(qr/slot map refresh failed on all nodes/),
        'which is in the log';
    is scalar(() = $none->log =~ /slot map refresh failed/g), 1, 'once';
    $none->quit;

    my $plain = Test::Household::Redis->new;
    my $wrong = edge('server ' . $plain->address . "; cluster on; $times");
    is_soon $wrong, 'a0', 'unavailable', 'a Redis that is no cluster';
    ok $wrong->wait_log(qr/cluster support disabled/), 'is logged';
    $wrong->quit;
}


# what cannot be configured

for my $case (
    ['server unix:/tmp/x.sock; cluster on;', qr/conflicts with a unix socket/],
    ['server 127.0.0.1; cluster on; database 1;',
     qr/"database" conflicts with "cluster"/],
    ['server 127.0.0.1; server 127.0.0.2 replica; cluster on;',
     qr/"replica" is not allowed with "cluster"/],
    ['server 127.0.0.1; cluster maybe;', qr/it must be "on" or "off"/],
    ['server 127.0.0.1; cluster on; cluster on;', qr/is duplicate/],
    ['server 127.0.0.1; read_from elsewhere;', qr/invalid value "elsewhere"/],
) {
    my ($text, $re) = @$case;
    my $bad = edge($text, start => 0, allow => qr/emerg/);
    my ($good, $said) = $bad->test;
    ok !$good && $said =~ $re, "refused: $text" or diag $said;
}

done_testing;

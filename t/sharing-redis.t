#!/usr/bin/perl

# Presence and events where Redis is a Cluster, is replicated, has sentinels or
# another key prefix, or tells of no changes.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Cluster;
use Test::Household::Nginx qw(location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::Household::Sentinel;
use Test::More;

my $home = '82.64.10.7';
my $friend = '203.0.113.9';

sub edge {
    my ($redis) = @_;
    my $on = 'household_sharing on threshold=0; household_events on;';

    return Test::Household::Nginx->new(
        http => "household_zone zone=households:1m;
                 household_redis main {
                     connect_timeout 5s; timeout 5s; $redis
                 }
                 set_real_ip_from 127.0.0.1;
                 real_ip_header X-Forwarded-For;",
        server => location('/', $on, 'main zone=households')
                  . location('/record', '', 'main zone=households'));
}

sub ask {
    my ($edge, $account, $from, $device) = @_;
    return $edge->get("/?account=$account&device=$device",
                      'X-Forwarded-For' => $from)->{headers}{'x-reason'};
}


# a Cluster: a command is sent to whoever holds its key

{
    my $cluster = Test::Household::Cluster->new;
    my @nodes = $cluster->nodes;
    my $edge = edge(join ' ', 'cluster on;',
                    map { 'server ' . $_->address . ';' } @nodes[0, 4]);
    my @accounts = map { "a$_" } 0 .. 19;
    my $key = sub { "household-seen:{$_[0]}" };

    wait_until { ask($edge, 'first', $home, 'tv') eq 'member' };

    is scalar(grep { ask($edge, $_, $home, 'tv') eq 'member' } @accounts), 20,
        'cluster: the first devices belong';
    ok wait_until {
        20 == grep { $cluster->cmd($key->($_), EXISTS => $key->($_)) }
              @accounts
    }, 'cluster: presence is where the account is';
    $_->cmd('PING') for $cluster->nodes;
    is scalar(grep { ask($edge, $_, $friend, 'box') eq 'outside' } @accounts),
        20, 'cluster: another household is refused';
    ok wait_until {
        60 == $cluster->cmd('household-events', XLEN => 'household-events')
    }, 'cluster: all events are in one stream'
        or diag $cluster->cmd('household-events',
                              XLEN => 'household-events');

    # a key has moved, and its slot has not: ASK, which replicas do not reply

    my $slot = $cluster->slot($key->('a0'));
    my ($to) = grep { $_ != $cluster->owner($slot) } @nodes[0 .. 2];
    my $from = $cluster->begin($slot, $to);
    my ($replica) = map { $nodes[$_ + 3] } grep { $nodes[$_] == $from } 0 .. 2;
    my $keys = sub { $_[0]->cmd(CLUSTER => COUNTKEYSINSLOT => $slot) };
    wait_until { $keys->($replica) == $keys->($from) };
    my $before = $keys->($from);
    $cluster->migrate($from, $to, $key->('a0'));
    ok wait_until { $keys->($replica) < $before },
        'cluster: presence has left the replica';

    my $reader = edge(join ' ', 'cluster on; read_from replica max_lag=1m;',
                      map { 'server ' . $_->address . ';' } @nodes[0, 4]);
    is ask($reader, 'a0', $friend, 'box'), 'outside',
        'cluster: presence of a slot that is migrated is read';
}


# replicas are read; what is written goes to the primary

{
    my $config = 'repl-diskless-sync-delay 0';
    my $primary = Test::Household::Redis->new(config => $config);
    my $replica = Test::Household::Redis->new(
        config => "$config\nreplicaof 127.0.0.1 $primary->{port}");

    wait_until { $replica->cmd(INFO => 'replication')
                 =~ /master_link_status:up/ } or die "no replica\n";

    my $edge = edge('server ' . $primary->address . '; server '
                    . $replica->address . ' replica; read_from replica;');
    my $key = 'household-seen:{a}';

    is ask($edge, 'a', $home, 'tv'), 'member', 'replica: a member';
    ok $primary->wait_written($key) && $replica->wait_written($key),
        'replica: presence is written to the primary';
    is ask($edge, 'a', $friend, 'box'), 'outside',
        'replica: another household';
    cmp_ok $replica->cmd(INFO => 'commandstats') =~ /cmdstat_get:calls=(\d+)/
           ? $1 : 0, '>', 0, 'replica: it was read there';
}


# sentinels: presence goes to the primary, and after a failover to the next one

SKIP: {
    my $missing = Test::Household::Sentinel->missing;
    skip $missing, 8 if $missing;

    my $config = 'repl-diskless-sync-delay 0';
    my $primary = Test::Household::Redis->new(config => $config);
    my $replica = Test::Household::Redis->new(
        config => "$config\nreplicaof 127.0.0.1 $primary->{port}");
    my $sentinel = Test::Household::Sentinel->new(primary => $primary,
                                                  quorum => 1);
    my $key = 'household-seen:{a}';

    ok wait_until {
        my %f = @{ $sentinel->cmd(SENTINEL => master => 'mymaster') };
        $f{'num-slaves'} == 1
            && $replica->cmd(INFO => 'replication')
               =~ /master_link_status:up/;
    }, 'sentinel: a replica';

    my $edge = edge('sentinel ' . $sentinel->address . '; master mymaster;');

    is ask($edge, 'a', $home, 'tv'), 'member', 'sentinel: a member';
    ok wait_until { $replica->cmd(EXISTS => $key) },
        'sentinel: presence is written to the primary';

    # until it is agreed, "not enough good replicas" is an answer, too; a
    # server that becomes a primary closes its connections

    ok wait_until {
        eval { $sentinel->cmd(SENTINEL => failover => 'mymaster') };
        (eval { $replica->cmd(INFO => 'replication') } // '') =~ /role:master/;
    }, 'sentinel: a failover';

    # what reached the former primary last is lost, as Redis has it

    my @more;

    ok wait_until {
        push @more, 'b' . @more if @more < 2000;
        ask($edge, $more[-1], $home, 'tv');
        grep { $replica->cmd(EXISTS => "household-seen:{$_}") }
             @more > 20 ? @more[-20 .. -1] : @more;
    }, 'sentinel: presence is written to the next primary';
    is ask($edge, 'a', $home, 'tv'), 'member',
        'sentinel: a member is known there';
    is ask($edge, 'a', $friend, 'box'), 'outside',
        'sentinel: another household is denied';
    ok wait_until { $replica->cmd(XLEN => 'household-events') },
        'sentinel: events are written there';
}


# the keys of another prefix; nobody is told of changes to presence

{
    my $redis = Test::Household::Redis->new(unix => 1);
    my $server = 'server ' . $redis->address . ';';

    for (['tv:', 'tv-seen:{a}', 'tv-events'],
         ['tv', 'tv-seen:{b}', 'tv-events'],
         ['home:tv:', 'home:tv-seen:{c}', 'home:tv-events'],
         ['""', 'seen:{e}', 'events'])
    {
        my ($prefix, $key, $stream) = @$_;
        my $edge = edge("$server key_prefix $prefix;");
        my ($account) = $key =~ /\{(.*)\}/;

        ask($edge, $account, $home, 'tv');
        ok $redis->wait_written($key),
            "key_prefix $prefix: presence";
        is ask($edge, $account, $friend, 'box'), 'outside',
            "key_prefix $prefix: another household";
        ok wait_until { $redis->cmd(EXISTS => $stream) },
            "key_prefix $prefix: events";
    }

    my $edge = edge("$server tracking off;");
    is ask($edge, 'd', $home, 'tv'), 'member', 'tracking off: a member';
    ok $redis->wait_written('household-seen:{d}'),
        'tracking off: presence is written';
    is ask($edge, 'd', $friend, 'box'), 'outside',
        'tracking off: another household';
}


# a location without it asks for no presence

{
    my $redis = Test::Household::Redis->new(unix => 1);
    my $edge = edge('server ' . $redis->address . ';');

    $redis->cmd(SADD => 'household:{a}', $home);
    is $edge->get('/record?account=a&device=tv', 'X-Forwarded-For' => $home)
            ->{headers}{'x-reason'}, 'home', 'without it: the record alone';
    unlike $redis->cmd(INFO => 'commandstats'), qr/^cmdstat_get:/m,
        'without it: no presence is read';
}

done_testing;

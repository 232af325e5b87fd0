#!/usr/bin/perl

# Several servers by themselves: a primary, replicas for reading, one that
# stands by, and a replica that has lost its primary.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::Process qw(wait_until free_port);
use Test::Household::Redis;
use Test::Household::Viewer;

my $times = 'connect_timeout 400ms; timeout 400ms;';


sub reads {
    my ($node) = @_;
    return $node->cmd(INFO => 'commandstats')
           =~ /cmdstat_smembers:calls=(\d+)/ ? $1 : 0;
}

my $text = "repl-diskless-sync-delay 0\nreplica-serve-stale-data no";
my $primary = Test::Household::Redis->new(config => $text);
my @replicas = map { Test::Household::Redis->new(
    config => "$text\nreplicaof 127.0.0.1 $primary->{port}") } 1 .. 2;

$primary->cmd(SADD => 'household:{42}', $Home);
wait_until {
    2 == grep { $_->cmd('INFO', 'replication') =~ /link_status:up/ } @replicas;
} 40 or die "the replicas do not follow\n";

my $servers = 'server ' . $primary->address . '; '
              . join ' ', map { 'server ' . $_->address . ' replica;' }
              @replicas;


# from the primary, as long as it is there

my $edge = edge("$servers $times");
is_soon $edge, 42, 'home', 'the primary';
reason($edge, 42) for 1 .. 10;
is reads($_), 0, 'no replica is read from' for @replicas;

# from replicas, in turn

my $other = edge("$servers read_from replica; $times");
is_soon $other, 42, 'home', 'a replica';
my $before = reads($primary);
reason($other, 42) for 1 .. 10;
is reads($primary), $before, 'the primary is not read from';
cmp_ok reads($_), '>=', 5, 'replicas take turns' for @replicas;

# one of them is gone

$replicas[0]->kill9;
is_soon $other, 42, 'home', 'one replica is gone';
is scalar(grep { reason($other, 42) eq 'home' } 1 .. 10), 10,
    'the other one does';
is reads($primary), $before, 'alone';

# both are: the primary does

$replicas[1]->pause;
is_soon $other, 42, 'home', 'no replica answers: the primary does';
wait_until { reads($primary) > $before };
cmp_ok reads($primary), '>', $before, 'as it shows';
$replicas[1]->resume;

# a replica that has lost its primary: MASTERDOWN, which passes

$replicas[0]->start;
wait_until { $replicas[0]->cmd('INFO', 'replication') =~ /link_status:up/ };
$before = reads($primary);
my $apart = edge('server ' . $primary->address . '; server '
                 . $replicas[0]->address . " replica; read_from replica; $times");
is_soon $apart, 42, 'home', 'a replica that is well';
my $nowhere = free_port();
$replicas[0]->cmd(REPLICAOF => '127.0.0.1', $nowhere);
is $replicas[0]->try('SMEMBERS', 'x') =~ /^MASTERDOWN/ ? 1 : 0, 1,
    'it has lost its primary';
is scalar(grep { reason($apart, 42) eq 'home' } 1 .. 10), 10,
    'every viewer is known: the primary is asked';
$replicas[0]->cmd(REPLICAOF => '127.0.0.1', $primary->{port});

# the primary is gone: replicas are read, by those who read from it too

wait_until {
    2 == grep { $_->cmd('INFO', 'replication') =~ /link_status:up/ } @replicas;
} 40;
$_->cmd(CONFIG => SET => 'replica-serve-stale-data', 'yes') for @replicas;
$primary->kill9;
is_soon $edge, 42, 'home', 'without a primary, replicas are read from';
is scalar(grep { reason($edge, 42) eq 'home' } 1 .. 10), 10, 'all the time';
$primary->start;
$primary->cmd(SADD => 'household:{42}', $Home);
wait_until { reason($edge, 42); reads($primary) };
ok reads($primary), 'and when it is back, it is';


# servers in order: the second stands by

{
    my @pair = map { Test::Household::Redis->new } 1 .. 2;
    $pair[0]->cmd(SADD => 'household:{42}', $Home);
    my $two = edge(join(' ', map { 'server ' . $_->address . ';' } @pair)
                   . $times);

    is_soon $two, 42, 'home', 'the first of two';
    is reads($pair[1]), 0, 'the second stands by';
    $pair[0]->kill9;
    is_soon $two, 42, 'unregistered', 'and steps in';
    $pair[0]->start;
    $pair[0]->cmd(SADD => 'household:{42}', $Home);
    is_soon $two, 42, 'home', 'and back';

    # it was lost, and then refused: a line for each, and not one an attempt
    like scalar(() = $two->log =~ /server down/g), qr/\A[12]\z/, 'in a line or two';
    is scalar(() = $two->log =~ /server up/g), 1, 'and another';
}


for my $case (
    ['server 127.0.0.1 replica;', qr/at least one "server" without "replica"/],
    ['server 127.0.0.1; read_from replica;', qr/requires a "replica"/],
    ['server 127.0.0.1; read_from;', qr/invalid number of arguments/],
    ['server;', qr/invalid number of arguments in "server"/],
    ['server 127.0.0.1 a b c;', qr/invalid number of arguments in "server"/],
    [' ', qr/no "server" in household_redis/],
) {
    my ($text, $re) = @$case;
    my $bad = edge($text, start => 0, allow => qr/emerg/);
    my ($good, $said) = $bad->test;
    ok !$good && $said =~ $re, "refused: $text" or diag $said;
}

done_testing;

#!/usr/bin/perl

# What happens to a Redis as a whole, and what the cache makes of it: many
# changes at a time, SWAPDB, a full resynchronization of a replica, a server
# that accepts no further client.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::Household::Viewer qw($Home soon);

my $times = 'connect_timeout 500ms; timeout 500ms;';

sub edge {
    my ($server, $redis) = @_;
    return Test::Household::Nginx->new(
        workers => 2,
        http => http_config(server => $server, zone => '4m',
                            redis => $times . ($redis // '')),
        server => location('/', '',
                           'main zone=households fresh=1h missing=1h stale=1h'));
}

sub ask {
    my ($edge, $account) = @_;
    my $h = $edge->get("/?account=$account", 'X-Forwarded-For' => $Home)
                 ->{headers};
    return ($h->{'x-reason'}, $h->{'x-cache'});
}

sub cached {
    my ($edge, $account, $want, $name) = @_;
    my @got;
    wait_until { @got = ask($edge, $account); "@got" eq "$want HIT" } 15;
    is "@got", "$want HIT", $name;
}


# many changes at a time are so many invalidations, and no more than that

my $redis = Test::Household::Redis->new;
my $edge = edge($redis->address);

cached($edge, 'a', 'unregistered', 'many: cached before');
cached($edge, "k$_", 'unregistered', 'many: cached before') for 1, 2500, 5000;

my $client = $redis->client;
$client->cmd('MULTI');
$client->cmd(SADD => "household:{k$_}", $Home) for 1 .. 5000;
$client->cmd('EXEC');

for (1, 2500, 5000) {
    my $k = $_;
    soon { (ask($edge, "k$k"))[0] eq 'home' } "many: change $k is seen";
}
# which would make all of them not fresh, if some keys were not read
is +(ask($edge, 'a'))[1], 'HIT', 'many: another account stays cached';


# SWAPDB sends no invalidations: records stay until they are not fresh any
# more, or until the connection is lost

$client = $redis->client;
$client->cmd(SELECT => 1);
$client->cmd(SADD => 'household:{a}', $Home);
cached($edge, 'a', 'unregistered', 'SWAPDB: cached before');
$redis->cmd(SWAPDB => 0, 1);
select undef, undef, undef, 1;
# a machine under load may have lost a heartbeat or two: then it is fetched
my ($reason, $cache) = ask($edge, 'a');
ok $reason eq 'unregistered' || $cache ne 'HIT',
    'SWAPDB: nothing is invalidated';
$redis->cmd(CLIENT => KILL => TYPE => 'pubsub');
soon { (ask($edge, 'a'))[0] eq 'home' } 'SWAPDB: CLIENT KILL TYPE pubsub does';
cached($edge, 'a', 'home', 'SWAPDB: and it is cached again');
ok $edge->wait_log(
    qr/\[warn\] .*household redis "main" \S+: tracking lost: connection closed by peer/),
    'a killed connection: the log has the loss';
ok $edge->wait_log(
    qr/\[notice\] .*household redis "main" \S+: tracking restored/),
    'a killed connection: and the recovery';


# a server that accepts no further client

my $admin = $redis->client;
my $clients = () = $admin->cmd(CLIENT => 'LIST') =~ /^id=/mg;
my $mark = $edge->mark;
$admin->cmd(CONFIG => SET => maxclients => $clients - 3);
$admin->cmd(CLIENT => KILL => TYPE => 'pubsub');
ok $edge->wait_log(qr/tracking lost: error reply ERR max number of clients/,
                   $mark, 20),
    'max number of clients: the log has it' or diag substr $edge->log, $mark;
is +(ask($edge, 'a'))[0], 'home', 'max number of clients: the verdict';
$admin->cmd(CONFIG => SET => maxclients => 1000);
cached($edge, 'a', 'home', 'max number of clients: cached again');
$edge->quit;


# a replica that is read from, and is resynchronized from scratch

my $config = 'repl-diskless-sync-delay 0';
my $primary = Test::Household::Redis->new(config => $config);
my $other = Test::Household::Redis->new(config => $config);
my $replica = Test::Household::Redis->new(
    config => "$config\nreplicaof 127.0.0.1 $primary->{port}");
my $synced = sub {
    soon { $replica->cmd('INFO', 'replication') =~ /link_status:up/ }
        "a full resync: the replica $_[0]", 30;
};

$primary->cmd(SADD => 'household:{a}', $Home);
$other->cmd(SADD => 'household:{b}', $Home);
$synced->('follows');

$edge = edge([$primary->address, $replica->address . ' replica'],
             'read_from replica;');
cached($edge, 'a', 'home', 'a replica: cached');
$primary->cmd(SREM => 'household:{a}', $Home);
soon { (ask($edge, 'a'))[0] eq 'unregistered' } 'a replica: a change is seen';
$primary->cmd(SADD => 'household:{a}', $Home);
cached($edge, 'a', 'home', 'a full resync: cached before');
cached($edge, 'b', 'unregistered', 'a full resync: cached before');

$replica->cmd(REPLICAOF => '127.0.0.1', $other->{port});
$synced->('follows another primary');
soon { (ask($edge, 'a'))[0] eq 'unregistered' } 'a full resync: what is gone';
soon { (ask($edge, 'b'))[0] eq 'home' } 'a full resync: and what has come';
cached($edge, 'b', 'home', 'a full resync: cached again');
$other->cmd(SREM => 'household:{b}', $Home);
soon { (ask($edge, 'b'))[0] eq 'unregistered' } 'a full resync: a change after';

done_testing;

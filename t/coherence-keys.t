#!/usr/bin/perl

# "tracking on": Redis tells the edge of the keys that it has read, and of no
# other.  It forgets them with the connection that read them: what was read by
# a connection that is gone, or a worker process that is gone, is not fresh.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::Household::Viewer qw(soon);
use Test::More;

my $home = '82.64.10.7';
my $redis = Test::Household::Redis->new(unix => 1);

my $edge = Test::Household::Nginx->new(
    workers => 2, allow => $Test::Household::Nginx::Killed,
    http => http_config(server => $redis->address, zone => '1m',
                        redis => 'tracking on; connect_timeout 5s; timeout 5s;'),
    server => location('/', 'add_header X-Pid $pid always;',
                       'main zone=households fresh=1h missing=1h stale=1h')
              . 'location = /status { household_metrics zone=households; }');

sub ask {
    my ($account, $header) = @_;
    my $h = $edge->get("/?account=$account", 'X-Forwarded-For' => $home)
                 ->{headers};
    return $header ? $h->{$header}
                   : ($h->{'x-reason'} // '-') . ' ' . ($h->{'x-cache'} // '-');
}

sub hit {
    my ($account, $reason, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $got;
    my $is = wait_until { ($got = ask($account)) eq "$reason HIT" } 20;
    ok $is, $name or diag "$got\n", $edge->log;
}

sub stat_of { $redis->cmd(INFO => $_[0]) =~ /\b$_[1]:(\d+)/ ? $1 : 0 }

sub told { $edge->metric(cache_invalidations_total => scope => 'key') }

# those that read, and those that listen
sub clients {
    my ($re) = @_;
    return map { /\bid=(\d+)/ } grep { $_ =~ $re }
           split /\n/, $redis->cmd(CLIENT => 'LIST');
}

my $reads = qr/ flags=\w*t/;


# what was read is tracked, and nothing else

$redis->cmd(SADD => "household:{a$_}", $home) for 1 .. 3;
hit("a$_", 'home', "a$_ is cached") for 1, 2;

is stat_of(stats => 'tracking_total_prefixes'), 0, 'no prefix is tracked';
soon { 2 == clients($reads) } 'but what two worker processes read', 10;
cmp_ok stat_of(stats => 'tracking_total_keys'), '>=', 4,
    'two keys of each account';

my $before = told();
$redis->cmd(SREM => 'household:{a3}', $home);
$redis->cmd(SREM => 'household:{a1}', $home);
hit('a1', 'unregistered', 'a change is known');
is told(), $before + 1, 'and of an account that was not read, nothing is';
$redis->cmd(SADD => 'household:{a1}', $home);
hit('a1', 'home', 'and the next change');
$redis->cmd(HSET => 'household:{a1}:account', country => 'FR');
soon { told() >= $before + 3 } 'and one of the other key', 10;
$redis->cmd(HSET => 'household:control', mode => 'off');
soon { ask('a1') !~ /home/ } 'and the fleet override', 10;
$redis->cmd(DEL => 'household:control');
hit('a1', 'home', 'and its end');


# the connections that read are gone, and with them what Redis knew of

hit("a$_", 'home', "a$_ is cached") for 1, 2;
$redis->cmd(CLIENT => KILL => ID => $_) for clients($reads);
$redis->cmd(SREM => 'household:{a2}', $home);
hit('a2', 'unregistered', 'a change without a connection is known');
$redis->cmd(SADD => 'household:{a2}', $home);
hit('a2', 'home', 'and one when there are connections again');


# the connection that listens is gone

$redis->cmd(CLIENT => KILL => TYPE => 'pubsub');
$redis->cmd(SREM => 'household:{a2}', $home);
hit('a2', 'unregistered', 'a change without a listener is known');
$redis->cmd(SADD => 'household:{a2}', $home);
hit('a2', 'home', 'and one when there is a listener again');


# a worker process is gone, and Redis knows: the one that listens, and one that
# has read

sub ends {
    my ($pid) = @_;
    my %before = map { $_ => 1 } clients($reads);
    kill 'KILL', $pid;
    wait_until { keys %before > grep { $before{$_} } clients($reads) };
}

my ($listens) = sort { $a <=> $b } $edge->workers;
hit('a2', 'home', 'cached');
ends($listens);
$redis->cmd(SREM => 'household:{a2}', $home);
hit('a2', 'unregistered', 'a change after the end of a worker is known');
$redis->cmd(SADD => 'household:{a2}', $home);
hit('a2', 'home', 'and the next one');

my ($serves) = sort { $a <=> $b } $edge->workers;
my ($account, $n);

soon {
    $account = 'c' . ++$n;
    $redis->cmd(SADD => "household:{$account}", $home);
    my $h = $edge->get("/?account=$account", 'X-Forwarded-For' => $home)
                 ->{headers};
    $h->{'x-pid'} == $serves && ask($account) eq 'home HIT';
} 'a record of one worker', 20;
ends($serves);
$redis->cmd(SREM => "household:{$account}", $home);
hit($account, 'unregistered', 'a change after its end is known');
$redis->cmd(SADD => "household:{$account}", $home);
hit($account, 'home', 'and the next one');


# a reload: what the old ones have read is not tracked any more

hit('a1', 'home', 'reload: cached');
my $mark = $edge->mark;
$edge->reload;
$redis->cmd(SREM => 'household:{a1}', $home);
hit('a1', 'unregistered', 'reload: a change meanwhile is known');
ok $edge->wait_log(qr/worker process \d+ exited/, $mark), 'the old ones leave';
$redis->cmd(SADD => 'household:{a1}', $home);
hit('a1', 'home', 'reload: and one after it');


# Redis may keep few keys: it tells of those that it drops

$redis->cmd(CONFIG => SET => 'tracking-table-max-keys', 4);
$redis->cmd(SADD => "household:{b$_}", $home) for 1 .. 20;
ask("b$_") for 1 .. 20;
soon { stat_of(stats => 'tracking_total_keys') <= 4 } 'a table of four keys',
    20;
$redis->cmd(SREM => "household:{b$_}", $home) for 1 .. 20;
soon { 20 == grep { ask("b$_") =~ /^unregistered/ } 1 .. 20 }
    'every change is known', 20;

$redis->cmd('FLUSHALL');
hit('a2', 'unregistered', 'FLUSHALL is known');


# a user who may not: no record is fresh, and the log says why, until he may

my @may = ('+client|id', '+client|tracking');
my $acl = Test::Household::Redis->new(unix => 1, acl => [
    'user default on nopass ~* &* +@all',
    map { "user edge$_ on >pass ~household:* &__redis__:invalidate -\@all "
          . "+smembers +hgetall +ping $may[!$_] +subscribe +info" } 0, 1]);
$acl->cmd(SADD => 'household:{a}', $home);

my @refused = map { Test::Household::Nginx->new(
    http => http_config(server => $acl->address, zone => '1m',
        redis => "tracking on; user edge$_; password pass;
                  connect_timeout 5s; timeout 5s;"),
    server => location('/', '', 'main zone=households fresh=1h')) } 0, 1;

sub headers_of {
    my ($edge) = @_;
    return $edge->get('/?account=a', 'X-Forwarded-For' => $home)->{headers};
}

for my $n (0, 1) {
    my $edge = $refused[$n];
    ok $edge->wait_log(qr/tracking failed: error reply NOPERM/),
        "without $may[$n]";
    is headers_of($edge)->{'x-reason'}, 'home', 'it reads' for 1 .. 3;
    isnt headers_of($edge)->{'x-cache'}, 'HIT', 'and nothing is fresh';
}

$acl->cmd(ACL => SETUSER => "edge$_", $may[$_]) for 0, 1;

for my $n (0, 1) {
    soon { headers_of($refused[$n])->{'x-cache'} eq 'HIT' } "with $may[$n]", 30
        or diag $refused[$n]->log;
}

done_testing;

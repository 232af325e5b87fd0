#!/usr/bin/perl

# Changes in Redis reach the edge as they are made: what is kept is never
# wrong for long, and never trusted while nobody tells of changes.  A proxy
# stands between the two, and holds or cuts what goes through it.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Proxy;
use Test::Household::Redis;
use Test::More;

my $home = '82.64.10.7';

my $redis = Test::Household::Redis->new(unix => 1);
my $proxy = Test::Household::Proxy->new(to => $redis->{path});

my $edge = Test::Household::Nginx->new(
    workers => 2,
    http => http_config(server => $proxy->address, zone => '1m',
                        redis => 'timeout 500ms; connect_timeout 500ms;'),
    server => location('/', 'household_issued_at $arg_issued;',
                       'main zone=households fresh=1h missing=1h stale=1h'));

sub ask {
    my ($uri) = @_;
    my $h = $edge->get($uri, 'X-Forwarded-For' => $home)->{headers};
    return ($h->{'x-reason'} // '-', $h->{'x-cache'} // '-');
}

# it becomes so in both workers: 12 answers in a row
sub becomes {
    my ($uri, $reason, $name) = @_;
    my ($same, $got) = (0, '');

    wait_until {
        ($got) = ask($uri);
        $same = $got eq $reason ? $same + 1 : 0;
        $same == 12;
    };
    is $got, $reason, $name;
}

# fresh, and so trusted
sub trusted {
    my ($uri, $name) = @_;
    ok wait_until { (ask($uri))[1] eq 'HIT' }, $name;
}


# each kind of change, none of which waits for an hour to pass

trusted('/?account=a', 'trusted: once the edge receives invalidations');
becomes('/?account=a', 'unregistered', 'nobody is registered');

my $seat = "extra:s1:$home";

for (['a home', 'home', SADD => 'household:{a}', $home],
     ['no home any more', 'unregistered', SREM => 'household:{a}', $home],
     ['another home', 'outside', SADD => 'household:{a}', '192.0.2.1'],
     ['a seat', 'extra_member', HSET => 'household:{a}:account', $seat, 0],
     ['a seat that lapsed', 'outside',
      HSET => 'household:{a}:account', $seat, 1],
     ['a journey', 'travel',
      HSET => 'household:{a}:account', 'travel:*', time + 86400],
     ['the journey is over', 'outside',
      HDEL => 'household:{a}:account', 'travel:*'],
     ['signed out', 'revoked',
      HSET => 'household:{a}:account', 'revoked_before', 2000],
     ['all of it gone', 'unregistered',
      DEL => 'household:{a}', 'household:{a}:account'])
{
    my ($name, $reason, @cmd) = @$_;
    $redis->cmd(@cmd);
    becomes('/?account=a&issued=1000', $reason, "a change: $name");
    trusted('/?account=a&issued=1000', "a change: $name, and it is kept");
}


# odd accounts have keys of their own

for my $account ('{', '}', '}:account', 'x}:account}', 'a:b', ':account') {
    my $arg = $account =~ s/([^a-z])/sprintf '%%%02X', ord $1/ger;
    $redis->cmd(SADD => "household:{$account}", $home);
    my $raw = "/?account=$account";
    trusted($raw, "an account called $account: kept");
    becomes($raw, 'home', "an account called $account: at home");
    $redis->cmd(DEL => "household:{$account}");
    becomes($raw, 'unregistered', "an account called $account: not any more");
}


# everything is forgotten

$redis->cmd(SADD => 'household:{a}', $home);
becomes('/?account=a', 'home', 'a flush: before');
$redis->cmd('FLUSHALL');
becomes('/?account=a', 'unregistered', 'a flush: after');
ok $edge->wait_log(
    qr/\[warn\] .*household redis "main": keyspace flushed, cached records dropped/),
    'a flush: in the log';
$redis->cmd('FLUSHALL') for 1 .. 50;
$redis->cmd(SADD => 'household:{a}', $home);
becomes('/?account=a', 'home', 'a flush: again and again');
cmp_ok scalar(() = $edge->log =~ /keyspace flushed/g), '<', 20,
    'a flush: but not of each';


# a model: what was written last is what is answered, in every worker

srand 1;
my %model;

for my $step (1 .. 60) {
    my $account = 'm' . int rand 4;
    my $at_home = rand() < 0.5;

    $redis->cmd(($at_home ? 'SADD' : 'SREM'), "household:{$account}", $home);
    $model{$account} = $at_home ? 'home' : 'unregistered';

    my @wrong;
    wait_until {
        @wrong = grep { (ask("/?account=$_"))[0] ne $model{$_} }
            (sort keys %model) x 3;
        !@wrong;
    };
    if (@wrong) {
        fail "a model: step $step, wrong for @wrong";
        last;
    }
}
pass 'a model: 60 changes, each seen by all';


# a cut: nothing is trusted until somebody tells of changes again, and what
# was changed meanwhile is not missed

$redis->cmd(SADD => 'household:{a}', $home);
becomes('/?account=a', 'home', 'a cut: at home before');
trusted('/?account=a', 'a cut: trusted before');
$proxy->hold;
$proxy->cut;
ok wait_until { (ask('/?account=a'))[1] eq 'STALE' },
    'a cut: what is known serves, as stale';
is((ask('/?account=a'))[0], 'home', 'a cut: and nobody is refused for it');
$redis->cmd(SREM => 'household:{a}', $home);
$proxy->release;
becomes('/?account=a', 'unregistered', 'a cut: the change is seen after it');
trusted('/?account=a', 'a cut: trusted again');


# silence: the connections stand, but nothing comes

$redis->cmd(SADD => 'household:{a}', $home);
becomes('/?account=a', 'home', 'silence: at home before');
trusted('/?account=a', 'silence: trusted before');
$proxy->hold;
$redis->cmd(SREM => 'household:{a}', $home);
ok wait_until { (ask('/?account=a'))[1] eq 'STALE' },
    'silence: is noticed, and nothing is trusted';
$proxy->release;
becomes('/?account=a', 'unregistered', 'silence: the change is seen after it');


# the worker that is told goes, and another one is told

$redis->cmd(SADD => 'household:{a}', $home);
becomes('/?account=a', 'home', 'a reload: at home before');
$edge->reload;
trusted('/?account=a', 'a reload: trusted');
$redis->cmd(SREM => 'household:{a}', $home);
becomes('/?account=a', 'unregistered', 'a reload: changes are seen');


# a server that tells of nothing: what is kept is asked for again each time

$redis->cmd(ACL => 'SETUSER', 'default', '-client');
$proxy->cut;
becomes('/?account=a', 'unregistered', 'no tracking: recovered');
isnt((ask('/?account=a'))[1], 'HIT', 'no tracking: nothing is fresh');
$redis->cmd(SADD => 'household:{a}', $home);
is((ask('/?account=a'))[0], 'home', 'no tracking: the verdict is right');
ok wait_until { $edge->log =~ /error reply NOPERM/ },
    'no tracking: the cause is in the log';

is_deeply [$edge->problem_lines], [], 'a clean log';

done_testing();

#!/usr/bin/perl

# An account that is too large is read once, not by each request: the zone
# remembers it, for "missing", until it is changed, and never while changes may
# be missed.  A record from before is stale: it may allow, and denies nobody.

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
my $server = $redis->address;
my $times = 'connect_timeout 5s; timeout 5s;';

my $edge = Test::Household::Nginx->new(
    workers => 2,
    http => http_config(server => $server, zone => '1m',
                        redis => "$times tracking on;") . <<"EOC",
household_redis timed { server $server; key_prefix timed:; tracking off;
                        $times }
EOC
    server => location('/', '', 'main zone=households fresh=1h missing=1h '
                                . 'stale=1h')
              . location('/closed', 'household_unavailable deny;',
                         'main zone=households fresh=1h missing=1h stale=1h')
              . location('/timed', '', 'timed zone=households fresh=1s '
                                       . 'missing=1s stale=1h')
              . location('/never', '', 'timed zone=households fresh=1s '
                                       . 'missing=0 stale=1h')
              . location('/bare', ''));

my $large = 'UNAVAILABLE record_too_large MISS';

sub ask {
    my ($account, %opt) = @_;
    my $h = $edge->get(($opt{path} // '/') . "?account=$account",
                       'X-Forwarded-For' => $opt{from} // $home)->{headers};
    return join ' ', map { $h->{"x-$_"} // '-' } qw(status reason cache);
}

sub lookups {
    my $stats = $redis->cmd(INFO => 'commandstats');
    return $stats =~ /^cmdstat_smembers:calls=(\d+)/m ? $1 : 0;
}

# ten requests at both worker processes, and the lookups that they took
sub ten {
    my ($account, %opt) = @_;
    my $before = lookups();
    my %got = map { ask($account, %opt) => 1 } 1 .. 10;
    return (join(', ', sort keys %got), lookups() - $before);
}

my @grown = map { "10.0.$_.1" } 0 .. 299;


# cached records are fresh, so tracking works

$redis->cmd(SADD => "household:{$_}", $home) for 'a' .. 'c';
sub cached {
    my ($account, $name) = @_;
    return soon { (ten($account))[0] eq 'ALLOWED home HIT' } $name, 20;
}

cached($_, "records are cached: $_") for 'a' .. 'c';

for my $way (
    [ networks => sub { $redis->cmd(SADD => "household:{$_[0]}", @grown) } ],
    [ bytes => sub { $redis->cmd(HSET => "household:{$_[0]}:account",
                                 note => 'x' x 2e6) } ])
{
    my ($what, $grow) = @$way;

    $redis->cmd(SADD => "household:{$what}", $home);
    $grow->($what);
    is ask($what), $large, "$what: too large";
    soon { (ten($what))[1] == 0 } "$what: is not looked up again", 20;
    my ($got) = ten($what);
    is $got, $large, "$what: and still is too large";
    ($got) = ten($what, path => '/closed');
    is $got, 'DENIED record_too_large MISS', "$what: as unavailable is handled";
    cached('c', "$what: others are as before");

    $redis->cmd(SREM => "household:{$what}", @grown);
    $redis->cmd(DEL => "household:{$what}:account");
    cached($what, "$what: until it is changed");
}


# a record from before is stale, and denies nobody

cached('a', 'before it grows');
soon { ask('a', from => '10.0.9.1') eq 'DENIED outside HIT' }
    'and others are denied', 20;

$redis->cmd(SADD => 'household:{a}', @grown);
soon { ask('a') eq 'ALLOWED home STALE' } 'the record of before allows', 20;
soon { (ten('a'))[1] == 0 } 'and nothing is looked up', 20;
is ask('a', from => '10.0.9.1'), $large, 'but denies nobody';


# while changes may be missed, nothing is remembered; after that, asked again

$redis->cmd(SADD => 'household:{b}', @grown);
soon { ask('b') =~ /STALE/ } 'another one has grown', 20;
$redis->cmd(CLIENT => KILL => TYPE => 'pubsub');
$redis->cmd(SREM => 'household:{b}', @grown);
cached('b', 'a change that was missed is known');


# without tracking: for "missing", and at the end of it by one lookup

$redis->cmd(SADD => 'timed:{a}', $home, @grown);
is ask('a', path => '/never'), $large, 'missing=0: too large';
is +(ten('a', path => '/never'))[1], 10, 'missing=0: a lookup for each request';

is ask('a', path => '/timed'), $large, 'no tracking: too large';
my $n = lookups();
ok wait_until { ask('a', path => '/timed'); lookups() > $n },
    'no tracking: a lookup when the time has passed';
$redis->cmd(SREM => 'timed:{a}', @grown);
soon { ask('a', path => '/timed') =~ /^ALLOWED home/ } 'and the change is seen',
    20;


$redis->cmd(SADD => 'timed:{d}', $home);
my %away = (path => '/timed', from => '10.0.9.1');
is ask('d', %away), 'DENIED outside MISS', 'no tracking: others are denied';
$redis->cmd(SADD => 'timed:{d}', @grown);
soon { ask('d', %away) eq $large }
    'no tracking: a record that has expired denies nobody', 20;


# without a zone

$redis->cmd(SADD => 'household:{bare}', $home, @grown);
is +(ten('bare', path => '/bare'))[1], 10, 'no zone: nothing is remembered';

done_testing;

#!/usr/bin/perl

# Redis is unavailable, and the zone has a record that is not fresh.  One that
# is known to have changed, or that says that there is no such account, may
# still allow, but denies nobody.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::More;

my $home = '82.64.10.7';
my $redis = Test::Household::Redis->new(unix => 1);
my $zone = 'main zone=households fresh=1h missing=1h stale=1h';

my $edge = Test::Household::Nginx->new(
    workers => 2,
    http => http_config(server => $redis->address, zone => '1m',
                        redis => 'timeout 2s; connect_timeout 2s;'),
    server => location('/', 'household_issued_at $arg_issued;', $zone)
              . location('/deny', 'household_unavailable deny;', $zone)
              . 'location = /status { household_metrics zone=households; }');

sub ask {
    my ($account, $path) = @_;
    my $h = $edge->get(($path // '/') . "?account=$account",
                       'X-Forwarded-For' => $home)->{headers};
    return join ' ', map { $h->{$_} // '-' } qw(x-status x-reason x-cache);
}

# home, outside and nobody were asked for; those with "changed" before them
# have changed since
my @names = map { ("$_", "changed-$_") } qw(home outside nobody);

for my $name (grep { !/nobody/ } @names) {
    $redis->cmd(SADD => "household:{$name}",
                $name =~ /home/ ? $home : '192.0.2.1');
}
$redis->cmd(SADD => 'household:{revoked}', $home);
$redis->cmd(HSET => 'household:{revoked}:account', revoked_before => 2);

ok wait_until {
    my %got = map { $_ => ask($_) } @names, 'revoked&issued=1';
    8 > grep { !/HIT/ } values %got and !grep { !/HIT/ } values %got;
}, 'before: all of them are cached';
is ask('home'), 'ALLOWED home HIT', 'before: home';
is ask('outside'), 'DENIED outside HIT', 'before: outside';
is ask('nobody'), 'DENIED unregistered HIT', 'before: nobody';

my @changes = (cache_invalidations_total => scope => 'key');
my $n = $edge->metric(@changes);

$redis->cmd(SADD => 'household:{changed-home}', '192.0.2.9');
$redis->cmd(SADD => "household:{changed-$_}", $home) for qw(outside nobody);
$redis->cmd(HSET => 'household:{revoked}:account', country => 'FR');
ok wait_until { $edge->metric(@changes) >= $n + 4 },
    'the changes have been seen';
$redis->kill9;
ok wait_until { $edge->metric('tracking_coherent') == 0 },
    'and Redis is unavailable';

is ask('home'), 'ALLOWED home STALE', 'home: still';
is ask('changed-home'), 'ALLOWED home STALE', 'home, changed: may allow';
is ask('outside'), 'DENIED outside STALE', 'outside: as far as is known';
is ask('changed-outside'), 'UNAVAILABLE unavailable MISS',
    'outside, changed: nothing is known';
is ask('changed-outside', '/deny'), 'DENIED unavailable MISS',
    'outside, changed: household_unavailable';
is ask('nobody'), 'UNAVAILABLE unavailable MISS',
    'nobody: may have registered';
is ask('changed-nobody'), 'UNAVAILABLE unavailable MISS',
    'nobody, changed: has registered';
is ask('revoked&issued=1'), 'UNAUTHORIZED revoked STALE',
    'revoked: is not taken back';

$redis->start;
$redis->cmd(SADD => "household:{changed-$_}", $home) for qw(outside nobody);
ok wait_until { ask($_) eq 'ALLOWED home HIT' }, "$_: when Redis is there"
    for qw(changed-outside changed-nobody);

done_testing;

#!/usr/bin/perl

# household_grace: the first time outside starts a period of allowed requests;
# it ends by itself, and starts over only after the household was home again
# for as long.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::More;

my $home = '82.64.10.7';
my $away = '203.0.113.9';

my $redis = Test::Household::Redis->new(unix => 1);
my $hour = 'household_grace 1h;';

my $edge = Test::Household::Nginx->new(
    http => http_config(server => $redis->address),
    server => location('/', $hour)
              . location('/none')
              . location('/monitor', "$hour household monitor;")
                  =~ s/household on;//r
              . location('/be', "$hour household_enforce_in BE;")
              . location('/zero', "$hour household_rollout 0;")
              . location('/unregistered',
                         "$hour household_unregistered allow;"));

# Each case has an account of its own: an edge does not repeat what it wrote
# some minutes ago.
my $account = 'a0';

sub key { 'household:{' . ($_[0] // $account) . '}:account' }

# another account with a home, and times that are so many seconds ago
sub account {
    my (%since) = @_;

    $account++;
    $redis->cmd(SADD => "household:{$account}", $home);
    $redis->cmd(HSET => key(), "$_" => time - $since{$_}) for keys %since;
}

sub ask {
    my ($from, $uri) = @_;
    my $r = $edge->get($uri =~ s/account=a\b/account=$account/r,
                       'X-Forwarded-For' => $from);
    return join ' ', $r->{status},
        @{ $r->{headers} }{'x-status', 'x-reason'};
}

sub field { $redis->cmd(HGET => key($_[1]), $_[0]) }

# Whatever was to be written before has been: notes go out in their order, on
# one connection.  Twice, as a script that Redis does not know is sent again.
my $marks = 0;

sub settle {
    for (1, 2) {
        my $mark = 'mark' . ++$marks;
        ask($home, "/none?account=mark&device=$mark");
        wait_until { field("device:$mark", 'mark') } or die "no mark\n";
        $redis->cmd(DEL => key('mark'));
    }
}

# what stands in the hash after a request: fields that are as old as they were
# said to be, "now", or "-"
sub is_left {
    my ($name, %expected) = @_;

    settle();

    for my $field (qw(outside_since home_since)) {
        my $expected = $expected{$field} // '-';
        my $value = field($field);
        my $age = defined $value ? time - $value : '-';

        if ($expected eq '-' || $age eq '-') {
            is $age, $expected, "$name: $field";
            next;
        }

        # the clocks differ by a tick, and move on
        $expected = 0 if $expected eq 'now';
        ok $age >= $expected - 1 && $age <= $expected + 60, "$name: $field"
            or diag "it is $age seconds ago, not $expected";
    }
}

$redis->cmd(SADD => 'household:{mark}', $home);

# it starts

account();
is ask($home, '/?account=a'), '200 ALLOWED home', 'at home';
is_left('at home');
is ask($away, '/?account=a'), '200 ALLOWED grace', 'the first time outside';
is_left('the first time outside', outside_since => 'now');
is ask($away, '/?account=a'), '200 ALLOWED grace', 'the second time';
is ask('2001:db8::7', '/?account=a&device=other'), '200 ALLOWED grace',
    'it is the household\'s: another device elsewhere';
is ask($away, '/none?account=a'), '403 DENIED outside',
    'where there is no grace, there is none';

# many at once: one beginning

{
    account();
    my ($before) = $redis->cmd(INFO => 'commandstats')
        =~ /^cmdstat_evalsha:calls=(\d+)/m;
    my @conn = map { $edge->connect } 1 .. 20;

    $_->send_request(GET => "/?account=$account", 'X-Forwarded-For' => $away)
        for @conn;
    is_deeply [map { $_->response->{headers}{'x-reason'} } @conn],
        [('grace') x 20], 'many at once: all pass';
    is_left('many at once', outside_since => 'now');

    my ($after) = $redis->cmd(INFO => 'commandstats')
        =~ /^cmdstat_evalsha:calls=(\d+)/m;
    is $after - $before - 2, 1, 'many at once: it is written once, beside two marks';
}

# another edge was faster: what it wrote stays

{
    my $slow = Test::Household::Nginx->new(
        http => http_config(server => $redis->address, zone => '1m',
                            redis => 'tracking off; timeout 5s;'),
        server => location('/', $hour, 'main zone=households fresh=1h'));
    my $visit = sub {
        my ($from, $uri) = @_;
        return $slow->get($uri, 'X-Forwarded-For' => $from)
            ->{headers}{'x-reason'};
    };

    account();
    is $visit->($home, "/?account=$account"), 'home', 'a cached record';
    $redis->cmd(HSET => key(), outside_since => time - 100);
    is $visit->($away, "/?account=$account"), 'grace', 'is old';

    for (1, 2) {
        $visit->($home, "/?account=mark&device=slow$_");
        wait_until { field("device:slow$_", 'mark') } or die "no mark\n";
    }
    is_left('another edge was faster', outside_since => 100);
}

# it lasts, and ends by itself

account(outside_since => 3500);
is ask($away, '/?account=a'), '200 ALLOWED grace', 'it lasts';
is_left('it lasts', outside_since => 3500);

account(outside_since => 3600);
is ask($away, '/?account=a'), '403 DENIED outside', 'it ends';
is_left('it ends', outside_since => 3600);

account(outside_since => -30);
is ask($away, '/?account=a'), '200 ALLOWED grace',
    'it began by a clock that is ahead';

account(outside_since => 90 * 86400);
is ask($away, '/?account=a'), '403 DENIED outside', 'it was long ago';
is_left('long ago, and never home since', outside_since => 90 * 86400);

# home again

account(outside_since => 7200);
is ask($home, '/?account=a'), '200 ALLOWED home', 'home again';
is_left('home again', outside_since => 7200, home_since => 'now');
is ask($home, '/?account=a'), '200 ALLOWED home', 'still at home';

account(outside_since => 7200, home_since => 600);
is ask($home, '/?account=a'), '200 ALLOWED home', 'at home for a while';
is_left('at home for a while', outside_since => 7200, home_since => 600);

is ask($away, '/?account=a'), '403 DENIED outside', 'but not for long enough';
is_left('not for long enough', outside_since => 7200);

account(outside_since => 1800);
is ask($home, '/?account=a'), '200 ALLOWED home', 'home within the period';
is_left('home within the period', outside_since => 1800,
        home_since => 'now');
is ask($away, '/?account=a'), '200 ALLOWED grace', 'and outside again';
is_left('outside again: the period goes on', outside_since => 1800);

# and starts over

account(outside_since => 7200, home_since => 3600);
is ask($away, '/?account=a'), '200 ALLOWED grace', 'home for as long';
is_left('home for as long: it starts over', outside_since => 'now');

account(outside_since => 7200, home_since => 3500);
is ask($away, '/?account=a'), '403 DENIED outside', 'home for almost as long';
is_left('home for almost as long', outside_since => 7200);

# not where nothing is refused

account();
is ask($away, '/monitor?account=a'), '200 ALLOWED grace', 'monitor';
is_left('monitor: nothing starts');

account(outside_since => 7200);
is ask($away, '/monitor?account=a'), '200 MONITORED outside',
    'monitor, after the period';
is ask($home, '/monitor?account=a'), '200 ALLOWED home', 'monitor, at home';
is_left('monitor, at home', outside_since => 7200, home_since => 'now');

account(outside_since => 7200, home_since => 600);
is ask($away, '/monitor?account=a'), '200 MONITORED outside',
    'monitor, not long enough at home';
is_left('monitor, outside', outside_since => 7200, home_since => 600);

# enforced, monitored for months, and enforced again: who was at home meanwhile
# has notice again

account(outside_since => 9e6);
is ask($home, '/monitor?account=a'), '200 ALLOWED home', 'monitored, at home';
is_left('monitored, at home', outside_since => 9e6, home_since => 'now');
$redis->cmd(HINCRBY => key(), home_since => -3600);
is ask($away, '/?account=a'), '200 ALLOWED grace', 'enforced again';
is_left('enforced again: it starts over', outside_since => 'now');

account();
is ask($away, '/be?account=a'), '200 ALLOWED not_enforced', 'another country';
is ask($away, '/zero?account=a'), '200 ALLOWED rollout', 'not in the share';
is_left('who is not enforced');

account(outside_since => 7200);
is ask($home, '/none?account=a'), '200 ALLOWED home', 'without a grace';
is_left('without a grace', outside_since => 7200);

# other rules come first

account('device:tv' => 60, 'travel:phone' => -60);
$redis->cmd(HSET => key(), 'extra:s1:198.51.100.7' => 0);
is ask($away, '/?account=a&device=tv'), '200 ALLOWED trusted_device',
    'a trusted device';
is ask($away, '/?account=a&device=phone'), '200 ALLOWED travel', 'a grant';
is ask('198.51.100.7', '/?account=a'), '200 ALLOWED extra_member', 'a seat';
is ask($away, '/unregistered?account=new'), '200 ALLOWED unregistered',
    'no home yet';
is_left('these start nothing');
is field('outside_since', 'new'), undef, 'none of them';

# without a home

is ask($away, '/?account=homeless'), '200 ALLOWED grace', 'without a home';
ok wait_until(sub { field('outside_since', 'homeless') }), 'it starts, too';

# what is no plausible time is none, and is replaced: a grace period ends

for my $odd ('yesterday', '2026-11-25T10:00:00Z', '01', '', '0', '-1',
             time . '000', '4102444800', '9' x 20, 'inf', '0x10', '1e9')
{
    account();
    $redis->cmd(HSET => key(), outside_since => $odd);
    is ask($away, '/?account=a'), '200 ALLOWED grace', "it began \"$odd\"";
    is_left("it began \"$odd\"", outside_since => 'now');

    account(outside_since => 7200);
    $redis->cmd(HSET => key(), home_since => $odd);
    is ask($home, '/?account=a'), '200 ALLOWED home', "home since \"$odd\"";
    is_left("home since \"$odd\"", outside_since => 7200,
            home_since => 'now');
}

account();
$redis->cmd(HSET => key(), outside_since => 4102444799);
is ask($away, '/?account=a'), '200 ALLOWED grace', 'the last plausible time';
settle();
is field('outside_since'), 4102444799, 'it is left alone';

done_testing;

#!/usr/bin/perl

# Viewers who are outside: $household_detail says why, and household_away lets
# some days of it pass.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::More;

my $home = '82.64.10.7';
my $away = '203.0.113.9';
my $seat = '198.51.100.7';
my $store = 'main zone=households';
my $detail = 'add_header X-Detail $household_detail always;';

my $redis = Test::Household::Redis->new(unix => 1);
my $edge = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m'),
    server => location('/', $detail, $store)
              . location('/monitor', $detail, $store)
                  =~ s/household on;/household monitor;/r
              . location('/allow', $detail . 'household_family_unknown allow;'
                         . 'household_unregistered allow;', $store)
              . location('/grace', "$detail household_grace 1h;", $store)
              . location('/away', "$detail household_away 3d/30d;", $store)
              . location('/once', "$detail household_away 1d/2d;", $store)
              . location('/most', "$detail household_away 31d/366d;", $store)
              . location('/both', "$detail household_away 1d/2d;"
                         . 'household_grace 1h;', $store)
              . location('/watch', "$detail household_away 1d/2d;", $store)
                  =~ s/household on;/household monitor;/r
              . 'location /status { household_metrics zone=households; }');

sub account { "household:{$_[0]}:account" }

# status, reason and detail
sub ask {
    my ($from, $uri) = @_;
    my $r = $edge->get($uri, 'X-Forwarded-For' => $from);
    return join ' ', $r->{status},
        map { $_ // '-' } @{ $r->{headers} }{qw(x-reason x-detail)};
}

sub details {
    my $text = $edge->get('/status')->{body};
    return { $text =~ /details_total\{.*detail="(\w+)"\} (\d+)/g };
}

sub homes {
    my ($account, @networks) = @_;
    $redis->cmd(SADD => "household:{$account}", @networks) if @networks;
}

# days are those of UTC: not over midnight
sleep 60 if time % 86400 > 86400 - 60;

# each word of $household_detail, and its counter

homes($_, $home) for 'a' .. 'f';
homes('six', '2001:db8::/64');
$redis->cmd(HSET => account('a'), 'device:tv' => time - 32 * 86400,
            'travel:tablet' => time - 1);
$redis->cmd(HSET => account('b'), "extra:s1:$seat" => time - 1,
            'device:kid' => time . '@s1', 'travel:*' => time - 1);

my %is = (
    seat_ended => [[$seat, 'b', ''], [$away, 'b', 'kid']],
    device_expired => [[$away, 'a', 'tv']],
    travel_over => [[$away, 'a', 'tablet'], [$away, 'b', '']],
    family_missing => [['2001:db8:7::1', 'c', 'tv'], [$away, 'six', '']],
    never_seen => [[$away, 'a', 'phone'], [$away, 'a', ''],
                   [$away, 'c', 'tv']],
);

for my $word (sort keys %is) {
    for (@{ $is{$word} }) {
        my ($from, $account, $device) = @$_;
        my $args = "account=$account&device=$device";
        my $before = details();

        is ask($from, "/?$args"), "403 outside $word", "$word: $args";
        is ask($from, "/monitor?$args"), "200 outside $word",
            'and in mode monitor';

        my $after = details();
        is $after->{$word} - $before->{$word}, 2, 'both are counted';
        $after->{$word} = $before->{$word};
        is_deeply $after, $before, 'as that alone';
    }
}

is ask($away, '/?account=none'), '403 unregistered never_seen',
    'an account without a home';
is ask($away, '/grace?account=d'), '200 grace never_seen',
    'within the grace period';

# whoever is not outside has none

my $before = details();

is ask($home, '/?account=a&device=old'), '200 home -', 'at home';
is ask($away, '/allow?account=none'), '200 unregistered -', 'unregistered';
is ask($away, '/allow?account=six'), '200 family_unknown -',
    'of a family that is not known';
is ask($away, '/?account='), '401 account_missing -', 'nobody';
is_deeply details(), $before, 'nothing is counted';

# days outside pass, and are written

my $today = int(time / 86400);

sub days {
    my ($account, @days) = @_;
    homes($account, $home);
    $redis->cmd(HSET => account($account),
                outside_days => join ',', map { $today - $_ } @days)
        if @days;
}

# the days that Redis has, before today
sub written {
    my ($account, $days) = @_;
    my $value;

    wait_until {
        $value = $redis->cmd(HGET => account($account), 'outside_days') // '';
        $value = join ' ', map { $today - $_ } split /,/, $value;
        $value eq $days;
    };
    return $value;
}

days('first');
is ask($away, '/away?account=first'), '200 away never_seen', 'a day outside';
is written('first', '0'), '0', 'is written';
is ask('2001:db8::9', '/away?account=first&device=other'),
    '200 away family_missing', 'on which all passes';
is ask($home, '/away?account=first'), '200 home -', 'at home';
is ask($away, '/?account=first'), '403 outside never_seen',
    'where there is no patience, there is none';

days('third', 9, 5);
is ask($away, '/away?account=third'), '200 away never_seen', 'the third day';
is written('third', '9 5 0'), '9 5 0', 'is added';
is ask($away, '/away?account=third'), '200 away never_seen', 'it passes whole';

days('fourth', 9, 5, 1);
is ask($away, '/away?account=fourth'), '403 outside never_seen',
    'the fourth day';
is written('fourth', '9 5 1 0'), '9 5 1 0', 'is refused, and counts as well';

days('period', 30, 9, 5);
is ask($away, '/away?account=period'), '200 away never_seen',
    'a day before the period does not count';
days('within', 29, 9, 5);
is ask($away, '/away?account=within'), '403 outside never_seen',
    'one that is just within does';

# grace is what comes after

days('both');
is ask($away, '/both?account=both'), '200 away never_seen', 'first the days';
is written('both', '0'), '0', 'which are written';
is $redis->cmd(HEXISTS => account('both'), 'outside_since'), 0,
    'no grace has begun';
days('both2', 1);
is ask($away, '/both?account=both2'), '200 grace never_seen', 'then grace';
ok wait_until(sub { $redis->cmd(HEXISTS => account('both2'),
                                'outside_since') }), 'which begins';

# in mode monitor nothing is used up

days('watched');
is ask($away, '/watch?account=watched'), '200 away never_seen', 'monitor';
days('watched2', 1);
is ask($away, '/watch?account=watched2'), '200 outside never_seen',
    'monitor, after the days';
days('mark');
ask($away, '/once?account=mark');
is written('mark', '0'), '0', '(a mark)';
is $redis->cmd(HEXISTS => account('watched'), 'outside_days'), 0,
    'it writes nothing';

# what is no day is none, and is replaced

for my $odd ('today', '', ',', '20000,', '1e4', '99999', ('1,' x 31) . '2') {
    my $account = "odd$odd";

    homes($account, $home);
    $redis->cmd(HSET => account($account), outside_days => $odd);
    is ask($away, "/once?account=$account"), '200 away never_seen',
        'days "' . substr($odd, 0, 10) . '"';
    ok wait_until(sub {
        $redis->cmd(HGET => account($account), 'outside_days')
            =~ /^(?:[1-9]\d*,)*$today$/
    }), 'are replaced';
}

# no more than 32 are kept

days('many', reverse 40 .. 71);
is ask($away, '/once?account=many'), '200 away never_seen', 'many days';
is written('many', join ' ', reverse(40 .. 70), 0),
    join(' ', reverse(40 .. 70), 0), 'the oldest goes';

# which are enough for all days that may be allowed

days('most', reverse 1 .. 30);
is ask($away, '/most?account=most'), '200 away never_seen', 'the 31st day';
is written('most', join ' ', reverse 0 .. 30), join(' ', reverse 0 .. 30),
    'is added';
is ask($away, '/most?account=most'), '200 away never_seen', 'it passes whole';

days('over', reverse 1 .. 31);
is ask($away, '/most?account=over'), '403 outside never_seen', 'the 32nd day';
is written('over', join ' ', reverse 0 .. 31), join(' ', reverse 0 .. 31),
    'is added';
is ask($away, '/most?account=over'), '403 outside never_seen',
    'it is refused whole';

done_testing;

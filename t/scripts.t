#!/usr/bin/perl

# The scripts that Redis runs, src/records/scripts/*.lua, each by itself on a
# real Redis; and what the build makes of them.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Process qw(slurp);
use Test::Household::Redis;
use Test::More;

my $dir = 'src/records/scripts';
my $redis = Test::Household::Redis->new(unix => 1);

my $home = 'household:{a}';
my $hash = 'household:{a}:account';
my $tomb = 'household-closed:{a}';
my $later = 'household-device:{a}';
my @record = ($home, $hash, $tomb);
my @devices = (@record, $later);
my $seen = 'household-seen:{a}';
my $now = 1_800_000_000;
my $day = 86400;


# a script with what it includes, as "config" puts it together

sub script {
    my ($name) = @_;
    return slurp("$dir/$name.lua")
        =~ s{^-- include (\w+)\.lua\n}{script($1)}gmer;
}

sub run {
    my ($name, $keys, @argv) = @_;
    return $redis->cmd(EVAL => script($name), scalar @$keys, @$keys, @argv);
}

sub field { $redis->cmd(HGET => $hash, $_[0]) // '' }
sub fresh { $redis->cmd('FLUSHALL'); $redis->cmd(HSET => $hash, @_) if @_ }
sub homes { [sort @{ $redis->cmd(SMEMBERS => $home) }] }


# the network of a seat that learns

fresh('extra:s1:learn' => $now, 'extra:s2:learn' => 0);
is run('seat', \@record, 's1', '192.0.2.7'), 1, 'seat: gets a network';
is field('extra:s1:192.0.2.7'), $now, 'seat: for as long as it is paid';
is run('seat', \@record, 's1', '192.0.2.7'), 0, 'seat: once';
is run('seat', \@record, 's1', '192.0.2.8'), 0, 'seat: one of a family';
is run('seat', \@record, 's1', '2001:db8::/56'), 1, 'seat: and of the other';
is run('seat', \@record, 's1', '2001:db8:1::/56'), 0, 'seat: one of that, too';
is run('seat', \@record, 's2', '192.0.2.9'), 1, 'seat: each has its own';
is field('extra:s2:192.0.2.9'), 0, 'seat: without an end';
is run('seat', \@record, 's3', '192.0.2.9'), 0, 'seat: one that does not learn';
is run('seat', \@record, 's', '192.0.2.9'), 0, 'seat: part of a name';
is $redis->cmd(HLEN => $hash), 5, 'seat: and nothing else is written';

for (['::ffff:192.0.2.1', '192.0.2.7', 0], ['::ffff:192.0.2.1', '2001:db8::/64', 1],
     ['0:0:0:0:0:FFFF:c000:201', '2001:db8::/64', 1],
     ['::ffff:192.0.2.0/120', '192.0.2.7', 0], ['192.0.2.0/24', '192.0.2.7', 0],
     ['2001:db8::', '192.0.2.7', 1], ['soon', '192.0.2.7', 1], ['', '192.0.2.7', 1],
     ['soon', '2001:db8::/64', 1])
{
    my ($has, $net, $gets) = @$_;

    fresh('extra:s1:learn' => $now, "extra:s1:$has" => $now);
    is run('seat', \@record, 's1', $net), $gets,
        "seat: $net, and it has \"$has\"";
}


# a grace period

fresh();
is run('grace_start', \@record, 0, $now), 1, 'grace: starts';
is field('outside_since'), $now, 'grace: since now';
is run('grace_start', \@record, 0, $now + 5), 0, 'grace: started already';
is field('outside_since'), $now, 'grace: and so it stays';
is run('grace_return', \@record, $now + 9), 1, 'grace: at home again';
is run('grace_return', \@record, $now + 99), 0, 'grace: which is known';
is field('home_since'), $now + 9, 'grace: home since the first time';
is run('grace_gone', \@record), 1, 'grace: outside again';
is run('grace_gone', \@record), 0, 'grace: which is known, too';
is field('home_since'), '', 'grace: not at home';

$redis->cmd(HSET => $hash, home_since => $now);
is run('grace_start', \@record, $now, $now + 50), 1, 'grace: starts over';
is field('home_since'), '', 'grace: which ends being at home';

for my $none ('2023-11-14', '01', '0', '-5', '4102444800', '1' x 20, '1.5') {
    fresh(outside_since => $none, home_since => $none);
    is run('grace_start', \@record, 0, $now), 1, "grace: \"$none\" is no time";
    $redis->cmd(HSET => $hash, home_since => $none);
    is run('grace_return', \@record, $now), 1, "grace: nor to be home since";
}

fresh(outside_since => 4102444799);
is run('grace_start', \@record, 0, $now), 0, 'grace: the last time that is one';


# days outside

my $today = int($now / $day);
fresh();
is run('away', \@record, $today, 3), 1, 'away: a day';
is run('away', \@record, $today, 3), 0, 'away: the same day';
is run('away', \@record, $today + $_, 3), 1, "away: $_ days later" for 1 .. 3;
is field('outside_days'), join(',', map { $today + $_ } 1 .. 3),
    'away: the oldest goes';

fresh(outside_days => "x,$today,01,,9999999," . ($today - 1));
is run('away', \@record, $today, 31), 1, 'away: what is no day is dropped';
is field('outside_days'), ($today - 1) . ",$today", 'away: days are sorted';
$redis->cmd(HSET => $record[1], outside_days => join ',', ($today - 2) x 3,
            $today, $today);
is run('away', \@record, $today, 31), 1, 'away: days that are there twice';
is field('outside_days'), ($today - 2) . ",$today", 'away: are there once';


# a device in the place of another one

fresh('device:old' => 5, 'device:other' => 7);

sub device {
    my ($value, %drop) = @_;
    return run('device', \@devices, 'device:new', $value, 7 * $day, 1000,
               %drop);
}

sub later { $redis->cmd(HGET => $later, $_[0]) // '' }

is device($now, 'device:old' => 5), 1, 'device: is written';
is field('device:new'), $now, 'device: with its value';
is field('device:old'), '', 'device: in the place of the oldest';
device($now, 'device:other' => 6);
is field('device:other'), 7, 'device: one that was seen meanwhile stays';


# a device that is known: no edge is told

fresh('device:new' => $now);
is device($now + $day), 2, 'device: the next day, nobody is told';
is field('device:new'), $now, 'device: the account is as it was';
is later('new'), $now + $day, 'device: the time is kept beside it';
my $left = $redis->cmd(TTL => $later);
ok $left > 0 && $left <= 1000, 'device: which expires';
is device($now + 7 * $day - 1), 2, 'device: for a week';
is device($now + 7 * $day), 1, 'device: then all are told';
is field('device:new'), $now + 7 * $day, 'device: of the present time';
is later('new'), '', 'device: which is the only one';
is device($now), 2, 'device: an earlier time';
is field('device:new'), $now + 7 * $day, 'device: replaces no later one';

fresh('device:new' => $now);
is run('device', \@devices, 'device:new', $now + $day, 0, 1000), 1,
    'device: where they are to be told at once';

fresh('device:new' => "$now\@s1");
is device($now + $day), 1, 'device: at home for the first time';
is device("$now:$now\@s2"), 1, 'device: at a seat for the first time';
is device($now + $day . ":$now\@s2"), 2, 'device: at home again';
is device($now . ':' . ($now + $day) . '@s2'), 2, 'device: at the seat again';
is later('new'), ($now + $day) . ':' . ($now + $day) . '@s2',
    'device: by an edge that knows no later time at home';

# known to an edge that has read the account before

fresh('device:new' => $now);
device($now + 3 * $day);
is device($now . ':' . ($now + 4 * $day) . '@s1'), 1, 'device: at a seat';
is field('device:new') . ' ' . later('new'),
    ($now + 3 * $day) . ':' . ($now + 4 * $day) . '@s1 ',
    'device: the later time at home stays';

fresh('device:new' => "$now\@s1:" . ($now + 9) . '@s2');
$redis->cmd(HSET => $later, new => ($now + 5) . '@s1:' . ($now + 5) . '@s2');
is device("$now\@s1:$now\@s2:$now\@s3"), 1, 'device: at a third seat';
is field('device:new'), ($now + 5) . '@s1:' . ($now + 9) . "\@s2:$now\@s3",
    'device: the later time at each of the others stays';

fresh();
$redis->cmd(HSET => $later, new => $now + 5);
is device($now), 1, 'device: one that was removed';
is field('device:new') . later('new'), $now, 'device: begins anew';

for my $odd ($now . '000', '01', 'x', '', "$now:", "${now}x", "$now@",
             "$now:x\@s1", "$now:1\@a:1\@b:1\@c:1\@d", "$now:1\@" . 'a' x 129)
{
    fresh('device:new' => $odd);
    is device($now), 1, "device: \"$odd\" is unknown";
    is field('device:new'), $now, 'device: and replaced';
}

# in the place of another one that has a later time

for ([$now => $now + $day, $now + $day], [$now, 'x', $now],
     ["$now:9\@s1" => 8, "$now:9\@s1"], ['5:9@s1' => '4:11@s1', '5:11@s1'],
     ['5:9@s1' => '7:11@s2', '7:9@s1'], ['x' => 7, 'x'])
{
    my ($value, $beside, $both) = @$_;

    fresh('device:old' => $value);
    $redis->cmd(HSET => $later, old => $beside);
    device($now, 'device:old' => $both . '0');
    is field('device:old'), $value, "drop: $value and $beside: seen meanwhile";
    device($now, 'device:old' => $both);
    is field('device:old') . later('old'), '', "drop: that is $both";
}


# homes that are learned

sub learn {
    my ($net, $time, $days, $max, $size) = @_;
    return run('learn', \@record, $net, $time, $days // 3, 28 * $day,
               $max // 16, $size // 0);
}

fresh();
is learn('192.0.2.1', $now), 0, 'learn: a day is not enough';
is learn('192.0.2.1', $now + 60), 0, 'learn: twice a day is once';
is field('learn:192.0.2.1'), "1\@$now", 'learn: one day';
is learn('192.0.2.1', $now - $day), 0, 'learn: by a clock that is behind';
is field('learn:192.0.2.1'), "1\@$now", 'learn: no other day';
is learn('192.0.2.1', $now + $day), 0, 'learn: nor are two days';
learn($_, $now + $day) for '198.51.100.1', '2001:db8::/64';
is_deeply homes(), [], 'learn: nothing is registered';
is learn('192.0.2.1', $now + 2 * $day), 1, 'learn: three days are';
is_deeply homes(), ['192.0.2.1'], 'learn: it is registered';
is field("learn:$_"), '', "learn: no evidence is left for $_"
    for '192.0.2.1', '198.51.100.1';
isnt field('learn:2001:db8::/64'), '', 'learn: but for the other family';

is learn('192.0.2.9', $now + 3 * $day, 1), 0, 'learn: not if the set changed';
is_deeply homes(), ['192.0.2.1'], 'learn: which is as it was';

fresh();
is learn('192.0.2.1', $now, 1), 1, 'learn: on the first day, if so wanted';

for my $none ('x', '0@1', '32@' . $now, '2@' . ($now + 2 * $day),
              '2@' . ($now - 29 * $day))
{
    fresh('learn:192.0.2.1' => $none);
    learn('192.0.2.1', $now);
    is field('learn:192.0.2.1'), "1\@$now", "learn: \"$none\" is no evidence";
}

fresh('learn:192.0.2.1' => "2\@$now", 'learn:192.0.2.2' => "1\@$now");
learn('192.0.2.3', $now, 3, 2);
is field('learn:192.0.2.2'), '', 'learn: the least evidence makes room';
is field('learn:192.0.2.1'), "2\@$now", 'learn: and not the other';


# presence

fresh();
is run('presence', [@record, $seen], '', 'version-0001 and more', 60), 1,
    'presence: the first';
cmp_ok $redis->cmd(TTL => $seen), '<=', 60, 'presence: it expires';
is run('presence', [@record, $seen], '', 'version-0002', 60), 'version-0001 and more',
    'presence: another edge was faster';
is run('presence', [@record, $seen], 'version-0001', "version-0002\0\xff", 60), 1,
    'presence: the next';
is $redis->cmd(GET => $seen), "version-0002\0\xff", 'presence: any bytes';


# what the API does

sub edits { run('edit', \@devices, @_) }

sub version {
    return $redis->cmd(EVAL => script('version') . 'return version()', 2,
                       $home, $hash);
}

fresh();
my $none = version();
is $none, '0' x 16, 'edit: the version of nothing';
is edits('', 'remove', 'x', '', 'unset', 'y', ''), 0, 'edit: nothing there';
is edits('', 'add', '192.0.2.1', '', 'add', '192.0.2.1', '',
         'set', "f\0", "v\xff"), 2, 'edit: two changes';
is field("f\0"), "v\xff", 'edit: any bytes';
my $one = version();
isnt $one, $none, 'edit: another version';
is edits('', 'set', "f\0", "v\xff"), 0, 'edit: the same again';
is version(), $one, 'edit: the same version';
is edits($none, 'add', '192.0.2.2', ''), -1, 'edit: of another version';
is_deeply homes(), ['192.0.2.1'], 'edit: which changes nothing';
is edits($one, 'add', '192.0.2.2', '', 'remove', '192.0.2.1', '',
         'unset', "f\0", ''), 3, 'edit: of that version';
is_deeply homes(), ['192.0.2.2'], 'edit: which is made';
is field("f\0"), '', 'edit: all of it';
isnt version(), $one, 'edit: a third version';

fresh('device:tv' => $now, 'device:pc' => $now);
$redis->cmd(HSET => $later, tv => $now + 5, pc => $now + 5);
my $with = version();
is edits('', 'set', 'device:tv', $now), 1, 'edit: a device is set';
is later('tv'), '', 'edit: it has no later time any more';
is edits('', 'set', 'device:tv', $now), 0, 'edit: the same again';
is version(), $with, 'edit: later times are not of the version';
is edits('', 'unset', 'device:pc', ''), 1, 'edit: a device is unset';
is $redis->cmd(EXISTS => $later), 0, 'edit: nor has this a later one';


# an account that is erased stays erased, until somebody writes it anew

sub erase { run('erase', [@devices, $seen, @_ > 2 ? $_[2] : ()], @_[0, 1]) }

my $mark = 'household-event:{a}:denied:1';
$redis->cmd(SET => $seen, 'x');
$redis->cmd(SET => $mark, 1);
$redis->cmd(HSET => $later, tv => $now);
is erase(60, $none), -1, 'erase: of another version';
is $redis->cmd(EXISTS => $hash, $seen, $later), 3,
    'erase: which erases nothing';
is erase(60, version(), $mark), 4, 'erase: four keys';
is_deeply $redis->cmd(KEYS => '*'), [$tomb], 'erase: they are gone';
my $ttl = $redis->cmd(TTL => $tomb);
ok $ttl > 0 && $ttl <= 60, 'erase: the tombstone expires';
is erase(60, ''), 0, 'erase: again';

my %late = (
    learn => sub { learn('192.0.2.1', $now, 1) },
    device => sub { device($now) },
    away => sub { run('away', \@record, $today, 3) },
    grace_start => sub { run('grace_start', \@record, 0, $now) },
    grace_return => sub { run('grace_return', \@record, $now) },
    presence => sub { run('presence', [@record, $seen], '', 'x' x 20, 60) },
    event => sub { run('event', [@record, $mark], 60) });

for my $name (sort keys %late) {
    is $late{$name}->(), $name eq 'event' ? -1 : 0, "closed: $name";
    is_deeply $redis->cmd(KEYS => '*'), [$tomb], "closed: $name: nothing";
}

is edits('', 'unset', 'x', ''), 0, 'closed: what removes';
is $redis->cmd(EXISTS => $tomb), 1, 'closed: does not open it';
$redis->cmd(SADD => $home, '192.0.2.1');
is $late{device}->(), 1, 'closed: another program has written it anew';
erase(60, '');
is edits('', 'set', 'country', 'FR'), 1, 'closed: the API writes it anew';
is $redis->cmd(EXISTS => $tomb), 0, 'closed: which opens it';
is $late{$_}->(), 1, "open: $_" for sort keys %late;
is $late{event}->(), 0, 'event: once';


# what is built of each

my $built = "$ENV{BUILD}/module/ngx_household_scripts.h" if $ENV{BUILD};

SKIP: {
    skip 'no header of the build', 1 if !$built || !-e $built;

    my %made = map { /^(\w+) \\\n(.*)/s ? (lc $1 => $2) : () }
               split /^#define NGX_HOUSEHOLD_LUA_/m, slurp($built);

    for (values %made) {
        s/^ +""\n\s*\z//m;
        s/^ +"(.*?)\\n" \\$/$1/gm;
        s/\\(["\\])/$1/g;
    }

    my %want;

    for my $file (glob "$dir/*.lua") {
        my ($name) = $file =~ m{(\w+)\.lua$};
        $want{$name} = script($name) =~ s/^ *(?:--.*)?\n//gmr =~ s/^ +//gmr;
    }

    is_deeply \%made, \%want, 'the build has these scripts';
}

done_testing();

#!/usr/bin/perl

# Devices that are seen at home are noted in Redis by the edge itself: once,
# by their place, without a request that waits or suffers for it.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::More;
use Time::HiRes ();

my $home = '82.64.10.7';
my $seat = '198.51.100.7';
my $away = '203.0.113.9';

my $redis = Test::Household::Redis->new(unix => 1);

my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address),
    server => location('/')
              . location('/untrusted', 'household_trusted_device 0;')
              . location('/hour', 'household_trusted_device 1h;')
              . location('/monitor', 'household monitor;')
                  =~ s/household on;//r);

sub account { 'household:{' . $_[0] . '}:account' }

# what all edges know of a device, and the later times
sub told {
    my ($account, $device) = @_;
    return $redis->cmd(HGET => account($account), "device:$device");
}

sub later {
    my ($account, $device) = @_;
    return $redis->cmd(HGET => "household-device:{$account}", $device);
}

sub device {
    my $told = told(@_);
    return defined $told ? later(@_) // $told : undef;
}

sub noted {
    my ($account, $device) = @_;
    my $value = wait_until { device($account, $device) };
    return $value // '';
}

# status and reason of a request
sub ask {
    my ($from, $uri, $edge) = @_;
    my $r = ($edge || $nginx)->get($uri, 'X-Forwarded-For' => $from);
    return join ' ', map { $_ // '-' } $r->{status},
        $r->{headers}{'x-reason'};
}

# Whatever was to be written before has been: notes of a worker go out in
# their order, on one connection.
my $marks = 0;

sub settle {
    my $mark = 'mark' . ++$marks;
    ask($home, "/?account=mark&device=$mark");
    noted('mark', $mark) or die "no mark was written\n";
    $redis->cmd(DEL => account('mark'));
}

# how often something was written
sub writes {
    my ($text) = $redis->cmd(INFO => 'commandstats')
        =~ /^cmdstat_hset:calls=(\d+)/m;
    return $text // 0;
}

# what a request, or several, write besides the mark
sub written(&) {
    my ($code) = @_;
    my $before = writes();

    $code->();
    settle();
    return writes() - $before - 1;
}

$redis->cmd(SADD => 'household:{mark}', $home);
$redis->cmd(SADD => 'household:{a}', $home);
$redis->cmd(HSET => account('a'), "extra:s1:$seat" => 0);

# seen at home

# time() may be a tick behind the clock of nginx
my $before = int Time::HiRes::time;
is ask($away, '/?account=a&device=tv'), '403 outside', 'not known yet';
is ask($home, '/?account=a&device=tv'), '200 home', 'seen at home';
like noted('a', 'tv'), qr/^\d{10}$/, 'is noted';
cmp_ok device('a', 'tv'), '>=', $before, 'as seen now';
cmp_ok device('a', 'tv'), '<=', int Time::HiRes::time, 'and not later';
is ask($away, '/?account=a&device=tv'), '200 trusted_device',
    'and may then be away';
is ask($away, '/untrusted?account=a&device=tv'), '403 outside',
    'but not where no device is trusted';

# not again

is written {
    ask($home, '/?account=a&device=tv') for 1 .. 5;
}, 0, 'it is not noted again';

is written {
    my @conn = map { $nginx->connect } 1 .. 20;
    $_->send_request(GET => '/?account=a&device=new',
                     'X-Forwarded-For' => $home) for @conn;
    $_->response for @conn;
}, 1, 'many requests at once: one note';

my $then = time - 86390;
$redis->cmd(HSET => account('a'), 'device:lately' => $then);
is written { ask($home, '/?account=a&device=lately') }, 0,
    'seen less than a day ago: no note';
is device('a', 'lately'), $then, 'the note stays';

$then = time - 86400;
$redis->cmd(HSET => account('a'), 'device:earlier' => $then);
is written { ask($home, '/?account=a&device=earlier') }, 1,
    'seen a day ago: a note';
cmp_ok device('a', 'earlier'), '>', $then, 'of now';

# at an extra member's

is ask($seat, '/?account=a&device=kid'), '200 extra_member', 'at a seat';
like noted('a', 'kid'), qr/^\d{10}\@s1$/, 'noted with the slot';
is ask($away, '/?account=a&device=kid'), '200 trusted_device',
    'and may be away';

$redis->cmd(HSET => account('a'), "extra:s1:$seat" => time - 1);
is ask($away, '/?account=a&device=kid'), '403 outside',
    'not when the seat is not paid any more';
is ask($seat, '/?account=a&device=kid2'), '403 outside',
    'nor is it a seat then';
$redis->cmd(HSET => account('a'), "extra:s1:$seat" => 0);

is ask($home, '/?account=a&device=kid'), '200 home', 'it comes home';
ok wait_until(sub { device('a', 'kid') =~ /^\d{10}$/ }),
    'which replaces the note at the slot';
is written { ask($seat, '/?account=a&device=kid') }, 0,
    'but not the other way round';
like device('a', 'kid'), qr/^\d{10}$/, 'the note at home stays';

$redis->cmd(HSET => account('a'), 'device:moved' => time - 90000);
is written { ask($seat, '/hour?account=a&device=moved') }, 1,
    'a note at home that does not count any more';
like device('a', 'moved'), qr/\@s1$/, 'is replaced by one at the slot';

# a time that is not plausible is none, and is replaced at home

my $odds = 0;

for my $odd (time . '000', '9' x 20, '4102444800', '0', '01', '2026-11-25',
             time . '000@s1')
{
    my $device = 'odd' . ++$odds;

    $redis->cmd(HSET => account('a'), "device:$device" => $odd);
    is ask($away, "/?account=a&device=$device"), '403 outside',
        "seen \"$odd\": it is not trusted";
    is ask($home, "/?account=a&device=$device"), '200 home', 'it comes home';
    ok wait_until(sub { device('a', $device) =~ /^[1-9]\d{9}$/ }),
        'and is noted';
}

# in monitor, too: this is how the records fill

is ask($home, '/monitor?account=a&device=watched'), '200 home', 'monitored';
ok noted('a', 'watched'), 'noted';

# and not otherwise

is written {
    ask($away, '/?account=a&device=stranger');
    ask($away, '/?account=none&device=stranger');
    ask($away, '/monitor?account=a&device=stranger');
    ask($away, '/?account=a&device=tv');
    ask($home, '/?account=a');
    ask($home, '/?account=a&device=' . 'x' x 129);
}, 0, 'nothing is noted elsewhere, nor of no device';

is written { ask($home, '/untrusted?account=a&device=kept') }, 1,
    'a note is for other locations, too';

for my $odd ('a:b', 'a@b', '@', '{a}', '*', 'x' x 128) {
    ask($home, "/?account=a&device=$odd");
    like noted('a', $odd), qr/^\d{10}$/,
        'an id is bytes: ' . substr $odd, 0, 10;
}

# a record that is full of devices: the one seen least recently goes

{
    my $uuid = '0b8d7f42-6c3e-4f1a-9d25-e7a4c1b80f36';
    my $old = time - 5000;

    $redis->cmd(SADD => 'household:{full}', $home);
    $redis->cmd(HSET => account('full'), "extra:s1:$seat" => 0,
                (map { ("device:d$_" => $old + $_) } 1 .. 126),
                "device:$uuid" => ($old - 9) . '@s2:' . ($old - 5),
                'device:at' => time - 90000);

    is ask($home, '/?account=full&device=more'), '200 home',
        'more devices than are noted';
    ok noted('full', 'more'), 'the new one is noted';
    is device('full', 'at'), undef, 'in place of the oldest';

    is ask($home, '/?account=full&device=more2'), '200 home', 'and another';
    ok noted('full', 'more2'), 'is noted';
    is device('full', $uuid), undef, 'in place of the next';

    # an expired note of home is replaced, and grows
    $redis->cmd(HSET => account('full'),
                'device:d126' => time - 32 * 86400);
    is ask($seat, '/?account=full&device=d126'), '200 extra_member',
        'one that was at home long ago, at a seat';
    ok wait_until(sub { device('full', 'd126') =~ /^\d+:\d+\@s1$/ }),
        'is noted';
    is device('full', 'd1'), undef, 'in place of the next';
    is $redis->cmd(HLEN => account('full')), 128, 'a device for a device';
    is ask($away, '/?account=full&device=d126'), '200 trusted_device',
        'it may be away';
}

# one that was seen meanwhile stays

{
    my $cached = Test::Household::Nginx->new(
        http => http_config(server => $redis->address, zone => '1m',
                            redis => 'tracking off; timeout 5s;'),
        server => location('/', '', 'main zone=households fresh=1h'));

    $redis->cmd(SADD => 'household:{stays}', $home);
    $redis->cmd(HSET => account('stays'),
                (map { ("device:d$_" => time - 60) } 1 .. 127),
                'device:oldest' => time - 90000);

    is ask($away, '/?account=stays', $cached), '403 outside',
        'a cached record';
    $redis->cmd(HSET => account('stays'), 'device:oldest' => time);
    is ask($home, '/?account=stays&device=new', $cached), '200 home',
        'is full and old';
    ok noted('stays', 'new'), 'the new device is noted';
    like device('stays', 'oldest'), qr/^\d{10}$/,
        'one that was seen since then is not dropped';
}

# two seats with one address: flatmates

{
    my %until = (own => time + 1000, other => time + 500, later => 0);
    my $flat = sub {
        my ($account, @seats) = @_;
        $redis->cmd(SADD => "household:{$account}", $home);
        $redis->cmd(HSET => account($account), "extra:$_:$seat" => $until{$_})
            for @seats;
    };

    $flat->('flat', 'other', 'own');
    $redis->cmd(HSET => account('flat'),
                'device:mine' => (time - 90000) . '@own');
    is ask($seat, '/?account=flat&device=mine'), '200 extra_member',
        'a device noted at one of two seats with the address';
    ok wait_until(sub {
        device('flat', 'mine') =~ /^(\d{10})\@own$/ && $1 > time - 600
    }), 'keeps its seat';

    is ask($seat, '/?account=flat&device=new'), '200 extra_member',
        'a new device';
    like noted('flat', 'new'), qr/^\d{10}\@own$/,
        'is noted at the seat that ends last, not at the first one';

    $redis->cmd(HSET => account('flat'), "extra:other:$seat" => time - 1);
    is ask($away, "/?account=flat&device=$_"), '200 trusted_device',
        "the other seat ends: $_ is trusted" for qw(mine new);

    $flat->('flat2', 'own', 'later');
    $redis->cmd(HSET => account('flat2'),
                'device:mine' => (time - 90000) . '@own');
    is ask($seat, '/?account=flat2&device=mine'), '200 extra_member',
        'the other seat ends later';
    ok wait_until(sub {
        device('flat2', 'mine') =~ /^\d{10}\@own:\d{10}\@later$/
    }), 'both are noted';
    $redis->cmd(HSET => account('flat2'), "extra:own:$seat" => time - 1);
    is ask($away, '/?account=flat2&device=mine'), '200 trusted_device',
        'and either is enough';
}

# two locations that trust for different times

{
    my $then = time - 2 * 86400;

    $redis->cmd(SADD => 'household:{two}', $home);
    $redis->cmd(HSET => account('two'), "extra:s1:$seat" => time + 1000,
                'device:tv' => $then);
    is ask($away, '/hour?account=two&device=tv'), '403 outside',
        'at home too long ago for one location';
    is ask($away, '/?account=two&device=tv'), '200 trusted_device',
        'not for the other one';
    is ask($seat, '/hour?account=two&device=tv'), '200 extra_member',
        'it is at a seat, by the first';
    ok wait_until(sub { device('two', 'tv') =~ /^$then:\d{10}\@s1$/ }),
        'both places are noted';
    is ask($away, '/hour?account=two&device=tv'), '200 trusted_device',
        'so that the first one trusts it';

    $redis->cmd(HSET => account('two'), "extra:s1:$seat" => time - 1);
    is ask($away, '/hour?account=two&device=tv'), '403 outside',
        'as long as the seat is paid';
    is ask($away, '/?account=two&device=tv'), '200 trusted_device',
        'and the second one as before';
}

# Redis denies it

{
    my $denying = Test::Household::Redis->new(unix => 1,
        acl => ['user default on nopass ~* &* +@all -hset']);
    my $edge = Test::Household::Nginx->new(
        http => http_config(server => $denying->address, zone => '1m',
                            redis => 'tracking off; timeout 5s;'),
        server => location('/', '', 'main zone=households fresh=1ms')
                  . 'location /status { household_metrics zone=households; }');

    $denying->cmd(SADD => 'household:{a}', $home);

    for my $n (1 .. 3) {
        is ask($home, "/?account=a&device=d$n", $edge), '200 home',
            "Redis denies the note: request $n";
    }

    ok wait_until(sub { dropped($edge) == 3 }), 'each is counted';
    # by a script: Redis 8 replies "ERR ACL failure in script"
    ok $edge->wait_log(qr/\[error\].*error reply (?:NOPERM|ERR)/), 'and logged';
    is_deeply $denying->cmd(KEYS => '*'), ['household:{a}'],
        'nothing was written';
    is clients($denying), 1, 'on the same connection';
    is ask($home, '/?account=a&device=d1', $edge), '200 home', 'and later';
    ok wait_until(sub { dropped($edge) == 4 }),
        'the next request tries again';
}

sub dropped {
    my ($edge) = @_;
    return $edge->metric('writes_total')
        - $edge->metric('writes_total', result => 'ok');
}

# those who are connected besides us
sub clients {
    my ($server) = @_;
    return grep({ !/cmd=client/ } split /\n/, $server->cmd(qw(CLIENT LIST)));
}

# Redis is away

{
    my $edge = Test::Household::Nginx->new(
        http => http_config(server => $redis->address, zone => '1m',
                            redis => 'tracking off; timeout 20s;'),
        server => "keepalive_requests 2000;\n"
              . location('/', '', 'main zone=households fresh=1h')
                  . 'location /status { household_metrics zone=households; }');

    is ask($home, '/?account=a', $edge), '200 home', 'a record is cached';

    # it hangs: what is under way is bounded

    $redis->pause;
    my $conn = $edge->connect;
    my $same = 1;

    for my $n (1 .. 1100) {
        $conn->send_request(GET => "/?account=a&device=burst$n",
                            'X-Forwarded-For' => $home);
        $same &&= $conn->response->{headers}{'x-reason'} eq 'home';
    }

    ok $same, 'Redis hangs: no request waits for a note';
    is dropped($edge), 76, 'those beyond 1024 are dropped, and counted';

    # it is gone

    $redis->kill9;
    ok wait_until(sub { dropped($edge) >= 1100 }),
        'Redis dies: the others, too';

    is ask($home, '/?account=a&device=gone', $edge), '200 home',
        'Redis is gone: no request suffers';
    ok wait_until(sub { dropped($edge) >= 1101 }), 'counted';

    # it is back

    $redis->start;
    $redis->cmd(SADD => 'household:{a}', $home);
    ok wait_until(sub {
        ask($home, '/?account=a&device=gone', $edge);
        device('a', 'gone');
    }), 'the next requests bring it again';
}

done_testing;

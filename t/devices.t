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

sub device {
    my ($account, $device) = @_;
    return $redis->cmd(HGET => account($account), "device:$device");
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

# a record that is full of devices

$redis->cmd(SADD => 'household:{full}', $home);
$redis->cmd(HSET => account('full'), map { ("device:d$_" => time) } 1 .. 128);
is written { is ask($home, '/?account=full&device=more'), '200 home',
             'more devices than are noted' }, 0, 'are not noted';

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
    like $edge->log, qr/\[error\].*NOPERM/, 'and told in the log';
    is_deeply $denying->cmd(KEYS => '*'), ['household:{a}'],
        'nothing was written';
    is clients($denying), 1, 'on the same connection';
    is ask($home, '/?account=a&device=d1', $edge), '200 home', 'and later';
    ok wait_until(sub { dropped($edge) == 4 }),
        'the next request tries again';
}

sub dropped {
    my ($edge) = @_;
    return $edge->metric('writes_dropped_total');
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

#!/usr/bin/perl

# household_api, reading: an account as the edge sees it, and why a verdict is
# what it is.

use strict;
use warnings;

use lib 't/lib';
use POSIX qw(strftime);
use Test::Household::Api;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::More;

my $now = time;
my $day = 86400;

sub when_is { strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $_[0]) }

my $redis = Test::Household::Redis->new(unix => 1);
my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m'),
    server => <<"EOC" . location('/play', '', 'main zone=households'));
location /api/ {
    household_api main;
}
location /policy {
    household on;
    household_store main;
    household_account \$arg_account;
    household_trusted_device 7d;
    household_grace 1h;
    household_rollout 50%;
    household_enforce_in FR;
    household_api main;
}
location /varying {
    household_rollout \$arg_percent;
    household_api main;
}
EOC

my $api = Test::Household::Api->new($nginx, '/api');
my $policy = Test::Household::Api->new($nginx, '/policy');


# paths and methods

is_deeply $nginx->get('/api/')->{body}, "[1]\n", 'the versions';
is_deeply $api->get('')->{json}, [qw(accounts control import status)],
    'what there is';
is $nginx->get('/policy/1/status')->{status}, 200, 'no slash in the location';
$api->fails('no such version', 404, 'no_such_path', GET => '../2/status');

for my $path ('nothing', 'accounts', 'accounts/a/nothing', 'accounts/a/home',
              'accounts/a/verdict/x', 'status/x', 'accounts/a/devices/b/c')
{
    $api->fails("no path $path", 404, 'no_such_path', GET => $path);
}

is $nginx->get('/policy1/status')->{status}, 404, 'a location is no prefix';

# its name is the shortest prefix

my $empty = Test::Household::Nginx->new(
    http => http_config(server => $redis->address),
    server => 'location "" { household_api main; }');

is $empty->get('/1/status')->{status}, 200, 'a location without a name';
$empty->quit;

for my $path ('accounts/', 'accounts/%', 'accounts/%4', 'accounts/%zz',
              'accounts/%0a', 'accounts/' . 'x' x 129)
{
    my $r = $api->get($path);
    ok $r->{status} == 400, "an invalid id: $path";
}

my $r = $api->fails('no such method', 405, 'method_not_allowed',
                    DELETE => 'status');
is $r->{headers}{allow}, 'GET, HEAD', 'the methods';
is $api->call(HEAD => 'status')->{status}, 200, 'HEAD';

$r = $api->get('accounts/a');
is $r->{headers}{'cache-control'}, 'no-store', 'nothing is cached';
is $r->{headers}{'x-content-type-options'}, 'nosniff', 'nothing is guessed';


# an account

is_deeply [@{$r->{json}}{qw(account exists too_large country seats seats_paid
                            revoked_before presence)}],
    ['a', JSON::PP::false, JSON::PP::false, undef, undef, 0, undef, undef], 'an account that is not there';
my $nothing = $r->{headers}{etag};
like $nothing, qr/^"[0-9a-f]{16}"$/, 'the version of nothing';

$redis->cmd(SADD => 'household:{a}', '82.64.10.7', '2a01:e0a:1f3:9c00::/56',
            '10.0.0.0/33');
$redis->cmd(HSET => 'household:{a}:account',
    country => 'FR', seats => 2, revoked_before => $now - 60,
    'extra:s1:198.51.100.7' => $now - 3 * $day,
    'extra:s2:203.0.113.0/24' => 0,
    'extra:s2:2001:db8:7::/56' => $now + $day,
    'device:phone' => ($now - 40 * $day) . ':' . ($now - $day) . '@s1',
    'device:tablet' => ($now - $day) . '@s2:' . ($now - $day) . '@s9',
    'travel:*' => $now + $day,
    'travel:old' => $now - $day,
    'member:tv' => $now - 5,
    'learn:198.51.100.9' => '2@' . ($now - $day),
    outside_days => '20000,20001',
    'device:when' => '1764000000000',
    'extra:s3' => $now,
    color => 'blue');

$r = $api->get('accounts/a');
my $a = $r->{json};
isnt $r->{headers}{etag}, $nothing, 'the version of something else';
is $api->get('accounts/a')->{headers}{etag}, $r->{headers}{etag},
    'which is still the same';

is_deeply [@$a{qw(exists country seats seats_paid revoked_before)}],
    [JSON::PP::true, 'FR', 2, 1, when_is($now - 60)], 'scalars';
is_deeply $a->{home},
    [{ network => '2a01:e0a:1f3:9c00::/56',
       path => 'home/2a01%3Ae0a%3A1f3%3A9c00%3A%3A%2F56' },
     { network => '82.64.10.7', path => 'home/82.64.10.7' }], 'the home';
is_deeply $a->{extra_members},
    [{ seat => 's1', path => 'extra-members/s1', networks => [
        { network => '198.51.100.7', until => when_is($now - 3 * $day),
          state => 'ended' }] },
     { seat => 's2', path => 'extra-members/s2', networks => [
        { network => '2001:db8:7::/56', until => when_is($now + $day),
          state => 'paid' },
        { network => '203.0.113.0/24', until => undef, state => 'paid' }] }],
    'the seats, and what has ended';
is_deeply $a->{devices},
    [{ device => 'phone', path => 'devices/phone', seen => [
        { seat => undef, time => when_is($now - 40 * $day),
          trusted_until => when_is($now - 9 * $day), state => 'ended' },
        { seat => 's1', time => when_is($now - $day),
          trusted_until => when_is($now + 30 * $day), state => 'ended' }] },
     { device => 'tablet', path => 'devices/tablet', seen => [
        { seat => 's2', time => when_is($now - $day),
          trusted_until => when_is($now + 30 * $day), state => 'trusted' },
        { seat => 's9', time => when_is($now - $day),
          trusted_until => when_is($now + 30 * $day), state => 'ended' }] }],
    'the devices, with whom a seat is paid';
is_deeply $a->{travel},
    [{ device => '*', path => 'travel/%2A', until => when_is($now + $day),
       state => 'granted' },
     { device => 'old', path => 'travel/old', until => when_is($now - $day),
       state => 'ended' }], 'the travel grants';
is_deeply $a->{members}, [{ device => 'tv', since => when_is($now - 5) }],
    'the members';
is_deeply $a->{learning},
    [{ network => '198.51.100.9', days => 2, last => when_is($now - $day) }],
    'what is learned';
is_deeply $a->{outside_days}, ['2024-10-04T00:00:00Z', '2024-10-05T00:00:00Z'],
    'the days outside';
is_deeply $a->{malformed},
    [{ in => 'home', name => '10.0.0.0/33',
       why => 'not an IP address or a prefix' },
     { in => 'account', name => 'device:when', value => '1764000000000',
       why => 'not a time in Unix seconds, 1 to 4102444799' },
     { in => 'account', name => 'extra:s3', value => $now,
       why => 'no network after the seat' }], 'what is malformed, and why';
is $a->{other_fields}, 1, 'the fields of others';


# ids are bytes

sub body_of { $api->get('accounts/a' . $_[0] =~ s/../%$&/gr . 'z')->{body} }

my $id = "\xff/\"<é\x7e";
$redis->cmd(SADD => "household:{$id}", '192.0.2.1');
$r = $api->get('accounts/' . join '', map { sprintf '%%%02x', ord }
               split //, $id);
is $r->{json}{home}[0]{network}, '192.0.2.1', 'an id of any bytes';
like $r->{body}, qr/"account":"\xef\xbf\xbd\/\\u0022\\u003c/, 'is escaped';
is $r->{json}{path}, 'accounts/%FF%2F%22%3C%C3%A9~', 'and its path is exact';

# the first and the last characters of each length (RFC 3629), and what is next
# to them: each byte of that becomes U+FFFD

for my $hex (qw(7e c2a0 dfbf e0a080 e282ac ed9fbf ee8080 efbfbf f0908080
                f09f9880 f48fbfbf)) {
    like body_of($hex), qr/"account":"a\Q${\ pack 'H*', $hex}\Ez"/,
        "$hex is a character";
}

for my $hex (qw(80 bf c0af c1bf c2 e09fbf e282 eda080 edbfbf f08fbfbf f09f98
                f4908080 f5808080 ff)) {
    my $n = length($hex) / 2;
    like body_of($hex), qr/"account":"a(?:\xef\xbf\xbd){$n}z"/,
        "$hex is none";
}


# a character that the end of a text cuts is none, whatever is behind it

$redis->cmd(HSET => 'household:{cut}:account', "extra:$_->[0]", $_->[1])
    for ["\xc2", "\xa9y"], ["\xe2\x82", "\xacy"],
        ["\xf0\x9f\x98", "\x80y"];
$r = $api->get('accounts/cut');
is_deeply [map { "$_->{name} $_->{value}" } @{ $r->{json}{malformed} }],
    ["extra:\x{fffd} \x{fffd}y", "extra:\x{fffd}\x{fffd} \x{fffd}y",
     "extra:\x{fffd}\x{fffd}\x{fffd} \x{fffd}y"], 'a text that is cut';


# what a terminal may obey

for my $code (0x80, 0x85, 0x9b, 0x9f) {
    like body_of(sprintf 'c2%02x', $code),
        qr/"account":"a\\u00${\ sprintf '%02x', $code}z"/,
        sprintf 'U+%04X is escaped', $code;
}


# why

sub why {
    my ($api, $query, $account) = @_;
    my $r = $api->get('accounts/' . ($account // 'a') . "/verdict?$query");
    is $r->{status}, 200, "why $query";
    my $v = $r->{json};
    return ($v, map { $_->{why} } @{ $v->{rules} });
}

my ($v, @why) = why($api, 'address=198.51.100.7&device=phone');
is_deeply [@$v{qw(verdict reason detail mode rule seat_offered)}],
    ['allow', 'travel', undef, 'on', 7, JSON::PP::false], 'travel: allowed';
like $why[3], qr/^198\.51\.100\.7 is in no home network: /, 'travel: no home';
like $why[4], qr/seat s1, which ended 3 days ago/, 'travel: a seat ended';
like $why[5], qr/at the seat s1 (?:1 day|24 hours) ago.*, but the seat ended 3 days ago/,
    'travel: the device of that seat';
like $why[6], qr/^the travel grant for all devices ends at 20/,
    'travel: the grant';
is $why[7], 'not evaluated', 'travel: nothing after it';
is_deeply [map { $_->{matches} } @{ $v->{rules} }[5, 6, 7]],
    [JSON::PP::false, JSON::PP::true, undef], 'travel: what matched';

$redis->cmd(HDEL => 'household:{a}:account', 'travel:*');
($v, @why) = why($api, 'address=198.51.100.7&device=phone');
is_deeply [@$v{qw(verdict reason detail rule seat_offered)}],
    ['deny', 'outside', 'seat_ended', 13, JSON::PP::true], 'denied';
is $why[12], 'no rule allows the client; 1 of 2 seats are paid', 'denied: why';

($v, @why) = why($api, 'address=2a01:e0a:1f3:9cff::1');
is_deeply [@$v{qw(verdict reason network)}],
    ['allow', 'home', '2a01:e0a:1f3:9c00::/56'], 'at home';
($v) = why($api, 'address=203.0.113.5');
is_deeply [@$v{qw(verdict reason seat)}], ['allow', 'extra_member', 's2'],
    'an extra member';
($v, @why) = why($api, 'address=82.64.10.7&issued_at='
                 . when_is($now - $day));
is_deeply [@$v{qw(verdict reason)}], ['unauthorized', 'revoked'], 'signed out';
like $why[1], qr/before it$/, 'signed out: why';
($v) = why($api, 'address=198.51.100.7&at=' . when_is($now - 4 * $day));
is $v->{reason}, 'extra_member', 'as it was four days ago';
($v) = why($api, 'address=82.64.10.7', 'nobody');
is_deeply [@$v{qw(verdict reason)}], ['deny', 'unregistered'], 'nobody';

for my $query ('', 'address=', 'address=1.2.3', 'address=1.2.3.4/32',
               'address=%zz', 'address=1.2.3.4&at=now',
               'address=1.2.3.4&at=1970-01-01T00:00:00Z',
               'address=1.2.3.4&issued_at=1', 'address=1.2.3.4&device=%0a',
               'address=1.2.3.4&device=' . 'x' x 129,
               'address=1.2.3.4&devise=tv', 'address=1.2.3.4&issued=1',
               'address=1.2.3.4&address=1.2.3.5', 'address=1.2.3.4&device')
{
    $api->fails("an invalid query: $query", 400, 'invalid_query',
                GET => "accounts/a/verdict?$query");
}


# the policy is that of the location, and the location is not guarded

($v, @why) = why($policy, 'address=198.51.100.1', 'de');
is_deeply [@$v{qw(verdict reason)}], ['allow', 'not_enforced'], 'policy';
like $why[8], qr/country of the account is not known/, 'policy: the country';
($v, @why) = why($policy, 'address=198.51.100.1&device=phone');
like $why[5], qr/40 days ago, 7 days allowed/, 'policy: the trusted device';

$redis->cmd(HSET => 'household:{b}:account', country => 'FR');
($v, @why) = why($policy, 'address=198.51.100.1', 'b');
like $why[8], qr/, FR, is in household_enforce_in; the account is number \d+/,
    'policy: the country, and the rollout';

my $varying = Test::Household::Api->new($nginx, '/varying');
($v, @why) = why($varying, 'address=198.51.100.1', 'b');
is_deeply [@$v{qw(verdict reason)}], ['deny', 'unregistered'],
    'policy: a rollout by a variable is not evaluated';

$redis->cmd(HSET => 'household:control', mode => 'monitor', rollout => 0);
($v, @why) = why($varying, 'address=198.51.100.1', 'b');
is_deeply [@$v{qw(verdict reason)}], ['allow', 'rollout'],
    'the fleet override loosens it nevertheless';
($v, @why) = why($api, 'address=198.51.100.7&device=phone');
is_deeply [@$v{qw(verdict reason mode enforced)}],
    ['allow', 'rollout', 'monitor', JSON::PP::false], 'the fleet override';
is_deeply $api->get('control')->{json},
    { mode => 'monitor', rollout => '0.00%' }, 'the fleet override is shown';
$redis->cmd(DEL => 'household:control');
is_deeply $api->get('control')->{json}, { mode => undef, rollout => undef },
    'no fleet override';


# the status

$nginx->get('/play?account=a', 'X-Forwarded-For' => '82.64.10.7');
my $status;
wait_until {
    $status = $api->get('status')->{json};
    $status->{redis}[0]{tracking}[0]{coherent};
};
is_deeply $status->{redis},
    [{ name => 'main', topology => 'standalone', up => JSON::PP::true,
       servers => [{ server => $redis->address, role => 'primary',
                     up => JSON::PP::true }],
       tracking => [{ zone => 'households', coherent => JSON::PP::true }] }],
    'the deployments';
is_deeply [grep { $_->{zone} } @{ $status->{stores} }],
    [{ redis => 'main', zone => 'households', requests => [{ status => 'ALLOWED', reason => 'home',
      count => 1 }] }], 'the requests';
is $status->{zones}[0]{accounts}, 1, 'the zone';


# a Redis that is away

$redis->cmd(SADD => 'household:{big}',
            map { ("10.0.0.$_", "10.0.1.$_") } 1 .. 200);
ok $api->get('accounts/big')->{json}{too_large}, 'too large';
($v) = why($api, 'address=10.0.0.1', 'big');
is $v->{reason}, 'record_too_large', 'too large: why';

# what is beside the account, which an edge does without, too

$redis->cmd(SADD => 'household:{beside}', '192.0.2.1');
$redis->cmd(HSET => 'household:{beside}:account', 'device:tv' => time);
$redis->cmd(HSET => 'household-device:{beside}',
            map { ("id$_" => time) } 1 .. 9000);
is $api->get('accounts/beside')->{json}{devices}[0]{device}, 'tv',
    'too large: not for the later times of devices';
($v) = why($api, 'address=192.0.2.1', 'beside');
is $v->{reason}, 'home', 'too large: nor is a verdict';
$redis->cmd(DEL => 'household-device:{beside}');
$redis->cmd(SET => 'household-seen:{beside}', 'x' x 300_000);
is $api->get('accounts/beside')->{json}{presence}, undef,
    'too large: nor for the presence';

$redis->cmd(DEL => 'household:{a}');
$redis->cmd(SET => 'household:{a}', 'x');
$api->fails('a wrong type', 500, 'redis_error', GET => 'accounts/a');

$redis->kill9;

for my $path (qw(accounts/a accounts/a/verdict?address=192.0.2.1 control)) {
    my $r = $api->fails("no Redis: $path", 503, 'redis_unavailable',
                        GET => $path);
    is $r->{headers}{'retry-after'}, 1, 'to be repeated';
}

ok !$api->get('status')->{json}{redis}[0]{up}, 'the status says so';

done_testing;

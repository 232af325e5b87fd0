#!/usr/bin/perl

# household_api, writing: what the help desk and the shop change, checked as an
# edge reads it, all or nothing, and only for those who may.

use strict;
use warnings;

use lib 't/lib';
use POSIX qw(strftime);
use Test::Household::Api;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Redis;
use Test::More;

my $now = time;
my $day = 86400;
my $later = $now + 30 * $day;

sub when_is { strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $_[0]) }

my $redis = Test::Household::Redis->new(unix => 1);
my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address),
    server => <<'EOC');
location /read/ { household_api main; }
location /api/ { household_api main write; client_body_buffer_size 1k; }
EOC

my $api = Test::Household::Api->new($nginx, '/api');

sub home { [sort @{ $redis->cmd(SMEMBERS => 'household:{a}') }] }
sub fields { +{ @{ $redis->cmd(HGETALL => 'household:{a}:account') } } }

# a call that is made: its status, twice, as all are idempotent but DELETE
sub makes {
    my ($name, $method, $path, $body, @headers) = @_;
    my $r = $api->call($method, $path, $body, @headers);
    is "$r->{status} " . ($r->{code} // '-'), '204 -', $name;
    $r = $api->call($method, $path, $body, @headers);
    is $r->{status}, $method eq 'DELETE' ? 404 : 204, "$name: again";
}


# home networks

makes('a home network', PUT => 'accounts/a/home/82.64.10.7');
makes('a prefix', PUT => 'accounts/a/home/2a01:e0a:1f3:9c00::%2F56');
makes('a slash as it is', PUT => 'accounts/a/home/82.64.0.0/24');
is_deeply home(), ['2a01:e0a:1f3:9c00::/56', '82.64.0.0/24', '82.64.10.7'],
    'they are there';
makes('another form of it', PUT => 'accounts/a/home/82.64.0.9/24');
is @{ home() }, 3, 'is the same';
makes('is removed', DELETE => 'accounts/a/home/82.64.0.1/24');
is_deeply home(), ['2a01:e0a:1f3:9c00::/56', '82.64.10.7'], 'one is gone';
$redis->cmd(SADD => 'household:{a}', 'nonsense');
makes('what is malformed', DELETE => 'accounts/a/home/nonsense');

for my $network ('82.64.10', '82.64.10.7/33', '2a01::/129', 'x', '1.2.3.4/01') {
    my $r = $api->fails("no network: $network", 422, 'invalid_value',
                        PUT => "accounts/a/home/$network");
    is $r->{json}{detail}, 'not an IP address or a prefix', 'which is said';
}

makes('the home moves', POST => 'accounts/a/move-home',
      { addresses => ['192.0.2.1', '2001:db8::1'] });
is_deeply home(), ['192.0.2.1', '2001:db8::1'], 'the new home, both families';

for my $body ({}, { addresses => [] }, { addresses => 'x' },
              { addresses => [1] }, { addresses => ['192.0.2.1', 'x'] },
              { addresses => ['192.0.2.1'], address => '192.0.2.2' })
{
    $api->fails('no move', 422, 'invalid_value',
                POST => 'accounts/a/move-home', $body);
}
is_deeply home(), ['192.0.2.1', '2001:db8::1'], 'nothing half done';


# seats

makes('a seat', PUT => 'accounts/a/extra-members/s1',
      { networks => ['198.51.100.7', '2001:db8:7::/56'],
        until => when_is($later) });
is_deeply fields(), { 'extra:s1:198.51.100.7' => $later,
                      'extra:s1:2001:db8:7::/56' => $later }, 'its networks';
makes('is renewed', PUT => 'accounts/a/extra-members/s1',
      { until => when_is($later + $day) });
is fields()->{'extra:s1:198.51.100.7'}, $later + $day, 'until then';
makes('has another network', PUT => 'accounts/a/extra-members/s1',
      { networks => ['198.51.100.8'], until => undef });
is_deeply fields(), { 'extra:s1:198.51.100.8' => 0 }, 'and no end';
makes('another seat', PUT => 'accounts/a/extra-members/s10',
      { networks => 'learn', until => when_is($later) });
$api->fails('which is not renewed by another word', 422, 'invalid_value',
            PUT => 'accounts/a/extra-members/s10',
            { network => 'learn', until => when_is($later) });
makes('ends', DELETE => 'accounts/a/extra-members/s1');
is_deeply fields(), { 'extra:s10:learn' => $later }, 'by itself';
makes('the other one', DELETE => 'accounts/a/extra-members/s10');
$redis->cmd(HSET => 'household:{a}:account', 'extra:s1:2001:db8::1', 0);
$api->fails('a seat with the begin of a network', 404, 'not_there',
            DELETE => 'accounts/a/extra-members/s1%3A2001');
is_deeply fields(), { 'extra:s1:2001:db8::1' => 0 }, 'is not the seat';
makes('the seat itself', DELETE => 'accounts/a/extra-members/s1');

for (['no network', { until => undef }, 'networks'],
     ['no until', { networks => ['192.0.2.1'] }, 'until'],
     ['another until', { networks => ['192.0.2.1'], until => 5 }, 'until'],
     ['a date', { networks => ['192.0.2.1'], until => '2026-12-01' }, 'until'],
     ['a number', { networks => [5], until => undef }, 'networks'],
     ['no list', { networks => {}, until => undef }, 'networks'])
{
    my ($name, $body, $member) = @$_;
    my $r = $api->fails("a seat with $name", 422, 'invalid_value',
                        PUT => 'accounts/a/extra-members/s2', $body);
    is $r->{json}{pointer}, "#/$member", 'which is named';
}

$api->fails('a seat with a malformed network', 422, 'invalid_value',
            PUT => 'accounts/a/extra-members/s2',
            { networks => ['192.0.2.1', '1.2.3'], until => undef });
$api->fails('a seat with a colon', 422, 'invalid_value',
            PUT => 'accounts/a/extra-members/a%3Ab',
            { networks => ['192.0.2.1'], until => undef });
$api->fails('a seat after 2099', 422, 'invalid_value',
            PUT => 'accounts/a/extra-members/s2',
            { networks => ['192.0.2.1'], until => '2100-01-01T00:00:00Z' });
is_deeply fields(), {}, 'nothing half done';


# devices, travel, the subscription, signing out

makes('a device', PUT => 'accounts/a/devices/tv',
      { seen => when_is($now - $day) });
makes('a device of a seat', PUT => 'accounts/a/devices/phone',
      { seen => when_is($now), seat => 's1' });
is $api->call(PUT => 'accounts/a/devices/now')->{status}, 204, 'a device now';
cmp_ok delete fields()->{'device:now'}, '>=', $now, 'is seen now';
makes('a device goes', DELETE => 'accounts/a/devices/now');
makes('travel', PUT => 'accounts/a/travel/*', { until => when_is($later) });
makes('travel of one', PUT => 'accounts/a/travel/tv%3A',
      { until => when_is($later) });
$redis->cmd(HSET => 'household:{a}:account', 'travel:tv:more', $later);
makes('travel of one ends', DELETE => 'accounts/a/travel/tv%3A');
makes('the subscription', PATCH => 'accounts/a', { country => 'FR', seats => 2 });
is_deeply fields(), { 'device:tv' => $now - $day, 'device:phone' => "$now\@s1",
                      'travel:*' => $later, 'travel:tv:more' => $later,
                      country => 'FR', seats => 2 }, 'all of it';
makes('no country', PATCH => 'accounts/a', { country => undef });
is fields()->{country}, undef, 'is known';
is $api->call(POST => 'accounts/a/sign-out', {})->{status}, 204, 'sign out';
cmp_ok fields()->{revoked_before}, '>=', $now, 'now';

for (['devices/x', { seen => 'now' }], ['devices/x', { seen => undef }],
     ['devices/x', { seat => 5 }], ['devices/x', { seat => 'a:b' }],
     ['devices/x', { seat => "s1:$later" }], ['devices/x', { seat => '' }],
     ['devices/x', { seat => "s1\r\nx" }], ['devices/x', { seat => 's' x 129 }],
     ['travel/x', {}], ['travel/x', { until => undef }],
     ['devices/x', { seem => when_is($now) }],
     ['devices/x', { seats => 's1' }],
     ['travel/x', { until => when_is($later), for => 'tv' }])
{
    $api->fails("not valid: $_->[0]", 422, 'invalid_value',
                PUT => "accounts/a/$_->[0]", $_->[1]);
}

my $before = fields();

for ({ country => 5 }, { country => 'France' }, { seats => '2' },
     { seats => -1 }, { seats => 65535 }, { seats => 1.5 },
     { seat => 3 }, { seats => 3, Country => 'FR' })
{
    $api->fails('not valid', 422, 'invalid_value', PATCH => 'accounts/a', $_);
}

# null has a meaning, which a number out of range does not have

my @json = ('Content-Type' => 'application/json');

$api->fails("no number: @$_", 400, 'invalid_json',
            $_->[0] => "accounts/a$_->[1]", $_->[2], @json)
    for [PATCH => '', '{"seats":9223372036854775808}'],
        [PATCH => '', '{"seats":-99999999999999999999}'],
        [PATCH => '', '{"country":1e999}'],
        [PUT => '/extra-members/s3', '{"networks":["192.0.2.1"],"until":1e400}'],
        [PUT => '/devices/x', '{"seat":99999999999999999999}'];

is_deeply fields(), $before, 'nothing is written, or removed';
$api->fails('no body', 400, 'invalid_json', PATCH => 'accounts/a');
is $api->call(PATCH => 'accounts/a', {})->{status}, 204, 'no member';


# only what was read

my $etag = $api->get('accounts/a')->{headers}{etag};
my @match = ('If-Match' => $etag);
is $api->call(PATCH => 'accounts/a', { seats => 3 }, @match)->{status}, 204,
    'If-Match';
$api->fails('it has changed since', 412, 'changed',
            PATCH => 'accounts/a', { seats => 4 }, @match);
is fields()->{seats}, 3, 'and is as it was';
is $api->call(PATCH => 'accounts/a', { seats => 4 },
              'If-Match' => qq("0", $etag))->{status}, 412, 'of a list';
$etag = $api->get('accounts/a')->{headers}{etag};
is $api->call(PATCH => 'accounts/a', { seats => 5 },
              'If-Match' => "W/$etag")->{status}, 412, 'a weak one';
is $api->call(PATCH => 'accounts/a', { seats => 5 },
              'If-Match' => qq("0", $etag))->{status}, 204, 'one of a list';
is $api->call(PATCH => 'accounts/none', { seats => 5 },
              'If-Match' => '*')->{status}, 412, 'there is none';
$etag = $api->get('accounts/a')->{headers}{etag};
is $api->call(GET => $_->[0], undef, @$_[1, 2])->{status}, 200,
    "what is read has no condition: @$_"
    for ['accounts/a', 'If-Match', $etag], ['status', 'If-Match', '*'],
        ['accounts/a', 'If-Unmodified-Since', 'Wed, 21 Oct 2015 07:28:00 GMT'];


# the limits of a record

$redis->cmd(SADD => 'household:{a}', map { ("10.0.0.$_", "10.0.1.$_") } 1 .. 127);
makes('the last network', PUT => 'accounts/a/home/2001:db8::1');
my $r = $api->fails('one too many', 422, 'invalid_value',
                    PUT => 'accounts/a/home/192.0.2.99');
like $r->{json}{detail}, qr/over a limit/, 'which is said';
makes('one less', DELETE => 'accounts/a/home/10.0.0.1');


# those who may

my @foreign = (['Sec-Fetch-Site' => 'cross-site'],
               ['Sec-Fetch-Site' => 'same-site'],
               [Origin => 'https://evil.example'], [Origin => 'null']);

for (@foreign) {
    $api->fails("@$_", 403, 'foreign_origin',
                PATCH => 'accounts/a', { seats => 9 }, @$_);
}

for (['Sec-Fetch-Site' => 'same-origin'], ['Sec-Fetch-Site' => 'none'],
     [Origin => 'https://localhost'])
{
    is $api->call(PATCH => 'accounts/a', { seats => 5 }, @$_)->{status}, 204,
        "@$_";
}

# a host that is in no header field, as in HTTP/3

for (['https://localhost', 204], ['https://localhost:8080', 403],
     ['https://', 403], ['https://localhos', 403])
{
    my ($origin, $status) = @$_;
    my $conn = $nginx->connect;

    $conn->send("PATCH http://localhost/api/1/accounts/a HTTP/1.0\r\n"
        . "Origin: $origin\r\nContent-Type: application/json\r\n"
        . "Content-Length: 11\r\n\r\n" . '{"seats":5}');
    push @{ $conn->{methods} }, 'PATCH';
    is $conn->response->{status}, $status, "no field Host: $origin";

    $conn = $nginx->connect;
    $conn->send("PATCH /api/1/accounts/a HTTP/1.0\r\n"
        . "Origin: $origin\r\nContent-Type: application/json\r\n"
        . "Content-Length: 11\r\n\r\n" . '{"seats":5}');
    push @{ $conn->{methods} }, 'PATCH';
    is $conn->response->{status}, 403, "no host at all: $origin";
}

$api->fails("a form: $_", 415, 'not_json',
            POST => 'accounts/a/sign-out', '{}', 'Content-Type' => $_)
    for 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonx';
$api->fails('no type', 415, 'not_json', POST => 'accounts/a/sign-out');
$api->fails('no type of a body', 415, 'not_json',
            PUT => 'accounts/a/devices/x', '{}');
is $api->call(PATCH => 'accounts/a', '{"seats":5}', 'Content-Type' =>
              'application/merge-patch+json; charset=utf-8')->{status}, 204,
    'a merge patch';

my $read = Test::Household::Api->new($nginx, '/read');
$r = $read->fails('only reading', 405, 'method_not_allowed',
                  PATCH => 'accounts/a', { seats => 9 });
is $r->{headers}{allow}, 'GET, HEAD', 'the methods there';
$r = $api->fails('another method', 405, 'method_not_allowed',
                 POST => 'accounts/a', {});
is $r->{headers}{allow}, 'GET, HEAD, PATCH, DELETE', 'the methods here';
is fields()->{seats}, 5, 'nothing was written';


# bodies

$api->fails("no object: $_", 400, 'invalid_json',
            PATCH => 'accounts/a', $_, @json)
    for '{', '[]', '5', '{"seats":5,"seats":6}', "{\"country\":\"\xff\"}",
        '{"a":' x 20 . '1' . '}' x 20;
is $api->call(PATCH => 'accounts/a', '{' . ' ' x 60000 . '"seats":6}',
              @json)->{status}, 204, 'a body in a file';
is fields()->{seats}, 6, 'all of which is read';
$api->fails('a large body', 413, 'body_too_large',
            PATCH => 'accounts/a', '{"x":"' . 'x' x 70000 . '"}', @json);

{
    my $conn = $nginx->connect;
    my $chunk = sprintf "%x\r\n%s\r\n", 70000, ' ' x 70000;
    $conn->send_request(PATCH => '/api/1/accounts/a', @json,
                        'Transfer-Encoding' => 'chunked',
                        Connection => 'close');
    $conn->send("${chunk}0\r\n\r\n");
    is $conn->response->{status}, 413, 'a large body of unknown size';
}

# a body in chunks, in one packet with its header

{
    my $conn = $nginx->connect;
    push @{ $conn->{methods} }, 'PATCH';
    $conn->send("PATCH /api/1/accounts/a HTTP/1.1\r\nHost: localhost\r\n"
        . "Content-Type: application/json\r\nConnection: close\r\n"
        . "Transfer-Encoding: chunked\r\n\r\n"
        . "3\r\n{\"s\r\n8\r\neats\":2}\r\n0\r\n\r\n");
    is $conn->response->{status}, 204, 'a body in chunks';
}


# erasing

my $today = int($now / $day);

$redis->cmd(SADD => 'household:{e}', '192.0.2.1', '192.0.2.2');
$redis->cmd(HSET => 'household:{e}:account', seats => 1,
            'extra:s1:192.0.2.3' => 0, 'extra:s1:192.0.2.4' => 0);
$redis->cmd(SET => "household-seen:{e}", 'x');
$redis->cmd(SET => "household-event:{e}:outside:$today", 1);
$redis->cmd(SET => "household-event:{e}:denied:" . ($today - 1), 1);
$redis->cmd(SET => 'household-event:{e}:seat_used:s1', 1);
$redis->cmd(SET => 'household-event:{f}:seat_used:s1', 1);
$r = $api->call(DELETE => 'accounts/e');
is $r->{status}, 200, 'erased';
like delete $r->{json}{closed_until}, qr/^20\d\d-.*Z$/, 'for a while';
is_deeply $r->{json}, { home => 2, fields => 3, presence => JSON::PP::true,
                        keys => 6 }, 'what was removed';
is_deeply $redis->cmd(KEYS => '*{e}*'), ['household-closed:{e}'],
    'nothing is left but the tombstone';
my $ttl = $redis->cmd(TTL => 'household-closed:{e}');
ok $ttl > 6 * $day && $ttl <= 7 * $day, 'which expires after a week';
is $redis->cmd(EXISTS => 'household-event:{f}:seat_used:s1'), 1,
    'of this account';
is $api->call(DELETE => 'accounts/e')->{json}{keys}, 0, 'again';
makes('written anew', PUT => 'accounts/e/home/192.0.2.1');
is $redis->cmd(EXISTS => 'household-closed:{e}'), 0, 'without a tombstone';
$etag = $api->get('accounts/e')->{headers}{etag};
$api->call(PATCH => 'accounts/e', { seats => 1 });
$api->fails('erased only as it was read', 412, 'changed',
            DELETE => 'accounts/e', undef, 'If-Match' => $etag);
$etag = $api->get('accounts/e')->{headers}{etag};
$api->fails('erased without an argument', 400, 'invalid_query',
            DELETE => 'accounts/e?dry_run=1', undef);
$api->fails("a write without an argument", 400, 'invalid_query',
            PUT => "accounts/e/home/192.0.2.1?$_", {}) for 'x=1', 'x';
is $api->call(DELETE => 'accounts/e', undef, 'If-Match' => $etag)->{status},
    200, 'as it is';


# the fleet override

is $api->call(PATCH => 'control', { mode => 'monitor', rollout => '2.5%' })
    ->{status}, 204, 'the fleet override';
is_deeply { @{ $redis->cmd(HGETALL => 'household:control') } },
    { mode => 'monitor', rollout => '2.5%' }, 'is set';
is $api->call(PATCH => 'control', { mode => 'off', rollout => undef })
    ->{status}, 204, 'another one';
is_deeply $api->get('control')->{json}, { mode => 'off', rollout => undef },
    'is changed';
is $api->call(PATCH => 'control', { mode => undef })->{status}, 204, 'none';
is $redis->cmd(EXISTS => 'household:control'), 0, 'is left';
$api->fails('no override', 422, 'invalid_value', PATCH => 'control', $_)
    for { mode => 'of' }, { mode => 5 }, { rollout => 5 },
        { mode => 'off', rollout => '101%' }, { Mode => 'off' },
        { mode => 'off', rolout => '5%' };
$api->fails('a number that is no null', 400, 'invalid_json',
            PATCH => 'control', '{"mode":1e999}', @json);
$api->fails('no body', 400, 'invalid_json', PATCH => 'control');
is $redis->cmd(EXISTS => 'household:control'), 0, 'nothing half done';


# Redis

$redis->cmd(SCRIPT => 'FLUSH');
makes('a script that Redis does not have', PATCH => 'accounts/b', { seats => 1 });
$redis->cmd(SET => 'household:{c}:account', 'x');
$api->fails('a wrong type', 500, 'redis_error', PATCH => 'accounts/c',
            { seats => 1 });
$redis->cmd(SET => 'household:control', 'x');
$api->fails('an override of a wrong type', 500, 'redis_error',
            GET => 'control');
$api->fails('is not changed', 500, 'redis_error', PATCH => 'control', $_)
    for { mode => 'off' }, { mode => undef };
$redis->kill9;
$r = $api->fails('no Redis', 503, 'redis_unavailable',
                 PATCH => 'accounts/a', { seats => 1 });
is $r->{headers}{'retry-after'}, 1, 'to be repeated';

done_testing;

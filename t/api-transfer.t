#!/usr/bin/perl

# household_api: a seat, or devices, become the home of another account, and
# are never in neither.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Api;
use Test::Household::Cluster;
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::More;

sub api {
    my ($redis, @servers) = @_;
    my $nginx = Test::Household::Nginx->new(
        http => http_config(server => \@servers,
            redis => "$redis connect_timeout 5s; timeout 5s;"),
        server => 'location /api/ { household_api main write; }');

    return Test::Household::Api->new($nginx, '/api');
}

my $redis = Test::Household::Redis->new(unix => 1);
my $api = api('', $redis->address);

my ($home, $seat) = ('82.64.10.7', '198.51.100.7');
my $time = 1_764_000_000;

sub homes { [sort @{ $redis->cmd(SMEMBERS => "household:{$_[0]}") }] }
sub fields { +{ @{ $redis->cmd(HGETALL => "household:{$_[0]}:account") } } }

# an account with a home and a seat, and devices at each
sub account {
    $redis->cmd('FLUSHALL');
    $redis->cmd(SADD => 'household:{a}', $home);
    $redis->cmd(HSET => 'household:{a}:account', country => 'FR',
                "extra:s1:$seat" => 0, 'extra:s1:2001:db8:7::/56' => 0,
                'extra:s1:learn' => 0, 'extra:s10:192.0.2.10' => 0,
                'device:tv' => $time, 'device:phone' => ($time - 1) . '@s1',
                'device:both' => "$time:" . ($time - 2) . '@s1:'
                                 . ($time - 3) . '@s10',
                'device:odd' => 'x', 'travel:phone' => 2_000_000_000,
                'member:phone' => $time, @_);
}

sub transfer {
    my ($body, @headers) = @_;
    return $api->call(POST => 'accounts/a/transfer', $body, @headers);
}

my $by_seat = { to => 'b', seat => 's1' };


# a seat

account();
is transfer($by_seat)->{status}, 204, 'a seat';
is_deeply homes('b'), [$seat, '2001:db8:7::/56'], 'is the home of the other';
is_deeply fields('b'), { 'device:phone' => $time - 1,
                         'device:both' => $time - 2 },
    'and its devices are at home';
is_deeply fields('a'),
    { country => 'FR', 'extra:s10:192.0.2.10' => 0, 'device:tv' => $time,
      'device:both' => "$time:" . ($time - 3) . '@s10', 'device:odd' => 'x',
      'travel:phone' => 2_000_000_000, 'member:phone' => $time },
    'what is not of the seat stays';
is_deeply homes('a'), [$home], 'so does the home';
my $r = $api->fails('again', 404, 'not_there', POST => 'accounts/a/transfer',
                    $by_seat);
is $r->{json}{pointer}, '#/seat', 'the seat is not there';
is_deeply homes('b'), [$seat, '2001:db8:7::/56'], 'and the other has it';

account();
$redis->cmd(SADD => 'household:{b}', '192.0.2.1', '198.51.100.7/32');
$redis->cmd(HSET => 'household:{b}:account', 'device:phone' => $time + 9);
is transfer({ %$by_seat, home => ['192.0.2.2'] })->{status}, 204,
    'to an account that there is';
is_deeply homes('b'), ['192.0.2.1', '192.0.2.2', '198.51.100.7/32',
                       '2001:db8:7::/56'], 'which keeps its home';
is fields('b')->{'device:phone'}, $time + 9, 'and its devices';

account();
$redis->cmd(SET => 'household-closed:{b}', 1);
transfer($by_seat);
is $redis->cmd(EXISTS => 'household-closed:{b}'), 0, 'an erased one is open';


# devices

account();
my $devices = { to => 'b', devices => ['phone', 'both'],
                home => ['203.0.113.0/24'] };
is transfer($devices)->{status}, 204, 'devices';
is_deeply homes('b'), ['203.0.113.0/24'], 'have a home there';
is_deeply fields('b'), { 'device:phone' => $time - 1, 'device:both' => $time,
                         'travel:phone' => 2_000_000_000,
                         'member:phone' => $time }, 'and all that they had';
is_deeply [sort grep { /phone|both/ } keys %{ fields('a') }], [],
    'which they have no more here';
is fields('a')->{"extra:s1:$seat"}, 0, 'seats stay';
$api->fails('again', 404, 'not_there', POST => 'accounts/a/transfer', $devices);


# what is not valid, and changes nothing

account();
my ($before, $homes) = (fields('a'), homes('a'));

for ([{ seat => 's1' }, '/to'], [{ to => 'a', seat => 's1' }, '/to'],
     [{ to => '', seat => 's1' }, '/to'], [{ to => 5, seat => 's1' }, '/to'],
     [{ to => "a\n", seat => 's1' }, '/to'],
     [{ to => 'x' x 129, seat => 's1' }, '/to'],
     [{ to => 'b' }, '/seat'], [{ to => 'b', seat => 5 }, '/seat'],
     [{ to => 'b', seat => '' }, '/seat'],
     [{ to => 'b', seat => 's1', devices => ['tv'] }, '/seat'],
     [{ to => 'b', devices => [] }, '/devices'],
     [{ to => 'b', devices => 'tv' }, '/devices'],
     [{ to => 'b', devices => ['tv'] }, '/home'],
     [{ to => 'b', seat => 's1', home => 'x' }, '/home'],
     [{ to => 'b', seat => 's1', home => [5] }, '/home'])
{
    my ($body, $pointer) = @$_;
    my $r = $api->fails("not valid: $pointer", 422, 'invalid_value',
                        POST => 'accounts/a/transfer', $body);
    is $r->{json}{pointer}, "#$pointer", 'which is named';
}

$api->fails('no body', 422, 'invalid_value', POST => 'accounts/a/transfer', {});
$api->fails('a network', 422, 'invalid_value', POST => 'accounts/a/transfer',
            { %$by_seat, home => ['1.2.3'] });
$api->fails('a device', 404, 'not_there', POST => 'accounts/a/transfer',
            { to => 'b', devices => ['tv', 'none'], home => [$home] });
$api->fails('a device without a name', 404, 'not_there',
            POST => 'accounts/a/transfer',
            { to => 'b', devices => [5], home => [$home] });
$redis->cmd(SADD => 'household:{full}', map { ("10.0.0.$_", "10.0.1.$_") } 1 .. 128);
$api->fails('an account that is full', 422, 'invalid_value',
            POST => 'accounts/a/transfer', { to => 'full', seat => 's1' });
is_deeply [fields('a'), homes('a'), homes('b'), fields('b')],
    [$before, $homes, [], {}], 'nothing half done';

account('extra:s2:learn' => 0);
$api->fails('a seat that has no network yet', 422, 'invalid_value',
            POST => 'accounts/a/transfer', { to => 'b', seat => 's2' });
is transfer({ to => 'b', seat => 's2', home => ['192.0.2.7'] })->{status}, 204,
    'but for a home that is named';


# only what was read

account();
my $etag = $api->get('accounts/a')->{headers}{etag};
$redis->cmd(HSET => 'household:{a}:account', seats => 3);
is transfer($by_seat, 'If-Match' => $etag)->{status}, 412, 'it has changed';
is_deeply homes('b'), [], 'nothing half done';
$etag = $api->get('accounts/a')->{headers}{etag};
is transfer($by_seat, 'If-Match' => $etag)->{status}, 204, 'as it was read';


# between the two steps the person has both, and the call can be repeated

my @all = qw(ACL SETUSER default on nopass resetkeys);
account();
$redis->cmd(@all, '~household:{b}*', '~household-closed:{b}*',
            '~household-device:{b}', '%R~household:{a}*', '+@all');
$api->fails('the second step fails', 500, 'redis_error',
            POST => 'accounts/a/transfer', $by_seat);
$redis->cmd(@all, '~*');
is_deeply homes('b'), [$seat, '2001:db8:7::/56'], 'the other has it';
is fields('a')->{"extra:s1:$seat"}, 0, 'and so has this one';
is transfer($by_seat)->{status}, 204, 'again';
is fields('a')->{"extra:s1:$seat"}, undef, 'it is moved';
is_deeply homes('b'), [$seat, '2001:db8:7::/56'], 'once';

account();
$redis->cmd(@all, '~household:{a}*', '~household-closed:{a}*',
            '~household-device:{a}', '%R~household:*', '+@all');
$api->fails('the first step fails', 500, 'redis_error',
            POST => 'accounts/a/transfer', $by_seat);
$redis->cmd(@all, '~*');
is_deeply [homes('b'), fields('a')->{"extra:s1:$seat"}], [[], 0],
    'nothing is moved';

$redis->kill9;
$r = $api->fails('no Redis', 503, 'redis_unavailable',
                 POST => 'accounts/a/transfer', $by_seat);
is $r->{headers}{'retry-after'}, 1, 'to be repeated';


# a Cluster: two slots

my $cluster = Test::Household::Cluster->new;
$api = api('cluster on;', map { $_->address } ($cluster->nodes)[0, 1]);
wait_until { $api->get('accounts/a')->{status} == 200 };
$api->call(PUT => 'accounts/a/extra-members/s1',
           { networks => [$seat], until => undef });

for my $to (qw(b c d)) {
    my $from = $to eq 'b' ? 'a' : chr(ord($to) - 1);
    $api->call(PUT => "accounts/$from/extra-members/s1",
               { networks => [$seat], until => undef });
    is $api->call(POST => "accounts/$from/transfer",
                  { to => $to, seat => 's1' })->{status}, 204,
        "cluster: from $from to $to";
    is $api->get("accounts/$to")->{json}{home}[0]{network}, $seat,
        'cluster: is its home';
    is_deeply $api->get("accounts/$from")->{json}{extra_members}, [],
        'cluster: and no seat';
}

done_testing;

#!/usr/bin/perl

# A worker process remembers what its last requests were judged by.  Whatever
# that depends on counts at the next request nevertheless: Redis, the address, the
# account, the device, the token, the location, the override, the deny list.
# t/clients.t has many accounts on one connection of HTTP/2.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(temp_dir wait_until);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;

my ($home, $away) = ('82.64.10.7', '203.0.113.9');
my $dir = temp_dir('kept');

my $redis = Test::Household::Redis->new(unix => 1);
my $key = new_key('HS256', kid => 'k');
put("$dir/keys", jwks($key));

my $store = 'main zone=households fresh=1h missing=1h stale=1h';

sub monitored { location(@_) =~ s/household on;/household monitor;/r }

my $places = join '',
    location('/on', 'household_trusted_device 30d;', $store),
    monitored('/monitor', '', $store),
    location('/none', 'household_rollout 0;', $store),
    location('/uncached', '', 'main'),
    location('/token', "household_token bearer;
                        household_trusted_device 0;
                        household_token_key $dir/keys;
                        household_token_claims account=sub device=dev;",
             $store) =~ s/household_(?:account|device) \$.*//gr;

my $edge = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m',
                        redis => 'timeout 5s; connect_timeout 5s;')
            . 'keepalive_requests 1000000; keepalive_timeout 1h;',
    server => $places . 'location /status { household_metrics; }');


# a request on this connection
sub ask {
    my ($conn, $uri, $from, @headers) = @_;
    my $r = $conn->get($uri, 'X-Forwarded-For' => $from // $home, @headers);
    my $h = $r->{headers};
    return ($h->{'x-reason'} // '-', $h->{'x-cache'} // '-');
}

sub fresh { ask($edge->connect, @_) }

# a connection that remembers: it has asked often enough, each time for a hit
sub kept {
    my @what = @_;
    my $conn = $edge->connect;
    wait_until { (ask($conn, @what))[1] eq 'HIT' };
    ask($conn, @what) for 1 .. 4;
    return $conn;
}

# as soon as another connection sees it, so does this one
sub follows {
    my ($conn, $reason, @what) = @_;
    wait_until { (fresh(@what))[0] eq $reason } or return "not $reason";
    return (ask($conn, @what))[0];
}


# Redis: a hundred changes, by either connection seen first

for my $mode ('on', 'monitor') {
    my $uri = "/$mode?account=$mode";
    my ($wrong, $slow, $forgotten) = (0, 0, 0);

    $redis->cmd(SADD => "household:{$mode}", $home);
    my $conn = kept($uri);

    for my $i (1 .. 50) {
        $redis->cmd(SADD => "household:{$mode}", '192.0.2.1');
        $redis->cmd(SREM => "household:{$mode}", $home);
        $wrong++ if follows($conn, 'outside', $uri) ne 'outside';
        $forgotten++ if !wait_until { (ask($conn, $uri))[1] eq 'HIT' };

        $redis->cmd(SADD => "household:{$mode}", $home);
        $slow++ if !wait_until { (ask($conn, $uri))[0] eq 'home' };
        $forgotten++ if !wait_until { (ask($conn, $uri))[1] eq 'HIT' };
    }

    is $wrong, 0, "$mode: no change is seen later than on another connection";
    is $slow, 0, "$mode: each change is seen";
    is $forgotten, 0, "$mode: and is remembered in turn";
}


# what the request is of

$redis->cmd(SADD => 'household:{a}', $home);
$redis->cmd(HSET => 'household:{a}:account', 'device:tv', time);
$redis->cmd(SADD => 'household:{b}', '192.0.2.1');

my $conn = kept('/on?account=a');

for (['the account at home', 'home', '/on?account=a'],
     ['another address', 'outside', '/on?account=a', $away],
     ['the same, with a device', 'trusted_device', '/on?account=a&device=tv',
      $away],
     ['another device', 'outside', '/on?account=a&device=pc', $away],
     ['no device', 'outside', '/on?account=a', $away],
     ['the first address', 'home', '/on?account=a'],
     ['another account', 'outside', '/on?account=b'],
     ['an account that is nowhere', 'unregistered', '/on?account=nowhere'],
     ['no account', 'account_missing', '/on'],
     ['the first account', 'home', '/on?account=a'],
     ['another location', 'rollout', '/none?account=a', $away],
     ['the first location', 'outside', '/on?account=a', $away],
     ['a location without a zone', 'outside', '/uncached?account=a', $away],
     ['IPv6', 'outside', '/on?account=a', '2001:db8::1'],
     ['home again', 'home', '/on?account=a'])
{
    my ($name, $reason, @what) = @$_;
    is((ask($conn, @what))[0], $reason, "in turn: $name") for 1 .. 4;
}

is((ask($conn, '/uncached?account=a'))[1], 'BYPASS',
    'in turn: a location without a zone is served by Redis');


# tokens

my %token = map { $_->[0] => token($key, { sub => $_->[1], dev => $_->[2],
                                            jti => "id-$_->[0]" }) }
    ['a', 'a', 'pc'], ['tv', 'a', 'tv'], ['b', 'b', 'pc'];
my $forged = $token{a} =~ s/(.)$/$1 eq 'A' ? 'Q' : 'A'/er;

sub bearer { ('/token', $_[1], Authorization => "Bearer $_[0]") }

$conn = kept(bearer($token{a}));

for (['the token at home', 'home', $token{a}],
     ['the same token, another address', 'outside', $token{a}, $away],
     ['another token of the account', 'outside', $token{tv}, $away],
     ['a token of another account', 'outside', $token{b}],
     ['a forged token', 'token_signature', $forged],
     ['the first token', 'home', $token{a}])
{
    my ($name, $reason, $token, $from) = @$_;
    is((ask($conn, bearer($token, $from)))[0], $reason, "in turn: $name")
        for 1 .. 4;
}

$redis->cmd(HSET => 'household:denied', 'jti:id-a', time + 3600);
is follows($conn, 'token_denied', bearer($token{a})), 'token_denied',
    'the deny list: a token is denied';
is((ask($conn, bearer($token{tv})))[0], 'home',
    'the deny list: and no other one');
$redis->cmd(DEL => 'household:denied');
is follows($conn, 'home', bearer($token{a})), 'home',
    'the deny list: it is not denied any more';


# the override

$conn = kept('/on?account=a', $away);

for (['monitor', 'outside', mode => 'monitor'], ['off', 'off', mode => 'off'],
     ['a share', 'rollout', rollout => '0'], ['gone', 'outside'])
{
    my ($name, $reason, @fields) = @$_;
    $redis->cmd(DEL => 'household:control');
    $redis->cmd(HSET => 'household:control', @fields) if @fields;

    my $status = { monitor => 200, off => 200, 'a share' => 200 }->{$name}
        // 403;
    my $asks = sub { $_[0]->get('/on?account=a',
                                'X-Forwarded-For' => $away)->{status} };

    wait_until { $asks->($edge->connect) == $status
                 && (fresh('/on?account=a', $away))[0] eq $reason };
    is $asks->($conn), $status, "the override, $name: the status";
    is((ask($conn, '/on?account=a', $away))[0], $reason,
        "the override, $name: the reason");
}


# counters and writes are those of requests that are judged anew

$conn = kept('/on?account=a');

sub counts {
    return map { $edge->metric(@$_) }
        ['requests_total', reason => 'home'],
        ['cache_lookups_total', kind => 'account', result => 'hit'];
}

my @before = counts();
ask($conn, '/on?account=a') for 1 .. 25;
my @after = counts();
is_deeply [map { $after[$_] - $before[$_] } 0, 1], [25, 25],
    'counters: each request, and each hit';

for my $device ('d1', 'd2') {
    ask($conn, "/on?account=a&device=$device") for 1 .. 3;
    ok wait_until {
        $redis->cmd(HEXISTS => 'household:{a}:account', "device:$device")
    }, "a write: of $device, which was seen at home";
}


# a reload: what is remembered ends with the connection

$conn = kept('/on?account=a', $away);
$edge->reload(server => $places =~ s/household_trusted_device 30d;/household_rollout 0;/r);
ok wait_until { (fresh('/on?account=a', $away))[0] eq 'rollout' },
    'a reload: another configuration';
ok wait_until { !eval { ask($conn, '/on?account=a', $away) } },
    'a reload: the connection ends';

done_testing();

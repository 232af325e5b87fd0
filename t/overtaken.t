#!/usr/bin/perl

# An invalidation while a reply is under way: what is read then is read again,
# and not used for later requests.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Resp qw(encode_reply);
use Test::More;

my $home = '82.64.10.7';

# with tracking; what is asked for waits for release()
my $redis = Test::Household::FakeRedis->new(
    data => { 'household:{a}' => [$home], 'household:{b}' => [$home],
              'household:control' => { mode => 'on' } },
    handler => sub {
        my ($conn, $name, @args) = @_;
        return ":7\r\n" if "$name @args" eq 'CLIENT ID';

        if ($name eq 'SUBSCRIBE') {
            $conn->{subscribed} = 1;
            return encode_reply(['subscribe', $args[0], \':1']);
        }
        return undef;
    });
my $edge = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m',
        redis => 'connect_timeout 20s; timeout 20s;'),
    server => location('/', '', 'main zone=households')
              . 'location /status { household_metrics; }');

sub invalidate {
    $redis->publish(encode_reply(['message', '__redis__:invalidate', [@_]]));
}

sub ask {
    my ($conn, $account) = @_;
    $conn->send_request(GET => "/?account=$account",
                        'X-Forwarded-For' => $home);
}

sub reason { $_[0]->response->{headers}{'x-reason'} }
sub invalidated { $edge->metric('cache_invalidations_total', scope => 'key') }

# tracking is on: what has been fetched is kept

my $conn = $edge->connect;
ok wait_until {
    ask($conn, 'b');
    $conn->response->{headers}{'x-cache'} eq 'HIT';
}, 'records are kept';


# a record: a request that comes later does not join

{
    $redis->behave('hold');
    my $n = $redis->count('SMEMBERS');
    my @conns = map { $edge->connect } 1 .. 4;

    ask($conns[0], 'a');
    ok wait_until { $redis->count('SMEMBERS') > $n }, 'a record: is read';
    ask($conns[1], 'a');

    my $before = invalidated();
    invalidate('household:{a}');
    ok wait_until { invalidated() > $before }, 'a record: is invalidated';

    ask($conns[2], 'a');
    ok wait_until { $redis->count('SMEMBERS') > $n + 1 },
        'a record: is read again';
    ask($conns[3], 'a');

    $redis->behave('normal');
    $redis->release;
    is join(' ', map { reason($_) } @conns), 'home home home home',
        'a record: all are answered';
    cmp_ok $redis->count('SMEMBERS'), '<', $n + 4,
        'a record: not by a lookup each';
    ok wait_until {
        ask($conn, 'a');
        $conn->response->{headers}{'x-cache'} eq 'HIT';
    }, 'a record: the later one is kept';
}


# the override

{
    my $fetches = sub {
        scalar grep { "@$_" eq 'HGETALL household:control' } $redis->commands;
    };

    my $before = $fetches->();
    ok $before, 'the override: is known';

    $redis->behave('hold');
    invalidate('household:control');
    ok wait_until { $fetches->() > $before }, 'the override: is fetched';

    my $n = invalidated();
    $redis->set('household:control', { mode => 'off' });
    invalidate('household:control');
    invalidate('household:{b}');
    ok wait_until { invalidated() > $n }, 'the override: changes meanwhile';

    $redis->behave('normal');
    $redis->release;
    ok wait_until { ask($conn, 'b'); reason($conn) eq 'off' },
        'the override: is fetched again';

    ask($conn, 'a'), $conn->response for 1 .. 100;
    cmp_ok $fetches->(), '<', $before + 12, 'the override: not for ever';
}

done_testing;

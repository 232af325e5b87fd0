#!/usr/bin/perl

# A reload to another configuration, while requests of the old one are still
# to come: their headers are sent in part, and the rest after the reload.  Each
# worker process answers by its own configuration, and what one has cached in
# shared memory is no answer of the other.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(temp_dir wait_until);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;
use Time::HiRes qw(sleep);

my ($home, $away) = ('82.64.10.7', '203.0.113.9');
my $dir = temp_dir('reload');

my @redis = map { Test::Household::Redis->new(unix => 1) } 0, 1;
my @key = map { new_key('HS256', kid => 'k') } 0, 1;
put("$dir/keys$_", jwks($key[$_])) for 0, 1;

my $times = 'fresh=1h missing=1h stale=1h';
my @token = map { token($key[$_], { sub => 'a', acc => 'b', dev => 'tv' }) }
            0, 1;


# a configuration: the block of the store, and the location

sub config {
    my (%opt) = @_;
    my $zone = $opt{zone} // 'households';
    my $location = location('/', $opt{text} // '',
                            "main zone=$zone " . ($opt{times} // $times));

    $location =~ s/household on/household $opt{mode}/ if $opt{mode};
    $location =~ s/household_(?:account|device) \$.*//g if $opt{token};

    return (
        http => "household_zone zone=$zone:" . ($opt{size} // '1m') . ';'
            . 'client_header_timeout 1h; '
            . http_config(server => ($opt{redis} // $redis[0])->address,
                redis => 'timeout 5s; connect_timeout 5s; '
                         . ($opt{store} // '')),
        server => $location . 'location = /status { household_metrics; }');
}

sub with_token {
    my ($n, $account) = @_;
    return (token => 1, text => "household_token bearer;
        household_token_key $dir/keys$n;
        household_token_claims account=$account device=dev;");
}


# a request that has come in part

sub part {
    my ($edge, $uri, $from, @headers) = @_;
    my $conn = $edge->connect;
    my $text = "GET $uri HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: $from\r\n";

    while (my ($name, $value) = splice @headers, 0, 2) {
        $text .= "$name: $value\r\n";
    }

    push @{ $conn->{methods} }, 'GET';
    $conn->send($text);
    return $conn;
}

sub told {
    my ($r) = @_;
    my $h = $r->{headers};
    return join ' ', $r->{status}, $h->{'x-status'} // '-',
        $h->{'x-reason'} // '-';
}

sub rest {
    my ($conn) = @_;
    $conn->send("\r\n");
    return eval { told($conn->response) } // "none: $@";
}

sub fresh {
    my ($edge, $uri, $from, @headers) = @_;
    return told($edge->get($uri, 'X-Forwarded-For' => $from, @headers));
}


my $in = ['/?account=a', $home];
my $out = ['/?account=a', $away];
my $tv = ['/?account=a&device=tv', $away];
my $bearer = sub { ['/', $home, Authorization => "Bearer $token[$_[0]]"] };

my @cases = (
    ['on, and then monitor', {}, { mode => 'monitor' }, $out,
     '403 DENIED outside', '200 MONITORED outside'],
    ['monitor, and then on', { mode => 'monitor' }, {}, $out,
     '200 MONITORED outside', '403 DENIED outside'],
    ['on, and then off', {}, { mode => 'off' }, $out,
     '403 DENIED outside', '200 - -'],
    ['another server', {}, { redis => $redis[1] }, $in,
     '200 ALLOWED home', '403 DENIED outside'],
    ['another server, changes are not tracked', { store => 'tracking off;' },
     { redis => $redis[1], store => 'tracking off;' }, $in,
     '200 ALLOWED home', '403 DENIED outside'],
    ['another database', {}, { store => 'database 1;' }, $in,
     '200 ALLOWED home', '403 DENIED unregistered'],
    ['another prefix', {}, { store => 'key_prefix other;' }, $in,
     '200 ALLOWED home', '403 DENIED unregistered'],
    ['another zone', {}, { zone => 'renamed', redis => $redis[1] }, $in,
     '200 ALLOWED home', '403 DENIED outside'],
    ['a larger zone', {}, { size => '2m' }, $out,
     '403 DENIED outside', '403 DENIED outside'],
    ['other keys of the same names', { with_token(0, 'sub') },
     { with_token(1, 'sub') }, $bearer->(0),
     '200 ALLOWED home', '401 UNAUTHORIZED token_signature'],
    ['the keys of a token that was refused', { with_token(1, 'sub') },
     { with_token(0, 'sub') }, $bearer->(0),
     '401 UNAUTHORIZED token_signature', '200 ALLOWED home'],
    ['another claim', { with_token(0, 'sub') }, { with_token(0, 'acc') },
     $bearer->(0), '200 ALLOWED home', '403 DENIED outside'],
    ['devices are trusted no more', {},
     { text => 'household_trusted_device 0;' }, $tv,
     '200 ALLOWED trusted_device', '403 DENIED outside'],
    ['devices are trusted', { text => 'household_trusted_device 0;' }, {}, $tv,
     '403 DENIED outside', '200 ALLOWED trusted_device'],
    ['a share', {}, { text => 'household_rollout 0;' }, $out,
     '403 DENIED outside', '200 ALLOWED rollout'],
    ['who is not registered', {}, { text => 'household_unregistered allow;' },
     ['/?account=nobody', $home],
     '403 DENIED unregistered', '200 ALLOWED unregistered'],
);

for (@cases) {
    my ($name, $before, $after, $what, $old, $new) = @$_;

    $_->cmd('FLUSHALL') for @redis;
    $redis[0]->cmd(SADD => 'household:{a}', $home);
    $redis[0]->cmd(SADD => 'household:{b}', $away);
    $redis[0]->cmd(HSET => 'household:{a}:account', 'device:tv', time);
    $redis[1]->cmd(SADD => 'household:{a}', '192.0.2.1');

    my $edge = Test::Household::Nginx->new(config(%$before));
    my @conns = map { part($edge, @$what) } 1 .. 3;

    is fresh($edge, @$what), $old, "$name: before" for 1 .. 3;
    my $mark = $edge->mark;
    $edge->reload(config(%$after));
    ok $edge->wait_log(qr/gracefully shutting down/, $mark),
        "$name: the old worker accepts no more";
    ok wait_until { fresh($edge, @$what) eq $new }, "$name: after";

    for my $n (1 .. 3) {
        is rest(shift @conns), $old, "$name: a request of before, $n";
        is fresh($edge, @$what), $new, "$name: and one of after, $n";
    }

    ok wait_until { $edge->workers == 1 }, "$name: the old worker leaves";
    is fresh($edge, @$what), $new, "$name: in the end";
    $edge->quit;
}


# changes are seen by both, each of its own store

my $untracked = { store => 'tracking off;',
                  times => 'fresh=1s missing=1s stale=1h' };

for (
    ['another server', {}, { redis => $redis[1] }],
    ['another zone', {}, { zone => 'renamed' }],
    ['changes are tracked no more', {}, $untracked],
    ['changes are tracked', $untracked, {}],
    ['connections track', {}, { store => 'tracking on;' }],
) {
    my ($name, $before, $after) = @$_;
    my ($old, $new) = map { $_->{redis} // $redis[0] } $before, $after;
    my %is = (home => '200 ALLOWED home', outside => '403 DENIED outside');

    my $move = sub {
        my ($store, $place) = @_;
        $store->cmd(DEL => 'household:{a}');
        $store->cmd(SADD => 'household:{a}',
                    $place eq 'home' ? $home : '192.0.2.1');
    };

    $_->cmd('FLUSHALL') for @redis;
    $move->($_, 'home') for @redis;

    my $edge = Test::Household::Nginx->new(config(%$before));
    my @conns = map { part($edge, @$in) } 1 .. 300;

    is fresh($edge, @$in), $is{home}, "$name: before" for 1 .. 3;
    my $mark = $edge->mark;
    $edge->reload(config(%$after));
    ok $edge->wait_log(qr/gracefully shutting down/, $mark),
        "$name: the old worker accepts no more";
    is fresh($edge, @$in), $is{home}, "$name: after" for 1 .. 3;

    my $seen = sub {
        my ($place) = @_;
        wait_until {
            sleep 0.1;
            @conns > 1 && rest(shift @conns) eq $is{$place};
        } 30;
    };

    for my $place ('outside', 'home', 'outside') {
        $move->($old, $place);
        ok $seen->($place), "$name: the old worker sees $place";

        if ($new != $old) {
            isnt fresh($edge, @$in), $is{$place},
                "$name: that is not of the new store";
            $move->($new, $place);
        }

        ok wait_until { fresh($edge, @$in) eq $is{$place} },
            "$name: the new worker sees $place";
        is rest(shift @conns), $is{$place}, "$name: and so it stays";
    }

    $_->close for @conns;
    ok wait_until { $edge->workers == 1 }, "$name: the old worker leaves";
    $edge->quit;
}

done_testing();

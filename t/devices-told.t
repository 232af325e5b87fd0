#!/usr/bin/perl

# The daily note of a known device is for whoever needs it: it is kept beside
# the account, and no edge is told.  All edges are told of a new device, and of
# each one once a week.

use strict;
use warnings;

use lib 't/lib';
use POSIX qw(strftime);
use Test::Household::Api;
use Test::Household::Cluster;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::More;

my $home = '82.64.10.7';
my $seat = '198.51.100.7';
my $away = '203.0.113.9';
my $day = 86400;
my @devices = qw(tv phone 0b8d7f42-6c3e-4f1a-9d25-e7a4c1b80f36);

my $redis = Test::Household::Redis->new(unix => 1);

sub edge {
    my ($config, %opt) = @_;

    return Test::Household::Nginx->new(
        workers => $opt{workers} // 1,
        http => http_config(server => $opt{server} // $redis->address,
                            zone => '1m',
                            redis => "connect_timeout 5s; timeout 5s; $config"),
        server => location('/', 'household_token_leeway 30s;',
                           'main zone=households fresh=1h stale=1h')
                  . 'location /api/ { household_api main write; }'
                  . 'location /status { household_metrics zone=households; }');
}

sub ask {
    my ($edge, $from, $account, $device) = @_;
    my $h = $edge->get("/?account=$account&device=$device",
                       'X-Forwarded-For' => $from)->{headers};
    return $h->{'x-reason'};
}

sub told { $redis->cmd(HGET => "household:{$_[0]}:account", "device:$_[1]") }
sub later { $redis->cmd(HGET => "household-device:{$_[0]}", $_[1]) }

sub calls {
    my ($command) = @_;
    my ($n) = $redis->cmd(INFO => 'commandstats')
              =~ /^cmdstat_$command:calls=(\d+)/m;
    return $n // 0;
}

# all times of the household are a day older, as if a day had passed
sub pass_a_day {
    my ($account) = @_;

    for my $key ("household:{$account}:account", "household-device:{$account}") {
        my %field = @{ $redis->cmd(HGETALL => $key) };
        my @older = map { ($_ => $field{$_} =~ s/\d{10}/$& - $day/ger) }
                    grep { $field{$_} =~ /^\d{10}/ } keys %field;
        $redis->cmd(HSET => $key, @older) if @older;
    }
}


# the keys of which edges with "tracking broadcast" are told from now on, until
# the returned function is called

sub listener {
    my ($in, $on) = map { $redis->client } 1, 2;

    $on->cmd(CLIENT => 'TRACKING', 'on', REDIRECT => $in->cmd(CLIENT => 'ID'),
             'BCAST', PREFIX => 'household:');
    $in->cmd(SUBSCRIBE => '__redis__:invalidate');

    return sub {
        my %told;

        # messages keep their order

        $on->cmd(SET => 'household:end', 1);
        $told{$_}++ for map { @{ $in->reply->[2] } } 1;

        while (!$told{'household:end'}) {
            $told{$_}++ for @{ $in->reply->[2] };
        }

        return grep { !/end/ } sort keys %told;
    };
}


# two weeks of a household with three devices

{
    my (@sets, @told, @later);

    $redis->cmd(SADD => 'household:{a}', $home);

    for my $n (0 .. 14) {
        my $edge = edge('');                # remembers no write of before

        pass_a_day('a') if $n;

        my $listener = listener();
        my $sets = calls('hset');

        ask($edge, $home, 'a', $_) for @devices, @devices;
        wait_until {
            $edge->metric('writes_total', op => 'device', result => 'ok') >= 3
        } or die "not written on day $n\n";

        push @told, join ' ', $listener->();
        push @sets, calls('hset') - $sets;
        push @later, scalar grep { defined later('a', $_) } @devices;
        $edge->stop;
    }

    my $account = 'household:{a}:account';

    is_deeply \@sets, [(3) x 15], 'each device is written once a day';
    is_deeply \@told, [($account, ('') x 6) x 2, $account],
        'edges are told of new devices, and once a week';
    is_deeply \@later, [(0, (3) x 6) x 2, 0],
        'the times between are beside the account';
}


# what counts is the later time, of a place that all edges know

{
    my $edge = edge('tracking off;', workers => 2);
    my $now = time;
    my $n = 0;

    for (['the week is not over', $now - 31 * $day - 60, $now - 29 * $day,
          'trusted_device'],
         ['neither is late enough', $now - 38 * $day, $now - 31 * $day - 60,
          'outside'],
         ['an earlier one beside it', $now - 9, $now - 32 * $day,
          'trusted_device'],
         ['only one beside it: the device was removed', undef, $now - 9,
          'outside'],
         ['one of another place', ($now - 32 * $day) . '@s1', $now - 9,
          'outside'],
         ['of the seat', ($now - 32 * $day) . '@s1',
          ($now - 9) . '@s1', 'trusted_device'],
         ['of one of two places', ($now - 40 * $day) . ':' . ($now - 33 * $day)
          . '@s1', ($now - 32 * $day) . ':' . ($now - 9) . '@s1',
          'trusted_device'],
         ['one that is malformed', $now - 9, 'x', 'trusted_device'],
         ['nothing else: written by an edge of before', $now - 9, undef,
          'trusted_device'])
    {
        my ($name, $told, $later, $want) = @$_;
        my $account = 'c' . ++$n;

        $redis->cmd(SADD => "household:{$account}", $home);
        $redis->cmd(HSET => "household:{$account}:account",
                    "extra:s1:$seat" => 0,
                    defined $told ? map { ("device:$_" => $told) } @devices
                                  : ());
        $redis->cmd(HSET => "household-device:{$account}",
                    map { ($_ => $later) } @devices) if defined $later;

        is ask($edge, $away, $account, $_), $want, "$name: $_" for @devices;
    }
}


# who writes a device knows it afterwards, and does not write it again

for my $tracking ('broadcast', 'on', 'off') {
    my $edge = edge("tracking $tracking;", workers => 2);
    my $account = "own-$tracking";

    $redis->cmd(SADD => "household:{$account}", $home);
    $redis->cmd(HSET => "household:{$account}:account",
                'device:tv' => time - 2 * $day);
    wait_until { $edge->metric('tracking_coherent') == 1 }
        if $tracking ne 'off';
    ask($edge, $home, $account, '');        # in the zone

    my $hget = calls('hgetall');

    ask($edge, $home, $account, 'tv');
    ok wait_until { later($account, 'tv') }, "tracking $tracking: written";

    ok wait_until {
        ask($edge, $home, $account, '');
        calls('hgetall') > $hget;
    }, "tracking $tracking: the record is read again";

    ok wait_until {
        my $evals = calls('evalsha') + calls('eval');
        ask($edge, $home, $account, 'tv') for 1 .. 20;
        $evals == calls('evalsha') + calls('eval');
    }, "tracking $tracking: nobody writes it again";
}


# where devices are trusted for hours, all are told at once

{
    my $edge = Test::Household::Nginx->new(
        http => http_config(server => $redis->address),
        server => location('/', 'household_trusted_device 36h;'));

    $redis->cmd(SADD => 'household:{h}', $home);
    $redis->cmd(HSET => 'household:{h}:account', 'device:tv' => time - $day);
    ask($edge, $home, 'h', 'tv');
    ok wait_until { told('h', 'tv') > time - $day }, '36 hours: all are told';
    is later('h', 'tv'), undef, '36 hours: nothing else is kept';
}


# the API shows what an edge sees, and what is set or removed there counts

{
    my $edge = edge('tracking off;');
    my $api = Test::Household::Api->new($edge, '/api');
    my $then = time - 3 * $day;

    my $fill = sub {
        $redis->cmd(DEL => 'household:{e}', 'household:{e}:account',
                    'household-device:{e}');
        $redis->cmd(SADD => 'household:{e}', $home);
        $redis->cmd(HSET => 'household:{e}:account',
                    'device:tv' => $then - 4 * $day,
                    'device:pc' => $then - 4 * $day);
        $redis->cmd(HSET => 'household-device:{e}', tv => $then, pc => $then);
    };
    my $seen = sub {
        return join ' ', map { "$_->{device}=$_->{seen}[0]{time}" }
                         @{ $api->get('accounts/e')->{json}{devices} };
    };
    my $verdict = sub {
        return $api->get("accounts/e/verdict?address=$away&device=$_[0]")
            ->{json}{reason};
    };
    my $iso = sub { strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $_[0]) };

    $fill->();
    is $seen->(), join(' ', map { "$_=" . $iso->($then) } qw(pc tv)),
        'API: the later times are shown';

    is ask($edge, $away, 'e', 'tv'), 'trusted_device', 'API: an edge';
    is $verdict->('tv'), 'trusted_device', 'API: and what explains it';

    my $etag = $api->get('accounts/e')->{headers}{etag};
    is $api->call(PUT => 'accounts/e/devices/tv',
                  { seen => $iso->($then - 50 * $day) },
                  'If-Match' => $etag)->{status}, 204,
        'API: an earlier time is set';
    is later('e', 'tv'), undef, 'API: which is the only one';
    is $verdict->('tv'), 'outside', 'API: and counts';

    is $api->call(DELETE => 'accounts/e/devices/pc')->{status}, 204,
        'API: a device is removed';
    is later('e', 'pc'), undef, 'API: everywhere';

    $fill->();
    is $api->call(DELETE => 'accounts/e')->{status}, 200,
        'API: the account is erased';
    is_deeply $redis->cmd(KEYS => '*{e}*'), ['household-closed:{e}'],
        'API: nothing is left';
}


# a Cluster: all keys of an account are at one node, and replicas have them

{
    my $cluster = Test::Household::Cluster->new;
    my @nodes = $cluster->nodes;
    my $seeds = join ' ', 'cluster on;',
                map { 'server ' . $_->address . ';' } @nodes[0, 4];
    my @accounts = map { "a$_" } 0 .. 9;
    my $key = sub { "household-device:{$_[0]}" };
    my $now = time;

    for my $account (@accounts) {
        my $hash = "household:{$account}:account";

        $cluster->cmd("household:{$account}", SADD => "household:{$account}",
                      $home);
        $cluster->cmd($hash, HSET => $hash, 'device:tv' => $now - 2 * $day,
                      'device:pc' => $now - 33 * $day);
        $cluster->cmd($key->($account), HSET => $key->($account),
                      pc => $now - 29 * $day);
    }

    my $edge = edge($seeds, server => []);
    wait_until { ask($edge, $home, 'a0', '') eq 'home' };
    ask($edge, $home, $_, 'tv') for @accounts;

    ok wait_until {
        10 == grep { $cluster->cmd($key->($_), HGET => $key->($_), 'tv') }
              @accounts
    }, 'cluster: devices are written where the account is';

    for my $from ('', 'read_from replica max_lag=1m;') {
        my $reader = edge("$seeds $from", server => []);

        ok wait_until {
            10 == grep { ask($reader, $away, $_, 'pc') eq 'trusted_device' }
                  @accounts
        }, "cluster: the later times are read $from";
    }
}

done_testing;

#!/usr/bin/perl

# The lookups that a machine has under way: not more than "lookups=" of all
# worker processes together, and those of a worker process that has died do not
# count for long.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Meter;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(free_port wait_until);
use Test::Household::Redis;
use Test::Household::Resp qw(encode_reply);
use Test::More;

my $home = '82.64.10.7';
my $redis = Test::Household::Redis->new(unix => 1);

$redis->cmd(EVAL => 'for i = 1, 500 do redis.call("SADD", '
    . '"household:{a" .. i .. "}", ARGV[1]) end', 0, $home);

# a small zone has no place for each of many fetches, and counts them
sub edge {
    my ($meter, $lookups, $zone) = @_;

    return Test::Household::Nginx->new(
        workers => 4, allow => $Test::Household::Nginx::Killed,
        http => http_config(server => $meter->address,
                            zone => ($zone // '32m') . " lookups=$lookups",
                            redis => 'connect_timeout 20s; timeout 20s;'),
        server => location('/', '', 'main zone=households'));
}

# requests for so many accounts at once
sub send_all {
    my ($edge, @accounts) = @_;

    return map {
        my $conn = $edge->connect;
        $conn->send_request(GET => "/?account=$_", 'X-Forwarded-For' => $home,
                            Connection => 'close');
        $conn;
    } @accounts;
}

my @accounts = map { "a$_" } 1 .. 200;

for (['32m', 10], ['32m', 1], ['256k', 100], ['32m', 4096]) {
    my ($zone, $lookups) = @$_;
    my $n = $lookups == 1 ? 20 : 200;
    my $meter = Test::Household::Meter->new(to => $redis->{path},
                                            rate => 200);
    my $edge = edge($meter, $lookups, $zone);

    my @home = grep { ($_->response->{headers}{'x-reason'} // '') eq 'home' }
               send_all($edge, @accounts[0 .. $n - 1]);

    is scalar @home, $n, "lookups=$lookups: all are answered";
    wait_until { $meter->lookups >= $n };

    if ($lookups <= 100) {
        cmp_ok $meter->longest, '<=', $lookups,
            "lookups=$lookups: not more are under way, of 4 worker processes";

    } else {
        cmp_ok $meter->longest, '>', 10,
            "lookups=$lookups: more are under way";
    }
}

# worker processes that die with all that may be under way

{
    my $meter = Test::Household::Meter->new(to => $redis->{path},
                                            rate => 200);
    my $edge = edge($meter, 10);

    is $edge->get('/?account=a1', 'X-Forwarded-For' => $home)
        ->{headers}{'x-reason'}, 'home', 'a lookup';

    $meter->rate(0.001);

    my @former = $edge->workers;
    my @conns = send_all($edge, @accounts[1 .. 100]);

    ok wait_until { $meter->waiting >= 10 }, 'as many as may be are under way';

    kill KILL => @former;
    ok wait_until {
        my %now = map { $_ => 1 } $edge->workers;
        keys %now == 4 && !grep { $now{$_} } @former;
    }, 'their worker processes die';

    $meter->rate(2000);

    my @home = grep { ($_->response->{headers}{'x-reason'} // '') eq 'home' }
               send_all($edge, @accounts[101 .. 150]);
    is scalar @home, 50, 'and others look up accounts';
    undef @conns;
}

# of a Cluster: all sixteenths of the hash slots have their turn, and not what
# became free goes to the first of them

sub slot {
    my $crc = 0;

    for my $byte (unpack 'C*', $_[0]) {
        $crc ^= $byte << 8;
        $crc = ($crc & 0x8000 ? $crc << 1 ^ 0x1021 : $crc << 1) & 0xffff
            for 1 .. 8;
    }
    return $crc % 16384;
}

{
    my $port = free_port();
    my $fake = Test::Household::FakeRedis->new(port => $port,
        handler => sub {
            my ($conn, $name, $what) = @_;
            return uc $name ne 'CLUSTER' ? undef
                 : encode_reply([[\':0', \':16383',
                                  ['127.0.0.1', \":$port", 'a' x 40]]]);
        });
    my $edge = Test::Household::Nginx->new(
        http => http_config(server => $fake->address,
                            zone => '32m lookups=1',
                            redis => 'cluster on; tracking off; '
                                     . 'connect_timeout 20s; timeout 20s;'),
        server => location('/', '', 'main zone=households')
                  . 'location /other { return 204; }');

    my @ids = map { "b$_" } 1 .. 2000;
    my @first = (grep { slot($_) < 1024 } @ids)[0 .. 8];
    my ($last) = grep { slot($_) >= 15360 } @ids;

    my $asked = sub {
        map { $_->[1] =~ /\{(.*)\}/ } grep { uc $_->[0] eq 'SMEMBERS' }
            $fake->commands;
    };

    is $edge->get('/?account=a')->{headers}{'x-reason'}, 'unregistered',
        'a lookup in a Cluster';

    $fake->behave('hold');
    my @conns = send_all($edge, $first[0]);
    ok wait_until { my @n = $asked->(); @n == 2 }, 'the only one at a time';

    for my $account (@first[1 .. 8], $last) {
        push @conns, send_all($edge, $account);
        $edge->get('/other');
    }

    $fake->release;
    is scalar(grep { $_->response->{headers}{'x-reason'} eq 'unregistered' }
              @conns), 10, 'those that wait are answered';

    my @order = $asked->();
    cmp_ok +(grep { $order[$_] eq $last } 0 .. $#order)[0], '<=', 3,
        'and that of the last hash slots is not the last one';
}

# those that wait: the latest is the first one, and when there are too many the
# oldest has no answer

{
    my $fake = Test::Household::FakeRedis->new;
    my $edge = Test::Household::Nginx->new(
        workers => 1,
        http => http_config(server => $fake->address, zone => '32m',
                            redis => 'tracking off; connect_timeout 60s; '
                                     . 'timeout 60s;'),
        server => location('/', '', 'main zone=households')
                  . 'location = /status { household_metrics zone=households; }');

    my $ask = sub {
        my ($account) = @_;
        my $conn = $edge->connect;
        $conn->send_request(GET => "/?account=$account", Connection => 'close');
        return $conn;
    };
    my $reason = sub {
        eval { $_[0]->response->{headers}{'x-reason'} } // $@;
    };
    my $asked = sub {
        map { $_->[1] =~ /\{(.*)\}/ } grep { uc $_->[0] eq 'SMEMBERS' }
            $fake->commands;
    };
    my $busy = sub {
        $edge->metric('lookup_duration_seconds_count', result => 'busy');
    };

    # nginx accepts connections in their order
    my $arrived = sub { $edge->connect->get('/status') for 1, 2 };

    is $reason->($ask->('ready')), 'unregistered', 'a lookup';

    $fake->behave('hold');
    my @sent = map { $ask->("s$_") } 1 .. 64;
    ok wait_until { $fake->count('SMEMBERS') == 1 + 64 },
        'as many are under way as Redis is asked for at first';

    my $oldest = $ask->('oldest');
    $arrived->();

    # lookups wait also when their clients have left, unless nginx sees that
    # before the request
    for my $n (1 .. 5000) {
        $ask->("n$n");
        last if ($n > 4000 || $n % 100 == 0) && $busy->();
    }

    cmp_ok $busy->(), '>=', 1, 'one is too many';
    is $reason->($oldest), 'unavailable', 'the oldest';
    my $latest = $ask->('latest');
    $arrived->();

    $fake->release;
    $fake->behave('normal');
    is $reason->($_), 'unregistered', 'others are answered'
        for $sent[0], $latest;
    ok wait_until { $fake->count('SMEMBERS') == 1 + 64 + 4096 },
        'as many as may wait';
    is +($asked->())[65], 'latest', 'and first of them the latest';
}

done_testing;

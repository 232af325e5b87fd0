#!/usr/bin/perl

# The lookups that a machine has under way: not more than "lookups=" of all
# worker processes together, and those of a worker process that has died do not
# count for long.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Meter;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::More;

my $home = '82.64.10.7';
my $redis = Test::Household::Redis->new(unix => 1);

$redis->cmd(EVAL => 'for i = 1, 500 do redis.call("SADD", '
    . '"household:{a" .. i .. "}", ARGV[1]) end', 0, $home);

# a large zone: one without room for a fetch in its table does not count it
sub edge {
    my ($meter, $lookups) = @_;

    return Test::Household::Nginx->new(
        workers => 4, allow => qr/worker process \d+ exited on signal 9/,
        http => http_config(server => $meter->address,
                            zone => "32m lookups=$lookups",
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

for my $lookups (10, 1, 4096) {
    my $n = $lookups == 1 ? 20 : 200;
    my $meter = Test::Household::Meter->new(to => $redis->{path},
                                            rate => 200);
    my $edge = edge($meter, $lookups);

    my @home = grep { ($_->response->{headers}{'x-reason'} // '') eq 'home' }
               send_all($edge, @accounts[0 .. $n - 1]);

    is scalar @home, $n, "lookups=$lookups: all are answered";
    wait_until { $meter->lookups >= $n };

    if ($lookups < 100) {
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

done_testing;

#!/usr/bin/perl

# Requests that wait until it is known which server to ask: when nobody knows,
# they are answered at once, and not after the timeout.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::More;

# longer than the test waits for an answer
my $times = 'connect_timeout 120s; timeout 120s;';

for my $case (['a Cluster', 'CLUSTER', 'server %s; cluster on;'],
              ['Sentinel', 'SENTINEL', 'sentinel %s; master main;'])
{
    my ($name, $command, $config) = @$case;

    # the answer comes when all wait for it, and says nothing
    my $fake = Test::Household::FakeRedis->new(handler => sub {
        return uc $_[1] eq $command
               ? ['hold', "-ERR unknown command\r\n"] : undef;
    });
    $fake->behave('hold');

    my $edge = Test::Household::Nginx->new(
        workers => 1,
        http => http_config(redis => sprintf($config, $fake->address) . $times),
        server => location('/') . 'location = /arrived { return 204; }');

    my @conns = map {
        my $conn = $edge->connect;
        $conn->send_request(GET => "/?account=$_");
        $edge->connect->get('/arrived') for 1, 2;
        $conn;
    } qw(a b);

    ok wait_until { $fake->count($command) }, "$name: it is asked";
    $fake->release;

    is eval { $_->response->{headers}{'x-reason'} } // $@, 'unavailable',
        "$name: a request that waits is answered" for @conns;
    is $edge->get('/?account=c')->{headers}{'x-reason'}, 'unavailable',
        "$name: one that comes later, too";
}

done_testing;

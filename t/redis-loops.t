#!/usr/bin/perl

# A Redis that sends an edge round in circles: each command has an end, and so
# has the number of nodes; and nobody is asked again and again without a pause.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(location);
use Test::Household::Process qw(free_port wait_until);
use Test::Household::Resp qw(encode_reply);
use Test::Household::Viewer;
use Test::More;
use Time::HiRes qw(time);

my $times = 'connections 1; connect_timeout 2s; timeout 5s;';

sub slots {
    my ($port) = @_;
    return encode_reply([[\':0', \':16383', ['127.0.0.1', \":$port", 'id']]]);
}

# the commands of a lookup that came
sub lookups { my $n = 0; $n += $_->count('SMEMBERS') for @_; return $n }


# two nodes, each of which says that the other one has the slot

for my $code ('MOVED', 'ASK') {
    my @ports = map { free_port() } 0, 1;
    my @nodes = map {
        my ($own, $other) = @ports[$_, 1 - $_];
        Test::Household::FakeRedis->new(port => $own, handler => sub {
            my ($conn, $name) = @_;
            return slots($own) if $name eq 'CLUSTER';
            return "-$code 1 127.0.0.1:$other\r\n" if $name eq 'SMEMBERS';
            return undef;
        });
    } 0, 1;
    my $edge = edge("server 127.0.0.1:$ports[0]; cluster on; $times");

    is_soon $edge, 'a', 'unavailable', "$code in circles: no record";
    my $before = lookups(@nodes);
    is reason($edge, 'b'), 'unavailable', "$code in circles: nor another one";
    cmp_ok lookups(@nodes) - $before, '<', 20,
        "$code in circles: until it is tried no more";
    $edge->quit;
}


# each command is sent to another node

{
    my $port = free_port();
    my $n = 0;
    my $known = 0;
    my $node = Test::Household::FakeRedis->new(port => $port, handler => sub {
        my ($conn, $name) = @_;
        if ($name eq 'CLUSTER') {
            return $known++ ? "-ERR not now\r\n" : slots($port);
        }
        return undef if $name ne 'SMEMBERS';
        return sprintf "-ASK 1 127.1.%d.%d:1\r\n", $n / 250, 1 + $n++ % 250;
    });
    my $edge = edge("server 127.0.0.1:$port; cluster on; $times");

    is_soon $edge, 'a0', 'unavailable', 'ever more nodes: no record';
    reason($edge, "a$_") for 1 .. 100;
    my %nodes = map { $_ => 1 } $edge->log =~ / (127\.1\.[\d.]+:1): server/g;
    cmp_ok scalar(keys %nodes), '<=', 64, 'ever more nodes: not all of them';
    cmp_ok scalar(keys %nodes), '>', 10, 'ever more nodes: some';
    $edge->quit;
}


# a connection that is closed whenever a command comes

{
    my $redis = Test::Household::FakeRedis->new;
    my $edge = edge('server ' . $redis->address . '; '
                    . $times =~ s/connections 1/connections 8/r);

    is_soon $edge, 'a', 'unregistered', 'closed: at first it works';
    ok wait_until { $redis->count('open') == 8 }, 'closed: on each of several';
    $redis->behave('close');
    my $before = lookups($redis);
    is reason($edge, 'b'), 'unavailable', 'closed: then it does not';
    is lookups($redis) - $before, 2, 'closed: a command is sent again once';
    $edge->quit;
}


# sentinels that do not know the primary

{
    my $sentinel = Test::Household::FakeRedis->new(handler => sub {
        return $_[1] eq 'SENTINEL' ? "*-1\r\n" : undef;
    });
    my $queries = sub { $sentinel->count('SENTINEL') };
    my $edge = edge('sentinel ' . $sentinel->address
                    . '; master mymaster; connect_timeout 30s; timeout 1s;');

    ok wait_until { $queries->() > 1 }, 'no primary: it is asked for';
    my ($since, $before) = (time, $queries->());
    ok wait_until { $queries->() > $before + 7 }, 'no primary: again';
    my $n = $queries->() - $before;
    cmp_ok $n, '<', 5 + 20 * (time - $since), 'no primary: after a pause';

    # the cause changes

    $sentinel->behave(all_error => 'NOAUTH Authentication required.');
    ok $edge->wait_log(qr/not found by any sentinel, last \S+: error reply NOA/),
        'no primary: another cause is logged';
    is scalar(() = $edge->log =~ /unknown master name/g), 1,
        'no primary: each cause once';
    $edge->quit;
}

done_testing;

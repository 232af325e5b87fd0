#!/usr/bin/perl

# The sentinels name the primary that the edge knows: after they were gone,
# after it refused a write, and when they permit the subscription later.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(sleep);
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(location);
use Test::Household::Process qw(temp_dir);
use Test::Household::Redis;
use Test::Household::Viewer;

my $redis = Test::Household::Redis->new;
my $granted = temp_dir('sentinel') . '/granted';

my $sentinel = Test::Household::FakeRedis->new(handler => sub {
    my ($conn, $name, @args) = @_;

    if (uc $name eq 'SENTINEL') {
        return join "\r\n", '*2', '$9', '127.0.0.1',
            '$' . length $redis->{port}, $redis->{port}, '';
    }

    return if uc $name ne 'SUBSCRIBE';
    return "-NOPERM no permission\r\n" if !-e $granted;

    $conn->{subscribed} = 1;
    my $n = 0;
    return join '', map {
        sprintf "*3\r\n\$9\r\nsubscribe\r\n\$%d\r\n%s\r\n:%d\r\n",
            length, $_, ++$n
    } @args;
});

$redis->cmd(SADD => "household:{a$_}", $Home) for 0 .. 9;

sub sentinel_edge {
    return edge('sentinel ' . $sentinel->address . '; master mymaster;'
                . 'connect_timeout 300ms; timeout 350ms;',
                server => location('/t') . location('/w',
                          'household_unregistered learn days=2;'));
}

my $edge = sentinel_edge();

is_soon $edge, 'a0', 'home', 'the primary is found';


# a permission that is granted later

soon { $sentinel->count('SUBSCRIBE') > 2 } 'the subscription is tried again';
open my $file, '>', $granted or die "$granted: $!\n";
close $file;

sub queries { $sentinel->count('SENTINEL') }

my $tried = $sentinel->count('SUBSCRIBE');
soon { $sentinel->count('SUBSCRIBE') > $tried } 'until it succeeds';
sleep 0.5;
$tried = $sentinel->count('SUBSCRIBE');

my $queries = queries();
$sentinel->publish("*3\r\n\$7\r\nmessage\r\n\$14\r\n+switch-master\r\n"
                   . "\$8\r\nmymaster\r\n");
soon { queries() > $queries } 'an event has the primary queried for';
sleep 1.5;
is $sentinel->count('SUBSCRIBE'), $tried, 'and there is no other try';
$edge->quit;


# the primary refuses a write: it is not used for a second

$edge = sentinel_edge();
is_soon $edge, 'a0', 'home', 'an edge that subscribes at once';
$redis->cmd(REPLICAOF => '127.0.0.1', 1);
$edge->get('/w?account=new&device=tv', 'X-Forwarded-For' => $Home);
sleep 0.1;
$redis->cmd(REPLICAOF => 'NO', 'ONE');
is reason($edge, 'a1'), 'unavailable', 'a primary that refused a write';
sleep 2;
is reason($edge, 'a1'), 'home', 'is used again, by what had to wait, too';


# the sentinels are gone, and the connection to the primary is lost

$sentinel->behave('refuse');
$sentinel->drop;
my $mark = $edge->mark;
$redis->cmd(CLIENT => 'KILL', 'TYPE', 'normal');
ok $edge->wait_log(qr/not found by any sentinel/, $mark), 'no sentinel';
is_soon $edge, 'a2', 'home', 'the primary is used on';
sleep 3;

$mark = $edge->mark;
$sentinel->behave('normal');
ok $edge->wait_log(qr/found again/, $mark), 'the sentinel is there again';
is_soon $edge, 'a3', 'home', 'with the same primary';

# the next loss is the first one again: no pause before the query

$redis->cmd(CLIENT => 'KILL', 'TYPE', 'normal');
is reason($edge, 'a4'), 'home', 'a connection that is lost then';

done_testing;

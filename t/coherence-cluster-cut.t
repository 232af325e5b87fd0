#!/usr/bin/perl

# A primary of a cluster that is cut off from the other nodes, as by a firewall
# between their bus ports, but not from the edge.  Its replica is promoted, and
# the node itself never knows.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until free_port);
use Test::Household::Resp qw(encode_reply);
use Test::Household::Viewer qw($Home soon);
use Test::More;

# three primaries, of which the first has nearly all hash slots, and its replica
my @ports = map { free_port() } 0 .. 3;
my @slots = ([0, 16381], [16382, 16382], [16383, 16383]);

sub slots {
    my ($first) = @_;
    my @nodes = ($first, 1, 2);

    return encode_reply([map {
        [(map { \":$_" } @{ $slots[$_] }),
         ['127.0.0.1', \":$ports[ $nodes[$_] ]", "id$nodes[$_]"]]
    } 0 .. 2]);
}

# as "myself" sees it: the nodes in "failed" do not reply to it
sub nodes {
    my ($myself, $first, %failed) = @_;
    my @nodes = ($first, 1, 2);

    return join '', map {
        my $n = $nodes[$_];
        my $flags = ($n == $myself ? 'myself,' : '') . 'master'
                    . ($failed{$n} ? ',fail?' : '');
        "id$n 127.0.0.1:$ports[$n]\@1$ports[$n] $flags - 0 0 $n connected "
            . join('-', @{ $slots[$_] }) . "\n";
    } 0 .. 2;
}

my @fakes = map {
    my ($i, %data) = ($_, slots => slots(0), nodes => nodes($_, 0));

    Test::Household::FakeRedis->new(
        port => $ports[$i], data => \%data, handler => sub {
            my ($conn, $name, @args) = @_;
            my $command = "$name @args";

            return $data{slots} if $command eq 'CLUSTER SLOTS';
            return encode_reply($data{nodes}) if $command eq 'CLUSTER NODES';
            return ":7\r\n" if $command eq 'CLIENT ID';
            return encode_reply('run_id:' . $i x 40 . "\r\n")
                if $name eq 'INFO';
            return "-CLUSTERDOWN The cluster is down\r\n"
                if $data{down} && $name =~ /^(?:SMEMBERS|HGETALL)$/;

            if ($name eq 'SUBSCRIBE') {
                $conn->{pong} = encode_reply(['pong', '']);
                return encode_reply(['subscribe', @args, \':1']);
            }

            return $conn->{pong} if $name eq 'PING' && $conn->{pong};
            return undef;
        });
} 0 .. 3;

# at first only the first node returns the map, so that it is the one in use
$_->set(slots => "-CLUSTERDOWN for now\r\n") for @fakes[1, 2];

my $edge = Test::Household::Nginx->new(
    http => http_config(server => [map { $_->address } @fakes[0 .. 2]],
                        zone => '1m',
                        redis => 'cluster on; connect_timeout 5s; timeout 5s;'),
    server => location('/', '', 'main zone=households fresh=1h missing=1h '
                                . 'stale=1h'));

sub ask {
    my $h = $edge->get('/?account=a', 'X-Forwarded-For' => $Home)->{headers};
    return "$h->{'x-reason'} $h->{'x-cache'}";
}

soon { ask() eq 'unregistered HIT' } 'cached';

soon {
    my $others = $fakes[1]->count('CLUSTER') + $fakes[2]->count('CLUSTER');
    my $first = $fakes[0]->count('CLUSTER');

    wait_until { $fakes[0]->count('CLUSTER') >= $first + 6 };
    $others == $fakes[1]->count('CLUSTER') + $fakes[2]->count('CLUSTER');
} 'the first node tells the map', 60;


# the account is registered at the successor

$fakes[3]->set('household:{a}' => [$Home]);
$fakes[3]->set(nodes => nodes(3, 3));
$fakes[3]->set(slots => slots(3));

for (1, 2) {
    $fakes[$_]->set(nodes => nodes($_, 3));
    $fakes[$_]->set(slots => slots(3));
}

$fakes[0]->set(down => 1);
$fakes[0]->set(nodes => nodes(0, 0, 1 => 1, 2 => 1));

soon { ask() =~ /^home / } 'the map of the majority is used';
soon { ask() eq 'home HIT' } 'and its nodes are tracked';


# the node joins again, and follows

$fakes[0]->set(nodes => nodes(1, 3));
$fakes[0]->set(slots => slots(3));
soon { ask() eq 'home HIT' } 'which makes no difference';

# most nodes are gone for all that is known: their map is used on

for (1 .. 3) {
    $fakes[$_]->set(nodes => nodes($_, 3, 1 => 1, 2 => 1));
}
my $asked = $fakes[3]->count('CLUSTER');
soon { $fakes[3]->count('CLUSTER') > $asked } 'no majority: the nodes take turns';
soon { ask() eq 'home HIT' } 'no majority: what is known is fresh';

done_testing;

#!/usr/bin/perl

# delay.pl LISTEN CONNECT MILLISECONDS: passes on what goes between two unix
# sockets, the answers that much later, without holding back what follows.

use strict;
use warnings;

use IO::Select;
use IO::Socket::UNIX;
use Time::HiRes qw(time);

my ($listen, $connect, $delay) = @ARGV;
$delay /= 1000;
$SIG{PIPE} = 'IGNORE';

unlink $listen;
my $server = IO::Socket::UNIX->new(Local => $listen, Listen => 64)
    or die "$listen: $!\n";
my $select = IO::Select->new($server);
my (%other, %is_answer, @queue);

while (1) {
    my $wait = @queue ? $queue[0][0] - time : 60;

    for my $from ($select->can_read($wait > 0 ? $wait : 0)) {
        if ($from == $server) {
            open_pair($server->accept);
            next;
        }

        my $n = sysread $from, my $bytes, 262144;
        my $to = $other{$from} or next;

        if (!$n) {
            $select->remove($from, $to);
            delete @other{$from, $to};
            close $_ for $from, $to;

        } elsif ($is_answer{$from}) {
            push @queue, [time + $delay, $to, $bytes];

        } else {
            put($to, $bytes);
        }
    }

    put(@{ shift @queue }[1, 2]) while @queue && $queue[0][0] <= time;
}

sub open_pair {
    my ($client) = @_;
    my $redis = IO::Socket::UNIX->new(Peer => $connect) or return;

    @other{$client, $redis} = ($redis, $client);
    $is_answer{$redis} = 1;
    delete $is_answer{$client};
    $select->add($client, $redis);
}

sub put {
    my ($to, $bytes) = @_;

    while (length $bytes) {
        my $n = syswrite $to, $bytes or return;
        substr $bytes, 0, $n, '';
    }
}

#!/usr/bin/perl

# Edges that lose one Redis at the same moment, and connect to it again
# together.
#
#   reconnect.pl [--out DIR] [--edges N] [--workers N] [--accounts N]
#                [--rate N] [--modes broadcast,on]
#
# Each edge is an nginx with its own zone and "workers" worker processes; all
# are asked for "accounts" accounts at random, "rate" times a second together.
# Reports, for all connections closed at once and for a restart after a second,
# and for both modes of "tracking": how soon Redis answers a PING within 50 ms
# for good, its slowest answer, its CPU for each edge above what it used before,
# and when the edges answer from their zones again.  Writes reconnect.md into
# DIR and prints it.  Exits with 1 if a registered household was denied.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib", "$FindBin::RealBin/../lib";

use Bench::Machine qw(machine check_load);
use Getopt::Long;
use IO::Select;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until temp_dir);
use Test::Household::Redis;
use Time::HiRes qw(time sleep);

my %opt = (out => '.', edges => 100, workers => 8, accounts => 10,
           rate => 2000, modes => 'broadcast,on');

GetOptions(\%opt, 'out=s', 'edges=i', 'workers=i', 'accounts=i', 'rate=i',
           'modes=s') or exit 2;

my $Home = '82.64.10.7';
my $Healthy = 0.050;                    # seconds of a PING
my $Watched = 20;                       # seconds after each of the two
my $Before = 10;                        # seconds of the use before them

my ($wrong, %figure);

$| = 1;
my $machine = machine();
check_load($machine);
measure($_) for split /,/, $opt{modes};
report();
exit($wrong ? 1 : 0);


sub measure {
    my ($mode) = @_;
    my $redis = Test::Household::Redis->new(config => "maxclients 20000\n"
                                                      . 'dbfilename dump.rdb');
    my $client = $redis->client;

    for my $n (0 .. $opt{accounts} - 1) {
        $client->cmd(SADD => "household:{$n}", $Home);
        $client->cmd(HSET => "household:{$n}:account", country => 'FR');
    }

    my @edges = map { edge($mode, $redis) } 1 .. $opt{edges};
    my $asking = background(\&ask_all, map { $_->{port} } @edges);
    my $pinging = background(\&ping, $redis->{port});

    # until each zone has its accounts

    my $warm = time;
    wait_until {
        my @new = since($asking, time - 2);
        @new && !grep { $_->[2] ne 'HIT' } @new;
    } 120 or die "the zones are not filled\n";
    sleep 5 if time - $warm < 5;

    my $used = cpu($redis);
    sleep $Before;
    $used = (cpu($redis) - $used) / $Before;

    for my $case ('closed', 'restart') {
        my $since = time;
        my $f = $figure{$mode}{$case} = {};

        if ($case eq 'closed') {
            my $cpu = cpu($redis);
            $redis->cmd(CLIENT => KILL => TYPE => $_, SKIPME => 'yes')
                for 'pubsub', 'normal';
            sleep $Watched;
            $f->{cpu} = cpu($redis) - $cpu - $used * (time - $since);

        } else {
            $redis->cmd('SAVE');
            $redis->kill9;
            sleep 1;
            $redis->start;
            $since = time;
            sleep $Watched;
            $f->{cpu} = cpu($redis) - $used * $Watched;
        }

        my @pings = since($pinging, $since);
        my @slow = grep { $_->[1] > $Healthy } @pings;
        my @answers = since($asking, $since);
        my ($last) = reverse grep { $_->[2] ne 'HIT' } @answers;

        $f->{pings} = @pings;
        $f->{healthy} = @slow ? $slow[-1][0] + $slow[-1][1] - $since : 0;
        ($f->{worst}) = sort { $b <=> $a } map { $_->[1] } @pings;
        $f->{answers} = @answers;
        $f->{unavailable} = grep { $_->[1] eq 'unavailable' } @answers;
        $f->{again} = $last ? $last->[0] - $since : 0;

        my @denied = grep { $_->[1] !~ /^(home|unavailable)$/ } @answers;
        $wrong += @denied;
        print STDERR "$case: @{ $denied[0] }\n" if @denied;
    }

    $_->stop for $asking, $pinging;
    $_->quit for @edges;
    $redis->stop;
}

sub edge {
    my ($mode, $redis) = @_;
    return Test::Household::Nginx->new(
        workers => $opt{workers}, log_level => 'crit',
        http => http_config(server => $redis->address, zone => '4m',
                            redis => "tracking $mode;"),
        server => 'keepalive_requests 1000000;'
                  . location('/', '', 'main zone=households fresh=1h '
                                      . 'missing=1h stale=1h'));
}

# seconds of CPU of a Redis since its start
sub cpu {
    my ($redis) = @_;
    my $info = $redis->cmd(INFO => 'cpu');
    my $sum = 0;
    $sum += $_ for $info =~ /^used_cpu_(?:sys|user):([\d.]+)/mg;
    return $sum;
}

# a process that runs the code, with its output in lines
sub background {
    my ($code, @args) = @_;
    my $self = bless { dir => temp_dir('background') },
                     'Test::Household::Process';
    $self->spawn(sub { $| = 1; $code->(@args) });
    return $self;
}

# the lines since a time, each the words of one: the time comes first
sub since {
    my ($process, $since) = @_;
    die $process->output if $process->exited;
    return grep { @$_ > 1 && $_->[0] =~ /^[\d.]+\z/ && $_->[0] >= $since }
           map { [split] } split /^/, $process->output =~ s/[^\n]*\z//r;
}

# when a PING was sent, and after how many seconds it was answered
sub ping {
    my ($port) = @_;
    my $socket;

    while (1) {
        sleep 0.005;
        $socket ||= IO::Socket::INET->new("127.0.0.1:$port") or next;
        my $sent = time;
        my $reply;
        if (!syswrite($socket, "PING\r\n") || !sysread $socket, $reply, 100) {
            undef $socket;
            next;
        }
        printf "%.4f %.4f\n", $sent, time - $sent;
    }
}

# Requests for all edges in turn, each on a connection that is kept.  An edge
# that has not answered is left alone.
sub ask_all {
    my @ports = @_;
    my $select = IO::Select->new;
    my (%conn, %waits, %edge);
    my ($next, $since, $sent) = (0, time, 0);

    while (1) {
        for my $socket ($select->can_read(0.002)) {
            my $edge = $edge{$socket};
            my $n = sysread $socket, $waits{$edge}, 8192,
                            length $waits{$edge};
            if (!$n) {
                $select->remove($socket);
                delete $conn{$edge};
                delete $waits{$edge};
            } elsif ($waits{$edge} =~ /\r\n\r\n/) {
                my $answer = delete $waits{$edge};
                my ($reason) = $answer =~ /^X-Reason: (\S+)/mi;
                my ($cache) = $answer =~ /^X-Cache: (\S+)/mi;
                printf "%.4f %s %s\n", time, $reason // '-', $cache // '-';
            }
        }

        while ($sent < (time - $since) * $opt{rate}) {
            my $edge = $next++ % @ports;
            $sent++;
            next if exists $waits{$edge};

            if (!$conn{$edge}) {
                my $socket = IO::Socket::INET->new("127.0.0.1:$ports[$edge]")
                    or next;
                $edge{$socket} = $edge;
                $conn{$edge} = $socket;
                $select->add($socket);
            }
            $waits{$edge} = '';
            syswrite $conn{$edge}, 'HEAD /?account=' . int(rand $opt{accounts})
                . " HTTP/1.1\r\nHost: edge\r\nX-Forwarded-For: $Home\r\n\r\n";
        }
    }
}

sub report {
    my @modes = split /,/, $opt{modes};
    my @lines = (
        "$opt{edges} edges with $opt{workers} worker processes each at one "
        . "Redis, $opt{rate} requests/s in all.", '',
        '| | ' . join(' | ', map { "`$_`" } @modes) . ' |',
        '| --- |' . ' --- |' x @modes);

    for my $case ('closed', 'restart') {
        my $row = sub {
            my ($what, $format, $code) = @_;
            push @lines, "| $what | " . join(' | ', map {
                sprintf $format, $code->($figure{$_}{$case}) } @modes) . ' |';
        };

        $row->(($case eq 'closed' ? 'all connections closed at once'
                                  : 'a restart')
               . ': answers within 50 ms again after', '%.1f s',
               sub { $_[0]{healthy} });
        $row->('... its slowest answer', '%.0f ms',
               sub { 1000 * $_[0]{worst} });
        $row->('... its CPU for an edge', '%.1f ms',
               sub { 1000 * $_[0]{cpu} / $opt{edges} });
        $row->('... all from the zones again after', '%.1f s',
               sub { $_[0]{again} });
        $row->('... unavailable', '%d', sub { $_[0]{unavailable} });
        $row->('... of requests', '%d', sub { $_[0]{answers} });
    }

    mkdir $opt{out};
    open my $out, '>', "$opt{out}/reconnect.md" or die "reconnect.md: $!\n";
    print {$_} map { "$_\n" } @lines for $out, *STDOUT;
    close $out;
    printf "%s, %d cores, Redis %s, nginx %s, load %.1f at the start, %.1f at "
        . "the end\n", @$machine{qw(processor cores redis nginx load_at_start)},
        machine()->{load_at_start};
}

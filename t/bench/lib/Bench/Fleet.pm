package Bench::Fleet;

# Processes of fleet.pl, each a Test::Household::Process: a proxy that delays,
# a writer of changes, and edges that stand in.

use strict;
use warnings;

use Exporter 'import';
use File::Spec;
use IO::Select;
use IO::Socket::INET;
use Test::Household::Process qw(free_port temp_dir wait_until slurp);
use Test::Household::Resp qw(encode_command);
use Time::HiRes qw(time sleep);

use parent -norequire, 'Test::Household::Process';

our @EXPORT_OK = qw(proxy writer stand_ins);

my $Source = File::Spec->rel2abs(__FILE__) =~ s{lib/Bench/\w+\.pm$}{fleet.c}r;


# to a port of this machine; delays what goes through it, both ways
sub proxy {
    my ($to, $ms) = @_;
    my $self = bless { port => free_port(), dir => temp_dir('proxy') },
        __PACKAGE__;
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64,
                                       LocalPort => $self->{port},
                                       ReuseAddr => 1)
        or die "proxy: $!\n";

    $self->spawn(sub { _pass($listen, $to, $ms / 1000) });
    return $self;
}

sub _pass {
    my ($listen, $to, $delay) = @_;
    my $select = IO::Select->new($listen);
    my (%other, @queue);

    local $SIG{PIPE} = 'IGNORE';

    while (1) {
        my $wait = @queue ? $queue[0][0] - time : 1;

        for my $from ($select->can_read($wait > 0 ? $wait : 0)) {
            if ($from == $listen) {
                my $client = $listen->accept or next;
                my $server = IO::Socket::INET->new("127.0.0.1:$to");
                if (!$server) {
                    close $client;
                    next;
                }
                @other{$client, $server} = ($server, $client);
                $select->add($client, $server);
                next;
            }

            my $n = sysread $from, my $bytes, 262144;
            my $to = $other{$from} or next;

            if (!$n) {
                $select->remove($from, $to);
                delete @other{$from, $to};
                close $_ for $from, $to;
            } else {
                push @queue, [time + $delay, $to, $bytes];
            }
        }

        while (@queue && $queue[0][0] <= time) {
            my (undef, $to, $bytes) = @{ shift @queue };
            while (length $bytes) {
                my $n = syswrite $to, $bytes or last;
                substr $bytes, 0, $n, '';
            }
        }
    }
}


# changes of accounts, "rate" a second, for as long as there is a server
sub writer {
    my ($port, $rate, $accounts) = @_;
    my $self = bless { dir => temp_dir('writer') }, __PACKAGE__;

    $self->spawn(sub { _write($port, $rate, $accounts) });
    return $self;
}

sub _write {
    my ($port, $rate, $accounts) = @_;
    my ($server, $due, $since) = (undef, 0, time);

    local $SIG{PIPE} = 'IGNORE';

    while (1) {
        sleep 0.01;
        my $n = int((time - $since) * $rate) - $due;
        $due += $n;

        $server ||= IO::Socket::INET->new("127.0.0.1:$port") or next;
        $server->blocking(0);
        my $text = join '', map {
            encode_command(HSET => 'household:{' . int(rand $accounts)
                                   . '}:account', slots => 1 + int rand 9)
        } 1 .. $n;
        undef $server if length $text && !syswrite $server, $text;
        1 while $server && sysread $server, my $reply, 65536;
    }
}


# "n" edges at the server of this port
sub stand_ins {
    my ($mode, $n, $accounts, $port) = @_;
    my $self = bless { dir => temp_dir('stand-ins') }, __PACKAGE__;
    my $program = _program();

    pipe my $in, my $keep or die "pipe: $!\n";
    $self->{keep} = $keep;
    $self->{out} = "$self->{dir}/out";

    $self->spawn(sub {
        close $keep;
        open STDIN, '<&', $in or die "stdin: $!\n";
        open STDOUT, '>', $self->{out} or die "stdout: $!\n";
        exec $program, $mode, $n, $accounts, '127.0.0.1', $port;
        die "$program: $!\n";
    });
    close $in;

    wait_until { $self->exited || slurp($self->{out}) =~ /ready/ } 120;
    die 'the stand-ins: ' . $self->output if $self->exited;
    return $self;
}

my $Program;

sub _program {
    return $Program if $Program;
    my $to = temp_dir('stand-in') . '/fleet';
    my $said = `cc -O2 -Wall -o $to $Source 2>&1`;
    die "fleet.c: $said" if $?;
    return $Program = $to;
}

1;

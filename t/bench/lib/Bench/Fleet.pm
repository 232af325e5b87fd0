package Bench::Fleet;

# Processes of fleet.pl, each a Test::Household::Process: a writer of changes,
# and edges that stand in.

use strict;
use warnings;

use Exporter 'import';
use File::Spec;
use IO::Socket::INET;
use Test::Household::Process qw(temp_dir wait_until slurp);
use Test::Household::Resp qw(encode_command);
use Time::HiRes qw(time sleep);

use parent -norequire, 'Test::Household::Process';

our @EXPORT_OK = qw(writer stand_ins);

my $Source = File::Spec->rel2abs(__FILE__) =~ s{lib/Bench/\w+\.pm$}{fleet.c}r;


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

package Bench::Load;

# What asks: load.c, on the second core.

use strict;
use warnings;

use Exporter 'import';
use File::Spec;
use Test::Household::Process qw(temp_dir);

our @EXPORT_OK = qw(load slices);

my $Source = File::Spec->rel2abs(__FILE__) =~ s{lib/Bench/\w+\.pm$}{load.c}r;
my $Program;


# Options: port, what (a file of requests, or a path), accounts (that are asked
# for at the path), first (each once, from this on), conns, seconds, status,
# rate, busy (without a rate: does not sleep).  Returns answers, microseconds,
# wrong ones; with a rate, the latency that 50, 99 and 99.9 percent kept below.
sub load {
    my (%opt) = (status => 200, @_);
    my $out = _run(\%opt);

    return $out =~ /^(\d[\d ]+)\n$/ ? split ' ', $1
                                    : die "$opt{what}: $out\n";
}

# By turns what is asked for, and twice as long its floor.  Options are those of
# load(), and: floor, a hash of port, what and status; slice, in seconds; pids,
# a list.  Returns a hash a slice: answers, wrong, and cpu, the nanoseconds
# that each process has used.
sub slices {
    my (%opt) = (status => 200, @_);
    my @pids = @{ $opt{pids} };
    my $out = _run(\%opt, '-p', join(',', @pids), '-t', $opt{slice});
    my @slices;

    for (split /\n/, $out) {
        my ($answers, $wrong, @cpu) = /^\d[\d ]+$/ ? split : ();
        die "$opt{what}: $_\n" if @cpu != @pids || !$answers;

        my %cpu;
        @cpu{@pids} = @cpu;
        push @slices, { answers => $answers, wrong => $wrong, cpu => \%cpu };
    }

    return @slices;
}

sub _run {
    my ($opt, @more) = @_;
    my @command = (_program(), @more,
        $opt->{rate} ? ('-r', $opt->{rate}) : (),
        $opt->{busy} ? '-b' : (),
        $opt->{tls} ? '-s' : (),
        $opt->{row} ? ('-k', $opt->{row}) : (),
        $opt->{accounts} ? ('-n', $opt->{accounts}) : (),
        $opt->{first} ? ('-f', $opt->{first}) : (),
        @$opt{qw(port what conns seconds status)},
        $opt->{floor} ? @{ $opt->{floor} }{qw(port what status)} : ());

    return `taskset -c 1 @command 2>&1`;
}

sub _program {
    return $Program ||= do {
        my $program = temp_dir('load') . '/load';
        my $said = `cc -O2 -o '$program' '$Source' -lssl -lcrypto 2>&1`;

        die "load.c: $said" if $?;
        $program;
    };
}

1;

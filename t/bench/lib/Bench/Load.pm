package Bench::Load;

# What asks: load.c, on the second core.

use strict;
use warnings;

use Exporter 'import';
use File::Spec;
use Test::Household::Process qw(temp_dir);

our @EXPORT_OK = qw(load);

my $Source = File::Spec->rel2abs(__FILE__) =~ s{lib/Bench/\w+\.pm$}{load.c}r;
my $Program;


# Options: port, what (a file of requests, or a path), accounts (that are asked
# for at the path), first (each once, from this on), conns, seconds, status,
# rate.  Returns answers, microseconds, wrong ones; with a rate, the latency
# that 50, 99 and 99.9 percent kept below.
sub load {
    my (%opt) = (status => 200, @_);
    my @command = (_program(),
        $opt{rate} ? ('-r', $opt{rate}) : (),
        $opt{tls} ? '-s' : (),
        $opt{row} ? ('-k', $opt{row}) : (),
        $opt{accounts} ? ('-n', $opt{accounts}) : (),
        $opt{first} ? ('-f', $opt{first}) : (),
        @opt{qw(port what conns seconds status)});

    my $out = `taskset -c 1 @command 2>&1`;

    return $out =~ /^(\d[\d ]+)\n$/ ? split ' ', $1
                                    : die "$opt{what}: $out\n";
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

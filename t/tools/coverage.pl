#!/usr/bin/perl

# coverage.pl PERCENT DIR...: adds up what gcov counted in builds of the same
# sources, prints the share of lines run per file, and fails below PERCENT.
# The lines that were not run are listed in the first DIR, in missed.txt.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Find;

my ($least, @dirs) = @ARGV;
my $root = abs_path('.');
my (%count, %code, @notes);

# .gcno is there for all that was compiled, .gcda only where something ran

find({ no_chdir => 1, wanted => sub {
    push @notes, $_ if /\.gcno$/;
} }, @dirs);

for my $note (@notes) {
    my $file;

    open my $gcov, '-|', "gcov -t '$note' 2>/dev/null" or die "gcov: $!\n";

    while (<$gcov>) {
        my ($runs, $line, $text) = /^\s*([^:]+):\s*(\d+):(.*)/ or next;

        if ($line == 0) {
            next unless $text =~ /^Source:(.*)/;
            $file = (abs_path($1) // $1) =~ s{^\Q$root\E/}{}r;
            next;
        }

        next if $runs eq '-' || $file !~ m{^(src/[\w/]+/)?ngx_\w+\.[ch]$};

        # "12", "12*" (a part of the line never ran), "#####", "====="

        $count{$file}{$line} += $runs =~ /^(\d+)/ ? $1 : 0;
        $code{$file}{$line} = $text;
    }

    close $gcov;
}


my ($all, $all_run) = (0, 0);

open my $missed, '>', "$dirs[0]/missed.txt" or die "missed.txt: $!\n";

for my $file (sort keys %count) {
    my @lines = sort { $a <=> $b } keys %{$count{$file}};
    my @not = grep { !$count{$file}{$_} } @lines;
    my $run = @lines - @not;

    printf "%6.1f %%  %4d of %4d  %s\n", 100 * $run / @lines, $run,
        scalar @lines, $file;
    print $missed "$file:$_:$code{$file}{$_}\n" for @not;

    $all += @lines;
    $all_run += $run;
}

close $missed;

die "household: nothing was counted\n" unless $all;

my $share = 100 * $all_run / $all;

printf "%6.1f %%  %4d of %4d  in all (at least %s %%; not run: %s)\n", $share,
    $all_run, $all, $least, "$dirs[0]/missed.txt";

exit($share < $least ? 1 : 0);

# How a file looks.

use strict;
use warnings;

our ($root, %text, @c);


sub check_lines {
    for my $file (sort keys %text) {
        my $wide = $file !~ m{\.(md|t|dict|json|svg)$} && $file !~ m{^docs/};
        my $c = $file =~ /\.[ch]$/;
        my $n = 0;

        for (split /\n/, $text{$file}) {
            $n++;
            fault($file, $n, 'trailing space') if /[ \t\r]$/;
            fault($file, $n, 'tab') if $c && /\t/;
            fault($file, $n, length() . ' columns, over 80')
                if $wide && length() > 80;
        }

        fault($file, 0, "$n lines, over 700") if $c && $n > 700;
    }
}


sub check_functions {
    for my $file (@c) {
        my ($start, $name, $n) = (0, '', 0);

        for (split /\n/, $text{$file}) {
            $n++;
            $name = $1 if /^(\w+)\(/;
            $start = $n if /^\{/;
            fault($file, $start, "$name() has " . ($n - $start - 1)
                  . ' lines, over 80')
                if /^\}$/ && $start && $n - $start - 1 > 80;
            $start = 0 if /^\}/;
        }
    }
}


sub check_scripts {
    my @sh = grep { $text{$_} =~ m{^#!/bin/(ba)?sh} } sort keys %text;

    return unless @sh;

    open my $out, '-|', 'shellcheck', '-x', '-f', 'gcc',
        '-e', 'SC1091,SC2086,SC2046,SC2016', map { "$root/$_" } @sh
        or return;

    while (<$out>) {
        chomp;
        s{^\Q$root\E/}{};
        s{^([^:]+):(\d+):\d+: }{} and fault($1, $2, $_);
    }
}

1;

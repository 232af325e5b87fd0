# What must name what.

use strict;
use warnings;

our (%text, @c, @tests);


sub check_config {
    my $config = $text{config} // '';

    my %rooms = map { m{^(src/.+)/} ? ($1 => 1) : () } @c;

    for (['srcs', grep { m{^(?!t/).+\.c$} } @c],
         ['deps', grep { m{^src/.+\.h$} } @c],
         ['rooms', sort keys %rooms])
    {
        my ($list, @there) = @$_;

        my ($names) = $config =~ /^ngx_household_$list="([^"]*)"/m;
        my @listed = split ' ', $names // '';
        my %listed = map { $_ => 1 } @listed;

        for my $file (@there) {
            fault('config', 0, "$file is not in ngx_household_$list")
                unless delete $listed{$file};
        }

        fault('config', 0, "there is no $_") for sort keys %listed;
        fault('config', 0, "ngx_household_$list is not sorted")
            if "@listed" ne "@{[sort @listed]}";
    }
}


sub check_directives {
    my $docs = $text{'docs/directives.md'};
    my $tests = join '', map { $text{$_} } @tests;

    for my $file (@c) {
        while ($text{$file} =~ /ngx_command_t\b.*?ngx_null_command/gs) {
            my $table = $&;

            while ($table =~ /\{\s*ngx_string\("(\w+)"\)/g) {
                my $name = $1;

                fault('docs/directives.md', 0, "has no row for $name")
                    if defined $docs && $docs !~ /`$name[`\s]/;
                fault($file, 0, "no test in t/ names $name")
                    if $tests !~ /(?<![\w\$])$name\b/;
            }
        }
    }
}


# the enum of reasons, the table of their words, and the tables of the docs

sub check_reasons {
    my $decide = 'src/household/ngx_household_decide';
    my $enum = $text{"$decide.h"} // return;

    my @enum = map { lc } grep { !/^(NONE|ERROR)$/ }
               $enum =~ /^\s+NGX_HOUSEHOLD_REASON_(\w+)/gm;
    my ($table) = ($text{"$decide.c"} // '')
        =~ /ngx_household_reasons\[.*?\{(.*?)\};/s;
    my @table = ($table // '')
        =~ /(?:\[NGX_HOUSEHOLD_REASON_\w+\]\s*=\s*)?ngx_string\("\w+"\)/g;

    for my $i (0 .. (@table > @enum ? $#table : $#enum)) {
        my ($for, $word) = ($table[$i] // '')
            =~ /^(?:\[NGX_HOUSEHOLD_REASON_(\w+)\]\s*=\s*)?\w+\("(\w+)"\)/;
        my $reason = defined $for ? lc $for : $enum[$i] // 'nothing';

        fault("$decide.c", 0, 'has "' . ($word // '') . "\" for $reason")
            if ($word // '') ne $reason;
    }

    for (['docs/variables.md', '## $household_reason'],
         ['docs/verdict.md', '## Reasons'])
    {
        my ($page, $heading) = @$_;

        my ($part) = ($text{$page} // next)
            =~ /^\Q$heading\E\n(.*?)(?=^## |\z)/ms;
        my %words = map { $_ => 1 } map { /`(\w+)`/g }
                    ($part // '') =~ /^\|([^|]*)\|/gm;

        for my $reason (@enum) {
            fault($page, 0, "$heading: has no row for $reason")
                unless delete $words{$reason};
        }

        fault($page, 0, "$heading: $_ is no reason") for sort keys %words;
    }
}

1;

# What must name what.

use strict;
use warnings;

our (%text, @c, @tests);


sub check_config {
    my $config = $text{config} // '';

    my %rooms = map { m{^(src/.+)/} ? ($1 => 1) : () } @c;

    for (['srcs', grep { m{^(?!t/|docker/).+\.c$} } @c],
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

            while ($table =~ /ngx_string\("(\w+)"\),\s*([\w|\s]+),/g) {
                check_directive_block($1, $2);
            }
        }
    }
}


# The block of a directive in the docs: the contexts are those of the code, the
# default is that of the table.

sub check_directive_block {
    my ($name, $flags) = @_;
    my $page = 'docs/directives.md';
    my $docs = $text{$page} // return;
    my ($default, $context) = $docs
        =~ /^## $name\n\n```\nSyntax:.*?^Default: (.*?)\nContext: (.*?)\n/ms
        or return;

    my $any = $flags =~ /HOUSEHOLD_ANY_CONF/;
    my %of = (MAIN => 'http', SRV => 'server', LOC => 'location');
    my $is = join ', ', map { $of{$_} }
             grep { $any || $flags =~ /NGX_HTTP_${_}_CONF/ } qw(MAIN SRV LOC);
    $is ||= 'household_redis';

    fault($page, 0, "$name is allowed in: $is, not $context")
        if $context ne $is;

    my ($told, $taken) = (documented_arguments($docs, $name),
                          accepted_arguments($flags));

    fault($page, 0, "$name has up to $told arguments, and accepts $taken")
        if $taken ne 'any' && $told ne $taken;

    my ($row) = $docs =~ /^\| \[`$name`\]\(#\w+\) \| *(.*?) *\|/m;

    fault($page, 0, "$name: the default in the table is another")
        if defined $row && $row =~ s/`//gr ne $default
           =~ s/^(?:-$|$name )//r =~ s/;$//r;
}


# at most: of a syntax like "off | name [a=time] [b=one | two]", and of flags

sub documented_arguments {
    my ($docs, $name) = @_;
    my ($syntax) = $docs =~ /^## $name\n\n```\nSyntax:\s+\w+(.*?)[;{]/ms;

    return 'any' if $syntax =~ /\.\.\./;

    $syntax =~ s/\S\K\[.*?\]//g;
    $syntax =~ s/\[(.*?)\]/$1 =~ s{ \| \S+}{}gr/gse;

    return (sort { $b <=> $a } map { scalar split } split / \| /, $syntax)[0];
}


sub accepted_arguments {
    my ($flags) = @_;

    return 'any' if $flags =~ /NGX_CONF_\dMORE/;
    return (sort { $b <=> $a } map { /(\d)$/ ? $1 : 0 }
            $flags =~ /NGX_CONF_(TAKE\d+|NOARGS)/g)[0];
}


# the enum of reasons, the table of their words, and the tables of the docs

sub check_reasons {
    my $reason = 'src/core/ngx_household_reason';
    my $enum = $text{"$reason.h"} // return;

    my @enum = map { lc } grep { !/^(NONE|ERROR)$/ }
               $enum =~ /^\s+NGX_HOUSEHOLD_REASON_(\w+)/gm;
    my %table = map { lc } ($text{"$reason.c"} // '')
        =~ /\[NGX_HOUSEHOLD_REASON_(\w+)\]\s*=\s*ngx_string\("(\w+)"\)/g;

    for my $word (@enum) {
        my $is = delete $table{$word} // '';

        fault("$reason.c", 0, "has \"$is\" for $word") if $is ne $word;
    }

    fault("$reason.c", 0, "$_ is no reason") for sort keys %table;

    for (['docs/variables.md', '## $household_reason'],
         ['docs/verdict.md', '## Reasons'])
    {
        my ($page, $heading) = @$_;

        my ($part) = ($text{$page} // next)
            =~ /^\Q$heading\E\n(.*?)(?=^## |\z)/ms;
        my %words = map { $_ => 1 } map { /`(\w+)`/g }
                    ($part // '') =~ /^\|([^|]*)\|/gm;

        for my $word (@enum) {
            fault($page, 0, "$heading: has no row for $word")
                unless delete $words{$word};
        }

        fault($page, 0, "$heading: $_ is no reason") for sort keys %words;
    }
}

# each row of failures.md but the alerts has a test, which a list names

sub check_failures {
    my $list = 't/tools/check/failures.md';
    my $docs = $text{'docs/failures.md'};
    my $n = 0;
    my %row;

    return if !defined $docs || !defined $text{$list};

    for (split /^(?=##+ )/m, $docs) {
        next unless /^##+ (Lines of|Redis$|Recovery|Keys|Other)/m;

        for (map { tr/`*//dr } /^\| (.+?) \| .*\|$/mg) {
            $row{$_} = 0 unless /^(what happens|event|line|---)$/;
        }
    }

    for (split /\n/, $text{$list}) {
        $n++;
        next if !/^\| (.+?) \| (\S+) \| (.*) \|$/ || $2 =~ /^(test|---)$/;

        my ($begin, $file, $part) = ($1, $2, $3);
        my @rows = grep { index($_, $begin) == 0 } keys %row;

        fault($list, $n, "failures.md has no row \"$begin\"") if !@rows;
        fault($list, $n, "$file has no \"$part\"")
            if $file ne '-' && index($text{$file} // '', $part) < 0;
        $row{$_}++ for @rows;
    }

    for (grep { !$row{$_} } sort keys %row) {
        fault('docs/failures.md', 0, "$list has no test of \"$_\"");
    }
}


# each alert has a row in failures.md, and a metric of the rules, the dashboard
# and of the docs one in metrics.md

sub check_alerts {
    my $docs = $text{'docs/failures.md'} // '';
    my $metrics = $text{'docs/metrics.md'} // '';
    my $rules = 'docker/monitoring/household.rules.yml';

    my %alert = map { $_ => 1 } ($text{$rules} // '') =~ /- alert: (\w+)/g;
    my %row = map { $_ => 1 } $docs =~ /^\| `(Household\w+)` \|/mg;

    for (sort keys %alert) {
        fault('docs/failures.md', 0, "has no row for $_") if !$row{$_};
    }
    for (sort keys %row) {
        fault('docs/failures.md', 0, "there is no alert $_") if !$alert{$_};
    }

    my %metric = map { $_ => 1 }
                 $metrics =~ /^\| `(nginx_household_\w+)` \|/mg;

    for my $file (sort grep { m{^(docs|docker/monitoring)/} } keys %text) {
        for my $name ($text{$file} =~ /\b(nginx_household_\w+)/g) {
            my $family = $name =~ s/_(?:bucket|count|sum)$//r;
            fault($file, 0, "$name is no metric of docs/metrics.md")
                if !$metric{$name} && !$metric{$family};
        }
    }
}


1;

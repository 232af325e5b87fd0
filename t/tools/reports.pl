#!/usr/bin/perl

# reports.pl DIR: prints what sanitizers and valgrind wrote to DIR, and fails
# if that is more than what nginx itself leaves behind when it exits.

use strict;
use warnings;

my ($dir) = @ARGV;

# of a stack: the pool that main() starts with, events, regular expressions, and
# all that nginx -t made

my @known = (
    qr/ in ngx_create_pool .*\n.* in main /,
    qr/ in ngx_event_process_init /,
    qr/ in ngx_regex_malloc /,
    qr/^Indirect leak .* in ngx_init_cycle .*\n.* in main /s,
);

my $reports = 0;

for my $file (sort glob("$dir/*")) {
    local $/;
    open my $in, '<', $file or die "$file: $!\n";
    my $text = <$in> // '';
    close $in;

    my @parts = split /\n\s*\n/, $text;
    my @leaks = grep { /leak of \d+ byte/ } @parts;
    my @ours = grep {
        my $leak = $_;
        !grep { $leak =~ $_ } @known;
    } @leaks;

    next if $text eq '' || (@leaks && !@ours);

    $reports++;
    next if $reports > 10;

    # without the leaks that are known
    my %known = map { $_ => 1 } @leaks;
    delete @known{@ours};
    my @lines = split /\n/, join "\n\n", grep { !$known{$_} } @parts;
    splice @lines, 80 if @lines > 80;

    print STDERR "== $file\n", map { "$_\n" } @lines;
}

if ($reports) {
    print STDERR "household: $reports reports, in $dir\n";
    exit 1;
}

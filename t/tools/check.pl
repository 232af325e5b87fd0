#!/usr/bin/perl

# check.pl [ROOT]: holds the tree to its form, and says where it does not.
# t/tools/check.t shows each of the checks a fault that it must see.

use strict;
use warnings;

use File::Find;
use FindBin;

our $root = shift // '.';
our (%text, @c, @tests);

my $faults = 0;

require "$FindBin::RealBin/check/$_.pl" for qw(layers form lists docs);


sub fault {
    my ($file, $line, $what) = @_;

    print $line ? "$file:$line: $what\n" : "$file: $what\n";
    $faults++;
}


find({ no_chdir => 1, wanted => sub {
    my $file = $File::Find::name =~ s{^\Q$root\E/}{}r;

    if ($file =~ m{^(\.git|build[^/]*|t/servroot[^/]*|t/fuzz/corpus)$}) {
        $File::Find::prune = 1;
        return;
    }

    return if ! -f || -B;

    open my $in, '<:encoding(UTF-8)', $_ or die "$_: $!\n";
    local $/;
    $text{$file} = <$in>;
} }, $root);

@c = grep { m{^(ngx_\w+|src/[\w/]+|docker/tools/[\w/]+
                |t/(unit|fuzz|household)/[\w/]+)\.[ch]$}x } sort keys %text;
@tests = grep { m{^t/[^/]+\.t$} } sort keys %text;

check_layers();
check_lines();
check_functions();
check_names();
check_config();
check_directives();
check_reasons();
check_links();
check_spelling();
check_causes();
check_modes();
check_scripts();
check_alerts();
check_failures();

print $faults ? "household: $faults faults\n" : "household: no fault\n";
exit($faults ? 1 : 0);

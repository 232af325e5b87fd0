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

1;

# What must name what.

use strict;
use warnings;

our (%text, @c, @tests);


sub check_config {
    my $config = $text{config} // '';

    for (['srcs', qr{^(ngx_\w+|src/\w+)\.c$}], ['deps', qr{^src/\w+\.h$}]) {
        my ($list, $files) = @$_;

        my ($names) = $config =~ /^ngx_household_$list="([^"]*)"/m;
        my @listed = split ' ', $names // '';
        my %listed = map { $_ => 1 } @listed;

        for my $file (grep { $_ =~ $files } @c) {
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

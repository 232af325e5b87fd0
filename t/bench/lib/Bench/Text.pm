package Bench::Text;

# Lines of Markdown, files, and files that hold such lines.

use strict;
use warnings;

use Exporter 'import';
use Test::Household::Process qw(slurp);

our @EXPORT_OK = qw(line put insert machine_text);


sub line { '| ' . join(' | ', @_) . " |\n" }

sub put {
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}

# what stands between the marks of this name, in their place
sub insert {
    my ($file, $name, $text) = @_;
    my $all = slurp($file);

    $all =~ s/^(<!-- \Q$name\E -->\n).*?^(<!-- end -->)$/$1\n$text\n$2/ms
        or die "$file: there is no place for $name\n";
    put($file, $all);
}

# a sentence without its period
sub machine_text {
    my ($m) = @_;
    return sprintf "Measured on %d cores of %s, %d GB, %s, with nginx %s and "
        . "Redis %s.\nThe load average at the start was %.2f%s",
        @$m{qw(cores processor memory_gb system nginx redis load_at_start)},
        $m->{busy_at_start} ? ', so **the machine was busy**' : '';
}

1;

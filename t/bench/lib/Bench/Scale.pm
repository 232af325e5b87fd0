package Bench::Scale;

# The lines of scale.pl: printed as they come, and as JSON and Markdown.

use strict;
use warnings;

use Bench::Text qw(put insert machine_text);
use JSON::PP;

my @Figures = qw(requests_per_second edge_cpu_us redis_cpu_us lookups
                 p50 p99 p999);


sub new {
    my ($class, $machine) = @_;
    return bless { machine => $machine, parts => [] }, $class;
}

# "columns" are the caller's: two on the left, others on the right
sub part {
    my ($self, $name, @columns) = @_;

    push @{ $self->{parts} },
        { name => $name, columns => \@columns, rows => [] };
    printf "\n%-23s %-12s %8s %8s %8s %8s %7s %7s %7s  %s\n", @columns[0, 1],
        'req/s', 'edge us', 'Redis us', 'lookups', 'p50 us', 'p99', 'p999',
        join ', ', @columns[2 .. $#columns];
}

sub line {
    my ($self, $columns, @figures) = @_;
    my $wrong = pop @figures;
    my %row = (columns => $columns, wrong => $wrong);

    @row{@Figures} = map { 0 + sprintf '%.3f', $_ } @figures;
    push @{ $self->{parts}[-1]{rows} }, \%row;

    printf "%-23s %-12s %8d %8.2f %8.2f %8.2f %7d %7d %7d  %s%s\n",
        @$columns[0, 1], @figures,
        join(', ', @$columns[2 .. $#$columns]),
        $wrong ? " WRONG: $wrong answers" : '';
}

sub write {
    my ($self, $dir, $docs) = @_;
    my $text = machine_text($self->{machine}) . ".\n" . join '',
        map { _part($_) } @{ $self->{parts} };

    put("$dir/scale.json", JSON::PP->new->canonical->pretty->encode(
        { machine => $self->{machine}, parts => $self->{parts} }));
    put("$dir/scale.md", $text);
    print "\nhousehold: written to $dir/scale.json, scale.md\n";

    if ($docs) {
        insert($docs, 'make bench-scale', $text);
        print "household: and into $docs\n";
    }
}

sub _part {
    my ($part) = @_;
    my @columns = @{ $part->{columns} };

    my $text = "\n" . Bench::Text::line(@columns[0, 1], 'requests/s',
            'nginx CPU, µs', 'Redis CPU', 'lookups', 'p50, µs', 'p99', 'p999',
            @columns[2 .. $#columns])
        . Bench::Text::line('---:', ('---:') x (8 + @columns - 2));

    for my $row (@{ $part->{rows} }) {
        my @own = @{ $row->{columns} };

        $text .= Bench::Text::line(
            $own[0] =~ s/(?<=\d)(?=(\d{3})+$)/,/gr, $own[1],
            int $row->{requests_per_second},
            (map { sprintf '%.2f', $row->{$_} }
                qw(edge_cpu_us redis_cpu_us lookups)),
            @$row{qw(p50 p99 p999)}, @own[2 .. $#own],
            $row->{wrong} ? '**WRONG**' : ());
    }

    return $text;
}

1;

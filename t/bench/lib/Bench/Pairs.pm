package Bench::Pairs;

# What a row costs beside its floor, measured in turns of milliseconds, and
# what is to be believed of it.
#
# The speed of a machine whose host has other guests changes by tens of percent
# within seconds.  So load.c asks for the row, twice for the floor, and again
# for the row, a slice each: what changes slowly is the same for both.  Each
# such four are one pair of costs, and of many pairs the median is taken.

use strict;
use warnings;

use Exporter 'import';
use Bench::Load qw(slices);

our @EXPORT_OK = qw(pairs median interval sum ratio
                    quotient);


# "row" and "floor" are hashes: port, what and status as load() has them, and
# cpu, a hash of names to lists of processes.  Further options are those of
# slices().  Returns wrong answers, and the pairs: [row, floor], each a hash of
# the same names to microseconds of CPU a request.
sub pairs {
    my ($row, $floor, %opt) = @_;
    my %pids = map { $_ => 1 } map { @$_ } map { values %{ $_->{cpu} } }
               $row, $floor;
    my @pids = sort { $a <=> $b } keys %pids;

    my @slices = slices(%$row, floor => $floor, pids => \@pids, %opt);
    my $wrong = 0;
    $wrong += $_->{wrong} for @slices;
    my @pairs;

    while (my @four = splice @slices, 0, 4) {
        push @pairs, [ _cost($row->{cpu}, @four[0, 3]),
                       _cost($floor->{cpu}, @four[1, 2]) ];
    }

    return $wrong, @pairs;
}

sub _cost {
    my ($cpu, @slices) = @_;
    my ($answers, %cost) = (0);

    for my $slice (@slices) {
        $answers += $slice->{answers};

        for my $name (keys %$cpu) {
            $cost{$name} += $slice->{cpu}{$_} / 1000 for @{ $cpu->{$name} };
        }
    }

    return { map { $_ => ($cost{$_} || 0) / $answers } keys %$cpu };
}

sub median {
    my @n = sort { $a <=> $b } @_;
    return @n % 2 ? $n[$#n / 2] : ($n[@n / 2 - 1] + $n[@n / 2]) / 2;
}

# The median, and the interval that holds the true one with 95 % probability:
# on either side of that as many figures as a coin that is thrown so often
# shows, whatever their distribution.
sub interval {
    my @n = sort { $a <=> $b } @_;
    my $rank = int((@n - 1.96 * sqrt @n) / 2);

    $rank = 1 if $rank < 1;
    return { median => median(@n), least => $n[$rank - 1],
             most => $n[@n - $rank] };
}

# of one side of a pair: what these parts have used
sub sum {
    my ($cost, @parts) = @_;
    my $sum = 0;

    $sum += $cost->{$_} for @parts;
    return $sum;
}

# of the row to its floor, in these parts
sub ratio {
    my ($pairs, @parts) = @_;
    return interval(map { sum($_->[0], @parts) / sum($_->[1], @parts) }
                        @$pairs);
}

# of two intervals; there may be no "most"
sub quotient {
    my ($one, $other) = @_;
    return if $other->{median} <= 0;

    return { median => $one->{median} / $other->{median},
             least => $one->{least} / $other->{most},
             most => $other->{least} > 0 ? $one->{most} / $other->{least}
                                         : undef };
}

1;

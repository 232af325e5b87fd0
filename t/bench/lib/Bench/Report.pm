package Bench::Report;

# The figures as a table, as JSON, as text for the documentation and as a
# picture.

use strict;
use warnings;

use Bench::Pairs qw(median interval sum ratio quotient);
use Bench::Picture;
use Bench::Text qw(line put insert machine_text);
use JSON::PP;
use Text::Wrap qw(wrap);

$Text::Wrap::columns = 130;

# What the project asks of itself, and docs/performance.md gives the reasons:
# the text, the rows, the figure, and its bound.  It is met if the median is.
my @Goals = (
    ['cached account, CPU of nginx', ['cached'], 'ratio', '<=', 1.05],
    ['the same, at one rate', ['cached'], 'paced', '<=', 1.02],
    ['token seen before, CPU of nginx',
     [map { "cached-$_" } qw(HS256 RS256 ES256 EdDSA)], 'ratio', '<=', 1.1],
    ['refusal, CPU of nginx', ['denied'], 'ratio', '<=', 1.25],
    ['every request a lookup, CPU of nginx', ['lookup'], 'ratio', '<=', 1.6],
    ['the same, CPU of Redis, µs', ['lookup'], 'redis_cpu_us', '<=', 2],
    ['what a shared dict of Lua adds, of ours', ['lua-dict'], 'times_added',
     '>=', 15],
    ['what lua-resty-redis adds, of ours', ['lua'], 'times_added', '>=', 8],
    ['what auth_request to Go adds, of ours', ['auth-request-go'],
     'times_added', '>=', 15],
);

# "docs", if any, is a file that holds the tables of an earlier time
sub write {
    my ($rows, $machine, $dir, $docs) = @_;
    my %row = map { $_->{name} => $_ } @$rows;
    my @result = map { _summary($_, \%row) } @$rows;
    my @others = map { @{ $_->{runs}{others} } } @$rows;

    my %all = (machine => { %$machine, others => _of(\@others) },
               rows => \@result, goals => [_goals(\@result)]);
    my $short = _short(\%all);
    my $text = _text(\%all);
    my $picture = Bench::Picture::svg(\@result);

    _table(\%all);
    put("$dir/bench.json", JSON::PP->new->canonical->pretty->encode(\%all));
    put("$dir/bench.md", "$short\n$text");
    put("$dir/bench.svg", $picture);
    print "\nhousehold: written to $dir/bench.json, bench.md, bench.svg\n";

    if ($docs) {
        insert($docs, 'make bench, in short', $short);
        insert($docs, 'make bench', $text);
        put($docs =~ s/\.md$/.svg/r, $picture);
        print "household: and into $docs\n";
    }
}

# median, least and most
sub _of {
    my @n = sort { $a <=> $b } @{ $_[0] };
    return _rounded({ median => median(@n), least => $n[0], most => $n[-1] });
}

# Requests per second and lookups are of the runs, each with its least and
# most.  CPU is of the pairs, which have the row and its floor at their peaks
# or both at one rate, with an interval for the median.
sub _summary {
    my ($row, $row_of) = @_;
    my $runs = $row->{runs};
    my $rival = $row_of->{ $row->{rival} // '' };

    return {
        name => $row->{name}, what => $row->{what}, floor => $row->{floor},
        peer => $row->{peer} ? JSON::PP::true : JSON::PP::false,
        right => $row->{wrong} ? JSON::PP::false : JSON::PP::true,
        requests_per_second => _of($runs->{rate}),
        lookups => _of($runs->{asked}),
        others => _of($runs->{others}),
        _beside_floor($row),
        $rival ? _beside_rival($row, $rival) : (),
        map { $_ => $row->{$_} } grep { defined $row->{$_} }
            qw(p50 p99 p999),
    };
}

my @Edge = qw(front behind);
my @All = (@Edge, 'store');

sub _beside_floor {
    my ($row) = @_;
    my $figure = sub {
        my ($when, $code) = @_;
        return _rounded(interval(map { $code->(@$_) }
                                     @{ $row->{pairs}{$when} }));
    };

    # what the row needs above its floor, which itself adds nothing
    my $adds = sub {
        my (@parts) = @_;
        return $figure->(peak => sub { sum($_[0], @parts)
                                       - sum($_[1], @parts) });
    };

    return (
        pairs => 0 + @{ $row->{pairs}{peak} },
        edge_cpu_us => $figure->(peak => sub { $_[0]{front} }),
        backend_cpu_us => $figure->(peak => sub { $_[0]{behind} }),
        redis_cpu_us => $figure->(peak => sub { $_[0]{store} }),
        all_cpu_us => $figure->(peak => sub { sum($_[0], @All) }),
        floor_cpu_us => $figure->(peak => sub { sum($_[1], @Edge) }),
        ratio => _rounded(ratio($row->{pairs}{peak}, @Edge)),
        paced_cpu_us => $figure->(paced => sub { sum($_[0], @Edge) }),
        paced_floor_cpu_us => $figure->(paced => sub { sum($_[1], @Edge) }),
        paced => _rounded(ratio($row->{pairs}{paced}, @Edge)),
        $row->{name} eq $row->{floor} ? () : (
            added_cpu_us => $adds->(@Edge),
            added_all_cpu_us => $adds->(@All)),
    );
}

# Both were measured beside the same floor, and so are compared by it.
sub _beside_rival {
    my ($row, $rival) = @_;
    my @rate = map { $_->{runs}{rate} } $rival, $row;
    my @added = map { _less_one(ratio($_->{pairs}{peak}, @Edge)) } $row, $rival;
    my @all = map { ratio($_->{pairs}{peak}, @All) } $row, $rival;

    return (
        rival => $row->{rival},
        times => _of([map { $rate[0][$_] / $rate[1][$_] } 0 .. $#{ $rate[0] }]),
        times_added => _rounded(quotient(@added)),
        times_cpu => _rounded(quotient(@all)));
}

sub _less_one {
    my ($interval) = @_;
    return { map { $_ => $interval->{$_} - 1 } keys %$interval };
}

sub _goals {
    my ($rows) = @_;
    my %row = map { $_->{name} => $_ } @$rows;
    my @goals;

    for (@Goals) {
        my ($what, $names, $figure, $sign, $bound) = @$_;

        for my $row (grep { $_ && $_->{$figure} } @row{@$names}) {
            my $n = $row->{$figure}{median};
            my $met = $sign eq '<=' ? $n <= $bound : $n >= $bound;

            push @goals, { what => $what, row => $row->{what}, sign => $sign,
                wanted => $bound, measured => $row->{$figure},
                all_cpu => $row->{times_cpu},
                met => $met ? JSON::PP::true : JSON::PP::false };
        }
    }

    return @goals;
}

# of an interval, which may have no end
sub _rounded {
    my ($of) = @_;
    return $of && { map { $_ => 0 + sprintf '%.3f', $of->{$_} }
                    grep { defined $of->{$_} } keys %$of };
}

sub _spread {
    my ($of) = @_;
    return !$of ? '-'
        : defined $of->{most} ? sprintf '%.2f (%.2f to %.2f)',
                                        @$of{qw(median least most)}
        : sprintf '%.2f (%.2f or more)', @$of{qw(median least)};
}

sub _percent { sprintf '%.0f %%', 100 * $_[0] }


sub _table {
    my ($all) = @_;

    printf "\n%-18s %7s %-22s %-21s %-22s %6s %6s %6s %5s %5s %5s  %s\n",
        'row', 'req/s', 'ratio (interval)', 'at one rate', 'adds', 'edge',
        'behind', 'Redis', 'p50', 'p99', 'p999', 'times (spread)';

    for (@{ $all->{rows} }) {
        printf "%-18s %7d %-22s %-21s %-22s %6.2f %6.2f %6.2f %5s %5s %5s  "
               . "%s%s\n",
            $_->{name}, $_->{requests_per_second}{median},
            (map { _spread($_) } @$_{qw(ratio paced added_cpu_us)}),
            (map { $_->{median} } @$_{qw(edge_cpu_us backend_cpu_us
                                         redis_cpu_us)}),
            (map { $_ // '-' } @$_{qw(p50 p99 p999)}),
            $_->{rival} && $_->{times}
                ? _spread($_->{times}) . " of $_->{rival}" : '',
            $_->{right} ? '' : ' WRONG';
    }

    print "\n";
    printf "%-38s %-34s %s %-4s %s %s\n", @$_{qw(what row sign wanted)},
        _spread($_->{measured}), $_->{met} ? 'met' : 'NOT MET'
        for @{ $all->{goals} };

    my $machine = $all->{machine};
    printf "\nload at start %.2f on %d cores; other work took %s (%s-%s) of "
           . "the machine\n", @$machine{qw(load_at_start cores)},
           map { _percent($_) } @{ $machine->{others} }{qw(median least most)};
}

# --- for the documentation ------------------------------------------------

# What it costs in a sentence for each way of use, if these were measured.
sub _short {
    my ($all) = @_;
    my %row = map { $_->{name} => $_ } @{ $all->{rows} };
    my $m = $all->{machine};
    my $text = '';

    for (['player', 'for a player that requests a manifest and 100 segments '
          . 'on a connection, with the same token'],
         ['proxied', 'if each request has another token than the one before '
          . 'it on its connection'])
    {
        my ($name, $when) = @$_;
        my $row = $row{$name};
        next if !$row;

        my ($least, $median, $most) =
            map { sprintf '%.1f', 100 * ($_ - 1) }
                @{ $row->{ratio} }{qw(least median most)};

        $text .= ";\n" if $text;
        $text .= wrap('', '  ', sprintf '- **%s %%** (%s to %s) of the CPU '
            . 'time of nginx %s: %.2f µs above %.2f µs', $median, $least,
            $most, $when, $row->{added_cpu_us}{median},
            $row->{floor_cpu_us}{median});
    }

    return '' if !$text;
    return $text . ".\n\n" . wrap('', '', sprintf 'Medians, and their '
        . '95 %% confidence intervals, on %s; the load average at the start '
        . 'was %.2f, and other work took %s of the machine.',
        @$m{qw(processor load_at_start)}, _percent($m->{others}{median}))
        . "\n";
}

sub _text {
    my ($all) = @_;
    my $m = $all->{machine};

    my $text = sprintf "%s; other work took %s of the\nmachine during the "
        . "runs (%s to %s).\n\n", machine_text($m),
        map { _percent($_) } @{ $m->{others} }{qw(median least most)};

    $text .= line('row', 'requests/s', 'edge CPU, µs', 'backend', 'Redis',
                   'adds, µs', 'ratio', 'at one rate', 'p50, µs',
                   'p99', 'p999')
           . line('---', ('---:') x 4, ('---') x 3, ('---:') x 3);

    for (@{ $all->{rows} }) {
        $text .= line($_->{what} . ($_->{right} ? '' : ' **WRONG**'),
            int $_->{requests_per_second}{median},
            (map { $_->{median} < 0.005 ? '' : sprintf '%.2f', $_->{median} }
                @$_{qw(edge_cpu_us backend_cpu_us redis_cpu_us)}),
            (map { _spread($_) } @$_{qw(added_cpu_us ratio paced)}),
            map { $_ // '' } @$_{qw(p50 p99 p999)});
    }

    $text .= "\n" . line('instead of', 'adds, µs', 'times what the module adds',
                          'requests/s of the module', 'CPU in all, with Redis')
           . line(('---') x 5);

    $text .= line($_->{what}, _spread($_->{added_cpu_us}),
                   _spread($_->{times_added}),
                   _spread($_->{times}) . ' times as many',
                   _spread($_->{times_cpu}) . ' times as much without it')
        for grep { $_->{rival} } @{ $all->{rows} };

    $text .= "\n" . line('goal', 'row', 'wanted', 'measured', '')
           . line('---', '---', '---', '---', '---');

    $text .= line(@$_{qw(what row)},
                   ($_->{sign} eq '<=' ? '≤ ' : '≥ ') . $_->{wanted},
                   _spread($_->{measured}), $_->{met} ? 'met' : 'not met')
        for @{ $all->{goals} };

    return $text;
}

1;

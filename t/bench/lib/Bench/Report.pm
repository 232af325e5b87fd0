package Bench::Report;

# The figures as a table, as JSON, as text for the documentation and as a
# picture.

use strict;
use warnings;

use Bench::Picture;
use Bench::Text qw(line put insert machine_text);
use Exporter 'import';
use JSON::PP;
use Text::Wrap qw(wrap);

our @EXPORT_OK = qw(median);

$Text::Wrap::columns = 130;

# What the project asks of itself, and docs/performance.md gives the reasons:
# the text, the rows, the figure, and its bound.
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

sub median {
    my @n = sort { $a <=> $b } @{ $_[0] };
    return @n % 2 ? $n[$#n / 2] : ($n[@n / 2 - 1] + $n[@n / 2]) / 2;
}

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
    return { median => _round(median(\@n)), least => _round($n[0]),
             most => _round($n[-1]) };
}

# Rows are compared run by run: CPU with that of the floor, each at its peak
# ("ratio") and both at one rate ("paced"), and what it is more ("added");
# requests per second and all CPU with those of the rival.  What a rival adds
# is compared by medians: a run may have found that a quick row adds nothing.
sub _summary {
    my ($row, $row_of) = @_;
    my $mine = $row->{runs};
    my $floor = $row_of->{ $row->{floor} };
    my $rival = $row_of->{ $row->{rival} // '' };

    my $compared = sub {
        my ($one, $other) = @_;
        return _of([map { $one->[$_] / $other->[$_] } 0 .. $#$one]);
    };
    my $added = _added($row, $row_of, 'cpu');

    return {
        name => $row->{name}, what => $row->{what},
        peer => $row->{peer} ? JSON::PP::true : JSON::PP::false,
        right => $row->{wrong} ? JSON::PP::false : JSON::PP::true,
        requests_per_second => _of($mine->{rate}),
        edge_cpu_us => _of($mine->{front}),
        backend_cpu_us => _of($mine->{behind}),
        redis_cpu_us => _of($mine->{store}),
        all_cpu_us => _of($mine->{all}),
        load_cpu_us => _of($mine->{load}),
        lookups => _of($mine->{asked}),
        others => _of($mine->{others}),
        $floor ? (
            floor => $row->{floor},
            ratio => $compared->($mine->{cpu}, $floor->{runs}{cpu}),
            paced_cpu_us => _of($mine->{paced}),
            paced_floor_cpu_us => _of($mine->{floor}),
            paced => $compared->(@$mine{qw(paced floor)})) : (),
        $added ? (added_cpu_us => $added,
                  added_all_cpu_us => _added($row, $row_of, 'all')) : (),
        $rival ? (
            rival => $row->{rival},
            times_added => _times($added, _added($rival, $row_of, 'cpu')),
            times => $compared->($rival->{runs}{rate}, $mine->{rate}),
            times_cpu => $compared->($mine->{all}, $rival->{runs}{all})) : (),
        map { $_ => $row->{$_} } grep { defined $row->{$_} }
            qw(p50 p99 p999),
    };
}

# what the row needs above its floor, which itself adds nothing
sub _added {
    my ($row, $row_of, $figure) = @_;
    my $floor = $row_of->{ $row->{floor} };
    return if !$floor || $floor == $row;

    my ($mine, $its) = map { $_->{runs}{$figure} } $row, $floor;
    return _of([map { $mine->[$_] - $its->[$_] } 0 .. $#$mine]);
}

sub _times {
    my ($one, $other) = @_;
    return if !$one || !$other || $other->{median} <= 0;
    return { median => _round($one->{median} / $other->{median}) };
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

sub _round { 0 + sprintf '%.3f', $_[0] }

sub _spread {
    my ($of) = @_;
    return !$of ? '-' : !defined $of->{least} ? sprintf '%.1f', $of->{median}
        : sprintf '%.2f (%.2f-%.2f)', @$of{qw(median least most)};
}

sub _ratio { $_[0] ? sprintf '%.2f', $_[0]{median} : '-' }

sub _us { $_[0] ? sprintf '%.2f', $_[0]{median} : '' }

sub _percent { sprintf '%.0f %%', 100 * $_[0] }


sub _table {
    my ($all) = @_;

    printf "\n%-18s %7s %-16s %5s %6s %6s %6s %6s %5s %5s %5s  %s\n", 'row',
        'req/s', 'ratio (spread)', 'paced', 'adds', 'edge', 'behind', 'Redis',
        'p50', 'p99', 'p999', 'times (spread)';

    for (@{ $all->{rows} }) {
        printf "%-18s %7d %-16s %5s %6s %6.2f %6.2f %6.2f %5s %5s %5s  %s%s\n",
            $_->{name}, $_->{requests_per_second}{median},
            _spread($_->{ratio}), _ratio($_->{paced}), _us($_->{added_cpu_us}),
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
        next if !$row || !$row->{ratio};

        my ($least, $median, $most) =
            map { sprintf '%.1f', 100 * ($_ - 1) }
                @{ $row->{ratio} }{qw(least median most)};

        $text .= ";\n" if $text;
        $text .= wrap('', '  ', sprintf '- **%s %%** (%s to %s) of the CPU '
            . 'time of nginx %s: %.2f µs above %.2f µs', $median, $least,
            $most, $when, $row->{added_cpu_us}{median},
            $row{ $row->{floor} }{edge_cpu_us}{median});
    }

    return '' if !$text;
    return $text . ".\n\n" . wrap('', '', sprintf 'Medians, and the spread of '
        . 'the runs, on %s; the load average at the start was %.2f, and other '
        . 'work took %s of the machine.', $m->{processor}, $m->{load_at_start},
        _percent($m->{others}{median})) . "\n";
}

sub _text {
    my ($all) = @_;
    my $m = $all->{machine};

    my $text = sprintf "%s; other work took %s of the\nmachine during the "
        . "runs (%s to %s).\n\n", machine_text($m),
        map { _percent($_) } @{ $m->{others} }{qw(median least most)};

    $text .= line('row', 'requests/s', 'edge CPU, µs', 'backend', 'Redis',
                   'adds, µs', 'ratio (spread)', 'at one rate', 'p50, µs',
                   'p99', 'p999')
           . line('---', ('---:') x 5, '---', ('---:') x 4);

    for (@{ $all->{rows} }) {
        $text .= line($_->{what} . ($_->{right} ? '' : ' **WRONG**'),
            int $_->{requests_per_second}{median},
            (map { $_->{median} < 0.005 ? '' : sprintf '%.2f', $_->{median} }
                @$_{qw(edge_cpu_us backend_cpu_us redis_cpu_us)}),
            _us($_->{added_cpu_us}), _spread($_->{ratio}),
            _ratio($_->{paced}), map { $_ // '' } @$_{qw(p50 p99 p999)});
    }

    $text .= "\n" . line('instead of', 'adds, µs', 'times what the module adds',
                          'requests/s of the module', 'CPU in all, with Redis')
           . line('---', '---:', '---:', '---', '---');

    $text .= line($_->{what}, _us($_->{added_cpu_us}),
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

package Bench::Report;

# The figures as a table, as JSON and as a picture.

use strict;
use warnings;

use JSON::PP;


sub median {
    my @n = sort { $a <=> $b } @{ $_[0] };
    return @n % 2 ? $n[$#n / 2] : ($n[@n / 2 - 1] + $n[@n / 2]) / 2;
}

sub write {
    my ($rows, $dir) = @_;
    my %row = map { $_->{name} => $_ } @$rows;
    my @result = map { _summary($_, $row{ $_->{floor} }) } @$rows;

    _table(\@result);
    _put("$dir/bench.json", JSON::PP->new->canonical->pretty->encode(\@result));
    _put("$dir/bench.svg", _svg(\@result));
}

# The CPU of a row in a run is compared with that of its floor in the same run:
# "ratio" is the median of that, "spread" the least and the most.
sub _summary {
    my ($row, $floor) = @_;
    my @cpu = map { _sum($_) } @{ $row->{cpu} };
    my @floor = map { _sum($_) } @{ $floor ? $floor->{cpu} : [] };
    my @ratio = sort { $a <=> $b } map { $cpu[$_] / $floor[$_] } 0 .. $#floor;

    return {
        name => $row->{name}, what => $row->{what},
        peer => $row->{peer} ? JSON::PP::true : JSON::PP::false,
        right => $row->{wrong} ? JSON::PP::false : JSON::PP::true,
        floor => $row->{floor},
        requests_per_second => int median($row->{rate}),
        nginx_cpu_us => _round(median(\@cpu)),
        redis_cpu_us => _round(median($row->{redis})),
        lookups => _round(median($row->{asked})),
        @ratio ? (ratio => _round(median(\@ratio)),
                  spread => [map { _round($_) } @ratio[0, -1]]) : (),
        map { $_ => $row->{$_} } grep { defined $row->{$_} }
            qw(p50 p99 p999),
    };
}

sub _sum {
    my $sum = 0;
    $sum += $_ for split /\+/, $_[0];
    return $sum;
}

sub _round { 0 + sprintf '%.3f', $_[0] }

sub _table {
    my ($rows) = @_;

    printf "%-17s %8s %8s %6s %-11s %8s %7s %7s %7s\n", 'row', 'req/s',
        'nginx us', 'ratio', '(spread)', 'Redis us', 'p50 us', 'p99', 'p999';

    for (@$rows) {
        printf "%-17s %8d %8.2f %6s %-11s %8.2f %7s %7s %7s%s\n", $_->{name},
            @$_{qw(requests_per_second nginx_cpu_us)},
            $_->{ratio} ? sprintf '%.2f', $_->{ratio} : '-',
            $_->{ratio} ? sprintf '%.2f-%.2f', @{ $_->{spread} } : '',
            $_->{redis_cpu_us},
            (map { $_ // '-' } @$_{qw(p50 p99 p999)}),
            $_->{right} ? '' : ' WRONG';
    }
}

sub _put {
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}


# bars of CPU per request: nginx and, after it, Redis
sub _svg {
    my ($rows) = @_;
    my ($left, $width, $step) = (300, 420, 22);
    my @rows = grep { $_->{name} !~ /^verify/ } @$rows;
    my $height = $step * @rows + 50;
    my ($most) = sort { $b <=> $a }
                 map { $_->{nginx_cpu_us} + $_->{redis_cpu_us} } @rows;
    my ($y, $bars) = (34, '');

    for (@rows) {
        my $nginx = $width * $_->{nginx_cpu_us} / $most;
        my $redis = $width * $_->{redis_cpu_us} / $most;

        $bars .= sprintf <<'EOS', $left - 8, $y + 12, $_->{what},
<text x="%d" y="%d" text-anchor="end">%s</text>
<rect x="%d" y="%d" width="%.1f" height="15" fill="%s"/>
<rect x="%.1f" y="%d" width="%.1f" height="15" fill="#d8a24a"/>
<text x="%.1f" y="%d">%.1f</text>
EOS
            $left, $y, $nginx, $_->{peer} ? '#999' : '#3b6ea5',
            $left + $nginx, $y, $redis,
            $left + $nginx + $redis + 5, $y + 12,
            $_->{nginx_cpu_us} + $_->{redis_cpu_us};
        $y += $step;
    }

    my $all = $left + $width + 70;

    return <<"EOS";
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $all $height"
 font-family="sans-serif" font-size="12">
<rect width="$all" height="$height" fill="white"/>
<text x="$left" y="20" font-size="14">CPU per request, microseconds: nginx
 (blue; peers grey), Redis (yellow)</text>
$bars</svg>
EOS
}

1;

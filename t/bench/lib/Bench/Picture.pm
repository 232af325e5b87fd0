package Bench::Picture;

# Bars of CPU per request: the edge, what is behind it, and Redis.

use strict;
use warnings;

my ($Left, $Width, $Step) = (300, 420, 22);

my %Color = (module => '#3b6ea5', peer => '#999', backend => '#c66',
             redis => '#d8a24a');


sub svg {
    my ($rows) = @_;
    my @rows = grep { $_->{name} !~ /^verify/ } @$rows;
    my $height = $Step * @rows + 50;
    my ($most) = sort { $b <=> $a } map { $_->{all_cpu_us}{median} } @rows;
    my ($y, $bars) = (34, '');

    for (@rows) {
        $bars .= _bar($_, $y, $Width / $most);
        $y += $Step;
    }

    my $all = $Left + $Width + 70;

    return <<"EOS";
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $all $height"
 font-family="sans-serif" font-size="12">
<rect width="$all" height="$height" fill="white"/>
<text x="$Left" y="20" font-size="14">CPU per request, microseconds: edge
 (blue; peers grey), backend (red), Redis (yellow)</text>
$bars</svg>
EOS
}

sub _bar {
    my ($row, $y, $scale) = @_;
    my ($x, $text) = ($Left, '');

    $text .= sprintf qq{<text x="%d" y="%d" text-anchor="end">%s</text>\n},
        $Left - 8, $y + 12, $row->{what};

    for (['edge_cpu_us', $row->{peer} ? 'peer' : 'module'],
         ['backend_cpu_us', 'backend'], ['redis_cpu_us', 'redis'])
    {
        my ($part, $color) = @$_;
        my $width = $row->{$part}{median} * $scale;

        $text .= sprintf qq{<rect x="%.1f" y="%d" width="%.1f" height="15" }
            . qq{fill="%s"/>\n}, $x, $y, $width, $Color{$color};
        $x += $width;
    }

    return $text . sprintf qq{<text x="%.1f" y="%d">%.1f</text>\n}, $x + 5,
        $y + 12, $row->{all_cpu_us}{median};
}

1;

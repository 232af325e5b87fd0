#!/usr/bin/perl

# What the benchmark says of CPU time: by turns, and how sure that is.

use strict;
use warnings;

use lib 't/lib', 't/bench/lib';
use Test::More;
use Bench::Load qw(slices);
use Bench::Pairs qw(pairs interval ratio sum quotient);
use Bench::Server;
use Test::Household::Process qw(temp_dir slurp);

# the costs of as many pairs, where a slice has the number "t" of all of them
sub simulate {
    my ($n, $cost) = @_;
    my @slices = map {
        my $t = $_;
        my $floor = $t % 4 == 1 || $t % 4 == 2;
        { answers => 10, wrong => $t == 1,
          cpu => { map { $_ => 10000 * $cost->($_, $floor, $t) } 1 .. 3 } }
    } 0 .. 4 * $n - 1;

    no warnings 'redefine';
    local *Bench::Pairs::slices = sub { @slices };

    return pairs({ cpu => { front => [1], behind => [2, 3] } },
                 { cpu => { front => [3], behind => [] } });
}


# what is taken for the figure

is_deeply interval(1 .. 100), { median => 50.5, least => 40, most => 61 },
    'the interval of a median is between two ranks';
is_deeply interval(3, 1, 2), { median => 2, least => 1, most => 3 },
    'of a few figures it is all of them';
is_deeply interval(map { $_ > 90 ? 1e9 : $_ } 1 .. 100), interval(1 .. 100),
    'figures far from the others do not move it';

is_deeply quotient({ median => 6, least => 4, most => 9 },
                   { median => 2, least => 1, most => 3 }),
    { median => 3, least => 4 / 3, most => 9 },
    'the interval of a quotient is all that both allow';
is quotient({ median => 6, least => 4, most => 9 },
            { median => 2, least => -1, most => 3 })->{most}, undef,
    'it has no end if nothing may be the divisor';
is quotient({ median => 1 }, { median => 0 }), undef,
    'there is no quotient by nothing';


# pairs

my ($wrong, @pairs) = simulate(5, sub { $_[0] });
is $wrong, 1, 'wrong answers of all slices are counted';
is_deeply \@pairs, [ map { [ { front => 1, behind => 5 },
                             { front => 3, behind => 0 } ] } 1 .. 5 ],
    'a pair is of the processes of each side, a request';
is sum($pairs[0][0], qw(front behind)), 6, 'parts are added';

(undef, @pairs) = simulate(5, sub { ($_[1] ? 1 : 2) * (1 + $_[2] / 8) });
is_deeply ratio(\@pairs, 'front'), { median => 2, least => 2, most => 2 },
    'a steady change of speed changes no ratio';


# slices

my $dir = temp_dir('bench');
my $server = Bench::Server->new(http => <<'EOC');
keepalive_requests 1000000;
log_format one $uri;
server {
    listen unix:@DIR@/nginx.sock;
    listen 127.0.0.1:@PORT@;
    access_log @DIR@/access.log one;
    location = /row { return 200 row; }
    location = /floor { return 403 floor; }
}
EOC

for my $name (qw(row floor)) {
    open my $out, '>', "$dir/$name" or die "$!\n";
    print $out "GET /$name HTTP/1.1\\r\\nHost: edge.example\\r\\n\\r\\n\n";
    close $out;
}

sub measure {
    my (%opt) = @_;

    return slices(port => $server->{port}, what => "$dir/row", conns => 4,
        seconds => 0.1, slice => 0.01, pids => [$server->worker],
        floor => { port => $server->{port}, what => "$dir/floor",
                   status => 403 }, %opt);
}

my @all;

for (['at once', ()], ['at a rate', rate => 1000]) {
    my ($how, %opt) = @$_;
    my @slices = measure(%opt);
    push @all, @slices;

    ok @slices && @slices % 4 == 0, "there are four slices a turn, $how";
    is grep({ !$_->{answers} } @slices), 0, 'with answers';
    is grep({ $_->{wrong} } @slices), 0, 'of the status that each side has';
}

my @slices = measure(slice => 1e-9);
push @all, @slices;
is grep({ !$_->{answers} } @slices), 0,
    'a slice that is over before it begins has an answer, too';

@slices = measure(status => 204);
push @all, @slices;
is grep({ $_->{wrong} == $_->{answers} } @slices), @slices / 2,
    'another status is counted';

my $used = 0;
$used += $_->{cpu}{ $server->worker } / 1000 for @all;
ok $used > 0, 'CPU time of the process is measured';
ok $used <= Bench::Server::cpu($server->worker), 'in each slice its own';

# what came one after the other, as nginx has it, and as the slices have it
my (@asked, @counted);

for (split /\n/, slurp("$server->{dir}/access.log")) {
    push @asked, "$_ 0" if !@asked || $asked[-1] !~ m{^\Q$_\E };
    $asked[-1] =~ s/(\d+)$/$1 + 1/e;
}

for (0 .. $#all) {
    my $uri = $_ % 4 == 1 || $_ % 4 == 2 ? '/floor' : '/row';

    push @counted, "$uri 0" if !@counted || $counted[-1] !~ m{^$uri };
    $counted[-1] =~ s/(\d+)$/$1 + $all[$_]{answers}/e;
}

is_deeply \@asked, \@counted,
    'the row, twice its floor, the row; none is on its way meanwhile';

ok !eval { measure(pids => [2 ** 22]); 1 }, 'a process that is not there';
like $@, qr/process/, 'is an error that is told';

$server->stop;

done_testing;

#!/usr/bin/perl

# What a decision costs, beside what people use today: see
# docs/performance.md.
#
#   bench.pl [--out DIR] [--docs FILE] [--only ROW,ROW] [--runs N]
#            [--rounds N] [--minutes M] [--seconds S] [--slice MS]
#            [--backend-cores 0,1]
#
# One worker of nginx has the first core; the load and Redis have the second.
# The runs of all rows are interleaved, so that what else the machine does
# falls on all of them; CPU is that of a row and of its floor by turns, slices
# of milliseconds.  Writes bench.json, bench.md and bench.svg into DIR,
# and prints a table; with --docs, the tables of that file and the picture
# beside it are new.  Exits with 1 if an answer was wrong.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib", "$FindBin::RealBin/../lib";

use Bench::Data qw(fill account stranger);
use Bench::Load qw(load);
use Bench::Machine qw(machine check_load keep_memory busy);
use Bench::Origin;
use Bench::Peers qw(peers start_peers);
use Bench::Pairs qw(pairs median ratio);
use Bench::Report;
use Bench::Rows qw(rows http_text location_text crowd);
use Bench::Server;
use Getopt::Long;
use Test::Household::Ca;
use Test::Household::Nginx;
use Test::Household::Process qw(temp_dir free_port);
use Test::Household::Redis;
use Time::HiRes qw(time);

my $Here = $FindBin::RealBin;
my $Accounts = 1000;
my $Conns = 32;
my %opt = (out => '.', runs => 3, rounds => 10, minutes => 18, seconds => 2,
           slice => 5, 'backend-cores' => '0,1');

GetOptions(\%opt, 'out=s', 'docs=s', 'only=s', 'runs=i', 'rounds=i',
           'minutes=f', 'seconds=f', 'slice=f', 'backend-cores=s') or exit 2;
die "with --docs all rows are measured\n" if $opt{docs} && $opt{only};

$| = 1;
my $end = time + 60 * $opt{minutes};
my $machine = machine();
check_load($machine);
keep_memory();

my $dir = temp_dir('load');
my ($redis, %redis) = start_redis();
my $tls_port = free_port();
fill($redis, crowd());

my @rows = (rows(accounts => $Accounts, dir => $dir, ways => ['tcp', 'tls'],
                 tokens => [qw(HS256 RS256 ES256 EdDSA CAT CATU)],
                 proxied => 1),
            peers(sub { print STDERR "household: $_[0]\n" }));
if ($opt{only}) {
    my %only = map { $_ => 1 } split /,/, $opt{only};
    my %floor = map { $_->{floor} => 1 } grep { $only{ $_->{name} } } @rows;
    @rows = grep { $only{ $_->{name} } || $floor{ $_->{name} } } @rows;
}

my $wrong = 0;
my $origin = Bench::Origin->new;
on_core(1, $_) for $origin->pids;

start_edge(grep { !$_->{peer} } @rows);
start_peers([grep { $_->{peer} } @rows], redis => $redis{path},
            out => $opt{out}, backend_cores => $opt{'backend-cores'});
write_requests($_) for @rows;
each_row('answers', \&check_answers);

# what is to be cached is: each line was sent, on a slow machine, too
each_row('warming up', sub {
    my ($row) = @_;
    for my $seconds (1, 2, 4, 8) {
        last if (ask($row, seconds => $seconds))[0]
                >= ($row->{asks} || $Accounts);
    }
});

each_row("requests, $_ of $opt{runs}", \&peak) for 1 .. $opt{runs};
each_row('tails', \&tail);

# as long as there is time for another round, but one at least
for my $round (1 .. $opt{rounds}) {
    my $begin = time;

    each_row("CPU, round $round", sub {
        my ($row) = @_;

        for my $when (qw(peak paced)) {
            beside_floor($row, $when)
                if $round <= 2 || !known($row->{pairs}{$when});
        }
    });

    last if 2 * time - $begin > $end;
}

die "no row is left\n" if !@rows;
Bench::Report::write(\@rows, $machine, @opt{qw(out docs)});
exit($wrong ? 1 : 0);


# --- what runs ------------------------------------------------------------

sub start_redis {
    my $ca = Test::Household::Ca->new;
    my ($cert, $key) = $ca->issue('redis', 'IP:127.0.0.1');
    my $port = free_port();
    my $path = "$dir/redis.sock";

    my $redis = Test::Household::Redis->new(config => join "\n",
        "unixsocket $path", "tls-port $port", "tls-cert-file $cert",
        "tls-key-file $key", 'tls-ca-cert-file ' . $ca->file,
        'tls-auth-clients no');
    on_core(1, $redis->pid);

    return ($redis, path => $path,
        main => "server unix:$path;",
        tcp => 'server ' . $redis->address . ';',
        tls => "server 127.0.0.1:$port; ssl on; ssl_name 127.0.0.1; "
               . 'ssl_trusted_certificate ' . $ca->file . ';');
}

sub on_core { system "taskset -cp $_[0] $_[1] > $dir/taskset 2>&1" }

# the nginx of the module, and of its floors
sub start_edge {
    my (@own) = @_;
    my $module = Test::Household::Nginx::load_module();

    my $edge = Bench::Server->new(load => [$module || ()], http =>
        http_text(map { $_ => $redis{$_} } qw(main tcp tls))
        . $origin->upstream . 'server { listen unix:@DIR@/nginx.sock; '
        . "listen 127.0.0.1:\@PORT@; listen 127.0.0.1:$tls_port ssl;\n"
        . $origin->tls
        . join('', map { location_text($_) } @own) . '}');

    @$_{'front', 'behind'} = ($edge, []) for @own;
}


# --- what is asked --------------------------------------------------------

sub write_requests {
    my ($row) = @_;

    open my $out, '>', "$dir/$row->{name}.requests" or die "$!\n";

    for (1 .. $row->{asks} || $Accounts) {
        my ($args, @headers) = @{ $row->{ask}->($_) };

        print $out join '\r\n', "GET /$row->{name}$args HTTP/1.1",
            'Host: edge.example', @headers, '', "\n";
    }

    close $out;
}

# whom it lets in and whom it does not, before anything is measured
sub check_answers {
    my ($row) = @_;
    my @ask = ([$row->{ask}->(1), $row->{status}]);

    push @ask, [['?account=' . stranger(1)], 403]
        if $row->{denies} || $row->{name} =~ /^(cached|lookup.*)$/;

    for (@ask) {
        my ($ask, $status) = @$_;
        my ($args, @headers) = @$ask;
        my $conn = Test::Household::Nginx::Conn->new($row->{front}{port});
        my $r = $conn->get("/$row->{name}$args",
                           map { split /: /, $_, 2 } @headers);

        wrong($row, "$r->{status} for $args, not $status")
            if $r->{status} != $status;
        wrong($row, 'not the gif')
            if $status == 200 && $r->{body} !~ /^GIF89a/;
        wrong($row, "no reason for $args") if $status == 403
            && ($r->{headers}{'content-type'} ne 'application/problem+json'
                || $r->{body} !~ /"reason": ?"outside"/);
    }
}

# a row that fails is left out from there on
sub each_row {
    my ($what, $code) = @_;
    my @left;

    print STDERR "$what: ";

    for my $row (@rows) {
        eval { $code->($row); push @left, $row; 1 } or wrong($row, $@);
        print STDERR '.';
    }

    print STDERR "\n";
    @rows = @left;
}

sub wrong {
    my ($row, $what) = @_;

    print STDERR "\n$row->{name}: WRONG: $what\n";
    $row->{wrong}++;
    $wrong++;
}


# --- what is measured -----------------------------------------------------

# CPU of the row, of the load, and of the whole machine; and the time
sub used {
    my ($row) = @_;
    my %pids = pids($row);
    my ($user, $system) = (times)[2, 3];    # of the load, which has ended

    return (Bench::Server::cpu(map { @$_ } values %pids),
            ($user + $system) * 1e6, busy(), time);
}

# of the front, of what is behind it, and of Redis
sub pids {
    my ($row) = @_;

    return (front => [$row->{front}->pids],
            behind => [map { $_->pids } @{ $row->{behind} }],
            store => [$redis->pid]);
}

sub peak {
    my ($row) = @_;
    my $asked = lookups();
    my @before = used($row);

    my ($n, $usec, $status) = ask($row, seconds => $opt{seconds} / 2);

    my ($own, $load, $busy, $elapsed) = map { $_ - shift @before } used($row);
    $asked = (lookups() - $asked) / $n;

    # the kernel counts the machine in ticks, which are coarse
    my $others = ($busy - $own - $load) / ($elapsed * 1e6 * $machine->{cores});

    my %figure = (rate => $n / $usec * 1e6, asked => $asked,
        others => $others > 0 ? $others : 0);
    push @{ $row->{runs}{$_} }, $figure{$_} for keys %figure;

    wrong($row, "$status wrong ones of $n") if $status;
    wrong($row, sprintf '%.2f lookups a request', $asked)
        if $row->{lookups} ? abs($asked - 1) > 0.1 : $asked > 0.1;
}

sub ask {
    my ($row, %more) = @_;
    return load(asked($row), seconds => $opt{seconds}, %more);
}

# As load() and pairs() have it.  The load is busy where it has its core for
# itself: Redis, the origin of what is asked for by TLS, and what is behind an
# edge run there, too.
sub asked {
    my ($row) = @_;

    return (port => $row->{tls} ? $tls_port : $row->{front}{port},
        conns => $Conns, what => "$dir/$row->{name}.requests",
        status => $row->{status}, tls => $row->{tls}, row => $row->{row},
        busy => !$row->{lookups} && !@{ $row->{behind} } && !$row->{tls});
}

# lookups of accounts that Redis has answered
sub lookups {
    my ($calls) = $redis->cmd('INFO', 'commandstats')
                  =~ /^cmdstat_smembers:calls=(\d+)/m;
    return $calls || 0;
}

# latency at half of the row's peak
sub tail {
    my ($row) = @_;
    my ($n, $usec, $status, @p) = ask($row, rate => half($row));

    wrong($row, "$status wrong ones of $n") if $status;
    @$row{qw(p50 p99 p999)} = @p;
}

sub half { median(@{ $_[0]{runs}{rate} }) / 2 }

# CPU of a row beside that of its floor, each at its peak, or both at one rate.
# At its peak each of them has a rate of its own, and whether nginx waits for
# the load or the load for nginx decides who wakes whom: for the quick rows
# that costs as much as the module.  It takes some milliseconds until all
# threads of a backend work, and so the slices of peers are longer.
sub beside_floor {
    my ($row, $when) = @_;
    my ($floor) = grep { $_->{name} eq $row->{floor} } @rows
        or die "there is no $row->{floor}\n";

    my ($wrong, @pairs) = pairs(
        (map { +{ asked($_), cpu => { pids($_) } } } $row, $floor),
        slice => $opt{slice} / 1000 * ($row->{peer} ? 4 : 1),
        rate => $when eq 'paced' ? half($row) : 0,
        seconds => $opt{seconds});

    wrong($row, "$wrong wrong ones") if $wrong;
    push @{ $row->{pairs}{$when} }, @pairs;
}

# to a hundredth of the floor, or to a twentieth of what it adds
sub known {
    my ($pairs) = @_;
    my $ratio = ratio($pairs, qw(front behind));
    my $width = $ratio->{most} - $ratio->{least};

    return $width <= 0.01 || $width <= ($ratio->{median} - 1) / 20;
}

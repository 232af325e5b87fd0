#!/usr/bin/perl

# What a decision costs, beside what people use today: see
# docs/performance.md.
#
#   bench.pl [--out DIR] [--only ROW,ROW] [--runs N] [--seconds S]
#
# One worker of nginx has the first core; the load and Redis have the second.
# The runs of all rows are interleaved, so that what else the machine does
# falls on all of them.  Writes bench.json and bench.svg into DIR, and prints
# a table.  Exits with 1 if an answer was wrong.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib", "$FindBin::RealBin/../lib";

use Bench::Data qw(fill account stranger);
use Bench::Report;
use Bench::Rows qw(rows http_text location_text);
use Bench::Server;
use Getopt::Long;
use Test::Household::Ca;
use Test::Household::Nginx;
use Test::Household::Process qw(temp_dir free_port slurp);
use Test::Household::Redis;
use Time::HiRes qw(sleep);

my $Here = $FindBin::RealBin;
my $Modules = '/usr/lib/nginx/modules';
my $Accounts = 1000;
my $Conns = 32;
my %opt = (out => '.', runs => 3, seconds => 2);

GetOptions(\%opt, 'out=s', 'only=s', 'runs=i', 'seconds=i') or exit 2;

$| = 1;
my $dir = temp_dir('load');
my ($redis, %redis) = start_redis();
fill($redis, $Accounts);

my @rows = (rows(accounts => $Accounts, dir => $dir, ways => ['tcp', 'tls'],
                 tokens => [qw(HS256 RS256 ES256 EdDSA)]), peers());
if ($opt{only}) {
    my %only = map { $_ => 1 } split /,/, $opt{only};
    @rows = grep { $only{ $_->{name} } } @rows;
}

start_servers();
my $wrong = 0;

for my $row (@rows) {
    write_requests($row);
    check_answers($row);
}

load($_, 1) for @rows;    # what is to be cached is

for my $run (1 .. $opt{runs}) {
    print STDERR "run $run of $opt{runs}: ";
    peak($_), print STDERR '.' for @rows;
    print STDERR "\n";
}

print STDERR 'tails: ';
tail($_), print STDERR '.' for grep { !$_->{asks} } @rows;
print STDERR "\n";

Bench::Report::write(\@rows, $opt{out});
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

# the rows of what people use today, as lines of the same table
sub peers {
    my @row = (
        ['lua', 'lua-nginx-module, lua-resty-redis', 1],
        ['lua-dict', 'lua-nginx-module, shared dict', 0],
        ['auth-request', 'auth_request to nginx, Lua and Redis', 1],
        ['auth-request-yes', 'auth_request to nginx that says yes', 0]);

    return map { { name => $_->[0], what => $_->[1], lookups => $_->[2],
                   peer => 1, status => 200, floor => 'floor',
                   ask => sub { [ '?account=' . account($_[0]) ] } } } @row;
}

sub start_servers {
    my $module = Test::Household::Nginx::load_module();
    my @lua = map { "$Modules/$_" } 'ndk_http_module.so',
                                    'ngx_http_lua_module.so';
    my %fill = (PEERS => "$Here/peers", REDIS => $redis{path});

    my $edge = Bench::Server->new(load => [$module || ()], http =>
        http_text(map { $_ => $redis{$_} } qw(main tcp tls))
        . 'server { listen unix:@DIR@/nginx.sock; listen 127.0.0.1:@PORT@;'
        . join('', map { location_text($_) } grep { !$_->{peer} } @rows)
        . '}');

    $_->{servers} = [$edge] for grep { !$_->{peer} } @rows;
    return if !grep { $_->{peer} } @rows;

    my $common = "keepalive_requests 1000000000;\nkeepalive_timeout 1h;\n";
    my $lua = Bench::Server->new(load => \@lua, fill => \%fill,
        http => $common . slurp("$Here/peers/lua.conf"));
    my $auth = Bench::Server->new(
        fill => { %fill, BACKEND => "$lua->{dir}/backend.sock" },
        http => $common . slurp("$Here/peers/auth-request.conf"));

    $_->{servers} = $_->{name} =~ /^auth/ ? [$auth, $lua] : [$lua]
        for grep { $_->{peer} } @rows;
}


# --- what is asked --------------------------------------------------------

sub write_requests {
    my ($row) = @_;
    $row->{file} = "$dir/$row->{name}";

    open my $wire, '>', "$row->{file}.requests" or die "$!\n";
    open my $uris, '>', "$row->{file}.uris" or die "$!\n";

    for (1 .. $row->{asks} || $Accounts) {
        my ($args, @headers) = @{ $row->{ask}->($_) };
        my $uri = "/$row->{name}$args";

        $row->{header} ||= $headers[0];
        print $wire join '\r\n', "GET $uri HTTP/1.1", 'Host: edge.example',
            @headers, '', "\n";
        print $uris "http://127.0.0.1:$row->{servers}[0]{port}$uri\n";
    }
}

# whom it lets in and whom it does not, before anything is measured
sub check_answers {
    my ($row) = @_;
    my @ask = ([$row->{ask}->(1), $row->{status}]);

    push @ask, [['?account=' . stranger(1)], 403]
        if $row->{peer} && $row->{name} !~ /yes/
           || $row->{name} =~ /^(cached|lookup.*)$/;

    for (@ask) {
        my ($ask, $status) = @$_;
        my ($args, @headers) = @$ask;
        my $conn = Test::Household::Nginx::Conn->new(
            $row->{servers}[0]{port});
        my $r = $conn->get("/$row->{name}$args",
                           map { split /: /, $_, 2 } @headers);

        wrong($row, "$r->{status} for $args, not $status")
            if $r->{status} != $status;
        wrong($row, 'not the gif')
            if $status == 200 && $r->{body} !~ /^GIF89a/;
    }
}

sub wrong {
    my ($row, $what) = @_;

    print STDERR "\n$row->{name}: WRONG: $what\n";
    $row->{wrong}++;
    $wrong++;
}


# --- what is measured -----------------------------------------------------

sub peak {
    my ($row) = @_;
    my @pids = map { $_->worker } @{ $row->{servers} };
    my @before = map { Bench::Server::cpu($_) } @pids, $redis->pid;
    my $asked = lookups();

    my ($n, $usec, $status, $errors) = load($row, $opt{seconds});

    my @used = map { Bench::Server::cpu($_) } @pids, $redis->pid;
    $_ = ($_ - shift @before) / $n for @used;
    $asked = (lookups() - $asked) / $n;

    push @{ $row->{rate} }, $n / $usec * 1e6;
    push @{ $row->{redis} }, pop @used;
    push @{ $row->{cpu} }, eval { join '+', @used };
    push @{ $row->{asked} }, $asked;

    wrong($row, "$errors errors") if $errors;
    wrong($row, "$status refused of $n")
        if $status != ($row->{status} == 200 ? 0 : $n);
    wrong($row, sprintf '%.2f lookups a request', $asked)
        if $row->{lookups} ? abs($asked - 1) > 0.1 : $asked > 0.1;
}

# requests, microseconds, refused ones, and those without an answer
sub load {
    my ($row, $seconds) = @_;

    local $ENV{WRK_REQUESTS} = "$row->{file}.requests";
    my $out = `taskset -c 1 wrk -t1 -c$Conns -d${seconds}s --timeout 20s \\
        -s $Here/load.lua http://127.0.0.1:$row->{servers}[0]{port}/ 2>&1`;

    return $out =~ /^RESULT (\d+) (\d+) (\d+) (\d+)/m
        ? ($1, $2, $3, $4) : die "$row->{name}: wrk: $out\n";
}

# lookups of accounts that Redis has answered
sub lookups {
    my ($calls) = $redis->cmd('INFO', 'commandstats')
                  =~ /^cmdstat_smembers:calls=(\d+)/m;
    return $calls || 0;
}

# Latency at half of the row's peak, by h2load: it starts requests by a clock
# on each of its connections, but waits for the answer before the next one, so
# a stall of the server delays what it sends.
sub tail {
    my ($row) = @_;
    my $clients = 16;
    my $rate = Bench::Report::median($row->{rate}) / 2;
    my $log = "$row->{file}.latency";
    my $header = $row->{header} ? "-H '$row->{header}'" : '';

    my $out = `taskset -c 1 h2load --h1 -t1 -c$clients -D $opt{seconds} \\
        --rps=@{[ $rate / $clients ]} --log-file=$log $header \\
        -i $row->{file}.uris 2>&1`;

    my @usec = sort { $a <=> $b } map { (split)[2] } split /\n/, slurp($log);
    unlink $log;
    wrong($row, "h2load: $out"), return if !@usec;

    $row->{p50} = $usec[0.5 * @usec];
    $row->{p99} = $usec[0.99 * @usec];
    $row->{p999} = $usec[0.999 * @usec];
    $row->{tail_rate} = @usec / $opt{seconds};
}

#!/usr/bin/perl

# What an import costs: accounts that Redis does not have, with two networks,
# country and seats, written by one worker process to one Redis.
#
#   import.pl [--accounts N] [--audit]
#
# With --audit each account is a line of the audit log, too.
#
# Prints the CPU time of an account in nginx and in Redis, each of which uses
# one core, and the accounts a minute: as measured, and as the slower of the
# two would reach with a core of its own.  Exits with 1 if an account was not
# written.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib", "$FindBin::RealBin/../lib";

use Bench::Machine qw(machine check_load);
use Getopt::Long;
use JSON::PP;
use List::Util qw(max);
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(temp_dir);
use Test::Household::Redis;
use Test::Household::Usage qw(cpu memory);
use Time::HiRes qw(time);

my %opt = (accounts => 200_000);

GetOptions(\%opt, 'accounts=i', 'audit') or exit 2;

my $n = $opt{accounts};
my $key = temp_dir('import') . '/key';

open my $out, '>', $key or die "$key: $!\n";
print $out 'k' x 32;
close $out;

my $redis = Test::Household::Redis->new(unix => 1);
my $nginx = Test::Household::Nginx->new(
    log_level => 'warn',
    http => http_config(server => $redis->address,
                        redis => 'connect_timeout 20s; timeout 20s;')
        . ($opt{audit} ? "household_hmac_key $key;\n" : ''),
    server => 'location /api/ { household_api main write;'
        . ($opt{audit} ? ' household_api_audit audit.log;' : '')
        . ' client_max_body_size 0; client_body_buffer_size 64k; }');

check_load(machine());

my ($worker) = $nginx->workers;
my $r = import(0, 1000);
my @cpu = map { cpu($_) } $worker, $redis->{pid};
my $start = time;

$r = import(1000, $n);

my $wall = time - $start;
my ($edge, $store) = map { (cpu($_) - shift @cpu) / $n * 1e6 }
                     $worker, $redis->{pid};

if ($r->{status} != 200 || $r->{json}{written} != $n) {
    print STDERR "import: $r->{status} $r->{body}\n";
    exit 1;
}

printf "%d accounts in %.1f s\n\n", $n, $wall;
printf "%-10s %10s\n", '', 'CPU, us';
printf "%-10s %10.1f\n", @$_ for ['nginx', $edge], ['Redis', $store];
printf "\naccounts a minute: %d measured, %d by CPU on two cores\n",
    60 * $n / $wall, 60e6 / max($edge, $store);
printf "nginx has %d KB of memory of its own\n", memory($worker);


# --- the load -------------------------------------------------------------

# imports accounts, of which 1000 lines at a time are made and sent
sub import {
    my ($first, $count) = @_;
    my $conn = $nginx->connect;

    $conn->send_request(POST => '/api/1/import', Connection => 'close',
                        'Content-Type' => 'application/x-ndjson',
                        'Transfer-Encoding' => 'chunked');

    for (my $i = $first; $i < $first + $count; $i += 1000) {
        my $lines = join '', map { line($_) } $i .. $i + 999;
        $conn->send(sprintf "%x\r\n%s\r\n", length $lines, $lines);
    }

    $conn->send("0\r\n\r\n");

    my $response = $conn->response;
    $response->{json} = eval { decode_json($response->{body}) };
    return $response;
}

sub line {
    my ($i) = @_;
    my $v4 = join '.', 10, ($i >> 16) & 255, ($i >> 8) & 255, $i & 255;
    my $v6 = sprintf '2001:db8:%x:%x00::/56', ($i >> 8) & 0xffff, $i & 255;

    return qq({"account":"account-$i","home":["$v4","$v6"],)
        . qq("country":"FR","seats":2}\n);
}

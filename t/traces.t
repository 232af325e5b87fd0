#!/usr/bin/perl

# The log of docs/metrics.md, "Traces": each line is JSON, and has the ids of
# the trace and what was decided.

use strict;
use warnings;

use lib 't/lib';
use Encode qw(decode);
use JSON::PP;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(slurp wait_until);
use Test::Household::Redis;
use Test::More;

my ($config) = slurp('docs/metrics.md')
    =~ /^## Traces.*?^```nginx\n(.*?)^access_log/ms;
like $config, qr/log_format spans/, 'the format of the docs';

my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', '82.64.10.7');

my $edge = Test::Household::Nginx->new(
    http => $config . http_config(server => $redis->address, zone => '1m'),
    server => 'access_log spans.log spans;'
        . location('/', '', 'main zone=households'));

my $trace = '0af7651916cd43dd8448eb211c80319c';
my $parent = 'b7ad6b7169203331';

my @requests = (
    ["00-$trace-$parent-01", '82.64.10.7', 'home', 'a'],
    ["00-$trace-$parent-00", '203.0.113.9', 'outside', 'a'],
    ["01-$trace-$parent-01", '203.0.113.9', 'unregistered', '%22%0a%c3%a9'],
    ["00-$trace-$parent-01\"}", '203.0.113.9', 'unregistered', '%ff%fe'],
    [undef, '203.0.113.9', 'account_missing', ''],
);

for (@requests) {
    my ($header, $from, $reason, $account) = @$_;
    $edge->get("/$account?account=$account", 'X-Forwarded-For' => $from,
               $header ? ('Traceparent' => $header) : ());
}

ok wait_until { slurp("$edge->{dir}/spans.log") =~ tr/\n// == @requests },
    'a line for each request';

# bytes that are not UTF-8 are replaced, as by a collector
my @spans = map { eval { JSON::PP->new->decode($_) } // fail("JSON: $_") }
            split /\n/, decode('UTF-8', slurp("$edge->{dir}/spans.log"));

for my $i (0 .. $#requests) {
    my ($header, $from, $reason) = @{ $requests[$i] };
    my $valid = ($header // '') =~ /^00-.*-0[01]$/;

    is $spans[$i]{'trace_id'}, $valid ? $trace : '', "$reason: the trace";
    is $spans[$i]{'parent_id'}, $valid ? $parent : '', "$reason: the parent";
    is $spans[$i]{'household.reason'}, $reason, "$reason: why";
    like $spans[$i]{'household.status'}, qr/^[A-Z]+$/, "$reason: the outcome";
}

like $spans[0]{'household.lookup_time'}, qr/^\d+\.\d+$/, 'how long it waited';

done_testing;

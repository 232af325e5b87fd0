#!/usr/bin/perl

# A cache that is cold asks for more than Redis answers: it becomes warm all
# the same, within seconds, whatever "timeout" is, and stays so.  The server
# has a service rate: a fifth of a load of 2500 requests a second over 2000
# accounts, where 1000 lookups a second are answered.  OVERLOAD_SCALE=5 is the
# whole of it.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Meter;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Rate;
use Test::Household::Redis;
use Test::More;
use Time::HiRes qw(sleep time);

my $scale = $ENV{OVERLOAD_SCALE} || 1;
my ($rate, $accounts, $lookups) = map { $_ * $scale } 500, 400, 200;
my $home = '82.64.10.7';

my $redis = Test::Household::Redis->new(unix => 1,
    config => "appendonly yes\nappendfsync no");
$redis->cmd(SADD => "household:{a$_}", $home) for 0 .. $accounts - 1;

# timeout and workers
my @cases = map { [split /,/] } split / /, $ENV{OVERLOAD_CASES}
    || '20ms,1 50ms,4 3s,4';

for (@cases) {
    my ($timeout, $workers) = @$_;
    my $name = "timeout $timeout, $workers workers";
    my $meter = Test::Household::Meter->new(to => $redis->{path},
                                            rate => $lookups);
    my $edge = Test::Household::Nginx->new(
        workers => $workers, log_level => 'notice',
        http => http_config(server => $meter->address, zone => '4m',
                            redis => "timeout $timeout; "
                                     . 'connect_timeout 200ms;'),
        server => location('/', '', 'main zone=households fresh=60s '
                                    . 'stale=1h'));
    my $load = Test::Household::Rate->new($edge, rate => $rate,
        accounts => $accounts, conns => 250);

    # two seconds in a row with nothing but hits, or what is as good
    my $warm = sub {
        my ($from) = @_;
        my $end = time + 30;

        while (time < $end) {
            my @seconds = $load->seconds;
            for my $n ($from + 1 .. $#seconds) {
                return $n - $from if !grep {
                    my $s = $_;
                    grep { !/^(?:HIT|UPDATING|EXPIRED)$/ } keys %$s
                        or !$s->{HIT};
                } @seconds[$n - 1, $n];
            }
            sleep 0.1;
        }
        diag join "\n", map { join ' ', %$_ } $load->seconds;
        return;
    };

    my $took = $warm->(0);
    ok $took, "$name: warm";

    for my $case (
        ['restart', sub { $redis->stop; sleep 1; $redis->start }],
        ['reload', sub { $edge->reload }],
        ['CLIENT KILL', sub {
            $redis->cmd(CLIENT => KILL => TYPE => 'pubsub') }],
    ) {
        my ($what, $do) = @$case;
        my $before = $meter->lookups;

        $do->();

        my $from = () = $load->seconds;
        my $took = $warm->($from);
        ok $took, "$name, $what: warm again";
        my $n = $meter->lookups - $before;
        diag "$name, $what: ", $took // 'not', ' s, ', $n, ' lookups';

        # An account is asked for once, and not by each of four workers; some
        # twice, and again if a busy machine takes long.
        my $most = 3 * $accounts;
        $most *= $took / 4 if ($took // 0) > 4;
        cmp_ok $n, '<', $most, "$name, $what: few lookups";
    }

    # A reply that is late has no error of the system, as a greeting has.  On a
    # busy machine the server may be silent for the timeout now and then.

    my @lost = $edge->log =~ /^.*: timed out(?!.*\(110: )/mg;
    cmp_ok scalar(@lost), '<', 10 * $workers,
        "$name: a slow server is not down" or diag join "\n", @lost;
    $load->stop;
    $edge->stop;
}

done_testing;

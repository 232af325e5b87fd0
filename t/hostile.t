#!/usr/bin/perl

# A hostile Redis, Sentinel and Cluster under load: t/lib/Test/Household/
# Hostile.pm.  A small model says which answers may be given: who is at home is
# never refused, who is not is never allowed but while nothing is known, and
# changes are seen.  HOSTILE_SEED repeats a run, HOSTILE_SECONDS makes it last.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Hostile;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::More;
use Time::HiRes qw(time);

my $home = '82.64.10.7';
my $seconds = $ENV{HOSTILE_SECONDS} || 5;
my $seed = $ENV{HOSTILE_SEED} || $$;

# longer than any change is missed: a lease, a connection that is stuck
my $known = 30;

diag "HOSTILE_SEED=$seed";
srand $seed;

my %data = ('household:control' => {});
my @homes = map { "home$_" } 1 .. 20;
my @strangers = map { "none$_" } 1 .. 20;
my @movers = map { "move$_" } 1 .. 6;

for (@homes) {
    $data{"household:{$_}"} = ['192.0.2.1', $home];
    $data{"household:{$_}:account"} = { plan => 'family', x => 1 };
}

# of servers; the usual one would end before a long run
$Test::Household::FakeRedis::Lifetime = $seconds + 600;

my $hostile = Test::Household::Hostile->new(seed => $seed, data => \%data);
my $sentinels = join '', map { " sentinel $_;" } $hostile->sentinels;
my $nodes = join '', map { " server $_;" } $hostile->nodes;
my $times = 'timeout 100ms; connect_timeout 100ms;';

my $edge = Test::Household::Nginx->new(
    workers => 2,
    http => http_config(server => $hostile->redis, zone => '1m',
                        redis => $times) . <<"EOC",
household_zone zone=second:1m;
household_redis sentinel { $sentinels master main; $times }
household_redis cluster { $nodes cluster on; $times }
EOC
    server => location('/redis', '', 'main zone=households fresh=1h '
                                     . 'missing=1h stale=1h')
              . location('/sentinel', '', 'sentinel zone=second fresh=1s '
                                          . 'missing=1s stale=1h')
              . location('/cluster', '', 'cluster zone=households fresh=1h '
                                         . 'missing=1h stale=1h')
              . location('/plain', '', 'cluster')
              . location('/bare', ''));

my @paths = qw(redis sentinel cluster plain bare);
my @workers = $edge->workers;
my (%changed, %is_home, %seen, @wrong, $stuck);
my $requests = 0;


# returns why an answer may not be given, if it may not

sub wrong {
    my ($account, $r) = @_;
    my ($status, $reason) = @{ $r->{headers} }{qw(x-status x-reason)};

    return "status $r->{status}" if !defined $reason;
    $seen{"$status $reason"}++;

    return $r->{status} == 200 ? '' : 'passes'
        if $status eq 'UNAVAILABLE' || $status eq 'ALLOWED' && $r->{status} != 200;
    return 'what is that' if $status !~ /^(?:ALLOWED|DENIED)$/;

    my $allowed = $status eq 'ALLOWED';

    # what is known to have changed may allow, as long as Redis does not answer
    return '' if $account =~ /^move/ && $allowed
                 && ($r->{headers}{'x-cache'} // '') eq 'STALE';

    if ($account =~ /^move/) {
        return '' if time - ($changed{$account} // 0) < $known;
        return $allowed == ($is_home{$account} // 0) ? '' : 'a change missed';
    }

    return $allowed == ($account =~ /^home/) ? '' : 'never';
}

sub account {
    my $kind = int rand 5;
    return $kind < 2 ? $homes[rand @homes]
         : $kind < 4 ? $strangers[rand @strangers] : $movers[rand @movers];
}

# a request on each connection, and all of the answers
sub load {
    my ($conns) = @_;
    my @asked;

    for my $conn (@$conns) {
        my ($account, $path) = (account(), $paths[rand @paths]);
        $conn->send_request(GET => "/$path?account=$account",
                            'X-Forwarded-For' => $home);
        push @asked, [$conn, $account, $path];
    }

    for my $i (0 .. $#asked) {
        my ($conn, $account, $path) = @{ $asked[$i] };
        $requests++;

        if (rand() < 0.02) {
            # leaves, perhaps in the middle of its lookup
            $conn->close;
            $conns->[$i] = $edge->connect;
            next;
        }

        my $r = eval { $conn->response };

        # a worker that leaves may close a connection just when a request comes
        $r = eval {
            $conns->[$i] = $edge->connect;
            $conns->[$i]->get("/$path?account=$account",
                              'X-Forwarded-For' => $home);
        } if !$r && $@ =~ /the connection was closed/;

        if (!$r) {
            $stuck = "$path?account=$account: $@";
            return;
        }

        # of a worker that leaves
        $conns->[$i] = $edge->connect
            if ($r->{headers}{connection} // '') eq 'close';

        my $why = wrong($account, $r) or next;
        push @wrong, "$why: /$path?account=$account is $r->{status} "
                     . join ' ', map { "$_=$r->{headers}{$_}" }
                       grep { /^x-/ } sort keys %{ $r->{headers} };
    }
}

sub move {
    my $account = $movers[rand @movers];
    my $now = $is_home{$account} = $is_home{$account} ? 0 : 1;

    $hostile->change("household:{$account}", $now ? [$home] : []);
    $changed{$account} = time;
}


my @conns = map { $edge->connect } 1 .. 12;
my $end = time + $seconds;
my $rounds = 0;

while (time < $end && !$stuck && @wrong < 20) {

    # from a breeze to a hurricane, and calm between
    $hostile->storm([0.02, 0.1, 0.3, 0.7, 0]->[$rounds % 5]);

    my $until = time + 0.5;

    while (time < $until && !$stuck) {
        load(\@conns);
        move() if rand() < 0.05;
        $hostile->disturb if rand() < 0.02;
    }

    $edge->reload, @conns = map { $edge->connect } 1 .. 12
        if ++$rounds % 40 == 0;
}

is $stuck, undef, 'every request is answered';
is_deeply \@wrong, [], 'with what the model says';
is_deeply [$edge->workers], \@workers, 'no worker has died' if $rounds < 40;


# when it is over, everything is as it should be

$hostile->calm;
%changed = ();

for my $path (@paths) {
    for (['a home', $homes[0], 'home'], ['none', $strangers[0], 'unregistered'],
         map { ["$_, changed", $_, $is_home{$_} ? 'home' : 'unregistered'] }
             @movers)
    {
        my ($name, $account, $reason) = @$_;
        my ($got, $cache);

        ok wait_until {
            my $h = $edge->get("/$path?account=$account",
                               'X-Forwarded-For' => $home)->{headers};
            ($got, $cache) = @$h{qw(x-reason x-cache)};
            $got eq $reason && ($path =~ /plain|bare/ || $cache eq 'HIT');
        }, "/$path: $name" or diag "$got, $cache";
    }
}

diag sprintf '%d requests, %d connections to Redis, answers: %s', $requests,
    $hostile->count('connections'),
    join ', ', map { "$seen{$_} $_" } sort keys %seen;

# nginx waits for the first request of a connection
$_->close for @conns;
$edge->quit;
is $edge->{status}, 0, 'it quits';
$hostile->stop;

done_testing;

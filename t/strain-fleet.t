#!/usr/bin/perl

# A fleet under strain: a primary, a replica of a region and two of sites, each
# of which hangs, dies, loses its link or its clients all the time, and edges
# that are reloaded and lose worker processes.  Meanwhile households move.
#
#   I1  a household that is at home is not denied;
#   I2  no decision is older than max_lag allows, unless it is marked STALE.
#
# STRAIN_SECONDS makes it last, STRAIN_SEED repeats the order of the faults.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until free_port);
use Test::Household::Redis;
use Test::More;
use Time::HiRes qw(time sleep);

my $home = '82.64.10.7';
my $seconds = $ENV{STRAIN_SECONDS} || 8;
my $seed = $ENV{STRAIN_SEED} // time ^ $$;

# max_lag, and what docs/fleet.md adds to it; a busy machine is late itself
my ($max_lag, $late) = (2, 2);
my $bound = $max_lag + 2 + $late;

# a fault shorter than that shows nothing of max_lag; it takes time
my $longest = $seconds >= 60 ? 2 * $bound : 2;

my $text = "repl-diskless-sync-delay 0\nrepl-ping-replica-period 1\n"
           . "appendonly yes\nappendfsync no";

sub follower {
    my ($of) = @_;
    return Test::Household::Redis->new(
        config => "$text\nreplicaof 127.0.0.1 $of->{port}");
}

sub follows {
    my ($node) = @_;
    return wait_until {
        eval { $node->cmd(INFO => 'replication') } =~ /link_status:up/
    } 40;
}

my $primary = Test::Household::Redis->new(config => $text);
my $region = follower($primary);
my $other = follower($primary);
follows($_) or die "a replica does not follow\n" for $region, $other;
my $site = follower($region);
follows($site) or die "the replica of a replica does not follow\n";

my @edges = map { edge($_) } 'on', 'broadcast';

sub edge {
    my ($mode) = @_;
    return Test::Household::Nginx->new(
        workers => 2, allow => qr/exited on signal 9/, log_level => 'notice',
        http => http_config(
            server => [$primary->address, $site->address . ' replica',
                       $other->address . ' replica'],
            zone => '1m',
            redis => "tracking $mode; read_from replica max_lag=${max_lag}s;
                      connect_timeout 300ms; timeout 300ms;"),
        server => location('/', '', 'main zone=households fresh=1h missing=1h '
                                    . 'stale=1h'));
}

# of an account, since when it was written, and until when another was not
my (%history, %count, @wrong);
my @calm = map { "calm$_" } 1 .. 20;
my @moving = map { "m$_" } 1 .. 20;

$primary->cmd(SADD => "household:{$_}", $home) for @calm, @moving;
$history{$_} = [{ since => 0, reason => 'home' }] for @moving;
wait_until { eval { $site->cmd(SMEMBERS => 'household:{m20}')->[0] } };

sub moves {
    my ($account) = @_;
    my $states = $history{$account};
    my $last = $states->[-1];
    my $reason = $last->{reason} eq 'home' ? 'outside' : 'home';
    my $since = time;
    my $ok = eval {
        my $client = $primary->client;
        $client->cmd('MULTI');
        $client->cmd(DEL => "household:{$account}");
        $client->cmd(SADD => "household:{$account}",
                     $reason eq 'home' ? $home : '192.0.2.1');
        $client->cmd('EXEC');
    } or return;

    $last->{until} = time;
    push @$states, { since => $since, reason => $reason };
    shift @$states while @$states > 2 && $states->[0]{until} < $since - 60;
}

sub ask {
    my ($edge, $account) = @_;
    my $since = time;
    my $h = eval {
        $edge->{conn} ||= $edge->connect;
        $edge->{conn}->get("/?account=$account", 'X-Forwarded-For' => $home)
             ->{headers};
    };
    if (!$h || ($h->{connection} // '') eq 'close') {
        delete $edge->{conn};
        return if !$h;
    }
    check($edge, $account, $since, $h->{'x-reason'} // '-',
          $h->{'x-cache'} // '-');
}

sub check {
    my ($edge, $account, $since, $reason, $cache) = @_;

    $count{decisions}++;
    $count{$cache}++;
    return $count{unavailable}++ if $reason eq 'unavailable';
    return if $cache eq 'STALE' && $history{$account};

    my $age = 0;
    if (my $states = $history{$account}) {
        my @is = grep { $_->{reason} eq $reason } @$states;
        $age = $is[-1]{until} ? $since - $is[-1]{until} : 0 if @is;
        $age = 1e9 if !@is;
    } elsif ($reason ne 'home') {
        $age = 1e9;
    }

    $count{oldest} = $age if $age < 1e9 && $age > ($count{oldest} // 0);
    push @wrong, sprintf '%s: %s %s, %.1f s old', $account, $reason, $cache, $age
        if $age > $bound;
}


# what happens, and what ends it

my @faults = (
    ['the region hangs', sub { $region->pause }, sub { $region->resume }],
    ['the site hangs', sub { $site->pause }, sub { $site->resume }],
    ['the primary hangs', sub { $primary->pause }, sub { $primary->resume }],
    ['the site dies', sub { $site->kill9 }, sub { $site->start }],
    ['the other replica dies', sub { $other->kill9 }, sub { $other->start }],
    ['the site loses its link',
     sub { $site->cmd(REPLICAOF => '127.0.0.1', free_port()) },
     sub { $site->cmd(REPLICAOF => '127.0.0.1', $region->{port}) }],
    ['listeners are closed',
     sub { eval { $_->cmd(CLIENT => KILL => TYPE => 'pubsub') }
               for $site, $other }],
    ['connections are closed',
     sub { eval { $_->cmd(CLIENT => KILL => TYPE => 'normal') }
               for $site, $other }],
    ['a worker process dies',
     sub { my @w = $edges[rand @edges]->workers; kill 'KILL', $w[rand @w] }],
    ['a reload', sub { $edges[rand @edges]->reload }],
);

srand $seed;
diag "STRAIN_SEED=$seed";

my ($started, $next, $ends, $fault) = (time, 0.5, 0);

while (time - $started < $seconds || $fault) {
    my $now = time - $started;

    if (!$fault && $now > $next) {
        $fault = $faults[rand @faults];
        $count{faults}++;
        $fault->[1]->();
        $ends = $now + 0.2 + rand $longest;
        $fault->[2] or undef $fault;
        $next = $now + 0.5;
    } elsif ($fault && $now > $ends) {
        $fault->[2]->();
        undef $fault;
        $next = $now + rand 2;
    }

    # a primary that hangs acknowledges nothing
    moves($moving[rand @moving])
        if rand() < 0.05 && !($fault && $fault->[0] =~ /primary/);

    for my $edge (@edges) {
        ask($edge, $moving[rand @moving]);
        ask($edge, $calm[rand @calm]);
    }
}

ok $count{decisions} > 100 && $count{faults}, 'decisions and faults';
is scalar(@wrong), 0, "no decision is older than $bound s, nobody at home is denied"
    or diag join "\n", @wrong[0 .. ($#wrong < 20 ? $#wrong : 20)];
diag sprintf '%d decisions, %d of the zone, %d stale, %d unavailable, '
             . '%d faults, the oldest %.1f s',
    map { $count{$_} // 0 } qw(decisions HIT STALE unavailable faults oldest);

# all is well in the end

for my $edge (@edges) {
    delete $edge->{conn};
    for my $account (@calm[0 .. 2], @moving[0 .. 2]) {
        my $want = $history{$account} ? $history{$account}[-1]{reason} : 'home';
        my @got;
        my $is = wait_until {
            my $h = eval {
                $edge->get("/?account=$account", 'X-Forwarded-For' => $home)
                     ->{headers}
            } || {};
            @got = ($h->{'x-reason'} // '-', $h->{'x-cache'} // '-');
            "@got" eq "$want HIT";
        } 30;
        ok $is, "$account is $want" or diag "@got\n", $edge->log;
    }
}

done_testing;

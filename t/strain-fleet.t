#!/usr/bin/perl

# A fleet under strain: a primary, a replica of a region and two of sites, and
# edges that track keys and edges that track all.  Servers hang and die, links
# are held, cut and slow, worker processes hang and die.  Meanwhile households
# move, and each decision on them is checked, as fast as there are some:
#
#   I1  a household that is at home is not denied;
#   I2  no decision is older than max_lag allows, unless it is marked STALE.
#
# STRAIN_SECONDS makes it last, STRAIN_SEED repeats the order of the faults.
# From 60 s on faults last for longer than a decision may be old, and the load
# is not limited.  STRAIN_STOPS=1 ends it with the first decision that is wrong.

use strict;
use warnings;

use lib 't/lib';
use List::Util qw(shuffle);
use Test::Household::Decisions qw(decisions_location);
use Test::Household::Link;
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::Household::Usage qw(connections);
use Test::More;
use Time::HiRes qw(time sleep);

my $seconds = $ENV{STRAIN_SECONDS} || 8;
my $seed = $ENV{STRAIN_SEED} // time ^ $$;
my $soak = $seconds >= 60;

# max_lag, and what docs/fleet.md adds to it; a busy machine is late itself
my ($max_lag, $late) = (2, 2);
my $bound = $max_lag + 2 + $late;

my @load = $soak ? ('-n' => 4000, '-i' => 500, '-c' => 350, '-d' => 32)
                 : ('-n' => 200, '-i' => 50, '-c' => 40, '-r' => 4000);

srand $seed;
diag "STRAIN_SEED=$seed";


# the tree: a link between each two servers, and one to the edges

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
my $to_region = Test::Household::Link->new($primary->{port});
my $region = follower($to_region);
my $other = follower($primary);
follows($_) or die "a replica does not follow\n" for $region, $other;
my $to_site = Test::Household::Link->new($region->{port});
my $site = follower($to_site);
follows($site) or die "the replica of a replica does not follow\n";
my $network = Test::Household::Link->new($site->{port});

sub edge {
    my ($tracking) = @_;
    return Test::Household::Nginx->new(
        workers => 2, log_level => 'notice',
        allow => $Test::Household::Nginx::Killed,
        http => 'access_log off;' . http_config(
            server => [$primary->address, $network->address . ' replica',
                       $other->address . ' replica'],
            zone => '16m',
            redis => "tracking $tracking; connect_timeout 300ms;
                      timeout 300ms; read_from replica max_lag=${max_lag}s;"),
        server => 'keepalive_requests 1000000000; keepalive_time 24h;'
                  . decisions_location('main zone=households fresh=1h '
                                       . 'missing=1h stale=1h'));
}

my @edges = map { edge($_) } 'on', 'broadcast';


# what the primary has, all have
sub whole {
    my ($when) = @_;
    my $is = wait_until {
        eval {
            $primary->cmd(SET => 'mark', my $mark = time);
            3 == grep { ($_->cmd(GET => 'mark') // '') eq $mark }
                 ($region, $site, $other)
        }
    } 60;
    ok $is, "the tree is whole: $when" if !$is;
}


# what is to find the faults finds them: an edge without invalidations, and one
# that denies all, are wrong

sub detects {
    my ($what, $edge, $name) = @_;
    my $load = Test::Household::Decisions->new(
        $primary, [$edge], '-n' => 20, '-i' => 20, '-c' => 100, '-r' => 2000,
        '-b' => 200);

    whole($name);
    $load->feed('go');
    my $is = wait_until { $load->wrong };
    my $seen = $load->seen;
    ok $is && $seen->{$what}, $name or diag explain $seen;
}

my $ignorant = edge('off');
detects('old', $ignorant, 'an edge without invalidations is noticed');
$ignorant->reload(server => $ignorant->{server} =~ s/on;/on; deny all;/r);
detects('denied', $ignorant, 'an edge that denies a home is noticed');
$ignorant->quit;


# what happens, and what ends it

sub hangs {
    my ($name, $process) = @_;
    return ["$name hangs", sub { $process->pause }, sub { $process->resume }];
}

sub dies {
    my ($name, $process) = @_;
    return ["$name dies", sub { $process->kill9 }, sub { $process->start }];
}

# of each edge: the one that tracks has the most connections, or the other
sub worker {
    my ($tracks) = @_;
    return map {
        my %conns;
        for my $pid ($_->workers) {
            $conns{$pid} += $_ for map { connections($_->{port}, $pid) }
                                   $network, $other, $primary;
        }
        (sort { $conns{$a} <=> $conns{$b} } keys %conns)[$tracks ? -1 : 0]
            // ();
    } @edges;
}

sub worker_hangs {
    my ($name, $tracks) = @_;
    my @pids;
    return ["$name hangs", sub { kill 'STOP', @pids = worker($tracks) },
            sub { kill 'CONT', @pids }];
}

# what was written meanwhile is more than the backlog: all is sent again
sub resyncs {
    my ($name, $link, $upper) = @_;
    return ["$name resyncs",
        sub { eval { $upper->cmd(CONFIG => SET => 'repl-backlog-size', 16384) };
              $link->cut },
        sub { $link->pass;
              eval { $upper->cmd(CONFIG => SET => 'repl-backlog-size',
                                 1 << 20) } }];
}

my @faults = (
    hangs('the primary', $primary), dies('the primary', $primary),
    hangs('the region', $region), dies('the region', $region),
    hangs('the site', $site), dies('the site', $site),
    hangs('the other replica', $other), dies('the other replica', $other),
    ['the region hears nothing',
     sub { $to_region->hold }, sub { $to_region->pass }],
    ['the site hears nothing',
     sub { $to_site->hold }, sub { $to_site->pass }],
    ['the link of the site is cut',
     sub { $to_site->cut }, sub { $to_site->pass }],
    resyncs('the region', $to_region, $primary),
    resyncs('the site', $to_site, $region),
    ['replication is slow', sub { $to_site->delay(answers => 500) },
     sub { $to_site->delay }],
    ['the site is not reached',
     sub { $network->hold }, sub { $network->pass }],
    ['the site is cut off', sub { $network->cut }, sub { $network->pass }],
    ['replies are late',
     sub { $network->delay(answers => 30 + int rand 150) },
     sub { $network->delay }],
    ['invalidations are late',
     sub { $network->delay(subscribed => 1000 + int rand 500) },
     sub { $network->delay }],
    ['invalidations stop for a moment',
     sub { $network->hold; sleep 0.5; $network->pass; $network->cut;
           $network->pass }],
    ['connections are closed',
     sub { eval { $_->cmd(CLIENT => KILL => TYPE => 'normal') }
               for $site, $other }],
    ['listeners are closed',
     sub { eval { $_->cmd(CLIENT => KILL => TYPE => 'pubsub') }
               for $site, $other }],
    worker_hangs('the tracking process', 1),
    worker_hangs('another worker process', 0),
    ['the tracking process dies', sub { kill 'KILL', worker(1) }],
    ['another worker process dies', sub { kill 'KILL', worker(0) }],
    ['a reload', sub { $edges[rand @edges]->reload }],
);

# one that is shorter than a decision may be old shows less
sub lasts {
    return !$soak ? rand 1.5 : rand() < 0.3 ? rand 3 : $bound + 1.5 + rand 1;
}

my $load = Test::Household::Decisions->new(
    $primary, \@edges, @load, '-b' => $bound * 1000, '-s' => $seed);
whole('at the start');
$load->feed('go');

my ($started, $n, @deck, %happened) = (time, 0);

while (time - $started < $seconds) {
    @deck = shuffle @faults if !@deck;
    my ($name, $begin, $end) = @{ shift @deck };

    diag sprintf '%6.1f s: %s', time - $started, $name if $soak;
    $happened{$name}++;
    $n++;
    $begin->();

    # also what ends at once is to show what it has done
    sleep lasts();
    $end->() if $end;

    whole($name);
    last if $ENV{STRAIN_STOPS} && $load->wrong;
    sleep($soak ? 0.5 + rand 1.5 : 0.3);
}

my $seen = $load->seen;
my $faults = keys %happened;

cmp_ok $seen->{decisions}, '>', 1000, 'decisions';
is $seen->{denied}, 0, 'I1: nobody at home is denied';
is $seen->{old}, 0, "I2: no decision is older than $bound s";
diag $_ for $load->wrong;
diag sprintf '%d decisions in %.0f s: %d of the zone, %d stale, %d unavailable',
    @$seen{qw(decisions seconds hit stale unavailable)};
diag sprintf '%d changes, %d faults of %d kinds; the oldest decision %.1f s',
    $seen->{changes}, $n, $faults, $seen->{oldest};
diag "the load itself was late by $seen->{late} s" if $seen->{late};


# all is well in the end

sub decision {
    my ($edge, $account) = @_;
    return eval { $edge->get("/?account=$account")->{headers}{'x-decision'} }
           // '-';
}

for my $edge (@edges) {
    my @accounts = ('c0', 'c1', 'm0', 'm1');
    my @want = map {
        my ($net) = @{ $primary->cmd(SMEMBERS => "household:{$_}") };
        $net =~ /^127/ ? "home HIT $net" : 'outside HIT '
    } @accounts;
    my @got;
    my $is = wait_until {
        @got = map { decision($edge, $_) } @accounts;
        join('|', map { s/ $//r } @got) eq join('|', map { s/ $//r } @want);
    } 30;

    ok $is, 'in the end all is known' or diag "@got\n@want\n", $edge->log;
}

done_testing;

#!/usr/bin/perl

# A fleet on one machine: a primary, two regional replicas behind a proxy that
# delays, a replica of a site behind each, edges that stand in (fleet.c), and
# two real edges at each site.
#
#   fleet.pl [--out DIR] [--edges N] [--accounts N] [--rate N] [--seconds S]
#            [--samples N] [--delay MS] [--modes broadcast,on]
#
# Reports, for both modes of "tracking": the time from the acknowledged write
# until a real edge has another verdict, the CPU of each tier for a change, the
# table of tracked keys, and what a restart of a site's replica and of the
# primary does to verdicts.  Writes fleet.md into DIR and prints it.  Exits with
# 1 if a registered household was denied or a change was not seen.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib", "$FindBin::RealBin/../lib";

use Bench::Fleet qw(writer stand_ins);
use Bench::Machine qw(machine check_load busy);
use Getopt::Long;
use Test::Household::Link;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::Household::Usage ();
use Time::HiRes qw(time sleep);

my %opt = (out => '.', edges => 100, accounts => 10000, rate => 350,
           seconds => 10, samples => 50, delay => 80,
           modes => 'broadcast,on');

GetOptions(\%opt, 'out=s', 'edges=i', 'accounts=i', 'rate=i', 'seconds=i',
           'samples=i', 'delay=i', 'modes=s') or exit 2;

my $Home = '82.64.10.7';
my $Common = "repl-ping-replica-period 1\nrepl-diskless-sync-delay 0\n"
             . "repl-backlog-size 64mb\nmaxclients 20000";

$| = 1;
my $machine = machine();
check_load($machine);

my $wrong = 0;
my @lines;
my %figure;

measure($_) for split /,/, $opt{modes};
report();
exit($wrong ? 1 : 0);


sub measure {
    my ($mode) = @_;
    my $f = $figure{$mode} = {};
    my %tree = tree();
    my ($primary, @sites) = ($tree{primary}, @{ $tree{sites} });

    fill($primary);
    all_follow(\%tree);

    my $empty = memory($sites[0]);
    my @stand_ins = map {
        stand_ins($mode, $opt{edges}, $opt{accounts}, $_->{port})
    } @sites;
    my @edges = map { edge($mode, \%tree, $_) } 0, 1, 0, 1;

    $f->{keys} = number($sites[0], stats => 'tracking_total_keys');
    $f->{bytes} = $mode eq 'on'
        ? (memory($sites[0]) - $empty) / ($f->{keys} || 1) : 0;

    # heartbeats alone, and then with changes

    my $idle = cpu(\%tree, $opt{seconds});
    my $writer = writer($primary->{port}, $opt{rate}, $opt{accounts});
    my $busy = cpu(\%tree, $opt{seconds});
    my $changes = $opt{rate} * $opt{seconds};

    $f->{$_} = ($busy->{$_} - $idle->{$_}) / $changes * 1e6
        for qw(primary region site);
    $f->{share} = $busy->{site} / $opt{seconds};
    $f->{heartbeats} = $idle->{site} / $opt{seconds};

    my $use = use_of(\@edges);
    $f->{times} = [propagation($primary, \@edges)];
    @$f{qw(cores own)} = $use->();
    $f->{restart} = restart($sites[0], \@edges, 'the replica of a site');
    all_follow(\%tree);
    $f->{failover} = restart($primary, \@edges, 'the primary');

    $writer->stop;
    $_->stop for @stand_ins;
    $_->quit for @edges;
    $_->stop for $primary, @{ $tree{regions} }, @sites;
    $_->stop for @{ $tree{proxies} };
}

# half of the delay in each direction
sub tree {
    my $primary = Test::Household::Redis->new(
        config => "$Common\ndbfilename dump.rdb");
    my @proxies = map { Test::Household::Link->new($primary->{port}) } 1, 2;
    $_->delay(answers => $opt{delay} / 2, requests => $opt{delay} / 2)
        for @proxies;
    my @regions = map { replica($_->{port}) } @proxies;
    my @sites = map { replica($_->{port}) } @regions;

    return (primary => $primary, proxies => \@proxies, regions => \@regions,
            sites => \@sites);
}

sub replica {
    my ($port) = @_;
    return Test::Household::Redis->new(
        config => "$Common\nreplicaof 127.0.0.1 $port");
}

sub all_follow {
    my ($tree) = @_;

    for my $node (@{ $tree->{regions} }, @{ $tree->{sites} }) {
        wait_until {
            $node->cmd(INFO => 'replication') =~ /master_link_status:up/
        } 60 or die "a replica does not follow\n";
    }
    my $mark = time;
    $tree->{primary}->cmd(SET => 'mark', $mark);
    for my $node (@{ $tree->{sites} }) {
        wait_until { ($node->cmd(GET => 'mark') // '') eq $mark } 60;
    }
}

sub fill {
    my ($primary) = @_;
    my $client = $primary->client;

    # the writer changes those with a number

    for my $n (0 .. $opt{accounts} - 1, 'canary', map { "calm$_" } 0 .. 99) {
        $client->cmd(SADD => "household:{$n}", $Home);
        $client->cmd(HSET => "household:{$n}:account", country => 'FR');
    }
}

sub edge {
    my ($mode, $tree, $site) = @_;
    my $edge = Test::Household::Nginx->new(
        workers => 1,
        log_level => 'warn',
        http => http_config(
            server => [$tree->{primary}->address,
                       $tree->{sites}[$site]->address . ' replica',
                       $tree->{regions}[$site]->address . ' replica'],
            zone => '16m',
            redis => "tracking $mode; read_from replica max_lag=3s;
                      connect_timeout 500ms; timeout 500ms;"),
        server => 'keepalive_requests 1000000;'
                  . location('/', '', 'main zone=households fresh=1h '
                                      . 'missing=1h stale=1h'));

    wait_until { (ask($edge, 'canary'))[1] eq 'HIT' } 30
        or die 'nothing is cached: ' . $edge->log;
    return $edge;
}

sub ask {
    my ($edge, $account) = @_;

    for my $try (1, 2) {
        $edge->{conn} ||= $edge->connect;
        my $h = eval {
            $edge->{conn}->get("/?account=$account",
                               'X-Forwarded-For' => $Home)->{headers};
        };
        return ($h->{'x-reason'} // '-', $h->{'x-cache'} // '-') if $h;
        delete $edge->{conn};
    }
    die "no answer\n";
}

sub number {
    my ($node, $section, $name) = @_;
    return $node->cmd(INFO => $section) =~ /^$name:([\d.]+)/m ? $1 : 0;
}

# without the buffers of clients
sub memory {
    my ($node) = @_;
    return number($node, memory => 'used_memory')
           - number($node, memory => 'mem_clients_normal');
}

# seconds of CPU of each tier, on average over its servers
sub cpu {
    my ($tree, $seconds) = @_;
    my %node = (primary => [$tree->{primary}], region => $tree->{regions},
                site => $tree->{sites});
    my $sum = sub {
        my %used;
        for my $tier (keys %node) {
            for my $redis (@{ $node{$tier} }) {
                $used{$tier} += (number($redis, cpu => 'used_cpu_sys')
                                 + number($redis, cpu => 'used_cpu_user'))
                                / @{ $node{$tier} };
            }
        }
        return \%used;
    };

    my $before = $sum->();
    sleep $seconds;
    my $after = $sum->();
    return { map { $_ => $after->{$_} - $before->{$_} } keys %node };
}

# returns code, which returns the cores that are in use since then, by all
# and by this benchmark
sub use_of {
    my ($edges) = @_;
    my $own = sub {
        my $sum = Test::Household::Usage::cpu($$);
        $sum += Test::Household::Usage::cpu($_)
            for (map { $_->pid } Test::Household::Process::live()),
                (map { $_->workers } @$edges);
        return $sum;
    };
    my @since = (time, busy() / 1e6, $own->());

    return sub {
        my $seconds = time - $since[0];
        return map { $_ / $seconds } busy() / 1e6 - $since[1],
                                     $own->() - $since[2];
    };
}

# From the reply to the write until each edge has the other verdict.  What is
# measured runs on these cores, too: nothing is asked before anything can have
# come, and then every 2 ms.
sub propagation {
    my ($primary, $edges) = @_;
    my $client = $primary->client;
    my @times;

    for my $i (1 .. $opt{samples}) {
        my $network = $i % 2 ? '192.0.2.1' : $Home;
        my $want = $i % 2 ? 'outside' : 'home';

        $client->cmd('MULTI');
        $client->cmd(DEL => 'household:{canary}');
        $client->cmd(SADD => 'household:{canary}', $network);
        $client->cmd('EXEC');

        my $since = time;
        my %waits = map { $_ => $edges->[$_] } 0 .. $#$edges;

        sleep $opt{delay} / 2500;

        while (%waits && time - $since < 10) {
            sleep 0.002;
            for my $n (keys %waits) {
                next if (ask($waits{$n}, 'canary'))[0] ne $want;
                push @times, 1000 * (time - $since);
                delete $waits{$n};
            }
        }

        if (%waits) {
            print STDERR "a change was not seen within 10 s\n";
            $wrong = 1;
        }
        sleep 0.05 + rand 0.1;
    }

    return sort { $a <=> $b } @times;
}

# kills a server for a second, and asks meanwhile, for 20 s
sub restart {
    my ($node, $edges, $what) = @_;
    my (%count, %back);

    for my $edge (@$edges) {
        ask($edge, "calm$_") for 0 .. 99;
    }

    my $since = time;
    my $down = 0;

    while (time - $since < 20) {
        my $at = time - $since;

        if (!$down && $at > 1) {
            $down = 1;
            $node->cmd('SAVE');
            $node->kill9;
        } elsif ($down == 1 && $at > 2) {
            $down = 2;
            $node->start;
        }

        for my $n (0 .. $#$edges) {
            my $account = 'calm' . int rand 100;
            my ($reason, $cache) = ask($edges->[$n], $account);

            $count{$reason}++;
            if ($reason ne 'home' && $reason ne 'unavailable') {
                print STDERR "$what: $reason\n" if !$wrong++;
            }
            $back{$n} = $at if $down && $cache ne 'HIT';
        }
        sleep 0.002;
    }

    my ($last) = sort { $b <=> $a } 0, values %back;
    return { home => $count{home} // 0,
             unavailable => $count{unavailable} // 0,
             others => $wrong, seconds => $last > 1 ? $last - 1 : 0 };
}

sub report {
    my @modes = grep { $figure{$_} } split /,/, $opt{modes};
    my $row = sub {
        my ($what, $format, $code) = @_;
        push @lines, "| $what | " . join(' | ', map {
            sprintf $format, $code->($figure{$_}) } @modes) . ' |';
    };
    my $share = sub {
        my ($name) = @_;
        return sub { $_[0]{times}[int($name * $#{ $_[0]{times} })] // 0 };
    };

    push @lines, sprintf('%d edges stand in at each of 2 sites, %d changes/s, '
                         . '%d ms to the regions and back, %d accounts.',
                         @opt{qw(edges rate delay accounts)}), '',
        '| | ' . join(' | ', map { "`$_`" } @modes) . ' |',
        '| --- |' . ' --- |' x @modes;

    $row->('a change is seen: p50', '%.0f ms', $share->(0.5));
    $row->('a change is seen: p99', '%.0f ms', $share->(0.99));
    $row->('a change is seen: worst', '%.0f ms', $share->(1));
    $row->('cores in use meanwhile', '%.1f', sub { $_[0]{cores} });
    $row->('... by this benchmark', '%.1f', sub { $_[0]{own} });
    $row->("CPU of the $_ for a change", '%.0f us',
           do { my $tier = $_; sub { $_[0]{$tier} } })
        for qw(primary region site);
    $row->("replica of a site, CPU of one core, at $opt{rate} changes/s",
           '%.0f %%', sub { 100 * $_[0]{share} });
    $row->('of that, heartbeats and checks', '%.1f %%',
           sub { 100 * $_[0]{heartbeats} });
    $row->('keys in the table of a site', '%d', sub { $_[0]{keys} });
    $row->('bytes of Redis for such a key', '%.0f', sub { $_[0]{bytes} });
    $row->('restart of the replica of a site: home', '%d',
           sub { $_[0]{restart}{home} });
    $row->('... unavailable', '%d', sub { $_[0]{restart}{unavailable} });
    $row->('... all from the zone again after', '%.1f s',
           sub { $_[0]{restart}{seconds} });
    $row->('restart of the primary: home', '%d',
           sub { $_[0]{failover}{home} });
    $row->('... unavailable', '%d', sub { $_[0]{failover}{unavailable} });
    $row->('... all from the zone again after', '%.1f s',
           sub { $_[0]{failover}{seconds} });

    # with "broadcast" each edge costs its server the same; with "on", those do
    # that have read the account

    $row->('on paper: 10,000 edges at one server, cores', '%.2f', sub {
        $_[0]{site} * $opt{rate} / 1e6
            * ($_[0]{keys} ? 1 : 10000 / ($opt{edges} + 2)) });

    mkdir $opt{out};
    open my $out, '>', "$opt{out}/fleet.md" or die "fleet.md: $!\n";
    print {$_} map { "$_\n" } @lines for $out, *STDOUT;
    close $out;
    printf "%s, %d cores, Redis %s, nginx %s, load %.1f at the start, %.1f at "
        . "the end\n", @$machine{qw(processor cores redis nginx load_at_start)},
        machine()->{load_at_start};
}

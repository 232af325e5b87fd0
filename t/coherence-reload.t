#!/usr/bin/perl

# A reload hands the subscription to invalidations over to a new worker: what
# is cached stays fresh, and no change is missed in between.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until running);
use Test::Household::Redis;
use Test::More;
use Time::HiRes qw(sleep);

my $home = '82.64.10.7';
my $redis = Test::Household::Redis->new(unix => 1);

my %config = (
    http => http_config(server => $redis->address, zone => '1m',
                        redis => 'timeout 5s; connect_timeout 5s;'),
    server => location('/', '', 'main zone=households fresh=1h missing=1h '
                                . 'stale=1h')
              . 'location = /status { household_metrics zone=households; }');

my $edge = Test::Household::Nginx->new(workers => 2, %config);
my $conn;

sub ask {
    my ($account) = @_;
    my $h = $edge->get("/?account=$account", 'X-Forwarded-For' => $home)
                 ->{headers};
    return ($h->{'x-reason'} // '-', $h->{'x-cache'} // '-');
}

sub marks {
    return $edge->metric(cache_invalidations_total => scope => 'namespace');
}

$redis->cmd(SADD => "household:{a$_}", $home) for 0 .. 49;
ok wait_until { (ask('a0'))[1] eq 'HIT' }, 'before: invalidations are received';
ask("a$_") for 0 .. 49;
is scalar(grep { (ask("a$_"))[1] eq 'HIT' } 0 .. 49), 50, 'before: 50 hits';

my $before = marks();
my %old = map { $_ => 1 } $edge->workers;
my (@not, @wrong);

# some long after the other, some while the one before is under way
for my $n (0 .. 49) {
    $edge->reload;
    $old{$_} = 1 for $edge->workers;
    sleep 2.2 if $n % 10 == 9;

    push @not, "$n: " . (ask("a$n"))[1] if (ask("a$n"))[1] ne 'HIT';

    # a change that comes in the middle of it
    my $account = "a" . ($n + 1) % 50;
    my $at_home = $n % 2;
    $redis->cmd(($at_home ? 'SADD' : 'SREM'), 'household:{b}', $home);
    my $expected = $at_home ? 'home' : 'unregistered';
    wait_until { (ask('b'))[0] eq $expected } 5
        or push @wrong, "$n: not $expected";
}

is "@not", '', '50 reloads: a hit after each';
is "@wrong", '', '50 reloads: each change is seen';
is marks(), $before, '50 reloads: the zone was not invalidated as a whole';

my %new = map { $_ => 1 } $edge->workers;
ok wait_until { 2 == grep { running($_) } $edge->workers },
    '50 reloads: the last workers are there';
ok wait_until { !grep { running($_) && !$new{$_} } keys %old },
    '50 reloads: the old workers have left';

# nobody takes over: a worker that quits does not wait

{
    my ($quit) = $edge->workers;
    my $began = time;
    $edge->quit;
    is $edge->{status}, 0, 'quit: the worker leaves';
    cmp_ok time - $began, '<', 15, 'quit: and does not wait for another one';
}

# nor does one that quits after a reload, as its successor does

{
    my $edge = Test::Household::Nginx->new(workers => 2, %config);
    ok wait_until { $edge->metric('tracking_coherent') == 1 },
        'reload and quit: invalidations are received';
    my @workers = $edge->workers;
    $edge->reload;
    $edge->quit;
    is $edge->{status}, 0, 'reload and quit: it ends';
    ok !(grep { running($_) } @workers), 'reload and quit: all workers end';
}

# nor does one that quits after a reload that failed, when zones were kept
# already: nginx cannot listen

{
    my $other = Test::Household::Nginx->new;
    my $edge = Test::Household::Nginx->new(workers => 1, %config,
        allow => qr/bind\(\)/);
    ok wait_until { $edge->metric('tracking_coherent') == 1 },
        'a failed reload: invalidations are received';

    my $mark = $edge->mark;
    $edge->configure(http => "$config{http}
        server { listen 127.0.0.1:$other->{port}; }");
    $edge->signal('HUP');
    ok $edge->wait_log(qr/still could not bind/, $mark),
        'a failed reload: it has failed';

    # nobody takes over: for such a one it would wait for 30 seconds
    $edge->signal('QUIT');
    ok $edge->wait_log(qr/: exiting$/m, $mark, 25),
        'a failed reload: the worker leaves at once';
    $edge->quit;
    is $edge->{status}, 0, 'a failed reload: without an error';
}

# the configuration does not track any more

{
    my $edge = Test::Household::Nginx->new(workers => 1, %config);
    my @workers = $edge->workers;
    $edge->get("/?account=a1");
    $edge->reload(server => 'location / { empty_gif; }', http => '');
    ok wait_until { !grep { running($_) } @workers },
        'without a zone: the worker leaves';
}

# the new worker cannot take over at once: the old one stays until it can

{
    my $edge = Test::Household::Nginx->new(workers => 1, %config,
        main => 'worker_shutdown_timeout 1s;');
    my @workers = $edge->workers;
    $edge->get("/?account=a1");
    $redis->pause;
    $edge->reload;
    ok wait_until { !grep { running($_) } @workers },
        'worker_shutdown_timeout: the worker leaves';
    $redis->resume;
}

done_testing;

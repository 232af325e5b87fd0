#!/usr/bin/perl

# Under strain: a Redis that is killed, hangs and comes back all the time,
# while as many requests come as go and records change, and in the middle of
# it a reload and a binary upgrade.  STRAIN_SECONDS makes it last; of a minute
# and more, what nginx uses has to stay as it is, too.

use strict;
use warnings;

use lib 't/lib';
use List::Util qw(max sum0);
use Test::Household::Flood;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until slurp running);
use Test::Household::Redis;
use Test::Household::Usage qw(cpu memory fds connections);
use Test::More;
use Time::HiRes qw(sleep time);

my $home = '82.64.10.7';
my $seconds = $ENV{STRAIN_SECONDS} || 9;
my $soak = $seconds >= 60;
my $workers = 2;
my ($processes, $conns) = (2, 4);

# in a worker: one to Redis, and two of the worker that is told of changes
my ($most, $told) = (1, 2);

# it is killed, and knows everything when it comes back
my $redis = Test::Household::Redis->new(
    config => "appendonly yes\nappendfsync no");

my $edge = Test::Household::Nginx->new(
    daemon => 1, workers => $workers,
    http => http_config(server => $redis->address, zone => '1m',
                        redis => 'timeout 300ms; connect_timeout 300ms;')
            # who waited for as long as may be
            . 'map $household_lookup_time $waited {
                   default 0;
                   "~^(?:[1-9]|0\.(?:29|[3-9]))" 1;
               }
               log_format waits "$household_lookup_time $household_reason";
               access_log waits.log waits if=$waited;',
    # where a change is missed, no end of its time helps
    server => location('/t', '', 'main zone=households fresh=1h missing=1h '
                                 . 'stale=1h')
              . location('/short', '', 'main zone=households fresh=1s '
                                       . 'missing=1s stale=1h')
              . location('/plain', '')
              . 'location = /status { household_metrics zone=households; }
                 location = /requests { stub_status; }');

my @homes = map { "a$_" } 0 .. 199;
my @strangers = map { "s$_" } 0 .. 99;
my @models = map { "m$_" } 0 .. 11;

$redis->cmd(SADD => "household:{$_}", $home) for @homes;


# how an account is judged

sub ask {
    my ($account, $path) = @_;
    my $h = $edge->get(($path // '/t') . "?account=$account",
                       'X-Forwarded-For' => $home)->{headers};
    return ($h->{'x-reason'} // '-', $h->{'x-cache'} // '-');
}

sub requests {
    return ($edge->get('/requests')->{body} =~ /^ \d+ \d+ (\d+)/m)[0];
}


# the model: what was written last is what is answered

srand 1;
my (%networks, %seat, @wrong);

sub expected {
    my ($account) = @_;
    my $at = $networks{$account} || {};

    return $at->{$home} ? 'home' : $seat{$account} ? 'extra_member'
           : %$at ? 'outside' : 'unregistered';
}

sub change {
    my $account = $models[rand @models];
    my $key = "household:{$account}";

    if (rand() < 0.3) {
        $seat{$account} = !$seat{$account};
        $redis->cmd($seat{$account}
            ? (HSET => "$key:account", "extra:s1:$home", 0)
            : (HDEL => "$key:account", "extra:s1:$home"));
        return;
    }

    my $network = rand() < 0.6 ? $home : '192.0.2.1';
    my $at = $networks{$account} ||= {};
    $redis->cmd(($at->{$network} ? 'SREM' : 'SADD'), $key, $network);
    delete $at->{$network} or $at->{$network} = 1;
}

# all know of all changes, and keep what they know
sub settled {
    my ($name) = @_;
    my @not;

    wait_until {
        @not = grep {
            my ($reason, $cache) = ask($_);
            $reason ne expected($_) || $cache !~ /^(?:HIT|MISS)$/;
        } (@models) x 3;
        !@not;
    } or push @wrong, "$name: not known: @not";
}


# connections to Redis, of workers that leave too

my ($greatest, $greatest_all, %pids) = (0, 0);

sub look {
    $pids{$_} = 1 for $edge->workers;
    delete @pids{ grep { !running($_) } keys %pids };
    my @n = connections($redis->{port}, keys %pids);
    $greatest = max($greatest, @n);
    $greatest_all = max($greatest_all, sum0(@n));
}

# nothing that was changed is forgotten again, whoever is away
sub during {
    my ($time, $name) = @_;
    my $end = time + $time;

    do {
        look();
        my $account = $models[rand @models];
        my ($reason) = ask($account);
        push @wrong, "$name: $account is $reason and not " . expected($account)
            if $reason ne expected($account) && $reason ne 'unavailable';
        sleep 0.02;
    } while (time < $end);
}

# CPU of the workers for each request, while it is the same workers
my %cost;

sub measured {
    my ($what, $code) = @_;
    my @who = sort $edge->workers;
    my $used = sub { sum0(map { cpu($_) } @who) };
    my ($before, $n) = ($used->(), requests());

    $code->();
    my ($after, $m) = ($used->(), requests());
    return if "@who" ne join ' ', sort $edge->workers;

    $cost{$what}[0] += $after - $before;
    $cost{$what}[1] += $m - $n;
}

sub flood {
    my @urls = map { my $path = /^m|[02468]$/ ? 't' : 'short';
                     ("/$path?account=$_", "/plain?account=$_") }
               @homes, @strangers, @models;
    return map {
        Test::Household::Flood->new($edge, conns => $conns, uris => \@urls,
                                    from => 97 * $_)
    } 1 .. $processes;
}

sub ends {
    my $all = Test::Household::Flood->merge(map { $_->stop } @_);
    return ($all, join ', ', map { "$_ $all->{seen}{$_}" }
                             sort keys %{ $all->{seen} });
}

sub is_right {
    my ($all, $may, $name) = @_;
    my $seen = $all->{seen};

    is_deeply [grep { /^a / && !/^a (?:home$may)$/ } keys %$seen], [],
        "$name: nobody registered is denied, no request is lost";
    is_deeply [grep { /^s / && !/^s (?:unregistered$may)$/ } keys %$seen], [],
        "$name: and nobody else is taken for one";
}


# what the workers use together: a soak is to show that it stays so

my @what = ('time, s', 'memory, KB', 'files', 'zone, bytes');

sub sample {
    my ($time) = @_;
    my $zone = $edge->metric('zone_used_bytes');
    return [int $time, (map { my $of = $_; sum0(map { $of->($_) }
                                                $edge->workers) }
                        \&memory, \&fds), $zone];
}

# the last third of it is compared with the third before
sub is_flat {
    my ($all, $column, $more) = @_;
    my ($before, $after) = map {
        my $part = $_;
        my @n = sort { $a <=> $b } map { $_->[$column] }
                grep { int($_->[0] * 3 / ($seconds + 1)) == $part } @$all;
        $n[@n / 2];
    } 1, 2;
    cmp_ok $after, '<=', $before + $more->($before),
        "soak: $what[$column]: $before, and then $after";
}

# of the master, after each
sub reloads {
    my ($n) = @_;
    return map {
        $edge->reload;
        wait_until { $edge->workers == $workers };
        memory($edge->pid);
    } 1 .. $n;
}


# in peace

change() for 1 .. 20;
settled('peace');

my @floods = flood();
during(1, 'peace');
measured(peace => sub { during(2, 'peace') });
my ($peace, $text) = ends(@floods);
diag 'in peace: ' . $peace->text;
is_right($peace, '|unavailable', 'peace');
cmp_ok $peace->{seen}{'a unavailable'} || 0, '<', $peace->requests / 100,
    'peace: next to all are answered';
cmp_ok $greatest_all, '<=', $workers * $most + $told,
    'peace: one worker receives invalidations';


# in trouble

my %way = (
    kill => sub {
        $redis->kill9;
        during(0.3 + rand 0.5, 'killed');
        $redis->start;
    },
    end => sub {
        $redis->stop;
        during(0.2, 'ended');
        $redis->start;
    },
    hang => sub {
        $redis->pause;
        during(0.9 + rand 0.5, 'hung');
        $redis->resume;
    },
    blink => sub {
        $redis->pause;
        during(0.1, 'hung for a moment');
        $redis->resume;
    },
    reload => sub {
        $redis->pause;
        during(0.3, 'hung');
        $edge->reload;
        during(0.3, 'hung and reloaded');
        $redis->resume;
    },
    upgrade => sub {
        $redis->kill9;
        during(0.2, 'killed');
        $edge->upgrade;
        during(0.2, 'killed and upgraded');
        $redis->start;
    },
);
my @ways = ('kill', 'hang', 'reload', 'blink', 'upgrade');
my @more = ('kill', 'hang', 'blink', 'hang', 'kill', 'end');

my $began = time;
my ($events, $mark, %count, @samples) = (0, $edge->mark);
my $waited = -s "$edge->{dir}/waits.log";
@floods = flood();

until (time - $began > $seconds && !@ways) {
    my $way = @ways ? shift @ways : $more[$events % @more];
    my $round = sub {
        $way{$way}->();
        # before the edge knows that it is back, and after
        change() for 1 .. 3;
        settled("$way, $events");
        change() for 1 .. 3;
        settled("$way, $events, later");
    };

    $way =~ /reload|upgrade/ ? $round->() : measured(trouble => $round);
    $events++;
    $count{$way}++;

    push @samples, sample(time - $began) if !@ways;
}

my @master = $soak ? reloads(10) : ();
(my $trouble, $text) = ends(@floods);
diag 'in trouble (', join(', ', map { "$count{$_} $_" } sort keys %count),
    '): ' . $trouble->text;
diag "answers: $text; $trouble->{again} sent again";
is_right($trouble, '|unavailable', 'trouble');
cmp_ok $trouble->{seen}{'a home'}, '>', $peace->{seen}{'a home'} / 10,
    'trouble: many are answered from the store';
is_deeply [splice @wrong], [], 'trouble: no change is missed, and none is undone';

diag join ', ', map {
    sprintf '%s: %.1f us of CPU for each request', $_,
        1e6 * $cost{$_}[0] / $cost{$_}[1]
} sort keys %cost;
cmp_ok $cost{trouble}[0] / $cost{trouble}[1], '<',
    5 * $cost{peace}[0] / $cost{peace}[1], 'trouble: the CPU that it takes';

diag "connections to Redis: at most $greatest of one worker, $greatest_all of "
    . 'all, some of which were about to leave';
cmp_ok $greatest, '<=', $most + $told, 'trouble: connections of a worker';

# one that waits for as long as may be does so for a known reason, and once
# or twice until it is known that nobody answers

my @waits = map { [split] } split /\n/, slurp(
    "$edge->{dir}/waits.log", $waited);
my $longest = max(0, map { $_->[0] } @waits);
diag scalar(@waits) . " requests waited for the whole timeout, $longest s at "
    . 'most';
cmp_ok scalar(@waits), '<=', 2 * ($processes * $conns + 1) * ($events + 1),
    'trouble: not many wait';
cmp_ok $longest, '<', 5, 'trouble: and not for long';

my @lines = grep { /household_redis/ } split /\n/, slurp(
    "$edge->{dir}/error.log", $mark);
diag scalar(@lines) . " lines of $events events";
cmp_ok scalar(@lines), '<=', 4 * $workers * ($events + 1),
    'trouble: the changes are in the log';


if ($soak) {
    my $n = int(@samples / 20) + 1;
    diag join "\n", 'what the workers use together:', map {
        sprintf '%12s' x 4, @$_
    } [@what], @samples[grep { $_ % $n == 0 } 0 .. $#samples];

    is_flat(\@samples, 1, sub { $_[0] / 20 + 1024 });
    is_flat(\@samples, 2, sub { 2 });
    is_flat(\@samples, 3, sub { $_[0] / 20 });

    diag "memory of the master after each of some reloads, KB: @master";
    cmp_ok $master[-1], '<=', $master[1] * 1.05 + 1024,
        'soak: the memory of the master';
}


# nobody asks, and nobody answers: there is next to nothing to do

for my $way ('hung', 'killed') {
    $way eq 'hung' ? $redis->pause : $redis->kill9;
    ask('a1') for 1 .. 10;
    my @before = map { cpu($_) } $edge->workers;
    sleep 1;
    my $used = sum0(map { cpu($_) } $edge->workers) - sum0(@before);
    cmp_ok $used, '<', $ENV{TEST_NGINX_USE_VALGRIND} ? 1 : 0.04, sprintf 'nobody asks, Redis is %s: %.1f ms of CPU '
        . 'in a second', $way, 1000 * $used;
    $way eq 'hung' ? $redis->resume : $redis->start;
}

settled('in the end');
is_deeply \@wrong, [], 'and it recovers';


# the end, while Redis hangs

settled('before it quits');
$redis->pause;
my @waiting = map { $edge->connect } 1 .. 8;
$waiting[$_]->send_request(GET => "/plain?account=a$_",
                           'X-Forwarded-For' => $home) for 0 .. 7;
sleep 0.05;
$edge->signal('QUIT');
is_deeply [grep { !/^(?:home|unavailable)$/ }
           map { (eval { $_->response->{headers} } || {})->{'x-reason'}
                 // "none: $@" } @waiting], [], 'who waits is answered';
ok $edge->wait_exit, 'and nginx quits';
$redis->resume;

is_deeply [grep { /\[(?:alert|crit|emerg)\]|open socket/ }
           split /^/, $edge->log], [], 'a clean log';
is_deeply [$edge->problem_lines], [], 'and nothing else';

done_testing;

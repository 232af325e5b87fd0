#!/usr/bin/perl

# How the cost of a decision grows: with the networks of an account, the
# connections, the distance of Redis, the accounts in Redis and the size of
# the zone.
#
#   scale.pl [--out DIR] [--docs FILE] [--accounts N,N] [--seconds S]
#            [--parts networks,connections,delay,accounts]
#
# As bench.pl: nginx has one core, the load and Redis the other.  Writes
# scale.json and scale.md into DIR, and prints a table; with --docs, the
# tables of that file are new.  Exits with 1 if an answer was wrong.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib", "$FindBin::RealBin/../lib";

use Bench::Data qw(fill fill_numbered numbered);
use Bench::Load qw(load);
use Bench::Machine qw(machine check_load keep_memory available);
use Bench::Scale;
use Bench::Server;
use Getopt::Long;
use Test::Household::Nginx;
use Test::Household::Process qw(temp_dir);
use Test::Household::Redis;

my $Here = $FindBin::RealBin;
my %opt = (out => '.', accounts => '1000,100000,1000000,10000000',
           seconds => 3, parts => 'networks,connections,delay,accounts');

GetOptions(\%opt, 'out=s', 'docs=s', 'accounts=s', 'seconds=i', 'parts=s')
    or exit 2;

# what an account takes at most: in Redis, and in the zone
my ($RedisBytes, $ZoneBytes) = (700, 300);

$| = 1;
my $machine = machine();
check_load($machine);
keep_memory();

my $dir = temp_dir('scale');
my $report = Bench::Scale->new($machine);
my $wrong = 0;
my %part = (accounts => \&accounts, networks => \&networks,
            connections => \&connections, delay => \&delay);

$part{$_}->() for split /,/, $opt{parts};

$report->write(@opt{qw(out docs)});
exit($wrong ? 1 : 0);


# --- the parts ------------------------------------------------------------

sub networks {
    $report->part('networks', 'networks of an account', 'way');

    for my $n (1, 2, 8, 32, 64) {
        my $redis = redis();
        fill($redis, 1000, strangers => 0, id => \&numbered, networks => $n);
        my $edge = edge($redis);

        warm($edge, 1000);
        measure($redis, $edge, path => "/$_", columns => [$n, $_])
            for 'cached', 'lookup';
        $edge->stop('QUIT');
        $redis->stop;
    }
}

sub connections {
    $report->part('connections', 'connections', 'way');
    my $redis = redis();
    fill($redis, 1000, strangers => 0, id => \&numbered);
    my $edge = edge($redis);

    warm($edge, 1000);

    for my $n (1, 8, 32, 128, 1000) {
        measure($redis, $edge, path => "/$_", conns => $n, columns => [$n, $_])
            for 'cached', 'lookup';
    }
}

sub delay {
    $report->part('delay', 'delay of Redis, ms', 'connections');
    my $redis = redis();
    fill($redis, 1000, strangers => 0, id => \&numbered);

    for my $ms (0, 1, 5, 20) {
        my $proxy = bless { dir => temp_dir('delay') },
                    'Test::Household::Process';
        my $path = "$proxy->{dir}/sock";

        $proxy->spawn($^X, "$Here/delay.pl", $path, $redis->{path}, $ms);
        Test::Household::Process::wait_until(sub { -S $path });

        my $edge = edge($redis, path => $path);
        measure($redis, $edge, path => '/lookup', conns => $_,
                columns => [$ms, $_]) for 32, 512;
        $edge->stop('QUIT');
        $proxy->stop;
    }
}

# the zone is larger than the set, and then a quarter of what the set takes
sub accounts {
    $report->part('accounts', 'accounts in Redis', 'zone',
                  'Redis, bytes an account', 'zone, bytes a record');

    for my $n (split /,/, $opt{accounts}) {
        my $need = $n * ($RedisBytes + $ZoneBytes) / 1048576;

        if ($need > 0.8 * available()) {
            printf "%s accounts are left out: they need %d MB of memory, "
                   . "%d are available\n", $n, $need / 0.8, available();
            next;
        }

        my $redis = redis();
        my $empty = used($redis);

        fill_numbered($redis, $n);
        my $each = sprintf '%d', (used($redis) - $empty) / $n;
        my $large = zone_size($n);

        for my $zone ($large, $large / 4) {
            my $edge = edge($redis, zone => "${zone}k");

            warm($edge, $n, $zone < $large ? $n / 3 : $n);
            measure($redis, $edge, path => '/cached', accounts => $n,
                columns => [$n, sprintf('%.1f MB', $zone / 1024), $each,
                            sprintf '%d', record_size($edge)]);
            $edge->stop('QUIT');
        }
        $redis->stop;
    }
}

# kilobytes, that can be divided by four
sub zone_size { 4 * int($_[0] * $ZoneBytes / 4096 + 64) }

# bytes of the zone that a record takes
sub record_size {
    my ($edge) = @_;
    my $text = Test::Household::Nginx::Conn->new($edge->{port})
                   ->get('/status')->{body};

    my ($used) = $text =~ /^nginx_household_zone_used_bytes\{.*\} (\d+)/m;
    my ($n) = $text
              =~ /^nginx_household_cache_entries\{.*kind="account"\} (\d+)/m;
    return $n ? $used / $n : 0;
}


# --- what runs ------------------------------------------------------------

sub redis {
    my $redis = Test::Household::Redis->new(unix => 1);

    system "taskset -cp 1 @{[ $redis->pid ]} > $dir/taskset 2>&1";
    return $redis;
}

sub used { ($_[0]->cmd('INFO', 'memory') =~ /^used_memory:(\d+)/m)[0] }

sub edge {
    my ($redis, %opt) = @_;
    my $zone = $opt{zone} || '64m';
    my $path = $opt{path} || $redis->{path};
    my $module = Test::Household::Nginx::load_module();

    return Bench::Server->new(load => [$module || ()], http => <<"EOC");
keepalive_requests 1000000000;
household_zone zone=households:$zone;
household_redis main {
    server unix:$path;
    connect_timeout 20s;
    timeout 20s;
}
household_account \$arg_account;
server {
    listen unix:\@DIR\@/nginx.sock;
    listen 127.0.0.1:\@PORT\@;
    location = /cached {
        household on;
        household_store main zone=households fresh=1h stale=1h;
        empty_gif;
    }
    location = /status {
        household_metrics zone=households;
    }
    location = /lookup {
        household on;
        household_store main;
        empty_gif;
    }
}
EOC
}


# --- what is measured -----------------------------------------------------

# asks for the last "n" accounts, each once; "lookups" tells if time ran out
sub warm {
    my ($edge, $accounts, $n) = @_;

    load(port => $edge->{port}, what => '/cached', accounts => $accounts,
         first => 1 + $accounts - int($n || $accounts), conns => 32,
         seconds => 10 + $accounts / 10000);
}

# one line: the peak, and the latency at half of it
sub measure {
    my ($redis, $edge, %more) = @_;
    my %ask = (port => $edge->{port}, what => $more{path},
               accounts => $more{accounts} || 1000,
               conns => $more{conns} || 32, seconds => $opt{seconds});

    my $asked = lookups($redis);
    my @before = cpu($edge, $redis);
    my ($n, $usec, $status) = load(%ask);
    my ($front, $store) = map { ($_ - shift @before) / $n } cpu($edge, $redis);
    $asked = (lookups($redis) - $asked) / $n;

    my $rate = $n / $usec * 1e6;
    my (undef, undef, $late, @p) = load(%ask, rate => $rate / 2);

    $report->line($more{columns}, $rate, $front, $store, $asked, @p,
                  $status + $late);
    $wrong += $status + $late;
}

sub cpu {
    my ($edge, $redis) = @_;
    return (Bench::Server::cpu($edge->pids), Bench::Server::cpu($redis->pid));
}

sub lookups {
    my ($redis) = @_;
    return ($redis->cmd('INFO', 'commandstats')
            =~ /^cmdstat_smembers:calls=(\d+)/m)[0] || 0;
}

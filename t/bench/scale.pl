#!/usr/bin/perl

# How the cost of a decision grows: with the accounts in Redis, the size of
# the zone, the networks of an account, the connections, and the distance of
# Redis.
#
#   scale.pl [--accounts N,N] [--seconds S] [--parts accounts,networks,...]
#
# As bench.pl: nginx has one core, the load and Redis the other.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib", "$FindBin::RealBin/../lib";

use Bench::Data qw(fill numbered);
use Bench::Server;
use Getopt::Long;
use Test::Household::Nginx;
use Test::Household::Process qw(temp_dir);
use Test::Household::Redis;

my $Here = $FindBin::RealBin;
my %opt = (accounts => '1000,100000,1000000', seconds => 3,
           parts => 'accounts,networks,connections,delay');

GetOptions(\%opt, 'accounts=s', 'seconds=i', 'parts=s') or exit 2;

$| = 1;
my $dir = temp_dir('scale');
my $wrong = 0;
my %part = (accounts => \&accounts, networks => \&networks,
            connections => \&connections, delay => \&delay);

$part{$_}->() for split /,/, $opt{parts};
exit($wrong ? 1 : 0);


# --- the parts ------------------------------------------------------------

# the zone is larger than the set, and then smaller
sub accounts {
    heading('accounts', 'zone', 'per account: Redis, zone');

    for my $n (split /,/, $opt{accounts}) {
        my $redis = redis();
        my $empty = used($redis);

        fill($redis, $n, strangers => 0, id => \&numbered);
        my $each = sprintf '%d bytes', (used($redis) - $empty) / $n;

        for my $zone ('1024m', '16m') {
            my $edge = edge($redis, zone => $zone);

            # filled first, as far as time allows: "lookups" tells
            local $ENV{WRK_FILL} = 1;
            my $fill = $zone eq '16m' || $n < 1e5 ? 5 : 15;
            load($edge, '/cached', $n, 32, $n < 1e6 ? $fill : 6 * $fill);
            delete $ENV{WRK_FILL};

            measure($redis, $edge, '/cached', $n, 32, $n, $zone,
                    sprintf '%s, %d bytes', $each, record_size($edge));
            $edge->stop('QUIT');
        }
        $redis->stop;
    }
}

# bytes of the zone that a record takes
sub record_size {
    my ($edge) = @_;
    my $text = Test::Household::Nginx::Conn->new($edge->{port})
                   ->get('/status')->{body};

    my ($used) = $text =~ /^household_zone_bytes\{state="used"\} (\d+)/m;
    my ($n) = $text =~ /^household_zone_records\{kind="account"\} (\d+)/m;
    return $n ? $used / $n : 0;
}

sub networks {
    heading('networks', 'way', '');

    for my $n (1, 2, 8, 32, 64) {
        my $redis = redis();
        fill($redis, 1000, strangers => 0, id => \&numbered, networks => $n);
        my $edge = edge($redis);

        load($edge, '/cached', 1000, 32, 1);
        measure($redis, $edge, "/$_", 1000, 32, $n, $_, '')
            for 'cached', 'lookup';
        $edge->stop('QUIT');
        $redis->stop;
    }
}

sub connections {
    heading('connections', 'way', '');
    my $redis = redis();
    fill($redis, 1000, strangers => 0, id => \&numbered);
    my $edge = edge($redis);

    load($edge, '/cached', 1000, 32, 1);

    for my $n (1, 8, 32, 128, 1000) {
        measure($redis, $edge, "/$_", 1000, $n, $n, $_, '')
            for 'cached', 'lookup';
    }
}

sub delay {
    heading('delay, ms', 'connections', '');
    my $redis = redis();
    fill($redis, 1000, strangers => 0, id => \&numbered);

    for my $ms (0, 1, 5, 20) {
        my $proxy = bless { dir => temp_dir('delay') },
                    'Test::Household::Process';
        my $path = "$proxy->{dir}/sock";

        $proxy->spawn($^X, "$Here/delay.pl", $path, $redis->{path}, $ms);
        Test::Household::Process::wait_until(sub { -S $path });

        my $edge = edge($redis, path => $path);
        measure($redis, $edge, '/lookup', 1000, $_, $ms, $_, '')
            for 32, 512;
        $edge->stop('QUIT');
        $proxy->stop;
    }
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
        household_status households;
    }
    location = /lookup {
        household on;
        household_store main;
        empty_gif;
    }
}
EOC
}

sub load {
    my ($edge, $path, $accounts, $conns, $seconds) = @_;

    local @ENV{'WRK_ACCOUNTS', 'WRK_PATH'} = ($accounts, $path);
    my $out = `taskset -c 1 wrk -t1 -c$conns -d${seconds}s --timeout 20s \\
        -s $Here/scale.lua http://127.0.0.1:$edge->{port}/ 2>&1`;

    return $out =~ /^RESULT (.*)/m ? split ' ', $1 : die "wrk: $out\n";
}

sub heading {
    printf "\n%-11s %-11s %8s %8s %8s %7s %7s %7s  %s\n", @_[0, 1], 'req/s',
        'nginx us', 'lookups', 'p50 us', 'p99', 'p999', $_[2];
}

# one line; its first two columns and its last are the caller's
sub measure {
    my ($redis, $edge, $path, $accounts, $conns, @column) = @_;
    my $asked = lookups($redis);
    my $cpu = Bench::Server::cpu($edge->worker);

    my ($n, $usec, $status, $errors, @p) =
        load($edge, $path, $accounts, $conns, $opt{seconds});

    printf "%-11s %-11s %8d %8.2f %8.2f %7d %7d %7d  %s%s\n", @column[0, 1],
        $n / $usec * 1e6, (Bench::Server::cpu($edge->worker) - $cpu) / $n,
        (lookups($redis) - $asked) / $n, @p, $column[2],
        $status + $errors ? " WRONG: $status refused, $errors errors" : '';

    $wrong += $status + $errors;
}

sub lookups {
    my ($redis) = @_;
    return ($redis->cmd('INFO', 'commandstats')
            =~ /^cmdstat_smembers:calls=(\d+)/m)[0] || 0;
}

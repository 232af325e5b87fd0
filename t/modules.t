#!/usr/bin/perl

# The module beside every other dynamic module that Debian has, loaded before
# it and after it: nginx puts them all into one name space.  What is packaged
# is found in modules-available; nothing of that is needed.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location load_module);
use Test::Household::Process qw(slurp wait_until);
use Test::Household::Redis;
use Test::More;

plan skip_all => 'the module is linked in, and not loaded' if !load_module();
plan skip_all => 'this nginx is not that of Debian'
    if $Test::Household::Nginx::Binary ne '/usr/sbin/nginx';

my $dir = '/usr/lib/nginx/modules';
my $home = '82.64.10.7';
my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', $home);

# each module with those that it needs: the order of modules-enabled

my %needs = (
    'http-lua' => ['http-ndk'],
    'http-set-misc' => ['http-ndk'],
    map { $_ => ['stream'] } qw(stream-geoip stream-geoip2 stream-js),
);

my %load = map {
    my ($name) = m{/mod-([^/]+)\.conf$};
    $name => slurp($_) =~ s{load_module +modules/}{load_module $dir/}gr;
} glob '/usr/share/nginx/modules-available/mod-*.conf';

delete $load{'http-household'};

my @names = sort keys %load;
plan skip_all => 'no other dynamic module is installed' if !@names;


sub served {
    my ($edge, $name) = @_;

    my %answer = ($home => '200 home', '198.51.100.1' => '403 outside');

    for my $address (sort keys %answer) {
        my $r = eval { $edge->get('/?account=a',
                                  'X-Forwarded-For' => $address) };
        is +($r ? "$r->{status} $r->{headers}{'x-reason'}" : "none: $@"),
            $answer{$address}, "$name, from $address";
    }
}

sub edge {
    my ($modules, $first, %more) = @_;
    my $text = join '', map { $load{$_} } @$modules;

    return Test::Household::Nginx->new(%more,
        ($first ? 'before' : 'main') => $text . ($more{main} // ''),
        http => http_config(server => $redis->address, zone => '1m')
                . ($more{http} // ''),
        server => location('/', '', 'main zone=households')
                . ($more{server} // ''));
}

for my $name (@names) {
    for my $first (1, 0) {
        my $order = $first ? "$name, and then household"
                           : "household, and then $name";
        my $edge = eval { edge([@{ $needs{$name} // [] }, $name], $first) };

        ok $edge, $order or do { diag $@; next };
        served($edge, $order);
        unlike $edge->log, qr/exited on signal/, "$order: no worker dies";
        $edge->quit;
    }
}

# all of them at once

my %all = map { $_ => 1 } @names;
my @all = ((grep { $all{$_} } qw(http-ndk stream mail)),
           grep { !/^(?:http-ndk|stream|mail)$/ } @names);

for my $first (1, 0) {
    my $order = $first ? 'all of them, and then household'
                       : 'household, and then all of them';
    my $edge = eval { edge(\@all, $first) };

    ok $edge, $order or do { diag $@; next };
    served($edge, $order);
    $edge->quit;
}

# nchan has a hiredis of its own, of another layout: both have to work

sub nchan {
    my ($first, $order) = @_;
    my $store = Test::Household::Redis->new;

    $store->cmd(SADD => 'household:{a}', $home);

    my $edge = edge(['nchan'], $first,
        allow => qr/open socket #|aborting/,
        http => 'upstream nchan { nchan_redis_server redis://'
                . $store->address . '; }',
        server => 'location /pub { nchan_publisher; nchan_channel_id a; '
            . 'nchan_redis_pass nchan; }'
            . location('/sub', 'nchan_subscriber longpoll; '
                . 'nchan_channel_id a; nchan_redis_pass nchan;',
                'main zone=households') =~ s/empty_gif;//r);

    # It publishes once it is connected, and does not wait for that.  What comes
    # while it connects may get no answer, also without this module.
    my $r;
    wait_until {
        my $conn = $edge->connect;
        $conn->send_request(POST => '/pub', 'Content-Length' => 5);
        $conn->send('hello');
        $r = eval {
            local $SIG{ALRM} = sub { die "no answer\n" };
            alarm 3;
            $conn->response;
        };
        alarm 0;
        $r && $r->{status} =~ /^20/;
    };
    like $r && $r->{status}, qr/^20[12]$/, "$order: publishes";

    cmp_ok scalar @{ $store->cmd('KEYS', '*') }, '>', 1,
        "$order: and keeps that in Redis";
    served($edge, $order);

    $r = $edge->get('/sub?account=a', 'X-Forwarded-For' => $home);
    is "$r->{status} $r->{body}", '200 hello', "$order: a guarded subscriber";
    $r = $edge->get('/sub?account=a', 'X-Forwarded-For' => '192.0.2.1');
    is $r->{status}, 403, "$order: and one from outside";

    served($edge, "$order, after that");
    unlike $edge->log, qr/exited on signal/, "$order: no worker dies";
    $edge->quit;
}

if ($all{nchan}) {
    nchan(1, 'nchan, and then household');
    nchan(0, 'household, and then nchan');
}

done_testing();

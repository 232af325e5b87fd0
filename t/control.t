#!/usr/bin/perl

# household:control, the brake of the fleet: it loosens what nginx.conf says,
# in all workers and without a reload, and never tightens it.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::More;

my $home = '82.64.10.7';
my $away = '203.0.113.9';
my $key = 'household:control';

my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', $home);

my %edge = map { $_->[0] => edge(@$_) }
    ['no zone', '', ''],
    ['a zone with tracking', 'zone=households', ''],
    ['a zone that is not', 'zone=households', 'tracking off;'];

sub edge {
    my ($name, $zone, $more) = @_;
    my $store = "main $zone";

    return Test::Household::Nginx->new(
        workers => 2,
        http => http_config(server => $redis->address,
                            zone => $zone ? '1m' : undef,
                            redis => "$more timeout 5s; connect_timeout 5s;"),
        server => location('/on', '', $store)
                  . location('/monitor', 'household monitor;', $store)
                      =~ s/household on;//r
                  . location('/variable', 'household $arg_mode;', $store)
                      =~ s/household on;//r
                  . location('/zero', 'household_rollout 0;', $store)
                  . location('/share', 'household_rollout $arg_share;',
                             $store)
                  . location('/any', 'satisfy any; deny all;', $store)
                  . location('/any-monitor', 'satisfy any; deny all;'
                             . 'household monitor;', $store)
                      =~ s/household on;//r
                  . 'location /off { household off; empty_gif; }');
}

sub ask {
    my ($edge, $uri, $from) = @_;
    my $r = $edge->get($uri, 'X-Forwarded-For' => $from // $away);
    my $h = $r->{headers};
    return join ' ', map { $_ // '-' } $r->{status},
        @$h{'x-status', 'x-reason'};
}

# It becomes so, and is so in both workers then: of 20 requests, on
# connections that all are open, each worker has some.
sub becomes {
    my ($name, $edge, $uri, $expected) = @_;
    my ($same, $got) = 0;

    wait_until {
        $got = ask($edge, $uri);
        $same = $got eq $expected ? $same + 1 : 0;
        $same == 20;
    };
    is $got, $expected, $name;
}

sub control {
    $redis->cmd(DEL => $key);
    $redis->cmd(HSET => $key, @_) if @_;
}

for my $kind (sort keys %edge) {
    my $edge = $edge{$kind};
    my $is = sub {
        my ($name, $uri, $expected) = @_;
        becomes("$kind, $name", $edge, "$uri", $expected);
    };

    control();
    $is->('no brake', '/on?account=a', '403 DENIED outside');

    control(mode => 'monitor');
    $is->('monitor', '/on?account=a', '200 MONITORED outside');
    is ask($edge, '/on?account=a', $home), '200 ALLOWED home',
        "$kind, monitor: it is still decided";
    is ask($edge, '/variable?account=a&mode=on'), '200 MONITORED outside',
        "$kind, monitor: a mode by a variable";

    # under "satisfy any" it lets pass as "on" does, and refuses nobody

    is ask($edge, '/any?account=a', $home), '200 ALLOWED home',
        "$kind, monitor, satisfy any: who is at home";
    is ask($edge, '/any?account=a'), '200 MONITORED outside',
        "$kind, monitor, satisfy any: who is not";
    is ask($edge, '/any'), '200 MONITORED account_missing',
        "$kind, monitor, satisfy any: who is nobody";
    is ask($edge, '/any-monitor?account=a', $home), '403 ALLOWED home',
        "$kind, monitor, satisfy any: what nginx.conf monitors has no say";

    control(mode => 'off');
    $is->('off', '/on?account=a', '200 BYPASSED off');
    is ask($edge, '/any?account=a', $home), '200 BYPASSED off',
        "$kind, off, satisfy any: who is at home";
    is ask($edge, '/any?account=a'), '200 BYPASSED off',
        "$kind, off, satisfy any: who is not";
    is ask($edge, '/any-monitor?account=a', $home), '403 BYPASSED off',
        "$kind, off, satisfy any: what nginx.conf monitors has no say";
    is ask($edge, '/monitor?account=a'), '200 BYPASSED off',
        "$kind, off: where it is monitor";

    # never tighter

    control(mode => 'on', rollout => '100%');
    $is->('on', '/on?account=a', '403 DENIED outside');
    is ask($edge, '/monitor?account=a'), '200 MONITORED outside',
        "$kind, on: monitor stays monitor";
    is ask($edge, '/variable?account=a'), '200 BYPASSED off',
        "$kind, on: off by a variable stays off";
    is ask($edge, '/off?account=a'), '200 - -', "$kind, on: off stays off";
    is ask($edge, '/zero?account=a'), '200 ALLOWED rollout',
        "$kind, all: a share of none stays none";

    # a share; the account "rollout" is number 3193 of 10000

    $redis->cmd(SADD => 'household:{rollout}', $home);
    control(rollout => '31.93%');
    $is->('31.93%', '/on?account=rollout', '200 ALLOWED rollout');
    is ask($edge, '/share?account=rollout&share=100'), '200 ALLOWED rollout',
        "$kind, 31.93%: a share by a variable";
    control(rollout => '31.94');
    $is->('31.94%', '/on?account=rollout', '403 DENIED outside');
    is ask($edge, '/share?account=rollout&share=20'), '200 ALLOWED rollout',
        "$kind, 31.94%: a smaller share stays";
    control(rollout => '0', mode => 'on');
    $is->('0%', '/on?account=a', '200 ALLOWED rollout');

    # what is no value is none; the other one counts

    control(mode => 'of', rollout => '0%', note => 'call Martin');
    $is->('a malformed mode', '/on?account=a', '200 ALLOWED rollout');
    ok wait_until(sub {
        ask($edge, '/on?account=a');
        $edge->log =~ /\[error\] .*household override: invalid "mode"/;
    }), "$kind: which is logged";

    control(mode => 'monitor', rollout => '-1');
    $is->('a malformed share', '/on?account=a', '200 MONITORED outside');

    for my $bad ($kind =~ /told/ ? ('OFF', 'off ', '', '1', 'monitoring')
                                 : 'OFF')
    {
        control(mode => $bad, rollout => '100.001');
        $is->("\"$bad\"", '/on?account=a', '403 DENIED outside');
    }

    # what is no hash changes nothing

    control(mode => 'monitor');
    $is->('a brake', '/on?account=a', '200 MONITORED outside');
    $redis->cmd(SET => $key, 'off');
    is ask($edge, '/on?account=a'), '200 MONITORED outside',
        "$kind: a key of another type is no brake, nor the end of one"
        for 1 .. 5;

    # nor is one with too many fields to be read

    control(mode => 'monitor');
    $is->('a brake again', '/on?account=a', '200 MONITORED outside');
    $redis->cmd(HSET => $key, mode => 'on', map { ("f$_" => 1) } 1 .. 50_000);
    ok wait_until(sub {
        ask($edge, '/on?account=a');
        $edge->log =~ /\[error\] .*household override: too many fields/;
    }), "$kind: too many fields: the log tells";
    is ask($edge, '/on?account=a'), '200 MONITORED outside',
        "$kind: too many fields: the former value stays" for 1 .. 5;

    # it is released

    control();
    $is->('released', '/on?account=a', '403 DENIED outside');
}

# an account may be called so

$redis->cmd(SADD => 'household:{control}', $home);
$redis->cmd(HSET => 'household:{control}:account', mode => 'off');
is ask($edge{'a zone with tracking'}, '/on?account=control'),
    '403 DENIED outside', 'an account called control';

# a worker that starts knows it before it denies anybody

for my $kind (sort keys %edge) {
    my $edge = $edge{$kind};

    control(mode => 'off');
    becomes("$kind, off again", $edge, '/on?account=a', '200 BYPASSED off');
    $edge->reload;
    becomes("$kind, after a reload", $edge, '/on?account=a',
            '200 BYPASSED off');
}

is_deeply [map { ask(edge(@$_), '/on?account=a') }
           ['', '', ''], ['', 'zone=households', '']],
    [('200 BYPASSED off') x 2], 'the first request of all';

# where nobody is known to ask, as no token is good: it is seen there, too

{
    my $edge = edge('', '', '');
    becomes('nobody, off', $edge, '/on', '200 BYPASSED off');
    control(mode => 'monitor');
    becomes('nobody, monitor', $edge, '/on',
            '200 MONITORED account_missing');
    control(mode => 'off');
}

# it is fetched when it changes, and not when somebody asks: the next request
# sees it, even if nothing else of that must be looked up

{
    my $edge = Test::Household::Nginx->new(workers => 1,
        http => http_config(server => $redis->address, zone => '1m'),
        server => location('/on', '', 'main zone=households'));
    my $asked = sub {
        $redis->cmd(INFO => 'commandstats') =~ /cmdstat_hgetall:calls=(\d+)/;
        return $1;
    };

    control();
    ok wait_until {
        my $r = $edge->get('/on?account=a', 'X-Forwarded-For' => $away);
        $r->{headers}{'x-reason'} eq 'outside'
            && $r->{headers}{'x-cache'} eq 'HIT';
    }, 'fetched: an account that is kept';

    for (['monitor', '200 MONITORED outside'], ['off', '200 BYPASSED off'],
         ['on', '403 DENIED outside'])
    {
        my ($mode, $expected) = @$_;
        my $before = $asked->();
        $redis->cmd(HSET => $key, mode => $mode);
        ok wait_until { $asked->() > $before }, "fetched: $mode: at once";

        # what Redis has answered nginx may have still to read
        becomes("fetched: $mode: is seen", $edge, '/on?account=a', $expected);
    }

    # many changes at a time: the last one counts

    $redis->cmd(HSET => $key, mode => $_ % 2 ? 'on' : 'off') for 1 .. 200;
    becomes('fetched: the last of many', $edge, '/on?account=a',
            '200 BYPASSED off');

    # also if all is dropped

    my $before = $asked->();
    $redis->cmd('FLUSHALL');
    $redis->cmd(SADD => 'household:{a}', $home);
    ok wait_until { $asked->() > $before }, 'fetched: after a flush';
    becomes('fetched: after a flush: is seen', $edge, '/on?account=a',
            '403 DENIED outside');
    control(mode => 'off');
}


# Redis is away: what was known stays

for my $kind (sort keys %edge) {
    becomes("$kind, off", $edge{$kind}, '/on?account=a', '200 BYPASSED off');
}

$redis->stop;

for my $kind (sort keys %edge) {
    my @answers = map { ask($edge{$kind}, '/on?account=a') } 1 .. 10;
    is_deeply \@answers, [('200 BYPASSED off') x 10],
        "$kind, Redis is away: the brake holds";
}

$redis->start;
$redis->cmd(SADD => 'household:{a}', $home);

for my $kind (sort keys %edge) {
    becomes("$kind, Redis is back without it", $edge{$kind},
            '/on?account=a', '403 DENIED outside');
}

done_testing;

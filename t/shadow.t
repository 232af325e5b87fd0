#!/usr/bin/perl

# household_shadow: a second policy is counted and logged, and nothing else.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(temp_dir);
use Test::Household::Redis;
use Test::More;

my $now = time;
my $day = 86400;
my $dir = temp_dir('shadow');

open my $out, '>', "$dir/policy" or die;
print $out "household_trusted_device 0;\nhousehold_rollout 0%;\n";
close $out;

my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', '82.64.10.7');
$redis->cmd(HSET => 'household:{a}:account', 'device:tv' => $now - 20 * $day,
            'device:phone' => $now - 2 * $day, country => 'FR',
            outside_since => $now - 3 * $day);
$redis->cmd(SADD => 'household:{v6}', '2001:db8:1:2::1');
$redis->cmd(SADD => 'household:{new}', '82.64.10.7');
$redis->cmd(SADD => 'household:{old}', '82.64.10.7');
$redis->cmd(HSET => 'household:{old}:account', revoked_before => $now - 60);

# a policy of one directive each
my %policy = (
    tighter => 'household_trusted_device 14d',
    looser => 'household_trusted_device 30d',
    grace => 'household_grace 7d',
    ended => 'household_grace 1d',
    away => 'household_away 3d/30d',
    family => 'household_family_unknown allow',
    prefix => 'household_ipv6_prefix 48',
    elsewhere => 'household_enforce_in DE BE',
    share => 'household_rollout 0%',
    closed => 'household_unavailable deny',
    open => 'household_unregistered allow',
    learns => 'household_unregistered learn days=1',
    included => "include $dir/policy",
    apart => 'household_sharing off',
);

my $policies = join '', map { "household_policy $_ { $policy{$_}; }\n" }
                        sort keys %policy;

sub shadow {
    my ($path, $text) = @_;

    return location($path, <<"EOC");
    add_header X-Shadow
        "\$household_shadow_status \$household_shadow_reason" always;
    $text
EOC
}

my $edge = Test::Household::Nginx->new(
    http => http_config(server => $redis->address)
            . "household_redis away { server 127.0.0.1:1; }\n" . $policies,
    server => join('', (map { shadow("/$_", "household_shadow $_;") }
                        sort keys %policy),
        shadow('/none', ''),
        shadow('/off', 'household_shadow off;'),
        shadow('/strict', 'household_trusted_device 10d;
                           household_shadow looser;'),
        shadow('/monitor', 'household_shadow looser;')
            =~ s/household on/household monitor/r,
        shadow('/mode', 'household_shadow tighter;')
            =~ s/household on/household \$arg_mode/r,
        shadow('/variable', 'household_rollout $arg_share;
                             household_shadow tighter;'),
        shadow('/away-store', 'household_shadow closed;')
            =~ s/household_store main/household_store away/r,
        shadow('/token', 'household_issued_at $arg_since;
                          household_shadow tighter;'),
        shadow('/redirected', 'household_shadow looser; try_files /x /tighter?$args;'),
        shadow('/same', 'household_shadow tighter; try_files /x /tighter?$args;'),
        shadow('/shared', 'household_sharing on; household_shadow looser;'),
        shadow('/shared-apart', 'household_sharing on; household_shadow apart;'),
        'location /status { household_metrics; }'));

# what is answered, and what the shadow says
sub is_judged {
    my ($name, $path, $address, $expect) = @_;
    my $got = $edge->get($path, 'X-Forwarded-For' => $address);

    is join(' ', $got->{status}, map { $got->{headers}{$_} // '-' }
            'x-status', 'x-reason', 'x-shadow'), $expect, $name;
}

my ($home, $out_there) = ('82.64.10.7', '203.0.113.9');

is_judged('no shadow', '/none?account=a', $out_there, '403 DENIED outside ');
is_judged('off', '/off?account=a', $out_there, '403 DENIED outside ');
is_judged('both allow', '/tighter?account=a', $home,
    '200 ALLOWED home ALLOWED home');
is_judged('both deny', '/tighter?account=a', $out_there,
    '403 DENIED outside DENIED outside');
is_judged('stricter', '/tighter?account=a&device=tv', $out_there,
    '200 ALLOWED trusted_device DENIED outside');
is_judged('looser', '/strict?account=a&device=tv', $out_there,
    '403 DENIED outside ALLOWED trusted_device');
is_judged('a directive it does not have is that of the location',
    '/share?account=a&device=tv', $out_there,
    '200 ALLOWED trusted_device ALLOWED trusted_device');
is_judged('monitor', '/monitor?account=a&device=tv', $out_there,
    '200 ALLOWED trusted_device ALLOWED trusted_device');
is_judged('monitor: what is denied', '/monitor?account=a', $out_there,
    '200 MONITORED outside DENIED outside');
is_judged('household_grace', '/grace?account=a', $out_there,
    '403 DENIED outside ALLOWED grace');
is_judged('household_grace is over', '/ended?account=a', $out_there,
    '403 DENIED outside DENIED outside');
is_judged('household_away', '/away?account=a', $out_there,
    '403 DENIED outside ALLOWED away');
is_judged('household_family_unknown', '/family?account=v6', $out_there,
    '403 DENIED outside ALLOWED family_unknown');
is_judged('household_ipv6_prefix', '/prefix?account=v6', '2001:db8:1:3::9',
    '403 DENIED outside ALLOWED home');
is_judged('household_enforce_in', '/elsewhere?account=a', $out_there,
    '403 DENIED outside ALLOWED not_enforced');
is_judged('household_rollout', '/share?account=a', $out_there,
    '403 DENIED outside ALLOWED rollout');
is_judged('household_unavailable', '/away-store?account=a', $out_there,
    '200 UNAVAILABLE unavailable DENIED unavailable');
is_judged('household_unregistered allow', '/open?account=nobody', $out_there,
    '403 DENIED unregistered ALLOWED unregistered');
is_judged('household_unregistered learn', '/learns?account=nobody', $out_there,
    '403 DENIED unregistered ALLOWED learned');
is_judged('household_sharing off', '/apart?account=a', $out_there,
    '403 DENIED outside DENIED outside');
is_judged('an included file', '/included?account=a&device=tv', $out_there,
    '200 ALLOWED trusted_device ALLOWED rollout');
is_judged('a rollout by a variable', '/variable?account=a&device=tv&share=0%',
    $out_there, '200 ALLOWED trusted_device ALLOWED rollout');
is_judged('not authenticated', '/tighter', $home,
    '401 UNAUTHORIZED account_missing UNAUTHORIZED account_missing');
is_judged('revoked', '/token?account=old&since=1', $home,
    '401 UNAUTHORIZED revoked UNAUTHORIZED revoked');
is_judged('mode off: not evaluated', '/mode?account=a&mode=off', $home,
    '200 BYPASSED off ');
is_judged('mode on by a variable', '/mode?account=a&mode=on', $home,
    '200 ALLOWED home ALLOWED home');

# the shadow writes nothing, whatever its policy would write
is $redis->cmd(EXISTS => 'household:{nobody}:account'), 0,
    'household_unregistered learn learns nothing';
is $redis->cmd(HGET => 'household:{a}:account', 'outside_since'),
    $now - 3 * $day, 'household_grace starts none';
is_deeply [grep { /away/ } @{ $redis->cmd(HKEYS => 'household:{a}:account') }],
    [], 'household_away writes no day';
is $edge->metric('writes_total'), 0, 'and nothing was tried';

# how often a policy said something, and what was in effect
sub counted {
    my ($policy, %labels) = @_;
    return $edge->metric('shadow_requests_total', policy => $policy, %labels);
}

is counted('tighter'), 7, 'metrics: all';
is counted('tighter', verdict => 'deny', current => 'allow',
           reason => 'outside'), 1, 'metrics: only the shadow denies';
is counted('tighter', verdict => 'deny', current => 'deny',
           reason => 'outside'), 1, 'metrics: both deny';
is counted('tighter', verdict => 'allow', current => 'allow'), 3,
    'metrics: both allow';
is counted('tighter', verdict => 'unauthorized', current => 'unauthorized'), 2,
    'metrics: not authenticated';
is counted('looser', verdict => 'allow', current => 'deny',
           reason => 'trusted_device'), 1, 'metrics: only the policy denies';
is counted('closed', redis => 'away', zone => '', verdict => 'deny'), 1,
    'metrics: the store';
like $edge->get('/status')->{body},
    qr/shadow_requests_total\{zone="",redis="main",policy="away",verdict="deny",current="allow",reason="outside"\} 0\n/,
    'metrics: a denial is there from the beginning';

# a request that is redirected is counted once, and where it ends
is_judged('redirected to another shadow', '/redirected?account=a&device=tv',
    $out_there, '200 ALLOWED trusted_device DENIED outside');
is counted('looser'), 3, 'metrics: not where it came from';
is counted('tighter'), 8, 'metrics: where it ended';
is_judged('redirected to the same', '/same?account=a&device=tv', $out_there,
    '200 ALLOWED trusted_device DENIED outside');
is counted('tighter'), 9, 'metrics: once';

is_judged('household_sharing of the location',
    '/shared?account=new1&device=tv', $home,
    '200 ALLOWED member ALLOWED member');
is_judged('household_sharing off beside one',
    '/shared-apart?account=new2&device=tv', $home,
    '200 ALLOWED member DENIED unregistered');
is_judged('a rollout of all by a variable',
    '/variable?account=a&device=tv&share=100%', $out_there,
    '200 ALLOWED trusted_device DENIED outside');

# a worker process that remembers its decisions evaluates each shadow

{
    my $kept = Test::Household::Nginx->new(
        http => http_config(server => $redis->address, zone => '1m') . $policies,
        server => shadow('/looser', 'household_trusted_device 10d;
                                     household_shadow looser;')
                      =~ s/household_store main/$& zone=households/r
            . 'location /status { household_metrics; }');
    my $conn = $kept->connect;
    my %shadow;

    $shadow{ $conn->get('/looser?account=a&device=tv',
                        'X-Forwarded-For' => $out_there)
                  ->{headers}{'x-shadow'} // '-' }++ for 1 .. 20;

    is_deeply \%shadow, { 'ALLOWED trusted_device' => 20 },
        'the same client again and again';
    is $kept->metric('shadow_requests_total', policy => 'looser'), 20,
        'each time it is counted';
}

# the fleet override does not change the shadow
$redis->cmd(HSET => 'household:control', mode => 'monitor', rollout => '0');
wait_for_override();
is_judged('override', '/looser?account=a', $out_there,
    '200 ALLOWED rollout DENIED outside');
$redis->cmd(DEL => 'household:control');

sub wait_for_override {
    for (1 .. 500) {
        my $got = $edge->get('/none?account=a', 'X-Forwarded-For' => $out_there);
        return if $got->{headers}{'x-reason'} eq 'rollout';
        select undef, undef, undef, 0.02;
    }
    die 'the override is not seen';
}

done_testing;

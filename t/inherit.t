#!/usr/bin/perl

# Every directive is inherited from http to server to location, and overridden
# at each level.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx;
use Test::Household::Redis;
use Test::More;

# Directives with two values each, and a request that tells which of the two
# is in force.  An nginx has the first value in http {}, or none; its servers
# have none, the first or the second, and so have the locations of each.

my @directives = (
    { name => 'household',
      values => ['on', 'monitor'],
      args => 'account=a',
      expect => ['403 DENIED outside', '200 MONITORED outside'] },

    { name => 'household',
      values => ['$arg_mode', 'on'],
      args => 'account=a&mode=off',
      expect => ['200 BYPASSED off', '403 DENIED outside'] },

    { name => 'household_store',
      values => ['other', 'main'],
      args => 'account=at',
      expect => ['403 DENIED unregistered', '200 ALLOWED home'] },

    { name => 'household_account',
      values => ['$arg_account', '$arg_user'],
      args => 'account=a&user=at',
      expect => ['403 DENIED outside', '200 ALLOWED home'] },

    { name => 'household_device',
      values => ['$arg_one', '$arg_two'],
      args => 'account=a&one=tv&two=new',
      expect => ['200 ALLOWED trusted_device', '403 DENIED outside'] },

    { name => 'household_issued_at',
      values => ['1', '2'],
      args => 'account=revoked',
      expect => ['401 UNAUTHORIZED revoked', '200 ALLOWED home'] },

    { name => 'household_preflight',
      values => ['pass', 'answer'],
      method => 'OPTIONS',
      args => 'account=a',
      expect => ['405 BYPASSED options', '204 BYPASSED options'] },

    { name => 'household_action',
      values => ['redirect', '403'],
      http => 'household_offer default url=/;',
      args => 'account=a',
      expect => ['303 OFFERED outside', '403 OFFERED outside'] },

    { name => 'household_offer',
      values => ['DE url=/de', 'FR url=/fr'],
      args => 'account=a',
      expect => ['403 DENIED outside', '403 OFFERED outside'] },

    { name => 'household_unavailable',
      values => ['deny', 'allow'],
      args => 'account=large',
      expect => ['403 DENIED record_too_large',
                 '200 UNAVAILABLE record_too_large'] },

    { name => 'household_unregistered',
      values => ['allow', 'deny'],
      args => 'account=none',
      expect => ['200 ALLOWED unregistered', '403 DENIED unregistered'] },

    { name => 'household_family_unknown',
      values => ['allow', 'deny'],
      args => 'account=v6',
      expect => ['200 ALLOWED family_unknown', '403 DENIED outside'] },

    { name => 'household_ipv6_prefix',
      values => ['48', '56'],
      args => 'account=v6',
      from => '2001:db8:0:ff00::1',
      expect => ['200 ALLOWED home', '403 DENIED outside'] },

    { name => 'household_trusted_device',
      values => ['0', '1h'],
      args => 'account=a&device=tv',
      expect => ['403 DENIED outside', '200 ALLOWED trusted_device'] },

    { name => 'household_away',
      values => ['3d/30d', 'off'],
      args => 'account=a',
      expect => ['200 ALLOWED away', '403 DENIED outside'] },

    { name => 'household_away',
      values => ['2d/30d', '3d/30d'],
      args => 'account=travels',
      expect => ['403 DENIED outside', '200 ALLOWED away'] },

    { name => 'household_sharing',
      values => ['on', 'off'],
      args => 'account=a',
      expect => ['200 ALLOWED member', '403 DENIED outside'] },

    { name => 'household_events',
      values => ['on', 'off'],
      args => 'account=a',
      expect => ['403 DENIED outside', '403 DENIED outside'] },

    { name => 'household_grace',
      values => ['1000w', '0'],
      args => 'account=waits',
      expect => ['200 ALLOWED grace', '403 DENIED outside'] },

    { name => 'household_enforce_in',
      values => ['DE ES', 'ES FR'],
      args => 'account=a',
      expect => ['200 ALLOWED not_enforced', '403 DENIED outside'] },

    { name => 'household_rollout',
      values => ['0%', '100%'],
      args => 'account=a',
      expect => ['200 ALLOWED rollout', '403 DENIED outside'] },

    { name => 'household_rollout',
      values => ['$arg_percent', '100%'],
      args => 'account=a&percent=0',
      expect => ['200 ALLOWED rollout', '403 DENIED outside'] },

    { name => 'household_shadow',
      values => ['off', 'all'],
      http => 'household_policy all { household_rollout 0%; }',
      args => 'account=a',
      verdict => 'shadow: $household_shadow_reason',
      expect => ['403 shadow: ', '403 shadow: rollout'] },

    { name => 'household_log_level',
      values => ['warn', 'notice'],
      args => 'account=a',
      log => 1,
      expect => ['warn', 'notice'] },
);

# what stands in http {}, but for what is tested
my %base = (
    household_store   => 'main',
    household_account => '$arg_account',
    household_device  => '$arg_device',
);

my $redis = Test::Household::Redis->new(unix => 1);
my $other = Test::Household::Redis->new(unix => 1);

$redis->cmd(SADD => 'household:{a}', '192.0.2.1');
$redis->cmd(SADD => 'household:{at}', '203.0.113.1');
$redis->cmd(SADD => 'household:{revoked}', '203.0.113.1');
$redis->cmd(SADD => 'household:{v6}', '2001:db8::');
$redis->cmd(SADD => 'household:{large}',
            '10.1.0.0', map { "10.0.$_.0" } 0 .. 255);
$redis->cmd(HSET => 'household:{a}:account', country => 'FR',
            'device:tv' => time);
$redis->cmd(SADD => 'household:{waits}', '192.0.2.1');
$redis->cmd(SADD => 'household:{travels}', '192.0.2.1');
$redis->cmd(HSET => 'household:{travels}:account',
            outside_days => join ',', map { int(time / 86400) - $_ } 9, 8);
$redis->cmd(HSET => 'household:{waits}:account', outside_since => time - 100);
$redis->cmd(HSET => 'household:{revoked}:account', revoked_before => 2);


# "first" is the level of http {}: 0 is none of the values
sub start {
    my ($d, $first) = @_;
    my @level = ('', map { "$d->{name} $_;" } @{ $d->{values} });

    # in the location: a server may lack what is tested in its locations
    my $on = $d->{name} eq 'household' ? '' : 'household on;';

    my @servers = map {
        my $server = $_;
        my @locations = map { "location /$_ { $on $level[$_] empty_gif; }" }
                        grep { $first || $server || $_ } 0 .. 2;
        "server_name s$_; $level[$_] @locations"
    } 0 .. 2;

    my $server = shift @servers;
    my $nginx = Test::Household::Nginx->new(start => 0);

    $nginx->{server} = $server;
    $nginx->{http} = join "\n",
        'household_redis main { server ' . $redis->address
            . '; connect_timeout 5s; timeout 5s; }',
        'household_redis other { server ' . $other->address
            . '; connect_timeout 5s; timeout 5s; }',
        'set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;',
        'add_header X-Verdict "'
            . ($d->{verdict} // '$household_status $household_reason')
            . '" always;',
        (map { "$_ $base{$_};" }
             grep { $_ ne $d->{name} } sort keys %base),
        $d->{http} // '',
        $level[$first],
        map { "server { listen 127.0.0.1:$nginx->{port}; $_ }" } @servers;

    return $nginx->start;
}

for my $d (@directives) {
    for my $first (0, 1) {
        my $nginx = start($d, $first);

        for my $server (0 .. 2) {
            for my $location (grep { $first || $server || $_ } 0 .. 2) {
                my $mark = $nginx->mark;
                my $conn = $nginx->connect;
                my $method = $d->{method} // 'GET';
                $conn->send("$method /$location?$d->{args} HTTP/1.1\r\n"
                            . "Host: s$server\r\nConnection: close\r\n"
                            . 'X-Forwarded-For: '
                            . ($d->{from} // '203.0.113.1') . "\r\n\r\n");
                $conn->{methods} = [$method];
                my $r = $conn->response;

                my $got = $d->{log}
                    ? ($nginx->wait_log(qr/household: denied/, $mark)
                       && substr($nginx->log, $mark)
                          =~ /\[(\w+)\] [^\n]*household: denied/ && $1)
                    : "$r->{status} $r->{headers}{'x-verdict'}";

                my $in_force = $location || $server || $first;
                my @where = map { $_ ? $d->{values}[$_ - 1] : '-' }
                            $first, $server, $location;

                is $got, $d->{expect}[$in_force - 1],
                    "$d->{name}: http, server, location: @where";
            }
        }

        $nginx->quit;
    }
}

done_testing;

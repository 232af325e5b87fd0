#!/usr/bin/perl

# Connections that no command uses: what happens to the server is noticed all
# the same, and a server that closes them is not taken for one that fails.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::Household::Viewer;

my $times = 'connect_timeout 400ms; timeout 400ms;';


# a primary that is written to and not read from

my $primary = Test::Household::Redis->new;
my $replica = Test::Household::Redis->new(
    config => "replicaof 127.0.0.1 $primary->{port}\nrepl-diskless-sync-delay 0");

$primary->cmd(SADD => 'household:{42}', $Home);
wait_until { $replica->cmd(INFO => 'replication') =~ /link_status:up/ } 40
    or die "the replica does not follow\n";

my $edge = Test::Household::Nginx->new(
    http => http_config(server => [$primary->address,
                                   $replica->address . ' replica'],
                        zone => '1m', redis => "read_from replica; $times"),
    server => location('/t', '', 'main zone=households')
        . 'location /status { household_metrics; }');
my @primary = (server => $primary->address, role => 'primary');

is_soon $edge, '42&device=tv', 'home', 'a device is seen at home';
soon { $edge->metric('redis_up', @primary) == 1 }
    'which is written to the primary';
$primary->kill9;
soon { $edge->get('/status')->{body}
       =~ /redis_up\{[^}]*role="primary"\} 0$/m }
    'an idle primary that has died is down';
$primary->start;
soon { $edge->metric('redis_up', @primary) == 1 } 'and up again';
$edge->quit;


# "timeout" in redis.conf: the server closes idle connections again and again

my $redis = Test::Household::Redis->new(config => "timeout 1\nhz 50");
$redis->cmd(SADD => 'household:{42}', $Home);
$edge = edge('server ' . $redis->address . "; $times");
is_soon $edge, 42, 'home', 'timeout: before';

my $mark = $edge->mark;
my $closed = sub {
    () = substr($edge->log, $mark) =~ /connection lost: connection closed/g;
};
soon { $closed->() >= 3 or $edge->log =~ /server down/ } 'timeout: idle connections are closed', 20;
is reason($edge, 42), 'home', 'timeout: the server is used';
unlike $edge->log, qr/server down/, 'timeout: it is not down';

done_testing;

#!/usr/bin/perl

# What an operator, or Redis itself, does to keys and to commands, with a real
# server: keys that expire, are evicted, renamed or flushed are noticed like any
# other change, and errors are no denial.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::Household::Resp qw(encode_command);
use Test::Household::Viewer qw($Home soon);

my $redis = Test::Household::Redis->new(
    config => "hz 50\nenable-debug-command yes\n"
              . "enable-protected-configs yes",
    acl => ['user edge on >secret ~household* &* +@all',
            'user default on nopass ~* &* +@all']);

sub edges {
    my (%opt) = @_;
    return Test::Household::Nginx->new(
        workers => 2,
        http => http_config(server => $redis->address, zone => '1m',
            redis => "user edge; password secret; timeout 300ms;
                      connect_timeout 300ms; tracking $opt{tracking};"),
        server => location('/t', '',
                           'main zone=households fresh=1h missing=1h stale=1h')
            . location('/deny', 'household_unavailable deny;', 'main')
            . 'location /status { household_metrics; }');
}

my %edges = map { $_ => edges(tracking => $_) } qw(broadcast on);

sub key { "household:{$_[0]}" }

sub says {
    my ($edge, $account, $more) = @_;
    my $h = $edge->get("/t?account=$account" . ($more // ''),
                       'X-Forwarded-For' => $Home)->{headers};
    return "$h->{'x-reason'} " . ($h->{'x-cache'} // '-');
}

# cached, by both worker processes
sub cached {
    my ($account, $reason, $name) = @_;

    for my $way (sort keys %edges) {
        soon {
            10 == grep { says($edges{$way}, $account) eq "$reason HIT" } 1 .. 10
        } "$way: $name: $reason is cached";
    }
}

sub becomes {
    my ($account, $reason, $name, $timeout) = @_;

    for my $way (sort keys %edges) {
        soon { says($edges{$way}, $account) =~ /^$reason / }
            "$way: $name: $reason", $timeout;
    }
}


# a key that expires

$redis->cmd(SADD => key('expires'), $Home);
cached('expires', 'home', 'before it expires');
$redis->cmd(PEXPIRE => key('expires'), 200);
becomes('expires', 'unregistered', 'expired');
cached('expires', 'unregistered', 'expired');
$redis->cmd(SADD => key('expires'), $Home);
becomes('expires', 'home', 'registered again');

# keys that are renamed, copied, restored

$redis->cmd(SADD => key('old'), $Home);
cached('old', 'home', 'before it is renamed');
cached('new', 'unregistered', 'before one is renamed to it');
$redis->cmd(RENAME => key('old'), key('new'));
becomes('old', 'unregistered', 'renamed');
becomes('new', 'home', 'renamed to it');
cached('copy', 'unregistered', 'before one is copied to it');
$redis->cmd(COPY => key('new'), key('copy'));
becomes('copy', 'home', 'copied to it');
my $dump = $redis->cmd(DUMP => key('copy'));
cached('restored', 'unregistered', 'before it is restored');
$redis->cmd(RESTORE => key('restored'), 0, $dump);
becomes('restored', 'home', 'restored');
$redis->cmd(UNLINK => key('restored'));
becomes('restored', 'unregistered', 'unlinked');
$redis->cmd(EVAL => "redis.call('SADD', KEYS[1], ARGV[1])", 1,
            key('restored'), $Home);
becomes('restored', 'home', 'changed by a script');

# keys that are evicted

$redis->cmd(SADD => key('evicted'), $Home);
cached('evicted', 'home', 'before it is evicted');
my $used = ($redis->cmd(INFO => 'memory') =~ /used_memory:(\d+)/)[0];
$redis->cmd(CONFIG => SET => 'maxmemory-policy', 'allkeys-random');
$redis->cmd(CONFIG => SET => maxmemory => $used - 1);
soon {
    eval { $redis->cmd(SET => 'other', 'x') };
    !$redis->cmd(EXISTS => key('evicted'));
} 'it is evicted';
becomes('evicted', 'unregistered', 'evicted');

# no memory for writes: lookups go on

$redis->cmd(CONFIG => SET => maxmemory => 0);
$redis->cmd(SADD => key('oom'), $Home);
cached('oom', 'home', 'before there is no memory');
$redis->cmd(CONFIG => SET => 'maxmemory-policy', 'noeviction');
$redis->cmd(CONFIG => SET => maxmemory => 1);
for my $way (sort keys %edges) {
    my $edge = $edges{$way};
    my $mark = $edge->mark;
    soon {
        says($edge, 'oom', '&device=tv' . rand) =~ /^home /;
        $edge->log =~ /write failed: error reply OOM/;
    } "$way: OOM: a device is not written, and the log says so";
    like says($edge, 'stranger' . rand), qr/^unregistered /,
        "$way: OOM: a lookup is answered";
}
$redis->cmd(CONFIG => SET => maxmemory => 0);

# FLUSHALL ASYNC

$redis->cmd(SADD => key('flushed'), $Home);
cached('flushed', 'home', 'before it is flushed');
$redis->cmd(FLUSHALL => 'ASYNC');
becomes('flushed', 'unregistered', 'flushed');

# writes are refused since no snapshot can be written

$redis->cmd(SADD => key('misconf'), $Home);
becomes('misconf', 'home', 'MISCONF: before');
$redis->cmd(CONFIG => SET => save => '3600 1');
$redis->cmd(CONFIG => SET => dbfilename => 'none.rdb');
mkdir "$redis->{dir}/none.rdb";
eval { $redis->cmd('BGSAVE') };
soon { $redis->cmd(INFO => 'persistence')
       =~ /rdb_last_bgsave_status:err/ } 'MISCONF';
for my $way (sort keys %edges) {
    my $edge = $edges{$way};
    soon {
        says($edge, 'misconf', '&device=tv' . rand) =~ /^home /;
        $edge->log =~ /write failed: error reply MISCONF/;
    } "$way: MISCONF: a device is not written, and the log says so";
    like says($edge, 'stranger' . rand), qr/^unregistered /,
        "$way: MISCONF: a lookup is answered";
}
$redis->cmd(CLIENT => KILL => TYPE => $_) for qw(normal pubsub);
cached('misconf', 'home', 'MISCONF: new connections');
$redis->cmd(CONFIG => SET => save => '');

# writes are refused, as too few replicas follow

$redis->cmd(SADD => key('replicas'), $Home);
becomes('replicas', 'home', 'NOREPLICAS: before');
$redis->cmd(CONFIG => SET => 'min-replicas-to-write', 1);
for my $way (sort keys %edges) {
    my $edge = $edges{$way};
    soon {
        says($edge, 'replicas', '&device=tv' . rand) =~ /^home /;
        $edge->log =~ /write failed: error reply NOREPLICAS/;
    } "$way: NOREPLICAS: a device is not written, and the log says so";
    like says($edge, 'stranger' . rand), qr/^unregistered /,
        "$way: NOREPLICAS: a lookup is answered";
}
$redis->cmd(CONFIG => SET => 'min-replicas-to-write', 0);

# the server stands still

$redis->cmd(SADD => key('sleep'), $Home);
cached('sleep', 'home', 'before the server stands still');
my $client = $redis->client;
for my $way (sort keys %edges) {
    my ($known, $unknown);
    soon {
        $client->send(encode_command(DEBUG => SLEEP => 1));
        $unknown = says($edges{$way}, 'nobody' . rand);
        $known = says($edges{$way}, 'sleep');
        $client->reply;
        $unknown =~ /^unavailable /;
    } "$way: DEBUG SLEEP: unavailable, not denied", 20;
    like $known, qr/^home /, "$way: DEBUG SLEEP: who is known is";
}
cached('sleep', 'home', 'DEBUG SLEEP: then');

# permissions that change while nginx runs

$redis->cmd(SADD => key('acl'), $Home);
cached('acl', 'home', 'ACL: before');
$redis->cmd(ACL => SETUSER => 'edge', 'resetkeys', '~other:*');
for my $way (sort keys %edges) {
    soon {
        says($edges{$way}, 'acl' . rand) =~ /^unavailable /
            && $edges{$way}->log =~ /lookup failed: error reply NOPERM/;
    } "$way: ACL: no keys: unavailable, and the log says so";
}
$redis->cmd(ACL => SETUSER => 'edge', '~household*');
cached('acl', 'home', 'ACL: keys again');

$redis->cmd(ACL => DELUSER => 'edge');
for my $way (sort keys %edges) {
    soon { says($edges{$way}, 'acl' . rand) =~ /^unavailable / }
        "$way: ACL: the user is gone: unavailable";
    like says($edges{$way}, 'acl'), qr/^home /,
        "$way: ACL: the user is gone: who is known is";
}
$redis->cmd(ACL => SETUSER => 'edge', 'on', '>secret', '~household*', '&*',
            '+@all');
cached('acl', 'home', 'ACL: the user is back');
$redis->cmd(SREM => key('acl'), $Home);
becomes('acl', 'unregistered', 'ACL: changes are seen again');

# without tracking: "missing" is for accounts that are not there, "fresh" for
# those that are

{
    my $from = Test::Household::Redis->new(unix => 1);
    my $times = Test::Household::Nginx->new(
        http => http_config(server => $from->address, zone => '1m',
                            redis => 'tracking off;'),
        server => location('/missing', '',
                           'main zone=households fresh=1h missing=1s')
                  . location('/fresh', '',
                             'main zone=households fresh=1s missing=1h'));
    my $ask = sub {
        my $h = $times->get($_[0], 'X-Forwarded-For' => '82.64.10.7')
                      ->{headers};
        return join ' ', @$h{'x-reason', 'x-cache'};
    };

    $from->cmd(SADD => 'household:{there}', '82.64.10.7');

    is $ask->('/missing?account=there'), 'home MISS', 'there: fresh=1h';
    is $ask->('/fresh?account=not'), 'unregistered MISS', 'not: missing=1h';
    is $ask->('/missing?account=later'), 'unregistered MISS',
        'later: missing=1s';

    $from->cmd(DEL => 'household:{there}');
    $from->cmd(SADD => "household:{$_}", '82.64.10.7') for 'not', 'later';

    ok wait_until { $ask->('/missing?account=later') =~ /^home/ },
        'later: is looked up again';
    is $ask->('/missing?account=there'), 'home HIT', 'there: is not';
    is $ask->('/fresh?account=not'), 'unregistered HIT', 'not: neither';
}

done_testing;

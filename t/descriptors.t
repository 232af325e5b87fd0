#!/usr/bin/perl

# A worker process that has reached its limit of open files cannot connect to
# Redis: requests go on without it, and with it when files are closed again.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Redis;
use Test::Household::Viewer qw($Home soon);

my $redis = Test::Household::Redis->new;
$redis->stop;

my $edge = Test::Household::Nginx->new(
    main => 'worker_rlimit_nofile 48;',
    # the last one is of nginx, which accepts later, and leaves meanwhile
    allow => qr/Too many open files|accept4?\(\) failed \(9:/,
    http => http_config(server => $redis->address, zone => '1m',
        redis => 'timeout 300ms; connect_timeout 300ms;')
        . 'keepalive_timeout 300s; keepalive_requests 100000;',
    server => location('/t', '',
                       'main zone=households fresh=1h missing=1h stale=1h'));

my $kept = $edge->connect;

sub says {
    my ($account) = @_;
    my $h = $kept->get("/t?account=$account", 'X-Forwarded-For' => $Home)
                 ->{headers};
    return "$h->{'x-reason'} " . ($h->{'x-cache'} // '-');
}

like says('other'), qr/^unavailable /, 'there is no Redis';

# connections of clients until there are no more files, for Redis either

my @clients;
soon {
    push @clients, eval { $edge->connect } || () if @clients < 200;
    2 < (() = $edge->log =~ /socket\(\) failed \(24: Too many open files\)/g);
} 'no file is left', 30;

$redis->start;
$redis->cmd(SADD => 'household:{other}', $Home);
my $mark = $edge->mark;
ok $edge->wait_log(qr/socket\(\) failed \(24: Too many/, $mark),
    'Redis is there, and cannot be connected to';
like says('other'), qr/^unavailable /, 'unavailable, not denied';

undef @clients;
soon { says('other') eq 'home HIT' } 'files are closed: looked up', 30;
$redis->cmd(SREM => 'household:{other}', $Home);
soon { says('other') =~ /^unregistered / } 'and changes are seen';

done_testing;

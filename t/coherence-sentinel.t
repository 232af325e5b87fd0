#!/usr/bin/perl

# Sentinel and a cache: a former primary that is still alive, and says that it
# is a primary, is not read from, and not tracked, once the sentinels name
# another one.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(time);
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::Household::Sentinel;
use Test::Household::Viewer qw($Home soon);

my $missing = Test::Household::Sentinel->missing;
plan skip_all => $missing if $missing;

# the first one cannot be turned into a replica
my $config = 'repl-diskless-sync-delay 0';
my @nodes = Test::Household::Redis->new(config => join "\n", $config,
    'rename-command REPLICAOF ""', 'rename-command SLAVEOF ""');
push @nodes, map {
    Test::Household::Redis->new(
        config => "$config\nreplicaof 127.0.0.1 $nodes[0]{port}")
} 1 .. 2;

# the sentinels of the second edge may not be subscribed to
my @acl = ('user nosub on >pass ~* +@all -subscribe');
my @sentinels = map {
    Test::Household::Sentinel->new(primary => $nodes[0], acl => \@acl)
} 1 .. 3;

sub field {
    my ($sentinel, $name) = @_;
    my %f = @{ $sentinel->cmd(SENTINEL => master => 'mymaster') };
    return $f{$name};
}

soon {
    2 == grep { $_->cmd('INFO', 'replication') =~ /master_link_status:up/ }
         @nodes;
} 'two replicas', 30;
soon {
    3 == grep { field($_, 'num-other-sentinels') == 2
                && field($_, 'num-slaves') == 2 } @sentinels;
} 'three sentinels know of each other', 30;

my $addresses = join ' ', map { "sentinel " . $_->address . ';' } @sentinels;

sub edge {
    my ($more) = @_;
    return Test::Household::Nginx->new(
        workers => 2,
        http => http_config(zone => '1m',
            redis => "$addresses master mymaster; $more"
                     . 'connect_timeout 300ms; timeout 300ms;'),
        server => location('/', '',
                       'main zone=households fresh=1h missing=1h stale=1h')
                  . location('/none', '', 'main'));
}

my %edge = ('subscribed' => edge(''),
            'reads from a replica' => edge('read_from replica max_lag=1m; '),
            'not subscribed' =>
                edge('sentinel_user nosub; sentinel_password pass;'));

sub ask {
    my ($edge, $uri) = @_;
    my $h = $edge->get($uri, 'X-Forwarded-For' => $Home)->{headers};
    return ($h->{'x-reason'}, $h->{'x-cache'});
}

for my $name (sort keys %edge) {
    soon { (ask($edge{$name}, '/?account=a'))[1] eq 'HIT' }
        "$name: cached", 10;
}
ok $edge{'not subscribed'}->wait_log(
    qr/\[warn\] .*subscription to failovers failed: error reply NOPERM/),
    'not subscribed: the log has it';

sub primary {
    my $port = $sentinels[0]->cmd(SENTINEL => 'get-master-addr-by-name',
                                  'mymaster')->[1];
    return (grep { $_->{port} == $port } @nodes)[0];
}

# the replica that it reads from, and no other server, tracks for that edge

soon {
    my ($n, @of) = map {
        $_->cmd(INFO => 'clients') =~ /tracking_clients:(\d+)/
    } @nodes;
    $n == 2 && "@{[sort @of]}" eq '0 1';
} 'one replica is tracked, and the primary by those who read from it', 20;

$sentinels[0]->cmd(SENTINEL => failover => 'mymaster');
soon { primary() != $nodes[0] } 'a failover', 30;

my $since = time;
primary()->cmd(SADD => 'household:{a}', $Home);
primary()->cmd(SADD => 'household:{b}', $Home);

my %seen;
wait_until {
    for my $name (keys %edge) {
        my $edge = $edge{$name};
        next if $seen{$name};
        $seen{$name} = time - $since
            if 20 == grep { $_ eq 'home' }
                     map { ((ask($edge, '/?account=a'))[0],
                            (ask($edge, '/none?account=b'))[0]) } 1 .. 10;
    }
    keys %edge == keys %seen;
} 30;

for my $name (sort keys %edge) {
    ok defined $seen{$name}, "$name: the new primary is read from";
    diag sprintf '%s: after %.1f s', $name, $seen{$name} // -1;

    soon { (ask($edge{$name}, '/?account=a'))[1] eq 'HIT' }
        "$name: cached again", 10;
    primary()->cmd(SREM => 'household:{a}', $Home);
    soon { (ask($edge{$name}, '/?account=a'))[0] eq 'unregistered' }
        "$name: the new primary is tracked", 5;
    primary()->cmd(SADD => 'household:{a}', $Home);
}

like $nodes[0]->cmd('INFO', 'replication'), qr/role:master/,
    'the former primary is alive, and still one';

$_->quit for values %edge;

done_testing;

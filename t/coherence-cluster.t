#!/usr/bin/perl

# A Redis Cluster and a cache: whatever server a record is read from is
# tracked, or the record is not fresh.  The worker process that tracks serves
# no request here: it learns of nodes by itself.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::Cluster;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until pause_pid);
use Test::Household::Redis;
use Test::Household::Viewer qw($Home soon);

# a primary that has no slot left stays one
my $cluster = Test::Household::Cluster->new(
    config => 'cluster-allow-replica-migration no');
my @nodes = $cluster->nodes;

my $edge = Test::Household::Nginx->new(
    workers => 2,
    http => http_config(server => [map { $_->address } @nodes[0, 4]],
        zone => '1m',
        redis => 'cluster on; connect_timeout 300ms; timeout 300ms;'),
    server => location('/', 'add_header X-Pid $pid always;',
                       'main zone=households fresh=1h missing=1h stale=1h'));

# the first worker process tracks; requests go to the other one
my ($tracks, $serves) = sort { $a <=> $b } $edge->workers;
my $conn;

sub ask {
    my ($account) = @_;

    for (1 .. 200) {
        $conn ||= $edge->connect;
        my $h = eval {
            $conn->get("/?account=$account", 'X-Forwarded-For' => $Home)
                 ->{headers}
        };
        return ($h->{'x-reason'}, $h->{'x-cache'})
            if $h && $h->{'x-pid'} == $serves;
        undef $conn;
    }
    die "no connection to worker $serves\n";
}

sub hit { my ($reason, $cache) = ask(@_); $cache eq 'HIT' ? $reason : $cache }

sub becomes {
    my ($account, $want, $name, $timeout) = @_;
    my $got;
    wait_until { ($got) = ask($account); $got eq $want } $timeout;
    is $got, $want, $name;
}

sub key { "household:{$_[0]}" }

# a node that joins, without slots at first
sub join_cluster {
    my $node = Test::Household::Redis->new(config => $nodes[0]{config}
        =~ s/cluster-port \d+/'cluster-port ' .
             Test::Household::Process::free_port()/er);
    my ($bus) = $node->{config} =~ /cluster-port (\d+)/;

    $nodes[0]->cmd(CLUSTER => MEET => '127.0.0.1', $node->{port}, $bus);
    push @{ $cluster->{nodes} }, $node;
    my $n = @{ $cluster->{nodes} };
    soon {
        $n == grep { $n == split /\n/, $_->cmd(CLUSTER => 'NODES') }
              @{ $cluster->{nodes} };
    } 'a node joins', 30;
    $cluster->wait_ok;
    return $node;
}


# a slot that moves to a node which nobody knew

my ($here, $gone) = ('acc1', 'acc2');
$cluster->cmd(key($here), SADD => key($here), $Home);
soon { hit($here) eq 'home' } 'a home is cached', 20;


# an edge that reads from replicas tracks these, one of each primary

{
    my $reader = Test::Household::Nginx->new(
        workers => 2,
        http => http_config(server => [map { $_->address } @nodes[0, 4]],
            zone => '1m',
            redis => 'cluster on; read_from replica max_lag=1m;
                      connect_timeout 300ms; timeout 300ms;'),
        server => location('/', 'add_header X-Pid $pid always;', 'main zone=households fresh=1h missing=1h '
                                    . 'stale=1h'));
    my $cached = sub {
        my $h = $reader->get("/?account=$here", 'X-Forwarded-For' => $Home)
                       ->{headers};
        return $h->{'x-cache'} eq 'HIT' ? $h->{'x-reason'} : '';
    };

    soon { $cached->() eq 'home' } 'replicas: a home is cached', 20;
    soon {
        '1 1 1 1 1 1' eq join ' ', map {
            $_->cmd(INFO => 'clients') =~ /tracking_clients:(\d+)/
        } @nodes;
    } 'replicas: they are tracked, and the primaries are not', 20;
    $cluster->cmd(key($here), SREM => key($here), $Home);
    soon { $cached->() eq 'unregistered' } 'replicas: a removal is seen', 10;
    $cluster->cmd(key($here), SADD => key($here), $Home);
    soon { $cached->() eq 'home' } 'replicas: a registration is seen', 10;

    # a key has moved, and its slot has not: ASK, which replicas do not reply

    my $account = 'moving';
    my $slot = $cluster->slot(key($account));
    my ($to) = grep { $_ != $cluster->owner($slot) } @nodes[0 .. 2];
    my $says = sub {
        $reader->get("/?account=$account", 'X-Forwarded-For' => $Home)
               ->{headers};
    };
    my $fresh = sub {
        my $h = $says->();
        return $h->{'x-cache'} eq 'HIT' ? $h->{'x-reason'} : '';
    };

    $cluster->cmd(key($account), SADD => key($account), $Home);
    soon { $fresh->() eq 'home' } 'replicas: cached before', 10;
    my $from = $cluster->begin($slot, $to);
    $cluster->migrate($from, $to, key($account));
    soon {
        my ($replica) = grep { $nodes[$_] == $from } 0 .. 2;
        $nodes[$replica + 3]->cmd(CLUSTER => COUNTKEYSINSLOT => $slot) == 0;
    } 'replicas: the key has left the replica';
    is $says->()->{'x-reason'}, 'home', 'replicas: ASK: the record is found'
        for 1 .. 4;

    my $asking = $to->client;
    for my $i (1 .. 3) {
        for my $step ([SREM => 'unregistered'], [SADD => 'home']) {
            $asking->cmd('ASKING');
            $asking->cmd($step->[0] => key($account), $Home);
            soon { $says->()->{'x-reason'} eq $step->[1] }
                "replicas: ASK: $step->[0] is seen ($i)", 5;
        }
    }

    # the same while the worker process that tracks hangs, longer than its
    # lease, and then goes on: what was read meanwhile is not fresh either

    my ($hangs, $works) = sort { $a <=> $b } $reader->workers;
    my $at;
    wait_until {
        $at = $reader->connect;
        $works == $at->get('/', 'X-Forwarded-For' => $Home)
                     ->{headers}{'x-pid'};
    };
    my $told = sub {
        my $h = $at->get("/?account=$_[0]", 'X-Forwarded-For' => $Home)
                   ->{headers};
        return "$h->{'x-reason'} $h->{'x-cache'}";
    };
    soon { $told->($here) eq 'home HIT' } 'replicas: cached', 10;
    pause_pid($hangs);
    soon { $told->($here) ne 'home HIT' } 'replicas: the lease is over', 20;
    # also that of the servers, which ends a little later
    my %then;
    for (1 .. 30) {
        $then{$told->($account)}++;
        select undef, undef, undef, 0.1;
    }
    unlike join(', ', keys %then), qr/HIT|unregistered/,
        'replicas: ASK: then';
    kill 'CONT', $hangs;
    soon { $told->($here) eq 'home HIT' } 'replicas: fresh again', 20;
    $asking->cmd('ASKING');
    $asking->cmd(SREM => key($account), $Home);
    like $told->($account), qr/^unregistered /,
        'replicas: ASK: a removal is seen after that';
    $asking->cmd('ASKING');
    $asking->cmd(SADD => key($account), $Home);

    # the other key alone: who is in its fields is not lost

    $asking->cmd('ASKING');
    $asking->cmd(HSET => key($account) . ':account',
                 'extra:s1:192.0.2.1' => 0);
    my $extra = sub {
        $reader->get("/?account=$_[0]", 'X-Forwarded-For' => '192.0.2.1')
               ->{headers}{'x-reason'};
    };
    is $extra->($account), 'extra_member', 'replicas: ASK: the other key';

    my ($halved) = grep { $cluster->owner($cluster->slot(key($_))) == $from }
                   map { "halved$_" } 0 .. 99;
    my $halves = $cluster->slot(key($halved));
    $from->cmd(SADD => key($halved), $Home);
    $from->cmd(HSET => key($halved) . ':account', 'extra:s1:192.0.2.1' => 0);
    $cluster->begin($halves, $to);
    soon { $extra->($halved) eq 'extra_member' } 'replicas: before', 10;
    $cluster->migrate($from, $to, key($halved) . ':account');
    soon {
        my ($replica) = grep { $nodes[$_] == $from } 0 .. 2;
        1 == $nodes[$replica + 3]->cmd(CLUSTER => COUNTKEYSINSLOT => $halves);
    } 'replicas: one of two keys has left the replica';
    is $extra->($halved), 'extra_member',
        'replicas: ASK: the key that has left is read, too' for 1 .. 4;

    $cluster->finish($halves, $to);

    # and the fleet override

    my $control = 'household:control';
    my $where = $cluster->slot($control);
    my ($other) = grep { $_ != $cluster->owner($where) } @nodes[0 .. 2];
    my $away = sub {
        $reader->get("/?account=$halved", 'X-Forwarded-For' => '203.0.113.9')
               ->{headers}{'x-status'};
    };
    my $asked = sub {
        $_[0]->cmd(INFO => 'commandstats') =~ /cmdstat_asking:calls=(\d+)/
            ? $1 : 0;
    };
    $cluster->cmd($control, HSET => $control, mode => 'monitor');
    soon { $away->() eq 'MONITORED' } 'replicas: an override', 10;
    my $source = $cluster->begin($where, $other);
    my $before = $asked->($other);
    $cluster->migrate($source, $other, $control);
    my %said;
    soon { $said{$away->()}++; $asked->($other) > $before }
        'replicas: ASK: the override is read where it is', 10;
    $said{$away->()}++ for 1 .. 10;
    is join(' ', sort keys %said), 'MONITORED',
        'replicas: ASK: the override has never ended';
    $cluster->finish($where, $other);
    $other->cmd(DEL => $control);
    soon { $away->() eq 'DENIED' } 'replicas: its end is seen', 10;

    $cluster->finish($slot, $to);
    soon { $fresh->() eq 'home' } 'replicas: cached after the move', 10;
    $to->cmd(SREM => key($account), $Home);
    soon { $fresh->() eq 'unregistered' } 'replicas: a removal is seen then',
        10;
    $reader->quit;
}
soon { hit($here) eq 'home' } 'and by the other edge', 20;

my $node = join_cluster();
my $slot = $cluster->slot(key($here));

$cluster->move($slot, $node);
becomes($here, 'home', 'a slot has moved: its records are found');

$node->cmd(SREM => key($here), $Home);
becomes($here, 'unregistered', 'a removal at the new node is seen', 5);
soon { hit($here) eq 'unregistered' } 'and its records are cached again', 10;
$node->cmd(SADD => key($here), $Home);
becomes($here, 'home', 'a registration at the new node is seen', 5);


# "tracking on", and an account, or an override, that did not exist when its slot
# was moved: no key sends an invalidation

{
    my $edge = Test::Household::Nginx->new(
        workers => 2,
        http => http_config(server => [map { $_->address } @nodes[0, 4]],
            zone => '1m',
            redis => 'cluster on; tracking on; connect_timeout 300ms;
                      timeout 300ms;'),
        server => location('/', '', 'main zone=households fresh=1h missing=1h '
                                    . 'stale=1h'));
    my $ask = sub {
        my $h = $edge->get("/?account=$_[0]", 'X-Forwarded-For' => $Home)
                     ->{headers};
        return join ' ', map { $h->{$_} // '-' } qw(x-reason x-cache);
    };
    my $cached = sub {
        my ($account, $reason) = @_;
        soon { 10 == grep { $ask->($account) eq "$reason HIT" } 1 .. 10 }
            "tracking on: $account: $reason is cached", 20;
    };
    my $says = sub {
        my ($account, $reason, $name, $timeout) = @_;
        soon { $ask->($account) =~ /^$reason / } "tracking on: $name",
            $timeout // 10;
    };
    my $begin = sub {
        my $slot = $cluster->slot($_[0]);
        my ($to) = grep { $_ != $cluster->owner($slot) } @nodes[0 .. 2];
        return ($slot, $cluster->begin($slot, $to), $to);
    };

    # a slot is migrated, and no request gets an ASK: the first case, since any
    # slot that has moved would show it

    $cached->('unasked', 'unregistered');
    my ($slot, $from, $to) = $begin->(key('unasked'));
    my $client = $to->client;
    $client->cmd('ASKING');
    $client->cmd(SADD => key('unasked'), $Home);
    $says->('unasked', 'home', 'created, and no request got an ASK', 20);
    $cluster->finish($slot, $to);

    $cached->('absent', 'unregistered');
    ($slot, $from, $to) = $begin->(key('absent'));
    $cluster->finish($slot, $to);
    $to->cmd(SADD => key('absent'), $Home);
    $says->('absent', 'home', 'created after its slot was moved');

    # another one of the same slot is moved, and found by ASK

    $cluster->cmd(key('later1809'), SADD => key('later1809'), $Home);
    $cached->('later', 'unregistered');
    ($slot, $from, $to) = $begin->(key('later'));
    $cluster->migrate($from, $to, key('later1809'));
    $says->('later1809', 'home', 'found by ASK');
    $client = $to->client;
    $client->cmd('ASKING');
    $client->cmd(SADD => key('later'), $Home);
    $says->('later', 'home', 'created while its slot is migrated');
    $cluster->finish($slot, $to);

    $cached->('nobody', 'unregistered');
    ($slot, $from, $to) = $begin->('household:control');
    $cluster->finish($slot, $to);
    $to->cmd(HSET => 'household:control', mode => 'off');
    $says->('nobody', 'off', 'an override is set after its slot was moved');
    $to->cmd(DEL => 'household:control');
    $says->('nobody', 'unregistered', 'and removed');
    $edge->quit;
}


# a slot under migration: ASK, to a node that has no slot yet

my $other = join_cluster();
$slot = $cluster->slot(key($gone));
$cluster->cmd(key($gone), SADD => key($gone), $Home);
soon { hit($gone) eq 'home' } 'ASK: cached before', 10;

my $from = $cluster->begin($slot, $other);
$cluster->migrate($from, $other, key($gone));

becomes($gone, 'home', 'ASK: the record is found');
my $asking = $other->client;
my $at_other = sub {
    $asking->cmd('ASKING');
    $asking->cmd(@_);
};

for my $i (1 .. 3) {
    $at_other->(SREM => key($gone), $Home);
    becomes($gone, 'unregistered', "ASK: a removal is seen ($i)", 5);
    $at_other->(SADD => key($gone), $Home);
    becomes($gone, 'home', "ASK: a registration is seen ($i)", 5);
}

$cluster->finish($slot, $other);
becomes($gone, 'home', 'ASK: the slot has moved');
$at_other->(SREM => key($gone), $Home);
becomes($gone, 'unregistered', 'ASK: a removal is seen then', 5);


# a failover while the worker process that tracks is idle

my $account = (grep { $cluster->owner($cluster->slot(key($_))) == $nodes[1] }
               map { "f$_" } 0 .. 99)[0];
$cluster->cmd(key($account), SADD => key($account), $Home);
soon { hit($account) eq 'home' } 'failover: cached before', 10;

my $mark = $edge->mark;
$cluster->let_replicas_take_over;
$nodes[1]->kill9;

# of other primaries, records are cached meanwhile
my $elsewhere = (grep {
    $cluster->owner($cluster->slot(key($_))) == $nodes[0]
} map { "e$_" } 0 .. 99)[0];
soon { hit($elsewhere) eq 'unregistered' }
    'failover: records of other primaries are cached meanwhile', 10;

soon { $nodes[4]->cmd('INFO', 'replication') =~ /role:master/ }
    'failover: a replica takes over', 60;
$cluster->wait_ok;
soon { hit($account) eq 'home' } 'failover: cached again', 10;
$nodes[4]->cmd(SREM => key($account), $Home);
becomes($account, 'unregistered', 'failover: a removal is seen', 5);

ok $edge->wait_log(qr/\[warn\] .*household redis "main" \S+: tracking lost: /,
                   $mark), 'failover: the log has the loss';


# a node that leaves ("redis-cli --cluster del-node")

$slot = $cluster->slot(key($here));
$cluster->move($slot, $nodes[0]);
becomes($here, 'home', 'del-node: the slot is elsewhere');
$cluster->move($cluster->slot(key($gone)), $nodes[0]);

for my $left ($node, $other) {
    my $id = $cluster->id($left);
    @{ $cluster->{nodes} } = grep { $_ != $left } $cluster->nodes;
    for my $peer (grep { $_->pid } $cluster->nodes) {
        eval { $peer->cmd(CLUSTER => FORGET => $id) };
    }
    $left->stop;
}

soon { hit($here) eq 'home' } 'del-node: its records are cached', 15;
$cluster->cmd(key($here), SREM => key($here), $Home);
becomes($here, 'unregistered', 'del-node: a removal is seen', 5);

ok(!(grep { !kill 0, $_ } $tracks, $serves), 'no worker process has died');

done_testing;

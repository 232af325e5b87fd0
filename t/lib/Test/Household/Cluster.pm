package Test::Household::Cluster;

# A Redis Cluster of the test's own: three primaries, and a replica of each.
#
#   my $cluster = Test::Household::Cluster->new;
#   $cluster->cmd($key, SADD => $key, 'x');       # at whoever holds the key
#   $cluster->move($slot, $node);                 # a whole slot, key by key
#
# "config" is more text for each redis.conf; "args" are for the nodes' new().
#
# A node of a busy machine may be silent for longer than the others wait.  So
# replicas take over by themselves only after let_replicas_take_over().

use strict;
use warnings;

use Test::Household::Process qw(wait_until free_port);
use Test::Household::Redis;


sub new {
    my ($class, %opt) = @_;
    my $self = bless { %opt }, $class;

    for my $i (0 .. 5) {
        my $text = join "\n", 'cluster-enabled yes',
            'cluster-config-file nodes.conf', 'cluster-node-timeout 1500',
            'cluster-announce-ip 127.0.0.1', 'repl-diskless-sync-delay 0',
            'cluster-replica-no-failover yes',
            ref $opt{config} ? $opt{config}->($i) : $opt{config} // '',
            'cluster-port ' . free_port();
        push @{ $self->{nodes} },
            Test::Household::Redis->new(%{ $opt{args} || {} },
                                        config => $text);
    }

    $self->create;
    return $self;
}

sub nodes { @{ $_[0]{nodes} } }

# "redis-cli --cluster create", by its parts
sub create {
    my ($self) = @_;
    my @nodes = $self->nodes;
    my @from = (0, 5461, 10923, 16384);

    for my $i (0 .. 2) {
        $nodes[$i]->cmd(CLUSTER => ADDSLOTSRANGE => $from[$i],
                        $from[$i + 1] - 1);
    }

    $nodes[$_]->cmd(CLUSTER => 'SET-CONFIG-EPOCH', $_ + 1) for 0 .. 5;

    for my $node (@nodes[1 .. 5]) {
        my ($bus) = $node->{config} =~ /cluster-port (\d+)/;
        $nodes[0]->cmd(CLUSTER => MEET => '127.0.0.1', $node->{port}, $bus);
    }

    wait_until {
        6 == grep { 6 == split /\n/, $_->cmd(CLUSTER => 'NODES') } @nodes;
    } 90 or die "the nodes do not meet\n";

    for my $i (3 .. 5) {
        my $id = $self->id($nodes[$i - 3]);
        wait_until {
            eval { $nodes[$i]->cmd(CLUSTER => REPLICATE => $id) };
        } or die "no replica\n";
    }

    $self->wait_ok;
    wait_until {
        3 == grep { $_->cmd('INFO', 'replication') =~ /link_status:up/ } @nodes;
    } 40 or die "the replicas do not follow\n";
}

sub wait_ok {
    my ($self) = @_;
    wait_until {
        my @live = grep { $_->pid } $self->nodes;
        @live == grep {
            (eval { $_->cmd(CLUSTER => 'INFO') } // '') =~ /cluster_state:ok/
        } @live;
    } 60 or die "the cluster is not well\n";
}

sub let_replicas_take_over {
    my ($self) = @_;
    $_->cmd(CONFIG => SET => 'cluster-replica-no-failover', 'no')
        for $self->nodes;
}

sub id { $_[1]->cmd(CLUSTER => 'MYID') }

sub slot { $_[0]{nodes}[-1]->cmd(CLUSTER => KEYSLOT => $_[1]) }

# the node that holds a slot, as a node tells, or one that lives
sub owner {
    my ($self, $slot, $told_by) = @_;
    ($told_by) = grep { $_->pid } $self->nodes if !$told_by;

    for my $entry (@{ $told_by->cmd(CLUSTER => 'SLOTS') }) {
        my ($from, $to, $primary) = @$entry;
        next if $slot < $from || $slot > $to;
        return (grep { $_->{port} == $primary->[1] } $self->nodes)[0];
    }
    return;
}

# nodes of a busy machine may be down for a moment
sub cmd {
    my ($self, $key, @args) = @_;
    my $slot = $self->slot($key);
    my ($reply, $error);

    wait_until {
        $reply = eval { $self->owner($slot)->cmd(@args) };
        $error = $@;
        $error !~ /: (?:MOVED|CLUSTERDOWN|TRYAGAIN|READONLY)/;
    };
    die $error if $error;
    return $reply;
}

# The steps of a migration, so that a test may stop in the middle of one.
sub begin {
    my ($self, $slot, $to) = @_;
    my $from = $self->owner($slot);

    $to->cmd(CLUSTER => SETSLOT => $slot, IMPORTING => $self->id($from));
    $from->cmd(CLUSTER => SETSLOT => $slot, MIGRATING => $self->id($to));
    return $from;
}

sub migrate {
    my ($self, $from, $to, @keys) = @_;
    $from->cmd(MIGRATE => '127.0.0.1', $to->{port}, '', 0, 5000,
               KEYS => @keys);
}

# A node that still holds keys of a slot refuses to assign it to another one,
# unless it has heard of the new owner first, and has deleted these keys.
sub finish {
    my ($self, $slot, $to) = @_;
    my $from = $self->owner($slot);

    while (my @keys = @{ $from->cmd(CLUSTER => GETKEYSINSLOT => $slot, 10) }) {
        $self->migrate($from, $to, @keys);
    }

    my $id = $self->id($to);
    my @primaries = grep { $_->pid
                           && $_->cmd('INFO', 'replication') =~ /role:master/ }
                    $self->nodes;

    $_->cmd(CLUSTER => SETSLOT => $slot, NODE => $id)
        for $to, grep { $_ != $to } @primaries;

    # an older message of the source may take the slot back for a moment
    wait_until {
        @primaries == grep { ($self->owner($slot, $_) // 0) == $to } @primaries;
    } 40 or die "slot $slot does not move\n";
}

sub move {
    my ($self, $slot, $to) = @_;

    $self->begin($slot, $to);
    $self->finish($slot, $to);
}

1;

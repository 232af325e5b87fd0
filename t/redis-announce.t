#!/usr/bin/perl

# How the nodes of a Redis Cluster say where they are: by address, by name, by
# neither; and redirections that lead nowhere.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::Cluster;
use Test::Household::FakeRedis;
use Test::Household::NameServer;
use Test::Household::Nginx qw(location);
use Test::Household::Process qw(wait_until free_port);
use Test::Household::Viewer qw($Home reason is_soon soon);

my $times = 'connect_timeout 300ms; timeout 300ms;';

my $cluster = Test::Household::Cluster->new;
my @nodes = $cluster->nodes;
my @accounts = map { "a$_" } 0 .. 19;
$cluster->cmd("household:{$_}", SADD => "household:{$_}", $Home) for @accounts;


sub edge {
    my ($server, %opt) = @_;
    my $more = $opt{resolver}
        ? "resolver 127.0.0.1:$opt{resolver}{port} ipv6=off valid=1s;" : '';

    return Test::Household::Nginx->new(
        http => "household_redis main { server $server; cluster on; $times
                                        connections " . ($opt{conns} // 1) . "; }
                 set_real_ip_from 127.0.0.1;
                 real_ip_header X-Forwarded-For; $more",
        server => location('/t'));
}

# all accounts are found, also after a slot has moved: by the map, by MOVED
sub works {
    my ($name, $edge) = @_;

    is_soon $edge, $accounts[0], 'home', "$name: the slot map is used";
    is scalar(grep { reason($edge, $_) eq 'home' } @accounts), @accounts,
        "$name: every account is found";

    my $slot = $cluster->slot("household:{$accounts[1]}");
    my ($to) = grep { $_ != $cluster->owner($slot) } @nodes[0 .. 2];
    $cluster->move($slot, $to);
    is_soon $edge, $accounts[1], 'home', "$name: a redirection is followed";
    is scalar(grep { reason($edge, $_) eq 'home' } @accounts), @accounts,
        "$name: and no other account is lost";
}

sub announce {
    my (%set) = @_;
    for my $node (@nodes) {
        $node->cmd(CONFIG => SET => $_ => $set{$_}) for sort keys %set;
    }
    # names travel by gossip
    my $name = $set{'cluster-announce-hostname'};
    wait_until {
        6 == grep { !$name
                    || 6 == (() = $_->cmd(CLUSTER => 'NODES') =~ /,\Q$name\E/g)
        } @nodes
    } 20 if defined $name;
}

my $seed = $nodes[0]->address;
my $version = $nodes[0]->cmd(INFO => 'server') =~ /redis_version:(\d+)/
              ? $1 : 0;

SKIP: {
    skip 'no cluster-preferred-endpoint-type before Redis 7', 1
        if $version < 7;

    # no address at all: null

    announce('cluster-preferred-endpoint-type' => 'unknown-endpoint');
    works('null', edge($seed));
    works('null, of a name', edge("localhost:$nodes[0]{port}"));

    # names, of nodes that have none: "?", and the address in the metadata

    announce('cluster-preferred-endpoint-type' => 'hostname');
    works('"?"', edge($seed));

    # names, with a resolver and without

    announce('cluster-announce-hostname' => 'redis.example');
    my $dns = Test::Household::NameServer->new('127.0.0.1');
    works('names', edge($seed, resolver => $dns));
    ok $dns->queries, 'names: the resolver is asked';
    works('names without a resolver', edge($seed));

    announce('cluster-preferred-endpoint-type' => 'ip',
             'cluster-announce-hostname' => '');
}


# what a node says, word by word

my $port;

sub fake_cluster {
    my (%opt) = @_;
    my $n = 0;

    $port = free_port();
    return Test::Household::FakeRedis->new(port => $port,
        data => { 'household:{a}' => [$Home] },
        handler => sub {
            my ($conn, $name, @args) = @_;
            return undef if uc $name ne 'CLUSTER' && !$opt{moved};
            if (uc $name eq 'CLUSTER') {
                return "-ERR no map any more\r\n" if $opt{once} && $n++;
                return $opt{slots}->($port);
            }
            return undef if uc $name ne 'SMEMBERS';
            return $opt{moved}->(@args);
        });
}

sub slots {
    my ($host, $tail) = @_;
    return sub {
        "*1\r\n*3\r\n:0\r\n:16383\r\n*" . (defined $tail ? 4 : 2)
        . "\r\n$host:$_[0]\r\n" . ($tail // '');
    };
}

my $id = "\$40\r\n" . 'a' x 40 . "\r\n";

for my $case (
    ['an empty string', slots("\$0\r\n\r\n")],
    ['an empty string, and metadata', slots("\$0\r\n\r\n", "$id*0\r\n")],
    ['null', slots("\$-1\r\n", "$id*0\r\n")],
    ['null, and an address', slots("\$-1\r\n",
        "$id*2\r\n\$2\r\nip\r\n\$9\r\n127.0.0.9\r\n")],
    ['"?"', slots("\$1\r\n?\r\n", "$id*0\r\n")],
    ['"?", and an address', slots("\$1\r\n?\r\n",
        "$id*2\r\n\$2\r\nip\r\n\$9\r\n127.0.0.1\r\n")],
    ['a name, and an address', slots("\$13\r\nredis.example\r\n",
        "$id*2\r\n\$2\r\nip\r\n\$9\r\n127.0.0.1\r\n")],
) {
    my ($name, $slots) = @$case;
    my $fake = fake_cluster(slots => $slots);
    my $edge = edge("localhost:$port");
    is_soon $edge, 'a', 'home', "a node that announces $name";
    $edge->quit;
    $fake->stop;
}

{
    my $fake = fake_cluster(slots => slots("\$13\r\nredis.example\r\n"));
    my $edge = edge("127.0.0.1:$port");
    is_soon $edge, 'a', 'unavailable', 'a name alone needs a resolver';
    ok $edge->wait_log(
        qr/redis\.example:$port: server down: no resolver defined to resolve redis\.example/),
        'and the log has it';
    $edge->quit;
    $fake->stop;
}


# MOVED without an address: on any of several connections, the others of which
# were not needed until then

{
    my $other = Test::Household::FakeRedis->new(
        data => { 'household:{b}' => [$Home] });
    my $fake = fake_cluster(once => 1, slots => slots("\$9\r\n127.0.0.1\r\n"),
        moved => sub {
            $_[0] eq 'household:{a}' ? undef : "-MOVED 1 :$other->{port}\r\n";
        });
    my $edge = edge("127.0.0.1:$port", conns => 8);
    is_soon $edge, 'a', 'home', 'MOVED without an address: the map is used';
    is reason($edge, 'b'), 'home', 'MOVED without an address: is followed';
    $edge->quit;
    $_->stop for $fake, $other;
}


# MOVED to ever new ports: what is connected to is bounded

{
    my $n = 20000;
    my $fake = fake_cluster(once => 1, slots => slots("\$9\r\n127.0.0.1\r\n"),
        moved => sub { sprintf "-MOVED 1 127.0.0.1:%d\r\n", $n++ });
    my $edge = edge("127.0.0.1:$port");

    soon { $fake->count('SMEMBERS') > 0 or reason($edge, 'x') && 0 }
        'endless MOVED: the node is asked';
    for my $round (1 .. 10) {
        my @conns = map { $edge->connect } 1 .. 30;
        $_->send_request(GET => "/t?account=$round-" . $n++,
                         'X-Forwarded-For' => $Home) for @conns;
        $_->response for @conns;
    }
    my %ports = map { $_ => 1 }
                $edge->log =~ /127\.0\.0\.1:(\d+): server down/g;
    cmp_ok scalar(keys %ports), '<=', 70,
        'endless MOVED: of ' . $fake->count('SMEMBERS') . ' a few are followed';
    $edge->quit;
    ok !$edge->pid, 'endless MOVED: nginx quits';
    $fake->stop;
}

done_testing;

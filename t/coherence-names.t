#!/usr/bin/perl

# Several servers behind one name, or behind one address: a record is cached
# as fresh only if the server that it came from is tracked.

use strict;
use warnings;

use lib 't/lib';
use IO::Socket::INET;
use Test::More;
use Test::Household::NameServer;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until free_port temp_dir);
use Test::Household::Redis;
use Test::Household::Viewer qw($Home soon);

my $port = free_port();
my $times = 'connect_timeout 400ms; timeout 400ms;';


# One address for several servers: connections take turns.  After mute(), those
# that have subscribed stay open, and nothing passes.
package Balancer {
    use Socket qw(MSG_DONTWAIT);
    our @ISA = 'Test::Household::Process';

    sub new {
        my ($class, $port, @to) = @_;
        my $self = bless { to => \@to, port => $port,
                           dir => main::temp_dir("balancer") }, $class;
        my $listen = IO::Socket::INET->new(Listen => 64, ReuseAddr => 1,
            LocalAddr => '127.0.0.1', LocalPort => $self->{port})
            or die "listen: $!\n";

        $self->spawn(sub { alarm 300; $self->run($listen) });
        return $self;
    }

    sub mute {
        my ($self) = @_;
        $self->signal('USR1');
        main::wait_until { $self->output =~ /muted/ };
    }

    sub run {
        my ($self, $listen) = @_;
        my (%peer, %subscribed, $mute, $n);
        local $SIG{PIPE} = 'IGNORE';
        local $SIG{USR1} = sub { $mute = 1 };

        while (1) {
            my $in = '';
            vec($in, fileno $_, 1) = 1 for $listen, map { $_->[0] } values %peer;

            if ($mute) {
                # they are in no list from here on, but stay open
                push @{ $self->{muted} }, delete @peer{ keys %subscribed };
                undef $mute;
                syswrite STDERR, "muted\n";
                next;
            }

            next if select($in, undef, undef, 1) <= 0;

            if (vec $in, fileno $listen, 1) {
                my $client = $listen->accept or next;
                my $to = $self->{to}[$n++ % @{ $self->{to} }];
                my $server = IO::Socket::INET->new(PeerAddr => $to) or next;
                $peer{$client} = [$client, $server];
                $peer{$server} = [$server, $client];
            }

            for my $pair (values %peer) {
                my ($from, $to) = @$pair;
                next if !defined fileno $from || !vec $in, fileno $from, 1;

                if (!sysread $from, my $bytes, 65536) {
                    delete @peer{$from, $to};
                    close $_ for $from, $to;
                    last;
                } else {
                    @subscribed{$from, $to} = () if $bytes =~ /SUBSCRIBE/;
                    syswrite $to, $bytes;
                }
            }
        }
    }
}


sub edge {
    my ($server, $http, $redis) = @_;
    return Test::Household::Nginx->new(
        workers => 4,
        http => http_config(server => $server, zone => '1m',
                            redis => $times . ($redis // ''))
                . ($http // ''),
        server => location('/', '',
                       'main zone=households fresh=1h missing=1h stale=1h'));
}

sub ask {
    my ($edge, $account) = @_;
    my $h = $edge->get("/?account=$account", 'X-Forwarded-For' => $Home)
                 ->{headers};
    return ($h->{'x-reason'}, $h->{'x-cache'});
}

# changes in all servers; each must be seen by all workers, and within seconds
sub changes {
    my ($name, $edge, $rounds, @redis) = @_;
    my $wrong = 0;

    for my $round (1 .. $rounds) {
        for my $step ([SADD => 'home'], [SREM => 'unregistered']) {
            my ($command, $want) = @$step;
            ask($edge, 'a') for 1 .. 12;
            $_->cmd($command => 'household:{a}', $Home) for @redis;

            my $same = 0;
            wait_until {
                $same = (ask($edge, 'a'))[0] eq $want ? $same + 1 : 0;
                $same == 24;
            } 4 or $wrong++;
        }
    }
    is $wrong, 0, "$name: every change is seen";
}

# at two addresses of the loopback and the same port

my @redis = map {
    Test::Household::Redis->new(unix => 1, ip => "127.0.0.$_", port => $port);
} 2, 3;


# a name with two addresses, which the resolver rotates

my $dns = Test::Household::NameServer->new('127.0.0.2', '127.0.0.3');
my $edge = edge("redis.example:$port resolve",
                "resolver 127.0.0.1:$dns->{port} ipv6=off valid=1s;\n");

soon { (ask($edge, 'a'))[1] eq 'HIT' } 'two addresses: cached';
changes('two addresses', $edge, 4, @redis);

my $hits = grep { (ask($edge, 'a'))[1] eq 'HIT' } 1 .. 24;
cmp_ok $hits, '>=', 20, 'two addresses: all workers use one of them';

# one of them fails for a while: workers go to the other one, and come back

my $mark = $edge->mark;
$redis[0]->kill9;
soon { (ask($edge, 'a'))[0] eq 'unregistered' } 'one fails: the other is used';
ok $edge->wait_log(qr/household redis "main" \S+: tracking lost: /, $mark),
    'one fails: the log has it';
soon { (ask($edge, 'a'))[1] eq 'HIT' } 'one fails: cached', 10;
changes('one fails', $edge, 2, $redis[1]);
$redis[0]->start;
soon { (ask($edge, 'a'))[1] eq 'HIT' } 'it is back: cached', 10;
changes('it is back', $edge, 4, @redis);
soon { 24 == grep { (ask($edge, 'a'))[1] eq 'HIT' } 1 .. 24 }
    'it is back: all workers use one of them', 20;
ok $edge->wait_log(qr/connection lost: reconnecting to the first address/,
                   $mark), 'it is back: the log has the way back';

$edge->quit;


# One server with two addresses, and the way to one of them is lost without a
# word: the other one is used at once, and what changed meanwhile is known.

my $by_name = "resolver 127.0.0.1:$dns->{port} ipv6=off valid=1s;\n";
$dns->says('127.0.0.1', '127.0.0.2');

for my $tracking ('on', 'broadcast') {
    my $way = Balancer->new($port, '127.0.0.2:' . $port);
    $edge = edge("redis.example:$port resolve", $by_name,
                 "tracking $tracking;");

    $redis[0]->cmd(SADD => "household:{$_}", $Home) for 'a', 'b';
    soon { 24 == grep { (ask($edge, $_))[1] eq 'HIT' } ('a', 'b') x 12 }
        "silent: cached, $tracking";

    $way->mute;
    $redis[0]->cmd(SREM => 'household:{b}', $Home);

    soon { (ask($edge, 'a'))[1] ne 'HIT' } "silent: not fresh, $tracking";
    soon { 12 == grep { (ask($edge, 'a'))[1] eq 'HIT' } 1 .. 12 }
        "silent: cached again, $tracking", 30;
    is_deeply [map { (ask($edge, 'b'))[0] } 1 .. 4], [('unregistered') x 4],
        "silent: a change meanwhile is known, $tracking" or diag $edge->log;
    like $edge->log, qr/tracking lost: timed out/,
        "silent: the log has it, $tracking";

    $edge->quit;
    $way->stop;
}


# two servers behind one address

my @two = map { Test::Household::Redis->new } 1, 2;

# client ids of both: the one that is redirected to exists at the other, too
$_->client for map { ($_) x 3 } @two;
my @strangers = map { $_->client } map { ($_) x 40 } @two;

my $balancer = Balancer->new(free_port(), map { $_->address } @two);
$edge = edge("127.0.0.1:$balancer->{port}");

soon { (ask($edge, 'a'))[0] eq 'unregistered' } 'one address: it works';
changes('one address', $edge, 5, @two);

my $n = 0;
soon { ask($edge, "n" . $n++) for 1 .. 8; $edge->log =~
       /\[warn\] .*household redis "main": server not tracked, several servers/
    || $edge->log =~ /\[error\] .*tracking lost: another server replied/
} 'one address: the log has the cause', 30;

$edge->quit;

done_testing;

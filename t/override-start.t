#!/usr/bin/perl

# household:control is known before the first verdict of a worker process,
# whichever connection the replies come by, and whether or not a lookup is
# needed.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::Cluster;
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);

my $away = '203.0.113.9';

sub edge {
    my (%opt) = @_;
    return Test::Household::Nginx->new(
        workers => $opt{workers} // 2,
        http => http_config(server => $opt{server}, zone => $opt{zone},
            redis => "$opt{redis} timeout 2s; connect_timeout 2s;"),
        server => location('/', '', $opt{zone} ? 'main zone=households'
                                               : 'main'));
}

# many requests at once, the first ones of all
sub first {
    my ($edge) = @_;
    my @conns = map { $edge->connect } 1 .. 60;
    my $n = 0;

    $_->send_request(GET => '/?account=a' . $n++,
                     'X-Forwarded-For' => $away) for @conns;

    my %seen;
    $seen{ $_->response->{headers}{'x-status'} }++ for @conns;
    return \%seen;
}


# the reply comes late

for my $zone (undef, '1m') {
    my $name = $zone ? 'a zone' : 'no zone';
    my $fake = Test::Household::FakeRedis->new(
        data => { 'household:control' => { mode => 'monitor' } },
        handler => sub {
            my ($conn, @command) = @_;
            return undef if "@command" ne 'HGETALL household:control';
            return [[delay => 0.3],
                    "*2\r\n\$4\r\nmode\r\n\$7\r\nmonitor\r\n"];
        });
    my $edge = edge(server => $fake->address, zone => $zone,
                    redis => 'connections 4;');

    is_deeply first($edge), { MONITORED => 60 }, "$name: no request is denied";
    $edge->quit;
    $fake->stop;
}


# no lookup is needed: there is no account, or its record is in the zone

{
    my $n = 0;
    my $fake = Test::Household::FakeRedis->new(
        handler => sub {
            my ($conn, @command) = @_;
            return undef if "@command" ne 'HGETALL household:control';
            return "-LOADING not yet\r\n" if ++$n == 1;
            return [[delay => 0.3],
                    "*2\r\n\$4\r\nmode\r\n\$7\r\nmonitor\r\n"];
        });
    my $edge = edge(server => $fake->address, zone => '1m', workers => 1,
                    redis => 'connections 4; tracking off;');
    my $status = sub {
        my $h = $edge->get($_[0], 'X-Forwarded-For' => $away)->{headers};
        return [@$h{qw(x-status x-cache)}];
    };

    is_deeply $status->('/?account=a'), ['DENIED', 'MISS'],
        'an error reply: a verdict without it';
    is_deeply $status->('/?account=a'), ['MONITORED', 'HIT'],
        'a record in the zone: the verdict waits';
    $edge->quit;

    $edge = edge(server => $fake->address, workers => 1, redis => '');
    is $status->('/')->[0], 'MONITORED', 'no account: the verdict waits';
    is $edge->get('/')->{headers}{'x-reason'}, 'account_missing',
        'no account: and is known';
    $edge->quit;
    $fake->stop;
}


# the reply is always an error: it is asked for again, but no verdict waits

{
    my $fake = Test::Household::FakeRedis->new(
        handler => sub {
            my ($conn, @command) = @_;
            return "@command" eq 'HGETALL household:control'
                   ? "-NOPERM no\r\n" : undef;
        });
    my $edge = edge(server => $fake->address, workers => 1,
                    redis => 'tracking off;', zone => '1m');

    for (1 .. 50) {
        $edge->get('/?account=a', 'X-Forwarded-For' => $away);
    }
    cmp_ok $fake->count('HGETALL'), '<', 25, 'an error: not for each request';
    ok wait_until {
        $edge->get('/?account=a');
        1 < grep { "@$_" eq 'HGETALL household:control' } $fake->commands;
    }, 'an error: but again';
    $edge->quit;
    $fake->stop;
}


# it does not come at all: verdicts do not wait for longer than the timeout

{
    my $fake = Test::Household::FakeRedis->new(
        handler => sub {
            my ($conn, @command) = @_;
            return "@command" eq 'HGETALL household:control' ? ['hang']
                                                             : undef;
        });
    my $edge = edge(server => $fake->address, redis => 'connections 4;');
    my $since = time;
    my $seen = first($edge);

    is_deeply [grep { !/^(?:DENIED|UNAVAILABLE)$/ } keys %$seen], [],
        'no reply: requests are a verdict without it';
    cmp_ok time - $since, '<', 20, 'no reply: after the timeout';
    $fake->stop;
    $edge->quit;
    ok !$edge->pid, 'no reply: nginx quits';
}


# in a cluster it is of another node than most accounts

{
    my $cluster = Test::Household::Cluster->new;
    my $key = 'household:control';
    $cluster->cmd($key, HSET => $key, mode => 'monitor');

    for my $zone (undef, '1m') {
        my $edge = edge(zone => $zone, redis => 'cluster on;',
            server => [map { $_->address } ($cluster->nodes)[0, 4]]);
        is_deeply first($edge), { MONITORED => 60 },
            'a cluster, ' . ($zone ? 'a zone' : 'no zone')
            . ': no request is denied';
        $edge->quit;
    }
}

done_testing;

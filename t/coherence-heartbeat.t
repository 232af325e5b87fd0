#!/usr/bin/perl

# A record in the zone is fresh for two seconds after the last heartbeat that
# was answered.  A server that is slow to answer has several of them under way:
# each reply is for its own PING, and not for the latest.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::More;

# each reply to PING comes with the PING that follows "lag" later; or is the
# error that is set with the key "error"
sub server {
    my ($lag) = @_;
    my %data;

    return Test::Household::FakeRedis->new(
        data => \%data,
        handler => sub {
            my ($conn, $name, @args) = @_;
            my $what = uc join ' ', $name, $args[0] // ();

            if ($what eq 'CLIENT ID') {
                return ":7\r\n";
            }

            if ($name eq 'SUBSCRIBE') {
                $conn->{pong} = "*2\r\n\$4\r\npong\r\n\$0\r\n\r\n";
                return "*3\r\n\$9\r\nsubscribe\r\n\$20\r\n$args[0]\r\n:1\r\n";
            }

            if ($what eq 'CLIENT TRACKING' && uc $args[1] eq 'ON') {
                $conn->{pong} = "+PONG\r\n";
            }

            return undef if $name ne 'PING' || !$conn->{pong};
            return "-$data{error}\r\n" if $data{error};
            return ++$conn->{pings} > $lag ? $conn->{pong} : [];
        });
}

sub edge {
    my ($server) = @_;

    return Test::Household::Nginx->new(
        http => http_config(server => $server->address, zone => '1m'),
        server => location('/', '', 'main zone=households fresh=1h '
                                    . 'missing=1h stale=1h'));
}

sub cache { $_[0]->get('/?account=a')->{headers}{'x-cache'} }


for my $lag (0, 2) {
    my $server = server($lag);
    my $edge = edge($server);

    ok wait_until { cache($edge) eq 'HIT' },
        "replies $lag heartbeats late: records are fresh";
    $edge->quit;
    $server->stop;
}


# three seconds late: nothing of the last two seconds was heard

{
    my $server = server(6);
    my $edge = edge($server);
    my %seen;

    # two a heartbeat, and one in the handshake of each connection
    ok wait_until {
        $seen{ cache($edge) }++;
        24 <= grep { "@$_" eq 'PING' } $server->commands;
    }, 'replies come';
    is $seen{HIT}, undef, 'replies 6 heartbeats late: no record is fresh'
        or diag explain \%seen;
    $edge->quit;
    $server->stop;
}


# A script runs for long, and Redis has not sent the invalidations of changes
# before it: the connections are open, and nothing that is known is fresh.  What
# an access control list says of PING says nothing of Redis.

{
    my $server = server(0);
    my $edge = edge($server);

    ok wait_until { cache($edge) eq 'HIT' }, 'PONG: records are fresh';
    $server->set(error => 'NOPERM this user has no permissions');
    my $pings = $server->count('PING');
    ok wait_until { $server->count('PING') >= $pings + 16 }, 'NOPERM';
    ok wait_until { cache($edge) eq 'HIT' }, 'NOPERM: records are fresh';

    for my $error ('BUSY Redis is busy running a script',
                   'LOADING Redis is loading the dataset in memory')
    {
        my ($code) = split ' ', $error;
        my %seen;

        $server->set(error => $error);

        # no reply of before renews the lease any more
        $pings = $server->count('PING');
        ok wait_until { $server->count('PING') >= $pings + 16 }, $code;

        ok wait_until {
            $seen{ cache($edge) }++;
            $server->count('PING') >= $pings + 32;
        }, "$code: for as long as that is the reply";
        is $seen{HIT}, undef, "$code: no record is fresh"
            or diag explain \%seen;

        $server->set(error => '');
        ok wait_until { cache($edge) eq 'HIT' }, "$code: records are fresh again";
    }

    $edge->quit;
    $server->stop;
}

done_testing;

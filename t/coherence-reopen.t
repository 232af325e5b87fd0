#!/usr/bin/perl

# How often the tracking and the invalidation connection are opened, and
# tracking is enabled, by a server or a proxy that does not permit it.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::More;
use Time::HiRes qw(sleep time);


# "way" gets the connection and the command, before the usual replies
sub server {
    my ($way) = @_;

    return Test::Household::FakeRedis->new(handler => sub {
        my ($conn, $name, @args) = @_;
        my $command = "$name @args";
        my $reply = $way->($conn, $command);

        return $reply if $reply;
        return ":7\r\n" if $command eq 'CLIENT ID';

        if ($name eq 'SUBSCRIBE') {
            $conn->{pong} = "*2\r\n\$4\r\npong\r\n\$0\r\n\r\n";
            return "*3\r\n\$9\r\nsubscribe\r\n\$20\r\n$args[0]\r\n:1\r\n";
        }

        return $conn->{pong} if $name eq 'PING' && $conn->{pong};
        return undef;
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


# A connection that is closed by the same command whenever it is opened: each
# machine of a fleet would connect ten times a second.

for my $command ('SUBSCRIBE', 'CLIENT TRACKING ON') {
    my $server = server(sub { $_[1] =~ /^$command/ ? ['close'] : undef });
    my $edge = edge($server);

    ok wait_until { $server->count('connections') >= 4 },
        "closed by $command: it is opened again";

    my $began = time;
    my $connections = $server->count('connections');
    sleep 5;
    $connections = $server->count('connections') - $connections;
    cmp_ok $connections, '<=', 5 + 2 * (time - $began),
        "closed by $command: once a second or so";
    is cache($edge), 'MISS', "closed by $command: a lookup is answered";
    $edge->quit;
    $server->stop;
}


# Tracking was denied, which is tried again after 20 heartbeats; the connection
# is lost before, and tracking is permitted on the next one.

{
    my $denied = 0;
    my $server = server(sub {
        return $_[1] =~ /^CLIENT TRACKING ON/ && !$denied++
               ? ["-NOPERM of it\r\n", [delay => 0.2], 'close'] : undef;
    });
    my $edge = edge($server);

    ok wait_until { cache($edge) eq 'HIT' }, 'permitted: tracking is enabled';
    my $pings = $server->count('PING');
    ok +(wait_until { $server->count('PING') >= $pings + 60 } 90),
        'permitted: and stays so for 30 heartbeats';
    is_deeply [map { $_->[2] } grep { "@$_" =~ /^CLIENT TRACKING/ }
               $server->commands], [qw(OFF ON OFF ON)],
        'permitted: without being turned off';
    $edge->quit;
}

done_testing;

#!/usr/bin/perl

# A Cluster whose slot map has no node that can be reached, as none has a port:
# no server tells of changes any more, and nothing is fresh from then on.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(free_port wait_until);
use Test::Household::Resp qw(encode_reply);
use Test::More;

my $home = '82.64.10.7';
my $port = free_port();
my %data = ('household:{a}' => [$home], port => $port);

my $fake = Test::Household::FakeRedis->new(
    port => $port, data => \%data, handler => sub {
        my ($conn, $name, @args) = @_;
        my $command = "$name @args";

        return encode_reply([[\':0', \':16383',
                              ['127.0.0.1', \":$data{port}", 'a' x 40]]])
            if $command eq 'CLUSTER SLOTS';
        return ":7\r\n" if $command eq 'CLIENT ID';

        # the slot map is read after this
        return "-MOVED 1 127.0.0.1:$port\r\n" if $command =~ /^SMEMBERS .*moved/;

        if ($name eq 'SUBSCRIBE') {
            $conn->{subscribed} = 1;
            return encode_reply(['subscribe', $args[0], \':1']);
        }

        return $name eq 'PING' && $conn->{subscribed}
               ? encode_reply(['pong', '']) : undef;
    });

my $edge = Test::Household::Nginx->new(
    workers => 1,
    http => http_config(server => $fake->address, zone => '1m',
                        redis => 'cluster on; connect_timeout 5s; timeout 5s;'),
    server => location('/', '', 'main zone=households fresh=1h missing=1h '
                                . 'stale=1h'));

sub ask {
    my $h = $edge->get("/?account=$_[0]", 'X-Forwarded-For' => $home)->{headers};
    return join ' ', map { $h->{$_} // '-' } qw(x-reason x-cache);
}

ok wait_until { ask('a') eq 'home HIT' }, 'a record is fresh';

$fake->set(port => '0');
my $conn = $edge->connect;
$conn->send_request(GET => '/?account=moved');
ok wait_until { $fake->count('open') == 0 }, 'the map has no node';
isnt ask('a'), 'home HIT', 'the record is not fresh at once';
like ask('a'), qr/^home STALE$/, 'but may allow still';

$fake->set(port => $port);
ok wait_until { ask('a') eq 'home HIT' }, 'until there is one again';

done_testing;

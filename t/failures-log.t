#!/usr/bin/perl

# Rows of docs/failures.md whose cause in the error log no other test reads:
# each kind of server, and the line that it leads to.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Resp qw(encode_reply);

my $times = 'connect_timeout 2s; timeout 2s;';

sub fake { Test::Household::FakeRedis->new(handler => $_[0]) }

# a server with tracking, but for what "other" replies
sub tracked {
    my ($other) = @_;

    return fake(sub {
        my ($conn, $name, @args) = @_;
        my $reply = $other && $other->($name, @args);

        return $reply if $reply;
        return ":7\r\n" if "$name @args" eq 'CLIENT ID';

        if ($name eq 'SUBSCRIBE') {
            $conn->{subscribed} = 1;
            return encode_reply(['subscribe', $args[0], \':1']);
        }

        return undef;
    });
}

# the log has the line, once requests come; "then" is run when one came through
sub logs {
    my ($name, $re, $redis, $then) = @_;
    my $edge = Test::Household::Nginx->new(
        http => http_config(zone => '1m', redis => "$redis $times"),
        server => location('/', '', 'main zone=households'));
    my $requests = 0;

    ok wait_until {
        $edge->get('/?account=a');
        $then->() if $then && $requests++ == 1;
        $edge->log =~ $re;
    }, $name or diag $edge->log;
    $edge->quit;
}

my $fake = fake();
my $server = 'server ' . $fake->address . ';';

$fake->behave('all_wrong_type');
logs('another service listens there: invalid handshake reply',
     qr/server down: invalid handshake reply/, $server);
$fake->behave('normal');

logs('a reply does not belong to its command: unexpected reply',
     qr/connection lost: unexpected reply/, $server,
     sub { $fake->send("+OK\r\n") });

$fake->behave('extra');
logs('a reply does not belong to its command: it does not match',
     qr/: reply does not match the command/, $server);
$fake->stop;

my $tracked = tracked();
logs('a reply does not belong to its command: invalid push message',
     qr/tracking lost: invalid push message/,
     'server ' . $tracked->address . ';',
     sub {
         wait_until { $tracked->count('SUBSCRIBE') };
         $tracked->publish("+OK\r\n" x 9);
     });
$tracked->stop;

my $old = tracked(sub {
    return "@_" =~ /^CLIENT TRACKING/
        ? "-ERR Unknown subcommand or wrong number of arguments\r\n" : undef;
});
logs('Redis is older than 6, and there is a zone: tracking failed',
     qr/tracking failed: error reply ERR Unknown subcommand/,
     'server ' . $old->address . ';');
$old->stop;


# Sentinel

my $replica = fake(sub {
    return $_[1] eq 'ROLE'
        ? encode_reply(['slave', '127.0.0.1', \':1', 'connected', \':0'])
        : undef;
});

for (['the Sentinels do not know the primary', "*-1\r\n",
      qr/not found by any sentinel, .*: unknown master name/],
     ['the server is not a Sentinel', "-ERR unknown command 'SENTINEL'\r\n",
      qr/not found by any sentinel, .*: error reply ERR unknown command/],
     ['the server is not a Sentinel: another service', "+OK\r\n",
      qr/not found by any sentinel, .*: not a sentinel/],
     ["the Sentinel's primary is a replica",
      encode_reply(['127.0.0.1', $replica->{port}]), qr/: role is not master/])
{
    my ($name, $reply, $re) = @$_;
    my $sentinel = fake(sub { $_[1] eq 'SENTINEL' ? $reply : undef });

    logs($name, $re, 'sentinel ' . $sentinel->address . '; master main;');
    $sentinel->stop;
}

$replica->stop;


# TLS

SKIP: {
    skip 'no http_ssl_module', 1
        if `$Test::Household::Nginx::Binary -V 2>&1` !~ /http_ssl_module/;

    my $plain = Test::Household::FakeRedis->new;

    $plain->behave('banner');
    logs('nginx uses TLS, Redis does not: wrong version number',
         qr/TLS.*wrong version number/,
         'server ' . $plain->address . '; ssl on; ssl_verify off;');
    $plain->stop;
}

done_testing;

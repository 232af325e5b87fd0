#!/usr/bin/perl

# A worker process that quits while a request waits for a primary, and loses
# it: it asks the sentinels, and connects, as long as somebody waits.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Resp qw(encode_reply);
use Test::More;

my $home = '82.64.10.7';

sub primary {
    my ($readonly) = @_;
    my %data = ('household:{a}' => [$home], 'household:{b}' => [$home]);

    return Test::Household::FakeRedis->new(
        data => \%data, handler => sub {
            my ($conn, $name, $key) = @_;
            return encode_reply(['master', \':1', []]) if $name eq 'ROLE';
            return $readonly && $name eq 'SMEMBERS' && $key eq 'household:{b}'
                   ? ['hold', "-READONLY it is a replica now\r\n"] : undef;
        });
}

sub reason { $_[0]{headers}{'x-reason'} // '-' }

# what happens to the primary, and whether the sentinels name another one

for (['is a replica', 1, 1], ['is gone', 0, 1], ['has closed', 0, 0]) {
    my ($what, $readonly, $moves) = @$_;
    my ($former, $next) = (primary($readonly), primary(0));
    my %data = (port => $former->{port});

    my $sentinel = Test::Household::FakeRedis->new(
        data => \%data, handler => sub {
            my ($conn, $name, @args) = @_;
            my $n = 0;
            return encode_reply(['127.0.0.1', $data{port}])
                if $name eq 'SENTINEL';
            return join '',
                   map { encode_reply(['subscribe', $_, \(':' . ++$n)]) } @args
                if $name eq 'SUBSCRIBE';
            return;
        });

    my $edge = Test::Household::Nginx->new(
        workers => 1,
        http => http_config(redis => 'sentinel ' . $sentinel->address
                    . '; master main; connections 2;'
                    . ' connect_timeout 20s; timeout 20s;'),
        server => location('/'));

    ok wait_until {
        reason($edge->get('/?account=a', 'X-Forwarded-For' => $home))
            eq 'home';
    }, "$what: a primary is known";

    $former->behave('hold');
    my $asked = $former->count('SMEMBERS');
    my $conn = $edge->connect;
    $conn->send_request(GET => '/?account=b', 'X-Forwarded-For' => $home,
                        Connection => 'close');
    ok wait_until { $former->count('SMEMBERS') > $asked },
        "$what: a request waits";

    $edge->signal('QUIT');
    ok $edge->wait_log(qr/gracefully shutting down/),
        "$what: its worker process quits";

    $sentinel->set(port => $next->{port}) if $moves;
    $former->behave('normal') if !$moves;
    $readonly ? $former->release : $former->drop;

    is reason(eval { $conn->response } || {}), 'home',
        "$what: the request has its answer";
    ok $edge->wait_exit, "$what: the worker process ends";
}

done_testing;

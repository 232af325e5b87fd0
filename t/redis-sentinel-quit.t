#!/usr/bin/perl

# A worker process that quits while a request waits for a primary that is none
# any more: it asks the sentinels for the next one, as long as it is needed.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Resp qw(encode_reply);
use Test::More;

my $home = '82.64.10.7';

my ($former, $next) = map {
    my %data = ('household:{a}' => [$home], 'household:{b}' => [$home],
                readonly => $_);
    Test::Household::FakeRedis->new(
        data => \%data, handler => sub {
            my ($conn, $name, $key) = @_;
            return encode_reply(['master', \':1', []]) if $name eq 'ROLE';
            return $name eq 'SMEMBERS' && $key eq $data{readonly}
                   ? ['hold', "-READONLY it is a replica now\r\n"] : undef;
        })
} 'household:{b}', '';

my %data = (port => $former->{port});
my $sentinel = Test::Household::FakeRedis->new(
    data => \%data, handler => sub {
        my ($conn, $name, @args) = @_;
        my $n = 0;
        return encode_reply(['127.0.0.1', $data{port}]) if $name eq 'SENTINEL';
        return join '', map { encode_reply(['subscribe', $_, \(':' . ++$n)]) }
               @args if $name eq 'SUBSCRIBE';
        return;
    });

my $edge = Test::Household::Nginx->new(
    workers => 1,
    http => http_config(redis => 'sentinel ' . $sentinel->address
                . '; master main; connect_timeout 20s; timeout 20s;'),
    server => location('/'));

sub reason { $_[0]{headers}{'x-reason'} // '-' }

ok wait_until {
    reason($edge->get('/?account=a', 'X-Forwarded-For' => $home)) eq 'home';
}, 'a primary is known';

$former->behave('hold');
my $asked = $former->count('SMEMBERS');
my $conn = $edge->connect;
$conn->send_request(GET => '/?account=b', 'X-Forwarded-For' => $home,
                    Connection => 'close');
ok wait_until { $former->count('SMEMBERS') > $asked }, 'a request waits';

$edge->signal('QUIT');
ok $edge->wait_log(qr/gracefully shutting down/), 'its worker process quits';

$sentinel->set(port => $next->{port});
$former->release;
is reason(eval { $conn->response } || {}), 'home', 'the next primary answers';
ok $edge->wait_exit, 'and the worker process ends';

done_testing;

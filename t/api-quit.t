#!/usr/bin/perl

# household_api: a worker process that shuts down waits for what requests need
# of Redis, and for nothing else.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::More;

my $json = JSON::PP->new->utf8;
my @json = ('Content-Type' => 'application/json');
my @lines = ('Content-Type' => 'application/x-ndjson');

my @import = map {
    $json->encode({ account => "i$_", home => ["192.0.2.$_"] }) . "\n"
} 1, 2;

# an operation of the API may take twice the timeout: longer than a test waits
# for the end of nginx
my $redis = Test::Household::Redis->new(unix => 1);
my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address,
                        redis => 'connect_timeout 30s; timeout 30s;'),
    server => 'location /api/ { household_api main write; }
               location = /arrived { return 204; }');

sub send_call {
    my ($method, $path, $body, @headers) = @_;
    my $conn = $nginx->connect;

    $body //= '';
    $conn->send_request($method, "/api/1/$path", @headers,
                        'Content-Length' => length $body,
                        Connection => 'close');
    $conn->send($body);
    return $conn;
}

# nginx reads what was sent before in the same order
sub arrived { is $nginx->get('/arrived')->{status}, 204, $_[0] for 1, 2 }

# a connection to Redis is open: the account is read
sub ready {
    wait_until {
        send_call(GET => 'accounts/a')->response->{status} == 200;
    } or die "no connection to Redis\n";
}


# the first of two lines
sub half_import {
    my $conn = $nginx->connect;
    $conn->send_request(POST => '/api/1/import', @lines, Connection => 'close',
                        'Content-Length' => length "@import");
    $conn->send($import[0]);
    return $conn;
}


# requests that wait

my ($worker) = $nginx->workers;

ready();
$redis->pause;

# a write reads the account, and makes the change by a script that Redis does
# not know yet
my %call = (
    'a read' => send_call(GET => 'accounts/a'),
    'a write' => send_call(PUT => 'accounts/w/home/192.0.2.1', '{}', @json),
    'a transfer' => send_call(POST => 'accounts/a/transfer',
                              '{"to":"b","devices":["tv"]}', @json),
    'a command' => send_call(GET => 'control'),
    'a write of the control' => send_call(PATCH => 'control',
                                          '{"mode":"monitor"}', @json),
    'an import' => send_call(POST => 'import', "@import", @lines),
);

my $half = $call{'an import that goes on'} = half_import();

arrived('requests wait');

my $mark = $nginx->mark;
$nginx->reload;
ok $nginx->wait_log(qr/gracefully shutting down/, $mark),
    'the worker process shuts down';
$half->send(" $import[1]");
$redis->resume;

my %status = ('a write' => 204, 'a transfer' => 404,
              'a write of the control' => 204);

for my $name (sort keys %call) {
    my $r = eval { $call{$name}->response } || { status => $@ };
    is $r->{status}, $status{$name} // 200, "$name is answered";
    is $json->decode($r->{body})->{done}, 2, "$name: all lines"
        if $name =~ /import/ && $r->{body};
}

is_deeply [map { @{ $redis->cmd(SMEMBERS => "household:{$_}") } } qw(w i1 i2)],
    [qw(192.0.2.1 192.0.2.1 192.0.2.2)], 'all is written';
ok wait_until { !grep { $_ == $worker } $nginx->workers },
    'and the worker process ends';


# a client that leaves in the middle of an import

ready();
$redis->pause;
$half = half_import();
arrived('half of an import');
$nginx->signal('QUIT');
ok $nginx->wait_log(qr/signal 3 .* shutting down/), 'nginx shuts down';
$half->close;
ok $nginx->wait_exit, 'when the client leaves, it ends without Redis';
$redis->resume;


# worker_shutdown_timeout

$nginx->{main} = 'worker_shutdown_timeout 300ms;';
$nginx->start;
ready();
$redis->pause;
my @left = (send_call(GET => 'accounts/a'), send_call(GET => 'control'),
            half_import());
arrived('requests wait again');
$nginx->signal('QUIT');
ok $nginx->wait_exit, 'no longer than worker_shutdown_timeout';
ok !eval { $_->response; 1 }, 'no answer' for @left;

done_testing;

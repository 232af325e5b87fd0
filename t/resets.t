#!/usr/bin/perl

# Clients that leave while their request waits, whatever it waits for: an HTTP/2
# stream that is reset, and a connection that is closed.  The others on that
# connection, and whoever comes after, are served by the same worker.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Http2;
use Test::Household::Nginx;
use Test::Household::Process qw(wait_until free_port slurp temp_dir);
use Test::Household::Token;
use Test::More;

my $dir = temp_dir('resets');
my $key = new_key('HS256');

open my $out, '>', "$dir/keys" or die;
print $out jwks($key);
close $out;

my $token = token($key);
my $origin = "unix:$dir/origin.sock";
my $fake = Test::Household::FakeRedis->new(unix => 1,
    data => { map { ("household:{$_}" => ['127.0.0.1']) } 'a' .. 'z' });
my $has_http2 = `$Test::Household::Nginx::Binary -V 2>&1` =~ /http_v2_module/;
my $http2_port = free_port();

# a request that is not counted down keeps its place in limit_conn
my $guarded = <<"EOC";
    household on;
    error_page 400 \@bad;
    limit_conn all 1;
    location / { empty_gif; }
    location /proxy { proxy_pass http://$origin; }
    location /sharing { household_sharing on; empty_gif; }
    location /token {
        household_token \$arg_token strip;
        household_token_key $dir/keys;
        mirror /yes;
        proxy_pass http://$origin;
    }
    location /auth { auth_request /yes; empty_gif; }
    location /any { satisfy any; auth_request /no; empty_gif; }
    location /post { post_action /posted; empty_gif; }
    location = /posted { proxy_pass http://$origin; }
    location \@bad { household_account bad; empty_gif; }
    location = /yes { household off; return 204; }
    location = /no { household off; return 401; }
    location /api/ { household off; household_api main write; }
EOC

my $http2 = $has_http2
    ? "server { listen 127.0.0.1:$http2_port http2; $guarded }" : '';

my $nginx = Test::Household::Nginx->new(server => $guarded, http => <<"EOC");
household_redis main {
    server ${\$fake->address}; connect_timeout 20s; timeout 20s;
}
household_store main;
household_account \$arg_account;
household_device \$arg_account;
limit_conn_zone \$server_port zone=all:1m;
log_format verdict '\$status \$request_uri';
access_log $dir/verdict.log verdict;
server { listen $origin; access_log off; limit_conn all 100; return 200; }
$http2
EOC

my ($worker) = $nginx->workers;

sub logged { slurp("$dir/verdict.log", $_[0]) }
sub logged_mark { -s "$dir/verdict.log" || 0 }

sub asked {
    my $n = 0;
    $n += $fake->count($_) for qw(SMEMBERS HGETALL GET EVALSHA);
    return $n;
}

sub header_twice { "GET $_[0] HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" }

# what the request is, and whether nginx sees at once that the client leaves
my @cases = (
    ['/?account=a', 1], ['/proxy?account=a', 1], ['/sharing?account=b', 1],
    ["/token?token=$token", 1], ['/auth?account=c', 1], ['/any?account=d', 1],
    ['/post?account=e', 1], ['/api/1/accounts/a', 0], ['/api/1/control', 0],
    ['/api/1/accounts/a/verdict?address=192.0.2.1', 0],
);

for my $version (1, $has_http2 ? 2 : ()) {
    for (@cases, $version == 1 ? ['/twice', 1] : ()) {
        my ($uri, $seen) = @$_;
        my ($path) = $uri =~ /^([^?]*)/;
        my $name = "HTTP/$version, $path";
        my $mark = logged_mark();
        my $before = asked();
        my ($conn, $id);

        $fake->behave('hold');

        if ($version == 2) {
            $conn = Test::Household::Http2->new($http2_port);
            $id = $conn->request($uri);

        } elsif ($path eq '/twice') {
            $conn = $nginx->connect;
            $conn->send(header_twice($uri));

        } else {
            $conn = $nginx->connect;
            $conn->send_request(GET => $uri);
        }

        ok wait_until { asked() > $before }, "$name: waits";

        $version == 2 ? $conn->reset($id) : $conn->close;

        # without a place in limit_conn the next one would get 503
        ok wait_until { logged($mark) =~ /^\d+ \Q$uri\E$/m }, "$name: leaves"
            if $seen;
        $fake->behave('normal');
        $fake->release;
        ok wait_until { logged($mark) =~ /^\d+ \Q$uri\E$/m }, "$name: ends";

        is $conn->status($conn->request('/?account=z')), 200,
            "$name: another stream" if $version == 2;
        $conn->close if $version == 2;

        ok wait_until { $nginx->get('/?account=z')->{status} == 200 },
            "$name: others are served";
        is scalar(() = logged($mark) =~ /^\d+ \Q$uri\E$/mg), 1,
            "$name: once in the log";
    }
}

is_deeply [$nginx->workers], [$worker], 'it is the same worker all the time';

$nginx->quit;
is $nginx->{status}, 0, 'it quits';

done_testing;

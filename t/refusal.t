#!/usr/bin/perl

# A refusal is sent as nginx sends its own: whatever the request, the status,
# the interim responses, the end of the connection and all header fields are
# those of "deny all", but for what a refusal adds.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config);
use Test::Household::Redis;
use Test::More;

my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', '82.64.10.7');

# nginx 1.31 makes tunnels where that is configured
my ($major, $minor) = `$Test::Household::Nginx::Binary -v 2>&1`
                      =~ m{/(\d+)\.(\d+)};
my $tunnel = $major * 1000 + $minor >= 1031 ? 'tunnel_pass 127.0.0.1:9;' : '';

my $common = 'root html; client_max_body_size 100k;';

my $edge = Test::Household::Nginx->new(
    http => http_config(server => $redis->address) . <<'EOC',
household_account a;
etag on;
keepalive_timeout 300ms;
lingering_timeout 300ms;
EOC
    server => <<"EOC");
location / {
    household on; household_store main; household_account \$http_none;
    $tunnel
}
location /nginx/ { deny all; $common }
location /zone/ { household on; household_store main; $common }
location /nginx-page/ { deny all; error_page 403 /why.html; $common }
location /zone-page/ {
    household on; household_store main; error_page 403 /why.html; $common
}
location = /why.html { root html; }
EOC

for my $name ('why.html') {
    open my $out, '>', "$edge->{dir}/html/$name" or die;
    print $out "why\n";
    close $out;
}

# all that comes of some requests, until the server closes
sub exchange {
    my ($text) = @_;
    my $conn = $edge->connect;

    $conn->send($text);
    1 while $conn->fill;
    my $said = $conn->{buf};

    # another time of day, and what a refusal adds or has of its own
    $said =~ s/^Date: .*\r\n//mg;
    $said =~ s/^Cache-Control: no-store\r\n//mg;
    $said =~ s/^(Content-Type|Content-Length): .*\r$/$1:\r/mg;
    $said =~ s/\r\n\r\n(?!HTTP).*?(?=HTTP|\z)/\r\n\r\n/sg;
    return $said;
}

my $host = "Host: localhost\r\nX-Forwarded-For: 203.0.113.9\r\n";
my $close = "Connection: close\r\n";

my @requests = (
    ['GET', "GET %s HTTP/1.1\r\n$host$close\r\n"],
    ['HEAD', "HEAD %s HTTP/1.1\r\n$host$close\r\n"],
    ['HTTP/1.0', "GET %s HTTP/1.0\r\n$host\r\n"],
    ['HTTP/1.0, keep-alive', "GET %s HTTP/1.0\r\n$host"
        . "Connection: keep-alive\r\n\r\nGET %s HTTP/1.0\r\n$host\r\n"],
    ['pipelined', "GET %s HTTP/1.1\r\n$host\r\n" x 2
        . "GET %s HTTP/1.1\r\n$host$close\r\n"],
    ['Range', "GET %s HTTP/1.1\r\n${host}Range: bytes=0-1\r\n$close\r\n"],
    ['If-None-Match', "GET %s HTTP/1.1\r\n${host}If-None-Match: *\r\n$close"
        . "\r\n"],
    ['If-Match', "GET %s HTTP/1.1\r\n${host}If-Match: \"x\"\r\n$close\r\n"],
    ['If-Modified-Since', "GET %s HTTP/1.1\r\n${host}If-Modified-Since: "
        . "Thu, 01 Jan 2037 00:00:00 GMT\r\n$close\r\n"],
    ['POST', "POST %s HTTP/1.1\r\n${host}Content-Length: 4\r\n$close\r\nbody"],
    ['POST, and a request after it', "POST %s HTTP/1.1\r\n$host"
        . "Content-Length: 4\r\n\r\nbodyGET %s HTTP/1.1\r\n$host$close\r\n"],
    ['POST of zero bytes', "POST %s HTTP/1.1\r\n${host}Content-Length: 0\r\n"
        . "$close\r\n"],
    ['POST of 64k', "POST %s HTTP/1.1\r\n${host}Content-Length: 65536\r\n\r\n"
        . 'x' x 65536 . "GET %s HTTP/1.1\r\n$host$close\r\n"],
    ['POST, chunked', "POST %s HTTP/1.1\r\n${host}Transfer-Encoding: chunked"
        . "\r\n\r\n4\r\nbody\r\n0\r\n\r\nGET %s HTTP/1.1\r\n$host$close\r\n"],
    ['POST, chunked badly', "POST %s HTTP/1.1\r\n$host"
        . "Transfer-Encoding: chunked\r\n\r\nzz\r\nbody\r\n0\r\n\r\n"
        . "GET %s HTTP/1.1\r\n$host$close\r\n"],
    ['Expect', "POST %s HTTP/1.1\r\n${host}Content-Length: 4\r\n"
        . "Expect: 100-continue\r\n$close\r\nbody"],
    ['Expect, chunked', "PUT %s HTTP/1.1\r\n${host}Transfer-Encoding: chunked"
        . "\r\nExpect: 100-continue\r\n$close\r\n4\r\nbody\r\n0\r\n\r\n"],
    ['a body that is too large', "POST %s HTTP/1.1\r\n$host"
        . "Content-Length: 200000\r\n$close\r\n"],
    ['DELETE', "DELETE %s HTTP/1.1\r\n$host$close\r\n"],
    ['Accept-Encoding', "GET %s HTTP/1.1\r\n${host}Accept-Encoding: gzip\r\n"
        . "$close\r\n"],
);

for my $page ('', '-page') {
    for (@requests) {
        my ($name, $text) = @$_;
        my ($theirs, $ours) = map { exchange($text =~ s/%s/$_/gr) }
            "/nginx$page/x", "/zone$page/x";
        is $ours, $theirs, "$name, " . ($page ? 'an error page' : 'no page');
    }
}

like exchange($requests[0][1] =~ s/%s/\/zone\/x/r), qr{^HTTP/1\.1 403 },
    'which is a refusal';


# CONNECT is asked of a proxy: it gets 407 where others get 401

SKIP: {
    skip 'no tunnels in this nginx', 2 if !$tunnel;

    my $said = exchange("CONNECT nobody.example:443 HTTP/1.1\r\n"
                        . "Host: nobody.example:443\r\n$close\r\n");
    like $said, qr{^HTTP/1\.1 407 }, 'CONNECT: 407';
    like $said, qr/^Proxy-Authenticate: Bearer realm="playback"\r$/m,
        'CONNECT: a challenge of a proxy';
}

done_testing;

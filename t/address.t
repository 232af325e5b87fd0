#!/usr/bin/perl

# Where a viewer is: the address after realip, in both families; an IPv4
# address within IPv6 is IPv4, and a unix socket is nowhere.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Edge;
use Test::Household::Process qw(free_port);
use Test::Nginx::Socket 'no_plan';

$ENV{TEST_NGINX_EDGE_PORT} = free_port();

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(redis => <<'EOC') if !defined $block->redis;
SADD household:{a} 82.64.10.7 2a01:e0a:1f3:9c00::/56
SADD household:{local} 127.0.0.1
EOC
});

run_tests();

__DATA__

=== the address of the connection
--- viewers
-  /?account=local  200 ALLOWED home
-  /?account=a      403 DENIED outside


=== the address that a trusted proxy tells
--- viewers
82.64.10.7            /?account=a      200 ALLOWED home
82.64.10.7            /?account=local  403 DENIED outside
2a01:e0a:1f3:9c55::7  /?account=a      200 ALLOWED home
2A01:0E0A:1F3:9C55:0:0:0:7  /?account=a      200 ALLOWED home
[2a01:e0a:1f3:9c55::7]:4711  /?account=a  200 ALLOWED home
82.64.10.7:4711       /?account=a      200 ALLOWED home


=== the address that nobody trusted tells is not taken
--- config
    set_real_ip_from 198.51.100.1;
    location / {
        household on;
        empty_gif;
    }
--- viewers
82.64.10.7  /?account=a      403 DENIED outside
82.64.10.7  /?account=local  200 ALLOWED home


=== of a list, the last address
--- viewers
192.0.2.7,82.64.10.7  /?account=a  200 ALLOWED home
82.64.10.7,192.0.2.7  /?account=a  403 DENIED outside


=== of a list, the last address that is not trusted
--- config
    set_real_ip_from 127.0.0.1;
    set_real_ip_from 198.51.100.1;
    real_ip_recursive on;
    location / {
        household on;
        empty_gif;
    }
--- viewers
82.64.10.7,198.51.100.1  /?account=a  200 ALLOWED home
82.64.10.7,192.0.2.7     /?account=a  403 DENIED outside


=== an address that is none is not taken
--- viewers
unknown         /?account=local  200 ALLOWED home
82.64.10.7.     /?account=local  200 ALLOWED home


=== an IPv4 address within IPv6 is IPv4
--- redis
SADD household:{a} 82.64.10.7
SADD household:{mapped} ::ffff:82.64.10.7
SADD household:{prefix} ::ffff:82.64.10.0/120
SADD household:{v6} 2001:db8::/32
--- guard
        household_family_unknown allow;
--- viewers
::ffff:82.64.10.7  /?account=a       200 ALLOWED home
::ffff:5240:a07    /?account=a       200 ALLOWED home
::ffff:82.64.10.8  /?account=a       403 DENIED outside
82.64.10.7         /?account=mapped  200 ALLOWED home
82.64.10.9         /?account=prefix  200 ALLOWED home
82.64.11.9         /?account=prefix  403 DENIED outside
::82.64.10.7       /?account=a       200 ALLOWED family_unknown
::ffff:82.64.10.7  /?account=v6      200 ALLOWED family_unknown
::ffff:82.64.10.7  /?account=mapped  200 ALLOWED home


=== an IPv4 client of an IPv6 socket is IPv4
--- http_config
    server {
        listen [::]:$TEST_NGINX_EDGE_PORT ipv6only=off;
        household on;
        location / { empty_gif; }
    }
--- config
    location / {
        proxy_pass http://127.0.0.1:$TEST_NGINX_EDGE_PORT;
        proxy_pass_request_headers off;
    }
--- skip_eval
6: system("$^X -MIO::Socket::IP -e 'IO::Socket::IP->new(LocalHost => q(::1), Listen => 1) or exit 1'") != 0
--- viewers
-  /?account=local  200 ALLOWED home
-  /?account=a      403 DENIED outside


=== an IPv6 client
--- http_config
    server {
        listen [::1]:$TEST_NGINX_EDGE_PORT;
        household on;
        location / { empty_gif; }
    }
--- config
    location / {
        proxy_pass http://[::1]:$TEST_NGINX_EDGE_PORT;
        proxy_pass_request_headers off;
    }
--- skip_eval
6: system("$^X -MIO::Socket::IP -e 'IO::Socket::IP->new(LocalHost => q(::1), Listen => 1) or exit 1'") != 0
--- redis
SADD household:{a} ::1
SADD household:{local} 127.0.0.1
--- viewers
-  /?account=a      200 ALLOWED home
-  /?account=local  403 DENIED outside


=== a unix socket without realip is nowhere
--- http_config
    server {
        listen unix:$TEST_NGINX_EDGE_SOCKET;
        household on;
        location / { empty_gif; }
        location /deny { household_unavailable deny; empty_gif; }
    }
--- config
    location / {
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET:;
        proxy_set_header X-Forwarded-For 82.64.10.7;
    }
--- redis
SADD household:{a} 0.0.0.0/0 ::/0
--- viewers
-  /?account=a      200 UNAVAILABLE address_unknown
-  /deny?account=a  403 DENIED address_unknown
-  /deny            401 UNAUTHORIZED account_missing


=== a unix socket with realip
--- http_config
    server {
        listen unix:$TEST_NGINX_EDGE_SOCKET;
        set_real_ip_from unix:;
        household on;
        location / { empty_gif; }
    }
--- config
    location / {
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET:;
        proxy_set_header X-Forwarded-For $arg_from;
    }
--- viewers
-  /?account=a&from=82.64.10.7            200 ALLOWED home
-  /?account=a&from=2a01:e0a:1f3:9c00::1  200 ALLOWED home
-  /?account=a&from=192.0.2.7             403 DENIED outside
-  /?account=a&from=none                  200 UNAVAILABLE address_unknown


=== the address that the PROXY protocol tells
--- http_config
    server {
        listen 127.0.0.1:$TEST_NGINX_EDGE_PORT proxy_protocol;
        set_real_ip_from 127.0.0.1;
        real_ip_header proxy_protocol;
        household on;
        location / { empty_gif; }
    }
--- init
# nginx itself speaks it in stream {} only
my $port = $ENV{TEST_NGINX_EDGE_PORT};
for (['82.64.10.7', 200], ['192.0.2.7', 403]) {
    my ($from, $status) = @$_;
    my $client = Test::Household::Process::wait_until {
        eval { Test::Household::Redis::Client->new("127.0.0.1:$port") };
    } or die "nobody listens on port $port\n";
    $client->send("PROXY TCP4 $from 127.0.0.1 1234 80\r\n"
                  . "GET /?account=a HTTP/1.0\r\n\r\n");
    1 while $client->fill;
    Test::More::like($client->{buf}, qr{^HTTP/1\.1 $status }, "from $from");
}
--- request
GET /?account=local
--- error_code: 200


=== at the edges of the networks
--- redis
SADD household:{all} 0.0.0.0/0
SADD household:{low} 0.0.0.0 10.0.0.0/8
SADD household:{high} 255.255.255.254/31 ffff:ffff::/32
SADD household:{all6} ::/0
SADD household:{odd} 82.64.10.8/29 82.64.10.128/25
--- viewers
1.2.3.4          /?account=all   200 ALLOWED home
2001:db8::1      /?account=all   403 DENIED outside
0.0.0.0          /?account=low   200 ALLOWED home
10.255.255.255   /?account=low   200 ALLOWED home
11.0.0.0         /?account=low   403 DENIED outside
255.255.255.254  /?account=high  200 ALLOWED home
ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff  /?account=high  200 ALLOWED home
fffe::           /?account=high  403 DENIED outside
2001:db8::1      /?account=all6  200 ALLOWED home
1.2.3.4          /?account=all6  403 DENIED outside
82.64.10.15      /?account=odd   200 ALLOWED home
82.64.10.16      /?account=odd   403 DENIED outside
82.64.10.127     /?account=odd   403 DENIED outside
82.64.10.255     /?account=odd   200 ALLOWED home

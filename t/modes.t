#!/usr/bin/perl

# household off, monitor and on, and a variable that says which.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Edge;
use Test::Nginx::Socket 'no_plan';

# one account that is at home at 82.64.10.7
add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(redis => 'SADD household:{a} 82.64.10.7')
        if !defined $block->redis;
});

run_tests();

__DATA__

=== by default: off
--- config
    location / {
        empty_gif;
    }
--- viewers
192.0.2.7  /?account=a  200 - -
192.0.2.7  /            200 - -


=== off needs neither store nor account
--- bare
--- http_config
    household off;
    household_offer default url=/household;
--- config
    location / {
        empty_gif;
    }
--- request
GET /
--- error_code: 200


=== off asks the store nothing
--- config
    location / {
        household off;
        empty_gif;
    }
--- init
main::redis()->cmd('CONFIG', 'RESETSTAT');
--- viewers
192.0.2.7  /?account=a  200 - -
--- response_body_filters eval
sub { main::redis()->cmd('INFO', 'commandstats') =~ /smembers|hgetall/ ? 'asked' : '' }
--- response_body


=== on
--- viewers
82.64.10.7  /?account=a  200 ALLOWED home
192.0.2.7   /?account=a  403 DENIED outside
192.0.2.7   /            401 UNAUTHORIZED account_missing


=== monitor: what would be refused passes
--- guard
        household_offer default url=/household;
--- config
    household_offer default url=/household;
    location / {
        household monitor;
        empty_gif;
    }
--- viewers
82.64.10.7  /?account=a  200 ALLOWED home
192.0.2.7   /?account=a  200 MONITORED outside
192.0.2.7   /?account=b  200 MONITORED unregistered
192.0.2.7   /            200 MONITORED account_missing
--- error_log eval
qr/\[debug\]/
--- no_error_log
household: denied
household: unauthorized


=== monitor: nothing is added to the answer
--- config
    household_offer default url=/household;
    location / {
        household monitor;
        household_action redirect;
        empty_gif;
    }
--- request
GET /?account=a
--- more_headers
Accept: text/html
--- error_code: 200
--- response_headers
!Location
!Link
!Vary
!Cache-Control
!WWW-Authenticate


=== monitor: it is told what would be offered
--- config
    household_offer default url=/household;
    location / {
        household monitor;
        add_header X-Offer $household_offer_url;
        empty_gif;
    }
--- request
GET /?account=a
--- response_headers
X-Offer: /household


=== monitor: the store is away, and would deny
--- http_config
    household_redis away { server 127.0.0.1:1; }
--- config
    location /deny {
        household monitor;
        household_store away;
        household_unavailable deny;
        empty_gif;
    }
    location /allow {
        household monitor;
        household_store away;
        empty_gif;
    }
--- viewers
192.0.2.7  /deny?account=a   200 MONITORED unavailable
192.0.2.7  /allow?account=a  200 UNAVAILABLE unavailable


=== monitor: a record over a limit, revoked, not enforced
--- config
    location / {
        household monitor;
        household_unavailable deny;
        household_issued_at $arg_issued;
        household_rollout $arg_rollout;
        empty_gif;
    }
--- redis
SADD household:{large} 10.1.{0..255}.1 10.2.1.1
SADD household:{a} 82.64.10.7
HSET household:{a}:account revoked_before 2
--- viewers
192.0.2.7   /?account=large                  200 MONITORED record_too_large
82.64.10.7  /?account=a&issued=1             200 MONITORED revoked
192.0.2.7   /?account=a&issued=2&rollout=0   200 ALLOWED rollout


=== a variable, of each value
--- config
    location / {
        household $arg_mode;
        empty_gif;
    }
--- viewers
192.0.2.7  /?account=a&mode=on       403 DENIED outside
192.0.2.7  /?account=a&mode=monitor  200 MONITORED outside
192.0.2.7  /?account=a&mode=off      200 BYPASSED off
192.0.2.7  /?account=a&mode=         200 BYPASSED off
192.0.2.7  /?account=a               200 BYPASSED off


=== a variable, text beside it
--- config
    location / {
        household o${arg_mode};
        empty_gif;
    }
--- viewers
192.0.2.7  /?account=a&mode=n        403 DENIED outside
192.0.2.7  /?account=a&mode=ff       200 BYPASSED off


=== a variable of a map
--- http_config
    map $http_x_beta $mode {
        default  monitor;
        1        on;
    }
--- config
    location / {
        household $mode;
        empty_gif;
    }
--- request eval
["GET /?account=a", "GET /?account=a"]
--- more_headers eval
["X-Beta: 1", "X-Beta: 2"]
--- error_code eval
[403, 200]


=== a variable, of a bad value: it is logged, and nobody is denied
--- config
    location / {
        household $arg_mode;
        empty_gif;
    }
--- viewers
192.0.2.7   /?account=a&mode=true  200 MONITORED outside
--- error_log
household: invalid mode "true", using "monitor"


=== a variable of household_rollout, of a bad value: it is logged
--- config
    location / {
        household on;
        household_rollout $arg_share;
        empty_gif;
    }
--- viewers
192.0.2.7   /?account=a&share=half  200 ALLOWED rollout
--- error_log
household: invalid rollout "half", using "0%"


=== a variable, of values that are almost good
--- config
    location / {
        household $arg_mode;
        empty_gif;
    }
--- viewers
192.0.2.7   /?account=a&mode=On       200 MONITORED outside
192.0.2.7   /?account=a&mode=o        200 MONITORED outside
192.0.2.7   /?account=a&mode=onn      200 MONITORED outside
192.0.2.7   /?account=a&mode=0        200 MONITORED outside
82.64.10.7  /?account=a&mode=monitors  200 ALLOWED home


=== a variable that says off asks the store nothing
--- config
    location / {
        household $arg_mode;
        empty_gif;
    }
--- init
main::redis()->cmd('CONFIG', 'RESETSTAT');
--- viewers
192.0.2.7  /?account=a&mode=off  200 BYPASSED off
--- response_body_filters eval
sub { main::redis()->cmd('INFO', 'commandstats') =~ /smembers|hgetall/ ? 'asked' : '' }
--- response_body


=== a preflight is answered where the mode is on, and passes in others
--- config
    location / {
        household $arg_mode;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
--- http_config
    server {
        listen unix:$TEST_NGINX_EDGE_SOCKET;
        return 202;
    }
--- viewers
192.0.2.7   OPTIONS:/?mode=on                 204 BYPASSED options
82.64.10.7  OPTIONS:/?mode=on&account=a       204 BYPASSED options
192.0.2.7   OPTIONS:/?mode=monitor            202 BYPASSED options
192.0.2.7   OPTIONS:/?mode=off                202 BYPASSED off


=== a preflight passes to the origin where that is configured
--- config
    location / {
        household $arg_mode;
        household_preflight pass;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
--- http_config
    server {
        listen unix:$TEST_NGINX_EDGE_SOCKET;
        return 202;
    }
--- viewers
192.0.2.7   OPTIONS:/?mode=on       202 BYPASSED options
192.0.2.7   OPTIONS:/?mode=monitor  202 BYPASSED options
192.0.2.7   OPTIONS:/?mode=off      202 BYPASSED off


=== the answer to a preflight is empty, and has what add_header adds
--- config
    location / {
        household on;
        add_header Access-Control-Allow-Origin https://play.example.tv;
        empty_gif;
    }
--- raw_request eval
"OPTIONS / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
. "Expect: 100-continue\r\nConnection: close\r\n\r\nbody"
--- error_code: 204
--- response_headers
Access-Control-Allow-Origin: https://play.example.tv
!Content-Length
!Content-Type
!WWW-Authenticate
--- response_body

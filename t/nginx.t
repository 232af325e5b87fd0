#!/usr/bin/perl

# A guarded location serves whatever nginx can serve: an upstream, files,
# redirects within, subrequests; every kind of request; and return, which
# answers before anybody is asked.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Edge;
use Test::Nginx::Socket 'no_plan';

# home is 82.64.10.7; a server on a socket repeats what it was sent
add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(redis => 'SADD household:{a} 82.64.10.7')
        if !defined $block->redis;
    $block->set_value(http_config => ($block->http_config // '') . <<'EOC');
    server {
        listen unix:$TEST_NGINX_EDGE_SOCKET;
        access_log off;
        root $TEST_NGINX_SERVROOT/none;
        client_body_buffer_size 4m;
        client_body_in_single_buffer on;
        client_max_body_size 4m;
        set_real_ip_from unix:;
        add_header X-Status '';
        error_page 404 405 = @echo;
        location / { mirror /read; }
        location @echo {
            return 200 "upstream: $request_method $request_uri $request_body";
        }
        location = /read { internal; return 204; }
        location /accel/ {
            add_header X-Accel-Redirect $arg_to;
            return 200 "not accelerated";
        }
    }
EOC
});

our $large = join ',', 1 .. 200000;

run_tests();

__DATA__

=== proxy_pass
--- config
    location / {
        household on;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
--- request eval
['GET /?account=a', 'GET /?account=a']
--- more_headers eval
["X-Forwarded-For: 82.64.10.7\n", "X-Forwarded-For: 192.0.2.7\n"]
--- error_code eval
[200, 403]
--- response_body_like eval
['^upstream: GET /\?account=a ', '^\{"type":']


=== what is refused is not passed on
--- config
    location / {
        household on;
        proxy_pass http://127.0.0.1:1;
    }
--- request eval
['GET /?account=a', 'GET /?account=a']
--- more_headers eval
["X-Forwarded-For: 82.64.10.7\n", "X-Forwarded-For: 192.0.2.7\n"]
--- error_code eval
[502, 403]


=== files
--- config
    location / {
        household on;
        root $TEST_NGINX_SERVROOT/html;
    }
--- user_files
>>> movie
0123456789
--- viewers
82.64.10.7  /movie?account=a         200 ALLOWED home
192.0.2.7   /movie?account=a         403 DENIED outside
82.64.10.7  /none?account=a          404 ALLOWED home
192.0.2.7   /none?account=a          403 DENIED outside
82.64.10.7  HEAD:/movie?account=a    200 ALLOWED home
82.64.10.7  /../../etc/passwd?account=a  400 - -


=== an index, which is a redirect within
--- config
    location / {
        household on;
        root $TEST_NGINX_SERVROOT/html;
    }
--- viewers
82.64.10.7  /?account=a  200 ALLOWED home
192.0.2.7   /?account=a  403 DENIED outside


=== try_files
--- config
    location / {
        household on;
        root $TEST_NGINX_SERVROOT/html;
        try_files $uri /other$is_args$args;
    }
    location /other {
        household on;
        household_unregistered allow;
        root $TEST_NGINX_SERVROOT/html;
    }
    location /named {
        household monitor;
        root $TEST_NGINX_SERVROOT/html;
        try_files /none @named;
    }
    location @named {
        household on;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
    location /status {
        household on;
        try_files /none =410;
    }
--- user_files
>>> movie
0123456789
>>> other
other
--- viewers
82.64.10.7  /movie?account=a   200 ALLOWED home
82.64.10.7  /none?account=a    200 ALLOWED home
192.0.2.7   /none?account=a    403 DENIED outside
192.0.2.7   /none?account=b    403 DENIED unregistered
192.0.2.7   /other?account=b   200 ALLOWED unregistered
82.64.10.7  /named?account=a   200 ALLOWED home
192.0.2.7   /named?account=a   403 DENIED outside
82.64.10.7  /status?account=a  410 ALLOWED home
192.0.2.7   /status?account=a  403 DENIED outside


=== rewrite
--- config
    rewrite ^/old/(.*) /movies/$1 last;
    location /movies/ {
        household on;
        rewrite ^/movies/(\w+)/(.*) /movies/$2?device=$1 break;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
    location /free/ {
        rewrite ^ /movies/free last;
    }
    location /if {
        household on;
        if ($arg_a) { set $b 1; }
        empty_gif;
    }
--- viewers
82.64.10.7  /old/1?account=a        200 ALLOWED home
192.0.2.7   /old/1?account=a        403 DENIED outside
192.0.2.7   /free/1?account=a       403 DENIED outside
192.0.2.7   /movies/tv/1?account=a  403 DENIED outside
82.64.10.7  /movies/tv/1?account=a  200 ALLOWED home
82.64.10.7  /if?account=a           200 ALLOWED home
192.0.2.7   /if?account=a&a=1       403 DENIED outside


=== return answers before anybody is asked
--- config
    location / {
        household on;
        return 204;
    }
--- viewers
192.0.2.7  /?account=a  204 - -


=== an internal location is not there for viewers
--- config
    location / {
        household on;
        internal;
        empty_gif;
    }
--- viewers
82.64.10.7  /?account=a  404 - -


=== X-Accel-Redirect into a guarded location
--- config
    location / {
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET:/accel/;
    }
    location /guarded {
        internal;
        household on;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
    location @guarded {
        household on;
        household_account a;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
--- viewers
82.64.10.7  /?to=/guarded?account=a  200 ALLOWED home
192.0.2.7   /?to=/guarded?account=a  403 DENIED outside
192.0.2.7   /?to=/guarded            401 UNAUTHORIZED account_missing
82.64.10.7  /?to=@guarded            200 ALLOWED home
192.0.2.7   /?to=@guarded            403 DENIED outside


=== X-Accel-Redirect from a guarded location
--- config
    location / {
        household on;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET:/accel/;
    }
    location /free {
        internal;
        empty_gif;
    }
    location /other {
        internal;
        household on;
        household_account b;
        empty_gif;
    }
    location /monitor {
        internal;
        household monitor;
        household_account b;
        empty_gif;
    }
--- viewers
82.64.10.7  /?account=a&to=/free     200 ALLOWED home
192.0.2.7   /?account=a&to=/free     403 DENIED outside
82.64.10.7  /?account=a&to=/other    403 DENIED unregistered
192.0.2.7   /?account=a&to=/other    403 DENIED outside
82.64.10.7  /?account=a&to=/monitor  200 MONITORED unregistered


=== SSI: subrequests are not judged, only the page is
--- config
    location / {
        household on;
        ssi on;
        ssi_types text/plain;
        root $TEST_NGINX_SERVROOT/html;
    }
    location /part {
        household on;
        household_account b;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
        proxy_set_header Accept-Encoding '';
    }
--- user_files
>>> page
<!--# include virtual="/part?1" -->,<!--# include virtual="/part?2" wait="yes" -->,<!--# echo var="household_reason" -->
--- request eval
['GET /page?account=a', 'GET /page?account=a']
--- more_headers eval
["X-Forwarded-For: 82.64.10.7\n", "X-Forwarded-For: 192.0.2.7\n"]
--- error_code eval
[200, 403]
--- response_body eval
["upstream: GET /part?1 ,upstream: GET /part?2 ,home\n",
 qq({"type":"about:blank","title":"Forbidden","status":403,"reason":"outside"}\r\n)]


=== SSI: of a page that is not guarded nothing is known
--- config
    location / {
        ssi on;
        ssi_types text/plain;
        root $TEST_NGINX_SERVROOT/html;
    }
    location /part {
        household on;
        root $TEST_NGINX_SERVROOT/html;
    }
--- user_files
>>> page
<!--# include virtual="/part" -->,<!--# echo var="household_reason" -->
>>> part
part
--- request
GET /page?account=a
--- response_body
part
,(none)


=== mirror: of those who pass, and their verdict is known there
--- config
    location / {
        household on;
        mirror /mirror;
        empty_gif;
    }
    location = /mirror {
        internal;
        household on;
        household_account b;
        proxy_set_header X-Mirrored $household_reason;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
--- viewers
82.64.10.7  /?account=a  200 ALLOWED home
192.0.2.7   /?account=a  403 DENIED outside


=== auth_request: its subrequest is not judged
--- config
    location / {
        household on;
        auth_request /auth;
        empty_gif;
    }
    location = /auth {
        household on;
        household_account b;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
--- viewers
82.64.10.7  /?account=a  200 ALLOWED home
192.0.2.7   /?account=a  403 DENIED outside


=== a body after the body, and slices
--- config
    location / {
        household on;
        add_after_body /after;
        addition_types *;
        root $TEST_NGINX_SERVROOT/html;
    }
    location = /after {
        household on;
        household_account b;
        root $TEST_NGINX_SERVROOT/html;
    }
    location /slice/ {
        household on;
        slice 4;
        proxy_set_header Range $slice_range;
        proxy_http_version 1.1;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/plain/;
    }
    location /plain/ {
        alias $TEST_NGINX_SERVROOT/html/;
    }
--- user_files
>>> movie
0123456789
>>> after
after
--- request eval
['GET /movie?account=a', 'GET /slice/movie?account=a',
 'GET /slice/movie?account=a']
--- more_headers eval
["X-Forwarded-For: 82.64.10.7\n", "X-Forwarded-For: 82.64.10.7\n",
 "X-Forwarded-For: 192.0.2.7\n"]
--- error_code eval
[200, 200, 403]
--- response_body_like eval
["^0123456789\nafter\n\$", "^0123456789\n\$", '^\{"type":']


=== HTTP/1.0
--- request eval
["GET /?account=a HTTP/1.0", "GET /?account=a HTTP/1.0"]
--- more_headers eval
["X-Forwarded-For: 82.64.10.7\n", "X-Forwarded-For: 192.0.2.7\n"]
--- error_code eval
[200, 403]


=== HTTP/0.9
--- raw_request eval
"GET /?account=local\r\n"
--- redis
SADD household:{local} 127.0.0.1
--- http09
--- response_body_like: ^GIF89a


=== pipelined requests, each with its own answer
--- pipelined_requests eval
[map { "GET /?account=$_" } qw(a b local a none local)]
--- more_headers eval
["X-Forwarded-For: 82.64.10.7\n", ("X-Forwarded-For: 192.0.2.7\n") x 2,
 "X-Forwarded-For: 192.0.2.7\n", "X-Forwarded-For: 82.64.10.7\n",
 "X-Forwarded-For: 127.0.0.1\n"]
--- redis
SADD household:{a} 82.64.10.7
SADD household:{b} 192.0.2.0/24
SADD household:{local} 127.0.0.1
--- error_code eval
[200, 200, 403, 403, 403, 200]
--- response_headers eval
[map { "X-Reason: $_" } qw(home home outside outside unregistered home)]


=== pipelined requests, with bodies
--- config
    location / {
        household on;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
--- pipelined_requests eval
["POST /1?account=a\nfirst", "POST /2?account=none\nsecond",
 "POST /3?account=a\nthird", "POST /4", "GET /5?account=a"]
--- more_headers
X-Forwarded-For: 82.64.10.7
--- error_code eval
[200, 403, 200, 401, 200]
--- response_body_like eval
['POST /1\?account=a first$', 'unregistered', 'POST /3\?account=a third$',
 '401', 'GET /5\?account=a $']


=== a range of a file
--- config
    location / {
        household on;
        root $TEST_NGINX_SERVROOT/html;
    }
--- user_files
>>> movie
0123456789
--- request eval
[('GET /movie?account=a') x 2]
--- more_headers eval
["X-Forwarded-For: 82.64.10.7\nRange: bytes=2-4\n",
 "X-Forwarded-For: 192.0.2.7\nRange: bytes=2-4\n"]
--- error_code eval
[206, 403]
--- response_body_like eval
['^234$', '^\{"type":.*\}']
--- response_headers eval
["Content-Range: bytes 2-4/11", "!Content-Range\n!Accept-Ranges"]


=== a conditional request
--- config
    location / {
        household on;
        root $TEST_NGINX_SERVROOT/html;
    }
--- user_files
>>> movie 201001010000.00
0123456789
--- request eval
[('GET /movie?account=a') x 2]
--- more_headers eval
["X-Forwarded-For: 82.64.10.7\nIf-Modified-Since: Fri, 01 Jan 2010 00:00:00 GMT\n",
 "X-Forwarded-For: 192.0.2.7\nIf-Modified-Since: Fri, 01 Jan 2010 00:00:00 GMT\n"]
--- error_code eval
[304, 403]


=== POST, its body is passed on
--- config
    location / {
        household on;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
    location /stream {
        household on;
        proxy_request_buffering off;
        proxy_http_version 1.1;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
--- request eval
["POST /?account=a\nhello", "POST /?account=a\n$main::large",
 "POST /stream?account=a\n$main::large", "PUT /stream?account=a\nhello",
 "DELETE /?account=a"]
--- more_headers
X-Forwarded-For: 82.64.10.7
--- error_code eval
[(200) x 5]
--- response_body eval
["upstream: POST /?account=a hello",
 "upstream: POST /?account=a $main::large",
 "upstream: POST /stream?account=a $main::large",
 "upstream: PUT /stream?account=a hello",
 "upstream: DELETE /?account=a "]


=== POST, refused with its body unread
--- config
    location / {
        household on;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
--- pipelined_requests eval
["POST /?account=none\n" . 'x' x 100000, "GET /?account=a",
 "POST /\n" . 'x' x 100000, "GET /?account=a"]
--- more_headers
X-Forwarded-For: 82.64.10.7
--- error_code eval
[403, 200, 401, 200]


=== a chunked body
--- config
    location / {
        household on;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
--- raw_request eval
["POST /?account=a HTTP/1.1\r\nHost: localhost\r\n"
 . "X-Forwarded-For: 82.64.10.7\r\nTransfer-Encoding: chunked\r\n"
 . "Connection: close\r\n\r\n3\r\nabc\r\n", "2\r\nde\r\n0\r\n\r\n"]
--- raw_request_middle_delay: 0.05
--- response_body: upstream: POST /?account=a abcde


=== a chunked body, refused
--- config
    location / {
        household on;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
--- raw_request eval
["POST /?account=none HTTP/1.1\r\nHost: localhost\r\n"
 . "Transfer-Encoding: chunked\r\n"
 . "Connection: close\r\n\r\n3\r\nabc\r\n", "2\r\nde\r\n0\r\n\r\n"]
--- raw_request_middle_delay: 0.05
--- error_code: 403
--- response_headers
X-Reason: unregistered


=== a slow body
--- config
    location / {
        household on;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
--- raw_request eval
["POST /?account=a HTTP/1.1\r\nHost: localhost\r\n"
 . "X-Forwarded-For: 82.64.10.7\r\nContent-Length: 6\r\n"
 . "Connection: close\r\n\r\n", 'a', 'bc', 'd', "ef"]
--- raw_request_middle_delay: 0.03
--- response_body: upstream: POST /?account=a abcdef


=== a slow request
--- raw_request eval
["GET /?acc", "ount=a HTTP/1.1\r\nHost: localhost\r\nX-Forw",
 "arded-For: 82.64.10.7\r\nConnection: close\r\n", "\r\n"]
--- raw_request_middle_delay: 0.03
--- response_headers
X-Reason: home


=== Expect: 100-continue
--- config
    location / {
        household on;
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
--- raw_request eval
["POST /?account=a HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
 . "X-Forwarded-For: 82.64.10.7\r\nContent-Length: 3\r\n"
 . "Connection: close\r\n\r\n", 'abc']
--- raw_request_middle_delay: 0.03
--- error_code: 100
--- ignore_response
--- no_error_log
[alert]


=== limit_except
--- config
    location / {
        household on;
        root $TEST_NGINX_SERVROOT/html;
        limit_except GET { deny all; }
    }
--- user_files
>>> movie
0123456789
--- viewers
82.64.10.7  /movie?account=a       200 ALLOWED home
192.0.2.7   /movie?account=a       403 DENIED outside
82.64.10.7  POST:/movie?account=a  403 - -


=== a nested location
--- config
    location / {
        household on;
        location /free/ {
            household off;
            empty_gif;
        }
        location ~ \.gif$ {
            household_account b;
            empty_gif;
        }
        empty_gif;
    }
--- viewers
82.64.10.7  /?account=a       200 ALLOWED home
192.0.2.7   /free/?account=a  200 - -
82.64.10.7  /a.gif?account=a  403 DENIED unregistered


=== gzip, charset and sub_filter leave a refusal alone
--- guard
        gzip on;
        gzip_min_length 1;
        gzip_types *;
        charset utf-8;
        charset_types *;
        sub_filter outside inside;
--- request
GET /?account=a
--- more_headers
X-Forwarded-For: 192.0.2.7
--- error_code: 403
--- response_headers_like
Content-Type: application/problem\+json.*
--- response_body_like: "reason":"outside"


=== a post_action that is guarded, too
--- config
    location / {
        household on;
        post_action /done;
        empty_gif;
    }
    location = /done {
        internal;
        household on;
        household_account b;
        empty_gif;
    }
--- viewers
82.64.10.7  /?account=a  200 ALLOWED home
192.0.2.7   /?account=a  403 DENIED outside
82.64.10.7  /?account=a  200 ALLOWED home

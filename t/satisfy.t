#!/usr/bin/perl

# Beside allow and deny, auth_basic and auth_request: "satisfy all" asks the
# household last, of those whom all others let in; under "satisfy any" it is
# one of them, and its redirect gives way to a challenge.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Edge;
use Test::Nginx::Socket 'no_plan';

# home is 82.64.10.7; 192.0.2.7 is the address that "allow" knows; the password
# of auth_basic is "pass"; auth_request is told by the argument "auth"
add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(redis => "SADD household:{a} 82.64.10.7\n"
                               . ($block->redis // ''));
    $block->set_value(user_files => ">>> passwd\nuser:{PLAIN}pass\n"
                                    . ($block->user_files // ''));
    $block->set_value(http_config => <<'EOC' . ($block->http_config // ''));
    household_offer default url=https://www.example.tv/;
    auth_basic_user_file $TEST_NGINX_SERVROOT/html/passwd;
EOC
    $block->set_value(config => $block->config . <<'EOC');
    location = /auth {
        internal;
        if ($request_uri ~ auth=401) { return 401; }
        if ($request_uri ~ auth=403) { return 403; }
        return 204;
    }
EOC
});

run_tests();

__DATA__

=== satisfy all, allow and deny
--- config
    location / {
        household on;
        allow 192.0.2.7;
        allow 82.64.10.7;
        deny all;
        empty_gif;
    }
--- viewers
82.64.10.7   /?account=a  200 ALLOWED home
192.0.2.7    /?account=a  403 OFFERED outside
192.0.2.7    /            401 UNAUTHORIZED account_missing
203.0.113.1  /?account=a  403 - -


=== satisfy all, allow and deny, redirect
--- config
    location / {
        household on;
        household_action redirect;
        allow 192.0.2.7;
        deny all;
        empty_gif;
    }
--- viewers
192.0.2.7    /?account=a  303 OFFERED outside
203.0.113.1  /?account=a  403 - -


=== satisfy any, allow and deny
--- config
    location / {
        satisfy any;
        household on;
        allow 192.0.2.7;
        deny all;
        empty_gif;
    }
--- viewers
82.64.10.7   /?account=a  200 ALLOWED home
192.0.2.7    /?account=a  200 - -
192.0.2.7    /            200 - -
203.0.113.1  /?account=a  403 OFFERED outside
203.0.113.1  /            401 UNAUTHORIZED account_missing


=== satisfy any, deny all: the answer is ours
--- config
    location / {
        satisfy any;
        household on;
        deny all;
        empty_gif;
    }
--- request
GET /?account=a
--- error_code: 403
--- response_headers
Content-Type: application/problem+json
Link: <https://www.example.tv/>; rel="payment"
--- response_body_like: "reason":"outside"


=== satisfy any, deny all, redirect
--- config
    location / {
        satisfy any;
        household on;
        household_action redirect;
        deny all;
        empty_gif;
    }
--- viewers
203.0.113.1  /?account=a  303 OFFERED outside
82.64.10.7   /?account=a  200 ALLOWED home


=== satisfy all, auth_basic: without a password
--- config
    location / {
        household on;
        auth_basic edge;
        empty_gif;
    }
--- viewers
82.64.10.7  /?account=a  401 - -
192.0.2.7   /?account=a  401 - -


=== satisfy all, auth_basic: with a password
--- config
    location / {
        household on;
        auth_basic edge;
        empty_gif;
    }
--- more_headers
Authorization: Basic dXNlcjpwYXNz
--- viewers
82.64.10.7  /?account=a  200 ALLOWED home
192.0.2.7   /?account=a  403 OFFERED outside
192.0.2.7   /            401 UNAUTHORIZED account_missing


=== satisfy any, auth_basic: without a password
--- config
    location / {
        satisfy any;
        household on;
        auth_basic edge;
        empty_gif;
    }
--- viewers
82.64.10.7  /?account=a  200 ALLOWED home
192.0.2.7   /?account=a  401 OFFERED outside
192.0.2.7   /            401 UNAUTHORIZED account_missing


=== satisfy any, auth_basic: with a password
--- config
    location / {
        satisfy any;
        household on;
        auth_basic edge;
        empty_gif;
    }
--- more_headers
Authorization: Basic dXNlcjpwYXNz
--- viewers
82.64.10.7  /?account=a  200 - -
192.0.2.7   /?account=a  200 - -
192.0.2.7   /            200 - -


=== satisfy any, auth_basic: at home nobody is challenged
--- config
    location / {
        satisfy any;
        household on;
        auth_basic edge;
        empty_gif;
    }
--- request
GET /?account=a
--- more_headers
X-Forwarded-For: 82.64.10.7
--- error_code: 200
--- response_headers
!WWW-Authenticate
!Cache-Control


=== satisfy any, auth_basic: the challenge is the one of auth_basic
--- config
    location / {
        satisfy any;
        household on;
        auth_basic edge;
        empty_gif;
    }
    location /redirect {
        satisfy any;
        household on;
        household_action redirect;
        auth_basic edge;
        empty_gif;
    }
--- request eval
["GET /?account=a", "GET /redirect?account=a"]
--- error_code eval
[401, 401]
--- response_headers eval
["WWW-Authenticate: Basic realm=\"edge\"\n!Location\nX-Status: OFFERED",
 "WWW-Authenticate: Basic realm=\"edge\"\n!Location\nX-Status: OFFERED"]


=== satisfy any, auth_basic: its challenge, who has neither
--- config
    location / {
        satisfy any;
        household on;
        auth_basic edge;
        empty_gif;
    }
--- request
GET /
--- error_code: 401
--- response_headers
WWW-Authenticate: Basic realm="edge"


=== satisfy any, auth_basic and a token: two challenges
--- http_config
    household_token_key $TEST_NGINX_SERVROOT/html/keys;
--- user_files
>>> keys
{"keys":[{"kty":"oct","alg":"HS256","k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"}]}
--- config
    location / {
        satisfy any;
        household on;
        household_token bearer;
        auth_basic edge;
        empty_gif;
    }
--- request
GET /
--- error_code: 401
--- response_headers
WWW-Authenticate: Basic realm="edge", Bearer realm="playback"


=== satisfy any, auth_basic and a token that lacks a claim: its password may do
--- http_config
    household_token_key $TEST_NGINX_SERVROOT/html/keys;
--- user_files
>>> keys
{"keys":[{"kty":"oct","alg":"HS256","k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"}]}
--- config
    location / {
        satisfy any;
        household on;
        household_token $arg_token;
        household_token_require $household_claim_plan error=403;
        auth_basic edge;
        auth_basic_user_file $TEST_NGINX_SERVROOT/html/passwd;
        empty_gif;
    }
--- request
GET /?token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIiwiZXhwIjo0MTAyNDQ0Nzk5fQ.SDorIy-JNl41TohpvyoPcuhbK7v-gYtWeNL2gJwcIGU
--- error_code: 401
--- response_headers
WWW-Authenticate: Basic realm="edge"


=== satisfy any, deny all, and a token that lacks a claim: the answer is ours
--- http_config
    household_token_key $TEST_NGINX_SERVROOT/html/keys;
--- user_files
>>> keys
{"keys":[{"kty":"oct","alg":"HS256","k":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"}]}
--- config
    location / {
        satisfy any;
        household on;
        household_token $arg_token;
        household_token_require $household_claim_plan error=403;
        deny all;
        empty_gif;
    }
--- request
GET /?token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIiwiZXhwIjo0MTAyNDQ0Nzk5fQ.SDorIy-JNl41TohpvyoPcuhbK7v-gYtWeNL2gJwcIGU
--- error_code: 403
--- response_headers
Content-Type: application/problem+json
!WWW-Authenticate


=== auth_basic names the account: the challenge is Basic
--- config
    location / {
        household on;
        household_account $remote_user;
        empty_gif;
    }
    location /revoked {
        household on;
        household_account $remote_user;
        household_issued_at 1;
        auth_basic edge;
        empty_gif;
    }
--- redis
HSET household:{user}:account revoked_before 2
--- request eval
["GET /", "GET /revoked"]
--- more_headers eval
["", "Authorization: Basic dXNlcjpwYXNz"]
--- error_code eval
[401, 401]
--- response_headers eval
["WWW-Authenticate: Basic realm=\"playback\"\nX-Reason: account_missing",
 "WWW-Authenticate: Basic realm=\"playback\"\nX-Reason: revoked"]


=== satisfy all, auth_request
--- config
    location / {
        household on;
        auth_request /auth;
        empty_gif;
    }
    location /redirect {
        household on;
        household_action redirect;
        auth_request /auth;
        empty_gif;
    }
--- viewers
82.64.10.7  /?account=a                   200 ALLOWED home
192.0.2.7   /?account=a                   403 OFFERED outside
192.0.2.7   /redirect?account=a           303 OFFERED outside
82.64.10.7  /?account=a&auth=401          401 - -
82.64.10.7  /?account=a&auth=403          403 - -
192.0.2.7   /redirect?account=a&auth=401  401 - -
192.0.2.7   /redirect?account=a&auth=403  403 - -


=== satisfy any, auth_request
--- config
    location / {
        satisfy any;
        household on;
        auth_request /auth;
        empty_gif;
    }
    location /redirect {
        satisfy any;
        household on;
        household_action redirect;
        auth_request /auth;
        empty_gif;
    }
--- viewers
192.0.2.7   /?account=a                   200 - -
82.64.10.7  /?account=a&auth=401          200 ALLOWED home
82.64.10.7  /?account=a&auth=403          200 ALLOWED home
192.0.2.7   /?account=a&auth=401          401 OFFERED outside
192.0.2.7   /?account=a&auth=403          403 OFFERED outside
192.0.2.7   /redirect?account=a           200 - -
192.0.2.7   /redirect?account=a&auth=401  401 OFFERED outside
192.0.2.7   /redirect?account=a&auth=403  303 OFFERED outside
192.0.2.7   /?auth=403                    401 UNAUTHORIZED account_missing


=== satisfy any, all of them together
--- config
    location / {
        satisfy any;
        household on;
        allow 192.0.2.8;
        deny all;
        auth_basic edge;
        auth_request /auth;
        empty_gif;
    }
--- viewers
192.0.2.8   /?account=a&auth=403   200 - -
192.0.2.7   /?account=a            200 - -
82.64.10.7  /?account=a&auth=403   200 ALLOWED home
192.0.2.7   /?account=a&auth=403   401 OFFERED outside
192.0.2.7   /?account=a&auth=401   401 OFFERED outside


=== satisfy all, all of them together
--- config
    location / {
        household on;
        allow 192.0.2.8;
        allow 82.64.10.7;
        deny all;
        auth_basic edge;
        auth_request /auth;
        empty_gif;
    }
--- more_headers
Authorization: Basic dXNlcjpwYXNz
--- viewers
82.64.10.7  /?account=a            200 ALLOWED home
192.0.2.8   /?account=a            403 OFFERED outside
192.0.2.7   /?account=a            403 - -
82.64.10.7  /?account=a&auth=403   403 - -


=== satisfy any, the household alone
--- config
    location / {
        satisfy any;
        household on;
        empty_gif;
    }
    location /redirect {
        satisfy any;
        household on;
        household_action redirect;
        empty_gif;
    }
--- viewers
82.64.10.7  /?account=a          200 ALLOWED home
192.0.2.7   /?account=a          403 OFFERED outside
192.0.2.7   /redirect?account=a  303 OFFERED outside
192.0.2.7   /                    401 UNAUTHORIZED account_missing


=== satisfy any, the store is away: that is what is configured
--- http_config
    household_redis away { server 127.0.0.1:1; }
--- config
    satisfy any;
    household_store away;
    deny all;
    location /allow {
        household on;
        empty_gif;
    }
    location /deny {
        household on;
        household_unavailable deny;
        empty_gif;
    }
--- viewers
192.0.2.7   /allow?account=a  200 UNAVAILABLE unavailable
192.0.2.7   /deny?account=a   403 DENIED unavailable


=== satisfy any, monitor: it lets in nobody whom the others refuse
--- config
    satisfy any;
    location / {
        household monitor;
        deny all;
        empty_gif;
    }
    location /basic {
        household monitor;
        auth_basic edge;
        empty_gif;
    }
    location /request {
        household monitor;
        auth_request /auth;
        empty_gif;
    }
--- viewers
82.64.10.7  /?account=a                  403 ALLOWED home
192.0.2.7   /?account=a                  403 MONITORED outside
192.0.2.7   /                            403 MONITORED account_missing
82.64.10.7  /basic?account=a             401 ALLOWED home
192.0.2.7   /basic?account=a             401 MONITORED outside
82.64.10.7  /request?account=a&auth=403  403 ALLOWED home
192.0.2.7   /request?account=a&auth=401  401 MONITORED outside
192.0.2.7   /request?account=a           200 - -


=== satisfy any, monitor, the store is away: it lets in nobody either
--- http_config
    household_redis away { server 127.0.0.1:1; }
--- config
    location / {
        satisfy any;
        household monitor;
        household_store away;
        deny all;
        empty_gif;
    }
--- viewers
82.64.10.7  /?account=a  403 UNAVAILABLE unavailable


=== satisfy any, monitor: a preflight is not let in where others refuse
--- config
    location / {
        satisfy any;
        household monitor;
        deny all;
        empty_gif;
    }
--- viewers
82.64.10.7  OPTIONS:/?account=a  403 BYPASSED options


=== satisfy any, off by a variable: it lets in nobody
--- config
    location / {
        satisfy any;
        household $arg_mode;
        deny all;
        empty_gif;
    }
--- viewers
82.64.10.7  /?account=a           403 BYPASSED off
82.64.10.7  OPTIONS:/?account=a   403 BYPASSED off


=== satisfy any, on: a preflight is answered, or passes
--- config
    satisfy any;
    deny all;
    location / {
        household on;
        empty_gif;
    }
    location /pass {
        household on;
        household_preflight pass;
        empty_gif;
    }
--- viewers
192.0.2.7  OPTIONS:/?account=a      204 BYPASSED options
192.0.2.7  OPTIONS:/pass?account=a  405 BYPASSED options


=== satisfy all: a preflight passes the household, not the others
--- config
    household_preflight pass;
    location / {
        household on;
        empty_gif;
    }
    location /answer {
        household on;
        household_preflight answer;
        empty_gif;
    }
    location /denied {
        household on;
        deny all;
        empty_gif;
    }
--- viewers
192.0.2.7  OPTIONS:/?account=a        405 BYPASSED options
192.0.2.7  OPTIONS:/answer?account=a  204 BYPASSED options
192.0.2.7  OPTIONS:/denied?account=a  403 - -


=== satisfy all, monitor
--- config
    location / {
        household monitor;
        auth_request /auth;
        empty_gif;
    }
--- viewers
192.0.2.7  /?account=a           200 MONITORED outside
192.0.2.7  /?account=a&auth=403  403 - -


=== error_page under satisfy any
--- config
    location / {
        satisfy any;
        household on;
        deny all;
        error_page 403 = @refused;
        empty_gif;
    }
    location /basic {
        satisfy any;
        household on;
        auth_basic edge;
        error_page 401 = @refused;
        empty_gif;
    }
    location @refused {
        satisfy any;
        household on;
        return 402;
    }
--- viewers
192.0.2.7   /?account=a       402 OFFERED outside
192.0.2.7   /basic?account=a  402 OFFERED outside

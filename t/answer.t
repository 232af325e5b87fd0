#!/usr/bin/perl

# What a refused viewer gets: a problem document, a redirect to the offer or a
# challenge; what chooses between them, and error_page beside all of them.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Edge;
use Test::Nginx::Socket 'no_plan';

# the problem document, after its members that are always there
sub problem {
    my ($reason, $offer) = @_;
    my $more = $offer ? qq{,"offer":{$offer}} : '';

    return '{"type":"about:blank","title":"Forbidden","status":403,'
           . qq("reason":"$reason"$more}\r\n);
}

# one account that is never at home; its country is France
add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(redis => <<'EOC') if !defined $block->redis;
SADD household:{a} 192.0.2.1
HSET household:{a}:account country FR
EOC
});

run_tests();

__DATA__

=== refused, with nothing to offer: a problem document alone
--- request
GET /?account=a
--- error_code: 403
--- response_headers
Content-Type: application/problem+json
Cache-Control: no-store
!Vary
!Link
!Location
!WWW-Authenticate
--- response_body eval
main::problem('outside')


=== refused, with an offer: it is in the document and in a link
--- guard
        household_offer default url=https://www.example.tv/household;
--- request
GET /?account=a
--- error_code: 403
--- response_headers
Content-Type: application/problem+json
Cache-Control: no-store
Vary: Sec-Fetch-Mode, Accept
Link: <https://www.example.tv/household>; rel="payment"
!Location
--- response_body eval
main::problem('outside',
    '"kind":"household","url":"https://www.example.tv/household"')


=== refused, with the offer of a seat: its price is in the document
--- guard
        household_offer FR price=5.99 currency=EUR
                        url=https://www.example.tv/extra-member;
--- request
GET /?account=a
--- error_code: 403
--- response_headers
Link: <https://www.example.tv/extra-member>; rel="payment"
--- response_body eval
main::problem('outside', '"kind":"extra_member","price":"5.99",'
    . '"currency":"EUR","period":"month",'
    . '"url":"https://www.example.tv/extra-member"')


=== the reason is in the document
--- guard
        household_offer default url=/household;
--- request
GET /?account=b
--- error_code: 403
--- response_body eval
main::problem('unregistered', '"kind":"household","url":"/household"')


=== nothing is for sale because the store is away
--- http_config
    household_redis away { server 127.0.0.1:1; }
--- guard
        household_store away;
        household_unavailable deny;
        household_action redirect;
        household_offer FR price=5.99 currency=EUR url=/extra-member;
        household_offer default url=/household;
--- request
GET /?account=a
--- error_code: 403
--- response_headers
Cache-Control: no-store
!Link
!Location
--- response_body eval
main::problem('unavailable')


=== a page navigation is redirected to the offer
--- guard
        household_offer default url=https://www.example.tv/household;
--- request
GET /?account=a
--- more_headers
Accept: text/html
--- error_code: 303
--- response_headers
Location: https://www.example.tv/household
Cache-Control: no-store
Vary: Sec-Fetch-Mode, Accept
Content-Type: text/html
!Link
--- response_body_like: 303 See Other


=== a page navigation with nothing to offer: a problem document
--- request
GET /?account=a
--- more_headers
Accept: text/html
Sec-Fetch-Mode: navigate
--- error_code: 403
--- response_headers
Content-Type: application/problem+json
!Vary
!Location


=== action redirect: whatever is asked for
--- guard
        household_action redirect;
        household_offer default url=https://www.example.tv/household;
--- request
GET /?account=a
--- more_headers
Accept: application/json
Sec-Fetch-Mode: cors
--- error_code: 303
--- response_headers
Location: https://www.example.tv/household
Cache-Control: no-store
!Vary


=== action redirect with nothing to offer: a problem document
--- guard
        household_action redirect;
--- request
GET /?account=a
--- error_code: 403
--- response_headers
Content-Type: application/problem+json
!Vary


=== action 403: whatever is asked for
--- guard
        household_action 403;
        household_offer default url=https://www.example.tv/household;
--- request
GET /?account=a
--- more_headers
Accept: text/html
Sec-Fetch-Mode: navigate
--- error_code: 403
--- response_headers
Content-Type: application/problem+json
Cache-Control: no-store
Link: <https://www.example.tv/household>; rel="payment"
!Vary
!Location


=== action auto: what is a page navigation, by Accept
--- guard
        household_offer default url=/household;
--- request eval
[('GET /?account=a') x 26]
--- more_headers eval
[map { $_ ? "Accept: $_\n" : '' }
    '',
    '*/*',
    'application/json',
    'text/*',
    'text/htmlx',
    'text/html;q=0',
    'text/html;q=0.5, application/json',
    'text/html;q=0.9,*/*;q=0.901',
    'application/json;q=0.9 , text/html;q=0.899',
    'text/html;q=x',
    'application/json;Q=0.3,text/html;Q=0.2',
    'text/html;q=0.5;a=b,application/json;q=0.6',
    'text/html;q=0;a="b"',
    'text/html;q=0.5x;a=b',
    'text/html',
    'TEXT/HTML',
    'text/html;level=1',
    'text/html;charset=utf-8;q=0.7, application/json;q=0.6',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'application/json;q=0.5 , text/html ;q=1.0',
    "*/*;q=0.1\nAccept: text/html",
    ',text/html,',
    'application/json;Q=0.2,text/html;Q=0.3',
    'text/html;q=0.9;a=b',
    'text/html;q=0.9 ; a="b" ;c, application/json;q=0.8;d=e',
    'text/html;level=1;q=1.000;a=b',
]
--- error_code eval
[(403) x 14, (303) x 12]


=== action auto: what is a page navigation, by Sec-Fetch-Mode
--- guard
        household_offer default url=/household;
--- request eval
[('GET /?account=a') x 8]
--- more_headers eval
["Sec-Fetch-Mode: nav\nAccept: text/html\n",
 "Sec-Fetch-Mode:\nAccept: text/html\n",
 "Sec-Fetch-Mode: cors\nAccept: text/html\n",
 "Sec-Fetch-Mode: no-cors\nAccept: text/html\n",
 "Sec-Fetch-Mode: navigated\nAccept: text/html\n",
 "Sec-Fetch-Mode: navigate\nAccept: */*\n",
 "Sec-Fetch-Mode: navigate\n",
 "SEC-FETCH-MODE: navigate\nAccept: application/json\n"]
--- error_code eval
[(403) x 5, (303) x 3]


=== HEAD: the same without a body
--- guard
        household_offer default url=/household;
--- request eval
['HEAD /?account=a', 'HEAD /?account=a', 'HEAD /']
--- more_headers eval
["Accept: */*\n", "Accept: text/html\n", '']
--- error_code eval
[403, 303, 401]
--- response_headers eval
["Content-Type: application/problem+json\n"
 . "Link: </household>; rel=\"payment\"\nCache-Control: no-store",
 "Location: http://localhost:\$ServerPort/household\nCache-Control: no-store",
 "WWW-Authenticate: Bearer realm=\"playback\""]
--- response_body eval
['', '', '']


=== HEAD: the length is that of the body
--- request
HEAD /?account=a
--- error_code: 403
--- response_headers eval
'Content-Length: ' . length main::problem('outside')
--- response_body


=== POST: its body is not what is judged
--- guard
        household_action redirect;
        household_offer default url=/household;
--- request eval
["POST /?account=a\n" . 'x' x 100000]
--- error_code: 303
--- response_headers
Location: http://localhost:$ServerPort/household


=== a path is an offer too: nginx makes it absolute, or not
--- guard
        household_action redirect;
        household_offer default url=/household;
        absolute_redirect off;
--- request
GET /?account=a
--- error_code: 303
--- response_headers
Location: /household


=== offers by the account's country
--- guard
        household_offer fr price=5.99 currency=EUR url=https://fr.example.tv/;
        household_offer JP price=500 currency=JPY url=https://jp.example.tv/;
        household_offer default url=https://www.example.tv/;
--- redis
SADD household:{fr} 192.0.2.1
HSET household:{fr}:account country FR
SADD household:{jp} 192.0.2.1
HSET household:{jp}:account country jp
SADD household:{es} 192.0.2.1
HSET household:{es}:account country ES
SADD household:{unknown} 192.0.2.1
--- request eval
[map { "GET /?account=$_" } qw(fr jp es unknown)]
--- error_code eval
[(403) x 4]
--- response_body eval
[main::problem('outside', '"kind":"extra_member","price":"5.99",'
    . '"currency":"EUR","period":"month","url":"https://fr.example.tv/"'),
 main::problem('outside', '"kind":"extra_member","price":"500",'
    . '"currency":"JPY","period":"month","url":"https://jp.example.tv/"'),
 map { main::problem('outside',
    '"kind":"household","url":"https://www.example.tv/"') } 1 .. 2]


=== offers for one country only: nothing for the others
--- guard
        household_offer FR price=5.99 currency=EUR url=https://fr.example.tv/;
--- redis
SADD household:{es} 192.0.2.1
HSET household:{es}:account country ES
SADD household:{unknown} 192.0.2.1
--- viewers
-  /?account=es       403 DENIED outside
-  /?account=unknown  403 DENIED outside


=== no seat is free: the offer without a price, or none
--- config
    household on;
    household_offer FR price=5.99 currency=EUR url=https://fr.example.tv/;
    location / {
        household_offer FR price=5.99 currency=EUR url=https://fr.example.tv/;
        household_offer default url=https://www.example.tv/;
        empty_gif;
    }
    location /none {
        empty_gif;
    }
--- redis
SADD household:{zero} 192.0.2.1
HSET household:{zero}:account country FR seats 0
SADD household:{one} 192.0.2.1
HSET household:{one}:account country FR seats 1
SADD household:{taken} 192.0.2.1
HSET household:{taken}:account country FR seats 1 extra:s1:192.0.2.9 NOW+60
SADD household:{over} 192.0.2.1
HSET household:{over}:account country FR seats 1 extra:s1:192.0.2.9 NOW-60
SADD household:{same} 192.0.2.1
HSET household:{same}:account country FR seats 2
HSET household:{same}:account extra:s1:192.0.2.9 0 extra:s1:192.0.2.8 0
--- request eval
[(map { "GET /?account=$_" } qw(zero taken one over same)),
 (map { "GET /none?account=$_" } qw(zero one))]
--- error_code eval
[(403) x 7]
--- response_headers eval
[("X-Status: OFFERED\nLink: <https://www.example.tv/>; rel=\"payment\"") x 2,
 ("X-Status: OFFERED\nLink: <https://fr.example.tv/>; rel=\"payment\"") x 3,
 "X-Status: DENIED\n!Link",
 "X-Status: OFFERED\nLink: <https://fr.example.tv/>; rel=\"payment\""]


=== the default offer may have a price: it is that of a seat
--- guard
        household_offer default price=3 currency=EUR url=https://www.example.tv/;
--- redis
SADD household:{seat} 192.0.2.1
SADD household:{none} 192.0.2.1
HSET household:{none}:account seats 0
--- request eval
["GET /?account=seat", "GET /?account=none"]
--- error_code eval
[403, 403]
--- response_body eval
[main::problem('outside', '"kind":"extra_member","price":"3",'
    . '"currency":"EUR","period":"month","url":"https://www.example.tv/"'),
 main::problem('outside',
    '"kind":"household","url":"https://www.example.tv/"')]


=== variables in the url
--- guard
        household_action redirect;
        household_offer default url=https://www.example.tv/$arg_lang?a=$household_account;
--- request
GET /?account=a&lang=fr-FR
--- error_code: 303
--- response_headers
Location: https://www.example.tv/fr-FR?a=a


=== the whole url from a variable
--- http_config
    map $arg_lang $offer {
        default https://www.example.tv/household;
        none    '';
    }
--- guard
        household_action redirect;
        household_offer default url=$offer;
--- request
GET /?account=a
--- error_code: 303
--- response_headers
Location: https://www.example.tv/household


=== hostile characters in the url: in a header
--- guard
        household_action redirect;
        household_offer default url=https://www.example.tv/?from=$uri;
--- request eval
["GET /%0d%0aSet-Cookie:%20a=b?account=a", "GET /%22%3c%3e%5c%5e%60%7b%7c%7d%7f?account=a",
 "GET /\xc3\xa9%c3%a9%ff?account=a", "GET /%25%32%30?account=a"]
--- error_code eval
[(303) x 4]
--- response_headers eval
["!Set-Cookie\nLocation: https://www.example.tv/?from=/%0D%0ASet-Cookie:%20a=b",
 "Location: https://www.example.tv/?from=/%22%3C%3E%5C%5E%60%7B%7C%7D%7F",
 "Location: https://www.example.tv/?from=/%C3%A9%C3%A9%FF",
 "Location: https://www.example.tv/?from=/%20"]


=== hostile characters in the url: in a link and in JSON
--- guard
        household_action 403;
        household_offer default url=https://www.example.tv/?from=$uri;
--- request
GET /%22%7d%5c%0d%0aX:%20%3e?account=a
--- error_code: 403
--- response_headers
!X
Link: <https://www.example.tv/?from=/%22%7D%5C%0D%0AX:%20%3E>; rel="payment"
--- response_body eval
main::problem('outside', '"kind":"household",'
    . '"url":"https://www.example.tv/?from=/%22%7D%5C%0D%0AX:%20%3E"')


=== a player of another site may read it, where that is configured
--- guard
        add_header Access-Control-Allow-Origin https://player.example always;
--- request
GET /?account=a
--- error_code: 403
--- response_headers
Access-Control-Allow-Origin: https://player.example
Content-Type: application/problem+json


=== unauthorized: a challenge, and never an offer
--- guard
        household_action redirect;
        household_offer default url=https://www.example.tv/household;
--- request
GET /
--- more_headers
Accept: text/html
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer realm="playback"
Cache-Control: no-store
!Location
!Link
--- response_body_like: 401 (?:Authorization Required|Unauthorized)


=== error_page 403: its body, with the headers of the refusal
--- http_config
    household_offer default url=https://www.example.tv/household;
--- config
    location / {
        household on;
        error_page 403 /refused.html;
        empty_gif;
    }
    location = /refused.html {
        internal;
        root $TEST_NGINX_SERVROOT/html;
    }
--- user_files
>>> refused.html
refused
--- request
GET /?account=a
--- error_code: 403
--- response_headers
Content-Type: text/html
Cache-Control: no-store
Vary: Sec-Fetch-Mode, Accept
Link: <https://www.example.tv/household>; rel="payment"
X-Status: OFFERED
X-Reason: outside
--- response_body
refused


=== error_page 403, of another status
--- config
    location / {
        household on;
        error_page 403 =200 /refused.html;
        empty_gif;
    }
    location = /refused.html {
        root $TEST_NGINX_SERVROOT/html;
    }
--- user_files
>>> refused.html
refused
--- request
GET /?account=a
--- error_code: 200
--- response_headers
X-Reason: outside
--- response_body
refused


=== error_page 403, a named location
--- config
    location / {
        household on;
        error_page 403 = @refused;
        empty_gif;
    }
    location @refused {
        return 402 "$household_reason";
    }
--- request
GET /?account=a
--- error_code: 402
--- response_headers
Cache-Control: no-store
X-Status: DENIED
--- response_body: outside


=== error_page 403, a named location that is guarded itself
--- config
    household on;
    location / {
        error_page 403 @refused;
        empty_gif;
    }
    location @refused {
        root $TEST_NGINX_SERVROOT/html;
        try_files /refused.html =500;
    }
--- user_files
>>> refused.html
refused
--- request
GET /?account=a
--- error_code: 403
--- response_headers
X-Reason: outside
--- response_body
refused


=== error_page 403, a redirect elsewhere
--- guard
        error_page 403 https://www.example.tv/refused;
--- request
GET /?account=a
--- error_code: 302
--- response_headers
Location: https://www.example.tv/refused
Cache-Control: no-store


=== error_page 403 is not for a redirect to the offer
--- guard
        error_page 403 /refused.html;
        household_action redirect;
        household_offer default url=https://www.example.tv/household;
--- request
GET /?account=a
--- error_code: 303
--- response_headers
Location: https://www.example.tv/household


=== error_page 403 of a guarded path, itself guarded and recursive
--- config
    household on;
    recursive_error_pages on;
    error_page 403 /refused/1;
    location / {
        empty_gif;
    }
    location /refused/ {
        root $TEST_NGINX_SERVROOT/html;
    }
--- user_files
>>> refused/1
refused
--- request
GET /?account=a
--- error_code: 403
--- response_headers
X-Reason: outside
--- response_body
refused


=== error_page 303: its body, and the way to the offer
--- config
    household_offer default url=https://www.example.tv/household;
    location / {
        household on;
        household_action redirect;
        error_page 303 /offer.html;
        empty_gif;
    }
    location = /offer.html {
        root $TEST_NGINX_SERVROOT/html;
    }
--- user_files
>>> offer.html
this way
--- request
GET /?account=a
--- error_code: 303
--- response_headers
Location: https://www.example.tv/household
Cache-Control: no-store
--- response_body
this way


=== error_page 401: its body, and the challenge
--- config
    household_offer default url=https://www.example.tv/household;
    location / {
        household on;
        error_page 401 /who.html;
        empty_gif;
    }
    location = /who.html {
        household on;
        root $TEST_NGINX_SERVROOT/html;
    }
--- user_files
>>> who.html
who are you?
--- request
GET /
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer realm="playback"
Cache-Control: no-store
X-Reason: account_missing
!Link
--- response_body
who are you?


=== refused within an error page of something else: its own status
--- config
    error_page 404 /guarded?$args;
    location / {
        root $TEST_NGINX_SERVROOT/html;
    }
    location = /guarded {
        household on;
        empty_gif;
    }
--- request
GET /none?account=a
--- error_code: 403
--- response_headers
Content-Type: application/problem+json
X-Reason: outside
--- response_body eval
main::problem('outside')


=== refused within an error page, which sets the status: still its own
--- config
    household_offer default url=https://www.example.tv/household;
    error_page 404 =200 /guarded?$args;
    location / {
        root $TEST_NGINX_SERVROOT/html;
    }
    location = /guarded {
        household on;
        empty_gif;
    }
--- request eval
["GET /none?account=a", "GET /none?account=a", "GET /none?"]
--- more_headers eval
['', "Accept: text/html\n", '']
--- error_code eval
[403, 303, 401]


=== refused within an error page, recursive: the next error page
--- config
    recursive_error_pages on;
    error_page 404 /guarded?$args;
    location / {
        root $TEST_NGINX_SERVROOT/html;
    }
    location = /guarded {
        household on;
        error_page 403 = @refused;
        empty_gif;
    }
    location @refused {
        return 402 "$household_reason";
    }
--- request
GET /none?account=a
--- error_code: 402
--- response_body: outside


=== refused within an error page, not recursive: no other one
--- config
    error_page 404 /guarded?$args;
    location / {
        root $TEST_NGINX_SERVROOT/html;
    }
    location = /guarded {
        household on;
        error_page 403 = @refused;
        empty_gif;
    }
    location @refused {
        return 402;
    }
--- request
GET /none?account=a
--- error_code: 403
--- response_headers
Content-Type: application/problem+json
--- response_body eval
main::problem('outside')


=== refused again where an error page leads, without an offer: no link is left
--- config
    location = /first {
        household on;
        household_offer default url=https://www.example.tv/first;
        error_page 403 = @then;
        empty_gif;
    }
    location @then {
        rewrite ^ /second last;
    }
    location = /second {
        household on;
        household_trusted_device 0;
        empty_gif;
    }
--- request
GET /first?account=a
--- error_code: 403
--- response_headers
Cache-Control: no-store
!Link
!Location
--- response_body eval
main::problem('outside')


=== refused again, with another offer: the link is that of the document
--- config
    location = /first {
        household on;
        household_offer default url=https://www.example.tv/first;
        error_page 403 = @then;
        empty_gif;
    }
    location @then {
        rewrite ^ /second last;
    }
    location = /second {
        household on;
        household_trusted_device 0;
        household_offer default url=https://www.example.tv/second;
        empty_gif;
    }
--- request
GET /first?account=a
--- error_code: 403
--- response_headers
Link: <https://www.example.tv/second>; rel="payment"
Cache-Control: no-store
Vary: Sec-Fetch-Mode, Accept
--- response_body eval
main::problem('outside',
              '"kind":"household","url":"https://www.example.tv/second"')


=== refused again after a redirect: it is none any more
--- config
    location = /first {
        household on;
        household_action redirect;
        household_offer default url=https://www.example.tv/first;
        error_page 303 = @then;
        empty_gif;
    }
    location @then {
        rewrite ^ /second last;
    }
    location = /second {
        household on;
        household_trusted_device 0;
        empty_gif;
    }
--- request
GET /first?account=a
--- error_code: 403
--- response_headers
!Location
!Link
--- response_body eval
main::problem('outside')


=== unauthorized, and then refused: no challenge is left
--- config
    location = /first {
        household on;
        household_account $http_none;
        error_page 401 = @then;
        empty_gif;
    }
    location @then {
        rewrite ^ /second last;
    }
    location = /second {
        household on;
        empty_gif;
    }
--- request
GET /first?account=a
--- error_code: 403
--- response_headers
!WWW-Authenticate
--- response_body eval
main::problem('outside')


=== refused, and then unauthorized: a challenge, and no offer
--- config
    location = /first {
        household on;
        household_offer default url=https://www.example.tv/first;
        error_page 403 = @then;
        empty_gif;
    }
    location @then {
        rewrite ^ /second last;
    }
    location = /second {
        household on;
        household_account $http_none;
        empty_gif;
    }
--- request
GET /first?account=a
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer realm="playback"
!Link


=== unauthorized twice, by a token: one challenge
--- config
    household_token bearer;
    household_token_key $TEST_NGINX_SERVROOT/html/keys;
    location = /first {
        household on;
        error_page 401 = @then;
        empty_gif;
    }
    location @then {
        rewrite ^ /second last;
    }
    location = /second {
        household on;
        empty_gif;
    }
--- user_files
>>> keys
{"keys":[{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}
--- request
GET /first
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer realm="playback"


=== refused after X-Accel-Redirect: not in the charset of what was not sent
--- http_config
    server {
        listen unix:$TEST_NGINX_EDGE_SOCKET;
        location / {
            add_header X-Accel-Redirect /guarded?account=a;
            default_type 'text/html; charset=koi8-r';
            return 200;
        }
    }
--- config
    location / {
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET;
    }
    location = /guarded {
        household on;
        empty_gif;
    }
--- request
GET /
--- error_code: 403
--- response_headers
Content-Type: application/problem+json


=== an offer whose url is empty is none
--- guard
        household_action redirect;
        household_offer default url=$arg_offer;
        add_header X-Offer $household_offer_url always;
        add_header X-Status $household_status always;
--- request eval
["GET /?account=a", "GET /?account=a&offer=", "GET /?account=a&offer=/x"]
--- error_code eval
[403, 403, 303]
--- response_headers eval
["X-Status: DENIED\n!Link\n!Location\n!X-Offer\n!Vary",
 "X-Status: DENIED\n!Link\n!Location\n!X-Offer\n!Vary",
 "X-Status: OFFERED\nX-Offer: /x"]


=== an offer whose url is empty is none: the problem document
--- guard
        household_offer default url=$arg_offer;
--- request
GET /?account=a
--- error_code: 403
--- response_body eval
main::problem('outside')


=== the offer for the country has an empty url: the default one
--- guard
        household_offer FR price=5.99 currency=EUR url=$arg_offer;
        household_offer default url=/household;
--- request
GET /?account=a
--- error_code: 403
--- response_body eval
main::problem('outside', '"kind":"household","url":"/household"')


=== monitor: an offer whose url is empty is none
--- config
    location / {
        household monitor;
        household_offer default url=$arg_offer;
        add_header X-Offer $household_offer_url;
        add_header X-Status $household_status;
        empty_gif;
    }
--- request
GET /?account=a
--- error_code: 200
--- response_headers
X-Status: MONITORED
!X-Offer


=== expires and add_header beside a redirect: it is not kept
--- guard
        household_action redirect;
        household_offer default url=/household;
        expires $arg_expires;
--- request eval
[map { "GET /?account=a&expires=$_" } '1h', '-1', 'max', 'epoch', 'off',
       '@15h']
--- error_code eval
[(303) x 6]
--- response_headers eval
[("Cache-Control: no-store\n!Expires") x 6]


=== expires beside what is allowed stays as it is
--- redis
SADD household:{a} 192.0.2.1
--- guard
        expires 1h;
--- request
GET /?account=a
--- more_headers
X-Forwarded-For: 192.0.2.1
--- error_code: 200
--- response_headers
Cache-Control: max-age=3600

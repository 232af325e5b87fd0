#!/usr/bin/perl

# Who asks: account and device are bytes, up to 128 of them, from whatever the
# configuration says; who is nobody is challenged, and never offered anything.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Edge;
use Test::Nginx::Socket 'no_plan';

# ids in the path are decoded, so that they can be any bytes but NUL
$ENV{TEST_NGINX_ANY_ID} = <<'EOC';
    location ~ ^/account/(?<any_account>[^|]*)(\|(?<any_device>[^|]*))?$ {
        household on;
        household_account $any_account;
        household_device $any_device;
        empty_gif;
    }
EOC

run_tests();

__DATA__

=== nobody: a challenge, whatever the rest says
--- guard
        household_action redirect;
        household_unregistered allow;
        household_unavailable allow;
        household_offer default url=/household;
--- request eval
["GET /", "GET /?account=", "GET /?account=" . 'a' x 129]
--- more_headers
Accept: text/html
Sec-Fetch-Mode: navigate
--- error_code eval
[401, 401, 401]
--- response_headers eval
[map { <<EOC } qw(account_missing account_missing account_invalid)]
WWW-Authenticate: Bearer @{[/invalid/ ? 'error="invalid_token"'
                                      : 'realm="playback"']}
Cache-Control: no-store
X-Status: UNAUTHORIZED
X-Reason: $_
Vary: Sec-Fetch-Mode, Accept
!Location
!Link
EOC


=== an account of 128 bytes is one, of 129 it is not
--- redis eval
'SADD household:{' . 'a' x 128 . '} 82.64.10.7'
--- viewers eval
CORE::join "\n",
    '82.64.10.7 /?account=' . 'a' x 127 . ' 403 DENIED unregistered',
    '82.64.10.7 /?account=' . 'a' x 128 . ' 200 ALLOWED home',
    '82.64.10.7 /?account=' . 'a' x 129 . ' 401 UNAUTHORIZED account_invalid'


=== an argument is found as nginx finds it
--- guard
        household_account $arg_ACCount;
--- redis
SADD household:{a} 82.64.10.7
--- viewers
82.64.10.7  /?account=a                     200 ALLOWED home
82.64.10.7  /?ACCOUNT=a                     200 ALLOWED home
82.64.10.7  /?x=1&account=a                 200 ALLOWED home
82.64.10.7  /?x=1&Account=a&y=2             200 ALLOWED home
82.64.10.7  /?xaccount=b&account=a          200 ALLOWED home
82.64.10.7  /?accounts=b&account&account=a  200 ALLOWED home
82.64.10.7  /?&&account=a&account=b         200 ALLOWED home
82.64.10.7  /?account=b&account=a           403 DENIED unregistered
82.64.10.7  /?account=&account=a            401 UNAUTHORIZED account_missing
82.64.10.7  /?account                       401 UNAUTHORIZED account_missing
82.64.10.7  /?x=account=a                   401 UNAUTHORIZED account_missing
82.64.10.7  /?                              401 UNAUTHORIZED account_missing


=== the name of an argument may be that of another variable
--- guard
        set $arg_account a;
        household_account $arg_account;
--- redis
SADD household:{a} 82.64.10.7
--- viewers
82.64.10.7  /?account=b  200 ALLOWED home
82.64.10.7  /            200 ALLOWED home


=== an account of several variables
--- guard
        household_account user:$arg_a-$arg_b;
--- redis
SADD household:{user:1-2} 82.64.10.7
--- viewers
82.64.10.7  /?a=1&b=2  200 ALLOWED home
82.64.10.7  /?a=1-2    403 DENIED unregistered


=== an account that is always the same, or always missing
--- config
    location / {
        household on;
        household_account one;
        empty_gif;
    }
    location /none {
        household on;
        household_account "";
        empty_gif;
    }
--- redis
SADD household:{one} 82.64.10.7
--- viewers
82.64.10.7  /                200 ALLOWED home
82.64.10.7  /none?account=a  401 UNAUTHORIZED account_missing


=== accounts are exact bytes
--- redis
SADD household:{a} 82.64.10.7
SADD household:{b}} 82.64.10.7
SADD household:{} 82.64.10.7
--- viewers
82.64.10.7  /?account=a      200 ALLOWED home
82.64.10.7  /?account=A      403 DENIED unregistered
82.64.10.7  /?account=%61    403 DENIED unregistered
82.64.10.7  /?account=a}     403 DENIED unregistered
82.64.10.7  /?account=b}     200 ALLOWED home
82.64.10.7  /?account={a}    403 DENIED unregistered
82.64.10.7  /?account=*      403 DENIED unregistered
82.64.10.7  /?account=aa     403 DENIED unregistered


=== accounts of any bytes but control characters
--- config
$TEST_NGINX_ANY_ID
--- init
for my $account ("a\r\nSADD household:{x} 82.64.10.7\r\n", " a ", "a:account",
                 "\xff\xfe\x80", "\$1", "\x1f", "\t", "\x7f", "\x{a0}")
{
    main::redis()->cmd(SADD => "household:{$account}", '82.64.10.7');
}
--- viewers eval
CORE::join "\n", (map {
    '82.64.10.7 /account/' . s/([^A-Za-z])/sprintf '%%%02x', ord $1/ger
    . ' 200 ALLOWED home'
} " a ", "a:account", "\xff\xfe\x80", "\$1", "\x{a0}"),
  (map {
    '82.64.10.7 /account/' . s/([^A-Za-z])/sprintf '%%%02x', ord $1/ger
    . ' 401 UNAUTHORIZED account_invalid'
} "a\r\nSADD household:{x} 82.64.10.7\r\n", "\x1f", "\t", "\x7f"),
  '82.64.10.7 /account/x 403 DENIED unregistered',
  '82.64.10.7 /account/a 403 DENIED unregistered',
  '82.64.10.7 /account/%ff%fe 403 DENIED unregistered'


=== an account named as another's hash is not that
--- redis
HSET household:{a}:account extra:s1:82.64.10.7 0
--- viewers
82.64.10.7  /?account=a           200 ALLOWED extra_member
82.64.10.7  /?account=a}:account  403 DENIED unregistered


=== no device is asked for
--- config
    household_device "";
    location / {
        household on;
        empty_gif;
    }
--- redis
SADD household:{a} 82.64.10.7
HSET household:{a}:account device:tv NOW
--- viewers
192.0.2.7   /?account=a&device=tv  403 DENIED outside
82.64.10.7  /?account=a&device=tv  200 ALLOWED home


=== a device of 128 bytes is one, a longer one is nobody's
--- redis eval
"SADD household:{a} 82.64.10.7\n"
. 'HSET household:{a}:account device:' . 'd' x 128 . " NOW\n"
. 'HSET household:{a}:account device:' . 'e' x 129 . ' NOW'
--- viewers eval
CORE::join "\n",
    '192.0.2.7 /?account=a&device=' . 'd' x 128 . ' 200 ALLOWED trusted_device',
    '192.0.2.7 /?account=a&device=' . 'd' x 129 . ' 403 DENIED outside',
    '192.0.2.7 /?account=a&device=' . 'e' x 129 . ' 403 DENIED outside',
    '82.64.10.7 /?account=a&device=' . 'e' x 129 . ' 200 ALLOWED home'


=== a device that is too long is told of
--- request eval
'GET /?account=a&device=' . 'd' x 129
--- error_code: 403
--- error_log eval
qr/\[info\].*household: invalid device id, ignored/


=== ids end no header
--- http_config
    add_header X-Account $household_account always;
    add_header X-Device $household_device always;
--- config
$TEST_NGINX_ANY_ID
--- redis
SADD household:{a} 82.64.10.7
--- more_headers
X-Forwarded-For: 82.64.10.7
--- request eval
["GET /account/a%0d%0aX-Injected:%201", "GET /account/a|tv%0d%0aX-Injected:%201",
 "GET /account/a|tv"]
--- error_code eval
[401, 200, 200]
--- response_headers eval
["!X-Injected\n!X-Account\n", "!X-Injected\nX-Account: a\n!X-Device\n",
 "X-Account: a\nX-Device: tv\n"]


=== devices are exact bytes
--- redis
SADD household:{a} 82.64.10.7
HSET household:{a}:account device:tv NOW device:a:b NOW device:* NOW-60
--- viewers
192.0.2.7  /?account=a&device=tv       200 ALLOWED trusted_device
192.0.2.7  /?account=a&device=TV       403 DENIED outside
192.0.2.7  /?account=a&device=tv%20    403 DENIED outside
192.0.2.7  /?account=a&device=t        403 DENIED outside
192.0.2.7  /?account=a&device=a:b      200 ALLOWED trusted_device
192.0.2.7  /?account=a&device=a        403 DENIED outside
192.0.2.7  /?account=a&device=*        200 ALLOWED trusted_device
192.0.2.7  /?account=a&device=phone    403 DENIED outside


=== devices are exact bytes, UUIDs too
--- redis
SADD household:{a} 82.64.10.7
HSET household:{a}:account device:0f8fad5b-d9cb-469f-a165-70867728950e NOW
HSET household:{a}:account device:7C9E6679-7425-40DE-944B-E07FC1F90AE7 NOW
--- viewers
192.0.2.7  /?account=a&device=0f8fad5b-d9cb-469f-a165-70867728950e  200 ALLOWED trusted_device
192.0.2.7  /?account=a&device=0F8FAD5B-D9CB-469F-A165-70867728950E  403 DENIED outside
192.0.2.7  /?account=a&device=7C9E6679-7425-40DE-944B-E07FC1F90AE7  200 ALLOWED trusted_device
192.0.2.7  /?account=a&device=7c9e6679-7425-40de-944b-e07fc1f90ae7  403 DENIED outside


=== devices of any bytes but control characters
--- config
$TEST_NGINX_ANY_ID
--- init
main::redis()->cmd(SADD => 'household:{a}', '82.64.10.7');
main::redis()->cmd(HSET => 'household:{a}:account', "device:$_" => time)
    for "\r\n", "\xff\xfe\x80", " a";
--- viewers
192.0.2.7  /account/a|%0d%0a    403 DENIED outside
192.0.2.7  /account/a|%ff%fe%80  200 ALLOWED trusted_device
192.0.2.7  /account/a|%20a      200 ALLOWED trusted_device
192.0.2.7  /account/a|%0d       403 DENIED outside
192.0.2.7  /account/a|%ff%fe    403 DENIED outside
192.0.2.7  /account/a|a         403 DENIED outside


=== a device is its account's alone
--- redis
SADD household:{a} 82.64.10.7
HSET household:{a}:account device:tv NOW
SADD household:{b} 82.64.10.7
--- viewers
192.0.2.7  /?account=a&device=tv  200 ALLOWED trusted_device
192.0.2.7  /?account=b&device=tv  403 DENIED outside


=== one request does not change how another is judged
--- redis
SADD household:{a} 82.64.10.7
SADD household:{b} 192.0.2.7
--- viewers
82.64.10.7  /?account=a  200 ALLOWED home
82.64.10.7  /?account=b  403 DENIED outside
192.0.2.7   /?account=a  403 DENIED outside
192.0.2.7   /?account=b  200 ALLOWED home
192.0.2.7   /            401 UNAUTHORIZED account_missing
82.64.10.7  /?account=a  200 ALLOWED home

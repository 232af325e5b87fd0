#!/usr/bin/perl

# The verdict as a viewer meets it: a test for each row of the rule table, in
# the order of its rules, and then that the first match wins.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Edge;
use Test::Nginx::Socket 'no_plan';

run_tests();

__DATA__

=== off: nothing is judged, and there is nothing to be told
--- config
    location / {
        household off;
        empty_gif;
    }
--- viewers
82.64.10.7  /?account=a  200 - -


=== off by a variable: off
--- config
    location / {
        household $arg_mode;
        empty_gif;
    }
--- viewers
82.64.10.7  /?account=a&mode=off  200 BYPASSED off


=== a preflight: options
--- redis
SADD household:{a} 192.0.2.1
--- viewers
82.64.10.7  OPTIONS:/?account=a  204 BYPASSED options
82.64.10.7  OPTIONS:/            204 BYPASSED options
82.64.10.7  /?account=a          403 DENIED outside


=== rule 1, nobody: account_missing
--- viewers
82.64.10.7  /                        401 UNAUTHORIZED account_missing
82.64.10.7  /?account=               401 UNAUTHORIZED account_missing
82.64.10.7  /?device=tv              401 UNAUTHORIZED account_missing


=== rule 1, an account that none can have: account_invalid
--- viewers eval
"82.64.10.7 /?account=" . 'a' x 129 . " 401 UNAUTHORIZED account_invalid"


=== rule 2, issued before the account was signed out: revoked
--- guard
        household_issued_at $arg_issued;
--- redis
SADD household:{a} 82.64.10.7
HSET household:{a}:account revoked_before 1700000000
SADD household:{b} 82.64.10.7
--- viewers
82.64.10.7  /?account=a&issued=1699999999  401 UNAUTHORIZED revoked
82.64.10.7  /?account=a&issued=1700000000  200 ALLOWED home
82.64.10.7  /?account=a&issued=1700000001  200 ALLOWED home
82.64.10.7  /?account=b&issued=1           200 ALLOWED home


=== rule 2, no issue time is known: revoked
--- guard
        household_issued_at $arg_issued;
--- redis
SADD household:{a} 82.64.10.7
HSET household:{a}:account revoked_before 1700000000
SADD household:{b} 82.64.10.7
--- viewers
82.64.10.7  /?account=a                    401 UNAUTHORIZED revoked
82.64.10.7  /?account=a&issued=            401 UNAUTHORIZED revoked
82.64.10.7  /?account=a&issued=soon        401 UNAUTHORIZED revoked
82.64.10.7  /?account=a&issued=-1          401 UNAUTHORIZED revoked
82.64.10.7  /?account=a&issued=99999999999999999999  401 UNAUTHORIZED revoked
82.64.10.7  /?account=b                    200 ALLOWED home


=== rule 2, no issue time is asked for: nothing is revoked
--- redis
SADD household:{a} 82.64.10.7
HSET household:{a}:account revoked_before 1700000000
--- viewers
82.64.10.7  /?account=a                    200 ALLOWED home


=== rule 3, the store is away and that allows: unavailable
--- http_config
    household_redis away { server 127.0.0.1:1; }
--- guard
        household_store away;
--- viewers
82.64.10.7  /?account=a  200 UNAVAILABLE unavailable


=== rule 3, the store is away and that denies: unavailable
--- http_config
    household_redis away { server 127.0.0.1:1; }
--- guard
        household_store away;
        household_unavailable deny;
        household_offer default url=https://www.example.tv/household;
--- viewers
82.64.10.7  /?account=a  403 DENIED unavailable


=== rule 3, a record over a limit that allows: record_too_large
--- redis
SADD household:{a} 10.1.{0..255}.1 10.2.1.1
SADD household:{b} 10.1.{0..255}.1
--- viewers
10.1.7.1  /?account=a  200 UNAVAILABLE record_too_large
10.1.7.1  /?account=b  200 ALLOWED home
82.64.10.7  /?account=a  200 UNAVAILABLE record_too_large


=== rule 3, a record over a limit that denies: record_too_large
--- guard
        household_unavailable deny;
        household_offer default url=https://www.example.tv/household;
--- redis
SADD household:{a} 10.1.{0..255}.1 10.2.1.1
--- viewers
10.1.7.1  /?account=a  403 DENIED record_too_large


=== rule 3, a viewer without an address: address_unknown
--- http_config
    server {
        listen unix:$TEST_NGINX_EDGE_SOCKET;
        location /allow { household on; empty_gif; }
        location /deny {
            household on;
            household_unavailable deny;
            household_offer default url=https://www.example.tv/household;
            empty_gif;
        }
    }
--- config
    location / {
        proxy_pass http://unix:$TEST_NGINX_EDGE_SOCKET:;
        add_header X-From proxy;
    }
--- redis
SADD household:{a} 82.64.10.7 0.0.0.0/0 ::/0
--- viewers
-  /allow?account=a   200 UNAVAILABLE address_unknown
-  /deny?account=a    403 DENIED address_unknown


=== rule 4, in a home network: home
--- redis
SADD household:{a} 82.64.10.7 192.0.2.0/24 2a01:e0a:1f3:9c00::/56
--- viewers
82.64.10.7            /?account=a  200 ALLOWED home
192.0.2.0             /?account=a  200 ALLOWED home
192.0.2.255           /?account=a  200 ALLOWED home
2a01:e0a:1f3:9c00::1  /?account=a  200 ALLOWED home
2a01:e0a:1f3:9cff::1  /?account=a  200 ALLOWED home
82.64.10.8            /?account=a  403 DENIED outside
192.0.3.0             /?account=a  403 DENIED outside
2a01:e0a:1f3:9d00::1  /?account=a  403 DENIED outside
82.64.10.7            /?account=b  403 DENIED unregistered


=== rule 5, at an extra member's that is paid: extra_member
--- redis
SADD household:{a} 82.64.10.7
HSET household:{a}:account extra:s1:192.0.2.7 NOW+60 extra:s2:2001:db8::/32 0
HSET household:{a}:account extra:s3:198.51.100.0/24 NOW
--- viewers
192.0.2.7     /?account=a  200 ALLOWED extra_member
2001:db8:9::  /?account=a  200 ALLOWED extra_member
192.0.2.8     /?account=a  403 DENIED outside


=== rule 5, at an extra member's that is paid no more: outside
--- redis
SADD household:{a} 82.64.10.7
HSET household:{a}:account extra:s1:192.0.2.7 NOW
--- viewers
192.0.2.7  /?account=a  403 DENIED outside


=== rule 6, a device seen at home lately: trusted_device
--- redis
SADD household:{a} 82.64.10.7
HSET household:{a}:account device:tv NOW-2678000 device:old NOW-2678401
--- viewers
192.0.2.7  /?account=a&device=tv   200 ALLOWED trusted_device
192.0.2.7  /?account=a&device=old  403 DENIED outside
192.0.2.7  /?account=a&device=TV   403 DENIED outside
192.0.2.7  /?account=a             403 DENIED outside


=== rule 6, trusted for as long as is configured: trusted_device
--- guard
        household_trusted_device 1h;
--- redis
SADD household:{a} 82.64.10.7
HSET household:{a}:account device:tv NOW-3000 device:old NOW-3601
--- viewers
192.0.2.7  /?account=a&device=tv   200 ALLOWED trusted_device
192.0.2.7  /?account=a&device=old  403 DENIED outside


=== rule 6, no device is trusted: outside
--- guard
        household_trusted_device 0;
--- redis
SADD household:{a} 82.64.10.7
HSET household:{a}:account device:tv NOW
--- viewers
192.0.2.7  /?account=a&device=tv  403 DENIED outside


=== rule 6, a device seen at a slot, which is paid or not: trusted_device
--- redis
SADD household:{a} 82.64.10.7
HSET household:{a}:account extra:s1:192.0.2.7 0 extra:s2:192.0.2.8 NOW-1
HSET household:{a}:account device:paid NOW@s1 device:unpaid NOW@s2
HSET household:{a}:account device:none NOW@s3
--- viewers
203.0.113.1  /?account=a&device=paid    200 ALLOWED trusted_device
203.0.113.1  /?account=a&device=unpaid  403 DENIED outside
203.0.113.1  /?account=a&device=none    403 DENIED outside


=== rule 7, a travel grant of the device or of all: travel
--- redis
SADD household:{a} 82.64.10.7
HSET household:{a}:account travel:tv NOW+60 travel:old NOW
SADD household:{b} 82.64.10.7
HSET household:{b}:account travel:* NOW+60
--- viewers
192.0.2.7  /?account=a&device=tv   200 ALLOWED travel
192.0.2.7  /?account=a&device=old  403 DENIED outside
192.0.2.7  /?account=a             403 DENIED outside
192.0.2.7  /?account=b&device=new  200 ALLOWED travel
192.0.2.7  /?account=b             200 ALLOWED travel


=== rule 8, no home network, and that allows: unregistered
--- guard
        household_unregistered allow;
--- redis
HSET household:{b}:account country FR
SADD household:{c} 82.64.10.7
--- viewers
192.0.2.7    /?account=a  200 ALLOWED unregistered
192.0.2.7    /?account=b  200 ALLOWED unregistered
192.0.2.7    /?account=c  403 DENIED outside


=== rule 8, no home network, and that denies: unregistered
--- redis
HSET household:{b}:account country FR
--- viewers
192.0.2.7    /?account=a  403 DENIED unregistered
2001:db8::7  /?account=b  403 DENIED unregistered


=== rule 8, no home network, and that is learned: learned
--- guard
        household_unregistered learn;
--- redis
SADD household:{b} 82.64.10.7
--- viewers
192.0.2.7  /?account=a  200 ALLOWED learned
192.0.2.7  /?account=b  403 DENIED outside


=== rule 8, none of the viewer's family, and that allows: family_unknown
--- guard
        household_family_unknown allow;
--- redis
SADD household:{a} 82.64.10.7
SADD household:{b} 2001:db8::/56
SADD household:{c} 82.64.10.7 2001:db8::/56
--- viewers
2001:db8::1  /?account=a  200 ALLOWED family_unknown
192.0.2.7    /?account=b  200 ALLOWED family_unknown
192.0.2.7    /?account=a  403 DENIED outside
2001:db9::1  /?account=b  403 DENIED outside
192.0.2.7    /?account=c  403 DENIED outside
192.0.2.7    /?account=d  403 DENIED unregistered


=== rule 8, none of the viewer's family, and that denies: outside
--- redis
SADD household:{a} 82.64.10.7
--- viewers
2001:db8::1  /?account=a  403 DENIED outside


=== rule 9, of a country that is not enforced: not_enforced
--- guard
        household_enforce_in FR de;
--- redis
SADD household:{fr} 82.64.10.7
HSET household:{fr}:account country FR
SADD household:{de} 82.64.10.7
HSET household:{de}:account country de
SADD household:{es} 82.64.10.7
HSET household:{es}:account country ES
SADD household:{unknown} 82.64.10.7
--- viewers
192.0.2.7   /?account=fr       403 DENIED outside
192.0.2.7   /?account=de       403 DENIED outside
192.0.2.7   /?account=es       200 ALLOWED not_enforced
192.0.2.7   /?account=unknown  200 ALLOWED not_enforced
82.64.10.7  /?account=es       200 ALLOWED home


=== rule 9, outside the roll-out: rollout
--- guard
        household_rollout 0%;
--- redis
SADD household:{a} 82.64.10.7
--- viewers
192.0.2.7   /?account=a  200 ALLOWED rollout
82.64.10.7  /?account=a  200 ALLOWED home
192.0.2.7   /?account=b  200 ALLOWED rollout


=== rule 9, the share of an account is its own: rollout
the account "rollout" is number 3193 of 10000, by FNV-1a and a finalizer
--- guard
        household_rollout $arg_percent;
--- redis
SADD household:{rollout} 82.64.10.7
--- viewers
192.0.2.7  /?account=rollout&percent=0%        200 ALLOWED rollout
192.0.2.7  /?account=rollout&percent=31%       200 ALLOWED rollout
192.0.2.7  /?account=rollout&percent=31.93%    200 ALLOWED rollout
192.0.2.7  /?account=rollout&percent=31.94%    403 DENIED outside
192.0.2.7  /?account=rollout&percent=32        403 DENIED outside
192.0.2.7  /?account=rollout&percent=100%      403 DENIED outside


=== rule 9, a roll-out that is not a share is none: rollout
--- guard
        household_rollout $arg_percent;
--- redis
SADD household:{a} 82.64.10.7
--- viewers
192.0.2.7  /?account=a                  200 ALLOWED rollout
192.0.2.7  /?account=a&percent=all      200 ALLOWED rollout
192.0.2.7  /?account=a&percent=101      200 ALLOWED rollout
192.0.2.7  /?account=a&percent=-1       200 ALLOWED rollout
192.0.2.7  /?account=a&percent=50.555   200 ALLOWED rollout
192.0.2.7  /?account=a&percent=100%     403 DENIED outside


=== rule 10, a first time outside: grace
--- guard
        household_grace 1h;
--- redis
SADD household:{a} 82.64.10.7
SADD household:{b} 82.64.10.7
HSET household:{b}:account outside_since NOW-3000
SADD household:{c} 82.64.10.7
HSET household:{c}:account outside_since NOW-3601
--- viewers
192.0.2.7   /?account=a  200 ALLOWED grace
192.0.2.7   /?account=b  200 ALLOWED grace
192.0.2.7   /?account=c  403 DENIED outside
82.64.10.7  /?account=c  200 ALLOWED home


=== rule 11, anywhere else: outside
--- redis
SADD household:{a} 82.64.10.7
--- viewers
192.0.2.7  /?account=a  403 DENIED outside


=== rule 11, anywhere else, with something to offer: outside
--- guard
        household_offer default url=https://www.example.tv/household;
--- redis
SADD household:{a} 82.64.10.7
--- viewers
192.0.2.7  /?account=a  403 OFFERED outside
192.0.2.7  /?account=b  403 OFFERED unregistered
82.64.10.7  /?account=a  200 ALLOWED home


=== the first match wins: 1 before 3
--- http_config
    household_redis away { server 127.0.0.1:1; }
--- guard
        household_store away;
--- viewers
82.64.10.7  /  401 UNAUTHORIZED account_missing


=== the first match wins: 2 before 4
--- guard
        household_issued_at 1;
--- redis
SADD household:{a} 82.64.10.7
HSET household:{a}:account revoked_before 2
--- viewers
82.64.10.7  /?account=a  401 UNAUTHORIZED revoked


=== the first match wins: 4 to 10, each taken away in its turn
--- guard
        household_rollout $arg_percent;
        household_grace 1h;
        household_enforce_in FR;
        household_unregistered allow;
        household_family_unknown allow;
--- redis
SADD household:{4} 192.0.2.7
HSET household:{4}:account extra:s:192.0.2.7 0 device:tv NOW travel:* NOW+60
SADD household:{5} 82.64.10.7
HSET household:{5}:account extra:s:192.0.2.7 0 device:tv NOW travel:* NOW+60
SADD household:{6} 82.64.10.7
HSET household:{6}:account device:tv NOW travel:* NOW+60
SADD household:{7} 2001:db8::/56
HSET household:{7}:account travel:* NOW+60
HSET household:{7b}:account travel:* NOW+60
SADD household:{8} 2001:db8::/56
SADD household:{9} 82.64.10.7
SADD household:{9b} 82.64.10.7
HSET household:{9b}:account country FR
--- viewers
192.0.2.7  /?account=4&device=tv   200 ALLOWED home
192.0.2.7  /?account=5&device=tv   200 ALLOWED extra_member
192.0.2.7  /?account=6&device=tv   200 ALLOWED trusted_device
192.0.2.7  /?account=7&device=tv   200 ALLOWED travel
192.0.2.7  /?account=7b&device=tv  200 ALLOWED travel
192.0.2.7  /?account=8&device=tv   200 ALLOWED family_unknown
192.0.2.7  /?account=8b&device=tv  200 ALLOWED unregistered
192.0.2.7  /?account=9&device=tv   200 ALLOWED not_enforced
192.0.2.7  /?account=9b&device=tv  200 ALLOWED rollout
192.0.2.7  /?account=9b&percent=100  200 ALLOWED grace

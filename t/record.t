#!/usr/bin/perl

# What Redis holds, as people write it: a malformed entry is dropped, and that
# entry alone; host bits and lengths that are left out; limits.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Edge;
use Test::Nginx::Socket 'no_plan';

# none of these is a network

our @malformed = ('', ' ', '/', '/24', '82', '82.64.10', '82.64.10.7.1',
    '82.64.10.256', '82.64.10.07', '082.64.10.7', '0x52.64.10.7', '82.64..7',
    '82.64.10.7/', '82.64.10.7/33', '82.64.10.7/024', '82.64.10.7/-1',
    '82.64.10.7/+8', '82.64.10.7/2 ', '82.64.10.7/24/24', ' 82.64.10.7',
    "82.64.10.7 ", "82.64.10.7\n", "82.64.10.7\0", '82.64.10.7,82.64.10.8',
    '82.64.10.7-82.64.10.9', '82.64.10.7/255.255.255.0', '82.64.10.*',
    '1379404295', 'localhost', '::/129', '2001:db8', '2001:db8:::1',
    '2001::db8::1', '2001:db8::12345', '2001:db8::g', 'fe80::1%eth0',
    '[2001:db8::1]', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', ':1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7:', '::82.64.10', '::ffff:82.64.10.256',
    '::ffff:203.0.113.0/24', '::ffff:82.64.10.7/95', 'x' x 1000);

run_tests();

__DATA__

=== one malformed network among good ones: it alone is dropped
--- init
for my $i (0 .. $#main::malformed) {
    main::redis()->cmd(SADD => "household:{$i}", '82.64.10.7',
                       $main::malformed[$i], '192.0.2.0/24');
}
--- viewers eval
CORE::join "\n", map {; "82.64.10.7   /?account=$_  200 ALLOWED home",
                       "203.0.113.1  /?account=$_  403 DENIED outside" }
                 0 .. $#main::malformed


=== malformed networks alone: it is as if there were none
--- init
for my $i (0 .. $#main::malformed) {
    main::redis()->cmd(SADD => "household:{$i}", $main::malformed[$i]);
}
--- viewers eval
CORE::join "\n", map {; "82.64.10.7   /?account=$_  403 DENIED unregistered" }
                 0 .. $#main::malformed


=== malformed entries are counted in the log, and not written there
--- redis
SADD household:{a} 82.64.10.7 secret-network another
HSET household:{a}:account device:tv soon seats many
--- viewers
82.64.10.7  /?account=a  200 ALLOWED home
--- error_log eval
qr/\[warn\].*household redis "main": 4 malformed record entries ignored/
--- no_error_log
secret-network


=== malformed extra members are dropped alone
--- init
main::redis()->cmd(SADD => 'household:{a}', '82.64.10.7');
main::redis()->cmd(HSET => 'household:{a}:account',
    'extra:s1:192.0.2.1', 'soon', 'extra:s1:192.0.2.2', '',
    'extra:s1:192.0.2.3', '-1', 'extra:s1:192.0.2.4', '1.5',
    'extra:s1:192.0.2.5', '0x7fffffff', 'extra:s1:192.0.2.6', ' 0',
    'extra:s1:192.0.2.7', '99999999999999999999', 'extra:192.0.2.8', '0',
    'extra::192.0.2.9', '0', 'extra:s1:x:192.0.2.10', '0',
    'extra:' . 's' x 129 . ':192.0.2.11', '0', 'extras:s1:192.0.2.12', '0',
    'Extra:s1:192.0.2.13', '0', 'extra:s1:192.0.2.14/', '0',
    'extra:s1:192.0.2.15', '00', 'extra:s1:192.0.2.16', '4102444800',
    'extra:s1:192.0.2.17', time * 1000 + 1e9, 'extra:s1:192.0.2.18', '9' x 20,
    'extra:s1:192.0.2.19', '2099-01-01',
    # these are good
    'extra:s1:192.0.2.30', '0', 'extra:s1:192.0.2.31', '4102444799',
    'extra:' . 's' x 128 . ':192.0.2.32', '0', 'extra: :192.0.2.33', '0',
    'extra:s1:192.0.2.39/31', '0', 'extra:s1:2001:db8::1/32', '0');
--- viewers eval
CORE::join "\n",
    (map { "192.0.2.$_  /?account=a  403 DENIED outside" } 1 .. 19, 40),
    (map { "192.0.2.$_  /?account=a  200 ALLOWED extra_member" }
         30, 31, 32, 33, 38, 39),
    '2001:db8:7::  /?account=a  200 ALLOWED extra_member'


=== malformed devices are dropped alone
--- init
main::redis()->cmd(SADD => 'household:{a}', '82.64.10.7');
main::redis()->cmd(HSET => 'household:{a}:account', 'extra:s1:192.0.2.1', 0,
    'device:1', 'today', 'device:2', '', 'device:3', time . ' ',
    'device:4', -time, 'device:5', time . '.5', 'device:6', time . '@',
    'device:7', time . '@a:b', 'device:8', '@s1', 'device:', time,
    'device:11', time . '000', 'device:12', '4102444800', 'device:13', 0,
    'devices:9', time, 'device:10', time . '@s1@s1',
    # these are good
    'device:30', time, 'device:31', time . '@s1', 'device:32', time + 1000000);
--- viewers eval
CORE::join "\n",
    (map { "203.0.113.1  /?account=a&device=$_  403 DENIED outside" }
         1 .. 13, ''),
    (map { "203.0.113.1  /?account=a&device=$_  200 ALLOWED trusted_device" }
         30 .. 32)


=== malformed travel grants are dropped alone
--- init
main::redis()->cmd(SADD => 'household:{a}', '82.64.10.7');
main::redis()->cmd(HSET => 'household:{a}:account',
    'travel:1', 'forever', 'travel:2', '', 'travel:3', '-1', 'travel:', time * 2,
    'travel:4', time * 2 . '@s1', 'travel', time * 2, 'travel:30', time * 2,
    'travel:5', time * 1000, 'travel:6', '4102444800', 'travel:7', '9' x 20);
--- viewers eval
CORE::join "\n",
    (map { "203.0.113.1  /?account=a&device=$_  403 DENIED outside" }
         1 .. 7, ''),
    "203.0.113.1  /?account=a&device=30  200 ALLOWED travel"


=== malformed values of the account are as if they were not there
--- guard
        household_issued_at 1;
        household_enforce_in FR;
        household_offer FR url=/fr;
--- redis
SADD household:{revoked} 82.64.10.7
HSET household:{revoked}:account revoked_before tomorrow
SADD household:{revoked2} 82.64.10.7
HSET household:{revoked2}:account revoked_before 1700000000000
SADD household:{revoked3} 82.64.10.7
HSET household:{revoked3}:account revoked_before 2026-11-25T10:00:00Z
SADD household:{country} 82.64.10.7
HSET household:{country}:account country FRA
SADD household:{country2} 82.64.10.7
HSET household:{country2}:account country F1
SADD household:{country3} 82.64.10.7
HSET household:{country3}:account country fr
SADD household:{slots} 82.64.10.7
HSET household:{slots}:account country FR seats none
SADD household:{slots2} 82.64.10.7
HSET household:{slots2}:account country FR seats -1
SADD household:{slots3} 82.64.10.7
HSET household:{slots3}:account country FR seats 65535
SADD household:{slots4} 82.64.10.7
HSET household:{slots4}:account country FR seats 0
--- viewers
82.64.10.7  /?account=revoked   200 ALLOWED home
82.64.10.7  /?account=revoked2  200 ALLOWED home
82.64.10.7  /?account=revoked3  200 ALLOWED home
192.0.2.7   /?account=country   200 ALLOWED not_enforced
192.0.2.7   /?account=country2  200 ALLOWED not_enforced
192.0.2.7   /?account=country3  403 OFFERED outside
192.0.2.7   /?account=slots     403 OFFERED outside
192.0.2.7   /?account=slots2    403 OFFERED outside
192.0.2.7   /?account=slots3    403 OFFERED outside
192.0.2.7   /?account=slots4    403 DENIED outside


=== unknown fields are ignored
--- redis
SADD household:{a} 82.64.10.7
HSET household:{a}:account name Smith extra 1 device 1 countryside FR
HSET household:{a}:account revoked_before: 99999999999 slots2 0
--- guard
        household_issued_at 1;
--- viewers
82.64.10.7  /?account=a  200 ALLOWED home
--- no_error_log
malformed


=== host bits do not count
--- redis
SADD household:{a} 82.64.10.7/24
SADD household:{b} 2001:db8:1:2::ff/56
SADD household:{c} 82.64.10.7/0
--- viewers
82.64.10.0         /?account=a  200 ALLOWED home
82.64.10.255       /?account=a  200 ALLOWED home
82.64.11.7         /?account=a  403 DENIED outside
2001:db8:1::       /?account=b  200 ALLOWED home
2001:db8:1:ff::    /?account=b  200 ALLOWED home
2001:db8:1:100::   /?account=b  403 DENIED outside
192.0.2.7          /?account=c  200 ALLOWED home


=== an IPv6 address without a length stands for its /64
--- redis
SADD household:{a} 2001:db8:1:2:3:4:5:6
SADD household:{b} 2001:db8:1:2:3:4:5:6/128
SADD household:{c} 82.64.10.7
HSET household:{c}:account extra:s1:2001:db8:1:2:3:4:5:6 0
--- viewers
2001:db8:1:2::1           /?account=a  200 ALLOWED home
2001:db8:1:3::1           /?account=a  403 DENIED outside
2001:db8:1:2:3:4:5:6      /?account=b  200 ALLOWED home
2001:db8:1:2:3:4:5:7      /?account=b  403 DENIED outside
2001:db8:1:2::1           /?account=c  200 ALLOWED extra_member
2001:db8:1:3::1           /?account=c  403 DENIED outside


=== household_ipv6_prefix: an IPv6 address stands for what it says
--- config
    household on;
    location / { empty_gif; }
    location /1   { household_ipv6_prefix 1; empty_gif; }
    location /56  { household_ipv6_prefix 56; empty_gif; }
    location /65  { household_ipv6_prefix 65; empty_gif; }
    location /128 { household_ipv6_prefix 128; empty_gif; }
--- redis
SADD household:{a} 2001:db8:1:2:3:4:5:6 82.64.10.7
SADD household:{b} 2001:db8:1:2:3:4:5:6/64
--- viewers
7fff::                    /1?account=a    200 ALLOWED home
8000::                    /1?account=a    403 DENIED outside
2001:db8:1:ff::           /56?account=a   200 ALLOWED home
2001:db8:1:100::          /56?account=a   403 DENIED outside
2001:db8:1:2:7fff::       /65?account=a   200 ALLOWED home
2001:db8:1:2:8000::       /65?account=a   403 DENIED outside
2001:db8:1:2:3:4:5:6      /128?account=a  200 ALLOWED home
2001:db8:1:2:3:4:5:7      /128?account=a  403 DENIED outside
2001:db8:1:2::            /128?account=b  200 ALLOWED home
2001:db8:1:3::            /56?account=b   403 DENIED outside
82.64.10.8                /1?account=a    403 DENIED outside


=== limits: as many networks as there may be, and one more
--- redis
SADD household:{a} 10.0.{0..255}.1
SADD household:{b} 10.0.{0..255}.1 10.1.0.1
SADD household:{c} 10.0.{0..254}.1
HSET household:{c}:account extra:s1:10.1.0.1 0
SADD household:{d} 10.0.{0..254}.1
HSET household:{d}:account extra:s1:10.1.0.1 0 extra:s1:10.1.0.2 0
--- viewers
10.0.9.1     /?account=a  200 ALLOWED home
192.0.2.7    /?account=a  403 DENIED outside
10.0.9.1     /?account=b  200 UNAVAILABLE record_too_large
192.0.2.7    /?account=b  200 UNAVAILABLE record_too_large
10.0.9.1     /?account=c  200 ALLOWED home
10.1.0.1     /?account=c  200 ALLOWED extra_member
10.0.9.1     /?account=d  200 UNAVAILABLE record_too_large


=== limits: as many devices and grants as there may be, and one more
--- init
my $redis = main::redis();
$redis->cmd(SADD => "household:{$_}", '82.64.10.7') for qw(a b c);
$redis->cmd(HSET => "household:{$_}:account",
            map { ("device:$_", time) } 1 .. 255) for qw(a b c);
$redis->cmd(HSET => "household:{$_}:account", 'device:tv', time) for qw(a b);
$redis->cmd(HSET => 'household:{b}:account', 'travel:tv', time + 60);
$redis->cmd(HSET => 'household:{c}:account', 'travel:tv', time * 2);
--- viewers
192.0.2.7   /?account=a&device=tv   200 ALLOWED trusted_device
82.64.10.7  /?account=b&device=tv   200 UNAVAILABLE record_too_large
192.0.2.7   /?account=c&device=tv   200 ALLOWED travel
192.0.2.7   /?account=c&device=255  200 ALLOWED trusted_device


=== limits: what has ended counts towards none
--- init
my $redis = main::redis();
$redis->cmd(SADD => "household:{$_}", '82.64.10.7') for qw(seats grants gone);
$redis->cmd(HSET => 'household:{seats}:account',
            (map { ("extra:s$_:10.0.0.$_", time - $_) } 1 .. 256),
            'extra:paid:192.0.2.1' => 0);
$redis->cmd(HSET => 'household:{grants}:account',
            (map { ("travel:d$_", time - $_) } 1 .. 300),
            'travel:tv' => time + 60);
$redis->cmd(HSET => 'household:{gone}:account',
            (map { ("device:d$_", time - 401 * 86400) } 1 .. 300),
            'device:tv' => time);
--- viewers
82.64.10.7   /?account=seats               200 ALLOWED home
192.0.2.1    /?account=seats               200 ALLOWED extra_member
10.0.0.9     /?account=seats               403 DENIED outside
82.64.10.7   /?account=grants              200 ALLOWED home
203.0.113.9  /?account=grants&device=tv    200 ALLOWED travel
203.0.113.9  /?account=grants&device=d9    403 DENIED outside
82.64.10.7   /?account=gone                200 ALLOWED home
203.0.113.9  /?account=gone&device=tv      200 ALLOWED trusted_device
203.0.113.9  /?account=gone&device=d9      403 DENIED outside


=== limits: bytes
--- init
my $redis = main::redis();
my $id = sub { sprintf '%0128d', $_[0] };
$redis->cmd(SADD => "household:{$_}", '82.64.10.7') for qw(a b);
$redis->cmd(HSET => 'household:{a}:account',
            map { ('device:' . $id->($_), time) } 1 .. 100);
$redis->cmd(HSET => 'household:{b}:account',
            map { ('device:' . $id->($_), time) } 1 .. 200);
--- viewers
82.64.10.7  /?account=a  200 ALLOWED home
82.64.10.7  /?account=b  200 UNAVAILABLE record_too_large


=== limits: far beyond, in number and in bytes
--- init
my $redis = main::redis();
$redis->cmd(SADD => "household:{a}", map { "10.$_.0.0/16" } 0 .. 255);
$redis->cmd(SADD => "household:{a}", map { join '.', 11, $_ >> 8, $_ & 255, 1 }
            0 .. 20000);
$redis->cmd(SADD => 'household:{b}', '82.64.10.7');
$redis->cmd(HSET => 'household:{b}:account', note => 'x' x 262145);
$redis->cmd(SADD => 'household:{c}', '82.64.10.7');
$redis->cmd(SADD => 'household:{d}', '82.64.10.7');
$redis->cmd(HSET => 'household:{d}:account', note => 'x' x 5000000);
$redis->cmd(SADD => 'household:{e}', '82.64.10.7');
$redis->cmd(HSET => 'household:{e}:account',
            map { ("note$_" => 'x' x 60000) } 1 .. 20);
--- viewers
10.1.1.1    /?account=a  200 UNAVAILABLE record_too_large
82.64.10.7  /?account=c  200 ALLOWED home
82.64.10.7  /?account=b  200 UNAVAILABLE record_too_large
82.64.10.7  /?account=c  200 ALLOWED home
82.64.10.7  /?account=d  200 UNAVAILABLE record_too_large
82.64.10.7  /?account=c  200 ALLOWED home
82.64.10.7  /?account=e  200 UNAVAILABLE record_too_large
82.64.10.7  /?account=c  200 ALLOWED home


=== limits: the log names them
--- init
my $redis = main::redis();
$redis->cmd(HSET => 'household:{a}:account', note => 'x' x 262145);
--- viewers
82.64.10.7  /?account=a  200 UNAVAILABLE record_too_large
--- error_log eval
qr/\[warn\].*limits 256 networks, 256 devices.*16384 bytes; of a reply 16383 networks, 8191 fields, 1048576 bytes, 262144 bytes of one/


=== limits: fields of others are ignored, many and long as they may be
--- init
my $redis = main::redis();
$redis->cmd(SADD => "household:{$_}", '82.64.10.7') for 'a' .. 'c';
$redis->cmd(HSET => 'household:{a}:account', map { ("note$_" => 1) } 1 .. 8000);
$redis->cmd(HSET => 'household:{b}:account', note => 'x' x 262144);
$redis->cmd(HSET => 'household:{c}:account',
            map { ("note$_" => 'x' x 50000) } 1 .. 20);
--- viewers
82.64.10.7  /?account=a  200 ALLOWED home
82.64.10.7  /?account=b  200 ALLOWED home
82.64.10.7  /?account=c  200 ALLOWED home


=== malformed entries are not counted against the limits
--- init
main::redis()->cmd(SADD => 'household:{a}', '82.64.10.7',
                   map { "bad-$_" } 1 .. 400);
--- viewers
82.64.10.7  /?account=a  200 ALLOWED home
192.0.2.7   /?account=a  403 DENIED outside


=== a key of another type is an operator's error, not a refusal
--- redis
SET household:{a} 82.64.10.7
SADD household:{b} 82.64.10.7
SET household:{b}:account x
--- viewers
192.0.2.7   /?account=a  200 UNAVAILABLE unavailable
192.0.2.7   /?account=b  200 UNAVAILABLE unavailable
192.0.2.7   /?account=c  403 DENIED unregistered


=== a key of another type is told of
--- redis
SET household:{a} 82.64.10.7
--- viewers
192.0.2.7   /?account=a  200 UNAVAILABLE unavailable
--- error_log eval
qr/\[error\].*household redis "main": lookup failed: error reply WRONGTYPE/


=== what has just been written is what counts
--- redis
SADD household:{a} 82.64.10.7
--- viewers
82.64.10.7  /?account=a  200 ALLOWED home
192.0.2.7   /?account=a  403 DENIED outside

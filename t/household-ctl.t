#!/usr/bin/perl

# household-ctl, the client of the API for terminals.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config);
use Test::Household::Redis;
use Test::More;

plan skip_all => 'curl and jq are needed'
    if grep { system("command -v $_ > /dev/null") } qw(curl jq bash);

my $now = time;
my $redis = Test::Household::Redis->new(unix => 1);
my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address),
    server => 'location /api/ { household_api main write; }');

$ENV{HOUSEHOLD_API} = "http://127.0.0.1:$nginx->{port}/api";
$ENV{no_proxy} = '*';

# the exit status and the output, errors included
sub ctl {
    my $command = join ' ', map { quotemeta } 'docker/tools/household-ctl', @_;
    my $text = `$command 2>&1`;
    return ($? >> 8, $text);
}

sub is_done {
    my ($name, @args) = @_;
    is_deeply [ctl(@args)], [0, "done\n"], $name;
}

sub is_bad {
    my ($name, $status, $re, @args) = @_;
    my ($got, $text) = ctl(@args);
    is $got, $status, "$name: status";
    like $text, $re, "$name: why";
}

sub field { $redis->cmd(HGET => 'household:{a b/c}:account', $_[0]) }

my $id = 'a b/c';

is_done('home add', 'home', 'add', $id, '82.64.10.0/24');
is_done('home add', 'home', 'add', $id, '192.0.2.1');
is_done('home remove', 'home', 'remove', $id, '192.0.2.1');
is_deeply $redis->cmd(SMEMBERS => "household:{$id}"), ['82.64.10.0/24'], 'home';
is_done('seat add', 'seat', 'add', $id, 's1', '2030-01-01', '198.51.100.7',
        '198.51.100.8');
is field('extra:s1:198.51.100.8'), 1893456000, 'seat';
is_done('seat renew', 'seat', 'renew', $id, 's1', 'never');
is field('extra:s1:198.51.100.7'), 0, 'renewed';
is_done('device add', 'device', 'add', $id, 'tv', '2025-01-01');
is_done('travel add', 'travel', 'add', $id, '*', '2030-01-01T00:00:00Z');
is field('travel:*'), 1893456000, 'travel';
is_done('plan', 'plan', $id, 'country=FR', 'seats=2');
is field('country') . field('seats'), 'FR2', 'plan';
is_done('sign-out', 'sign-out', $id);
cmp_ok field('revoked_before'), '>=', $now, 'signed out';

my ($status, $text) = ctl('why', $id, '82.64.10.9');
is $status, 0, 'why: allowed';
like $text, qr/^allow: home\n.*^\* home: 82\.64\.10\.9 is in the home network/ms,
    'why: and why';
is_done('travel end', 'travel', 'end', $id, '*');
($status, $text) = ctl('why', $id, '203.0.113.9', 'tv');
is $status, 1, 'why: denied';
like $text, qr/^deny: outside \(device_expired\)\n/, 'why: the detail';
($status, $text) = ctl('--json', 'why', $id, '198.51.100.7');
like $text, qr/^\{"account":.*"reason":"extra_member"/, 'why: JSON';

($status, $text) = ctl('show', $id);
is $status, 0, 'show';
like $text, qr/^home +82\.64\.10\.0\/24\nseat s1 +198\.51\.100\.7 paid, until /m,
    'show: what there is';
($status, $text) = ctl('show', 'nobody');
like $text, qr/^Redis has nothing/, 'show: nothing';

is_deeply [ctl('check', $id, 'nobody')], [0, ''], 'check: nothing ignored';
$redis->cmd(SADD => 'household:{bad}', '10.0.0.0/33');
is_deeply [ctl('check', $id, 'bad')],
    [1, "bad: 10.0.0.0/33: not an IP address or a prefix\n"], 'check: ignored';

is_done('home move', 'home', 'move', $id, '192.0.2.7', '2001:db8::7');
is_done('seat end', 'seat', 'end', $id, 's1');
is_done('device remove', 'device', 'remove', $id, 'tv');

is_deeply [ctl('erase', 'bad')],
    [0, "1 networks and 0 fields were erased\n"], 'erase';
is $redis->cmd(EXISTS => 'household:{bad}'), 0, 'erase: it is gone';

is_done('brake', 'brake', 'monitor', '10%');
is_deeply [ctl('brake')], [0, "mode monitor, rollout 10.00%\n"], 'brake: it is';
is_done('brake none', 'brake', 'none');
is_deeply [ctl('brake')], [0, "mode not set, rollout not set\n"],
    'brake: it is not';
($status, $text) = ctl('status');
like $text, qr/"name": "main"/, 'status';

is_bad('a network', 3, qr/not an IP address/, 'home', 'add', $id, 'x');
is_bad('a seat', 3, qr/does not have this/, 'seat', 'end', $id, 's7');
is_bad('a time', 2, qr/not a time: soon/, 'travel', 'add', $id, 'x', 'soon');
is_bad('usage', 2, qr/^usage:/, 'seat', 'add', $id);
is_bad('usage', 2, qr/^usage:/, 'nothing');
is_bad('no server', 4, qr/curl/, '-u', 'http://127.0.0.1:1/', 'status');
is((ctl('--help'))[0], 0, 'help');

$redis->kill9;
is_bad('no Redis', 4, qr/unavailable|did not answer/, 'show', $id);

done_testing;

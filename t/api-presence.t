#!/usr/bin/perl

# household_api with household_sharing: which device was where, and what that
# says of a client.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Api;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::More;

my ($home, $friend) = ('82.64.10.7', '203.0.113.9');
my $on = 'household_sharing on threshold=0; household_trusted_device 0;
          household_activity 90d;';
my $uuid = '0f8fad5b-d9cb-469f-a165-70867728950e';

my $redis = Test::Household::Redis->new(unix => 1);
my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m'),
    server => location('/t', "$on add_header X-Detail \$household_detail always;",
                       'main zone=households') . <<"EOC");
location /api/ { household_api main write; }
location /policy/ { $on household_api main; }
EOC

my $api = Test::Household::Api->new($nginx, '/api');
my $policy = Test::Household::Api->new($nginx, '/policy');

sub ask {
    my ($from, $device) = @_;
    my $seen = $redis->cmd(GET => 'household-seen:{a}') // '';
    my $reason = $nginx->get("/t?account=a&device=$device",
                             'X-Forwarded-For' => $from)
        ->{headers}{'x-reason'};
    return $reason;
}

sub presence { $api->get('accounts/a')->{json}{presence} }

# the number of devices that Redis knows
sub wait_devices {
    my ($n) = @_;
    return wait_until { @{ (presence() || { devices => [] })->{devices} } == $n };
}

sub verdict {
    my ($from, $device, $at) = @_;
    my $v = ($at // $policy)->get("accounts/a/verdict?address=$from"
                                  . ($device ? "&device=$device" : ''))->{json};
    return "$v->{verdict} $v->{reason}";
}


# none

$redis->cmd(HSET => 'household:{a}:account', country => 'FR');
is presence(), undef, 'no presence';
is verdict($friend, 'box'), 'allow member',
    'the first device of an account would belong to it';
is $redis->cmd(EXISTS => 'household-seen:{a}'), 0, 'asking stores nothing';
is verdict($friend, 'box', $api), 'deny unregistered',
    'without household_sharing, nobody belongs';


# one household

is ask($home, $uuid), 'member', 'the first device';
ok wait_devices(1), 'is known';
my ($device) = @{ presence()->{devices} };
is_deeply [@$device{qw(device member anchor group days)}],
    [$uuid, JSON::PP::true, JSON::PP::true, undef, 1], 'as a member';
like $device->{met_household}, qr/^20\d\d-.*Z$/, 'since when';
is_deeply [map { [@$_{qw(network days)}] } @{ $device->{places} }],
    [["$home/32", 1]], 'at this address';
like $device->{places}[0]{time}, qr/^20\d\d-.*Z$/, 'at this time';

is ask('2001:db8:1:2::3', $uuid), 'member', 'the other family';
ok wait_until { @{ presence()->{devices}[0]{places} } == 2 },
    'is a place of its own';
is presence()->{devices}[0]{places}[1]{network}, '2001:db8:1::/56',
    'which is a prefix';

my $long = 'a device whose id is longer than that of a UUID';
ask($home, $long =~ s/ /%20/gr);
ok wait_devices(2), 'a device beside it';
my ($tv) = grep { !defined $_->{device} } @{ presence()->{devices} };
ok $tv, 'whose id is known by its hash only';


# another household

is ask($friend, 'box'), 'outside', 'another household is denied';
ok wait_devices(3), 'and known';
my $p = presence();
is @{ $p->{groups} }, 1, 'as a group';
my ($group) = @{ $p->{groups} };
is $group->{group}, 1, 'which has a number';
like $group->{other_household_since}, qr/^20\d\d-.*Z$/,
    'is another household since then';
is_deeply [map { /^\d+$/ ? 1 : 0 } @$group{qw(evidence_days meetings)}],
    [1, 1], 'and its evidence';
is_deeply [map { $_->{group} } grep { $_->{group} } @{ $p->{devices} }], [1],
    'a device is of this group';

# the same as what requests are told

for (['member', $friend, $uuid], ['member', $home, $uuid],
     ['outside', $friend, 'box'], ['outside', $friend, 'new'])
{
    my ($reason, $from, $device) = @$_;
    my $before = $redis->cmd(GET => 'household-seen:{a}');
    my $verdict = verdict($from, $device);
    is $verdict, ($reason eq 'outside' ? 'deny' : 'allow') . " $reason",
        "$device at $from: the verdict";
    ok $redis->cmd(GET => 'household-seen:{a}') eq $before,
        "$device at $from: stores nothing";
}

# each of as many members as a record has

$redis->cmd(HSET => 'household:{many}:account',
            map { ("member:m$_" => time) } 1 .. 256);
$redis->cmd(SET => 'household-seen:{many}',
            $redis->cmd(GET => 'household-seen:{a}'));
{
    my @other = grep {
        my $v = $policy->get("accounts/many/verdict?address=$friend&device=m$_")
            ->{json};
        "$v->{verdict} $v->{reason}" ne 'allow member';
    } 1 .. 256;
    is "@other", '', 'each of 256 members that are named';
}
is @{ $api->get('accounts/many')->{json}{members} }, 256, 'and all are shown';

# $household_detail, too, of clients that pass and of those that do not

for (['friend', $friend, 'box'], ['new device', $friend, 'new'],
     ['member', $home, $uuid])
{
    my ($name, $from, $device) = @$_;
    my $before = $policy->get("accounts/a/verdict?address=$from&device=$device")
        ->{json}{detail};
    my $r = $nginx->get("/t?account=a&device=$device",
                        'X-Forwarded-For' => $from);
    is $before, $r->{headers}{'x-detail'}, "$name: the detail of a request";
    like $before // '', $name eq 'member' ? qr/^$/ : qr/^another household/,
        "$name: which is what was seen";
}

is verdict($friend), 'deny outside', 'no device';
$redis->cmd(HSET => 'household:{a}:account', 'extra:s1:198.51.100.1' => 0);
is verdict($friend, 'box'), 'allow extra_member', 'a seat lets it pass';
$redis->cmd(HDEL => 'household:{a}:account', 'extra:s1:198.51.100.1');
$redis->cmd(HSET => 'household:{a}:account', 'member:box' => time);
is verdict($friend, 'box'), 'allow member', 'a member that is named';
$redis->cmd(HDEL => 'household:{a}:account', 'member:box');
is ask($friend, $uuid), 'member', 'a request of a member';
ok wait_until { verdict($friend, 'box') eq 'allow member' },
    'which was then at home with the other household';


# what cannot be read

for my $bytes ('x', 'x' x 4000, "\0" x 20) {
    $redis->cmd(SET => 'household-seen:{a}', $bytes);
    is presence(), undef, 'a presence that is none is not shown';
    like verdict($friend, 'box'), qr/^allow /, 'and denies nobody';
}

$redis->cmd(DEL => 'household-seen:{a}');
$redis->cmd(HSET => 'household-seen:{a}', 1, 2);
is $api->get('accounts/a')->{status}, 200, 'a presence of another type';
is presence(), undef, 'is none';
$redis->cmd(SADD => 'household:{big}',
            map { ("10.0.0.$_", "10.0.1.$_") } 1 .. 200);
is $policy->get('accounts/big/verdict?address=192.0.2.1')->{json}{reason},
    'record_too_large', 'an account that is too large';

done_testing;

#!/usr/bin/perl

# household_sharing: an account is refused where it is used at two places at
# once, not where it has a new address.  Days are not waited for: a threshold
# of nothing makes the first evidence enough.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::More;

my $home = '82.64.10.7';
my $friend = '203.0.113.9';
my $strict = 'household_sharing on threshold=0;
              add_header X-Detail $household_detail always;';

my $redis = Test::Household::Redis->new(unix => 1);
my $edge = edge();
my $account = 'a0';

sub edge {
    my (%opt) = @_;
    my $address = $opt{address} // $redis->address;

    return Test::Household::Nginx->new(
        http => http_config(server => $address, zone => '1m', %opt),
        server => join '',
            map({ location(@$_[0, 1], 'main zone=households') }
                ['/', $strict],
                ['/kind', 'household_sharing on;'],
                ['/brief', "$strict household_activity 30d;"],
                ['/off', 'household_sharing off;'],
                ['/grace', "$strict household_grace 1h;"]),
            location('/revoked', "$strict household_issued_at \$arg_at;",
                     'main zone=households'),
            location('/monitor', $strict, 'main zone=households')
                =~ s/household on/household monitor/r,
            location('/direct', $strict),
            location('/place', $strict, 'main zone=households')
                =~ s/household_device [^;]*;//r,
            'location = /metrics { household_metrics zone=households; }');
}

sub key { 'household-seen:{' . ($_[0] // $account) . '}' }

sub ask {
    my ($from, $device, $uri, $edge_) = @_;
    my $r = ($edge_ // $edge)->get(
        ($uri // '/') . "?account=$account&device=$device",
        'X-Forwarded-For' => $from);
    return join ' ', $r->{status},
        @{ $r->{headers} }{'x-status', 'x-reason'};
}

# what was written last, once it is another than $former
sub written {
    my ($former) = @_;
    my $bytes;
    wait_until { $bytes = $redis->cmd(GET => key());
                 defined $bytes && $bytes ne ($former // '') }
        or die "nothing was written\n";
    return $bytes;
}

sub metric {
    my ($name, $edge_) = @_;
    my ($n) = ($edge_ // $edge)->get('/metrics')->{body}
        =~ /^nginx_household_${name}_total\{[^}]*\} (\d+)/m;
    return $n;
}

sub dropped {
    return ($_[0] // $edge)->metric('writes_total', page => '/metrics',
                                    op => 'presence', result => 'dropped');
}

# the first device is the household; another one at the same time is not

$account++;
is ask($home, 'tv'), '200 ALLOWED member', 'the first device belongs';
my $first = written();
like $first, qr/^hp\x01/, 'presence is written';
is ask($home, 'phone'), '200 ALLOWED member', 'another one beside it';
my $second = written($first);
is ask($friend, 'box'), '403 DENIED outside',
    'another household at the same time';
my $third = written($second);
is ask($friend, 'box'), '403 DENIED outside', 'and again';
is ask($home, 'tv'), '200 ALLOWED member', 'the household is not refused';
is ask($home, 'phone'), '200 ALLOWED member', 'nor its other device';
is ask($friend, 'tv'), '200 ALLOWED member', 'nor a device of it anywhere';

my $ttl = $redis->cmd(TTL => key());
ok $ttl > 170 * 86400 && $ttl <= 180 * 86400, 'it expires after 180 days';
cmp_ok length $redis->cmd(GET => key()), '<', 4096, 'it is small';

# household_activity: for less

$account++;
ask($home, 'tv', '/brief');
written();
$ttl = $redis->cmd(TTL => key());
ok $ttl > 29 * 86400 && $ttl <= 30 * 86400,
    'household_activity: it expires after 30 days';
$account--;

# once a device, place and day

{
    my ($account_, $n) = ($account, dropped());
    $account++;
    ask($home, 'tv');
    my $bytes = written();
    my ($before) = $redis->cmd(INFO => 'commandstats')
        =~ /^cmdstat_evalsha:calls=(\d+)/m;
    ask($home, 'tv') for 1 .. 20;
    my ($after) = $redis->cmd(INFO => 'commandstats')
        =~ /^cmdstat_evalsha:calls=(\d+)/m;
    is $after, $before, 'the same is not written again';
    is $redis->cmd(GET => key()), $bytes, 'nor changed';
    is dropped(), $n, 'and nothing is dropped';
}

# by default one evening is not enough

$account++;
ask($home, 'tv', '/kind');
written();
is ask($friend, 'box', '/kind'), '200 ALLOWED not_shared',
    'evidence of one day refuses nobody by default';

# where it is off, the address refuses

$account++;
$redis->cmd(SADD => "household:{$account}", $home);
is ask($friend, 'tv', '/off'), '403 DENIED outside', 'off: a new address';
is ask($friend, 'tv'), '200 ALLOWED member', 'on: a new address';
is ask($home, 'box'), '200 ALLOWED home',
    'a registered network allows, whoever is there';

# what comes before it

$account++;
ask($home, 'tv');
written();
$redis->cmd(HSET => "household:{$account}:account", 'travel:box',
            time + 3600);
is ask($friend, 'box'), '200 ALLOWED travel', 'a grant allows';

# grace begins where the rule would refuse, not before

$account++;
is ask($home, 'tv', '/grace'), '200 ALLOWED member', 'grace: a member';
written();
is ask($friend, 'box', '/grace'), '200 ALLOWED grace', 'grace: it begins';

# monitor sees it from the first day, and refuses nobody

$account++;
is ask($home, 'tv', '/monitor'), '200 ALLOWED member', 'monitor: a member';
written();
is ask($friend, 'box', '/monitor'), '200 MONITORED outside',
    'monitor: another household';

# whoever is signed out leaves no trace

$account++;
$redis->cmd(HSET => "household:{$account}:account",
            revoked_before => time - 60);
is ask($home, 'tv', '/revoked'), '401 UNAUTHORIZED revoked', 'revoked';
my $revoked = $account++;
ask($home, 'tv');
written();
is $redis->cmd(EXISTS => key($revoked)), 0, 'revoked: nothing is written';

# the application names a member: the account begins with it

$account++;
$redis->cmd(HSET => "household:{$account}:account", 'member:box', time,
            'member:123e4567-e89b-12d3-a456-426614174000', time);
is ask($home, 'tv'), '200 ALLOWED not_shared', 'named: the first one is none';
my $named = written();
is ask($friend, 'box'), '200 ALLOWED member', 'named: a member';
$named = written($named);
is ask($friend, '123e4567-e89b-12d3-a456-426614174000'),
    '200 ALLOWED member', 'named: a member by a UUID';
$named = written($named);
is ask($friend, 'phone'), '200 ALLOWED member', 'named: beside a member';
is ask('198.51.100.1', 'other'), '403 DENIED outside',
    'named: who is at another place is not';

# as many as a record has, which is more than a presence keeps of devices

$account++;
$redis->cmd(HSET => "household:{$account}:account",
            map { ("member:m$_" => time) } 1 .. 256);
{
    my @other = grep { ask('10.0.0.' . $_ % 256, "m$_")
                           ne '200 ALLOWED member' } 1 .. 256;
    is "@other", '', 'named: each of 256 is a member, wherever it is';
}

# what was seen

$account++;
ask($home, 'tv');
my $before = written();
for (['box', 'another household, 1 day'],
     ['phone', 'another household at a settled place, 1 day'])
{
    my ($device, $detail) = @$_;
    my $r = $edge->get("/?account=$account&device=$device",
                       'X-Forwarded-For' => $friend);
    is $r->{headers}{'x-detail'}, $detail, "detail: $detail";
    $before = written($before);
}
is $edge->get("/?account=$account&device=tv", 'X-Forwarded-For' => $home)
        ->{headers}{'x-detail'}, undef, 'detail: none of a member';

# without a device the place is one

$account++;
is ask($home, '', '/place'), '200 ALLOWED member', 'no device: a place';
written();
is ask($friend, '', '/place'), '403 DENIED outside',
    'no device: another place';
is ask($home, ''), '200 ALLOWED member', 'an empty device: the place still';

# without a zone each request reads it

$account++;
is ask($home, 'tv', '/direct'), '200 ALLOWED member', 'no zone: a member';
written();
is ask($friend, 'box', '/direct'), '403 DENIED outside',
    'no zone: another household';

# another edge with an older copy: its write is computed anew, and both are in

{
    my $other = edge();

    $account++;
    ask($home, 'tv');
    my $bytes = written();
    is ask($home, 'tv', '/', $other), '200 ALLOWED member', 'two edges';
    ask($home, 'phone');
    my $more = written($bytes);
    ask($home, 'tablet', '/', $other);
    my $all = written($more);
    like $all, qr/phone.*tablet|tablet.*phone/s, 'none undoes the other';
    is metric('presence_writes_retried', $other), 1, 'which is counted';
    is dropped($other), 0, 'as no drop';
}

# nothing of it refuses or fails a request

$account++;
$redis->cmd(SET => key(), "hp\x01 but no more");
is ask($home, 'tv'), '200 ALLOWED not_shared', 'malformed: allowed';
is metric('presence_ignored'), 1, 'malformed: counted';
is $redis->cmd(GET => key()), "hp\x01 but no more", 'malformed: left alone';

$account++;
$redis->cmd(SADD => key(), 'of another type');
is ask($home, 'tv'), '200 ALLOWED not_shared', 'unavailable: allowed';
is metric('presence_unavailable'), 1, 'unavailable: counted';

# larger than any that is written: not read

for my $size (4097, 60000) {
    my ($was, $ignored) = map { metric("presence_$_") } qw(unavailable ignored);

    $account++;
    $redis->cmd(SET => key(), 'x' x $size);
    is ask($home, 'tv'), '200 ALLOWED not_shared', "$size bytes: allowed";
    is metric('presence_unavailable'), $was + 1, "$size bytes: not known";
    is metric('presence_ignored'), $ignored, "$size bytes: not decoded";
}

{
    my $poor = Test::Household::Redis->new(unix => 1, acl => [
        'user default on nopass ~household:* +@all', 'user root on >x ~* +@all']);
    my $edge = edge(address => $poor->address);

    $account++;
    is ask($home, 'tv', '/', $edge), '200 ALLOWED not_shared',
        'no permission to read: allowed';
    is metric('presence_unavailable', $edge), 1,
        'no permission to read: counted';
}

{
    my $poor = Test::Household::Redis->new(unix => 1, acl => [
        'user default on nopass ~* +@all -eval -evalsha']);
    my $edge = edge(address => $poor->address);

    $account++;
    is ask($home, 'tv', '/', $edge), '200 ALLOWED member',
        'no permission to write: the verdict';
    wait_until { dropped($edge) == 1 };
    is dropped($edge), 1,
        'no permission to write: counted';
}

# Redis hangs: what is cached is judged without presence, after the deadline
# of a command at the latest; and a viewer may leave meanwhile

{
    my $slow = Test::Household::Redis->new(unix => 1);
    my $edge = edge(address => $slow->address,
                    redis => 'timeout 2s; tracking off;');

    $account++;
    $slow->cmd(SADD => "household:{$account}", '192.0.2.1');
    is ask($friend, 'tv', '/off', $edge), '403 DENIED outside',
        'hung: a record is cached';
    $slow->pause;

    for (1 .. 3) {
        my $gone = $edge->connect;
        $gone->send_request(GET => "/?account=$account&device=tv",
                            'X-Forwarded-For' => $friend);
        $gone->close;
    }

    is ask($friend, 'tv', '/', $edge), '200 ALLOWED not_shared',
        'hung: a verdict without presence';
    cmp_ok metric('presence_unavailable', $edge), '>=', 1, 'hung: counted';
    $slow->resume;
    ok wait_until { ask($friend, 'tv', '/', $edge) eq '200 ALLOWED member' },
        'hung: and as ever after that';
}

done_testing;

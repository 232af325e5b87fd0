#!/usr/bin/perl

# household_api: an account that was erased stays erased, whatever the edges
# that know it still write; and they forget it.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Api;
use Test::Household::Flood;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::More;

my $home = '82.64.10.7';
my $redis = Test::Household::Redis->new(unix => 1);

# all that an edge may write, about clients that are at home all the time, and
# about clients that are never there
my $writes = 'household_sharing on; household_events on; household_grace 1h;
              household_away 3d/30d; household_unregistered learn days=1;';

my ($edge, $other, $late) = map {
    Test::Household::Nginx->new(
        http => http_config(server => $redis->address, zone => '4m'),
        server => location('/t', $writes, 'main zone=households')
                  . location('/record', '', 'main zone=households')
                  . location('/member', 'household_sharing on threshold=0;
                             household_trusted_device 0;',
                             'main zone=households')
                  . 'location /api/ { household_api main write; }
                     location = /status { household_metrics zone=households; }')
} 1 .. 3;

my $api = Test::Household::Api->new($edge, '/api');

sub ask {
    my ($edge, $account, $from, $device) = @_;
    return $edge->get("/t?account=$account&device=$device",
                      'X-Forwarded-For' => $from)->{headers}{'x-reason'};
}

sub left {
    return [sort grep { !/^household-closed:/ }
            map { @{ $redis->cmd(KEYS => "*{$_}*") } } @_];
}


# under load: each account is used at home, by many devices and on two edges,
# before it is erased, while it is, and after that

my @accounts = map { "a$_" } 1 .. 12;
$redis->cmd(SADD => "household:{$_}", $home) for @accounts;

my @uris = map { my $n = $_; map { "/t?account=$_&device=d$n" } @accounts }
           1 .. 150;
my @floods = map { Test::Household::Flood->new($_, conns => 6, uris => \@uris) }
             $edge, $other;

for my $account (@accounts) {
    my $fields = "household:{$account}:account";
    wait_until { $redis->cmd(HLEN => $fields) > 5 };
    ok $redis->cmd(HLEN => $fields) > 5, "$account: devices are recorded";
    is $api->call(DELETE => "accounts/$account")->{status}, 200,
        "$account: is erased";
}


wait_until {
    2 == grep { my $n = () = $_->access_log =~ /\n/g; $n > 2 * @uris }
         $edge, $other;
} 60;

$_->stop for @floods;
my $seen = Test::Household::Flood->merge(@floods)->{seen};
cmp_ok $seen->{'a learned'} // 0, '>', 100, 'clients of erased accounts came';

is_deeply left(@accounts), [], 'nothing of them is there';


# what the zone knew is forgotten: record and presence

$redis->cmd(SADD => 'household:{b}', $home);
is ask($_, 'b', $home, 'tv'), 'home', 'at home' for $edge, $other;
$redis->wait_written('household-seen:{b}');
is $_->get('/member?account=b&device=tv', 'X-Forwarded-For' => '192.0.2.9')
    ->{headers}{'x-reason'}, 'member', 'a member, away' for $edge, $other;

is $api->call(DELETE => 'accounts/b')->{json}{presence}, JSON::PP::true,
    'erased, with its presence';

for ($edge, $other) {
    my $edge = $_;
    ok wait_until {
        ($edge->get('/record?account=b', 'X-Forwarded-For' => $home)
            ->{headers}{'x-reason'} // '') eq 'unregistered';
    }, 'the record is forgotten';
    is $edge->get('/member?account=b&device=box',
                  'X-Forwarded-For' => '198.51.100.1')->{headers}{'x-reason'},
        'member', 'and the presence, to which it is another household';
}
is_deeply left('b'), [], 'nothing is there';


# presence without a record

$redis->cmd(HSET => 'household:{c}:account', country => 'FR');
is ask($edge, 'c', $home, 'tv'), 'learned', 'a client of a new account';
ok wait_until { @{ left('c') } >= 3 }, 'its home, its record, its presence';
$api->call(DELETE => 'accounts/c');
is_deeply left('c'), [], 'are erased';


# presence that is not written, as the account is erased, is not kept either

sub member {
    return $late->get("/member?account=d&device=$_[0]",
                      'X-Forwarded-For' => $_[1])->{headers}{'x-reason'};
}

sub written {
    return join ' ', map { $late->metric('writes_total', op => 'presence',
                                         result => $_) } qw(ok dropped);
}

$redis->cmd(SADD => 'household:{d}', $home);
is $api->call(DELETE => 'accounts/d')->{status}, 200, 'an account is erased';
is written(), '0 0', 'by an edge that has not written';
is member('tv', '192.0.2.9'), 'member', 'it has a client of the account';
ok wait_until { written() ne '0 0' }, 'the write of its presence ends';
is written(), '0 1', 'and was not made';
is member('box', '198.51.100.1'), 'member', 'to which there is no household';



# it is written anew

is ask($edge, 'c', $home, 'box'), 'learned', 'a client again';
is $api->call(PATCH => 'accounts/c', { country => 'FR' })->{status}, 204,
    'a new subscription';
wait_until { ask($edge, 'c', '203.0.113.77', 'new') eq 'learned'
             and @{ $redis->cmd(SMEMBERS => 'household:{c}') } };
is_deeply $redis->cmd(SMEMBERS => 'household:{c}'), ['203.0.113.77'],
    'edges write to it';

done_testing;

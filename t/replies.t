#!/usr/bin/perl

# A reply too many before replies that are not those to a lookup: to what
# applies to the whole fleet, to what the API reads of an account, and to a
# write of presence.  And all replies to one lookup for those to another.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use Test::More;
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Resp qw(encode_reply);
use Time::HiRes qw(sleep time);

my %data = (
    'household:{a}' => ['192.0.2.1'],
    'household:{b}' => ['192.0.2.2', '192.0.2.3'],
    'household:control' => { mode => 'monitor' },
);
my $json = JSON::PP->new->canonical->utf8;

# once: before the reply to a command with the key "#extra", that to another
my $fake = Test::Household::FakeRedis->new(data => \%data, handler => sub {
    my ($conn, $name, $key) = @_;

    # the last reply of an account is late, so that those before it are used
    return [[delay => 0.2], encode_reply(undef)] if $name eq 'GET';

    return if !defined $key || $key ne ($data{'#extra'} // '');
    delete $data{'#extra'};

    my $value = $data{$key};
    return encode_reply(['country', 'FR'])
           . encode_reply(ref $value eq 'HASH' ? [%$value] : $value);
});

my $edge = Test::Household::Nginx->new(
    workers => 1,
    http => http_config(server => $fake->address, redis => 'timeout 300ms;'),
    server => location('/')
              . 'location /api/ { household_api main write; }');

sub lost { scalar(() = $edge->log =~ /connection lost: reply does not match/g) }


# the override, which is read each second

sub told {
    my $r = $edge->get('/?account=a', 'X-Forwarded-For' => '198.51.100.1');
    return join ' ', @{ $r->{headers} }{'x-status', 'x-reason'};
}

ok wait_until { told() eq 'MONITORED outside' }, 'the override is known';

my %seen;

for (1 .. 4) {
    my $lost = lost();
    $fake->set('#extra', 'household:control');
    wait_until { $seen{told()}++; lost() > $lost };

    my $end = time + 0.5;
    $seen{told()}++ while time < $end;

    # a server that fails must work for a while
    sleep 2.5;
    wait_until { told() eq 'MONITORED outside' };
}

is_deeply [grep { !/^(?:MONITORED outside|UNAVAILABLE unavailable)$/ }
           keys %seen], [], 'the override stays' or diag explain \%seen;

$fake->set('household:control' => {});
ok wait_until { told() eq 'DENIED outside' }, 'its change is known';


# the API

sub account {
    my $r = $edge->get('/api/1/accounts/b');
    return "$r->{status} " . $json->encode(
        eval { $json->decode($r->{body})->{home} } // []);
}

my $good = account();
like $good, qr/^200 .*192\.0\.2\.2.*192\.0\.2\.3/, 'the API reads an account';

$fake->set('#extra', 'household:{b}');
like account(), qr/^503/, 'but not with the reply to another';
ok wait_until { account() eq $good }, 'and reads it again' or diag account();


# the reply to a write of presence: that of another account is no presence

my ($seen, $late);

my $script = Test::Household::FakeRedis->new(handler => sub {
    my ($conn, $name, $sha, $n, @args) = @_;

    return if $name ne 'EVALSHA' || $args[3] !~ /-seen:\{(\w+)\}/;

    if ($1 eq 'a') {
        $seen = $args[5];
        return encode_reply(\':1');
    }

    return [encode_reply($seen), [delay => 0.3], encode_reply(\':1')];
});

my $sharing = Test::Household::Nginx->new(
    workers => 1,
    http => http_config(server => $script->address, zone => '1m',
                        redis => 'timeout 1s; tracking off;'),
    server => location('/', 'household_sharing on threshold=0;',
                       'main zone=households')
              . 'location = /status { household_metrics zone=households; }');

sub written {
    return $sharing->metric('writes_total', op => 'presence', result => $_[0]);
}

sub shares {
    my ($account) = @_;
    return $sharing->get("/?account=$account&device=tv",
                         'X-Forwarded-For' => '192.0.2.1')
                   ->{headers}{'x-reason'};
}

is shares('a'), 'member', 'presence begins';
ok wait_until { written('ok') == 1 }, 'it is written';
is shares('b'), 'member', 'that of another account';
ok wait_until { written('ok') + written('dropped') == 2 }, 'is written, too';
is written('ok'), 1, 'but not as the first one was';


# the replies to a lookup of another account, with the number of the lookup
# before: all have the right types, and only the number tells

my %swapped;

my $mixed = Test::Household::FakeRedis->new(handler => sub {
    my ($conn, $name, $key) = @_;

    if ($name eq 'SMEMBERS') {
        my ($account) = $key =~ /\{(\w+)\}/;
        $conn->{swap} = $account eq 'b' && !$swapped{$account}++;
        return encode_reply([$account eq 'b' && !$conn->{swap}
                             ? '192.0.2.2' : '192.0.2.1']);
    }

    return if $name ne 'PING' || !defined $key;
    return encode_reply(sprintf '%08d', $key - (delete $conn->{swap} ? 1 : 0));
});

$edge = Test::Household::Nginx->new(
    workers => 1,
    http => http_config(server => $mixed->address,
                        redis => 'connect_timeout 20s; timeout 20s;'),
    server => location('/'));

sub reason {
    return $edge->get("/?account=$_[0]", 'X-Forwarded-For' => '192.0.2.1')
                ->{headers}{'x-reason'};
}

is reason('a'), 'home', 'a lookup';
isnt reason('b'), 'home', 'another account does not have its home';
ok wait_until { reason('b') eq 'outside' }, 'but its own';
is lost(), 1, 'as the number was not the right one';

done_testing;

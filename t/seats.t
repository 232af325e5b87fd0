#!/usr/bin/perl

# A seat that learns: it takes the networks of the client that brings back the
# state of an offer, one in each address family.

use strict;
use warnings;

use lib 't/lib';
use Digest::SHA qw(hmac_sha256);
use Crypt::JWT qw(encode_jwt);
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(temp_dir wait_until);
use Test::Household::Redis;
use Test::More;

my $secret = 'correct horse battery staple';
my ($four, $other) = ('203.0.113.9', '198.51.100.4');
my ($six, $six_net) = ('2001:db8:7:5::1', '2001:db8:7:5::/64');

my $dir = temp_dir('seats');
open my $out, '>', "$dir/key" or die;
print $out $secret;
close $out;

my $redis = Test::Household::Redis->new(unix => 1);
my $edge = Test::Household::Nginx->new(
    http => http_config(server => $redis->address)
            . "household_hmac_key $dir/key;\n"
            . "household_offer_state \$arg_state;\n"
            . "household_trusted_device 0;\n"
            . "household_offer default\n"
            . "    url=https://shop.example/?state=\$household_offer_state;\n",
    server => location('/')
              . location('/deaf', 'household_offer_state "";')
              . location('/watch')
                =~ s/household on;/household monitor;/r);

# returns the status, the reason, and the state of the offer
sub ask {
    my ($account, $from, %arg) = @_;
    my $uri = delete $arg{uri} // '/';
    my $args = join '&', "account=$account", map { "$_=$arg{$_}" } sort keys %arg;
    my $r = $edge->get("$uri?$args", 'X-Forwarded-For' => $from);
    my ($state) = $r->{body} =~ /state=([^"&]+)"/;
    return ("$r->{status} $r->{headers}{'x-reason'}", $state);
}

sub says {
    my ($expected, $name, @request) = @_;
    my ($said, $state) = ask(@request);
    is $said, $expected, $name;
    return $state;
}

sub hash { "household:{$_[0]}:account" }
sub field { $redis->cmd(HGET => hash($_[0]), $_[1]) }

sub account {
    my ($account, @fields) = @_;
    $redis->cmd(SADD => "household:{$account}", '82.64.10.7');
    $redis->cmd(HSET => hash($account), @fields) if @fields;
}

my $until = time + 86400;

# the way of a client: denied, paid, back with the state

account('a');
my $state = says('403 outside', 'denied', a => $four, device => 'tv');
says('403 outside', 'a state is worth nothing without a seat',
     a => $four, device => 'tv', state => $state);

$redis->cmd(HSET => hash('a'), 'extra:s1:learn' => $until);
says('403 outside', 'nor is a seat without a state', a => $four,
     device => 'tv');
says('403 outside', 'nor where the state is not read', a => $four,
     device => 'tv', state => $state, uri => '/deaf');
says('200 extra_member', 'both together: the seat is taken', a => $four,
     device => 'tv', state => $state);

ok +(wait_until { field(a => "extra:s1:$four") }), 'the network is written';
is field(a => "extra:s1:$four"), $until, 'for as long as the seat is paid';
ok +(wait_until { field(a => 'device:tv') }), 'and the device, at the seat';
like field(a => 'device:tv'), qr/^\d+\@s1$/, 'which is s1';
says('200 extra_member', 'the state is not needed any more', a => $four,
     device => 'tv');
says('200 extra_member', 'nor is the device', a => $four);

# the other family: only for the device that has the seat

my $theirs = says('403 outside', 'IPv6: denied', a => $six, device => 'pc');
says('403 outside', 'IPv6: another device does not join', a => $six,
     device => 'pc', state => $theirs);
says('200 extra_member', 'IPv6: the device joins', a => $six, device => 'tv',
     state => $state);
ok +(wait_until { field(a => "extra:s1:$six_net") }), 'its prefix is written';
says('200 extra_member', 'IPv6: at the same line', a => '2001:db8:7:5::2',
     device => 'pc');

# one network in each family

$state = says('403 outside', 'a third place', a => $other, device => 'tv');
says('403 outside', 'is not learned', a => $other, device => 'tv',
     state => $state);

# without ids of devices

account(b => 'extra:s1:learn' => 0);
$state = says('403 outside', 'no device', b => $four);
says('200 extra_member', 'no device: joins', b => $four, state => $state);
ok +(wait_until { defined field(b => "extra:s1:$four") }), 'no device: written';
is field(b => "extra:s1:$four"), 0, 'no end';
says('200 extra_member', 'no device: the other family, too', b => $six,
     state => $state);

# states that are not good

# the edge takes its own header only, and Perl shuffles the members
sub made {
    my ($claims, $key) = @_;
    my ($header) = $theirs =~ /^([^.]+)/;

    for (1 .. 100) {
        my $made = encode_jwt(payload => $claims, alg => 'dir',
                              enc => 'A128CBC-HS256',
                              key => hmac_sha256('household state',
                                                 $key // $secret));
        return $made if $made =~ /^\Q$header\E\./;
    }

    die "another header: $header";
}

account(c => 'extra:s1:learn' => $until);
my ($now, $later) = (time, time + 60);

for my $case ([{ sub => 'a', exp => $later }, 'of another account'],
              [{ sub => 'c', exp => $now - 1 }, 'that has expired'],
              [{ sub => 'c' }, 'without an end'],
              [{ exp => $later }, 'without an account'],
              [{ sub => 'c', exp => $later }, 'of another key', 'x' x 16])
{
    my ($claims, $name, $key) = @$case;
    says('403 outside', "a state $name", c => $four,
         state => made($claims, $key));
}

says('403 outside', 'no state at all', c => $four, state => 'state');
says('200 extra_member', 'a good one, made by another program', c => $four,
     state => made({ sub => 'c', exp => $later }));

# a seat that is not paid any more

account(d => 'extra:s1:learn' => time - 1);
$state = says('403 outside', 'a seat that has ended', d => $four);
says('403 outside', 'learns nothing', d => $four, state => $state);

# a seat is taken in mode monitor, too, so that it is known when it counts

account(e => 'extra:s1:learn' => $until);
says('200 extra_member', 'monitor: the seat is taken', e => $four,
     uri => '/watch', state => made({ sub => 'e', exp => $later }));
ok +(wait_until { field(e => "extra:s1:$four") }),
    'monitor: the network is written';

# the key that the state is read with

my ($good, $errors) = Test::Household::Nginx->new(start => 0,
    allow => qr/emerg/,
    http => http_config(server => $redis->address),
    server => location('/', 'household_offer_state $arg_state;'))->test;
ok !$good, 'without a key';
like $errors, qr/"household_offer_state" requires "household_hmac_key"/,
    'the error says what is missing';

done_testing();

#!/usr/bin/perl

# What logs tell of a viewer: no account, no device and no address in our own
# text above debug; and a pseudonym that is the same everywhere, by its key.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(temp_dir);
use Test::Household::Redis;
use Test::More;

my $dir = temp_dir('privacy');
my @secrets = ('martin-4711', 'livingroom-tv', '203.0.113.9', '82.64.10.7',
               '82.64.99.0');
my ($account, $device, $away, $home) = @secrets;

for (['key', 'correct horse battery staple'], ['key2', 'another such secret'])
{
    open my $out, '>', "$dir/$_->[0]" or die;
    print $out "$_->[1]\n";
    close $out;
}

# Our own part of each line: nginx appends client, server and request, as it
# does to every line, and they can be left out by the configuration alone.
sub told {
    my ($edge) = @_;
    return join '', map { s/, client: .*//sr . "\n" } split /^/, $edge->log;
}

sub is_discreet {
    my ($edge, $name) = @_;
    my $told = told($edge);
    my @found = grep { index($told, $_) >= 0 } @secrets;
    is "@found", '', "$name: nobody is named in the error log"
        or diag $told;
}

my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => "household:{$account}", $home, "$secrets[4]/99",
            "$secrets[4] ");
$redis->cmd(HSET => "household:{$account}:account", "device:$device" => 'x',
            "travel:$device" => 'soon', "extra:s1:$secrets[4]/77" => 0,
            revoked_before => 'never');
$redis->cmd(SADD => 'household:{large-4711}', map { "10.0.$_.0/24" } 0 .. 255);
$redis->cmd(SADD => 'household:{large-4711}', '82.64.10.7', $secrets[4]);

sub edge {
    my ($server, $key) = @_;
    return Test::Household::Nginx->new(
        http => http_config(server => $server, zone => '1m',
                            redis => 'timeout 300ms; connect_timeout 300ms;')
                . "household_hmac_key $dir/" . ($key || 'key') . ";\n",
        server => location('/', 'add_header X-Id $household_pseudonym always;'
                           . 'household_unregistered learn;'
                           . 'household_grace 1s;',
                           'main zone=households')
                  . location('/deny', 'add_header X-Id $household_pseudonym always;',
                             'main zone=households')
                  . location('/cached', '', 'main zone=households fresh=1ms'));
}

sub visit {
    my ($edge) = @_;
    my @seen;

    for my $uri ("/deny?account=$account&device=$device",
                 "/?account=$account&device=$device",
                 "/cached?account=$account&device=$device",
                 "/?account=large-4711&device=$device",
                 "/deny?account=new-$account&device=$device",
                 "/?account=new-$account&device=$device",
                 '/?account=' . $account x 20, '/')
    {
        for my $from ($away, $home) {
            push @seen, $edge->get($uri, 'X-Forwarded-For' => $from)
                ->{headers}{'x-reason'};
        }
    }
    return \@seen;
}

# all goes well; and entries are malformed, and records too large

{
    my $edge = edge($redis->address);
    my %seen = map { $_ => 1 } @{ visit($edge) };
    ok $seen{$_}, "there was: $_"
        for qw(outside home record_too_large unregistered learned
               account_invalid account_missing);
    ok $edge->wait_log(qr/malformed/), 'there was something malformed';
    like told($edge), qr/household: denied, reason: outside$/m,
        'a refusal is logged, by its reason';
    is_discreet($edge, 'all is well');
}

# Redis is away, denies, or talks nonsense

for my $case (
    ['error' => 'NOPERM this user has no permissions to run the command'],
    ['error' => "WRONGTYPE of household:{$account}:account"],
    ['garbage'], ['close'], ['half_close'], ['wrong_type'], ['extra'],
    ['black_hole'], ['refuse'], ['http'])
{
    my $fake = Test::Household::FakeRedis->new;
    my $edge = edge($fake->address);
    $fake->behave(@$case);

    visit($edge);
    is_discreet($edge, "Redis: $case->[0] " . ($case->[1] // '') =~ s/ .*//r);
}

# the pseudonym

{
    my @edges = (edge($redis->address), edge($redis->address),
                 edge($redis->address, 'key2'));
    my $id = sub {
        my ($n, $uri, $from) = @_;
        return $edges[$n]->get($uri, 'X-Forwarded-For' => $from // $home)
            ->{headers}{'x-id'} // '';
    };
    my $mine = $id->(0, "/?account=$account");

    like $mine, qr/^[0-9a-f]{32}$/, 'a pseudonym';
    is $id->(0, "/deny?account=$account&device=$device", $away), $mine,
        'the same wherever the viewer is, and on which device';
    is $id->(1, "/?account=$account"), $mine, 'and on each edge';
    isnt $id->(2, "/?account=$account"), $mine, 'by the same key';
    isnt $id->(0, '/?account=large-4711'), $mine, 'of one account';
    is $id->(0, '/'), '', 'nobody has none';
    $edges[0]->reload;
    is $id->(0, "/?account=$account"), $mine, 'after a reload as before';
}

done_testing;

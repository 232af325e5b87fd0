#!/usr/bin/perl

# How the edge comes to its Redis: addresses, passwords, databases, keys,
# several servers, and how much it asks over how many connections.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until temp_dir);

my $home = '82.64.10.7';
my $server = location('/t') . 'location = /writing { stub_status; }';
my $long = 'connect_timeout 60s; timeout 60s;';


sub edge {
    my ($address, $redis, %opt) = @_;

    return Test::Household::Nginx->new(server => $server, %opt,
        http => http_config(server => $address, redis => $redis // $long));
}

sub send_to {
    my ($edge, $account, $from) = @_;
    my $conn = $edge->connect;

    $conn->send_request(GET => "/t?account=$account",
                        'X-Forwarded-For' => $from // $home);
    return $conn;
}

sub reason {
    my ($conn) = @_;
    return $conn->response->{headers}{'x-reason'};
}

sub is_well {
    my ($edge, $name, $account) = @_;
    my $reason;

    wait_until {
        $reason = reason(send_to($edge, $account // 42));
        $reason eq 'home';
    };
    is $reason, 'home', $name;
}

# what was asked about accounts; the fleet's own key is asked for at times
sub asked {
    my ($fake) = @_;
    return map { "@$_" } grep { "@$_" =~ /household:\{/ } $fake->commands;
}

# sends while answers are held, and goes on when nginx has all of them
sub hold {
    my ($fake, $edge, @accounts) = @_;

    $fake->behave('hold');
    my @conns = map { send_to($edge, $_) } @accounts;
    my $writing = @conns + 1;
    ok wait_until {
        $edge->get('/writing')->{body} =~ /Writing: $writing /
    }, 'all requests are under way';

    return @conns;
}


# addresses

for my $opt ({}, { unix => 1 }) {
    my $redis = Test::Household::Redis->new(%$opt);
    $redis->cmd(SADD => 'household:{42}', $home);
    is_well edge($redis->address), 'address: ' . $redis->address
        =~ s/(?::\d+|\/.*)$//r;
}


# passwords: a line of its own file, in nginx.conf, with a user or without

{
    my $redis = Test::Household::Redis->new(requirepass => 'default pass',
        acl => ['user edge on >edge_pass ~household:* +smembers +hgetall']);
    $redis->cmd(SADD => 'household:{42}', $home);

    my $file = temp_dir() . '/pass';
    my $write = sub {
        open my $out, '>', $file or die;
        print $out @_;
        close $out;
    };

    is_well edge($redis->address, 'password "default pass";'), 'password';
    is_well edge($redis->address, 'user edge; password edge_pass;'),
        'user and password, of one who may do nothing else';

    $write->("edge_pass\n");
    my $edge = edge($redis->address, "user edge; password_file $file;");
    is_well $edge, 'password_file';

    $write->("edge_pass\r\nsecond line\n");
    $edge->reload;
    is_well $edge, 'password_file, with more lines of another system';

    $write->('default pass');
    is_well edge($redis->address, "password_file $file;"),
        'password_file, without a line end';

    $redis->cmd(ACL => SETUSER => 'edge', '>other_pass', '<edge_pass');
    $redis->cmd(CLIENT => KILL => USER => 'edge');
    $write->("other_pass\n");
    $edge->reload;
    is_well $edge, 'password_file, another after a reload';

    unlike $_->log, qr/edge_pass|other_pass|default pass/,
        'no password is logged' for $edge;
}


# database and keys, which are bytes

{
    my $redis = Test::Household::Redis->new;
    my $client = $redis->client;

    $client->cmd(SELECT => 3);
    $client->cmd(SADD => 'household:{42}', $home);
    is_well edge($redis->address, 'database 3;'), 'database';
    is reason(send_to(edge($redis->address), 42)), 'unregistered',
        'database: another';

    $redis->cmd(SADD => 'x:y:{42}', $home);
    is_well edge($redis->address, 'key_prefix x:y:;'), 'key_prefix';

    my $edge = Test::Household::Nginx->new(
        http => http_config(server => $redis->address, redis => $long),
        server => location('/t') =~ s/\$arg_account/\$http_account/r);

    for ("a b", "*2\\r\\n", "%s%n{}", "\xc3\xa9\xff", '}:account', '42}{43') {
        $redis->cmd(SADD => "household:{$_}", $home);
        my $conn = $edge->connect;
        $conn->send_request(GET => '/t', Account => $_,
                            'X-Forwarded-For' => $home);
        is reason($conn), 'home', 'an account of odd bytes: '
            . s/[^ -~]/sprintf '%%%02x', ord $&/ger;
    }
}


# a server that is slower to greet than connect_timeout is connected to all the
# same, after some attempts

{
    my $fake = Test::Household::FakeRedis->new(
        data => { 'household:{42}' => [$home] });
    $fake->behave(all_delay => 0.3);

    my $edge = edge($fake->address, 'connect_timeout 50ms; timeout 5s;');
    is_well $edge, 'slow to greet: connected';
    ok $edge->wait_log(qr/server down: timed out/),
        'slow to greet: the first attempts had less time';
}


# several servers, tried in order

{
    my @fakes = map {
        Test::Household::FakeRedis->new(data => { 'household:{42}' => [$home] })
    } 1 .. 3;
    my @addresses = map { $_->address } @fakes;
    my $asked = sub { join ' ', map { $_->count('SMEMBERS') ? 1 : 0 } @fakes };

    my $edge = edge(\@addresses, 'connect_timeout 500ms; timeout 20s;');
    is_well $edge, 'servers: well';
    is $asked->(), '1 0 0', 'servers: the first is asked';

    $fakes[0]->behave('refuse');
    $fakes[0]->drop;
    is_well $edge, 'servers: the first refuses';
    is $asked->(), '1 1 0', 'servers: the second is asked';
    ok $edge->wait_log(qr/\Q$addresses[0]\E: server down/),
        'servers: that is logged';

    $fakes[1]->behave('all_black_hole');
    $fakes[1]->drop;
    is_well $edge, 'servers: and the second does not answer';
    is $asked->(), '1 1 1', 'servers: the third is asked';

    $fakes[0]->behave('normal');
    $fakes[2]->drop;
    is_well $edge, 'servers: the third closes';
    ok first_is_asked($edge, @fakes), 'servers: the first is asked again';

    $_->behave('refuse'), $_->drop for @fakes;
    ok wait_until { reason(send_to($edge, 42)) eq 'unavailable' },
        'servers: none';
    $fakes[1]->behave('normal');
    is_well $edge, 'servers: one is enough';

    $_->behave('refuse'), $_->drop for @fakes;
    ok wait_until { reason(send_to($edge, 42)) eq 'unavailable' },
        'servers: none again';
    $fakes[$_]->behave('normal') for 0, 2;
    is_well $edge, 'servers: two of them';
    ok first_is_asked($edge, @fakes),
        'servers: it is the first of these that is asked';
}

# in the end the first one is asked, and no other
sub first_is_asked {
    my ($edge, @fakes) = @_;

    return wait_until {
        my @before = map { $_->count('SMEMBERS') } @fakes;
        reason(send_to($edge, 42)) for 1 .. 3;
        my @asked = map { $_->count('SMEMBERS') - shift @before } @fakes;
        "@asked" eq '3 0 0';
    };
}


# pipelining: what is asked at the same time goes over one connection

{
    my %data = map { ("household:{$_}" => [$home]) } 1 .. 50;
    my $fake = Test::Household::FakeRedis->new(data => \%data);
    my $edge = edge($fake->address);

    is_well $edge, 'pipelining: well before', 1;
    my @conns = hold($fake, $edge, 1 .. 50);
    $fake->release;
    is scalar(grep { reason($_) eq 'home' } @conns), 50,
        'pipelining: everyone is at home';
    is $fake->count('connections'), 1, 'pipelining: one connection';
    is_deeply [map { (split)[0] } asked($fake)],
        [('SMEMBERS', 'HGETALL') x 51], 'pipelining: two commands a lookup';

    # one of them is another's: to each its own

    $fake->behave('normal');
    $fake->set('household:{7}', ['192.0.2.1']);
    @conns = hold($fake, $edge, 1 .. 10);
    $fake->release;
    is join(' ', map { reason($_) } @conns),
        'home home home home home home outside home home home',
        'pipelining: to each its own';
    $fake->behave('normal');

    # requests of one client, one after the other on its connection

    my $conn = $edge->connect;
    $conn->send_request(GET => "/t?account=$_", 'X-Forwarded-For' => $home)
        for 1 .. 20;
    is join(' ', map { reason($conn) } 5 .. 9), ('home ' x 4) . 'home',
        'pipelined requests';
    is reason($conn), 'home', 'pipelined requests: the sixth';
    is reason($conn), 'outside', 'pipelined requests: the seventh';
}


# the same account at the same time is asked for once

{
    my $fake = Test::Household::FakeRedis->new(
        data => { 'household:{42}' => [$home] });
    my $edge = edge($fake->address);

    is_well $edge, 'shared: well before';
    my $before = asked($fake);
    my @conns = hold($fake, $edge, (42) x 20, 43);
    my @asked;
    wait_until { @asked = asked($fake); @asked >= $before + 4 };
    is_deeply [@asked[$before .. $#asked]],
        [map { ("SMEMBERS household:{$_}", "HGETALL household:{$_}:account") }
         42, 43], 'shared: one lookup for all';

    # those who wait are not kept by one who leaves, be it the first

    $conns[0]->close;
    ok wait_until { $edge->get('/writing')->{body} =~ /Writing: 21 / },
        'shared: the first one leaves';
    $fake->release;
    is join(' ', map { reason($_) } @conns[1 .. 20]),
        ('home ' x 19) . 'unregistered', 'shared: an answer for each';

    $fake->behave('normal');
    is_well $edge, 'shared: and a lookup of its own later';
    is scalar(asked($fake)), $before + 6, 'shared: just one';
}


# more connections, where they are wanted: per worker

{
    my %data = map { ("household:{$_}" => [$home]) } 1 .. 50;
    my $fake = Test::Household::FakeRedis->new(data => \%data);
    my $edge = edge($fake->address, "connections 3; $long");

    is_well $edge, 'connections: well', 1;
    my @conns = hold($fake, $edge, 1 .. 50);
    $fake->release;
    is scalar(grep { reason($_) eq 'home' } @conns), 50,
        'connections: everyone is at home';
    is $fake->count('connections'), 3, 'connections: three';
}


# nothing is asked, and nothing connected to, where nothing is wanted

{
    my $fake = Test::Household::FakeRedis->new;
    my $edge = Test::Household::Nginx->new(
        http => http_config(server => $fake->address),
        server => 'location / { empty_gif; }');

    is $edge->get('/')->{status}, 200, 'not wanted: a request passes';
    is scalar(asked($fake)), 0, 'not wanted: nothing is asked';
}


# configurations that nginx does not take

my @bad = (
    ['' => qr/no "server" in household_redis "main"/],
    ['server 127.0.0.1:x;' => qr/invalid port in server "127.0.0.1:x"/],
    ['server 127.0.0.1:6379/0;' => qr/invalid \w+.*"127.0.0.1:6379\/0"/],
    ['server unix:;' => qr/no path in the unix domain socket/],
    ['server 127.0.0.1; fly 1;' => qr/unknown directive "fly"/],
    ['server 127.0.0.1; timeout;' => qr/invalid number of arguments/],
    ['server 127.0.0.1; timeout 0;' => qr/"timeout" must not be 0/],
    ['server 127.0.0.1; timeout 1x;' => qr/invalid value "1x" of "timeout"/],
    ['server 127.0.0.1; timeout 1s; timeout 1s;' => qr/duplicate/],
    ['server 127.0.0.1; database -1;' => qr/invalid number "-1" of "database"/],
    ['server 127.0.0.1; connections 0;' => qr/must be between 1 and/],
    ['server 127.0.0.1; user edge;' => qr/"user" without "password"/],
    ['server 127.0.0.1; password a; password_file b;' => qr/duplicate/],
    ['server 127.0.0.1; password_file none;' => qr/open\(\) ".*none" of "password_file" failed/],
    ['server 127.0.0.1; } household_redis main { server 127.0.0.1;'
        => qr/duplicate household_redis "main"/],
);

for (@bad) {
    my ($text, $expected) = @$_;
    my ($good, $said) = Test::Household::Nginx->new(start => 0,
        allow => qr/emerg/, http => "household_redis main { $text }")->test;

    ok !$good, "configuration: $text";
    like $said, $expected, 'configuration: and says why';
}

my ($good, $said) = Test::Household::Nginx->new(start => 0,
    allow => qr/emerg/, server => 'household_store other;')->test;
ok !$good, 'configuration: an unknown store';
like $said, qr/unknown household_redis "other"/, 'configuration: by its name';

done_testing;

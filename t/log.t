#!/usr/bin/perl

# The error log: the line of a denial, at its level; and that accounts,
# devices, tokens and passwords are not in it, whatever goes wrong.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Nginx;
use Test::Household::Process qw(wait_until slurp temp_dir);
use Test::Household::Redis;
use Test::More;

# these are looked for in logs: nothing else looks like them
my $account = 'acc0unt-of-s0mebody';
my $device = 'dev1ce-of-s0mebody';
my $token = 'eyJhbGciOiJub25lIn0.t0ken-of-s0mebody.c2ln';
my $password = 'pa55word-of-the-edge';
my $secret = qr/acc0unt|dev1ce|t0ken-of|pa55word/;

my $dir = temp_dir('log');
open my $out, '>', "$dir/password" or die;
print $out "$password\n";
close $out;

my $redis = Test::Household::Redis->new(unix => 1, requirepass => $password);
$redis->cmd(SADD => "household:{$account}", '82.64.10.7');
$redis->cmd(SET => "household:{wrong-$account}", 'x');
$redis->cmd(SADD => "household:{large-$account}", map { "10.0.$_.0" } 0 .. 255);
$redis->cmd(SADD => "household:{large-$account}", '10.1.0.0');
$redis->cmd(SADD => "household:{bad-$account}", "bad-$account", '82.64.10.7');
$redis->cmd(HSET => "household:{$account}:account", "device:$device" => 1);

my $common = <<'EOC';
household_account $http_x_account;
household_device $http_x_device;
set_real_ip_from 127.0.0.1;
real_ip_header X-Forwarded-For;
EOC

sub block {
    my ($address, $more) = @_;
    return <<"EOC";
household_redis main {
    server $address;
    password_file $dir/password;
    connect_timeout 5s;
    timeout 5s;
    @{[ $more // '' ]}
}
household_store main;
$common
EOC
}

sub ask {
    my ($nginx, $uri, %who) = @_;
    return $nginx->get($uri, 'X-Forwarded-For' => $who{from} // '192.0.2.7',
        'X-Account' => $who{account} // $account,
        'X-Device' => $who{device} // $device,
        Authorization => "Bearer $token");
}

# lines about a client have its address and request, whatever else they say
sub lines {
    my ($nginx, $mark) = @_;
    return grep { /household: / } split /^/,
           slurp("$nginx->{dir}/error.log", $mark);
}


# the line of a denial

my @levels = qw(info notice warn error);
my $nginx = Test::Household::Nginx->new(http => block($redis->address),
    server => join "\n",
        'location / { household on; empty_gif; }',
        'location /monitor { household monitor; empty_gif; }',
        'location /mode { household $http_x_mode; empty_gif; }',
        'location /redirect { household on; household_action redirect;',
        '    household_offer default url=/; empty_gif; }',
        'location /token { household on; household_account $http_authorization;',
        '    empty_gif; }',
        map { "location /$_ { household on; household_log_level $_; empty_gif; }" }
            @levels);

for my $case ((map { ["/$_", $_] } @levels), ['/', 'error'],
              ['/redirect', 'error'])
{
    my ($uri, $level) = @$case;
    my $mark = $nginx->mark;

    ask($nginx, $uri);
    my @lines = lines($nginx, $mark);
    is @lines, 1, "$uri: a denial is one line";
    like $lines[0], qr/ \[$level\] .*household: denied, reason: outside/,
        "$uri: at its level";
    like $lines[0], qr/client: 192\.0\.2\.7, .*request: "GET \Q$uri\E /,
        "$uri: with the viewer and the request";

    $mark = $nginx->mark;
    ask($nginx, $uri, account => '');
    @lines = lines($nginx, $mark);
    is @lines, 1, "$uri: who is nobody is one line";
    like $lines[0],
        qr/ \[$level\] .*household: unauthorized, reason: account_missing/,
        "$uri: at its level";
}

my $mark = $nginx->mark;
ask($nginx, '/', from => '82.64.10.7');
ask($nginx, '/monitor');
ask($nginx, '/monitor', account => '');
is_deeply [lines($nginx, $mark)], [], 'who passes is no line';


# what must not be there

ask($nginx, '/', account => "wrong-$account");
ask($nginx, '/', account => "large-$account");
ask($nginx, '/', account => "bad-$account");
ask($nginx, '/', account => $account x 20);
ask($nginx, '/', device => $device x 20);
ask($nginx, '/', device => "$device\xff");
ask($nginx, '/token');
$nginx->get('/mode', 'X-Account' => $account, 'X-Mode' => 'sometimes');

ok $nginx->wait_log(qr/error reply WRONGTYPE/), 'a key of another type is logged';
ok $nginx->wait_log(qr/1 malformed record entries ignored/), 'a malformed entry is logged';
ok $nginx->wait_log(qr/\[warn\] .*household redis "main": 1 records too large: limits /),
    'a record that is too large is logged';
ok $nginx->wait_log(qr/invalid mode "sometimes"/),
    'a bad mode is logged';
ok $nginx->wait_log(qr/invalid device id/), 'a long device is logged';
unlike $nginx->log, $secret, 'and none of them with what it is about';

$redis->stop;
ok wait_until { ask($nginx, '/')->{status} == 200 }, 'the store is away';
ok $nginx->wait_log(qr/household redis "main" \S+: server down/), 'is logged';
unlike $nginx->log, $secret, 'without who asked, or the password';
$redis->start;
ok wait_until { ask($nginx, '/')->{status} == 403 }, 'the store is back';
ok $nginx->wait_log(qr/household redis "main" \S+: server up/), 'is logged';
unlike $nginx->log, $secret, 'in the same way';
$nginx->quit;


# nginx's own debugging may tell of ids in requests, and yet of no password

$nginx = Test::Household::Nginx->new(log_level => 'debug',
    http => block($redis->address),
    server => 'location / { household on; empty_gif; }');
ask($nginx, '/');
ask($nginx, '/', from => '82.64.10.7');
unlike join('', grep { !/\[debug\]/ } split /^/, $nginx->log), $secret,
    'above debug: nothing of what is secret';
unlike $nginx->log, qr/pa55word/, 'nor a password in the lines of debug';
$nginx->quit;


# AUTH that fails, of a server that repeats what it got

my %auth = (
    'a wrong password' => ['WRONGPASS invalid username-password pair ' . $password,
                           'WRONGPASS'],
    'no password wanted' => ["ERR AUTH <password> called without any password"
                             . " $password configured", 'ERR'],
    'no code at all' => [$password, 'ERR'],
    'a code in capitals' => ["NOAUTH $password", 'NOAUTH'],
    'a password for a code' => [uc($password) . ' is wrong', 'ERR'],
    'a number for a code' => ["$password$password$password", 'ERR'],
);

for my $name (sort keys %auth) {
    my ($text, $code) = @{ $auth{$name} };
    my $fake = Test::Household::FakeRedis->new(unix => 1);
    $fake->behave(all_error => $text);

    $nginx = Test::Household::Nginx->new(log_level => 'debug',
        http => block($fake->address, 'user edge;'),
        server => 'location / { household on; empty_gif; }');

    is ask($nginx, '/')->{status}, 200, "$name: passes";
    ok $nginx->wait_log(qr/household redis "main" \S+: server down: error reply $code\b/),
        "$name: is logged" or diag $nginx->log;
    unlike $nginx->log, qr/pa55word/i, "$name: without the password";
    $nginx->quit;
    $fake->stop;
}

# the real one

my $strict = Test::Household::Redis->new(unix => 1,
    requirepass => "not-$password");
$nginx = Test::Household::Nginx->new(http => block($strict->address),
    server => 'location / { household on; empty_gif; }');
is ask($nginx, '/')->{status}, 200, 'a real one refuses the password: passes';
ok $nginx->wait_log(qr/error reply WRONGPASS/), 'which is logged';
unlike $nginx->log, $secret, 'without the password';
$nginx->quit;

$strict = Test::Household::Redis->new(unix => 1,
    acl => ["user default on nopass ~* +\@all",
            "user edge on >$password ~household:* +ping"]);
$nginx = Test::Household::Nginx->new(
    http => block($strict->address, 'user edge;'),
    server => 'location / { household on; empty_gif; }');
wait_until { $nginx->log =~ /error reply/ or ask($nginx, '/') && 0 };
is ask($nginx, '/')->{status}, 200, 'a real one permits nothing: passes';
ok $nginx->wait_log(qr/(?:lookup|override fetch) failed: error reply NOPERM/), 'which is logged';
unlike $nginx->log, $secret, 'without who asked, or the password';
$nginx->quit;


# what it was that Redis has refused

my %refused = (
    'lookup' => qr/^SMEMBERS /,
    'write' => qr/^EVALSHA /,
    'tracking' => qr/^CLIENT /,
    'override fetch' => qr/^HGETALL household:control$/,
);

for my $what (sort keys %refused) {
    my $fake = Test::Household::FakeRedis->new(unix => 1,
        data => { "household:{$account}" => ['82.64.10.7'] },
        handler => sub { shift; "@_" =~ $refused{$what}
                                ? ["-NOPERM $secret\r\n"] : undef });
    my $zone = $what eq 'tracking';

    $nginx = Test::Household::Nginx->new(
        http => ($zone ? 'household_zone zone=z:1m;' : '')
                . block($fake->address)
                    =~ s/household_store main/$& . ($zone ? ' zone=z' : '')/er,
        server => 'location / { household on; empty_gif; }');

    wait_until { $nginx->log =~ /error reply/
                 or ask($nginx, '/', from => '82.64.10.7') && 0 };
    like $nginx->log, qr/household redis "main"(?: \S+)?: \Q$what\E failed: error reply NOPERM,/,
        "$what is logged as such";
    $nginx->quit;
    $fake->stop;
}

done_testing;

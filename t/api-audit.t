#!/usr/bin/perl

# household_api_audit: each write leaves a line, whoever made it and however it
# ended.

use strict;
use warnings;

use lib 't/lib';
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP;
use MIME::Base64;
use Test::Household::Api;
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(wait_until slurp temp_dir running);
use Test::Household::Redis;
use Test::More;

my $dir = temp_dir('audit');
my $key = "$dir/hmac.key";

sub put {
    my ($name, $text) = @_;
    open my $out, '>', "$dir/$name" or die "$name: $!\n";
    print $out $text;
    close $out;
}

put('hmac.key', 'k' x 40);
put('users', "anna:{PLAIN}secret\n");

my $syslog = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1')
    or die "udp: $!\n";
my $redis = Test::Household::Redis->new(unix => 1);
my $hole = Test::Household::FakeRedis->new;
my $fake = Test::Household::FakeRedis->new;
my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address) . <<"EOC",
household_redis hole { server ${\ $hole->address }; timeout 60s; }
household_redis fake { server ${\ $fake->address }; timeout 60s; }
household_hmac_key $key;
household_api_audit $dir/audit.log;
EOC
    server => <<"EOC");
location /api/ {
    household_api main write;
    client_max_body_size 100k;
}
location /user/ {
    household_api main write;
    auth_basic desk;
    auth_basic_user_file $dir/users;
}
location /hole/ { household_api hole write; }
location /fake/ { household_api fake write; }
location /none/ { household_api main write; household_api_audit off; }
location /read/ { household_api main; }
location /syslog/ {
    household_api main write;
    household_api_audit syslog:server=127.0.0.1:${\ $syslog->sockport },tag=desk;
}
location /full/ { household_api main write; household_api_audit /dev/full; }
EOC

my $api = Test::Household::Api->new($nginx, '/api');
my $json = JSON::PP->new->utf8;
my $read = 0;

# the lines since the last time, once there are as many
sub lines {
    my ($n, $file) = @_;
    my @lines;

    wait_until {
        my $text = slurp($file // "$dir/audit.log", $file ? 0 : $read);
        @lines = $text =~ /\n\z/ ? split /\n/, $text : ();
        @lines >= $n;
    };
    $read = -s "$dir/audit.log" if !$file;
    return map { $json->decode($_) } @lines;
}

# what a call leaves: its result
sub audits {
    my ($name, $want, @call) = @_;
    my $r = $api->call(@call);
    my @lines = lines(1);

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is join(' ', scalar @lines, map { $_ // '-' }
            @{ $lines[0] }{qw(method call item status result)}), "1 $want", $name;
    return ($lines[0], $r);
}


# what is in a line

my ($line) = audits('a write', 'PUT home 192.0.2.1 204 ok',
                    PUT => 'accounts/a/home/192.0.2.1');
like $line->{time}, qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'when';
is $line->{client}, '127.0.0.1', 'from where';
is_deeply [@$line{qw(user certificate)}], [undef, undef], 'nobody knows who';
like $line->{request}, qr/^[0-9a-f]{32}$/, 'which request';
like $line->{account}, qr/^[0-9a-f]{32}$/, 'a pseudonym';
my $same = $line->{account};
($line) = audits('of the account', 'PATCH account - 204 ok',
                 PATCH => 'accounts/a', { seats => 1 });
is $line->{account}, $same, 'is the same';
($line) = audits('another account', 'PATCH account - 204 ok',
                 PATCH => 'accounts/b', { seats => 1 });
isnt $line->{account}, $same, 'has another one';

# who

$nginx->get('/user/1/status', Authorization => 'Basic '
            . encode_base64('anna:secret', ''));
my $user = Test::Household::Api->new($nginx, '/user');
is $user->call(PATCH => 'accounts/a', { seats => 2 }, Authorization =>
               'Basic ' . encode_base64('anna:secret', ''))->{status}, 204,
    'a user';
is((lines(1))[0]{user}, 'anna', 'is named');

# all calls

audits('a seat', 'PUT extra-members s1 204 ok', PUT => 'accounts/a/extra-members/s1',
       { networks => ['192.0.2.7'], until => undef });
audits('a device', 'PUT devices tv 204 ok', PUT => 'accounts/a/devices/tv');
audits('travel', 'DELETE travel * 404 not_there', DELETE => 'accounts/a/travel/*');
audits('a sign-out', 'POST sign-out - 204 ok', POST => 'accounts/a/sign-out', {});
audits('a move', 'POST move-home - 204 ok', POST => 'accounts/a/move-home',
       { addresses => ['192.0.2.1'] });
audits('the override', 'PATCH control - 204 ok', PATCH => 'control',
       { mode => 'monitor' });
($line) = audits('a transfer', 'POST transfer - 204 ok',
                 POST => 'accounts/a/transfer', { to => 'b', seat => 's1' });
like $line->{to}, qr/^[0-9a-f]{32}$/, 'to whom';
isnt $line->{to}, $line->{account}, 'to another account';
audits('an erasure', 'DELETE account - 200 ok', DELETE => 'accounts/b');

# what was not made

audits('not valid', 'PUT home x 422 invalid_value', PUT => 'accounts/a/home/x');
audits('not JSON', 'PATCH account - 400 invalid_json', PATCH => 'accounts/a',
       '{', 'Content-Type' => 'application/json');
audits('another type', 'POST sign-out - 415 not_json',
       POST => 'accounts/a/sign-out', {}, 'Content-Type' => 'text/plain');
audits('another origin', 'PATCH account - 403 foreign_origin',
       PATCH => 'accounts/a', {}, Origin => 'https://evil.example');
audits('changed', 'PATCH account - 412 changed', PATCH => 'accounts/a',
       { seats => 7 }, 'If-Match' => '"0"');
audits('no such path', 'POST unknown - 404 no_such_path', POST => 'nothing', {});
audits('no such method', 'POST account - 405 method_not_allowed',
       POST => 'accounts/a', {});
audits('a large body', 'PATCH account - 413 body_too_large',
       PATCH => 'accounts/a', '{"x":"' . 'x' x 70000 . '"}',
       'Content-Type' => 'application/json');
$nginx->get('/read/1/accounts/a');
is $api->get('accounts/a')->{status}, 200, 'a read';
is_deeply [lines(0)], [], 'leaves no line';

# ids are bytes

audits('CR LF', 'PUT unknown - 400 invalid_id',
       PUT => 'accounts/a%0d%0a/home/192.0.2.1');
audits('in an item', "PUT devices x\r\n{\"user\":\"root\" 400 invalid_id",
       PUT => 'accounts/a/devices/x%0d%0a%7b%22user%22:%22root%22');
$api->call(PUT => 'accounts/a/devices/x%22%5c%ff%3c%c2%85');
my $from = $read;
my @quotes = lines(1);
unlike slurp("$dir/audit.log", $from), qr/\xc2\x85/,
    'no control characters, not even those above ASCII';
is scalar(@quotes), 1, 'quotes: one line';
is $quotes[0]{item}, "x\"\\\x{fffd}<\x{85}", 'quotes: is what it was';

# an import: a line for each account, and one for the call

is $api->call(POST => 'import', qq({"account":"a","seats":5}\n{\n)
              . qq({"account":"c","home":["192.0.2.9"]}\n),
              'Content-Type' => 'application/x-ndjson')->{status}, 200,
    'an import';
my @lines = sort { ($a->{line} // 9) <=> ($b->{line} // 9) } lines(3);
is_deeply [map { join ' ', map { $_ // '-' } @$_{qw(call line status result)} }
           @lines],
    ['import 1 - ok', 'import 3 - ok', 'import - 200 ok'],
    'a line each';
is $lines[0]{account}, $same, 'of its account';
my $other = $lines[1]{account};
is $lines[2]{account}, undef, 'and one of the call';

# syslog

my $to_syslog = Test::Household::Api->new($nginx, '/syslog');
$to_syslog->call(PATCH => 'accounts/a', { seats => 1 });
$syslog->recv(my $datagram, 4096);
my ($head, $object) = $datagram =~ /^(.*?: )(\{.*\})$/s;
like $head, qr/^<\d+>.* desk: $/, 'syslog';
is $json->decode($object)->{account}, $same, 'has the same line';

# off

my $none = Test::Household::Api->new($nginx, '/none');
is $none->call(PATCH => 'accounts/a', { seats => 1 })->{status}, 204, 'off';
is_deeply [lines(0)], [], 'leaves no line';

# what cannot be written

my $full = Test::Household::Api->new($nginx, '/full');
is $full->call(PATCH => 'accounts/a', { seats => 2 })->{status}, 204,
    'a full disk';
ok $nginx->wait_log(qr/\[alert\].*household api audit "\/dev\/full": write failed, 0 suppressed \(28: /),
    'is logged';
$nginx->{allow} = qr/household api audit/;

# a disk that is full in the middle of a line, and not any more

SKIP: {
    skip 'no prlimit', 15 if !-x '/usr/bin/prlimit';

    my $file = "$dir/small.log";
    put('small.log', 'x' x 1000000 . "\n");

    # the limit of a process: as a disk with so much room
    local $SIG{XFSZ} = 'IGNORE';
    my $edge = Test::Household::Nginx->new(
        workers => 2,
        allow => qr/household api audit/,
        http => http_config(server => $redis->address) . <<"EOC",
household_hmac_key $key;
household_api_audit $file;
EOC
        server => 'location /api/ { household_api main write; }
                   add_header X-Pid $pid always;');

    my (%conn, $n);
    wait_until {
        my $conn = $edge->connect;
        $conn{ $conn->get('/api/1/status')->{headers}{'x-pid'} } //= $conn;
        keys %conn == 2;
    } 60 or die "one worker process has all connections\n";

    my ($one, $two) = sort keys %conn;
    my $change = sub {
        my ($pid) = @_;
        my $body = '{"seats":' . (1 + $n++ % 2) . '}';

        $conn{$pid}->send_request(PATCH => '/api/1/accounts/a',
            'Content-Type' => 'application/json',
            'Content-Length' => length $body);
        $conn{$pid}->send($body);
        my $status = $conn{$pid}->response->{status};

        # its line is written before the next request is read
        $conn{$pid}->get('/api/1/status');
        return $status;
    };
    my $room = sub {
        my ($pid, $bytes) = @_;
        system('/usr/bin/prlimit', '--pid', $pid, "--fsize=$bytes:unlimited")
            == 0 or die "prlimit: $?\n";
    };
    my $size = 1000001;

    my $failed = qr/\[alert\].*audit ".*small.log": write failed, 0 suppressed/;

    $room->($one, $size + 100);
    is $change->($one), 204, 'a change, and room for a part of its line';
    ok $edge->wait_log(qr/$failed \(28: /), 'is logged as a full disk';
    $change->($one) for 1 .. 3;
    ok wait_until { -s $file == $size + 100 }, 'a part of a line is left';

    $change->($two);
    my @lines;
    wait_until { @lines = split /\n/, slurp($file, $size); @lines == 2 };
    like eval { $json->decode($lines[1])->{account} } // $lines[-1],
        qr/^[0-9a-f]{32}$/,
        'the next line is whole, although another process writes it';

    $room->($one, 'unlimited');
    ok wait_until {
        $change->($one);
        $edge->log =~ /\[notice\].*small.log": written again, (\d+) lines lost/;
    }, 'when there is room again, that is logged';
    like $edge->log, qr/written again, 4 lines lost/,
        'and how many lines were lost';

    $change->($two);
    ok wait_until { slurp($file, $size) =~ /\n\z/ }, 'all is written';
    @lines = split /\n/, slurp($file, $size);
    is scalar(grep { !eval { $json->decode($_) } } @lines), 1,
        'no other line is broken, and none is empty';

    # rotated

    $size = -s $file;
    $room->($one, $size + 100);
    $change->($one);
    ok wait_until { -s $file == $size + 100 }, 'a part of a line';
    rename $file, "$file.1";
    $edge->signal('USR1');
    ok wait_until { $change->($one); -s $file }, 'another file';
    like slurp($file), qr/\A\{/, 'begins with a line';
    $room->($one, 'unlimited');

    # a reload, while the disk is full

    put('small.log', 'x' x 1000000 . "\n");
    $size = -s $file;
    $room->($two, $size + 100);
    $change->($two);
    ok wait_until { -s $file == $size + 100 }, 'another part of a line';
    $edge->reload;
    wait_until { !grep { running($_) } $one, $two } 60;
    is(Test::Household::Api->new($edge, '/api')
           ->call(PATCH => 'accounts/a', { seats => 3 })->{status}, 204,
        'after a reload');
    wait_until { slurp($file, $size) =~ /\n\z/ };
    @lines = split /\n/, slurp($file, $size);
    is scalar(@lines), 2, 'the next line is one of its own';
    like eval { $json->decode($lines[-1])->{account} } // $lines[-1],
        qr/^[0-9a-f]{32}$/, 'and whole';
}

# a daemon that was restarted

{
    my $path = "$dir/syslog.sock";
    my $daemon = sub {
        unlink $path;
        return IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path)
               || die "$path: $!\n";
    };
    my $socket = $daemon->();
    chmod 0777, $path;

    my $edge = Test::Household::Nginx->new(
        # of nginx itself: send() failed
        allow => qr/while logging to syslog|send\(\) failed/,
        http => http_config(server => $redis->address) . <<"EOC",
household_hmac_key $key;
household_api_audit syslog:server=unix:$path;
EOC
        server => 'location /api/ { household_api main write; }');
    my $call = sub {
        Test::Household::Api->new($edge, '/api')
            ->call(PATCH => 'accounts/a', { seats => $_[0] });
        $socket->recv(my $text, 4096);
        return ($text =~ /"call":"(\w+)"/)[0];
    };

    local $SIG{ALRM} = sub { die "no line\n" };
    alarm 60;
    is eval { $call->(1) }, 'account', 'syslog by a socket';
    close $socket;
    $socket = $daemon->();
    is eval { $call->(2) }, 'account',
        'the first line after a restart of the daemon is not lost';
    alarm 0;
    unlike $edge->log, qr/household api audit/, 'and nothing is logged';
}

# reopened

my $before = -s "$dir/audit.log";
my $calls = 0;
rename "$dir/audit.log", "$dir/audit.log.1";
$nginx->signal('USR1');
wait_until { -e "$dir/audit.log" };
wait_until {
    $calls++;
    $api->call(PATCH => 'accounts/a', { seats => 3 });
    -s "$dir/audit.log";
};
ok -s "$dir/audit.log", 'reopened by USR1';

# a response comes before its line
ok wait_until {
    my $lines = slurp("$dir/audit.log.1", $before) . slurp("$dir/audit.log");
    $calls == ($lines =~ tr/\n//);
}, 'no line is lost';
$read = -s "$dir/audit.log";

# Redis, and clients that leave

$redis->pause;
my $conn = $nginx->connect;
$conn->send_request(PATCH => '/api/1/accounts/a', 'Content-Length' => 11,
                    'Content-Type' => 'application/json');
$conn->send('{"seats":4}');
select undef, undef, undef, 0.2;
$conn->close;
$redis->signal('CONT');
($line) = lines(1);
like "$line->{status} $line->{result}", qr/^(?:499 aborted|204 ok)$/,
    'a client that leaves';
# of an import each account that may be written has its line: both were sent
# with the first command

$hole->behave('black_hole');
$conn = $nginx->connect;
$conn->send_request(POST => '/hole/1/import', 'Content-Length' => 1000,
                    'Content-Type' => 'application/x-ndjson');
$conn->send(join '', map { qq({"account":"$_","seats":1}\n) } 'a', 'c');
ok wait_until { $hole->count('EVALSHA') }, 'an import is sent to Redis';
$conn->close;
@lines = lines(3);
($line) = pop @lines;
is "$line->{status} $line->{result}", '400 aborted',
    'its client leaves: before the end of the body';
is_deeply [map { join ' ', map { $_ // '-' } @$_{qw(line result account)} }
           @lines],
    ["1 aborted $same", "2 aborted $other"],
    'its client leaves: each account has a line';

# Redis goes while an import is written, or rejects all of it: what was sent has
# a line each

for (['close', 5, 'redis_unavailable', 503], ['error', 110, 'redis_error', 500])
{
    my ($way, $n, $result, $status) = @$_;
    my $import = join '', map { qq({"account":"a$_","seats":1}\n) } 1 .. $n;
    my (@calls, %results);
    my $before = $fake->count('EVALSHA');

    $fake->behave($way, 'ERR not now');
    Test::Household::Api->new($nginx, '/fake')
        ->call(POST => 'import', $import,
               'Content-Type' => 'application/x-ndjson');

    wait_until {
        for (lines(1)) {
            push @calls, "$_->{status} $_->{result}" if !defined $_->{line};
            $results{ $_->{result} }++ if defined $_->{line};
        }
        @calls;
    };

    is "@calls", "$status $result", "an import: $way";
    is join(' ', keys %results), $result, "an import: $way: its lines";
    is $results{$result}, $fake->count('EVALSHA') - $before,
        "an import: $way: each line" if $way eq 'error';
}

$redis->kill9;
audits('no Redis', 'PATCH account - 503 redis_unavailable',
       PATCH => 'accounts/a', { seats => 1 });

# the configuration

my ($good, $said) = Test::Household::Nginx->new(start => 0,
    allow => qr/requires/,
    http => http_config(server => $redis->address),
    server => "location /api/ { household_api main write;
               household_api_audit $dir/audit.log; }")->test;
like $said, qr/"household_api_audit" requires "household_hmac_key"/,
    'needs the key of pseudonyms';

done_testing;

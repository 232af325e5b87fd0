#!/usr/bin/perl

# household_api: accounts are imported, line by line, as they come.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use Test::Household::Api;
use Test::Household::Cluster;
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(slurp wait_until);
use Test::Household::Redis;
use Test::Household::Resp qw(encode_reply);
use Test::More;

my $json = JSON::PP->new->canonical->utf8;
my @type = ('Content-Type' => 'application/x-ndjson');

sub api {
    my ($redis, @servers) = @_;
    my $nginx = Test::Household::Nginx->new(
        http => http_config(server => \@servers,
            redis => "$redis connect_timeout 5s; timeout 5s;"),
        server => 'location /api/ { household_api main write;
                                    client_max_body_size 0;
                                    client_body_buffer_size 4k; }');

    return (Test::Household::Api->new($nginx, '/api'), $nginx);
}

my $redis = Test::Household::Redis->new(unix => 1);
my ($api, $nginx) = api('', $redis->address);

sub lines { join '', map { ref $_ ? $json->encode($_) . "\n" : "$_\n" } @_ }

# the summary: written, unchanged, invalid; and "LINE CODE" of what is not valid
sub imports {
    my ($body, $query) = @_;
    my $r = $api->call(POST => 'import' . ($query // ''), $body, @type);
    my $j = $r->{json} || {};

    return join ' ', $r->{status},
        map { $_ // '-' } @$j{qw(lines done written unchanged invalid)},
        map { "$_->{line} $_->{code}" } @{ $j->{errors} || [] };
}

sub homes { [sort @{ $redis->cmd(SMEMBERS => "household:{$_[0]}") }] }
sub fields { +{ @{ $redis->cmd(HGETALL => "household:{$_[0]}:account") } } }


# lines of which nothing is sent to Redis, as many as the client has: a request
# that comes meanwhile is answered first.  The worker process finds both at
# once, the lines before the request.

{
    my ($worker) = $nginx->workers;
    my ($import, $other) = map { $nginx->connect } 1 .. 2;
    my $rest = "x\n" x 50_000;

    $import->send_request(POST => '/api/1/import', @type,
                          'Content-Length' => 2 + length $rest);
    $import->send("x\n");
    is $other->get('/other')->{status}, 404, 'another connection';

    kill STOP => $worker;
    ok wait_until { (slurp("/proc/$worker/stat") =~ /\) (\w)/)[0] eq 'T' },
        'the worker process is stopped';
    $import->send($rest);
    $other->send_request(GET => '/other');
    kill CONT => $worker;

    is $json->decode($import->response->{body})->{invalid}, 50_001,
        'many lines that are invalid';
    is $other->response->{status}, 404, 'and a request at the same time';
    is join(' ', $nginx->access_log =~ /"(GET|POST) /g), 'GET GET POST',
        'which does not wait for their end';
}


# what a line can have

my $all = lines({
    account => 'a', home => ['82.64.10.7', '2a01:e0a:1f3:9c00::/56'],
    country => 'FR', seats => 2,
    extra_members => [
        { seat => 's1', networks => ['198.51.100.7'],
          until => '2030-01-01T00:00:00Z' },
        { seat => 's2', networks => 'learn', until => undef }],
    devices => [{ device => 'tv', seen => '2026-11-25T00:00:00Z' },
                { device => 'phone', seen => '2026-11-25T00:00:00Z',
                  seat => 's1' }],
    travel => [{ device => '*', until => '2030-01-01T00:00:00Z' }] });

is imports($all, '?dry_run=1'), '200 1 1 1 0 0', 'a dry run';
is_deeply $redis->cmd(KEYS => '*'), [], 'writes nothing';
is imports($all), '200 1 1 1 0 0', 'an account';
is_deeply homes('a'), ['2a01:e0a:1f3:9c00::/56', '82.64.10.7'], 'its home';
is_deeply fields('a'), {
    country => 'FR', seats => 2, 'extra:s1:198.51.100.7' => 1893456000,
    'extra:s2:learn' => 0, 'device:tv' => 1764028800 + 365 * 86400,
    'device:phone' => 1764028800 + 365 * 86400 . '@s1', 'travel:*' => 1893456000
}, 'and all the rest';
is imports($all), '200 1 1 0 1 0', 'again: nothing changes';
is imports($all, '?dry_run=0'), '200 1 1 0 1 0', 'no dry run';
is imports($all, '?dry_run=1'), '200 1 1 0 1 0', 'a dry run: nothing changes';
is imports($all =~ s/2030/2031/r, '?dry_run=1'), '200 1 1 1 0 0',
    'a dry run: a time changes';

is imports(lines({ account => 'a', home => ['192.0.2.1'] },
                 { account => 'a', extra_members =>
                   [{ seat => 's1', until => undef }] })),
    '200 2 2 2 0 0', 'what there is stays: a network more, a seat renewed';
is @{ homes('a') }, 3, 'a network more';
is fields('a')->{'extra:s1:198.51.100.7'}, 0, 'a seat renewed';
is imports(lines({ path => 'accounts/%FF%2F', home => ['192.0.2.1'] })),
    '200 1 1 1 0 0', 'an id that is not UTF-8';
is_deeply homes("\xff/"), ['192.0.2.1'], 'by its path';

$redis->cmd(SET => 'household-closed:{t}', 1);
imports(lines({ account => 't', home => ['192.0.2.1'] }));
is $redis->cmd(EXISTS => 'household-closed:{t}'), 0, 'an erased one is open';


# lines that are not valid

my @bad = (
    ['{', 'invalid_json'], ['[]', 'invalid_json'], ['{"account":5}', 'invalid_id'],
    ['{"account":"a","account":"b"}', 'invalid_json'],
    ["{\"account\":\"\xff\"}", 'invalid_json'],
    ['{"account":"b","seats":99999999999999999999}', 'invalid_json'],
    ['{"account":"b","country":1e999}', 'invalid_json'],
    ['{"account":' . '[' x 20 . ']' x 20 . '}', 'invalid_json'],
    ['{"home":["192.0.2.1"]}', 'invalid_id'], ['{"account":""}', 'invalid_id'],
    ['{"account":"a\u000a"}', 'invalid_id'],
    ['{"path":"accounts/%zz"}', 'invalid_id'],
    ['{"path":"account/a"}', 'invalid_id'],
    [{ account => 'x' x 129 }, 'invalid_id'],
    [{ account => 'b', homes => [] }, 'invalid_value'],
    [{ account => 'b', home => '192.0.2.1' }, 'invalid_value'],
    [{ account => 'b', home => ['192.0.2.1', '1.2.3'] }, 'invalid_value'],
    [{ account => 'b', home => [5] }, 'invalid_value'],
    [{ account => 'b', country => 'France' }, 'invalid_value'],
    [{ account => 'b', devices => [{}] }, 'invalid_value'],
    [{ account => 'b', devices => [{ device => 'x', seen => 5 }] },
     'invalid_value'],
    [{ account => 'b', travel => [{ device => '*' }] }, 'invalid_value'],
    [{ account => 'b', devices => [{ device => 'x', seem => 5 }] },
     'invalid_value'],
    [{ account => 'b', extra_members => [{ seat => 's', until => undef }] },
     'invalid_value'],
    [{ account => 'b', devices => [{ device => 'x' }, { device => 'x' }] },
     'invalid_value'],
    [{ account => 'b', home => [map { ("10.0.0.$_", "10.0.1.$_") } 1 .. 150] },
     'invalid_value'],
    ['{"account":"' . 'x' x 70000 . '"}', 'line_too_long']);

my $n = 1;
my $want = join ' ', map { $n++; $n . " $_->[1]" } @bad;
my $good = { account => 'c', home => ['192.0.2.1'],
             devices => [map { { device => $_, seen => '2026-11-01T00:00:00Z' } }
                         qw(tv TV t)],
             travel => [{ device => 'tv', until => '2099-01-01T00:00:00Z' }] };
my $mixed = lines($good, (map { $_->[0] } @bad), $good, '', " \r", $good);
my $total = @bad + 5;

is imports($mixed), "200 $total $total 1 2 " . @bad . " $want",
    'each bad line has its number, and the others are written';
is_deeply $redis->cmd(KEYS => '*{b}*'), [], 'of a bad line nothing is written';
is imports($mixed, '?dry_run=1'), "200 $total $total 0 3 " . @bad . " $want",
    'so does a dry run';
is imports("\n" x 3000), '200 3000 3000 0 0 0', 'nothing but lines';
is imports(''), '200 0 0 0 0 0', 'nothing';
is imports($json->encode($good)), '200 1 1 0 1 0', 'without a line feed';
is imports(lines($good) =~ s/\n/\r\n/r), '200 1 1 0 1 0', 'with CR LF';

my $r = $api->call(POST => 'import', "x\n" x 1500, @type);
is "$r->{json}{invalid} $r->{json}{errors_omitted} " . @{ $r->{json}{errors} },
    '1500 500 1000', 'a thousand bad lines are listed';
is $r->{json}{errors}[999]{line}, 1000, 'the first ones';
unlike $r->{body}, qr/"x/, 'nothing is reflected';

$redis->cmd(SET => 'household:{w}:account', 'x');
is imports(lines({ account => 'w', seats => 1 }, $good)),
    '200 2 2 0 1 1 1 redis_error', 'what Redis rejects';
my $big = lines(map { { account => 'w', seats => 1 } } 1 .. 101);
$r = $api->fails('all of it', 500, 'redis_error', POST => 'import', $big, @type);
is $r->{json}{invalid}, 99, 'ends the import';


# many lines, in pieces, chunked

my @many = map { { account => "m$_", home => ["10.1." . ($_ >> 8) . "."
                   . ($_ & 255)], country => 'FR' } } 0 .. 4999;
my $text = lines(@many);
{
    my $conn = $nginx->connect;
    $conn->send_request(POST => '/api/1/import', @type,
                        'Transfer-Encoding' => 'chunked',
                        Connection => 'close');

    for (my $i = 0; $i < length $text; $i += 7777) {
        my $piece = substr $text, $i, 7777;
        $conn->send(sprintf "%x\r\n%s\r\n", length $piece, $piece);
    }
    $conn->send("0\r\n\r\n");
    is $json->decode($conn->response->{body})->{written}, 5000, 'many lines';
}
is $redis->cmd(EVAL => "return #redis.call('KEYS', 'household:{m*}')", 0), 5000,
    'are written';
is imports($text), '200 5000 5000 0 5000 0', 'are there already';


# who may, and how

$api->fails('a body of another type', 415, 'not_json', POST => 'import',
            lines($good), 'Content-Type' => $_) for 'application/json', 'text/plain';
$api->fails('no type', 415, 'not_json', POST => 'import', lines($good));
$api->fails('a page of another origin', 403, 'foreign_origin', POST => 'import',
            lines($good), @type, 'Sec-Fetch-Site' => 'cross-site');
$api->fails('an argument', 400, 'invalid_query', POST => "import?dry_run=$_",
            lines($good), @type) for '', '2', 'yes', '1&dry_run=0';
$api->fails("an argument: $_", 400, 'invalid_query', POST => "import?$_",
            lines($good), @type) for 'dry_run', 'dry-run=1', 'dry_run=1&x=';
$api->fails('another method', 405, 'method_not_allowed', GET => 'import');


# Redis goes, midway; and comes again

{
    my $conn = $nginx->connect;
    my $half = int(length($text) / 2);
    $redis->cmd('FLUSHALL');
    $conn->send_request(POST => '/api/1/import', @type,
                        'Content-Length' => length $text, Connection => 'close');
    $conn->send(substr $text, 0, $half);
    wait_until { $redis->cmd('DBSIZE') > 2000 };
    $redis->kill9;
    $conn->send(substr $text, $half);
    my $r = $conn->response;
    my $j = $json->decode($r->{body});
    is "$r->{status} $j->{code} $r->{headers}{'retry-after'}",
        '503 redis_unavailable 1', 'Redis goes midway';
    # of 1000 accounts, less those whose replies may have been lost
    ok $j->{done} > 1000 - 256 && $j->{done} < 5000,
        'the last line that was done';

    my ($again) = api('', $redis->start->address);
    wait_until { $again->get('accounts/x')->{status} == 200 };
    $api = $again;
    my @rest = @many[$j->{done} .. $#many];
    like imports(lines(@rest)), qr/^200 (\d+) \1 /, 'the rest';
    my $redo = lines(@many);
    like imports($redo), qr/^200 5000 5000 \d+ \d+ 0$/, 'or all of it again';
    is imports($redo), '200 5000 5000 0 5000 0', 'and all is there';
}


# a client that leaves

{
    my $conn = $nginx->connect;
    $conn->send_request(POST => '/api/1/import', @type,
                        'Content-Length' => length $text);
    $conn->send(substr $text, 0, 100_000);
    $conn->close;
    ok wait_until { $nginx->access_log =~ m{import HTTP/1.1" 400} },
        'a client that leaves';
}


# a Cluster

my $cluster = Test::Household::Cluster->new;
($api) = api('cluster on;', map { $_->address } ($cluster->nodes)[0, 1]);
wait_until { $api->get('accounts/a')->{status} == 200 };
is imports($text), '200 5000 5000 5000 0 0', 'a Cluster';
is imports($text), '200 5000 5000 0 5000 0', 'a Cluster: again';


# what has ended counts towards no limit: as much of it as a line has room for
# is written, or nothing

$redis = Test::Household::Redis->new(unix => 1);
($api) = api('', $redis->address);

{
    my @seats = map { my $seat = $_; {
        seat => "s$seat", until => '2020-01-01T00:00:00Z',
        networks => [map { "1.2.$seat.$_" } 0 .. 249] } } 1 .. 18;
    my %line = (account => 'ended', home => ['192.0.2.1'],
                extra_members => \@seats);
    is imports(lines(\%line)), '200 1 1 1 0 0', 'thousands of networks';
    is keys %{ fields('ended') }, 18 * 250, 'all of them';
    is_deeply homes('ended'), ['192.0.2.1'], 'with the home';
    is imports(lines(\%line)), '200 1 1 0 1 0', 'which is all there then';
    is imports(lines(\%line), '?dry_run=1'), '200 1 1 0 1 0',
        'with dry_run, too';
}


# others change an account all the time: its line is written again, ten times

{
    my $written = 0;
    my $busy = Test::Household::FakeRedis->new(handler => sub {
        my ($conn, $name) = @_;
        return if $name !~ /^EVAL/;
        return encode_reply(\($written++ < 40 ? ':-1' : ':1'));
    });
    ($api) = api('', $busy->address);
    is imports(lines({ account => 'busy', seats => 1 })),
        '200 1 1 0 0 1 1 changed', 'others change the account';
    is $busy->count('EVALSHA'), 11, 'which is not tried for ever';
}


done_testing;

#!/usr/bin/perl

# household_api: writes whose reply is lost, writers at the same time, clients
# that leave, and what HTTP has beside plain requests.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use Test::Household::Api;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(free_port wait_until);
use Test::Household::Proxy;
use Test::Household::Redis;
use Test::More;

my $json = JSON::PP->new->canonical->utf8;
my @lines = ('Content-Type' => 'application/x-ndjson');
my @json = ('Content-Type' => 'application/json');

my $redis = Test::Household::Redis->new(unix => 1);
my $proxy = Test::Household::Proxy->new(to => $redis->address =~ s/^unix://r);

my $has_http2 = `$Test::Household::Nginx::Binary -V 2>&1` =~ /http_v2_module/;
my $http2_port = free_port();
my $location = 'location /api/ { household_api main write;
                                 client_max_body_size 0;
                                 client_body_buffer_size 4k; }';
my $mirrors = 'location /mirrored/ { household_api main write;
                                     client_max_body_size 0;
                                     client_body_buffer_size 4k;
                                     mirror /mirror; }
               location = /mirror { internal; client_max_body_size 0;
                   proxy_pass http://127.0.0.1:$server_port/api/1/import?dry_run=1; }
               location /twice/ { household_api main write;
                                  mirror /twice/;
                                  mirror_request_body off; }';
my $http2 = $has_http2
    ? "server { listen 127.0.0.1:$http2_port http2; $location }" : '';

my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address,
                        redis => 'connect_timeout 20s; timeout 20s;')
        . "household_redis far { server ${\ $proxy->address};"
        . " connect_timeout 20s; timeout 20s; }\n$http2\n",
    server => "$location $mirrors location /far/ { household_api far write; }"
        . location('/home') . 'location /status { household_metrics; }');

my $api = Test::Household::Api->new($nginx, '/api');
my $far = Test::Household::Api->new($nginx, '/far');

sub homes { [sort @{ $redis->cmd(SMEMBERS => "household:{$_[0]}") }] }
sub fields { +{ @{ $redis->cmd(HGETALL => "household:{$_[0]}:account") } } }
sub exists_key { $redis->cmd(EXISTS => $_[0]) }


# Redis makes the write, and its reply is lost

# sends a request, and cuts the connection to Redis once "made" is true
sub lost {
    my ($made, $method, $path, $body, @headers) = @_;

    $proxy->cut;
    $proxy->delay('(?i)evalsha');

    my $conn = $nginx->connect;
    $conn->send_request($method, "/far/1/$path", @json, @headers,
                        'Content-Length' => length $body,
                        Connection => 'close');
    $conn->send($body);

    ok wait_until { $made->() }, "$method $path: Redis has it";

    # at once, or the reply may still pass; those of the next connection do
    $proxy->cut;

    my $r = $conn->response;
    my $problem = $json->decode($r->{body});

    is "$r->{status} $problem->{code} $r->{headers}{'retry-after'}",
        '503 redis_unavailable 1', "$method $path: 503";
    return $problem;
}

sub repeated {
    my ($status, $method, $path, $body) = @_;
    my $n;

    # until the connection is there again
    wait_until {
        $n = $far->call($method, $path, $body, @json)->{status};
        $n != 503;
    };
    is $n, $status, "$method $path: repeated";
}

# the scripts are in Redis
$redis->cmd(SADD => 'household:{a}', '192.0.2.1');
is $far->call(PUT => 'accounts/a/home/192.0.2.2', {})->{status}, 204, 'a write';
is $far->call(DELETE => 'accounts/x')->{status}, 200, 'an erasure';

my $text = 'Redis did not answer; a write may have been made, and may be '
    . 'repeated';

is lost(sub { @{ homes('a') } == 3 }, PUT => 'accounts/a/home/192.0.2.3',
        '{}')->{detail}, $text, 'what the answer says';
repeated(204, PUT => 'accounts/a/home/192.0.2.3', '{}');
is_deeply homes('a'), ['192.0.2.1', '192.0.2.2', '192.0.2.3'], 'once';

my $seat = '{"networks":["198.51.100.0/24","2001:db8::/48"],'
    . '"until":"2030-01-01T00:00:00Z"}';
my %seat = ('extra:s1:198.51.100.0/24' => 1893456000,
            'extra:s1:2001:db8::/48' => 1893456000);

is lost(sub { keys %{ fields('a') } }, PUT => 'accounts/a/extra-members/s1',
        $seat)->{detail}, $text, 'a seat';
is_deeply fields('a'), \%seat, 'all of it was made';
repeated(204, PUT => 'accounts/a/extra-members/s1', $seat);
is_deeply fields('a'), \%seat, 'and is no other';

is lost(sub { exists_key('household:{b}') }, POST => 'accounts/a/transfer',
        '{"to":"b","seat":"s1"}')->{detail}, $text, 'a transfer';
is_deeply homes('b'), ['198.51.100.0/24', '2001:db8::/48'], 'the new home';
is_deeply fields('a'), \%seat, 'and the old seat: never neither';
repeated(204, POST => 'accounts/a/transfer', '{"to":"b","seat":"s1"}');
is_deeply [fields('a'), homes('b')],
    [{}, ['198.51.100.0/24', '2001:db8::/48']], 'and only the new home';

is lost(sub { !exists_key('household:{a}') }, DELETE => 'accounts/a', '')
    ->{detail}, $text, 'an erasure';
is_deeply $redis->cmd(KEYS => '*{a}*'), ['household-closed:{a}'],
    'all of it was made';
repeated(200, DELETE => 'accounts/a', '');


# writers at the same time: each write is made, and none is lost

{
    my @conns = map { $nginx->connect } 1 .. 8;

    for my $i (0 .. 7) {
        $conns[$i]->send_request(PUT => "/api/1/accounts/w/home/192.0.2.$i",
            @json, 'Content-Length' => 2, Connection => 'close');
    }
    $_->send('{}') for @conns;

    is join(' ', map { $_->response->{status} } @conns), '204 ' x 7 . 204,
        'writers of one account';
    is_deeply homes('w'), [map { "192.0.2.$_" } 0 .. 7], 'all that they wrote';
}

{
    my $etag = $api->get('accounts/w')->{headers}{etag};
    my @conns = map { $nginx->connect } 1 .. 8;

    for my $i (0 .. 7) {
        $conns[$i]->send_request(PUT => "/api/1/accounts/w/home/192.0.2.1$i",
            @json, 'Content-Length' => 2, Connection => 'close',
            'If-Match' => $etag);
    }
    $_->send('{}') for @conns;

    is join(' ', sort map { $_->response->{status} } @conns),
        '204 ' . '412 ' x 6 . 412, 'with If-Match: one of them';
    is @{ homes('w') }, 9, 'and nothing of the others';

    # none of the fields is that of the account as it is
    for my $value ("W/$etag", '"x"', "$etag, W/$etag", '', '**') {
        is $api->call(PUT => 'accounts/w/home/192.0.2.99', {},
                      'If-Match' => $value)->{status}, 412,
            "If-Match: $value";
    }
    is $api->call(PUT => 'accounts/w/home/192.0.2.99', {},
                  'If-Match' => '*')->{status}, 204, 'If-Match: *';
    is $api->call(PUT => 'accounts/none/home/192.0.2.99', {},
                  'If-Match' => '*')->{status}, 412, 'of no account';
    is exists_key('household:{none}'), 0, 'nothing is written';
}

ok wait_until { $nginx->metric(redis_commands_total => redis => 'main',
                               op => 'api', result => 'ok') > 16 },
    'the commands are counted';


# HEAD, OPTIONS, ids

my $get = $api->get('accounts/w');
my $head = $api->call(HEAD => 'accounts/w');
is "$head->{status} $head->{headers}{etag} " . length $head->{body},
    "200 $get->{headers}{etag} 0", 'HEAD: as GET, without a body';
$head = $api->call(HEAD => 'import');
is "$head->{status} $head->{headers}{allow}", '405 POST', 'HEAD of an import';
my $options = $api->call(OPTIONS => 'accounts/w');
is "$options->{status} $options->{headers}{allow}",
    '405 GET, HEAD, PATCH, DELETE', 'OPTIONS: which methods there are';

is $api->get("accounts/a$_")->{status}, 400, "an id with $_"
    for '%00', '%00b', '%', '%zz';
is $api->call(PUT => "accounts/$_/home/192.0.2.1", {})->{status}, 204,
    "the id $_" for 'p%2Fq', '%2E%2E%2E', '%252F', '%25';
is_deeply [map { exists_key("household:{$_}") } 'p/q', '...', '%2F', '%', 'p'],
    [1, 1, 1, 1, 0], 'are decoded once';


# a client that waits for "100 Continue"

{
    my $conn = $nginx->connect;
    $conn->send_request(PATCH => '/api/1/accounts/w', @json,
                        'Content-Length' => 11, Expect => '100-continue',
                        Connection => 'close');
    ok $conn->take(qr{\A(HTTP/1\.1 100 Continue\r\n\r\n)}),
        'a client that waits';
    $conn->send('{"seats":4}');
    is $conn->response->{status}, 204, 'then sends';
    is fields('w')->{seats}, 4, 'is heard';
}


# a client that leaves in the middle of an import

my @many = map { { account => "m$_", home => ["10.2." . ($_ >> 8) . "."
                   . ($_ & 255)], country => 'FR' } } 0 .. 1999;
my $body = join '', map { $json->encode($_) . "\n" } @many;

# accounts with that prefix that have a home, and those that have the rest, too
sub imported {
    my ($prefix) = @_;
    my $n = $redis->cmd(EVAL => <<'EOS', 0, $prefix);
local homes = redis.call('KEYS', 'household:{' .. ARGV[1] .. '*}')
local whole = 0

for _, key in ipairs(homes) do
    whole = whole + redis.call('HEXISTS', key .. ':account', 'country')
end

return #homes .. ' ' .. whole
EOS
    return split ' ', $n;
}

{
    my $conn = $nginx->connect;
    my $half = index($body, "\n", length($body) / 2) + 1;
    my $n = () = substr($body, 0, $half) =~ /\n/g;

    $conn->send_request(POST => '/api/1/import', @lines,
                        'Content-Length' => length $body);
    $conn->send(substr $body, 0, $half + 10);

    my ($homes, $whole);
    ok wait_until { ($homes, $whole) = imported('m'); $homes >= $n - 256 },
        'an import, to the middle of a line';
    is $homes, $whole, 'and no account is half done';
    $conn->close;
    ok wait_until { $nginx->access_log =~ m{import HTTP/1.1" 400} },
        'the client leaves';

    my $r = $api->call(POST => 'import', $body, @lines);
    my $j = $r->{json};
    is $j->{written} + $j->{unchanged}, 2000, 'another one does the rest';
    cmp_ok $j->{unchanged}, '>=', $homes, 'what was written stays';
    is join(' ', imported('m')), '2000 2000', 'all of it';
}


# a body that was read before, and is in a file; and one that was not

sub import_at {
    my ($prefix, $name) = @_;
    return Test::Household::Api->new($nginx, $prefix)
        ->call(POST => 'import', $body =~ s/"m/"$name/gr, @lines)->{json};
}

is import_at('/mirrored', 'i')->{lines}, 2000, 'an import of a file';
is join(' ', imported('i')), '2000 2000', 'an import of a file: all of it';
ok wait_until {
    $nginx->access_log =~ m{"POST /api/1/import\?dry_run=1 HTTP/1\.\d" 200};
}, 'an import of a file: others have the whole body';

is import_at('/twice', 't')->{written}, 2000,
    'an import beside a subrequest to the API';
is join(' ', imported('t')), '2000 2000',
    'an import beside a subrequest to the API: all of it';


# HTTP/2

SKIP: {
    skip 'no http_v2_module', 1 if !$has_http2;
    skip 'no curl with HTTP/2', 1 if `curl -V 2>/dev/null` !~ /HTTP2/;

    my $curl = 'curl -s --http2-prior-knowledge -w "\n%{http_code} '
        . '%{http_version}"';
    my $url = "http://127.0.0.1:$http2_port/api/1";
    my $file = "$nginx->{dir}/lines";

    open my $out, '>', $file or die "$file: $!\n";
    print $out $body =~ s/"m/"h/gr;
    close $out;

    my ($said, $status) = split /\n+/, `$curl --data-binary \@$file \\
        -H 'Content-Type: application/x-ndjson' $url/import`;
    is $status, '200 2', 'HTTP/2: an import';
    is $json->decode($said)->{written}, 2000, 'HTTP/2: all of it';
    is join(' ', imported('h')), '2000 2000', 'HTTP/2: with both keys';

    ($status) = `$curl -X PATCH -d '{"seats":3}' \\
        -H 'Content-Type: application/json' $url/accounts/h1` =~ /^(\d.*)/m;
    is $status, '204 2', 'HTTP/2: a write';
    is fields('h1')->{seats}, 3, 'HTTP/2: is made';
    ($status) = `$curl -I $url/accounts/h1` =~ /^(\d+ \d+)$/m;
    is $status, '200 2', 'HTTP/2: HEAD';
}

done_testing;

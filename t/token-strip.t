#!/usr/bin/perl

# "strip": the token is neither in what goes to the origin nor in a cache key,
# and everything else arrives as it was sent, byte for byte.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(free_port temp_dir slurp);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;

my $dir = temp_dir('strip');
my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', '127.0.0.1');

my $key = new_key('HS256');
my $token = token($key);
put("$dir/keys", jwks($key));

my $h2 = free_port();
my $has_http2 = `$Test::Household::Nginx::Binary -V 2>&1` =~ /http_v2_module/
    && `curl -V 2>/dev/null` =~ /HTTP2/;
my $listen = $has_http2 ? "listen 127.0.0.1:$h2 http2;" : '';

# the origin tells what it got, in a line of its own for each thing
my $nginx = Test::Household::Nginx->new(
    allow => qr/"listen \.\.\. http2" directive is deprecated/,
    http => http_config(server => $redis->address) . <<"EOC",
household_store main;
household_token_key $dir/keys;
proxy_cache_path $dir/cache keys_zone=media:1m;
log_format seen "\$request_uri \$household_account";
server {
    listen unix:$dir/origin.sock;
    access_log off;
    location / {
        return 200 "uri=\$request_uri
args=\$args
cookie=\$http_cookie
authorization=\$http_authorization
x-token=\$http_x_token
x-other=\$http_x_other
";
    }
    location /broken { return 500; }
}
EOC
    server => <<"EOC");
$listen
access_log $dir/access.log seen;
add_header X-Status \$household_status always;
add_header X-Reason \$household_reason always;
add_header X-Account \$household_account always;
add_header X-Args \$args always;
add_header X-Request-URI \$request_uri always;
household_token bearer \$arg_token \$cookie_token \$http_x_token strip;

location / {
    household on;
    proxy_pass http://unix:$dir/origin.sock;
}
location /monitor { household monitor; proxy_pass http://unix:$dir/origin.sock; }
location /off { household \$arg_mode; proxy_pass http://unix:$dir/origin.sock; }
location /kept {
    household on;
    household_token bearer \$arg_token \$cookie_token \$http_x_token;
    proxy_pass http://unix:$dir/origin.sock;
}
location /prefix/ { household on; proxy_pass http://unix:$dir/origin.sock:/p/; }
location /cached {
    household on;
    proxy_cache media;
    proxy_cache_key \$uri\$is_args\$args;
    proxy_cache_valid 1h;
    add_header X-Cache \$upstream_cache_status;
    add_header X-Account \$household_account;
    proxy_pass http://unix:$dir/origin.sock;
}
location /default-key {
    household on;
    proxy_cache media;
    proxy_cache_valid 1h;
    add_header X-Cache \$upstream_cache_status;
    proxy_pass http://unix:$dir/origin.sock;
}
location /try/ { household on; try_files /nothing /again\$is_args\$args; }
location /named/ { household on; try_files /nothing \@named; }
location \@named { household on; proxy_pass http://unix:$dir/origin.sock; }
location /broken {
    household on;
    proxy_intercept_errors on;
    error_page 500 =200 /again;
    proxy_pass http://unix:$dir/origin.sock;
}
location = /again { household on; proxy_pass http://unix:$dir/origin.sock; }
EOC


# what the origin got of a request, and that it was the account's
sub origin {
    my ($path, @headers) = @_;
    my $r = $nginx->get($path, @headers);
    my %got = $r->{body} =~ /^([a-z-]+)=(.*)$/mg;

    return { %got, status => $r->{status}, head => $r->{head},
             all => $r->{body}, account => $r->{headers}{'x-account'} // '-',
             reason => $r->{headers}{'x-reason'} // '-',
             args_here => $r->{headers}{'x-args'} // '',
             uri_here => $r->{headers}{'x-request-uri'} };
}

sub stripped {
    my ($name, $got, %expected) = @_;

    subtest $name => sub {
        is $got->{status}, 200, 'it is answered';
        is $got->{account}, 'a', 'the account is known';
        is $got->{$_}, $expected{$_}, $_ for sort keys %expected;
        is index($got->{all}, $token), -1, 'no token arrives';
    };
}


# --- arguments ------------------------------------------------------------

for my $row (
    ['only',         "token=$token",                  ''],
    ['first',        "token=$token&a=1&b=2",          'a=1&b=2'],
    ['in between',   "a=1&token=$token&b=2",          'a=1&b=2'],
    ['last',         "a=1&b=2&token=$token",          'a=1&b=2'],
    ['twice',        "token=$token&a=1&token=$token", 'a=1'],
    ['twice only',   "token=$token&token=$token",     ''],
    ['of any case',  "a=1&ToKeN=$token",              'a=1'],
    ['and an empty one', "a=1&token=&token=$token&b", 'a=1&b'],
    ['among odd ones', "a=%2f%2F+%20&&=&b&token=$token&x;y=\"?/:\@\$,'&&",
                       "a=%2f%2F+%20&&=&b&x;y=\"?/:\@\$,'&&"],
    ['among some like it', "xtoken=1&token=$token&token2=2&tokens&token",
                           'xtoken=1&token2=2&tokens&token'])
{
    my ($name, $args, $left) = @$row;
    my $uri = length $left ? "/x?$left" : '/x';
    my $got = origin("/x?$args");

    stripped("argument: $name", $got, args => $left, uri => $uri,
             args_here => $left, uri_here => "/x?$args");
}

stripped('a prefix that is replaced', origin("/prefix/x?a&token=$token&b"),
         uri => '/p/x?a&b');
stripped('no argument: the URI goes as it came',
         origin('/x/%7e/%2F//y?a', Authorization => "Bearer $token"),
         uri => '/x/%7e/%2F//y?a');


# --- headers --------------------------------------------------------------

for my $row (
    ['only',          "token=$token",              ''],
    ['first',         "token=$token; a=1; b=2",    'a=1; b=2'],
    ['in between',    "a=1; token=$token; b=2",    'a=1; b=2'],
    ['last',          "a=1; b=2; token=$token",    'a=1; b=2'],
    ['twice',         "token=$token; a=1; token=$token", 'a=1'],
    ['without blanks', "a=1;token=$token;b=2",     'a=1;b=2'],
    ['among odd ones', "a=\"x y\"; b; =; token=$token; c=1=2,3; d=%3b",
                       'a="x y"; b; =; c=1=2,3; d=%3b'],
    ['among some like it', "xtoken=1; token=$token; token2=2; tokens",
                           'xtoken=1; token2=2; tokens'])
{
    my ($name, $cookie, $left) = @$row;
    stripped("cookie: $name", origin('/x?a', Cookie => $cookie),
             cookie => $left, uri => '/x?a');
}

stripped('two cookie headers', origin('/x', Cookie => 'a=1',
         Cookie => "token=$token", 'X-Other' => 'x'), 'x-other' => 'x');
stripped('bearer', origin('/x', Authorization => "Bearer $token",
         'X-Other' => 'x'), authorization => '', 'x-other' => 'x');
stripped('Authorization of another scheme stays',
         origin('/x', Authorization => 'Basic bWU6c2VjcmV0',
                'X-Token' => $token),
         authorization => 'Basic bWU6c2VjcmV0', 'x-token' => '');
stripped('a header', origin('/x', 'X-Other' => ' x  y ', 'x-TOKEN' => $token),
         'x-token' => '', 'x-other' => 'x  y');
stripped('all of them', origin("/x?token=$token&a", 'X-Token' => $token,
         Cookie => "token=$token", Authorization => "Bearer $token"),
         uri => '/x?a', cookie => '', authorization => '', 'x-token' => '');

# more headers than one part of nginx's list holds
stripped('many headers', origin('/x', (map { ("X-$_" => $_) } 1 .. 45),
         'X-Token' => $token, (map { ("Y-$_" => $_) } 1 .. 45),
         'X-Other' => 'last', Cookie => "a=1; token=$token"),
         'x-token' => '', 'x-other' => 'last', cookie => 'a=1');


# --- whatever the verdict -------------------------------------------------

my $bad = token(new_key('HS256'));

for my $row (['a forged one, monitored', '/monitor', 'token_signature', $bad],
             ['one for a module that is off', '/off', 'off', $token],
             ['two that differ, monitored', '/monitor', 'token_conflict',
              $bad, $token])
{
    my ($name, $path, $reason, @tokens) = @$row;
    my $got = origin("$path?a&" . join '&', map { "token=$_" } @tokens);
    is "$got->{status} $got->{reason} $got->{uri}", "200 $reason $path?a",
       "$name: is stripped";
}

my $kept = origin("/kept?a&token=$token", Cookie => "token=$token",
                  'X-Token' => $token);
is "$kept->{uri} $kept->{cookie} $kept->{'x-token'}",
   "/kept?a&token=$token token=$token $token", 'without strip all stays';


# --- what comes after -----------------------------------------------------

my @others = map { token($key, { jti => $_ }) } 1 .. 3;

for my $path ('/cached', '/default-key') {
    my @cache = map {
        $nginx->get("$path?a&token=$_")->{headers}{'x-cache'};
    } @others;
    is "@cache", 'MISS HIT HIT', "$path: one key for all tokens";
}

my $files = `cat \$(find $dir/cache -type f)`;
like $files, qr{^KEY: /cached\?a$}m, 'the key has what is left';
is scalar(grep { index($files, $_) >= 0 } @others), 0,
   'no token is in the cache';
is $nginx->get("/cached?a&token=$bad")->{status}, 401,
   'what is cached is not for everybody';
is $nginx->get('/cached?a')->{status}, 401, 'nor for who has none';

stripped('try_files to another location', origin("/try/x?a&token=$token"),
         uri => '/again?a');
stripped('try_files, by a header', origin('/try/x?a', 'X-Token' => $token),
         uri => '/again?a');
stripped('a named location', origin("/named/x?a&token=$token"),
         uri => '/named/x?a');
stripped('error_page of an upstream error', origin("/broken?a&token=$token"),
         uri => '/again');
is $nginx->get('/again?a')->{status}, 401, 'nobody gets there without one';

# a request has no more of the one before it on its connection
{
    my $conn = $nginx->connect;
    my @got = map { $conn->get(@$_)->{status} }
        ["/x?token=$token"], ['/x'], ['/x', Cookie => "token=$token"],
        ['/x', Cookie => 'a=1'], ["/try/x?token=$token"], ['/try/x'];
    is "@got", '200 401 200 401 200 401', 'a token is for its request alone';
}

SKIP: {
    skip 'no HTTP/2 here', 3 if !$has_http2;

    my $ask = sub {
        my $args = join ' ', map { quotemeta } @_;
        return `curl -q -s -m 30 --noproxy '*' --http2-prior-knowledge $args`;
    };
    my $url = "http://127.0.0.1:$h2/x?a=1&token=$token&b";
    my $all = $ask->($url, '-H', "Cookie: a=1; token=$token; b=2",
                     '-H', "Authorization: Bearer $token",
                     '-H', "X-Token: $token", '-H', 'X-Other: x');

    like $all, qr{^uri=/x\?a=1&b$}m, 'HTTP/2: the argument';
    like $all, qr{^cookie=a=1; b=2$}m, 'HTTP/2: the cookie';
    is index($all, $token), -1, 'HTTP/2: nowhere';
}

like slurp("$dir/access.log"), qr{^/x\?token=\Q$token\E a$}m,
   'but it is in $request_uri';

done_testing();

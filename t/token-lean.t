#!/usr/bin/perl

# A module that was built with HOUSEHOLD_CDNI=no, HOUSEHOLD_CAT=no, or both: it
# does not know RFC 9246, or Common Access Tokens, and rejects such tokens.  The
# rest works.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Cat;
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(temp_dir);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;

my $dir = temp_dir('lean');
my $key = new_key('ES256');
put("$dir/keys", jwks($key));

# what the module says of a directive that it does not have, or ''
sub lacks {
    my ($directive) = @_;
    my $test = Test::Household::Nginx->new(start => 0, allow => qr/emerg/,
        http => "$directive;");

    $test->configure;

    my ($good, $said) = $test->test;
    return $good ? '' : $said;
}

my $cdni = lacks('household_token_cdniip off');
my $cat = lacks("household_token_key $dir/keys format=cat");

plan skip_all => 'nothing was left out' if !$cdni && !$cat;

SKIP: {
    skip 'with URI Signing', 2 if !$cdni;
    like $cdni, qr/\[emerg\] "household_token_cdniip" directive needs URI/,
        'the directive of URI Signing';
    like $cdni, qr/was built without \(HOUSEHOLD_CDNI=no\)/, 'is told so';
}

SKIP: {
    skip 'with Common Access Tokens', 2 if !$cat;
    like $cat, qr/\[emerg\] "household_token_key" .*has "format=cat", but/,
        'the format of Common Access Tokens';
    like $cat, qr/built without Common Access Tokens \(HOUSEHOLD_CAT=no\)/,
        'is told so';
}

my $renew = lacks('household_token_renew off');

if ($cdni && $cat) {
    like $renew, qr/\[emerg\] "household_token_renew" directive needs URI/,
        'without either the directive of renewal';
    like $renew, qr/built without \(HOUSEHOLD_CDNI=no, HOUSEHOLD_CAT=no\)/,
        'is told so';

} else {
    is $renew, '', 'with one of both tokens can be renewed';
}

my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', '127.0.0.1');

my $format = $cat ? '' : "household_token_key $dir/keys format=cat;";
my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m'),
    server => <<"EOC");
household_store main zone=households;
household_token bearer path=sig;
household_token_key $dir/keys;
$format
location / {
    household on;
    add_header X-Reason \$household_reason always;
    empty_gif;
}
EOC

sub ask {
    my ($uri, $token) = @_;
    my $r = $nginx->get($uri, $token ? (Authorization => "Bearer $token") : ());
    return "$r->{status} $r->{headers}{'x-reason'}";
}

my $token = token($key, { jti => 'x' });

is ask('/', $token), '200 home', 'a token' for 1, 2;
is ask("/sig=$token/a"), '200 home', 'one in the path';
is ask('/', cat($key)), $cat ? '401 token_malformed' : '200 home',
    'a Common Access Token' for 1, 2;
is ask('/', cat($key, { 313 => ['PUT'] })),
    $cat ? '401 token_malformed' : '401 token_method',
    'one for another request';

my $container = 'regex:http://localhost.*/film/.*';
is ask('/film/a', token($key, { cdniv => 1, cdniuc => $container })),
    $cdni ? '401 token_uri' : '200 home', 'a token for a URI';
is ask('/series/a', token($key, { cdniv => 1, cdniuc => $container })),
    '401 token_uri', 'for another URI';

for my $claim ('cdniuc', 'cdniip', 'cdnicrit', 'cdnifoo') {
    is ask('/', token($key, { $claim => 1 })), '401 token_uri', $claim
        if $cdni || $claim ne 'cdnifoo';
}

done_testing;

#!/usr/bin/perl

# A module that was built with HOUSEHOLD_CDNI=no: it does not know RFC 9246,
# and rejects its tokens.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(temp_dir);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;

my $test = Test::Household::Nginx->new(start => 0, allow => qr/emerg/,
    http => 'household_token_cdniip off;');
$test->configure;
my ($good, $said) = $test->test;

plan skip_all => 'the module is built with URI Signing' if $good;

like $said, qr/\[emerg\] "household_token_cdniip" directive needs URI Signing/,
    'its directive';
like $said, qr/was built without \(HOUSEHOLD_CDNI=no\)/, 'is told so';

$test = Test::Household::Nginx->new(start => 0, allow => qr/emerg/,
    http => 'household_token_renew off;');
$test->configure;
like +($test->test)[1],
    qr/\[emerg\] "household_token_renew" directive needs URI Signing/,
    'the other one';

my $dir = temp_dir('lean');
my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', '127.0.0.1');

my $key = new_key('ES256');
put("$dir/keys", jwks($key));

my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m'),
    server => <<"EOC");
household_store main zone=households;
household_token bearer path=sig;
household_token_key $dir/keys;
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

is ask('/', $token), '200 home', 'another token' for 1, 2;
is ask("/sig=$token/a"), '200 home', 'one in the path';

for my $claim ('cdniv', 'cdniuc', 'cdniip', 'cdnicrit', 'cdnifoo') {
    is ask('/', token($key, { $claim => 1 })), '401 token_uri', $claim;
}

done_testing;

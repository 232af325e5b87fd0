#!/usr/bin/perl

# Tokens of RFC 9246 (URI Signing): in a path, and for one client address.

use strict;
use warnings;

use lib 't/lib';
use Crypt::JWT qw(encode_jwt);
use Crypt::Misc qw(encode_b64u);
use JSON::PP ();
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(temp_dir);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;

my $dir = temp_dir('cdni');
my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', '127.0.0.1', '192.0.2.0/24',
            '2001:db8::/32', '198.51.100.0/24');

my $key = new_key('ES256');
my $secret = '0123456789abcdef';
put("$dir/keys", jwks($key));
put("$dir/enc", JSON::PP::encode_json({ keys => [{ kty => 'oct', kid => 'e',
    use => 'enc', alg => 'A128GCM', k => encode_b64u($secret) }] }));

sub enc {
    my ($text, %more) = @_;
    return encode_jwt(payload => $text, alg => 'dir', enc => 'A128GCM',
                      key => $secret, extra_headers => { kid => 'e' }, %more);
}

my $upstream = "unix:$dir/upstream.sock";

my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m') . <<"EOC",
add_header X-Reason \$household_reason always;
server { listen $upstream; return 200 "\$request_uri"; }
EOC
    server => <<"EOC");
rewrite "^(.*?)[/;]sig=[^/;]*(.*)\$" \$1\$2;

household_store main zone=households;
household_token path=sig path=URISigningPackage;
household_token_key $dir/keys;

location / { household on; proxy_pass http://$upstream; }
location /deny/ { deny all; }
location /client/ {
    household on;
    household_token bearer;
    household_token_cdniip $dir/enc;
    empty_gif;
    location /client/off/ { household_token_cdniip off; empty_gif; }
}
EOC

sub ask {
    my ($uri, @headers) = @_;
    my $r = $nginx->get($uri, @headers);
    return "$r->{status} " . ($r->{headers}{'x-reason'} // '-')
        . ($r->{body} =~ m{^/} ? " $r->{body}" : '');
}

my $good = token($key);
my $other = token($key, { iat => time - 9 });


# in a path: a segment, or a parameter of one

is ask("/sig=$good/v/a.ts"), '200 home /v/a.ts', 'a segment';
is ask("/v/sig=$good/a.ts?x=1"), '200 home /v/a.ts?x=1', 'one in the middle';
is ask("/v;sig=$good/a.ts"), '200 home /v/a.ts', 'a parameter';
is ask("/v/a.ts;SIG=$good") =~ s/ \/.*//r, '200 home', 'a name in capitals';
is ask("/v;x=1;sig=$good;y=2/a.ts"), '200 home /v;x=1;y=2/a.ts',
    'a parameter among others';
is ask("/v/a.ts"), '401 token_missing', 'none';
is ask("/v/a.ts?sig=$good"), '401 token_missing', 'one in the query is none';
is ask("/v/xsig=$good/a.ts"), '401 token_missing', 'another name';
is ask("/v/sig=$good/URISigningPackage=$good/a.ts"),
    "200 home /v/URISigningPackage=$good/a.ts", 'the same twice';
is ask("/v/sig=$good/URISigningPackage=$other/a.ts"), '401 token_conflict',
    'two that differ';
is ask("/deny/sig=$good/a.ts"), '403 -', 'a location is that of the URI';
is ask("/sig=$good/deny/a.ts"), '403 -', 'without the token';

# it is no part of the URI that it is for: the first name is the package

my $for = sub { token($key, { cdniv => 1, cdniuc => "regex:$_[0]" }) };
my $host = 'http://localhost';

is ask('/v/sig=' . $for->("$host/v/a[.]ts") . '/a.ts'), '200 home /v/a.ts',
    'cdniuc: a segment';
is ask('/v;sig=' . $for->("$host/v/a[.]ts") . '/a.ts'), '200 home /v/a.ts',
    'cdniuc: a parameter';
is ask('/v/sig=' . $for->("$host/v/b[.]ts") . '/a.ts'), '401 token_uri',
    'cdniuc: of another URI';


# for one client

sub client {
    my ($ip, $from, $path, %claims) = @_;
    my $token = token($key, { cdniip => $ip, %claims });

    # verified, and as it is cached
    my @seen = map { ask("/client/$path", Authorization => "Bearer $token",
                         'X-Forwarded-For' => $from) } 1, 2;
    return $seen[0] eq $seen[1] ? $seen[0] : "@seen";
}

is client(enc('192.0.2.7'), '192.0.2.7', ''), '200 home', 'its address';
is client(enc('192.0.2.7'), '192.0.2.8', ''), '401 token_uri',
    'another address';
is client(enc('192.0.2.0/25'), '192.0.2.8', ''), '200 home', 'its network';
is client(enc('192.0.2.0/25'), '192.0.2.128', ''), '401 token_uri',
    'another network';
is client(enc('[2001:db8::1/32]'), '2001:db8:9::1', ''), '200 home',
    'the example of the RFC';
is client(enc('2001:db8::/48'), '192.0.2.7', ''), '401 token_uri',
    'another family';
is client(enc('192.0.2.7'), '192.0.2.7', '', cdnicrit => 'cdniip'),
    '200 home', 'it may be critical';
is client('192.0.2.7', '192.0.2.7', ''), '401 token_uri', 'in clear text';
is client(enc('192.0.2.7', key => 'x' x 16), '192.0.2.7', ''),
    '401 token_uri', 'by another key';
is client(enc('192.0.2.7'), '192.0.2.7', 'off/'), '401 token_uri',
    'off: it is not ignored';

{
    my $token = token($key, { cdniip => enc('192.0.2.7') });
    my $from = sub { ask('/client/', Authorization => "Bearer $token",
                         'X-Forwarded-For' => $_[0]) };
    is $from->('192.0.2.7'), '200 home', 'cached for its address';
    is $from->('192.0.2.8'), '401 token_uri', 'and for no other';
    is $from->('192.0.2.7'), '200 home', 'and for its own still';
}

done_testing;

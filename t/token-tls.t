#!/usr/bin/perl

# URI Signing (RFC 9246) over TLS: a token is for the scheme of its request,
# whatever the module was configured with.

use strict;
use warnings;

use lib 't/lib';
use Digest::SHA qw(sha256);
use Test::Household::Ca;
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(free_port temp_dir);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;

plan skip_all => 'nginx without TLS'
    if `$Test::Household::Nginx::Binary -V 2>&1` !~ /http_ssl_module/;

my $dir = temp_dir('token');
my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', '127.0.0.1');

my $key = new_key('ES256');
put("$dir/keys", jwks($key));
put("$dir/edge", jwks(new_key('HS256')));

my ($crt, $pem) = Test::Household::Ca->new->issue('edge', 'DNS:localhost');
my $tls = free_port();

my $edge = Test::Household::Nginx->new(
    http => http_config(server => $redis->address),
    server => <<"EOC");
listen 127.0.0.1:$tls ssl;
ssl_certificate $crt;
ssl_certificate_key $pem;
location / {
    household on;
    household_store main;
    household_token \$arg_URISigningPackage \$cookie_URISigningPackage;
    household_token_renew $dir/edge;
    add_header X-Cookie \$household_token_cookie always;
    household_token_key $dir/keys;
    add_header X-Reason \$household_reason always;
    empty_gif;
}
EOC

sub told {
    my ($scheme, $signed, $header, %claims) = @_;
    $header ||= 'X-Reason';
    my $port = $scheme eq 'https' ? $tls : $edge->{port};
    my $token = token($key, { cdniv => 1, %claims,
        cdniuc => 'hash:sha-256;' . b64(sha256("$signed://localhost/a?b=1")) });

    my $out = `curl -q -s -k -m 20 --noproxy '*' -D - -o /dev/null \\
        -H 'Host: localhost' \\
        '$scheme://127.0.0.1:$port/a?b=1&URISigningPackage=$token'`;
    my ($status, $reason) = $out =~ m{\AHTTP/\S+ (\d+).*^$header: ([^\r]+)}ims;

    return join ' ', $status // 'none', $reason // $out;
}

is told('https', 'https'), '200 home', 'https, signed for https';
is told('https', 'http'), '401 token_uri', 'https, signed for http';
is told('http', 'http'), '200 home', 'http, signed for http';
is told('http', 'https'), '401 token_uri', 'http, signed for https';

my %renewed = (cdniets => 30, cdnistt => 1);

like told('https', 'https', 'X-Cookie', %renewed), qr/; HttpOnly; Secure\z/,
     'https: the cookie of a renewed token is secure';
like told('http', 'http', 'X-Cookie', %renewed), qr/; HttpOnly\z/,
     'http: it is not';

done_testing();

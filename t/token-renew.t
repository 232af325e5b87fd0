#!/usr/bin/perl

# Signed Token Renewal (RFC 9246, 3): the next token in a cookie, as another
# implementation reads it, and what is accepted of such tokens.

use strict;
use warnings;

use lib 't/lib';
use Crypt::JWT qw(decode_jwt);
use Digest::SHA ();
use JSON::PP ();
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(temp_dir wait_until);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;
use Time::HiRes ();

my $dir = temp_dir('renew');
my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => "household:{$_}", '127.0.0.1') for qw(a b);
$redis->cmd(SADD => 'household:{away}', '203.0.113.9');

my $key = new_key('ES256', kid => 'k');
my $same_kid = new_key('ES256', kid => 'k');
my $no_kid = new_key('ES256', kid => undef);
my ($edge, $edge_2, $edge_3) = map { new_key('HS256', kid => "$_") } 1 .. 3;

put("$dir/keys", jwks($key, $no_kid));
put("$dir/same-kid", jwks($same_kid));
put("$dir/edge", jwks($edge, $edge_2));
put("$dir/edge-2", jwks($edge_2, $edge));
put("$dir/edge-3", jwks($edge_3));

my $upstream = "unix:$dir/upstream.sock";

sub place {
    my ($path, $more) = @_;

    return <<"EOC";
location $path {
    household on;
    household_token \$arg_URISigningPackage \$cookie_URISigningPackage strip;
    $more
    add_header X-Reason \$household_reason always;
    add_header Set-Cookie \$household_token_cookie;
    proxy_pass http://$upstream;
}
EOC
}

my $keys = "household_token_key $dir/keys;";
my $renew = "household_token_renew $dir/edge";

my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m') . <<"EOC",
household_store main zone=households;
server {
    listen $upstream;
    location / { return 200 "\$request_uri \$http_cookie"; }
    location /gone/ { return 404; }
    location /moved/ { return 302 /; }
}
EOC
    server => join '',                     # all but some inherit this one
        "$renew max=1h;\n",
        place('/', $keys),
        place('/second/', "$keys household_token_renew $dir/edge-2;"),
        place('/third/', "$keys household_token_renew $dir/edge-3;"),
        place('/off/', "$keys household_token_renew off;"),
        place('/same-kid/', "household_token_key $dir/same-kid; $renew;"),
        place('/typ/', "household_token_key $dir/keys type=at+jwt; $renew;"),
        place('/iss/', "household_token_key $dir/keys issuer=https://id.example;
                        $renew;"),
        place('/watched/', "$keys $renew;")
            =~ s/household on/household monitor/r,
        place('/claims/', "$keys $renew; proxy_hide_header X-None;
                           add_header X-Claim \$household_claim_plan always;"));

# [answer, cookie]; "cookie" has all attributes
sub ask {
    my ($uri, $arg, @cookies) = @_;
    $uri .= "?URISigningPackage=$arg" if defined $arg;
    my $r = $nginx->get($uri, Host => 'cdni.example', @cookies
        ? (Cookie => join '; ', map { "URISigningPackage=$_" } @cookies) : ());

    return ("$r->{status} $r->{headers}{'x-reason'}",
            $r->{headers}{'set-cookie'} // '', $r);
}

sub reason { (ask(@_))[0] }

# once the edge has been told of a change in Redis
sub becomes {
    my ($expected, $name, @request) = @_;
    my $reason;

    wait_until { ($reason = reason(@request)) eq $expected };
    is $reason, $expected, $name;
}
sub cookie { (ask(@_))[1] }

# the token of a cookie
sub next_token { cookie(@_) =~ /\AURISigningPackage=([^;]+);/ ? $1 : '' }

# its claims and header, by the other implementation
sub decode {
    my ($token, $key) = @_;
    my ($header, $claims) = decode_jwt(token => $token, key => $key->{key},
        decode_header => 1, verify_exp => undef);
    return ($claims, $header);
}

my %renewed = (cdniets => 30, cdnistt => 1);
my $first = token($key, { %renewed, iat => time - 60, plan => 'gold' });


# the next token

my $began = time;
my ($answer, $cookie) = ask('/foo/bar/001.ts', $first);
my $next = $cookie =~ /\AURISigningPackage=([^;]+);/ ? $1 : '';

is $answer, '200 home', 'the first token';
like $cookie, qr/\AURISigningPackage=[\w.-]+; Path=\/; Max-Age=30; HttpOnly\z/,
     'the next one is in a cookie';

my ($claims, $header) = decode($next, $edge);
my $expires = delete $claims->{exp};
ok $expires >= $began + 30 && $expires <= time + 30, 'exp is now and cdniets';

my ($former) = decode($first, $key);
delete $former->{exp};
is_deeply $claims, $former, 'all other claims are kept';
is "$header->{alg} $header->{kid}", 'HS256 1', 'signed with the first secret';

is reason('/a', undef, $next), '200 home', 'it is accepted' for 1, 2;
like cookie('/a', undef, $next), qr/\AURISigningPackage=/, 'and renewed again';

my $again = next_token('/a', undef, $next);
is((decode($again, $edge))[1]{household_renews}, $header->{household_renews},
   'for the same key');
is reason('/a', undef, $again), '200 home', 'the third one is accepted';
is reason('/claims/a', undef, $next), '200 home', 'a location with claims';
is((ask('/claims/a', undef, $next))[2]{headers}{'x-claim'}, 'gold',
   'which has the claims of the first one');
is((ask('/a?b=1', undef, $next))[2]{body}, '/a?b=1 ',
   'strip: the cookie is not passed upstream');

my $rfc = token($key, { %renewed, cdnistd => 2,
    cdniuc => 'regex:http://cdni\.example/foo/bar/[0-9]{3}\.ts' });
my $of_rfc = next_token('/foo/bar/001.ts', $rfc);

like cookie('/foo/bar/001.ts', $rfc), qr/; Path=\/foo\/bar; /,
     'the example of the RFC: cdnistd';
is reason("/foo/bar/001.ts?URISigningPackage=$rfc&URISigningPackage=$rfc"),
   '200 home', 'an argument that is there twice is no part of the URI' for 1, 2;
is reason('/foo/bar/002.ts', undef, $of_rfc), '200 home', 'for its URIs';
is reason('/foo/bar/x.ts', undef, $of_rfc), '401 token_uri', 'and no other';


# which of two tokens counts

my $old = token($key, { %renewed, exp => time - 5 });
my $other = token($key, { %renewed, sub => 'b' });
my $forged = substr($first, 0, -4) . 'AAAA';

is reason('/a', $first, $next), '200 home', 'a cookie is no conflict';
is reason('/a', $old, $next), '200 home', 'the cookie, if the other is expired';
is reason('/a', $old), '401 token_expired', 'without a cookie';

# the former token is no part of the URI that the cookie is for

my $of_hash = token($key, { %renewed, cdniuc => 'hash:sha-256;'
    . Digest::SHA::sha256_base64('http://cdni.example/foo/1.m3u8')
      =~ tr{+/}{-_}r });
my $next_of_hash = next_token('/foo/1.m3u8', $of_hash);

for ([ regex => '/foo/bar/002.ts', $of_rfc ],
     [ hash => '/foo/1.m3u8', $next_of_hash ])
{
    my ($name, $uri, $cookie) = @$_;

    is reason($uri, $old, $cookie), '200 home',
       "cdniuc, $name: without the expired token" for 1, 2;
    is reason("$uri?x=1&URISigningPackage=$old", undef, $cookie),
       '401 token_expired', "cdniuc, $name: another argument stays";
    is reason($uri, $forged, $cookie), '401 token_signature',
       "cdniuc, $name: the token of the URI is verified first";
}

is reason('/a', $old, $old), '401 token_expired', 'with an expired one';
is reason('/a', $old, $forged), '401 token_expired', 'with a forged one';
is reason('/a', $forged, $next), '401 token_signature',
   'a forged token is not replaced by the cookie';
is reason('/a', $first, 'x'), '200 home', 'what is in the cookie';
is reason('/a', $old, $old, $next), '200 home',
   'the second of two cookies, if the others are expired';
is reason('/a', $old, $next, $of_rfc), '200 home',
   'the first of two cookies, if the other is expired';
like cookie('/a', $old, $old, $next), qr/\AURISigningPackage=[\w.-]+; /,
     'the second of two cookies is renewed';
is reason('/a', $old, $forged, $next), '401 token_expired',
   'not if the first of them is forged';
is reason('/a', $old, $old, $forged), '401 token_expired',
   'nor if the second one is';
is reason('/foo/bar/002.ts', $old, token($key, { exp => time - 9 }), $of_rfc),
   '200 home', 'the second of two cookies: without the expired token';
is reason("/a?URISigningPackage=$first&x=1&URISigningPackage=$other"),
   '401 token_conflict', 'two that differ elsewhere are a conflict';
is reason('/a', undef, $next, $of_rfc), '200 home',
   'of two cookies the first, that of the longer path';
is reason('/a', undef, $old, $next), '200 home',
   'the second, if the first has expired';
is reason('/a', undef, $old, $old, $next), '200 home', 'which is there twice';
is((ask('/a?b=1', undef, $old, $next))[2]{body}, '/a?b=1 ',
   'strip: none of them is passed upstream');
is next_token('/off/a', undef, $old, $next), '', 'off: none is renewed';
like cookie('/a', undef, $old, $next), qr/\AURI/, 'it is renewed again';
is reason('/a', undef, $old, $forged), '401 token_expired',
   'not if the second is forged';
is reason('/a', undef, $forged, $next), '401 token_signature',
   'nor if the first is';
is reason('/off/a', undef, token($key, { exp => time - 60 }), token($key)),
   '401 token_conflict', 'off: two cookies are a conflict';


# without renewal

is reason('/off/a', $first), '401 token_uri', 'off: a token to be renewed';
is reason('/off/a', undef, $next), '401 token_key', 'off: a renewed token';
is cookie('/a', token($key)), '', 'another token is not renewed';

for my $path ('/', '/off/') {
    my @none = ask($path, token($key, { cdniets => 30, cdnistt => 0 }));
    is "@none[0, 1]", '200 home ', "$path: cdnistt 0: no renewal";
}

my @bad = ({ cdnistt => 1 }, { cdniets => 30 }, { %renewed, cdnistt => 2 },
           { %renewed, cdnistt => -1 }, { %renewed, cdnistt => '1' },
           { %renewed, cdnistt => 1.5 }, { %renewed, cdniets => '30' },
           { %renewed, cdniets => -1 }, { %renewed, cdnistd => -1 },
           { %renewed, cdnistd => 1.5 }, { %renewed, cdnistd => '1' },
           { cdnistd => -1 }, { %renewed, jti => 'x' });

for my $bad (@bad) {
    is reason('/a', token($key, $bad)), '401 token_uri',
       'not valid: ' . JSON::PP->new->canonical->encode($bad);
}

is reason('/a', token($key, { %renewed, cdnicrit => 'cdniets,cdnistt' })),
   '200 home', 'critical';


# when there is no next token

is cookie('/gone/a', $first), '', 'an error of the upstream';
like cookie('/moved/a', $first), qr/\AURI/, 'a redirect has one';
is cookie('/a', token($key, { %renewed, sub => 'away' })), '', 'a denial';
is reason('/a', token($key, { %renewed, sub => 'away' })), '403 outside',
   'of a client that is outside';
like cookie('/watched/a', token($key, { %renewed, sub => 'away' })),
     qr/\AURI/, 'in mode monitor it has one';
is cookie('/watched/a', $forged), '', 'but a forged one has not';
is cookie('/a', token($key, { %renewed, cdniets => 0 })), '', 'no time';
is cookie('/a', token($key, { %renewed, cdniets => 0.9 })), '', 'no second';
is cookie('/a', token($key, { %renewed, x => 'y' x 2800 })), '', 'too long';
is reason('/a', token($key, { %renewed, x => 'y' x 2800 })), '200 home',
   'such a token is accepted';

# cdnistd: /a/b/c, of which the token is no part

for my $case ([0, '/'], [1, '/a'], [2, '/a/b'], [3, '/a/b/c'], [4, undef],
              [9007199254740993, undef])
{
    my ($depth, $path) = @$case;
    my ($got, $cookie) = ask('/a/b/c',
                             token($key, { %renewed, cdnistd => $depth }));

    is $cookie =~ /; Path=([^;]*);/ ? $1 : undef, $path, "cdnistd $depth";
    is $got, '200 home', "cdnistd $depth: accepted";
}

is cookie('/a;b/c', token($key, { %renewed, cdnistd => 1 })), '',
   'a path that a cookie cannot have';
like cookie('/a;b/c', token($key, { %renewed })), qr/ Path=\/;/,
     'which does not matter without cdnistd';


# max=: from the first token on

my $iat = time - 3570;
my $late = next_token('/a', token($key, { %renewed, iat => $iat,
                                          cdniets => 600 }));
is((decode($late, $edge))[0]{exp}, $iat + 3600, 'not after max=');
is cookie('/a', token($key, { %renewed, iat => time - 3600 })), '',
   'no more after max=';
is reason('/a', token($key, { %renewed, iat => time - 3600 })), '200 home',
   'the token itself is as the issuer says';

my $undated = next_token('/a', token($key, \%renewed));
my $dated = (decode($undated, $edge))[0]{iat};
# time() may be a few milliseconds behind the clock of nginx
ok $dated >= $began && $dated <= Time::HiRes::time(), 'iat is added';
is((decode(next_token('/a', undef, $undated), $edge))[0]{iat}, $dated,
   'and kept then');


# what may be renewed, and what is a renewed token

my $renews = { household_renews => $header->{household_renews} };
my $long = { %renewed, exp => time + 9999 };

is reason('/a', undef, token($edge, $long, $renews)), '200 home',
   'a token of an edge';
is reason('/a', undef, token($edge, $long)), '401 token_key',
   'one of no key of the issuer';
is reason('/a', undef, token($edge, $long,
                             { household_renews => '0' x 16 })),
   '401 token_key', 'one of an unknown key of the issuer';
is reason('/a', undef, token($edge_3, $long, $renews)), '401 token_key',
   'one of another secret';
is reason('/a', undef, token({ %$edge, key => $edge_3->{key} }, $long,
                             $renews)),
   '401 token_signature', 'one of another secret with the same kid';
is reason('/a', undef, token($key, $long, $renews)), '401 token_key',
   'one that the issuer signed';
is reason('/a', undef, token({ %$edge, alg => 'HS512',
                               key => $edge->{key} x 2 }, $long, $renews)),
   '401 token_algorithm', 'another algorithm';

for my $value (1, '', 'x' x 16, uc 'a' x 16, 'a' x 15, 'a' x 17, undef) {
    my $text = forge(
        { alg => 'HS256', kid => '1', household_renews => $value },
        claims($long), sub { Digest::SHA::hmac_sha256($_[0], $edge->{key}) });
    is reason('/a', undef, $text), '401 token_malformed',
       'household_renews ' . JSON::PP->new->allow_nonref->encode($value);
}

is reason('/second/a', undef, $next), '200 home', 'two secrets: the second';
is((decode(next_token('/second/a', undef, $next), $edge_2))[1]{kid}, 2,
   'but signed with the first');
is reason('/third/a', undef, $next), '401 token_key', 'a withdrawn secret';
is reason('/same-kid/a', undef, $next), '401 token_key',
   'where the issuer has another key, of the same kid';

my $nameless = next_token('/a', token($no_kid, \%renewed));
is reason('/a', undef, $nameless), '200 home', 'of a key without kid';
is reason('/same-kid/a', undef, $nameless), '401 token_key',
   'which is not there';

my $typed = next_token('/typ/a', token($key, \%renewed, { typ => 'at+jwt' }));
is reason('/typ/a', undef, $typed), '200 home', 'typ is kept';
is reason('/typ/a', undef, $next), '401 token_type', 'and checked';
is reason('/iss/a', undef, $next), '401 token_issuer', 'and so is iss';

my $issued = next_token('/iss/a', token($key, { %renewed,
                                                iss => 'https://id.example' }));
is reason('/iss/a', undef, $issued), '200 home', 'iss is kept';


# it is no way around a denial

$redis->cmd(HSET => 'household:{a}:account', revoked_before => time - 30);
becomes '401 revoked', 'revoked_before: its iat', '/a', undef, $next;
is cookie('/watched/a', undef, $next), '', 'which is not renewed, either';
$redis->cmd(DEL => 'household:{a}:account');
becomes '200 home', 'revoked no more', '/a', undef, $next;

$redis->cmd(HSET => 'household:denied', 'kid:k', time + 100);
becomes '401 token_denied', 'the deny list has the key of the issuer',
    '/a', undef, $next;

done_testing;

#!/usr/bin/perl

# Common Access Tokens of other implementations at the edge, and tokens of ours
# with them: @eyevinn/cat for claims, cose-js and cose-kit for signatures, and a
# token of Akamai's.  Each row has the verdict of the edge and that of the peer.

use strict;
use warnings;

use lib 't/lib';
use Crypt::Misc qw(decode_b64u encode_b64u);
use Digest::SHA qw(sha256);
use JSON::PP ();
use Test::Household::Cat;
use Test::Household::Nginx qw(http_config);
use Test::Household::Peers;
use Test::Household::Process qw(temp_dir slurp);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;

if (my $why = Test::Household::Peers::missing()) {
    plan skip_all => $why;
}

my $dir = temp_dir('peers');
my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', '127.0.0.1', '192.0.2.0/24', '::/0',
            '198.51.100.0/24');

my @algs = qw(HS256 HS384 HS512 ES256 ES384 ES512 PS256 PS384 PS512 EdDSA);
my %key = map { $_ => new_key($_) } @algs;
my $edge = new_key('HS256', kid => 'edge');
my $Iss = 'https://id.example.tv';

# the key of the examples in the README of @eyevinn/cat
my $Secret = '403697de87af64611c1d32a05dab0fe1fcb715a86ab435f1ec99192d79569388';
my $Akamai = { jwk => { kty => 'oct', kid => 'akamai_key_hs256',
                        k => encode_b64u(pack 'H*', $Secret) } };

put("$dir/all", jwks(values %key));
put("$dir/akamai", jwks($Akamai));
put("$dir/edge", jwks($edge));

my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address) . <<"EOC",
add_header X-Reason \$household_reason always;
add_header X-Cti \$household_claim_cti always;
household_store main;
household_token cat;
EOC
    server => <<"EOC");
location / {
    household on;
    household_token_key $dir/all format=cat issuer=$Iss;
    empty_gif;
}
location /edge/ {
    household on;
    household_token_key $dir/all format=cat issuer=$Iss audience=edge;
    empty_gif;
}
location /film/ {
    household on;
    household_token_key $dir/all format=cat issuer=$Iss;
    household_token_renew $dir/edge;
    add_header X-Next \$household_token_header_x_token;
    empty_gif;
}
location /akamai {
    household on;
    household_token_key $dir/akamai format=cat;
    empty_gif;
}
EOC

sub ask {
    my ($token, %row) = @_;
    my $conn = $nginx->connect;

    $conn->send_request($row{method} || 'GET', $row{uri} || '/a.ts',
        Host => $row{host} || 'localhost', Connection => 'close',
        'CTA-Common-Access-Token' => $token,
        'X-Forwarded-For' => $row{address} || '127.0.0.1');

    my $r = $conn->response;
    return "$r->{status} $r->{headers}{'x-reason'}";
}

# a token with another last byte of its signature, or of its MAC
sub changed {
    my $bytes = decode_b64u($_[0]);
    return encode_b64u($bytes ^ "\0" x (length($bytes) - 1) . "\1");
}

sub jwk {
    my ($key, $side) = @_;
    my $pk = $key->{key};
    my $jwk = ref $pk && $side eq 'private'
              ? $pk->export_key_jwk('private', 1) : $key->{jwk};

    return { %$jwk, kid => $key->{jwk}{kid}, alg => $key->{alg} };
}


# --- signatures -----------------------------------------------------------

# cose-js has no EdDSA
my @pairs = map { my $alg = $_; map { [$_, $alg] }
                  $alg eq 'EdDSA' ? 'cose-kit' : ('cose-js', 'cose-kit') } @algs;
my $payload = cbor({ 1 => $Iss, 2 => 'a', 4 => time + 3600 });

my @minted = Test::Household::Peers::run(map {
    ["$_->[0] mint", { jwk => jwk($key{$_->[1]}, 'private'),
                       payload => unpack 'H*', $payload }] } @pairs);

my %ours = map { $_ => cat($key{$_}, { 1 => $Iss }) } @algs;
my @verified = Test::Household::Peers::run(map {
    my ($peer, $alg) = @$_;
    my $jwk = jwk($key{$alg}, 'public');

    (["$peer verify", { jwk => $jwk, token => $ours{$alg} }],
     ["$peer verify", { jwk => $jwk, token => changed($ours{$alg}) }])
} @pairs);

for (@pairs) {
    my ($peer, $alg) = @$_;
    my $token = shift @minted;
    my ($good, $bad) = splice @verified, 0, 2;

    is ask($token), '200 home', "$alg by $peer";
    is ask(changed($token)), '401 token_signature', "$alg by $peer, changed";
    like $good, qr/^a[2-4]01.*026161/, "$alg of ours with $peer";
    like $bad, qr/^error:/, "$alg of ours, changed, with $peer";
}


# --- claims ---------------------------------------------------------------

my $jwk = $key{HS256}{jwk};

# name, claims, verdict of the edge, and of the peer if it is another one; what
# is requested
sub row {
    my ($name, $claims, $edge, @more) = @_;
    my $peer = @more % 2 ? shift @more : $edge eq 'home';

    return { name => $name, edge => $edge, peer => $peer, uri => '/a.ts',
             claims => { iss => $Iss, sub => 'a', exp => time + 3600,
                         %$claims }, @more };
}

sub part {
    my ($part, $kind, $value, @more) = @_;
    my $text = ref $value ? $value->[0] : $value;

    return row("catu, $part, $kind $text",
               { catu => { $part => { "$kind-match" => $value } } }, @more);
}

my $film = '/a/b.c/film.ts?x=1&y=2';
my @uri = (uri => $film, host => 'tv.example');
my $sha256 = unpack 'H*', sha256('/film');

my @rows = (
    row('no more claims', {}, 'home'),
    row('exp', { exp => time - 60 }, 'token_expired'),
    row('nbf', { nbf => time + 600 }, 'token_not_yet'),
    row('nbf before', { nbf => time - 600, iat => time - 600 }, 'home'),
    row('iss', { iss => 'https://x.example' }, 'token_issuer'),
    row('aud', { aud => 'edge' }, 'home', uri => '/edge/a'),
    row('aud, one of several', { aud => ['x', 'edge'] }, 'home',
        uri => '/edge/a'),
    row('aud, another', { aud => 'x' }, 'token_audience', uri => '/edge/a'),
    row('aud, none', {}, 'token_audience', 1, uri => '/edge/a'),

    part('host', exact => 'tv.example', 'home', @uri),
    part('host', suffix => '.example', 'home', @uri),
    part('host', exact => 'TV.example', 'home', 0, @uri),
    part('host', exact => 'x.example', 'token_uri', @uri),
    part('port', exact => '', 'home', @uri),
    part('port', exact => '8080', 'home', uri => $film,
         host => 'tv.example:8080'),
    part('port', exact => '8080', 'token_uri', @uri),
    part('scheme', exact => 'http', 'home', 0, @uri),
    part('path', exact => '/a/b.c/film.ts', 'home', @uri),
    part('path', exact => '/a/b.c/film', 'token_uri', @uri),
    part('path', prefix => '/a/', 'home', @uri),
    part('path', prefix => '/b/', 'token_uri', @uri),
    part('path', suffix => '.ts', 'home', @uri),
    part('path', suffix => '.mp4', 'token_uri', @uri),
    part('path', contains => '/b.c/', 'home', @uri),
    part('path', contains => '/c/', 'token_uri', @uri),
    part('path', regex => ['^/a/.*[.]ts$'], 'home', @uri),
    part('path', regex => ['b.c'], 'home', @uri),
    part('path', regex => ['^b.c'], 'token_uri', @uri),
    part('path', regex => ['FILM', 'i'], 'token_unsupported', 1, @uri),
    part('query', exact => 'x=1&y=2', 'home', @uri),
    part('query', exact => 'y=2&x=1', 'token_uri', 1, @uri),
    part('query', exact => 'x=1', 'token_uri', @uri),
    part('parent-path', exact => '/a/b.c', 'home', @uri),
    part('parent-path', exact => '/a/b.c/', 'token_uri', @uri),
    part('parent-path', exact => '/', 'home', 0),
    part('filename', exact => 'film.ts', 'home', @uri),
    part('filename', exact => 'film', 'token_uri', @uri),
    part('stem', exact => 'film', 'home', @uri),
    part('stem', exact => 'film.ts', 'token_uri', @uri),
    part('stem', exact => 'a.tar', 'home', 0, uri => '/a.tar.ts'),
    part('extension', exact => '.ts', 'home', @uri),
    part('extension', exact => 'ts', 'token_uri', @uri),
    part('extension', exact => '.tar.ts', 'token_uri', 1, uri => '/a.tar.ts'),
    part('path', sha256 => $sha256, 'token_claim', 1, uri => '/film'),
    row('catu, two conditions on a part', { catu => { path => {
        'prefix-match' => '/a', 'suffix-match' => '.mp4' } } },
        'token_uri', 1),
    row('catu, two parts', { catu => { path => { 'prefix-match' => '/a' },
        extension => { 'exact-match' => '.mp4' } } }, 'token_uri'),

    row('catm', { catm => ['GET', 'HEAD'] }, 'home'),
    row('catm, HEAD', { catm => ['GET', 'HEAD'] }, 'home', method => 'HEAD'),
    row('catm, another', { catm => ['PUT'] }, 'token_method'),

    row('catnip, an address', { catnip => ['192.0.2.7'] }, 'home',
        address => '192.0.2.7'),
    row('catnip, another address', { catnip => ['192.0.2.7'] },
        'token_network', address => '192.0.2.8'),
    row('catnip, a network', { catnip => ['198.51.100.0/24', '192.0.2.0/25'] },
        'home', address => '192.0.2.127'),
    row('catnip, beside a network', { catnip => ['192.0.2.0/25'] },
        'token_network', address => '192.0.2.128'),
    row('catnip, IPv6', { catnip => ['2001:db8::/33'] }, 'home',
        address => '2001:db8:7fff::1'),
    row('catnip, beside it', { catnip => ['2001:db8::/33'] }, 'token_network',
        address => '2001:db8:8000::1'),
    row('catnip, of the other family', { catnip => ['2001:db8::/32'] },
        'token_network', address => '192.0.2.7'),
    row('catnip, bits after the prefix', { catnip => ['192.0.2.7/24'] },
        'token_claim', 1, address => '192.0.2.8'),
    row('catnip, an autonomous system', { catnip => [64496, '192.0.2.7'] },
        'token_unsupported', 1, address => '192.0.2.7'),

    row('catv 1', { catv => 1 }, 'home'),
    row('catv 2', { catv => 2 }, 'token_unsupported', 1),
    row('catreplay 0', { catreplay => 0 }, 'home'),
    row('catreplay 1', { catreplay => 1 }, 'token_unsupported', 1),
    row('cath', { cath => { 'X-Player' => { 'exact-match' => 'tv' } } },
        'token_header', 1),
    row('catpor', { catpor => [1, 2] }, 'token_unsupported', 1),
    row('catgeocoord', { catgeocoord => [1, 2, 3] }, 'token_unsupported', 1),
    row('cattpk', { cattpk => '0b71' }, 'token_unsupported', 1),
    row('catr', { catr => { type => 'header', expadd => 60 } }, 'home'),
);

my @tokens = Test::Household::Peers::run(map {
    ['eyevinn mint', { jwk => $jwk, claims => $_->{claims} }] } @rows);

my @verdicts = Test::Household::Peers::run(map {
    my $row = $rows[$_];
    [$row->{address} ? 'eyevinn address' : 'eyevinn request',
     { jwk => $jwk, token => $tokens[$_], issuer => $Iss,
       audience => ['edge'], host => $row->{host} || 'localhost',
       map { $_ => $row->{$_} } qw(uri method address) }]
} 0 .. $#rows);

for my $row (@rows) {
    my $token = shift @tokens;
    my $verdict = shift @verdicts;
    my $status = $row->{edge} eq 'home' ? 200 : 401;

    is ask($token, %$row), "$status $row->{edge}", "$row->{name}: at the edge";
    like $verdict, $row->{peer} ? qr/^(200$|accepted$)/ : qr/^(401$|rejected$)/,
        "$row->{name}: by the peer";
}

# ours with the peer: what is in the token is what was put there, and so in the
# one that the edge makes of it
my $began = time;
my $iat = $began - 60;
my $ours = cat($key{HS256}, { 1 => $Iss, 6 => $iat, 7 => cbytes("\x0b\x71"),
    310 => 1, 308 => 0, 313 => ['GET'],
    312 => { 3 => { 1 => '/film/' }, 8 => { 0 => '.ts' } },
    311 => [ctag(52, [24, cbytes("\xc0\0\2\0")])],
    323 => { 0 => 2, 1 => 600, 2 => 9999, 4 => 'X-Token' } });
my $renewed = $nginx->get('/film/1.ts', 'CTA-Common-Access-Token' => $ours,
    'X-Forwarded-For' => '192.0.2.7')->{headers}{'x-next'};

sub claims_of {
    my ($by, $token) = @_;

    return ['eyevinn claims', { jwk => $by->{jwk}, issuer => $Iss,
        address => '192.0.2.7', url => 'https://tv.example/film/1.ts',
        token => $token }];
}

my ($claims, $next, $forged, $payload_of, $other, $text)
    = Test::Household::Peers::run(
    claims_of($key{HS256}, $ours), claims_of($edge, $renewed),
    claims_of($edge, changed($renewed)),
    ['cose-js verify', { jwk => jwk($edge, 'public'), token => $renewed }],
    ['eyevinn claims', { jwk => $jwk, issuer => $Iss,
        url => 'https://tv.example/', token => changed($ours{HS256}) }],
    ['eyevinn mint', { jwk => $jwk, untagged => 1,
        claims => { sub => 'a', exp => time + 3600, cti => '0b71' } }]);

my %claims = (iss => $Iss, sub => 'a', exp => 0, iat => $iat, cti => '0b71',
    catv => 1, catreplay => 0, catm => ['GET'], catnip => ['192.0.2.0/24'],
    catu => { path => { 'prefix-match' => '/film/' },
              extension => { 'exact-match' => '.ts' } },
    catr => { type => 'header', expadd => 600, deadline => 9999,
              'header-name' => 'X-Token' });
my $read = JSON::PP::decode_json($next);

is_deeply { %{ JSON::PP::decode_json($claims) }, exp => 0 }, \%claims,
    'claims of ours by the peer';
is_deeply { %$read, exp => 0 }, \%claims, 'a renewed token by the peer';
ok $read->{exp} >= $began + 600 && $read->{exp} <= time + 600,
   'but for its time';
like $forged, qr/^error:/, 'renewed, changed, by the peer';
like $payload_of, qr/^a[\da-f]{100}/, 'renewed, by cose-js';
like $other, qr/^error:/, 'ours, changed, by the peer';
is ask($text), '401 token_malformed',
    'claims in hex, as the peer writes them without its tag';


# "catif": the response to a token that is over
my %over = (iss => $Iss, sub => 'a', exp => time - 60);
my $login = 'https://id.example.tv/login?t=';
my @catif = map { { %over, catif => { exp => [307, $_, 'HS256'] } } }
    { Location => $login, 'X-Why' => 'over' },
    { Location => [$login, { catu => { host => { 'exact-match' => 'x' } } }] };

my @over = Test::Household::Peers::run(map {
    ['eyevinn mint', { jwk => $jwk, claims => $_ }] } @catif);
my @wanted = Test::Household::Peers::run(map {
    ['eyevinn request', { jwk => $jwk, token => $_, issuer => $Iss,
      host => 'localhost', uri => '/a.ts' }] } @over);
my @responses = map {
    my $r = $nginx->get('/a.ts', 'CTA-Common-Access-Token' => $_);
    join "\n", $r->{status}, map { "$_: $r->{headers}{$_}" }
        grep { $r->{headers}{$_} } qw(location x-why);
} @over;

is $responses[0], $wanted[0], 'catif: the same status and fields';
is $responses[0], "307\nlocation: $login\nx-why: over", 'which are these';
like $wanted[1], qr/^307\nlocation: \Q$login\E\w{20}/,
    'catif: the peer makes a new token';
is $responses[1], '401', 'and the edge does not';


# --- Akamai's -------------------------------------------------------------

my ($akamai) = slurp(Test::Household::Peers::file('@eyevinn/cat/readme.md'))
    =~ /CTA-Common-Access-Token: (\S+)'/;

is ask($akamai, uri => '/akamai'), '401 token_expired', 'a token of Akamai';
is ask(changed($akamai), uri => '/akamai'), '401 token_signature',
    'changed';

done_testing();

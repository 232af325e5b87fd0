#!/usr/bin/perl

# Common Access Tokens (CTA-5007), minted by another implementation: where they
# may be, whose keys count, what each claim is compared with, and tokens of
# both formats side by side.

use strict;
use warnings;

use lib 't/lib';
use Crypt::Misc qw(decode_b64u);
use Test::Household::Cat;
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(temp_dir slurp wait_until);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;

my $dir = temp_dir('cat');
my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => "household:{$_}", '127.0.0.1', '192.0.2.0/24',
            '203.0.113.0/24') for qw(a b revoked martin);
$redis->cmd(HSET => 'household:{revoked}:account', revoked_before => 1000);

my @algs = qw(HS256 HS384 HS512 ES256 ES384 ES512 PS256 PS384 PS512 EdDSA);
my %key = map { $_ => new_key($_) } @algs;
my %one = (one => new_key('ES256', kid => 'k'),
           two => new_key('ES256', kid => 'k'));

put("$dir/all", jwks(values %key));
put("$dir/one", jwks($one{one}));
put("$dir/two", jwks($one{two}));
put("$dir/jwt", jwks($key{ES256}));

# a COSE_KeySet of these keys, with odd ones among them
sub cose_key {
    my ($key) = @_;
    my %jwk = map { $_ => cbytes(decode_b64u($key->{jwk}{$_})) }
              grep { $key->{jwk}{$_} } qw(k n e x y);
    my $kty = { oct => 4, RSA => 3, EC => 2, OKP => 1 }->{$key->{jwk}{kty}};
    my $crv = { ES256 => 1, ES384 => 2, ES512 => 3, EdDSA => 6 };

    return { 1 => $kty, 2 => cbytes($key->{jwk}{kid}),
             $kty == 4 ? (-1 => $jwk{k})
             : $kty == 3 ? (-1 => $jwk{n}, -2 => $jwk{e})
             : (-1 => $crv->{$key->{alg}}, -2 => $jwk{x},
                $kty == 2 ? (-3 => $jwk{y}) : ()) };
}

put("$dir/cose", cbor([7, { 1 => 99, 2 => cbytes('odd') },
                       map { cose_key($_) } values %key]));

# FR 203.0.113.0/24, if the module that writes such files is there
my $geo = eval { require MaxMind::DB::Writer::Tree; 1 };

if ($geo) {
    my $tree = MaxMind::DB::Writer::Tree->new(
        ip_version => 4, record_size => 24, database_type => 'Test-Country',
        languages => ['en'], description => { en => 'made by a test' },
        map_key_type_callback => sub {
            $_[0] eq 'country' ? 'map' : 'utf8_string' },
        remove_reserved_networks => 0);

    $tree->insert_network('203.0.113.0/24', { country => {
        iso_code => 'FR' } });
    open my $out, '>:raw', "$dir/geo" or die;
    $tree->write_tree($out);
    close $out;
}

# a key and a program that makes a token
my $page = slurp('docs/cat.md');
put("$dir/mint", $page =~ /```perl\n# mint\n(.*?)```/s);
put("$dir/k1", $page =~ /Its key file:\s+```json\n(.*?)```/s);

sub place {
    my ($path, $text) = @_;
    my $mode = $text =~ /household monitor;/ ? '' : 'household on; ';

    return "location $path { ${mode}household_store main"
        . " zone=households;\n$text\nempty_gif; }\n";
}

my $cat = "household_token_key $dir/all format=cat;";
my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m') . <<"EOC",
add_header X-Status \$household_status always;
add_header X-Reason \$household_reason always;
add_header X-Account \$household_account always;
add_header X-Device \$household_device always;
add_header X-Plan \$household_claim_plan always;
add_header X-Level \$household_claim__70001 always;
add_header X-Cti \$household_claim_cti always;
add_header X-Renewal \$household_claim_catr_type always;
add_header X-Expadd \$household_claim_catr_expadd always;
add_header X-Name \$household_claim_catr_header_name always;
@{[$geo ? "household_geoip $dir/geo;" : '']}
EOC
    server => join('',
    place('/plain', "household_token bearer; $cat"),
    place('/film/', "household_token cat strip; $cat"),
    place('/claims', "household_token cat; $cat
        household_token_claims account=-70000 device=device;"),
    place('/two', "household_token cat;
        household_token_key $dir/one format=cat issuer=https://one.example
            audience=edge audience=tv type=cwt;
        household_token_key $dir/two format=cat issuer=https://two.example;"),
    place('/both', "household_token bearer cat; $cat
        household_token_key $dir/jwt format=jwt;
        location /both/none { empty_gif; }
        location /both/cat { $cat empty_gif; }"),
    place('/cose', "household_token cat bearer;
        household_token_key $dir/cose format=cat;
        household_token_key $dir/cose;"),
    place('/docs', "household_token cat;
        household_token_key $dir/k1 format=cat;"),
    place('/any/', "household_token cat; $cat satisfy any;"),
    place('/watched/', "household monitor; household_token cat; $cat"),
    place('/page/', "household_token cat; $cat
        error_page 405 = /own-page;"),
    'location = /own-page { return 200 "a page"; }',
    place('/posted/', "household_token cat; $cat
        error_page 405 = /film/a.ts;"),
    'location /open/ { empty_gif; error_page 405 = /film/a.ts; }',
    place('/jwt', "household_token bearer cat;
        household_token_key $dir/jwt;"),
    place('/early/', "household_token cat; $cat
        set \$early \$household_claim_plan;
        add_header X-Reason \$household_reason always;
        add_header X-Early \$early;"),
    <<"EOC"));
location /up/ {
    household on;
    household_store main zone=households;
    household_token cat strip;
    $cat
    proxy_pass http://127.0.0.1:\$server_port/seen\$uri\$is_args\$args;
}
location /seen/ {
    return 200 "\$request_uri \$http_cta_common_access_token \$http_cookie";
}
location ~ ^/path/(?<carried>[\\w-]+)(?<rest>/.*)\$ {
    household on;
    household_store main zone=households;
    household_token \$carried;
    $cat
    add_header X-Rest \$rest always;
    empty_gif;
}
location /metrics { household_metrics zone=households; }
EOC

my $H = 'CTA-Common-Access-Token';

sub ask {
    my ($path, @headers) = @_;
    my $r = $nginx->get($path, @headers);
    my $h = $r->{headers};
    return join ' ', $r->{status}, map { $h->{$_} // '-' } 'x-reason',
        'x-account';
}

sub accepted {
    my ($name, $token, @headers) = @_;
    is ask('/film/a.ts', $H => $token, @headers), '200 home a', $name;
    is ask('/film/a.ts', $H => $token, @headers), '200 home a',
        "$name, from the cache";
}

sub refused {
    my ($name, $token, $reason, @headers) = @_;
    is ask('/film/a.ts', $H => $token, @headers), "401 $reason -",
        "$name: $reason";
}

my $key = $key{HS256};


# --- algorithms, keys, times ----------------------------------------------

for my $alg (@algs) {
    accepted($alg, cat($key{$alg}));
    accepted("$alg without a kid", cat($key{$alg}, {}, unprotected => {}));
    accepted("$alg without a tag", cat($key{$alg}, {}, tags => []));
    refused("$alg, forged", cat(new_key($alg)), 'token_signature');
}

for my $alg (@algs) {
    is ask('/cose', $H => cat($key{$alg})), '200 home a',
        "$alg, a COSE key";
    is ask('/cose', $H => cat(new_key($alg))), '401 token_signature -',
        "$alg, another one of its kid";
}

is ask('/cose', Authorization => 'Bearer ' . token($key{ES256})),
    '200 home a', 'a JWT by a COSE key';

refused('nothing', '', 'token_missing');
refused('no token at all', 'abc', 'token_malformed');
refused('padded', cat($key) . '=', 'token_malformed');
refused('the tag of another kind', cat($key, {}, tags => [18]),
        'token_algorithm');
refused('another kid', cat($key, {}, unprotected => { 4 => cbytes('x') }),
        'token_key');
refused('over', cat($key, { 4 => time - 60 }), 'token_expired');
refused('to come', cat($key, { 5 => time + 3600 }), 'token_not_yet');
refused('without exp', cat($key, { 4 => undef }), 'token_claim');
refused('without an account', cat($key, { 2 => undef }), 'token_claim');
refused('too long', cat($key, { plan => 'x' x 4096 }), 'token_malformed');

is ask('/film/a.ts', $H => cat($key, { 2 => 'revoked', 6 => 1000 })),
    '200 home revoked', 'issued in time';
is ask('/film/a.ts', $H => cat($key, { 2 => 'revoked', 6 => 999 })),
    '401 revoked revoked', 'issued before revoked_before';


# the deny list: of a token that is allowed while no list is known
$redis->cmd(HSET => 'household:denied', 'jti:AP8Q', 0);
$redis->cmd(HSET => 'household:denied', 'kid:PS512', 0);
my $denied = cat($key, { 7 => cbytes("\0\xff\x10") });

wait_until { ask('/film/a.ts', $H => $denied) eq '401 token_denied a' };
is ask('/film/a.ts', $H => $denied), '401 token_denied a', 'denied by its cti';
is ask('/film/a.ts', $H => cat($key{PS512})), '401 token_denied a',
    'denied by its key';
is ask('/film/a.ts', $H => cat($key, { 7 => cbytes("\0\xff\x11") })),
    '200 home a', 'another cti';


# --- sources --------------------------------------------------------------

my $good = cat($key);
my $other = cat($key, { 2 => 'b' });

is ask('/plain', Authorization => "Bearer $good"), '200 home a', 'bearer';
is ask('/plain', $H => $good), '401 token_missing -', 'only where configured';
is ask('/film/a.ts', Cookie => "x=y; $H=$good; z=1"), '200 home a', 'a cookie';
is ask("/film/a.ts?x=1&CAT=$good"), '200 home a', 'a query argument';
is ask("/film/a.ts?CAT=$good", $H => $good, Cookie => "$H=$good"),
    '200 home a', 'one token everywhere';
is ask("/film/a.ts?CAT=$other", $H => $good), '401 token_conflict -',
    'two tokens';

my @sent = ($H => $good, Cookie => "a=b; $H=$good; c=d");
my $seen = $nginx->get("/up/x?y=1&CAT=$good&z=2", @sent)->{body};
is $seen, '/seen/up/x?y=1&z=2  a=b; c=d', 'strip takes it out of all of them';

$seen = $nginx->get("/path/$good/x/y");
is "$seen->{status} $seen->{headers}{'x-rest'}", '200 /x/y', 'in the path, by a location';
my $within = cat($key, { 312 => { 3 => { 0 => '/path/x/y' } } });
is $nginx->get("/path/$within/x/y")->{status}, 200,
    'where it is no part of the path';
is $nginx->get("/path/$within/x/z")->{status}, 401, 'and the rest is';


# --- accounts, devices, variables -----------------------------------------

my $r = $nginx->get('/claims', $H => cat($key, { 2 => 'x', -70000 => 'a',
    device => 'tv', plan => 'gold', -70001 => 7, 7 => cbytes("\0\xff\x11"),
    323 => { 0 => 2, 1 => 3600, 4 => 'X-Token' } }));
is join(' ', $r->{status}, map { $r->{headers}{$_} // '-' } map { "x-$_" }
        qw(account device plan level cti renewal expadd name)),
    '200 a tv gold 7 AP8R header 3600 X-Token', 'claims by number and by name';

refused('a claim that nothing reads', cat($key, { email => 'x' }),
        'token_unsupported');
accepted('unless it is not critical', cat($key, { email => 'x',
         45 => [2, 4] }));
refused('but that is', cat($key, { email => 'x', 45 => ['email'] }),
        'token_unsupported');


# --- issuers --------------------------------------------------------------

for my $row (
    ['one', one => { 3 => 'edge' }, '200 home a'],
    ['one of several', one => { 3 => ['x', 'tv'] }, '200 home a'],
    ['for others', one => { 3 => 'else' }, '401 token_audience -'],
    ['for nobody', one => {}, '401 token_audience -'],
    ['two', two => {}, '200 home a'],
    ['two for one', two => { 1 => 'https://one.example', 3 => 'edge' },
     '401 token_signature -'],
    ['one for two', one => { 1 => 'https://two.example' },
     '401 token_signature -'],
    ['of nobody', one => { 1 => undef }, '401 token_issuer -'],
    ['of another', one => { 1 => 'https://x.example' },
     '401 token_issuer -'],
) {
    my ($name, $by, $claims, $expected) = @$row;
    my $token = cat($one{$by}, { 1 => "https://$by.example", %$claims },
                    unprotected => { 4 => cbytes('k'), 16 => 61 });
    is ask('/two', $H => $token), $expected, $name;
}

is ask('/two', $H => cat($one{one}, { 1 => 'https://one.example',
    3 => 'edge' })), '401 token_type -', 'of no type';


# --- claims that are compared with the request ----------------------------

my $host = 'localhost';

for my $row (
    ['catu, the path', { 312 => { 3 => { 1 => '/film/' } } }, ''],
    ['catu, another path', { 312 => { 3 => { 1 => '/series/' } } },
     'token_uri'],
    ['catu, all of it', { 312 => { 0 => { 0 => 'http' },
      1 => { 0 => $host }, 2 => { 0 => '' },
      3 => { 4 => ['^/film/[a-z]+\.(ts|mp4)$'] },
      4 => { 0 => '' }, 5 => { 0 => '/film' }, 6 => { 0 => 'a.ts' },
      7 => { 0 => 'a' }, 8 => { 0 => '.ts' } } }, ''],
    ['catu, another host', { 312 => { 1 => { 0 => 'tv.example' } } },
     'token_uri'],
    ['catu, a part that is not known', { 312 => { 9 => {} } },
     'token_unsupported'],
    ['catm', { 313 => ['GET'] }, ''],
    ['catm, another', { 313 => ['HEAD'] }, 'token_method'],
    ['cath', { 315 => { 'X-Player' => { 1 => 'tv' } } }, '',
     'x-player' => 'tv/1'],
    ['cath, another', { 315 => { 'X-Player' => { 1 => 'tv' } } },
     'token_header', 'X-Player' => 'pc/1'],
    ['cath, twice', { 315 => { 'X-Player' => { 1 => 'tv' } } },
     'token_header', 'X-Player' => 'tv/1', 'X-Player' => 'tv/1'],
    ['cath, none', { 315 => { 'X-Player' => { 1 => 'tv' } } },
     'token_header'],
    ['catalpn without TLS', { 314 => ['http/1.1'] }, 'token_protocol'],
    ['catnip', { 311 => [ctag(52, [24, cbytes("\xc0\0\2")])] }, '',
     'X-Forwarded-For' => '192.0.2.7'],
    ['catnip, an address', { 311 => [ctag(52, cbytes("\xc0\0\2\7"))] }, '',
     'X-Forwarded-For' => '192.0.2.7'],
    ['catnip, elsewhere', { 311 => [ctag(52, [24, cbytes("\xc0\0\2")])] },
     'token_network', 'X-Forwarded-For' => '203.0.113.7'],
    ['catnip, an autonomous system', { 311 => [64496] },
     'token_unsupported'],
    ['or', { 41 => [{ 313 => ['PUT'] }, { 313 => ['GET'] }] }, ''],
    ['or, none', { 41 => [{ 313 => ['PUT'] }] }, 'token_condition'],
    ['nor', { 42 => [{ 312 => { 3 => { 1 => '/series/' } } }] }, ''],
    ['nor, one', { 42 => [{ 312 => { 3 => { 1 => '/film/' } } }] },
     'token_condition'],
    ['and', { 43 => [{ 313 => ['GET'] }, { 42 => [{ 313 => ['PUT'] }] }] },
     ''],
    ['catv', { 310 => 1 }, ''],
    ['catv, another', { 310 => 2 }, 'token_unsupported'],
    ['catreplay, permitted', { 308 => 0 }, ''],
    ['catreplay, prohibited', { 308 => 1 }, 'token_unsupported'],
    ['catr', { 323 => { 0 => 1, 1 => 60 } }, ''],
    (map { ["claim $_", { $_ => 1 }, 'token_unsupported'] }
     8, 44, 282, 309, 317, 318, 319, 320, 321, 324, 325),
) {
    my ($name, $claims, $reason, @headers) = @$row;
    my $token = cat($key, $claims);

    $reason ? refused($name, $token, $reason, @headers)
            : accepted($name, $token, @headers);
}

# a token that is known is compared with each request
my $film = cat($key, { 312 => { 8 => { 0 => '.ts' } } });
is ask('/film/a.ts', $H => $film), '200 home a', 'a film';
is ask('/film/a.mp4', $H => $film), '401 token_uri -', 'another one';
is ask('/film/b.ts?x', $H => $film), '200 home a', 'and a third';

# and so is one on a connection that is kept, however often it comes
my $kept = $nginx->connect;
my @kept = map { "$_->{status} $_->{headers}{'x-reason'}" }
           map { $kept->get($_, $H => $film) }
           ('/film/a.ts') x 3, '/film/a.mp4', '/film/a.ts', '/film/a.mp4';
is "@kept", '200 home 200 home 200 home 401 token_uri 200 home 401 token_uri',
    'on one connection';

# catm is of the client's method, of which nginx makes GET for another location
for my $row (['/posted/a.gif', 'POST', '200 home'],
             ['/posted/a.gif', 'GET', '401 token_method'],
             ['/open/a.gif', 'POST', '200 home'],
             ['/open/a.gif', 'GET', '401 token_method'])
{
    my ($path, $method, $expected) = @$row;
    my $post = $nginx->connect;

    $post->send_request('POST', $path, Host => 'localhost',
                        Connection => 'close',
                        $H => cat($key, { 313 => [$method] }));
    my $r = $post->response;
    is "$r->{status} $r->{headers}{'x-reason'}", $expected,
        "catm $method, a POST that is passed on from $path";
}

SKIP: {
    skip 'libmaxmind-db-writer-perl is not installed', 4 if !$geo;
    my $french = cat($key, { 316 => ['DE', 'FR'] });
    my @fr = ('X-Forwarded-For' => '203.0.113.7');

    accepted('catgeoiso3166', $french, @fr);
    refused('catgeoiso3166, elsewhere', cat($key, { 316 => ['DE'] }),
            'token_country', @fr);
    refused('catgeoiso3166, not known', $french, 'token_country');
}


# --- the response that a token wants (catif) -------------------------------

sub answer {
    my ($path, $claims, @fields) = @_;
    my $token = ref $claims ? cat($key, $claims) : $claims;
    my $r = $nginx->get($path, $H => $token);
    my $h = $r->{headers};

    return join ' ', $r->{status}, map { $h->{$_} // '-' } 'x-reason', @fields;
}

my $login = 'https://id.example.tv/login?back=film';
my %over = (4 => time - 60, 322 => { 4 => [302, { Location => $login,
    'X-Why' => 'over', 'Set-Cookie' => 'cat=; Max-Age=0' }] });

is answer('/film/a.ts', \%over, qw(location x-why set-cookie cache-control
          www-authenticate)),
    "302 token_expired $login over cat=; Max-Age=0 no-store -",
    'catif: a token that is over goes to the login';
is answer('/film/a.ts', { %over, 4 => time + 60, 5 => time + 600 }, 'location'),
    '401 token_not_yet -', 'catif: but for another claim';
is answer('/film/a.ts', { 4 => time - 60, 322 => { 4 => [307, {
          Location => '/login' }] } }, 'location'),
    "307 token_expired http://localhost:$nginx->{port}/login",
    'catif: a path';
is answer('/film/a.ts', { 322 => { 313 => [405, { Allow => 'PUT' }] },
          313 => ['PUT'] }, qw(allow www-authenticate)),
    '405 token_method PUT -', 'catif: another method';
is answer('/film/a.ts', { 322 => { 313 => [401, { 'X-Why' => 'method' }] },
          313 => ['PUT'] }, qw(x-why www-authenticate)),
    '401 token_method method Bearer error="invalid_token"',
    'catif: 401 has its challenge';
is answer('/film/a.ts', { 322 => { 313 => [307, { Location => ['/?t=', {}] },
          'k'] }, 313 => ['PUT'] }, 'location'),
    '401 token_method -', 'catif: no new token';
is answer('/film/a.ts', { 322 => { 313 => [405, { Connection => 'x' }] },
          313 => ['PUT'] }), '401 token_method', 'catif: no field of nginx';
is answer('/film/a.ts', { 322 => { 313 => [200, {}] } }), '401 token_claim',
    'catif: no success';
is answer('/film/a.ts', { 322 => { 4 => [307, { 'X-A' => ctext("a\r\nB: c") }]
          } }), '401 token_claim', 'catif: no other field in a field';

my $forged = cat(new_key('HS256'), \%over);
is answer('/film/a.ts', $forged, 'location'), '401 token_signature -',
    'catif: not of a forged token';

my $some = cat($key, { 312 => { 3 => { 1 => '/film/a' } },
                       322 => { 312 => [404, { 'X-Why' => 'uri' }] } });
is answer('/film/a.ts', $some), '200 home', 'catif: a token that is valid';
is answer('/film/b.ts', $some, 'x-why'), '404 token_uri uri',
    'catif: the same one, from the cache, for another request';
is answer('/any/a.ts', \%over, 'location'), '401 token_expired -',
    'catif: "satisfy any" knows 401 and 403 only';
is answer('/watched/a.ts', \%over, 'location'), '200 token_expired -',
    'catif: monitor rejects nothing';
is $nginx->get('/page/a', $H => cat($key, { 313 => ['PUT'],
    322 => { 313 => [405, {}] } }))->{body}, 'a page', 'catif: an error page';

is answer('/early/a.ts', { plan => 'gold' }, 'x-early'), '200 home gold',
    'a claim before the access phase';
is answer('/early/a.ts', \%over, qw(location x-why)),
    "302 token_expired $login over", 'catif: a claim of a rejected token';


# --- both formats ---------------------------------------------------------

my @jwt = (Authorization => 'Bearer ' . token($key{ES256}));

is ask('/both', @jwt), '200 home a', 'a JWT';
is ask('/both', $H => $good), '200 home a', 'and a CAT';
is ask('/both', $H => cat($key{ES256})), '200 home a', 'of the same key';
is ask('/both', @jwt, $H => $good), '401 token_conflict -', 'but not both';
is ask('/both/none', @jwt), '200 home a', 'keys of both are inherited';
is ask('/both/none', $H => $good), '200 home a', 'as one';
is ask('/both/cat', @jwt), '401 token_issuer -', 'by a level that has none';
is ask('/film/a.ts', $H => token($key{ES256})), '401 token_issuer -',
    'no JWT where there are keys of the other format only';
is ask('/jwt', @jwt), '200 home a', 'a JWT where there are no other keys';
is ask('/jwt', $H => cat($key{ES256})), '401 token_malformed -', 'and no CAT';

like $nginx->get('/metrics')->{body}, qr/reason="token_method"/,
    'reasons are counted';
unlike slurp("$nginx->{dir}/error.log"), qr/\Q$good\E/,
    'no token is in the error log';

chomp(my $minted = `$^X $dir/mint`);
is ask('/docs', $H => $minted), '200 home martin',
    'the token that docs/cat.md makes';

done_testing();

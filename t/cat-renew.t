#!/usr/bin/perl

# Renewal of Common Access Tokens ("catr"): the next token in a cookie, a header
# field or a redirect, as another implementation reads it, and what is accepted
# of such tokens.

use strict;
use warnings;

use lib 't/lib';
use Crypt::Misc qw(decode_b64u);
use Test::Household::Cat;
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(temp_dir wait_until);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;
use Time::HiRes ();

my $dir = temp_dir('cat-renew');
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
put("$dir/hs512", jwks(new_key('HS512', kid => 'long')));

my $H = 'CTA-Common-Access-Token';
my $upstream = "unix:$dir/upstream.sock";

sub place {
    my ($path, $more) = @_;

    return <<"EOC";
location $path {
    household on;
    $more
    add_header X-Reason \$household_reason always;
    add_header Set-Cookie \$household_token_cookie;
    add_header $H \$household_token_header_cta_common_access_token;
    add_header X-Token \$household_token_header_x_token;
    proxy_pass http://$upstream;
}
EOC
}

my $cat = 'household_token cat bearer $cookie_other strip;';
my $keys = "$cat household_token_key $dir/keys format=cat;";
my $renew = "household_token_renew $dir/edge";

my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m') . <<"EOC",
household_store main zone=households;
server {
    listen $upstream;
    location / { return 200 "\$request_uri \$http_cookie"; }
    location /gone/ { return 404; }
    location /moved/ { return 302 /; }
    location /sent/ { add_header X-Accel-Redirect /a?\$args; return 200; }
}
EOC
    server => join '',                     # all but some inherit this one
        "location /sent/ { proxy_pass http://$upstream; }\n",
        "$renew max=1h;\n",
        place('/', $keys),
        place('/second/', "$keys household_token_renew $dir/edge-2;"),
        place('/third/', "$keys household_token_renew $dir/edge-3;"),
        place('/off/', "$keys household_token_renew off;"),
        place('/long/', "$keys household_token_renew $dir/hs512;"),
        place('/same-kid/',
              "$cat household_token_key $dir/same-kid format=cat; $renew;"),
        place('/typ/', "$cat household_token_key $dir/keys format=cat
                        type=application/cwt; $renew;"),
        place('/claim/', "$keys household_token_require
                          \$household_claim_plan; $renew;"),
        place('/iss/', "$cat household_token_key $dir/keys format=cat
                        issuer=https://id.example; $renew;"),
        place('/aud/', "$cat household_token_key $dir/keys format=cat
                        audience=edge; $renew;"),
        place('/watched/', "$keys $renew;")
            =~ s/household on/household monitor/r,
        place('/no-argument/', "household_token \$cookie_t;
              household_token_key $dir/keys format=cat; $renew;"),
        place('/arguments/', "household_token \$arg_a \$arg_b bearer
              \$cookie_t;
              household_token_key $dir/keys format=cat; $renew;"),
        place('/path/', "household_token path=sig \$arg_CAT;
              household_token_key $dir/keys format=cat; $renew;"),
        place('~ "^/in/(?<sent>[\w-]{40,})/"', "household_token \$sent cat;
              household_token_key $dir/keys format=cat; $renew;"),
        place('/both/', "household_token cat bearer
              \$cookie_URISigningPackage;
              household_token_key $dir/keys format=cat;
              household_token_key $dir/keys; $renew;"),
        place('/error/', "$keys error_page 404 = /page/;
              proxy_intercept_errors on;
              proxy_pass http://$upstream/gone/;")
            =~ s/proxy_pass http:\S+;\n\}/}/r,
        place('/page/', "$cat household_token_key $dir/keys format=cat;
              household_token_leeway 10s;"));

# [answer, response]; "more" are fields
sub ask {
    my ($uri, @more) = @_;
    my $r = $nginx->get($uri, @more);

    return ("$r->{status} $r->{headers}{'x-reason'}", $r->{headers}, $r);
}

sub reason { (ask(@_))[0] }
sub fields { (ask(@_))[1] }

# a claim "catr": type, then its parameters
sub catr {
    my ($type, %more) = @_;
    return { 0 => $type, 1 => 600, 2 => 9999, %more };
}

sub first_token {
    my ($catr, $claims, %more) = @_;
    return cat($more{key} || $key, { 323 => $catr, 4 => time + 300,
                                     %{ $claims || {} } }, %more);
}

# of a header field, without its parameters
sub next_header {
    my ($uri, $token) = @_;
    return (fields($uri, $H => $token)->{lc $H} // '') =~ s/;.*//r;
}

# --- CBOR, as far as these tokens have it -----------------------------------

sub decode_item {
    my ($bytes) = @_;
    my $first = ord substr $$bytes, 0, 1, '';
    my ($major, $n) = ($first >> 5, $first & 31);

    $n = ord substr $$bytes, 0, 1, '' if $n == 24;
    $n = unpack 'n', substr $$bytes, 0, 2, '' if $n == 25;
    $n = unpack 'N', substr $$bytes, 0, 4, '' if $n == 26;

    if ($major == 7 && $n == 27) {
        return unpack 'd>', substr $$bytes, 0, 8, '';
    }

    return $major == 0 ? $n
         : $major == 1 ? -1 - $n
         : $major == 2 || $major == 3 ? substr $$bytes, 0, $n, ''
         : $major == 4 ? [map { decode_item($bytes) } 1 .. $n]
         : $major == 5 ? { map { decode_item($bytes) } 1 .. 2 * $n }
         : $major == 6 ? [tag => $n, decode_item($bytes)]
         : $n == 20 ? 'no' : $n == 21 ? 'yes' : undef;
}

sub decode {
    my $bytes = decode_b64u($_[0]);
    my $message = decode_item(\$bytes);
    die 'not all of it' if length $bytes;
    my ($protected, $unprotected, $payload) = @{ $message->[2][2] };

    return (decode_item(\(my $claims = $payload)),
            decode_item(\(my $header = $protected)), $unprotected, $message);
}


# --- the next token ----------------------------------------------------------

my $began = time;
my %more = (6 => time - 60, 7 => cbytes("\1\2"), 310 => 1, 313 => ['GET', 'HEAD'],
            312 => { 3 => { 1 => '/' } }, 42 => [{ 313 => ['PUT'] }]);
my $first = first_token(catr(2, 6 => ['a', 'b=c']), \%more);
my ($answer, $fields) = ask('/foo', $H => $first);
my $value = $fields->{lc $H} // '';
my ($next) = $value =~ /\A([\w-]+); a; b=c\z/;

is $answer, '200 home', 'the first token';
ok $next, 'the next one is in a header field, with its parameters';
is $fields->{'set-cookie'}, undef, 'and not in a cookie';

my ($claims, $header, $unprotected, $message) = decode($next);
my ($former) = decode($first);
my $expires = delete $claims->{4};

ok $expires >= $began + 600 && $expires <= time + 600, 'exp is now and expadd';
delete $former->{4};
is_deeply $claims, $former, 'all other claims are kept';
is $header->{1}, 5, 'signed with HMAC';
is_deeply $unprotected, { 4 => 1 }, 'by the first secret';
is "@{$message}[0, 1] @{$message->[2]}[0, 1]", 'tag 61 tag 17',
   'a CWT in COSE_Mac0';
like $header->{household_renews}, qr/\A[0-9a-f]{16}\z/,
     'the header names the key of the issuer';

is reason('/a', $H => $next), '200 home', 'it is accepted' for 1, 2;
my $again = next_header('/a', $next);
is((decode($again))[1]{household_renews}, $header->{household_renews},
   'and renewed again, for the same key');
is reason('/a', $H => $again), '200 home', 'the third one is accepted';
is reason('/long/a', $H => next_header('/long/a', $first)),
   '200 home', 'and one by HS512';

# what CBOR has, in a claim that is ignored
my %odd = (a => [1, -1, -70000, cbytes("\0"), ctag(1, 7), ctrue(), undef, {},
                 [], 'x' x 300, 70000]);
my $odd = first_token(catr(2), { plan => \%odd, 45 => [323, 2, 4] });
my ($kept) = decode(next_header('/a', $odd));
my ($was) = decode($odd);
is_deeply $kept->{plan}, $was->{plan}, 'any value is kept';
is scalar @{ $kept->{plan}{a} }, 11, 'with all that is in it';


# --- each way ----------------------------------------------------------------

sub cookie { fields(@_)->{'set-cookie'} // '' }

like cookie('/a', $H => first_token(catr(1))),
     qr/\A$H=[\w-]+; Path=\/; Max-Age=600; HttpOnly\z/, 'a cookie';
like cookie('/a', $H => first_token(catr(1, 3 => 'other'))),
     qr/\Aother=[\w-]+; Path/, 'of another name';
is cookie('/a', $H => first_token(catr(1, 3 => 'unread'))), '',
   'but none that nginx does not read';
like cookie('/a', $H => first_token(catr(1, 5 => ['Path=/a', 'SameSite=None']))),
     qr/; Max-Age=600; Path=\/a; SameSite=None\z/, 'of parameters';
like cookie('/a', $H => first_token(catr(1, 5 => 'Secure'))),
     qr/; Max-Age=600; Secure\z/, 'of one, which is no list';

my $named = fields('/a', $H => first_token(catr(2, 4 => 'X-Token')));
ok $named->{'x-token'} && !$named->{lc $H}, 'a header field of another name';
my $unknown = fields('/a', $H => first_token(catr(2, 4 => 'Y-Token')));
ok !$unknown->{'x-token'} && !$unknown->{lc $H}, 'of one that is not added';

my $moved = first_token(catr(3, 2 => 350));
my ($status, $to, $response) = ask("/f/a%20b?x=1&CAT=$moved&y=2", ());
is $response->{status}, 302, 'a redirect';
like $to->{location}, qr{\Ahttp://localhost:\d+/f/a%20b\?x=1&y=2&CAT=[\w-]+\z},
     'to the same URI with the next token';
is $to->{'cache-control'}, 'no-store', 'which is not stored';
my ($followed) = $to->{location} =~ m{(/f/.*)};
my ($then, undef, $served) = ask($followed);
is $then, '200 home', 'it is followed';
is $served->{body}, '/f/a%20b?x=1&y=2 ', 'and the token is not passed upstream';

is((ask("/a", Cookie => "$H=" . first_token(catr(3, 2 => 350, 7 => 307))))
   [2]{status}, 307, 'a redirect with another status, of a token in a cookie');
is((ask("/a?CAT=" . first_token(catr(3, 2 => 600))))[2]{status}, 200,
   'no redirect to a token that would be redirected at once');
is((ask("//evil.example/?CAT=$moved"))[2]{status}, 200,
   'no redirect to what could be another host');
is((ask("/no-argument/", Cookie => "t=$moved"))[2]{status}, 200,
   'no redirect without an argument to put the token in');
is $nginx->get("/watched/?CAT=$moved")->{status}, 200,
   'no redirect in mode monitor';
is((ask("/error/a?CAT=$moved"))[2]{status}, 302, 'a redirect comes first');

sub post {
    my ($uri) = @_;
    my $post = $nginx->connect;

    $post->send_request('POST', $uri, Host => 'localhost',
                        Connection => 'close');
    return $post->response->{status};
}

is post("/a?CAT=$moved"), 200, 'no redirect of a POST';
is post("/sent/?CAT=$moved"), 200, 'nor of one that is passed on as a GET';

# a client that is redirected repeats header fields: with an argument beside
# them there would be two tokens

my $gone = first_token(catr(3), { 4 => time - 60 });

is((ask('/a', $H => $moved))[2]{status}, 200,
   'no redirect of a token in a header field');
is((ask('/a', Authorization => "Bearer $moved"))[2]{status}, 200,
   'nor from bearer');
is((ask("/arguments/?a=$moved", Authorization => "Bearer $moved"))[2]{status},
   200, 'nor if it is in an argument as well');
is((ask("/path/sig=$moved/a"))[2]{status}, 200, 'nor of one in the path');
is((ask('/a', $H => $gone, Cookie => "$H=$moved"))[2]{status}, 200,
   'nor beside one that has expired');

for my $query ("a=$moved&b=$moved", "b=$moved&x=1&A=$moved") {
    my ($over) = fields("/arguments/?$query")->{location} =~ m{(/arg.*)};
    is reason($over), '200 home', 'an argument that is there twice is moved';
}

my ($over) = fields("/arguments/?b=$gone", Cookie => "t=$moved")->{location}
    =~ m{(/arg.*)};
like $over, qr/\?a=[\w-]+\z/, 'one that has expired is not kept';
is reason($over, Cookie => "t=$moved"), '200 home', 'and the next one is used';

# automatic: as the token came
my $auto = first_token(catr(0, 2 => 350));
ok fields('/a', $H => $auto)->{lc $H}, 'automatic: a header field';
ok fields('/a', Authorization => "Bearer $auto")->{lc $H}, 'from bearer, too';
like cookie('/a', Cookie => "$H=$auto"), qr/\A$H=/, 'automatic: a cookie';
like cookie('/a', Cookie => "other=$auto"), qr/\Aother=/, 'of the same name';
is((ask("/a?CAT=$auto"))[2]{status}, 302, 'automatic: a redirect');
is_deeply [grep { /location|set-cookie|access-token/ }
           keys %{ fields("/path/sig=$auto/a") }], [], 'automatic: no way';


# --- which of two tokens counts ----------------------------------------------

my $old = first_token(catr(1), { 4 => time - 60 });
my $forged = substr($first, 0, -6) . 'AAAAAA';
my $new = cookie('/a', $H => first_token(catr(1))) =~ /=([\w-]+);/ ? $1 : '';

is reason('/a', $H => $first, Cookie => "$H=$new"), '200 home',
   'a cookie is no conflict';
is reason('/a', $H => $old, Cookie => "$H=$new"), '200 home',
   'the cookie, if the other is expired';
is reason('/a', $H => $old), '401 token_expired', 'without a cookie';
is reason('/a', Cookie => "other=$old; $H=$new"), '200 home',
   'of two cookies the second, if the first has expired';
is reason('/a', Cookie => "$H=$new; other=$old"), '200 home', 'or the first';
is reason('/a', Cookie => "$H=$old; other=$new"), '200 home',
   'of whatever name';
is reason('/a', $H => $old, Cookie => "$H=$forged"), '401 token_expired',
   'with a forged one';
is reason('/a', $H => $old, Cookie => "other=$old; $H=$new"), '200 home',
   'the second of two cookies, if the others are expired';
like cookie('/a', $H => $old, Cookie => "other=$old; $H=$new"),
     qr/\A$H=[\w-]+;/, 'which is renewed';

# the former token is no part of the URI that the cookie is for

my %in_path = (312 => { 3 => { 0 => '/in/a' } });
my $old_in_path = first_token(catr(1), { %in_path, 4 => time - 60 });
my $new_in_path = first_token(catr(1), \%in_path);
$new_in_path = cookie("/in/$new_in_path/a") =~ /=([\w-]+);/ ? $1 : '';

is reason("/in/$old_in_path/a", Cookie => "$H=$new_in_path"), '200 home',
   'catu: without the expired token' for 1, 2;
is reason("/in/$old_in_path/b", Cookie => "$H=$new_in_path"),
   '401 token_expired', 'catu: another path';
is reason("/in/$old_in_path/a"), '401 token_expired',
   'catu: without a cookie';

# likewise a parameter of the path that has the token, or an expired one

my %as_parameter = (312 => { 3 => { 0 => '/path/a' } });
my $parameter = first_token(catr(1), \%as_parameter);
my $old_parameter = first_token(catr(1), { %as_parameter, 4 => time - 60 });

for my $path ("/path/sig=$parameter/a", "/path/a;SIG=$parameter",
              "/path/sig=$parameter/a;sig=$parameter")
{
    is reason($path), '200 home', 'catu: without the parameter' for 1, 2;
}

is reason("/path/sig=$parameter/b"), '401 token_uri', 'catu: another path';
is reason("/path/sig=$old_parameter/a"), '401 token_expired',
   'catu: an expired parameter';

# the response that the first one wants is for its own rejection

my $moved_on = first_token(catr(1), { 4 => time - 60, 313 => ['GET', 'POST'],
    322 => { 4 => [302, { Location => 'https://id.example/' }] } });
my $bad = first_token(undef, { 313 => ['PUT'], 322 => { 313 => [405, {}] } });

is reason('/a', $H => $moved_on), '302 token_expired', 'catif: it is over';
is reason('/a', $H => $moved_on, Cookie => "$H=$bad"), '302 token_expired',
   'catif: also with another one that is rejected';
is reason('/a', $H => $moved_on, Cookie => "$H=$new"), '200 home',
   'catif: not with a renewed one';
is reason('/claim/a', $H => $moved_on, Cookie => "$H=$new"), '401 claim',
   'catif: nor if a claim of that is missing';

is reason('/a', $H => $forged, Cookie => "$H=$new"), '401 token_signature',
   'a forged token is not replaced by the cookie';
is reason("/a?CAT=$new", $H => $first), '401 token_conflict',
   'two that differ elsewhere are a conflict';
is reason('/off/a', $H => $first, Cookie => "$H=$new"), '401 token_conflict',
   'without renewal so is a cookie';


# --- without renewal ----------------------------------------------------------

sub silent {
    my ($name, $uri, $token, $want) = @_;
    my ($got, $h) = ask($uri, $H => $token);
    is join(' ', $got, grep { /location|set-cookie|access-token|x-token/ }
                       keys %$h), $want // '200 home', $name;
}

silent('off: it is told only', '/off/a', $first);
silent('off: a renewed token', '/off/a', $next, '401 token_key');
silent('off: critical', '/off/a', first_token(catr(2), { 45 => [323, 2, 4] }),
       '401 token_unsupported');
silent('off: not critical', '/off/a', first_token(catr(2), { 45 => [2, 4] }));
is reason('/a', $H => first_token(catr(2), { 45 => [323, 2, 4] })),
   '200 home', 'critical, where it is renewed';
silent('not before the deadline', '/a', first_token(catr(2, 2 => 100)));
ok next_header('/a', first_token(catr(2, 2 => 300))), 'after the deadline';
silent('a deadline of 60 seconds by default', '/a',
       cat($key, { 323 => { 0 => 2, 1 => 600 }, 4 => time + 120 }));
ok next_header('/a', cat($key, { 323 => { 0 => 2, 1 => 600 },
                                 4 => time + 50 })), 'which this one is after';
silent('no token that is not asked for', '/a', cat($key));
silent('no time', '/a', first_token(catr(2, 1 => 0)));

for my $row ([{ 1 => 600 }, 'claim'], [{ 0 => 2 }, 'claim'],
             [catr(ctext(2)), 'claim'], [catr(-1), 'claim'],
             [catr(4), 'unsupported'],
             [catr(2, 1 => -1), 'claim'], [catr(2, 1 => ctext(1)), 'claim'],
             [catr(2, 1 => 2 ** 54), 'claim'],
             [catr(2, 2 => -1), 'claim'], [catr(2, 2 => 'x'), 'claim'],
             [catr(1, 3 => cbytes('x')), 'claim'], [catr(1, 3 => ctext('')),
              'claim'], [catr(1, 3 => 'a b'), 'claim'],
             [catr(1, 3 => ctext("a\r\nb")), 'claim'],
             [catr(1, 3 => 'x' x 200), 'unsupported'],
             [catr(2, 4 => 'a:b'), 'claim'], [catr(2, 4 => 7), 'claim'],
             [catr(1, 5 => { a => 1 }), 'claim'], [catr(1, 5 => [1]), 'claim'],
             [catr(1, 5 => [['a']]), 'claim'],
             [catr(1, 5 => [ctext("a\nb")]), 'claim'],
             [catr(1, 5 => ['x' x 600]), 'unsupported'],
             [catr(2, 6 => [cbytes('a')]), 'claim'],
             [catr(3, 7 => 'x'), 'claim'], [catr(3, 7 => 200), 'unsupported'],
             [catr(3, 7 => 304), 'unsupported'], [catr(2, 8 => 1), 'unsupported'],
             [[1], 'claim'], [7, 'claim'])
{
    my ($catr, $reason) = @$row;
    my $text = unpack 'H*', substr cbor($catr), 0, 24;
    is reason('/a', $H => first_token($catr)), "401 token_$reason",
       "not valid: $text";
}


# --- when there is no next token ----------------------------------------------

silent('an error of the upstream', '/gone/a', $first, '404 home');
like fields('/moved/a', $H => $first)->{lc $H}, qr/\A[\w-]{40}/,
     'a redirect has one';
silent('a denial', '/a', first_token(catr(2), { 2 => 'away' }), '403 outside');
ok next_header('/watched/a', first_token(catr(2), { 2 => 'away' })),
   'in mode monitor there is one';
silent('but not of a forged one', '/watched/a', $forged, '200 token_signature');
silent('too long', '/a', first_token(catr(2), { 313 => ['GET', 'x' x 2850] }));


# --- max=: from the first token on ---------------------------------------------

my $iat = time - 3570;
my ($late) = decode(next_header('/a', first_token(catr(2), { 6 => $iat })));
is $late->{4}, $iat + 3600, 'not after max=';
silent('no more after max=', '/a', first_token(catr(2), { 6 => time - 3600 }));

my $undated = next_header('/a', first_token(catr(2)));
my $dated = (decode($undated))[0]{6};
# time() may be a few milliseconds behind the clock of nginx
ok $dated >= $began && $dated <= Time::HiRes::time(), 'iat is added';
is((decode(next_header('/a', $undated)))[0]{6}, $dated, 'and kept then');


# --- what is a renewed token -----------------------------------------------------

my $renews = $header->{household_renews};

# a token of an edge, or of another key; "more" are header parameters
sub of_edge {
    my ($by, %more) = @_;
    my $text = exists $more{id} ? $more{id} : $renews;
    return cat($by, { 4 => time + 999, %{ $more{claims} || {} } },
               protected => { 1 => $more{alg} // 5,
                              household_renews => $text },
               unprotected => $more{unprotected}
                              || { 4 => cbytes($by->{jwk}{kid}) });
}

is reason('/a', $H => of_edge($edge)), '200 home', 'a token of an edge';
is reason('/a', $H => cat($edge)), '401 token_key', 'one of no key of the issuer';
is reason('/a', $H => of_edge($edge, id => ctext('0' x 16))), '401 token_key',
   'one of an unknown key of the issuer';
is reason('/a', $H => of_edge($edge_3)), '401 token_key',
   'one of another secret';
is reason('/a', $H => of_edge({ %$edge, key => $edge_3->{key} })),
   '401 token_signature', 'one of another secret with the same kid';
is reason('/a', $H => of_edge($key, alg => -7)), '401 token_key',
   'one that the issuer signed';
is reason('/a', $H => cat($edge, {}, unprotected => { 4 => cbytes('1'),
                                      household_renews => $renews })),
   '401 token_malformed', 'a parameter that is not protected';

for my $id (1, ctext(''), ctext('x' x 16), uc 'a' x 16, 'a' x 15, 'a' x 17,
            undef, cbytes('a' x 16))
{
    is reason('/a', $H => of_edge($edge, id => $id)), '401 token_malformed',
       'household_renews ' . unpack 'H*', cbor($id);
}

is reason('/second/a', $H => $next), '200 home', 'two secrets: the second';
is((decode(next_header('/second/a', $next)))[2]{4}, 2,
   'but signed with the first');
is reason('/third/a', $H => $next), '401 token_key', 'a withdrawn secret';
is reason('/same-kid/a', $H => $next), '401 token_key',
   'where the issuer has another key, of the same kid';

my $nameless = next_header('/a', first_token(catr(2), {}, key => $no_kid,
                                             unprotected => {}));
is reason('/a', $H => $nameless), '200 home', 'of a key without kid';
is reason('/same-kid/a', $H => $nameless), '401 token_key',
   'which is not there';

for my $typ (61, 'application/cwt') {
    my $typed = next_header('/typ/a', first_token(catr(2), {}, unprotected =>
        { 4 => cbytes('k'), 16 => $typ }));
    is reason('/typ/a', $H => $typed), '200 home', "typ $typ is kept";
}

is reason('/typ/a', $H => $next), '401 token_type', 'and checked';
is reason('/iss/a', $H => $next), '401 token_issuer', 'and so is iss';
is reason('/aud/a', $H => $next), '401 token_audience', 'and aud';

my $issued = next_header('/iss/a', first_token(catr(2),
                                               { 1 => 'https://id.example' }));
is reason('/iss/a', $H => $issued), '200 home', 'iss is kept';
is reason('/a', $H => next_header('/a', first_token(catr(2),
   { 313 => ['GET'], 312 => { 3 => { 1 => '/a' } } }))), '200 home',
   'and so is what restricts it';
is reason('/b', $H => next_header('/a', first_token(catr(2),
   { 312 => { 3 => { 1 => '/a' } } }))), '401 token_uri', 'to other requests';

my $jwt = token($edge, { exp => time + 999 }, { household_renews => $renews });
is reason('/both/a', Authorization => "Bearer $jwt"), '200 home',
   'a JWT of an edge beside';
is reason('/both/a', $H => $next), '200 home', 'and a CAT';


# --- it is no way around a denial ---------------------------------------------

$redis->cmd(HSET => 'household:{a}:account', revoked_before => time - 30);
is reason('/a', $H => $next), '401 revoked', 'revoked_before: its iat';
silent('which is not renewed, either', '/watched/a', $next, '200 revoked');
$redis->cmd(DEL => 'household:{a}:account');
is reason('/a', $H => $next), '200 home', 'revoked no more';

$redis->cmd(HSET => 'household:denied', 'kid:k', time + 100);
wait_until { reason('/a', $H => $next) eq '401 token_denied' };
is reason('/a', $H => $next), '401 token_denied',
   'the deny list has the key of the issuer';
$redis->cmd(DEL => 'household:denied');

done_testing;

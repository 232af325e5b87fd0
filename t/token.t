#!/usr/bin/perl

# Playback tokens, minted by another implementation: what is accepted, what is
# refused and how that is told, where tokens may be, and whose keys count.

use strict;
use warnings;

use lib 't/lib';
use Crypt::Mac::HMAC qw(hmac);
use Digest::SHA qw(sha256);
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(temp_dir running wait_until);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;

my $dir = temp_dir('token');
my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => "household:{$_}", '127.0.0.1') for qw(a b revoked);
$redis->cmd(HSET => 'household:{revoked}:account', revoked_before => 1000);
$redis->cmd(SADD => 'household:{away}', '192.0.2.1');
$redis->cmd(HSET => 'household:{away}:account', 'device:tv', time);

my @algs = qw(HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512
              ES256 ES384 ES512 EdDSA);
my %key = map { $_ => new_key($_) } @algs;
my %other = map { $_ => new_key($_) } qw(HS256 RS256 ES256 EdDSA);

# two issuers, whose keys have the same kid
my %one = (one => new_key('ES256', kid => 'k'),
           two => new_key('ES256', kid => 'k'));
my ($old, $new) = map { new_key('EdDSA', kid => $_) } qw(old new);

put("$dir/all", jwks(values %key));
put("$dir/one", jwks($one{one}));
put("$dir/two", jwks($one{two}));
put("$dir/live", jwks($old));
put("$dir/rs", jwks($key{RS256}));
put("$dir/users", "me:{PLAIN}secret\n");

sub place {
    my ($path, $text) = @_;
    return "location $path { household on; household_store main;\n"
        . "$text\nempty_gif; }\n";
}

my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m') . <<'EOC',
add_header X-Status $household_status always;
add_header X-Reason $household_reason always;
add_header X-Account $household_account always;
add_header X-Device $household_device always;
add_header X-Who $remote_user always;
household_offer default url=https://www.example.tv/household;
household_action redirect;
EOC
    server => join('',
    place('/plain', "household_token bearer; household_token_key $dir/all;"),
    place('/exact', "household_token bearer; household_token_key $dir/all;
        household_token_leeway 0;"),
    place('/rs', "household_token bearer; household_token_key $dir/rs;"),
    place('/live', "household_token bearer; household_token_key $dir/live;"),
    place('/two', "household_token bearer;
        household_token_key $dir/one issuer=https://one.example audience=edge
            audience=tv;
        household_token_key $dir/two issuer=https://two.example;"),
    place('/sources', "household_token bearer \$arg_token \$cookie_token
        \$http_x_token \$arg_left\$arg_right;
        household_token_key $dir/all;"),
    place('/claims', "household_token bearer; household_token_key $dir/all;
        household_token_claims account=account device=device;"),
    place('/any', "household_token bearer; household_token_key $dir/all;
        satisfy any; auth_basic zone; auth_basic_user_file $dir/users;"),
    place('/uri/', "household_token \$arg_URISigningPackage;
        household_token_key $dir/all;"),
    place('/named/', "household_token \$arg_token \$arg_other;
        household_token_key $dir/all;"),
    <<"EOC"));
location /monitor {
    household monitor;
    household_store main zone=households;
    household_token bearer;
    household_token_key $dir/all;
    empty_gif;
}
location /status { household_metrics zone=households; }
EOC

# the headers and the paths that were asked for
my (@minted, @paths);

sub bearer { (Authorization => "Bearer $_[0]") }

# what became of a request
sub told {
    my $r = shift;
    my $h = $r->{headers};
    return join ' ', $r->{status}, map { $h->{$_} // '-' }
        'x-status', 'x-reason', 'x-account';
}

sub accepted {
    my ($name, $path, $headers, $account) = @_;
    push @minted, @$headers;
    push @paths, $path;
    is told($nginx->get($path, @$headers)),
       '200 ALLOWED home ' . ($account // 'a'), $name;
}

my %challenge = (
    token_missing => 'Bearer realm="playback"',
    token_conflict => 'Bearer error="invalid_request"',
);
my %seen;

# every refusal, to a browser with an offer at hand: a challenge and no more
sub refused {
    my ($name, $path, $headers, $reason) = @_;
    push @minted, @$headers;
    push @paths, $path;
    my $r = $nginx->get($path, @$headers, Accept => 'text/html',
                        'Sec-Fetch-Mode' => 'navigate');
    my $h = $r->{headers};
    my $got = told($r);

    $got .= ", $_: $h->{$_}" for grep { defined $h->{$_} }
        qw(www-authenticate cache-control location link vary);
    is $got, "401 UNAUTHORIZED $reason -, www-authenticate: "
        . ($challenge{$reason} || 'Bearer error="invalid_token"')
        . ', cache-control: no-store, vary: Sec-Fetch-Mode, Accept',
        "$name: $reason";
    $seen{$reason} = 1;
}

# to a player: a problem document, which tells the reason
{
    my $r = $nginx->get('/plain', bearer('x'));

    is "$r->{status} $r->{headers}{'content-type'}",
       '401 application/problem+json', 'a player gets a problem document';
    is $r->{body}, '{"type":"about:blank","title":"Unauthorized",'
        . '"status":401,"reason":"token_malformed"}' . "\r\n",
        'with the reason, and no offer';
    is $r->{headers}{'www-authenticate'}, 'Bearer error="invalid_token"',
        'and the challenge';

    $r = $nginx->get('/plain', Accept => 'text/html');
    is "$r->{status} $r->{headers}{'content-type'}", '401 text/html',
        'a person gets a page';
}

sub plain   { refused(shift, '/plain', [bearer(shift)], shift) }

# signs as somebody does who has the key, whatever the header says
sub with_rsa { my $key = shift; my $sha = shift || 'SHA256'; sub {
    $key->{key}->sign_message($_[0], $sha, 'v1.5') } }
sub with_ec { my $key = shift; sub {
    $key->{key}->sign_message_rfc7518($_[0], 'SHA256') } }
sub with_secret { my $secret = shift; sub { hmac('SHA256', $secret, $_[0]) } }


# --- every algorithm, every reason ----------------------------------------

for my $alg (@algs) {
    accepted("$alg", '/plain', [bearer(token($key{$alg}))]);
    accepted("$alg without a kid", '/plain',
             [bearer(token($key{$alg}, {}, { kid => undef }))]);
}

plain("forged $_", token({ %{ $other{$_} } }), 'token_signature')
    for sort keys %other;

refused('nothing', '/plain', [], 'token_missing');
refused('another scheme', '/plain', [Authorization => 'Basic bWU6c2VjcmV0'],
        'token_missing');
refused('an empty one', '/plain', [Authorization => 'Bearer '],
        'token_missing');

plain('no token at all', 'abc', 'token_malformed');
plain('two in one', token($key{RS256}) . ' ' . token($key{RS256}),
      'token_malformed');
plain('padded', token($key{RS256}) . '=', 'token_malformed');
plain('over', token($key{RS256}, { exp => time - 3600 }), 'token_expired');
plain('to come', token($key{RS256}, { nbf => time + 3600 }), 'token_not_yet');
plain('from the future', token($key{RS256}, { iat => time + 3600 }),
      'token_not_yet');
plain('a kid that is not known', token($key{RS256}, {}, { kid => 'x' }),
      'token_key');
plain('without exp', token($key{RS256}, { exp => undef }), 'token_claim');
plain('without an account', token($key{RS256}, { sub => undef }),
      'token_claim');
plain('an account of 129 bytes', token($key{RS256}, { sub => 'a' x 129 }),
      'token_claim');

# what goes into headers must not end them

for my $odd ("a\r\nX-Injected: 1", "a\n", "a\t", "\x1f", "a\x7f") {
    my $name = $odd =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger;
    my $account = token($key{RS256}, { sub => $odd });
    my $device = token($key{HS256}, { account => 'a', device => $odd });

    plain("an account $name", $account, 'token_claim');
    refused("a device $name", '/claims', [bearer($device)], 'token_claim');

    ok !defined $nginx->get($_->[0], bearer($_->[1]))->{headers}{'x-injected'},
        "$_->[0]: $name is no header"
        for ['/plain', $account], ['/claims', $device];
}

accepted('within the leeway', '/plain',
         [bearer(token($key{RS256}, { exp => time - 1 }))]);
refused('no leeway', '/exact', [bearer(token($key{RS256},
        { exp => time - 1 }))], 'token_expired');


# --- what attackers send --------------------------------------------------

my $claims = claims();

plain("alg $_", forge({ alg => $_ }, $claims, sub { '' }), 'token_algorithm')
    for qw(none None NONE nOnE);
plain("alg $_, with a signature", forge({ alg => $_, kid => 'RS256' }, $claims,
      with_rsa($key{RS256})), 'token_algorithm') for qw(none rs256 RS1);
plain('no signature', forge({ alg => 'RS256', kid => 'RS256' }, $claims,
      sub { '' }), 'token_signature');

# the public key as a secret: PEM, with and without its last newline, and DER
for my $form (qw(public public_x509)) {
    my $pem = $key{RS256}{key}->export_key_pem($form);
    my $n = 0;

    for my $secret ($pem, $pem =~ s/\n\z//r,
                    eval { $key{RS256}{key}->export_key_der($form) } // ())
    {
        $n++;
        refused("RS256 to HS256, $form $n, $_", '/rs',
            [bearer(forge({ alg => 'HS256', /kid/ ? (kid => 'RS256') : () },
             $claims, with_secret($secret)))], 'token_algorithm')
            for 'with a kid', 'without';
    }
}

plain('RS256 to HS256 among other keys', forge({ alg => 'HS256' }, $claims,
      with_secret($key{RS256}{key}->export_key_pem('public'))),
      'token_signature');
plain('RS512 by an RS256 key', forge({ alg => 'RS512', kid => 'RS256' },
      $claims, with_rsa($key{RS256}, 'SHA512')), 'token_algorithm');
plain('ES256 with r = s = 0', forge({ alg => 'ES256', kid => 'ES256' },
      $claims, sub { "\0" x 64 }), 'token_signature');
plain('ES256 in DER', forge({ alg => 'ES256', kid => 'ES256' }, $claims,
      sub { $key{ES256}{key}->sign_message($_[0], 'SHA256') }),
      'token_signature');
accepted('ES256 by the same hand', '/plain', [bearer(forge(
    { alg => 'ES256', kid => 'ES256' }, $claims, with_ec($key{ES256})))]);

for my $kid ('', '../../../../dev/null', '/dev/null', "RS256\r\nX: y",
             "RS256\0", "' OR 1=1 --", 'RS256 ', 'rs256')
{
    my $name = $kid =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger;
    my $reason = $kid =~ /\0/ ? 'token_malformed' : 'token_key';

    plain("kid \"$name\"", token($key{RS256}, {}, { kid => $kid }), $reason);
}

plain('kid twice', forge('{"alg":"RS256","kid":"RS256","kid":"RS256"}',
      $claims, with_rsa($key{RS256})), 'token_malformed');
plain('kid is a number', forge('{"alg":"RS256","kid":1}', $claims,
      with_rsa($key{RS256})), 'token_malformed');
plain('alg twice', forge('{"alg":"none","\u0061lg":"RS256"}', $claims,
      with_rsa($key{RS256})), 'token_malformed');
plain('a claim twice', forge({ alg => 'RS256' }, '{"sub":"b","sub":"a",'
      . '"exp":4102444800}', with_rsa($key{RS256})), 'token_malformed');

plain("crit $_", forge('{"alg":"RS256","crit":' . $_ . ',"x":1,"exp":1}',
      $claims, with_rsa($key{RS256})), 'token_malformed')
    for '["x"]', '["exp"]', '[]', '"x"';
plain('b64 false', forge('{"alg":"RS256","b64":false,"crit":["b64"]}', $claims,
      with_rsa($key{RS256})), 'token_malformed');
plain('b64 false, not critical', forge('{"alg":"RS256","b64":false}', $claims,
      with_rsa($key{RS256})), 'token_malformed');

# a key that the token brings along is not looked at
plain('jwk', token($other{RS256}, {},
      { kid => 'mine', jwk => { %{ $other{RS256}{jwk} }, kid => 'mine' } }),
      'token_key');
plain('jwk, jku, x5u without a kid', token($other{RS256}, {}, { kid => undef,
      jwk => $other{RS256}{jwk}, jku => 'http://127.0.0.1/keys',
      x5u => 'http://127.0.0.1/cert', x5c => ['MII'] }), 'token_signature');

{
    my ($header, $payload, $signature) = split /\./, token($key{RS256});
    my $mine = b64('{"sub":"b","exp":4102444800}');

    plain('another payload', "$header.$mine.$signature", 'token_signature');
    plain('a signature cut short', "$header.$payload."
          . substr($signature, 0, -2), 'token_signature');
    plain('one part', $header, 'token_malformed');
    plain('two parts', "$header.$payload", 'token_malformed');
    plain('four parts', "$header.$payload.$signature.$signature",
          'token_malformed');
    plain('five parts', join('.', $header, '', $payload, '', $signature),
          'token_malformed');
}

for my $size (4096, 4097) {
    my $alg = 'HS256';
    my $pad = '';

    # whole groups of three bytes make it grow by four
    $pad .= 'x' while length token($key{$alg}, { pad => $pad }) < $size - 3;
    my $token = token($key{$alg}, { pad => $pad });
    $token = token($key{$alg}, { pad => $pad .= 'x' })
        while length $token < $size;

    length $token == 4096 ? accepted('4096 bytes', '/plain', [bearer($token)])
        : refused(length($token) . ' bytes', '/plain', [bearer($token)],
                  'token_malformed');
}

accepted('and after all that a good one is good', '/plain',
         [bearer(token($key{RS256}))]);


# --- issuers --------------------------------------------------------------

for my $row (
    ['one',     one => 'edge',                       200],
    ['one, one of several', one => ['x', 'edge'],    200],
    ['one, for others', one => 'else',               'token_audience'],
    ['one, for some others', one => ['else', 'x'],   'token_audience'],
    ['one, for nobody in particular', one => undef,  'token_audience'],
    ['one, the second of the line', one => 'tv', 200],
    ['two, which has no audience', two => undef,     200],
    ['two, for anybody', two => 'else',              200])
{
    my ($name, $who, $aud, $reason) = @$row;
    my @token = bearer(token($one{$who},
        { iss => "https://$who.example", aud => $aud }));

    $reason eq '200' ? accepted($name, '/two', \@token)
                     : refused($name, '/two', \@token, $reason);
}

refused('by the key of the other', '/two', [bearer(token($one{two},
        { iss => 'https://one.example', aud => 'edge' }))], 'token_signature');
refused('by the key of the other', '/two', [bearer(token($one{one},
        { iss => 'https://two.example', aud => 'edge' }))], 'token_signature');
refused('an issuer that nobody knows', '/two', [bearer(token($one{two},
        { iss => 'https://three.example', aud => 'edge' }))], 'token_issuer');
refused('no issuer', '/two', [bearer(token($one{two}, { aud => 'edge' }))],
        'token_issuer');


# --- sources --------------------------------------------------------------

my ($good, $same, $next) = (token($key{HS256}), token($key{HS256}),
                            token($key{HS256}, { sub => 'b' }));
my %carry = (
    bearer => sub { '', bearer($_[0]) },
    argument => sub { "?x=1&token=$_[0]&y" },
    cookie => sub { '', Cookie => "x=1; token=$_[0]; y=2" },
    quoted => sub { '', Cookie => qq(x=1; token="$_[0]" ; y=2) },
    header => sub { '', 'X-Token' => $_[0] },
    text => sub { $_[0] =~ /^(.)(.*)/; "?left=$1&right=$2" },
);

sub carried { my ($how, @token) = @_; $carry{$how}->(@token) }

for my $how (sort keys %carry) {
    my ($args, @headers) = carried($how, $good);
    accepted("a token in the $how", "/sources$args", \@headers);
}

for my $pair ([qw(bearer argument)], [qw(argument cookie)],
              [qw(cookie header)], [qw(quoted cookie)], [qw(header text)], [qw(bearer header)])
{
    for my $second ($good, $next, 'x') {
        my ($args, @headers) = carried($pair->[0], $good);
        my ($more, @more) = carried($pair->[1], $second);
        my $path = "/sources$args$more";

        if ($second eq $good) {
            accepted("the same in @$pair", $path, [@headers, @more]);
        } else {
            refused("two in @$pair", $path, [@headers, @more],
                    'token_conflict');
        }
    }
}

accepted('an argument twice, the same', "/sources?token=$good&token=$good",
         []);
refused('an argument twice', "/sources?token=$good&token=$next", [],
        'token_conflict');
refused('an argument twice, of another case', "/sources?token=$good&TOKEN=x",
        [], 'token_conflict');
refused('a cookie twice', '/sources',
        [Cookie => "token=$good; token=$next"], 'token_conflict');
refused('a cookie twice, in two headers', '/sources',
        [Cookie => "token=$good", Cookie => "token=$next"], 'token_conflict');
refused('a header twice', '/sources',
        ['X-Token' => $good, 'X-Token' => $next], 'token_conflict');
accepted('a header twice, the same', '/sources',
        ['X-Token' => $good, 'X-Token' => $good]);
accepted('Authorization of another scheme, and a cookie', '/sources',
         [Authorization => 'Basic bWU6c2VjcmV0', Cookie => "token=$good"]);
accepted('a scheme of any case', '/sources',
         [Authorization => "bEARER $good"]);
accepted('an empty argument is none', '/sources?token=', [bearer($good)]);
accepted('names that only end or begin like it', "/sources?xtoken=1&token2=2",
         [bearer($good), Cookie => 'xtoken=1; token2=2']);


# --- claims ---------------------------------------------------------------

accepted('the claim of the account', '/claims',
         [bearer(token($key{HS256}, { sub => 'x', account => 'b' }))], 'b');
refused('without it', '/claims', [bearer(token($key{HS256}))], 'token_claim');
refused('the account is a number', '/claims',
        [bearer(token($key{HS256}, { account => 7 }))], 'token_claim');

for my $row (['the claim of the device', 'tv', '200 ALLOWED trusted_device'],
             ['another device', 'TV', '303 OFFERED outside'],
             ['no device', undef, '303 OFFERED outside'])
{
    my ($name, $device, $expected) = @$row;
    my $r = $nginx->get('/claims', bearer(token($key{HS256},
        { account => 'away', device => $device })),
        'X-Forwarded-For' => '203.0.113.9');
    is told($r), "$expected away", $name;
    is $r->{headers}{'x-device'} // '-', $device // '-', "$name: the device";
}

for my $row ([999, 'revoked'], [1000], [1001], [undef, 'revoked']) {
    my ($iat, $reason) = @$row;
    my $r = $nginx->get('/plain', bearer(token($key{HS256},
        { sub => 'revoked', iat => $iat })));
    is told($r), $reason ? '401 UNAUTHORIZED revoked revoked'
                         : '200 ALLOWED home revoked',
       'iat ' . ($iat // 'unknown') . ', revoked before 1000';
    is $r->{headers}{'www-authenticate'} // '',
       $reason ? 'Bearer error="invalid_token"' : '', 'a challenge, or none';
}


# --- monitor and satisfy --------------------------------------------------

sub counted {
    my ($reason) = @_;
    return $nginx->metric('requests_total', status => 'MONITORED',
                          reason => $reason);
}

for my $row (['token_missing'], ['token_signature', token($other{RS256})],
             ['token_expired', token($key{RS256}, { exp => 1 })])
{
    my ($reason, $token) = @$row;
    my $before = counted($reason);

    is told($nginx->get('/monitor', $token ? bearer($token) : ())),
       "200 MONITORED $reason -", "monitor: passes as $reason";
    is counted($reason), $before + 1, 'monitor: and is counted';
}

is told($nginx->get('/any', bearer(token($key{RS256})))),
   '200 ALLOWED home a', 'satisfy any: by the token';
is told($nginx->get('/any', Authorization => 'Basic bWU6c2VjcmV0')),
   '200 - - -', 'satisfy any: by the password';
is told($nginx->get('/any', bearer(token($other{RS256})))),
   '401 UNAUTHORIZED token_signature -', 'satisfy any: by neither';


# --- RFC 9246 -------------------------------------------------------------

sub package_of {
    my ($container, %more) = @_;
    return 'URISigningPackage=' . token($key{ES256},
        { cdniv => 1, cdniuc => $container, %more });
}

my $host = 'localhost';
my $hash = 'hash:sha-256;' . b64(sha256("http://$host/uri/a?b=1"));
my $regex = "regex:http://$host/uri/(a|b)[0-9]+\\.ts(\\?.*)?";
my $signed = package_of($hash);
my $many = package_of($regex);

for my $row (
    ['the URI of a hash',     "/uri/a?b=1&$signed",         200],
    ['the token before it',   "/uri/a?$signed&b=1",         200],
    ['as nginx has it too',   "/uri/x/../%61?b=1&$signed",  200],
    ['another path',          "/uri/b?b=1&$signed"],
    ['another argument',      "/uri/a?b=2&$signed"],
    ['one argument more',     "/uri/a?b=1&c=1&$signed"],
    ['none',                  "/uri/a?$signed"],
    ['a URI of a regex',      "/uri/a17.ts?$many",          200],
    ['another one',           "/uri/b2.ts?x=1&$many",       200],
    ['none of it',            "/uri/c2.ts?$many"],
    ['only a part of it',     "/uri/a17.ts.key?$many"],
    ['above it',              "/uri/a17.ts/../c?$many"],
    ['another version',       '/uri/a?b=1&' . package_of($hash, cdniv => 2)],
    ['something critical',    '/uri/a?b=1&'
                              . package_of($hash, cdnicrit => 'cdniip')],
    ['a form that is not known', '/uri/a?' . package_of('glob:*')],
    ['an expression that is none', '/uri/a?' . package_of('regex:(')],
    ['no restriction',        '/uri/a?' . package_of(undef),  200],
    ['a claim of its own',    '/uri/a?' . package_of(undef, cdnistt => 1)])
{
    my ($name, $path, $status) = @$row;
    $status ? accepted("URI: $name", $path, [])
            : refused("URI: $name", $path, [], 'token_uri');
}

# an argument of another name is not part of the URI either
{
    my $token = token($key{ES256}, { cdniv => 1, cdniuc => 'hash:sha-256;'
        . b64(sha256("http://$host/named/a?b=1")) });

    accepted('URI: a token of another name', "/named/a?b=1&token=$token", []);
    accepted('URI: before the others', "/named/a?token=$token&b=1", []);
    refused('URI: only the first source has that name',
            "/named/a?b=1&other=$token", [], 'token_uri');
}

# the host is the one that nginx serves, whatever else is said to be it
sub of_host {
    my ($uri, $host) = @_;
    my $conn = $nginx->connect;
    $conn->send("GET $uri HTTP/1.1\r\nHost: $host\r\n\r\n");
    push @{ $conn->{methods} }, 'GET';
    push @paths, $uri;
    return told($conn->response);
}

my $uri = "/uri/a?b=1&$signed";
my ($ok, $no) = ('200 ALLOWED home a', '401 UNAUTHORIZED token_uri -');

is of_host("http://$host$uri", $host), $ok, 'host: in the request line';
is of_host("http://other$uri", $host), $no, 'host: another in that line';
is of_host("http://$host$uri", 'other'), $ok, 'host: that line counts';
is of_host($uri, 'other'), $no, 'host: another';
is of_host($uri, 'LOCALHOST'), $ok, 'host: of any case';
is of_host($uri, "$host:80"), $ok, 'host: the default port';
is of_host($uri, "$host:81"), $no, 'host: another port';
is of_host("http://$host:81$uri", "$host:81"), $no, 'host: twice with a port';

my $foreign = '/uri/a?' . package_of('hash:sha-256;'
    . b64(sha256('http://other/uri/a')));
is of_host($foreign, 'other'), $ok, 'host: the other one';

# newer versions of nginx refuse these by themselves

my $never = qr/\A(?:400 - - -|\Q$no\E)\z/;

like of_host($foreign, "$host:80\@other"), $never, 'host: no port but an @';
like of_host($foreign, "$host:\@other"), $never,
    'host: an empty port and an @';

is join(' ', sort keys %seen), join(' ', sort map { "token_$_" }
    qw(missing malformed expired not_yet signature key algorithm issuer
       audience claim uri conflict)), 'there was a test for every reason';


# --- keys that change -----------------------------------------------------

# a worker of before may accept for a moment yet
sub reload {
    my @workers = $nginx->workers;
    $nginx->reload;
    wait_until { !grep { running($_) } @workers }
        or die "old workers do not leave\n";
}

sub both {
    my ($name, $was, $is) = @_;
    my %reason = (old => $was, new => $is);

    for my $key ($old, $new) {
        my $kid = $key->{jwk}{kid};
        $reason{$kid} ? refused("$name, $kid", '/live', [bearer(token($key))],
                                $reason{$kid})
                      : accepted("$name, $kid", '/live', [bearer(token($key))]);
    }
}

both('before', undef, 'token_key');
put("$dir/live", jwks($old, $new));
both('a new file, not yet loaded', undef, 'token_key');
reload();
both('two keys live', undef, undef);
put("$dir/live", jwks($new));
reload();
both('after', 'token_key', undef);

my $secret = b64('a secret that is too short');

# an odd key beside a good one is named, and that is all
my $weak = { jwk => { kty => 'oct', kid => 'w', k => $secret } };
put("$dir/live", jwks($weak, $new));

{
    my ($ok, $said) = $nginx->test;
    ok $ok, 'an odd key: nginx -t passes';
    like $said, qr/\[warn\].*live": keys\[0\] \(kid "w"\): secret shorter/,
        'and names it';
    unlike $said, qr/\Q$secret\E/, 'but does not show it';
}

reload();
both('beside an odd key', 'token_key', undef);

for my $row (['no JSON', '{"keys":[', qr/line|JSON/i],
             ['weak', '{"keys":[{"kty":"oct","kid":"w","k":"' . $secret
              . '"}]}', qr/no usable verification key among 1 keys/],
             ['empty', '{"keys":[]}', qr/key/])
{
    my ($name, $text, $why) = @$row;
    put("$dir/live", $text);

    my ($ok, $said) = $nginx->test;
    ok !$ok, "a broken file, $name: nginx -t fails";
    like $said, qr/\[emerg\].*"\Q$dir\E\/live".*$why/, 'and says why';
    unlike $said, qr/\Q$secret\E/, 'but not the key';

    my $mark = $nginx->mark;
    $nginx->signal('HUP');
    ok $nginx->wait_log(qr/\[emerg\].*live/, $mark), 'a reload fails too';
    both('and the edge is what it was', 'token_key', undef);
}

$nginx->{allow} = qr/\[emerg\].*"\Q$dir\E\/live" of "household_token_key"/;


# --- nothing of it in the log ---------------------------------------------

my $log = $nginx->log;
my $asked = join ' ', @paths;

# a request line with its arguments is nginx's own: see docs/tokens.md
my @tokens = grep { length > 40 && index($asked, $_) < 0 }
             map { split /[ =;]/ } @minted;
cmp_ok scalar @tokens, '>', 100, 'many tokens were in headers';
is scalar(grep { index($log, $_) >= 0 } @tokens), 0, 'none is in the log';
is scalar(grep { index($log, $_->{jwk}{k} // $_->{jwk}{x} // $_->{jwk}{n})
                 >= 0 } values %key), 0, 'no key is in the log';

done_testing();

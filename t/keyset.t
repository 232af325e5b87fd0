#!/usr/bin/perl

# Keys that are fetched from the issuer: the good ones, what becomes of the bad
# ones, and what remains when the issuer is gone.

use strict;
use warnings;

use lib 't/lib';
use IO::Socket::INET;
use POSIX qw(mkfifo);
use Test::Household::Ca;
use Test::Household::Issuer;
use Test::Household::NameServer;
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(free_port temp_dir wait_until slurp);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;

plan skip_all => 'nginx without TLS'
    if `$Test::Household::Nginx::Binary -V 2>&1` !~ /http_ssl_module/;

my $dir = temp_dir('keyset');
chmod 0777, $dir;

my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', '127.0.0.1');

my ($old, $new, $other) = map { new_key('ES256', kid => $_) } qw(old new other);
my ($first, $second) = (jwks($old), jwks($new));

my $ca = Test::Household::Ca->new;
my ($crt, $pem) = $ca->issue('issuer', 'DNS:id.example');
my ($other_crt, $other_pem) = $ca->issue('other', 'DNS:other.example');
my ($late_crt, $late_pem) = $ca->issue('late', 'DNS:id.example', expired => 1);
my ($by_address, $by_address_pem) = $ca->issue('address', 'IP:127.0.0.1');

# at the one of two addresses nobody listens; and a name without any

my $dns = Test::Household::NameServer->new('127.0.0.1');
my $two = Test::Household::NameServer->new('127.0.0.3', '127.0.0.1');
my $nothing = Test::Household::NameServer->new;


# --- an issuer that is an nginx -------------------------------------------

my ($tls, $other_tls, $late_tls, $address_tls) = map { free_port() } 1 .. 4;

sub issuer_server {
    my ($port, $crt, $pem) = @_;
    return "server { listen 127.0.0.1:$port ssl; ssl_certificate $crt;
                     ssl_certificate_key $pem; root $dir/issuer; }\n";
}

mkdir "$dir/issuer";
put("$dir/issuer/$_", $first) for qw(main early kept one another);
put("$dir/issuer/broken", '{"keys":');
put("$dir/issuer/useless", jwks(new_key('ES256', use => 'enc')));
put("$dir/issuer/large", $first . ' ' x 300000);

my $issuer = Test::Household::Nginx->new(
    http => issuer_server($other_tls, $other_crt, $other_pem)
        . issuer_server($late_tls, $late_crt, $late_pem)
        . issuer_server($address_tls, $by_address, $by_address_pem)
        . 'log_format issuer "$request_uri $status $ssl_server_name '
        . '$http_host $http_if_none_match";'
        . "access_log $dir/fetches issuer;",
    server => "listen 127.0.0.1:$tls ssl; ssl_certificate $crt;
        ssl_certificate_key $pem;
        location / { root $dir/issuer; }
        location /redirect { return 302 https://id.example:$tls/main; }
        location /gone { return 503; }");

# the lines of a path, or their number

sub fetches {
    my ($path) = @_;
    my @lines = grep { /^\Q$path\E / } split /\n/, slurp("$dir/fetches");
    return @lines;
}


# --- one that misbehaves --------------------------------------------------

my $ok = "HTTP/1.1 200 OK\r\n";
my $long = 'Content-Length: ' . length $first;

my $odd = Test::Household::Issuer->new($crt, $pem,
    '/chunked' => ["HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n$ok"
        . "Transfer-Encoding: chunked\r\n\r\n",
        map({ sprintf("%x;a=b\r\n%s\r\n", length, $_) } $first =~ /.{1,50}/gs),
        "0\r\nX: y\r\n\r\n"],
    '/close' => ["$ok\r\n$first"],
    '/cut' => ["$ok$long\r\n\r\n" . substr $first, 0, -10],
    '/cut-chunk' => ["$ok" . "Transfer-Encoding: chunked\r\n\r\nff\r\n{"],
    '/silent' => [['pause']],
    '/slow' => ["$ok$long\r\n\r\n{", ['pause']],
    '/endless' => ["$ok\r\n", ('x' x 100000) x 4, ['pause']],
    '/header' => ["$ok", ("X: y\r\n" x 10000) x 2, ['pause']],
    '/gzip' => ["$ok" . "Content-Encoding: gzip\r\n$long\r\n\r\n$first"],
    '/unasked' => ["HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"],
    '/partial' => ["HTTP/1.1 206 Partial Content\r\n$long\r\n\r\n$first"],
    '/nothing' => ["HTTP/1.1 204 No Content\r\n\r\n"],
    '/short' => ["$ok" . "Content-Length: 20\r\n\r\n$first"],
    '/two-lengths' => ["$ok$long\r\nContent-Length: 3\r\n\r\n$first"],
    '/length-and-chunks' => ["$ok$long\r\nTransfer-Encoding: chunked\r\n"
        . "\r\n$first"],
    '/bad-chunk' => ["$ok" . "Transfer-Encoding: chunked\r\n\r\n"
        . "-1\r\n$first"],
    '/bom' => ["$ok\r\n\xef\xbb\xbf$first"],
    '/nul' => ["$ok\r\n$first\0"],
    '/twice' => ["$ok\r\n" . '{"keys":[],' . substr $first, 1],
    '/crlf' => ["$ok\r\n" . $first =~ s/([{,])/$1\r\n/gr],
    '/http10' => ["HTTP/1.0 200 OK\r\n$long\r\n\r\n$first" . 'junk'],
    '/members' => ["$ok\r\n" . jwks({ jwk => { %{ $old->{jwk} }, use => undef,
            x5c => ['x'], key_ops => undef, d => 'private', 'x#' => {} } },
        { jwk => { kty => 'AKP', alg => 'ML-DSA-44', kid => 'old' } },
        { jwk => { kid => 'x' x 1100, kty => 'oct' } }, { jwk => { } })],
    '/text' => ["220 mail.example ESMTP\r\n", ['pause']],
    '/empty' => ["$ok" . "Content-Length: 0\r\n\r\n"]);


# --- an edge with many key sets -------------------------------------------

my @more = ("issuer=https://id.example",
            "trusted_certificate=" . $ca->file);

sub place {
    my ($path, $url, @params) = @_;

    return <<"EOC";
location $path {
    household on;
    household_store main zone=households;
    household_token bearer;
    household_token_key $url @params;
    household_log_level info;
    add_header X-Status \$household_status always;
    add_header X-Reason \$household_reason always;
    empty_gif;
}
EOC
}

my %bad = (
    redirect => ["https://id.example:$tls/redirect", 'HTTP status 302'],
    gone => ["https://id.example:$tls/gone", 'HTTP status 503'],
    missing => ["https://id.example:$tls/missing", 'HTTP status 404'],
    broken => ["https://id.example:$tls/broken", 'line 1, column'],
    useless => ["https://id.example:$tls/useless", 'no usable .* among 1 keys'],
    large => ["https://id.example:$tls/large", 'response too large'],
    name => ["https://id.example:$other_tls/main",
             'TLS: certificate does not match "id.example"'],
    late => ["https://id.example:$late_tls/main",
             'TLS: certificate verify failed: certificate has expired'],
    address => ["https://127.0.0.1:$tls/main",
                'TLS: certificate does not match "127.0.0.1"'],
    refused => ["https://127.0.0.1:1/main", 'connect\(\) failed'],
    plain => ["https://127.0.0.1:$issuer->{port}/main",
              'TLS: wrong version number'],
    (map { ($_->[0] => ["https://id.example:$odd->{port}/$_->[0]", $_->[1]]) }
        ['cut', 'connection closed by peer before the end of the response'],
        ['cut-chunk', 'connection closed by peer before the end'],
        ['silent', '(?:TLS handshake )?timed out'],
        ['slow', '(?:TLS handshake )?timed out'],
        ['endless', 'response too large'],
        ['header', 'response header too large'],
        ['gzip', 'unsupported content encoding'],
        ['text', 'invalid response status line'],
        ['unasked', 'HTTP status 304'],
        ['partial', 'HTTP status 206'],
        ['nothing', 'HTTP status 204'],
        ['short', 'line 1, column'],
        ['two-lengths', 'invalid response header'],
        ['length-and-chunks', 'invalid response header'],
        ['bad-chunk', 'invalid chunk'],
        ['bom', 'line 1, column 1'],
        ['nul', 'line 1, column'],
        ['twice', 'line 1, column .* duplicate object key'],
        ['empty', 'line 1, column']),
);

my %good = (
    main => ["https://id.example:$tls/main", 'refresh=1s'],
    address_ok => ["https://127.0.0.1:$address_tls/main"],
    http => ["http://127.0.0.1:$issuer->{port}/main"],
    early => ["https://id.example:$tls/early", 'refresh=1h'],
    kept => ["https://id.example:$tls/kept", 'refresh=1s',
             "state=$dir/kept.jwks"],
    map { ($_ => ["https://id.example:$odd->{port}/$_"]) } qw(chunked close crlf
        http10 members),
);

sub edge_server {
    return join '',
        (map { place("/bad/$_", $bad{$_}[0], @more,
                     /^(?:silent|slow)$/ ? 'timeout=2s' : ()) } sort keys %bad),
        (map { place("/good/$_", $_ eq 'http'
            ? ($good{$_}[0], $more[0]) : (@{ $good{$_} }, @more)) }
            sort keys %good),
        place('/allow', $bad{gone}[0], @more)
            =~ s/household_log/household_unavailable allow; household_log/r,
        place('/watched', $bad{gone}[0], @more) =~ s/household on/household monitor/r,
        place('/any', $bad{gone}[0], @more)
            =~ s/household_log/satisfy any; deny all; household_log/r,
        place('/several', "https://id.example:$tls/one", @more, 'refresh=1h')
            =~ s!household_log!household_token_key
                 https://id.example:$tls/another refresh=1h
                 issuer=https://another.example $more[1]; household_log!r,
        place('/two', "https://id.example:$tls/main?two", @more)
            =~ s/household on/resolver 127.0.0.1:$two->{port} ipv6=off; $&/r,
        place('/nowhere', "https://id.example:$tls/main?nowhere", @more)
            =~ s/household on/resolver 127.0.0.1:$nothing->{port}; $&/r,
        place('/untrusted', "https://id.example:$tls/main?untrusted",
              $more[0]),
        'location /status { household_metrics zone=households; }';
}

my @edge = (
    workers => 2,
    http => http_config(server => $redis->address, zone => '1m')
        . "resolver 127.0.0.1:$dns->{port} ipv6=off;\n");

my $edge = Test::Household::Nginx->new(@edge, server => edge_server());

sub new_token { token($_[0], { iss => 'https://id.example' }) }

# with a new token of the key, or with the token given

sub ask {
    my ($path, $key) = @_;
    my $token = ref $key ? new_token($key) : $key;
    my $r = $edge->get($path, Authorization => "Bearer $token");
    return "$r->{status} $r->{headers}{'x-status'} $r->{headers}{'x-reason'}";
}

# by both worker processes, most likely
sub is_soon {
    my ($path, $key, $expected, $name) = @_;
    my $got;

    wait_until {
        $got = join "\n", grep { $_ ne $expected } map { ask($path, $key) }
               1 .. 6;
        $got eq '';
    } 30;
    is $got, '', "$name: $expected";
}

my $home = '200 ALLOWED home';
my $no_keys = '503 UNAUTHORIZED keys_unavailable';
my $no_key = '401 UNAUTHORIZED token_key';

is_soon "/good/$_", $old, $home, "good: $_" for sort keys %good;
is_soon '/two', $old, $home, 'a name with two addresses';

ok $edge->wait_log(qr/nowhere": fetch failed: host not found: Host not found/),
   'a name without an address';

for my $name (sort keys %bad) {
    my ($url, $cause) = @{ $bad{$name} };

    ok $edge->wait_log(qr/\[error\] .*household keyset "\Q$url\E": fetch failed: $cause.*, no set yet/),
       "bad: $name: $cause";
    is ask("/bad/$name", $old), $no_keys, "bad: $name: no set";
}

is ask('/allow', $old), $no_keys, 'no set, whatever household_unavailable is';
is ask('/watched', $old), '200 MONITORED keys_unavailable',
   'no set, in mode monitor';
is ask('/any', $old), '401 UNAUTHORIZED keys_unavailable',
   'no set, with satisfy any: another module may decide';
is_deeply $edge->get('/allow', Authorization => 'Bearer ' . new_token($old))
       ->{body} =~ /"title":"([^"]*)","status":(\d+),"reason":"([^"]*)"/
       ? [$1, $2, $3] : [],
   ['Service Unavailable', 503, 'keys_unavailable'],
   'no set: a problem document';
is_deeply [map { $edge->get($_, Authorization => 'Bearer ' . new_token($old))
                 ->{headers}{'retry-after'} } '/allow', '/any', '/watched'],
   [5, undef, undef], 'no set: when to try again, with 503 only';
ok $edge->wait_log(qr/untrusted": fetch failed: TLS: certificate verify failed/),
   'without trusted_certificate: the certificates of the system';
like slurp($edge->{dir} . '/error.log'),
     qr/useless": key skipped: keys\[0\] \(kid "ES256"\)/,
     'why a key is not usable is logged';

my $log = $edge->log;
is scalar(() = $log =~ /main": set replaced, 1 keys/g), 3,
   'one worker process fetches, and logs it once';

my ($request) = $odd->requests('/close');
like $request, qr{\AGET /close HTTP/1\.1\r\nHost: id\.example:$odd->{port}\r\n},
     'the request names the host';
like $request, qr/^Connection: close\r$/m, 'for one response';
unlike $request, qr/If-/, 'the first time without conditions';

ok wait_until { grep { m{^/main 304 id.example id.example:$tls \\x22} }
                fetches('/main') },
   'then with the validator of the last response, and SNI';


# --- metrics --------------------------------------------------------------

sub fetched {
    my ($url, $result) = @_;
    return $edge->metric(keyset_fetches_total => url => $url,
                         result => $result);
}

my $main = $good{main}[0];

is fetched($main, 'replaced'), 1, 'metrics: replaced';
cmp_ok fetched($main, 'unchanged'), '>', 0, 'metrics: unchanged';
cmp_ok fetched($bad{gone}[0], 'failed'), '>', 0, 'metrics: failed';
cmp_ok fetched($bad{useless}[0], 'invalid'), '>', 0, 'metrics: invalid';
ok wait_until { fetched($bad{missing}[0], 'failed') > 2 }, 'failed again';
is scalar(() = $edge->log =~ /missing": fetch failed/g), 1,
   'the same cause is logged once';
is $edge->metric(keyset_keys => url => $main), 1, 'metrics: keys';
is $edge->metric(keyset_keys => url => $bad{gone}[0]), 0, 'metrics: none';
cmp_ok $edge->metric(keyset_last_success_timestamp_seconds => url => $main),
   '>', time - 3600, 'metrics: when';


# --- another set ----------------------------------------------------------

is ask('/good/main', $new), $no_key, 'a key that is not in the set';

my $cached = new_token($old);

sub hits {
    return $edge->metric(cache_lookups_total => kind => 'token',
                         result => 'hit');
}

is ask('/good/main', $cached), $home, 'a token';
my $hits = hits();
is ask('/good/main', $cached), $home, 'the token again';
is hits(), $hits + 1, 'which is cached';
ask('/good/main', $cached) for 1 .. 10;

put("$dir/issuer/main", $second);

is_soon '/good/main', $new, $home, 'another set: its key';
is_soon '/good/main', $old, $no_key, 'another set: the former key';
$hits = hits();
is ask('/good/main', $cached), $no_key, 'and the token that was cached'
    for 1 .. 6;
is hits(), $hits, 'which is no hit';

put("$dir/issuer/main", jwks($old, $new));

is_soon '/good/main', $old, $home, 'both keys: the one';
is_soon '/good/main', $new, $home, 'both keys: the other';

put("$dir/issuer/main", '{"keys":[]}');

ok $edge->wait_log(qr/\[warn\] .*main": fetch failed: no usable .*, last set kept/),
   'a set that became unusable is logged';
is_soon '/good/main', $old, $home, 'and changes nothing';
cmp_ok fetched($main, 'invalid'), '>', 0, 'and is counted';

my $mark = $edge->mark;
put("$dir/issuer/main", $first);

ok $edge->wait_log(qr/\[notice\] .*main": fetch recovered/, $mark),
   'until there is a usable one';
is_soon '/good/main', $new, $no_key, 'which is used';


# --- an unknown key id ----------------------------------------------------

put("$dir/issuer/early", jwks($old, $new));

my $fetches = fetches('/early');
is ask('/good/early', $new), $no_key, 'a key that the issuer has just added';
is_soon '/good/early', $new, $home, 'its set is fetched early';

is ask('/good/early', $other), $no_key, 'an unknown key again' for 1 .. 20;
is ask('/good/early', $new), $home, 'a known one';
is scalar(fetches('/early')), $fetches + 1, 'is no cause to fetch it again so soon';

is_soon '/several', $old, $home, 'one of two issuers';
ok wait_until { fetches('/another') }, 'the set of the other one is there';
is ask('/several', $other), $no_key, 'a key that the one does not have';
ok wait_until { fetches('/one') == 2 }, 'its set is fetched again';
is scalar(fetches('/another')), 1, 'and not that of the other issuer';
is ask('/several', token($other, { iss => 'https://another.example' })),
   $no_key, 'a key that the other one does not have';
ok wait_until { fetches('/another') == 2 }, 'the set of that is fetched';
is scalar(fetches('/one')), 2, 'and not that of the first issuer';


# --- the issuer is gone ---------------------------------------------------

ok wait_until { -s "$dir/kept.jwks" }, 'the set is in the file';
is slurp("$dir/kept.jwks"), $first, 'as it was received';
is sprintf('%o', (stat "$dir/kept.jwks")[2] & 07777), '600',
   'for its owner only';

$mark = $edge->mark;
$issuer->quit;

ok $edge->wait_log(qr/kept": fetch failed: connect\(\) failed, last set kept \(111/,
                   $mark), 'the issuer is gone';
is_soon '/good/kept', $old, $home, 'its keys are not';

$edge->reload;
is_soon '/good/kept', $old, $home, 'after a reload';
is_soon '/good/early', $new, $home, 'nor without a file';

$edge->quit;
$edge->start;
is_soon '/good/kept', $old, $home, 'after a restart';
is ask('/good/early', $old), $no_keys, 'but not without a file';

put("$dir/kept.jwks", '{');
$edge->quit;
$mark = $edge->mark;
$edge->start;
ok $edge->wait_log(qr/\[warn\] .*state file ".*" ignored: line 1/, $mark)
   || $edge->output =~ /state file ".*" ignored: line 1/,
   'a damaged file is ignored';
is ask('/good/kept', $old), $no_keys, 'and is no set';

$issuer->start;
is_soon '/good/kept', $old, $home, 'the issuer is back';
ok wait_until { slurp("$dir/kept.jwks") eq $first }, 'the file is written again';

unlink "$dir/kept.jwks";
mkdir "$dir/kept.jwks";
$mark = $edge->mark;
put("$dir/issuer/kept", $second);
ok $edge->wait_log(qr/\[error\] .*kept": state file .* not written: rename\(\)/,
                   $mark), 'a file that cannot be written is logged';
is_soon '/good/kept', $new, $home, 'and the set is used';
is_deeply [glob "$dir/kept.jwks.*"], [], 'no other file is left';

my $again = fetched($good{kept}[0], 'unchanged');
ok wait_until { fetched($good{kept}[0], 'unchanged') > $again + 1 },
   'it is fetched again';
is scalar(() = slurp("$edge->{dir}/error.log", $mark) =~ /not written/g), 1,
   'the failure is logged once';
rmdir "$dir/kept.jwks";
ok $edge->wait_log(qr/\[notice\] .*kept": state file .* written again/, $mark),
   'the file can be written: the next fetch does, though the set is the same';
is slurp("$dir/kept.jwks"), $second, 'it has the set';

push @{ $good{main} }, "state=$dir/main.jwks";
$edge->reload(server => edge_server());
ok wait_until { slurp("$dir/main.jwks") eq slurp("$dir/issuer/main") },
   'a reload adds a state: the set that is in use is written';

unlink "$dir/main.jwks";
mkfifo("$dir/main.jwks", 0600) or die;
$edge->reload;
ok $edge->wait_log(qr/main.jwks" ignored: not a regular file/),
   'a pipe in its place: the master process does not wait';
ok wait_until { -f "$dir/main.jwks" }, 'and it is replaced';



# --- worker processes that die while one of them fetches ------------------

{
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => free_port(), Listen => 5, ReuseAddr => 1, Timeout => 20)
        or die "listen: $!\n";
    my $port = $listener->sockport;

    $edge->configure(server => place('/killed', "http://127.0.0.1:$port/main",
                                     $more[0], 'timeout=3s'));
    $edge->quit;
    $edge->start;
    ok my $fetch = $listener->accept, 'a worker process fetches';
    kill KILL => $edge->workers;
    $_->close for $listener, $fetch;

    put("$dir/issuer/main", $first);
    $issuer->{http} .= "server { listen 127.0.0.1:$port; root $dir/issuer; }";
    $issuer->reload;
    is_soon '/killed', $old, $home, 'it was killed: another one fetches';
    $edge->{allow} = $Test::Household::Nginx::Killed;
}

done_testing();

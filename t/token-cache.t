#!/usr/bin/perl

# Verified tokens are remembered: one that was seen before costs no signature
# check, and yet nothing is accepted that a check would refuse.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(temp_dir running wait_until);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;
use Time::HiRes ();

my $dir = temp_dir('cache');
my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{revoked}', '127.0.0.1');

my ($secret, $curve) = map { new_key($_, kid => 'k') } qw(HS256 ES256);
my ($another) = map { new_key($_, kid => 'k') } qw(ES256);

put("$dir/secret", jwks($secret));
put("$dir/curve", jwks($curve));
put("$dir/another", jwks($another));

# The store is away, so that no account is ever kept: what the counters tell
# is of tokens.
sub place {
    my ($path, $keys, $text, $zone, $store) = @_;
    $zone ||= 'households';
    $store ||= 'away';

    return <<"EOC";
location $path {
    household on;
    household_store $store zone=$zone;
    household_token bearer \$arg_URISigningPackage;
    household_token_key $dir/$keys;
    $text
    empty_gif;
}
EOC
}

my $nginx = Test::Household::Nginx->new(
    workers => 2,
    http => http_config(server => $redis->address, zone => '1m') . <<'EOC',
household_redis away { server 127.0.0.1:1; }
household_zone zone=small:32k;
household_zone zone=records:1m;
household_token_leeway 0;
keepalive_requests 100000;
add_header X-Reason $household_reason always;
add_header X-Account $household_account always;
add_header X-Device $household_device always;
EOC
    server => join('', place('/secret', 'secret', ''),
        place('/curve', 'curve', ''),
        place('/another', 'another', ''),
        place('/claims', 'curve', 'household_token_claims account=account;'),
        place('/device', 'curve', 'household_token_claims device=device;'),
        place('/lenient', 'curve', 'household_token_leeway 5m;'),
        place('/small', 'secret', '', 'small'),
        place('/revoked', 'curve', '', 'records', 'main'))
        . 'location /status { household_metrics zone=households; }
           location /state-of-small { household_metrics zone=small; }');

my $conn;

sub ask {
    my ($path, $token) = @_;
    $conn ||= $nginx->connect;
    my $r = $conn->get($path, $token ? (Authorization => "Bearer $token") : ());
    return "$r->{status} $r->{headers}{'x-reason'}"
        . ($r->{headers}{'x-account'} ? " $r->{headers}{'x-account'}" : '');
}

# what a zone tells of itself, with short names
sub counted {
    my @of = (kind => 'token', page => $_[0] || '/status');
    return {
        hits => $nginx->metric(cache_lookups_total => result => 'hit', @of),
        stored => $nginx->metric(cache_inserts_total => result => 'stored',
                                 @of),
        evicted => $nginx->metric(cache_evictions_total => @of),
        tokens => $nginx->metric(cache_entries => @of),
    };
}

# tokens that were verified, found, rejected
sub judged {
    return map { $nginx->metric(token_verifications_total => result => $_) }
               qw(verified cached rejected);
}

# what changed, as far as it is named
sub change {
    my ($was, @names) = @_;
    my $is = counted();
    return join ' ', map { "$_ " . ($is->{$_} - $was->{$_}) } @names;
}

my ($ok, $wrong) = ('200 unavailable a', '401 token_signature');


# --- a token that was seen before -----------------------------------------

for my $row (['/secret', $secret], ['/curve', $curve]) {
    my ($path, $key) = @$row;
    my $token = token($key);
    my $was = counted();
    my @judged = judged();

    is ask($path, $token), $ok, "$path: the first time";
    is change($was, qw(stored tokens)),
       'stored 1 tokens 1', "$path: it is kept";

    $was = counted();
    is ask($path, $token), $ok, "$path: time $_" for 2 .. 5;
    is change($was, qw(stored tokens)),
       'stored 0 tokens 0', "$path: and is found";

    $judged[0] += 1;
    $judged[1] += 4;
    is join(' ', judged()), "@judged", "$path: verified once, cached later";
    ask($path, $token . 'x');
    $judged[2]++;
    is join(' ', judged()), "@judged", "$path: rejected";

    # by each worker
    $was = counted();
    for (1 .. 20) {
        undef $conn;
        ask($path, $token);
    }
    is change($was, qw(stored tokens)), 'stored 0 tokens 0',
       "$path: by every worker";
}


# --- until it is over -----------------------------------------------------

{
    my $exp = int(Time::HiRes::time()) + 3;
    my $token = token($curve, { exp => $exp });
    my ($good, $over, $bad) = (0, 0, '');
    my $was = counted();

    while (!$over) {
        my $before = Time::HiRes::time();
        my $told = ask('/curve', $token);
        my $after = Time::HiRes::time();

        $bad .= "$told at $before, " if $after < $exp && $told ne $ok;
        $bad .= "$told at $before, " if $before >= $exp
            && $told ne '401 token_expired';
        $good++ if $told eq $ok;
        $over = $before >= $exp;
        Time::HiRes::sleep(0.02);
    }

    is $bad, '', 'accepted before exp, and refused from then on';
    my $is = counted();
    cmp_ok $is->{stored} - $was->{stored}, '<', $good / 2,
        'and most of the time it was found';
    is ask('/lenient', $token), $ok, 'with a leeway it is good for longer';
    is ask('/curve', $token), '401 token_expired', 'which is no help here';
}


# --- other tokens, other keys ---------------------------------------------

{
    my $claims = claims();
    my @tokens = map { token($curve, $claims) } 1 .. 10;
    my $was = counted();
    my %told = map { $_ => 1 } map { ask('/curve', $_) } @tokens, @tokens;

    is join(',', keys %told), $ok, 'the same claims, ten signatures';
    is change($was, qw(stored tokens)), 'stored 10 tokens 10',
       'are ten tokens';
}

{
    my @tokens = map { token($secret, { sub => "a$_" }) } 0 .. 99;
    my $bad = grep {
        ask('/secret', $tokens[$_ % 100]) ne "200 unavailable a" . $_ % 100
    } 0 .. 299;
    is $bad, 0, 'each of a hundred is of its account';
}

for my $path (qw(/another /claims /device /lenient)) {
    my $token = token($curve, { account => 'b', device => 'tv' });
    my %expected = ('/another' => $wrong, '/claims' => '200 unavailable b');

    is ask('/curve', $token), $ok, "$path: kept elsewhere";
    is ask($path, $token), $expected{$path} || $ok, "$path: evaluated again";

    my $was = counted();
    is ask('/curve', $token), $ok, "$path: is no matter";
    is change($was, 'stored'), 'stored 0', "$path: where it was kept";
}

{
    my $r = $nginx->get('/device', Authorization => 'Bearer '
        . token($curve, { device => 'tv', jti => 1 })) for 1, 2;
    my $token = token($curve, { device => 'tv' });
    my @device = map { $nginx->get('/device', Authorization =>
        "Bearer $token")->{headers}{'x-device'} } 1 .. 2;
    is "@device", 'tv tv', 'the device is kept, too';
}


# --- a URI is compared each time ------------------------------------------

{
    my $token = token($curve,
        { cdniv => 1, cdniuc => 'regex:http://localhost/curve/a.*' });
    my @told = map { ask("/curve/$_?URISigningPackage=$token") }
        qw(b a1 b a2 b);

    is "@told", "401 token_uri $ok 401 token_uri $ok 401 token_uri",
       'a token for some URIs, found again';
}


# --- forged ones ----------------------------------------------------------

{
    my $token = token($secret);
    ask('/secret', $token);

    my ($header, $payload, $signature) = split /\./, $token;
    my $was = counted();

    for my $row (
        ['signature', "$header.$payload." . b64("\1" x 32)],
        ['payload', "$header." . b64('{"sub":"b","exp":4102444800}')
                    . ".$signature"],
        ['header', b64('{"alg":"HS256","kid":"k","x":1}')
                   . ".$payload.$signature"],
        ['nothing but the signature', "..$signature", 'malformed'],
        ['a stray bit', $token =~ s/(.)\z/chr(1 + ord $1)/er, 'malformed'],
        ['a dot at the end', "$token.", 'malformed'],
        ['a comma and itself', "$token,$token", 'malformed'],
        ['all but the end', substr($token, 0, -2), 'malformed|signature'])
    {
        my ($name, $forged, $reason) = @$row;
        $reason ||= 'signature';
        like ask('/secret', $forged), qr/^401 token_(?:$reason)$/,
             "a forged variant, $name";
    }

    is change($was, qw(stored tokens)), 'stored 0 tokens 0',
       'none is kept';
    is ask('/secret', $token), $ok, 'the genuine one is';
    is change($was, qw(stored tokens)), 'stored 0 tokens 0', 'as it was';

    # more than the zone has room for
    my $other = new_key('HS256', kid => 'k');
    my $bad = 0;
    $was = counted();

    for my $n (1 .. 6000) {
        my $forged = "$header." . b64(qq({"sub":"a","exp":4102444800,"n":$n}))
            . ".$signature";
        $bad++ if ask('/secret', $forged) ne $wrong;
    }

    is $bad, 0, 'a flood of forged ones is refused';
    is change($was, qw(hits stored evicted tokens)),
       'hits 0 stored 0 evicted 0 tokens 0', 'and changes nothing';

    $was = counted();
    is ask('/secret', $token), $ok, 'the genuine one is still there';
    is change($was, 'stored'), 'stored 0', 'and is found';
}


# --- signed out -----------------------------------------------------------

{
    my $token = token($curve, { sub => 'revoked', iat => 1000 });
    is ask('/revoked', $token), '200 home revoked', 'before it is revoked';
    is ask('/revoked', $token), '200 home revoked', 'and again';
    $redis->cmd(HSET => 'household:{revoked}:account', revoked_before => 1001);
    ok wait_until { ask('/revoked', $token) eq '401 revoked revoked' },
       'a token that is kept can be revoked';
}


# --- a zone that is too small ---------------------------------------------

{
    my @tokens = map { token($secret, { sub => "a$_" }) } 0 .. 399;
    my $bad = grep { ask('/small', $tokens[$_]) ne "200 unavailable a$_" } 0 .. 399;
    my $was = counted('/state-of-small');

    is $bad, 0, 'more tokens than there is room for are good';
    cmp_ok $was->{evicted}, '>', 0, 'though not all are kept';
    cmp_ok $was->{tokens}, '<', 400, 'but some';

    is ask('/small', $tokens[0]), '200 unavailable a0', 'one that had to go is good';
    my $is = counted('/state-of-small');
    cmp_ok $is->{stored}, '>', $was->{stored}, 'by another verification';
}


# --- keys that change -----------------------------------------------------

sub reload {
    my @workers = $nginx->workers;
    $nginx->reload;
    wait_until { !grep { running($_) } @workers }
        or die "old workers do not leave\n";
    undef $conn;
}

{
    my $token = token($curve);
    is ask('/curve', $token), $ok, 'kept before a reload';

    reload();
    my $was = counted();
    is ask('/curve', $token), $ok, 'the same keys: it is accepted';
    is change($was, 'stored'), 'stored 0', 'and was found';

    # the kid is the same, only the key is another one
    put("$dir/curve", jwks($another));
    reload();
    is ask('/curve', $token), $wrong, 'another key: it is refused';
    is ask('/curve', token($another)), $ok, 'and one of that key is not';

    put("$dir/curve", jwks({ jwk => { %{ $another->{jwk} }, kid => 'l' } }));
    reload();
    is ask('/curve', $token), '401 token_key', 'another kid: no key';

    put("$dir/curve", jwks($curve,
                           { jwk => { %{ $another->{jwk} }, kid => 'l' } }));
    reload();
    is ask('/curve', $token), $ok, 'its key is back: it is good again';
}


# --- how long a verification takes ----------------------------------------

{
    my $count = 'token_verification_duration_seconds_count';
    my $n = $nginx->metric($count);
    my $token = token($secret, { jti => 'timed' });

    ask('/secret', $token);
    is $nginx->metric($count), $n + 1, 'a verification is timed';
    ask('/secret', $token);
    is $nginx->metric($count), $n + 1, 'a token that is kept is not verified';
    ask('/secret', 'a.b.c') for 1 .. 2;
    is $nginx->metric($count), $n + 3, 'verifications that fail';
}

done_testing();

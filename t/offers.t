#!/usr/bin/perl

# Offers: by the country of the subscription, with a price only where a seat is
# free; and the encrypted state that the shop and the verification page read.

use strict;
use warnings;

use lib 't/lib';
use Crypt::JWT qw(decode_jwt encode_jwt);
use Digest::SHA qw(hmac_sha256);
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(temp_dir slurp);
use Test::Household::Redis;
use Test::More;
use Time::HiRes ();

my $home = '82.64.10.7';
my $away = '203.0.113.9';
my $dir = temp_dir('offers');
my $secret = 'correct horse battery staple';

my $redis = Test::Household::Redis->new(unix => 1);

sub key {
    my ($name, $text) = @_;
    open my $out, '>', "$dir/$name" or die;
    print $out $text;
    close $out;
    return "$dir/$name";
}

my $offers = <<'EOC';
    household_offer FR price=5.99 currency=EUR
        url=https://fr.example/seat?state=$household_offer_state;
    household_offer GB price=4.99 currency=GBP url=https://gb.example/seat
        verify=https://gb.example/code?state=$household_offer_state;
    household_offer CH url=https://ch.example/seat;
    household_offer default price=9.99 currency=USD
        url=https://www.example/household?state=$household_offer_state;
EOC

sub edge {
    my ($key) = @_;
    return Test::Household::Nginx->new(
        http => http_config(server => $redis->address)
                . "household_hmac_key $key;\n" . $offers,
        server => location('/', 'add_header X-Id $household_pseudonym always;')
                  . location('/monitor', 'household monitor;'
                             . 'add_header X-Url $household_offer_url;')
                      =~ s/household on;//r);
}

my $edge = edge(key('key', "$secret\nwhat stands here is not read\n"));

sub get {
    my ($uri, $from, $of) = @_;
    return ($of || $edge)->get($uri, 'X-Forwarded-For' => $from // $away);
}

# what a player is told; a state is told of, not shown
sub offer {
    my ($account) = @_;
    my $r = get("/?account=$account");

    my ($url) = $r->{body} =~ /"url":"([^"]*)"/;
    is $r->{headers}{link}, qq(<$url>; rel="payment"),
        "$account: the link is the offer's" if defined $url;
    my ($offer) = $r->{body} =~ /"offer":(\{.*\})\}\r?\n\z/;
    return $offer =~ s/state=[^"&]+/state=.../r;
}

my %priced = (
    FR => '{"kind":"extra_member","price":"5.99","currency":"EUR",'
          . '"period":"month","url":"https://fr.example/seat?state=..."}',
    GB => '{"kind":"extra_member","price":"4.99","currency":"GBP",'
          . '"period":"month","url":"https://gb.example/seat",'
          . '"verify":"https://gb.example/code?state=..."}',
    CH => '{"kind":"household","url":"https://ch.example/seat"}',
    IT => '{"kind":"extra_member","price":"9.99","currency":"USD",'
          . '"period":"month",'
          . '"url":"https://www.example/household?state=..."}',
);
my $plain = '{"kind":"household",'
    . '"url":"https://www.example/household?state=..."}';

# by the country, while a seat is free

for my $country (sort keys %priced) {
    my @seats = (
        unknown => [], $priced{$country},
        free => [seats => 2, 'extra:s1:192.0.2.1' => 0], $priced{$country},
        over => [seats => 1, 'extra:s1:192.0.2.1' => time - 1],
            $priced{$country},
        none => [seats => 0], $plain,
        taken => [seats => 1, 'extra:s1:192.0.2.1' => 0,
                  'extra:s1:2001:db8::/56' => 0], $plain,
    );

    while (my ($name, $fields, $expected) = splice @seats, 0, 3) {
        my $account = "$country-$name";
        $redis->cmd(SADD => "household:{$account}", $home);
        $redis->cmd(HSET => "household:{$account}:account",
                    country => $country, @$fields);
        is offer($account), $expected, "$country, seats: $name";
    }
}

$redis->cmd(SADD => 'household:{nowhere}', $home);
is offer('nowhere'), $priced{IT}, 'no country: the default';

# The claims of a state, as a library of another reads them, or why it does not.
sub claims {
    my ($state, $secret, $now) = @_;

    my $claims = eval {
        decode_jwt(token => $state,
                   key => hmac_sha256('household state', $secret),
                   accepted_alg => 'dir', accepted_enc => 'A128CBC-HS256',
                   verify_exp => 0);
    } or return 'forged';

    return $claims->{exp} > $now ? $claims : 'expired';
}

sub account {
    my $claims = claims(@_);
    return ref $claims ? $claims->{sub} : $claims;
}

# time() may be a tick behind the clock of nginx
sub now { int Time::HiRes::time }

sub id { unpack 'H32', hmac_sha256($_[0], hmac_sha256('household id', $_[1])) }

sub state {
    my ($account, $of, $uri) = @_;
    my $r = get(($uri // '/') . "?account=$account", undef, $of);
    return ($r->{body} =~ /state=([^"&]+)"/)[0];
}

my $before = now();
my $state = state('FR-free');
my $after = now();
my $id = get('/?account=FR-free')->{headers}{'x-id'};

is $id, id('FR-free', $secret), 'the pseudonym that the shop computes, too';

{
    my $claims = claims($state, $secret, $before);
    my ($from, $until) = delete @$claims{qw(iat exp)};

    is_deeply $claims, { sub => 'FR-free', pseudonym => $id,
                         address => $away, reason => 'outside' },
        'the state has the account, the address and the reason';
    cmp_ok $from, '>=', $before, 'from the time of the denial';
    cmp_ok $from, '<=', $after, 'and not later';
    is $until, $from + 600, 'good for ten minutes';

    $claims = claims(state('GB-free&device=tv'),
                     $secret, $before);
    is $claims->{sub}, 'GB-free', 'verify= has a state, too';
    is $claims->{device}, 'tv', 'with the device';
}

is account($state, 'another secret of an edge', $before), 'forged',
    'another key';

for my $part (0 .. 4) {
    my @parts = split /\./, $state, -1;
    $parts[$part] =~ s/^(.?)/$1 eq 'A' ? 'B' : 'A'/e;
    is account(join('.', @parts), $secret, $before), 'forged',
        "another part $part";
}

isnt state('FR-free'), $state, 'each denial has its own';
unlike $state, qr/FR-free/, 'no account id in it';
unlike $state, qr/\Q$away\E|\Q$home\E/, 'no address in it';
like $state, qr/\A[A-Za-z0-9._-]+\z/, 'nothing to be escaped';

# JSON has no text that is not UTF-8: the pseudonym says who it is

$redis->cmd(SADD => "household:{FR-\xff}", $home);
$redis->cmd(HSET => "household:{FR-\xff}:account", country => 'FR');

{
    my $claims = claims(state("FR-\xff"), $secret, $before);
    is $claims->{sub}, undef, 'an id that is not UTF-8 is left out';
    is $claims->{pseudonym}, id("FR-\xff", $secret), 'its pseudonym is not';
}

# and as the docs have a shop read it

{
    my $docs = slurp('docs/offers.md');
    my ($perl) = $docs =~ /```perl\n(.*?)```/s;
    my ($python) = $docs =~ /```python\n(.*?)```/s;
    my $read = eval "package Shop; $perl; \\&read_state" or die $@;

    is $read->($secret, $state)->{sub}, 'FR-free', 'the docs, Perl';
    is $read->($secret, "${state}a"), undef, 'the docs, Perl: malformed';
    is $read->("$secret?", $state), undef, 'the docs, Perl: forged';
    is $read->($secret, old_state()), undef, 'the docs, Perl: expired';
    is $read->($secret, plain_state()), undef, 'the docs, Perl: a JWS';

  SKIP: {
        skip 'no python3-jwcrypto', 1
            if system '/usr/bin/python3 -c "import jwcrypto" 2> /dev/null';
        open my $out, '>', "$dir/shop.py" or die;
        print $out $python, <<"EOC";
import sys
print(pseudonym(b"$secret", b"FR-free"),
      *[(read_state(b"$secret", state) or {}).get("sub")
        for state in sys.argv[1:]],
      read_state(b"another", sys.argv[1]))
EOC
        close $out;
        my @states = ($state, "${state}a", old_state(), plain_state());
        open my $in, '-|', '/usr/bin/python3', "$dir/shop.py", @states or die;
        is scalar(<$in>), "$id FR-free None None None None\n",
            'the docs, Python';
    }
}

# good until a moment ago
sub old_state {
    return encode_jwt(payload => { sub => 'FR-free', exp => time - 1 },
                      key => hmac_sha256('household state', $secret),
                      alg => 'dir', enc => 'A128CBC-HS256');
}

# signed, and not encrypted
sub plain_state {
    return encode_jwt(payload => { sub => 'FR-free', exp => time + 600 },
                      key => hmac_sha256('household state', $secret),
                      alg => 'HS256');
}

# in a redirect, and in monitor

{
    my $r = $edge->get('/?account=FR-free', 'X-Forwarded-For' => $away,
                       'Sec-Fetch-Mode' => 'navigate');
    is $r->{status}, 303, 'a browser';
    my ($state) = $r->{headers}{location}
        =~ m{\Ahttps://fr\.example/seat\?state=(.+)\z};
    is account($state, $secret, $before), 'FR-free', 'brings a state along';

    $r = get('/monitor?account=FR-free');
    like $r->{headers}{'x-url'}, qr/state=eyJ/, 'monitor: it can be logged';
}

# keys

{
    my $other = edge(key('other', "another secret of an edge\n"));
    my $brief = edge(key('brief', "$secret\r\n") . ' state_valid=30s');
    my $s = state('FR-free', $other);

    is account($s, $secret, $before), 'forged', 'another edge, another key';
    isnt get('/?account=FR-free', $home, $other)->{headers}{'x-id'}, $id,
        'and another pseudonym';

    my $then = now();
    $s = state('FR-free', $brief);
    my $claims = claims($s, $secret, $then);
    is $claims->{sub}, 'FR-free', 'the end of the line is no part of the key';
    is $claims->{exp} - $claims->{iat}, 30, 'good for as long as is said';
}

for my $case (["$dir/none", 'open\(\) ".*none" of "household_hmac_key" failed'],
              [key('empty', ''), 'the first line of .*empty.* is empty'],
              [key('blank', "\n$secret"), 'is empty'],
              [key('short', '123456789012345'), 'is shorter than 16 bytes'],
              [key('long', 'x' x 5000), 'is larger than 4096 bytes'],
              [key('fine', $secret) . ' state_valid=0', 'invalid parameter'],
              [key('fine', $secret) . ' state_valid=soon', 'invalid parameter'],
              [key('fine', $secret) . ' valid=1m', 'invalid parameter'])
{
    my ($text, $expected) = @$case;
    my ($good, $said) = Test::Household::Nginx->new(start => 0,
        allow => qr/emerg/, http => "household_hmac_key $text;")->test;
    ok !$good, "nginx -t: $expected";
    like $said, qr/\[emerg\].*$expected/, 'the message';
    unlike $said, qr/correct horse|1234567890/, 'and the key is not';
}

done_testing;

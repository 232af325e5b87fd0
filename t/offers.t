#!/usr/bin/perl

# Offers: by the country of the subscription, with a price only where a seat is
# free; and the signed state that tells the shop who comes.

use strict;
use warnings;

use lib 't/lib';
use Digest::SHA qw(hmac_sha256);
use MIME::Base64 qw(encode_base64url);
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
    household_offer GB price=4.99 currency=GBP url=https://gb.example/seat;
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
          . '"period":"month","url":"https://gb.example/seat"}',
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

# A state, as a shop verifies it.  Returns the pseudonym, or why not.
sub verify {
    my ($state, $secret, $now) = @_;
    my ($signed, $id, $expires, $mac) = $state
        =~ /\A(v1\.([0-9a-f]{32})\.([0-9]+))\.([A-Za-z0-9_-]{43})\z/
        or return 'malformed';
    my $key = hmac_sha256('household state', $secret);

    return 'forged' if encode_base64url(hmac_sha256($signed, $key)) ne $mac;
    return 'expired' if $expires <= $now;
    return $id;
}

# time() may be a tick behind the clock of nginx
sub now { int Time::HiRes::time }

sub id { unpack 'H32', hmac_sha256($_[0], hmac_sha256('household id', $_[1])) }

sub state {
    my ($account, $of) = @_;
    my $r = get("/?account=$account", undef, $of);
    return ($r->{body} =~ /state=([^"&]+)"/)[0];
}

my $before = now();
my $state = state('FR-free');
my $after = now();
my $id = get('/?account=FR-free')->{headers}{'x-id'};

is verify($state, $secret, $before), $id, 'the shop learns who comes';
is $id, id('FR-free', $secret), 'by the pseudonym that the shop makes, too';

my ($expires) = $state =~ /^v1\.[^.]+\.(\d+)\./;
cmp_ok $expires, '>=', $before + 600, 'good for ten minutes';
cmp_ok $expires, '<=', $after + 600, 'and no longer';
is verify($state, $secret, $expires - 1), $id, 'good until then';
is verify($state, $secret, $expires), 'expired', 'and not after it';

is verify($state, 'another secret of an edge', $before), 'forged',
    'another key';
is verify($state =~ s/\.(\d+)\./'.' . ($1 + 1) . '.'/er, $secret, $before),
    'forged', 'a later end';
is verify($state =~ s/v1\.(.)/'v1.' . ($1 eq 'a' ? 'b' : 'a')/er, $secret,
          $before), 'forged', 'another account';
isnt state('FR-over'), $state, 'each account has its own';
unlike $state, qr/FR|free/, 'no account id in it';
unlike $state, qr/\Q$away\E|\Q$home\E/, 'no address in it';
like $state, qr/\A[A-Za-z0-9._-]+\z/, 'nothing to be escaped';

# and as the docs have a shop verify it

{
    my $docs = slurp('docs/offers.md');
    my ($perl) = $docs =~ /```perl\n(.*?)```/s;
    my ($python) = $docs =~ /```python\n(.*?)```/s;
    my $who = eval "package Shop; $perl; \\&verify_state" or die;

    is $who->($secret, $state), $id, 'the docs, Perl';
    is $who->($secret, "${state}a"), undef, 'the docs, Perl: malformed';
    is $who->("$secret?", $state), undef, 'the docs, Perl: forged';
    is $who->($secret, old_state()), undef, 'the docs, Perl: expired';

  SKIP: {
        skip 'no python3', 1 if system 'python3 -c "" 2> /dev/null';
        open my $out, '>', "$dir/shop.py" or die;
        print $out $python, <<"EOC";
import sys
print(pseudonym(b"$secret", b"FR-free"),
      *[verify_state(b"$secret", state) for state in sys.argv[1:]],
      verify_state(b"another", sys.argv[1]))
EOC
        close $out;
        my @states = ($state, "${state}a", "\n$state", "$state\n", old_state());
        open my $in, '-|', 'python3', "$dir/shop.py", @states or die;
        is scalar(<$in>), "$id $id None None None None None\n",
            'the docs, Python';
    }
}

# good until a moment ago
sub old_state {
    my $signed = "v1.$id." . time;
    return "$signed." . encode_base64url(hmac_sha256($signed,
        hmac_sha256('household state', $secret)));
}

# in a redirect, and in monitor

{
    my $r = $edge->get('/?account=FR-free', 'X-Forwarded-For' => $away,
                       'Sec-Fetch-Mode' => 'navigate');
    is $r->{status}, 303, 'a browser';
    my ($state) = $r->{headers}{location}
        =~ m{\Ahttps://fr\.example/seat\?state=(.+)\z};
    is verify($state, $secret, $before), $id, 'brings a state along';

    $r = get('/monitor?account=FR-free');
    like $r->{headers}{'x-url'}, qr/state=v1\./, 'monitor: it can be logged';
}

# keys

{
    my $other = edge(key('other', "another secret of an edge\n"));
    my $brief = edge(key('brief', "$secret\r\n") . ' state_valid=30s');
    my $s = state('FR-free', $other);

    is verify($s, $secret, $before), 'forged', 'another edge, another key';
    isnt get('/?account=FR-free', $home, $other)->{headers}{'x-id'}, $id,
        'and another pseudonym';

    my $then = now();
    $s = state('FR-free', $brief);
    ($expires) = $s =~ /^v1\.[^.]+\.(\d+)\./;
    is verify($s, $secret, $then), $id,
        'the end of the line is no part of the key';
    cmp_ok $expires, '<=', now() + 30, 'good for as long as is said';
    cmp_ok $expires, '>=', $then + 30, 'and for that long';
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
    like $said, qr/\[emerg\].*$expected/, 'is told';
    unlike $said, qr/correct horse|1234567890/, 'and the key is not';
}

done_testing;

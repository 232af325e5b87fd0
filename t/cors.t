#!/usr/bin/perl

# A player that is a page of another origin: the preflight that its browser
# sends, and what the browser lets it read, with the add_header lines and the
# preflight's answer of docs/offers.md.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(slurp);
use Test::Household::Redis;
use Test::More;

my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', '82.64.10.7');
$redis->cmd(HSET => 'household:{a}:account', country => 'FR');

# the configuration as it stands in the docs, with our own origin behind it
my ($docs) = slurp('docs/offers.md') =~ /```nginx\n(# cors\n.*?)```/s;
ok $docs, 'the docs have a configuration' or BAIL_OUT('no configuration');
$docs =~ s/proxy_pass[^;]*/empty_gif/;

my $edge = Test::Household::Nginx->new(
    http => http_config(server => $redis->address)
            . 'household_store main; household_account $arg_account;'
            . 'household_offer FR price=5.99 currency=EUR url=https://s.tv/x;'
            . "\n$docs\n"
              =~ s/^location .*//msr,
    server => $docs =~ s/\A.*?(?=^location )//msr);

my $player = 'https://play.example.tv';

# what fetch() with credentials and an Authorization header asks for first
sub preflight {
    my ($origin, $method) = @_;
    my $conn = $edge->connect;
    $conn->send_request(OPTIONS => '/playback/token?account=a',
        'Accept' => '*/*',
        'Access-Control-Request-Method' => $method // 'GET',
        'Access-Control-Request-Headers' => 'authorization',
        'Origin' => $origin,
        'Sec-Fetch-Mode' => 'cors', 'Sec-Fetch-Site' => 'same-site',
        'Sec-Fetch-Dest' => 'empty', 'X-Forwarded-For' => '203.0.113.9');
    return $conn->response;
}

sub fetch {
    my ($uri, $from, $origin) = @_;
    return $edge->get($uri, 'Accept' => '*/*', 'Origin' => $origin // $player,
        'Authorization' => 'Bearer x', 'Sec-Fetch-Mode' => 'cors',
        'Sec-Fetch-Site' => 'same-site', 'Sec-Fetch-Dest' => 'empty',
        'X-Forwarded-For' => $from);
}

# may a browser show this answer to a page of that origin that asked with
# credentials?  (Fetch, 4.10: CORS check)
sub readable {
    my ($r, $origin) = @_;
    my $h = $r->{headers};
    return ($h->{'access-control-allow-origin'} // '') eq $origin
        && ($h->{'access-control-allow-credentials'} // '') eq 'true';
}

# (Fetch, 4.8: CORS-preflight fetch)
sub lets {
    my ($r, $origin, $method) = @_;
    my %h = %{ $r->{headers} };
    my %list = map { my $name = $_;
                     $_ => { map { lc $_ => 1 } split /\s*,\s*/,
                             $h{"access-control-allow-$name"} // '' } }
               qw(methods headers);

    return $r->{status} =~ /^2/ && readable($r, $origin)
        && ($method =~ /^(?:GET|HEAD|POST)$/ || $list{methods}{lc $method})
        && $list{headers}{authorization};
}

my $r = preflight($player);
ok lets($r, $player, 'GET'), 'a preflight lets the player ask'
    or diag $r->{head};
is $r->{body}, '', 'it has no body';
like $r->{headers}{vary} // '', qr/Origin/, 'and differs by the origin';
ok !lets(preflight('https://elsewhere.example'), 'https://elsewhere.example',
         'GET'), 'not a page of another origin';

for (['82.64.10.7', 'a', 200, 'who is at home'],
     ['203.0.113.9', 'a', 403, 'who is denied'],
     ['203.0.113.9', '', 401, 'who is nobody'])
{
    my ($from, $account, $status, $name) = @$_;
    my $r = fetch("/playback/token?account=$account", $from);

    is $r->{status}, $status, $name;
    ok readable($r, $player), "$name: the player may read the answer";
    like $r->{headers}{'access-control-expose-headers'} // '', qr/\bLink\b/,
        "$name: and the link";
    ok !readable(fetch("/playback/token?account=$account", $from,
                       'https://elsewhere.example'),
                 'https://elsewhere.example'),
        "$name: not a page of another origin";
}

$r = fetch('/playback/token?account=a', '203.0.113.9');
is $r->{headers}{'content-type'}, 'application/problem+json',
    'a player gets no redirect, which it could not follow';
like $r->{body}, qr/"price":"5.99".*"url":"https:\/\/s\.tv\/x"/,
    'but the offer';
is $r->{headers}{link}, '<https://s.tv/x>; rel="payment"', 'and its link';
like $r->{head}, qr/^Vary:.*Sec-Fetch-Mode/mi, 'by the kind of request';
is $r->{headers}{'cache-control'}, 'no-store', 'not to be kept';

done_testing;

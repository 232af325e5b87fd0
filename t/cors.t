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
ok $docs, 'the docs have a configuration' or die 'no configuration';
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
    my ($origin, $method, $headers) = @_;
    my $conn = $edge->connect;
    $conn->send_request(OPTIONS => '/playback/token?account=a',
        'Accept' => '*/*',
        'Access-Control-Request-Method' => $method // 'GET',
        'Access-Control-Request-Headers' => $headers // 'authorization',
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
    my ($r, $origin, $method, $header) = @_;
    my %h = %{ $r->{headers} };
    my %list = map { my $name = $_;
                     $_ => { map { lc $_ => 1 } split /\s*,\s*/,
                             $h{"access-control-allow-$name"} // '' } }
               qw(methods headers);

    return $r->{status} =~ /^2/ && readable($r, $origin)
        && ($method =~ /^(?:GET|HEAD|POST)$/ || $list{methods}{lc $method})
        && $list{headers}{$header // 'authorization'};
}

my $r = preflight($player);
ok lets($r, $player, 'GET'), 'a preflight lets the player ask'
    or diag $r->{head};
is $r->{body}, '', 'it has no body';
like $r->{headers}{vary} // '', qr/Origin/, 'and differs by the origin';
ok lets(preflight($player, 'POST', 'content-type'), $player, 'POST',
        'content-type'), 'a POST of JSON, too';
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
    like $r->{headers}{'access-control-expose-headers'} // '',
        qr/\bLink, WWW-Authenticate\b/, "$name: and the link";
    ok !readable(fetch("/playback/token?account=$account", $from,
                       'https://elsewhere.example'),
                 'https://elsewhere.example'),
        "$name: not a page of another origin";
}

$r = fetch('/playback/token?account=', '203.0.113.9');
is $r->{headers}{'content-type'}, 'application/problem+json',
    'who is nobody gets a problem document';
like $r->{body}, qr/"reason":"account_invalid"|"reason":"account_missing"/,
    'with the reason';

$r = fetch('/playback/token?account=a', '203.0.113.9');
is $r->{headers}{'content-type'}, 'application/problem+json',
    'a player gets no redirect, which it could not follow';
like $r->{body}, qr/"price":"5.99".*"url":"https:\/\/s\.tv\/x"/,
    'but the offer';
is $r->{headers}{link}, '<https://s.tv/x>; rel="payment"', 'and its link';
like $r->{head}, qr/^Vary:.*Sec-Fetch-Mode/mi, 'by the kind of request';
is $r->{headers}{'cache-control'}, 'no-store', 'not to be kept';

# and a real browser, where there is one: a page of another origin asks with
# a header that needs a preflight, and shows what it may read

my ($browser) = grep { -x } map { "$_/chromium" } split /:/, $ENV{PATH};

SKIP: {
    skip 'no chromium', 1 if !$browser;

    my $page = Test::Household::Nginx->new;
    my $origin = "http://127.0.0.1:$page->{port}";

    my $guarded = Test::Household::Nginx->new(
        http => $edge->{http} =~ s/\Q$player\E/$origin/r,
        server => $edge->{server});

    open my $out, '>', "$page->{dir}/html/player.html" or die;
    print $out <<"EOP";
<body><script>
fetch('http://127.0.0.1:$guarded->{port}/playback/token?account=a',
      { credentials: 'include', headers: { Authorization: 'Bearer x' } })
    .then(async r => [r.status, r.headers.get('Link'),
                      (await r.json()).offer.price].join(' '),
          e => 'refused: ' + e)
    .then(text => document.body.textContent = 'told ' + text);
</script></body>
EOP
    close $out;

    my @flags = qw(--headless --no-sandbox --disable-gpu --disable-quic
        --no-first-run --disable-background-networking
        --disable-component-update --disable-sync --virtual-time-budget=10000 --dump-dom);
    my $profile = "--user-data-dir=$page->{dir}/user";
    my $log = "$page->{dir}/browser.log";
    my $dom = `timeout 60 $browser @flags $profile $origin/player.html 2>$log`;

    diag "$dom " . slurp($log) if $dom !~ /told 403/;
    like $dom, qr/told 403 &lt;https:\/\/s\.tv\/x&gt;; rel="payment" 5\.99/,
        'a browser: its player reads the offer';
    like $guarded->access_log, qr/"OPTIONS \/playback\/token/,
        'a browser: after a preflight';
}

done_testing;

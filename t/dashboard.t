#!/usr/bin/perl

# household_dashboard: a page for people, as a browser has it.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(slurp temp_dir wait_until);
use Test::Household::Redis;
use Test::More;

my ($home, $outside) = ('82.64.10.7', '203.0.113.9');
my $redis = Test::Household::Redis->new;

$redis->cmd(SADD => 'household:{a}', $home);

# an API that knows one account, in the form of household_api
my $answer = encode_json({ account => 'a b', verdict => 'deny',
    reason => 'outside', detail => 'seat_ended', mode => 'on',
    enforced => JSON::PP::true, rule => 2, rules => [
        { rule => 1, name => 'home', matches => JSON::PP::false,
          why => 'the home is 82.64.10.7 <b>' },
        { rule => 2, name => 'outside', matches => JSON::PP::true,
          why => 'seat s1 ended 3 days ago' },
        { rule => 3, name => 'never', matches => undef,
          why => 'not evaluated' }] });

my $edge = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m'),
    server => location('/', 'household_events on;', 'main zone=households')
        . location('/plain', '', 'main')
        . 'location /household/dashboard/ {'
        . ' household_dashboard api=/household/api/; }'
        . 'location /alone/ { household_dashboard; }'
        . 'location = /household/api/1/accounts/a%20b/verdict { return 404; }'
        . 'location /household/api/ { default_type application/problem+json;'
        . q( return 404 '{"title":"Not Found","detail":"no such account"}'; })
        . 'location "/household/api/1/accounts/a b/" {'
        . " default_type application/json; return 200 '$answer'; }");

my $page = '/household/dashboard/';


# --- what is served -------------------------------------------------------

my %type = ('' => 'text/html; charset=utf-8',
            'dashboard.css' => 'text/css; charset=utf-8',
            'dashboard.js' => 'text/javascript; charset=utf-8',
            'icon.svg' => 'image/svg+xml',
            'metrics.json' => 'application/json',
            'settings.json' => 'application/json');

for my $file (sort keys %type) {
    my $r = $edge->get($page . $file, Accept => 'text/html, */*;q=0.1');
    my $h = $r->{headers};
    my $source = $file || 'index.html';

    is $r->{status}, 200, $source;
    is $h->{'content-type'}, $type{$file}, "$source: its type";
    like $h->{'content-security-policy'}, qr/^default-src 'self';/,
        "$source: a policy";
    is $h->{'x-content-type-options'}, 'nosniff', "$source: no guesses";
    is $h->{'cache-control'}, $file =~ /json/ ? 'no-store' : 'no-cache',
        "$source: caches";
    is $r->{body}, slurp("src/http/dashboard/$source"), "$source: as it is"
        if $file !~ /json/;
}

is $edge->get('/household/dashboard')->{status}, 301, 'without the slash';
is $edge->get($page . $_)->{status}, 404, "no \"$_\""
       for qw(x dashboard.css/ dashboard.cssx metrics.jso index.html);
is_deeply decode_json($edge->get("${page}settings.json")->{body}),
    { api => '/household/api/' }, 'settings';
is_deeply decode_json($edge->get('/alone/settings.json')->{body}),
    { api => undef }, 'settings: no API';
is $edge->get("${page}metrics.json")->{body}
    =~ /"nginx_household_requests_total"/, 1, 'metrics';

{
    my $conn = $edge->connect;
    $conn->send_request(POST => $page, 'Content-Length' => 0);
    is $conn->response->{status}, 405, 'POST';
    $conn = $edge->connect;
    $conn->send_request(HEAD => $page);
    is $conn->response->{headers}{'content-length'},
        -s 'src/http/dashboard/index.html', 'HEAD';
}

for (['location = /d/ { household_dashboard; }', 'a prefix that ends'],
     ['location /d { household_dashboard; }', 'a prefix that ends'],
     ['location ~ /d/ { household_dashboard; }', 'a prefix that ends'],
     ['location /d/ { household_dashboard; household_dashboard; }',
      'is duplicate'],
     ['location /d/ { household_dashboard api=; }', 'invalid parameter'],
     ['location /d/ { household_dashboard api=x; }', 'invalid parameter'],
     ['location /d/ { household_dashboard zone=x; }', 'invalid parameter'],
     ['location /d/ { household_dashboard a b; }', 'number of arguments'])
{
    my ($text, $said) = @$_;
    my ($good, $all) = Test::Household::Nginx->new(start => 0,
        allow => qr/emerg/, server => $text)->test;
    ok !$good && $all =~ /\[emerg\].*$said/, "nginx -t: $text" or diag $all;
}


# --- without a browser: what a page must have -----------------------------

my $html = slurp('src/http/dashboard/index.html');
my $css = slurp('src/http/dashboard/dashboard.css');
my $js = slurp('src/http/dashboard/dashboard.js');

unlike $html, qr/\son\w+=|\sstyle=|<style|<script>/i, 'nothing inline';
unlike "$html$css", qr{https?://|url\(|\@import}, 'nothing of elsewhere';
unlike $js, qr{innerHTML\s*[+]?=(?!=)|insertAdjacentHTML|\beval\b|\.write\(},
    'no markup of texts';

for my $id ($html =~ /<input id="(\w+)"/g) {
    like $html, qr/<label for="$id">\w/, "a label for $id";
}

# WCAG 2.1, 1.4.3 and 1.4.11

sub luminance {
    my @part = map { $_ <= 0.03928 ? $_ / 12.92 : (($_ + 0.055) / 1.055)**2.4 }
               map { hex($_) / 255 } $_[0] =~ /[0-9a-f]{2}/gi;
    return 0.2126 * $part[0] + 0.7152 * $part[1] + 0.0722 * $part[2];
}

sub contrast {
    my ($low, $high) = sort { $a <=> $b } map { luminance($_) } @_;
    return ($high + 0.05) / ($low + 0.05);
}

for my $theme (['light', $css =~ /^:root \{(.*?)\}/ms],
               ['dark', $css =~ /dark\) \{\s*:root \{(.*?)\}/s])
{
    my ($name, $text) = @$theme;
    my %colour = $text =~ /--(\w+): (#[0-9a-f]{6});/g;

    for my $ground (qw(back card)) {
        for (qw(ink soft link good bad warn)) {
            cmp_ok contrast($colour{$_}, $colour{$ground}), '>=', 4.5,
                "$name: $_ on $ground can be read";
        }
    }
}


# --- in a browser ---------------------------------------------------------

my ($browser) = grep { -x } map { "$_/chromium" } split /:/, $ENV{PATH};

SKIP: {
    skip 'no chromium', 1 if !$browser;

    my $dir = temp_dir('browser');
    my $url = "http://127.0.0.1:$edge->{port}";

    # traffic while the page is read: a process of its own
    my $parent = $$;
    my $traffic = bless { dir => temp_dir('traffic') },
        'Test::Household::Process';

    $traffic->spawn(sub {
        while (getppid == $parent) {
            $edge->get('/?account=a', 'X-Forwarded-For' => $home) for 1 .. 6;
            $edge->get('/?account=a', 'X-Forwarded-For' => $outside);
            $edge->get('/', 'X-Forwarded-For' => $outside);
            $edge->get('/plain?account=no', 'X-Forwarded-For' => $home);
            select undef, undef, undef, 0.02;
        }
    });

    my @flags = ('--headless', '--no-sandbox', '--disable-gpu',
        '--disable-quic', '--no-first-run', '--disable-sync',
        '--disable-background-networking', '--disable-component-update',
        '--hide-scrollbars', "--user-data-dir=$dir/user",
        '--enable-logging=stderr', '--log-level=0');

    sub visit {
        my ($path, @more) = @_;
        my $command = join ' ', map { quotemeta } 'timeout', 60, $browser,
            @flags, @more, "$url$path";
        my $dom = `$command 2>$dir/log`;
        my @said = grep { /CONSOLE/ } split /\n/, slurp("$dir/log");
        return ($dom, "@said");
    }

    # what is on the screen, without the markup
    sub text {
        my ($dom, $id) = @_;
        my ($part) = $dom =~ /\bid="$id"[^>]*>(.*?)<\/(?:section|header)>/s;
        return ($part // '') =~ s/<[^>]*>/ /gr =~ s/\s+/ /gr;
    }

    # whether a family has a sample of this value
    sub has {
        my ($family, $value) = @_;
        return $edge->get('/alone/metrics.json')->{body}
            =~ /nginx_household_$family"[^\]]*"value":$value\b/;
    }

    ok wait_until { has(redis_up => 1) }, 'the server is known';

    my @dump = ('--virtual-time-budget=9000', '--dump-dom');
    my ($dom, $said);

    # on a busy machine the page may have had one sample only
    for (1 .. 3) {
        ($dom, $said) = visit("$page#account=a%20b&address=$outside", @dump);
        last if $dom =~ /<path class="allowed" d="M/;
    }

    is $said, '', 'a browser: no complaint, with the policy';
    like text($dom, 'state'), qr/All is well/, 'a browser: the state';
    like text($dom, 'updated'), qr/Updated \d\d:/, 'a browser: it is live';
    like text($dom, 'reasons'), qr/home allowed [\d.]+ [\d,]+/,
        'a browser: verdicts by reason';
    like text($dom, 'reasons'), qr/outside denied/, 'a browser: the denied';
    like $dom, qr/<path class="allowed" d="M/, 'a browser: a picture';
    like $dom, qr/id="chart-caption">Requests per second.*Now: \w/,
        'a browser: and what it shows, in words';
    like text($dom, 'servers'), qr/main \Q@{[$redis->address]}\E primary up/,
        'a browser: servers';
    like text($dom, 'lookups'), qr/main households received/,
        'a browser: invalidations';
    like text($dom, 'override'), qr/main, households: none/,
        'a browser: the override';
    like $dom, qr/<meter[^>]*aria-labelledby="zone-households"/,
        'a browser: the cache';
    like text($dom, 'why-answer'),
        qr/a b from \S+ is denied : outside \(seat_ended\)/,
        'a browser: why';
    like text($dom, 'why-answer'), qr/outside: seat s1 ended 3 days ago/,
        'a browser: the rule that matches';
    unlike text($dom, 'why-answer'), qr/never/, 'and no rule after it';
    like $dom, qr/82\.64\.10\.7 &lt;b&gt;/, 'a browser: text is no markup';
    unlike $edge->access_log, qr/account=a%20b|#account/,
        'what is asked for is in no log but that of the API';

    ($dom, $said) = visit("$page#account=c&address=$outside", @dump);
    like text($dom, 'why-answer'), qr/no such account/,
        'a browser: a problem of the API';

    ($dom, $said) = visit('/alone/', @dump);
    is $said, '', 'a browser: without an API, no complaint';
    like $dom, qr/<form id="why-form"[^>]* hidden=""/,
        'a browser: and no question';

    # pictures to look at: DASHBOARD_PICTURES=dir
    if (my $to = $ENV{DASHBOARD_PICTURES}) {
        my $link = "$page#account=a%20b&address=$outside";

        for (['light', '1280,1500', 1], ['dark', '1280,1500', 0],
             ['narrow', '500,2400', 1])
        {
            my ($name, $size, $scheme) = @$_;
            visit($link, '--virtual-time-budget=60000',
                  "--window-size=$size", "--screenshot=$to/$name.png",
                  "--blink-settings=preferredColorScheme=$scheme");
            ok -s "$to/$name.png", "a picture: $name";
        }
    }

    # what is wrong is said

    $redis->cmd(HSET => 'household:control', rollout => 5);
    ok wait_until { has(override_rollout_ratio => '0.05') }, 'a share';

    ($dom, $said) = visit("$page#account=a+b&address=$outside", @dump);
    like text($dom, 'state'),
        qr/Fleet override of main: 5\.00 % of the accounts at most/,
        'a browser: a share is an override, too';
    like text($dom, 'override'), qr/main, households: 5\.00 % of the/,
        'a browser: a share in the list';
    like text($dom, 'why-answer'), qr/no such account/,
        'a browser: a plus sign of a link is no space';

    $redis->cmd(HSET => 'household:control', mode => 'monitor');
    ok wait_until { has(override_mode => 1) }, 'an override';
    $redis->kill9;
    ok wait_until { has(redis_up => 0) }, 'Redis is down';

    ($dom, $said) = visit($page, @dump);
    like text($dom, 'state'), qr/Redis main \S+ is down/, 'a browser: down';
    like text($dom, 'state'), qr/Fleet override of main: monitor/,
        'a browser: the override applies';
    like text($dom, 'state'), qr/Invalidations of main are not received/,
        'a browser: the zone is bypassed';

    $traffic->stop;

    # an edge whose keys cannot be fetched

    $edge = Test::Household::Nginx->new(
        http => http_config(server => $redis->address),
        server => 'location / { household on; household_store main;'
            . ' household_token bearer;'
            . ' household_token_key https://127.0.0.1:1/keys issuer=i; }'
            . 'location /alone/ { household_dashboard; }');
    $url = "http://127.0.0.1:$edge->{port}";

    ($dom, $said) = visit('/alone/', @dump);
    like text($dom, 'state'),
        qr{No keys of https://127\.0\.0\.1:1/keys yet}, 'a browser: no keys';
}

done_testing;

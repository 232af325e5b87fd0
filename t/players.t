#!/usr/bin/perl

# The players of docs/players.md, as npm has them, in a real browser and on
# another origin than the edge: each shows the offer before the film and in the
# middle of it, and goes on where it was.

use strict;
use warnings;

use lib 't/lib';
use File::Path qw(make_path);
use File::Spec;
use JSON::PP;
use Test::Household::Browser qw(needs);
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(slurp);
use Test::Household::Redis;
use Test::More;

needs(qw(chromium ffmpeg npm));

my $build = File::Spec->rel2abs($ENV{BUILD} || 'build');
my $browser = Test::Household::Browser->new;


# --- what they are, as a list says that fixes their versions --------------

my @players = map { [@$_{qw(package version file integrity)}] }
    @{ decode_json(slurp('t/players/players.json')) };

sub install {
    my ($name, $version, $file, $digest) = @_;
    my $dir = "$build/players/$name-$version";
    my $script = "$dir/package/$file";

    return $script if -s $script;

    make_path($dir);
    chomp(my $tar = `cd $dir && timeout 240 npm pack --silent \\
                     --ignore-scripts $name\@$version 2> $dir/log`);
    chomp(my $is = `openssl dgst -sha512 -binary $dir/$tar \\
                    | openssl base64 -A`);
    is "sha512-$is", $digest, "$name $version: is the package"
        or die slurp("$dir/log");
    system "tar -xzf $dir/$tar -C $dir package/$file && rm $dir/$tar";
    return $script;
}

my $docs = slurp('docs/players.md');

# the block of the page that begins with "// NAME"
sub block {
    my ($name) = @_;
    my ($text) = $docs =~ m{^```js\n// \Q$name\E\n(.*?)^```}ms;

    return $text // die "docs/players.md: no block is called \"$name\"\n";
}


# --- the film and the edge ------------------------------------------------

system('docker/demo/film.sh', "$build/film") == 0 or die "no film\n";

my $redis = Test::Household::Redis->new;
my $pages = Test::Household::Nginx->new(
    server => 'types { text/html html; text/javascript js; }');
my $origin = "http://127.0.0.1:$pages->{port}";

# with the answers to other origins of docs/offers.md

my ($cors) = slurp('docs/offers.md') =~ /^```nginx\n# cors\n(.*?)^```/ms;
my ($maps, $location) = $cors =~ /\A(.*?)^location \S+ \{(.*)^\}/ms;

my $site = $origin =~ s/127\.0\.0\.1/localhost/r;

$maps =~ s{https://play\.example\.tv( +\S+;)}{$origin$1\n$site$1};
$location =~ s/proxy_pass [^;]*;//;

# a part near the end belongs to another account, and so is denied in its turn;
# shaka-player wants the first, the middle and the last part before it begins

my $edge = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m') . $maps
        . 'map "$cookie_viewer:$uri" $viewer { ~^: "";'
        . ' ~^(?<name>\w.*):.*part-(09|10|11) $name-second;'
        . ' ~^(?<name>\w.*): $name-first; }',
    server => "location /film/ { $location alias $build/film/;"
        . ' types { video/mp4 mp4 m4s; application/dash+xml mpd;'
        . ' application/vnd.apple.mpegurl m3u8; }'
        . ' add_header Cache-Control no-cache;'
        . ' household_store main zone=households;'
        . ' household_account $viewer;'
        . ' household_offer FR price=5.99 currency=EUR'
        . " url=$origin/shop.html; }");

sub account {
    my ($id) = @_;

    $redis->cmd(SADD => "household:{$id}", '82.64.10.7');
    $redis->cmd(HSET => "household:{$id}:account", country => 'FR');
}

sub sell {
    my ($id) = @_;
    $redis->cmd(HSET => "household:{$id}:account", 'extra:s1:127.0.0.1', 0);
}

# showOffer() ends when the test calls sold()
sub page {
    my ($name, $script, $film) = @_;

    open my $out, '>', "$pages->{dir}/html/$name.html" or die "$name: $!\n";
    print $out <<"EOP";
<!doctype html><title>$name</title><video id="video" muted></video>
<script src="$name.js"></script>
<script>
document.cookie = 'viewer=$name';
window.offers = [];
function showOffer(problem) {
    offers.push(problem);
    return new Promise(resolve => { window.sold = resolve; });
}
@{[block('offer')]}
@{[block($name)]}
const video = document.getElementById('video');
video.autoplay = true;
watch(video, 'http://127.0.0.1:$edge->{port}/film/$film');
</script>
EOP
    close $out;
    symlink $script, "$pages->{dir}/html/$name.js";
    return $browser->open("$origin/$name.html");
}


# --- each of them ---------------------------------------------------------

for (@players) {
    my ($name, $version, @more) = @$_;
    my $script = install($name, $version, @more);
    my $type = $name eq 'dashjs' ? 'mpd' : 'm3u8';
    my $video = 'document.querySelector("video")';

    like $docs, qr/\b\Q$version\E\b/, "$name: the page names its version";
    account("$name-first");
    account("$name-second");

    my $page = page($name, $script, "film.$type");

    ok $page->soon('offers.length === 1'), "$name: is offered";
    is $page->run('`${offers[0].offer.price} ${offers[0].offer.currency}`'
                  . '+ ` ${offers[0].offer.url}`'),
        "5.99 EUR $origin/shop.html", "$name: reads the offer";

    sell("$name-first");
    $page->run('sold(1)');
    ok $page->soon("$video.currentTime > 0.5"), "$name: plays"
        or diag explain [$page->complaints];

    $page->run("$video.playbackRate = 4");
    ok $page->soon('offers.length === 2'), "$name: is offered in the middle";
    is $page->run('offers[1].reason'), 'outside', "$name: reads it there, too";

    sell("$name-second");
    $page->run('sold(1)');
    ok $page->soon("$video.currentTime > 18"), "$name: goes on"
        or diag explain [$page->run("[$video.currentTime, offers.length]"),
                         $page->complaints];
    is $page->run('offers.length'), 2, "$name: is offered no more";
}


# --- what a page gets to see ----------------------------------------------

sub html {
    my ($name, $text) = @_;

    open my $out, '>', "$pages->{dir}/html/$name" or die "$name: $!\n";
    print $out $text;
    close $out;
}

html('empty.html', "<!doctype html><title>empty</title>\n");
html('shop.html', "<!doctype html><title>shop</title>\n");
html('worker.js', "addEventListener('fetch', event =>\n"
    . "    event.respondWith(fetch(event.request)));\n"
    . "addEventListener('activate', event =>\n"
    . "    event.waitUntil(clients.claim()));\n");

account('denied-first');

my $film = "http://127.0.0.1:$edge->{port}/film/film.m3u8";
my $get = "fetch('$film', { credentials: 'include' }).then(async r => "
    . "[r.status, (await r.json()).reason, r.headers.get('Link')].join(' '))";

my $page = $browser->open("$origin/empty.html");
$page->run("document.cookie = 'viewer=denied'");
is $page->run($get), "403 outside <$origin/shop.html>; rel=\"payment\"",
    'a page of another origin reads the offer';
is $page->run("fetch('$film', { method: 'POST', body: '{}', credentials:"
    . " 'include', headers: { 'Content-Type': 'application/json' } })"
    . '.then(r => r.status)'), 403, 'a POST of JSON gets past the preflight';

# a frame comes to the shop, which is of this origin and can be looked at

$page->run("document.body.innerHTML = '<iframe src=\"$film\"></iframe>'");
ok $page->soon('document.querySelector("iframe").contentDocument?.title'
               . ' === "shop"'), 'a frame is redirected to the shop';

# a service worker in between

$page->run('navigator.serviceWorker.register("worker.js").then(() => '
           . 'navigator.serviceWorker.ready).then(() => 1)');
ok $page->soon('navigator.serviceWorker.controller !== null'),
    'a service worker controls the page';
is $page->run($get), "403 outside <$origin/shop.html>; rel=\"payment\"",
    'through it the page reads the offer, too';

# another site: the cookie is not sent

$page = $browser->open("$site/empty.html");
like $page->run($get), qr/^401 account_(?:missing|invalid) $/,
    'a page of another site: no cookie, and so a 401';

$browser->stop;
done_testing;

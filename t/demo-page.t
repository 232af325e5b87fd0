#!/usr/bin/perl

# The page of "make run" in a real browser: who is where watches the film or
# sees the offer, and goes on watching after a purchase or a code.
#
# DEMO_URL       the page of a stack that runs already, as that of
#                docker/compose.yaml; otherwise one is started here
# DEMO_PICTURES  the folder that gets pictures

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Browser qw(needs);
use Test::Household::Nginx qw(load_module);
use Test::Household::Process qw(free_port slurp temp_dir wait_until);
use Test::More;

needs(qw(chromium ffmpeg));

my $browser = Test::Household::Browser->new(
    flags => ['--window-size=1280,900']);

my $demo;
my $url = $ENV{DEMO_URL} // run_demo();
my $page = $browser->open($url);
my $video = 'document.getElementById("video")';

sub run_demo {
    my @ports = map { free_port() } 1 .. 8;

    $demo = bless { dir => temp_dir('demo') }, 'Test::Household::Process';

    $ENV{DEMO_PORTS} = "@ports";
    $ENV{DEMO_FILM} = ($ENV{BUILD} // $demo->{dir}) . '/film';
    $ENV{HOUSEHOLD_MODULE} = load_module();
    $demo->spawn('docker/demo/demo.sh', 'run');

    # the first time it makes the film

    ok +(wait_until { $demo->exited or said() =~ /Open this page/ } 180),
        'the demo runs';
    like said(), qr{^  http://127\.0\.0\.1:$ports[0]/$}m, 'and says where'
        or die said();

    return "http://127.0.0.1:$ports[0]/";
}

sub said { $demo ? $demo->output : '' }


# --- what a viewer does ---------------------------------------------------

sub text  { $page->run("document.getElementById('$_[0]').textContent") }
sub click { $page->run("document.getElementById('$_[0]').click()") }
sub time_of_film { $page->run("$video.currentTime") }

sub choose {
    my ($name, $value) = @_;
    $page->run("document.querySelector("
               . "'input[name=$name][value=$value]').click()");
}

sub start_over {
    $page->run("document.getElementById('status').textContent = ''");
    click('start-over');
    status_is('Not playing', 'another household');
}

sub viewer {
    my ($who, $where) = @_;

    start_over();
    choose(who => $who);
    choose(where => $where);
    click('play');
}

sub plays {
    my ($name, $from) = @_;
    $from //= 0;

    ok $page->soon("!$video.paused && $video.currentTime > $from + 0.5"), $name
        or diag text('status'), said();
}

sub status_is {
    my ($want, $name) = @_;

    ok $page->soon("document.getElementById('status').textContent"
                   . " === '$want'"), $name or diag text('status');
}

sub shown {
    my ($id) = @_;
    return $page->soon("!document.getElementById('$id').hidden");
}

sub mail {
    my ($re, $name) = @_;
    my $got;

    wait_until { ($got = text('mail-list')) =~ $re } 120;
    like $got, $re, $name or diag map { slurp("$_/shop.log") }
        said() =~ m{tail -f (\S+)/edge-1};
}


# --- the stories ----------------------------------------------------------

viewer(tv => 'home');
plays('at home: the film plays');
status_is('200 ALLOWED home', 'at home: allowed');
ok !$page->run('!document.getElementById("offer").hidden'), 'and no offer';

viewer(phone => 'train');
plays('a phone on the train: the film plays');
status_is('200 ALLOWED trusted_device', 'on the train: trusted');

viewer(laptop => 'flat');
ok shown('offer'), 'the cousin: an offer';
status_is('403 OFFERED outside', 'the cousin: denied');
is text('buy'), '5,99 EUR', 'the cousin: the price';
is $page->run("$video.readyState"), 0, 'the cousin: sees nothing';
mail(qr/A device was denied.*cousin's laptop.*198\.51\.100\.23/,
     'the owner is told');

$page->run('window.mark = 1');
click('buy');
plays('the cousin pays: the film plays');
status_is('200 ALLOWED extra_member', 'as an extra member');
is $page->run('window.mark'), 1, 'without a reload';
mail(qr/new extra member/, 'the owner is told of it');
mail(qr/The seat of your extra member is used/, 'and that it is used');

viewer(laptop => 'flat');
ok shown('offer'), 'the cousin, again: an offer';
click('send-code');
ok shown('offer-code'), 'the cousin: is asked for a code';
mail(qr/Your code is \d{6}/, 'the code is sent to the owner');

my ($code) = text('mail-list') =~ /Your code is (\d{6})/;
my $wrong = sprintf '%06d', ($code + 1) % 1000000;
my $type = sub {
    $page->run("document.getElementById('code').value = '$_[0]'");
    click('check-code');
};

$type->($wrong);
ok $page->soon("document.getElementById('offer-error').textContent"
               . " === 'this is not the code'"), 'a wrong code is none';
ok !$page->run('document.getElementById("offer").hidden'), 'still denied';
$type->($code);
plays('the code: the film plays');
status_is('200 ALLOWED trusted_device', 'as a device of the household');

# while it plays

viewer(laptop => 'home');
plays('the cousin on a visit: the film plays');
choose(where => 'flat');
choose(who => 'tv');
ok shown('offer'), 'the television is carried away: an offer';
ok $page->run("$video.paused"), 'the film stops';

my $at = time_of_film();
cmp_ok $at, '>', 0, 'in the middle';
click('buy');
plays('after the purchase it goes on', $at);
cmp_ok time_of_film(), '<', 24, 'where it was';

click('sign-out');
ok shown('signed-out'), 'signed out of all devices: the film stops';
status_is('401 UNAUTHORIZED revoked', 'the token is revoked');
$at = time_of_film();
$page->run("document.querySelector('#signed-out button').click()");
plays('signed in again: it goes on', $at);

$page->run("$video.playbackRate = 8");
status_is('The end', 'to the end');


# --- around it ------------------------------------------------------------

my $frame = 'document.querySelector("iframe").contentDocument';

ok $page->soon("$frame.body.textContent.includes('All is well')"),
    'the dashboard under it';
ok $page->soon("$frame.getElementById('reasons').textContent"
               . ".includes('extra_member')"), 'with what was decided';

is_deeply [grep { !m{status of 40[13].*/(?:film|shop)/} } $page->complaints],
    [], 'the browser has no complaint';

my $api = "fetch('/edge/1/api/1/control', { method: 'PATCH', body: '{}',"
    . " headers: { 'Content-Type': 'application/json' } })";
is $page->run("$api.then(r => r.status)"), 403,
    'what changes the household is not reached through the page';

# a browser that follows the offer by itself

start_over();
choose(who => 'laptop');
choose(where => 'flat');
click('play');
ok shown('offer'), 'the cousin, a last time: an offer';

my $shop = $browser->open("${url}film/film.m3u8");
is $shop->run('location.pathname'), '/shop/seat', 'a browser is sent there';
like $shop->run('document.body.textContent'), qr/5,99 EUR a month/,
    'and sees the price';

if (my $to = $ENV{DEMO_PICTURES}) {
    $page->picture("$to/page.png");
    $shop->picture("$to/shop.png");
}

if ($demo) {
    my ($dir) = said() =~ m{tail -f (\S+)/edge-1};

    $demo->stop;
    ok !-e $dir, 'nothing is left';
}

$browser->stop;
done_testing;

#!/usr/bin/perl

# household_dashboard and household_api together, in a real browser: what the
# help desk types is answered by the rules of the edge, and the page shows what
# the API has changed.

use strict;
use warnings;

use lib 't/lib';
use POSIX qw(strftime);
use Test::Household::Api;
use Test::Household::Browser qw(needs);
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::More;

needs('chromium');

my ($home, $seat, $outside) = ('82.64.10.7', '198.51.100.7', '203.0.113.9');
my $day = 86400;
my $account = 'a/b <i>';
my $path = 'accounts/a%2Fb%20%3Ci%3E';

my $redis = Test::Household::Redis->new(config =>
    "repl-diskless-sync-delay 0\nrepl-ping-replica-period 1");
my $replica = Test::Household::Redis->new(
    config => "replicaof 127.0.0.1 $redis->{port}");

ok wait_until { $replica->cmd(INFO => 'replication') =~ /link_status:up/ },
    'a replica';

my $edge = Test::Household::Nginx->new(
    workers => 2,
    http => http_config(
        server => [$redis->address, $replica->address . ' replica'],
        zone => '1m',
        redis => 'timeout 5s; connect_timeout 5s; read_from replica;'),
    server => 'household_trusted_device 31d;'
        . location('/', '', 'main zone=households')
            =~ s/\$arg_account/\$http_x_account/r
        . 'location /desk/ { household_dashboard api=/api; }'
        . 'location /api/ { household_api main write; }');

my $api = Test::Household::Api->new($edge, '/api');

sub at { strftime('%Y-%m-%dT%H:%M:%SZ', gmtime time + $_[0] * $day) }

for (["home/$home", undef],
     ['extra-members/s1', { networks => [$seat], until => at(-3) }],
     ['devices/phone', { seen => at(-40) }])
{
    my ($item, $body) = @$_;
    is $api->call(PUT => "$path/$item", $body)->{status}, 204, $item;
}

my $browser = Test::Household::Browser->new(
    flags => ['--window-size=1280,1500']);
my $page = $browser->open("http://127.0.0.1:$edge->{port}/desk/");

sub text {
    return $page->run("document.getElementById('$_[0]').innerText")
        =~ s/\s+/ /gr;
}

# what a part of the page comes to show, in words
sub shows {
    my ($id, $re, $name) = @_;

    wait_until { text($id) =~ $re } 60;
    like text($id), $re, $name;
}

sub picture {
    $page->picture("$ENV{DASHBOARD_PICTURES}/$_[0].png")
        if $ENV{DASHBOARD_PICTURES};
}

shows(updated => qr/Updated \d\d:/, 'the page is live');
shows(state => qr/^ ?All is well ?$/, 'nothing is wrong');


# --- the keyboard alone ---------------------------------------------------

my $focus = 'document.activeElement.id || document.activeElement.type'
    . ' || document.activeElement.className';

is_deeply [map { $page->key('Tab'); $page->run($focus) } 1 .. 9],
    [qw(skip pause account address device submit scroll scroll scroll)],
    'Tab: all that can be used, in its order';

# into a field, from where the focus is, once around the page at most
sub go_to {
    my ($want) = @_;

    for (1 .. 20) {
        return 1 if $page->run($focus) eq $want;
        $page->key('Tab');
    }
    return 0;
}

sub why {
    my ($from, $device) = @_;
    my %value = (account => $account, address => $from,
                 device => $device // '');

    for my $field (qw(account address device)) {
        ok go_to($field), "Tab: to $field" or return;
        $page->run('document.activeElement.select()');
        $page->run('document.activeElement.value = ""');
        $page->type($value{$field});
    }

    go_to('submit');
    $page->run("document.getElementById('why-answer').replaceChildren()");
    $page->key('Enter');
}

go_to('skip');
isnt $page->run('getComputedStyle(document.activeElement).outlineStyle'),
    'none', 'the focus is seen';
cmp_ok $page->run('document.activeElement.getBoundingClientRect().left'),
    '>=', 0, 'and the link that skips, too';
$page->key('Enter');
is $page->run('document.activeElement.id'), 'main', 'it skips';

go_to('pause');
$page->key('Space');
is $page->run('document.activeElement.getAttribute("aria-pressed")'), 'true',
    'Space: paused';
$page->key('Enter');
is $page->run('document.activeElement.getAttribute("aria-pressed")'), 'false',
    'Enter: it goes on';


# --- why? -----------------------------------------------------------------

# the page has all that the API says, and the edge does so
sub verdict {
    my ($name, $from, $device, $status, $said) = @_;
    my $query = "address=$from" . ($device ? "&device=$device" : '');

    why($from, $device);
    shows('why-answer' => $said, $name);

    my $answer = $api->get("$path/verdict?$query")->{json};
    my $items = '[...document.querySelectorAll("#why-answer li")]';

    is_deeply $page->run("$items.map(li => li.textContent)"),
        [map { "$_->{name}: $_->{why}" } grep { defined $_->{matches} }
            @{ $answer->{rules} }], "$name: every rule";
    is $page->run("$items.findIndex(li => li.className === 'match')"),
        (grep { defined $_->{matches} } @{ $answer->{rules} }) - 1,
        "$name: the last one matches";

    my $r = $edge->get($device ? "/?device=$device" : '/',
        'X-Account' => $account, 'X-Forwarded-For' => $from);
    is "$r->{headers}{'x-status'} $r->{headers}{'x-reason'}",
        "$status $answer->{reason}", "$name: as the edge decides";
}

verdict('a seat that ended', $seat, 'phone', DENIED =>
    qr{a/b <i> from $seat on phone is denied ?: outside \(seat_ended\)});
like text('why-answer'), qr/the seat s1, which ended 3 days ago/,
    'when it ended';
like text('why-answer'), qr/seen at home 40 days ago, 31 days allowed/,
    'when the device was at home';
picture('light');

verdict('at home', $home, '', ALLOWED => qr/$home is allowed ?: home\./);

is $api->call(PUT => "$path/extra-members/s1", { until => at(30) })->{status},
    204, 'the seat is paid';
verdict('a seat that is paid', $seat, 'tv', ALLOWED =>
    qr/$seat on tv is allowed ?: extra_member\./);

# ids are of any characters

my $device = "Anna's + Ben's TV";

is $api->call(PUT => "$path/devices/Anna%27s%20%2B%20Ben%27s%20TV")->{status},
    204, 'a device with spaces';
why($outside, $device);
shows('why-answer' => qr/ on \Q$device\E is allowed ?: trusted_device/,
    'is found by its name');

# an answer that is late is not the one of a later question

$page->run(<<'EOS');
window.late = [];
window.once = read;
read = (url, patience) => url.includes('late.example')
    ? new Promise(done => late.push(done)) : once(url, patience);
EOS
why('late.example');
$page->soon('late.length === 1');
why($outside);
shows('why-answer' => qr/from $outside is denied/, 'a later question');
$page->run(q(late[0]({ ok: true, body: { verdict: 'allow', reason: 'late' } })));
unlike text('why-answer'), qr/late/, 'keeps its answer';

# a question before the page knows the API goes to no server

$page->run('settings = new Promise(done => { window.known = done }); 0');
why($outside);
is $page->run('location.search'), '', 'an early question stays in the page';
$page->run(q(known({ ok: true, body: { api: '/api/' } })));
shows('why-answer' => qr/from $outside is denied/, 'and is answered, then');
$page->run('find("why-form").removeEventListener("submit", why)');
why($outside);
is $page->run('location.search'), '', 'so it does without a script';
$page->run('find("why-form").addEventListener("submit", why)');

why('no address');
shows('why-answer' => qr/address/, 'an argument that is none: why');
like $page->run('document.querySelector("#why-answer p").className'), qr/bad/,
    'and it is marked';


# --- the override, by the API ---------------------------------------------

is $api->call(PATCH => 'control', { mode => 'monitor', rollout => '50%' })
    ->{status}, 204, 'the fleet override';
shows(override => qr/main, households: monitor: nobody is denied, 50\.00 % of/,
    'the page shows it');
shows(state => qr/Fleet override of main: monitor/, 'as not normal');
why($outside);
shows('why-answer' => qr/is denied ?: outside \(never_seen\)\. Not enforced: the mode/,
    'why?: not enforced');
like text('why-answer'), qr/1 seat is paid, and the number of seats/,
    'why?: of the seats';
picture('override');
is $api->call(PATCH => 'control', { mode => undef, rollout => undef })
    ->{status}, 204, 'no override';
shows(override => qr/main, households: none ?$/, 'the page shows that, too');


# --- verdicts, servers, cache ---------------------------------------------

$edge->get('/', 'X-Account' => "x$_") for 1 .. 7;
shows(reasons => qr/unregistered denied [\d.]+ 7 /, 'each request is counted');
shows(servers => qr/main \Q@{[$redis->address]}\E primary up 0 main \Q@{[
    $replica->address]}\E replica up 0/, 'the servers');
shows(lookups => qr/main households received \d+ s /, 'and the lag');
shows(zones => qr/[\d.]+ kB of [\d.]+ kB.* \d+ account/, 'the cache');


# --- themes and widths ----------------------------------------------------

for my $theme (qw(light dark)) {
    for my $width (1280, 400) {
        $page->looks($theme, $width);

        is $page->run('getComputedStyle(document.documentElement)'
                      . '.backgroundColor'),
            { light => 'rgb(244, 245, 247)', dark => 'rgb(13, 17, 23)' }
                ->{$theme}, "$theme, $width px wide";
        ok $page->run('document.documentElement.scrollWidth'
                      . ' === document.documentElement.clientWidth'),
            'nothing is beside the window';
        picture("$theme-$width");
    }
}


# --- what fails -----------------------------------------------------------

is_deeply [grep { !m{status of 400 .*/api/1/accounts/} } $page->complaints],
    [], 'the browser has no complaint';

# an edge that accepts connections, and does not answer

kill STOP => $_ for $edge->workers;
shows(state => qr/No answer of the edge \(.+\): what is shown is old/,
    'the edge hangs');
kill CONT => $_ for $edge->workers;
shows(state => qr/^ ?All is well ?$/, 'and is back');

$replica->kill9;
$redis->kill9;
why($outside);
shows('why-answer' => qr/^ ?Redis (?:did not answer|is unavailable) ?$/,
    'Redis is down: why? has what the API says');
shows(state => qr/Redis main \Q@{[$_->address]}\E is down/, 'and the state, too')
    for $redis, $replica;
shows(state => qr/is down Invalidations of main/, 'and nothing of them twice');
picture('down');

$edge->quit;
shows(state => qr/No answer of the edge \(.+\): what is shown is old/,
    'the edge is gone');
why($outside);
shows('why-answer' => qr/The API does not answer/, 'and cannot be asked');

$page->run('document.body.setAttribute("style", "color: red")');
ok wait_until { grep { /Content Security Policy/ } $page->complaints },
    'a violation of the policy would have been a complaint';

$browser->stop;
done_testing;

#!/usr/bin/perl

# Internal redirects: by index, try_files, X-Accel-Redirect and error_page,
# after a filter that gave the status, and post_action.  One request is one
# judgement in the counters, in Redis and in what is written there, and a
# refusal holds wherever its error page leads on to.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(wait_until slurp temp_dir);
use Test::Household::Redis;
use Test::More;

my ($home, $away) = ('82.64.10.7', '203.0.113.9');

my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', $home);
$redis->cmd(SADD => 'household:{b}', $away);
$redis->cmd(SADD => 'household:{local}', '127.0.0.1');

my $origin = 'unix:' . temp_dir('origin') . '/origin.sock';

my $edge = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m') . <<"EOC",
map \$request_uri \$who { ~account=(?<name>[a-z]+) \$name; }
map \$uri \$mode { volatile; ~^/open off; default on; }
map \$uri \$other { volatile; ~^/b/ b; ~^/d/ d; default \$who; }
household_store main zone=households;
household_account \$who;
household_device \$arg_device;
add_header X-Status \$household_status always;
add_header X-Reason \$household_reason always;
server {
    listen $origin; access_log origin.log;
    location / { return 200 "origin\\n"; }
    location /accel { add_header X-Accel-Redirect /guarded/page.html;
                      return 200; }
    location /accel-other { add_header X-Accel-Redirect /other/page.html;
                            return 200; }
    location /accel-b { add_header X-Accel-Redirect /b/page.html;
                        return 200; }
    location /refused { add_header X-Accel-Redirect /guarded/page.html;
                        return 200; }
}
EOC
    server => <<"EOC");
location /metrics { household off; household_metrics zone=households; }

# all of these judge alike
household on;
location / { root html; index page.html; }
location /guarded/ { root html; household_log_level info; }
location /try { try_files /none \$uri/none /guarded/page.html; }
location /named { try_files /none \@named; }
location \@named { proxy_pass http://$origin; }
location /accel { proxy_pass http://$origin; }
location /missing { root html; error_page 404 =200 /guarded/page.html; }
location /last { rewrite ^ /guarded/page.html last; }
location /chain { try_files /none /named; }

# and these do not
location /other/ { root html; household_trusted_device 0; }
location /monitor { household monitor; try_files /none /guarded/page.html; }
location /open { household \$mode; try_files /none /closed/page.html; }
location /closed/ { household \$mode; root html; }
location /b/ { household_account \$other; root html; }
location /to-b { household_account \$other; try_files /none /b/page.html; }
location /share { household_sharing on threshold=0; empty_gif; }
location /to-d {
    household monitor;
    household_sharing on threshold=0;
    household_account \$other;
    try_files /none /d/page.html;
}
location /d/ {
    household_sharing on threshold=0;
    household_account \$other;
    root html;
}
location /from { try_files /none /from/page.html; }
location /from/ { real_ip_header X-From; root html; }

# values that are invalid
location /odd {
    household \$arg_mode;
    household_rollout \$arg_percent;
    try_files /none /odd/gif?\$args;
    location /odd/gif { empty_gif; }
    location /odd/other {
        household_trusted_device 1d;
        try_files /none /odd/gif?\$args;
    }
}

# where a refusal leads
location /shown { error_page 403 /static.html; empty_gif; }
location = /static.html { root html; }
location /on { error_page 401 403 /refused; empty_gif; }
location = /refused { proxy_pass http://$origin; }
location /tries { error_page 403 = \@tries; empty_gif; }
location \@tries { try_files /none /guarded/page.html; }
location /rewrites { error_page 403 = \@rewrites; empty_gif; }
location \@rewrites { rewrite ^ /guarded/page.html last; }
location /index { error_page 403 /guarded/; empty_gif; }

location /post { post_action /posted; empty_gif; }
location = /posted { proxy_pass http://$origin; }

# without a zone a judgement waits for Redis
location /none/ {
    household_store main;
    root html;
    error_page 412 /none/why.html;
}
location /none-monitor/ {
    household monitor;
    household_store main;
    root html;
    error_page 412 /none-monitor/why.html;
}
location /unjudged/ {
    household off;
    root html;
    error_page 412 /zone/why.html;
}
location /zone/ { root html; }
EOC

for my $dir ('', '/guarded', '/other', '/closed', '/b', '/d', '/from', '/none',
             '/none-monitor', '/unjudged', '/zone')
{
    mkdir "$edge->{dir}/html$dir";
    for my $name (qw(page why static)) {
        open my $out, '>', "$edge->{dir}/html$dir/$name.html" or die;
        print $out "$name of $dir\n";
        close $out;
    }
}

sub counters {
    my $page = $edge->get('/metrics')->{body};
    my %count;
    while ($page =~ /^nginx_household_requests_total\{.*status="(\w+)".*\} (\d+)$/mg) {
        $count{$1} += $2;
    }
    return \%count;
}

# what a request adds, e.g. "ALLOWED 1"
sub counted {
    my ($ask) = @_;
    my $before = counters();
    my $r = $ask->();
    my $after = counters();
    my @more = map { my $n = $after->{$_} - $before->{$_};
                     $n ? "$_ $n" : () } sort keys %$after;
    return ($r, join ', ', @more);
}

sub commands {
    my ($name) = @_;
    return $redis->cmd('INFO', 'commandstats')
        =~ /cmdstat_$name:calls=(\d+)/ ? $1 : 0;
}

# one request is one judgement: PATH, its status from home, what is counted

for (['/', 200, 'page of '], ['/try', 200, 'page of /guarded'],
     ['/named', 200, 'origin'], ['/accel', 200, 'page of /guarded'],
     ['/missing', 200, 'page of /guarded'], ['/last', 200, 'page of /guarded'],
     ['/chain', 200, 'origin'])
{
    my ($path, $status, $body) = @$_;

    for (['a', $status, 'ALLOWED', 'home'], ['c', 403, 'DENIED', 'unregistered'],
         ['', 401, 'UNAUTHORIZED', 'account_missing'])
    {
        my ($account, $status, $word, $reason) = @$_;
        my ($r, $more) = counted(sub {
            $edge->get("$path?account=$account", 'X-Forwarded-For' => $home);
        });
        is "$r->{status} $r->{headers}{'x-reason'}", "$status $reason",
            "$path, $word";
        like $r->{body}, qr/^\Q$body\E/, "$path: the content"
            if $status == 200;
        is $more, "$word 1", "$path, $word: is counted once";
    }
}

# another place judges anew, and the request is counted by the last one

for (['/monitor?account=a', $away, 403, 'DENIED outside', 'DENIED 1'],
     ['/monitor?account=a', $home, 200, 'ALLOWED home', 'ALLOWED 1'],
     ['/accel-other?account=a', $home, 200, 'ALLOWED home', 'ALLOWED 1'],
     ['/open?account=a', $away, 403, 'DENIED outside', 'DENIED 1'],
     ['/open?account=a', $home, 200, 'ALLOWED home', 'ALLOWED 1'],
     ['/to-b?account=a', $home, 403, 'DENIED outside', 'DENIED 1'],
     ['/to-b?account=a', $away, 403, 'DENIED outside', 'DENIED 1'])
{
    my ($uri, $from, $status, $words, $count) = @$_;
    my ($r, $more) = counted(sub {
        $edge->get($uri, 'X-Forwarded-For' => $from);
    });
    is "$r->{status} $r->{headers}{'x-status'} $r->{headers}{'x-reason'}",
        "$status $words", "another place: $uri from $from";
    is $more, $count, "another place: $uri from $from: is counted once";
}

# presence is that of the account there

is $edge->get('/share?account=e&device=tv', 'X-Forwarded-For' => $home)
        ->{headers}{'x-reason'}, 'member', 'an account of another household';
ok $redis->wait_written('household-seen:{e}'), 'its presence is known';
is $edge->get('/share?account=e&device=box', 'X-Forwarded-For' => $away)
        ->{headers}{'x-reason'}, 'outside', 'and used';
is $edge->get('/to-d?account=e&device=box', 'X-Forwarded-For' => $away)
        ->{headers}{'x-reason'}, 'member',
    'another place, with an account that is used nowhere else';

# the address of the client may be another one there

for ([$away, 403, 'outside', 'DENIED 1'], ['127.0.0.1', 200, 'home', 'ALLOWED 1'])
{
    my ($from, $status, $reason, $count) = @$_;
    my ($r, $more) = counted(sub {
        $edge->get('/from?account=local', 'X-From' => $from);
    });
    is "$r->{status} $r->{headers}{'x-reason'}", "$status $reason",
        "another place, which learns that the client is $from";
    is $more, $count, "another place, $from: is counted once";
}

# one lookup, and one write

for my $path (qw(/try /accel-other)) {
    my $account = $path =~ /try/ ? 'x' : 'y';
    $redis->cmd(SADD => "household:{$account}", $home);
    $redis->cmd('CONFIG', 'RESETSTAT');
    my $r = $edge->get("$path?account=$account&device=tv",
                       'X-Forwarded-For' => $home);
    is $r->{status}, 200, "$path: a new account";
    ok wait_until { $redis->cmd(HEXISTS => "household:{$account}:account",
                                'device:tv') }, "$path: its device is written";
    $edge->get('/?account=a', 'X-Forwarded-For' => $home);
    is commands('smembers') <= 2, 1, "$path: it is looked up once"
        or diag commands('smembers');
    is commands('hset'), 1, "$path: one write";
}

# a value that is invalid is reported once

for my $path (qw(/odd/gif /odd /odd/other)) {
    my $mark = -s "$edge->{dir}/error.log";
    $edge->get("$path?account=a&mode=odd&percent=odd&device=" . 'x' x 129,
               'X-Forwarded-For' => $home);

    my $log = slurp("$edge->{dir}/error.log", $mark);
    is_deeply [map { scalar(() = $log =~ /household: invalid $_\b/g) }
               qw(mode rollout device)], [1, 1, 1],
        "$path: each invalid value is reported once";
}

# a refusal holds where its error page leads on to

my $r = $edge->get('/shown?account=a', 'X-Forwarded-For' => $away);
is "$r->{status} $r->{body}", "403 static of \n", 'the error page is shown';

for my $path (qw(/on /tries /rewrites /index)) {
    for (['a', 403, 'outside'], ['', 401, 'account_missing']) {
        my ($account, $status, $reason) = @$_;
        next if $account eq '' && $path ne '/on';
        my $r = $edge->get("$path?account=$account",
                           'X-Forwarded-For' => $away);
        is "$r->{status} $r->{headers}{'x-reason'}", "$status $reason",
            "$path: is refused there, too";
        unlike $r->{body}, qr/page of/, "$path: and sees nothing of it";
        my @no_store = $r->{head} =~ /^Cache-Control: (.*?)\r$/mg;
        is_deeply \@no_store, ['no-store'], "$path: one Cache-Control";
        is scalar(() = $r->{head} =~ /^WWW-Authenticate:/mg),
            $status == 401 ? 1 : 0, "$path: one challenge, or none";
    }
}

is $edge->get('/on?account=a', 'X-Forwarded-For' => $home)->{status}, 200,
    'who is at home is let in';


# a status that a filter gave, and its page

for my $dir (qw(none none-monitor unjudged)) {
    my $r = eval {
        $edge->get("/$dir/page.html?account=a", 'X-Forwarded-For' => $home,
                   'If-Match' => '"other"');
    };
    is $r && $r->{status}, 412, "$dir: a filter gave the status"
        or diag $@;
    my $from = $dir eq 'unjudged' ? 'zone' : $dir;
    is $r && $r->{body}, "why of /$from\n", "$dir: and its page is shown";
}

$r = $edge->get('/none/page.html?account=a', 'X-Forwarded-For' => $away,
                'If-Match' => '"other"');
is $r->{status}, 403, 'nobody gets there who is refused';


# a post_action for each

my $before = slurp("$edge->{dir}/origin.log") =~ tr/\n//;
is $edge->get('/post?account=a', 'X-Forwarded-For' => $home)->{status}, 200,
    'a request with a post_action' for 1 .. 5;
ok wait_until {
    slurp("$edge->{dir}/origin.log") =~ tr/\n// == $before + 5
}, 'each has its post';

done_testing;

#!/usr/bin/perl

# Many clients at a time: requests on one connection, pipelined requests and
# streams of HTTP/2 each get their own answer; and clients that leave before
# the store has answered leave nothing behind.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Nginx;
use Test::Household::Process
    qw(wait_until free_port slurp temp_dir pause_pid);
use Test::Household::Redis;
use Test::More;

my $redis = Test::Household::Redis->new(unix => 1);
my $fake = Test::Household::FakeRedis->new(unix => 1,
    data => { map { ("household:{a$_}" => ['127.0.0.1']) } 0 .. 99 });

# the accounts a0 to a99 are at home, b0 to b99 are not, c0 to c99 have none
$redis->cmd(SADD => "household:{a$_}", '127.0.0.1') for 0 .. 99;
$redis->cmd(SADD => "household:{b$_}", '192.0.2.1') for 0 .. 99;

my @accounts = map { ("a$_", "b$_", "c$_") } 0 .. 99;

sub expected {
    my ($account) = @_;
    return { a => '200 home', b => '403 outside', c => '403 unregistered' }
           ->{substr $account, 0, 1} . " $account";
}

sub told {
    my ($r) = @_;
    return "$r->{status} $r->{headers}{'x-reason'}"
           . " $r->{headers}{'x-account'}";
}

my $upstream = 'unix:' . temp_dir('upstream') . '/upstream.sock';
my $guarded = <<"EOC";
    location / { household on; empty_gif; }
    location /fake { household on; household_store fake; empty_gif; }
    location /post { household on; proxy_pass http://$upstream; }
EOC

my $has_http2 = `$Test::Household::Nginx::Binary -V 2>&1` =~ /http_v2_module/;
my $http2_port = free_port();
my $http2 = $has_http2 ? "server { listen 127.0.0.1:$http2_port http2; $guarded }"
                       : '';

my $nginx = Test::Household::Nginx->new(server => $guarded, http => <<"EOC");
log_format verdict '\$status \$household_reason \$arg_account';
access_log verdict.log verdict;
household_redis main {
    server ${\$redis->address}; connect_timeout 20s; timeout 20s;
}
household_redis fake {
    server ${\$fake->address}; connect_timeout 20s; timeout 20s;
}
household_store main;
household_account \$arg_account;
add_header X-Account \$household_account always;
add_header X-Reason \$household_reason always;
keepalive_requests 100000;
server { listen $upstream; access_log off; return 200; }
$http2
EOC

my ($worker) = $nginx->workers;

sub verdicts { slurp("$nginx->{dir}/verdict.log", $_[0]) }
sub verdicts_mark { -s "$nginx->{dir}/verdict.log" || 0 }


# one connection

my $conn = $nginx->connect;
is_deeply [map { told($conn->get("/?account=$_")) } @accounts],
    [map { expected($_) } @accounts], 'one after the other on a connection';

$conn->send_request(GET => "/?account=$_") for @accounts;
is_deeply [map { told($conn->response) } @accounts],
    [map { expected($_) } @accounts], 'pipelined on a connection';

# a request that comes while the one before it waits

$fake->behave(delay => 0.05);
$conn->send_request(GET => '/fake?account=a1');
ok wait_until { $fake->count('SMEMBERS') == 1 }, 'one waits';
$conn->send_request(GET => '/?account=b1');
$conn->send_request(GET => '/fake?account=a2');
is_deeply [map { told($conn->response) } 1 .. 3],
    [map { expected($_) } qw(a1 b1 a2)], 'and what was sent meanwhile';
$fake->behave('normal');


# many connections

my @conns = map { $nginx->connect } 1 .. 200;
my @who = map { $accounts[$_ % @accounts] } 1 .. 200;
$conns[$_]->send_request(GET => "/?account=$who[$_]") for 0 .. 199;
is_deeply [map { told($_->response) } @conns], [map { expected($_) } @who],
    'on many connections at once, different accounts';

$_->send_request(GET => '/?account=a7') for @conns;
is_deeply [map { told($_->response) } @conns],
    [(expected('a7')) x @conns], 'on many connections at once, one account';


# clients that leave

sub waiting {
    my ($n, $account) = @_;
    my $count = $fake->count('SMEMBERS');
    my @waiting = map { $nginx->connect } 1 .. $n;
    $_->send_request(GET => "/fake?account=$account") for @waiting;
    ok wait_until { $fake->count('SMEMBERS') > $count },
        "$n clients wait for $account";
    # all have arrived: one more that need not wait is answered
    $nginx->get('/');
    return @waiting;
}

$fake->behave(delay => 0.15);
my $mark = verdicts_mark();
my @leaving = waiting(20, 'a1');
$_->close for @leaving;
ok wait_until { (() = verdicts($mark) =~ /^499 - a1$/mg) == 20 },
    'all leave, nothing is known of them';
is told($nginx->get('/fake?account=a1')), expected('a1'),
    'a request after that gets the verdict';

@leaving = waiting(20, 'a2');
my $stays = splice @leaving, 10, 1;
$_->close for @leaving;
is told($stays->response), expected('a2'), 'the client that waits gets the verdict';

$mark = verdicts_mark();
@leaving = waiting(5, 'a3');
$fake->behave('normal');
$fake->drop;
$_->close for @leaving;
ok wait_until { (() = verdicts($mark) =~ / a3$/mg) == 5 },
    'they leave, and so does the store';
ok wait_until { told($nginx->get('/fake?account=a3')) eq expected('a3') },
    'which comes back';

# what the store says about those who left is not said to others
$fake->behave(delay => 0.01);
for my $round (1 .. 10) {
    my $gone = $nginx->connect;
    my $here = $nginx->connect;
    $gone->send_request(GET => "/fake?account=a$round");
    $here->send_request(GET => "/fake?account=b$round");
    $gone->close;
    my $r = told($here->response);
    is $r, "403 unregistered b$round", "not the answer of a$round"
        if $r ne "403 unregistered b$round" || $round == 10;
}

# who has left before the request is read

$fake->behave('black_hole');
$mark = verdicts_mark();
pause_pid($worker);
my $gone = $nginx->connect;
$gone->send_request(GET => '/fake?account=a5');
$gone->close;
kill 'CONT', $worker;
ok wait_until { verdicts($mark) =~ / a5$/m }, 'one left before it was read';
like verdicts($mark), qr/^499 - a5$/m, 'and was not kept waiting';

# with a part of a request body, and with all of it

for my $body ('', 'half', 'x' x 10) {
    my $asked = $fake->count('SMEMBERS');
    $mark = verdicts_mark();
    my $c = $nginx->connect;
    my $account = 'a4-' . length $body;
    $c->send("POST /fake?account=$account HTTP/1.1\r\nHost: a\r\n"
             . "Content-Length: 10\r\n\r\n$body");
    wait_until { $fake->count('SMEMBERS') > $asked };
    $c->close;
    ok wait_until { verdicts($mark) =~ /^499 - $account$/m },
        'leaves with ' . length($body) . ' of 10 bytes sent';
}

# it is well before it is connected to again

$fake->behave('normal');
$fake->drop;
ok wait_until { told($nginx->get('/fake?account=a1')) eq expected('a1') },
    'and the store comes back';
ok wait_until { verdicts($mark) =~ /^\Q@{[expected('a1')]}\E$/m },
    'which is logged';


# HTTP/2

sub have { grep { -x "$_/$_[0]" } split /:/, $ENV{PATH} }

SKIP: {
    skip 'no http_v2_module', 1 if !$has_http2;
    skip 'no h2load', 1 if !have('h2load');

    my $list = "$nginx->{dir}/uris";
    open my $out, '>', $list or die;
    print $out "http://127.0.0.1:$http2_port/?account=$_\n" for @accounts;
    close $out;

    $mark = verdicts_mark();
    my $said = `h2load -n 3000 -c 5 -m 100 -i $list 2>&1`;
    like $said, qr/3000 total, 3000 started, 3000 done/, 'HTTP/2: all done'
        or diag $said;
    like $said, qr/status codes: 1000 2xx, 0 3xx, 2000 4xx, 0 5xx/,
        'HTTP/2: many streams at once, as many of each answer as there are';
    wait_until { verdicts($mark) =~ tr/\n// >= 3000 };
    is_deeply [sort split /\n/, verdicts($mark)],
        [sort map { (expected($_)) x 10 } @accounts],
        'HTTP/2: and each its own';

    # streams that wait for one store, and then another request

    $fake->behave(delay => 0.0002);
    open $out, '>', $list or die;
    print $out "http://127.0.0.1:$http2_port/fake?account=a$_\n"
        for 0 .. 99;
    close $out;

    $mark = verdicts_mark();
    $said = `h2load -n 300 -c 3 -m 100 -i $list 2>&1`;
    wait_until { verdicts($mark) =~ tr/\n// >= 300 };
    is_deeply [sort split /\n/, verdicts($mark)],
        [sort map { (expected("a$_")) x 3 } 0 .. 99],
        'HTTP/2: streams that wait';

    # streams that leave, with their connection

    $fake->behave('black_hole');
    my $count = $fake->count('SMEMBERS');
    $mark = verdicts_mark();

    my $pid = fork // die;
    if (!$pid) {
        open STDOUT, '>', '/dev/null';
        exec 'h2load', '-n', 50, '-c', 1, '-m', 50, '-i', $list;
    }

    # how many lookups are sent depends on the pace that Redis has had
    ok wait_until { $fake->count('SMEMBERS') > $count },
        'HTTP/2: streams wait';
    select undef, undef, undef, 0.5;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    ok wait_until { (() = verdicts($mark) =~ /^499 - a\d+$/mg) == 50 },
        'HTTP/2: they leave' or diag verdicts($mark);
    $fake->behave('normal');
    $fake->drop;
    ok wait_until { told($nginx->get('/fake?account=a1')) eq expected('a1') },
        'HTTP/2: a request after that gets the verdict';
}

SKIP: {
    skip 'no http_v2_module', 1 if !$has_http2;
    skip 'no curl with HTTP/2', 1 if `curl -V 2>/dev/null` !~ /HTTP2/;

    my $url = "http://127.0.0.1:$http2_port";
    my $curl = 'curl -s --http2-prior-knowledge -o /dev/null';

    is `$curl -w '%{http_code} %{http_version}' '$url/?account=a1'`, '200 2',
        'HTTP/2: at home';
    is `$curl -w '%{http_code} %{http_version}' '$url/?account=b1'`, '403 2',
        'HTTP/2: outside';
    is `$curl -w '%{http_code} %{size_download}' -I '$url/?account=b1'`,
        '403 0', 'HTTP/2: HEAD';
    is `$curl -w '%{http_code}' --data-binary \@$0 '$url/post?account=a1'`,
        '200', 'HTTP/2: a body';
}


is_deeply [$nginx->workers], [$worker], 'it is the same worker all the time';

# nothing waits any more: it quits at once, and its log tells of nothing left

$nginx->quit;
is $nginx->{status}, 0, 'it quits';

done_testing;

#!/usr/bin/perl

# Requests that are led elsewhere while their lookup is under way: a client
# that leaves and what nginx does then (post_action), a stream that is reset, a
# worker that must end.  What the lookup brings afterwards is for nobody, and
# the phases of a request are not run a second time.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Ca;
use Test::Household::FakeRedis;
use Test::Household::Http2;
use Test::Household::Nginx;
use Test::Household::Process
    qw(wait_until free_port slurp temp_dir pause_pid);
use Test::More;

# lookups are sent once the override is known
my %redis = (unix => 1,
    data => { map { ("household:{$_}" => ['127.0.0.1']) } 'a' .. 'z' },
    handler => sub {
        my ($conn, @command) = @_;
        return "@command" eq 'HGETALL household:control' ? ["*0\r\n"] : undef;
    });
my $fake = Test::Household::FakeRedis->new(%redis);
my $other = Test::Household::FakeRedis->new(%redis);

my $origin = 'unix:' . temp_dir('origin') . '/origin.sock';
my $version = `$Test::Household::Nginx::Binary -V 2>&1`;
my %has = map { $_ => scalar($version =~ /http_v${_}_module/) } 2, 3;
my %port = map { $_ => free_port() } 2, 3;

my $guarded = <<"EOC";
    location / { household on; empty_gif; }

    location /to-guarded { household on; post_action /done; empty_gif; }
    location /to-named { household on; post_action \@done; empty_gif; }
    location /to-moved { household on; post_action /moved; empty_gif; }
    location /to-other { household on; post_action /other; empty_gif; }
    location /to-origin { household on; post_action /origin; empty_gif; }
    location /to-return { household on; post_action /return; empty_gif; }

    location = /done { household on; empty_gif; }
    location \@done { household on; proxy_pass http://$origin; }
    location = /moved { rewrite ^ /done; }
    location = /other {
        household on; household_store other; proxy_pass http://$origin;
    }
    location = /origin { household off; proxy_pass http://$origin; }
    location = /return { household on; return 200; }
EOC

my $http2 = $has{2}
    ? "server { listen 127.0.0.1:$port{2} http2; $guarded }" : '';
my $http3 = '';

if ($has{3}) {
    my ($cert, $key) = Test::Household::Ca->new->issue('localhost',
                                                       'DNS:localhost');
    $http3 = "server { listen 127.0.0.1:$port{3} quic; $guarded
              ssl_certificate $cert; ssl_certificate_key $key; }";
}

my $nginx = Test::Household::Nginx->new(
    main => 'worker_shutdown_timeout 300ms;', server => $guarded,
    http => <<"EOC");
map \$request_uri \$who { ~account=(?<name>[a-z]+) \$name; }
log_format verdict '\$status \$household_reason \$who';
access_log verdict.log verdict;
household_redis main {
    server ${\$fake->address}; connect_timeout 20s; timeout 20s;
}
household_redis other {
    server ${\$other->address}; connect_timeout 20s; timeout 20s;
}
household_store main;
household_account \$who;
server { listen $origin; access_log origin.log; return 200; }
$http2
$http3
EOC

my ($worker) = $nginx->workers;

sub logged { slurp("$nginx->{dir}/verdict.log", $_[0]) }
sub logged_mark { -s "$nginx->{dir}/verdict.log" || 0 }
sub asked { $fake->count('SMEMBERS') }
sub origin { slurp("$nginx->{dir}/origin.log") =~ tr/\n// }

# a request that waits for the held reply of the store
sub waiting {
    my ($path) = @_;
    my $asked = asked();
    my $conn = $nginx->connect;

    $conn->send_request(GET => $path);
    wait_until { asked() > $asked } or die "no lookup for $path\n";
    return $conn;
}

# after the replies of those who left, everything goes on as before
sub well {
    my ($name) = @_;

    $fake->release;
    $fake->behave('normal');
    is $nginx->get('/?account=z')->{status}, 200, "$name: others are served";
    is_deeply [$nginx->workers], [$worker], "$name: by the same worker";
}


# the client leaves, and nginx runs the post_action of the location

for (['to-guarded', 0], ['to-named', 1], ['to-moved', 0], ['to-other', 1],
     ['to-origin', 1], ['to-return', 0])
{
    my ($path, $posts) = @$_;
    my ($log, $mark, $before) = (logged_mark(), $nginx->mark, origin());

    $fake->behave('hold');
    my $conn = waiting("/$path?account=a");
    $conn->close;
    $nginx->wait_log(qr/client prematurely closed/, $mark);
    ok wait_until { logged($log) =~ /^\d+ - a$/m },
        "$path: it ends without the store" or diag logged($log);
    well($path);
    is origin() - $before, $posts, "$path: one request is $posts at the origin";
    is scalar(() = logged($log) =~ / a$/mg), 1,
        "$path: and is logged once";
}

is $other->count('SMEMBERS'), 0, 'no verdict in a post_action';

# many at a time, of one account, some of whom stay

$fake->behave('hold');
my $log = logged_mark();
my $before = origin();
my @conns = waiting('/to-origin?account=b');
push @conns, map { $nginx->connect } 1 .. 29;
$_->send_request(GET => '/to-origin?account=b') for @conns[1 .. 29];
is $nginx->get('/return')->{status}, 200, 'all have arrived';
my @stay = splice @conns, 10, 5;
$_->close for @conns;
ok wait_until { (() = logged($log) =~ /^\d+ - b$/mg) == 25 }, '25 of 30 leave';
$fake->release;
is_deeply [map { $_->response->{status} } @stay], [(200) x 5], '5 stay';
ok wait_until { origin() - $before == 30 }, 'a post for each';
well('many');
is origin() - $before, 30, 'and no more';

# the reply and the end of the client come in the same moment

for my $round (1 .. 5) {
    $log = logged_mark();
    $fake->behave('hold');
    my $conn = waiting("/to-guarded?account=c");
    pause_pid($worker);
    $fake->release;
    $fake->behave('normal');
    $conn->close;
    select undef, undef, undef, 0.02;
    kill 'CONT', $worker;
    ok wait_until { logged($log) =~ / c$/m }, "at once, round $round";
}

well('at once');


# streams of HTTP/2 and of HTTP/3

for my $v (2, 3) {
    SKIP: {
        skip "no http_v${v}_module", 1 if !$has{$v};

        # by a package that only the tests of HTTP/3 need
        require Test::Household::Http3 if $v == 3;

        streams($v, "Test::Household::Http$v", $_)
            for qw(to-guarded to-named to-moved to-other to-origin);
    }
}

sub streams {
    my ($v, $class, $path) = @_;
    my $asked = asked();

    $log = logged_mark();
    $fake->behave('hold');

    my $client = $class->new($port{$v});
    my @ids = map { $client->request("/$path?account=$_") } 'd' .. 'g';
    wait_until { asked() == $asked + 4 } or die "streams do not wait\n";
    $client->reset($ids[0]);
    $client->reset($ids[2]);
    ok wait_until { (() = logged($log) =~ /^\d+ - [df]$/mg) == 2 },
        "HTTP/$v, $path: two of four streams are reset";
    $fake->release;
    is_deeply [map { $client->status($_) } @ids[1, 3]], [200, 200],
        "HTTP/$v, $path: the others are served";

    $fake->behave('hold');
    $asked = asked();
    $client->request("/$path?account=$_") for 'h' .. 'k';
    wait_until { asked() == $asked + 4 } or die "streams do not wait\n";
    $client->close;
    ok wait_until { (() = logged($log) =~ /^\d+ - [hijk]$/mg) == 4 },
        "HTTP/$v, $path: the connection ends, and all its streams";
    well("HTTP/$v, $path");
}


# a worker that must end: worker_shutdown_timeout

$fake->behave('hold');
$log = logged_mark();
my $conn = waiting('/to-origin?account=l');
$nginx->reload;
ok wait_until { !grep { $_ == $worker } $nginx->workers },
    'a worker ends although a request waits';
ok !eval { $conn->response; 1 }, 'which has no answer';
$fake->release;
$fake->behave('normal');
is $nginx->get('/?account=z')->{status}, 200, 'the next one serves';

$nginx->quit;
is $nginx->{status}, 0, 'it quits';

done_testing;

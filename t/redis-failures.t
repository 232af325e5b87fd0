#!/usr/bin/perl

# What a Redis can do wrong, row by row: a request passes as "unavailable",
# or is denied without an offer where the configuration says so; and the edge
# recovers by itself when the server behaves again.

use strict;
use warnings;

use lib 't/lib';
use IO::Socket::INET;
use Test::More;
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until free_port running);

my $secret = 'a-secret-of-the-test';
my $home = '82.64.10.7';

my %data = (
    'household:{42}' => [$home],
    'household:{42}:account' => { country => 'FR', seats => 1 },
    'household:{43}' => ['82.64.10.8', '2a01:e0a:1f3:9c00::/56'],
    'household:{two}' => [$home, '192.0.2.0/24'],
);

my $offer = 'household_offer default url=https://www.example.tv/household;';
my $server = location('/allow', $offer)
           . location('/deny', "household_unavailable deny; $offer")
           . 'location = /writing { stub_status; }';


sub edge {
    my ($address, $redis, %opt) = @_;

    return Test::Household::Nginx->new(server => $server, %opt,
        http => http_config(server => $address, redis => $redis // '',
                            zone => $opt{zone}));
}

# how a location decides on an account: status, reason and verdict
sub decision {
    my ($edge, $path, $account, $from) = @_;
    my $r = $edge->get("$path?account=" . ($account // 42),
                       'X-Forwarded-For' => $from // $home);

    return wantarray ? $r : told($r);
}

sub told {
    my ($r) = @_;
    return join ' ', $r->{status}, map { $_ // '-' }
        @{ $r->{headers} }{'x-status', 'x-reason'};
}

sub is_well {
    my ($edge, $name, @who) = @_;
    ok wait_until { decision($edge, '/allow', @who) eq '200 ALLOWED home' },
        $name;
}

sub is_unavailable {
    my ($edge, $name, $reason) = @_;
    $reason //= 'unavailable';

    is scalar(decision($edge, '/allow')), "200 UNAVAILABLE $reason",
        "$name: passes";

    my ($r) = decision($edge, '/deny');
    is told($r), "403 DENIED $reason", "$name: denied where configured";
    ok !defined $r->{headers}{link} && $r->{body} !~ /offer/
        && $r->{body} !~ /example\.tv/, "$name: without an offer";
}


# One that behaves in some way, all of a sudden, to an edge that is connected
# and to one that connects anew.  Timeouts are short where the way is not to
# answer at all; an answer that comes too late is a failure just the same.

my $fake = Test::Household::FakeRedis->new(data => \%data);
my $times = 'connect_timeout 500ms; timeout 500ms;';
my $edge = edge($fake->address, $times);

sub fails {
    my ($name, $way, @args) = @_;
    my $reason = $way =~ /^large$/ ? 'record_too_large' : undef;

    # a server that has spoken nonsense is not trusted for a while
    if ($name =~ /^protocol/) {
        $edge->quit;
        $edge = edge($fake->address, $times);
    }

    is_well $edge, "$name: well before";
    $fake->behave($way, @args);
    is_unavailable $edge, $name, $reason;

    $fake->drop;
    is_unavailable $edge, "$name, anew", $reason;

    $fake->behave('normal');
    is_well $edge, "$name: recovers";
}

fails 'hung: no answer', 'black_hole';
fails 'hung: not even to AUTH or PING', 'all_black_hole';
fails 'hung: half an answer', 'half_hang';
fails 'slow: late', delay => 3;
fails 'reset', 'reset';
fails 'reset: at once', 'all_reset';
fails 'closed', 'close';
fails 'closed: half an answer', 'half_close';

my @errors = (
    [warn => 'LOADING Redis is loading the dataset in memory'],
    [warn => "READONLY You can't write against a read only replica."],
    [warn => 'CLUSTERDOWN The cluster is down'],
    [warn => 'TRYAGAIN Multiple keys request during rehashing of slot'],
    [warn => "MASTERDOWN Link with MASTER is down"],
    [error => 'NOAUTH Authentication required.'],
    [error => 'WRONGPASS invalid username-password pair'],
    [error => "NOPERM this user has no permissions to run this command"],
    [error => 'WRONGTYPE Operation against a key holding the wrong kind'],
);

for (@errors) {
    my ($level, $error) = @$_;
    my ($code) = split ' ', $error;
    my $mark = $edge->mark;

    fails "error: $code", error => "$error $secret";

    # lines of this kind are limited in their rate: at some time there is one

    $fake->behave(error => "$error $secret");
    ok wait_until {
        decision($edge, '/allow');
        $edge->wait_log(qr/\[$level\].*error reply $code/, $mark, 0.01);
    }, "error: $code: is logged, level $level";
    $fake->behave('normal');
}

unlike $edge->log, qr/\Q$secret\E/, 'what Redis says is not logged';

fails 'error: NOAUTH to everything', all_error => 'NOAUTH required';
fails 'error: LOADING to everything', all_error => 'LOADING Redis is loading';
fails 'protocol: garbage', 'garbage';
fails 'protocol: garbage at once', 'all_garbage';
fails 'protocol: HTTP', 'http';
fails 'protocol: HTTP at once', 'all_http';
fails 'protocol: a huge bulk string', 'huge_bulk';
fails 'protocol: a huge array', 'huge_array';
fails 'protocol: nested arrays', 'nested';
fails 'protocol: a RESP3 type', 'resp3';
fails 'protocol: a line without an end', 'unended';
fails 'protocol: another type', 'wrong_type';
fails 'protocol: an extra reply', 'extra';

# 300 KB, which a busy machine may be long in reading

$edge->quit;
$edge = edge($fake->address, 'connect_timeout 20s; timeout 20s;');
fails 'oversized: a reply', 'large';
$edge->quit;
$edge = edge($fake->address, $times);

# ways that only a new connection meets

for (['accepted and closed', 'accept_close'],
     ['unsolicited', 'unsolicited'],
     ['another greeting', 'banner'])
{
    my ($name, $way) = @$_;
    is_well $edge, "$name: well before";
    $fake->behave($way);
    $fake->drop;
    is_unavailable $edge, $name;
    $fake->behave('normal');
    is_well $edge, "$name: recovers";
}

is_well $edge, 'unsolicited, idle: well before';
my $connections = $fake->count('connections');
$fake->send("+surprise\r\n");
ok wait_until { $fake->count('connections') > $connections },
    'unsolicited, idle: that connection is closed';
is_well $edge, 'unsolicited, idle: recovers';


# refused

is_well $edge, 'refused: well before';
$fake->behave('refuse');
$fake->drop;
ok wait_until { decision($edge, '/allow') =~ /unavailable/ }, 'refused: seen';
is_unavailable $edge, 'refused';
$fake->behave('normal');
is_well $edge, 'refused: recovers';


# a line per change of state, however many requests and attempts there are

{
    $edge->quit;
    $edge = edge($fake->address, $times);
    is_well $edge, 'down: well before';

    my $mark = $edge->mark;
    $fake->behave(all_error => 'LOADING Redis is loading');
    $fake->drop;

    my $attempts = $fake->count('connections') + 5;
    ok wait_until {
        decision($edge, '/allow');
        $fake->count('connections') >= $attempts
    }, 'down: attempts go on';
    $fake->behave('normal');
    is_well $edge, 'down: recovers';

    my $log = substr $edge->log, $mark;
    is scalar(() = $log =~ /server down/g), 1, 'down: one line when it went';
    is scalar(() = $log =~ /server up/g), 1, 'down: one line when it came back';
}


# as well of a server that connects well, and fails whenever it is used

for my $way ('junk behind a good reply', 'junk after a good reply', 'close') {
    my %data = ('household:{42}' => [$home]);
    my $fake = Test::Household::FakeRedis->new(data => \%data, handler => sub {
        my (undef, $name, $number) = @_;
        return if !$data{junk} || uc $name ne 'PING' || !defined $number;
        my @reply = ("\$8\r\n$number\r\n", "+junk\r\n");
        return $data{junk} =~ /behind/ ? [join '', @reply]
                                       : [$reply[0], [delay => 0.02], $reply[1]];
    });
    my $edge = edge($fake->address, 'connect_timeout 5s; timeout 5s;');
    my $lines = sub {
        return scalar grep { /connection lost|server down|server up/ && !/\[info\]/ }
               split /^/, $edge->log;
    };

    is_well $edge, "$way: well before";
    my $attempts = $fake->count('connections') + 5;
    $way =~ /junk/ ? $fake->set(junk => $way) : $fake->behave($way);
    ok wait_until {
        decision($edge, '/allow');
        $fake->count('connections') >= $attempts
    }, "$way: attempts go on";

    # it was lost, and is down, maybe for two reasons that take turns
    cmp_ok $lines->(), '<=', 3, "$way: but not lines";

    $way =~ /junk/ ? $fake->set(junk => '') : $fake->behave('normal');
    ok wait_until {
        decision($edge, '/allow') =~ /home/ && $edge->log =~ /server up/
    }, "$way: recovers";
    cmp_ok $lines->(), '<=', 4, "$way: which is logged";
}


# a server that says nothing of itself: INFO is empty

{
    my $fake = Test::Household::FakeRedis->new(
        data => { 'household:{42}' => [$home] },
        handler => sub { $_[1] eq 'INFO' ? "\$0\r\n\r\n" : undef });
    my $edge = edge($fake->address, 'connect_timeout 5s; timeout 5s;',
                    zone => '1m', server => location('/allow', '',
                                                     'main zone=households'));
    my @workers = $edge->workers;

    is_well $edge, 'an empty INFO: an answer';
    is_deeply [$edge->workers], \@workers, 'an empty INFO: of the same worker';
    $edge->quit;
    $fake->stop;
}


# One reply too many, and another that is an error: those of the lookup move by
# one, and the error is no reply to its PING.

{
    my $fake = Test::Household::FakeRedis->new(
        data => { 'household:{42}' => [$home, '192.0.2.0/24'] },
        handler => sub {
            my (undef, $name, $key) = @_;
            return undef if $name ne 'HGETALL';
            return $key =~ /control/ ? "*0\r\n*0\r\n" : "-ERR x\r\n";
        });
    my $edge = edge($fake->address, 'connect_timeout 5s; timeout 5s;');

    is decision($edge, '/allow'), '200 UNAVAILABLE unavailable',
        'an error in the place of PONG: no answer';
    $edge->quit;
    $fake->stop;
}


# the same in a cluster, where the error is a redirection

{
    my $port = free_port();
    my $fake = Test::Household::FakeRedis->new(
        port => $port,
        data => { 'household:{42}' => [$home, '192.0.2.0/24'] },
        handler => sub {
            my (undef, $name, $key) = @_;

            return "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n\$9\r\n127.0.0.1\r\n"
                   . ":$port\r\n\$1\r\nx\r\n" if $name eq 'CLUSTER';
            return undef if $name ne 'HGETALL';
            return $key =~ /control/ ? "*0\r\n*0\r\n"
                                     : "-MOVED 1 127.0.0.1:$port\r\n";
        });
    my $edge = edge($fake->address, 'connect_timeout 5s; timeout 5s;'
                                    . ' cluster on;');

    is decision($edge, '/allow'), '200 UNAVAILABLE unavailable',
        'MOVED in the place of PONG: no answer';
    $edge->quit;
    $fake->stop;
}


# Lookups that are written together: one number verifies all of them, so that
# one reply too many makes all of them doubtful, also those before it.

for my $extra (0, 1) {
    my $fake = Test::Household::FakeRedis->new(data => \%data, handler => sub {
        my (undef, $name, $key) = @_;
        return undef if !$extra || !defined $key;
        return [] if $name eq 'PING';    # the one before it is taken for it
        return $key =~ /two}:account/ ? "*0\r\n*0\r\n" : undef;
    });
    $fake->behave('all_hold');

    my $edge = edge($fake->address, 'connections 1; connect_timeout 20s;'
                                    . ' timeout 20s;');
    my @conns = map { $edge->connect } 1 .. 3;
    my @accounts = (42, 'two', 43);

    $conns[$_]->send_request(GET => "/allow?account=$accounts[$_]",
                             'X-Forwarded-For' => $home) for 0 .. 2;
    ok wait_until { $edge->get('/writing')->{body} =~ /Writing: 4 / },
        'together: all wait for the connection';
    $fake->behave('normal');
    $fake->release;

    my @told = map { told($_->response) } @conns;
    is_deeply \@told,
        $extra ? [('200 UNAVAILABLE unavailable') x 3]
               : ['200 ALLOWED home', '200 ALLOWED home',
                  '403 OFFERED outside'],
        'together, ' . ($extra ? 'one reply too many: no answer'
                               : 'each its own record');

    my $commands = join ' ', map { $_->[0] }
        grep { $_->[0] ne 'PING' || @$_ > 1 } $fake->commands;
    my $keys = 'SMEMBERS HGETALL HGETALL';
    like $commands, qr/\b$keys $keys $keys PING\b/, 'together: one PING';

    $edge->quit;
    $fake->stop;
}


# the right answer in small pieces is a right answer

my $patient = edge($fake->address, 'connect_timeout 20s; timeout 20s;');
$fake->behave('all_trickle');
$fake->drop;
is_well $patient, 'one byte at a time: an answer';
$fake->behave('normal');


# unreachable: what is sent there is lost; a full queue of connections is so

{
    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1,
        LocalPort => free_port(), ReuseAddr => 1) or die;
    my @filling = map {
        IO::Socket::INET->new(PeerAddr => $socket->sockhost, Blocking => 0,
                              PeerPort => $socket->sockport)
    } 1 .. 4;

    my $edge = edge('127.0.0.1:' . $socket->sockport,
                    'connect_timeout 100ms; timeout 100ms;');
    is_unavailable $edge, 'unreachable';
    is_unavailable $edge, 'unreachable, again';
}


# an extra reply is no reply to the next command, of the same request or of
# another one that is in the same pipeline

{
    my $edge = edge($fake->address, 'connect_timeout 5s; timeout 5s;');
    is_well $edge, 'extra: well before';

    $fake->behave('extra');
    is scalar(decision($edge, '/allow', 'two')),
        '200 UNAVAILABLE unavailable', 'extra: with an even number of parts';
    $fake->behave('normal');

    for my $times (2, 3) {
        is_well $edge, "extra, $times times: well before";
        my $asked = $fake->count('SMEMBERS');
        $fake->behave(hold => $times);

        my @conns = map { $edge->connect } 1 .. 5;
        for (0 .. 4) {
            $conns[$_]->send_request(GET => '/allow?account='
                . ('two', 43 .. 46)[$_], 'X-Forwarded-For' => $home);
            ok wait_until {
                $fake->count('SMEMBERS') >= $asked + 5
            }, "extra, $times times: in one pipeline" if $_ == 4;
        }

        $fake->release;
        my (undef, @told) = map { told($_->response) } @conns;
        is scalar(grep { /home/ } @told), 0,
            "extra, $times times: nobody is at home at another's";
        $fake->behave('normal');
    }

    is_well $edge, 'extra: recovers';
}


# a client that goes while its lookup is under way: its reply goes nowhere,
# and the ones after it to whom they belong

{
    my $edge = edge($fake->address, 'connect_timeout 20s; timeout 20s;');
    is_well $edge, 'client gone: well before';

    my $asked = $fake->count('SMEMBERS');
    $fake->behave('hold');
    my @gone = map { my $c = $edge->connect;
        $c->send_request(GET => "/allow?account=gone$_"); $c } 1 .. 5;
    my @stays = map { $edge->connect } 1 .. 2;
    ok wait_until { $fake->count('SMEMBERS') == $asked + 5 },
        'client gone: all were asked for';
    $stays[$_]->send_request(GET => '/allow?account=' . (42 + $_),
        'X-Forwarded-For' => $home) for 0, 1;
    ok wait_until { $fake->count('SMEMBERS') == $asked + 7 },
        'client gone: and those who stay';

    $_->close for @gone;
    ok wait_until {
        $edge->get('/writing')->{body} =~ /Writing: 3 /
    }, 'client gone: nginx knows';
    $fake->behave('normal');
    $fake->release;

    is told($stays[0]->response), '200 ALLOWED home',
        'client gone: a reply is read in its place';
    like told($stays[1]->response), qr/outside/, 'client gone: and another';
}


# what cannot be answered is not queued without end: the oldest gives way, and
# the log tells of it, at most so often

{
    my $edge = Test::Household::Nginx->new(
        http => http_config(server => $fake->address, zone => '1m', redis =>
            'connect_timeout 300s; timeout 300s; tracking off;'),
        server => location('/allow', '', 'main zone=households')
                  . 'location = /writing { stub_status; }');
    is_well $edge, 'too many: well before';
    $fake->behave('black_hole');

    # a lookup stays in the queue when its client has gone
    my $n = 0;
    my $writing = sub { ($edge->get('/writing')->{body}
                         =~ /Writing: (\d+) /)[0] };
    my $ask = sub {
        my ($count) = @_;
        my @conns = map { $edge->connect } 1 .. $count;
        my $before = $writing->();
        $_->send_request(GET => '/allow?account=many' . $n++) for @conns;
        wait_until { $writing->() >= $before + $count };
        $_->close for @conns;
        wait_until { $writing->() <= $before };
    };

    $ask->(100);
    my $first = $edge->connect;
    $first->send_request(GET => '/allow?account=first');
    wait_until { $writing->() == 2 };
    $ask->(400) for 1 .. 10;
    is $edge->log =~ /command queue full/, '', 'too many: not too many yet';
    $ask->(400);

    is told($first->response), '200 UNAVAILABLE unavailable',
        'too many: the oldest';
    ok $edge->wait_log(
        qr/\[warn\] .*household redis "main": command queue full, \d+ commands dropped/),
        'too many: in the log';
    my @lines = $edge->log =~ /command queue full/g;
    cmp_ok scalar(@lines), '<', 20, 'too many: but not of each';
    $fake->behave('normal');
}


# a real one: restarted, stopped, killed

{
    my $redis = Test::Household::Redis->new;
    my $edge = edge($redis->address, 'connect_timeout 500ms; timeout 500ms;');
    my $fill = sub { $redis->cmd(SADD => 'household:{42}', $home) };

    $fill->();
    is_well $edge, 'real: well';
    $redis->pause;
    is_unavailable $edge, 'real: stopped by a signal';
    $redis->resume;
    is_well $edge, 'real: goes on';

    $redis->kill9;
    is_unavailable $edge, 'real: killed';
    $redis->start;
    $fill->();
    is_well $edge, 'real: recovers';

    $redis->stop;
    $redis->start;
    $fill->();
    is_well $edge, 'real: restarted between requests';

    $redis->cmd(DEL => 'household:{42}');
    $redis->cmd(SET => 'household:{42}', $home);
    is_unavailable $edge, 'real: a key of the wrong type';
    $redis->cmd(DEL => 'household:{42}');
    $fill->();
    is_well $edge, 'real: of the right type';

    $redis->cmd(CONFIG => SET => requirepass => 'new');
    $redis->{requirepass} = 'new';
    $redis->cmd(CLIENT => KILL => TYPE => 'normal');
    is_unavailable $edge, 'real: NOAUTH';
    $redis->cmd(CONFIG => SET => requirepass => '');
    delete $redis->{requirepass};
    is_well $edge, 'real: no password any more';
}

{
    my $redis = Test::Household::Redis->new(
        acl => ['user edge on >pass ~other:* +@all']);
    $redis->cmd(SADD => 'household:{42}', $home);

    my $wrong = edge($redis->address,
                     "user edge; password $secret; timeout 1s;");
    is_unavailable $wrong, 'real: WRONGPASS';
    ok $wrong->wait_log(qr/\[error\].*WRONGPASS/), 'real: WRONGPASS is logged';
    unlike $wrong->log, qr/\Q$secret\E/, 'real: and the password is not';

    my $edge = edge($redis->address, 'user edge; password pass; timeout 1s;');
    is_unavailable $edge, 'real: NOPERM';
    ok $edge->wait_log(qr/\[error\].*NOPERM/), 'real: NOPERM is logged';
    $redis->cmd(ACL => SETUSER => 'edge', 'allkeys');
    is_well $edge, 'real: permitted';
}


# with a zone, what was known goes on to be known, stale, and only that

{
    my $edge = Test::Household::Nginx->new(
        http => http_config(server => $fake->address, zone => '1m',
                            redis => 'connect_timeout 1s; timeout 1s;'),
        server => location('/allow', '', 'main zone=households fresh=1s'));
    my $cache = sub {
        my ($r) = decision($edge, '/allow', @_);
        return join ' ', told($r), $r->{headers}{'x-cache'};
    };

    is_well $edge, 'stale: well before';
    like $cache->(), qr/^200 ALLOWED home (?:HIT|MISS|EXPIRED|UPDATING)$/,
        'stale: not before it is needed';

    for my $way ('black_hole', 'refuse', 'garbage', 'all_http') {
        $fake->behave($way);
        $fake->drop;
        ok wait_until { $cache->() eq '200 ALLOWED home STALE' },
            "stale: $way: a record that is known";
        like scalar(decision($edge, '/allow', 43)), qr/ unavailable$/,
            "stale: $way: not one that is not";
        $fake->behave('normal');
        ok wait_until { $cache->() =~ /^200 ALLOWED home (?:HIT|EXPIRED|UPDATING)$/ },
            "stale: $way: recovers";
    }
}


# reload and quit while a lookup is under way: no request is lost

for my $how ('reload', 'quit', 'upgrade') {
    my $edge = edge($fake->address, 'connect_timeout 90s; timeout 90s;',
                    main => 'worker_shutdown_timeout 90s;',
                    daemon => $how eq 'upgrade');
    is_well $edge, "$how: well before";

    my $asked = $fake->count('SMEMBERS');
    $fake->behave('hold');
    my @conns = map { $edge->connect } 1 .. 5;
    $conns[$_]->send_request(GET => '/allow?account=42',
        'X-Forwarded-For' => "82.64.10.$_") for 0 .. 4;
    ok wait_until { $fake->count('SMEMBERS') > $asked
                    && $edge->get('/writing')->{body} =~ /Writing: 6 / },
        "$how: under way";

    my @workers = $edge->workers;
    $edge->reload if $how eq 'reload';
    $edge->upgrade if $how eq 'upgrade';
    $edge->signal('QUIT') if $how eq 'quit';
    ok $edge->wait_log(qr/gracefully shutting down/), "$how: begins";
    $fake->behave('normal');
    $fake->release;

    my @told = map { told($_->response) } @conns;
    is scalar(grep { /^\d/ } @told), 5, "$how: every request is answered";

    ok wait_until { !grep { running($_) } @workers },
        "$how: and the old worker leaves";

    is_well $edge, "$how: the new one works" if $how ne 'quit';
}


# one that does not answer, and no time for it: the worker leaves nonetheless

{
    my $edge = edge($fake->address, 'connect_timeout 90s; timeout 90s;',
                    main => 'worker_shutdown_timeout 100ms;');
    is_well $edge, 'out of time: well before';

    my $asked = $fake->count('SMEMBERS');
    $fake->behave('black_hole');
    my @conns = map { $edge->connect } 1 .. 3;
    $_->send_request(GET => '/allow?account=42') for @conns;
    ok wait_until { $fake->count('SMEMBERS') > $asked },
        'out of time: under way';

    my @workers = $edge->workers;
    $edge->reload;
    ok wait_until { !grep { running($_) } @workers },
        'out of time: the worker leaves';
    $fake->behave('normal');
    is_well $edge, 'out of time: the new one works';
}

done_testing;

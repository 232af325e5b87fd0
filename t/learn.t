#!/usr/bin/perl

# household_unregistered learn: the edge registers the network that a household
# was at on most days, in each family, one and only one, however many edges see
# it at once.

use strict;
use warnings;
use feature 'state';

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until temp_dir);
use Test::Household::Redis;
use Test::More;

my $home = '82.64.10.7';
my $away = '203.0.113.9';
my $dir = temp_dir('learn');
my $sockets = 0;
my $marks = 0;

my $redis = Test::Household::Redis->new(unix => 1);

# without a zone, and with one that all workers share
my @edges = map { edge($_) } undef, '1m';

sub edge {
    my ($zone, $workers) = @_;
    my $learn = 'add_header X-Network $household_network always;'
                . 'household_unregistered learn days=1;';
    my $socket = $dir . '/' . ++$sockets;
    my $store = 'main' . ($zone ? ' zone=households' : '');

    return Test::Household::Nginx->new(
        workers => $workers || 2,
        http => http_config(server => $redis->address, zone => $zone)
                . "server { listen unix:$socket; "
                . location('/', $learn, $store) . '}',
        server => location('/', $learn, $store)
                  . location('/wide', "$learn household_ipv6_prefix 56;",
                             $store)
                  . location('/monitor', "household monitor; $learn", $store)
                      =~ s/household on;//r
                      . location('/days', $learn =~ s/ days=1//r, $store)
                  . location('/two', $learn =~ s/days=1/days=2/r, $store)
                  . location('/deny', '', $store)
                  . "location /socket { proxy_pass http://unix:$socket:/; }"
                  . 'location /stub { stub_status; }');
}

sub ask {
    my ($edge, $from, $uri) = @_;
    my $h = (my $r = $edge->get($uri, 'X-Forwarded-For' => $from))->{headers};
    return join ' ', map { $_ // '-' } $r->{status},
        @$h{'x-reason', 'x-network'};
}

# the home of an account, once there is one
sub home {
    my ($account) = @_;
    my $members;

    wait_until {
        $members = $redis->cmd(SMEMBERS => "household:{$account}");
        @$members;
    };
    return join ' ', sort @$members;
}

sub calls {
    my ($command) = @_;
    my ($n) = $redis->cmd(INFO => 'commandstats')
        =~ /^cmdstat_$command:calls=(\d+)/m;
    return $n // 0;
}

# the days are those of the level that says "learn"

{
    my $edge = Test::Household::Nginx->new(
        http => http_config(server => $redis->address)
                . 'household_unregistered learn days=1;',
        server => location('/'));

    is ask($edge, $home, '/?account=inherited'), '200 learned -',
        'learn of an outer level';
    is home('inherited'), $home, 'with its days';
    $edge->quit;
}


# a household's first network is its home

for my $n (0, 1) {
    my $edge = $edges[$n];
    my $kind = $n ? 'with a zone' : 'without a zone';

    is ask($edge, $away, "/deny?account=a$n"), '403 unregistered -',
        "$kind: nothing is known";
    is ask($edge, $home, "/?account=a$n"), "200 learned $home/32",
        "$kind: the first network";
    is home("a$n"), $home, "$kind: is registered as people write it";
    ok wait_until(sub { ask($edge, $away, "/?account=a$n") =~ /^403 outside/ }),
        "$kind: and no other one";
    is ask($edge, $home, "/?account=a$n"), "200 home $home/32",
        "$kind: it is home";
    is home("a$n"), $home, "$kind: alone";
}

my $edge = $edges[0];

# a household is seen at a network on some days before that is its home

sub account { 'household:{' . $_[0] . '}:account' }

sub evidence {
    my ($account, $network) = @_;
    my $field = "learn:$network";
    return wait_until { $redis->cmd(HGET => account($account), $field) };
}

# days are those of UTC: not over midnight
sleep 60 if time % 86400 > 86400 - 60;

# evidence of another day, noon
my $noon = 86400 * int(time / 86400) + 43200;

sub seen {
    my ($account, $network, $days, $ago) = @_;
    $redis->cmd(HSET => account($account), "learn:$network",
                $days . '@' . ($noon - 86400 * $ago));
}

for my $n (0, 1) {
    my ($edge, $kind) = ($edges[$n], $n ? 'with a zone' : 'without a zone');
    my $account = "days$n";

    is ask($edge, $home, "/days?account=$account"), "200 learned $home/32",
        "$kind: the first request passes";
    like evidence($account, $home), qr/^1@\d{10}$/, "$kind: it is evidence";
    is ask($edge, $home, "/days?account=$account"), "200 learned $home/32",
        "$kind: the second one, too";
    is ask($edge, $away, "/days?account=$account"), "200 learned $away/32",
        "$kind: and from elsewhere";
    like evidence($account, $away), qr/^1@/, "$kind: which is evidence, too";
    like evidence($account, $home), qr/^1@/, "$kind: once a day";
    is $redis->cmd(EXISTS => "household:{$account}"), 0,
        "$kind: nothing is registered";
}

seen('third', $home, 2, 1);
seen('third', $away, 1, 1);
seen('third', '2001:db8::/64', 1, 1);
is ask($edge, $home, '/days?account=third'), "200 learned $home/32",
    'the third day';
is home('third'), $home, 'is enough';
is_deeply $redis->cmd(HKEYS => account('third')), ['learn:2001:db8::/64'],
    'what was counted in that family is dropped';
is ask($edge, $away, '/days?account=third'), '403 outside -',
    'and elsewhere is outside';

# with the network of the other family where it was as often, or once less

my @six = map { "2a01:e0a:1f3:9c4$_\::/64" } 0 .. 3;

for (['once less', [$six[0], 2, 1], $six[0]],
     ['as often, today', [$six[0], 3, 0], $six[0]],
     ['most often', [$six[0], 2, 1], [$six[1], 3, 1], [$six[2], 2, 0],
      $six[1]],
     ['as often as elsewhere, and last', [$six[0], 2, 1], [$six[1], 2, 0],
      $six[1]],
     ['twice less', [$six[0], 1, 0]],
     ['some days ago', [$six[0], 3, 2]],
     ['no network', ['a:b', 3, 0], ['2001:db8::1', 3, 0]])
{
    state $n = 0;
    my ($name, @nets) = @$_;
    my $both = ref $nets[-1] ? undef : pop @nets;
    my $account = 'both' . $n++;

    seen($account, $home, 2, 1);
    seen($account, @$_) for @nets;
    is ask($edge, $home, "/days?account=$account"), "200 learned $home/32",
        "the other family, $name";
    is home($account), join(' ', grep { defined } $both, $home),
        $both ? 'is registered with it' : 'is not registered';
    is $redis->cmd(HLEN => account($account)), $both ? 0 : scalar @nets,
        $both ? 'and no evidence is left' : 'its evidence stays';
}

seen('both', $six[0], 2, 1);
seen('both', $home, 2, 1);
is ask($edge, $six[0] =~ s{/64}{7}r, '/days?account=both'),
    "200 learned $six[0]", 'an IPv6 network first';
is home('both'), "$six[0] $home", 'and the IPv4 network with it';
is ask($edge, $away, '/days?account=both'), '403 outside -',
    'elsewhere is outside';

seen('second', $home, 1, 1);
is ask($edge, $home, '/days?account=second'), "200 learned $home/32",
    'the second day';
ok wait_until(sub { evidence('second', $home) =~ /^2@/ }), 'is counted';
is $redis->cmd(EXISTS => 'household:{second}'), 0, 'not enough';
seen('two', $home, 1, 27);
is ask($edge, $home, '/two?account=two'), "200 learned $home/32",
    'where two are needed';
is home('two'), $home, 'they are enough';

# odd evidence is none, old evidence neither

for my $odd ('9@0', '99@' . $noon, '2@' . $noon . '000', '2', '@', 'x@y',
             '2@' . ($noon - 29 * 86400))
{
    state $n = 0;
    my $account = 'odd' . $n++;

    $redis->cmd(HSET => account($account), "learn:$home" => $odd);
    is ask($edge, $home, "/days?account=$account"), "200 learned $home/32",
        "evidence \"$odd\"";
    ok wait_until(sub { evidence($account, $home) =~ /^1@[1-9]\d{9}$/ }),
        'is replaced';
}

# no more of it than that

$redis->cmd(HSET => account('moves'),
            (map { ("learn:82.64.12.$_" => '2@' . ($noon - 86400)) } 1 .. 15),
            'learn:82.64.12.99' => '1@' . ($noon - 86400), plan => 'x');
is ask($edge, $home, '/days?account=moves'), "200 learned $home/32",
    'a household that moves';
evidence('moves', $home);
is $redis->cmd(HLEN => account('moves')), 17, 'keeps sixteen networks';
is $redis->cmd(HEXISTS => account('moves'), 'learn:82.64.12.99'), 0,
    'not the one of the fewest days';

# the other family, by a device that was at home within a day

{
    my $six = '2a01:e0a:1f3:9c42::1';
    my $net = '2a01:e0a:1f3:9c42::/64';

    $redis->cmd(SADD => 'household:{family}', $home);
    is ask($edge, $six, '/two?account=family&device=tv'), '403 outside -',
        'the other family, a device that was never at home';
    ask($edge, $home, '/two?account=family&device=tv');
    wait_until { $redis->cmd(HGET => account('family'), 'device:tv') };
    is ask($edge, $six, '/two?account=family&device=tv'),
        '200 trusted_device -', 'a device that was';
    like evidence('family', $net), qr/^1@/, 'is evidence';
    seen('family', $net, 1, 1);

    # what one worker wrote it does not repeat for some minutes
    is ask(edge(undef, 1), $six, '/two?account=family&device=tv'),
        '200 trusted_device -', 'another day';
    ok wait_until(sub {
        @{ $redis->cmd(SMEMBERS => 'household:{family}') } == 2
    }), 'and it is home';
    is ask($edge, $six, '/two?account=family'), "200 home $net", 'for all';
}

# a set of which no member is a network

$redis->cmd(SADD => 'household:{malformed}', 'my home', '82.64.10');
is ask($edge, $home, '/?account=malformed'), "200 learned $home/32",
    'malformed networks alone';
ok wait_until(sub {
    ask($edge, $home, '/?account=malformed') eq "200 home $home/32"
}), 'are no home';
is home('malformed'), "82.64.10 $home my home", 'nor in the way';

# IPv6: the prefix

is ask($edge, '2a01:e0a:1f3:9c42:1:2:3:4', '/?account=six'),
    '200 learned 2a01:e0a:1f3:9c42::/64', 'IPv6';
is home('six'), '2a01:e0a:1f3:9c42::/64', 'is registered as a prefix';
is ask($edge, '2a01:e0a:1f3:9c42:ffff::1', '/?account=six'),
    '200 home 2a01:e0a:1f3:9c42::/64', 'all of which is home';
is ask($edge, '2a01:e0a:1f3:9c42::1', '/wide?account=wide'),
    '200 learned 2a01:e0a:1f3:9c00::/56', 'the prefix of the configuration';
is home('wide'), '2a01:e0a:1f3:9c00::/56', 'is registered';
is ask($edge, "::ffff:$home", '/?account=mapped'), "200 learned $home/32",
    'IPv4 in IPv6';
is home('mapped'), $home, 'is IPv4';

# in monitor, too

is ask($edge, $home, '/monitor?account=watched'), "200 learned $home/32",
    'monitor';
is home('watched'), $home, 'learns as well';

# what else is known of the account does not matter

$redis->cmd(HSET => 'household:{b}:account', country => 'FR',
            'device:tv' => time - 90 * 86400);
is ask($edge, $home, '/?account=b&device=tv'), "200 learned $home/32",
    'an account without a home';
is home('b'), $home, 'gets one';

# who may be elsewhere registers nothing

$redis->cmd(HSET => 'household:{away}:account', 'travel:*' => time + 60,
            'extra:s1:198.51.100.7' => 0);
is ask($edge, $away, '/?account=away'), '200 travel -', 'who travels';
is ask($edge, '198.51.100.7', '/?account=away'),
    '200 extra_member 198.51.100.7/32', 'and who has a seat';
is ask($edge, $home, '/?account=first'), "200 learned $home/32", '(a mark)';
home('first');
is $redis->cmd(EXISTS => 'household:{away}'), 0, 'register no home';

# a viewer without an address

{
    my $r = $edge->get('/socket?account=nowhere');
    is $r->{headers}{'x-reason'}, 'address_unknown', 'no address';
    ask($edge, $home, '/?account=second');
    home('second');
    is $redis->cmd(EXISTS => 'household:{nowhere}'), 0, 'is not registered';
}

# the script is sent once, and again when Redis has forgotten it

{
    my ($eval, $sha) = (calls('eval'), calls('evalsha'));

    ask($edge, $home, "/?account=known$_"), home("known$_") for 1 .. 3;
    is calls('eval') - $eval, 0, 'a script that Redis knows is not sent';
    is calls('evalsha') - $sha, 3, 'but named';

    $redis->cmd(qw(SCRIPT FLUSH));
    is ask($edge, $home, '/?account=again'), "200 learned $home/32",
        'a script that Redis has forgotten';
    is home('again'), $home, 'registers nevertheless';
    is calls('eval') - $eval, 1, 'it is sent';
    is calls('evalsha') - $sha, 4, 'when its name is not known';
    ask($edge, $home, '/?account=after');
    is home('after'), $home, 'and after that';
    is calls('eval') - $eval, 1, 'it is known again';
}

# many edges at once: all see no home, and then all register theirs

{
    my @edges = map { edge($_, 1) } (undef, '1m') x 2;
    ask($_, $home, '/?account=a0') for @edges;

    for my $round (1 .. 3) {
        my (@conn, %reason);

        $redis->cmd(qw(SCRIPT FLUSH)) if $round > 1;
        $redis->pause;

        for my $n (1 .. 40) {
            push @conn, my $conn = $edges[$n % 4]->connect;
            $conn->send_request(GET => "/?account=race$round",
                                'X-Forwarded-For' => "82.64.11.$n");
        }

        ok wait_until(sub { !grep { waiting($_) < 10 } @edges }),
            "race $round: all wait";

        # A worker writes to Redis when it has read all that was there.  It
        # may have counted requests that it has read, and answered to us,
        # before that: when it answers again it has written.
        waiting($_) for @edges;
        $redis->resume;

        $reason{ $_->response->{headers}{'x-reason'} }++ for @conn;
        is_deeply \%reason, { learned => 40 }, "race $round: all pass";

        my $won = home("race$round");
        settle($_) for @edges;

        like $won, qr/^82\.64\.11\.\d+$/, "race $round: one network";
        is home("race$round"), $won, "race $round: stays the only one";
    }
}

# requests of an edge that are not answered yet, but the one that asks
sub waiting {
    my ($edge) = @_;
    return ($edge->get('/stub')->{body} =~ /Writing: (\d+)/)[0] - 1;
}

# Whatever an edge with one worker was to write has been written: it goes out
# in its order.  Twice, as a script that Redis does not know is sent again.
sub settle {
    my ($edge) = @_;

    for (1, 2) {
        my $mark = 'mark' . ++$marks;
        ask($edge, $home, "/?account=$mark");
        home($mark) or die "no mark\n";
    }
}

# Redis is away, or denies it

{
    my $denying = Test::Household::Redis->new(unix => 1,
        acl => ['user default on nopass ~* &* +@all -eval -evalsha']);
    my $edge = Test::Household::Nginx->new(
        http => http_config(server => $denying->address, zone => '1m',
                            redis => 'tracking off; timeout 5s;'),
        server => location('/', 'household_unregistered learn days=1;',
                           'main zone=households missing=1ms')
                  . 'location /status { household_metrics zone=households; }');

    is ask($edge, $home, '/?account=a'), '200 learned -',
        'Redis denies the script: the request passes';
    ok wait_until(sub { dropped($edge) == 1 }), 'and it is counted';
    ok $edge->wait_log(qr/\[error\].*NOPERM/), 'and logged';

    $denying->stop;
    is ask($edge, $home, '/?account=b'), '200 unavailable -',
        'Redis is away: nothing is learned of nobody';
}

sub dropped {
    my ($edge) = @_;
    return $edge->metric('writes_total')
        - $edge->metric('writes_total', result => 'ok');
}

done_testing;

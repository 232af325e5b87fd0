#!/usr/bin/perl

# The canary: an operator changes an account, and each edge exports how long
# the change took to reach it.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::Household::Resp qw(encode_reply);
use IO::Select;
use Test::More;
use Time::HiRes qw(time);

my $redis = Test::Household::Redis->new(unix => 1);
my $day = 86400;

sub edge {
    my ($tracking, $store) = @_;

    return Test::Household::Nginx->new(
        workers => 2,
        http => http_config(server => $redis->address, zone => '1m',
                            redis => "connect_timeout 5s; timeout 5s;
                                      tracking $tracking;"),
        server => location('/', '', "main zone=households $store")
                  . 'location /status { household_metrics zone=households; }');
}

# a value, or nothing if there is none
sub gauge {
    my ($edge, $name) = @_;
    my ($value) = $edge->get('/status')->{body}
                  =~ /^nginx_household_propagation_$name\{.*\} (\S+)$/m;
    return $value;
}

sub change {
    $redis->cmd(HSET => 'household:{canary}:account', changed => $_[0]);
}

# a change that the edge reports
sub seen {
    my ($edge, $name, $text, $time) = @_;

    change($text);
    ok wait_until {
        my $seen = gauge($edge, 'timestamp_seconds');
        defined $seen && $seen == ($time // $text);
    }, $name or diag gauge($edge, 'timestamp_seconds') // 'nothing';
}

for my $tracking ('broadcast', 'on') {
    change(sprintf '%.3f', time - 9 * $day);

    my $edge = edge($tracking, 'canary=canary');

    # it is read as soon as invalidations are received

    ok wait_until {
        change(sprintf '%.3f', time);
        defined gauge($edge, 'timestamp_seconds');
    }, "$tracking: a change is seen";
    cmp_ok gauge($edge, 'seconds'), '<', 8 * $day,
        "$tracking: the value of before the start was not taken for one";

    my $then = sprintf '%.3f', time - 1001;
    seen($edge, "$tracking: one of long ago", $then);
    cmp_ok gauge($edge, 'seconds'), '>=', 1000,
        "$tracking: the time since then is exported";

    my $late = sprintf '%.3f', time + $day;
    seen($edge, "$tracking: a clock that is ahead", $late);
    is gauge($edge, 'seconds') + 0, 0, "$tracking: counts as no time";

    for my $none ('', 'x', '-5', '1.5.5', '.5', '4102444800', '9' x 30) {
        change($none);
        seen($edge, "$tracking: after \"$none\"", sprintf '%.3f', time);
    }

    my $whole = int time;
    seen($edge, "$tracking: whole seconds", $whole);
    seen($edge, "$tracking: a short fraction", "$whole.5");
    seen($edge, "$tracking: a long fraction", "$whole.123456789",
         "$whole.123");

    # other accounts, and other fields

    $redis->cmd(HSET => 'household:{other}:account', changed => time);
    $redis->cmd(HSET => 'household:{canary}:account', country => 'FR');
    $redis->cmd(SADD => 'household:{canary}', '192.0.2.1');
    $redis->cmd(DEL => 'household:{canary}:account');
    seen($edge, "$tracking: it is erased, and written anew",
         sprintf '%.3f', time);

    # who is no canary

    my $without = edge($tracking, '');
    ok wait_until { $without->metric('tracking_coherent') == 1 },
        "$tracking: an edge without a canary";
    my $before = $without->metric('cache_invalidations_total', scope => 'key');
    change(time);
    ok wait_until {
        $without->metric('cache_invalidations_total', scope => 'key') > $before
    }, "$tracking: which is told of the change" if $tracking eq 'broadcast';
    is gauge($without, 'seconds'), undef, "$tracking: measures nothing";

    # a reload removes it, and then one of two stores has it

    my $status = 'location /status { household_metrics zone=households; }';

    $edge->reload(server => location('/', '', 'main zone=households') . $status);
    ok wait_until { !defined gauge($edge, 'seconds') },
        "$tracking: without a canary nothing is exported that was";

    $edge->reload(server => location('/', '', 'main zone=households')
        . location('/c', '', 'main zone=households fresh=30s canary=canary')
        . $status);
    ok wait_until {
        change(sprintf '%.3f', time);
        defined gauge($edge, 'seconds');
    }, "$tracking: one of two stores with the same counters has it";
}


# a reply that is not the one to its command is not measured

my ($reads, $time) = (0, sprintf '%.3f', time);

my $extra = Test::Household::FakeRedis->new(handler => sub {
    my ($conn, @command) = @_;

    return ":7\r\n" if "@command" eq 'CLIENT ID';

    if ("@command" eq 'HGETALL household:{canary}:account') {
        my $right = encode_reply([changed => $time]);
        return $reads++ ? encode_reply([changed => 1000]) . $right : $right;
    }

    return undef if $command[0] ne 'SUBSCRIBE';

    $conn->{subscribed} = 1;
    return encode_reply(['subscribe', $command[1], \':1']);
});
my $measured = Test::Household::Nginx->new(
    workers => 1,
    http => http_config(server => $extra->address, zone => '1m'),
    server => location('/', '', 'main zone=households canary=canary')
              . 'location /status { household_metrics zone=households; }');

sub reads {
    return scalar grep { "@$_" eq 'HGETALL household:{canary}:account' }
        $extra->commands;
}

ok wait_until { reads() == 1 }, 'the first value';
$extra->publish(encode_reply(['message', '__redis__:invalidate',
                              ['household:{canary}:account']]));
ok wait_until {
    $measured->log =~ /connection lost: reply does not match/
}, 'a reply too many';
is gauge($measured, 'timestamp_seconds'), undef, 'it is not measured';


# no request waits for the canary, whose reply never comes

my $fake = Test::Household::FakeRedis->new(handler => sub {
    my ($conn, @command) = @_;

    return ":7\r\n" if "@command" eq 'CLIENT ID';
    return ['hang'] if "@command" eq 'HGETALL household:{canary}:account';
    return undef if $command[0] ne 'SUBSCRIBE';

    $conn->{subscribed} = 1;
    return encode_reply(['subscribe', $command[1], \':1']);
});
my $edge = Test::Household::Nginx->new(
    http => http_config(server => $fake->address, zone => '1m',
                        redis => 'connections 8; connect_timeout 60s;
                                  timeout 60s;'),
    server => location('/', '', 'main zone=households canary=canary'));

ok wait_until {
    grep { "@$_" eq 'HGETALL household:{canary}:account' } $fake->commands
}, 'the canary is read';

# of eight connections, one waits for the reply

my @conns = map { $edge->connect } 1 .. 16;
my $waiting = IO::Select->new(map { $_->{socket} } @conns);
my $n = 0;

$_->send_request(GET => '/?account=a' . $n++) for @conns;
ok wait_until {
    $waiting->remove($waiting->can_read(0.1));
    $waiting->count <= 4;
}, 'accounts are looked up meanwhile' or diag $waiting->count;

done_testing;

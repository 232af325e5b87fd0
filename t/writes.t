#!/usr/bin/perl

# A Redis that does not take what an edge writes: nothing is sent for ever,
# nor for each request; and what is pending is counted down again.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Resp qw(encode_reply);
use Test::More;
use Time::HiRes qw(time);

# events are told once a day, of UTC: not over midnight
sleep 60 if time % 86400 > 86400 - 60;

my $home = '82.64.10.7';
my $friend = '203.0.113.9';

# the kind of a write, by the last of its keys
sub kind {
    my ($name, @args) = @_;
    return '' if $name !~ /^EVAL/;
    return (split /:/, $args[1 + $args[1]])[0] =~ s/household-//r;
}

# all accounts have the same home; "write" returns the reply to a script
sub redis {
    my ($write) = @_;

    return Test::Household::FakeRedis->new(handler => sub {
        my ($conn, $name, @args) = @_;
        return encode_reply([$home]) if $name eq 'SMEMBERS';
        return $write->(kind($name, @args), $name) if $name =~ /^EVAL/;
        return undef;
    });
}

# one connection: what comes after a write shows that it was answered
sub edge {
    my ($redis) = @_;

    return Test::Household::Nginx->new(
        http => http_config(server => $redis->address,
            redis => 'connections 1; connect_timeout 60s; timeout 60s;'),
        server => location('/home', 'household_sharing on;')
                  . location('/out', 'household_events on;')
                  . location('/none')
                  . 'location /status { household_metrics; }');
}

sub ask {
    my ($edge, $uri, $from) = @_;
    return $edge->get("$uri&device=tv", 'X-Forwarded-For' => $from)
                ->{headers}{'x-reason'};
}

sub sent {
    my ($redis, $name, $kind) = @_;
    return scalar grep { $_->[0] =~ /^$name$/ && kind(@$_) eq $kind }
                  @{[$redis->commands]};
}

# of a client at home, and one outside, which is denied
my %writes = (device => 1, seen => 1, event => 2);
my @kinds = sort keys %writes;


# it never has the script that it has just been sent

{
    my $redis = redis(sub { "-NOSCRIPT No matching script.\r\n" });
    my $edge = edge($redis);

    is ask($edge, '/home?account=a', $home), 'home', 'NOSCRIPT: at home';
    is ask($edge, '/out?account=a', $friend), 'outside', 'NOSCRIPT: outside';
    ask($edge, "/none?account=b$_", $friend) for 1 .. 20;

    for my $kind (@kinds) {
        is sent($redis, $_, $kind), $writes{$kind}, "NOSCRIPT: $kind: $_ once"
            for qw(EVALSHA EVAL);
    }

    is $edge->metric('writes_total', result => 'error'), 1,
        'NOSCRIPT: a write that failed';
}


# another edge has always written presence before

{
    my $redis = redis(sub { $_[0] eq 'seen' ? "\$0\r\n\r\n" : ":1\r\n" });
    my $edge = edge($redis);

    is ask($edge, '/home?account=a', $home), 'home', 'others write: at home';
    ask($edge, "/none?account=b$_", $friend) for 1 .. 20;
    is sent($redis, 'EVALSHA', 'seen'), 2, 'others write: it is tried twice';
}


# it rejects them: others are tried after a second

{
    my $redis = redis(sub { "-NOPERM no permission\r\n" });
    my $edge = edge($redis);
    my $since = time;

    for (1 .. 60) {
        ask($edge, "/home?account=a$_", $home);
        ask($edge, "/out?account=a$_", $friend);
    }

    my $seconds = time - $since;
    cmp_ok sent($redis, 'EVALSHA', $_), '<=', $writes{$_} * (2 + $seconds),
        "NOPERM: $_: not for each request" for qw(seen event);
    is sent($redis, 'EVALSHA', 'device'), 60, 'NOPERM: a device is';
    is $edge->metric('writes_total', result => 'error'), 60,
        'NOPERM: the errors are counted';
}


# what was rejected is tried again, by a later request

{
    my %times;
    my $redis = redis(sub {
        return $times{ $_[0] }++ < $writes{ $_[0] } ? "-BUSYKEY not now\r\n"
             : $_[0] eq 'event' ? ":0\r\n" : ":1\r\n";
    });
    my $edge = edge($redis);

    for my $kind (@kinds) {
        my ($uri, $from) = $kind eq 'event' ? ('/out', $friend)
                                            : ('/home', $home);
        ok wait_until {
            ask($edge, "$uri?account=a", $from);
            sent($redis, 'EVALSHA', $kind) >= 2 * $writes{$kind};
        }, "rejected: $kind: is tried again";
    }

    ask($edge, $_->[0], $_->[1])
        for (['/home?account=a', $home], ['/out?account=a', $friend]) x 3;
    is sent($redis, 'EVALSHA', 'event'), 2 * $writes{event},
        'rejected: event: and no more';
}


# more than may be pending at a time, and the counts are of all that was sent

for my $case (['taken', ":1\r\n"], ['not taken', "-ERR not now\r\n"]) {
    my ($name, $reply) = @$case;
    my $redis = redis(sub {
        return $_[0] eq 'event' ? ":0\r\n" : $reply;
    });
    my $edge = edge($redis);
    my ($conn, %reason);

    for my $n (1 .. 1100) {
        $conn = $edge->connect if $n % 100 == 1;
        $conn->send_request(GET => "/$_->[0]?account=a$n&device=tv",
                            'X-Forwarded-For' => $_->[1])
            for ['home', $home], ['out', $friend];
        $reason{ $conn->response->{headers}{'x-reason'} }++ for 1, 2;
    }

    # the last writes came before this one
    ask($edge, '/none?account=b', $friend);

    is_deeply \%reason, { home => 1100, outside => 1100 },
        "$name: all are answered";
    my %sent;
    $sent{ kind(@$_) }++ for $redis->commands;
    is $sent{$_}, 1100 * $writes{$_}, "$name: $_: all are sent"
        for $name eq 'taken' ? @kinds : 'device';
}

done_testing;

#!/usr/bin/perl

# What is read and what is told of changes come on two connections, and either
# may be late: a proxy holds the one back while the other goes on.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Proxy;
use Test::Household::Redis;
use Test::More;

my $home = '82.64.10.7';

my $redis = Test::Household::Redis->new(unix => 1);
my $proxy = Test::Household::Proxy->new(to => $redis->{path});

# nothing is late here but what the proxy holds
my $edge = Test::Household::Nginx->new(
    workers => 2,
    http => http_config(server => $proxy->address, zone => '1m',
                        redis => 'timeout 30s; connect_timeout 30s;'),
    server => location('/', '', 'main zone=households fresh=1h missing=1h '
                                . 'stale=1h')
              . location('/brief', '', 'main zone=households fresh=1h '
                                       . 'missing=1h stale=0')
              . 'location = /status { household_metrics zone=households; }');

sub ask {
    my ($uri) = @_;
    my $h = $edge->get($uri, 'X-Forwarded-For' => $home)->{headers};
    return ($h->{'x-reason'} // '-', $h->{'x-cache'} // '-');
}

sub trusted {
    my ($uri) = @_;
    return wait_until { (ask($uri))[1] eq 'HIT' };
}

my %metric = (
    invalidated => [cache_invalidations_total => scope => 'key'],
    marked => [cache_invalidations_total => scope => 'namespace'],
    flushed => [cache_invalidations_total => scope => 'flush'],
    overtaken => [cache_inserts_total => result => 'superseded'],
);

sub counted { $edge->metric(@{ $metric{ $_[0] } }) }

# replies to an account's two commands that are on their way
sub lookups {
    my %calls = $redis->cmd(INFO => 'commandstats')
                =~ /cmdstat_(smembers|hgetall):calls=(\d+)/g;
    return ($calls{smembers} // 0, $calls{hgetall} // 0);
}

sub asked {
    my ($uri) = @_;
    my ($members, $fields) = lookups();
    my $conn = $edge->connect;

    $conn->send_request(GET => $uri, 'X-Forwarded-For' => $home);
    ok wait_until {
        my ($m, $f) = lookups();
        $m > $members && $f > $fields;
    }, "$uri: is read";
    return $conn;
}

sub invalidated {
    my ($before, $name) = @_;
    ok wait_until { counted('invalidated') + counted('flushed') > $before },
        $name;
}

sub changes { counted('invalidated') + counted('flushed') }


# the reply is late: it was true when it was given, and is not any more

my @late = (
    ['gone', 'home', 'unregistered', [SADD => $home], [SREM => $home]],
    ['come', 'unregistered', 'home', [], [SADD => $home]],
    ['moved', 'home', 'outside', [SADD => $home, '192.0.2.1'],
     [SREM => $home]],
    ['flushed', 'home', 'unregistered', [SADD => $home], undef],
);

for my $path ('/', '/brief') {
    for my $known (0, 1) {
        for my $case (@late) {
            my ($what, $before, $after, $first, $then) = @$case;
            my $account = "$what-$known" . $path =~ tr/a-z//cdr;
            my $key = "household:{$account}";
            my $uri = "$path?account=$account";
            my $name = "$uri, the reply is late";

            ok trusted("$path?account=nobody"), "$name: tracking works";

            # another value of before, which is no longer good
            if ($known) {
                $redis->cmd(SADD => $key, '192.0.2.7');
                is +(ask($uri))[0], 'outside', "$name: known";
                my $n = changes();
                $redis->cmd(SREM => $key, '192.0.2.7');
                invalidated($n, "$name: known, and changed");
            }

            if (@$first) {
                my ($cmd, @args) = @$first;
                my $n = changes();
                $redis->cmd($cmd, $key, @args);
                invalidated($n, "$name: an invalidation at the beginning");
            }

            $proxy->delay('SMEMBERS');
            my $conn = asked($uri);
            my $n = changes();
            my $overtaken = counted('overtaken');

            $then ? $redis->cmd($then->[0], $key, @$then[1 .. $#$then])
                  : $redis->cmd('FLUSHALL');
            invalidated($n, "$name: an invalidation of the change");
            $proxy->deliver;

            is $conn->response->{headers}{'x-reason'}, $before,
                "$name: who waited has it";
            is_deeply [ask($uri)],
                [$after, $then && $path eq '/' ? 'EXPIRED' : 'MISS'],
                "$name: and nobody else";
            cmp_ok counted('overtaken'), '>', $overtaken,
                "$name: it was overtaken";
            is +(ask($uri))[0], $after, "$name: and so it stays";
        }
    }
}


# what is told is late: the edge knows it as soon as it comes

for my $known (0, 1) {
    for my $case (@late) {
        my ($what, $before, $after, $first, $then) = @$case;
        my $account = "told-$what-$known";
        my $key = "household:{$account}";
        my $name = "$account, late invalidations";
        my ($cmd, @args) = @$first;

        $redis->cmd($cmd, $key, @args) if @$first;
        ok trusted('/?account=nobody'), "$name: tracking works";
        if ($known) {
            ok wait_until {
                my ($reason, $cache) = ask("/?account=$account");
                $reason eq $before && $cache eq 'HIT';
            }, "$name: known";
        }

        $proxy->delay('SUBSCRIBE');
        $then ? $redis->cmd($then->[0], $key, @$then[1 .. $#$then])
              : $redis->cmd('FLUSHALL');

        # what is kept may serve for now; what is read is right
        my ($reason) = ask("/?account=$account");
        like $reason, $known ? qr/^(?:$before|$after)$/ : qr/^$after$/,
            "$name: until it comes";

        my $n = changes();
        my $marked = counted('marked');
        $proxy->deliver;
        ok wait_until { changes() > $n || counted('marked') > $marked },
            "$name: it comes";
        is +(ask("/?account=$account"))[0], $after, "$name: and is known";
        ok trusted("/?account=$account"), "$name: and kept";
        is +(ask("/?account=$account"))[0], $after, "$name: as it is";
    }
}

is_deeply [$edge->problem_lines], [], 'a clean log';

done_testing;

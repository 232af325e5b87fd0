#!/usr/bin/perl

# household:denied, the deny list of tokens: by the id of a token and by that
# of a key, in all workers and without a reload.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(temp_dir wait_until);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;

my $dir = temp_dir('denied');
my $list = 'household:denied';

my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', '127.0.0.1');

my ($one, $two, $bare) = map { new_key('ES256', kid => $_) } 'k1', 'k2', undef;
put("$dir/keys", jwks($one, $two, $bare));

my $good = token($one, { jti => 'good' });
my $bad = token($one, { jti => 'bad' });
my $none = token($one);

my $headers = <<'EOC';
add_header X-Status $household_status always;
add_header X-Reason $household_reason always;
add_header X-Cache $household_cache_status always;
EOC

sub places {
    my ($store) = @_;

    return <<"EOC";
household_store $store;
household_token bearer;
household_token_key $dir/keys;

location /on { household on; empty_gif; }
location /monitor { household monitor; empty_gif; }
EOC
}

sub edge {
    my ($zone, $more, %opt) = @_;

    # without a zone each worker has a list of its own, as it is asked

    return Test::Household::Nginx->new(
        workers => $zone ? 2 : 1,
        http => http_config(server => $redis->address,
                            zone => $zone ? '1m' : undef,
                            redis => "$more timeout 5s; connect_timeout 5s;")
                . $headers,
        server => places('main' . ($zone ? ' zone=households' : '')), %opt);
}

my %edge = ('no zone' => edge(0, ''), 'a zone' => edge(1, ''),
            'no tracking' => edge(1, 'tracking off;'));

sub ask {
    my ($edge, $token, $path) = @_;
    my $r = $edge->get($path // '/on', Authorization => "Bearer $token");
    return join ' ', map { $_ // '-' } $r->{status},
        @{ $r->{headers} }{'x-status', 'x-reason'};
}

my $pass = '200 ALLOWED home';
my $denied = '401 UNAUTHORIZED token_denied';

# It becomes so, and is so in both workers then.
sub becomes {
    my ($name, $edge, $token, $expected) = @_;
    my ($same, $got) = 0;

    wait_until {
        $got = ask($edge, $token);
        $same = $got eq $expected ? $same + 1 : 0;
        $same == 20;
    };
    is $got, $expected, $name;
}

sub deny {
    $redis->cmd(DEL => $list);
    $redis->cmd(HSET => $list, @_) if @_;
}

for my $kind (sort keys %edge) {
    my $edge = $edge{$kind};
    my $is = sub { becomes("$kind: $_[0]", $edge, @_[1, 2]) };

    deny();
    $is->('no list', $bad, $pass);
    is ask($edge, $_), $pass, "$kind: no list" for $good, $none;

    # a token

    deny('jti:bad' => time + 3600);
    $is->('a jti', $bad, $denied);
    is ask($edge, $_), $pass, "$kind: another, or none" for $good, $none;
    is ask($edge, token($one, { jti => 'bad', exp => time + 60 })), $denied,
        "$kind: a token that was not seen before";
    is ask($edge, $bad, '/monitor'), '200 MONITORED token_denied',
        "$kind: monitor";

    my $r = $edge->get('/on', Authorization => "Bearer $bad");
    is $r->{headers}{'www-authenticate'}, 'Bearer error="invalid_token"',
        "$kind: a challenge";

    deny();
    $is->('a jti is removed', $bad, $pass);

    # a key, whether the token names it or not

    deny('kid:k1' => 0);
    $is->('a kid', $good, $denied);
    is ask($edge, token($one, {}, { kid => undef })), $denied,
        "$kind: a kid that the token does not name";
    is ask($edge, token($two, { jti => 'good' })), $pass,
        "$kind: another kid";
    is ask($edge, token($bare)), $pass, "$kind: a key without a kid";

    # the others are told every second: what follows is of the list alone
    next if $kind ne 'a zone';

    deny();
    $is->('a kid is removed', $good, $pass);

    # an id is of its kind

    deny('jti:k1' => 0, 'kid:good' => 0, 'jti:7' => 0);
    $is->('a number', token($one, { jti => 7 }), $denied);
    is ask($edge, $good), $pass, "$kind: a jti is no kid";

    # until when: what is no time does not end

    deny('jti:bad' => time - 10, 'jti:good' => time + 3600);
    $is->('an entry that has ended', $good, $denied);
    is ask($edge, $bad), $pass, "$kind: an entry that has ended";

    for my $value (0, 1, '', 'stolen, ticket 4711', -1, (time - 10) . '000') {
        deny('jti:bad' => $value);
        $is->("\"$value\"", $bad, $denied);
        is ask($edge, $good), $pass, "$kind: \"$value\": another";
    }
}


# what is no entry is told, and the others count

{
    my $edge = $edge{'a zone'};
    my $mark = $edge->mark;

    deny(bad => 0, 'jti:' => 0, 'JTI:bad' => 0, 'jti:good' => 0);
    becomes('malformed: the others', $edge, $good, $denied);
    is ask($edge, $bad), $pass, 'malformed: no entry';
    ok $edge->wait_log(qr/"main": 3 malformed deny list entries ignored/,
                       $mark), 'malformed: is logged';

    # no hash: what was known stays

    $redis->cmd(SET => $list, 'jti:bad');
    ok $edge->wait_log(qr/deny list fetch failed: error reply WRONGTYPE/,
                       $mark), 'no hash: is logged';
    is ask($edge, $good), $denied, 'no hash: what was known stays';
    deny();
    becomes('no hash: it is removed', $edge, $good, $pass);
}


# a long list is bounded: what fits counts, and the rest is told

for my $n (2047, 2100, 9000) {
    my $edge = $edge{'a zone'};
    my $mark = $edge->mark;
    my @ids = map { "jti:id-$_" } 1 .. $n;

    deny(map { $_ => 0 } @ids);
    wait_until { ask($edge, token($one, { jti => 'id-1' })) eq $denied
                 || ask($edge, token($one, { jti => 'id-2' })) eq $denied };

    if ($n == 2047) {
        becomes("$n entries: $_", $edge, token($one, { jti => "id-$_" }),
                $denied) for 1, 1000, 2047;
        unlike substr($edge->log, $mark), qr/deny list entries/,
            "$n entries: all of them";
        next;
    }

    my $ignored = $n - 2047;
    ok $edge->wait_log(
        qr/"main": $ignored deny list entries ignored, limit 2047/, $mark),
        "$n entries: the rest is logged";
    is ask($edge, $good), $pass, "$n entries: what is in no list";
}

deny('jti:bad' => 0);
becomes("$_: a list that fits again", $edge{$_}, $bad, $denied)
    for sort keys %edge;


# after a reload, and when nginx starts: it is known before anybody is let in

for my $kind (sort keys %edge) {
    $edge{$kind}->reload;
    becomes("$kind: after a reload", $edge{$kind}, $bad, $denied);
}

is ask(edge($_, ''), $bad), $denied, 'the first request of all' for 0, 1;

{
    my $edge = edge(1, '', server => <<'EOC');
household_store main zone=households;
household_account a;
location /on { household on; empty_gif; add_header X-Reason before; }
location /cached { household on; empty_gif; }
EOC
    ok wait_until { $edge->get('/cached')->{headers}{'x-cache'} eq 'HIT' },
        'a record is cached before there are tokens';

    $edge->reload(server => places('main zone=households'));

    my %seen;
    wait_until { $seen{ ask($edge, $bad) }++ && ($seen{$denied} // 0) >= 20 };
    delete $seen{'200 - before'};       # of a worker that leaves
    is_deeply [keys %seen], [$denied], 'and is not used without a list';
}


# Redis is away: what was known stays, also over a reload if there is a zone

$redis->stop;

for my $kind (sort keys %edge) {
    my $edge = $edge{$kind};
    my %seen;
    $seen{ ask($edge, $bad) }++ for 1 .. 20;
    is_deeply \%seen, { $denied => 20 }, "$kind, Redis is away";
    like ask($edge, $good), qr/^200/, "$kind, Redis is away: the others";

    next if $kind eq 'no zone';
    $edge->reload;
    becomes("$kind, Redis is away, a reload", $edge, $bad, $denied);
}

$redis->start;
$redis->cmd(SADD => 'household:{a}', '127.0.0.1');

becomes("$_: Redis is back without it", $edge{$_}, $bad, $pass)
    for sort keys %edge;

done_testing;

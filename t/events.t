#!/usr/bin/perl

# household_events: events for subscribers, in a Redis Stream; once
# an account, kind and day, whatever the number of edges and workers.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(slurp temp_dir wait_until);
use Test::Household::Redis;
use Test::More;

my $home = '82.64.10.7';
my $away = '203.0.113.9';
my $six = '2001:db8:7:1234::9';

my $redis = Test::Household::Redis->new(unix => 1);
my $edge = edge();
my $account = 'a0';

sub edge {
    my (%opt) = @_;
    my $store = 'main zone=households';
    my $on = 'household_events on;';

    return Test::Household::Nginx->new(
        http => http_config(server => $opt{address} // $redis->address,
                            zone => '1m'),
        workers => $opt{workers},
        server => join '',
            location('/', $on, $store),
            location('/none', '', $store),
            location('/off', 'household_events off;', $store),
            location('/few', 'household_events on maxlen=10;', $store),
            location('/grace', "$on household_grace 1h;", $store),
            location('/long', "$on household_grace 7d;", $store),
            location('/watch', "$on household_grace 7d;", $store)
                =~ s/household on/household monitor/r,
            location('/learn', "$on household_unregistered learn days=1;",
                     $store),
            location('/slow', "$on household_unregistered learn days=2;",
                     $store),
            location('/shared', "$on household_sharing on threshold=0;",
                     $store),
            location('/monitor', "$on household_sharing on threshold=0;",
                     $store) =~ s/household on/household monitor/r,
            'location = /metrics { household_metrics zone=households; }');
}

sub ask {
    my ($from, $uri, $device, $edge_) = @_;
    my $r = ($edge_ // $edge)->get("$uri?account=$account&device=$device",
                                   'X-Forwarded-For' => $from);
    return $r->{headers}{'x-reason'};
}

sub write_file {
    my ($name, $text) = @_;
    open my $out, '>', $name or die "$name: $!\n";
    print $out $text;
    close $out;
}

# a program in PATH
sub real {
    my ($name) = @_;
    my ($path) = grep { -x } map { "$_/$name" } split /:/, $ENV{PATH};
    return $path;
}

# the events of an account: hashes, in their order
sub events {
    my ($of) = @_;
    my @all = map { { @{ $_->[1] } } }
              @{ $redis->cmd(XRANGE => 'household-events', '-', '+') };
    return grep { $_->{account} eq ($of // $account) } @all;
}

sub kinds { join ' ', sort map { $_->{kind} } events(@_) }

sub wait_kinds {
    my ($kinds, $name) = @_;
    wait_until { kinds() eq $kinds };
    is kinds(), $kinds, $name;
}

sub home { $redis->cmd(SADD => "household:{$account}", @_ ? @_ : $home) }
sub field { $redis->cmd(HSET => "household:{$account}:account", @_) }

# whoever is denied

$account++;
home();
is ask($away, '/', 'tv'), 'outside', 'a viewer is outside';
wait_kinds('denied outside', 'outside: both events');

{
    my %event = %{ (grep { $_->{kind} eq 'denied' } events())[0] };
    ok abs(time - delete $event{time}) <= 60, 'outside: the time';
    is_deeply \%event, { kind => 'denied', account => $account,
                         mode => 'on', device => 'tv', network => $away,
                         detail => 'never_seen' },
        'outside: the fields';
}

ask($away, '/', 'tv') for 1 .. 5;
ask($six, '/', 'phone');
my $other = edge(workers => 2);
ask($away, '/', 'tv', $other) for 1 .. 10;

$account++;
home();
ask($six, '/', '');
wait_kinds('denied outside', 'outside: another account');
is_deeply [map { $_->{network} } events()], [('2001:db8:7:1200::/56') x 2],
    'outside: an IPv6 viewer is at a prefix';
is_deeply [grep { exists $_->{device} } events()], [],
    'outside: no device, no field';

is kinds('a1'), 'denied outside', 'once a day, whatever the edge and worker';

my $ttl = $redis->cmd(TTL => 'household-event:{a1}:denied:'
                             . int(time / 86400));
ok $ttl > 86400 && $ttl <= 172800, 'the key of a day expires after two';

# where it is off, and at home, there are no events

my $quiet = ++$account;
home();
ask($away, $_, 'tv') for '/none', '/off';
is ask($home, '/', 'tv'), 'home', 'a viewer is at home';
$account++;
home();
ask($away, '/', 'tv');
wait_kinds('denied outside', 'the events after it are written');
is kinds($quiet), '', 'off, and at home: nothing is';
is $redis->cmd(EXISTS => "household-event:{$quiet}:outside:"
                         . int(time / 86400)), 0, 'off: no key is set';

# grace

$account++;
home();
is ask($away, '/grace', 'tv'), 'grace', 'a grace period begins';
wait_kinds('grace_begun outside', 'grace: both events');
my ($begun) = grep { $_->{kind} eq 'grace_begun' } events();
is $begun->{until}, $begun->{time} + 3600, 'grace: and when it ends';

$account++;
home();
my $since = time - 6 * 86400 - 3600;
field(outside_since => $since);
is ask($away, '/long', 'tv'), 'grace', 'a grace period is about to end';
wait_kinds('grace_ending outside', 'grace: its end');
my ($ending) = grep { $_->{kind} eq 'grace_ending' } events();
is $ending->{until}, $since + 7 * 86400, 'grace: with the time';

$account++;
home();
field(outside_since => time - 5 * 86400);
is ask($away, '/long', 'tv'), 'grace', 'a grace period goes on';
wait_kinds('outside', 'grace: no event in its middle');

# mode monitor begins no period, and one that has ended does not end again

my $watched = ++$account;
home();
field(outside_since => time - 30 * 86400, home_since => time - 20 * 86400);
is ask($away, '/watch', 'tv'), 'grace', 'monitor: another period would begin';
$account++;
home();
field(outside_since => $since);
is ask($away, '/watch', 'tv'), 'grace', 'monitor: a period is about to end';
wait_kinds('grace_ending outside', 'monitor: its end');
is kinds($watched), 'outside', 'monitor: no end of the former one';

# seats

$account++;
home();
field("extra:kid:$away" => time + 30 * 86400);
is ask($away, '/', 'tv'), 'extra_member', 'a seat is used';
wait_kinds('seat_used', 'seat: its use');
is((events())[0]{seat}, 'kid', 'seat: and which');
$ttl = $redis->cmd(TTL => "household-event:{$account}:seat_used:kid");
ok $ttl > 80 * 86400 && $ttl <= 90 * 86400, 'seat: once in ninety days';

$account++;
home();
field("extra:kid:$away" => time + 2 * 86400);
ask($away, '/', 'tv');
wait_kinds('seat_ending seat_used', 'seat: its end');

# another household

$account++;
is ask($home, '/shared', 'tv'), 'member', 'sharing: a member';
$redis->wait_written("household-seen:{$account}");
is ask($away, '/shared', 'box'), 'outside', 'sharing: another household';
wait_kinds('another_household denied outside', 'sharing: all events');
like((grep { $_->{kind} eq 'another_household' } events())[0]{detail},
     qr/^another household/, 'sharing: and what was seen');

$account++;
ask($home, '/monitor', 'tv');
$redis->wait_written("household-seen:{$account}");
is ask($away, '/monitor', 'box'), 'outside', 'monitor: another household';
wait_kinds('another_household outside', 'monitor: nobody is denied');
is_deeply [map { $_->{mode} } events()], [('monitor') x 2],
    'monitor: which the events say';

# a home that is learned

$account++;
is ask($home, '/learn', 'tv'), 'learned', 'a home is learned';
wait_kinds('home_learned', 'learn: the home is learned');

$account++;
is ask($home, '/slow', 'tv'), 'learned', 'the first day of a home';
is ask($away, '/', 'tv'), 'unregistered', 'which is not learned yet';
wait_kinds('denied outside', 'learn: no event before');

$account++;
field("learn:$home" => '1@' . (time - 29 * 86400));
is ask($home, '/slow', 'tv'), 'learned', 'a network seen too long ago';
is ask($away, '/', 'tv'), 'unregistered', 'which is not learned yet';
wait_kinds('denied outside', 'learn: no event of it');
is $redis->cmd(SCARD => "household:{$account}"), 0, 'learn: there is no home';

# MurmurHash2 of both is the same

for (qw(user-227713051 user-584606543)) {
    $account = $_;
    home();
    ask($away, '/', 'tv');
    wait_kinds('denied outside', "$account: no other is taken for it");
}

$account = 'a100';

# an account that was erased has no event; one that is opened again has

my $erased = ++$account;
$redis->cmd(SET => "household-closed:{$erased}", 1);
is ask($away, '/', 'tv'), 'unregistered', 'an account that was erased';
$account++;
home();
ask($away, '/', 'tv');
wait_kinds('denied outside', 'erased: the events after it are written');
is kinds($erased), '', 'erased: there is none';

$account = $erased;
home();
ok wait_until { ask($away, '/', 'tv') eq 'outside' }, 'it is opened again';
wait_kinds('denied outside', 'opened again: on the same day');
$account = 'c0';

# the program of the docs, to the letter

SKIP: {
    my ($program) = slurp('docs/events.md')
        =~ /^```python\n# consumer\n(.*?)^```/ms;
    my $dir = temp_dir('mail');
    my $cli = "$dir/redis-cli";

    skip 'redis-cli has no --json, or there is no python3', 6
        if `redis-cli --json -v 2>&1` !~ /^redis-cli ([7-9]|\d\d)/
           || system 'python3 -c "" 2> /dev/null';

    write_file("$dir/consumer.py", $program);
    write_file($cli, "#!/bin/sh\nexec " . real('redis-cli')
                     . " -s $redis->{path} \"\$@\"\n");
    write_file("$dir/sendmail", "#!/bin/sh\ncat >> $dir/mails\n");
    chmod 0755, $cli, "$dir/sendmail";

    for my $name ('the first time', 'again') {
        my $pid = fork // die "fork: $!\n";

        if (!$pid) {
            $ENV{PATH} = "$dir:$ENV{PATH}";
            open STDOUT, '>', '/dev/null';
            exec 'timeout', '60', 'python3', "$dir/consumer.py" or exit 1;
        }

        ok wait_until {
            my $groups = $redis->cmd(XINFO => 'GROUPS', 'household-events');
            grep { (@$_)[1] eq 'mail' } @$groups
        }, "docs: the program has its group, $name";

        write_file("$dir/mails", '');
        $account++;
        home();
        ask($away, '/', "x\xff");
        ok wait_until { slurp("$dir/mails") =~ /Device x\xef\xbf\xbd at/ },
            "docs: a device that is not UTF-8, $name";

        write_file("$dir/mails", '');
        $account++;
        home();
        ask($away, '/', 'box');
        wait_until { slurp("$dir/mails") =~ /Device/ };
        is slurp("$dir/mails"), "To: $account\@example.com\n"
            . "Subject: A device was denied\n\nDevice box at $away.\n",
            "docs: and it sends a mail, $name";
        kill TERM => $pid;
        waitpid $pid, 0;
    }
}

# the stream is bounded, about

for (1 .. 300) {
    $account++;
    home();
    ask($away, '/few', 'tv');
}

wait_until { kinds() eq 'denied outside' };
cmp_ok $redis->cmd(XLEN => 'household-events'), '<', 300,
    'the stream is bounded';

# what cannot be written is counted, and nobody waits for it

sub dropped {
    return $_[0]->metric('events_total', page => '/metrics',
                         result => 'dropped');
}

{
    my $poor = Test::Household::Redis->new(unix => 1, acl => [
        'user default on nopass ~* +@all -xadd']);
    my $edge = edge(address => $poor->address);

    $account++;
    $poor->cmd(SADD => "household:{$account}", $home);
    is ask($away, '/', 'tv', $edge), 'outside', 'no permission: the verdict';
    wait_until { dropped($edge) == 2 };
    is dropped($edge), 2, 'no permission: counted';
}

is dropped($edge), 0, 'none was dropped before';

done_testing;

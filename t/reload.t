#!/usr/bin/perl

# Reloads, quits and upgrades under load lose no request: each gets the answer
# that it should, and nginx's log tells of nothing that was left behind.

use strict;
use warnings;

use lib 't/lib';
use POSIX ();
use Test::Household::FakeRedis;
use Test::Household::Nginx;
use Test::Household::Process qw(wait_until slurp temp_dir running);
use Test::Household::Redis;
use Test::More;

my $owner = $$;
my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => "household:{a$_}", '127.0.0.1') for 0 .. 99;
$redis->cmd(SADD => "household:{b$_}", '192.0.2.1') for 0 .. 99;

my $server = 'location / { household on; empty_gif; }';

sub http {
    my ($store, $more) = @_;
    return <<"EOC";
household_redis main { server ${\$store->address}; connect_timeout 60s; timeout 60s; }
household_store main;
household_account \$arg_account;
add_header X-Reason \$household_reason always;
@{[ $more // '' ]}
EOC
}

sub told { "$_[0]{status} " . ($_[0]{headers}{'x-reason'} // '-') }


# A load: some processes that ask all the time and look at every answer.
# Half of the requests have a connection of their own, the others share one.
# A server that leaves may close an idle connection just when a request comes:
# that one, and only if not a byte was answered, is asked again.

sub load {
    my ($nginx, $processes) = @_;
    my $dir = temp_dir('load');

    my @pids = map {
        my $n = $_;
        my $pid = fork // die;
        if (!$pid) {
            my $text = eval { ask_until("$dir/stop", $nginx, "$dir/$n") }
                       // "died: $@";
            open my $out, '>', "$dir/$n" or POSIX::_exit(1);
            print $out $text;
            close $out;
            POSIX::_exit(0);
        }
        $pid;
    } 1 .. $processes;

    return { pids => \@pids, dir => $dir };
}

sub ask_until {
    my ($stop, $nginx, $file) = @_;
    my ($n, $again, $shared) = (0, 0);
    my $wrong = '';

    open my $alive, '>', $file or die;

    until (-e $stop) {
        my ($account, $expected) = $n % 3
            ? ('a' . $n % 100, '200 home') : ('b' . $n % 100, '403 outside');
        my $uri = "/?account=$account";
        my $got;

        if ($n % 2) {
            $got = eval { told($nginx->get($uri)) } // "none: $@";

        } else {
            my $fresh = !$shared;
            $shared ||= $nginx->connect;
            $got = eval { told($shared->get($uri)) };

            if (!defined $got && !$fresh && $shared->{buf} eq '') {
                $again++;
                $shared = $nginx->connect;
                $got = eval { told($shared->get($uri)) };
            }
            $got //= "none: $@";
            undef $shared if $n % 40 == 0;
        }

        $wrong .= "$uri: $got\n" if $got ne $expected;
        last if length $wrong > 2000;
        $n++;
        syswrite $alive, '.' if $n % 100 == 0;
    }

    return "$n\n$wrong";
}

# the whole load has made some progress since
sub progress {
    my ($load) = @_;
    my $sum = sub { my $n = 0; $n += -s $_ || 0 for glob "$load->{dir}/*"; $n };
    my $mark = $sum->();
    return wait_until { $sum->() > $mark };
}

sub end_of {
    my ($load) = @_;
    my ($n, $wrong) = (0, '');

    my @files = glob "$load->{dir}/*";

    open my $out, '>', "$load->{dir}/stop" or die;
    waitpid $_, 0 for @{ $load->{pids} };

    for my $file (@files) {
        slurp($file) =~ /^(\d+)\n(.*)\z/s
            ? ($n += $1, $wrong .= $2) : ($wrong .= slurp($file));
    }
    return ($n, $wrong);
}

sub clean {
    my ($nginx, $name) = @_;
    is_deeply [$nginx->problem_lines], [], "$name: a clean log";
}


# reloads under load

{
    my $nginx = Test::Household::Nginx->new(workers => 2, server => $server,
        http => http($redis));
    my $load = load($nginx, 3);

    for my $n (1 .. 50) {
        # a signal that comes too soon would be one with that before it
        $nginx->signal('HUP');
        wait_until {
            2 + 2 * $n == (() = $nginx->log =~ / start worker process \d+$/mg)
        };
        # every tenth set of workers works for a while
        progress($load) if $n % 10 == 0;
    }

    progress($load);
    my ($n, $wrong) = end_of($load);
    cmp_ok $n, '>', 500, "50 reloads: $n requests";
    is $wrong, '', '50 reloads: every answer was right';
    is scalar(() = $nginx->log =~ /#\d+: reconfiguring$/mg), 50,
        '50 reloads: there were as many';
    ok wait_until { $nginx->workers == 2 }, '50 reloads: old workers have left';
    $nginx->quit;
    is $nginx->{status}, 0, '50 reloads: and it quits';
    clean($nginx, '50 reloads');
}


# the end, while requests wait for the store

sub waiting {
    my ($nginx, $fake, $n) = @_;
    my $count = $fake->count('SMEMBERS');
    my @conns = map { $nginx->connect } 1 .. $n;

    $conns[$_]->send_request(GET => "/?account=a$_") for 0 .. $#conns;
    ok wait_until { $fake->count('SMEMBERS') == $count + $n }, "$n requests wait";
    return @conns;
}

# lookups are sent once the override is known
my %data = (data => { map { ("household:{a$_}" => ['127.0.0.1']) } 0 .. 99 },
    handler => sub {
        my ($conn, @command) = @_;
        return "@command" eq 'HGETALL household:control' ? ["*0\r\n"] : undef;
    });

for my $case (
    ['a quit', sub { $_[0]->signal('QUIT') }],
    ['a reload', sub { $_[0]->reload }],
    ['a reload that turns it off', sub { $_[0]->reload(
        server => 'location / { household off; empty_gif; }') }],
) {
    my ($name, $do) = @$case;
    my $fake = Test::Household::FakeRedis->new(unix => 1, %data);
    my $nginx = Test::Household::Nginx->new(server => $server,
        http => http($fake));
    my @old = $nginx->workers;

    $nginx->get('/?account=a0');
    $fake->behave(delay => 0.02);
    my @conns = waiting($nginx, $fake, 10);
    $do->($nginx);
    is_deeply [map { eval { told($_->response) } // $@ } @conns],
        [('200 home') x 10], "$name: who waits is answered";
    ok wait_until { !grep { running($_) } @old },
        "$name: and then the worker leaves";

    if ($name eq 'a quit') {
        ok $nginx->wait_exit, "$name: and the master";
        is $nginx->{status}, 0, "$name: without an error";

    } else {
        $fake->behave('normal');
        is $nginx->get('/?account=a1')->{status}, 200, "$name: and it goes on";
        $nginx->quit;
    }

    clean($nginx, $name);
}


# the end, at once

for my $case (
    ['TERM', sub { $_[0]->signal('TERM') }],
    ['worker_shutdown_timeout', sub { $_[0]->signal('QUIT') }],
) {
    my ($name, $do) = @$case;
    my $fake = Test::Household::FakeRedis->new(unix => 1, %data);
    my $nginx = Test::Household::Nginx->new(server => $server,
        http => http($fake), main => 'worker_shutdown_timeout 200ms;');

    $fake->behave('black_hole');
    my @conns = waiting($nginx, $fake, 10);
    $do->($nginx);
    ok $nginx->wait_exit, "$name: it ends while requests wait";
    is $nginx->{status}, 0, "$name: without an error";
    is_deeply [grep { !/closed/ } map { eval { told($_->response) } // $@ } @conns],
        [], "$name: and closes their connections";
    clean($nginx, $name);
}


# the store is away while nginx quits: nobody waits for it to come back

{
    my $fake = Test::Household::FakeRedis->new(unix => 1, %data);
    my $nginx = Test::Household::Nginx->new(server => $server,
        http => http($fake));

    $fake->behave('refuse');
    $fake->drop;
    ok wait_until { told($nginx->get('/?account=a1')) eq '200 unavailable' },
        'the store is away';
    $nginx->signal('QUIT');
    ok $nginx->wait_exit(10), 'the store is away: it quits all the same';
    clean($nginx, 'the store is away');
}


# the store accepts, and then says nothing: there is a connection to close

{
    my $fake = Test::Household::FakeRedis->new(unix => 1, %data);
    $fake->behave('all_black_hole');
    my $nginx = Test::Household::Nginx->new(server => $server,
        http => http($fake));

    ok wait_until { $fake->count('commands') }, 'a hung store: is asked';
    $nginx->signal('QUIT');
    ok $nginx->wait_exit(10), 'a hung store: it quits all the same';
    clean($nginx, 'a hung store');
}


# an idle worker leaves at once, however long a lookup may take

{
    my $nginx = Test::Household::Nginx->new(server => $server,
        http => http($redis));
    is told($nginx->get('/?account=a1')), '200 home', 'idle: after a lookup';
    $nginx->signal('QUIT');
    ok $nginx->wait_exit(10), 'idle: it quits, and waits for no timer';
    clean($nginx, 'idle');
}


# who waited has gone, or nobody waits: a lookup that is not answered holds no
# worker

{
    my $fake = Test::Household::FakeRedis->new(unix => 1, %data);
    my $nginx = Test::Household::Nginx->new(server => $server,
        http => http($fake));

    $fake->behave('black_hole');
    my ($stays, @goes) = waiting($nginx, $fake, 3);
    my $again = $nginx->connect;
    $again->send_request(GET => '/?account=a1');
    $nginx->signal('QUIT');
    ok $nginx->wait_log(qr/gracefully shutting down/), 'gone: it quits';
    $_->close for @goes, $again;
    ok wait_until { 3 == (() = $nginx->log =~ /prematurely closed/g) },
        'gone: nginx knows';
    ok !$nginx->exited, 'gone: one still waits';
    $stays->close;
    ok $nginx->wait_exit(10), 'gone: all have, and the worker too';
    clean($nginx, 'gone');
}

for my $changes ('tracked', 'not tracked') {
    my $name = "a refresh, changes $changes";
    my $more = $changes eq 'tracked' ? '' : 'tracking off;';
    my $fake = Test::Household::FakeRedis->new(unix => 1, %data);
    my $nginx = Test::Household::Nginx->new(workers => 1, server => $server,
        http => 'household_zone zone=z:1m;' . http($fake)
                    =~ s/(?=connect_timeout)/$more /r
                    =~ s/household_store main/$& zone=z fresh=1s/r);

    is told($nginx->get('/?account=a1')), '200 home', "$name: well before";
    my $asked = $fake->count('HGETALL');
    $fake->behave('black_hole');
    my @conns;

    # what asks first waits; the control hash is asked for in any case
    ok wait_until {
        push @conns, $nginx->connect;
        $conns[-1]->send_request(GET => '/?account=a1');
        $fake->count('HGETALL') > $asked;
    }, "$name: asked for";
    $_->close for @conns;
    $nginx->signal('QUIT');
    ok $nginx->wait_exit(10), "$name: the worker leaves";
    clean($nginx, $name);
}


# another binary takes over: only of a master that is a daemon

my ($old, $new);

{
    my $nginx = Test::Household::Nginx->new(start => 0, workers => 2,
        server => $server, http => http($redis));

    my $master = sub {
        my ($but) = @_;
        my ($pid) = slurp("$nginx->{dir}/nginx.pid") =~ /^(\d+)/;
        return $pid && $pid != $but && $pid;
    };
    my $workers = sub {
        return grep { running($_) }
               grep { slurp("/proc/$_/cmdline") =~ /worker process/ }
               split ' ', slurp("/proc/$_[0]/task/$_[0]/children");
    };

    $nginx->configure;
    system $nginx->command;
    $old = wait_until { $master->(0) };
    ok wait_until { $workers->($old) == 2 }, 'an upgrade: a daemon';
    my @workers = $workers->($old);

    my $load = load($nginx, 2);
    progress($load);
    kill 'USR2', $old;
    $new = wait_until { $master->($old) };
    ok $new, 'an upgrade: a new master';
    ok wait_until { $workers->($new) == 2 }, 'an upgrade: new workers';
    progress($load);
    kill 'WINCH', $old;
    ok wait_until { !grep { running($_) } @workers },
        'an upgrade: the old workers leave';
    progress($load);
    kill 'QUIT', $old;
    ok wait_until { !running($old) }, 'an upgrade: and the old master';
    progress($load);

    my ($n, $wrong) = end_of($load);
    cmp_ok $n, '>', 100, "an upgrade: $n requests";
    is $wrong, '', 'an upgrade: every answer was right';

    kill 'QUIT', $new;
    ok wait_until { !running($new) }, 'an upgrade: the new master quits';
    clean($nginx, 'an upgrade');
}

# no daemon stays, whatever becomes of the test
END {
    if ($$ == $owner) {
        kill 'TERM', $_ for grep { $_ && running($_) } $new, $old;
    }
}


# what is cached is of where it came from, whatever that is called

{
    my $there = Test::Household::Redis->new(unix => 1);
    my $conf = sub {
        my ($from, $text) = @_;
        return 'household_zone zone=kept:1m;'
            . http($from) =~ s/main;$/main zone=kept fresh=1h;/mr
                          =~ s/server \S+;/$& tracking off; $text/r;
    };
    my $nginx = Test::Household::Nginx->new(server => $server,
        http => $conf->($redis, ''));

    $redis->cmd(SADD => 'household:{kept}', '127.0.0.1');
    is told($nginx->get('/?account=kept')), '200 home', 'cached';
    $redis->cmd(DEL => 'household:{kept}');

    # a worker process that leaves may still answer
    my $becomes = sub {
        my ($want, $name) = @_;
        my $got;
        wait_until { ($got = told($nginx->get('/?account=kept'))) eq $want };
        is $got, $want, $name;
    };

    for (['a database', $redis, 'database 1;'],
         ['a prefix', $redis, 'key_prefix other:;'],
         ['a server', $there, ''])
    {
        my ($name, $from, $text) = @$_;
        $nginx->reload(http => $conf->($from, $text));
        $becomes->('403 unregistered', "cached: not of another one: $name");
    }

    $nginx->reload(http => $conf->($redis, ''));
    $becomes->('200 home', 'cached: of this one');
    $nginx->quit;
}


# a single process

{
    my $nginx = Test::Household::Nginx->new(start => 0, server => $server,
        http => http($redis), main => 'master_process off;');

    # there are no workers to wait for
    $nginx->configure;
    $nginx->spawn($nginx->command('-g', 'daemon off;'));
    wait_until { eval { $nginx->connect } };

    is told($nginx->get('/?account=a1')), '200 home', 'a single process: home';
    is told($nginx->get('/?account=b1')), '403 outside',
        'a single process: outside';
    my $load = load($nginx, 1);
    progress($load);
    my ($n, $wrong) = end_of($load);
    is $wrong, '', "a single process: $n right answers";
    $nginx->signal('QUIT');
    ok $nginx->wait_exit(10), 'a single process: quits';
    is $nginx->{status}, 0, 'a single process: without an error';
    clean($nginx, 'a single process');
}

done_testing;

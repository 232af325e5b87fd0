#!/usr/bin/perl

# household_zone state=: the zone after a restart, a binary upgrade, a reload;
# a file that is not what was written; and who writes it, where, and when.

use strict;
use warnings;

use lib 't/lib';
use Fcntl qw(F_SETLK F_WRLCK SEEK_SET);
use POSIX qw(mkfifo);
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process
    qw(wait_until slurp temp_dir running pause_pid);
use Test::Household::Redis;
use Test::More;

my $home = '127.0.0.1';

my $dir = temp_dir('state');
my $file = "$dir/households.state";
chmod 0777, $dir;

my $redis = Test::Household::Redis->new(unix => 1);
my @accounts = map { "a$_" } 1 .. 20;

sub register {
    $redis->cmd(SADD => "household:{$_}", $home) for @accounts;
    $redis->cmd(SADD => 'household:{b}', '192.0.2.1');
}

sub http {
    my (%opt) = @_;
    my $params = $opt{params} // "state=$file";

    return http_config(server => $opt{server} // $redis->address,
            redis => 'timeout 5s; connect_timeout 5s;' . ($opt{redis} // ''))
        . "household_zone zone=households:@{[ $opt{size} // '1m' ]} $params;";
}

sub edge {
    my (%opt) = @_;

    return Test::Household::Nginx->new(
        http => http(%opt),
        server => location('/', '',
                    'main zone=households fresh=1h missing=1h stale=1h')
            . 'location = /status { household_metrics; }',
        map { exists $opt{$_} ? ($_ => $opt{$_}) : () }
            qw(workers daemon user main));
}

# status, reason and cache status of a request
sub told {
    my ($edge, $account, $addr) = @_;
    my $r = $edge->get("/?account=$account",
                       'X-Forwarded-For' => $addr // $home);
    return join ' ', @{ $r->{headers} }{qw(x-status x-reason x-cache)};
}

# until records are kept: until the servers are tracked
sub warm {
    my ($edge) = @_;
    wait_until { told($edge, $accounts[0]) =~ /HIT$/ };
    told($edge, $_) for @accounts, 'b', 'nobody';
}

# the records of all but nobody, of nobody, and the override
my $entries = @accounts + 3;

sub restored { ($_[0]->log =~ /state restored, (\d+) entries/)[0] }
sub ignored { ($_[0]->log =~ /state file "\Q$file\E" ignored: (.*)/)[0] }

sub stale {
    my ($edge) = @_;
    return scalar grep { told($edge, $_) eq 'ALLOWED home STALE' } @accounts;
}

sub saves {
    my ($edge, $result) = @_;
    return $edge->metric('zone_state_saves_total', zone => 'households',
                         result => $result);
}

sub bytes { slurp($file) }

sub put {
    my ($name, $bytes) = @_;

    unlink $name;
    open my $out, '>', $name or die "$name: $!\n";
    print $out $bytes // '';
    close $out;
}

# the children of a name

sub named {
    my ($edge, $re) = @_;
    return grep { slurp("/proc/$_/cmdline") =~ $re } $edge->workers;
}

sub workers { named($_[0], qr/worker process/) }
sub manager { named($_[0], qr/cache manager/) }

register();


# --- a restart ------------------------------------------------------------

{
    my $edge = edge(workers => 4);

    warm($edge);
    ok !defined restored($edge), 'the first start has no file';
    unlike $edge->log, qr/state file/, 'and says nothing about it';

    unlink $file;
    $edge->quit;
    ok -s $file, 'the file is written when nginx quits';
    is sprintf('%o', (stat $file)[2] & 07777), 600,
        'it is readable by its owner only';
    ok !-e "$file.tmp", 'and nothing else is left';

    $redis->stop('KILL');

    $edge = edge(workers => 4);
    is restored($edge), $entries, 'all records come back, and the override';
    is stale($edge), @accounts,
        'without Redis, all known accounts are evaluated';
    is told($edge, 'b'), 'DENIED outside STALE', 'with either verdict';
    like told($edge, 'nobody'), qr/^UNAVAILABLE unavailable/,
        'that an account did not exist denies nobody';
    like told($edge, 'other'), qr/^UNAVAILABLE unavailable/,
        'an account that was not known is not evaluated';
    is $edge->metric('zone_state_restored_entries', zone => 'households'),
        $entries, 'the metric has the number';

    $edge->stop('TERM');
    $edge = edge();
    is stale($edge), @accounts, 'another restart changes nothing';
    $edge->quit;

    $redis->start;
    register();
}


# what has changed meanwhile counts from the first request on

{
    $redis->cmd(SREM => 'household:{a1}', $home);
    $redis->cmd(SADD => 'household:{a1}', '192.0.2.1');

    my $edge = edge();
    is told($edge, 'a1'), 'DENIED outside EXPIRED', 'no record is fresh';
    is told($edge, 'a2'), 'ALLOWED home EXPIRED',
        'nor one that has not changed';
    ok wait_until { told($edge, 'a2') =~ /HIT$/ },
        'until it was fetched again';

    $edge->quit;

    $redis->cmd(DEL => 'household:{a1}');
    register();
}


# a value of the whole fleet that has changed meanwhile: its fetch takes a while

{
    my $fake = Test::Household::FakeRedis->new(
        data => { 'household:{b}' => ['192.0.2.1'] },
        handler => sub {
            my ($conn, @command) = @_;
            return undef if "@command" ne 'HGETALL household:control';
            return "*0\r\n" if !-e "$dir/changed";
            return [[delay => 0.3], "*2\r\n\$4\r\nmode\r\n\$7\r\nmonitor\r\n"];
        });
    my %opt = (server => $fake->address, redis => 'tracking off;');

    unlink $file;

    my $edge = edge(%opt);
    is told($edge, 'b'), 'DENIED outside MISS', 'no override: denied';
    $edge->quit;

    put("$dir/changed");
    $edge = edge(%opt, workers => 2);
    is restored($edge), 2, 'the override is kept';

    my @conns = map { $edge->connect } 1 .. 20;
    my %seen;

    $_->send_request(GET => '/?account=b', 'X-Forwarded-For' => $home)
        for @conns;
    $seen{ $_->response->{headers}{'x-status'} }++ for @conns;
    is_deeply \%seen, { MONITORED => 20 },
        'but no verdict is made by it while it can be fetched';
    $edge->quit;

    $fake->stop;
    $edge = edge(%opt);
    is told($edge, 'b'), 'MONITORED outside STALE',
        'without Redis, it applies as before the restart';
    $edge->quit;
}


# --- other ways that an nginx ends and begins -----------------------------

{
    unlink $file;
    my $edge = edge(params => "state=$file state_interval=1s", workers => 2);
    warm($edge);

    my $before = saves($edge, 'ok');
    ok wait_until { saves($edge, 'ok') > $before + 1 }, 'the file is written from time to time';
    ok abs($edge->metric('zone_state_last_save_timestamp_seconds',
                         zone => 'households') - (stat $file)[9]) <= 3,
        'the metric has the time';
    is saves($edge, 'failed'), 0, 'without a failure';
    my $size = length bytes();

    # killed, with a part of the next file

    my @pids = ($edge->pid, $edge->workers);
    kill KILL => @pids;
    wait_until { !grep { running($_) } @pids };
    $edge->wait_exit;
    put("$file.tmp", 'x' x 10 x $size);

    $edge = edge(params => "state=$file state_interval=1s");
    is restored($edge), $entries, 'records come back after a crash';
    ok wait_until { saves($edge, 'ok') },
        'what a killed process has left does not matter';
    cmp_ok length bytes(), '<', 2 * $size, 'it becomes no part of the file';

    # a process that waits for a disk: nobody waits for it

    my ($manager) = manager($edge);
    ok $manager, 'a process of its own writes the file';
    pause_pid($manager);
    is told($edge, 'a1'), 'ALLOWED home EXPIRED',
        'while it stands still, requests are answered';
    kill CONT => $manager;
    $edge->quit;
}

{
    my $edge = edge(daemon => 1);

    warm($edge);
    my $old = $edge->pid;
    $edge->upgrade;
    wait_until { !running($old) };
    is restored($edge), $entries, 'an upgrade restores the zone';
    is told($edge, 'a1'), 'ALLOWED home EXPIRED', 'as stale';
    $edge->quit;
}

{
    my $edge = edge(workers => 2);
    my @old = workers($edge);

    warm($edge);
    $edge->reload;
    wait_until { !grep { running($_) } @old };
    is told($edge, 'a1'), 'ALLOWED home HIT', 'a reload keeps the zone itself';
    is +(() = $edge->log =~ /state restored/g), 1, 'and reads no file';

    @old = workers($edge);
    $edge->reload(http => http(size => '2m'));
    wait_until { !grep { running($_) } @old };
    is +(() = $edge->log =~ /state restored, $entries entries/g), 2,
        'a zone of another size is filled from the file';
    is told($edge, 'a1'), 'ALLOWED home EXPIRED', 'its records are stale';

    # the state is given up, and the file deleted, while nobody writes it: it
    # stays so

    wait_until { saves($edge, 'ok') };

    @old = workers($edge);
    $edge->reload(http => http(size => '2m', params => ''));
    unlink $file;
    wait_until { !grep { running($_) } @old };
    ok !-e $file, 'workers of a configuration that has ended write no file';
    unlike $edge->get('/status')->{body}, qr/zone_state/,
        'without a state there are no metrics of it';
    $edge->quit;
    ok !-e $file, 'nor does a zone without a state';
}

{
    my $edge = edge(params => "state=$file state_interval=24d");
    ok wait_until { saves($edge, 'ok') }, 'a long interval: the file of the start';

    $edge->reload(http => http(params => "state=$file state_interval=1s"));
    ok wait_until { saves($edge, 'ok') > 1 },
        'a reload makes the interval shorter: the former one is not waited for';
    $edge->quit;
}

{
    my $edge = edge();
    warm($edge);
    $edge->quit;
    ok -s $file, 'the file is there again';

    # another process writes

    open my $lock, '+>', "$file.tmp" or die;
    my $before = (stat $file)[9] . bytes();
    my $whole = pack 's s x![l!] l! l! i x![l!]', F_WRLCK, SEEK_SET, 0, 0, 0;
    fcntl $lock, F_SETLK, $whole or die "lock: $!\n";

    $edge = edge(params => "state=$file state_interval=1s");
    told($edge, 'c');
    $edge->quit;
    is +(stat $file)[9] . bytes(), $before,
        'only one process at a time writes the file';
    close $lock;
}

{
    my $edge = edge(main => 'master_process off;');
    told($edge, 'a1');
    unlink $file;
    $edge->quit;
    ok -s $file, 'without a master process, the file is written at the end';
}


# --- files that are not what was written ----------------------------------

{
    my $edge = edge();
    warm($edge);
    $edge->quit;

    my $good = bytes();

    my @bad = (
        ['empty', '', 'truncated'],
        ['cut short', substr($good, 0, -1), 'truncated'],
        ['longer', "${good}x", 'data after the end'],
        ['altered', $good =~ s/(.{600})./$1x/sr, 'wrong checksum'],
        ['of another program', 'x' x 1000, 'not a state file'],
        ['of another format', $good =~ s/\A(.{8})./$1\xff/sr,
         'layout of another module version'],
    );

    for my $case (@bad) {
        my ($name, $bytes, $cause) = @$case;
        put($file, $bytes);

        $edge = edge();
        is ignored($edge), $cause, "a file is ignored: $name";
        ok !defined restored($edge), '... the zone is empty';
        is told($edge, 'a1'), 'ALLOWED home MISS', '... and works';
        is $edge->metric('zone_state_restored_entries',
                         zone => 'households'), 0, '... and the metric is 0';
        $edge->quit;
    }

    # nothing is waited for, and nothing else is read

    unlink $file;
    mkfifo($file, 0600) or die;
    $edge = edge();
    is ignored($edge), 'not a regular file', 'a file is ignored: a pipe';
    $edge->quit;
    ok -f $file, '... and replaced';

    put($file, $good);
    my ($ok, $said) = $edge->test;
    ok $ok, 'nginx -t passes';
    unlike $said, qr/state/, 'and does not read the file';
}


# --- who writes it --------------------------------------------------------

SKIP: {
    skip 'not root: the master process has no other user', 6 if $> != 0;

    # they must reach the folder, and the socket of Redis

    chmod 0711, temp_dir(), $redis->{dir};
    chmod 0777, $redis->{path};

    unlink $file;
    put("$file.tmp", 'of root');
    my $edge = edge(user => 'nobody nogroup');
    warm($edge);
    $edge->quit;
    is +(stat $file)[4], scalar getpwnam('nobody'),
        'the file belongs to the user of worker processes';
    $edge = edge(user => 'nobody nogroup');
    is restored($edge), $entries, 'the master process reads it';
    $edge->quit;

    chmod 0755, $dir;
    my $before = bytes();
    $edge = edge(user => 'nobody nogroup');
    my $line = qq(household zone "households": state file "$file" )
        . 'not written: ';

    # rename(), if a process that was killed has left the temporary file

    ok $edge->wait_log(
            qr/\[error\].* \Q$line\E(?:open|rename)\(\) failed \(13/),
        'a folder that is not writable is reported at once' or diag $edge->log, `ls -la $dir`;
    is restored($edge), $entries, 'the file is read nevertheless';
    ok wait_until { saves($edge, 'failed') }, 'the failure is counted';
    $edge->quit;
    is bytes(), $before, 'and the former file stays';
}

done_testing;


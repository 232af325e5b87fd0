#!/usr/bin/perl

# The test library itself: what it starts, what its fake servers do, and that
# nothing stays behind.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(problems);
use Test::Household::Process qw(wait_until free_port temp_dir running pause_pid);
use Test::Household::Redis;
use Test::Household::Resp qw(encode_command encode_reply take_value);

my $binary = join '', map { chr } 0 .. 255;


# what is left of the bytes, and what they came to
sub take {
    my ($bytes) = @_;
    my @value = take_value(\$bytes);
    return [@value, $bytes];
}

is encode_command('GET', "a\0\r\n"), "*2\r\n\$3\r\nGET\r\n\$4\r\na\0\r\n\r\n",
    'a command is encoded as bytes';
is encode_reply([undef, \':1', ['a']]),
    "*3\r\n\$-1\r\n:1\r\n*1\r\n\$1\r\na\r\n", 'a reply is encoded';
is_deeply take("*2\r\n\$-1\r\n*0\r\n+x"), [[undef, []], '+x'],
    'a value is taken, and the rest left';
is_deeply take("*-1\r\n"), [undef, ''], 'a nil is a value';
is_deeply take("*1\r\n\$5\r\nabc"), ["*1\r\n\$5\r\nabc"],
    'half a value is none, and is left';
isa_ok take("-ERR x\r\n")->[0], 'Test::Household::Resp::Error';


# ports

my %ports = map { free_port() => 1 } 1 .. 40;
is keys %ports, 40, 'ports are all different';
ok !grep({ $_ >= 32768 } keys %ports), 'and not of those given to clients';

# one that would begin where this one did

my ($first) = sort { $a <=> $b } keys %ports;
my $other = spawned_port(int(($first - $Test::Household::Process::First_port)
                             / $Test::Household::Process::Row_size));
like $other, qr/^[12]\d{4}$/, 'another process has a port';
ok !$ports{$other}, 'and none of these, although nobody listens there';

sub spawned_port {
    my ($row) = @_;
    my $module = 'Test::Household::Process';

    open my $out, '-|', $^X, '-It/lib', "-M$module=free_port", '-e',
        "\$${module}::Row = $row; print free_port()" or die "$^X: $!\n";
    return scalar <$out>;
}


# what stop() sends: SIGCONT is for a process that is stopped

{
    package Told;
    our @ISA = 'Test::Household::Process';

    sub signal {
        my ($self, $signal) = @_;
        push @{ $self->{told} }, $signal;
        return $self->SUPER::signal($signal);
    }
}

for (['that runs', 'TERM'], ['that is stopped', 'TERM', 'CONT']) {
    my ($name, @told) = @$_;
    my $process = bless { dir => temp_dir('told') }, 'Told';

    $process->spawn(sub { sleep 600 });
    $process->pause if @told > 1;
    $process->stop;
    is_deeply $process->{told}, \@told, "stop: of a process $name";
    ok !$process->{killed}, "stop: a process $name ends";
}


# a real Redis

for my $opt ({}, { unix => 1 }, { requirepass => 'secret' }) {
    my $name = join ' ', 'redis', %$opt;
    my $redis = Test::Household::Redis->new(%$opt);

    is $redis->cmd(SET => $binary, $binary), 'OK', "$name: bytes in";
    is $redis->cmd(GET => $binary), $binary, "$name: bytes out";
    is $redis->cmd(SADD => 's', 1, 2), 2, "$name: an integer";
    is_deeply [sort @{ $redis->cmd(SMEMBERS => 's') }], [1, 2],
        "$name: an array";
    is $redis->cmd(GET => 'none'), undef, "$name: a nil";
    like $redis->try(GET => 's'), qr/^WRONGTYPE/, "$name: an error";
    ok !eval { $redis->cmd(GET => 's'); 1 }, "$name: an error dies";

    my $pid = $redis->pid;
    $redis->kill9;
    ok !running($pid), "$name: killed";
    $redis->start;
    is $redis->cmd(PING => ), 'PONG', "$name: started again";

    $pid = $redis->pid;
    $redis->stop;
    ok !running($pid), "$name: stopped";
    ok !eval { $redis->cmd('PING'); 1 }, "$name: and gone";
}

my $redis = Test::Household::Redis->new(
    acl => ['user edge on >pass ~household:* +@read'],
    config => 'maxmemory 50mb');
is $redis->client->cmd(AUTH => 'edge', 'pass'), 'OK', 'a line of ACL';
is_deeply $redis->cmd(CONFIG => GET => 'maxmemory'),
    ['maxmemory', 50 * 1024 * 1024], 'and one of the configuration';

{
    local $Test::Household::Process::Patience = 0.3;
    $redis->pause;
    ok !eval { $redis->cmd('PING'); 1 }, 'stopped by a signal: no answer';
    $redis->resume;
}
is $redis->cmd('PING'), 'PONG', 'continued: an answer';


# fakes: a well-behaved one

my $fake = Test::Household::FakeRedis->new(data => {
    's' => ['a', 'b'], 'h' => { f => 'v' }, 'g' => $binary });

sub client { Test::Household::Redis::Client->new($fake->address) }

is client()->cmd('PING'), 'PONG', 'fake: PING';
is client()->cmd(AUTH => 'x', 'y'), 'OK', 'fake: AUTH';
is_deeply client()->cmd(SMEMBERS => 's'), ['a', 'b'], 'fake: a set';
is_deeply client()->cmd(SMEMBERS => 'none'), [], 'fake: no set';
is_deeply client()->cmd(HGETALL => 'h'), ['f', 'v'], 'fake: a hash';
is client()->cmd(GET => 'g'), $binary, 'fake: a string';
like client()->cmd(SMEMBERS => 'h'), qr/^WRONGTYPE/, 'fake: of a wrong type';
like client()->cmd('FLY'), qr/^ERR unknown/, 'fake: an unknown command';

is $fake->count('connections'), 8, 'connections are counted';
is $fake->count('commands'), 8, 'commands are counted';
is $fake->count('SMEMBERS'), 3, 'and those of a name';
ok wait_until { $fake->count('open') == 0 }, 'and the open connections';
is_deeply(($fake->commands)[-1], ['FLY'], 'commands are kept');

$fake->set('s', ['c']);
is_deeply client()->cmd(SMEMBERS => 's'), ['c'], 'a value is changed';


# fakes: each way to misbehave, seen as bytes, up to a silence after what is
# expected or, if that does not come, up to the end of patience

sub seen {
    my ($expected) = @_;
    my $client = client();
    my ($in, $tries) = ('', 0);

    $client->send(encode_command(SMEMBERS => 's'));
    vec($in, fileno $client->{socket}, 1) = 1;

    while (1) {
        if (select(my $out = $in, undef, undef, 0.1) > 0) {
            my $n = $client->fill;
            return "$client->{buf}|" . (defined $n ? 'closed' : 'reset') if !$n;

        } else {
            my $seen = "$client->{buf}|open";
            return $seen if $seen =~ $expected || $tries++ == 100;
        }
    }
}

my $good = "*1\r\n\$1\r\nc\r\n";

my @ways = (
    [normal => "$good|open"],
    [black_hole => '|open'],
    [close => '|closed'],
    [reset => '|reset'],
    [trickle => "$good|open"],
    [half_close => "*1\r\n\$|closed"],
    [half_hang => "*1\r\n\$|open"],
    [extra => "$good$good|open"],
    [wrong_type => ":1\r\n|open"],
    [huge_bulk => "\$2147483648\r\nabc|open"],
    [huge_array => "*1000000000\r\n|open"],
    [nested => qr/^(?:\*1\r\n){64}:1\r\n\|open$/],
    [resp3 => "%1\r\n+a\r\n#t\r\n|open"],
    [garbage => qr/^\0.*\|open$/s],
    [unended => qr/^\+(?:a{10000}){10}\|open$/],
    [http => qr{^HTTP/1\.1 400 .*\|closed$}s],
    [large => qr{^\*20000\r\n\$\d+\r\n10\.}],
    [accept_close => qr/^\|(?:closed|reset)$/],
    [unsolicited => "+OK\r\n$good|open"],
    [banner => qr/^220 /],
    (map { [error => "-$_ some text\r\n|open", "$_ some text"] }
     qw(NOAUTH WRONGPASS NOPERM LOADING READONLY WRONGTYPE CLUSTERDOWN
        TRYAGAIN MASTERDOWN)),
);

for (@ways) {
    my ($way, $expected, @args) = @$_;
    $fake->behave($way, @args);
    $expected = qr/^\Q$expected\E$/ if !ref $expected;
    like seen($expected), $expected, "fake: $way @args";
}

my %shown = map { $_->[0] => 1 } @ways;
is_deeply [grep { !$shown{$_} } Test::Household::FakeRedis->ways],
    ['refuse', 'delay', 'hold'], 'every way was shown, but these';

# every way of an answer may hold for the setting up of a connection too

$fake->behave(error => 'NOAUTH x');
is client()->cmd('AUTH', 'x'), 'OK', 'fake: a connection is set up well';
$fake->behave(all_error => 'WRONGPASS x');
is client()->cmd('AUTH', 'x'), 'WRONGPASS x', 'fake: unless it is not to be';
ok !eval { $fake->behave('fly'); 1 }, 'fake: there is no such way';

# a delay is put in order: the other connection is not held up

$fake->behave(delay => 3600);
my $slow = client();
$slow->send(encode_command(SMEMBERS => 'slow'));
ok wait_until { (($fake->commands)[-1][1] // '') eq 'slow' },
    'fake: a reply is delayed';
$fake->behave('normal');
is_deeply client()->cmd(SMEMBERS => 's'), ['c'], 'fake: others are not';

$fake->behave(delay => 0.2);
is_deeply client()->cmd(SMEMBERS => 's'), ['c'], 'fake: late, but there';

$fake->behave('hold');
my $held = client();
$held->send(encode_command(SMEMBERS => 'held'));
ok wait_until { (($fake->commands)[-1][1] // '') eq 'held' },
    'fake: a reply is held';
$fake->release;
is_deeply $held->reply, [], 'fake: and let go';

$fake->behave('refuse');
ok !eval { client() }, 'fake: refuses';
$fake->drop;
ok !eval { $slow->reply; 1 }, 'fake: drops';
$fake->behave('normal');
ok eval { client() }, 'fake: listens again';

my $idle = client();
is $idle->cmd('PING'), 'PONG', 'fake: a connection';
$fake->send("+surprise\r\n");
is $idle->reply, 'surprise', 'fake: says something unasked';

my $scripted = Test::Household::FakeRedis->new(unix => 1, handler => sub {
    my ($conn, $name, @args) = @_;
    return "+$name/@args\r\n" if $name eq 'ECHO';
    return ["+a\r\n", 'close'] if $name eq 'TWO';
    return;
});
my $client = Test::Household::Redis::Client->new($scripted->address);
is $client->cmd(ECHO => 'x', 'y'), 'ECHO/x y', 'fake: by a script';
is $client->cmd('PING'), 'PONG', 'fake: that leaves others as they are';
is $client->cmd('TWO'), 'a', 'fake: a script of several steps';
ok !eval { $client->reply; 1 }, 'fake: and the last of them';


# an nginx

my $nginx = Test::Household::Nginx->new(workers => 2, server =>
    'location /a { return 200 "one\n"; } location /e { empty_gif; }');

is $nginx->get('/a')->{body}, "one\n", 'nginx: answers';
is $nginx->get('/none')->{status}, 404, 'nginx: its status';
is scalar(my @workers = $nginx->workers), 2, 'nginx: its workers';

my $conn = $nginx->connect;
$conn->send_request($_ => '/a') for qw(GET HEAD GET);
is join('', map { $conn->response->{body} } 1 .. 3), "one\none\n",
    'nginx: pipelined requests';
is $conn->get('/e')->{headers}{'content-type'}, 'image/gif',
    'nginx: on the same connection, a header';

$nginx->reload(server => 'location /a { return 200 "two\n"; }');
ok wait_until { $nginx->get('/a')->{body} eq "two\n" }, 'nginx: reloads';
ok $nginx->wait_log(qr/reconfiguring/), 'nginx: a line of its log';
ok wait_until { !grep { running($_) } @workers }, 'nginx: old workers leave';
like $nginx->access_log, qr{GET /a}, 'nginx: its access log';

my ($good_conf, $said) = $nginx->test;
ok $good_conf, 'nginx: -t';
my $bad = Test::Household::Nginx->new(start => 0, server => 'fly;');
($good_conf, $said) = $bad->test;
ok !$good_conf, 'nginx: -t fails';
like $said, qr/unknown directive "fly"/, 'nginx: and says why';
ok !eval { $bad->start }, 'nginx: does not start so';
like +($bad->problem_lines)[0], qr/unknown directive/, 'nginx: the error is in its log';
unlink "$bad->{dir}/$_" for qw(error.log output.log);

my $daemon = Test::Household::Nginx->new(daemon => 1);
my @old = ($daemon->pid, $daemon->workers);
$daemon->upgrade;
ok wait_until { !grep { running($_) } @old }, 'nginx: the old binary leaves';
is $daemon->get('/none')->{status}, 404, 'nginx: the new one works';
@workers = ($daemon->pid, $daemon->workers);
$daemon->quit;
is scalar(grep { running($_) } @workers), 0, 'nginx: and ends';

@workers = $nginx->workers;
$nginx->quit;
is $nginx->{status}, 0, 'nginx: quits';
ok !grep({ running($_) } @workers), 'nginx: and its workers';

$nginx->start;
pause_pid($_) for @workers = $nginx->workers;
$nginx->stop('TERM');
is_deeply [$nginx->problem_lines], [], 'nginx: kills workers that do not end';
$nginx->start;
@workers = $nginx->workers;
kill KILL => @workers;
ok wait_until { $nginx->log =~ /exited on signal 9/ }, 'nginx: one is killed';
$nginx->stop('TERM');
like +($nginx->problem_lines)[0], qr/exited on signal 9/,
    'nginx: that is a problem';
unlink "$nginx->{dir}/error.log";

is scalar(problems(<<'EOC')), 4, 'lines of a log that are a problem';
2024/01/01 00:00:00 [error] 1#1: *1 "/[alert]" is not one
2024/01/01 00:00:00 [alert] 1#1: open socket #3 left in connection 4
2024/01/01 00:00:00 [emerg] 1#1: bind() failed
==1==ERROR: AddressSanitizer: heap-use-after-free
a.c:1:1: runtime error: signed integer overflow
EOC
is scalar(problems("nginx: [alert] a\nnginx: [alert] b\n", qr/b/)), 1,
    'but for some';


# a test of its own, which does what the text says: the first line of what it
# prints, the rest, and its status

sub script {
    my ($text, $signal) = @_;
    my $file = temp_dir('child') . '/test.pl';

    open my $out, '>', $file or die;
    print $out "use Test::Household::FakeRedis;",
               "use Test::Household::Nginx; \$| = 1;\n$text\n";
    close $out;

    my $pid = open my $in, '-|', "exec $^X -It/lib $file 2>&1" or die;
    my $first = <$in> // '';
    kill $signal, $pid if $signal;
    my $rest = join '', <$in>;
    close $in;
    return ($first, $rest, $?);
}

# which of the processes it started, and of theirs, run when it does no more
sub left_by {
    my ($end, $signal) = @_;
    my ($line) = script(<<'EOC' . $end, $signal);
my @all = (Test::Household::Redis->new, Test::Household::FakeRedis->new,
           Test::Household::Nginx->new);
$_->pause for @all[0, 1];
print join(' ', (map { $_->pid } @all), $all[2]->workers), "\n";
EOC
    my @pids = split ' ', $line;
    return 'too few' if @pids < 4;
    wait_until { @pids = grep { running($_) } @pids; !@pids };
    return "@pids";
}

is left_by('exit 0;'), '', 'at its end a test leaves no processes';
is left_by('die "x\n";'), '', 'nor when it dies';
is left_by('sleep 600;', 'TERM'), '', 'nor when it is terminated';

my ($worker, $said_at_end, $status) = script(<<'EOC');
my $nginx = Test::Household::Nginx->new;
my ($worker) = $nginx->workers;
kill 'KILL', $worker;
$nginx->wait_log(qr/exited on signal/);
print "$worker\n";
EOC
chomp $worker;
like $said_at_end, qr/worker process $worker exited on signal 9/,
    'a test reports at its end why nginx died';
isnt $status, 0, 'and fails';


# the same for a test under Test::Nginx, of two blocks: the first log is gone
# at the end

sub test_nginx {
    my ($init) = @_;
    my ($first, $rest, $status) = script(<<'EOC' =~ s/INIT/$init/r);
use Test::Household;
use Test::Nginx::Socket tests => 4;
no_shuffle(); master_on();
run_tests();
print "port $ENV{TEST_NGINX_PORT}\n";
__DATA__
=== TEST 1: first
--- config
location = /t { return 200 "$server_port $realip_remote_addr\n"; }
--- init
INIT
--- request
GET /t
--- response_body eval
"$ENV{TEST_NGINX_PORT} 127.0.0.1\n"
=== TEST 2: second
--- config
location = /t { return 204; }
--- request
GET /t
--- response_body eval
""
--- error_code: 204
EOC
    return ("$first$rest", $status);
}

my ($said_well, $well) = test_nginx('1');
is $well, 0, 'Test::Nginx: well';
is scalar(() = $said_well =~ /^ok /mg), 4, 'Test::Nginx: all is well';

my ($said_ill, $ill) = test_nginx(<<'EOC');
my $pid;
Test::Household::wait_until {
    ($pid) = Test::Household::slurp($Test::Nginx::Util::PidFile) =~ /(\d+)/;
    $pid && Test::Household::slurp("/proc/$pid/task/$pid/children");
};
kill 'KILL', split ' ', Test::Household::slurp("/proc/$pid/task/$pid/children");
Test::Household::wait_error_log(
    qr/exited on signal 9(?s:.*)start worker process/);
EOC
is scalar(() = $said_ill =~ /^ok /mg), 4, 'Test::Nginx: blocks that pass';
like $said_ill, qr/in the error log: .*exited on signal 9/,
    'Test::Nginx: the problems of their logs are reported';
isnt $ill, 0, 'Test::Nginx: and fails the test';

my @ports = map { /^port (\d+)/m } $said_well, $said_ill;
isnt $ports[0], $ports[1], 'Test::Nginx: each on a port of its own';

is scalar(Test::Household::Process::live()), 3, 'these still run here';
$_->stop for Test::Household::Process::live();
is scalar(Test::Household::Process::live()), 0, 'and now none does';

done_testing;

#!/usr/bin/perl

# nginx-tests.pl DIR [TEST...]: runs a copy of nginx's own test suite on the
# same nginx as it is, and then with the module switched on for all of http in
# each of several ways, with a real Redis.  Fails if a test fails with the
# module that passes without, and again when its file is run alone: some files
# allow a second, which a busy machine exceeds.  WAYS="on zone" runs some of the
# ways only.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Path qw(make_path remove_tree);
use TAP::Harness;

my $build = abs_path($ENV{BUILD} || 'build');
my ($suite, @tests) = @ARGV;

my $dir = "$build/nginx-tests";
my $socket = "$dir/redis.sock";

my $redis = "household_redis main { server unix:$socket; timeout 5s; }";
my $known = "$redis household_store main; household_account viewer;";

# what is in http, beside the module itself, which is always loaded

my @ways = (
    loaded => '',
    on => "$known household on;",
    zone => "household_zone zone=households:1m; $redis"
            . ' household_store main zone=households;'
            . ' household_account viewer; household on;',
    monitor => "$redis household_store main; household_account stranger;"
               . ' household monitor;',
    unavailable => 'household_redis main { server 127.0.0.1:1; timeout 5s; }'
                   . ' household_store main; household_account viewer;'
                   . ' household on;',
);

my %ways = @ways;
my @run = $ENV{WAYS} ? split ' ', $ENV{WAYS}
                     : map { $ways[2 * $_] } 0 .. $#ways / 2;

# what fails as it is meant to, and in which ways

# under "satisfy any" it is enough to be at home: docs/rollout.md

my $all = join ' ', keys %ways;
my %meant = map { ("auth_request_satisfy.t, test $_" => $all) } 14, 15, 17, 18;

# a share by the number of the connection: those to Redis have numbers, too

$meant{'split_clients.t, test 1'} = $all;

# its client sends more than the window of HTTP/2 allows before the body is read

$meant{"grpc_request_buffering.t, test $_"} = $all for 10, 11;

# a request that takes less than a millisecond: it waits for Redis

$meant{'limit_req_delay.t, test 2'} = 'on monitor';

# no line of the level "error": the server of Redis is down

$meant{$_} = 'unavailable' for 'memcached_fake.t, test 3',
    'proxy_h2_keepalive.t, test 57', 'proxy_keepalive.t, test 49';


sub meant {
    my ($way, $test) = @_;
    return grep { $_ eq $way } split ' ', $meant{$test} // '';
}


sub redis {
    my (@command) = @_;

    open my $out, '-|', 'redis-cli', '-s', $socket, @command or die "$!\n";
    my $answer = do { local $/; <$out> } // '';
    close $out;

    return $answer;
}


sub start_redis {
    defined(my $pid = fork()) or die "fork: $!\n";

    if ($pid == 0) {
        open STDOUT, '>', "$dir/redis.log";
        exec 'redis-server', '--port', 0, '--unixsocket', $socket,
            '--unixsocketperm', 777, '--save', '', '--dir', $dir;
        die "redis-server: $!\n";
    }

    for (1 .. 100) {
        last if -S $socket && redis('PING') =~ /PONG/;
        select undef, undef, undef, 0.1;
    }

    redis('SADD', 'household:{viewer}', '0.0.0.0/0', '::/0');

    return $pid;
}


sub run {
    my ($jobs, $files, %env) = @_;
    local @ENV{keys %env} = values %env;
    my (%failed);

    my $harness = TAP::Harness->new({
        lib => ["$suite/lib"], jobs => $jobs, merge => 1,
        verbosity => $ENV{VERBOSE} ? 1 : -2, ignore_exit => 0,
    });

    $harness->callback(after_test => sub {
        my ($job, $parser) = @_;
        my $name = $job->[0] =~ s{.*/}{}r;

        $failed{"$name, test $_"} = 1 for $parser->failed;
        $failed{"$name: " . join '; ', $parser->parse_errors} = 1
            if $parser->parse_errors;
        $failed{"$name, exit"} = 1 if $parser->exit && !$parser->failed;
    });

    $harness->runtests(@$files);

    return \%failed;
}


die "household: there is no $suite/lib/Test/Nginx.pm\n"
    unless -e "$suite/lib/Test/Nginx.pm";

$suite = abs_path($suite);
@tests = map { "$suite/" . s{.*/}{}r } @tests;
@tests = sort glob("$suite/*.t") unless @tests;

remove_tree($dir);
make_path($dir);

my %env = (TEST_NGINX_BINARY => "$build/dynamic/nginx");
my $jobs = $ENV{JOBS} || 2;
my $without = run($jobs, \@tests, %env);

my $pid = start_redis();
my $code = 0;

for my $way (@run) {
    die "household: no such way: $way\n" if !exists $ways{$way};

    redis('CONFIG', 'RESETSTAT');

    my %with = (%env,
        TEST_NGINX_GLOBALS =>
            "load_module $build/dynamic/ngx_http_household_module.so;",
        TEST_NGINX_GLOBALS_HTTP => $ways{$way});
    my $with = run($jobs, \@tests, %with);

    my ($commands) = redis('INFO', 'stats')
                     =~ /^total_commands_processed:(\d+)/m;
    my @new = grep { !$without->{$_} } sort keys %$with;

    print "$way: fails with the module, as it is meant to: $_\n"
        for grep { meant($way, $_) } @new;
    @new = grep { !meant($way, $_) } @new;

    if (@new) {
        my %files = map { s/[,:].*//r => 1 } @new;
        my $again = run(1, [map { "$suite/$_" } sort keys %files], %with);

        print "$way: passes when run alone: $_\n"
            for grep { !$again->{$_} } @new;
        @new = grep { !$without->{$_} && !meant($way, $_) }
                    sort keys %$again;
    }

    print "$way: fails with the module only: $_\n" for @new;
    printf "%s: %d test files, %d failures without the module, %d with it, "
        . "%d of them new; Redis served %d commands\n", $way, scalar @tests,
        scalar keys %$without, scalar keys %$with, scalar @new,
        $commands // 0;

    $code = 1 if @new;
}

kill 'TERM', $pid;
waitpid $pid, 0;

exit $code;

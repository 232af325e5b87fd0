#!/usr/bin/perl

# household-replay: the log of a real edge, judged by its own policy and by
# others, beside what Redis has.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(temp_dir slurp wait_until);
use Test::Household::Redis;
use Test::More;

plan skip_all => 'redis-cli is needed' if system 'command -v redis-cli > /dev/null';

my $program = ($ENV{BUILD} || 'build') . '/tools/household-replay';
my $day = 86400;
my $now = time;
my $dir = temp_dir('replay');

sub file {
    my ($name, $text) = @_;
    open my $out, '>:raw', "$dir/$name" or die "$name: $!\n";
    print $out $text;
    close $out or die;
    return "$dir/$name";
}

# the exit status and the output, errors included
sub run {
    my ($command, @args) = @_;
    my $text = qx{@{[join ' ', map { quotemeta } $command, @args]} 2>&1};
    return ($? >> 8, $text);
}

sub replay {
    my ($status, $text) = run($program, '--json', @_);
    is $status, 0, "@{[map { s{.*/}{}r } @_]}: done" or diag $text;
    return decode_json($text);
}

my $key = file(key => "0123456789abcdef\n");
my $redis = Test::Household::Redis->new(unix => 1);

# households with something of each
for my $n (0 .. 19) {
    my $id = "household:{h$n}";
    $redis->cmd(SADD => $id, "82.64.10.$n", "2001:db8:$n\::") if $n % 5;
    $redis->cmd(HSET => "$id:account", country => $n % 2 ? 'FR' : 'DE',
                'device:tv' => $now - (2 * $n + 1) * $day,
                'device:my phone' => $now - 60,
                "extra:s1:198.51.100.$n" => $now + ($n - 10) * $day,
                $n == 3 ? ('travel:*' => $now + 1000) : (),
                $n == 4 ? (revoked_before => $now - 100) : (),
                $n == 6 ? (outside_since => $now - 10 * $day) : ());
}
$redis->cmd(SADD => 'household:{big}', map { "10.0.$_.0" } 0 .. 255);
$redis->cmd(SADD => 'household:{big}', '10.1.0.0');
$redis->cmd(SADD => 'household:{odd}', '10.0.0.0/33', '82.64.10.7');
$redis->cmd(HSET => 'household:{odd}:account', 'device:x' => 'soon');

my %policy = (
    default => '',
    tight => "household_trusted_device 14d;\n",
    all => <<'EOC',
# each directive
household_away 2d/30d; household_enforce_in FR
    BE;
household_family_unknown allow;
household_grace "30d";
household_ipv6_prefix 48; household_rollout 40.5%;
household_trusted_device "1w 2d";
household_unavailable deny; household_unregistered learn days=2;
household_sharing off;
EOC
    open => 'household_unregistered allow; household_rollout 7;',
);
my %file = map { $_ => file("$_.conf", $policy{$_}) } keys %policy;

my $edge = Test::Household::Nginx->new(
    http => http_config(server => $redis->address) . <<"EOC",
household_redis none { server 127.0.0.1:1; }
household_hmac_key $key;
log_format by_account '\$time_iso8601 \$remote_addr \$status '
    'household=\$household_status reason=\$household_reason '
    'account="\$household_account" device="\$household_device" '
    'issued=\$arg_since cache=\$household_cache_status';
log_format by_pseudonym '\$time_iso8601 \$remote_addr \$status '
    'household=\$household_status reason=\$household_reason '
    'pseudonym=\$household_pseudonym network=\$household_network '
    'device="\$household_device" issued=\$arg_since';
EOC
    server => 'location /status { household_metrics; }' . join '', map {
        my $in_force = $_;
        location("/$in_force", <<"EOC") =~ s/household_device .*?;/household_device \$http_x_device;/r
            include $file{$in_force};
            household_issued_at \$arg_since;
            access_log $dir/$in_force.log by_account;
            access_log $dir/$in_force.pseudonyms by_pseudonym;
EOC
    } keys %policy);

# every household from every place, to each of the locations
my $requests = 0;

for my $n (0 .. 19, 'big', 'odd') {
    my $id = $n =~ /\d/ ? "h$n" : $n;
    my $m = $n =~ /\d/ ? $n : 7;

    for my $request (["82.64.10.$m"], ["198.51.100.$m"], ['203.0.113.9'],
                     ['203.0.113.9', 'tv'], ['203.0.113.9', 'my phone'],
                     ["2001:db8:$m:0:1::1"], ["2001:db8:$m:7::1"])
    {
        my ($address, $device) = @$request;
        $edge->get("/$_?account=$id&since=" . ($now - 50 * ($m % 5)),
                   'X-Forwarded-For' => $address, 'X-Device' => $device // '')
            for keys %policy;
        $requests++;
    }
}

$edge->get("/$_", 'X-Forwarded-For' => '203.0.113.9'),
$edge->get("/$_?account=" . 'x' x 200) for keys %policy;
$requests += 2;

for my $log (map { ("$_.log", "$_.pseudonyms") } keys %policy) {
    wait_until(sub { (() = slurp("$dir/$log") =~ /\n/g) == $requests });
}

my ($status, $snapshot) = run('env', 'PATH=' . ($program =~ s{/[^/]+$}{}r)
                              . ":$ENV{PATH}", 'docker/tools/household-ctl', 'export',
                              '--redis', '-s', $redis->address =~ s/^unix://r);
is $status, 0, 'export' or diag $snapshot;
is scalar(() = $snapshot =~ /\n/g), 22, 'export: a line an account';
$snapshot = file(snapshot => $snapshot);

# by its own policy, the verdict of each request is that of the edge
for my $name (sort keys %policy) {
    my $got = replay('-s', $snapshot, "$dir/$name.log", $file{$name});
    is_deeply [@$got{qw(lines judged as_recorded)}], [($requests) x 3],
        "$name: as the edge has judged";
    is $got->{newly_denied}{requests} + $got->{no_longer_denied}{requests}, 0,
        "$name: nothing is new";
    cmp_ok $got->{denied}{requests}, '>', 5, "$name: there are denials"
        if $name ne 'all';

    is_deeply replay('-k', $key, '-s', $snapshot, "$dir/$name.pseudonyms",
                     $file{$name}), $got, "$name: by pseudonyms";
}

# by another policy it is what an edge with that policy has judged
for my $other (sort keys %policy) {
    my $got = replay('-s', $snapshot, "$dir/default.log", $file{$other});
    my $there = replay('-s', $snapshot, "$dir/$other.log", $file{$other});

    is_deeply $got->{denied}, $there->{denied}, "$other: what is denied";
    is $got->{newly_denied}{requests} - $got->{no_longer_denied}{requests},
        $got->{denied}{requests} - $got->{denied_as_recorded}{requests},
        "$other: the difference";
}

# a base has what the policy does not have
is_deeply replay('-b', $file{all}, '-s', $snapshot, "$dir/default.log",
                 $file{default}),
    replay('-s', $snapshot, "$dir/default.log", $file{all}), 'a base';

# lines by hand
my $line = sub {
    my ($words, $address, $time) = @_;
    my @t = gmtime($time // $now);
    sprintf '%d-%02d-%02dT%02d:%02d:%02d+00:00 %s 200 %s' . "\n", $t[5] + 1900,
        $t[4] + 1, @t[3, 2, 1, 0], $address // '203.0.113.9', $words;
};

my $log = file(lines => join '',
    $line->('household=ALLOWED reason=trusted_device account=h8 device=tv'),
    $line->('household=ALLOWED reason=trusted_device account=h8 device=tv'),
    $line->('household=ALLOWED reason=trusted_device account=h9 device=tv'),
    $line->('household=MONITORED reason=outside account=h9 device=tv'),
    $line->('household=OFFERED reason=outside account=h9 device="my\x20phone"'),
    $line->('household=ALLOWED reason=home account=\x683', '82.64.10.3'),
    $line->('household=BYPASSED reason=off account=h1'),
    $line->('household=- reason=-'),
    $line->('household=ALLOWED reason=home account=h1', 'nowhere'),
    $line->('household=UNAVAILABLE reason=address_unknown account=h1', 'unix:'),
    $line->('household=UNAUTHORIZED reason=keys_unavailable'),
    $line->('household=UNAVAILABLE reason=unavailable account=nobody'),
    $line->('household=MONITORED reason=token_expired'),
    $line->('household=UNAUTHORIZED reason=revoked account=h4'),
    "\n", "junk\n", 'x' x 2_000_000, "\n", 'no end');

my $got = replay('-s', $snapshot, $log, $file{tight});
is_deeply $got, {
    lines => 18, judged => 11, not_evaluated => 1, invalid => 6,
    as_recorded => 6, unauthorized => 3, households => 6, not_in_snapshot => 1,
    snapshot => 22, snapshot_invalid => 0,
    denied_as_recorded => { requests => 2, households => 1 },
    denied => { requests => 5, households => 3, causes => [
        { cause => 'outside device_expired', requests => 4, households => 2 },
        { cause => 'unregistered never_seen', requests => 1, households => 1 }]
    },
    newly_denied => { requests => 4, households => 3, causes => [
        { cause => 'outside device_expired', requests => 3, households => 2 },
        { cause => 'unregistered never_seen', requests => 1, households => 1 }]
    },
    no_longer_denied => { requests => 1, households => 1 },
}, 'lines by hand' or diag explain $got;

($status, my $text) = run($program, '-d', 1, '-s', $snapshot, $log,
                          $file{tight});
like $text, qr/^deny outside: \S+ 203\.0\.113\.9 200 .*device=tv\n18 lines: /,
    'a line that differs, and no more of them';
like $text, qr/^of these, not denied before +4 +3$/m, 'the report';
like $text, qr/^  outside device_expired +3 +2$/m, 'the report: a cause';

is_deeply [run('sh', '-c', "cat $log | $program -s $snapshot - $file{tight}")],
    [run($program, '-s', $snapshot, $log, $file{tight})], 'standard input';

# a record that cannot be read as it is
is replay('-s', file(broken => "{}\nno\n{\"account\":\"a\",\"home\":[1],"
                     . "\"fields\":{}}\n"), $log, $file{tight})
    ->{snapshot_invalid}, 3, 'a snapshot with other lines';

is_deeply [run($program, '--check', $snapshot)], [3, <<'EOT'], 'check';
big: too large
odd: home 10.0.0.0/33: not an IP address or a prefix
odd: field device:x: not a time in Unix seconds, 1 to 4102444799
EOT

# nginx and this program take the same directives
my %valid = (
    household_away => [qw(off 1d/2d 31d/366d 1w/30d 24h/2d), '1d24h/60d'],
    household_enforce_in => ['FR', 'fr BE'],
    household_family_unknown => [qw(allow deny)],
    household_grace => [qw(0 1 90s 1d12h 2w), '"1d 12h"'],
    household_ipv6_prefix => [qw(1 64 128)],
    household_rollout => [qw(0 0% 100 100% 5.5% 5. 0.01% 99.99)],
    household_sharing => ['off'],
    household_trusted_device => [qw(0 31d 1y 1M)],
    household_unavailable => [qw(allow deny)],
    household_unregistered => [qw(allow deny learn), 'learn days=31'],
);
my %invalid = (
    household_away => [qw(on 2d 2d/2d 32d/60d 3d/367d 36h/30d 0d/3d 3/30)],
    household_enforce_in => [qw(F FRA 12), '', 'FR x'],
    household_family_unknown => [qw(learn on), 'allow deny'],
    household_grace => [qw(soon -1 1x 1h1d 1d1d 1.5d), '""', '1d 2d'],
    household_ipv6_prefix => [qw(0 129 -1 x 64x)],
    household_rollout => [qw(101 100.01 -1 % .5 5.555 half 5%% 1.2.3)],
    household_sharing => ['on window=2h', 'on'],
    household_trusted_device => ['x', ''],
    household_unavailable => ['maybe'],
    household_unregistered => ['learn days=0', 'learn days=32', 'deny days=1',
                               'learn days=x', 'learn 3'],
    household_offer => ['default url=/'],
    none => [''],
);

my $empty = file(empty => '');

sub both {
    my ($text) = @_;
    my $policy = file(policy => "$text;\n");
    my ($status) = run($program, '-s', $empty, $empty, $policy);
    my $nginx = Test::Household::Nginx->new(start => 0, allow => qr/emerg/,
        http => "household_policy p { $text; }\n", server => '');
    return [$status, ($nginx->test)[0] ? 0 : 1];
}

for my $name (sort keys %valid) {
    is_deeply both("$name $_"), [0, 0], "valid: $name $_" for @{ $valid{$name} };
}

for my $name (sort keys %invalid) {
    is_deeply both("$name $_"), [1, 1], "invalid: $name $_"
        for @{ $invalid{$name} };
}

for (['household_grace 1d', qr/:1: unexpected end of file/],
     [";\n", qr/:1: unexpected ";"/],
     ["\nhousehold_grace 'x", qr/:2: unexpected end of file, expecting '/],
     ["household_grace 1d; household_grace 1d;", qr/is duplicate/],
     ["\n\nhousehold_x;", qr/:3: unknown directive "household_x"/],
     ["household_grace 1d 2d;", qr/invalid number of arguments/],
     ["household_rollout 101;", qr/invalid value "101" of "household_rollout"/])
{
    my ($text, $why) = @$_;
    my ($status, $got) = run($program, '-s', $empty, $empty,
                             file(policy => $text));
    is $status, 1, "an error: $why";
    like $got, $why, "said: $why";
}

for ([2, qr/^usage:/], [2, qr/^usage:/, $log], [2, qr/^usage:/, '-x'],
     [2, qr/^usage:/, $log, $file{tight}],
     [2, qr/^usage:/, '-s', '-', '-', $file{tight}],
     [2, qr/^usage:/, '-d', 'x', '-s', $snapshot, $log, $file{tight}],
     [2, qr/^usage:/, '-s', $snapshot, $log, $file{tight}, 'more'],
     [1, qr/none: No such file/, '-s', "$dir/none", $log, $file{tight}],
     [1, qr/none: No such file/, '-s', $snapshot, "$dir/none", $file{tight}],
     [1, qr/none: No such file/, '-s', $snapshot, $log, "$dir/none"],
     [1, qr/none: No such file/, '-b', "$dir/none", '-s', $snapshot, $log,
      $file{tight}],
     [1, qr/none: No such file/, '-k', "$dir/none", '-s', $snapshot, $log,
      $file{tight}],
     [1, qr/shorter than 16 bytes/, '-k', file(short => "short\n"), '-s',
      $snapshot, $log, $file{tight}],
     [0, qr/^usage:/, '--help'])
{
    my ($expect, $why, @args) = @$_;
    my ($status, $got) = run($program, @args);
    my $name = join ' ', map { s{.*/}{}r } @args;
    is $status, $expect, "$name: status";
    like $got, $why, "$name: why";
}

done_testing;

#!/usr/bin/perl

# docs/tickets.md to the letter: the commands of each ticket.  Only addresses
# and folders are ours.  Its configurations are in t/docs.t.

use strict;
use warnings;

use lib 't/lib';
use Cwd qw(getcwd);
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(slurp temp_dir wait_until);
use Test::Household::Redis;
use Test::More;

plan skip_all => 'bash, curl, jq and redis-cli are needed'
    if grep { system("command -v $_ > /dev/null") } qw(bash curl jq redis-cli);

my $page = slurp('docs/tickets.md');
my $dir = temp_dir('tickets');
my $redis = Test::Household::Redis->new;
my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m')
        . "log_format tickets 'lookup=\$household_lookup_time';",
    server => location('/t', "access_log $dir/household.log tickets;"
                             . ' household_events on; household_sharing on;',
                       'main zone=households')
        . 'location /household/ { household_api main write; }'
        . 'location = /status { household_metrics; }');
my $edge = "127.0.0.1:$nginx->{port}";

$ENV{no_proxy} = '*';
$ENV{PATH} = getcwd() . "/docker/tools:$ENV{PATH}";

# the blocks of a ticket: commands, or with "promql" expressions
sub blocks {
    my ($ticket, $promql) = @_;
    my ($part) = $page =~ /^## \Q$ticket\E\n(.*?)(?=^## |\z)/ms
        or die "no ticket is called \"$ticket\"\n";

    my @all;

    while ($part =~ /^```(\w*)\n(.*?)^```/gms) {
        push @all, $2 if !$1;
    }

    return grep { !$promql == !/^(?:nginx_|count |max\()/ } @all;
}

my ($export) = $page =~ /^(export .*\n)/m;

# the exit status and the output of the commands of a ticket
sub ticket {
    my ($ticket) = @_;
    my $script = join '', $export, blocks($ticket);

    $script =~ s/edge\d?\.internal/$edge/g;
    $script =~ s/\bredis-cli\b/redis-cli -p $redis->{port}/g;
    $script =~ s{/var/log/nginx/}{$dir/}g;

    open my $out, '>', "$dir/run.sh" or die "run.sh: $!\n";
    print $out $script;
    close $out;

    my $said = `cd $dir && bash run.sh 2>&1`;

    return ($? >> 8, $said);
}

sub visit {
    my ($account, $from, $device) = @_;
    return $nginx->get("/t?account=$account&device=$device",
                       'X-Forwarded-For' => $from)->{headers}{'x-reason'};
}

$redis->cmd(SADD => 'household:{martin}', '82.64.10.7');
is visit('martin', '82.64.10.7', 'tv'), 'home', 'a viewer at home';

my ($status, $said) = ticket('A customer is denied');

is $status, 1, 'denied: the status';
like $said, qr/\Adeny: outside \(never_seen\)\n.*^\* outside: /ms,
    'denied: why';

is_deeply [ticket('A customer has moved')], [0, "done\n"], 'moved';
is_deeply [sort @{ $redis->cmd(SMEMBERS => 'household:{martin}') }],
    ['198.51.100.20', '2001:db8:1:2::5'], 'moved: the home';

my $paid = 'It is paid, and still denied';

$redis->cmd(HSET => 'household:{martin}:account', 'extra:s1:learn' => 0);
($status, $said) = ticket($paid);
like $said, qr/^seat s1 +learn paid, until never$/m, 'paid: the seat';
my ($waits) = $said =~ /^  extra_member: .*; (the seat s1 takes .*)$/m;
ok $waits, 'paid: it waits for the client';
like $page, qr/`extra_member: \.\.\. \Q$waits\E`/, 'paid: as on the page';
$redis->cmd(HDEL => 'household:{martin}:account', 'extra:s1:learn');
$redis->cmd(HSET => 'household:{martin}:account',
            'extra:s1:203.0.113.9' => time - 60);
($status, $said) = ticket($paid);
like $said, qr/^seat s1 +203\.0\.113\.9 ended, /m, 'paid: it has ended';

my @again = map { /^household-ctl/ ? $_ : () }
            $page =~ /`(household-ctl seat [^`]+)`/g;
is @again, 2, 'paid: two remedies';
for (@again) {
    system "HOUSEHOLD_API=http://$edge/household $_ > $dir/said";
    is slurp("$dir/said"), "done\n", $_;
    is +(ticket($paid))[0], 0, 'paid: allowed then';
}

is_deeply [ticket('A provider has renumbered its customers')], [0, "done\n"],
    'renumbered: a grant';
ok $redis->cmd(HGET => 'household:{martin}:account', 'travel:*')
    > time + 13 * 86400, 'renumbered: for two weeks';

is_deeply [ticket('Deny nobody, now')],
    [0, "done\nmode monitor, rollout not set\n"], 'the brake';
ok wait_until { $nginx->metric('override_mode', redis => 'main') == 1 },
    'the brake: the edge has it';

is_deeply [ticket('A signing key has leaked')], [0, "1\n"], 'a key';
is $redis->cmd(HGET => 'household:denied', 'kid:2026-11'), 0,
    'a key: it is denied';

$redis->cmd(DEL => 'household:control');
$redis->cmd(HDEL => 'household:{martin}:account', 'travel:*');
for my $account (qw(martin other)) {
    visit($account, '198.51.100.20', 'tv');
    ok wait_until { $redis->cmd(EXISTS => "household-seen:{$account}") },
        "shared: the presence of $account";
    visit($account, '203.0.113.77', 'box');
}

ok wait_until { $redis->cmd(XLEN => 'household-events') >= 2 },
    'shared: there are events';

($status, $said) = ticket('Who shared an account?');
is $status, 0, 'shared';
like $said, qr{^presence +tv at \S+/32 20\S+Z, (?:not )?a member$}m,
    'shared: the presence';
like $said, qr/^\["[\d-]+",\["kind","\w+","account","martin",/m,
    'shared: the events';
unlike $said, qr/"other"/, 'shared: of this account';
ok $redis->cmd(HGET => 'household:{martin}:account', 'revoked_before'),
    'shared: signed out';

($status, $said) = ticket('One edge disagrees');
is $said =~ s/^allow: \w+\n[\d.]+\n20\S+Z\n//gmr, '', 'edges: what is shown';

ok wait_until { slurp("$dir/household.log") =~ /lookup=/ }, 'slow: a log';
($status, $said) = ticket('Is it the module that is slow?');
like $said, qr/\A *\d+ lookup=\d\.\d{3}\n/, 'slow: the longest waits';

my $events = $redis->cmd(XLEN => 'household-events');
($status, $said) = ticket('Export and erase the data of an account');
like $said, qr/\A\d networks and \d fields were erased\n\d+\n\z/, 'erase';
like slurp("$dir/martin.json"), qr/^\{"account":"martin",/, 'erase: a copy';
is_deeply $redis->cmd(KEYS => '*{martin}*'), ['household-closed:{martin}'],
    'erase: nothing is left';
my $left = $redis->cmd(XLEN => 'household-events');
ok $left && $left < $events, 'erase: the events of others are';

SKIP: {
    skip 'no promtool', 1 if system 'command -v promtool > /dev/null';

    open my $out, '>', "$dir/rules.yml" or die "rules.yml: $!\n";
    print $out "groups:\n  - name: page\n    rules:\n";

    my $n = 0;

    for (map { blocks($_, 1) } 'Deny nobody, now', 'Which edges run what') {
        print $out "      - record: page_${\ ++$n}\n        expr: >-\n",
            s/^/          /gmr;
    }
    close $out;

    my $check = `promtool check rules $dir/rules.yml 2>&1`;
    like $check, qr/SUCCESS: 3 rules/, 'the expressions are expressions'
        or diag $check;
}

done_testing;

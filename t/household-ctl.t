#!/usr/bin/perl

# household-ctl, the client of the API for terminals.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(temp_dir);
use Test::Household::Redis;
use Test::More;

plan skip_all => 'bash, curl, jq, redis-cli and script are needed'
    if grep { system("command -v $_ > /dev/null") } qw(bash curl jq redis-cli script);

my $now = time;
my $dir = temp_dir('ctl');
my $redis = Test::Household::Redis->new(unix => 1);
my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address),
    server => 'location /api/ { household_api main write;
                                client_max_body_size 0; }');

$ENV{HOUSEHOLD_API} = "http://127.0.0.1:$nginx->{port}/api";
$ENV{no_proxy} = '*';

# the exit status and the output, errors included
sub ctl {
    my $command = join ' ', map { quotemeta } 'docker/tools/household-ctl', @_;
    my $text = `$command 2>&1`;
    return ($? >> 8, $text);
}

sub is_done {
    my ($name, @args) = @_;
    is_deeply [ctl(@args)], [0, "done\n"], $name;
}

sub is_bad {
    my ($name, $status, $re, @args) = @_;
    my ($got, $text) = ctl(@args);
    is $got, $status, "$name: status";
    like $text, $re, "$name: why";
}

sub field { $redis->cmd(HGET => 'household:{a b/c}:account', $_[0]) }

my $id = 'a b/c';

is_done('home add', 'home', 'add', $id, '82.64.10.0/24');
is_done('home add', 'home', 'add', $id, '192.0.2.1');
is_done('home remove', 'home', 'remove', $id, '192.0.2.1');
is_deeply $redis->cmd(SMEMBERS => "household:{$id}"), ['82.64.10.0/24'], 'home';
is_done('seat add', 'seat', 'add', $id, 's1', '2030-01-01', '198.51.100.7',
        '198.51.100.8');
is field('extra:s1:198.51.100.8'), 1893456000, 'seat';
is_done('seat renew', 'seat', 'renew', $id, 's1', 'never');
is field('extra:s1:198.51.100.7'), 0, 'renewed';
is_done('device add', 'device', 'add', $id, 'tv', '2025-01-01');
is_done('travel add', 'travel', 'add', $id, '*', '2030-01-01T00:00:00Z');
is field('travel:*'), 1893456000, 'travel';
is_done('plan', 'plan', $id, 'country=FR', 'seats=2');
is field('country') . field('seats'), 'FR2', 'plan';
is_done('sign-out', 'sign-out', $id);
cmp_ok field('revoked_before'), '>=', $now, 'signed out';

my ($status, $text) = ctl('why', $id, '82.64.10.9');
is $status, 0, 'why: allowed';
like $text, qr/^allow: home\n.*^\* home: 82\.64\.10\.9 is in the home network/ms,
    'why: and why';
is_done('travel end', 'travel', 'end', $id, '*');
($status, $text) = ctl('why', $id, '203.0.113.9', 'tv');
is $status, 1, 'why: denied';
like $text, qr/^deny: outside \(device_expired\)\n/, 'why: the detail';
($status, $text) = ctl('--json', 'why', $id, '198.51.100.7');
like $text, qr/^\{"account":.*"reason":"extra_member"/, 'why: JSON';

($status, $text) = ctl('show', $id);
is $status, 0, 'show';
like $text, qr/^home +82\.64\.10\.0\/24\nseat s1 +198\.51\.100\.7 paid, until /m,
    'show: what there is';
unlike $text, qr/^presence/m, 'show: no presence';
($status, $text) = ctl('show', 'nobody');
like $text, qr/^Redis has nothing/, 'show: nothing';

$redis->cmd(HSET => 'household:{t}:account', "device:x\xc2\x9b31m", $now,
            "extra:\e[31m:x", 'x', "device:\\u001b\x7f", $now);
($status, $text) = ctl('show', 't');
unlike $text, qr/[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]/,
    'show: nothing that a terminal obeys';
like $text, qr/^device +x\?31m /m, 'show: but the rest of it';
like $text, qr/^device +\\u001b\? /m, 'show: what only looks so';
like +(ctl('--json', 'show', 't'))[1], qr/x\\u009b31m/, 'show: JSON has it';
is_deeply [ctl('check', 't')],
    [1, "t: extra:?[31m:x: not an IP address or a prefix\n"],
    'check: nor that';
$redis->cmd(DEL => 'household:{t}:account');

is_deeply [ctl('check', $id, 'nobody')], [0, ''], 'check: nothing ignored';
$redis->cmd(SADD => 'household:{bad}', '10.0.0.0/33');
is_deeply [ctl('check', $id, 'bad')],
    [1, "bad: 10.0.0.0/33: not an IP address or a prefix\n"], 'check: ignored';

is_done('home move', 'home', 'move', $id, '192.0.2.7', '2001:db8::7');
is_done('seat end', 'seat', 'end', $id, 's1');
is_done('device remove', 'device', 'remove', $id, 'tv');

is_deeply [ctl('erase', 'bad')],
    [0, "1 networks and 0 fields were erased\n"], 'erase';
is $redis->cmd(EXISTS => 'household:{bad}'), 0, 'erase: it is gone';

is_done('brake', 'brake', 'monitor', '10%');
is_deeply [ctl('brake')], [0, "mode monitor, rollout 10.00%\n"], 'brake: it is';
is_done('brake on 5%', 'brake', 'on', '5%');
is_bad('brake none 5%', 2, qr/"none" has no PERCENT/, 'brake', 'none', '5%');
is_bad('brake on 5 %', 2, qr/^usage: .*brake off\|/m, 'brake', 'on', '5', '%');
is_deeply [ctl('brake')], [0, "mode on, rollout 5.00%\n"],
    'brake: a share alone';
is_done('brake none', 'brake', 'none');
is_deeply [ctl('brake')], [0, "mode not set, rollout not set\n"],
    'brake: it is not';
($status, $text) = ctl('status');
is $status, 0, 'status';
like $text, qr/^version +\S+, nginx \S+\nredis +main \(standalone\) \w/,
    'status: what there is';
like +(ctl('--json', 'status'))[1], qr/^\{"version":.*"name":"main"/,
    'status: JSON';

# a seat becomes the home of another account, and a device moves

is_done('seat add', 'seat', 'add', $id, 's1', 'never', '198.51.100.7');
is_done('device add', 'device', 'add', $id, 'phone');
is_done('seat transfer', 'seat', 'transfer', $id, 's1', 'other', '192.0.2.8');
is_deeply [sort @{ $redis->cmd(SMEMBERS => 'household:{other}') }],
    ['192.0.2.8', '198.51.100.7'], 'seat transfer: the home';
is field('extra:s1:198.51.100.7'), undef, 'seat transfer: and no seat';
is_done('device transfer', 'device', 'transfer', $id, 'phone', 'other');
ok $redis->cmd(HGET => 'household:{other}:account', 'device:phone'),
    'device transfer: it is there';
is_bad('seat transfer: to whom', 2, qr/^usage: household-ctl seat transfer/m,
       'seat', 'transfer', $id, 's1');

# accounts from files
sub file {
    my ($name, $text) = @_;
    open my $out, '>:raw', "$dir/$name" or die "$name: $!\n";
    print $out $text;
    close $out or die;
    return "$dir/$name";
}

my $csv = file('accounts.csv', <<'EOT' =~ s/\n/\r\n/gr);
account,home,country,seats
i1,82.64.10.7 2001:db8::/56,FR,2
"i,2","82.64.10.8",,

i3,82.64.10.300,FR,
"i""4",,,3
EOT

my $import = [3, <<'EOT'];
line 5: not an IP address or a prefix
3 written, 0 unchanged, 1 invalid
EOT

is_deeply [ctl('import', '--dry-run', $csv)], $import, 'import --dry-run';
is $redis->cmd(EXISTS => 'household:{i1}'), 0, 'import --dry-run: not written';
is_deeply [ctl('import', $csv)], $import, 'import: lines and why';
is_deeply [sort @{ $redis->cmd(SMEMBERS => 'household:{i1}') }],
    ['2001:db8::/56', '82.64.10.7'], 'import: networks';
is $redis->cmd(HGET => 'household:{i1}:account', 'seats'), 2, 'import: seats';
is_deeply $redis->cmd(SMEMBERS => 'household:{i,2}'), ['82.64.10.8'],
    'import: a comma';
is $redis->cmd(HGET => 'household:{i"4}:account', 'seats'), 3,
    'import: a quote';

my $lines = file('accounts.ndjson', join '',
    map { qq({"account":"n$_","home":["10.0.0.1"]}\n) } 1 .. 40_002);
($status, $text) = ctl('--json', 'import', $lines);
is $status, 0, 'import: NDJSON';
is $text, '{"lines":40002,"written":40002,"unchanged":0,"invalid":0,'
    . qq("errors":[]}\n), 'import: the sum of its parts';
is_deeply $redis->cmd(SMEMBERS => 'household:{n40002}'), ['10.0.0.1'],
    'import: the last line';
is_deeply [ctl('import', file('empty.ndjson', ''))],
    [0, "0 written, 0 unchanged, 0 invalid\n"], 'import: nothing';
is_bad('import: the number of a line of a later part', 3,
       qr/^line 20001: .*not a JSON object.*\n.*20000 unchanged, 1 invalid\n/,
       'import', file('late.ndjson', qq({"account":"n1"}\n) x 20_000 . "no\n"));

# as spreadsheets write it
is_deeply [ctl('import', file('marked.csv', "\xef\xbb\xbfaccount;home;seats\r\n"
    . "f1;192.0.2.1 192.0.2.2;2\r\n\"f;2\";\"192.0.2.3;192.0.2.4\";\r\n"))],
    [0, "2 written, 0 unchanged, 0 invalid\n"], 'import: semicolons';
is_deeply [map { @{ $redis->cmd(SMEMBERS => "household:{$_}") } + 0 } 'f1', 'f;2'],
    [2, 2], 'import: semicolons, in quotes, too';
is_bad('import: after a quote, with semicolons', 2,
       qr/line 2: no ; after a quote/, 'import',
       file('e.csv', "account;home\n\"a\",1.2.3.4\n"));

is_bad('import: no file', 2, qr/cannot be read/, 'import', "$dir/none");
is_bad('import: a column', 2, qr/line 1: an unknown column: name/, 'import',
       file('a.csv', "account,name\n"));
is_bad('import: too few', 2, qr/line 2: 1 columns, not 2/, 'import',
       file('b.csv', "account,home\na\n"));
is_bad('import: a quote', 2, qr/line 2: a quote is open/, 'import',
       file('c.csv', "account\n\"a\n"));
is_bad('import: after a quote', 2, qr/line 2: no , after a quote/, 'import',
       file('d.csv', "account\n\"a\"b\n"));
is_bad('import: usage', 2, qr/^usage:/, 'import');

# what a help desk gets wrong

is_bad('an unknown command', 2, qr/^household-ctl: unknown command: frob\nusage: /,
       'frob');
is_bad('an unknown option', 2, qr/^household-ctl: unknown option: -x\nusage: /,
       '-x', 'show', 'a');
is_bad('usage of a command', 2,
       qr/^usage: household-ctl home add.*\nusage: household-ctl home move.*\n\z/,
       'home', 'add', 'a');
is_bad('a plan', 2, qr/^household-ctl: not country=... or seats=...: seat=2\n/,
       'plan', 'a', 'country=FR', 'seat=2');
is_bad('a travel grant without end', 2, qr/a travel grant ends: not never/,
       'travel', 'add', 'a', 'phone', 'never');
is_bad('an id that cannot be in a path', 3, qr/not valid|no API/, 'show', '..');
{
    local $ENV{HOUSEHOLD_API} = "http://127.0.0.1:$nginx->{port}/nothing";
    is_bad('another URL', 3,
           qr{no API: status 404 of GET http://\S+/nothing/1/accounts/a$},
           'show', 'a');
}

# in a terminal: colours, and how far it is
sub terminal {
    my $command = join ' ', map { quotemeta } 'docker/tools/household-ctl', @_;
    my $text = qx{script -qec '$command' /dev/null < /dev/null};
    return ($? >> 8, $text);
}

($status, $text) = terminal('import', $lines);
is $status, 0, 'a terminal: import';
like $text, qr{\[[ ]{40}\][ ]+0%[ ]0/40002\r
               \[\#{19}[ ]{21}\][ ]+49%[ ]20000/40002\r.*
               \[\#{40}\][ ]100%[ ]40002/40002\r\n
               .*40002[ ]unchanged}xs, 'a terminal: a progress bar';
($status, $text) = terminal('why', $id, '192.0.2.99');
like $text, qr/^\e\[31mdeny\e\[0m: outside/, 'a terminal: colours';
{
    local $ENV{NO_COLOR} = 1;
    like +(terminal('why', $id, '192.0.2.99'))[1], qr/^deny: outside/,
        'a terminal: no colours';
}

# all that a Redis has, and what edges ignore of it
my @redis = ('--redis', '-s', $redis->address =~ s/^unix://r);
local $ENV{PATH} = ($ENV{BUILD} || 'build') . "/tools:$ENV{PATH}";

$redis->cmd('FLUSHALL');
$redis->cmd(SADD => 'household:{a b"\\}', '82.64.10.7');
$redis->cmd(HSET => 'household:{only}:account', 'device:"tv"' => 1700000000);
$redis->cmd(SADD => 'household-seen:{a}', 'x');
$redis->cmd(HSET => 'household:control', mode => 'on');

is_deeply [ctl('export', @redis)], [0, <<'EOT'], 'export';
{"account":"a b\"\\","home":["82.64.10.7"],"fields":{}}
{"account":"only","home":[],"fields":{"device:\"tv\"":"1700000000"}}
EOT
is_deeply [ctl('check', @redis)], [0, ''], 'check of a Redis: nothing ignored';
$redis->cmd(SADD => 'household:{bad}', '10.0.0.0/33');
is_deeply [ctl('check', @redis)],
    [1, "bad: home 10.0.0.0/33: not an IP address or a prefix\n"],
    'check of a Redis: ignored';
$redis->cmd(SET => 'household:{type}', 1);
is_bad('export: a key of another type', 4, qr/WRONGTYPE/, 'export', @redis);
is_bad('export: no Redis', 4, qr/connect/, 'export', '--redis', '-s',
       "$dir/none");
is_bad('check: no Redis', 4, qr/connect/, 'check', '--redis', '-s',
       "$dir/none");
{
    $redis->cmd('FLUSHALL');
    $redis->cmd(SADD => 'other:{a}', '82.64.10.7');
    local $ENV{HOUSEHOLD_PREFIX} = 'other:';
    is_deeply [ctl('export', @redis)],
        [0, qq({"account":"a","home":["82.64.10.7"],"fields":{}}\n)],
        'export: a prefix';
}

# completion
sub completed {
    my ($tool, @words) = @_;
    my $words = join ' ', map { quotemeta || "''" } @words;
    my $text = qx{bash -c 'source docker/tools/$tool.bash; COMP_WORDS=($tool $words);
        COMP_CWORD=$#{[0, @words]}; _${\($tool =~ tr/-/_/r)};
        printf "%s\n" "\${COMPREPLY[@]}"' 2>&1};
    return join ' ', split ' ', $text;
}

is completed('household-ctl', 's'), 'show seat sign-out status',
    'completion: commands';
is completed('household-ctl', 'seat', ''), 'add renew end transfer',
    'completion: verbs';
is completed('household-ctl', '-u', 'home', '--json', 'brake', 'o'), 'off on',
    'completion: after options';
is completed('household-ctl', 'seat', 'add', ''), '', 'completion: no more';
is completed('household-ctl', 'import', "$dir/accounts"),
    "$dir/accounts.ndjson $dir/accounts.csv" =~ s/.*/join ' ', sort split ' ', $&/er,
    'completion: files';
is completed('household-replay', '--'), '--json --check --help',
    'completion: household-replay';
is completed('household-replay', "$dir/accounts.c"), "$dir/accounts.csv",
    'completion: files of household-replay';

is_bad('a network', 3, qr/not an IP address/, 'home', 'add', $id, 'x');
is_bad('a seat', 3, qr/does not have this/, 'seat', 'end', $id, 's7');
is_bad('a time', 2, qr/not a time: soon/, 'travel', 'add', $id, 'x', 'soon');
is_bad('usage', 2, qr/^usage:/, 'seat', 'add', $id);
is_bad('usage', 2, qr/^usage:/m, 'nothing');
is_bad('no server', 4, qr/curl/, '-u', 'http://127.0.0.1:1/', 'status');
is((ctl('--help'))[0], 0, 'help');

$redis->kill9;
is_bad('no Redis', 4, qr/unavailable|did not answer/, 'show', $id);

done_testing;

#!/usr/bin/perl

# household_api and docs/openapi.yaml: each call of the document is made, in
# each of the ways that it may end, and compared with it (t/tools/openapi.py).

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use Test::Household::Api;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Peers;
use Test::Household::Process qw(slurp temp_dir wait_until);
use Test::Household::Redis;
use Test::More;

my $python = '/usr/bin/python3';

system("$python -c 'import jsonschema, yaml' 2> /dev/null") == 0
    or plan skip_all => 'python3-jsonschema and python3-yaml are not installed';

my $redis = Test::Household::Redis->new(unix => 1);
my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m'),
    server => location('/t', 'household_sharing on;', 'main zone=households')
              . <<'EOC');
location /api/ { household_api main write; }
location /read/ { household_api main; }
EOC

my %api = map { $_ => Test::Household::Api->new($nginx, "/$_") } qw(api read);
my $json = JSON::PP->new->canonical->utf8;
my @made;

my %in = (account => 'a', network => '192.0.2.9', seat => 's1', device => 'tv');

# makes a call of the document; "in" has other parameters of the path
sub made {
    my ($method, $path, %opt) = @_;
    my %param = (%in, %{ $opt{in} || {} });
    my $url = $path =~ s/\{(\w+)\}/$param{$1}/gr =~ s{^/1/}{}r;
    my $body = ref $opt{body} ? $json->encode($opt{body}) : $opt{body};
    my $type = $opt{type} // (defined $body ? 'application/json' : undef);
    my $r = $path eq '/' ? $nginx->get('/api/')
        : $api{ $opt{at} // 'api' }->call(
              $method, $url . ($opt{query} // ''), $body,
              defined $type ? ('Content-Type' => $type) : (),
              @{ $opt{headers} || [] });

    push @made, { method => $method, path => $path, status => $r->{status} + 0,
                  headers => $r->{headers}, answer => $r->{body} // '',
                  sent => $body, type => $type };
    return $r;
}

# the account that calls are about
sub account {
    $redis->cmd('FLUSHALL');
    $redis->cmd(SADD => 'household:{a}', '192.0.2.9', '10.0.0.0/33');
    $redis->cmd(HSET => 'household:{a}:account', country => 'FR', seats => 2,
        revoked_before => time - 60, 'extra:s1:198.51.100.7' => time + 60,
        'extra:s1:2001:db8:7::/56' => 0, 'device:tv' => time,
        'device:phone' => time . '@s1', 'travel:tv' => time + 60,
        'member:tv' => time - 5, 'learn:198.51.100.9' => '2@' . time,
        outside_days => '20000', outside_since => 5, color => 'blue');
    $redis->cmd(SADD => 'household:{w}', 'x');
    $redis->cmd(SET => 'household:{w}:account', 'x');
}

my $A = '/1/accounts/{account}';
my $until = '2030-01-01T00:00:00Z';

# a call, its body, and a body that is not valid
my @writes = (
    [PATCH => $A, { seats => 3 }, { country => 'France' }],
    [PUT => "$A/home/{network}", undef, undef],
    [DELETE => "$A/home/{network}"],
    [PUT => "$A/extra-members/{seat}", { networks => ['192.0.2.7'],
                                         until => undef }, {}],
    [PUT => "$A/extra-members/{seat}", { networks => 'learn',
                                         until => $until }, { until => 5 }],
    [DELETE => "$A/extra-members/{seat}"],
    [PUT => "$A/devices/{device}", { seen => $until, seat => undef },
     { seen => 5 }],
    [DELETE => "$A/devices/{device}"],
    [PUT => "$A/travel/{device}", { until => $until }, {}],
    [DELETE => "$A/travel/{device}"],
    [POST => "$A/sign-out", {}],
    [POST => "$A/move-home", { addresses => ['192.0.2.1'] }, {}],
    [POST => "$A/transfer", { to => 'b', seat => 's1' }, {}],
    [POST => "$A/transfer", { to => 'b', devices => ['tv'],
                              home => ['192.0.2.7'] }, { to => 'a' }],
    [DELETE => $A],
    [PATCH => '/1/control', { mode => 'monitor', rollout => '2.5%' },
     { mode => 'x' }]);

# what is read

account();
$nginx->get("/t?account=a&device=tv", 'X-Forwarded-For' => "192.0.2.$_")
    for 9, 77;
$nginx->get("/t?account=a&device=box", 'X-Forwarded-For' => '2001:db8::1');
wait_until { $redis->cmd(EXISTS => 'household-seen:{a}') };
my $r = made(GET => $A);
ok ref $r->{json}{presence}, 'the account has a presence';
ok @{ $r->{json}{$_} }, "and $_" for qw(home extra_members devices travel
    members learning outside_days malformed);
made(GET => $A, in => { account => 'nobody' });
made(GET => "$A/verdict", query => "?address=192.0.2.$_&device=phone") for 9, 8;
made(GET => "$A/verdict", query => '?address=198.51.100.7&at=' . $until);
made(GET => "$A/verdict", query => '?address=x');
made(GET => "$A/verdict", query => '?address=192.0.2.9&issued_at='
     . '2020-01-01T00:00:00Z');
wait_until { made(GET => '/1/status')->{json}{redis}[0]{up} };
made(GET => $_) for '/', '/1/', '/1/status', '/1/control';

# each write: made, and not made

for (@writes) {
    my ($method, $path, $body, $invalid) = @$_;
    my $of_account = $path =~ /^\Q$A/;

    account();
    my $r = made($method, $path, body => $body);
    cmp_ok $r->{status}, '<', 300, "$method $path" or diag $r->{body};
    made($method, $path, body => $body);     # a 404 of some

    account();
    made($method, $path, in => { account => '%0a' }, body => $body)
        if $of_account;
    made($method, $path, body => '{', type => 'application/json')
        if !$of_account;
    made($method, $path, body => $body, headers => [Origin => 'null']);
    made($method, $path, body => $body, at => 'read');
    made($method, $path, body => $body, headers => ['If-Match' => '"0"'])
        if $of_account;
    made($method, $path, body => ' ' x 65537, type => 'application/json');
    made($method, $path, body => '{}', type => 'text/plain');
    made($method, $path, body => $invalid) if $invalid;
    made($method, $path, in => { network => 'x' })
        if $method eq 'PUT' && $path =~ /network/;

    $redis->cmd(DEL => 'household:control');
    $redis->cmd(SET => 'household:control', 'x');
    made($method, $path, in => { account => 'w' }, body => $body);
}

made(GET => $A, in => { account => '%0a' });
made(GET => $_, in => { account => 'w' }, query => '?address=192.0.2.1')
    for $A, "$A/verdict", '/1/control';
made(PATCH => $A, body => { seats => 1 },
     type => 'application/merge-patch+json');
account();
made(PATCH => '/1/control', body => { mode => undef },
     type => 'application/merge-patch+json');

# import

my @line = (type => 'application/x-ndjson');
my $lines = join '', map { $json->encode($_) . "\n" }
    { account => 'a', home => ['192.0.2.1'], country => 'FR', seats => 1,
      extra_members => [{ seat => 's1', networks => 'learn',
                          until => undef }],
      devices => [{ device => 'tv', seen => $until, seat => 's1' }],
      travel => [{ device => '*', until => $until }] },
    { path => 'accounts/%FF', home => ['192.0.2.1'] },
    { account => 'a', home => ['x'] };
my @import = (POST => '/1/import', body => $lines, @line);

made(@import);
made(@import, query => '?dry_run=1');
made(@import, query => '?dry_run=x');
made(@import, headers => [Origin => 'null']);
made(@import, at => 'read');
made(@import, type => 'application/json');
made(POST => '/1/import', @line,
     body => qq({"account":"w","seats":1}\n) x 100);

# without Redis

$redis->kill9;
made(GET => $_, query => '?address=192.0.2.1')
    for $A, "$A/verdict", '/1/control';
made($_->[0], $_->[1], body => $_->[2]) for @writes;
made(@import);

my $file = temp_dir('openapi') . '/made.json';
open my $out, '>', $file or die "$file: $!\n";
print $out JSON::PP->new->latin1->encode(\@made);
close $out;

my @said = `$python t/tools/openapi.py docs/openapi.yaml $file 2>&1`;
my %ok = map { /^(not ok|ok) \d+ - (.*)/ ? ($2 => $1) : () } @said;

is $ok{$_} // 'not said', 'ok', $_
    for 'the document is valid', 'each answer is as the document says',
        'each status of the document was answered';
diag grep { !/^ok/ } @said;

# a validator that is not ours, by the schema of OpenAPI 3.1

SKIP: {
    my $why = Test::Household::Peers::missing();
    skip $why, 2 if $why;

    my $broken = temp_dir('openapi') . '/broken.yaml';
    my $text = slurp('docs/openapi.yaml');
    $text =~ s/^info:/infos:/m or die "no info\n";
    open my $out, '>', $broken or die "$broken: $!\n";
    print $out $text;
    close $out;

    my $validate = 'node ' . Test::Household::Peers::file(
        '@seriousme/openapi-schema-validator/bin/validate-api-cli.js');

    like scalar(`$validate docs/openapi.yaml 2>&1`), qr/"valid": true/,
        'the document is valid for another program';
    unlike scalar(`$validate $broken 2>&1`), qr/"valid": true/,
        'which sees a document that is not';
}

done_testing;

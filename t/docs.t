#!/usr/bin/perl

# The docs to the letter: the configurations of README, rollout.md and keys.md,
# with the commands beside them.  Only paths, addresses and the port are ours.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Api;
use Test::Household::Cat;
use Test::Household::Nginx ();
use Test::Household::Process qw(free_port slurp temp_dir wait_until);
use Test::Household::Redis;
use Test::Household::Token qw(new_key jwks put);
use Test::More;

# an nginx whose file is that of a page

package Test::Household::Docs {
    our @ISA = 'Test::Household::Nginx';

    sub configure {
        my ($self) = @_;

        open my $out, '>', "$self->{dir}/nginx.conf" or die "nginx.conf: $!\n";
        print $out $self->{text} =~ s/%DIR%/$self->{dir}/gr
                                 =~ s/%PORT%/$self->{port}/gr;
        close $out;
    }
}

my $keys = temp_dir('keys');
my $redis = Test::Household::Redis->new;
my $origin = Test::Household::Nginx->new(
    server => 'location / { return 200 "a playback token"; }');

my $python = (grep { !system "$_ -c 'import jwt, cryptography' 2> /dev/null" }
              'python3', '/usr/bin/python3')[0];


# the block of a page that begins with "# NAME"
sub block {
    my ($page, $name) = @_;
    my ($text) = slurp($page) =~ /^```\w*\n# \Q$name\E\n(.*?)^```/ms;

    return $text // die "$page: no block is called \"$name\"\n";
}


sub shell {
    my (@commands) = @_;

    open my $out, '>', "$keys/run.sh" or die "run.sh: $!\n";
    print $out map { s{/etc/nginx}{$keys}gr } @commands;
    close $out;

    my $said = `cd $keys && bash -eu run.sh 2>&1`;

    return is($?, 0, 'the commands work') ? $said : diag $said;
}


# the configuration of a page, as an nginx that runs
sub start {
    my ($page, $name, %opt) = @_;

    my $text = block($page, $name);
    my $module = Test::Household::Nginx::load_module();
    my $user = $> == 0 ? 'user root;' : '';

    my @paths = ('access_log %DIR%/access.log;',
                 map { "${_}_temp_path %DIR%/$_;" }
                 qw(client_body proxy fastcgi uwsgi scgi));

    $text =~ s{^load_module .*\n}{}m;
    $text =~ s{^user .*\n}{}m;
    $text =~ s{^worker_processes .*\n}{}m;
    $text =~ s{^(pid|error_log) .*\n}{}gm;
    $text =~ s{^ *ssl_certificate.*\n}{}gm;
    $text =~ s{listen +[^;]+;}{listen 127.0.0.1:%PORT%;};
    $text =~ s{/var/log/nginx/}{%DIR%/}g;
    $text =~ s{/etc/nginx/}{$keys/}g;
    $text =~ s{(10\.0\.0\.5|127\.0\.0\.1):6379}{$redis->address}e;
    $text =~ s{10\.0\.0\.6:6379}{'127.0.0.1:' . free_port()}e;
    $text =~ s{10\.0\.1\.10:8080}{127.0.0.1:$origin->{port}};
    $text =~ s{set_real_ip_from +\S+;}{set_real_ip_from 127.0.0.1;};
    $text =~ s/household_redis main \{/$& connect_timeout 5s; timeout 5s;/;
    $text =~ s{household +monitor;}{household on;} if $opt{on};
    $text =~ s/^http \{/join "\n", $&, @paths/me;

    return Test::Household::Docs->new(
        text => join("\n", $module ? "load_module $module;" : '', $user,
                     'worker_processes 1; pid %DIR%/nginx.pid;',
                     'error_log %DIR%/error.log info;', $text));
}


sub token { slurp("$keys/token") }

sub ask {
    my ($edge, $from, $token) = @_;

    return $edge->get('/playback/1', 'X-Forwarded-For' => $from,
        defined $token ? ('Cookie' => "playback=$token") : ());
}


# a first key set and token, by each of the ways

my %ways = (
    jose => ['jose: key', 'claims', 'jose: token'],
    openssl => ['openssl: key', 'claims', 'openssl: token'],
    python => ['openssl: key'],
);

for my $way (sort keys %ways) {

  SKIP: {
        skip 'no PyJWT', 6 if $way eq 'python' && !$python;

        unlink glob "$keys/*";
        shell(map { block('docs/keys.md', $_) } @{$ways{$way}});

        if ($way eq 'python') {
            open my $out, '>', "$keys/sign.py" or die "sign.py: $!\n";
            print $out block('docs/keys.md', 'python: token');
            close $out;
            system "cd $keys && $python sign.py";
        }

        $redis->cmd('FLUSHALL');

        my $edge = start('docs/keys.md', 'nginx.conf');
        my $get = sub {
            return $edge->get('/playback/1', @_)->{headers}
                   {'x-household-reason'};
        };
        my @bearer = (Authorization => 'Bearer ' . token());
        my @forged = (Authorization => 'Bearer ' . token() =~ s{(.)(.{9})\z}
                      {($1 eq 'A' ? 'B' : 'A') . $2}er);

        is $get->(@bearer), 'unregistered', "$way: an account without a home";
        $redis->cmd(SADD => 'household:{martin}', '127.0.0.1');
        is $get->(@bearer), 'home', "$way: at home";
        ok wait_until {
            $redis->cmd(HEXISTS => 'household:{martin}:account',
                        'device:living-room-tv')
        }, "$way: the device is known";
        is $get->(), 'token_missing', "$way: no token";
        is $get->(@forged), 'token_signature', "$way: a forged one";
        $edge->quit;
    }
}


# the whole edges: monitoring first, then enforcement

shell(block('docs/keys.md', 'hmac key'),
      "echo 'a long password' > /etc/nginx/household-redis.pass\n");

my ($acl) = slurp('docs/redis.md')
    =~ /^All of it, for standalone servers:\n\n```\n(.*?)```/ms
    or die "docs/redis.md: no access list\n";

shell($acl =~ s/redis-cli/"redis-cli -p $redis->{port}"/er);

for (['README.md', 'edge'], ['docs/rollout.md', 'monitor']) {
    my ($page, $name) = @$_;

    $redis->cmd('FLUSHDB');
    $redis->cmd(SADD => 'household:{martin}', '82.64.10.7');

    my $edge = start($page, $name);

    is ask($edge, '203.0.113.9', token())->{status}, 200,
        "$page: monitor lets an outside viewer pass" for 1 .. 3;
    is ask($edge, '203.0.113.9')->{status}, 200,
        "$page: monitor lets a viewer without a token pass";
    is ask($edge, '82.64.10.7', token())->{status}, 200, "$page: at home";

    ok wait_until {
        $redis->cmd(HEXISTS => 'household:{martin}:account',
                    'device:living-room-tv')
    }, "$page: the device is recorded, in monitor, too";

    my $log = "$edge->{dir}/household.log";
    ok wait_until { 5 == (() = slurp($log) =~ /\n/g) }, "$page: it logs";
    like slurp($log), qr/=MONITORED reason=outside pseudonym=[0-9a-f]{32} /,
        "$page: with a pseudonym";

    if ($name eq 'monitor') {
        my $count = block($page, 'count') =~ s{/var/log/nginx/\S+}{$log}r;

        is join('', sort split /^/, shell($count)) =~ s/^ +//gmr,
            "1 household=ALLOWED reason=home\n"
            . "1 household=MONITORED reason=outside\n"
            . "1 household=MONITORED reason=token_missing\n",
            "$page: households are counted, not requests";
    }

    $edge->quit;
    $redis->cmd(DEL => 'household:{martin}:account');
    $edge = start($page, $name, on => 1);

    my $r = ask($edge, '203.0.113.9', token());

    is $r->{status}, 403, "$page: on denies";
    like $r->{body}, qr{"url":"https://www\.example\.tv/household"},
        "$page: with the offer";
    is ask($edge, '203.0.113.9')->{status}, 401, "$page: and wants a token";
    is ask($edge, '82.64.10.7', token())->{status}, 200, "$page: but at home";
    ok wait_until {
        $redis->cmd(HEXISTS => 'household:{martin}:account',
                    'device:living-room-tv')
    }, "$page: a visit at home";
    ok wait_until {
        ask($edge, '203.0.113.9', token())->{status} == 200
    }, "$page: and then the device travels";
    $edge->quit;
}


# docs/privacy.md: old devices are deleted, those seen lately anywhere are not

my ($now, $then) = (time, time - 50 * 86400);

$redis->cmd(HSET => 'household:{martin}:account', 'device:old' => $then,
            'device:of a seat' => "$then\@s1", 'device:new' => $now,
            'device:both' => "$then:$now\@s1", 'device:neither' => 'soon',
            'device:gone' => "$then:$then\@s1", country => 'FR');
$redis->cmd(HSET => 'household-device:{martin}', old => $then, new => $now);

shell(block('docs/privacy.md', 'old devices')
      =~ s/redis-cli/redis-cli -p $redis->{port}/gr);

is_deeply [sort @{ $redis->cmd(HKEYS => 'household:{martin}:account') }],
    [qw(country device:both), 'device:living-room-tv',
     qw(device:neither device:new)],
    'docs/privacy.md: the devices that are deleted';
is_deeply [sort @{ $redis->cmd(HKEYS => 'household-device:{martin}') }],
    ['new'], 'docs/privacy.md: and their later times';


# the users that docs/api.md gives the API: one that reads, one that writes

my @desk = slurp('docs/api.md')
    =~ /^```\n(redis-cli ACL SETUSER desk .*?)```/msg;

for my $may (@desk) {
    $redis->cmd('FLUSHALL');
    $redis->cmd(SADD => 'household:{martin}', '82.64.10.7');
    shell($may =~ s/redis-cli/"redis-cli -p $redis->{port}"/er);

    my $edge = Test::Household::Nginx->new(
        http => 'household_redis desk { server ' . $redis->address
            . '; connect_timeout 5s; timeout 5s; user desk; '
            . "password_file $keys/household-redis.pass; }",
        server => 'location /api/ { household_api desk write; }');
    my $api = Test::Household::Api->new($edge, '/api');
    my $writes = $may =~ /\+evalsha/;
    my $r = $api->get('accounts/martin');

    is_deeply [$r->{status}, exists $r->{json}{presence}], [200, 1],
        'docs/api.md: an account, with its presence';

    my @status = map { $api->call(@$_)->{status} }
        [PUT => 'accounts/martin/home/192.0.2.1'],
        [PUT => 'accounts/martin/extra-members/s1',
         { networks => ['198.51.100.7'], until => undef }],
        [DELETE => 'accounts/martin'];

    is_deeply [map { int $_ / 100 } @status],
        $writes ? [2, 2, 2] : [5, 5, 5],
        $writes ? 'is changed, and erased' : 'is not changed';
}


# every other configuration of the docs is one: each statement is put where it
# belongs, with what it needs from elsewhere

open my $cdniip, '>', "$keys/cdniip.jwks" or die "cdniip.jwks: $!\n";
print $cdniip '{"keys":[{"kty":"oct","k":"', 'A' x 22, '"}]}';
close $cdniip;

open my $edge, '>', "$keys/edge.jwks" or die "edge.jwks: $!\n";
print $edge '{"keys":[{"kty":"oct","k":"', 'A' x 43, '"}]}';
close $edge;

system "cd $keys && openssl req -x509 -newkey rsa:2048 -nodes -days 2"
    . ' -subj /CN=redis -keyout ca.key -out redis-ca.pem 2> ca.log';

my $http = qr/map|geo|log_format|household_(?:redis|zone|hmac_key|policy)|resolver|server
              |upstream/x;
my $in_redis = qr/server|sentinel|master|read_from|tracking|ssl\w*/;


sub statements {
    my ($text) = @_;
    my @statements;

    $text =~ s/^ *\.\.\.\n//gm;
    $text =~ s{/etc/nginx/}{$keys/}g;
    $text =~ s{/var/log/nginx/}{$keys/}g;

    while ($text =~ /\G(?:\s+|\#.*\n)*+((?:[^;{}"'\\]|"[^"]*"|'[^']*')*
                     (?:;|(\{(?:\#.*\n|[^{}"'\#]|"[^"]*"|'[^']*'|(?2))*\})))
                    /gx) {
        push @statements, $1;
    }

    return @statements;
}


sub good {
    my ($text) = @_;
    my @all = statements($text);
    my %in = map { $_ => '' } qw(http server location redis);

    for (@all) {
        my ($name) = /^(\w+)/;

        next if $name eq 'household_geoip';    # see t/geoip.t

        my $block = /\{/;
        my $where = $name =~ /^$in_redis$/ && !$block ? 'redis'
                    : $name =~ /^$http$/ ? 'http'
                    : $name eq 'location' ? 'server' : 'location';

        $in{$where} .= "$_\n";
    }

    my $all = join "\n", @all;
    my $master = $in{redis} =~ /sentinel|server/ ? '' : 'server 127.0.0.1:1;';

    $in{http} .= "household_redis main { $master $in{redis} }"
        if $all !~ /household_redis main/;
    $in{http} .= 'household_policy tighter { }'
        if $all =~ /household_shadow tighter/ && $all !~ /household_policy/;
    $in{http} .= 'household_zone zone=households:1m;'
        if $all !~ /household_zone/;
    $in{http} .= "household_hmac_key $keys/household-hmac.key;"
        if $all !~ /household_hmac_key/;
    $in{http} .= 'resolver 127.0.0.1;' if $all !~ /resolver/;
    $in{http} .= 'upstream tokens { server 127.0.0.1:1; }';

    my $account = join ' ', $all =~ /household_store main/ ? ()
                                : 'household_store main zone=households;',
                            $all =~ /^household_(account|token) /m ? ()
                                : 'household_account $arg_account;';

    $account .= "household_token_key $keys/playback.jwks;"
        if $all =~ /household_token / && $all !~ /household_token_key/;

    my $mode = $all =~ /^household /m ? '' : 'household monitor;';

    my $edge = Test::Household::Nginx->new(start => 0,
        http => $in{http} . $account,
        server => 'set $device_id ""; set $issued_at "";'
                  . "$in{server} location /this { $mode $in{location} }");

    return $edge->test;
}


for my $page ('README.md', sort glob 'docs/*.md') {
    my $text = slurp($page);

    while ($text =~ /^```nginx\n(.*?)^```/gms) {
        my $block = $1;
        my $line = 1 + (() = substr($text, 0, $-[0]) =~ /\n/g);

        next if $block =~ /^http \{/m;

        my ($good, $said) = good($block);

        ok $good, "$page:$line" or diag $said;
    }
}



# docs/cat.md: JWT and CAT side by side, and without the line of the JWT

my $signer = new_key('ES256');
my %issuer = (jwt => { iss => 'https://id.example.tv', sub => 'martin' },
              cat => { 1 => 'https://id.example.tv', 2 => 'martin' });
my ($side) = grep { /bearer cat/ }
             slurp('docs/cat.md') =~ /^```nginx\n(.*?)^```/gms;
put("$keys/side.jwks", jwks($signer));

$side =~ s{/etc/nginx/playback\.jwks}{$keys/side.jwks}g;

my $later = $side =~ s/^household_token_key (?!.*format=cat).*\n//mr;

$redis->cmd(SADD => 'household:{martin}', '127.0.0.1');

my $both = Test::Household::Nginx->new(
    http => Test::Household::Nginx::http_config(server => $redis->address)
        . 'household_store main;'
        . 'add_header X-Reason $household_reason always;',
    server => "location / { household on; $side empty_gif; }"
        . "location /later { household on; $later empty_gif; }");

my @jwt = (Authorization => 'Bearer ' . token_of('jwt'));
my @cat = ('CTA-Common-Access-Token' => token_of('cat'));

sub token_of {
    my ($format) = @_;
    return $format eq 'jwt'
           ? Test::Household::Token::token($signer, $issuer{jwt})
           : cat($signer, $issuer{cat});
}

for (['/', 'both formats: a JWT', 'home', @jwt],
     ['/', 'both formats: a CAT', 'home', @cat],
     ['/', 'both formats: one of each', 'token_conflict', @jwt, @cat],
     ['/later', 'the new format: a CAT', 'home', @cat],
     ['/later', 'the new format: a JWT', 'token_issuer', @jwt]) {
    my ($path, $name, $reason, @headers) = @$_;
    is $both->get($path, @headers)->{headers}{'x-reason'}, $reason,
        "docs/cat.md: $name";
}

done_testing;

#!/usr/bin/perl

# TLS to Redis: who is believed, what the log says of who is not, and that
# nothing is left hanging.

use strict;
use warnings;

use lib 't/lib';
use IO::Socket::INET;
use Test::More;
use Test::Household::Ca;
use Test::Household::NameServer;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until free_port);
use Test::Household::Redis;

my $home = '82.64.10.7';
my $ca = Test::Household::Ca->new('ours');
my $other = Test::Household::Ca->new('theirs');
my ($cert, $key) = $ca->issue('redis.example',
                              'DNS:redis.example,IP:127.0.0.1');
my ($client_cert, $client_key) = $ca->issue('edge');
my $trust = 'ssl on; ssl_trusted_certificate ' . $ca->file . ';';
my $times = 'connect_timeout 2s; timeout 2s;';


# a Redis that speaks TLS at one port, and to the test at another
sub redis {
    my ($crt, $key, $auth) = @_;
    my $port = free_port();

    my $redis = Test::Household::Redis->new(config => join "\n",
        "tls-port $port", "tls-cert-file $crt", "tls-key-file $key",
        'tls-ca-cert-file ' . $ca->file,
        'tls-auth-clients ' . ($auth || 'no'));
    $redis->{tls} = "127.0.0.1:$port";
    $redis->cmd(SADD => 'household:{42}', $home);
    return $redis;
}

sub edge {
    my ($address, $text) = @_;
    return Test::Household::Nginx->new(server => location('/t'),
        http => http_config(server => $address, redis => $text));
}

sub reason {
    my ($edge, $account) = @_;
    $account //= 42;
    return $edge->get("/t?account=$account", 'X-Forwarded-For' => $home)
                ->{headers}{'x-reason'};
}

sub is_up {
    my ($edge, $name) = @_;
    my $got;
    wait_until { ($got = reason($edge)) eq 'home' };
    is $got, 'home', $name;
}

sub is_down {
    my ($edge, $re, $name) = @_;
    ok wait_until { reason($edge) eq 'unavailable' && $edge->log =~ $re },
        $name or diag $edge->log;
}

my $redis = redis($cert, $key);


# whom it believes

{
    my $edge = edge($redis->{tls}, "$trust $times");
    is_up $edge, 'the address is in the certificate';
    is reason($edge, 'nobody'), 'unregistered', 'and more is asked over it';

    # a large record, in many records of TLS, and many at once
    $redis->cmd(SADD => 'household:{big}', $home,
                map { "10.0.0.$_" } 1 .. 40);
    $redis->cmd(HSET => 'household:{big}:account',
                map { ("unknown-$_" => 'x' x 1000) } 1 .. 60);
    is reason($edge, 'big'), 'home', 'a reply of 60 KB';

    my @conns = map { my $c = $edge->connect;
                      $c->send_request(GET => "/t?account=big&n=$_",
                                       'X-Forwarded-For' => $home); $c } 1 .. 50;
    is scalar(grep { $_->response->{headers}{'x-reason'} eq 'home' } @conns),
        50, 'fifty at once';

    $redis->stop;
    is_down $edge, qr/server down: connect\(\) failed/, 'a Redis that stops';
    $redis->start;
    $redis->cmd(SADD => 'household:{42}', $home);
    is_up $edge, 'and comes back';
}

is_up edge($redis->{tls}, "$trust $times ssl_name redis.example;"),
    'a name by ssl_name';
is_up edge($redis->{tls}, "$trust $times ssl_name redis.example.;"),
    'a name with a trailing dot by ssl_name';

# an absolute name: what is asked for, and checked, is without the dot

{
    my $dns = Test::Household::NameServer->new('127.0.0.1');
    my ($port) = $redis->{tls} =~ /:(\d+)/;
    my $edge = Test::Household::Nginx->new(server => location('/t'),
        http => "resolver 127.0.0.1:$dns->{port} ipv6=off;"
            . http_config(server => "redis.example.:$port resolve",
                          redis => "$trust $times"));
    is_up $edge, 'a name with a trailing dot';
}
is_up edge($redis->{tls}, "ssl on; ssl_verify off; $times"),
    'nobody is verified with ssl_verify off';
is_up edge($redis->{tls}, "$trust $times ssl_protocols TLSv1.2;
    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256;"), 'TLS 1.2 and a cipher';


# the cause of a failure is not that of an earlier one

{
    my ($crt, $crt_key) = $other->issue('redis.example', 'IP:127.0.0.1');
    my $theirs = redis($crt, $crt_key);
    my $edge = edge($theirs->{tls}, "$trust $times");
    is_down $edge, qr/server down: TLS: /, 'a certificate of another CA';
    $theirs->stop;
    is_down $edge, qr/server down: connect\(\) failed/, 'and then no server';
}


# a connection that is made again is the same session

for my $version ('TLSv1.2', 'TLSv1.3') {
    my $edge = Test::Household::Nginx->new(server => location('/t'),
        log_level => 'debug', http => http_config(server => $redis->{tls},
            redis => "$trust $times ssl_protocols $version;"));
    is_up $edge, "$version: well";

    my $nginx = `$Test::Household::Nginx::Binary -V 2>&1`;

    SKIP: {
        skip 'nginx has no debugging log', 3 if $nginx !~ /--with-debug/;
        unlike $edge->log, qr/SSL reused session/, "$version: a new session";
        $redis->cmd(CLIENT => KILL => TYPE => 'normal', SKIPME => 'yes');
        is_up $edge, "$version: well again";
        ok $edge->wait_log(qr/SSL reused session/), "$version: the same one";
    }
}


# whom it does not

is_down edge($redis->{tls}, "ssl on; ssl_trusted_certificate "
        . $other->file . "; $times"),
    qr/server down: TLS: certificate verify failed: (?:unable to get|self.signed)/,
    'a certificate of another CA';

is_down edge($redis->{tls}, "$trust $times ssl_name other.example;"),
    qr/server down: TLS: certificate does not match "other.example"/,
    'a certificate for another name';

{
    my $old = redis($ca->issue('old', 'IP:127.0.0.1', expired => 1));
    my $edge = edge($old->{tls}, "$trust $times");
    is_down $edge, qr/TLS: certificate verify failed: certificate has exp/,
        'a certificate that has expired';
    is scalar(() = $edge->log =~ /server down/g), 1, 'which is logged once';
}

{
    my $strict = redis($cert, $key, 'yes');
    is_down edge($strict->{tls}, "$trust $times"),
        qr/TLS: .*certificate required/,
        'a Redis that wants a certificate of the edge';
    is_up edge($strict->{tls}, "$trust $times ssl_certificate $client_cert;
        ssl_certificate_key $client_key;"), 'and gets one';
}

is_down edge($redis->address, "$trust $times"),
    qr/server down: (?:TLS|connection closed|timed out)/,
    'a Redis that does not speak TLS';
is_down edge($redis->{tls}, $times), qr/server down: (?:connection|timed|invalid|recv|TLS)/, 'and one that expects it';


# one that accepts, and closes or is silent within the handshake

for my $silent (0, 1) {
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => 0, Listen => 16) or die;
    my $pid = fork;

    if (!$pid) {
        alarm 60;
        my @kept;
        while (my $client = $listen->accept) {
            sysread $client, my $hello, 5;
            push @kept, $client if $silent;
        }
        POSIX::_exit(0);
    }

    my $edge = edge('127.0.0.1:' . $listen->sockport,
                    "$trust connect_timeout 300ms; timeout 1s;");
    is_down $edge, $silent
            ? qr/server down: TLS handshake timed out/
            : qr/server down: (?:connection closed by peer during TLS|TLS)/,
        $silent ? 'a peer that is silent in the handshake'
                : 'a peer that closes in the handshake';

    # nothing is left open but what is being tried now
    my ($worker) = $edge->workers;
    my @fds = grep { (readlink // '') =~ /^socket/ } glob "/proc/$worker/fd/*";
    cmp_ok scalar(@fds), '<', 8, 'and no connection is left behind';

    $edge->quit;
    ok !$edge->pid, 'nginx quits';
    kill 'KILL', $pid;
    waitpid $pid, 0;
}


# what cannot be configured

for my $case (
    ['ssl on;', qr/"ssl on" requires "ssl_trusted_certificate"/],
    ['ssl on; ssl_trusted_certificate /nonexistent;', qr/nonexistent/],
    ["$trust ssl_certificate $client_cert;", qr/require each other/],
    ["$trust ssl_certificate_key $client_key;", qr/require each other/],
    ["$trust ssl_certificate $client_cert; ssl_certificate_key $key;",
     qr/key values mismatch/],
    ["$trust ssl_protocols TLSv9;", qr/invalid value "TLSv9"/],
    ["$trust ssl_ciphers none-such;", qr/SSL_CTX_set_cipher_list/],
    ["$trust ssl_verify_depth x;", qr/invalid number/],
    ["$trust ssl_crl /nonexistent;", qr/nonexistent/],
    ['ssl maybe;', qr/it must be "on" or "off"/],
    ['ssl on; ssl on;', qr/"ssl" directive is duplicate/],
    ["$trust ssl_verify perhaps;", qr/it must be "on" or "off"/],
    ["$trust ssl_name a b;", qr/invalid number of arguments in "ssl_name"/],
) {
    my ($text, $re) = @$case;
    my $edge = Test::Household::Nginx->new(server => location('/t'),
        start => 0, allow => qr/emerg/, http => http_config(server => $redis->{tls},
                                        redis => $text));
    my ($good, $said) = $edge->test;
    ok !$good && $said =~ $re, "refused: $text" or diag $said;
}

{
    my $edge = Test::Household::Nginx->new(server => location('/t'),
        start => 0, allow => qr/emerg/, http => http_config(server => 'unix:/tmp/none.sock',
                                        redis => $trust));
    my ($good, $said) = $edge->test;
    ok !$good && $said =~ /"ssl_name" is required/,
        'refused: a socket without ssl_name' or diag $said;
}

done_testing;

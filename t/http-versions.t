#!/usr/bin/perl

# HTTP/2 and HTTP/3: many accounts and many addresses on one connection, an
# address that changes with the connection (RFC 9000, 9), the host of a token's
# URI, and the same answers as in HTTP/1.1.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Ca;
use Test::Household::Cat;
use Test::Household::FakeRedis;
use Test::Household::Http2;
use Test::Household::Nginx;
use Test::Household::Process qw(wait_until free_port slurp temp_dir);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;

my $version = `$Test::Household::Nginx::Binary -V 2>&1`;
my %has = map { $_ => scalar($version =~ /http_v${_}_module/) } 2, 3;
my %port = map { $_ => free_port() } 2, 3;

# a0 to a119 are at home at 127.0.0.1, b0 to b119 are at home at 127.0.0.2
my @numbers = 0 .. 119;
my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => "household:{a$_}", '127.0.0.1') for @numbers;
$redis->cmd(SADD => "household:{b$_}", '127.0.0.2') for @numbers;
$redis->cmd(SADD => 'household:{a}', '127.0.0.1');

my $fake = Test::Household::FakeRedis->new(unix => 1,
    data => { map { ("household:{$_}" => ['127.0.0.1']) } 'a' .. 'z' },
    handler => sub {
        my ($conn, @command) = @_;
        return "@command" eq 'HGETALL household:control' ? ["*0\r\n"] : undef;
    });

my $dir = temp_dir('versions');
my $key = new_key('ES256');
my $edge = new_key('HS256', kid => 'edge');
put("$dir/keys", jwks($key));
put("$dir/edge", jwks($edge));
put("$dir/film", join '', 0 .. 9);

my $guarded = <<"EOC";
    location / { household on; empty_gif; }
    location /fake { household on; household_store fake; empty_gif; }
    location /film {
        household on;
        alias $dir/film;
    }
    location /post {
        household on;
        household_store fake;
        proxy_pass http://unix:$dir/origin.sock;
    }
    location /page {
        household on;
        household_offer default url=https://tv.example/offer;
        empty_gif;
    }
    location /cdni {
        household on;
        household_token bearer;
        household_token_key $dir/keys;
        empty_gif;
    }
    location /cat {
        household on;
        household_token cat;
        household_token_key $dir/keys format=cat;
        empty_gif;
    }
    location /renew {
        household on;
        household_token \$arg_URISigningPackage \$cookie_URISigningPackage;
        household_token_key $dir/keys;
        household_token_renew $dir/edge max=1h;
        add_header Set-Cookie \$household_token_cookie;
        empty_gif;
    }
    location /error {
        household on;
        error_page 403 = /told;
        empty_gif;
    }
    location = /told { return 200 "told \$household_reason"; }
    location /metrics { household_metrics; }
EOC

my ($cert, $secret) = Test::Household::Ca->new->issue('localhost',
                                                      'DNS:localhost');
my $h2c_port = free_port();
my $http2 = $has{2} ? "server { listen 127.0.0.1:$h2c_port http2; $guarded }"
                    : '';
my $quic = $has{3} ? "listen 127.0.0.1:$port{3} quic;" : '';
my $h2 = $has{2} ? 'http2' : '';

my $nginx = Test::Household::Nginx->new(server => $guarded, http => <<"EOC");
log_format verdict '\$status \$household_reason \$remote_addr \$who';
access_log verdict.log verdict;
map \$request_uri \$who { ~account=(?<name>\\w+) \$name; }
household_zone zone=households:1m;
household_redis main {
    server ${\$redis->address}; connect_timeout 20s; timeout 20s;
}
household_redis fake {
    server ${\$fake->address}; connect_timeout 20s; timeout 20s;
}
household_store main zone=households;
household_account \$who;
set_real_ip_from 127.0.0.0/8;
real_ip_header X-Forwarded-For;
keepalive_requests 100000;
add_header X-Status \$household_status always;
add_header X-Reason \$household_reason always;
add_header X-Account \$household_account always;
server { listen unix:$dir/origin.sock; access_log off; return 200 "posted"; }
server {
    listen 127.0.0.1:$port{3} ssl $h2;
    $quic
    ssl_certificate $cert;
    ssl_certificate_key $secret;
    $guarded
}
$http2
EOC

my ($worker) = $nginx->workers;
$port{2} = $h2c_port;

sub logged { slurp("$nginx->{dir}/verdict.log", $_[0]) }
sub logged_mark { -s "$nginx->{dir}/verdict.log" || 0 }


# --- clients that do what others do not ---------------------------------------

for my $v (2, 3) {
    SKIP: {
        skip "no http_v${v}_module", 1 if !$has{$v};

        # by a package that only the tests of HTTP/3 need
        require Test::Household::Http3 if $v == 3;

        my $client = "Test::Household::Http$v"->new($port{$v});
        streams("HTTP/$v", $client);
        host("HTTP/$v", $client, $v == 3 ? 'https' : 'http');
        cookies($client) if $v == 3;
        $client->close;
        moves() if $v == 3;
    }
}

sub streams {
    my ($name, $client) = @_;
    my @kinds = qw(a b);

    # the address is that of a header field, another one for each stream
    my @ids = map {
        my $n = $_;
        map { $client->request("/?account=$kinds[$n % 2]$n",
                               'x-forwarded-for' => "127.0.0.$_") } 1, 2
    } @numbers[0 .. 49];

    is_deeply [map { $client->status($_) } @ids],
        [map { $_ % 2 ? (403, 200) : (200, 403) } @numbers[0 .. 49]],
        "$name: 100 streams, 50 accounts, two addresses";

    # in turn, where the verdict is remembered
    is_deeply [map { $client->status($client->request('/?account=a1',
                   'x-forwarded-for' => "127.0.0.$_")) } (1, 2) x 5],
        [(200, 403) x 5], "$name: one account, two addresses in turn";
}

sub host {
    my ($name, $client, $scheme) = @_;

    for (['localhost:8443', 'localhost:8443', 200],
         ['localhost:8443', 'localhost:8444', 401],
         ['localhost:8443', 'localhost', 401],
         ['localhost', 'localhost', 200])
    {
        my ($authority, $signed, $status) = @$_;
        my $url = $signed =~ s/\./[.]/gr;
        my $cdni = token($key, { cdniv => 1,
                                 cdniuc => "regex:$scheme://$url/cdni" });

        is $client->status($client->request('/cdni',
               ':authority' => $authority,
               authorization => "Bearer $cdni")), $status,
            "$name: $authority, a URI of $signed";

        my ($host, $port) = split /:/, $signed;
        my $cat = cat($key, { 312 => { 1 => { 0 => $host },
                                       2 => { 0 => ctext($port // '') } } });

        is $client->status($client->request('/cat',
               ':authority' => $authority,
               'cta-common-access-token' => $cat)), $status,
            "$name: $authority, a CAT for $signed";

        $cat = cat($key, { 315 => { Host => { 0 => $signed } } });

        is $client->status($client->request('/cat',
               ':authority' => $authority,
               'cta-common-access-token' => $cat)), $status,
            "$name: $authority, a CAT for the field Host: $signed";
    }
}

# which are fields of their own (RFC 9114, 4.2.1)
sub cookies {
    my ($client) = @_;
    my $token = token($key);

    is $client->status($client->request('/renew', cookie => 'a=1',
           cookie => "URISigningPackage=$token", cookie => 'b=2')), 200,
        'HTTP/3: a token among cookies';
}

# nginx gives up an address that has not answered for seconds: then, again
sub patient (&) {
    my ($try) = @_;
    my @statuses;

    for (1 .. 5) {
        @statuses = eval { $try->() };
        last if @statuses && !grep { !defined } @statuses;
        diag "again: $@";
    }

    return \@statuses;
}

sub moves {
    my $log = logged_mark();
    my @at = ('127.0.0.1', '127.0.0.2');

    for my $from (0, 1) {
        my ($former, $present) = @at[$from, 1 - $from];

        # one who is at home at the first address, and one at the second
        my @before = (200, 403)[$from, 1 - $from];
        my @after = reverse @before;

        is_deeply patient {
            my $client = Test::Household::Http3->new($port{3}, $former);
            my @get = map { "/?account=${_}2" } qw(a b a b);
            my @statuses = map { $client->status($client->request($_)) } @get;

            $client->move($present);
            push @statuses,
                map { $client->status($client->request($_)) } @get;
            $client->close;
            return @statuses;
        }, [@before, @before, @after, @after],
            "HTTP/3: the address changes to $present";
    }

    my %times;
    wait_until {
        %times = ();
        $times{$_}++ for grep { / a2$/ } split /\n/, logged($log);
        ($times{'200 home 127.0.0.1 a2'} // 0) >= 4
            && ($times{'403 outside 127.0.0.2 a2'} // 0) >= 4;
    };
    is_deeply [sort keys %times],
        ['200 home 127.0.0.1 a2', '403 outside 127.0.0.2 a2'],
        'HTTP/3: the log has the address of the verdict';

    # while it waits: its address is the one that it came from
    is_deeply patient {
        my $client = Test::Household::Http3->new($port{3});

        $fake->behave('hold');
        my $asked = $fake->count('SMEMBERS');
        my $here = $client->request('/fake?account=c');
        wait_until { $fake->count('SMEMBERS') > $asked }
            or die "no lookup\n";
        $client->move('127.0.0.2');
        my $there = $client->request('/fake?account=d');
        wait_until { $fake->count('SMEMBERS') > $asked + 1 }
            or die "no lookup\n";
        $fake->release;
        $fake->behave('normal');

        my @statuses = map { $client->status($_) } $here, $there;
        $client->close;
        return @statuses;
    }, [200, 403],
        'HTTP/3: of two that wait, the first has the former address';

    $fake->release;
    $fake->behave('normal');
}


# --- the same answers in all versions -----------------------------------------

my $curl = `curl -V 2>/dev/null`;
my %curl = (2 => scalar($curl =~ /HTTP2/), 3 => scalar($curl =~ /HTTP3/));

my %option = (1 => '--http1.1', 2 => '--http2', 3 => '--http3-only');

# the answer as text: the status, and what does not depend on time or version
sub answer {
    my ($v, @arguments) = @_;

    my @command = ('curl', '-s', '-k', '-i', '-m', 300, '--noproxy', '*',
                   $option{$v}, @arguments);
    $command[-1] = "https://localhost:$port{3}$command[-1]";

    open my $out, '-|', @command or die "curl: $!\n";
    my $text = do { local $/; <$out> } // '';
    close $out;

    # an interim response is not compared
    $text =~ s/\AHTTP\/[\d.]+ 100\b.*?\r\n\r\n//s;
    $text =~ s/\AHTTP\/([\d.]+) (\d+)[^\r\n]*/$2/ or return "none: $text";
    return "HTTP/$1" if int $1 != $v;

    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    my ($status, @fields) = split /\r\n/, $head;

    # fields of the connection, of time, and the case of names
    @fields = sort map { s/\A([^:]+)/lc $1/er }
        grep { !/\A(?:date|server|connection|transfer-encoding|keep-alive
                    |alt-svc|last-modified|etag):/ix } @fields;
    s/(URISigningPackage)=[^;]+/$1=.../ for @fields;
    s/Max-Age=\d+/Max-Age=.../ for @fields;

    return join "\n", $status, @fields, '', $body // '';
}

my $token = token($key, { cdnistt => 1, cdniets => 60,
                          exp => time + 3600 });
my $alpn = sub { cat($key, { 314 => [map { cbytes($_) } @_] }) };

my @requests = (
    ['at home', qr/\A200\n.*x-reason: home/s, '/?account=a1'],
    ['outside', qr/\A403\n.*x-reason: outside/s, '/?account=b1'],
    ['a problem', qr/\A403\n.*application\/problem\+json.*"reason"/s,
     -H => 'Accept: application/problem+json', '/?account=b1'],
    ['a problem, HEAD', qr/\A403\n.*application\/problem\+json.*\n\n\z/s,
     '-I', -H => 'Accept: application/problem+json', '/?account=b1'],
    ['a redirect', qr/\A303\n.*location: https:\/\/tv.example\/offer/s,
     -H => 'Accept: text/html', '/page?account=b1'],
    ['HEAD', qr/\A403\n.*\n\n\z/s, '-I', '/?account=b1'],
    ['a preflight', qr/\A204\n/, -X => 'OPTIONS',
     -H => 'Origin: https://tv.example',
     -H => 'Access-Control-Request-Method: GET', '/?account=b1'],
    ['a range', qr/\A206\n.*content-range: bytes 2-4\/10.*\n\n234\z/s,
     -r => '2-4', '/film?account=a1'],
    ['a range, outside', qr/\A403\n/, -r => '2-4', '/film?account=b1'],
    ['a body', qr/\A200\n.*\n\nposted\z/s, -d => 'x' x 100000,
     '/post?account=a'],
    ['a body, outside', qr/\A403\n/, -d => 'x' x 100000, '/post?account=A'],
    ['Expect', qr/\A200\n.*\n\nposted\z/s, -H => 'Expect: 100-continue',
     -d => 'x' x 100000, '/post?account=b'],
    ['an error page', qr/\A200\n.*\n\ntold outside\z/s, '/error?account=b1'],
    ['no token', qr/\A401\n.*www-authenticate: Bearer/s, '/cdni'],
    ['a token that is renewed', qr/\A200\n.*set-cookie: .*; Secure/s,
     "/renew?URISigningPackage=$token"],
    ['a token for another protocol', qr/\A401\n.*token_/s,
     -H => 'CTA-Common-Access-Token: ' . $alpn->('spdy/1'), '/cat'],
    ['a token for these protocols', qr/\A200\n/,
     -H => 'CTA-Common-Access-Token: ' . $alpn->(qw(http/1.1 h2 h3)),
     '/cat'],
);

my %first;

for my $v (1, 2, 3) {
    SKIP: {
        skip "no http_v${v}_module", 1 if $v > 1 && !$has{$v};
        skip "no curl with HTTP/$v", 1 if $v > 1 && !$curl{$v};

        for (@requests) {
            my ($name, $expected, @arguments) = @$_;
            my $answer = answer($v, @arguments);

            like $answer, $expected, "HTTP/$v: $name";
            is $answer, $first{$name} //= $answer,
                "HTTP/$v: $name, as in HTTP/1.1" if $v > 1;
        }
    }
}


is_deeply [$nginx->workers], [$worker], 'it is the same worker all the time';
$nginx->quit;
is $nginx->{status}, 0, 'it quits';

done_testing;

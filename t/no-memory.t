#!/usr/bin/perl

# Each allocation that a worker process makes for a request fails in its turn,
# those of jansson and OpenSSL among them: no crash, nothing that is not so, and
# nothing of it is kept.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Api;
use Test::Household::Cat;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(temp_dir wait_until);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;

my $preload = ($ENV{BUILD} || 'build') . '/strain/nomem.so';

plan skip_all => 'another allocator' if $ENV{TEST_NGINX_USE_VALGRIND}
    || `$Test::Household::Nginx::Binary -V 2>&1` =~ /-fsanitize=address/;
plan skip_all => "no $preload: make build-strain" if !-e $preload;

my $home = '82.64.10.7';
my $dir = temp_dir('no-memory');
my $redis = Test::Household::Redis->new(unix => 1);

# longer than what jansson has memory for at first
my $network = '2001:db8:1234:5678:9abc:def0:1234:5678/128';
my $n = 0;

sub account {
    my $account = sprintf 'account-of-many-characters-%08d', ++$n;
    $redis->cmd(SADD => "household:{$account}", $home);
    return $account;
}

my %key = map { $_ => new_key($_, kid => "the-key-of-an-issuer-$_") }
          qw(HS256 ES256);
put("$dir/keys", jwks(values %key));


# --- the numbers of nomem.c ----------------------------------------------------

put("$dir/nomem", "\0" x 32);
open my $nomem, '+<:raw', "$dir/nomem" or die "nomem: $!\n";

sub set {
    my ($pid, @numbers) = @_;

    sysseek $nomem, 8, 0;
    syswrite $nomem, pack 'Q*', @numbers, 0 if @numbers;
    sysseek $nomem, 0, 0;
    syswrite $nomem, pack 'Q', $pid;
}

sub allocations {
    sysseek $nomem, 24, 0;
    sysread $nomem, my $bytes, 8;
    return unpack 'Q', $bytes;
}

my $nginx = do {
    local @ENV{qw(NOMEM LD_PRELOAD)} = ("$dir/nomem", $preload);

    Test::Household::Nginx->new(
        allow => qr/\[emerg\] .*(?:malloc|memalign)\(/,
        http => http_config(server => $redis->address, zone => '1m')
                . 'household_store main zone=households;',
        server => <<"EOC");
location /record {
    household on;
    household_account \$arg_account;
    add_header X-Reason \$household_reason always;
    empty_gif;
}
location /token {
    household on;
    household_token bearer;
    household_token_key $dir/keys;
    add_header X-Reason \$household_reason always;
    add_header X-Account \$household_account always;
    empty_gif;
}
location /cat {
    household on;
    household_token cat;
    household_token_key $dir/keys format=cat;
    add_header X-Reason \$household_reason always;
    add_header X-Account \$household_account always;
    empty_gif;
}
location /api/ { household_api main write; client_max_body_size 0; }
location /status { household_metrics zone=households; }
EOC
};

my $api = Test::Household::Api->new($nginx, '/api');


# --- what a client is told -----------------------------------------------------

# no status if nginx has closed the connection

sub told {
    my ($r, @more) = @_;
    my $h = $r ? $r->{headers} : {};
    return join ' ', $r ? $r->{status} : 'closed', map { $_ // '-' } @more,
        map { $h->{$_} // () } 'x-reason', 'x-account';
}

sub get { my @request = @_; return eval { $nginx->get(@request) } }

sub by_token {
    my ($path, $account, @headers) = @_;
    my $told = told(get($path, 'X-Forwarded-For' => $home, @headers));
    return $told =~ s/ \Q$account\E\z/ whole/r;
}

sub networks {
    my ($account) = @_;
    return join ',', sort @{ $redis->cmd(SMEMBERS => "household:{$account}") };
}

# what is done for a new account, and every way that it may end

my $short = qr/closed|500|(?:200|500) unavailable/;

my @kinds = (
    ['a lookup', sub { $_[0] }, sub {
        told(get("/record?account=$_[0]", 'X-Forwarded-For' => $home))
    }, qr/\A(?:(?:200|500) home|$short)\z/, '200 home'],

    (map {
        my $alg = $_;
        ["a JWT, $alg", sub { token($key{$alg}, { sub => $_[0] }) }, sub {
            my ($account, $token) = @_;
            by_token('/token', $account, Authorization => "Bearer $token");
        }, qr/\A(?:(?:200|500) home whole|(?:$short)(?: whole)?)\z/,
        '200 home whole']
    } qw(HS256 ES256)),

    ['a CAT', sub { cat($key{HS256}, { 2 => $_[0] }) }, sub {
        my ($account, $token) = @_;
        by_token('/cat', $account, 'CTA-Common-Access-Token' => $token);
    }, qr/\A(?:(?:200|500) home whole|(?:$short)(?: whole)?)\z/,
    '200 home whole'],

    ['the home moves', sub { $_[0] }, sub {
        my ($account) = @_;
        my $r = eval { $api->call(POST => "accounts/$account/move-home",
                                  { addresses => [$network] }) };
        told($r, networks($account));
    }, qr{\A(?:204 \Q$network\E|(?:closed|50[03]) (?:$home|\Q$network\E))\z},
    "204 $network"],

    ['an import', sub { "new-$_[0]" }, sub {
        my (undef, $account) = @_;
        my $r = eval { $api->call(POST => 'import',
            qq({"account":"$account","home":["$network"]}\n),
            'Content-Type' => 'application/x-ndjson') };
        told($r, ($r && $r->{json} || {})->{invalid}, networks($account));
    }, qr{\A(?:200 0 \Q$network\E|(?:closed|50[03]) [0-] (?:\Q$network\E)?)\z},
    "200 0 $network"],

    ['a page of metrics', sub { $_[0] }, sub {
        my $r = get('/status');
        told($r, $r && $r->{body} =~ /^nginx_household_\w+\{.*\n\z/ms ? 'whole' : '');
    }, qr/\A(?:200 whole|closed |500 )\z/, '200 whole'],
);

for my $kind (@kinds) {
    my ($name, $prepare, $do, $may, $should) = @$kind;
    my ($worker) = $nginx->workers;
    my $most = 0;

    # the first one allocates more, and what is left of a connection also counts

    for (1 .. 3) {
        my $account = account();
        my $what = $prepare->($account);

        set($worker, 0, 0);
        is $do->($account, $what), $should, $name if $_ == 3;
        $do->($account, $what) if $_ != 3;
        set(0);
        $most = allocations() if allocations() > $most;
    }

    cmp_ok $most, '>', 5, "$name: allocations are counted";

    my (@wrong, @after);

    for my $i (1 .. $most) {
        for my $last ($i, 2 ** 62) {
            my $account = account();
            my $what = $prepare->($account);

            set($worker, $i, $last);
            my $told = $do->($account, $what);
            set(0);

            push @wrong, "$i: $told" if $told !~ $may;

            # a connection to Redis may have been closed, and is opened again
            wait_until {
                ($told = $do->($account, $what)) eq $should;
            } or push @after, "$i: $told";
        }

        # enough to see what is wrong
        last if @wrong + @after > 4 || "@{[$nginx->workers]}" ne $worker;
    }

    is_deeply \@wrong, [], "$name: nothing is said that is not so";
    is_deeply \@after, [], "$name: nothing of it is kept";
    is "@{[$nginx->workers]}", $worker, "$name: the worker process goes on";
}

done_testing;

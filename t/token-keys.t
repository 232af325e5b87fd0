#!/usr/bin/perl

# household_token_key in hundreds of locations: a file that all of them name is
# kept once, and what was read of it is not kept.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(slurp temp_dir);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;

my $dir = temp_dir('keys');
my @keys = map { new_key('ES256', kid => "k$_") } 1 .. 64;
my $other = new_key('ES256', kid => 'k1');
my $redis = Test::Household::Redis->new(unix => 1);
my $home = '82.64.10.7';

$redis->cmd(SADD => 'household:{a}', $home);

put("$dir/keys", jwks(@keys));
put("$dir/same", jwks(@keys));
put("$dir/other", jwks($other));

# the file of the server, if any, and of each location
sub edge {
    my ($server, $location, @more) = @_;
    my $file = sub { $_[0] ? "household_token_key $dir/$_[0];" : '' };

    return Test::Household::Nginx->new(
        http => http_config(server => $redis->address),
        server => $file->($server)
            . 'household on; household_store main;
               household_token bearer; household_token_claims device=d;
               add_header X-Reason $household_reason
               always;'
            . join('', map { "location /l$_/ { " . $file->($location)
                             . 'empty_gif; }' } 1 .. 100)
            . join('', @more));
}

# KB of the master process that are its own
sub memory {
    my ($edge) = @_;
    my ($pid) = slurp("$edge->{dir}/nginx.pid") =~ /(\d+)/;
    return (slurp("/proc/$pid/status") =~ /^VmData:\s+(\d+) kB/m)[0];
}

my $one = edge('keys', '');
my $each = edge('other', 'keys',
    "location /same/ { household_token_key $dir/same; empty_gif; }",
    "location /other/ { household_token_key $dir/other; empty_gif; }");

sub reason {
    my ($path, $key) = @_;
    my $token = token($key, claims());

    return $each->get($path, 'X-Forwarded-For' => $home,
                      Authorization => "Bearer $token")
                ->{headers}{'x-reason'};
}

is reason('/l1/', $keys[0]), 'home', 'a token of a key';
is reason('/l100/', $keys[63]), 'home', 'and in the last location';
is reason('/same/', $keys[1]), 'home', 'and of a file of the same text';
isnt reason('/l1/', $other), 'home', 'but not of a key of another file';
is reason('/other/', $other), 'home', 'which is used where it is named';
isnt reason('/other/', $keys[0]), 'home', 'and alone';

SKIP: {
    skip 'sanitizers and valgrind keep what was freed', 1
        if !$ENV{HOUSEHOLD_MODULE} || $ENV{TEST_NGINX_USE_VALGRIND};

    my ($few, $many) = map { memory($_) } $one, $each;
    cmp_ok $many - $few, '<', 10_000, "$few KB, and $many KB with 102 times"
                                      . ' the directive';
}

done_testing;

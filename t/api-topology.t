#!/usr/bin/perl

# household_api with a Cluster, with Sentinel, and over TLS: an account is read
# and written where it is.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Api;
use Test::Household::Ca;
use Test::Household::Cluster;
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(wait_until free_port);
use Test::Household::Redis;
use Test::Household::Sentinel;
use Test::More;

sub api {
    my ($redis, @servers) = @_;
    my $nginx = Test::Household::Nginx->new(
        http => http_config(server => \@servers,
            redis => "$redis connect_timeout 5s; timeout 5s;"),
        server => 'location /api/ { household_api main write; }');

    return Test::Household::Api->new($nginx, '/api');
}

# an account from nothing to nothing
sub lives {
    my ($name, $api, $account) = @_;
    my $path = "accounts/$account";
    my @status = map { $api->call(@$_)->{status} }
        [PUT => "$path/home/192.0.2.1"],
        [PATCH => $path, { country => 'FR' }],
        [PUT => "$path/extra-members/s1",
         { networks => ['192.0.2.2'], until => undef }];

    is "@status", '204 204 204', "$name: written";

    my $json = $api->get($path)->{json};
    is "$json->{country} $json->{home}[0]{network} $json->{seats_paid}",
        'FR 192.0.2.1 1', "$name: read";
    is $api->get("$path/verdict?address=192.0.2.2")->{json}{reason},
        'extra_member', "$name: why";
    is $api->call(POST => "$path/transfer", { to => "$account-t", seat => 's1' })
        ->{status}, 204, "$name: a seat moves";
    is $api->call(POST => 'import',
                  qq({"account":"$account-i","home":["192.0.2.1"]}),
                  'Content-Type' => 'application/x-ndjson')->{json}{written}, 1,
        "$name: imported";
    is_deeply [map { $api->get("accounts/$account-$_")->{json}{home}[0]{network} }
               qw(t i)], ['192.0.2.2', '192.0.2.1'], "$name: both are there";
    is $api->call(DELETE => $path)->{json}{keys}, 2, "$name: erased";
    is $api->get($path)->{json}{exists}, JSON::PP::false, "$name: gone";
}


my $cluster = Test::Household::Cluster->new;
my $api = api('cluster on;', map { $_->address } ($cluster->nodes)[0, 1]);

wait_until { $api->get('accounts/a')->{status} == 200 };
lives("cluster, $_", $api, $_) for qw(a b c d);
is $api->get('status')->{json}{redis}[0]{topology}, 'cluster', 'the topology';

# TLS, with a user of its own

{
    my $ca = Test::Household::Ca->new('ours');
    my ($cert, $key) = $ca->issue('redis', 'IP:127.0.0.1');
    my $port = free_port();
    my $redis = Test::Household::Redis->new(unix => 1,
        acl => ['user desk on >of-the-desk ~* +@all'],
        config => join "\n", "tls-port $port", "tls-cert-file $cert",
            "tls-key-file $key", 'tls-ca-cert-file ' . $ca->file,
            'tls-auth-clients no');

    $api = api('user desk; password of-the-desk; ssl on; '
               . 'ssl_trusted_certificate ' . $ca->file . ';',
               "127.0.0.1:$port");
    wait_until { $api->get('accounts/a')->{status} == 200 };
    lives('TLS', $api, 'a');
}


SKIP: {
    my $missing = Test::Household::Sentinel->missing;
    skip $missing, 9 if $missing;

    my $redis = Test::Household::Redis->new;
    my $sentinel = Test::Household::Sentinel->new(primary => $redis,
                                                  quorum => 1);

    $api = api('sentinel ' . $sentinel->address . '; master mymaster;');
    wait_until { $api->get('accounts/a')->{status} == 200 };
    lives('sentinel', $api, 'a');
    is $api->get('status')->{json}{redis}[0]{topology}, 'sentinel',
        'the topology';
}

done_testing;

#!/usr/bin/perl

# An edge answers requests of the simulation, with the clock of the simulation,
# as the simulation did: the program in the environment variable SIMULATE.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(temp_dir wait_until);
use Test::Household::Redis;
use Test::More;
use Time::HiRes ();

my $accounts = 2;                       # about 3,000 requests
my $seconds = 300;

my ($fake) = glob '/usr/lib/*/faketime/libfaketime.so.1';
plan skip_all => 'no libfaketime' if !$fake;

my $simulate = $ENV{SIMULATE} or die "SIMULATE names no program\n";
my @requests = map { [split] } `$simulate --seed 1 --trace $accounts`;
die "$simulate failed\n" if $? || !@requests;

# the clock is a file; timers of nginx go on by the real one
my $clock = temp_dir('replay') . '/clock';

sub set_clock {
    my ($time) = @_;
    open my $out, '>', "$clock.new" or die "$clock: $!\n";
    print $out '@' . $time;
    close $out;
    rename "$clock.new", $clock or die "$clock: $!\n";
}

my $redis = Test::Household::Redis->new(unix => 1);

set_clock($requests[0][0]);

local $ENV{LD_PRELOAD} = $fake;
local $ENV{FAKETIME_TIMESTAMP_FILE} = $clock;
local $ENV{FAKETIME_NO_CACHE} = 1;
local $ENV{FAKETIME_FMT} = '%s';
local $ENV{DONT_FAKE_MONOTONIC} = 1;

# without a zone each request reads what is in Redis
my $edge = Test::Household::Nginx->new(
    main => 'env FAKETIME_TIMESTAMP_FILE; env FAKETIME_NO_CACHE;'
            . ' env FAKETIME_FMT; env DONT_FAKE_MONOTONIC;',
    http => http_config(server => $redis->address),
    server => location('/', 'household_sharing on; household_trusted_device 0;'));

delete @ENV{grep { /FAKETIME|LD_PRELOAD|DONT_FAKE/ } keys %ENV};

sub presence { $redis->cmd(GET => "household-seen:{$_[0]}") // '' }

my ($asked, $denied, $written, @differ) = (0, 0, 0);
my $end = Time::HiRes::time() + $seconds;

for my $request (@requests) {
    my ($time, $account, $device, $address, $write, $allowed) = @$request;
    my $before = presence($account);

    last if Time::HiRes::time() > $end;
    set_clock($time);

    my $r = $edge->get("/?account=$account&device=$device",
                       'X-Forwarded-For' => $address);
    my $expected = $allowed ? 200 : 403;

    $asked++;
    $denied += $r->{status} == 403;

    if ($r->{status} != $expected) {
        push @differ, "@$request: $r->{status} $r->{headers}{'x-reason'}";
        last if @differ == 10;
    }

    next if !$write;

    # the next request of the account is judged by what this one wrote
    if (!wait_until { presence($account) ne $before }) {
        push @differ, "@$request: was not written";
        last;
    }

    $written++;
}

is $asked, @requests, 'all requests were made';
is "@differ", '', 'the edge agrees with the simulation';
cmp_ok $denied, '>', 0, 'which denied some';
note "$asked requests, $written written, $denied denied";

done_testing();

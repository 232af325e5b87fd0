#!/usr/bin/perl

# Which replicas are read from, of those that a sentinel reports.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Resp qw(encode_reply);
use Test::Household::Viewer;
use Test::More;

my %data = ('household:{a}' => [$Home]);

my $primary = Test::Household::FakeRedis->new(
    data => { %data }, handler => sub {
        return $_[1] eq 'ROLE' ? encode_reply(['master', \':1', []]) : undef;
    });
my @replicas = map { Test::Household::FakeRedis->new(data => { %data }) } 0, 1;

# the flags of the first replica, and its link to the primary, may be others
my %said = (flags => 'slave', link => 'ok');

my $sentinel = Test::Household::FakeRedis->new(
    data => \%said, handler => sub {
        my (undef, $name, $what) = @_;

        return encode_reply(['subscribe', '+switch-master', \':1'])
            if $name eq 'SUBSCRIBE';
        return undef if $name ne 'SENTINEL';
        return encode_reply(['127.0.0.1', $primary->{port}])
            if $what ne 'replicas';
        return $said{error} if $said{error};

        return encode_reply([map {
            [name => '127.0.0.1:' . $replicas[$_]{port}, ip => '127.0.0.1',
             port => $replicas[$_]{port},
             flags => $_ ? 'slave' : $said{flags},
             'master-link-down-time' => 0,
             'master-link-status' => $_ ? 'ok' : $said{link}]
        } 0, 1]);
    });

my $edge = edge('sentinel ' . $sentinel->address . '; master mymaster;'
                . ' read_from replica; connect_timeout 5s; timeout 5s;');

sub reads { $_[0]->count('SMEMBERS') }

# both replicas take turns, or the second one has all reads
sub turns {
    my ($both, $name) = @_;

    soon {
        my @before = map { reads($_) } @replicas;
        reason($edge, 'a') for 1 .. 4;
        my @read = map { reads($replicas[$_]) > $before[$_] } 0, 1;
        $read[1] && ($both ? $read[0] : !$read[0]);
    } $name, 30;
}

turns(1, 'both replicas are read from');

for (['s_down,slave,disconnected', 'ok', 'does not reply to the sentinel'],
     ['slave', 'err', 'has no link to its primary'],
     ['s_down,slave', 'err', 'has neither'])
{
    my ($flags, $link, $what) = @$_;

    $sentinel->set(link => $link);
    $sentinel->set(flags => $flags);
    turns(0, "one that $what is not");

    # the sentinel itself may have just begun to connect
    $sentinel->set(link => 'ok');
    $sentinel->set(flags => 'slave,disconnected');
    turns(1, "one that $what, and does again, is");
}

# the sentinel does not tell the replicas: those that are known are read from

$sentinel->set(error => "-NOPERM this user has no permissions\r\n");
my $queries = $sentinel->count('SENTINEL');
soon { $sentinel->count('SENTINEL') >= $queries + 3 } 'an error reply', 60;
turns(1, 'an error reply: both are read from');
my $name = $sentinel->address;
ok $edge->wait_log(qr/\[warn\].*"main" \Q$name\E: replica fetch failed: error reply NOPERM$/m),
    'an error reply: the log has it';
$sentinel->set(error => '');
ok $edge->wait_log(qr/\[notice\].*"main" \Q$name\E: replica fetch recovered/, 0, 60),
    'an error reply: and its end';
is scalar(() = $edge->log =~ /replica fetch failed/g), 1,
    'an error reply: once';

done_testing;

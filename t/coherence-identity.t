#!/usr/bin/perl

# INFO tells which server replies.  An access control list may deny it for some
# time: connections of that time and later ones know the server by two names,
# and the records are cached again all the same.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Redis;
use Test::Household::Viewer qw($Home soon);

# which connections are established anew after INFO is permitted again

my %which = (
    'the subscription' => sub { $_[0] =~ / flags=\S*P/ },
    'the tracking connection' => sub { $_[0] =~ / flags=\S*t/ },
    'those that read' => sub { $_[0] =~ / cmd=(?:ping|smembers|hgetall)/
                               && $_[0] !~ / flags=\S*[Pt]/ },
    'all but the subscription' => sub { $_[0] !~ / flags=\S*P/ },
);

for my $what (sort keys %which) {
    my $redis = Test::Household::Redis->new(unix => 1,
        acl => ['user default on nopass ~* &* +@all -info']);

    $redis->cmd(SADD => 'household:{42}', $Home);

    my $edge = Test::Household::Nginx->new(
        workers => 1,
        http => http_config(server => $redis->address, zone => '1m'),
        server => location('/t', '', 'main zone=households'));
    my $cached = sub {
        my $h = $edge->get('/t?account=42', 'X-Forwarded-For' => $Home)
                     ->{headers};
        return $h->{'x-reason'} eq 'home' && $h->{'x-cache'} eq 'HIT';
    };

    soon { $cached->() } "$what: cached without INFO";

    my @ids = map { /^id=(\d+)/ } grep { $which{$what}->($_) }
              grep { !/cmd=client/ } split /\n/, $redis->cmd(CLIENT => 'LIST');
    ok scalar @ids, "$what: connected";

    $redis->cmd(ACL => SETUSER => default => '+info');
    $redis->cmd(CLIENT => KILL => ID => $_) for @ids;
    $redis->cmd(SADD => 'household:{42}', '192.0.2.1');

    # the change has been seen, and after that it is cached
    soon { !$cached->() } "$what: known anew";
    soon { $cached->() && $cached->() } "$what: cached with INFO", 40;

    $edge->quit;
    $redis->stop;
}

done_testing;

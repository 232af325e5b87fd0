#!/usr/bin/perl

# With "read_from replica" a machine reads from one replica, which it tracks:
# what it knows is never older than max_lag allows, whatever happens to the
# replica, to its primary, and to what is in between.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until free_port);
use Test::Household::Redis;
use Test::More;

my $home = '82.64.10.7';
my $text = "repl-diskless-sync-delay 0\nrepl-ping-replica-period 1\n"
           . 'replica-serve-stale-data yes';


sub follower {
    my ($primary) = @_;
    return Test::Household::Redis->new(
        config => "$text\nreplicaof 127.0.0.1 $primary->{port}");
}

sub follows {
    my ($node) = @_;
    return wait_until {
        $node->cmd(INFO => 'replication') =~ /link_status:up/;
    } 40;
}

# the site has one replica of its own, behind a regional one

my $primary = Test::Household::Redis->new(config => $text);
my $region = follower($primary);
my $other = follower($primary);
follows($_) or die "a replica does not follow\n" for $region, $other;
my $site = follower($region);
follows($site) or die "the replica of a replica does not follow\n";

my $edge = Test::Household::Nginx->new(
    workers => 2,
    http => http_config(
        server => [$primary->address, $site->address . ' replica',
                   $other->address . ' replica'],
        zone => '1m',
        redis => 'read_from replica max_lag=3s; connect_timeout 300ms;
                  timeout 300ms;'),
    server => location('/', '', 'main zone=households fresh=1h missing=1h '
                                . 'stale=1h'));

sub ask {
    my ($account) = @_;
    my $h = $edge->get("/?account=$account", 'X-Forwarded-For' => $home)
                 ->{headers};
    return ($h->{'x-reason'} // '-', $h->{'x-cache'} // '-');
}

sub hit {
    my ($account, $reason, $name, $patience) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @got;
    my $is = wait_until {
        @got = ask($account);
        "@got" eq "$reason HIT";
    } $patience // 20;
    ok $is, $name or diag "@got\n", $edge->log;
}

sub tracked { $_[0]->cmd(INFO => 'clients') =~ /tracking_clients:(\d+)/ && $1 }

# who tells the edge of changes: soon, and nobody else
sub reader {
    my ($want, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %is = (primary => $primary, site => $site, other => $other);
    my $got;
    my $is = wait_until {
        $got = join ' ', grep { eval { tracked($is{$_}) } } sort keys %is;
        $got eq $want;
    } 30;
    ok $is, $name or diag "$got\n", $edge->log;
}

my $n = 0;

# a new account, which is at home, and known to be
sub known {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $account = 'a' . ++$n;
    $primary->cmd(SADD => "household:{$account}", $home);
    hit($account, 'home', $name);
    return $account;
}

# the household moves
sub moves {
    my ($account) = @_;
    my $client = $primary->client;
    $client->cmd('MULTI');
    $client->cmd(DEL => "household:{$account}");
    $client->cmd(SADD => "household:{$account}", '192.0.2.1');
    $client->cmd('EXEC');
}


# the first replica of the configuration, and nobody else

my $account = known('at home');
reader('site', 'the first replica is tracked, and it alone');
is scalar($primary->cmd(INFO => 'commandstats') =~ /smembers:calls=(\d+)/
          ? $1 : 0), 0, 'the primary is not read from';
is scalar(() = $primary->cmd(CLIENT => LIST => TYPE => 'normal') =~ /^id=/mg),
    1, 'and has no connection but this one';
moves($account);
hit($account, 'outside', 'a change of the primary is known');


# the replica is behind, by less than max_lag: what was read of it stays fresh
# until it has the change itself, and then at once is not

$account = known('before the lag');
$region->pause;
moves($account);
is +(ask($account))[0], 'home', 'nobody can know yet';
$region->resume;
hit($account, 'outside', 'the replica has it: the edge has it');
unlike $edge->log, qr/tracking lost/, 'and nothing was lost';


# the link is open, and nothing comes: by way of the regional replica, which
# the one of the site does not notice for a minute

$account = known('before the silence');
$region->pause;
moves($account);
hit($account, 'outside', 'another replica is read from', 15);
reader('other', 'and tracked');
like $site->cmd(INFO => 'replication'), qr/master_link_status:up/,
    'the replica itself saw nothing';
ok $edge->wait_log(qr/$site->{port}: tracking lost: replica received nothing from its primary, cache bypassed/),
    'the log has the cause';
$region->resume;


# the link is down; the edge may be back at the replica of the site, or read
# from the primary meanwhile

$account = known('before the loss of the link');
$other->cmd(REPLICAOF => '127.0.0.1', free_port());
moves($account);
hit($account, 'outside', 'without a link: another server is read from');
ok $edge->wait_log(qr/$other->{port}: tracking lost: replica without a link to its primary, cache bypassed/),
    'the log has the cause';


# the first replica is fit again

reader('site', 'the replica of the site follows: the edge returns');
$account = known('and reads from it');


# INFO is no longer permitted: it is not known whether the replica follows

$site->cmd(ACL => 'SETUSER', 'default', '-info');
ok $edge->wait_log(qr/$site->{port}: tracking failed: error reply NOPERM/),
    'INFO is denied: the log has the cause';
$account = 'a' . ++$n;
$primary->cmd(SADD => "household:{$account}", $home);
hit($account, 'home', 'INFO is denied: another server is read from, soon', 6);
$site->cmd(ACL => 'SETUSER', 'default', '+info');
reader('site', 'INFO is permitted: the edge returns');


# the replica in use is gone, the other one has no link: the primary is read

$site->kill9;
$account = known('no replica is left');
reader('primary', 'the primary is tracked');
moves($account);
hit($account, 'outside', 'and sends invalidations');


# another process finds the marks of the one before, and looks after them

$edge->reload;
$account = known('after a reload, while no replica is left');
$site->start;
follows($site);
reader('site', 'a replica is back after the reload: the edge returns');
$account = known('and reads from it again');
$account = known('before the loss of the primary');


# nobody follows anybody: what the replicas have is of any age, and not used

$region->kill9;
$primary->kill9;

my $unknown = sub { (ask('unknown' . ++$n))[0] };

# until it is known of each that it follows nobody
my $is = wait_until {
    10 == grep { select undef, undef, undef, 0.15;
                 $unknown->() eq 'unavailable' } 1 .. 10;
} 30;
ok $is, 'a primary is gone, and the links: no server is read from'
    or diag $edge->log;
is_deeply [map { join ' ', ask($account) } 1 .. 5], [('home STALE') x 5],
    'what was known is used while it is stale';
is_deeply [map { $unknown->() } 1 .. 5], [('unavailable') x 5],
    'and what a replica has is not';
$primary->start;
$region->start;
$primary->cmd(SADD => "household:{$account}", '192.0.2.1');
hit($account, 'outside', 'the primary is back', 30);

done_testing;

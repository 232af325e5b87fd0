#!/usr/bin/perl

# A Redis Cluster in which hundreds of nodes are known: what a node says of all
# of them is read, however long it is.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Household::Cluster;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(slurp);
use Test::Household::Viewer qw($Home soon);

my $key = 'household:{unasked}';
my $cluster = Test::Household::Cluster->new;
my $slot = $cluster->slot($key);
my $from = $cluster->owner($slot);
my ($to) = grep { $_ != $from } ($cluster->nodes)[0 .. 2];

# Nodes without an address are known for as long as nobody forgets them, and
# nobody connects to them.  All nodes are stopped meanwhile, so that nobody finds
# that another one is.

my @primaries = ($cluster->nodes)[0 .. 2];
my %id = map { $_ => $cluster->id($_) } @primaries;

$_->stop for $cluster->nodes;

for my $node (@primaries) {
    my $file = "$node->{dir}/nodes.conf";
    my $nodes = slurp($file);

    open my $out, '>', $file or die "$file: $!\n";
    printf $out "%040x 127.0.0.1:1\@2 slave,noaddr %s 1 1 1 disconnected\n",
        $_, $id{$node} for 1 .. 600;
    print $out $nodes;
    close $out;
}

$_->start for $cluster->nodes;
$cluster->wait_ok;

cmp_ok length $_->cmd(CLUSTER => 'NODES'), '>', 65536,
    'a long description of the nodes' for @primaries;

my $edge = Test::Household::Nginx->new(
    http => http_config(server => $from->address, zone => '1m',
        redis => 'cluster on; tracking on; connect_timeout 300ms;
                  timeout 300ms;'),
    server => location('/', '', 'main zone=households fresh=1h missing=1h '
                                . 'stale=1h'));
my $ask = sub {
    my $h = $edge->get('/?account=unasked', 'X-Forwarded-For' => $Home)
                 ->{headers};
    return join ' ', map { $h->{$_} // '-' } qw(x-reason x-cache);
};

soon { $ask->() eq 'unregistered HIT' } 'an account is not there', 20;

$cluster->begin($slot, $to);
my $client = $to->client;
$client->cmd('ASKING');
$client->cmd(SADD => $key, $Home);
soon { $ask->() =~ /^home / }
    'created where its slot is migrated to, and no request got an ASK', 20;

$edge->quit;
done_testing;

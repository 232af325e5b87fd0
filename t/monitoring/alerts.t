#!/usr/bin/perl

# The rules of docker/monitoring in a real Prometheus: edges that are broken,
# each in another way, and one that is not.  Exactly the alert of each fires,
# and none before and after.  A minute of the rules is a second here.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(free_port slurp temp_dir wait_until);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;
use Time::HiRes qw(sleep time);

my ($prometheus) = grep { -x } map { "$_/prometheus" } split /:/, $ENV{PATH};
plan skip_all => 'no prometheus' if !$prometheus;

my $rules = 'docker/monitoring/household.rules.yml';
my $dashboard = 'docker/monitoring/household.dashboard.json';
my ($home, $outside) = ('82.64.10.7', '203.0.113.9');
my $accounts = 100;


# --- edges ----------------------------------------------------------------

# an issuer with a key set for each edge, and a folder for its state file

my $folders = temp_dir('edges');
my $issuer = Test::Household::Nginx->new;
my $keys = jwks(new_key('ES256', kid => 'a'));
my $edges = 0;

chmod 0777, $folders;

sub publish { put("$issuer->{dir}/html/$_[0]", $keys) }

sub token_location {
    my ($set) = @_;

    return "location /token { household on; household_store main;"
        . " household_token bearer; household_token_key"
        . " http://127.0.0.1:$issuer->{port}/$set refresh=1s; }";
}

# an edge with a Redis of its own, and all that it may do: with a zone,
# without one, with presence

sub edge {
    my (%opt) = @_;
    my $redis = Test::Household::Redis->new(config =>
        "repl-diskless-sync-delay 0\nrepl-ping-replica-period 1");
    my @servers = ($redis->address);
    my ($replica, $read) = (undef, '');

    my $set = 'keys-' . $edges++;
    my $folder = "$folders/$set";

    register($redis);
    publish($set);
    mkdir $folder;
    chmod 0777, $folder;

    if ($opt{replica}) {
        $replica = Test::Household::Redis->new(
            config => "replicaof 127.0.0.1 $redis->{port}");
        wait_until { $replica->cmd('INFO', 'replication') =~ /link_status:up/ };
        push @servers, $replica->address . ' replica';
        $read = 'read_from replica;';
    }

    my $zone = 'main zone=households canary=canary';
    my $nginx = Test::Household::Nginx->new(
        http => http_config(server => \@servers,
            zone => ($opt{zone} // '1m')
                . " state=$folder/zone state_interval=1s",
            redis => "timeout 3s; connect_timeout 3s; $read"),
        server => location('/', 'household_events on;', $zone)
            . location('/plain', '', 'main')
            . location('/shared', 'household_sharing on;', $zone)
            . token_location($set)
            . 'location /metrics { household_metrics; }');

    return { redis => $redis, replica => $replica, nginx => $nginx,
             set => $set, folder => $folder, b => 0, instance => "127.0.0.1:$nginx->{port}" };
}

# homes for accounts a1 and so on; e1 and so on, of which each comes once
sub register {
    my ($redis, $name, $n) = @_;
    return map { register($redis, @$_) } ['a', $accounts], ['e', 10000]
        if !$name;

    $redis->cmd(EVAL => 'for i = 1, ARGV[3] do redis.call("SADD", '
        . '"household:{" .. ARGV[2] .. i .. "}", ARGV[1]) end', 0,
        $home, $name, $n);
}

sub canary {
    my ($edge, $time) = @_;
    $edge->{redis}->cmd(HSET => 'household:{canary}:account',
                        changed => sprintf '%.3f', $time);
}

sub acl { $_[0]{redis}->cmd(ACL => SETUSER => 'default', @_[1 .. $#_]) }

# closes the connections of an edge: "P", those that are subscribed; "N", plain
sub kill_clients {
    my ($edge, $flag) = @_;

    for (split /\n/, $edge->{redis}->cmd(CLIENT => 'LIST')) {
        my ($id, $flags) = /^id=(\d+) .* flags=(\w+) / or next;
        $edge->{redis}->try(CLIENT => KILL => ID => $id)
            if $flags eq $flag && !/ cmd=client/;
    }
}

# what breaks an edge, once or again and again, and what mends it

my %break = (
    HouseholdRedisDown => {
        once => sub { $_[0]{redis}->kill9 },
        mend => sub { register($_[0]{redis}->start) } },
    HouseholdUnavailable => {
        once => sub { acl($_[0], '-smembers') },
        mend => sub { acl($_[0], '+@all') } },
    HouseholdRecordsLost => {
        once => sub { $_[0]{redis}->cmd('FLUSHALL') },
        mend => sub { register($_[0]{redis}) } },
    HouseholdRefusalsUnusual => {
        again => sub { ask($_[0], '/token', $home) for 1 .. 40 },
        every => 0.25 },
    HouseholdTrackingLost => {
        once => sub {
            acl($_[0], '-client|tracking');
            kill_clients($_[0], 'P');
        },
        mend => sub { acl($_[0], '+@all') } },
    HouseholdPropagationSlow => {
        again => sub { canary($_[0], time - 100) }, every => 0.5,
        mend => sub { canary($_[0], time) } },
    HouseholdTrackingUnstable => {
        again => sub { kill_clients($_[0], 'P') }, every => 1.2 },
    HouseholdRedisReconnects => {
        again => sub { kill_clients($_[0], 'N') }, every => 0.7 },
    HouseholdLookupsSlow => {
        again => sub { $_[0]{redis}->cmd(CLIENT => PAUSE => 400) },
        every => 0.6 },
    HouseholdReplicaUnfit => {
        edge => { replica => 1 },
        once => sub {
            $_[0]{replica}->cmd(REPLICAOF => '127.0.0.1', free_port());
        },
        mend => sub {
            $_[0]{replica}->cmd(REPLICAOF => '127.0.0.1',
                                $_[0]{redis}{port});
        } },
    HouseholdWritesFailing => {
        once => sub { acl($_[0], '-hset') },
        mend => sub { acl($_[0], '+@all') } },
    HouseholdEventsDropped => {
        once => sub {
            acl($_[0], qw(resetkeys ~household:* ~household-device:*
                          ~household-closed:*
                          ~household-seen:*));
        },
        mend => sub { acl($_[0], 'allkeys') } },
    HouseholdPresenceUnavailable => {
        once => sub {
            acl($_[0], qw(resetkeys ~household:* ~household-device:*
                          ~household-closed:*
                          ~household-event*));
        },
        mend => sub { acl($_[0], 'allkeys') } },
    HouseholdPresenceIgnored => {
        again => sub {
            $_[0]{redis}->cmd(MSET => map {
                ('household-seen:{s' . newcomer($_) . '}' => 'junk')
            } 1 .. 30);
        },
        every => 0.5,
        mend => sub {
            $_[0]{redis}->cmd(DEL => map {
                'household-seen:{s' . newcomer($_) . '}'
            } 0 .. 40);
        } },
    HouseholdRecordsMalformed => {
        once => sub {
            $_[0]{redis}->cmd(SADD => "household:{a$_}", 'at home')
                for 1 .. $accounts;
        },
        mend => sub {
            $_[0]{redis}->cmd(SREM => "household:{a$_}", 'at home')
                for 1 .. $accounts;
        } },
    HouseholdZoneTooSmall => {
        edge => { zone => '128k' },
        once => sub { register($_[0]{redis}, 'b', 4000) },
        again => sub {
            my ($edge) = @_;
            ask($edge, '/?account=b' . (1 + $edge->{b}++ % 4000), $home)
                for 1 .. 100;
        },
        every => 0.25 },
    HouseholdKeysMissing => {
        once => sub {
            my ($edge) = @_;
            my $nginx = $edge->{nginx};
            $nginx->reload(server => $nginx->{server}
                =~ s/\b$edge->{set}\b/$edge->{set}-new/r);
        },
        mend => sub { publish("$_[0]{set}-new") } },
    HouseholdKeysStale => {
        once => sub { unlink "$issuer->{dir}/html/$_[0]{set}" },
        mend => sub { publish($_[0]{set}) } },
    HouseholdStateNotSaved => {
        once => sub { rename $_[0]{folder}, "$_[0]{folder}-away" },
        mend => sub { rename "$_[0]{folder}-away", $_[0]{folder} } },
    HouseholdOverrideActive => {
        once => sub {
            $_[0]{redis}->cmd(HSET => 'household:control', mode => 'monitor');
        },
        mend => sub { $_[0]{redis}->cmd(DEL => 'household:control') } },
);

my @names = sort keys %break;
my %edge = map { $_ => edge(%{ $break{$_}{edge} || {} }) } @names;
my @edges = (@edge{@names}, edge());


# --- traffic: some of all, the same everywhere ----------------------------

sub ask {
    my ($edge, $uri, $from) = @_;

    for (1 .. 2) {
        my $done = eval {
            $edge->{conn} ||= $edge->{nginx}->connect;
            $edge->{conn}->get($uri, 'X-Forwarded-For' => $from);
            1;
        };
        return if $done;
        delete $edge->{conn};
    }
}

# one that is new every tenth of a second
sub newcomer { int(10 * time) - $^T * 10 + ($_[0] // 0) }

# by a process for each edge, as a slow edge is not to slow down another
sub visit {
    my ($edge) = @_;

    for (my $n = 1; getppid == $edge->{parent}; $n++) {
        my $k = 1 + $n % $accounts;

        ask($edge, "/?account=a$k&device=tv" . $n % 7, $home);
        ask($edge, "/?account=e$n", $outside) if $n % 4 == 0;
        ask($edge, "/?account=a$k", $home);
        ask($edge, "/plain?account=a$k", $home);
        ask($edge, '/shared?device=tv&account=s' . newcomer(), $home);
        sleep 0.1;
    }
}

for my $edge (@edges) {
    $edge->{parent} = $$;
    $edge->{traffic} = bless { dir => temp_dir('traffic') },
        'Test::Household::Process';
    $edge->{traffic}->spawn(sub { visit($edge) });
}


# --- Prometheus -----------------------------------------------------------

my $dir = temp_dir('prometheus');
my $port = free_port();
my $server = bless { dir => $dir }, 'Test::Household::Process';

# a slow machine is no slow Redis
my $scaled = slurp($rules);
$scaled =~ s/\b(\d+)m\b/$1s/g;
$scaled =~ s/\b1h\b/60s/g;
$scaled =~ s/> 0\.025$/> 0.25/m or die "no limit of lookups\n";

my $targets = join ', ', map { "'$_->{instance}'" } @edges;

write_file('household.rules.yml', $scaled);
write_file('prometheus.yml', <<"EOC");
global:
  scrape_interval: 500ms
  scrape_timeout: 500ms
  evaluation_interval: 500ms
rule_files: [household.rules.yml]
scrape_configs:
  - job_name: edge
    metrics_path: /metrics
    static_configs:
      - targets: [$targets]
EOC

sub write_file {
    my ($name, $text) = @_;
    open my $out, '>', "$dir/$name" or die "$name: $!\n";
    print $out $text;
    close $out;
}

$server->spawn($prometheus, "--config.file=$dir/prometheus.yml",
    "--storage.tsdb.path=$dir/data", "--web.listen-address=127.0.0.1:$port",
    '--log.level=warn');

sub api {
    my ($path) = @_;
    my $conn = Test::Household::Nginx::Conn->new("$port");
    $conn->send_request(GET => "/api/v1/$path", Connection => 'close');
    return decode_json($conn->response->{body})->{data};
}

# those that fire: "instance alert", sorted
sub firing {
    my %is = map { (($_->{labels}{instance} // '-')
                    . " $_->{labels}{alertname}" => 1) }
             grep { $_->{state} eq 'firing' } @{ api('alerts')->{alerts} };
    return sort keys %is;
}

sub query {
    my ($expr) = @_;
    $expr =~ s/([^\w])/sprintf '%%%02x', ord $1/ge;
    return api("query?query=$expr")->{result} || [];
}


# --- time goes on ---------------------------------------------------------

# until the code is true, for so many seconds at most

my (%seen, %next);

sub go {
    my ($seconds, $broken, $code) = @_;
    my $end = time + $seconds;

    while (time < $end) {
        for my $name (@$broken) {
            my $way = $break{$name};
            next if !$way->{again} || ($next{$name} // 0) > time;
            $next{$name} = time + $way->{every};
            $way->{again}->($edge{$name});
        }

        $seen{$_}++ for firing();
        return 1 if $code && $code->();
        sleep 0.05;
    }

    return !$code;
}

my %of = map { $edge{$_}{instance} => "the edge for $_" } @names;
sub named { join ', ', map { s/^(\S+)/$of{$1} || $1/er } @_ }

ok wait_until { eval { api('alerts'); 1 } }, 'Prometheus runs'
    or diag slurp("$dir/output.log");

my $served = 'sum by (instance) (rate(nginx_household_requests_total[5s])) > 0';
ok go(30, [], sub { @{ query($served) } == @edges }), 'it reads all edges';

# longer than the longest "for" with its window

go(30, [], sub { !firing() });
%seen = ();
go(20, []);
is named(sort keys %seen), '', 'nothing is wrong: no alert';

my @want = sort map { "$edge{$_}{instance} $_" } @names;
%seen = ();
$break{$_}{once} && $break{$_}{once}->($edge{$_}) for @names;

go(90, \@names, sub { "@{[firing()]}" eq "@want" });
go(5, \@names);

is named(sort keys %seen), named(@want),
    'each edge has its alert, and no other';

for (@names) {
    ok $seen{"$edge{$_}{instance} $_"}, "$_ fires";
    $break{$_}{mend} && $break{$_}{mend}->($edge{$_});
}

ok go(60, [], sub { !firing() }), 'mended: none fires'
    or diag named(firing());

# what the dashboard shows: each query has a result here

my $board = decode_json(slurp($dashboard));
my %variable = (instance => '.*', redis => '.*', zone => '.*', job => '.*',
                __rate_interval => '30s', datasource => '');

for my $panel (map { $_, @{ $_->{panels} || [] } } @{ $board->{panels} }) {
    for my $target (@{ $panel->{targets} || [] }) {
        my $expr = $target->{expr} =~ s{\$(\w+)}{$variable{$1} // die $1}ger;
        ok @{ query($expr) }, "dashboard: $panel->{title}" or diag $expr;
    }
}

$_->{traffic}->stop, $_->{nginx}->quit for @edges;
ok wait_until { "@{[firing()]}" eq '- HouseholdMetricsAbsent' },
    'no edge at all: HouseholdMetricsAbsent' or diag firing();

# no test breaks these at will: household.test.yml has them

my %by_hand = map { $_ => 1 } qw(HouseholdGeoipDamaged HouseholdZoneReset);
my @all = slurp($rules) =~ /- alert: (\w+)/g;
is_deeply [sort grep { !$by_hand{$_} } @all],
    [sort @names, 'HouseholdMetricsAbsent'], 'every alert';

done_testing;

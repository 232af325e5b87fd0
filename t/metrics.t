#!/usr/bin/perl

# household_metrics: the counters of a zone, as Prometheus reads them.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::More;

my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', '82.64.10.7');
$redis->cmd(SADD => 'household:{odd}', '82.64.10.7', 'here', '1.2.3');
$redis->cmd(SADD => 'household:{revoked}', '82.64.10.7');
$redis->cmd(HSET => 'household:{revoked}:account', revoked_before => 2);

my $zone = 'main zone=households';

my $edge = Test::Household::Nginx->new(
    workers => 2,
    http => http_config(server => $redis->address, zone => '1m',
                        redis => 'timeout 2s; connect_timeout 5s;')
            . "household_zone zone=other:64k;\n",
    server => location('/', '', $zone)
              . location('/offer', 'household_offer default url=/x;', $zone)
              . location('/monitor', 'household monitor;', $zone)
                  =~ s/household on;//r
              . location('/mode', 'household $arg_mode;', $zone)
                  =~ s/household on;//r
              . location('/since', 'household_issued_at $arg_since;', $zone)
              . location('/none', '', 'main')
              . 'location /status { household_metrics zone=households; }'
              . 'location /other { household_metrics zone=other; }'
              . 'location /all { household_metrics; }');

my $Type = qr/counter|gauge|histogram/;
my $Label = qr/[a-z_]+="[\w.+:\/-]*"/;
my %Zoneless = map { ("nginx_household_$_" => 1) }
               qw(build_info config_load_timestamp_seconds
                  redis_up redis_fit redis_connections
                  redis_reconnects_total redis_commands_total
                  redis_error_replies_total redis_redirects_total
                  redis_topology_changes_total
                  tracking_heartbeat_age_seconds replica_lag_seconds);

# the page, as a hash of its series; dies if it is not of the format
sub metrics {
    my ($path) = @_;
    my (%value, %type, $family);

    for my $line (split /\n/, $edge->get($path // '/status')->{body}) {
        if ($line =~ /^# HELP (nginx_household_[a-z_]+) \S.*\.$/) {
            die "twice: $line\n" if $type{$1};
            $family = $1;
        } elsif ($line =~ /^# TYPE ([a-z_]+) ($Type)$/) {
            die "not here: $line\n" if $1 ne $family;
            $type{$1} = $2;
            die "name: $line\n" if ($2 eq 'counter') != ($1 =~ /_total$/);
        } elsif ($line =~ /^(([a-z_]+)\{(?:$Label(?:,$Label)*)?\}) ([\d.]+)$/) {
            my ($series, $name, $n) = ($1, $2, $3);
            $name =~ s/_(?:bucket|count|sum)$//
                if ($type{$family} // '') eq 'histogram';
            die "not here: $line\n" if $name ne $family || !$type{$name};
            die "twice: $line\n" if exists $value{$series};
            $value{$series} = $n;
            die "no zone: $line\n" if $line !~ /[{]zone=/
                && !$Zoneless{$name};
        } else {
            die "malformed: $line\n";
        }
    }

    return \%value;
}

sub series {
    my ($name, @labels) = @_;
    my $text = 'zone="households"'
        . ($name =~ /^(?:cache|zone)_/ ? '' : ',redis="main"');
    while (my ($label, $value) = splice @labels, 0, 2) {
        $text .= qq(,$label="$value");
    }
    return "nginx_household_$name\{$text}";
}

sub requests {
    series('requests_total', status => $_[0], reason => $_[1])
}

# every word is there from the beginning

my $first = metrics();

my %usual = (
    BYPASSED => ['off', 'options'],
    UNAUTHORIZED => [qw(account_missing account_invalid token_missing
        token_malformed token_conflict token_algorithm token_key
        token_signature token_claim token_issuer token_audience token_expired
        token_not_yet token_uri token_type token_denied token_method
        token_header token_protocol token_network token_country
        token_condition token_unsupported keys_unavailable claim revoked)],
    UNAVAILABLE => [qw(unavailable record_too_large address_unknown)],
    ALLOWED => [qw(home extra_member trusted_device travel learned member
                   not_shared
        family_unknown not_enforced rollout away grace)],
    map { ($_ => ['unregistered', 'outside']) } qw(DENIED OFFERED MONITORED),
);

for my $status (sort keys %usual) {
    is $first->{requests($status, $_)}, 0, "$status, $_: at zero"
        for @{ $usual{$status} };
}

my %reasons = map { /requests_total.*reason="(\w+)"/ ? ($1 => 1) : () }
              keys %$first;
is keys %reasons, 45, 'no other reason';

is $first->{series('details_total', detail => $_)}, 0, "detail $_: at zero"
    for qw(seat_ended device_expired travel_over family_missing never_seen);
is grep({ /details_total/ } keys %$first), 5, 'no other detail';

for my $kind ('account', 'token', 'fleet', 'presence') {
    ok exists $first->{series('cache_lookups_total', kind => $kind,
                              result => $_)}, "$kind, $_: lookups"
        for qw(hit miss expired updating stale);
    ok exists $first->{series('cache_inserts_total', kind => $kind,
                              result => $_)}, "$kind, $_: inserts"
        for qw(stored superseded too_large);
    ok exists $first->{series($_, kind => $kind)}, "$kind: $_"
        for qw(cache_evictions_total cache_entries);
}

ok exists $first->{series('cache_invalidations_total', scope => $_)},
    "invalidations, $_" for qw(key namespace flush);
is $first->{series($_)}, 0, "$_: at zero"
    for qw(presence_unavailable_total presence_ignored_total
           presence_writes_retried_total cache_resets_total
           lookups_coalesced_total record_entries_ignored_total
           geoip_errors_total);

for my $op (qw(device home seat away grace_start grace_end presence)) {
    is $first->{series('writes_total', op => $op, result => $_)}, 0,
        "writes, $op, $_: at zero" for qw(ok dropped),
        $op eq 'presence' ? () : 'error';
}

for my $kind (qw(outside another_household grace_begun grace_ending
                 home_learned seat_used seat_ending denied))
{
    is $first->{series('events_total', kind => $kind, result => $_)}, 0,
        "events, $kind, $_: at zero" for qw(ok dropped);
}

is $first->{series('lookup_duration_seconds_count', result => $_)}, 0,
    "lookups, $_: at zero"
    for qw(ok negative too_large timeout down busy error);
ok wait_until { $edge->metric('tracking_coherent', redis => 'main') == 1 },
    'tracking_coherent';

cmp_ok $first->{series('zone_size_bytes')}, '<=', 1048576,
    'zone_size_bytes: the size of the zone';
cmp_ok $first->{series('zone_used_bytes')}, '<',
    $first->{series('zone_size_bytes')}, 'zone_used_bytes: is not used up';

# what runs here, as the log has it too

my ($version, $nginx, $hiredis) = $edge->log
    =~ /household: version ([\d.]+), built for nginx ([\d.]+), hiredis (\S+)/;

is $first->{qq(nginx_household_build_info{version="$version",)
    . qq(nginx_version="$nginx",hiredis_version="$hiredis"})}, 1,
    'which versions';

# each request is counted once, by both words

my @requests = (
    ['/?account=a', '82.64.10.7', 'ALLOWED', 'home'],
    ['/?account=a', '203.0.113.9', 'DENIED', 'outside'],
    ['/offer?account=a', '203.0.113.9', 'OFFERED', 'outside'],
    ['/monitor?account=a', '203.0.113.9', 'MONITORED', 'outside'],
    ['/monitor', '203.0.113.9', 'MONITORED', 'account_missing'],
    ['/?account=b', '203.0.113.9', 'DENIED', 'unregistered'],
    ['/', '203.0.113.9', 'UNAUTHORIZED', 'account_missing'],
    ['/since?account=revoked&since=1', '82.64.10.7', 'UNAUTHORIZED',
     'revoked'],
    ['/mode?account=a&mode=off', '82.64.10.7', 'BYPASSED', 'off'],
);

for (@requests) {
    my ($uri, $from, $status, $reason) = @$_;
    my $before = metrics();

    $edge->get($uri, 'X-Forwarded-For' => $from) for 1 .. 3;

    my $after = metrics();
    my %moved = map { $_ => $after->{$_} - ($before->{$_} // 0) }
                grep { /requests/ && $after->{$_} != ($before->{$_} // 0) }
                keys %$after;

    is_deeply \%moved, { requests($status, $reason) => 3 },
        "$status, $reason: counted, and nothing else is";
}

# the cache: lookups of accounts are told apart from those of the fleet

sub lookups {
    return $edge->metric('cache_lookups_total', kind => 'account',
                         $_[0] ? (result => $_[0]) : ());
}

{
    my %before = map { $_ => lookups($_) } 'hit', 'miss', '';
    my $ignored = $edge->metric('record_entries_ignored_total');

    $edge->get('/?account=odd', 'X-Forwarded-For' => '82.64.10.7') for 1 .. 4;

    is lookups('miss') - $before{miss}, 1, 'a miss';
    is lookups('hit') - $before{hit}, 3, 'and hits';
    is lookups('') - $before{''}, 4, 'and each lookup once';
    is $edge->metric('record_entries_ignored_total') - $ignored, 2,
        'what was malformed, once a lookup';
    cmp_ok $edge->metric('cache_entries', kind => 'account'), '>=', 3,
        'records are kept';
    ok wait_until { $edge->metric('cache_entries', kind => 'fleet') == 1 },
        'and the fleet';
    is $edge->metric('cache_entries', kind => 'token'), 0, 'and no token';
    cmp_ok $edge->metric('cache_inserts_total', kind => 'account',
                         result => 'stored'), '>=', 3, 'stored';

    my @key = (cache_invalidations_total => scope => 'key');
    my $n = $edge->metric(@key);
    $redis->cmd(SADD => 'household:{odd}', '192.0.2.1');
    ok wait_until { $edge->metric(@key) > $n }, 'an invalidation of a key';

    $edge->get('/?account=odd', 'X-Forwarded-For' => '82.64.10.7');
    is lookups('expired'), 1, 'fetched again: expired';

    # where Redis is unavailable: what is not fresh is used
    $redis->cmd(SADD => 'household:{odd}', '192.0.2.2');
    ok wait_until { $edge->metric(@key) > $n + 1 }, 'another one';
    $redis->pause;
    my $r = $edge->get('/?account=odd', 'X-Forwarded-For' => '82.64.10.7');
    is $r->{headers}{'x-cache'}, 'STALE', 'used, as Redis is slow';
    is lookups('stale'), 1, 'stale';
    $redis->resume;
}

# a record that expires is used while it is fetched

{
    my $brief = Test::Household::Nginx->new(
        http => http_config(server => $redis->address, zone => '1m'),
        server => location('/', '', 'main zone=households fresh=1s')
                  . 'location /status { household_metrics; }');
    my %seen;

    ok wait_until {
        $seen{ $brief->get('/?account=a')->{headers}{'x-cache'} }++;
        $seen{UPDATING};
    }, 'a record that expires';
    is $brief->metric('cache_lookups_total', kind => 'account',
                      result => 'updating'), $seen{UPDATING}, 'updating';
}

# each zone shows its own, and a page without a zone shows all

{
    my $before = metrics();
    $edge->get('/none?account=a', 'X-Forwarded-For' => '82.64.10.7');
    is metrics()->{requests('ALLOWED', 'home')},
        $before->{requests('ALLOWED', 'home')},
        'a store without a zone is not on the page of a zone';
    is $edge->metric('requests_total', page => '/other'), 0, 'another zone';
    like $edge->get('/other')->{body}, qr/cache_resets_total\{zone="other"}/,
        'another zone: by its name';

    my $all = metrics('/all');
    is $all->{requests('ALLOWED', 'home')},
        metrics()->{requests('ALLOWED', 'home')}, 'all: the store with a zone';
    is $all->{requests('ALLOWED', 'home') =~ s/households//r}, 1,
        'all: the store without a zone';
    ok exists $all->{"nginx_household_zone_size_bytes{zone=\"$_\"}"},
        "all: the zone $_" for qw(households other);
}

# as HTTP has it

{
    my $conn = $edge->connect;
    my $r = $conn->get('/status');
    is $r->{status}, 200, 'GET';
    is $r->{headers}{'content-type'}, 'text/plain; version=0.0.4',
        'the type that Prometheus reads';
    like $r->{body}, qr/\n\z/, 'the last line has an end';

    $conn->send_request(HEAD => '/status');
    my $head = $conn->response;
    is $head->{status}, 200, 'HEAD';
    is $head->{headers}{'content-type'}, 'text/plain; version=0.0.4',
        'HEAD: the same headers';
    is $conn->get('/status')->{status}, 200, 'HEAD: no body';

    for my $method (qw(POST PUT DELETE)) {
        my $conn = $edge->connect;
        $conn->send_request($method, '/status', 'Content-Length' => 0);
        is $conn->response->{status}, 405, $method;
    }
}

# a reload keeps them, a zone of another size does not

{
    my $before = $edge->metric('requests_total', status => 'DENIED');
    $edge->reload;
    is $edge->metric('requests_total', status => 'DENIED'), $before,
        'a reload keeps them';
}

# it is nothing that a viewer should see by a slip: it is where it is said

is $edge->get('/?account=a', 'X-Forwarded-For' => '82.64.10.7')->{headers}
    {'content-type'}, 'image/gif', 'and nowhere else';

for my $case (['household_metrics zone=households b;',
               'invalid number of arguments'],
              ['household_metrics zone=nowhere;', 'zone'],
              ['household_metrics households;', 'invalid parameter'],
              ['household_metrics zone=households;'
               . 'household_metrics zone=households;',
               'is duplicate'],
              ['household_metrics; household_metrics;', 'is duplicate'])
{
    my ($text, $said) = @$case;
    my ($good, $all) = Test::Household::Nginx->new(start => 0,
        allow => qr/emerg/, http => http_config(server => $redis->address, zone => '1m'),
        server => "location /s { $text }")->test;
    ok !$good, "nginx -t: $text";
    like $all, qr/\[emerg\].*$said/, "nginx -t: $said";
}

done_testing;

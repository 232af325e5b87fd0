#!/usr/bin/perl

# household_status: the counters of a zone, as Prometheus reads them.

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
    http => http_config(server => $redis->address, zone => '1m')
            . "household_zone zone=other:64k;\n",
    server => location('/', '', $zone)
              . location('/offer', 'household_offer default url=/x;', $zone)
              . location('/monitor', 'household monitor;', $zone)
                  =~ s/household on;//r
              . location('/mode', 'household $arg_mode;', $zone)
                  =~ s/household on;//r
              . location('/since', 'household_issued_at $arg_since;', $zone)
              . location('/none', '', 'main')
              . 'location /status { household_status households; }'
              . 'location /other { household_status other; }');

my $Type = qr/counter|gauge/;
my $Label = qr/[a-z_]+="[\w.]+"/;
my $Labels = qr/$Label(?:,$Label)*/;

# the page, as a hash of what it counts; dies if it is not of the format
sub counters {
    my ($path) = @_;
    my (%value, %type, $family);

    for my $line (split /\n/, $edge->get($path // '/status')->{body}) {
        if ($line =~ /^# HELP ((?:nginx_)?household_[a-z_]+) \S.*\.$/) {
            die "twice: $line\n" if $type{$1};
            $family = $1;
        } elsif ($line =~ /^# TYPE ([a-z_]+) ($Type)$/) {
            die "not here: $line\n" if $1 ne $family;
            $type{$1} = $2;
            die "name: $line\n" if ($2 eq 'counter') != ($1 =~ /_total$/);
        } elsif ($line =~ /^(([a-z_]+)(?:\{$Labels\})?) (\d+)$/) {
            die "not here: $line\n" if $2 ne $family || !$type{$2};
            die "twice: $line\n" if exists $value{$1};
            $value{$1} = $3;
        } else {
            die "malformed: $line\n";
        }
    }

    return \%value;
}

sub requests { qq(household_requests_total{status="$_[0]"}) }
sub details { qq(household_details_total{detail="$_[0]"}) }
sub reasons { qq(household_reasons_total{reason="$_[0]"}) }

# what runs here, as the log has it too

my ($version, $nginx, $hiredis) = $edge->log
    =~ /household: version ([\d.]+), built for nginx ([\d.]+), hiredis (\S+)/;

is counters()->{qq(nginx_household_build_info{version="$version",)
    . qq(nginx_version="$nginx",hiredis_version="$hiredis"})}, 1,
    'which versions';

# every word is there from the beginning

my $first = counters();

is $first->{requests($_)}, 0, "status $_"
    for qw(ALLOWED DENIED OFFERED UNAUTHORIZED MONITORED UNAVAILABLE
           BYPASSED);
is $first->{reasons($_)}, 0, "reason $_"
    for qw(off options account_missing account_invalid token_missing
           token_malformed token_conflict token_algorithm token_key
           token_signature token_claim token_issuer token_audience
           token_expired token_not_yet token_uri token_type
           claim revoked unavailable record_too_large address_unknown home extra_member
           trusted_device travel unregistered learned family_unknown
           not_enforced rollout member not_shared away grace outside);
is $first->{details($_)}, 0, "detail $_"
    for qw(seat_ended device_expired travel_over family_missing never_seen);
is $first->{"household_${_}_total"}, 0, $_
    for qw(cache_hits cache_misses cache_expired cache_stale cache_evicted
           record_malformed notes_dropped geoip_corrupt presence_unavailable
           presence_ignored presence_writes_retried presence_writes_dropped
           events_dropped);
is grep({ /^household_requests/ } keys %$first), 7, 'no other status';
is grep({ /^household_reasons/ } keys %$first), 36, 'no other reason';
is grep({ /^household_details/ } keys %$first), 5, 'no other detail';
cmp_ok $first->{'household_zone_bytes{state="size"}'}, '<=', 1048576,
    'the size of the zone';
cmp_ok $first->{'household_zone_bytes{state="used"}'}, '<',
    $first->{'household_zone_bytes{state="size"}'}, 'is not used up';

# each request is counted once, by both words

my @requests = (
    ['/?account=a', '82.64.10.7', 'ALLOWED', 'home'],
    ['/?account=a', '203.0.113.9', 'DENIED', 'outside'],
    ['/offer?account=a', '203.0.113.9', 'OFFERED', 'outside'],
    ['/monitor?account=a', '203.0.113.9', 'MONITORED', 'outside'],
    ['/?account=b', '203.0.113.9', 'DENIED', 'unregistered'],
    ['/', '203.0.113.9', 'UNAUTHORIZED', 'account_missing'],
    ['/since?account=revoked&since=1', '82.64.10.7', 'UNAUTHORIZED',
     'revoked'],
    ['/mode?account=a&mode=off', '82.64.10.7', 'BYPASSED', 'off'],
);

for (@requests) {
    my ($uri, $from, $status, $reason) = @$_;
    my $before = counters();

    $edge->get($uri, 'X-Forwarded-For' => $from) for 1 .. 3;

    my $after = counters();
    my %moved = map { $_ => $after->{$_} - $before->{$_} }
                grep { /requests|reasons/ && $after->{$_} != $before->{$_} }
                keys %$after;

    is_deeply \%moved, { requests($status) => 3, reasons($reason) => 3 },
        "$status, $reason: counted, and nothing else is";
}

# the cache

{
    my $before = counters();
    $edge->get('/?account=odd', 'X-Forwarded-For' => '82.64.10.7') for 1 .. 4;
    my $after = counters();
    my $moved = sub { $after->{"household_$_[0]_total"}
                      - $before->{"household_$_[0]_total"} };

    cmp_ok $moved->('cache_misses'), '>=', 1, 'a miss';
    cmp_ok $moved->('cache_hits'), '>=', 3, 'and hits';
    is $moved->('record_malformed'), 2, 'what was malformed, once a lookup';
    cmp_ok $after->{'household_zone_records{kind="account"}'}, '>=', 3,
        'records are kept';

    $redis->cmd(SADD => 'household:{odd}', '192.0.2.1');
    ok wait_until(sub { counters()->{household_cache_invalidated_total}
                        > $after->{household_cache_invalidated_total} }),
        'a change was told';
}

# a location without a zone is counted nowhere, and each zone counts its own

{
    my $before = counters();
    $edge->get('/none?account=a', 'X-Forwarded-For' => '82.64.10.7');
    is counters()->{requests('ALLOWED')}, $before->{requests('ALLOWED')},
        'without a zone: not counted';
    is counters('/other')->{requests('ALLOWED')}, 0, 'another zone';
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
    my $before = counters();
    $edge->reload;
    my $after = counters();
    is $after->{requests('DENIED')}, $before->{requests('DENIED')},
        'a reload keeps them';
}

# it is nothing that a viewer should see by a slip: it is where it is said

is $edge->get('/?account=a', 'X-Forwarded-For' => '82.64.10.7')->{headers}
    {'content-type'}, 'image/gif', 'and nowhere else';

for my $case (['household_status;', 'invalid number of arguments'],
              ['household_status nowhere;', 'zone'],
              ['household_status households; household_status households;',
               'is duplicate'])
{
    my ($text, $said) = @$case;
    my ($good, $all) = Test::Household::Nginx->new(start => 0,
        allow => qr/emerg/, http => http_config(server => $redis->address, zone => '1m'),
        server => "location /s { $text }")->test;
    ok !$good, "nginx -t: $text";
    like $all, qr/\[emerg\].*$said/, "nginx -t: $said";
}

done_testing;

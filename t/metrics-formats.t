#!/usr/bin/perl

# household_metrics in its three formats: which one a client gets, and that
# programs of others read it.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until);
use Test::Household::Redis;
use Test::More;

my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', '82.64.10.7');

my $edge = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m'),
    server => location('/', '', 'main zone=households')
              . 'location /status { household_metrics; }');

$edge->get('/?account=a', 'X-Forwarded-For' => '82.64.10.7') for 1 .. 3;
ok wait_until { $edge->metric('redis_up') == 1 }, 'the server is known';

my $text = 'text/plain; version=0.0.4';
my $open = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
my $json = 'application/json';

# RFC 9110, 12.5.1

my @accept = (
    [undef, $text],
    ['', $text],
    ['*/*', $text],
    ['text/plain', $text],
    ['text/*', $text],
    ['TEXT/PLAIN', $text],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', $text],
    ['application/json', $json],
    ['application/*', $open],
    ['application/json, text/plain', $text],
    ['application/json, text/plain;q=0.9', $json],
    ['application/json;q=0.5, text/plain;q=0.4, */*;q=0.1', $json],
    ['application/json;q=0, */*', $text],
    ['text/plain;q=0, */*', $open],
    ['text/plain;q=0, */*;q=0.2, application/json;q=0.3', $json],
    ['application/json;charset="a,b;q=0";q=0.9, */*;q=0.8', $json],
    ['application/openmetrics-text', $open],
    ['application/openmetrics-text;version=1.0.0', $open],
    ['application/openmetrics-text; version="1.0.0"', $open],
    ['application/openmetrics-text;version=0.0.1', $text],
    ['application/json;q=2', $text],
    ['application/json;q=', $text],
    ['application/json;q=0.0001', $text],
    ['json, /, application/, ;, ",', $text],
    ['image/png', $text],

    # Prometheus 2.42, and 3
    ['application/openmetrics-text;version=1.0.0,application/openmetrics-text;'
     . 'version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1', $open],
    ['application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,'
     . 'application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version='
     . '1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,'
     . '*/*;q=0.1', $open],
    ['text/plain;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.2', $text],
);

sub page {
    my (@accept) = @_;
    return $edge->get('/status', map { (Accept => $_) } @accept);
}

for (@accept) {
    my ($accept, $type) = @$_;
    my $r = page($accept // ());

    is $r->{headers}{'content-type'}, $type, $accept // 'no Accept';
    is $r->{headers}{vary}, 'Accept', 'it varies' if !defined $accept;
}

is page('text/plain;q=0.5', 'application/json')->{headers}{'content-type'},
    $json, 'two fields';

# the same numbers in each format, but for ages

sub without_ages {
    my ($samples) = @_;
    delete @$samples{grep { /_age_seconds\{/ } keys %$samples};
    return $samples;
}

sub numbers {
    my ($body) = @_;
    return without_ages({ $body =~ /^(nginx_household_\w+\{.*\}) (\S+)$/mg });
}

my $plain = page()->{body};
my $om = page($open)->{body};
my $doc = decode_json(page($json)->{body});

is_deeply numbers($om), numbers($plain), 'OpenMetrics: the same samples';
like $om, qr/\n# EOF\n\z/, 'OpenMetrics: its end';
like $om, qr/^# TYPE nginx_household_requests counter$/m,
    'OpenMetrics: a family has no _total';
like $om, qr/^# TYPE nginx_household_build info$/m,
    'OpenMetrics: the versions are an info';
like $plain, qr/^# TYPE nginx_household_build_info gauge$/m,
    'text: they are a gauge';
unlike $plain, qr/# EOF/, 'text: no end';

my %from_json;

for my $family (@{ $doc->{metrics} }) {
    ok $family->{help} && $family->{type}, "JSON: $family->{name}";

    for my $sample (@{ $family->{samples} }) {
        my %label = %{ $sample->{labels} };
        my $of = sub { join ',', map { qq($_="$label{$_}") } sort keys %label };

        if ($family->{type} ne 'histogram') {
            $from_json{"$family->{name}\{" . $of->() . '}'} = $sample->{value};
            next;
        }

        $from_json{"$family->{name}_$_\{" . $of->() . '}'} = $sample->{$_}
            for qw(count sum);

        for my $le (keys %{ $sample->{buckets} }) {
            $label{le} = $le eq '1' ? '1.0' : $le;
            $from_json{"$family->{name}_bucket{" . $of->() . '}'} =
                $sample->{buckets}{$le};
        }
    }
}

my %from_text;
my $numbers = numbers($plain);

for my $series (keys %$numbers) {
    my ($name, $labels) = $series =~ /^(\w+)\{(.*)\}$/;
    $from_text{"$name\{" . join(',', sort $labels =~ /\w+="[^"]*"/g) . '}'} =
        $numbers->{$series};
}

is_deeply without_ages(\%from_json), \%from_text, 'JSON: the same samples';

# as programs of others read them

sub tool { grep { -x } map { "$_/$_[0]" } split /:/, $ENV{PATH} }

sub feed {
    my ($command, $body) = @_;
    my $file = "$edge->{dir}/page";

    open my $out, '>', $file or die "$file: $!\n";
    print $out $body;
    close $out;

    my $said = `$command < $file 2>&1`;
    return "$? $said";
}

SKIP: {
    skip 'no promtool', 2 if !tool('promtool');

    is feed('promtool check metrics', $plain), '0 ', 'promtool: text';

    (my $bad = $plain) =~ s/requests_total/requests/g;
    like feed('promtool check metrics', $bad), qr/should have "_total"/,
        'promtool: sees a fault';
}

SKIP: {
    my $code = 'from prometheus_client.openmetrics.parser import '
        . 'text_string_to_metric_families as parse; import sys; '
        . 'print(sum(len(f.samples) for f in parse(sys.stdin.read())))';

    skip 'no prometheus_client', 2
        if system('python3 -c "import prometheus_client" 2>/dev/null');

    my $samples = () = $om =~ /^nginx_household_\w+\{.*\} \S+$/mg;

    is feed("python3 -c '$code'", $om), "0 $samples\n",
        'the parser of OpenMetrics';
    like feed("python3 -c '$code'", $om =~ s/# EOF\n//r), qr/Missing # EOF/,
        'the parser of OpenMetrics: sees a fault';
}

done_testing;

#!/usr/bin/perl

# household_geoip: the viewer's country from a MaxMind DB, made here: for logs
# and as a stand-in for the country of an account that has none.  It never
# makes an allow into a deny.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config location);
use Test::Household::Process qw(wait_until temp_dir slurp);
use Test::Household::Redis;
use Test::More;

eval { require MaxMind::DB::Writer::Tree; 1 }
    or plan skip_all => 'libmaxmind-db-writer-perl is not installed';

my $dir = temp_dir('geoip');

# FR 203.0.113.0/24 and 2001:db8:f::/48, DE 198.51.100.0/24, and odd ones
my %country = (
    '203.0.113.0/24' => { country => { iso_code => 'FR' },
                          registered_country => { iso_code => 'US' },
                          traits => { names => ['XX', 'BE'] } },
    '198.51.100.0/24' => { country => { iso_code => 'DE' } },
    '192.0.2.1/32' => { country => { iso_code => 'fr' } },
    '192.0.2.2/32' => { country => { iso_code => 'FRA' } },
    '192.0.2.3/32' => { country => { iso_code => '' } },
    '192.0.2.4/32' => { continent => { code => 'EU' } },
    '192.0.2.5/32' => { country => { iso_code => 'F1' } },
    '192.0.2.6/32' => { country => { iso_code => "F\0" } },
);
my %country6 = ('2001:db8:f::/48' => { country => { iso_code => 'FR' } });

my %type = (country => 'map', registered_country => 'map', traits => 'map',
            continent => 'map', iso_code => 'utf8_string',
            code => 'utf8_string', names => ['array', 'utf8_string']);

sub database {
    my ($name, $version, %entries) = @_;
    my $tree = MaxMind::DB::Writer::Tree->new(
        ip_version => $version, record_size => 24,
        database_type => 'Test-Country', languages => ['en'],
        description => { en => 'made by a test' },
        map_key_type_callback => sub { $type{ $_[0] } // 'utf8_string' },
        $version == 6 ? (alias_ipv6_to_ipv4 => 1) : (),
        remove_reserved_networks => 0);

    $tree->insert_network($_, $entries{$_}) for sort keys %entries;
    open my $out, '>:raw', "$dir/new" or die;
    $tree->write_tree($out);
    close $out;
    rename "$dir/new", "$dir/$name";
    return "$dir/$name";
}

sub file {
    my ($name, $bytes) = @_;
    open my $out, '>:raw', "$dir/$name" or die;
    print $out $bytes;
    close $out;
    return "$dir/$name";
}

my $both = database('both.mmdb', 6, %country, %country6);
my $four = database('four.mmdb', 4, %country);

my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => "household:{$_}", '82.64.10.7') for qw(known unknown);
$redis->cmd(HSET => 'household:{known}:account', country => 'DE');

my $guard = 'add_header X-Country $household_country always;'
    . 'add_header X-Viewer $household_viewer_country always;'
    . 'add_header X-Offer $household_offer_url always;';

sub configuration {
    my ($geoip) = @_;
    return (
        http => http_config(server => $redis->address, zone => '1m')
                . ($geoip ? "household_geoip $geoip;\n" : '')
                . 'household_offer FR url=https://fr/;'
                . 'household_offer default url=https://www/;',
        server => location('/', $guard, 'main zone=households')
                  . location('/fr', "$guard household_enforce_in FR;",
                             'main zone=households')
                  . 'location /status { household_metrics zone=households; }');
}

my $edge = Test::Household::Nginx->new(configuration($both));

# with the workers of before gone
sub reload {
    $edge->reload(@_);
    wait_until { $edge->workers == 1 } or die "old workers stay\n";
}

sub get {
    my ($from, $uri) = @_;
    my $h = $edge->get($uri, 'X-Forwarded-For' => $from)->{headers};
    return join ' ', map { $h->{"x-$_"} // '-' }
        qw(reason viewer country offer);
}

# each family, and what is no country

my @cases = (
    ['203.0.113.9', 'FR', 'IPv4'],
    ['::ffff:203.0.113.9', 'FR', 'IPv4 in IPv6'],
    ['2001:db8:f::7', 'FR', 'IPv6'],
    ['198.51.100.9', 'DE', 'another country'],
    ['192.0.2.1', 'FR', 'small letters'],
    ['192.0.2.2', '-', 'three letters'],
    ['192.0.2.3', '-', 'no letters'],
    ['192.0.2.4', '-', 'an entry without a country'],
    ['192.0.2.5', '-', 'a digit'],
    ['192.0.2.6', '-', 'a NUL'],
    ['192.0.2.9', '-', 'no entry'],
    ['2001:db8:e::7', '-', 'no entry, IPv6'],
);

for my $case (@cases) {
    my ($from, $viewer, $name) = @$case;
    my $offer = $viewer eq 'FR' ? 'https://fr/' : 'https://www/';

    is get($from, '/?account=unknown'), "outside $viewer $viewer $offer",
        "$name: stands in for the account's";
    is get($from, '/?account=known'), "outside $viewer DE https://www/",
        "$name: but the account's counts";
}

# enforcement goes by the account's country alone

is get('203.0.113.9', '/fr?account=unknown'), 'not_enforced FR FR -',
    'an account without a country is not enforced where the viewer is';
is get('198.51.100.9', '/fr?account=unknown'), 'not_enforced DE DE -',
    'not elsewhere';
is get('192.0.2.9', '/fr?account=unknown'), 'not_enforced - - -',
    'nor where nothing is known';
is get('203.0.113.9', '/fr?account=known'), 'not_enforced FR DE -',
    'to travel to where it is enforced is no reason';

# whoever is allowed is allowed everywhere

$redis->cmd(HSET => 'household:{known}:account', 'device:tv' => time,
            'travel:*' => time + 3600,
            map { ("extra:s$_:$cases[$_][0]" => 0) } 3 .. 5);
$redis->cmd(SADD => 'household:{known}', '203.0.113.9', '2001:db8:f::/48');

my %expected = ('203.0.113.9' => 'home', '::ffff:203.0.113.9' => 'home',
                '2001:db8:f::7' => 'home', '198.51.100.9' => 'extra_member',
                '192.0.2.1' => 'extra_member', '192.0.2.2' => 'extra_member');

ok wait_until(sub { get('203.0.113.9', '/?account=known') =~ /^home/ }),
    'an account that may be everywhere';

for my $case (@cases) {
    my ($from) = @$case;
    my $place = $expected{$from};

    for my $path ('/', '/fr') {
        like get($from, "$path?account=known&device=tv"),
            $place ? qr/^$place / : qr/^trusted_device /,
            "$path from $from: a trusted device";
        like get($from, "$path?account=known"),
            $place ? qr/^$place / : qr/^travel /,
            "$path from $from: a grant";
    }
}

# what becomes of the file: it is overwritten in place, cut off, removed

{
    my $place = file('place.mmdb', slurp($both));
    reload(configuration($place));
    my @workers = $edge->workers;

    for (['written over', sub { file('place.mmdb', 'x' x 100) }],
         ['empty', sub { truncate $place, 0 or die }],
         ['another database', sub { file('place.mmdb', slurp($four)) }],
         ['gone', sub { unlink $place or die }])
    {
        my ($name, $do) = @$_;
        $do->();
        is get('203.0.113.9', '/?account=unknown'),
            'outside FR FR https://fr/', "the file is $name: nothing changes";
        is get('2001:db8:f::7', '/?account=unknown'),
            'outside FR FR https://fr/', "the file is $name: nor for IPv6";
    }

    is_deeply [$edge->workers], \@workers, 'the worker is the same';
}


# other paths, and other forms

for (['registered_country.iso_code', 'US', 'another path'],
     ['traits.names.1', 'BE', 'an array'],
     ['country', '-', 'a path to no text'],
     ['country.iso_code.deeper', '-', 'a path beyond'],
     ['nothing', '-', 'a path to nothing'])
{
    my ($path, $viewer, $name) = @$_;
    reload(configuration("$both country=$path"));
    like get('203.0.113.9', '/?account=unknown'), qr/^outside $viewer /,
        $name;
}

reload(configuration($four));
like get('203.0.113.9', '/?account=unknown'), qr/^outside FR /, 'IPv4 alone';
like get('2001:db8:f::7', '/?account=unknown'), qr/^outside - - /,
    'IPv4 alone: nothing of IPv6';
is counted(), 0, 'which is nothing corrupt';

sub counted { $edge->metric('geoip_errors_total') }

# a new file is opened on reload

my $current = database('current.mmdb', 4,
                       '203.0.113.0/24' => { country => { iso_code => 'IT' } });
reload(configuration($current));
like get('203.0.113.9', '/?account=unknown'), qr/^\S+ IT/, 'a file';
database('current.mmdb', 4,
         '203.0.113.0/24' => { country => { iso_code => 'ES' } });
like get('203.0.113.9', '/?account=unknown'), qr/^\S+ IT/,
    'is replaced: it is used until';
reload();
like get('203.0.113.9', '/?account=unknown'), qr/^\S+ ES/, 'a reload';

# what is corrupt within: counted, and unknown

{
    my $bytes = slurp($both);

    # the data of 203.0.113.0/24: where it says FR, a
    # text that goes beyond the file
    my $bad = $bytes =~ s/\x42FR/\x5fFR/gr;
    isnt $bad, $bytes, '(a corrupt file)';
    reload(configuration(file('corrupt.mmdb', $bad)));

    my $before = counted();
    like get('203.0.113.9', '/?account=unknown'), qr/^outside - - /,
        'corrupt data: unknown';
    is counted(), ++$before, 'it is counted';
    like get('203.0.113.9', '/fr?account=unknown'), qr/^not_enforced - - /,
        'unknown is not enforced';
    is counted(), ++$before, 'each time';
    is get('192.0.2.9', '/?account=unknown'), 'outside - - https://www/',
        'what is not corrupt';
    is counted(), $before, 'is not counted';

    # pointers of the tree to beyond the data
    my $n = 0;
    my $wild = $bytes;
    substr $wild, $_, 1, "\x7f" for map { $_ * 6 + 1 } 30 .. 60;
    reload(configuration(file('wild.mmdb', $wild)));

    for my $from (map { $_->[0] } @cases) {
        my $r = $edge->get('/?account=known&device=tv',
                           'X-Forwarded-For' => $from);
        $n++ if $r->{status} == 200;
    }
    is $n, @cases, 'whatever a corrupt tree says, an allow is an allow';
}

# what nginx -t says of a file that is none

{
    my $bytes = slurp($both);
    my %bad = (
        missing => "$dir/missing.mmdb",
        empty => file('empty.mmdb', ''),
        text => file('text.mmdb', "country\n" x 1000),
        truncated => file('cut.mmdb', substr $bytes, 0, -200),
        'cut within the tree' => file('half.mmdb', substr $bytes, 0, 300),
        'a directory' => $dir,
    );

    for my $name (sort keys %bad) {
        my $edge = Test::Household::Nginx->new(start => 0,
            allow => qr/emerg/, configuration($bad{$name}));
        my ($good, $said) = $edge->test;
        ok !$good, "nginx -t: $name";
        like $said, qr/\[emerg\].*"\Q$bad{$name}\E" of "household_geoip": \w+/,
            "nginx -t names it: $name";
    }

    for my $path ('', '.', 'a..b', '.a', 'a.', 'a.b.c.d.e.f.g.h.i') {
        my $edge = Test::Household::Nginx->new(start => 0,
            allow => qr/emerg/, configuration("$both country=$path"));
        my ($good, $said) = $edge->test;
        ok !$good, "nginx -t: the path \"$path\"";
        like $said, qr/"household_geoip": the path to the country is malformed/,
            'is malformed';
    }
}

done_testing;

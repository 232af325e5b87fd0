#!/usr/bin/perl

# The variables: each of them in a log, in a header of the answer, in a header
# to an upstream, through a map; and not found where nothing was decided.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx;
use Test::Household::Process qw(wait_until slurp temp_dir);
use Test::Household::Redis;
use Test::More;

my @names = qw(status reason detail shadow_status shadow_reason account device network country
               viewer_country pseudonym cache_status lookup_time offer_url
               offer_state offer_price offer_currency);

my $dir = temp_dir('variables');

open my $out, '>', "$dir/key" or die;
print $out "0123456789abcdef\n";
close $out;

my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', '82.64.10.7', '192.0.2.7/24',
            '2001:db8:1:2:3::', '2001:DB8:ff00::1/40');
$redis->cmd(HSET => 'household:{a}:account', country => 'fr',
            'extra:s1:198.51.100.9/25' => 0);
$redis->cmd(SADD => 'household:{none}', '82.64.10.7');
$redis->cmd(SADD => 'household:{there}', '203.0.113.1');
$redis->cmd(HSET => 'household:{none}:account', country => 'FR', seats => 0);

my $log = join ' ', map { "$_=\$household_$_" } @names;
my $headers = join "\n", map { "add_header X-$_ \$household_$_ always;" } @names;
my $to_upstream = join "\n", map { "proxy_set_header X-$_ \$household_$_;" }
                             @names;
my $echoed = join ' ', map { "$_=\$http_x_$_" } @names;
my $maps = join "\n", map { <<"EOC" } @names;
    map \$household_$_ \$map_$_ {
        default "<\$household_$_>";
        ""      none;
    }
EOC
my $mapped = join ' ', map { "$_=\$map_$_" } @names;

my $http = <<"EOC";
log_format household '$log';
access_log household.log household;
household_redis main {
    server ${\$redis->address}; connect_timeout 5s; timeout 5s;
}
household_redis away { server 127.0.0.1:1; }
household_store main;
household_account \$arg_account;
household_device \$arg_device;
household_hmac_key $dir/key;
household_offer FR price=5.99 currency=EUR url=https://fr.example.tv/?a=b;
household_offer default url=https://www.example.tv/;
set_real_ip_from 127.0.0.1;
real_ip_header X-Forwarded-For;
underscores_in_headers on;
$maps
map \$household_status \$kept { default \$household_status; "" none; }
map \$household_status \$volatile {
    volatile; default \$household_status; "" none;
}
server {
    listen unix:$dir/upstream.sock;
    access_log off;
    location / { return 200 '$echoed'; }
    location /accel { add_header X-Accel-Redirect \$arg_to; return 200; }
}
EOC

my $server = <<"EOC";
location / { household on; $headers empty_gif; }
location /off { household off; $headers empty_gif; }
location /mode { household \$arg_mode; $headers empty_gif; }
location /away { household on; household_store away; $headers empty_gif; }
location /deny {
    household on;
    household_store away;
    household_unavailable deny;
    $headers
    empty_gif;
}
location /return { household on; $headers return 204; }
location /prefix { household on; household_ipv6_prefix 48; $headers empty_gif; }
location /proxy {
    household on;
    $to_upstream
    proxy_pass http://unix:$dir/upstream.sock;
}
location /map { household on; error_page 403 404 = \@map; root /nonexistent; }
location \@map { return 200 '$mapped'; }
location /early {
    set \$early "\$household_reason\$household_status\$household_account";
    household on;
    $headers
    empty_gif;
}
location /accel {
    household on;
    $to_upstream
    proxy_pass http://unix:$dir/upstream.sock:/accel;
}
location /accel-prefix {
    household on;
    household_ipv6_prefix 48;
    proxy_pass http://unix:$dir/upstream.sock:/accel;
}
location /again { household on; household_account none; $headers empty_gif; }
location /monitor {
    household monitor;
    proxy_pass http://unix:$dir/upstream.sock:/accel;
}
location /priced {
    household on;
    household_offer default price=3 currency=USD url=https://www.example.tv/;
    $headers
    empty_gif;
}
location /there { household on; household_account there; $headers empty_gif; }
location /silent { household on; household_account none; empty_gif; }
location /silently {
    set \$early "\$household_reason\$household_status\$household_account";
    household on;
    empty_gif;
}
location /used-before {
    set \$before "\$kept \$volatile";
    household on;
    add_header X-Maps "\$before, \$kept \$volatile" always;
    empty_gif;
}
location /cycle {
    household on;
    household_offer default url=/\$household_offer_url;
    $headers
    empty_gif;
}
EOC

my $nginx = Test::Household::Nginx->new(http => $http, server => $server);

# "a=b c=d" to a hash
sub pairs {
    my ($text) = @_;
    return { map { /^([^=]+)=(.*)$/s } split / /, $text };
}

# what a request leaves in the log, and its answer
sub logged (&) {
    my ($request) = @_;
    my $mark = -s "$nginx->{dir}/household.log" || 0;
    my $r = $request->();
    my $line = wait_until(sub { slurp("$nginx->{dir}/household.log", $mark) });

    chomp $line;
    return (pairs($line), $r);
}

sub get {
    my @request = @_;
    return logged { $nginx->get(@request) };
}

# "-" in a log is what is not found; times and states differ
sub is_told {
    my ($uri, $from, $name, %expected) = @_;
    my ($logged, $r) = get($uri, 'X-Forwarded-For' => $from);
    my %in_headers = map { $_ => $r->{headers}{"x-$_"} // '-' } @names;

    is_deeply \%in_headers, $logged, "$name: in headers as in the log"
        if keys %{ $r->{headers} } && grep { /^x-/ } keys %{ $r->{headers} };

    for my $h ($logged) {
        $h->{lookup_time} =~ s/^\d+\.\d{3}$/time/;
        $h->{pseudonym} =~ s/^[0-9a-f]{32}$/id/;
        $h->{offer_state} =~ s/^eyJ[\w-]+\.\.[\w-]{22}\.[\w-]+\.[\w-]{22}$/state/;
    }

    is_deeply $logged, { (map { $_ => '-' } @names), %expected }, $name;
    return $r;
}

my @known = (account => 'a', pseudonym => 'id', cache_status => 'BYPASS', lookup_time => 'time',
             country => 'FR');
my @none = (%{{ @known }}, account => 'none');
my @offer = (offer_url => 'https://fr.example.tv/?a=b', offer_price => '5.99',
             offer_currency => 'EUR', offer_state => 'state');
my @default = (offer_url => 'https://www.example.tv/', offer_state => 'state');

is_told('/off?account=a', '82.64.10.7', 'off');
is_told('/return?account=a', '82.64.10.7', 'never asked');
is_told('/mode?account=a&mode=off', '82.64.10.7', 'off by a variable',
    status => 'BYPASSED', reason => 'off');
is_told('/?account=a', '82.64.10.7', 'at home',
    @known, status => 'ALLOWED', reason => 'home', network => '82.64.10.7/32');
is_told('/?account=a&device=tv', '192.0.2.200', 'at home, with a device',
    @known, status => 'ALLOWED', reason => 'home', device => 'tv',
    network => '192.0.2.0/24');
is_told('/?account=a', '2001:db8:1:2:ffff::1', 'at home, IPv6', @known,
    status => 'ALLOWED', reason => 'home', network => '2001:db8:1:2::/64');
is_told('/prefix?account=a', '2001:db8:1:ffff::1', 'at home, by its /48',
    @known, status => 'ALLOWED', reason => 'home',
    network => '2001:db8:1::/48');
is_told('/?account=a', '2001:db8:ff55::1', 'at home, a prefix of IPv6',
    @known, status => 'ALLOWED', reason => 'home',
    network => '2001:db8:ff00::/40');
is_told('/?account=a', '198.51.100.1', 'an extra member', @known,
    status => 'ALLOWED', reason => 'extra_member',
    network => '198.51.100.0/25');
is_told('/?account=a', '203.0.113.1', 'outside', @known, @offer,
    status => 'OFFERED', reason => 'outside',
    detail => 'never_seen');
is_told('/?account=none', '203.0.113.1', 'outside, without a free slot',
    @none, @default, status => 'OFFERED', reason => 'outside',
    detail => 'never_seen');
is_told('/priced?account=a', '203.0.113.1', 'outside, any price', @known,
    @default, offer_price => '3', offer_currency => 'USD',
    status => 'OFFERED', reason => 'outside',
    detail => 'never_seen');
is_told('/priced?account=none', '203.0.113.1', 'outside, any price, no slot',
    @none, @default, status => 'OFFERED', reason => 'outside',
    detail => 'never_seen');
is_told('/mode?account=a&mode=monitor', '203.0.113.1', 'monitored', @known,
    @offer, status => 'MONITORED', reason => 'outside',
    detail => 'never_seen');
is_told('/?account=b', '203.0.113.1', 'unregistered', @known, @default,
    account => 'b', country => '-', status => 'OFFERED',
    reason => 'unregistered', detail => 'never_seen');
is_told('/', '82.64.10.7', 'nobody', status => 'UNAUTHORIZED',
    reason => 'account_missing');
is_told('/away?account=a', '82.64.10.7', 'the store is away', @known,
    country => '-', status => 'UNAVAILABLE', reason => 'unavailable');
is_told('/deny?account=a', '82.64.10.7', 'the store is away, denied', @known,
    country => '-', status => 'DENIED', reason => 'unavailable');
is_told('/early?account=a', '82.64.10.7', 'asked for before', @known,
    status => 'ALLOWED', reason => 'home', network => '82.64.10.7/32');
is_told('/silently?account=a', '82.64.10.7',
    'asked for before, and then in the log alone', @known,
    status => 'ALLOWED', reason => 'home', network => '82.64.10.7/32');
is_told('/accel?account=a&to=/silent', '192.0.2.200',
    'evaluated twice, and then in the log alone', @none, @default,
    status => 'OFFERED', reason => 'outside',
    detail => 'never_seen');
is_told('/accel?account=a&to=/again', '82.64.10.7', 'evaluated twice', @none,
    status => 'ALLOWED', reason => 'home', network => '82.64.10.7/32');
is_told('/monitor?account=a&to=/there', '203.0.113.1',
    'an offer, and then none', @known, account => 'there', country => '-',
    status => 'ALLOWED', reason => 'home', network => '203.0.113.1/32');
is_told('/accel?account=a&to=/off', '82.64.10.7', 'evaluated, and then not',
    @known, status => 'ALLOWED', reason => 'home',
    network => '82.64.10.7/32');
is_told('/accel-prefix?account=a&to=/off', '2001:db8:1:ffff::1',
    'evaluated by a /48, and then not', @known, status => 'ALLOWED',
    reason => 'home', network => '2001:db8:1::/48');

# OPTIONS

{
    my ($logged, $r) = logged {
        my $conn = $nginx->connect;
        $conn->send_request(OPTIONS => '/?account=a');
        $conn->response;
    };
    is "$r->{headers}{'x-status'} $r->{headers}{'x-reason'}",
        'BYPASSED options', 'a preflight';
}

# to an upstream

my ($logged, $r) = get('/proxy?account=a&device=tv',
                       'X-Forwarded-For' => '82.64.10.7',
                       'X-Reason' => 'forged', 'X-Offer_url' => 'forged');
my $sent = pairs($r->{body});
$_->{lookup_time} = 'time' for $logged, $sent;
is_deeply $sent, { map { $_ => $logged->{$_} =~ s/^-$//r } @names },
    'an upstream gets what is known, and only from us';

# through a map: 403 and 404 tell the same

for my $from ('203.0.113.1', '82.64.10.7') {
    ($logged, $r) = get('/map?account=a', 'X-Forwarded-For' => $from);
    my $mapped = pairs($r->{body});
    s/^<(.*)>$/$1/ for values %$mapped;
    s/^none$/-/ for values %$mapped;
    delete $_->{offer_state}, delete $_->{lookup_time} for $mapped, $logged;
    is_deeply $mapped, $logged, "through a map, from $from";
}

# a map that is used before the access phase, too

is $nginx->get('/used-before?account=a', 'X-Forwarded-For' => '82.64.10.7')
       ->{headers}{'x-maps'}, 'none none, none ALLOWED',
    'a map has its first value, unless it is volatile';

# the pseudonym is of the account

my ($a) = get('/?account=a', 'X-Forwarded-For' => '203.0.113.1');
my ($b) = get('/?account=a', 'X-Forwarded-For' => '82.64.10.7');
my ($c) = get('/?account=none', 'X-Forwarded-For' => '82.64.10.7');
is $a->{pseudonym}, $b->{pseudonym}, 'the pseudonym of an account is the same';
isnt $a->{pseudonym}, $c->{pseudonym}, 'that of another account is not';
isnt $a->{offer_state}, $c->{offer_state}, 'each denial has a state of its own';

# a variable that refers to itself ends, somehow, but ends

my $cycle = $nginx->get('/cycle?account=a', 'X-Forwarded-For' => '203.0.113.1');
like $cycle->{status}, qr/^(?:403|500)$/, 'a url that refers to itself';
is $nginx->get('/?account=a', 'X-Forwarded-For' => '82.64.10.7')->{status},
    200, 'and what comes after it';

done_testing;

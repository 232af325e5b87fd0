#!/usr/bin/perl

# A bad configuration of every directive: nginx -t fails, and its message has
# the directive, the value, the reason and the line.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx;
use Test::Household::Process qw(temp_dir);
use Test::More;

my $dir = temp_dir('files');

sub file {
    my ($name, $text) = @_;
    open my $out, '>:raw', "$dir/$name" or die "$name: $!\n";
    print $out $text;
    close $out;
    return "$dir/$name";
}

my $empty = file(empty => '');
my $first = file(first => "\nsecret\n");
my $short = file(short => "short\n");
my $long = file(long => 'x' x 5000);
my $key = file(key => "0123456789abcdef\n");
my $bom = file(bom => qq(\xef\xbb\xbf{"keys":[]}));
my $keys = file(keys => qq({"keys":[{"kty":"x","kid":"a"},{"kty":"oct"}]}));
my $public = file(public => qq({"keys":[{"kty":"OKP","crv":"Ed25519",) .
    qq("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}));
my $secret = file(secret => qq({"keys":[{"kty":"oct","k":") . "k" x 43 . qq("}]}));
my $text = file(text => "this is no such file\n");
my $none = "$dir/none";
my $large = file(large => '');
truncate $large, 1024 ** 3 + 1 or die "$large: $!\n";

my $has_ssl = `$Test::Household::Nginx::Binary -V 2>&1` =~ /TLS SNI/;

# Each row: what stands in http {}, the value, and the reason.  The directive
# is the last one of the text, unless another name follows the reason: "" where
# the words are nginx's own, of a variable, a zone or OpenSSL.

my @http = (
    ['household', 'household', qr/invalid number of arguments/],
    ['household on off', 'household', qr/invalid number of arguments/],
    ['household yes', 'yes', qr/must be "off", "monitor", "on" or a variable/],
    ['household ON', 'ON', qr/invalid value/],
    ['household ""', '""', qr/invalid value/],
    ['household on; household off', '', qr/is duplicate/],
    ['household $arg_a; household off', '', qr/is duplicate/],
    ['household_store main; household_account $arg_a; household $none_such',
     'none_such', qr/unknown .* variable/, ''],
    ['household on; household_account $arg_a', '',
     qr/no "household_store" is defined/, 'household'],
    ['household monitor; household_account $arg_a', '',
     qr/no "household_store" is defined/, 'household'],
    ['household $arg_m; household_account $arg_a', '',
     qr/no "household_store" is defined/, 'household'],
    ['household on; household_store main', '',
     qr/no "household_account" .*is defined/, 'household'],

    ['server { if ($arg_a) { household on; } }', '', qr/is not allowed here/,
     'household'],

    ['household_store', '', qr/invalid number of arguments/],
    ['household_store none', 'none', qr/unknown household_redis/],
    ['household_store main; household_store main', '', qr/is duplicate/],
    ['household_store main fly=1', 'fly=1', qr/invalid parameter/],
    ['household_store main zone=', 'zone=', qr/invalid parameter/],
    ['household_store main zone=z zone=z', 'zone=z', qr/invalid parameter/],
    ['household_store main zone=z fresh=', 'fresh=', qr/invalid parameter/],
    ['household_store main zone=z fresh=x', 'fresh=x', qr/invalid parameter/],
    ['household_store main zone=z missing=-1', 'missing=-1',
     qr/invalid parameter/],
    ['household_store main zone=z stale=1y1y', 'stale=1y1y',
     qr/invalid parameter/],
    ['household_store main zone=z fresh=1s fresh=2s', 'fresh=2s',
     qr/invalid parameter/],
    ['household_store main fresh=1s', 'fresh=', qr/need a "zone="/],
    ['household_store main canary=a', 'canary=', qr/need a "zone="/],
    ['household_store main zone=z canary=', 'canary=',
     qr/invalid parameter/],
    ['household_store main zone=z canary=a canary=b', 'canary=b',
     qr/invalid parameter/],
    ['household_store main zone=z canary=' . 'a' x 129, 'canary=a',
     qr/invalid parameter/],
    ['household_zone zone=z1:1m lookups=0', 'lookups=0',
     qr/invalid parameter/],
    ['household_zone zone=z1:1m lookups=65537', 'lookups=65537',
     qr/invalid parameter/],
    ['household_zone zone=z1:1m lookups=x', 'lookups=x',
     qr/invalid parameter/],
    ['household_zone zone=z1:1m lookups=1 lookups=2', 'lookups=2',
     qr/invalid parameter/],
    ['household_store main zone=none', 'none', qr/unknown household_zone/],
    ['household_store main zone=none; household_zone zone=other:1m', 'none',
     qr/unknown household_zone/, 'household_store'],

    ['household_zone', '', qr/invalid number of arguments/],
    ['household_zone z1:1m', 'z1:1m', qr/must be "zone=name:size"/],
    ['household_zone zone=z1', 'zone=z1', qr/must be "zone=name:size"/],
    ['household_zone zone=:1m', 'zone=:1m', qr/must be "zone=name:size"/],
    ['household_zone zone=z1:', 'zone=z1:', qr/must be "zone=name:size"/],
    ['household_zone zone=z1:0', 'zone=z1:0', qr/must be "zone=name:size"/],
    ['household_zone zone=z1:big', 'zone=z1:big',
     qr/must be "zone=name:size"/],
    (map { ["household_zone zone=z1:1m $_", $_, qr/invalid parameter/] }
        qw(state= keep=1 fresh=1s)),
    ['household_zone zone=z1:1m state=a state=b', 'state=b',
     qr/invalid parameter/],
    (map { ["household_zone zone=z1:1m state=a state_interval=$_",
            "state_interval=$_", qr/invalid parameter/] }
        '', qw(0 999ms x 25d)),
    ['household_zone zone=z1:1m state_interval=1m', 'state_interval=',
     qr/needs a "state="/],
    ['household_zone zone=z1:1m state=/a/', '/a/',
     qr/not the name of a file/],
    ['household_zone zone=z1:1m state=/a/b; household_zone zone=z2:1m state=/a/b',
     '/a/b', qr/is used twice/],
    ['household_zone zone=z1:4k', 'z1', qr/too small/, 'zone'],
    ['household_zone zone=z:1m', 'z', qr/is duplicate/],
    ['server { household_zone zone=z1:1m; }', '', qr/is not allowed here/,
     'household_zone'],

    ['household_account', '', qr/invalid number of arguments/],
    ['household_account $a $b', '', qr/invalid number of arguments/],
    ['household_account $arg_a; household_account $arg_b', '',
     qr/is duplicate/],
    ['household_account $none_such', 'none_such', qr/unknown .* variable/, ''],
    ['household_account ${arg_a', 'arg_a', qr/closing bracket/, ''],

    ['household_device', '', qr/invalid number of arguments/],
    ['household_device $arg_a; household_device $arg_b', '', qr/is duplicate/],
    ['household_device $none_such', 'none_such', qr/unknown .* variable/, ''],

    ['household_issued_at', '', qr/invalid number of arguments/],
    ['household_issued_at $arg_a; household_issued_at $arg_b', '',
     qr/is duplicate/],
    ['household_issued_at $none_such', 'none_such', qr/unknown .* variable/,
     ''],

    ['household_preflight', '', qr/invalid number of arguments/],
    ['household_preflight on', 'on', qr/invalid value/],
    ['household_preflight pass; household_preflight pass', '',
     qr/is duplicate/],

    ['household_action', '', qr/invalid number of arguments/],
    ['household_action 404', '404', qr/invalid value/],
    ['household_action $arg_a', '$arg_a', qr/invalid value/],
    ['household_action auto; household_action 403', '', qr/is duplicate/],

    ['household_offer', '', qr/invalid number of arguments/],
    ['household_offer FR', '', qr/invalid number of arguments/],
    ['household_offer FRA url=/', 'FRA', qr/invalid/],
    ['household_offer F1 url=/', 'F1', qr/invalid/],
    ['household_offer "" url=/', '""', qr/invalid/],
    ['household_offer Default url=/', 'Default', qr/invalid/],
    ['household_offer FR url=/a; household_offer fr url=/b', 'fr',
     qr/duplicate offer/],
    ['household_offer default url=/a; household_offer default url=/b',
     'default', qr/duplicate offer/],
    ['household_offer FR price=5.99 currency=EUR', 'FR', qr/no "url="/],
    ['household_offer FR url=/ verify=ftp://a', 'verify=ftp', qr/invalid/],
    ['household_offer FR url=/ verify=/a verify=/b', 'verify=/b', qr/invalid/],
    ['household_offer FR price=5.99 url=/', 'FR',
     qr/"price=" and "currency=" must be specified together/],
    ['household_offer FR currency=EUR url=/', 'FR',
     qr/"price=" and "currency=" must be specified together/],
    ['household_offer_state', '', qr/invalid number of arguments/],
    ['household_offer_state $arg_a; household_offer_state $arg_b', '',
     qr/is duplicate/],
    (map { ["household_offer FR price=$_ currency=EUR url=/", "price=$_",
            qr/invalid parameter/] }
     '', '.', '5.', '.99', '05.99', '5,99', '-5', '+5', '5.9999', '5.9.9',
     '5e1', 'free', '$arg_price'),
    (map { ["household_offer FR price=5 currency=$_ url=/", "currency=$_",
            qr/invalid parameter/] }
     '', 'eur', 'EURO', 'EU', 'EU1', '$arg_c'),
    (map { ["household_offer FR url=$_", "url=$_", qr/invalid parameter/] }
     '', 'offer', 'www.example.tv', 'https://', 'http://', 'https:/a',
     'ftp://www.example.tv/', 'javascript:alert(1)'),
    ['household_offer FR url=/ colour=red', 'colour=red',
     qr/invalid parameter/],
    ['household_offer FR /', '/', qr/invalid parameter/],
    ['household_offer FR url=$none_such', 'none_such', qr/unknown .* variable/,
     ''],

    ['household_unavailable', '', qr/invalid number of arguments/],
    ['household_unavailable off', 'off', qr/invalid value/],
    ['household_unavailable allow; household_unavailable deny', '',
     qr/is duplicate/],

    ['household_unregistered', '', qr/invalid number of arguments/],
    ['household_unregistered off', 'off', qr/invalid value/],
    ['household_unregistered allow; household_unregistered deny', '',
     qr/is duplicate/],
    ['household_unregistered learn days=0', 'days=0', qr/must be 1 to 31/],
    ['household_unregistered learn days=32', 'days=32', qr/must be 1 to 31/],
    ['household_unregistered learn days=', 'days=', qr/must be 1 to 31/],
    ['household_unregistered learn 3', '3', qr/invalid parameter/],
    ['household_unregistered allow days=3', 'days=3', qr/invalid parameter/],
    ['household_unregistered learn days=3 4', '',
     qr/invalid number of arguments/],

    ['household_family_unknown', '', qr/invalid number of arguments/],
    ['household_family_unknown learn', 'learn', qr/invalid value/],
    ['household_family_unknown allow; household_family_unknown deny', '',
     qr/is duplicate/],

    ['household_ipv6_prefix', '', qr/invalid number of arguments/],
    ['household_ipv6_prefix 0', '0', qr/between 1 and 128/],
    ['household_ipv6_prefix 129', '129', qr/between 1 and 128/],
    ['household_ipv6_prefix /64', '/64', qr/invalid/],
    ['household_ipv6_prefix -1', '-1', qr/invalid/],
    ['household_ipv6_prefix 56; household_ipv6_prefix 64', '',
     qr/is duplicate/],

    ['household_trusted_device', '', qr/invalid number of arguments/],
    ['household_trusted_device off', 'off', qr/invalid value/],
    ['household_trusted_device -1d', '-1d', qr/invalid value/],
    ['household_trusted_device 10ms', '10ms', qr/invalid value/],
    ['household_trusted_device 101y', '101y', qr/must be at most 100y/],
    ['household_trusted_device 9223372036854775807', '9223372036854775807',
     qr/must be at most 100y/],
    ['household_trusted_device 1d; household_trusted_device 2d', '',
     qr/is duplicate/],

    ['household_away', '', qr/invalid number of arguments/],
    ['household_away 3d/30d; household_away off', '', qr/is duplicate/],
    (map { ["household_away $_", $_, qr/must be "off", or 1 to 31 days/] }
     qw(3d 3d/ /30d 3d/3d 4d/3d 0d/30d 32d/60d 3d/367d 36h/30d 3d/30 3/30d
        3d/30d/2d 3d-30d on -1d/30d)),

    ['household_grace', '', qr/invalid number of arguments/],
    ['household_grace soon', 'soon', qr/invalid value/],
    ['household_grace -1d', '-1d', qr/invalid value/],
    ['household_grace 101y', '101y', qr/must be at most 100y/],
    ['household_grace 9223372036854775807', '9223372036854775807',
     qr/must be at most 100y/],
    ['household_grace 1d; household_grace 2d', '', qr/is duplicate/],

    ['household_activity', '', qr/invalid number of arguments/],
    ['household_activity long', 'long', qr/invalid value/],
    ['household_activity 30d; household_activity 60d', '', qr/is duplicate/],
    (map { ["household_activity $_", $_, qr/must be from 1d to 180d/] }
     qw(0 23h 181d)),

    ['household_sharing', '', qr/invalid number of arguments/],
    ['household_sharing yes', 'yes', qr/must be "off", or "on"/],
    ['household_sharing off window=2h', 'off', qr/invalid value/],
    ['household_sharing on; household_sharing off', '', qr/is duplicate/],

    (map { ["household_sharing on $_", $_, qr/invalid parameter/] }
     qw(2h window= window=0 window=25h window=soon threshold= threshold=-1
        threshold=1.2345 threshold=101 threshold=1d excuse=x excuse=101)),
    (map { ["household_sharing on $_ window=1h threshold=1 excuse=1", 'h',
            qr/invalid parameter/] }
     qw(window=1h threshold=1 excuse=1)),

    ['household_events', '', qr/invalid number of arguments/],
    ['household_events maybe', 'maybe', qr/must be "off", or "on"/],
    ['household_events off maxlen=1', 'off', qr/invalid value/],
    ['household_events on; household_events on', '', qr/is duplicate/],

    (map { ["household_events on $_", $_, qr/invalid parameter/] }
     qw(maxlen= maxlen=0 maxlen=-1 maxlen=many 1000)),

    ['household_enforce_in', '', qr/invalid number of arguments/],
    ['household_enforce_in FR FRA', 'FRA', qr/must be two letters/],
    ['household_enforce_in everywhere', 'everywhere', qr/two letters/],
    ['household_enforce_in 12', '12', qr/two letters/],
    ['household_enforce_in FR; household_enforce_in DE', '', qr/is duplicate/],

    ['household_rollout', '', qr/invalid number of arguments/],
    ['household_rollout 101%', '101%', qr/"0%" to "100%"/],
    ['household_rollout 100.01%', '100.01%', qr/"0%" to "100%"/],
    ['household_rollout -1%', '-1%', qr/"0%" to "100%"/],
    ['household_rollout %', '%', qr/"0%" to "100%"/],
    ['household_rollout .5%', '.5%', qr/"0%" to "100%"/],
    ['household_rollout 5.555%', '5.555%', qr/at most two decimals/],
    ['household_rollout half', 'half', qr/or a variable/],
    ['household_rollout ""', '""', qr/"0%" to "100%"/],
    ['household_rollout 1%; household_rollout 2%', '', qr/is duplicate/],
    ['household_rollout $arg_a; household_rollout 2%', '', qr/is duplicate/],
    ['household_rollout $none_such', 'none_such', qr/unknown .* variable/, ''],

    ['household_policy { }', '', qr/invalid number of arguments/],
    ['household_policy a b { }', '', qr/invalid number of arguments/],
    ['household_policy a { } household_policy a { }', 'a',
     qr/duplicate household_policy/],
    ['household_policy a { household on; }', 'household',
     qr/unknown directive "household" in household_policy/, ''],
    ['household_policy a { nothing; }', 'nothing',
     qr/unknown directive "nothing" in household_policy/, ''],
    ['household_policy a { household_grace; }', '',
     qr/invalid number of arguments/, 'household_grace'],
    ['household_policy a { household_away 3d/30d off; }', '',
     qr/invalid number of arguments/, 'household_away'],
    ['household_policy a { household_enforce_in; }', '',
     qr/invalid number of arguments/, 'household_enforce_in'],
    ['household_policy a { household_grace soon; }', 'soon',
     qr/invalid value/, 'household_grace'],
    ['household_policy a { household_grace 1d; household_grace 2d; }', '',
     qr/is duplicate/, 'household_grace'],
    ['household_policy a { household_rollout $arg_a; }', 'a',
     qr/must be a percentage/, 'household_rollout'],
    ['household_policy a { household_sharing on; }', 'a',
     qr/must be "off"/, 'household_sharing'],

    ['household_shadow', '', qr/invalid number of arguments/],
    ['household_shadow a b', '', qr/invalid number of arguments/],
    ['household_shadow off; household_shadow a', '', qr/is duplicate/],
    ['household_shadow none', 'none', qr/unknown household_policy/],
    ['household_policy off { }', '"off"', qr/invalid name/],
    ['household_policy "" { }', '""', qr/invalid name/],
    ['household on; household_store main; household_account $arg_a;
      household_shadow none', 'none', qr/unknown household_policy/,
     'household_shadow'],

    ['household_log_level', '', qr/invalid number of arguments/],
    ['household_log_level debug', 'debug', qr/invalid value/],
    ['household_log_level error; household_log_level warn', '',
     qr/is duplicate/],

    ['server { location / { household_metrics zone=z z; } }', '',
     qr/invalid number of arguments/, 'household_metrics'],
    ['server { location / { household_metrics; household_metrics; } }', '',
     qr/is duplicate/, 'household_metrics'],
    ['server { location / { household_metrics z; } }', 'z',
     qr/invalid parameter/, 'household_metrics'],
    ['server { location / { household_metrics zone=; } }', 'zone=',
     qr/invalid parameter/, 'household_metrics'],
    ['server { location / { household_metrics zone=none; } }', 'none',
     qr/unknown household_zone/, 'household_metrics'],
    ['server { location / {
          household_metrics zone=z; household_metrics zone=z; } }', '',
     qr/is duplicate/, 'household_metrics'],
    ['household_metrics zone=z', '', qr/is not allowed here/],
    (map { ["server { location /a/ { $_->[0]; $_->[1]; } }", '',
            qr/need a location each/] }
     ['household_metrics', 'household_dashboard'],
     ['household_dashboard', 'household_api main'],
     ['household_api main', 'household_metrics zone=z']),

    ['server { location / { household_api; } }', '',
     qr/invalid number of arguments/, 'household_api'],
    ['server { location = / { household_api main; } }', '',
     qr/needs a location given by a prefix/, 'household_api'],
    ['server { location ~ / { household_api main; } }', '',
     qr/needs a location given by a prefix/, 'household_api'],
    ['server { location @a { household_api main; } }', '',
     qr/needs a location given by a prefix/, 'household_api'],
    ['server { location / { household_api main; household_api main; } }', '',
     qr/is duplicate/, 'household_api'],
    ['server { location / { household_api main read; } }', 'read',
     qr/invalid parameter/, 'household_api'],
    ['household_api main', '', qr/is not allowed here/],
    ['household_api_audit off; household_api_audit off', '',
     qr/is duplicate/],
    ['household_api_audit syslog:fly=1', 'fly=1', qr/unknown syslog/, ''],
    ['household_api_audit ""', '""', qr/invalid parameter/],
    ['household_api_audit a; server { location / { household_api main; } }',
     '', qr/requires "household_hmac_key"/, 'household_api_audit'],

    ['household_geoip', '', qr/invalid number of arguments/],
    ["household_geoip $none", $none, qr/: no such file/],
    ["household_geoip $text", $text, qr/: .*MaxMind/],
    ['household_geoip /dev', '/dev', qr/: not a regular file/],
    ['household_geoip /dev/null', '/dev/null', qr/: not a regular file/],
    ["household_geoip $large", $large, qr/: the file is larger than 1 giga/],
    ["household_geoip $text path=a", 'path=a', qr/invalid parameter/],
    ["household_geoip $text country=", $text, qr/path to the country/],

    ['household_hmac_key', '', qr/invalid number of arguments/],
    ["household_hmac_key $none", $none, qr/No such file/],
    ["household_hmac_key $empty", $empty, qr/first line .* is empty/],
    ["household_hmac_key $short", $short, qr/shorter than 16 bytes/],
    ["household_hmac_key $key; household_hmac_key $key", '', qr/is duplicate/],
    ["household_hmac_key $key valid=1", 'valid=1', qr/invalid parameter/],
    ["household_hmac_key $key state_valid=0", 'state_valid=0', qr/invalid parameter/],
    ["household_hmac_key $key state_valid=x", 'state_valid=x', qr/invalid parameter/],
    ["household_hmac_key $key state_valid=101y", 'state_valid=101y',
     qr/invalid parameter/],
    ["household_hmac_key $key state_valid=9223372036854775807",
     'state_valid=9223372036854775807', qr/invalid parameter/],

    ['household_token', '', qr/invalid number of arguments/],
    ['household_token strip', '', qr/has no source/],
    ['household_token cookie', 'cookie', qr/invalid source/],
    ['household_token path=', 'path=', qr/invalid source/],
    ['household_token path=$x', 'path=$x', qr/invalid source/],
    ['household_token path=a/b', 'path=a/b', qr/invalid source/],
    ['household_token path=a strip', 'path=a', qr/cannot take .* out of a/],
    ['household_token $none_such', 'none_such', qr/unknown .* variable/, ''],
    ['household_token $remote_user strip', '$remote_user',
     qr/cannot take .* out of a request/],
    ['household_token bearer; household_token bearer', '', qr/is duplicate/],
    ['household_token bearer; household_account $arg_a', 'household_account',
     qr/mutually exclusive/, 'household_token'],
    ['household_account $arg_a; household_token bearer', 'household_account',
     qr/mutually exclusive/],
    ['household_store main; household on; household_token bearer', '',
     qr/without "household_token_key"/],

    ['household_token_key', '', qr/invalid number of arguments/],
    ["household_token_key $none", $none, qr/No such file/],
    ["household_token_key $empty", $empty, qr/./],
    ["household_token_key $text", $text, qr/line 1, column 4/],
    ["household_token_key $text alg=none", 'alg=none', qr/invalid parameter/],
    ["household_token_key $text format=x", 'format=x', qr/invalid parameter/],
    ["household_token_key $text format=cat format=jwt", 'format=jwt',
     qr/invalid parameter/],
    ["household_token_key $keys format=cat", $keys,
     qr/no usable .* among 2 keys/],
    ['household_token_key https://id.example/ format=cat', '',
     qr/with "format=cat" takes a file, and no URL/],
    ["household_token_key $text issuer=", 'issuer=', qr/invalid parameter/],
    ["household_token_key $text issuer=a issuer=b", 'issuer=b',
     qr/invalid parameter/],
    ["household_token_key $text audience=", 'audience=',
     qr/invalid parameter/],
    ["household_token_key $bom", $bom, qr/line 1, column 1: byte order mark/],
    ["household_token_key $keys", $keys, qr/no usable .* among 2 keys/],

    # what is wrong with a URL; without TLS, that it has none
    (map { ["household_token_key https://$_->[0]", "https://$_->[0]",
            qr/$_->[1]/] }
        ['', 'no host'], ['/jwks', 'no host'], ['id.example:0/', 'invalid port'],
        ['id.example:65536/', 'invalid port'], ['id.example?a', 'have a path'],
        ['a@id.example/', 'user name'], ['id.example/#a', 'fragment'],
        ["id.example/\xc3\xa9", 'percent-encoded'],
        ['unix:/tmp/a:/jwks', 'unix sockets'], ['[::1/', 'invalid host']),
    (map { ["household_token_key http://$_/jwks", "http://$_/jwks",
            qr/not "https:.* loopback/] }
        qw(id.example localhost 192.0.2.1 10.127.0.1 [::2])),
    (map { ["household_token_key http://127.0.0.1/jwks $_", $_,
            qr/invalid parameter/] }
        qw(refresh= refresh=0 refresh=999ms refresh=2d refresh=x timeout=
           timeout=0 timeout=6m state= trusted_certificate= audience= stale=1)),
    (map { ["household_token_key http://127.0.0.1/jwks $_=1s $_=1s", "$_=1s",
            qr/invalid parameter/] } qw(refresh timeout state)),
    ['household_token_key http://127.0.0.1/jwks trusted_certificate=a',
     'trusted_certificate', qr/requires "https/],
    ["household_token_key $text refresh=1m", 'refresh=1m',
     qr/invalid parameter/],
    ["household_token_key $text state=a", 'state=a', qr/invalid parameter/],
    ['household_token_key http://127.0.0.1/jwks state=/', '/',
     qr/not the name of a file/],
    ['household_token_key http://127.0.0.1/jwks;
      household_token_key http://127.0.0.1/jwks refresh=1m',
     'http://127.0.0.1/jwks', qr/the same .* on each of its lines/],
    ['household_token_key http://127.0.0.1/a state=/nowhere/a;
      household_token_key http://127.0.0.1/b state=/nowhere/a',
     '/nowhere/a', qr/is the state of .* already/],
    $has_ssl ? (
        ['household_token_key https://id.example/ trusted_certificate=/none',
         '/none', qr/No such file/, ''],
        ['household_store main; household on; household_token bearer;
          household_token_key https://id.example/jwks',
         'https://id.example/jwks', qr/no "resolver"/, 'household_token_key'],
    ) : (
        ['household_token_key https://id.example/', 'https://id.example/',
         qr/built with SSL/],
    ),

    ['household_token_cdniip', '', qr/invalid number of arguments/],
    ["household_token_cdniip $none", $none, qr/No such file/],
    ["household_token_cdniip $text", $text, qr/line 1, column 4/],
    ["household_token_cdniip $keys", $keys, qr/no usable key for decryption/],
    ['household_token_cdniip off; household_token_cdniip off', '',
     qr/is duplicate/],

    ['household_token_renew', '', qr/invalid number of arguments/],
    ["household_token_renew $none", $none, qr/No such file/],
    ["household_token_renew $text", $text, qr/line 1, column 4/],
    ["household_token_renew $public", $public, qr/a key that is no secret/],
    ["household_token_renew $secret max=0", 'max=0', qr/invalid parameter/],
    ["household_token_renew $secret max=x", 'max=x', qr/invalid parameter/],
    ["household_token_renew $secret max=101y", 'max=101y',
     qr/invalid parameter/],
    ["household_token_renew $secret max=9223372036854775807",
     'max=9223372036854775807', qr/invalid parameter/],
    ["household_token_renew $secret min=1", 'min=1', qr/invalid parameter/],
    ["household_token_renew off max=1", 'off', qr/No such file/],
    ['household_token_renew off; household_token_renew off', '',
     qr/is duplicate/],
    ["household_store main; household on; household_token bearer \$arg_t;
      household_token_key $secret; household_token_renew $secret", '',
     qr/needs "\$cookie_t" in "household_token"/],

    ['household_token_claims', '', qr/invalid number of arguments/],
    ['household_token_claims sub', 'sub', qr/invalid parameter/],
    ['household_token_claims account=', 'account=', qr/invalid parameter/],
    ['household_token_claims account=a account=b', 'account=b',
     qr/invalid parameter/],
    ['household_token_claims account=a; household_token_claims account=b', '',
     qr/is duplicate/],

    ['household_token_require', '', qr/invalid number of arguments/],
    ['household_token_require text', 'text', qr/invalid parameter/],
    ['household_token_require error=403', 'error=403', qr/invalid parameter/],
    ['household_token_require $arg_a error=500', 'error=500',
     qr/invalid parameter/],
    ["household_token_key $text type=", 'type=', qr/invalid parameter/],

    ['household_token_leeway', '', qr/invalid number of arguments/],
    ['household_token_leeway x', 'x', qr/invalid value/],
    ['household_token_leeway 301s', '301s', qr/must be at most 5m/],
    ['household_token_leeway 6m', '6m', qr/must be at most 5m/],
    ['household_token_leeway 1s; household_token_leeway 1s', '',
     qr/is duplicate/],

    ['household_redis', '', qr/has no opening "\{"/],
    ['household_redis other', '', qr/has no opening "\{"/],
    ['household_redis { server 127.0.0.1; }', '',
     qr/invalid number of arguments/, 'household_redis'],
    ['household_redis "" { server 127.0.0.1; }', '""', qr/invalid name/,
     'household_redis'],
    ['household_redis a b { server 127.0.0.1; }', '',
     qr/invalid number of arguments/, 'household_redis'],
    ['household_redis main { server 127.0.0.1; }', 'main', qr/duplicate/,
     'household_redis'],
    ['server { household_redis other { server 127.0.0.1; } }', '',
     qr/is not allowed here/, 'household_redis'],
);

# of TLS, where nginx has it

my @ssl = !$has_ssl ? ['server 127.0.0.1; ssl on', 'ssl', qr/./] : (
    ['server 127.0.0.1; ssl', '', qr/invalid number of arguments/],
    ['server 127.0.0.1; ssl yes', 'yes', qr/must be "on" or "off"/],
    ['server 127.0.0.1; ssl on; ssl on', '', qr/is duplicate/],
    ['server 127.0.0.1; ssl on', 'other',
     qr/requires "ssl_trusted_certificate"/],
    ["server 127.0.0.1; ssl on; ssl_trusted_certificate $none", $none,
     qr/No such file/, ''],
    ["server 127.0.0.1; ssl on; ssl_trusted_certificate $text", $text,
     qr/no certificate|cannot load certificate/, ''],
    ['server 127.0.0.1; ssl on; ssl_verify maybe', 'maybe',
     qr/must be "on" or "off"/],
    ['server 127.0.0.1; ssl on; ssl_verify off; ssl_verify_depth x', 'x',
     qr/invalid number/],
    ["server 127.0.0.1; ssl on; ssl_verify off; ssl_certificate $key",
     'other', qr/require each other/],
    ["server 127.0.0.1; ssl on; ssl_verify off; ssl_certificate_key $key",
     'other', qr/require each other/],
    ['server 127.0.0.1; ssl on; ssl_protocols TLSv1.2; ssl_protocols TLSv1.3',
     '', qr/is duplicate/],
    ["server 127.0.0.1; ssl on; ssl_verify off; ssl_protocols SSLv1", 'SSLv1',
     qr/invalid value/],
    ["server 127.0.0.1; ssl on; ssl_verify off; ssl_ciphers none", 'none',
     qr/no cipher match/, ''],
    ["server 127.0.0.1; ssl on; ssl_verify off; ssl_crl $none", $none,
     qr/No such file/, ''],
);

# within household_redis other { }; the name is of the inner directive

my @redis = (
    ['', 'other', qr/no "server"/, 'household_redis'],
    ['user edge; password a', 'other', qr/no "server"/, 'household_redis'],
    ['fly 1', 'fly', qr/unknown directive/],
    ['server 127.0.0.1; listen', 'listen', qr/unknown directive/],

    ['server', '', qr/invalid number of arguments/],
    ['server 127.0.0.1 weight=5', 'weight=5', qr/invalid parameter/],
    ['server ""', '""', qr/no host/],
    ['server :6379', ':6379', qr/no host/],
    ['server 127.0.0.1:0', '127.0.0.1:0', qr/invalid port/],
    ['server 127.0.0.1:65536', '127.0.0.1:65536', qr/invalid port/],
    ['server 127.0.0.1:redis', '127.0.0.1:redis', qr/invalid port/],
    ['server 127.0.0.1:6379-6380', '127.0.0.1:6379-6380', qr/invalid port/],
    ['server 127.0.0.1:6379/0', '127.0.0.1:6379/0', qr/invalid/],
    ['server redis://127.0.0.1', 'redis://127.0.0.1', qr/invalid/],
    ['server [::1', '[::1', qr/invalid host/],
    ['server unix:', 'unix:', qr/no path/],
    ['server none.invalid', 'none.invalid', qr/host not found/],

    ['server 127.0.0.1; user', '', qr/invalid number of arguments/],
    ['server 127.0.0.1; user a; user b', '', qr/is duplicate/],
    ['server 127.0.0.1; user a', 'other', qr/without "password"/],
    ['server 127.0.0.1; user a; password ""', 'other', qr/password/,
     'password'],
    ['server 127.0.0.1; user ""; password a', 'other', qr/"user" is empty/,
     'user'],

    ['server 127.0.0.1; password', '', qr/invalid number of arguments/],
    ['server 127.0.0.1; password ""', '', qr/empty/],
    ['server 127.0.0.1; password a; password b', '', qr/is duplicate/],
    ["server 127.0.0.1; password_file $key; password b", '',
     qr/is duplicate/],

    ['server 127.0.0.1; password_file', '', qr/invalid number of arguments/],
    ["server 127.0.0.1; password a; password_file $key", '',
     qr/is duplicate or conflicts with/],
    ["server 127.0.0.1; password_file $key; password_file $key", '',
     qr/is duplicate/],
    ["server 127.0.0.1; password_file $none", $none, qr/No such file/],
    ["server 127.0.0.1; password_file $dir", $dir, qr/Is a directory/],
    ["server 127.0.0.1; password_file $empty", $empty,
     qr/first line .* is empty/],
    ["server 127.0.0.1; password_file $first", $first,
     qr/first line .* is empty/],
    ["server 127.0.0.1; password_file $long", $long,
     qr/larger than 4096 bytes|too long/],

    ['server 127.0.0.1; database', '', qr/invalid number of arguments/],
    ['server 127.0.0.1; database x', 'x', qr/invalid number/],
    ['server 127.0.0.1; database -1', '-1', qr/invalid number/],
    ['server 127.0.0.1; database 1048577', '1048577', qr/between/],
    ['server 127.0.0.1; database 1; database 2', '', qr/is duplicate/],

    ['server 127.0.0.1; key_prefix', '', qr/invalid number of arguments/],
    ['server 127.0.0.1; key_prefix a; key_prefix b', '', qr/is duplicate/],

    ['server 127.0.0.1; connect_timeout', '',
     qr/invalid number of arguments/],
    ['server 127.0.0.1; connect_timeout 0', 'other', qr/must not be 0/],
    ['server 127.0.0.1; connect_timeout soon', 'soon', qr/invalid value/],
    ['server 127.0.0.1; connect_timeout -1s', '-1s', qr/invalid value/],
    ['server 127.0.0.1; connect_timeout 1s; connect_timeout 1s', '',
     qr/is duplicate/],

    ['server 127.0.0.1; timeout', '', qr/invalid number of arguments/],
    ['server 127.0.0.1; timeout 0', 'other', qr/must not be 0/],
    ['server 127.0.0.1; timeout 0ms', 'other', qr/must not be 0/],
    ['server 127.0.0.1; timeout soon', 'soon', qr/invalid value/],
    (map { ["server 127.0.0.1; ${_}timeout 25d", '25d', qr/at most 24d/],
           ["server 127.0.0.1; ${_}timeout 4294967296ms", '4294967296ms',
            qr/at most 24d/],
           ["server 127.0.0.1; ${_}timeout 1M", '1M', qr/at most 24d/] }
     '', 'connect_'),
    ['server 127.0.0.1; timeout 1s; timeout 1s', '', qr/is duplicate/],

    ['server 127.0.0.1; connections', '', qr/invalid number of arguments/],
    ['server 127.0.0.1; connections 0', '0', qr/between 1 and 64/],
    ['server 127.0.0.1; connections 65', '65', qr/between 1 and 64/],
    ['server 127.0.0.1; connections x', 'x', qr/invalid number/],
    ['server 127.0.0.1; connections 1; connections 2', '', qr/is duplicate/],

    ['server 127.0.0.1 resolved', 'resolved', qr/invalid parameter/],
    (map { ["server localhost $_ $_", $_, qr/invalid parameter/] }
     qw(replica resolve)),
    ['server unix:/a resolve', 'unix:/a', qr/requires a host name/, 'resolve'],
    ['server localhost resolve', 'other', qr/without "resolver"/, 'resolve'],
    ['server 127.0.0.1 replica', 'other', qr/without "replica" is required/],

    ['sentinel', '', qr/invalid number of arguments/],
    ['sentinel 127.0.0.1:0; master m', '127.0.0.1:0', qr/invalid port/,
     'sentinel'],
    ['sentinel 127.0.0.1 replica; master m', 'replica',
     qr/invalid parameter/, 'sentinel'],
    ['sentinel 127.0.0.1', 'other', qr/requires "master"/],
    ['sentinel 127.0.0.1; master m; server 127.0.0.1', 'other',
     qr/conflicts with "sentinel"/],
    ['sentinel 127.0.0.1; master m; cluster on', 'other',
     qr/conflicts with "sentinel"/],

    ['server 127.0.0.1; master', '', qr/invalid number of arguments/],
    ['server 127.0.0.1; master m', 'other', qr/requires "sentinel"/],
    ['sentinel 127.0.0.1; master m; master n', '', qr/is duplicate/],

    ['sentinel 127.0.0.1; master m; sentinel_user a', 'other',
     qr/without "sentinel_password"/],
    ['sentinel 127.0.0.1; master m; sentinel_user a; sentinel_user b', '',
     qr/is duplicate/],
    (map { ["sentinel 127.0.0.1; master m; sentinel_password a; $_ \"\"",
            'other', qr/"$_" is (?:empty|duplicate)/, $_] }
     'sentinel_user'),
    (map { ["sentinel 127.0.0.1; $_ \"\"", 'other', qr/"$_" is empty/, $_] }
     'master', 'sentinel_password'),
    ['server 127.0.0.1; sentinel_password a', 'other',
     qr/requires "sentinel"/],
    ['sentinel 127.0.0.1; master m; sentinel_password a;'
     . ' sentinel_password b', '', qr/is duplicate/],
    ["server 127.0.0.1; sentinel_password_file $none", $none,
     qr/No such file/],
    ["server 127.0.0.1; sentinel_password a; sentinel_password_file $key", '',
     qr/is duplicate or conflicts with/],

    ['server 127.0.0.1; cluster', '', qr/invalid number of arguments/],
    ['server 127.0.0.1; cluster yes', 'yes', qr/must be "on" or "off"/],
    ['server 127.0.0.1; cluster on; cluster on', '', qr/is duplicate/],
    ['server 127.0.0.1; database 1; cluster on', 'other', qr/"database"/],
    ['server unix:/a; cluster on', 'other', qr/conflicts with a unix socket/],
    (map { ["server 127.0.0.1; cluster on; key_prefix $_", 'other',
            qr/"key_prefix" with "\{" conflicts with/, 'cluster'] }
     '"{}"', '"tv{x}:"'),

    ['server 127.0.0.1; read_from', '', qr/invalid number of arguments/],
    ['server 127.0.0.1; read_from any', 'any', qr/invalid value/],
    ['server 127.0.0.1; read_from primary max_lag=5s', 'max_lag=5s',
     qr/invalid parameter/],
    (map { ["server 127.0.0.1; read_from replica $_", $_,
            qr/invalid parameter/] }
     'max_lag', 'max_lag=', 'max_lag=x', 'max_lag=0', 'max_lag=999ms',
     'max_lag=61m', 'lag=5s'),
    ['server 127.0.0.1; read_from primary; read_from replica', '',
     qr/is duplicate/],
    ['server 127.0.0.1; read_from replica', 'other',
     qr/requires a "replica"/],

    ['server 127.0.0.1; tracking', '', qr/invalid number of arguments/],
    ['server 127.0.0.1; tracking yes', 'yes',
     qr/must be "on", "broadcast" or "off"/],
    ['server 127.0.0.1; tracking on; tracking off', '', qr/is duplicate/],

    @ssl,

    ["server 127.0.0.1; include $none", $none, qr/No such file/, ''],
);


my $nginx = Test::Household::Nginx->new(start => 0, allow => qr/\[emerg\]/);

sub said {
    my ($http) = @_;
    $nginx->{http} = "household_zone zone=z:1m;\n"
                     . "household_redis main { server 127.0.0.1; }\n$http";
    return $nginx->test;
}

sub check {
    my ($text, $http, $value, $reason, $name) = @_;
    my ($good, $said) = said($http);
    my ($line) = $said =~ /\[emerg\] (?:\d+#\d+: )?([^\n]*)/;

    $name //= $text =~ /.*(?:^|[;{] )(\w+)/ ? $1 : '';

    my @missing = (
        ($good ? 'a failure' : ()),
        (($line // '') =~ $reason ? () : "the reason $reason"),
        (index($line // '', $value) >= 0 ? () : "the value $value"),
        (($line // '') =~ /(?<!\w)\Q$name\E(?!\w)/
             ? () : "the directive $name"),
        ($name eq '' || ($line // '') =~ /nginx\.conf:\d+/ ? () : 'the line'));

    ok(!@missing, "$text: fails") or diag 'without ' . join(', ', @missing)
        . ":\n" . ($line // "nginx -t said:\n$said");
}

# each directive by itself, at its best: the errors are of what is bad

my ($good, $said);

for my $text ((map { "household_store main zone=z; household_account \$arg_a; $_;" }
    'household on', 'household $arg_m', 'household_device $arg_d',
    'household_issued_at $arg_i', 'household_action redirect',
    'household_preflight pass', 'household_preflight answer',
    'household_offer FR price=0.99 currency=EUR url=/',
    'household_offer default url=$arg_u', 'household_unavailable deny',
    'household_unregistered learn', 'household_unregistered learn days=1',
    'household_unregistered learn days=31', 'household_away off',
    'household_away 1d/2d', 'household_away 31d/366d', 'household_away 1w/4w',
    'household_family_unknown allow',
    'household_ipv6_prefix 56', 'household_trusted_device 0',
    'household_grace 1d', 'household_enforce_in FR de',
    'household_sharing off', 'household_sharing on', 'household_events off',
    'household_sharing on window=90m threshold=1.5 excuse=0',
    'household_events on', 'household_events on maxlen=1',
    'household_rollout 0.05%', 'household_rollout $arg_r',
    'household_log_level info',
    "household_hmac_key $key state_valid=1h", 'household_token_leeway 5m',
    'household_activity 1d', 'household_activity 180d',
    'household_sharing on window=1d threshold=100 excuse=0',
    'household_policy a { household_grace 1d; } household_shadow a',
    'household_token_claims account=a device=b'),
    'household_store main zone=z fresh=1s missing=0 stale=1d;',
    'household_zone zone=z2:1m;',
    'household_zone zone=z2:1m state=a state_interval=1m lookups=1;',
    'household_store main zone=z fresh=1s missing=0 stale=0 canary=a;',
    'server { location /a { household_metrics; }
              location /b/ { household_dashboard api=/c; }
              location /c { household_api main; } }',
    'household_account $arg_a; server { household_token bearer;
         location / { household_account $arg_b; } }',
    'server { location / { household_metrics zone=z; } }',
    'server { location / { household_api main; } }',
    'server { location / { household_api main write; } }',
    'household_token bearer $cookie_a $arg_b strip;',
    (map { "household_redis other {\n$_;\n}" }
     'server 127.0.0.1; server 127.0.0.1:6380 replica; read_from replica',
     'server unix:/a; server [::1]:6379; server localhost',
     'sentinel 127.0.0.1; master m; sentinel_user a; sentinel_password b',
     "sentinel 127.0.0.1; master m; sentinel_password_file $key",
     'server 127.0.0.1; cluster on',
     "server 127.0.0.1; user a; password_file $key; database 3",
     'server 127.0.0.1; password b; key_prefix ""; connections 2',
     'server 127.0.0.1; connect_timeout 1s; timeout 1ms',
     'server 127.0.0.1; connect_timeout 24d; timeout 2147483647ms',
     'server localhost; server 127.0.0.1 replica resolve; read_from replica',
     'server 127.0.0.1; key_prefix "{"', 'server 127.0.0.1; cluster on; key_prefix "}"',
     'server 127.0.0.1; tracking on', 'server 127.0.0.1; tracking off',
     'server 127.0.0.1; tracking broadcast',
     $has_ssl ? ('server 127.0.0.1; ssl on; ssl_verify off; ssl_name a',
                 'server 127.0.0.1; ssl on; ssl_verify off;
                  ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3')
              : 'server 127.0.0.1; ssl off'))
{
    ($good, $said) = said("$text\n");
    ok $good, "$text is good" or diag $said;
}

for my $row (@http) {
    my ($text, @expected) = @$row;
    my $end = $text =~ /\}$/ ? '' : ';';
    check($text, "\n$text$end\n", @expected);
}

for my $row (@redis) {
    my ($text, @expected) = @$row;
    my $lines = join '', map { "    $_;\n" } split /; /, $text;
    check($text, "household_redis other {\n$lines}\n", @expected);
}

# what is incomplete is found at every level

for my $where ('server { listen 127.0.0.1:1; TEXT }',
               'server { listen 127.0.0.1:1; location / { TEXT } }',
               'server { listen 127.0.0.1:1; location / { location /a { TEXT } } }')
{
    my $http = $where =~ s/TEXT/household_store none;/r;
    check($http, $http, 'none', qr/unknown household_redis/,
          'household_store');

    $http = $where =~ s/TEXT/household on; household_store main;/r;
    check($http, $http, '', qr/no "household_account"/, 'household');
}

# devices are trusted by default, and none can be known: a warning a directive

my $on = 'household on; household_store main;';

for (["$on household_account \$arg_a;", 1, 'no household_device'],
     ["household_account \$arg_a; household_store main; $on", 1,
      'inherited by locations'],
     ["$on household_account \$arg_a; household_device \$arg_d;", 0,
      'a household_device'],
     ["$on household_account \$arg_a; household_trusted_device 0;", 0,
      'no device is trusted'],
     ["household off; household_account \$arg_a;", 0, 'off'],
     ["$on household_token bearer; household_token_key $public;", 1,
      'no claim of the device'],
     ["$on household_token bearer; household_token_key $public;"
      . ' household_token_claims account=sub device=did;', 0,
      'a claim of the device'])
{
    my ($text, $count, $name) = @$_;

    $text =~ s/household_store main; (?=.*household_store)//;
    ($good, $said) = said("server { listen 127.0.0.1:1; $text"
                          . ' location /a { } location /b { } }');
    ok $good, "trusted devices: $name" or diag $said;
    is scalar(() = $said =~ /\[warn\]\ no\ device\ id\ is\ configured\ for
                             \ "household_trusted_device"\ and\ the
                             \ "household"\ directive\ in\ \S+:\d+/gx),
        $count, "trusted devices: $name: warnings";
}

# a variable without its "$": a warning a directive "household"

for (['household_account a; household_device $arg_d;', 'account'],
     ['household_account $arg_a; household_device d;', 'device'],
     ['household_account $arg_a; household_device "";', ''],
     ['household_account ""; household_device $arg_d;', ''],
     ['household_account a$arg_a; household_device d$arg_d;', ''],
     ['household off; household_account a;', ''])
{
    my ($text, $word) = @$_;
    my $mode = $text =~ /household off/ ? '' : 'household on;';

    ($good, $said) = said("household_store main; $text\n"
        . "server { listen 127.0.0.1:1; $mode"
        . ' location /a { } location /b { } }');
    ok $good, "constant: $text" or diag $said;
    is join(' ', $said =~ /\[warn\]\ "household_(account|device)"\ without\ a
                           \ variable\ is\ one\ \1\ of\ all\ clients,\ for\ the
                           \ "household"\ directive\ in\ \S+:\d+\n/gx),
        $word, "constant: $text: warnings";
}

# what has no effect: a warning a directive "household"

for (['household_action redirect;', qr/no "household_offer" is configured/, 1],
     ['household_action redirect; household_offer default url=/;', qr/offer/, 0],
     ['household_action auto;', qr/offer/, 0],
     ['household_action redirect; household off;', qr/offer/, 0],
     ['household_sharing on; household_unregistered allow;',
      qr/"household_unregistered allow" is evaluated before/, 1],
     ['household_sharing on; household_family_unknown allow;',
      qr/"household_family_unknown allow" is evaluated before/, 1],
     ['household_sharing on; household_unregistered learn;', qr/before/, 0],
     ['household_unregistered allow;', qr/before/, 0])
{
    my ($text, $warning, $count) = @$_;
    my $mode = $text =~ /household off/ ? '' : 'household on;';

    ($good, $said) = said('household_store main; household_account $arg_a;'
        . " household_device \$arg_d;\nserver { listen 127.0.0.1:1; $mode $text"
        . ' location /a { } location /b { } }');
    ok $good, "no effect: $text" or diag $said;
    is scalar(() = $said =~ /\[warn\]\ [^\n]*$warning[^\n]*\ the
                             \ "household"\ directive\ in\ \S+:\d+\n/gx),
        $count, "no effect: $text: warnings";
}

# TLS is configured, and not switched on

for (['ssl_verify off', 1], ['ssl_name a', 1],
     ["ssl_trusted_certificate $none", 1], ['ssl_protocols TLSv1.3', 1],
     ["ssl_certificate $none", 1], ["ssl_certificate_key $none", 1],
     ["ssl_crl $none", 1], ['ssl_ciphers a', 1], ['ssl_verify_depth 2', 1],
     ["ssl off; ssl_trusted_certificate $none", 0],
     ['ssl off', 0], ['timeout 1s', 0])
{
    my ($text, $count) = @$_;
    last if !$has_ssl;

    ($good, $said) = said("household_redis other {\nserver 127.0.0.1; $text; }");
    ok $good, "without ssl on: $text" or diag $said;
    is scalar(() = $said =~ /\[warn\]\ "ssl_\.\.\."\ has\ no\ effect\ without
                             \ "ssl\ on"\ in\ household_redis\ "other"\ in
                             \ \S+:\d+/gx),
        $count, "without ssl on: $text: warnings";
}

# what a directive lacks is known at the end: the line is that of the directive

for (['household_token bearer;', qr/without "household_token_key"/],
     ["household_token bearer; household_token_key $secret;"
      . " household_token_renew $secret;", qr/needs "\$cookie_\w+"/],
     ['household_api_audit a;', qr/requires "household_hmac_key"/])
{
    my ($text, $reason) = @$_;

    ($good, $said) = said("household_store main;\n$text\nserver {\n"
        . "listen 127.0.0.1:1;\nlocation /a { household_api main; }\n"
        . 'location /b { ' . ($text =~ /token/ ? 'household on;' : '')
        . "}\n}");

    open my $in, '<', "$nginx->{dir}/nginx.conf" or die "nginx.conf: $!\n";
    my $line;
    while (<$in>) {
        $line = $. if /^\Q$text\E/;
    }

    ok !$good, "$text: fails";
    like $said, qr/\[emerg\][^\n]*$reason[^\n]* in \S+nginx\.conf:$line$/m,
        "$text: the line";
}

# a password is nowhere to be seen

for my $text ('user a; password s3cret; password s3cret',
              'password s3cret; password_file ' . file(pw => "s3cret\n"))
{
    ($good, $said) = said("household_redis other { server 127.0.0.1; $text; }");
    ok !$good, "$text: fails";
    unlike $said, qr/s3cret/, 'and does not tell the password';
}

done_testing;

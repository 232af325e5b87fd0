#!/usr/bin/perl

# Claims of the verified token as variables, what a location requires of
# them, the type of a token, and claims within objects.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(temp_dir);
use Test::Household::Redis;
use Test::Household::Token;
use Test::More;

my $dir = temp_dir('claims');
my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => "household:{$_}", '127.0.0.1') for qw(a b);

my ($key, $evil) = map { new_key('ES256') } 1, 2;
put("$dir/keys", jwks($key));

my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address, zone => '1m') . <<'EOC',
map $household_claim_plan $tier { gold 1; silver 0; default ''; }
limit_req_zone $household_claim_tenant zone=tenants:1m rate=1r/m;
map $household_claim_plan $mode { gold on; default off; }
log_format claims '$uri plan=$household_claim_plan';
add_header X-Status $household_status always;
add_header X-Reason $household_reason always;
add_header X-Plan $household_claim_plan always;
add_header X-Roles $household_claim_realm_access_roles always;
add_header X-Live $household_claim_live always;
add_header X-Account $household_account always;
EOC
    server => <<"EOC");
access_log $dir/claims.log claims;
household_token bearer \$arg_token;
household_token_key $dir/keys;
household_store main;

location /plain { household on; empty_gif; }
location /zone {
    household on;
    household_store main zone=households;
    empty_gif;
}
location /require {
    household on;
    household_token_require \$household_claim_live;
    household_token_require \$tier \$household_claim_tenant error=403;
    empty_gif;
    location /require/none { household_token_require '1\$arg_a'; empty_gif; }
}
location /monitor {
    household monitor;
    household_token_require \$household_claim_live;
    empty_gif;
}
location /off { household off; empty_gif; }
location /limit {
    household on;
    limit_req zone=tenants;
    limit_req_status 429;
    empty_gif;
}
location /type {
    household on;
    household_token_key $dir/keys type=at+jwt;
    empty_gif;
}
location /nested {
    household on;
    household_token_claims account=tv.account;
    empty_gif;
}
location /strip { household on; household_token \$arg_token strip; empty_gif; }
location /mode {
    household \$mode;
    empty_gif;
    location /mode/strip { household_token bearer strip; empty_gif; }
    location /mode/again {
        household_token bearer strip;
        household_trusted_device 1d;
        try_files /none /mode/strip;
    }
}
EOC

sub ask {
    my ($path, $token) = @_;
    my $h = $nginx->get($path, Authorization => "Bearer $token");
    my %h = %{ $h->{headers} };
    return join ' ', $h->{status},
        map { $h{"x-$_"} // '-' } qw(reason plan roles live);
}

my %gold = (plan => 'gold', live => JSON::PP::true, tenant => 't',
            realm_access => { roles => ['a', 'b'] });
my $gold = token($key, \%gold);

is ask('/plain', $gold), '200 home gold a,b 1', 'claims in headers';
is ask('/plain', token($key)), '200 home - - -', 'a token without them';
is ask('/plain', token($key, { plan => 7, live => JSON::PP::false })),
   '200 home 7 - 0', 'a number, and what is false';

# of nothing but a verified token
is ask('/plain', token($evil, \%gold)), '401 token_signature - - -',
   'a forged token has no claims';
is ask('/plain', token($key, { %gold, exp => time - 60 })),
   '401 token_expired - - -', 'nor has one that is over';
is ask('/off', $gold), '200 - - - -', 'nor where nothing is evaluated';

# remembered with the token
is ask('/zone', $gold), '200 home gold a,b 1', 'with a zone';
is ask('/zone', $gold), '200 home gold a,b 1', 'and from the zone'
    for 1 .. 3;
is ask('/zone', token($key, { plan => 'x' x 500 })),
   '200 home ' . 'x' x 500 . ' - -', 'a long one' for 1, 2;
is ask('/strip?token=' . token($key, { plan => 'arg' }), 'x'),
   '200 home arg - -', 'where the token is taken out';

# the mode
for my $path ('/mode', '/mode/strip', '/mode/again') {
    is ask($path, $gold), '200 home gold a,b 1', "$path: by a claim";
    is ask($path, token($key, { plan => 'x' })), '200 off - - -',
       "$path: by another value";
}

my $log = do { local (@ARGV, $/) = "$dir/claims.log"; <> };
like $log, qr{^/plain plan=gold$}m, 'in a log';
like $log, qr{^/plain plan=-$}m, 'and none';

# required
is ask('/require', $gold), '200 home gold a,b 1', 'all that is required';
is ask('/require', token($key, { %gold, live => 0 })),
   '401 claim gold a,b 0', 'a claim that is 0';
is ask('/require', token($key, { %gold, live => undef })),
   '401 claim gold a,b -', 'a claim that is missing';
is ask('/require', token($key, { %gold, plan => 'silver' })),
   '403 claim silver a,b 1', 'a map to 0, with error=403';
is ask('/require', token($key, { %gold, plan => 'tin' })),
   '403 claim tin a,b 1', 'a map to nothing';
is ask('/require', token($evil, \%gold)), '401 token_signature - - -',
   'a forged token is the first reason';
is ask('/require/none', token($key)), '200 home - - -',
   'a level with its own requires nothing else';
is ask('/monitor', token($key)), '200 claim - - -',
   'in monitor the request goes on';

my $r = $nginx->get('/require', Authorization => 'Bearer '
                    . token($key, { %gold, plan => 'tin' }));
like $r->{body}, qr/"title":"Forbidden","status":403,"reason":"claim"/,
    '403: a problem document';
ok !$r->{headers}{'www-authenticate'}, 'without a challenge';
$r = $nginx->get('/require', Authorization => 'Bearer ' . token($key));
like $r->{body}, qr/"status":401,"reason":"claim"/,
    '401: a problem document';
is $r->{headers}{'www-authenticate'}, 'Bearer error="invalid_token"',
    'with a challenge';

# before the access phase
is ask('/limit', $gold), '200 home gold a,b 1', 'limit_req: the first';
like ask('/limit', $gold), qr/^429 /, 'limit_req: the second';
like ask('/limit', token($key, { tenant => 'u' })), qr/^200 /,
    'limit_req: another tenant';
like ask('/limit', token($evil, { tenant => 'u' })), qr/^401 /,
    'limit_req: a forged token is counted for nobody';

# the type
is ask('/type', token($key, {}, { typ => 'at+jwt' })), '200 home - - -',
   'a type that is required';
is ask('/type', token($key, {}, { typ => 'JWT' })), '401 token_type - - -',
   'another type';
is ask('/type', token($key)), '401 token_type - - -', 'no type';

# claims within objects
$r = $nginx->get('/nested', Authorization => 'Bearer '
                 . token($key, { tv => { account => 'b' } }));
is $r->{headers}{'x-account'}, 'b', 'an account within an object';
is ask('/nested', $gold), '401 token_claim - - -', 'and none';

done_testing();

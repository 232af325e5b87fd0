#!/usr/bin/perl

# Beside srcache-nginx-module, which answers from its cache in the access
# phase, before the household is asked: behind a redirect within nginx it is
# asked first, as docs/rollout.md says.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config load_module);
use Test::Household::Process qw(slurp);
use Test::Household::Redis;
use Test::More;

my $modules = '/usr/lib/nginx/modules';
my @needed = map { "$modules/$_.so" }
             qw(ndk_http_module ngx_http_lua_module
                ngx_http_srcache_filter_module);

plan skip_all => 'srcache-nginx-module and Lua are not installed'
    if grep { !-e } @needed;

my ($home, $away) = ('82.64.10.7', '203.0.113.9');

my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', $home);

# the locations as they stand in the docs, with a cache that has everything
my ($documented) = slurp('docs/rollout.md')
    =~ /^```\n(# srcache\n.*?)^```/ms or die "no example\n";
$documented =~ s{http://tokens}{http://127.0.0.1:9} or die;

my %config = (
    http => http_config(server => $redis->address) . <<'EOC',
household_store main;
household_account $arg_account;
add_header X-Reason $household_reason always;
EOC
    server => <<"EOC");
$documented
location /plain { household on; empty_gif; }
location /cache {
    internal;
    content_by_lua_block {
        ngx.print("HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\n\\r\\n"
                  .. "cached " .. ngx.var.args .. "\\n")
    }
}
EOC

my $text = join '', map { "load_module $_;\n" } @needed;
my $test = Test::Household::Nginx->new(%config, main => $text, start => 0);
my ($good, $said) = $test->test;
plan skip_all => "srcache is not for this nginx: $said"
    if !$good && $said =~ /version|binary compatible/;

for my $place ('main', load_module() ? 'before' : ()) {
    for my $first ('/plain?account=a', '/playback/1?account=a') {
        my $edge = Test::Household::Nginx->new(%config, $place => $text);
        my $name = "$place, first $first";

        $edge->get($first, 'X-Forwarded-For' => $home);

        for (1, 2) {
            my $r = $edge->get('/playback/1?account=a',
                               'X-Forwarded-For' => $home);
            is "$r->{status} $r->{body}", "200 cached /playback/1\n",
                "$name: from home: what is in the cache";

            $r = $edge->get('/playback/1?account=a',
                            'X-Forwarded-For' => $away);
            is "$r->{status} $r->{headers}{'x-reason'}", '403 outside',
                "$name: from elsewhere: nothing of it";

            $r = $edge->get('/playback/1', 'X-Forwarded-For' => $home);
            is "$r->{status} $r->{headers}{'x-reason'}",
                '401 account_missing', "$name: without an account: nothing";

            $r = $edge->get('/plain?account=a', 'X-Forwarded-For' => $away);
            is $r->{status}, 403, "$name: other locations";
        }
    }
}

done_testing;

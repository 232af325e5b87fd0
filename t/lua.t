#!/usr/bin/perl

# Beside lua-nginx-module, whose access handler moves itself to the end of the
# access phase when the first request comes: the household is asked after it,
# so that access_by_lua may name the account, refuse, or satisfy "satisfy any".

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config load_module);
use Test::Household::Redis;
use Test::More;

my ($modules) = grep { -e "$_/ngx_http_lua_module.so" }
    $ENV{HOUSEHOLD_LUA_MODULES} // (), '/usr/lib/nginx/modules';

plan skip_all => 'libnginx-mod-http-lua is not installed' if !$modules;

my $lua = join '', map { "load_module $modules/$_.so;\n" }
          qw(ndk_http_module ngx_http_lua_module);

my ($home, $away) = ('82.64.10.7', '203.0.113.9');

my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', $home);
$redis->cmd(SADD => 'household:{b}', $away);

my %config = (
    http => http_config(server => $redis->address) . <<'EOC',
household_store main;
household_account $arg_account;
add_header X-Status $household_status always;
add_header X-Reason $household_reason always;
EOC
    server => <<'EOC');
location /plain { household on; empty_gif; }
location /any {
    satisfy any;
    household on;
    access_by_lua_block { if ngx.var.arg_lua == 'ok' then ngx.exit(ngx.OK) end
                          if ngx.var.arg_lua == 'no' then ngx.exit(403) end
                          ngx.exit(ngx.DECLINED) }
    empty_gif;
}
location /any-deny {
    satisfy any;
    household on;
    deny all;
    access_by_lua_block { if ngx.var.arg_lua ~= 'ok' then
                              ngx.exit(ngx.DECLINED) end }
    empty_gif;
}
location /all {
    household on;
    access_by_lua_block { if ngx.var.arg_lua == 'no' then ngx.exit(402) end }
    empty_gif;
}
location /names {
    set $who '';
    household on;
    household_account $who;
    access_by_lua_block { ngx.sleep(0.001) ngx.var.who = ngx.var.arg_name }
    empty_gif;
}
location /exec {
    household on;
    content_by_lua_block { ngx.exec('/plain', ngx.var.args) }
}
EOC

sub ask {
    my ($edge, $uri, $from) = @_;
    my $r = $edge->get($uri, 'X-Forwarded-For' => $from);
    return join ' ', map { $_ // '-' } $r->{status},
        @{ $r->{headers} }{'x-status', 'x-reason'};
}

# both orders of load_module, if the module is loaded at all; the first
# request is one to a location without Lua, or one with it

my $test = Test::Household::Nginx->new(%config, main => $lua, start => 0);
my ($good, $said) = $test->test;
plan skip_all => "the Lua module is not for this nginx: $said" if !$good;

for my $order ('ours, lua', load_module() ? 'lua, ours' : ()) {
  for my $first ('/plain?account=a', '/any?account=a&lua=ok') {
    my $place = $order eq 'lua, ours' ? 'before' : 'main';
    my $edge = Test::Household::Nginx->new(%config, $place => $lua,
                                           start => 0);
    $edge->start;

    my $is = sub {
        my ($uri, $from, $expected) = @_;
        is ask($edge, $uri, $from), $expected,
            "$order, first $first: $uri from $from";
    };

    is $edge->get($first, 'X-Forwarded-For' => $home)->{status}, 200,
        "$order, first $first";

    for (1, 2) {
        $is->('/plain?account=a', $home, '200 ALLOWED home');
        $is->('/plain?account=a', $away, '403 DENIED outside');

        $is->('/any?account=a&lua=ok', $away, '200 - -');
        $is->('/any?lua=ok', $away, '200 - -');
        $is->('/any?account=a', $home, '200 ALLOWED home');
        $is->('/any?account=a', $away, '403 DENIED outside');
        $is->('/any?account=a&lua=no', $away, '403 DENIED outside');
        $is->('/any-deny?account=a&lua=ok', $away, '200 - -');
        $is->('/any-deny?account=a', $away, '403 DENIED outside');
        $is->('/any-deny?account=a', $home, '200 ALLOWED home');

        $is->('/all?account=a', $home, '200 ALLOWED home');
        $is->('/all?account=a', $away, '403 DENIED outside');
        $is->('/all?account=a&lua=no', $home, '402 - -');

        $is->('/names?name=a', $home, '200 ALLOWED home');
        $is->('/names?name=b', $home, '403 DENIED outside');
        $is->('/names', $home, '401 UNAUTHORIZED account_missing');

        $is->('/exec?account=a', $home, '200 ALLOWED home');
        $is->('/exec?account=a', $away, '403 DENIED outside');
    }

    my $r = $edge->get('/any?account=a', 'X-Forwarded-For' => $away);
    is $r->{headers}{'content-type'}, 'application/problem+json',
        "$order, first $first: the answer is ours";

    # those that wait when others come

    my @conns = map { $edge->connect } 1 .. 20;
    $_->send_request(GET => '/names?name=a', 'X-Forwarded-For' => $home)
        for @conns;
    is_deeply [map { $_->response->{status} } @conns], [(200) x 20],
        "$order, first $first: many at a time";
  }
}

done_testing;

#!/usr/bin/perl

# Shows where the module stands.  Handlers of a phase run in the reverse order
# of the modules, so ours must stand before those whose checks come first.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Path qw(make_path);
use Test::More;

my $build = abs_path($ENV{BUILD} || 'build');
my $ours = 'ngx_http_household_module';
my @after = map { "ngx_http_${_}_module" } qw(auth_request auth_basic access);

my @kinds = split ' ', $ENV{ORDER} || 'installed';

plan tests => 5 * @kinds;

for my $kind (@kinds) {
    my $dir = "$build/$kind";
    my ($nginx, $so) = $kind eq 'installed'
        ? ($ENV{TEST_NGINX_BINARY} || 'nginx', "$build/module/$ours.so")
        : ("$dir/nginx", "$dir/$ours.so");
    my $load = -e $so ? "load_module $so;" : '';

    make_path("$build/order/logs");
    open my $conf, '>', "$build/order/nginx.conf" or die $!;
    print $conf "$load load_module $dir/ngx_household_order_module.so;\n",
        "pid nginx.pid; events { } http { access_log off; }\n";
    close $conf;

    my @modules = grep { /^ngx_http_\w+$/ }
        split /\n/, `$nginx -p $build/order -c nginx.conf -e stderr -t 2>&1`;
    my %at = map { $modules[$_] => $_ } 0 .. $#modules;

    is($?, 0, "$kind: nginx -t");
    is(scalar(grep { $_ eq $ours } @modules), 1, "$kind: is there once");

    SKIP: {
        skip 'is not there', 3 unless defined $at{$ours};

        cmp_ok($at{$ours}, '<', $at{$_}, "$kind: before $_") for @after;
    }

    my $i = $at{$ours} // 1;
    note("$kind: ... ", join(' ', grep { defined } @modules[$i - 1 .. $i + 3]), ' ...');
}

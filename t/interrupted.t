#!/usr/bin/perl

# Requests that something else than the client ends or redirects while their
# lookup is under way: a timer of another module, a timeout of nginx (408).
# The other module is t/tools/finalize, which is compiled here.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::FakeRedis;
use Test::Household::Http2;
use Test::Household::Nginx;
use Test::Household::Process qw(wait_until free_port slurp temp_dir);
use Test::More;

# the compiler sees the same nginx as that of the module
sub finalize_module {
    my $build = $ENV{BUILD} || 'build';
    my $so = temp_dir('finalize') . '/finalize.so';
    my ($version) = `$Test::Household::Nginx::Binary -v 2>&1` =~ m{/([\d.]+)};
    my ($tree) = grep {
        slurp("$_/src/core/nginx.h") =~ /VERSION +"\Q$version\E"/
    } "$build/nginx-dev", "$build/nginx";

    plan skip_all => "no source of nginx $version" if !$tree;

    system $ENV{CC} || 'cc', qw(-shared -fPIC -O1 -g -o), $so,
        (map { "-I$tree/src/$_" } qw(core event event/modules event/quic
                                     os/unix http http/modules http/v2
                                     http/v3)),
        "-I$build/module",
        't/tools/finalize/ngx_household_finalize_module.c'
        and die "the module cannot be compiled\n";
    return $so;
}

my $fake = Test::Household::FakeRedis->new(unix => 1,
    data => { map { ("household:{$_}" => ['127.0.0.1']) } 'a' .. 'z' },
    handler => sub {
        my ($conn, @command) = @_;
        return "@command" eq 'HGETALL household:control' ? ["*0\r\n"] : undef;
    });

my $origin = 'unix:' . temp_dir('origin') . '/origin.sock';
my $has_http2 = `$Test::Household::Nginx::Binary -V 2>&1` =~ /http_v2_module/;
my $http2_port = free_port();

# what the timer does, how often the origin is reached, post_action included,
# and the status that the client gets, if any
my @cases = (
    [end503       => '503',        1, 503],
    [end403       => '403',        1, 403],
    [end408       => '408',        1, undef],
    [end499       => '499',        1, undef],
    [end444       => '444',        0, undef],
    [to_guarded   => '/guarded',   1, 200],
    [to_unguarded => '/unguarded', 1, 200],
    [to_named     => '@named',     1, 200],
    [to_page      => '410',        1, 410],
);

my $guarded = join '', map { my ($name, $what) = @$_; <<"EOC" } @cases;
    location /$name {
        household on; finalize 100ms $what; post_action \@done; empty_gif;
    }
EOC

$guarded .= <<"EOC";
    error_page 410 /error;
    location / { household on; empty_gif; }
    location /guarded { household on; proxy_pass http://$origin; }
    location /unguarded { household off; proxy_pass http://$origin; }
    location \@named { household on; proxy_pass http://$origin; }
    location \@done { household on; proxy_pass http://$origin; }
    location /error { household on; proxy_pass http://$origin; }
    location /body {
        household on; client_body_timeout 200ms; post_action \@done;
        proxy_pass http://$origin;
    }
EOC

my $http2 = $has_http2
    ? "server { listen 127.0.0.1:$http2_port http2; $guarded }" : '';

my $nginx = Test::Household::Nginx->new(
    before => 'load_module ' . finalize_module() . ';',
    server => $guarded, http => <<"EOC");
map \$request_uri \$who { ~account=(?<name>[a-z]+) \$name; }
log_format verdict '\$status \$who';
access_log verdict.log verdict;
household_redis main {
    server ${\$fake->address}; connect_timeout 20s; timeout 20s;
}
household_store main;
household_account \$who;
server { listen $origin; access_log origin.log; return 200; }
$http2
EOC

my ($worker) = $nginx->workers;

sub logged { slurp("$nginx->{dir}/verdict.log", $_[0]) }
sub logged_mark { -s "$nginx->{dir}/verdict.log" || 0 }
sub asked { $fake->count('SMEMBERS') }
sub origin { slurp("$nginx->{dir}/origin.log") =~ tr/\n// }

sub well {
    my ($name) = @_;

    $fake->release;
    $fake->behave('normal');
    is $nginx->get('/?account=z')->{status}, 200, "$name: others are served";
    is_deeply [$nginx->workers], [$worker], "$name: by the same worker";
}


# the timer of another module, for HTTP/1.1 and HTTP/2

for my $version (1, $has_http2 ? 2 : ()) {
    for (@cases) {
        my ($path, $what, $posts, $status) = @$_;
        my ($log, $mark, $before) = (logged_mark(), $nginx->mark, origin());
        my $uri = "/$path?account=a";
        my $name = "HTTP/$version, $path";
        my $conn;

        $fake->behave('hold');
        my $asked = asked();

        if ($version == 2) {
            $conn = Test::Household::Http2->new($http2_port);
            $conn->request($uri);

        } else {
            $conn = $nginx->connect;
            $conn->send_request(GET => $uri);
        }

        ok wait_until { asked() > $asked }, "$name: waits";
        ok $nginx->wait_log(qr/finalize: "\Q$what\E"/, $mark),
            "$name: is interrupted";

        # the new location needs a lookup, too
        $fake->release if $what =~ /guarded|named|410/;

        ok wait_until { logged($log) =~ /^\d+ a$/m }, "$name: it ends";
        is $version == 2 ? $conn->status(1) : $conn->response->{status},
            $status, "$name: the client" if $status;
        well($name);
        is origin() - $before, $posts, "$name: $posts at the origin";
        is scalar(() = logged($log) =~ / a$/mg), 1, "$name: once in the log";
    }
}

# client_body_timeout: the body is not read before the verdict

{
    my ($log, $before) = (logged_mark(), origin());
    $fake->behave('hold');
    my $asked = asked();
    my $conn = $nginx->connect;

    $conn->send("POST /body?account=a HTTP/1.1\r\nHost: localhost\r\n"
                . "Content-Length: 10\r\n\r\nabc");
    ok wait_until { asked() > $asked }, 'a body that does not end: waits';
    select undef, undef, undef, 0.3;
    unlike logged($log), qr/ a$/m,
        'a body that does not end: no timeout until then';
    $fake->release;
    ok wait_until { logged($log) =~ /^\d+ a$/m },
        'a body that does not end: it ends after the verdict';
    well('a body that does not end');
    is origin() - $before, 1, 'a body that does not end: the post_action';
}


$nginx->quit;
is $nginx->{status}, 0, 'it quits';

done_testing;

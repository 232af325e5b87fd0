package Bench::Peers;

# What people use today, as lines of the same table.  Their configurations and
# programs are in t/bench/peers.
#
# A row is as those of Bench::Rows, and further:
#   peer             1
#   rival            the row of the module that does the same
#   denies           it lets nobody in who is not at home
#   front, behind    the server that is asked, and those that it asks
#
# What takes the place of the edge has the edge's core.  A backend may use both
# cores; "backend_cores" allows it others.

use strict;
use warnings;

use Exporter 'import';
use Bench::Data qw(account);
use Bench::Server;
use File::Spec;
use IO::Socket::INET;
use IO::Socket::UNIX;
use MIME::Base64 qw(encode_base64);
use Test::Household::Process qw(slurp);

our @EXPORT_OK = qw(peers start_peers);

my $Here = File::Spec->rel2abs(__FILE__) =~ s{/lib/Bench/\w+\.pm$}{/peers}r;
my @Lua = map { "/usr/lib/nginx/modules/$_.so" }
          qw(ndk_http_module ngx_http_lua_module);
my $Njs = '/usr/lib/nginx/modules/ngx_http_js_module.so';
my $Redigo = '/usr/share/gocode';
my $Node = '/usr/share/nodejs';

# the smallest there is, as nginx has it
my $Gif = pack 'H*', '47494638396101000100800100000000ffffff21f90401000001'
                     . '002c00000000010001000002024c01003b';

my $Problem = '{"type":"about:blank","title":"Outside of the household",'
              . '"status":403,"reason":"outside"}';
my $Outside = join "\r\n", 'HTTP/1.1 403 Forbidden',
    'Content-Type: application/problem+json', 'Cache-Control: no-store',
    'Content-Length: ' . length $Problem, '', $Problem;

# what each of them is made of: packages, and files of them
my @Resty = ('libnginx-mod-http-lua or lua-nginx-redis', @Lua,
             '/usr/share/lua/5.1/nginx/redis.lua');
my %Needs = (
    lua => \@Resty,
    nginx => \@Resty,
    node => ['nodejs and node-redis', '/usr/bin/node', "$Node/redis"],
    go => ['golang-go and golang-github-gomodule-redigo-dev',
           '/usr/bin/go', "$Redigo/src/github.com/gomodule/redigo"],
    python => ['uvicorn or python3-redis', '/usr/bin/uvicorn',
               '/usr/lib/python3/dist-packages/redis/asyncio'],
    haproxy => ['haproxy', '/usr/sbin/haproxy'],
    varnish => ['varnish or varnish-redis', '/usr/sbin/varnishd',
                glob('/usr/lib/*/varnish/vmods/libvmod_redis.so')
                || 'libvmod_redis.so'],
    njs => ['libnginx-mod-http-js 0.8 or later, for shared dictionaries',
            _has($Njs, 'js_shared_dict_zone')],
);

my @Peers = (
    ['lua-dict', 'lua-nginx-module, shared dict', 'lua', rival => 'cached',
     lookups => 0],
    ['lua', 'lua-nginx-module, lua-resty-redis', 'lua'],
    ['njs-dict', 'njs, shared dictionary', 'njs', rival => 'cached',
     lookups => 0],
    ['haproxy', 'HAProxy, Lua and Redis', 'haproxy'],
    ['varnish', 'Varnish, varnish-redis', 'varnish'],
    ['auth-request-yes', 'auth_request to nginx that says yes', 'nginx',
     rival => 'cached', lookups => 0, denies => 0],
    ['auth-request', 'auth_request to nginx, Lua and Redis', 'nginx'],
    ['auth-request-go', 'auth_request to Go and Redis', 'go'],
    ['auth-request-node', 'auth_request to Node.js and Redis', 'node'],
    ['auth-request-python', 'auth_request to Python and Redis', 'python'],
);


# the file, if it knows the word
sub _has {
    my ($file, $word) = @_;
    return -e $file && index(slurp($file), $word) >= 0 ? $file : "no $word";
}

# those that can run here; "say" is told of the others
sub peers {
    my ($say) = @_;
    my @rows;

    for (@Peers) {
        my ($name, $what, $kind, %more) = @$_;
        my ($package, @files) = @{ $Needs{$kind} };

        if (grep { !-e } @files) {
            $say->("$name is left out: there is no $package");
            next;
        }

        push @rows, { name => $name, what => $what, kind => $kind, peer => 1,
            status => 200, floor => 'floor', rival => 'lookup', lookups => 1,
            denies => 1, ask => sub { [ '?account=' . account($_[0]) ] },
            %more };
    }

    return @rows;
}

# Starts what the rows need.  Options: redis (the path of its socket), out
# (a folder for what is compiled), backend_cores (as taskset has them).
sub start_peers {
    my ($rows, %opt) = @_;
    my %fill = (PEERS => $Here, REDIS => $opt{redis});
    my (%kind, %server);

    $kind{ $_->{kind} }++ for @$rows;
    return if !%kind;

    for (sort keys %kind) {
        my $start = __PACKAGE__->can("_start_$_");
        $server{$_} = $start->(\%fill, %opt);
    }

    my $auth = grep({ $_->{name} =~ /^auth/ } @$rows)
        && _start_auth(\%fill, \%server);

    for (@$rows) {
        my $is_auth = $_->{name} =~ /^auth/;
        my $server = $server{ $_->{kind} };

        $_->{front} = $is_auth ? $auth : $server;
        $_->{behind} = $is_auth ? [$server] : [];
    }

    my %backend = map { $_ => $_ } map { @{ $_->{behind} } } @$rows;
    _on_cores($opt{backend_cores}, $_->pids) for values %backend;
}

sub _on_cores {
    my ($cores, @pids) = @_;

    for (@pids) {
        my $said = `taskset -a -c -p $cores $_ 2>&1`;
        die $said if $?;
    }
}

my $Keep = "keepalive_requests 1000000000;\nkeepalive_timeout 1h;\n";

sub _start_lua {
    my ($fill) = @_;
    return Bench::Server->new(load => \@Lua, fill => $fill,
        http => $Keep . slurp("$Here/lua.conf"));
}

# the backend that is nginx
sub _start_nginx {
    my ($fill) = @_;
    return Bench::Server->new(load => \@Lua, fill => $fill, workers => 2,
        http => $Keep . slurp("$Here/lua-backend.conf"));
}

sub _start_auth {
    my ($fill, $server) = @_;
    my %socket = map { (uc, ($server->{$_} || {})->{dir} // '/none') }
                 qw(nginx go node python);

    return Bench::Server->new(fill => { %$fill, %socket },
        http => $Keep . slurp("$Here/auth-request.conf"));
}

sub _start_haproxy {
    my ($fill) = @_;

    return Bench::Server->other(fill => $fill,
        files => { 'haproxy.conf' => slurp("$Here/haproxy.conf"),
                   'empty.gif' => $Gif, 'outside.http' => $Outside },
        command => [qw(taskset -c 0 haproxy -db -f), '@DIR@/haproxy.conf'],
        ready => sub { IO::Socket::INET->new(
                           PeerAddr => "127.0.0.1:$_[0]{port}") });
}

sub _start_varnish {
    my ($fill) = @_;
    my %more = (%$fill, GIF => encode_base64($Gif, ''), PROBLEM => $Problem);

    return Bench::Server->other(fill => \%more,
        files => { 'varnish.vcl' => slurp("$Here/varnish.vcl") },
        command => [qw(taskset -c 0 varnishd -F -j none -n @DIR@
                       -a 127.0.0.1:@PORT@ -f @DIR@/varnish.vcl
                       -p thread_pools=1 -p timeout_idle=3600
                       -p thread_pool_min=100)],
        ready => sub { IO::Socket::INET->new(
                           PeerAddr => "127.0.0.1:$_[0]{port}") });
}

sub _start_njs {
    my ($fill) = @_;
    return Bench::Server->new(load => [$Njs, @Lua], fill => $fill,
        http => $Keep . slurp("$Here/njs.conf"));
}

sub _start_node {
    my ($fill) = @_;

    # where Debian keeps what it has packaged
    local $ENV{NODE_PATH} = $Node;

    return _start_backend($fill, 'node', '@PEERS@/verdict.js');
}

sub _start_python {
    my ($fill) = @_;

    local @ENV{'REDIS', 'PYTHONDONTWRITEBYTECODE'} = ($fill->{REDIS}, 1);

    return Bench::Server->other(fill => $fill,
        command => [qw(uvicorn --app-dir @PEERS@ --uds @DIR@/backend.sock
                       --workers 2 --loop uvloop --http httptools
                       --lifespan off --no-access-log --log-level warning
                       --timeout-keep-alive 3600 verdict:app)],
        ready => sub { IO::Socket::UNIX->new(
                           Peer => "$_[0]{dir}/backend.sock")
                       && $_[0]->pids > 2 });
}

sub _start_go {
    my ($fill, %opt) = @_;
    my $out = File::Spec->rel2abs($opt{out});
    my $program = "$out/verdict";

    local @ENV{qw(GO111MODULE GOPATH GOCACHE GOFLAGS)} =
        ('off', $Redigo, "$out/go", '');
    my $said = `go build -o '$program' '$Here/verdict.go' 2>&1`;
    die "verdict.go: $said" if $?;

    return _start_backend($fill, $program);
}

sub _start_backend {
    my ($fill, @command) = @_;

    return Bench::Server->other(fill => $fill,
        command => [@command, '@DIR@/backend.sock', '@REDIS@'],
        ready => sub { IO::Socket::UNIX->new(
                           Peer => "$_[0]{dir}/backend.sock") });
}

1;

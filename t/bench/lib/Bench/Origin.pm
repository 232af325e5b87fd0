package Bench::Origin;

# What an edge that proxies over TLS needs: a server behind it, and a
# certificate of its own.  What the server behind it costs is in no figure: a
# decision changes nothing about it.

use strict;
use warnings;

use Bench::Server;
use Test::Household::Ca;


sub new {
    my ($class) = @_;
    my $server = Bench::Server->new(workers => 1, http => _kept()
        . 'server { listen unix:@DIR@/nginx.sock; location / { empty_gif; } }');
    my ($cert, $key) = Test::Household::Ca->new->issue('edge',
                                                       'DNS:edge.example');

    return bless { server => $server, tls => "ssl_certificate $cert;\n"
                                             . "ssl_certificate_key $key;\n" };
}

sub _kept { "keepalive_requests 1000000000;\nkeepalive_timeout 1h;\n" }

sub pids { $_[0]{server}->pids }

# directives of http {}
sub upstream {
    my ($self) = @_;

    return "upstream origin {\nserver unix:$self->{server}{dir}/nginx.sock;\n"
           . "keepalive 64;\n" . _kept() . "}\n";
}

# directives of a server that listens with TLS
sub tls { $_[0]{tls} }

# directives of a location: "serve" of a row
sub serve {
    return "proxy_pass http://origin;\nproxy_http_version 1.1;\n"
           . "proxy_set_header Connection \"\";\n";
}

1;

package Test::Household::Issuer;

# An issuer of keys that misbehaves, over TLS: what a real server does not do.
# Each path has a way to answer: pieces of text that are sent, and [pause] that
# waits for the client to leave.
#
#   my $issuer = Test::Household::Issuer->new($crt, $key,
#       '/cut' => ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"],
#       '/slow' => ["HTTP/1.1 200 OK\r\n", ['pause']]);
#   $issuer->{port};
#   my @requests = $issuer->requests('/cut');    # their headers

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use IO::Socket::INET;
use IO::Socket::SSL;
use Test::Household::Process qw(free_port temp_dir slurp);


sub new {
    my ($class, $crt, $key, %ways) = @_;
    my $self = bless { dir => temp_dir('issuer'), ways => \%ways }, $class;

    $self->{port} = free_port();

    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $self->{port}, Listen => 64, ReuseAddr => 1)
        or die "listen: $!\n";

    $self->spawn(sub {
        local $SIG{CHLD} = 'IGNORE';

        while (1) {
            my $socket = $listen->accept or next;
            my $pid = fork // die "fork: $!\n";

            if ($pid == 0) {
                alarm 60;
                $self->_serve($socket, $crt, $key);
                POSIX::_exit(0);
            }
            close $socket;
        }
    });

    return $self;
}

sub requests {
    my ($self, $path) = @_;
    return grep { /^GET \Q$path\E / }
           split /\0/, slurp("$self->{dir}/requests");
}

sub _serve {
    my ($self, $socket, $crt, $key) = @_;

    IO::Socket::SSL->start_SSL($socket, SSL_server => 1,
        SSL_cert_file => $crt, SSL_key_file => $key) or return;

    my $head = '';
    until ($head =~ /\r\n\r\n/) {
        $socket->sysread($head, 4096, length $head) or return;
    }

    open my $out, '>>', "$self->{dir}/requests" or die "requests: $!\n";
    syswrite $out, "$head\0";

    my ($path) = $head =~ /^GET (\S+) /;

    for my $piece (@{ $self->{ways}{$path} // [] }) {
        if (ref $piece) {
            $socket->sysread(my $byte, 1);
            return;
        }

        while (length $piece) {
            my $n = $socket->syswrite($piece) or return;
            substr $piece, 0, $n, '';
        }
    }

    $socket->close;
}

1;

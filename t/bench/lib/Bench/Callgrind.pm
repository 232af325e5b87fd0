package Bench::Callgrind;

# One row under callgrind: a single process, one connection after the other.

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use Bench::Origin;
use Bench::Rows qw(http_text location_text);
use IO::Socket::SSL;
use IO::Socket::UNIX;
use Test::Household::Nginx;
use Test::Household::Process qw(wait_until temp_dir slurp);


my $Origin;


# "asks" is what is asked of the process, in turn: pairs of a row and a number
# of requests.  Returns a hash: total, and self, by function.
sub run {
    my ($rows, $redis, $accounts, @asks) = @_;
    my $self = bless { dir => temp_dir('callgrind') }, __PACKAGE__;

    local $Test::Household::Process::Patience = 120;

    $self->configure($rows, $redis);
    $self->spawn('valgrind', '--tool=callgrind', '--vgdb=no', '-q',
        "--callgrind-out-file=$self->{dir}/out",
        $Test::Household::Nginx::Binary,
        '-p', "$self->{dir}/", '-c', "$self->{dir}/nginx.conf",
        '-e', "$self->{dir}/error.log");

    my $conn = wait_until { $self->exited ? die $self->output
                                          : $self->connect }
        or die "nginx did not start\n";

    $conn = $self->ask($conn, $_->[0], $accounts, $_->[1]) for @asks;
    $self->stop('QUIT');

    return $self->result;
}

sub connect {
    my ($self) = @_;
    return IO::Socket::UNIX->new(Peer => "$self->{dir}/nginx.sock");
}

sub configure {
    my ($self, $rows, $redis) = @_;
    my $tls = $rows->[0]{tls} and $Origin ||= Bench::Origin->new;
    my $module = Test::Household::Nginx::load_module();
    my @temp = map { "${_}_temp_path $self->{dir}/$_;" }
               qw(client_body proxy fastcgi uwsgi scgi);

    open my $out, '>', "$self->{dir}/nginx.conf" or die "nginx.conf: $!\n";
    print $out join "\n", $module ? "load_module $module;" : '',
        'daemon off; master_process off;', "pid $self->{dir}/nginx.pid;",
        "error_log $self->{dir}/error.log;", 'events {}', 'http {', @temp,
        http_text(main => 'server ' . $redis->address . ';'),
        $tls ? $Origin->upstream : (), 'server {',
        "listen unix:$self->{dir}/nginx.sock" . ($tls ? ' ssl;' : ';'),
        $tls ? $Origin->tls : (),
        # the viewer's address, which a unix socket has not
        'set_real_ip_from unix:; real_ip_header X-Viewer;',
        (map { location_text($_) } @$rows), '} }', '';
    close $out;
}

# returns the connection, for what is asked next
sub ask {
    my ($self, $conn, $row, $accounts, $n) = @_;
    my @wire = map {
        my ($args, @headers) = @{ $row->{ask}->($_) };
        join "\r\n", "GET /$row->{name}$args HTTP/1.1", 'Host: edge.example',
            'X-Viewer: 127.0.0.1', @headers, '', '';
    } 1 .. $row->{asks} || $accounts;

    for my $i (0 .. $n - 1) {
        $conn = $self->connect if $row->{row} && $i % $row->{row} == 0;
        IO::Socket::SSL->start_SSL($conn, SSL_verify_mode => 0)
            if $row->{tls} && !$conn->isa('IO::Socket::SSL');

        syswrite $conn, $wire[$i % @wire];
        my $in = '';

        until ($in =~ /^Content-Length: (\d+)\r.*?\r\n\r\n(.*)/ms
               && length $2 >= $1)
        {
            sysread $conn, $in, 16384, length $in
                or die "$row->{name}: nginx is gone\n" . slurp(
                    "$self->{dir}/error.log");
        }

        die "$row->{name}: $in" if $in !~ m{^HTTP/1.1 $row->{status} };
    }

    return $conn;
}

sub result {
    my ($self) = @_;
    my ($file) = glob "$self->{dir}/out*";
    my (%name, %self, $function, $total);

    open my $in, '<', $file or die "no result of callgrind\n";

    while (my $line = <$in>) {
        if ($line =~ /^fn=\((\d+)\)(?: (.*))?/) {
            $name{$1} = $2 if defined $2;
            $function = $name{$1};

        } elsif ($line =~ /^cfn=\((\d+)\) (.*)/) {
            $name{$1} = $2;

        } elsif ($line =~ /^calls=/) {
            <$in>;

        } elsif ($line =~ /^(?:[+-]?\d+|\*) (\d+)$/) {
            $self{$function} += $1;

        } elsif ($line =~ /^(?:summary|totals): (\d+)/) {
            $total ||= $1;
        }
    }

    return { total => $total, self => \%self };
}

1;

package Bench::Callgrind;

# Rows under callgrind: a single process, with a server for each row.  All of
# them have the same location, so that nginx does the same to find it.
#
# The process uses jemalloc, as Redis does: a call of it costs the same wherever
# memory is free, while those of libc make a difference of up to 300
# instructions a request.

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use Bench::Origin;
use Bench::Rows qw(http_text location_text);
use IO::Socket::SSL;
use IO::Socket::UNIX;
use Test::Household::Nginx;
use Test::Household::Process qw(wait_until temp_dir slurp);


# a file of the package libjemalloc2
my $Allocator = 'libjemalloc.so.2';
my $Origin;


# "asks" is how many requests there are of each row, the first row first.
# Returns a hash: total, and self, by function.
sub run {
    my ($rows, $redis, $accounts, @asks) = @_;
    my $self = bless { dir => temp_dir('callgrind'), rows => $rows },
        __PACKAGE__;

    die "$Allocator is missing: it is in the package libjemalloc2\n"
        if `/sbin/ldconfig -p` !~ /\b\Q$Allocator\E /;

    local $Test::Household::Process::Patience = 120;
    local $ENV{LD_PRELOAD} = $Allocator;

    $self->configure($redis);
    $self->spawn('valgrind', '--tool=callgrind', '--vgdb=no', '-q',
        "--callgrind-out-file=$self->{dir}/out",
        $Test::Household::Nginx::Binary,
        '-p', "$self->{dir}/", '-c', "$self->{dir}/nginx.conf",
        '-e', "$self->{dir}/error.log");

    # all connect, whether they ask or not
    my @conns = map { $self->first($_) } 0 .. $#$rows;

    $self->ask($conns[$_], $_, $accounts, $asks[$_]) for 0 .. $#asks;
    $self->stop('QUIT');

    return $self->result;
}

sub socket { "$_[0]{dir}/$_[1].sock" }

sub first {
    my ($self, $i) = @_;
    return wait_until { $self->exited ? die $self->output : $self->connect($i) }
        || die "nginx did not start\n";
}

sub connect {
    my ($self, $i) = @_;
    my $conn = IO::Socket::UNIX->new(Peer => $self->socket($i)) or return;

    IO::Socket::SSL->start_SSL($conn, SSL_verify_mode => 0)
        or die "TLS: $IO::Socket::SSL::SSL_ERROR\n"
        if $self->{rows}[$i]{tls};
    return $conn;
}

sub configure {
    my ($self, $redis) = @_;
    my @rows = @{ $self->{rows} };
    my $tls = $rows[0]{tls} and $Origin ||= Bench::Origin->new;
    my $module = Test::Household::Nginx::load_module();
    my @temp = map { "${_}_temp_path $self->{dir}/$_;" }
               qw(client_body proxy fastcgi uwsgi scgi);

    open my $out, '>', "$self->{dir}/nginx.conf" or die "nginx.conf: $!\n";
    print $out join "\n", $module ? "load_module $module;" : '',
        'daemon off; master_process off;', "pid $self->{dir}/nginx.pid;",
        "error_log $self->{dir}/error.log;", 'events {}', 'http {', @temp,
        http_text(main => 'server ' . $redis->address . ';'),
        # the viewer's address, which a unix socket has not
        'set_real_ip_from unix:; real_ip_header X-Viewer;',
        $tls ? ($Origin->upstream, $Origin->tls) : ();

    for my $i (0 .. $#rows) {
        my $ssl = $tls ? ' ssl' : '';
        print $out 'server { listen unix:', $self->socket($i), "$ssl;\n",
            location_text({ %{ $rows[$i] }, name => 'row' }), "}\n";
    }

    print $out "}\n";
    close $out;
}

sub ask {
    my ($self, $conn, $number, $accounts, $n) = @_;
    my $row = $self->{rows}[$number];
    my @wire = map {
        my ($args, @headers) = @{ $row->{ask}->($_) };
        join "\r\n", "GET /row$args HTTP/1.1", 'Host: edge.example',
            'X-Viewer: 127.0.0.1', @headers, '', '';
    } 1 .. $row->{asks} || $accounts;

    for my $i (0 .. $n - 1) {
        $conn = $self->connect($number) || die "connect: $!\n"
            if $row->{row} && $i % $row->{row} == 0;

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

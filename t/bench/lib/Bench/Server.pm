package Bench::Server;

# An nginx of one worker on one core, and what it has used of it.

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use IO::Socket::UNIX;
use POSIX ();
use Test::Household::Nginx;
use Test::Household::Process qw(wait_until temp_dir free_port slurp);

my $Tick = POSIX::sysconf(POSIX::_SC_CLK_TCK());


# Options: load (modules), http (text).  In the text @DIR@, @PORT@ and the
# names of "fill" stand for what they are.
sub new {
    my ($class, %opt) = @_;
    my $self = bless { dir => temp_dir('bench'), port => free_port() },
               $class;
    my %fill = (DIR => $self->{dir}, PORT => $self->{port},
                %{ $opt{fill} || {} });
    my $http = $opt{http} =~ s/@([A-Z]+)@/$fill{$1} \/\/ die "\@$1\@\n"/ger;
    my @temp = map { "${_}_temp_path $self->{dir}/$_;" }
               qw(client_body proxy fastcgi uwsgi scgi);

    open my $out, '>', "$self->{dir}/nginx.conf" or die "nginx.conf: $!\n";
    print $out join "\n", (map { "load_module $_;" } @{ $opt{load} || [] }),
        $> == 0 ? 'user root;' : '', 'worker_processes 1;',
        'worker_cpu_affinity 01;', "pid $self->{dir}/nginx.pid;",
        "error_log $self->{dir}/error.log;",
        'events { worker_connections 8192; }', 'http {', @temp,
        'access_log off;', $http, '}', '';
    close $out;

    $self->spawn($Test::Household::Nginx::Binary, '-p', "$self->{dir}/",
        '-c', "$self->{dir}/nginx.conf", '-e', "$self->{dir}/error.log",
        '-g', 'daemon off;');

    wait_until { $self->exited or IO::Socket::UNIX->new(
                     Peer => "$self->{dir}/nginx.sock") && $self->worker }
        && $self->pid
        or die "nginx did not start:\n" . $self->output . $self->log;

    return $self;
}

sub log { slurp("$_[0]{dir}/error.log") }

sub worker {
    my ($self) = @_;
    return (split ' ', slurp("/proc/$self->{pid}/task/$self->{pid}/children")
            )[0];
}

# microseconds of CPU that a process has used
sub cpu {
    my ($pid) = @_;
    my @field = split ' ', slurp("/proc/$pid/stat") =~ s/^.*\) //r;
    my ($run) = split ' ', slurp("/proc/$pid/schedstat");

    # schedstat counts nanoseconds, where there is one
    return $run ? $run / 1000 : ($field[11] + $field[12]) * 1e6 / $Tick;
}

1;

package Bench::Server;

# An nginx of one worker on one core, or another server, and what they have
# used of the processor.
#
# A server has: port, where it is asked; pids, the processes that do the work.

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use IO::Socket::UNIX;
use POSIX ();
use Test::Household::Nginx;
use Test::Household::Process qw(wait_until temp_dir free_port slurp);

my $Tick = POSIX::sysconf(POSIX::_SC_CLK_TCK());


# Options: load (modules), http (text), workers (on any core, not one on the
# first).  In the text @DIR@, @PORT@ and the names of "fill" stand for what
# they are.
sub new {
    my ($class, %opt) = @_;
    my $self = $class->_empty;
    my $http = $self->_filled(@opt{qw(http fill)});
    my @temp = map { "${_}_temp_path $self->{dir}/$_;" }
               qw(client_body proxy fastcgi uwsgi scgi);

    $self->_put('nginx.conf', join "\n",
        (map { "load_module $_;" } @{ $opt{load} || [] }),
        $> == 0 ? 'user root;' : '',
        $opt{workers} ? "worker_processes $opt{workers};"
                      : 'worker_processes 1; worker_cpu_affinity 01;',
        "pid $self->{dir}/nginx.pid;",
        "error_log $self->{dir}/error.log;",
        'events { worker_connections 8192; }', 'http {', @temp,
        'access_log off;', $http, '}', '');

    $self->spawn($Test::Household::Nginx::Binary, '-p', "$self->{dir}/",
        '-c', "$self->{dir}/nginx.conf", '-e', "$self->{dir}/error.log",
        '-g', 'daemon off;');

    wait_until { $self->exited or IO::Socket::UNIX->new(
                     Peer => "$self->{dir}/nginx.sock")
                     && $self->_children >= ($opt{workers} || 1) }
        && $self->pid
        or die "nginx did not start:\n" . $self->output . $self->log;

    return $self;
}

# Another server.  Options: command, a list, where @DIR@, @PORT@ and the names
# of "fill" stand for what they are; files, a hash of names to their text,
# which is filled too; ready, code that says whether it is.
sub other {
    my ($class, %opt) = @_;
    my $self = $class->_empty;

    $self->_put($_, $self->_filled($opt{files}{$_}, $opt{fill}))
        for keys %{ $opt{files} || {} };

    $self->spawn(map { $self->_filled($_, $opt{fill}) } @{ $opt{command} });
    wait_until { $self->exited or $opt{ready}->($self) } && $self->pid
        or die "$opt{command}[0] did not start:\n" . $self->output;

    return $self;
}

sub _empty {
    my ($class) = @_;
    return bless { dir => temp_dir('bench'), port => free_port() }, $class;
}

sub _filled {
    my ($self, $text, $fill) = @_;
    my %fill = (DIR => $self->{dir}, PORT => $self->{port}, %{ $fill || {} });

    return $text =~ s/@([A-Z]+)@/$fill{$1} \/\/ die "\@$1\@\n"/ger;
}

sub _put {
    my ($self, $name, $text) = @_;

    open my $out, '>:raw', "$self->{dir}/$name" or die "$name: $!\n";
    print $out $text;
    close $out;
}

sub log { slurp("$_[0]{dir}/error.log") }

sub worker { ($_[0]->_children)[0] }

sub _children {
    my ($self) = @_;
    return split ' ', slurp("/proc/$self->{pid}/task/$self->{pid}/children");
}

# the process itself and those it has started
sub pids {
    my ($self) = @_;
    return ($self->{pid}, $self->_children);
}

# microseconds of CPU that processes have used, with all their threads
sub cpu {
    my $sum = 0;

    for my $pid (@_) {
        # nanoseconds, where the kernel counts them
        my @run = map { (split ' ', slurp($_))[0] || 0 }
                  glob "/proc/$pid/task/*/schedstat";
        my @field = split ' ', slurp("/proc/$pid/stat") =~ s/^.*\) //r;

        my $run = 0;
        $run += $_ for @run;
        $sum += $run ? $run / 1000
                     : ($field[11] + $field[12]) * 1e6 / $Tick;
    }

    return $sum;
}

1;

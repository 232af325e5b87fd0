package Test::Household::Process;

# A process that belongs to a test: started in a directory of the test's own,
# ended by its own pid whatever becomes of the test.  Nothing waits forever.

use strict;
use warnings;

use Exporter 'import';
use File::Path ();
use File::Temp ();
use IO::Handle;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(wait_until free_port temp_dir slurp running pause_pid);

# a bound, not an expectation: no test asserts on time
our $Patience = $ENV{TEST_NGINX_USE_VALGRIND} ? 90 : 20;

# Ports come in rows: 800 of 25 ports are those from 10000 to 29999, below the
# ones that the kernel gives out to clients.
our $First_port = 10000;
our $Row_size   = 25;
our $Row_count  = 800;

my $Owner = $$;
my $Dir;
my %Live;

# the row of ports that is tried first, those that are taken, and the next port
our $Row = $$ % $Row_count;
my @Rows;
my $Port;

my $Setpriv = -x '/usr/bin/setpriv';


# polls until the code returns something true, and returns that, or nothing
sub wait_until (&;$) {
    my ($code, $timeout) = @_;
    my $end = time + ($timeout || $Patience);
    my $got;

    until ($got = $code->()) {
        return if time > $end;
        sleep 0.01;
    }

    return $got;
}

# A directory that goes with the test.  It stays after a failure if
# TEST_NGINX_NO_CLEAN is set.
sub temp_dir {
    my ($name) = @_;

    $Dir ||= File::Temp::tempdir('household-XXXXXX', TMPDIR => 1);
    return $Dir if !defined $name;
    return File::Temp::tempdir("$name-XXXX", DIR => $Dir);
}

# A loopback port, from a row that no other process takes from until this one
# has ended.  So a server that a test has stopped is not replaced by one of
# another test on its port.
sub free_port {
    for (1 .. $Row_count * $Row_size) {
        take_row() if !defined $Port || $Port % $Row_size == 0;
        my $port = $Port++;

        my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
            LocalPort => $port, Listen => 1, ReuseAddr => 1);
        return $port if $socket;
    }

    die "no free port\n";
}

# A row is whose socket of that name is; it goes with the process.
sub take_row {
    for (1 .. $Row_count) {
        my $row = $Row++ % $Row_count;
        my $socket = IO::Socket::UNIX->new(Listen => 1,
            Local => "\0household-ports-$row") or next;

        push @Rows, $socket;
        $Port = $First_port + $Row_size * $row;
        return;
    }

    die "no row of ports\n";
}

sub slurp {
    my ($file, $from) = @_;

    open my $in, '<:raw', $file or return '';
    seek $in, $from || 0, 0;
    local $/;
    return scalar(<$in>) // '';
}

# a process that is only waited for by nobody does not run
sub running { slurp("/proc/$_[0]/stat") =~ /\) [^ZX]/ }

# Stops a process.  A signal is only noted at first: on a busy machine the
# process may still read what is sent to it after kill() has returned.
sub pause_pid {
    my ($pid) = @_;

    kill STOP => $pid or die "no process $pid\n";
    wait_until { slurp("/proc/$pid/stat") =~ /\) T/ }
        or die "process $pid does not stop\n";
}


# starts a command, or runs code in a process that ends with it
sub spawn {
    my ($self, @cmd) = @_;
    my $log = "$self->{dir}/output.log";

    my $pid = fork;
    die "fork: $!\n" if !defined $pid;

    if ($pid == 0) {
        POSIX::setpgid(0, 0);
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $log;
        open STDERR, '>>', $log;
        $SIG{$_} = 'DEFAULT' for qw(INT TERM QUIT HUP PIPE ALRM CHLD);

        if (ref $cmd[0]) {
            eval { $cmd[0]->(); 1 } or print STDERR $@;
            POSIX::_exit(0);
        }

        unshift @cmd, '/usr/bin/setpriv', '--pdeathsig', 'TERM', '--'
            if $Setpriv;
        exec { $cmd[0] } @cmd or POSIX::_exit(127);
    }

    $self->{pid} = $pid;
    $Live{$pid} = $self;
    delete $self->{status};
    return $pid;
}

# starts a command that reads its input, which feed() writes, a line a time
sub spawn_fed {
    my ($self, @cmd) = @_;

    pipe my $in, my $feed or die "pipe: $!\n";
    $self->{feed} = $feed;
    $feed->autoflush(1);

    $self->spawn(sub {
        close $feed;
        open STDIN, '<&', $in or die "stdin: $!\n";
        exec { $cmd[0] } @cmd or die "$cmd[0]: $!\n";
    });
    close $in;
}

sub feed {
    my ($self, $line) = @_;
    print { $self->{feed} } "$line\n";
}

# a process that has left its parent, and is looked after from here on
sub adopt {
    my ($self, $pid) = @_;

    delete $Live{ $self->{pid} // '' };
    @$self{'pid', 'adopted'} = ($pid, 1);
    $Live{$pid} = $self;
}

sub pid { $_[0]{pid} }

sub signal {
    my ($self, $signal) = @_;
    return $self->{pid} && kill $signal, $self->{pid};
}

sub pause  { pause_pid($_[0]{pid}) }
sub resume { $_[0]->signal('CONT') }

# the end was seen: its status, as of waitpid, is in {status}
sub exited {
    my ($self) = @_;
    my $pid = $self->{pid} or return 1;

    return 0 if $self->{adopted} ? running($pid)
                                 : waitpid($pid, POSIX::WNOHANG()) == 0;

    $self->{status} = $? if !delete $self->{adopted};
    delete $self->{pid};
    delete $Live{$pid};
    return 1;
}

sub wait_exit {
    my ($self, $timeout) = @_;
    return wait_until { $self->exited } $timeout;
}

# kills it and all that it has started, which are in its own process group
sub kill9 {
    my ($self) = @_;
    my $pid = $self->{pid} or return;

    kill 'KILL', -$pid, $pid;
    $self->wait_exit;
}

# Only a process that is stopped is continued.  LeakSanitizer stops one that
# exits by SIGSTOP, waits until it has stopped, and has no limit for that:
# SIGCONT before then takes the SIGSTOP back, and the process never ends.
sub stop {
    my ($self, $signal, $timeout) = @_;
    return if !$self->{pid};

    $self->signal($signal || 'TERM');
    $self->resume if slurp("/proc/$self->{pid}/stat") =~ /\) T/;
    $self->wait_exit($timeout) or $self->{killed} = 1, $self->kill9;
}

sub output { slurp("$_[0]{dir}/output.log") }

sub live { grep { !$_->exited } values %Live }

$SIG{$_} ||= sub { exit 1 } for qw(INT TERM HUP);
$SIG{PIPE} = 'IGNORE';

END {
    if ($$ == $Owner) {
        local $?;
        eval { $_->stop(undef, 5) } for values %Live;
        File::Path::remove_tree($Dir) if $Dir && !$ENV{TEST_NGINX_NO_CLEAN};
    }
}

1;

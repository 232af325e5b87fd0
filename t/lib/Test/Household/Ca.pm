package Test::Household::Ca;

# A certificate authority of the test's own, by the openssl command.
#
#   my $ca = Test::Household::Ca->new;
#   $ca->file;                                    # what to trust
#   my ($cert, $key) = $ca->issue('redis', 'DNS:redis.example', -days => 1);

use strict;
use warnings;

use Test::Household::Process qw(temp_dir slurp);


sub new {
    my ($class, $name) = @_;
    my $self = bless { dir => temp_dir('ca'), name => $name || 'CA' }, $class;

    $self->openssl(qw(req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256
        -nodes -days 2 -subj), "/CN=$self->{name}",
        '-keyout', $self->path('ca.key'), '-out', $self->path('ca.crt'));
    return $self;
}

sub path { "$_[0]{dir}/$_[1]" }
sub file { $_[0]->path('ca.crt') }

# Certificate and key for the names given, e.g. "DNS:a,IP:127.0.0.1".
# "expired" is one that is not valid any more.
sub issue {
    my ($self, $name, $names, %opt) = @_;
    my ($csr, $crt, $key, $ext) =
        map { $self->path("$name.$_") } qw(csr crt key ext);

    open my $out, '>', $ext or die "$ext: $!\n";
    print $out $names ? "subjectAltName=$names\n"
                      : "basicConstraints=CA:FALSE\n";
    close $out;

    $self->openssl(qw(req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes
        -subj), "/CN=$name", '-keyout', $key, '-out', $csr);

    my @days = $opt{expired} ? $self->expired : ('-days', 1);
    $self->openssl('x509', '-req', '-in', $csr, '-CA', $self->file,
        '-CAkey', $self->path('ca.key'), '-set_serial', ++$self->{serial},
        @days, '-extfile', $ext, '-out', $crt);

    return ($crt, $key);
}

# an openssl that cannot be told when it ended signs one that ended a day
# before it began, which one that can be told does not
sub expired {
    return `openssl x509 -help 2>&1` =~ /-not_after/
        ? (-not_before => '20200101000000Z', -not_after => '20200102000000Z')
        : ('-days', -1);
}

sub openssl {
    my ($self, @args) = @_;
    my $log = $self->path('openssl.log');
    my $pid = fork;

    die "fork: $!\n" if !defined $pid;

    if ($pid == 0) {
        open STDOUT, '>>', $log;
        open STDERR, '>>', $log;
        exec 'openssl', @args or POSIX::_exit(127);
    }

    waitpid $pid, 0;
    die "openssl @args:\n" . slurp($log) if $?;
}

1;

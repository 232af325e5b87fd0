package Test::Household::Sentinel;

# A sentinel of the test's own, for a primary called mymaster: a Redis with a
# file that it writes to.
#
#   my $sentinel = Test::Household::Sentinel->new(primary => $redis);
#
# Options, besides those of Redis: quorum, monitor => the primary's port, if
# that is another one, text => more of its file.

use strict;
use warnings;

use parent -norequire, 'Test::Household::Redis';

use Test::Household::Redis;

my $name = $Test::Household::Redis::Server =~ s/-server$/-sentinel/r;
my ($Program) = grep { -x } map { "$_/$name" } split /:/, $ENV{PATH};


# why there can be none, or nothing
sub missing { $Program ? undef : "there is no $name" }

sub _config {
    my ($self) = @_;
    my $port = $self->{monitor} || $self->{primary}{port};

    return join '', map { "$_\n" }
        "port $self->{port}", 'bind 127.0.0.1', "dir $self->{dir}",
        $self->{requirepass} ? qq(requirepass "$self->{requirepass}") : (),
        @{ $self->{acl} || [] }, $self->{text} // '',
        "sentinel monitor mymaster 127.0.0.1 $port "
            . ($self->{quorum} || 2),
        'sentinel down-after-milliseconds mymaster 1000',
        'sentinel failover-timeout mymaster 4000';
}

# the same program by another name
sub spawn {
    my ($self, $program, @args) = @_;
    return $self->SUPER::spawn($Program, @args);
}

1;

package Test::Household::Load;

# Requests of registered viewers, one after the other on each of several
# connections, by a process of its own, for as long as a test wants.
#
#   my $load = Test::Household::Load->new($nginx, accounts => ['a', 'b']);
#   ...
#   my $seen = $load->stop;       # { home => 1200, unavailable => 3, ... }
#   $seen->{lost}                 # requests without an answer
#   $load->gap                    # the longest time without "home", in s

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use POSIX ();
use Test::Household::Process qw(temp_dir slurp);
use Time::HiRes qw(time);


sub new {
    my ($class, $nginx, %opt) = @_;
    my $self = bless { dir => temp_dir('load'), %opt }, $class;

    $self->spawn(sub { $self->run($nginx) });
    return $self;
}

sub run {
    my ($self, $nginx) = @_;
    my (%seen, $end, $gap, $what);
    my $last = time;
    my $n = 0;

    $SIG{TERM} = sub { $end = 1 };
    my @conns = map { $nginx->connect } 1 .. $self->{conns} || 4;
    ($gap, $what) = (0, '');

    until ($end) {
        my @sent;

        for my $conn (@conns) {
            my $account = $self->{accounts}[$n++ % @{ $self->{accounts} }];
            $conn->send_request(GET => "/t?account=$account",
                                'X-Forwarded-For' => '82.64.10.7');
        }

        for my $conn (@conns) {
            my $r = eval { $conn->response->{headers} } || {};
            my $reason = $r->{'x-reason'} // 'lost';
            $seen{$reason}++;

            # nginx closes a connection after some number of requests
            $conn = $nginx->connect
                if $reason eq 'lost' || ($r->{connection} // '') eq 'close';

            if ($reason eq 'home') {
                my $now = time;
                $gap = $now - $last if $now - $last > $gap;
                $last = $now;
            }
        }

        # a load, and no more than that, on a machine that is shared
        select undef, undef, undef, 0.005;
    }

    open my $out, '>', "$self->{dir}/seen" or die;
    print $out "$_ $seen{$_}\n" for sort keys %seen;
    printf $out "gap %.3f\n", $gap;
    close $out;
}

# ends it, and returns what was answered how often
sub stop {
    my ($self) = @_;

    if (!$self->{seen}) {
        $self->SUPER::stop('TERM', 20);
        $self->{seen} = { map { split } split /\n/,
                          slurp("$self->{dir}/seen") };
        $self->{gap} = delete $self->{seen}{gap};
    }

    return $self->{seen};
}

sub gap { $_[0]{gap} }

sub text {
    my ($self) = @_;
    my $seen = $self->stop;
    return join(', ', map { "$_ $seen->{$_}" } sort keys %$seen)
           . ", longest time without an answer of the store $self->{gap} s";
}

1;

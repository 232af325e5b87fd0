package Test::Household::Flood;

# As many requests as go: a process of its own asks on several connections,
# on each as soon as it has the answer to the one before, and looks at what
# comes and how long that takes.
#
#   my $flood = Test::Household::Flood->new($nginx, conns => 4,
#                                           uris => ['/t?account=a1']);
#   ...
#   my $got = $flood->stop;
#   $got->{seen}{'a home'}     # answers, by the account's letter and reason
#   $got->{again}              # requests that were sent again, see below
#   $flood->at(0.99)           # 99 of 100 answers took no longer, in seconds
#
# merge() makes one of several that have been stopped.
#
# A worker that leaves may close an idle connection just when a request comes:
# that request, and only if not a byte was answered, is sent again.  Without an
# answer it is lost.

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use IO::Select;
use List::Util qw(max sum0);
use Test::Household::Process qw(temp_dir slurp wait_until);
use Time::HiRes qw(time);

# latencies are counted in steps of a tenth, from 10 us on
my ($Step, $Least) = (log 1.1, 1e-5);


sub new {
    my ($class, $nginx, %opt) = @_;
    my $self = bless { dir => temp_dir('flood'), %opt }, $class;

    $self->spawn(sub { $self->_run($nginx) });
    wait_until { -e "$self->{dir}/began" };
    return $self;
}

sub _run {
    my ($self, $nginx) = @_;
    my ($end, $n) = (0, $self->{from} || 0);
    my $got = { seen => {}, steps => {}, max => 0, again => 0 };
    my $select = IO::Select->new;
    my %of;

    $SIG{TERM} = sub { $end = 1 };

    my $ask = sub {
        my ($t) = @_;
        $t->{conn} ||= do {
            my $conn = $nginx->connect;
            $select->add($conn->{socket});
            $of{ $conn->{socket} } = $t;
            $t->{used} = 0;
            $conn;
        };
        $t->{conn}->send_request(GET => $t->{uri},
                                 'X-Forwarded-For' => '82.64.10.7');
    };
    my $leave = sub {
        my ($t) = @_;
        my $conn = delete $t->{conn} or return;
        $select->remove($conn->{socket});
        delete $of{ $conn->{socket} };
        $conn->close;
    };
    my $next = sub {
        my ($t) = @_;
        @$t{'uri', 'began', 'again'} =
            ($self->{uris}[$n++ % @{ $self->{uris} }], time, 0);
        eval { $ask->($t); 1 } or $leave->($t);
    };

    my @all = map { {} } 1 .. $self->{conns} || 4;
    $next->($_) for @all;
    $self->_write('began', '');

    until ($end) {
        # where there is no connection, there is nothing to wait for either
        my @ready = grep { !$_->{conn} } @all;
        push @ready, map { $of{$_} || () }
                     $select->can_read(@ready ? 0 : 0.2);

        for my $t (@ready) {
            my $r = $t->{conn} && eval { $t->{conn}->response };

            if (!$r && !$t->{again}) {
                my $untouched = !$t->{conn} || $t->{conn}{buf} eq '';
                my $used = !$t->{conn} || $t->{used};
                $leave->($t);

                if ($untouched && $used) {
                    $t->{again} = 1;
                    $got->{again}++;
                    eval { $ask->($t); 1 } or $leave->($t);
                    next if $t->{conn};
                }
            }

            $self->_note($got, $t, $r);
            $leave->($t) if !$r
                || ($r->{headers}{connection} // '') eq 'close';
            $t->{used} = 1;
            $next->($t);
        }
    }

    $self->_write(got => join '', "max $got->{max}\n", "again $got->{again}\n",
        (map { "step $_ $got->{steps}{$_}\n" } keys %{ $got->{steps} }),
        (map { "seen $got->{seen}{$_} $_\n" } keys %{ $got->{seen} }));
}

sub _note {
    my ($self, $got, $t, $r) = @_;
    my $took = time - $t->{began};
    my ($letter) = $t->{uri} =~ /account=(.)/;

    $got->{seen}{"$letter " . ($r ? $r->{headers}{'x-reason'} // $r->{status}
                                  : 'lost')}++;
    $got->{max} = max($got->{max}, $took);
    $got->{steps}{ $took > $Least ? int(log($took / $Least) / $Step) : 0 }++;
}

sub _write {
    my ($self, $name, $text) = @_;
    open my $out, '>', "$self->{dir}/$name" or die "$name: $!\n";
    print $out $text;
    close $out;
}

sub stop {
    my ($self) = @_;
    return $self if $self->{seen};

    $self->SUPER::stop('TERM', 20);
    @$self{qw(seen steps max again)} = ({}, {}, 0, 0);

    for (split /\n/, slurp("$self->{dir}/got")) {
        /^(max|again) (\S+)/ ? ($self->{$1} = $2)
            : /^step (\d+) (\d+)/ ? ($self->{steps}{$1} = $2)
            : /^seen (\d+) (.*)/ && ($self->{seen}{$2} = $1);
    }
    return $self;
}

# an object that only knows what all of them have seen
sub merge {
    my ($class, @all) = @_;
    my $sum = bless { seen => {}, steps => {},
                      max => max(map { $_->{max} } @all),
                      again => sum0(map { $_->{again} } @all) }, $class;

    for my $what ('seen', 'steps') {
        for my $one (@all) {
            $sum->{$what}{$_} += $one->{$what}{$_} for keys %{ $one->{$what} };
        }
    }
    return $sum;
}

sub requests { sum0(values %{ $_[0]{seen} }) }

sub at {
    my ($self, $share) = @_;
    my $left = $share * $self->requests;

    for my $step (sort { $a <=> $b } keys %{ $self->{steps} }) {
        $left -= $self->{steps}{$step};
        return $Least * exp($Step * ($step + 1)) if $left <= 0;
    }
    return $self->{max};
}

sub text {
    my ($self) = @_;
    return sprintf '%d requests, p50 %.1f ms, p99 %.1f ms, max %.0f ms',
        $self->requests, 1000 * $self->at(0.5), 1000 * $self->at(0.99),
        1000 * $self->{max};
}

1;

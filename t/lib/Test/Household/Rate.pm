package Test::Household::Rate;

# Requests at a rate, whatever becomes of those before: a process of its own
# asks for accounts a0, a1, ... in turn, on as many connections as are free,
# and writes down what came in each second.
#
#   my $load = Test::Household::Rate->new($nginx, rate => 500,
#                                         accounts => 400, conns => 200);
#   ...
#   $load->seconds       # ({ HIT => 480, STALE => 20 }, ...), by X-Cache
#   $load->stop;

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use IO::Select;
use Test::Household::Process qw(temp_dir slurp);
use Time::HiRes qw(time);


sub new {
    my ($class, $nginx, %opt) = @_;
    my $self = bless { dir => temp_dir('rate'), uri => '/?account=a', %opt },
                     $class;

    $self->spawn(sub { $self->_run($nginx) });
    return $self;
}

sub _run {
    my ($self, $nginx) = @_;
    my ($n, $due, $last, $second) = (0, 0, time, int(time) + 1);
    my (%of, %seen);
    my $select = IO::Select->new;

    my @free = map { undef } 1 .. $self->{conns};
    my $drop = sub {
        my ($conn) = @_;
        $select->remove($conn->{socket});
        delete $of{ $conn->{socket} };
        push @free, undef;
    };

    open my $out, '>', "$self->{dir}/seconds" or die "seconds: $!\n";
    $out->autoflush;

    # an order in which each comes as often, and none at an interval
    srand 1;
    my @order = map { int rand $self->{accounts} } 1 .. 10000;

    while (1) {
        my $now = time;
        $due += ($now - $last) * $self->{rate};
        $due = $self->{rate} / 10 if $due > $self->{rate} / 10;
        $last = $now;

        while ($due >= 1 && @free) {
            $due--;
            my $conn = pop(@free) // eval { $nginx->connect } // do {
                push @free, undef;
                last;
            };
            $of{ $conn->{socket} } = $conn;
            $select->add($conn->{socket});
            eval {
                $conn->send_request(
                    GET => $self->{uri} . $order[$n++ % @order],
                    'X-Forwarded-For' => '82.64.10.7');
                1;
            } or $drop->($conn);
        }

        for my $socket ($select->can_read(0.002)) {
            my $conn = $of{$socket};
            my $r = eval { $conn->response };
            $seen{ $r ? $r->{headers}{'x-cache'} // '-' : 'lost' }++;

            if (!$r || ($r->{headers}{connection} // '') eq 'close') {
                $drop->($conn);
                next;
            }
            $select->remove($socket);
            delete $of{$socket};
            push @free, $conn;
        }

        if (time >= $second) {
            $second = int(time) + 1;
            print $out join(' ', map { "$_ $seen{$_}" } sort keys %seen), "\n";
            %seen = ();
        }
    }
}

# what was answered in each whole second since the beginning
sub seconds {
    my ($self) = @_;
    return map { { split } } split /\n/, slurp("$self->{dir}/seconds");
}

1;

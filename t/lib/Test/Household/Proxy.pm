package Test::Household::Proxy;

# Between an edge and a Redis, each on a unix socket: it passes on what comes,
# until it is told to hold what the server says, or to cut all connections.

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use IO::Select;
use IO::Socket::UNIX;
use Test::Household::Process qw(wait_until temp_dir);


sub new {
    my ($class, %opt) = @_;
    my $self = bless { %opt, dir => temp_dir('proxy') }, $class;

    $self->{path} = "$self->{dir}/proxy.sock";

    my $listen = IO::Socket::UNIX->new(Local => $self->{path}, Listen => 64)
        or die "$self->{path}: $!\n";

    $self->spawn(sub { $self->_serve($listen) });
    wait_until { -e "$self->{dir}/ready" };
    return $self;
}

sub address { "unix:$_[0]{path}" }

sub hold    { $_[0]->_tell('USR1') }
sub release { $_[0]->_tell('USR2') }
sub cut     { $_[0]->_tell('HUP') }

# it is done once the call returns
sub _tell {
    my ($self, $signal) = @_;

    unlink "$self->{dir}/ready";
    $self->signal($signal);
    wait_until { -e "$self->{dir}/ready" };
}

sub _serve {
    my ($self, $listen) = @_;
    my ($held, %peer, %server) = 0;
    my $select = IO::Select->new($listen);
    my $cut = sub {
        $select->remove($_), close $_ for @_;
    };

    local $SIG{USR1} = sub { $self->{told} = 'hold' };
    local $SIG{USR2} = sub { $self->{told} = 'release' };
    local $SIG{HUP} = sub { $self->{told} = 'cut' };
    local $SIG{PIPE} = 'IGNORE';

    $self->_ready;

    while (1) {
        my @ready = $select->can_read(0.05);

        if (my $told = delete $self->{told}) {
            $held = 1 if $told eq 'hold';
            $held = 0 if $told eq 'release';

            # what came while all was held is lost with its connections
            if ($told ne 'hold') {
                $cut->(map { $_->[0] } values %peer);
                (%peer, %server) = ();
            }
            $self->_ready;
            next;
        }

        for my $from (@ready) {
            if ($from == $listen) {
                my $client = $listen->accept or next;
                my $redis = IO::Socket::UNIX->new(Peer => $self->{to});
                next if !$redis;
                $peer{$client} = [$client, $redis];
                $peer{$redis} = [$redis, $client];
                $server{$redis} = 1;
                $select->add($client, $redis);
                next;
            }

            my $pair = $peer{$from} or next;
            my $n = sysread $from, my $bytes, 65536;

            if (!$n) {
                delete @peer{ @$pair };
                $cut->(@$pair);
                next;
            }

            next if $held && $server{$from};
            syswrite $pair->[1], $bytes;
        }
    }
}

sub _ready {
    my ($self) = @_;
    open my $out, '>', "$self->{dir}/ready" or die "ready: $!\n";
}

1;

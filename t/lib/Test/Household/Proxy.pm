package Test::Household::Proxy;

# Between an edge and a Redis, each on a unix socket: it passes on what comes,
# until it is told to hold what the server says, or to cut all connections.
#
#   $proxy->hold; $proxy->release;    # what came between is lost
#   $proxy->delay('SMEMBERS');        # what the server says where that is asked
#   $proxy->deliver;                  # comes only now

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use IO::Select;
use IO::Socket::UNIX;
use Test::Household::Process qw(wait_until temp_dir slurp);


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

sub hold    { $_[0]->_tell('hold') }
sub release { $_[0]->_tell('release') }
sub cut     { $_[0]->_tell('cut') }
sub delay   { $_[0]->_tell("delay $_[1]") }
sub deliver { $_[0]->_tell('deliver') }

# it is done once the call returns
sub _tell {
    my ($self, $text) = @_;

    open my $out, '>', "$self->{dir}/told" or die "told: $!\n";
    print $out $text;
    close $out;

    unlink "$self->{dir}/ready";
    $self->signal('USR1');
    wait_until { -e "$self->{dir}/ready" };
}

# %asked and %kept: of a connection to the server, all that was asked, and
# what was said and is to come later
sub _serve {
    my ($self, $listen) = @_;
    my ($held, $word, %peer, %server, %asked, %kept) = (0, '');
    my $select = IO::Select->new($listen);
    my $cut = sub {
        $select->remove($_), delete $asked{$_}, delete $kept{$_}, close $_
            for @_;
    };

    local $SIG{USR1} = sub {
        $self->{told} = slurp("$self->{dir}/told");
    };
    local $SIG{PIPE} = 'IGNORE';

    $self->_ready;

    while (1) {
        my @ready = $select->can_read(0.05);

        if (my $told = delete $self->{told}) {
            $held = 1 if $told eq 'hold';
            $held = 0 if $told eq 'release';

            ($word) = $told =~ /^delay (.*)/ or $word = '';

            if ($told eq 'deliver') {
                syswrite $peer{$_}[1], delete $kept{$_} for keys %kept;
            }

            # what came while all was held is lost with its connections
            if ($told =~ /release|cut/) {
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

            $asked{ $pair->[1] } .= $bytes if !$server{$from};
            next if $held && $server{$from};

            if ($word && $server{$from} && $asked{$from} =~ /$word/) {
                $kept{$from} .= $bytes;
                next;
            }
            syswrite $pair->[1], $bytes;
        }
    }
}

sub _ready {
    my ($self) = @_;
    open my $out, '>', "$self->{dir}/ready" or die "ready: $!\n";
}

1;

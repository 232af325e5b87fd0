package Test::Household::Link;

# A network between two ports of this machine (t/strain/proxy.c), which delays,
# holds or cuts what goes through it.
#
#   my $link = Test::Household::Link->new($redis->{port});
#   $link->{port};                     # is connected to that of the server
#   $link->delay(answers => 100, subscribed => 1500, requests => 0);
#   $link->hold; $link->pass;          # all comes later
#   $link->cut;  $link->pass;          # connections are closed, new ones too

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use IO::Socket::INET;
use Test::Household::Process qw(wait_until free_port temp_dir);


sub new {
    my ($class, $to) = @_;
    my $self = bless { port => free_port(), dir => temp_dir('link') }, $class;
    my $program = ($ENV{BUILD} || 'build') . '/strain/proxy';

    $self->spawn_fed($program, $self->{port}, $to);
    wait_until {
        $self->exited
            or IO::Socket::INET->new("127.0.0.1:$self->{port}")
    };
    die "$program: " . $self->output if !$self->pid;
    return $self;
}

sub address { "127.0.0.1:$_[0]{port}" }

sub delay {
    my ($self, %ms) = @_;
    $self->feed(join ' ', 'delay', map { $ms{$_} || 0 }
                                   qw(answers subscribed requests));
}

sub hold { $_[0]->feed('hold') }
sub cut  { $_[0]->feed('cut') }
sub pass { $_[0]->feed('pass') }

1;

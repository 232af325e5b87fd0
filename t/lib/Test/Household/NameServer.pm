package Test::Household::NameServer;

# A name server of one name: its addresses are in a file, none is NXDOMAIN.
#
#   my $dns = Test::Household::NameServer->new('127.0.0.2', '127.0.0.3');
#   $dns->says('127.0.0.4');
#   "resolver 127.0.0.1:$dns->{port} ipv6=off valid=1s;"

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use IO::Socket::INET;
use Socket qw(inet_aton);
use Test::Household::Process qw(free_port temp_dir slurp);


sub new {
    my ($class, @addresses) = @_;
    my $self = bless { dir => temp_dir('dns') }, $class;

    $self->{port} = free_port();
    $self->says(@addresses);
    return $self->start;
}

sub says {
    my ($self, @addresses) = @_;
    open my $out, '>', "$self->{dir}/new" or die;
    print $out "@addresses";
    close $out;
    rename "$self->{dir}/new", "$self->{dir}/addresses";
}

sub start {
    my ($self) = @_;
    my $socket = IO::Socket::INET->new(Proto => 'udp',
        LocalAddr => '127.0.0.1', LocalPort => $self->{port})
        or die "udp: $!\n";
    $self->spawn(sub { $self->run($socket) });
    return $self;
}

sub run {
    my ($self, $socket) = @_;

    while (defined $socket->recv(my $query, 512)) {
        my @addresses = split ' ',
            slurp("$self->{dir}/addresses");
        my ($id) = unpack 'n', $query;
        my ($name) = substr($query, 12) =~ /\A((?:[^\0].*?)?\0)/s;
        my $type = unpack 'n', substr $query, 12 + length $name, 2;

        open my $log, '>>', "$self->{dir}/queries";
        print $log "$type\n";
        close $log;

        my @a = $type == 1 ? grep { !/:/ } @addresses : ();
        $socket->send(pack('n6', $id, @addresses ? 0x8180 : 0x8183, 1,
                           scalar @a, 0, 0)
            . $name . pack('n2', $type, 1)
            . join '', map {
                pack('n3Nn', 0xc00c, 1, 1, 1, 4)
                    . inet_aton($_)
            } @a);
    }
}

sub queries { () = slurp("$_[0]{dir}/queries") =~ /^1$/mg }

1;

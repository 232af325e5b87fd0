package Test::Household::Redis;

# A real redis-server of the test's own; or what HOUSEHOLD_REDIS_SERVER names,
# such as valkey-server.
#
#   my $redis = Test::Household::Redis->new(requirepass => 'secret');
#   $redis->cmd(SADD => 'household:{42}', '82.64.10.7');
#   $redis->address;                      # 127.0.0.1:11234 or unix:/tmp/...
#   $redis->pause; $redis->resume; $redis->kill9; $redis->start; $redis->stop;
#
# Options: unix => 1, port => N, requirepass, acl => ['user edge on ...'],
# config => "text of redis.conf".  With "unix", "ip" is another address of the
# loopback, for the port: the test itself uses the socket.

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use IO::Socket::INET;
use IO::Socket::UNIX;
use Test::Household::Process qw(wait_until free_port temp_dir);
use Test::Household::Resp qw(encode_command take_value);

our $Server = $ENV{HOUSEHOLD_REDIS_SERVER} || 'redis-server';


sub new {
    my ($class, %opt) = @_;
    my $self = bless { %opt, dir => temp_dir('redis') }, $class;

    $self->{path} = "$self->{dir}/redis.sock";
    $self->{port} ||= free_port() if !$self->{unix};
    return $self->start;
}

sub start {
    my ($self) = @_;

    open my $out, '>', "$self->{dir}/redis.conf" or die "redis.conf: $!\n";
    print $out $self->_config;
    close $out;

    $self->spawn($Server, "$self->{dir}/redis.conf");
    wait_until { $self->exited or eval { $self->cmd('PING') } };
    die "$Server did not start:\n" . $self->output
        if !$self->pid || !eval { $self->cmd('PING') };
    return $self;
}

sub _config {
    my ($self) = @_;
    my @lines = ('save ""', 'appendonly no', "dir $self->{dir}",
                 'daemonize no', 'bind ' . ($self->{ip} // '127.0.0.1'),
                 'port ' . ($self->{unix} && !$self->{ip} ? 0 : $self->{port}));

    push @lines, "unixsocket $self->{path}" if $self->{unix};
    push @lines, qq(requirepass "$self->{requirepass}") if $self->{requirepass};
    push @lines, @{ $self->{acl} || [] }, $self->{config} // '';
    return join '', map { "$_\n" } @lines;
}

sub address {
    my ($self) = @_;
    return $self->{unix} ? "unix:$self->{path}" : "127.0.0.1:$self->{port}";
}

# One command.  An error reply dies; take it with eval or with try().
sub cmd {
    my ($self, @args) = @_;

    my $reply = $self->try(@args);
    die "$args[0]: $reply\n" if ref $reply eq 'Test::Household::Resp::Error';
    return $reply;
}

sub try {
    my ($self, @args) = @_;
    my $client = $self->client;

    $client->cmd(AUTH => $self->{requirepass}) if $self->{requirepass};
    return $client->cmd(@args);
}

# Waits until a key is there, and whoever wrote it has the answer: all answers
# are sent before the next command is taken.
sub wait_written {
    my ($self, $key) = @_;

    my $there = wait_until { $self->cmd(EXISTS => $key) };
    $self->cmd('PING');
    return $there;
}

# a connection of its own, for what depends on one: MULTI, SUBSCRIBE, AUTH
sub client {
    my ($self) = @_;
    return Test::Household::Redis::Client->new($self->address);
}

sub stop {
    my ($self, @args) = @_;
    $self->SUPER::stop(@args);
    unlink $self->{path};
}


package Test::Household::Redis::Client;

use Test::Household::Resp qw(encode_command take_value);

sub new {
    my ($class, $address) = @_;

    my $socket = $address =~ /^unix:(.*)/
        ? IO::Socket::UNIX->new(Peer => $1)
        : IO::Socket::INET->new(PeerAddr => $address, Timeout => 5);

    die "$address: $!\n" if !$socket;
    return bless { socket => $socket, buf => '' }, $class;
}

sub cmd {
    my ($self, @args) = @_;
    $self->send(encode_command(@args));
    return $self->reply;
}

sub send {
    my ($self, $bytes) = @_;

    while (length $bytes) {
        my $n = syswrite $self->{socket}, $bytes;
        die "write: $!\n" if !$n;
        substr $bytes, 0, $n, '';
    }
}

# the next reply; dies at the end of the connection, or of patience
sub reply {
    my ($self) = @_;

    while (1) {
        my @value = take_value(\$self->{buf});
        return $value[0] if @value;
        $self->fill or die "the connection was closed\n";
    }
}

# reads once: 0 at the end of the connection
sub fill {
    my ($self) = @_;
    my $in = '';

    vec($in, fileno $self->{socket}, 1) = 1;
    select($in, undef, undef, $Test::Household::Process::Patience)
        or die "no reply\n";
    return sysread $self->{socket}, $self->{buf}, 65536, length $self->{buf};
}

1;

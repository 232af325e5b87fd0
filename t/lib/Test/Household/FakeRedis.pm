package Test::Household::FakeRedis;

# A Redis that misbehaves, to order.
#
#   my $fake = Test::Household::FakeRedis->new(
#       data => { 'household:{42}' => ['82.64.10.7'] });
#   $fake->behave('black_hole');
#   $fake->behave(error => 'LOADING Redis is loading the dataset in memory');
#   $fake->count('connections');  $fake->count('SMEMBERS');
#
# An array in "data" is a SET, a hash is a HASH, a string is a string.  "ip" is
# another address of the loopback.
# "handler" is sub { my ($conn, @command) = @_; ... }: it returns the bytes of
# a reply, or an array of what is to be done, or undef to leave it to "data".

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use IO::Socket::INET;
use IO::Socket::UNIX;
use Socket qw(SOL_SOCKET SO_LINGER IPPROTO_TCP TCP_NODELAY);
use Test::Household::Process qw(free_port temp_dir);
use Test::Household::Redis;
use Test::Household::Resp qw(encode_reply take_value);
use Time::HiRes qw(time);

# the longest that one lives, if its test forgets it
our $Lifetime = 600;


# What becomes of a reply: a list of things to be done one after another, a
# string to be sent, [delay => seconds], 'close', 'reset', 'hold', which waits
# for release(), or 'hang', which waits forever.  The commands that only set
# a connection up are answered well unless the way begins with "all_".

my %Large;    # made once: it takes time

my %On_reply = (
    normal      => sub { $_[0] },
    black_hole  => sub { 'hang' },
    close       => sub { 'close' },
    reset       => sub { 'reset' },
    trickle     => sub { map { ($_, [delay => 0.001]) } split //, $_[0] },
    half_close  => sub { (substr($_[0], 0, length($_[0]) / 2), 'close') },
    half_hang   => sub { (substr($_[0], 0, length($_[0]) / 2), 'hang') },
    extra       => sub { ($_[0], $_[0]) },
    wrong_type  => sub { ":1\r\n" },
    huge_bulk   => sub { ("\$2147483648\r\nabc", 'hang') },
    huge_array  => sub { ("*1000000000\r\n", 'hang') },
    nested      => sub { "*1\r\n" x 64 . ":1\r\n" },
    resp3       => sub { "%1\r\n+a\r\n#t\r\n" },
    garbage     => sub { "\0\xff\x16\x03garbage\r\n" },
    unended     => sub { ('+' . 'a' x 100000, 'hang') },
    http        => sub { ("HTTP/1.1 400 Bad Request\r\n"
                          . "Content-Length: 0\r\n\r\n", 'close') },
    error       => sub { "-$_[1]\r\n" },
    hold        => sub { ('hold', ($_[0]) x ($_[1] || 1)) },
    delay       => sub { ([delay => $_[1]], $_[0]) },
    large       => sub { $Large{$_[1] || 20000}
                         //= encode_reply([map { "10.$_.0.0/16" }
                                           1 .. $_[1] || 20000]) },
);

# what becomes of a connection

my %On_connect = (
    accept_close => sub { 'close' },
    unsolicited  => sub { "+OK\r\n" },
    banner       => sub { "220 mail.example ESMTP\r\n" },
);

my %Setup = map { $_ => 1 } qw(AUTH SELECT PING CLIENT HELLO INFO
                           READONLY);

sub ways { ('refuse', sort keys %On_reply, keys %On_connect) }


sub new {
    my ($class, %opt) = @_;
    my $self = bless { data => {}, %opt, dir => temp_dir('fake') }, $class;

    $self->{path} = "$self->{dir}/fake.sock";
    $self->{port} ||= free_port() if !$self->{unix};
    $self->{way} = ['normal'];
    $self->_listen;

    socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, 0)
        or die "socketpair: $!\n";

    $self->spawn(sub {
        close $ours;
        alarm $Lifetime;
        $SIG{PIPE} = 'IGNORE';
        $self->_serve($theirs);
    });

    # the child alone holds the listening socket: it may close it
    close $self->{listen};

    $self->{control} = bless { socket => $ours, buf => '' },
                             'Test::Household::Redis::Client';
    return $self;
}

*address = \&Test::Household::Redis::address;

# from now on; "refuse" stops to listen.  Open connections stay open, unless
# they are reset by drop().
sub behave { shift->_ask(behave => @_) }
sub drop   { shift->_ask('drop') }
sub release { shift->_ask('release') }

# sets the value of a key, or what is to be published to all connections
sub set    { my ($self, $key, $value) = @_; $self->_ask(set => $key,
                ref $value eq 'HASH' ? ('hash', %$value)
              : ref $value ? ('set', @$value) : ('string', $value)) }
sub send   { shift->_ask(send => @_) }

# the same to connections that "handler" has marked as "subscribed"
sub publish { shift->_ask(publish => @_) }

# how many "connections", "open" ones, "commands", or of one command's name
sub count  { shift->_ask(count => @_) }

# every command that came, each an array, connection set-up included
sub commands { @{ shift->_ask('commands') } }

sub _ask {
    my ($self, @args) = @_;
    my $reply = $self->{control}->cmd(@args);
    die "$args[0]: $reply\n" if ref $reply eq 'Test::Household::Resp::Error';
    return $reply;
}


# the rest runs in the fake's own process

sub _listen {
    my ($self) = @_;

    unlink $self->{path};
    $self->{listen} = $self->{unix}
        ? IO::Socket::UNIX->new(Local => $self->{path}, Listen => 128)
        : IO::Socket::INET->new(LocalAddr => $self->{ip} || '127.0.0.1',
                                LocalPort => $self->{port}, ReuseAddr => 1,
                                Listen => 128);
    die "listen: $!\n" if !$self->{listen};
}

sub _serve {
    my ($self, $control) = @_;
    my $buf = '';

    $self->{conns} = {};
    $self->{count} = { connections => 0, commands => 0 };
    $self->{log} = [];

    while (1) {
        my $in = '';
        vec($in, fileno $_, 1) = 1
            for $control, $self->{listen} || (),
                map { $_->{socket} } values %{ $self->{conns} };

        my $wait = $self->_play;
        next if select($in, undef, undef, $wait) <= 0;

        if (vec($in, fileno $control, 1)) {
            sysread($control, $buf, 65536, length $buf) or return;
            while (my ($cmd) = take_value(\$buf)) {
                my $reply = eval { encode_reply($self->_control(@$cmd)) }
                            // "-$@";
                syswrite $control, $reply =~ s/^(-.*)\n/$1\r\n/r;
            }
            next;    # what is listened to may have changed
        }

        $self->_accept
            if $self->{listen} && vec($in, fileno $self->{listen}, 1);
        for my $conn (values %{ $self->{conns} }) {
            $self->_read($conn) if vec($in, fileno $conn->{socket}, 1);
        }
    }
}

sub _control {
    my ($self, $what, @args) = @_;

    if ($what eq 'behave') {
        die "no such way: $args[0]\n"
            if !grep { $args[0] =~ /^(?:all_)?$_$/ } ways();
        $self->{way} = [@args];
        $self->{held} = 1 if $args[0] =~ /hold$/;
        if ($args[0] eq 'refuse') { undef $self->{listen} }
        elsif (!$self->{listen})  { $self->_listen }

    } elsif ($what eq 'release') {
        $self->{held} = 0;

    } elsif ($what eq 'drop') {
        $self->_close($_, 1) for values %{ $self->{conns} };

    } elsif ($what eq 'send') {
        push @{ $_->{todo} }, $args[0] for values %{ $self->{conns} };

    } elsif ($what eq 'publish') {
        push @{ $_->{todo} }, $args[0]
            for grep { $_->{subscribed} } values %{ $self->{conns} };

    } elsif ($what eq 'set') {
        my ($key, $type, @value) = @args;
        $self->{data}{$key} = $type eq 'hash' ? { @value }
                            : $type eq 'set' ? [@value] : $value[0];

    } elsif ($what eq 'count') {
        my $n = $args[0] eq 'open' ? keys %{ $self->{conns} }
                                   : $self->{count}{$args[0]} || 0;
        return \":$n";

    } else {
        return $self->{log};
    }

    return \'+OK';
}

sub _accept {
    my ($self) = @_;
    my $socket = $self->{listen}->accept or return;
    my $conn = { socket => $socket, buf => '', todo => [] };

    setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1 if !$self->{unix};
    $self->{count}{connections}++;
    $self->{conns}{fileno $socket} = $conn;

    my $on_connect = $On_connect{ $self->{way}[0] };
    push @{ $conn->{todo} }, $on_connect->() if $on_connect;
}

sub _read {
    my ($self, $conn) = @_;

    sysread($conn->{socket}, $conn->{buf}, 65536, length $conn->{buf})
        or return $self->_close($conn);

    while (my ($cmd) = take_value(\$conn->{buf})) {
        my ($name, @args) = @$cmd;
        my ($way, @how) = @{ $self->{way} };
        my $all = $way =~ s/^all_//;

        $name = uc $name;
        $self->{count}{commands}++;
        $self->{count}{$name}++;
        push @{ $self->{log} }, $cmd;

        my $reply = $self->{handler} && $self->{handler}->($conn, @$cmd);
        $reply //= encode_reply($self->_answer($name, @args));

        my $on_reply = $On_reply{$way};
        undef $on_reply if ref $reply || $Setup{$name} && !$all;

        push @{ $conn->{todo} }, $on_reply ? $on_reply->($reply, @how)
                               : ref $reply ? @$reply : $reply;
    }
}

sub _answer {
    my ($self, $name, $key) = @_;
    my $value = defined $key ? $self->{data}{$key} : undef;

    return \'+PONG' if $name eq 'PING';
    return \'+OK' if $Setup{$name} || $name =~ /^(?:SET|MULTI|ASKING)$/;
    return \':1' if $name =~ /^(?:SADD|HSET|HSETNX|HDEL|EXPIRE|DEL)$/;

    my $type = { SMEMBERS => 'ARRAY', HGETALL => 'HASH', GET => '' }->{$name}
        // return \"-ERR unknown command '$name'";
    return $name eq 'GET' ? undef : [] if !defined $value;
    return \"-WRONGTYPE Operation against a key holding the wrong kind of value"
        if ref $value ne $type;
    return $type eq 'HASH' ? [%$value] : $value;
}

# does what is due on every connection; returns how long nothing more is
sub _play {
    my ($self) = @_;
    my $wait = 60;

    for my $conn (values %{ $self->{conns} }) {
        while (defined(my $do = $conn->{todo}[0])) {
            last if $do eq 'hang' || $do eq 'hold' && $self->{held};

            if (ref $do) {
                my $left = ($do->[2] ||= time + $do->[1]) - time;
                if ($left > 0) {
                    $wait = $left if $left < $wait;
                    last;
                }

            } elsif ($do eq 'close' || $do eq 'reset') {
                $self->_close($conn, $do eq 'reset');
                last;

            } elsif ($do ne 'hold') {
                $self->_write($conn, $do) or last;
            }

            shift @{ $conn->{todo} };
        }
    }

    return $wait;
}

sub _write {
    my ($self, $conn, $bytes) = @_;

    while (length $bytes) {
        my $n = syswrite $conn->{socket}, $bytes;
        return $self->_close($conn) if !$n;
        substr $bytes, 0, $n, '';
    }

    return 1;
}

sub _close {
    my ($self, $conn, $reset) = @_;

    delete $self->{conns}{fileno $conn->{socket}};
    setsockopt $conn->{socket}, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0
        if $reset;
    close $conn->{socket};
    $conn->{todo} = [];
    return 0;
}

1;

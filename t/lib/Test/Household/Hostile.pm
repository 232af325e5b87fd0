package Test::Household::Hostile;

# Servers that lie about the form of what they say, and never about its
# meaning: a Redis, sentinels or nodes of a cluster whose replies are cut,
# doubled, late, of another type, of huge or negative lengths, or lead
# elsewhere.  Whoever accepts a reply has the right one.
#
#   my $hostile = Test::Household::Hostile->new(seed => 1,
#       data => { 'household:{a}' => ['192.0.2.1'] });
#   $hostile->storm(0.1);                  # one reply in ten is bad
#   $hostile->change('household:{a}' => []);
#   $hostile->calm;
#
# redis(), sentinels() and nodes() are lists of addresses.

use strict;
use warnings;

use Test::Household::FakeRedis;
use Test::Household::Process qw(free_port);
use Test::Household::Resp qw(encode_reply);

my @Bad_values = ("\$-1\r\n", "*-1\r\n", ":1\r\n", "+OK\r\n", "*0\r\n:",
    "\$-7\r\n", "*-5\r\n", "\$99999999999\r\n", "*99999999999\r\n",
    "\$18446744073709551617\r\n", "*2147483647\r\n", "_\r\n", "#t\r\n",
    ",1.5\r\n", "(1\r\n", "%1\r\n+a\r\n+b\r\n", "~1\r\n+a\r\n",
    ">2\r\n+invalidate\r\n*0\r\n", "*1\r\n" x 40 . ":1\r\n", "\r\n",
    "*3\r\n\$1\r\na\r\n:1\r\n\$-1\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n");

# NOPERM is what an access control list says to PING
my @Bad_errors = ('ERR', 'LOADING Redis is loading', 'NOAUTH', 'MOVED',
    'MOVED 1', 'MOVED x y', 'MOVED 1 :', 'MOVED 1 127.0.0.1:0',
    'MOVED 99999999 127.0.0.1:1', 'ASK 1 127.0.0.1:1', 'ASK', 'CLUSTERDOWN',
    'TRYAGAIN', 'MASTERDOWN', 'READONLY', 'WRONGTYPE', '', 'x' x 2000);

my @Bad_pushes = (
    "*3\r\n\$7\r\nmessage\r\n\$20\r\n__redis__:invalidate\r\n*-1\r\n",
    "*3\r\n\$7\r\nmessage\r\n\$20\r\n__redis__:invalidate\r\n"
    . "*1\r\n\$3\r\nabc\r\n",
    "*3\r\n\$7\r\nmessage\r\n\$1\r\nx\r\n:1\r\n",
    "*2\r\n\$7\r\nmessage\r\n:1\r\n",
    ">2\r\n\$10\r\ninvalidate\r\n*0\r\n");


sub new {
    my ($class, %opt) = @_;
    my $self = bless { data => $opt{data}, n => $opt{seed} }, $class;
    my @ports = map { free_port() } 1 .. 7;

    my %map = (ports => \@ports);
    for my $i (0 .. 6) {
        my $role = $i == 0 ? 'redis' : $i == 1 ? 'primary'
                 : $i < 4 ? 'sentinel' : 'node';
        push @{ $self->{roles}{$role} }, "127.0.0.1:$ports[$i]";
        push @{ $self->{fakes} }, $self->_fake($role, $i, $opt{seed}, \@ports);
    }

    return $self;
}

sub redis     { @{ $_[0]{roles}{redis} } }
sub sentinels { @{ $_[0]{roles}{sentinel} } }
sub nodes     { @{ $_[0]{roles}{node} } }

sub storm { $_->set('#storm', "$_[1]") for @{ $_[0]{fakes} } }
sub calm  { $_[0]->storm(0) }

# sets a key on all servers, which then say so to who listens
sub change {
    my ($self, $key, $value) = @_;

    $_->set($key, $value) for @{ $self->{fakes} };
    $_->publish(encode_reply(['message', '__redis__:invalidate', [$key]]))
        for @{ $self->{fakes} };
}

# what no server sends, to who listens
sub disturb { $_->publish($Bad_pushes[rand @Bad_pushes]) for @{ $_[0]{fakes} } }

sub count {
    my ($self, $what) = @_;
    my $n = 0;
    $n += $_->count($what) for @{ $self->{fakes} };
    return $n;
}

sub stop { $_->stop for @{ $_[0]{fakes} } }


# the rest runs in the process of each server

sub _fake {
    my ($self, $role, $i, $seed, $ports) = @_;
    my %data = %{ $self->{data} };
    my $seeded;

    return Test::Household::FakeRedis->new(
        port => $ports->[$i], data => \%data,
        handler => sub {
            my ($conn, $name, @args) = @_;
            srand $seed * 100 + $i if !$seeded++;

            my $reply = _reply($role, $i, $ports, \%data, $conn, uc $name,
                               @args);
            my $storm = $data{'#storm'} || 0;

            # most of what sets up a connection has to work
            $storm /= 4 if $name !~ /^(?:SMEMBERS|HGETALL|PING)$/;
            return rand() < $storm && !$conn->{lost}
                   ? _bad($reply, $ports, $conn) : [$reply];
        });
}

sub _reply {
    my ($role, $i, $ports, $data, $conn, $name, @args) = @_;
    my $what = uc($args[0] // '');

    return ":7\r\n" if $name eq 'CLIENT' && $what eq 'ID';
    return encode_reply("run_id:" . $i x 40 . "\r\n")
        if $name eq 'INFO' && $what eq 'SERVER';

    if ($name eq 'SUBSCRIBE') {
        $conn->{subscribed} = 1;
        return join '', map { encode_reply(['subscribe', $_, \':1']) } @args;
    }

    if ($name eq 'PING') {
        return encode_reply(['pong', $args[0] // '']) if $conn->{subscribed};
        return @args ? encode_reply($args[0]) : "+PONG\r\n";
    }

    return encode_reply(['master', \':1', []]) if $name eq 'ROLE';
    return encode_reply(['127.0.0.1', $ports->[1]])
        if $name eq 'SENTINEL' && $what =~ /GET-MASTER/;
    return encode_reply([]) if $name eq 'SENTINEL';

    if ($name eq 'CLUSTER') {
        return encode_reply('') if $what eq 'NODES';
        return encode_reply([
            map { my $n = $_ - 4;
                  [\(':' . $n * 5461), \(':' . ($n == 2 ? 16383
                                                        : $n * 5461 + 5460)),
                   ['127.0.0.1', \":$ports->[$_]", "$_" x 40]] } 4 .. 6]);
    }

    if ($name =~ /^(?:SMEMBERS|HGETALL)$/) {
        my $value = $data->{ $args[0] } // [];
        return encode_reply(ref $value eq 'HASH' ? [%$value] : $value);
    }

    return ":1\r\n" if $name =~ /^(?:SADD|HSET|HSETNX|HDEL|EXPIRE|DEL)$/;
    return "+OK\r\n";
}

# What becomes of a good reply.  A connection on which a reply is lost has no
# other fault: one that is lost and one that is doubled, within the replies to
# one lookup, have the right number together, and nobody can know.
sub _bad {
    my ($good, $ports, $conn) = @_;
    my $port = $ports->[rand @$ports];
    my $cut = substr $good, 0, int rand length $good;
    my $length = $good =~ s/^([*\$])\d+/$1 . (int(rand 9) - 3)/er;

    my @ways = (
        sub { ($cut, 'close') },
        sub { ($cut, 'reset') },
        sub { ($cut, [delay => 1], 'close') },
        sub { ($cut, [delay => 0.02], substr $good, length $cut) },
        sub { map { ($_, [delay => 0.001]) } split //, substr $good, 0, 400 },
        sub { ([delay => rand 0.3], $good) },
        sub { 'close' }, sub { 'reset' },
        sub { ([delay => 1], 'close') },
        sub { return 'close' if $conn->{bad}; $conn->{lost} = 1; () },
        sub { ($good, $good) },
        sub { ($good . substr($good, 0, 3)) },
        sub { $length eq $good ? 'close' : $length },
        sub { join('', map { chr rand 256 } 0 .. rand 60) . "\r\n" },
        sub { $Bad_values[rand @Bad_values] },
        sub { $Bad_values[rand @Bad_values] . $good },
        sub { "-$Bad_errors[rand @Bad_errors]\r\n" },
        sub { '-' . (rand() < 0.5 ? 'MOVED' : 'ASK') . ' ' . int(rand 16384)
              . " 127.0.0.1:$port\r\n" },
        sub { $Bad_pushes[rand @Bad_pushes] . $good },
        # addresses of others, in a form that is right
        sub { encode_reply(['127.0.0.1', "$port"]) },
        sub { encode_reply([[\':0', \':16383', ['127.0.0.1', \":$port",
                                                'x' x 40]]]) },
        sub { encode_reply([[\':0', \':99999', ['', \':-1']], \':7']) },
    );

    # a set with such members would be a home of nobody
    pop @ways, pop @ways, pop @ways if $good !~ /127\.0\.0\.1/;
    my @sent = $ways[rand @ways]->();
    $conn->{bad} = 1;
    return \@sent;
}

1;

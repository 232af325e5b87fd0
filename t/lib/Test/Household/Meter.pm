package Test::Household::Meter;

# Between an edge and a Redis, each on a unix socket: a server that answers
# so many lookups a second, and has all others wait in the order in which they
# came, as one does that is short of CPU.
#
#   my $meter = Test::Household::Meter->new(to => $redis->{path}, rate => 200);
#   $meter->address;
#   $meter->lookups;          # that were passed on until now
#   $meter->waiting;          # that wait at present
#   $meter->longest;          # the most that have waited at the same time
#   $meter->rate(0.1);        # another rate from here on

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use IO::Select;
use IO::Socket::UNIX;
use Test::Household::Process qw(wait_until temp_dir slurp);
use Time::HiRes qw(time);


my $Lookup = qr/^\*2\r\n\$8\r\nSMEMBERS/;

sub new {
    my ($class, %opt) = @_;
    my $self = bless { %opt, dir => temp_dir('meter') }, $class;

    $self->{path} = "$self->{dir}/meter.sock";

    my $listen = IO::Socket::UNIX->new(Local => $self->{path}, Listen => 256)
        or die "$self->{path}: $!\n";

    $self->spawn(sub { $self->_serve($listen) });
    return $self;
}

sub address { "unix:$_[0]{path}" }

sub lookups { slurp("$_[0]{dir}/lookups") || 0 }
sub waiting { slurp("$_[0]{dir}/waiting") || 0 }
sub longest { slurp("$_[0]{dir}/longest") || 0 }

sub rate {
    my ($self, $rate) = @_;
    $self->_write(rate => $rate);
    wait_until { slurp("$self->{dir}/rated") eq $rate };
}

sub _write {
    my ($self, $name, $text) = @_;
    open my $out, '>', "$self->{dir}/$name.new" or die "$name: $!\n";
    print $out $text;
    close $out;
    rename "$self->{dir}/$name.new", "$self->{dir}/$name";
}

# @queue: commands in the order in which they came, of all connections
sub _serve {
    my ($self, $listen) = @_;
    my ($lookups, $credit, $last, $told) = (0, 0, time, 0);
    my ($waiting, $longest) = (0, 0);
    my (%peer, %client, %buf, @queue);
    my $select = IO::Select->new($listen);

    my $close = sub {
        my ($pair) = @_;
        for my $socket (@$pair) {
            $select->remove($socket);
            delete $_->{$socket} for \%peer, \%client, \%buf;
            close $socket;
        }
    };

    local $SIG{PIPE} = 'IGNORE';

    while (1) {
        for my $from ($select->can_read(@queue ? 0.001 : 0.05)) {
            if ($from == $listen) {
                my $client = $listen->accept or next;
                my $redis = IO::Socket::UNIX->new(Peer => $self->{to});
                next if !$redis;
                @peer{$client, $redis} = ([$client, $redis]) x 2;
                $client{$client} = 1;
                $buf{$client} = '';
                $select->add($client, $redis);
                next;
            }

            my $pair = $peer{$from} or next;

            if (!sysread $from, my $bytes, 65536) {
                $close->($pair);

            } elsif ($client{$from}) {
                $buf{$from} .= $bytes;
                my @commands = _commands(\$buf{$from});
                push @queue, map { [$pair, $_] } @commands;
                $waiting += grep { /$Lookup/ } @commands;
                $longest = $waiting if $waiting > $longest;

            } else {
                syswrite $pair->[0], $bytes;
            }
        }

        my $now = time;
        $credit += ($now - $last) * $self->{rate};
        $credit = 10 if $credit > 10;
        $last = $now;

        while (@queue) {
            my ($pair, $command) = @{ $queue[0] };
            my $cost = $command =~ $Lookup;

            last if $cost && $credit < 1;
            shift @queue;

            # a server does the work for those, too, that have gone
            $credit--, $lookups++, $waiting-- if $cost;
            syswrite $pair->[1], $command if $peer{ $pair->[0] // '' };
        }

        if ($now - $told > 0.1) {
            $told = $now;
            $self->_write(lookups => $lookups);
            $self->_write(waiting => $waiting);
            $self->_write(longest => $longest);

            if (my $rate = slurp("$self->{dir}/rate")) {
                $self->{rate} = $rate;
                unlink "$self->{dir}/rate";
                $self->_write(rated => $rate);
            }
        }
    }
}

# takes the whole commands from the beginning of a buffer
sub _commands {
    my ($buf) = @_;
    my @commands;

    COMMAND:
    while ($$buf =~ /^\*(\d+)\r\n/) {
        my ($n, $end) = ($1, $+[0]);

        for (1 .. $n) {
            pos($$buf) = $end;
            $$buf =~ /\G\$(\d+)\r\n/g or last COMMAND;
            $end = pos($$buf) + $1 + 2;
            last COMMAND if $end > length $$buf;
        }

        push @commands, substr $$buf, 0, $end, '';
    }
    return @commands;
}

1;

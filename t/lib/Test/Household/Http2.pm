package Test::Household::Http2;

# A client of HTTP/2 without TLS that does what others do not: it resets a
# stream while its request is waiting, and leaves in the middle of one.
#
#   my $h2 = Test::Household::Http2->new($port);
#   my $id = $h2->request('/a', 'x-name' => 'value');
#   $h2->reset($id);
#   is $h2->status($h2->request('/b')), 200;
#
# An ":authority" other than localhost is the first of the header fields.  They
# are sent as literals without indexing (RFC 7541, 6.2.2), and of an answer the
# status alone is read.

use strict;
use warnings;

use IO::Socket::INET;

my ($HEADERS, $RST_STREAM, $SETTINGS) = (1, 3, 4);
my ($END_STREAM, $ACK, $END_HEADERS) = (1, 1, 4);

# the index of ":status" with that value (RFC 7541, appendix A)
my %Status = (8 => 200, 9 => 204, 10 => 206, 11 => 304, 12 => 400, 13 => 404,
              14 => 500);


sub new {
    my ($class, $port) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $port, Timeout => 10) or die "connect: $!\n";
    my $self = bless { socket => $socket, buf => '', next => 1, done => {} },
                     $class;

    $self->_send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    $self->_frame($SETTINGS, 0, 0, '');
    return $self;
}

# returns the number of the stream
sub request {
    my ($self, $path, @headers) = @_;
    my $id = $self->{next};
    my @authority = ($headers[0] // '') eq ':authority' ? splice @headers, 0, 2
                    : (':authority' => 'localhost');
    my @fields = (':method' => 'GET', ':scheme' => 'http', ':path' => $path,
                  @authority, @headers);
    my $block = '';

    while (my ($name, $value) = splice @fields, 0, 2) {
        $block .= "\0" . _string($name) . _string($value);
    }

    $self->{next} += 2;
    $self->_frame($HEADERS, $END_STREAM | $END_HEADERS, $id, $block);
    return $id;
}

# CANCEL
sub reset { $_[0]->_frame($RST_STREAM, 0, $_[1], pack 'N', 8) }

sub close { close $_[0]{socket} }

# waits for the status of a stream's answer; undef if the server closed
sub status {
    my ($self, $id) = @_;

    while (!$self->{done}{$id}) {
        my ($type, $flags, $stream, $payload) = $self->_read or return;

        if ($type == $SETTINGS && !($flags & $ACK)) {
            $self->_frame($SETTINGS, $ACK, 0, '');

        } elsif ($type == $HEADERS) {
            $self->{done}{$stream} = _status($payload);

        } elsif ($type == $RST_STREAM) {
            $self->{done}{$stream} = 'reset';
        }
    }

    return $self->{done}{$id};
}

sub _status {
    my ($block) = @_;
    my $first = ord $block;

    return $Status{$first & 0x7f} if $first & 0x80;

    # a literal value of the indexed name ":status", three digits as they
    # are or in Huffman's code, whose digits 0-2 have five bits, others six
    my ($length) = unpack 'xC', $block;
    return substr $block, 2, 3 if !($length & 0x80);

    my $bits = unpack 'B*', substr $block, 2, $length & 0x7f;
    my $text = '';
    while ($bits =~ s/^(0000[01]|00010)// || $bits =~ s/^(011\d\d\d)//) {
        my $n = oct "0b$1";
        $text .= length $1 == 5 ? $n : $n - 0x19 + 3;
    }
    return $text;
}

# the length is an integer with a prefix of seven bits (RFC 7541, 5.1)
sub _string {
    my ($text) = @_;
    my $n = length $text;
    return chr($n) . $text if $n < 127;

    my $length = chr 127;
    for ($n -= 127; $n > 127; $n >>= 7) {
        $length .= chr(128 | $n & 127);
    }
    return $length . chr($n) . $text;
}

sub _frame {
    my ($self, $type, $flags, $id, $payload) = @_;
    $self->_send(substr(pack('N', length $payload), 1)
                 . pack('CCN', $type, $flags, $id) . $payload);
}

sub _send {
    my ($self, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    syswrite $self->{socket}, $bytes;
}

sub _read {
    my ($self) = @_;

    while (1) {
        if (length $self->{buf} >= 9) {
            my ($high, $low, $type, $flags, $id) = unpack 'CnCCN',
                                                          $self->{buf};
            my $length = $high << 16 | $low;

            if (length $self->{buf} >= 9 + $length) {
                my $frame = substr $self->{buf}, 0, 9 + $length, '';
                return ($type, $flags, $id, substr $frame, 9);
            }
        }

        my $in = '';
        vec($in, fileno $self->{socket}, 1) = 1;
        select($in, undef, undef, 30) or return;
        sysread($self->{socket}, $self->{buf}, 65536, length $self->{buf})
            or return;
    }
}

1;

package Test::Household::Http3;

# A client of HTTP/3 that does what others do not: it resets a stream while its
# request is waiting, leaves in the middle of one, and has another address then.
#
#   my $h3 = Test::Household::Http3->new($port);
#   my $id = $h3->request('/a', cookie => 'a=1', cookie => 'b=2');
#   $h3->reset($id);
#   is $h3->status($h3->request('/b')), 200;
#   $h3->move('127.0.0.2');
#   $h3->close;
#
# An ":authority" other than localhost is the first of the header fields, whose
# names are in lower case.
#
# QUIC of RFC 9000 and 9001 with one cipher suite, AES-128-GCM with SHA-256, and
# x25519; who the server is it does not verify.  Nothing is sent again: packets
# to the loopback are not lost.

use strict;
use warnings;

use Crypt::AuthEnc::GCM qw(gcm_decrypt_verify gcm_encrypt_authenticate);
use Crypt::Cipher;
use Crypt::Digest::SHA256 qw(sha256);
use Crypt::Mac::HMAC qw(hmac);
use Crypt::PK::X25519;
use IO::Socket::INET;

my $Salt = pack 'H*', '38762cf7f55934b34d179ae6a4c80cadccbb7f0a';
my @Levels = qw(initial handshake application);

# the index of ":status" with that value (RFC 9204, appendix A)
my %Status = (24 => 103, 25 => 200, 26 => 304, 27 => 404, 28 => 503,
              63 => 100, 64 => 204, 65 => 206, 66 => 302, 67 => 400,
              68 => 403, 71 => 500);

# the integers that follow the type of a frame and are of no interest
my %Skipped = (0x00 => 0, 0x01 => 0, 0x04 => 3, 0x05 => 2, 0x10 => 1,
               0x11 => 2, 0x12 => 1, 0x13 => 1, 0x14 => 1, 0x15 => 2,
               0x16 => 1, 0x17 => 1, 0x19 => 1, 0x1e => 0);

my ($H3_NO_ERROR, $H3_REQUEST_CANCELLED) = (0x100, 0x10c);


sub new {
    my ($class, $port, $address) = @_;
    my $self = bless {
        port => $port, socket => _socket($port, $address // '127.0.0.1'),
        next => 0, messages => '', transcript => '',
        source => _random(8), dcid => _random(8),
        map { $_ => {} } qw(streams sent), @Levels
    }, $class;

    my $secret = hmac('SHA256', $Salt, $self->{dcid});
    $self->_keys('initial', map { _expand($secret, "$_ in", '', 32) }
                            qw(client server));

    $self->{key} = Crypt::PK::X25519->new->generate_key;
    my $hello = $self->_hello;
    $self->{transcript} = $hello;
    $self->_send(initial => _crypto($hello));

    while (!$self->{ready}) {
        $self->_read or die "the handshake of QUIC has failed\n";
    }

    # the control stream, with settings that are all defaults
    $self->_send(application => _stream(2, "\x00\x04\x00", 0));

    # NEW_CONNECTION_ID: another address needs another one
    $self->_send(application => "\x18\x01\0" . _string(_random(8))
                                . _random(16));
    return $self;
}

sub _socket {
    my ($port, $address) = @_;
    return IO::Socket::INET->new(Proto => 'udp', PeerAddr => '127.0.0.1',
                                 PeerPort => $port, LocalAddr => $address)
        || die "socket: $!\n";
}

# Has another address, once, as by a NAT that has lost its state: nothing is
# received at the former one any more.  Requests have the former address until
# the server has had an answer from the new one.
sub move {
    my ($self, $address) = @_;

    $self->{socket} = _socket($self->{port}, $address);
    $self->_send(application => "\x01" . "\0" x 1150);

    while (!$self->{challenged}) {
        $self->_read or die "the server does not validate $address\n";
    }
}

# returns the number of the stream
sub request {
    my ($self, $path, @headers) = @_;
    my $id = $self->{next};
    my $authority = 'localhost';
    my $fields = '';

    (undef, $authority) = splice @headers, 0, 2
        if ($headers[0] // '') eq ':authority';

    while (my ($name, $value) = splice @headers, 0, 2) {
        $fields .= _prefixed(0x20, 3, $name)
                   . _prefixed(0, 7, $value);
    }

    # ":method: GET", ":scheme: https", and ":path" and ":authority" with values
    $fields = "\0\0" . chr(0xc0 | 17) . chr(0xc0 | 23)
              . "\x51" . _prefixed(0, 7, $path)
              . "\x50" . _prefixed(0, 7, $authority) . $fields;
    my $bytes = _int(1) . _int(length $fields) . $fields;

    $self->{next} += 4;
    $self->{sent}{$id} = length $bytes;
    $self->_send(application => _stream($id, $bytes, 1));
    return $id;
}

# waits for the status of a stream's response; undef if there is none
sub status {
    my ($self, $id) = @_;

    while (1) {
        my $status = _status($self->{streams}{$id} // '');
        return $status if defined $status;
        $self->_read or return;
    }
}

sub reset {
    my ($self, $id) = @_;

    # RESET_STREAM and STOP_SENDING
    $self->_send(application => "\x04" . _int($id)
                 . _int($H3_REQUEST_CANCELLED) . _int($self->{sent}{$id})
                 . "\x05" . _int($id) . _int($H3_REQUEST_CANCELLED));
}

# CONNECTION_CLOSE of an application
sub close {
    my ($self) = @_;
    $self->_send(application => "\x1d" . _int($H3_NO_ERROR) . _int(0));
    close $self->{socket};
}


# --- bytes ------------------------------------------------------------------

sub _random { join '', map { chr int rand 256 } 1 .. $_[0] }

# of fewer than 127 bytes
sub _string { chr(length $_[0]) . $_[0] }

# a string whose length has so many bits of its first byte (RFC 7541, 5.1)
sub _prefixed {
    my ($first, $bits, $text) = @_;
    my $most = (1 << $bits) - 1;
    my $n = length $text;
    my $length;

    return chr($first | $n) . $text if $n < $most;

    $length = chr($first | $most);
    for ($n -= $most; $n > 127; $n >>= 7) {
        $length .= chr(128 | $n & 127);
    }
    return $length . chr($n) . $text;
}

# an integer of variable length
sub _int {
    my ($n) = @_;
    return $n < 64 ? chr $n : $n < 16384 ? pack 'n', 0x4000 | $n
                            : pack 'N', 0x80000000 | $n;
}

sub _take_int {
    my ($bytes) = @_;
    my $length = 1 << (ord($$bytes) >> 6);
    my @octets = unpack 'C*', substr $$bytes, 0, $length, '';
    my $n = shift(@octets) & 0x3f;

    $n = $n * 256 + $_ for @octets;
    return $n;
}

# with a length of that many bytes before it
sub _with_length {
    my ($size, $bytes) = @_;
    return substr(pack('N', length $bytes), 4 - $size) . $bytes;
}

sub _extension { pack('n', $_[0]) . _with_length(2, $_[1]) }

sub _crypto { "\x06" . _int(0) . _int(length $_[0]) . $_[0] }

sub _stream {
    my ($id, $bytes, $end) = @_;
    return chr(0x0a | $end) . _int($id) . _int(length $bytes) . $bytes;
}

# the first field of a response, as nginx encodes it
sub _status {
    my ($bytes) = @_;

    return if length $bytes < 2;
    my $type = _take_int(\$bytes);
    my $length = _take_int(\$bytes);
    return if $type != 1 || length $bytes < $length;

    my $first = ord substr $bytes, 2;
    return $Status{$first & 0x3f} if ($first & 0xc0) == 0xc0;

    # a literal value of the name with the index 24 that follows in two bytes
    return substr $bytes, 5, 3;
}


# --- TLS 1.3 (RFC 8446) -----------------------------------------------------

sub _expand {
    my ($secret, $label, $context, $length) = @_;
    my $info = pack('n', $length) . _with_length(1, "tls13 $label")
               . _with_length(1, $context);
    return substr hmac('SHA256', $secret, "$info\x01"), 0, $length;
}

sub _keys {
    my ($self, $level, @secrets) = @_;

    for my $side (qw(client server)) {
        my $secret = shift @secrets;
        $self->{$level}{$side} = {
            key => _expand($secret, 'quic key', '', 16),
            iv => _expand($secret, 'quic iv', '', 12),
            mask => Crypt::Cipher->new('AES',
                                       _expand($secret, 'quic hp', '', 16)),
            secret => $secret,
        };
    }
}

sub _hello {
    my ($self) = @_;

    # limits of data and of streams, and the id of the source
    my $parameters = join '', map { _int($_->[0]) . _with_length(1, $_->[1]) }
        (map { [$_, _int(1 << 20)] } 4 .. 7), [8, _int(100)], [9, _int(100)],
        [0x0f, $self->{source}];

    my $extensions = join '',
        _extension(0, _with_length(2, "\0" . _with_length(2, 'localhost'))),
        _extension(10, _with_length(2, pack 'n', 0x1d)),
        _extension(13, _with_length(2, pack 'n*', 0x403, 0x804, 0x401)),
        _extension(16, _with_length(2, _string('h3'))),
        _extension(43, _with_length(1, pack 'n', 0x304)),
        _extension(51, _with_length(2, pack('n', 0x1d)
                   . _with_length(2, $self->{key}->export_key_raw('public')))),
        _extension(57, $parameters);

    my $body = pack('n', 0x303) . _random(32) . "\0"
               . _with_length(2, pack 'n', 0x1301) . _with_length(1, "\0")
               . _with_length(2, $extensions);
    return "\x01" . _with_length(3, $body);
}

# ServerHello: the keys of the handshake
sub _hello_done {
    my ($self, $body) = @_;
    my $session = unpack 'x34 C', $body;
    my $extensions = substr $body, 35 + $session + 5;
    my $public;

    while (length $extensions) {
        my ($type, $value) = unpack 'n n/a', $extensions;
        substr $extensions, 0, 4 + length $value, '';
        $public = substr $value, 4 if $type == 51;
    }

    my $peer = Crypt::PK::X25519->new->import_key_raw($public, 'public');
    my $shared = $self->{key}->shared_secret($peer);
    my $early = hmac('SHA256', "\0" x 32, "\0" x 32);

    $self->{secret} = hmac('SHA256', _expand($early, 'derived', sha256(''), 32),
                           $shared);
    $self->_secrets('handshake', 'hs');
}

sub _secrets {
    my ($self, $level, $label) = @_;
    my $hash = sha256($self->{transcript});

    $self->_keys($level, map { _expand($self->{secret}, "$_ $label traffic",
                                       $hash, 32) } qw(c s));
}

# Finished: the keys of the application, and a Finished of its own
sub _finished {
    my ($self) = @_;
    my $hash = sha256($self->{transcript});
    my $key = _expand($self->{handshake}{client}{secret}, 'finished', '', 32);
    my $verify = hmac('SHA256', $key, $hash);

    $self->{secret} = hmac('SHA256', _expand($self->{secret}, 'derived',
                                             sha256(''), 32), "\0" x 32);
    $self->_secrets('application', 'ap');
    $self->_send(handshake => _crypto("\x14" . _with_length(3, $verify)));
    $self->{ready} = 1;
}

sub _crypto_read {
    my ($self) = @_;

    while (length $self->{messages} >= 4) {
        my ($type, $high, $low) = unpack 'C C n', $self->{messages};
        my $length = 4 + ($high << 16 | $low);

        last if length $self->{messages} < $length || $self->{ready};

        my $message = substr $self->{messages}, 0, $length, '';
        $self->{transcript} .= $message;
        $self->_hello_done(substr $message, 4) if $type == 2;
        $self->_finished if $type == 20;
    }
}


# --- packets ----------------------------------------------------------------

sub _nonce { $_[0] ^ ("\0" x 8 . pack 'N', $_[1]) }

sub _send {
    my ($self, $level, $frames) = @_;
    my $keys = $self->{$level}{client};
    my $number = $self->{$level}{number}++ // 0;
    my ($head, $first);

    # numbers of two bytes; what is in the first packets fills a datagram
    if ($level eq 'application') {
        $frames .= "\0" x 4;
        $head = chr(0x41) . $self->{dcid};

    } else {
        $frames .= "\0" x (1200 - length $frames) if $level eq 'initial';
        $head = chr($level eq 'initial' ? 0xc1 : 0xe1) . pack('N', 1)
                . _string($self->{dcid}) . _string($self->{source})
                . ($level eq 'initial' ? "\0" : '')
                . pack('n', 0x4000 | length($frames) + 18);
    }

    my $at = length $head;
    my $packet = $head . pack 'n', $number;
    $packet .= join '', gcm_encrypt_authenticate('AES', $keys->{key},
                            _nonce($keys->{iv}, $number), $packet, $frames);
    $self->_mask(\$packet, $at, 2, $keys);
    $self->{socket}->syswrite($packet);
}

# hides, or shows, the first byte and the number of a packet; returns the
# length of the number, if it is not given
sub _mask {
    my ($self, $packet, $at, $length, $keys) = @_;

    # a copy: not every version of CryptX reads what substr returns

    my $sample = substr $$packet, $at + 4, 16;
    my $mask = $keys->{mask}->encrypt($sample);
    my $bits = ord($$packet) & 0x80 ? 0x0f : 0x1f;

    substr($$packet, 0, 1) ^= chr(ord($mask) & $bits);
    $length //= 1 + (ord($$packet) & 3);
    substr($$packet, $at, $length) ^= substr $mask, 1, $length;
    return $length;
}

# reads a datagram; returns 1, or 0 if there is none or the server has closed
sub _read {
    my ($self) = @_;
    my $in = '';

    return 0 if $self->{closed} || !defined fileno $self->{socket};
    vec($in, fileno $self->{socket}, 1) = 1;
    select($in, undef, undef, 30) or return 0;
    defined $self->{socket}->sysread(my $datagram, 65536) or return 0;

    while (length $datagram) {
        my $level = 'application';
        my ($at, $end) = (1 + length $self->{source}, length $datagram);

        if (ord($datagram) & 0x80) {
            $level = (ord($datagram) & 0x30) == 0 ? 'initial' : 'handshake';
            my ($to, $from, $rest) = unpack 'x5 C/a C/a a*', $datagram;
            $self->{dcid} = $from;
            substr $rest, 0, _take_int(\$rest), '' if $level eq 'initial';
            my $length = _take_int(\$rest);
            $at = length($datagram) - length $rest;
            $end = $at + $length;
        }

        my $packet = substr $datagram, 0, $end, '';
        my $keys = $self->{$level}{server} or next;
        my $n = $self->_mask(\$packet, $at, undef, $keys);
        my $number = 0;
        $number = $number * 256 + $_
            for unpack 'C*', substr $packet, $at, $n;

        my ($head, $body, $tag) = unpack 'a' . ($at + $n) . 'a'
            . (length($packet) - $at - $n - 16) . 'a16', $packet;
        my $frames = gcm_decrypt_verify('AES', $keys->{key},
            _nonce($keys->{iv}, $number), $head, $body, $tag);
        $self->_frames($level, $number, $frames) if defined $frames;
    }

    return 1;
}

sub _frames {
    my ($self, $level, $number, $frames) = @_;
    my $answer = 0;

    while (length $frames) {
        my $type = _take_int(\$frames);
        $answer = 1 if $type > 3 || $type == 1;

        if (exists $Skipped{$type}) {
            _take_int(\$frames) for 1 .. $Skipped{$type};

        } elsif ($type == 2 || $type == 3) {
            _take_int(\$frames) for 1 .. 2;
            my $ranges = _take_int(\$frames);
            _take_int(\$frames) for 0 .. 2 * $ranges;
            next if $type == 2;
            _take_int(\$frames) for 1 .. 3;

        } elsif ($type == 6) {
            my $offset = _take_int(\$frames);
            $self->{messages} .= substr $frames, 0, _take_int(\$frames), '';

        } elsif ($type == 7) {
            substr $frames, 0, _take_int(\$frames), '';

        } elsif (($type & ~7) == 8) {
            my $id = _take_int(\$frames);
            _take_int(\$frames) if $type & 4;
            my $length = $type & 2 ? _take_int(\$frames) : length $frames;
            $self->{streams}{$id} .= substr $frames, 0, $length, '';

        } elsif ($type == 0x1a) {
            # PATH_CHALLENGE
            $self->_send($level, "\x1b" . substr $frames, 0, 8, '');
            $self->{challenged} = 1;

        } elsif ($type == 0x18) {
            _take_int(\$frames) for 1 .. 2;
            substr $frames, 0, 1 + ord($frames) + 16, '';

        } else {
            # CONNECTION_CLOSE, or what nginx does not send
            $self->{closed} = 1;
            return;
        }
    }

    # as if all packets before it had come, too
    $self->_send($level, "\x02" . _int($number) . "\0\0" . _int($number))
        if $answer;
    $self->_crypto_read;
}

1;

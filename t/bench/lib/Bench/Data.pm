package Bench::Data;

# Accounts and tokens for the benchmark.
#
# An account has a UUID, as most services have, two home networks and three
# devices.  Those of account() are at home when they come from loopback, those
# of stranger() are not.

use strict;
use warnings;

use Exporter 'import';
use Digest::MD5 qw(md5_hex);

our @EXPORT_OK = qw(account stranger numbered fill fill_numbered tokens jwks);

my %Curve = (ES256 => 'secp256r1', ES384 => 'secp384r1');
my %Key;


sub account  { _uuid("account $_[0]") }
sub stranger { _uuid("stranger $_[0]") }

# one that load.c can work out too
sub numbered { sprintf '%08x-0000-4000-8000-%012x', $_[0], $_[0] }

sub _uuid {
    my ($name) = @_;
    return join '-', unpack 'A8 A4 A4 A4 A12', md5_hex($name);
}

# Registers "n" of each in a Redis (Test::Household::Redis).  Options:
# networks, devices; strangers => 0 for none; id => what numbers an account.
sub fill {
    my ($redis, $n, %opt) = @_;
    my $client = $redis->client;
    my $id = $opt{id} || \&account;
    my ($sent, $batch) = (0, '');

    my $send = sub {
        $batch .= Test::Household::Resp::encode_command(@_);
        return if ++$sent % 500;
        _pipe($client, $batch, 500);
        $batch = '';
    };

    for my $i (1 .. $n) {
        _register($send, $id->($i), '127.0.0.0/8', $i, %opt);
        _register($send, stranger($i), '82.64.0.0/24', $i, %opt)
            if $opt{strangers} // 1;
    }

    _pipe($client, $batch, $sent % 500) if length $batch;
}

sub _pipe {
    my ($client, $batch, $n) = @_;

    $client->send($batch);
    for (1 .. $n) {
        my $reply = $client->reply;
        die "Redis: $$reply\n" if ref $reply;
    }
}

sub _register {
    my ($send, $id, $home, $i, %opt) = @_;
    my $networks = $opt{networks} || 2;
    my $devices = $opt{devices} // 3;

    my @more = map {
        $_ == 2 ? sprintf '2a01:e0a:%x:%x00::/56', $i >> 8 & 0xffff, $i & 0xff
                : sprintf '10.%d.%d.0/24', $_ % 250, $i % 250
    } 2 .. $networks;

    $send->(SADD => "household:{$id}", $home, @more);
    $send->(HSET => "household:{$id}:account", country => 'FR', seats => 1,
        map { ("device:player-$_", time) } 1 .. $devices) if $devices;
}

# The same for millions of accounts that numbered() gives, two networks and
# three devices each: made by Redis itself.
sub fill_numbered {
    my ($redis, $n) = @_;
    my $batch = 5000;

    for (my $i = 1; $i <= $n; $i += $batch) {
        my $last = $i + $batch - 1;
        $redis->cmd(EVAL => <<'EOS', 0, $i, $last < $n ? $last : $n, time);
for i = ARGV[1], ARGV[2] do
    local id = string.format('household:{%08x-0000-4000-8000-%012x}', i, i)
    redis.call('SADD', id, '127.0.0.0/8', string.format(
        '2a01:e0a:%x:%x00::/56', math.floor(i / 256) % 65536, i % 256))
    redis.call('HSET', id .. ':account', 'country', 'FR', 'seats', 1,
        'device:player-1', ARGV[3], 'device:player-2', ARGV[3],
        'device:player-3', ARGV[3])
end
EOS
    }
}


# --- tokens ---------------------------------------------------------------

# The key of an algorithm, made anew in each run.  "CAT" and "CATU" are Common
# Access Tokens with HS256; the second has a claim that is compared with each
# request.
sub _key {
    my ($alg) = @_;

    return $Key{$alg} ||= do {
        require Crypt::JWT;

        if ($alg =~ /^(HS|CAT)/) {
            join '', map { chr int rand 256 } 1 .. 32;

        } elsif ($alg =~ /^RS/) {
            require Crypt::PK::RSA;
            Crypt::PK::RSA->new->generate_key(256);

        } elsif ($alg =~ /^ES/) {
            require Crypt::PK::ECC;
            Crypt::PK::ECC->new->generate_key($Curve{$alg});

        } else {
            require Crypt::PK::Ed25519;
            Crypt::PK::Ed25519->new->generate_key;
        }
    };
}

# the key set that verifies them, as text
sub jwks {
    my ($alg) = @_;
    my $key = _key($alg);

    require JSON::PP;
    require Crypt::Misc;

    my $jwk = ref $key ? $key->export_key_jwk('public', 1)
        : { kty => 'oct', k => Crypt::Misc::encode_b64u($key) };

    return JSON::PP->new->canonical->encode(
        { keys => [ { %$jwk, kid => "k-$alg",
                      alg => $alg =~ /^CAT/ ? 'HS256' : $alg } ] });
}

# a token for each of "n" accounts; "series" makes them others
sub tokens {
    my ($alg, $n, $series) = @_;

    return _cats(@_) if $alg =~ /^CAT/;
    return map {
        Crypt::JWT::encode_jwt(alg => $alg, key => _key($alg),
            payload => { sub => account($_), iat => 1700000000,
                         exp => 4102444800, jti => ($series // 0) . "-$_",
                         iss => 'https://id.example' },
            extra_headers => { typ => 'JWT', kid => "k-$alg" })
    } 1 .. $n;
}

sub _cats {
    my ($alg, $n, $series) = @_;
    my $key = { alg => 'HS256', key => _key($alg),
                jwk => { kid => "k-$alg" } };

    require Test::Household::Cat;

    return map {
        Test::Household::Cat::cat($key, {
            1 => 'https://id.example', 2 => account($_), 4 => 4102444800,
            6 => 1700000000,
            7 => Test::Household::Cat::cbytes(($series // 0) . "-$_"),
            $alg eq 'CATU' ? (312 => { 3 => { 1 => '/' } }) : () })
    } 1 .. $n;
}

1;

package Test::Household::Token;

# Keys and tokens of the test's own, by Crypt::JWT: another implementation
# than the one under test.  Keys are new in every run.
#
#   my $key = new_key('RS256');               # its kid is "RS256"
#   put("$dir/keys", jwks($key));
#   my $good = token($key);                   # of account "a", for an hour
#   my $over = token($key, { exp => time - 60 }, { typ => 'x' });
#   my $odd = forge('{"alg":"none"}', '{"sub":"a"}', sub { '' });

use strict;
use warnings;

use Crypt::JWT qw(encode_jwt);
use Crypt::Misc qw(encode_b64u);
use Crypt::PK::ECC;
use Crypt::PK::Ed25519;
use Crypt::PK::RSA;
use Crypt::PRNG qw(random_bytes);
use Exporter 'import';
use JSON::PP ();

our @EXPORT = qw(new_key jwks token forge claims b64 put);

my $json = JSON::PP->new->canonical;
my %curve = (ES256 => 'secp256r1', ES384 => 'secp384r1', ES512 => 'secp521r1');


# "more" goes into the JWK; what is undefined there is left out
sub new_key {
    my ($alg, %more) = @_;
    my ($key, $jwk);

    if ($alg =~ /^HS(\d+)/) {
        $key = random_bytes($1 / 8);
        $jwk = { kty => 'oct', k => encode_b64u($key) };

    } else {
        $key = $alg =~ /^[RP]S/ ? Crypt::PK::RSA->new->generate_key(256)
             : $curve{$alg} ? Crypt::PK::ECC->new->generate_key($curve{$alg})
             : Crypt::PK::Ed25519->new->generate_key;
        $jwk = $key->export_key_jwk('public', 1);
    }

    $jwk = { %$jwk, kid => $alg, alg => $alg, %more };
    delete @$jwk{grep { !defined $jwk->{$_} } keys %$jwk};

    return { alg => $alg, key => $key, jwk => $jwk };
}

sub jwks { $json->encode({ keys => [map { $_->{jwk} } @_] }) }

# the claims of a good token; what is undefined in "more" is left out
sub claims {
    my ($more) = @_;
    my $claims = { sub => 'a', exp => time + 3600, %{ $more || {} } };

    delete @$claims{grep { !defined $claims->{$_} } keys %$claims};
    return $claims;
}

sub token {
    my ($key, $claims, $headers) = @_;
    my %headers = (kid => $key->{jwk}{kid}, %{ $headers || {} });

    delete @headers{grep { !defined $headers{$_} } keys %headers};
    return encode_jwt(payload => $json->encode(claims($claims)),
        key => $key->{key}, alg => $key->{alg}, extra_headers => \%headers);
}

# any header and payload, as text or to be encoded, and whatever "sign" makes
# of them for a signature
sub forge {
    my ($header, $payload, $sign) = @_;
    my $input = join '.', map { b64(ref $_ ? $json->encode($_) : $_) }
        $header, $payload;

    return "$input." . b64($sign->($input));
}

sub b64 { encode_b64u($_[0]) }

# a new file in place of the old one, as one should replace it
sub put {
    my ($file, $text) = @_;

    open my $out, '>', "$file.new" or die "$file.new: $!\n";
    print $out $text;
    close $out;
    rename "$file.new", $file or die "$file: $!\n";
}

1;

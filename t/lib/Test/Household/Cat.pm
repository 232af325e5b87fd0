package Test::Household::Cat;

# Common Access Tokens of the test's own: CBOR and COSE are written here, and
# signatures are made by CryptX, another implementation than the one under
# test.  Keys are those of Test::Household::Token.
#
#   my $key = new_key('ES256');
#   my $good = cat($key);                    # of account "a", for an hour
#   my $other = cat($key, { 312 => { 1 => { 0 => 'tv.example' } } });
#   my $odd = cat($key, {}, tags => [], protected => { 1 => -7 });
#
# In claims a string is text, and what looks like an integer is one, keys
# included; cbytes(...), ctext(...) and ctag(...) are the others.

use strict;
use warnings;

use Crypt::Mac::HMAC qw(hmac);
use Crypt::Misc qw(encode_b64u);
use Exporter 'import';

our @EXPORT = qw(cat cbor cbytes ctext ctag ctrue);

my %alg = (HS256 => 5, HS384 => 6, HS512 => 7, ES256 => -7, ES384 => -35,
           ES512 => -36, PS256 => -37, PS384 => -38, PS512 => -39,
           EdDSA => -8);

sub cbytes { bless [2, $_[0]], 'Test::Household::Cat::Item' }
sub ctext { bless [3, $_[0]], 'Test::Household::Cat::Item' }
sub ctag { bless [6, @_], 'Test::Household::Cat::Item' }
sub ctrue { bless [7], 'Test::Household::Cat::Item' }


sub head {
    my ($major, $n) = @_;

    return $n < 24 ? pack 'C', $major << 5 | $n
         : $n < 0x100 ? pack 'CC', $major << 5 | 24, $n
         : $n < 0x10000 ? pack 'Cn', $major << 5 | 25, $n
         : $n < 2 ** 32 ? pack 'CN', $major << 5 | 26, $n
         : pack 'CQ>', $major << 5 | 27, $n;
}


sub cbor {
    my ($value) = @_;
    my $ref = ref $value;

    return "\xf6" if !defined $value;

    if ($ref eq 'Test::Household::Cat::Item') {
        my ($major, $first, $second) = @$value;

        return $major == 6 ? head(6, $first) . cbor($second)
             : $major == 7 ? "\xf5" : head($major, length $first) . $first;
    }

    return head(4, scalar @$value) . join '', map { cbor($_) } @$value
        if $ref eq 'ARRAY';

    return head(5, scalar keys %$value)
        . join '', map { cbor($_) . cbor($value->{$_}) } sort keys %$value
        if $ref eq 'HASH';

    return head(0, $value) if $value =~ /^\d+$/;
    return head(1, -1 - $value) if $value =~ /^-\d+$/;
    return head(3, length $value) . $value;
}


sub signature {
    my ($key, $input) = @_;
    my ($family, $bits) = $key->{alg} =~ /^(..)(\d*)/;

    return hmac("SHA$bits", $key->{key}, $input) if $family eq 'HS';
    return $key->{key}->sign_message_rfc7518($input, "SHA$bits")
        if $family eq 'ES';
    return $key->{key}->sign_message($input, "SHA$bits", 'pss', $bits / 8)
        if $family eq 'PS';
    return $key->{key}->sign_message($input);
}


# "more": tags, protected and unprotected headers; claims that are undefined
# are left out
sub cat {
    my ($key, $claims, %more) = @_;
    my $mac = $key->{alg} =~ /^HS/;
    my %claims = (2 => 'a', 4 => time + 3600, %{ $claims || {} });

    delete @claims{grep { !defined $claims{$_} } keys %claims};

    my $protected = cbor($more{protected} || { 1 => $alg{$key->{alg}} });
    my $payload = cbor(\%claims);
    my $input = cbor([$mac ? 'MAC0' : 'Signature1', cbytes($protected),
                      cbytes(''), cbytes($payload)]);
    my $message = cbor([cbytes($protected),
        $more{unprotected} || { 4 => cbytes($key->{jwk}{kid}) },
        cbytes($payload), cbytes(signature($key, $input))]);

    return encode_b64u(join '', (map { head(6, $_) }
        @{ $more{tags} || [61, $mac ? 17 : 18] }), $message);
}

1;

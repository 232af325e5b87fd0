#!/usr/bin/perl

# Mints tokens with other implementations: Crypt::JWT and, where it is there,
# the jose program.  Prints a line for each: who and what, the public JWKS,
# the token, with tabs between them.  Keys are made anew for every run and are
# never printed, but for secrets, which have no public half.

use strict;
use warnings;

use File::Temp qw(tempdir);

BEGIN {
    for my $module (qw(Crypt::JWT Crypt::PK::RSA Crypt::PK::ECC
                       Crypt::PK::Ed25519 JSON::PP))
    {
        eval "require $module; 1" or do {
            print "skip\t$module is not there\n";
            exit;
        };
    }
}

my $json = JSON::PP->new->canonical;
my $claims = { sub => 'foreign', device => 'tv', iat => 1700000000,
               exp => 4102444800 };

my %curve = (ES256 => 'secp256r1', ES384 => 'secp384r1', ES512 => 'secp521r1');


# --- Crypt::JWT -----------------------------------------------------------

my $rsa = Crypt::PK::RSA->new->generate_key(256);

sub crypt_jwt {
    my ($alg) = @_;

    my ($key, $public);

    if ($alg =~ /^HS(\d+)/) {
        my $secret = join '', map { chr int rand 256 } 1 .. $1 / 8;
        $key = $secret;
        $public = { kty => 'oct', k => Crypt::Misc::encode_b64u($secret) };

    } elsif ($alg =~ /^[RP]S/) {
        $key = $rsa;
        $public = $rsa->export_key_jwk('public', 1);

    } elsif ($alg =~ /^ES/) {
        $key = Crypt::PK::ECC->new->generate_key($curve{$alg});
        $public = $key->export_key_jwk('public', 1);

    } else {
        $key = Crypt::PK::Ed25519->new->generate_key;
        $public = $key->export_key_jwk('public', 1);
    }

    my $token = Crypt::JWT::encode_jwt(payload => $claims, alg => $alg,
        key => $key, extra_headers => { typ => 'JWT', kid => "k-$alg" });

    line("Crypt::JWT $alg", { %$public, kid => "k-$alg" }, $token);
}

sub line {
    my ($name, $jwk, $token) = @_;

    print join("\t", $name, $json->encode({ keys => [ $jwk ] }), $token), "\n";
}

crypt_jwt($_) for qw(HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512
                     ES256 ES384 ES512 EdDSA);


# --- jose -----------------------------------------------------------------

exit unless grep { -x "$_/jose" } split /:/, $ENV{PATH};

my $dir = tempdir(CLEANUP => 1);

sub put {
    my ($name, $text) = @_;

    open my $f, '>', "$dir/$name" or die "$dir/$name: $!";
    print $f $text;
    close $f;
}

put('claims', $json->encode($claims));

for my $alg (qw(HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512
                ES256 ES384 ES512))
{
    system('jose', 'jwk', 'gen', '-i', qq({"alg":"$alg"}), '-o', "$dir/key")
        and die "jose jwk gen: $?";

    open my $f, '<', "$dir/key" or die "$dir/key: $!";
    my $jwk = $json->decode(do { local $/; <$f> });
    close $f;

    system('jose', 'jws', 'sig', '-c', '-I', "$dir/claims", '-k', "$dir/key",
           '-s', qq({"protected":{"alg":"$alg","typ":"JWT"}}),
           '-o', "$dir/token")
        and die "jose jws sig: $?";

    open $f, '<', "$dir/token" or die "$dir/token: $!";
    my $token = do { local $/; <$f> };
    close $f;

    delete @$jwk{qw(d p q dp dq qi)};
    line("jose $alg", $jwk, $token);
}

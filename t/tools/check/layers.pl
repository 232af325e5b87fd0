# Who may include what.

use strict;
use warnings;

our (%text, @c);

# layers: a file includes its own and those below; see docs/internals.md

my %pure = map { $_ => 1 } qw(decide network record resp uuid);

# a library is known to the part that wraps it

my %wrapper = (
    'hiredis/' => 'resp',
    'jansson.h' => 'jose jwk jwks jws token urisigning',
    'maxminddb.h' => 'geo',
);

# parts of the core layer that do not know each other

my %family = (
    (map { $_ => 'redis' } qw(cluster lookup note redis sentinel slot
                              standalone tracking)),
    (map { $_ => 'token' } qw(ere jose jwk jwks jws token uri urisigning)),
    (map { $_ => 'zone' } qw(cells zone)),
    geo => 'geo',
);


sub layer {
    my ($file) = @_;

    return 3 if $file =~ m{^ngx_http_household_module\.c$};
    return 2 if $file =~ m{^(src/)?ngx_http_household_?\w*\.[ch]$};
    return $pure{part($file)} ? 0 : 1
        if $file =~ m{^(src/)?ngx_household_\w+\.[ch]$};
    return undef;
}


sub part {
    my ($file) = @_;

    return $file =~ /ngx_household_([a-z]+)/ ? $1 : '';
}


sub check_include {
    my ($file, $line, $header) = @_;

    my $at = layer($file);
    my $own = layer($header =~ s{^src/}{}r);

    if (defined $own) {
        fault($file, $line, "includes \"$header\", a layer above")
            if $own > $at;

        my ($from, $to) = map { $family{part($_)} } $file, $header;

        fault($file, $line, "$from is not to know $to")
            if $from && $to && $from ne $to;

        return;
    }

    for my $lib (keys %wrapper) {
        if (index($header, $lib) == 0) {
            fault($file, $line, "only $wrapper{$lib} may include $header")
                if " $wrapper{$lib} " !~ " @{[part($file)]} ";
            return;
        }
    }

    fault($file, $line, "$header is nginx's http layer")
        if $header =~ /^ngx_http/ && $at < 2;
    fault($file, $line, "the pure layer does not include $header")
        if $at == 0 && $header !~ /^ngx_(config|core)\.h$/
           && $header !~ m{^(openssl/\w+|std\w+)\.h$};
}


sub check_layers {
    for my $file (@c) {
        next unless defined layer($file);

        my $n = 0;

        for (split /\n/, $text{$file}) {
            $n++;
            check_include($file, $n, $1) if /^\s*#\s*include\s+[<"]([^>"]+)/;
        }
    }
}

1;

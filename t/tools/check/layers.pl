# Who may include what.

use strict;
use warnings;

our (%text, @c);

# The rooms of src/, and the other rooms that a file of each may include from:
# docs/internals.md, "Rooms".  A new room, or a new arrow, is a line here.

my %rooms = (
    'core' => '',
    'household' => 'core',
    'zone' => 'core',
    'token' => 'core token/cdni',
    'token/cat' => 'core token token/cdni',
    'token/cdni' => 'core token',
    'fetch' => 'net',
    'keyset' => 'core fetch net token token/cdni',
    'net' => '',
    'redis/wire' => 'core net',
    'redis' => 'core net redis/wire',
    'records' => 'core household net redis redis/wire',
    'http' => 'core household zone token token/cat token/cdni keyset fetch net'
              . ' redis redis/wire records',
    'http/conf' => 'core household zone token token/cdni keyset fetch net'
                   . ' redis redis/wire records http http/api',
    'http/api' => 'core household zone token token/cdni keyset fetch net'
                  . ' redis redis/wire records http',
    '.' => 'core household zone token token/cdni keyset fetch net redis'
           . ' redis/wire records http http/api http/conf',
);

# the rooms of requests, and those that know nginx's types and nothing else

my %http = map { $_ => 1 } qw(. http http/api http/conf);
my %pure = map { $_ => 1 } qw(household);

# a library is known to the files that wrap it

my %wrapper = (
    'cbor.h' => 'cbor',
    'hiredis/' => 'resp',
    'jansson.h' => 'jose jwk jwks jws jwt urisigning',
    'maxminddb.h' => 'geo',
);


sub room {
    my ($file) = @_;

    return $file =~ m{^src/(.*)/[^/]+$} ? $1
           : $file =~ m{^[^/]+$} ? '.' : undef;
}


sub part {
    my ($file) = @_;

    return $file =~ /ngx_household_([a-z]+)/ ? $1 : '';
}


sub check_include {
    my ($file, $line, $header, $home) = @_;

    my $at = room($file);

    if (defined $home) {
        fault($file, $line, "$at is not to know $home ($header)")
            if $home ne $at && " $rooms{$at} " !~ / \Q$home\E /;
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
        if $header =~ /^ngx_http/ && !$http{$at};
    fault($file, $line, "$at is pure and does not include $header")
        if $pure{$at} && $header !~ /^ngx_(config|core)\.h$/
           && $header !~ m{^(openssl/\w+|std\w+)\.h$};
}


sub check_layers {
    my %home;

    for my $file (@c) {
        $home{$1} = room($file) if $file =~ m{^(?:src/.*/)?([^/]+\.h)$};
    }

    for my $file (@c) {
        next if $file =~ m{^(?:t|docker)/};

        if (!defined $rooms{room($file) // ''}) {
            fault($file, 0, 'is in no room of t/tools/check/layers.pl');
            next;
        }

        my $n = 0;

        for (split /\n/, $text{$file}) {
            $n++;
            check_include($file, $n, $1, $home{$1})
                if /^\s*#\s*include\s+[<"]([^>"]+)/;
        }
    }

    check_circles(grep { m{^src/.*\.c$} } @c);
}


# Files do not call each other in a circle.  A handler that is passed down, and
# called from below, is no call: "static" functions belong to their file alone.

sub check_circles {
    my @files = @_;
    my (%code, %defined, %calls, %seen);

    for my $file (@files) {
        $code{$file} = $text{$file} =~ s{/\*.*?\*/}{}gsr =~ s/^\s*#.*$//gmr
                                   =~ s/"(?:[^"\\]|\\.)*"//gr;

        $defined{$2} = $file
            while $code{$file} =~ /^(?!static\b)(\w[^\n;]*)\n(\w+)\(/gm;
    }

    for my $file (@files) {
        for ($code{$file} =~ /\w+/g) {
            my $at = $defined{$_};
            $calls{$file}{$at} //= $_ if defined $at && $at ne $file;
        }
    }

    follow_calls(\%calls, \%seen, $_) for @files;
}


sub follow_calls {
    my ($calls, $seen, $file, @path) = @_;

    for my $i (0 .. $#path) {
        next if $path[$i] ne $file;

        my @circle = (@path[$i .. $#path], $file);

        fault($file, 0, 'files call each other in a circle: '
              . join ', ', map {
                    my ($from, $to) = @circle[$_ - 1, $_];
                    "$from -> $calls->{$from}{$to}()"
                } 1 .. $#circle);
        return;
    }

    return if $seen->{$file}++;

    follow_calls($calls, $seen, $_, @path, $file)
        for sort keys %{$calls->{$file}};
}

1;

# How a file looks.

use strict;
use warnings;

our ($root, %text, @c);


sub check_lines {
    for my $file (sort keys %text) {
        my $wide = $file !~ m{\.(md|t|dict|json|svg)$} && $file !~ m{^docs/};
        my $c = $file =~ /\.[ch]$/;
        my $n = 0;

        for (split /\n/, $text{$file}) {
            $n++;
            fault($file, $n, 'trailing space') if /[ \t\r]$/;
            fault($file, $n, 'tab') if $c && /\t/;
            fault($file, $n, length() . ' columns, over 80')
                if $wide && length() > 80;
        }

        fault($file, 0, "$n lines, over 700") if $c && $n > 700;
    }
}


sub check_functions {
    for my $file (@c) {
        my ($start, $name, $n) = (0, '', 0);

        for (split /\n/, $text{$file}) {
            $n++;
            $name = $1 if /^(\w+)\(/;
            $start = $n if /^\{/;
            fault($file, $start, "$name() has " . ($n - $start - 1)
                  . ' lines, over 80')
                if /^\}$/ && $start && $n - $start - 1 > 80;
            $start = 0 if /^\}/;
        }
    }
}


# Functions are named by the object that they work on: docs/internals.md,
# "Naming".  The object is that of the file, a part of it, or one of these.

my %objects = (
    'core/ngx_household_id.c' => 'uuid',
    'core/ngx_household_reason.c' => 'detail',
    'household/ngx_household_record.c' => 'entry id',
    'household/ngx_household_record_build.c' => 'field',
    'records/ngx_household_events.c' => 'event',
    'records/ngx_household_lookup.c' => 'lookups',
    'records/ngx_household_writer.c' => 'write',
    'token/ngx_household_claims_value.c' => 'jwt',
    'token/ngx_household_jose.c' => 'base64url json',
    'http/conf/ngx_http_household_conf.c' => 'merge offer',
    'http/conf/ngx_http_household_conf_source.c' => 'token',
    'http/ngx_http_household_variables.c' => 'variable status',
);

# what nginx calls by a table: a setter of a directive, and the steps of the
# configuration, of the module and of the variables

my $callback = qr/^ngx_http_household_(?:set_\w+|(?:create|init|merge)_\w+_conf
                  |init_module|add_variables)$/x;


sub check_names {
    for my $file (@c) {
        my ($path, $prefix, $words) =
            $file =~ m{^src/(.*/(ngx_(?:http_)?household_)(\w+)\.c)$} or next;

        my @words = split /_/, $words;
        my @objects = map { join '_', @words[0 .. $_] } 0 .. $#words;

        # in http/conf the name of a file is long enough without "conf"

        push @objects, $words[1] if $path =~ m{^http/conf/\w+_conf_};
        push @objects, split / /, $objects{$path} // '';

        my $object = join '|', @objects;

        while ($text{$file} =~ /^(ngx_\w+)\([^;{]*\)\n\{/mg) {
            my $name = $1;

            fault($file, 0, "$name() is not named by the object of its file")
                unless $name =~ /^$prefix(?:$object)(?:_|$)/
                       || $name =~ $callback;
        }
    }
}


# make runs them by name

sub check_modes {
    for my $file (grep { /\.(pl|py|sh|mk)$/ } sort keys %text) {
        my $program = $text{$file} =~ /^#!/;

        fault($file, 0, $program ? 'is not executable' : 'is executable')
            if $program xor -x "$root/$file";
    }
}


sub check_scripts {
    my @sh = grep { $text{$_} =~ m{^#!/bin/(ba)?sh} } sort keys %text;

    return unless @sh;

    open my $out, '-|', 'shellcheck', '-x', '-f', 'gcc',
        '-e', 'SC1091,SC2086,SC2046,SC2016', map { "$root/$_" } @sh
        or return;

    while (<$out>) {
        chomp;
        s{^\Q$root\E/}{};
        s{^([^:]+):(\d+):\d+: }{} and fault($1, $2, $_);
    }
}

1;

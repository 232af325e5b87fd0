package Test::Household::Resp;

# RESP2 for both ends of a test, written apart from the code under test.

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(encode_command encode_reply take_value);


sub encode_command {
    return '*' . @_ . "\r\n" . join '', map { encode_reply("$_") } @_;
}

# undef: nil; a string: bulk; an array: array; \"+OK": that line as it is
sub encode_reply {
    my ($value) = @_;

    return "\$-1\r\n" if !defined $value;
    return '*' . @$value . "\r\n" . join '', map { encode_reply($_) } @$value
        if ref $value eq 'ARRAY';
    return "$$value\r\n" if ref $value;
    return '$' . length($value) . "\r\n$value\r\n";
}

# Takes one value off the front of a buffer.  Returns it in a list, or an
# empty list if it is not whole.  An error is a blessed string.
sub take_value {
    my ($buf) = @_;
    my $pos = 0;

    my @value = _value($buf, \$pos) or return;
    substr $$buf, 0, $pos, '';
    return @value;
}

sub _value {
    my ($buf, $pos) = @_;

    my $end = index $$buf, "\r\n", $$pos;
    return if $end < 0;

    my $line = substr $$buf, $$pos, $end - $$pos;
    my $type = substr $line, 0, 1, '';
    $$pos = $end + 2;

    return $line if $type eq '+';
    return 0 + $line if $type eq ':';
    return Test::Household::Resp::Error->new($line) if $type eq '-';

    if ($type eq '$') {
        return undef if $line < 0;    ## a list of one undef, not an empty one
        return if length($$buf) < $$pos + $line + 2;
        my $value = substr $$buf, $$pos, $line;
        $$pos += $line + 2;
        return $value;
    }

    die "bad RESP type '$type'\n" if $type ne '*';
    return undef if $line < 0;

    my @values;
    for (1 .. $line) {
        my @value = _value($buf, $pos) or return;
        push @values, @value;
    }
    return \@values;
}


package Test::Household::Resp::Error;

use overload '""' => sub { ${ $_[0] } }, fallback => 1;

sub new {
    my ($class, $text) = @_;
    return bless \$text, $class;
}

1;

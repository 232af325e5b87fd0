# What the docs must hold to: links that lead somewhere, words that exist, and
# all the causes that the error log names.

use strict;
use warnings;

use File::Basename qw(dirname);
use File::Temp;
use FindBin;

our ($root, %text);


# the lines of a page: what is code or a comment is blank, so that they count

sub prose {
    my ($file) = @_;

    my ($fence, $comment, @lines) = (0, 0);

    for (split /\n/, $text{$file}) {
        my $code = $fence || /^(```|    \S)/;

        $fence = !$fence if /^```/;
        push @lines, $code ? '' : s/<!--.*?-->//gr;
    }

    return @lines;
}


# the anchors of a page, as the hosts of repositories make them of headings

sub anchors {
    my ($file) = @_;

    my %n;

    for (prose($file)) {
        next unless /^#+\s+(.*?)\s*$/;

        my $anchor = lc $1 =~ s/\[([^]]*)\]\([^)]*\)/$1/gr;

        $anchor =~ s/[^\w\s-]//g;
        $anchor =~ s/\s/-/g;
        $anchor .= "-$n{$anchor}" if $n{$anchor}++;
        $n{$anchor} //= 1;
    }

    return \%n;
}


sub resolve {
    my ($file, $target) = @_;

    my $dir = dirname($file);
    my @path = $dir eq '.' ? () : split m{/}, $dir;

    for (split m{/}, $target) {
        if ($_ eq '..') {
            pop @path;
        } elsif ($_ ne '.') {
            push @path, $_;
        }
    }

    return join '/', @path;
}


sub check_links {
    my %anchors;
    my @pages = grep { /\.md$/ } sort keys %text;
    my $index = 'docs/README.md';
    my %listed;

    for my $file (@pages) {
        my $n = 0;

        for (prose($file)) {
            $n++;

            while (/\[[^]]*\]\(([^)\s]+)\)/g) {
                my ($target, $anchor) = split /#/, $1, 2;

                next if $target =~ /^(https?|mailto):/;

                my $page = $target eq '' ? $file : resolve($file, $target);

                $listed{$page} = 1 if $file eq $index;

                if (!defined $text{$page}) {
                    fault($file, $n, "links to $target, which is not there")
                        unless -e "$root/$page";
                    next;
                }

                next unless defined $anchor;

                $anchors{$page} //= anchors($page);
                fault($file, $n, "links to #$anchor, which is no heading of"
                      . " $page")
                    unless $anchors{$page}{$anchor};
            }
        }
    }

    return unless defined $text{$index};

    for my $page (grep { m{^docs/} && $_ ne $index } @pages) {
        fault($index, 0, "does not list $page") unless $listed{$page};
    }
}


# American English, and the words of t/tools/check/words

sub check_spelling {
    my (%known, %seen);

    open my $words, '<', "$FindBin::RealBin/check/words" or die "words: $!\n";

    while (<$words>) {
        chomp;
        $known{lc()} = 1;
    }

    for my $file (grep { m{^(docs/)?[^/]+\.md$} } sort keys %text) {
        my $n = 0;

        for (prose($file)) {
            $n++;
            s/\]\([^)]*\)/]/g;
            s/`[^`]*`?//g;
            s/https?:\S+//g;
            s/[\$<]\w+//g;

            for (/(?<![\w.-])([A-Za-z]+(?:'[a-z]+)?)(?![\w])/g) {
                my $word = s/'s$//r;

                push @{$seen{$word}}, "$file:$n"
                    unless length $word < 3 || $known{lc $word};
            }
        }
    }

    return unless %seen;

    my $list = File::Temp->new;

    print $list "$_\n" for sort keys %seen;
    close $list;

    # where there is no aspell, nothing is said

    my @unknown = `aspell --lang=en_US --ignore-case list < $list 2> /dev/null`;

    return if $?;

    for (sort @unknown) {
        chomp;

        for my $at (@{$seen{$_} // []}) {
            my ($file, $line) = split /:/, $at;
            fault($file, $line, "\"$_\" is no word of t/tools/check/words");
        }
    }
}


# causes of failures are the texts with a space in these rooms, but for the
# beginnings of lines and the scripts that Redis runs

sub check_causes {
    my $docs = $text{'docs/failures.md'} // return;

    for my $file (grep { m{^src/(fetch|keyset|net|redis|records)/.*\.c$} }
                  sort keys %text)
    {
        my $code = $text{$file} =~ s{/\*.*?\*/}{}gsr
                                =~ s{^#.*}{}gmr =~ s{"\s*\n\s*"}{}gr;

        for (map { s/\\(.)/$1/gr } $code =~ /"((?:[^"\\]|\\.)*)"/g) {
            next unless /^(?:[a-z]|TLS)\S* / && !/^household |redis\.call/;

            my ($cause) = /^([^%]*[^%:\s"])/;

            fault('docs/failures.md', 0, "has nothing on \"$cause\"")
                if index($docs, $cause) < 0;
        }
    }
}

1;

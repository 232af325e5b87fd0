#!/usr/bin/perl

# Instructions that nginx's worker runs for a request, as callgrind counts
# them: the same wherever and whenever it is run, unless the code changes.
#
#   instructions.pl FILE             compares with FILE, 1 if something is more
#   instructions.pl --record FILE    writes FILE
#   instructions.pl --profile ROW    where it spends more than its floor does
#   ... --only ROW,ROW               these rows
#
# A row is run twice, with more and with fewer requests on one connection:
# the difference is without the start and the end.  The kernel's part of a
# request is not in it.
#
# What a row needs above its floor is counted within one process, which is asked
# for the row and then for the floor: both have the same memory around them.
#
# Timers make a difference of up to 1 %, more on a busy machine: a row that has
# become more is measured once again, and the lower figure counts.
#
# TEST_NGINX_BINARY and HOUSEHOLD_MODULE say what is measured, TOLERANCE how
# many percent more are no regression.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib", "$FindBin::RealBin/../lib";

use Bench::Callgrind;
use Bench::Data qw(fill);
use Bench::Rows qw(rows crowd);
use Getopt::Long;
use Test::Household::Nginx;
use Test::Household::Process qw(temp_dir);
use Test::Household::Redis;

my $Tolerance = $ENV{TOLERANCE} || 2;
my $Accounts = 50;
my ($Few, $Many) = (500, 1500);

GetOptions('record' => \my $record, 'profile=s' => \my $profile,
           'only=s' => \my $only) or exit 2;
my ($file) = @ARGV;

my $redis = Test::Household::Redis->new(unix => 1);
fill($redis, crowd());

my @all = rows(accounts => $Accounts, dir => temp_dir('keys'),
               tokens => ['HS256', 'ES256', 'CAT', 'CATU'],
               shadow => 'tighter', proxied => 1);
my %only = map { $_ => 1 } $profile || split /,/, $only // '';
my @rows = grep { !%only || $only{ $_->{name} } } @all;

my $was = $file && !$record ? recorded($file) : {};
my $made = made_with();
my (%count, %above, %self, @more);

printf "%-14s %12s %9s %9s %12s %9s\n", 'row', 'instructions', 'above',
    'of floor', 'recorded', 'change';

for my $row (@rows) {
    measure($row);
    measure($row) if is_more($row);
    print_row($row);
}

if ($profile) {
    print_profile($profile);

} elsif ($record) {
    write_record($file);

} elsif (@more) {
    print "\nmore than $Tolerance % above what is recorded: @more\n";
    print "recorded with $was->{''}\nthis is       $made\n"
        if ($was->{''} // '') ne $made;
    exit 1;
}


# the lowest figure of all times that the row was measured
sub measure {
    my ($row) = @_;
    my $name = $row->{name};
    my ($floor) = grep { $_->{name} eq $row->{floor} } @all;
    my @asks = $row->{asks} && $row->{asks} > $Many
               ? map { $_ * $row->{asks} } 2, 3 : ($Few, $Many);
    my @rows = $floor == $row ? $row : ($row, $floor);
    my $n = $asks[1] - $asks[0];

    my $few = run(\@rows, $asks[0]);
    my $many = run(\@rows, $asks[1]);
    my $count = int(($many->{total} - $few->{total}) / $n);

    return if defined $count{$name} && $count > $count{$name};
    $count{$name} = $count;
    return if $floor == $row;

    my $mixed = run(\@rows, $asks[0], $n);

    $above{$name} = $count - int(($mixed->{total} - $few->{total}) / $n);
    $self{$name} = [per_function($few, $many, $n),
                    per_function($few, $mixed, $n)];
}

sub run {
    my ($rows, @asks) = @_;
    return Bench::Callgrind::run($rows, $redis, $Accounts, @asks);
}

sub is_more {
    my ($row) = @_;
    my $old = $was->{ $row->{name} };
    return $old && $count{ $row->{name} } > $old * (1 + $Tolerance / 100);
}

sub print_row {
    my ($row) = @_;
    my $name = $row->{name};
    my ($n, $above, $old) = ($count{$name}, $above{$name}, $was->{$name});

    printf "%-14s %12d %9s %9s %12s %9s\n", $name, $n,
        defined $above ? ($above, sprintf('%.3f', $n / ($n - $above)))
                       : ('-', '-'),
        $old // '-',
        $old ? sprintf('%+.1f %%', 100 * ($n - $old) / $old) : '-';

    push @more, $name if is_more($row);
}

# the first words of the versions that the figures depend on
sub made_with {
    my $nginx = $Test::Household::Nginx::Binary;
    my ($version) = `$nginx -v 2>&1` =~ m{nginx/([\d.]+)};
    my ($gcc) = `gcc -dumpfullversion` =~ /(\S+)/;
    my ($libc) = `getconf GNU_LIBC_VERSION` =~ /(\S+)$/;
    my ($machine) = `uname -m` =~ /(\S+)/;

    return "nginx $version, gcc $gcc, glibc $libc, $machine";
}

sub recorded {
    my ($file) = @_;
    my %was;

    open my $in, '<', $file or die "$file: $!\n";
    while (<$in>) {
        $was{$1} = $2 if /^([\w-]+)\s+(\d+)/;
        $was{''} = $1 if /^# made with (.*)/;
    }
    return \%was;
}

sub write_record {
    my ($file) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out <<"EOC";
# Instructions of nginx's worker for a request, by row: see instructions.pl.
# "make bench-instructions" compares the first figure with these, and RECORD=1
# writes them; the second is what the row needs above its floor.
# made with $made

EOC
    printf $out "%-14s %6d %6s\n", $_->{name}, $count{ $_->{name} },
        $above{ $_->{name} } // '-' for @rows;
    close $out or die "$file: $!\n";
}

# instructions a request by function
sub per_function {
    my ($few, $many, $asks) = @_;

    return { map { $_ => ($many->{self}{$_} - ($few->{self}{$_} // 0)) / $asks }
             keys %{ $many->{self} } };
}

# what a row has more than its floor, by function
sub print_profile {
    my ($name) = @_;
    my ($row, $floor) = @{ $self{$name} or die "$name has no floor\n" };
    my %more = map { $_ => $row->{$_} - ($floor->{$_} // 0) } keys %$row;

    printf "\n%10s %10s  %s\n", 'more', 'of', 'function';
    for (sort { abs $more{$b} <=> abs $more{$a} } keys %more) {
        printf "%10.1f %10.1f  %s\n", $more{$_}, $row->{$_}, $_
            if abs $more{$_} >= 5;
    }
}

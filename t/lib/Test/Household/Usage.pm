package Test::Household::Usage;

# What a process uses, as /proc tells: of one that has gone, nothing.

use strict;
use warnings;

use Exporter 'import';
use Test::Household::Process qw(slurp);

our @EXPORT_OK = qw(cpu memory fds connections);


# seconds of CPU until now
sub cpu {
    my ($pid) = @_;
    my ($ns) = slurp("/proc/$pid/schedstat") =~ /^(\d+)/;
    return $ns / 1e9 if $ns;

    my @stat = split ' ', slurp("/proc/$pid/stat") =~ s/^.*\) //r;
    return @stat ? ($stat[11] + $stat[12]) / 100 : 0;
}

# its own memory, in KB: what it shares is counted elsewhere
sub memory { (slurp("/proc/$_[0]/status") =~ /^RssAnon:\s+(\d+)/m)[0] // 0 }

sub fds { scalar(() = glob "/proc/$_[0]/fd/*") }

# the TCP connections to a port, of each of the processes
sub connections {
    my ($port, @pids) = @_;
    my $hex = sprintf '%04X', $port;
    my %to = map { $_->[9] => 1 } grep { $_->[2] =~ /:$hex\z/ }
             map { [split] } split /\n/, slurp('/proc/net/tcp');

    return map {
        scalar grep { (readlink // '') =~ /^socket:\[(\d+)\]/ && $to{$1} }
               glob "/proc/$_/fd/*";
    } @pids;
}

1;

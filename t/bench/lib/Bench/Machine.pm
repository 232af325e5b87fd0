package Bench::Machine;

# What the figures were taken on, and what else it was doing.

use strict;
use warnings;

use Exporter 'import';
use POSIX ();
use Test::Household::Nginx;
use Test::Household::Process qw(slurp);

our @EXPORT_OK = qw(keep_memory machine check_load busy available);

my $Tick = POSIX::sysconf(POSIX::_SC_CLK_TCK());


sub _cores { scalar(() = slurp('/proc/cpuinfo') =~ /^processor\b/mg) || 1 }

sub machine {
    my ($cpu) = slurp('/proc/cpuinfo') =~ /^model name\s*:\s*(.*)/m;
    my ($os) = slurp('/etc/os-release') =~ /^PRETTY_NAME="?([^"\n]*)/m;
    my ($nginx) = `$Test::Household::Nginx::Binary -v 2>&1` =~ m{/(\S+)};
    my ($redis) = `redis-server --version` =~ /v=(\S+)/;
    my ($kb) = slurp('/proc/meminfo') =~ /^MemTotal:\s*(\d+)/m;
    my ($load) = split ' ', slurp('/proc/loadavg');

    return { cores => _cores(), processor => $cpu // 'unknown',
             system => $os // 'unknown', nginx => $nginx, redis => $redis,
             memory_gb => int($kb / 1048576 + 0.5), load_at_start => 0 + $load,
             busy_at_start => $load > 0.5 * _cores() ? 1 : 0 };
}

# What docs/performance.md advises, for all servers, those of others, too.
sub keep_memory { $ENV{MALLOC_TRIM_THRESHOLD_} //= 16 << 20 }

# says how busy the machine is, and so what the figures will be worth
sub check_load {
    my ($machine) = @_;
    my ($load, $cores) = @$machine{'load_at_start', 'cores'};

    print STDERR "household: the load is $load, on $cores cores\n";
    print STDERR <<'EOS' if $machine->{busy_at_start};

*** The machine is busy: requests per second and latencies will say more
*** about its other work than about nginx.  CPU per request and ratios stand
*** it better.  Wait until the load is below half of the cores, and repeat.

EOS
}

# megabytes of memory
sub available {
    my ($kb) = slurp('/proc/meminfo') =~ /^MemAvailable:\s*(\d+)/m;
    return $kb / 1024;
}

# microseconds that all cores have worked, for anybody, other machines too
sub busy {
    my ($user, $nice, $system, $idle, $wait, $irq, $softirq, $steal) =
        slurp('/proc/stat') =~ /^cpu +(.*)/m ? split ' ', $1 : ();

    my $ticks = 0;
    $ticks += $_ || 0 for $user, $nice, $system, $irq, $softirq, $steal;
    return $ticks * 1e6 / $Tick;
}

1;

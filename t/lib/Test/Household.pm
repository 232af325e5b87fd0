package Test::Household;

# Test::Nginx for this module.  Use it before Test::Nginx::Socket:
#
#   use lib 't/lib';
#   use Test::Household;
#   use Test::Nginx::Socket;
#
# The environment:
#   TEST_NGINX_BINARY    the nginx, or else that of PATH
#   HOUSEHOLD_MODULE     ngx_http_household_module.so, if it is not linked in
#   TEST_NGINX_SERVROOT  a directory for the files' server roots
#   TEST_NGINX_NO_CLEAN  leaves all files where they are
# and what else Test::Nginx knows.  Every test file has a port and a server
# root of its own, so that files may run side by side.

use strict;
use warnings;

use Exporter 'import';
use File::Basename qw(basename);
use File::Path qw(make_path);
use Test::Household::FakeRedis;
use Test::Household::Nginx qw(http_config location problems load_module);
use Test::Household::Process qw(wait_until free_port temp_dir slurp);
use Test::Household::Redis;

our @EXPORT = qw(http_config location wait_until wait_error_log free_port
                 temp_dir);

my $Owner = $$;
my $Allow;
my @Problems;


BEGIN {
    my $base = $ENV{TEST_NGINX_SERVROOT} || temp_dir();

    $ENV{TEST_NGINX_SERVROOT} = "$base/" . basename($0, '.t') . "-$$";
    make_path($ENV{TEST_NGINX_SERVROOT});

    $ENV{TEST_NGINX_PORT} = free_port();
    delete $ENV{TEST_NGINX_SERVER_PORT};

    # a bound, s: what takes longer to quit is killed, and may keep the port
    $ENV{TEST_NGINX_TIMEOUT} ||= 20;

    # Test::Nginx has a load_module for each of these
    $ENV{TEST_NGINX_LOAD_MODULES} = join ' ', load_module() || (),
        $ENV{TEST_NGINX_LOAD_MODULES} // ();
}

sub error_log { "$ENV{TEST_NGINX_SERVROOT}/logs/error.log" }

# waits for a line in the error log of the block that runs
sub wait_error_log {
    my ($re, $timeout) = @_;
    return wait_until { slurp(error_log()) =~ $re } $timeout;
}

# lines that match are expected: for a whole file, to be called once
sub allow { $Allow = $_[0] }

# a log goes with its block's server root: it is read before that
sub _read_log {
    my $block = $Test::Nginx::Util::PrevBlock;
    my $allow = $block && defined $block->must_die ? qr/\[emerg\]/ : $Allow;
    push @Problems, problems(slurp(error_log()), $allow);
}

END {
    if ($$ == $Owner) {
        _read_log();
        print STDERR "# in the error log: $_" for @Problems;
        $? ||= 1 if @Problems;
    }
}

# END blocks run in the opposite order: that of Test::Nginx, which ends nginx,
# has to be compiled after ours
require Test::Nginx::Util;

{
    no warnings 'redefine';
    my $setup = \&Test::Nginx::Util::setup_server_root;

    *Test::Nginx::Util::setup_server_root = sub ($) {
        my ($first_time) = @_;
        _read_log();
        $setup->($first_time);
    };
}

1;

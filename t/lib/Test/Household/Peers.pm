package Test::Household::Peers;

# Tokens by other implementations, those of npm that t/peers/package.json names:
# their versions and digests are in package-lock.json.  They are installed once,
# below BUILD, and never run a script of their own.
#
#   plan skip_all => $why if my $why = Test::Household::Peers::missing();
#   my ($token, $status) = Test::Household::Peers::run(
#       ['eyevinn mint', { jwk => $jwk, claims => { sub => 'a' } }], ...);
#
# The commands are those of t/peers/peers.js.

use strict;
use warnings;

use Fcntl qw(LOCK_EX);
use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Spec;
use IPC::Open2;
use JSON::PP ();
use Test::Household::Process qw(slurp);

my $Seconds = 240;
my $dir = File::Spec->rel2abs($ENV{BUILD} || 'build') . '/peers';
my $json = JSON::PP->new->canonical->utf8;


# the reason why there are none here, or nothing; in CI that is a failure
sub missing {
    my $why = npm() ? installed() : 'npm is not installed';

    die "$why\n" if $why && $ENV{CI};
    return $why;
}

sub npm {
    return grep { -x "$_/npm" && -x "$_/node" } split /:/, $ENV{PATH};
}

sub installed {
    my $stamp = "$dir/node_modules/installed";
    my $wanted = slurp('t/peers/package-lock.json');

    make_path($dir);
    open my $lock, '>', "$dir/lock" or die "$dir/lock: $!\n";
    flock $lock, LOCK_EX or die "$dir/lock: $!\n";
    return if -e $stamp && slurp($stamp) eq $wanted;

    copy("t/peers/$_", "$dir/$_") or die "$dir/$_: $!\n"
        for qw(package.json package-lock.json);

    system "cd $dir && timeout $Seconds npm install --no-save --ignore-scripts"
        . ' --omit=optional --no-audit --no-fund > install.log 2>&1';
    return 'npm cannot install: ' . slurp("$dir/install.log") if $?;

    open my $out, '>', $stamp or die "$stamp: $!\n";
    print $out $wanted;
    close $out;
    return;
}

# a file of a package
sub file { "$dir/node_modules/$_[0]" }

sub run {
    my (@commands) = @_;

    my $pid = open2(my $out, my $in, 'timeout', $Seconds, 'node',
                    't/peers/peers.js', $dir);
    print $in $json->encode(\@commands);
    close $in;

    my $answers = do { local $/; <$out> };
    waitpid $pid, 0;
    die "peers.js failed: $?\n" if $?;
    return @{ $json->decode($answers) };
}

1;

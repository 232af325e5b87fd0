#!/usr/bin/perl

# docker/packages.sh with an apt and a dpkg of the test's own: a package that
# cannot be had ends it, whoever lacks it, and the log keeps all that was said.

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use Test::More;

my $script = "$FindBin::RealBin/../../docker/packages.sh";
my $dir = tempdir(CLEANUP => 1);
my $log = "$dir/build/packages.log";

mkdir "$dir/bin" or die $!;

sub put {
    my ($name, $text) = @_;

    open my $out, '>', "$dir/$name" or die "$name: $!\n";
    print $out $text;
    close $out;
    chmod 0755, "$dir/$name";
}

sub slurp {
    open my $in, '<', $_[0] or return '';
    local $/;
    return scalar <$in>;
}

# what is installed is in a file; UID, LACKS and FAILS are of the environment

put('bin/id', "#!/bin/sh\n[ \"\$1\" = -u ] && echo \$UID_ || echo me\n");
put('bin/dpkg-query', <<'EOS');
#!/bin/sh
for name; do :; done
grep -qx "$name" "$DIR/installed" && echo 'ii ' || echo 'no package'
EOS
put('bin/apt-cache', <<'EOS');
#!/bin/sh
[ "$1" = pkgnames ] && exit
case " $LACKS " in
    *" $2 "*) echo '  Candidate: (none)' ;;
    *) echo '  Candidate: 1' ;;
esac
EOS
put('bin/apt-get', <<'EOS');
#!/bin/sh
echo "apt-get $*"
case " $* " in
    *' indextargets '*) echo 'http://mirror bookworm'; exit ;;
    *' download '*) [ "$FAILS" != download ] || exit 100 ;;
    *' install '*)
        [ "$FAILS" != install ] || exit 100
        [ "$FAILS" != quietly ] || exit 0
        for name; do echo "$name"; done >> "$DIR/installed" ;;
esac
EOS

sub run {
    my ($sets, %env) = @_;

    local @ENV{qw(PATH DIR BUILD HOUSEHOLD_POLICY_RC_D)} =
        ("$dir/bin:$ENV{PATH}", $dir, "$dir/build", "$dir/policy");
    local @ENV{qw(UID_ LACKS FAILS)} =
        ($env{uid} // 0, $env{lacks} // '', $env{fails} // '');

    put('installed', $env{installed} // '');
    my $said = `$script $sets 2>&1`;
    return ($? >> 8, $said);
}

my $demo = join ' ', sort split ' ', `$script --list demo`;
my ($first, $others) = split / /, $demo, 2;

my ($code, $said) = run('demo', installed => $demo =~ s/ /\n/gr . "\n");
is "$code $said", '0 ', 'nothing is missing';

($code, $said) = run('demo', installed => "$first\n", uid => 1000);
is $code, 1, 'not root: fails';
like $said, qr/missing packages: \Q$others\E - run as root: make/,
    '... and says what is missing, and what to do';
ok !-e $log, '... and writes nothing';

($code, $said) = run('demo');
is $code, 0, 'root: succeeds';
like $said, qr/installing \Q$demo\E\n.*takes minutes/,
    '... and says what it does';
like slurp($log), qr/== .*: demo: \Q$demo\E.*apt-get.* install \Q$demo\E/s,
    '... and logs it';
ok !-e "$dir/policy", '... and leaves no policy behind';

($code, $said) = run('demo', fails => 'install');
is $code, 1, 'apt fails: fails';
like $said, qr/could not be installed: \Q$demo\E - see/,
    '... and says what is missing';
ok !-e "$dir/policy", '... and leaves no policy behind';
is scalar(() = slurp($log) =~ /^== /gm), 2, '... the log has both runs';

($code, $said) = run('demo', fails => 'quietly');
is $code, 1, 'apt succeeds without a package: fails';

($code, $said) = run('demo', lacks => 'redis-server');
is $code, 1, 'the mirror lacks a package: fails';
like $said, qr/the mirror has no redis-server/, '... and says which';

($code, $said) = run('test', lacks => 'libtest-nginx-perl',
                     fails => 'download');
is $code, 1, 'a package of sid cannot be downloaded: fails';
unlike slurp($log) =~ s/.*^== //msr, qr/ install /, '... and goes no further';

($code, $said) = run('nothing');
is $code, 1, 'an unknown set: fails';

done_testing();

#!/usr/bin/perl

# A new file of the module in the place of the old one: a reload refuses it,
# an upgrade runs it; under another name a reload runs it.  And what nginx
# cannot reload at all, "master_process off".

use strict;
use warnings;

use lib 't/lib';
use File::Copy ();
use Test::Household::Nginx qw(http_config location load_module);
use Test::Household::Process qw(wait_until slurp temp_dir);
use Test::Household::Redis;
use Test::More;

my $home = '82.64.10.7';
my $redis = Test::Household::Redis->new(unix => 1);
$redis->cmd(SADD => 'household:{a}', $home);

my %conf = (
    http => http_config(server => $redis->address, zone => '1m'),
    server => location('/', '', 'main zone=households'),
);


sub served {
    my ($edge, $name) = @_;

    for (['a home', $home, '200 home'], ['not', '192.0.2.1', '403 outside']) {
        my ($what, $address, $expected) = @$_;
        my $r = $edge->get('/?account=a', 'X-Forwarded-For' => $address);
        is "$r->{status} $r->{headers}{'x-reason'}", $expected,
            "$name: $what";
    }
}

# the same module that calls itself another version, put at a path as a
# package does it

sub put {
    my ($path, $version) = @_;
    my $text = slurp(load_module());

    my $n = $text =~ s/(household: version )[\d.]{5}, /$1$version, /g;
    is $n, 1, "a module that says $version";

    open my $out, '>:raw', "$path.new" or die "$path.new: $!\n";
    print $out $text;
    close $out;
    rename "$path.new", $path or die "$path: $!\n";
}

sub says {
    my ($edge, $version, $mark, $name) = @_;

    my $re = join ' ', 'household: version', quotemeta "$version,",
        'built for nginx', '\d[\d.]+,', 'hiredis', '\d[\d.]+\n';

    ok $edge->wait_log(qr/\[notice\] .*: $re/, $mark), $name
        or diag $edge->log;
}


SKIP: {
    skip 'the module is linked in, and not loaded', 1 if !load_module();

    my $file = temp_dir('module') . '/household.so';
    put($file, '0.0.1');

    my $edge = Test::Household::Nginx->new(%conf, module => $file,
        daemon => 1, allow => qr/has changed since it was loaded/);
    says($edge, '0.0.1', 0, 'a start says which version runs');
    served($edge, 'a start');

    my $mark = $edge->mark;
    $edge->reload;
    says($edge, '0.0.1', $mark, 'a reload with the same file');

    put($file, '0.0.2');
    $mark = $edge->mark;
    wait_until { $edge->workers == 1 };
    my @workers = $edge->workers;

    $edge->signal('HUP');
    my $changed = quotemeta qq(household: "$file" has changed since it was loaded, )
        . 'and a reload does not load it again: restart nginx, '
        . 'or upgrade it (USR2)';
    ok $edge->wait_log(qr/\[emerg\] .*$changed/, $mark),
        'a reload with another file is refused' or diag $edge->log;
    served($edge, 'a reload that was refused');
    is "@{[$edge->workers]}", "@workers", 'by the same workers';

    $mark = $edge->mark;
    $edge->upgrade;
    says($edge, '0.0.2', $mark, 'an upgrade runs it');
    served($edge, 'an upgrade');
    unlike slurp('/proc/' . $edge->pid . '/maps'), qr/\.so.* \(deleted\)/,
        'and nothing else';

    # names that both have must not be bound to those of the other

    my $other = $file =~ s/\.so$/-3.so/r;
    put($other, '0.0.3');
    $mark = $edge->mark;
    $edge->reload(module => $other);
    says($edge, '0.0.3', $mark, 'a reload with a file of another name runs it');
    served($edge, 'a file of another name');
    $edge->quit;
}

# the former code would go on with logs that are closed, whose descriptors
# clients get

SKIP: {
    skip 'OpenResty ends at SIGHUP then', 1
        if `$Test::Household::Nginx::Binary -v 2>&1` =~ /openresty/;

    my $edge = Test::Household::Nginx->new(%conf, start => 0,
        main => 'master_process off;', allow => qr/master_process off/);

    $edge->configure;
    $edge->spawn($edge->command('-g', 'daemon off;'));
    wait_until { $edge->exited or eval { $edge->connect } };
    served($edge, 'master_process off');

    $edge->signal('HUP');
    my $refused = 'household: a reload with "master_process off" is not '
        . 'supported, restart nginx';
    ok $edge->wait_log(qr/\[emerg\] .*$refused/),
        'master_process off: a reload is refused' or diag $edge->log;
    served($edge, 'a reload that was refused');

    # what loses its connection writes a line

    my @clients = map { $edge->connect } 1 .. 20;
    $clients[$_]->send_request(GET => '/?account=a',
                               'X-Forwarded-For' => $home) for 0 .. 9;
    my @got = map { $clients[$_]->response->{status} } 0 .. 9;
    is "@got", join(' ', (200) x 10), 'clients that stay connected';

    $redis->cmd(CLIENT => 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    ok wait_until {
        $edge->get('/?account=b', 'X-Forwarded-For' => $home)
             ->{headers}{'x-reason'} eq 'unregistered';
    }, 'the connection to Redis is lost, and made again';

    my $strange = '';
    for my $client (@clients) {
        $client->{socket}->blocking(0);
        sysread $client->{socket}, $client->{buf}, 4096,
            length $client->{buf};
        $strange .= $client->{buf};
    }
    is $strange, '', 'no client got what it did not ask for';

    $edge->signal('QUIT');
    ok $edge->wait_exit, 'it quits';
}

done_testing();

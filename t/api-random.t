#!/usr/bin/perl

# household_api: requests at random, with paths, bodies, headers and lines of
# an import that are broken in many ways.  Whatever comes, the worker process
# lives, an answer is JSON of a status of docs/openapi.yaml, nothing of the
# request is reflected unless it is an id, and each write leaves one line.
#
# SEED=n repeats a run, COUNT=n makes it longer.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use Test::Household::Api;
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(temp_dir slurp wait_until);
use Test::Household::Redis;
use Test::More;

my $seed = $ENV{SEED} // int rand 1e9;
my $count = $ENV{COUNT} // 1500;
srand $seed;

my $dir = temp_dir('random');
open my $out, '>', "$dir/hmac.key" or die "hmac.key: $!\n";
print $out 'k' x 40;
close $out;

my $redis = Test::Household::Redis->new(unix => 1);
my $nginx = Test::Household::Nginx->new(
    http => http_config(server => $redis->address)
            . "household_hmac_key $dir/hmac.key;
               household_api_audit $dir/audit.log;",
    server => 'location /api/ { household_api main write; }');

my $json = JSON::PP->new->utf8;
my $mark = 'reflected' . int rand 1e6;
my @workers = $nginx->workers;

sub one { $_[rand @_] }
sub maybe { my $n = shift; return rand() < $n ? @_ : () }

# bytes that mean something somewhere
my @odd = ('%', '%0', '%00', '%0d%0a', '%ff', '%2F', '/', '//', '..', '.', '*',
           ':', '@', '?', '&', '"', '\\', '<', '%', 'x' x 200, '%41' x 130,
           '%zz', ';', '1', '-1', '9' x 30);

sub id { one('a', 'b', 'tv', 's1', one(@odd), one(@odd) . one(@odd)) }

sub network {
    return one('192.0.2.1', '2001:db8::/56', '10.0.0.0/33', '::ffff:1.2.3.4',
               '1.2.3.4%2F24', id());
}

sub path {
    return one('status', 'control', 'import', one(@odd)) if rand() < 0.2;
    my $path = 'accounts/' . id();
    return $path if rand() < 0.15;
    return "$path/" . one('sign-out', 'move-home', 'transfer', one(@odd),
                          'verdict?address=' . network() . '&device=' . id(),
                          'verdict?' . one(@odd))
        if rand() < 0.4;
    return "$path/" . one('home/' . network(), 'extra-members/' . id(),
                          'devices/' . id(), 'travel/' . id());
}

sub value {
    my ($depth) = @_;

    return one(undef, 0, 1, -1, 65536, 1.5, 1e300, '', 'learn', 'a', 'b', 's1',
               'tv', 'FR', "\x{0}", "\x{e9}\x{1f600}", $mark, '192.0.2.1',
               '2001:db8::/56', '1.2.3', '2030-01-01T00:00:00Z',
               '2030-02-30T25:00:00+99:99', 'x' x 300, JSON::PP::true)
        if $depth > 4 || rand() < 0.6;
    return [map { value($depth + 1) } 1 .. rand 4] if rand() < 0.6;
    return object($depth + 1);
}

sub object {
    my ($depth) = @_;

    return { map { $_ => value($depth) }
             map { one(qw(account path home country seats extra_members devices
                          travel device seat networks until seen addresses to
                          mode rollout), $mark) } 1 .. 1 + rand 6 };
}

# mostly right, so that it goes far
sub line {
    my $line = { account => one('a', 'b'), maybe(0.5, home => ['192.0.2.1']),
                 maybe(0.3, seats => 2), maybe(0.3, country => 'FR'),
                 maybe(0.3, devices => [{ device => 'tv' }]),
                 maybe(0.3, extra_members => [{ seat => 's1', networks =>
                     [network()], until => undef }]),
                 maybe(0.3, %{ object(2) }) };
    return $json->encode($line);
}

# breaks a text somewhere
sub broken {
    my ($text) = @_;
    return $text if rand() < 0.6 || !length $text;
    my $at = rand length $text;
    substr $text, $at, rand 4, one('', "\0", "\xff", '"', '{', '[' x 30, "\n",
                                   '\\u0000', '\\ud800', ' ' x 50);
    return $text;
}

sub body {
    my ($path) = @_;
    return broken(join "\n", map { broken(line()) } 1 .. rand 12)
        if $path =~ /^import/;
    return broken($json->encode(object(0)));
}

my %status = map { $_ => 1 } 200, 204, 400, 403, 404, 405, 412, 413, 415, 422,
                             500;
my (%seen, @bad);
my $writes = 0;

for my $n (1 .. $count) {
    my $method = one(qw(GET GET HEAD PUT PUT PATCH POST POST DELETE OPTIONS));
    my $path = path();
    my $body = $method =~ /^P/ && rand() < 0.9 ? body($path) : undef;
    my @headers = (
        defined $body ? ('Content-Type' =>
            rand() < 0.9 ? $path =~ /^import/ ? 'application/x-ndjson'
                                              : 'application/json'
                         : one('text/plain', 'application/json; x', '', ';'))
                      : (),
        maybe(0.1, 'If-Match' => one('*', '""', '"0"', 'W/"x"', '"', $mark)),
        maybe(0.05, Origin => one('null', 'http://', 'x', 'http://localhost')));

    my $api = Test::Household::Api->new($nginx, '/api');
    my $r = eval { $api->call($method, $path, $body, @headers) };

    if (!$r) {
        push @bad, "$method $path: no answer";
        last;
    }

    # nginx itself refuses some request lines, and OPTIONS of none
    my $ours = ($r->{headers}{'content-type'} // '') =~ m{^application/};
    my $empty = $r->{status} == 204 || $method eq 'HEAD';

    $seen{ $r->{status} }++;
    $writes++ if ($ours || $r->{status} == 204) && $method !~ /^(?:GET|HEAD)$/;

    push @bad, "$method $path: status $r->{status}" if !$status{ $r->{status} };
    push @bad, "$method $path: no JSON: $r->{body}"
        if $ours && !$empty && !defined $r->{json};

    # as it has been written: the name of a seat, say
    next if $method eq 'GET' && $r->{status} == 200;

    push @bad, "$method $path: reflected" if ($r->{body} // '') =~ /\Q$mark/;
}

is_deeply \@bad, [], 'no bad answer' or diag "SEED=$seed";
is_deeply [$nginx->workers], \@workers, 'the worker process lives';
ok $seen{$_}, "some were answered with $_" for 200, 204, 400, 404, 405, 422;

my @lines;
ok wait_until {
    @lines = split /\n/, slurp("$dir/audit.log");
    $writes <= grep { /"status":/ } @lines;
}, 'each write has left a line' or diag "SEED=$seed";
is scalar(grep { !eval { $json->decode($_) } } @lines), 0,
    'which is JSON' or diag "SEED=$seed";

# what edges read of it is what the API said is valid

my $api = Test::Household::Api->new($nginx, '/api');
is_deeply [map { @{ $_->{malformed} } }
           map { $api->get("accounts/$_")->{json} } qw(a b)], [],
    'nothing malformed was written' or diag "SEED=$seed";

done_testing;

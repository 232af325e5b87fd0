#!/usr/bin/perl

# Tokens of both formats, most of them spoilt in one way or several, with the
# verdict of another verifier: nginx accepts what that accepts, for the same
# account, and nothing else.

use strict;
use warnings;

use lib 't/lib';
use Test::Household::Nginx qw(http_config);
use Test::Household::Process qw(temp_dir);
use Test::Household::Redis;
use Test::More;

my $python = '/usr/bin/python3';
my $count = $ENV{TOKEN_MODEL_COUNT} // 400;
my $seed = $ENV{TOKEN_MODEL_SEED} // 1;

system("$python -c 'import cryptography' 2> /dev/null") == 0
    or plan skip_all => 'python3-cryptography is not installed';

my $dir = temp_dir('model');
my $redis = Test::Household::Redis->new(unix => 1);

for my $format ('jwt', 'cat') {
    my @lines = `$python t/tools/token-model.py $dir $format $count $seed`;
    my ($accepted, $asked) = (0, 0);
    my @wrong;

    is scalar @lines, $count, "$format: tokens of the other verifier";

    my $nginx = Test::Household::Nginx->new(
        http => http_config(server => $redis->address, zone => '1m'),
        server => <<"EOC");
location / {
    household monitor;
    household_store main zone=households;
    household_token bearer;
    household_token_key $dir/keys format=$format;
    household_token_leeway 0;
    add_header X-Reason \$household_reason;
    add_header X-Account \$household_account;
    empty_gif;
}
EOC

    for (@lines) {
        my ($good, $account, $token) = split ' ';

        # what a header field can have
        next if !defined $token || $token =~ /[^\x21-\x7e]/;

        for my $time (1, 2) {
            my $h = $nginx->get('/', Authorization => "Bearer $token")
                ->{headers};
            my $reason = $h->{'x-reason'} // '';
            my $got = unpack 'H*', $h->{'x-account'} // '';

            push @wrong, "$reason, $got; expected $account, time $time: $token"
                if $good ? $reason =~ /^token_/ || $got ne $account
                         : $reason !~ /^token_/;
            last if !$good;
        }

        $accepted += $good;
        $asked++;
    }

    is "@wrong[0 .. ($#wrong < 5 ? $#wrong : 4)]", '',
        "$format: $asked tokens: as the other verifier says";
    cmp_ok $accepted, '>', $count / 10, "$format: some are accepted";
    cmp_ok $asked - $accepted, '>', $count / 3, "$format: many are rejected";
}

done_testing;

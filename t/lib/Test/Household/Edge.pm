package Test::Household::Edge;

# Test::Nginx blocks in front of a real Redis: what all of them share.
#
#   use lib 't/lib';
#   use Test::Household::Edge;
#   use Test::Nginx::Socket 'no_plan';
#
# It adds to a block:
#   --- redis      commands, one a line; Redis is empty before each block.
#                  NOW, NOW+60 and NOW-60 are Unix times; a word with
#                  {0..9} in it stands for ten words.
#   --- guard      directives of the guarded "location /"
#   --- viewers    one request a line, and what is expected of it:
#                  ADDRESS [METHOD:]URI STATUS $household_status $..._reason
#                  where - is no address (the request comes from 127.0.0.1),
#                  or no value of a variable
#
# In http {} stand the store, the account and the device, which are arguments
# of the request, and two headers that tell what was decided.  A block without
# "config" has one location, which is guarded and serves an empty gif.

use strict;
use warnings;

use Exporter 'import';

# what is waited for is waited for: a block need not sleep as well
BEGIN { $ENV{TEST_NGINX_SLEEP} ||= 0.004 if !$ENV{TEST_NGINX_USE_VALGRIND} }

use Test::Household;
use Test::Household::Redis;
use Test::Nginx::Socket;
use Text::ParseWords qw(shellwords);

our @EXPORT = qw(redis edge_http);

my $Redis;

# a unix socket that a server of the block may listen on
$ENV{TEST_NGINX_EDGE_SOCKET} = temp_dir('edge') . '/edge.sock';


# the Redis of this file, started when it is first asked for
sub redis { $Redis ||= Test::Household::Redis->new(unix => 1) }

# what stands in http {}; "redis" is further text of the household_redis block
sub edge_http {
    my (%opt) = @_;
    my $server = $opt{server} || redis()->address;
    my $redis = $opt{redis} // 'connect_timeout 5s; timeout 5s;';

    return <<"EOC";
    household_redis main { server $server; $redis }
    household_store main;
    household_account \$arg_account;
    household_device \$arg_device;
    add_header X-Status \$household_status always;
    add_header X-Reason \$household_reason always;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
EOC
}

sub _run_redis {
    my ($commands) = @_;

    redis()->cmd('FLUSHALL');

    for my $line (grep { /\S/ } split /\n/, $commands) {
        $line =~ s/\bNOW([+-]\d+)?/time + ($1 || 0)/ge;
        redis()->cmd(map { _expand($_) } shellwords($line));
    }
}

sub _expand {
    my ($word) = @_;
    return $word =~ /^(.*)\{(\d+)\.\.(\d+)\}(.*)$/
        ? map { "$1$_$4" } $2 .. $3 : $word;
}

# a table of requests becomes the lists that Test::Nginx has for them
sub _viewers {
    my ($block) = @_;
    my $more = $block->more_headers // '';
    my (@request, @more, @code, @headers);

    for my $line (grep { /\S/ && !/^\s*#/ } split /\n/, $block->viewers) {
        my ($address, $uri, $code, @value) = split ' ', $line;
        die $block->name, ": what is expected?  $line\n" if @value != 2;

        push @request, $uri =~ /^([A-Z]+):(.*)/ ? "$1 $2" : "GET $uri";
        push @more, ($address eq '-' ? '' : "X-Forwarded-For: $address\n")
                    . $more;
        push @code, $code;
        push @headers, join "\n", map {
            my $value = shift @value;
            $value eq '-' ? "!$_" : "$_: $value"
        } 'X-Status', 'X-Reason';
    }

    # of one request Test::Nginx wants no lists
    my @all = map { @$_ == 1 ? $_->[0] : $_ }
              \(@request, @more, @code, @headers);
    $block->set_value($_ => shift @all)
        for qw(request more_headers error_code response_headers);
}

add_block_preprocessor(sub {
    my ($block) = @_;

    # blocks run in any order, and are known by their place in the file
    $block->set_value(name => 'TEST ' . $block->seq_num . ': ' . $block->name);

    $block->set_value(http_config =>
        edge_http() . ($block->http_config // ''))
        if !defined $block->bare;

    if (!defined $block->config) {
        my $guard = $block->guard // '';
        $block->set_value(config => <<"EOC");
    location / {
        household on;
        $guard
        empty_gif;
    }
EOC
    }

    _run_redis($block->redis // '') if !defined $block->bare;
    _viewers($block) if defined $block->viewers;
});

no_root_location();
no_long_string();

1;

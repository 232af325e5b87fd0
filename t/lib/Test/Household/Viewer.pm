package Test::Household::Viewer;

# A viewer at home, of any account, and what becomes of him, for tests in
# which the store changes: what is expected is expected soon.
#
#   my $edge = edge("server 127.0.0.1:$port;");
#   is_soon $edge, 'a1', 'home', 'known again';

use strict;
use warnings;

use Exporter 'import';
use Test::Household::Nginx qw(location);
use Test::Household::Process qw(wait_until);
use Test::More;

our @EXPORT = qw($Home edge reason soon is_soon);

our $Home = '82.64.10.7';


# an nginx whose household_redis block has this text
sub edge {
    my ($text, %opt) = @_;
    return Test::Household::Nginx->new(
        server => location('/t') . 'location /status { household_metrics; }',
        %opt,
        http => "household_redis main { $text }
                 set_real_ip_from 127.0.0.1;
                 real_ip_header X-Forwarded-For;");
}

# what a request of the account is told
sub reason {
    my ($edge, $account) = @_;
    return $edge->get("/t?account=$account", 'X-Forwarded-For' => $Home)
                ->{headers}{'x-reason'};
}

sub is_soon {
    my ($edge, $account, $want, $name) = @_;
    my $got;
    wait_until { ($got = reason($edge, $account)) eq $want };

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $got, $want, $name or diag $edge->log;
}

sub soon (&$;$) {
    my ($code, $name, $timeout) = @_;
    my $got = &wait_until($code, $timeout);

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok $got, $name;
}

1;

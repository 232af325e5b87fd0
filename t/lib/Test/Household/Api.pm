package Test::Household::Api;

# The API of an nginx, for tests: an account that is written and asked about.
#
#   my $api = Test::Household::Api->new($nginx, '/api');
#   my $r = $api->get('accounts/a');            # status, headers, json
#   my $r = $api->call(PUT => 'accounts/a/home/192.0.2.1', {});
#
# A body that is a reference is sent as JSON.  A response whose type is JSON
# has the member "json".

use strict;
use warnings;

use JSON::PP;
use Test::More;

my $Json = JSON::PP->new->utf8->canonical;


sub new {
    my ($class, $nginx, $prefix) = @_;
    return bless { nginx => $nginx, prefix => $prefix }, $class;
}

sub get { my ($self, @args) = @_; return $self->call(GET => @args) }

sub call {
    my ($self, $method, $path, $body, @headers) = @_;
    my $conn = $self->{nginx}->connect;

    if (ref $body) {
        $body = $Json->encode($body);
        push @headers, 'Content-Type' => 'application/json'
            if !grep { $_ eq 'Content-Type' } @headers;
    }

    push @headers, 'Content-Length' => length $body if defined $body;
    $conn->send_request($method, "$self->{prefix}/1/$path", @headers,
                        Connection => 'close');
    $conn->send($body) if defined $body;

    my $r = $conn->response;

    $r->{json} = eval { $Json->decode($r->{body}) }
        if ($r->{headers}{'content-type'} // '') =~ m{^application/\S*json$};
    $r->{code} = ref $r->{json} eq 'HASH' ? $r->{json}{code} : undef;
    return $r;
}

# a name of the test, the status, the code of the problem, and the call
sub fails {
    my ($self, $name, $status, $code, @call) = @_;
    my $r = $self->call(@call);
    my $json = $r->{json} || {};

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is "$r->{status} " . ($json->{code} // '-') . ' '
       . ($json->{status} // '-') . ' ' . ($r->{headers}{'content-type'} // ''),
       "$status $code $status application/problem+json", $name;
    return $r;
}

1;

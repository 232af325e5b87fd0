package Bench::Rows;

# What is measured: one location a row, and what is asked of it.
#
# A row is a hash:
#   name, what       the word and the text it goes by
#   conf             directives of the location, beside "serve"
#   serve            "empty_gif" or what is in its place
#   http             directives of http {}
#   ask              code: the number of an account to [uri, header lines...]
#   asks             how many numbers "ask" takes, if not one an account
#   status           of every answer
#   floor            the row it is compared with: the same request
#   lookups          of Redis a request; 0 is "hardly any"
#   tls              it is asked over TLS
#   row              requests of a connection, if not all
#
# Every row asks with the same account in the arguments, so that all of them
# parse the same request line.

use strict;
use warnings;

use Exporter 'import';
use Bench::Data qw(account stranger tokens jwks);
use Bench::Origin;

our @EXPORT_OK = qw(rows http_text location_text crowd);

# accounts, more than a worker process remembers
sub crowd { 6000 }

# an edge that has room for all, and no refresh while it is measured
my $Cached = 'household_store main zone=households fresh=1h stale=1h;';
my $Forgetful = 'household_store main zone=unseen fresh=1h stale=1h;';
my $Uncached = 'household_store main;';
my $Account = 'household_account $arg_account;';

my $Offer = <<'EOC';
household_offer FR price=5.99 currency=EUR
                url=https://www.example.tv/extra-member;
household_offer default url=https://www.example.tv/household;
EOC


sub _at_home { [ '?account=' . account($_[0]) ] }
sub _away    { [ '?account=' . stranger($_[0]) ] }

# the same again and again: what a player asks on one connection
sub _again {
    my ($ask) = @_;
    return asks => 1, ask => sub { $ask->(1) };
}

sub _row {
    my ($name, $what, %row) = @_;
    return { name => $name, what => $what, status => 200, lookups => 0,
             floor => 'floor', ask => \&_at_home, conf => '', http => '',
             serve => 'empty_gif;', %row };
}

# what verifies tokens of this kind; "dir" takes the key set
sub _token_conf {
    my ($alg, $dir) = @_;
    my $file = "$dir/$alg.jwks";
    my $format = $alg =~ /^CAT/ ? ' format=cat' : '';

    open my $out, '>', $file or die "$file: $!\n";
    print $out jwks($alg);
    close $out;

    return "household_token bearer;\n"
         . "household_token_key $file issuer=https://id.example$format;\n";
}

# rows with a token of this kind, for "n" accounts
sub _token_rows {
    my ($alg, $n, $dir) = @_;
    my $conf = _token_conf($alg, $dir);
    my $name = $alg eq 'CATU' ? 'CAT with catu' : $alg;
    my $one = $alg =~ /^CAT/ ? "a $name" : "an $name token";
    my $token = $alg =~ /^CAT/ ? $name : "$name token";
    my (@token, @unseen);

    my $ask = sub {
        @token = tokens($alg, $n) if !@token;
        [ '?account=' . account($_[0]),
          'Authorization: Bearer ' . $token[($_[0] - 1) % $n] ];
    };

    # each was forgotten long before it comes again: see the zone "unseen"
    my $unseen = sub {
        @unseen = map { tokens($alg, 20, $_) } 1 .. 50 if !@unseen;
        [ '?account=' . account(($_[0] - 1) % 20 + 1),
          'Authorization: Bearer ' . $unseen[$_[0] - 1] ];
    };

    return (
        _row("floor-$alg", "empty_gif, asked with $one",
            ask => $ask, floor => "floor-$alg"),
        _row("cached-$alg", "cached, $token seen before",
            ask => $ask, floor => "floor-$alg",
            conf => "household on;\n$Cached\n$conf"),
        _row("kept-$alg", "cached, the same $token on each connection",
            _again($ask), floor => "floor-$alg",
            conf => "household on;\n$Cached\n$conf"),
        _row("verify-$alg", "cached, every $token verified",
            ask => $unseen, asks => 1000, floor => "floor-$alg",
            conf => "household on;\n$Forgetful\n$conf"),
    );
}

# As an edge is used: over TLS, with a token, and what is asked for comes from
# a server behind it.  In the first pair each request is another account's; in
# the second it is a player's: a connection, a manifest, and then its segments.
sub _proxied_rows {
    my ($n, $dir) = @_;
    my $serve = Bench::Origin::serve();
    my ($segments, $players) = (100, $n / 10);
    my $alg = 'ES256';
    my $on = "household on;\n$Cached\n" . _token_conf($alg, $dir);
    my @token;

    my $bearer = sub {
        @token = tokens($alg, $n) if !@token;
        return "Authorization: Bearer $token[($_[0] - 1) % $n]";
    };
    my $play = sub {
        my $segment = ($_[0] - 1) % ($segments + 1);
        my $file = $segment ? "segment-$segment.m4s" : 'manifest.mpd';

        [ "?file=$file", $bearer->(1 + ($_[0] - 1) / ($segments + 1)) ];
    };

    my @all = (tls => 1, serve => $serve, floor => 'floor-proxied',
               ask => sub { [ '', $bearer->($_[0]) ] });
    my @player = (tls => 1, serve => $serve, floor => 'floor-player',
                  ask => $play, row => $segments + 1,
                  asks => $players * ($segments + 1));

    return (
        _row('floor-proxied', "proxied over TLS, with an $alg token", @all),
        _row('proxied', "proxied over TLS, cached, $alg token seen before",
            @all, conf => $on),
        _row('floor-player', 'a player: TLS, a token, a manifest and '
            . "$segments segments, proxied", @player),
        _row('player', 'a player, cached', @player, conf => $on),
    );
}

# beside the rows without it
sub _shadow_rows {
    my ($policy) = @_;
    my $conf = "$Account\n$Cached\nhousehold_shadow $policy;\n";

    return (
        _row('shadow', 'cached, at home, with a second policy',
            floor => 'cached', conf => "household on;\n$conf"),
        _row('shadow-away', 'cached, outside, monitored, with a second policy',
            ask => \&_away, floor => 'monitor',
            conf => "household monitor;\n$conf$Offer"),
    );
}

sub rows {
    my (%opt) = @_;
    my $on = "household on;\n$Account\n";

    return (
        _row('floor', 'empty_gif, no household at all'),
        _row('off', 'household off', conf => "$Account\n$Cached"),
        _row('cached', 'cached, at home', conf => $on . $Cached),
        _row('kept', 'cached, at home, one account on each connection',
            _again(\&_at_home), conf => $on . $Cached),
        _row('crowd', 'cached, at home, ' . crowd() . ' accounts in turn',
            asks => crowd(), conf => $on . $Cached),
        _row('device', 'cached, at home, with a device',
            conf => "$on$Cached\nhousehold_device player-2;"),
        _row('monitor', 'cached, outside, monitored', ask => \&_away,
            conf => "household monitor;\n$Account\n$Cached\n$Offer"),
        _row('denied', 'cached, outside: 403 and problem+json',
            ask => \&_away, status => 403, conf => "$on$Cached\n$Offer"),
        _row('denied-quiet', 'the same, with household_log_level info',
            ask => \&_away, status => 403,
            conf => "$on$Cached\n$Offer\nhousehold_log_level info;"),
        _row('lookup', 'looked up in Redis, unix socket',
            lookups => 1, conf => $on . $Uncached),
        (map { _shadow_rows($_) } $opt{shadow} || ()),
        (map { _row("lookup-$_", "looked up in Redis, \U$_", lookups => 1,
                    conf => $on . "household_store $_;") }
            @{ $opt{ways} || [] }),
        (map { _token_rows($_, @opt{qw(accounts dir)}) }
            @{ $opt{tokens} || [] }),
        $opt{proxied} ? _proxied_rows(@opt{qw(accounts dir)}) : (),
    );
}

# What stands in http {} of all rows; "redis" maps names to the text of
# household_redis blocks.
sub http_text {
    my (%redis) = @_;

    # ample: nobody is to be let in or out by a busy machine
    return <<"EOC" . join '', map { <<"EOB" } sort keys %redis;
access_log off;
keepalive_requests 1000000000;
keepalive_timeout 1h;
household_zone zone=households:64m;
household_zone zone=unseen:64k;
household_policy tighter { household_trusted_device 14d; }
EOC
household_redis $_ {
    $redis{$_}
    connect_timeout 20s;
    timeout 20s;
}
EOB
}

sub location_text {
    my ($row) = @_;

    return <<"EOC";
$row->{http}
location = /$row->{name} {
    $row->{conf}
    $row->{serve}
}
EOC
}

1;

package Test::Household::Browser;

# A real browser, Chromium without a window, that a test drives: it opens
# pages, runs scripts in them and waits for what they show.
#
#   needs(qw(chromium ffmpeg));
#   my $browser = Test::Household::Browser->new;
#   my $page = $browser->open('http://127.0.0.1:8080/');
#   $page->run('document.title');
#   ok $page->soon('document.querySelector("video").currentTime > 1');
#   is_deeply [$page->complaints], [];
#
# It speaks the protocol of Chromium's developer tools over a pipe.

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use Exporter 'import';
use Fcntl qw(F_DUPFD);
use JSON::PP;
use POSIX ();
use Test::Household::Process qw(temp_dir wait_until);
use Test::More ();

our @EXPORT_OK = qw(needs);

my @Flags = ('--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
    '--no-first-run', '--disable-sync', '--disable-background-networking',
    '--disable-component-update', '--disable-dev-shm-usage',
    '--autoplay-policy=no-user-gesture-required', '--mute-audio',
    '--remote-debugging-pipe', 'about:blank');


sub program {
    my ($name) = @_;
    return (grep { -x } map { "$_/$name" } split /:/, $ENV{PATH})[0];
}

# the test is about these programs: without one it is skipped, but not in CI
sub needs {
    for my $name (grep { !program($_) } @_) {
        die "no $name\n" if $ENV{CI};
        Test::More::plan(skip_all => "no $name");
    }
}

# "flags" are more of the command line
sub new {
    my ($class, %opt) = @_;
    my $dir = temp_dir('browser');
    my $self = bless { dir => $dir, id => 0, buf => '', events => [] }, $class;

    pipe my $in, $self->{to} or die "pipe: $!\n";
    pipe $self->{from}, my $out or die "pipe: $!\n";
    $self->{to}->autoflush;

    my $setpriv = '/usr/bin/setpriv';
    my @command = (-x $setpriv ? ($setpriv, '--pdeathsig', 'TERM', '--') : (),
        program('chromium'), @{ $opt{flags} // [] },
        "--user-data-dir=$dir/user", @Flags);

    $self->spawn(sub {
        my @high = map { fcntl($_, F_DUPFD, 10) } $in, $out;

        POSIX::dup2($high[$_], 3 + $_) for 0, 1;
        exec { $command[0] } @command;
    });

    return $self;
}

# a command, and its result
sub call {
    my ($self, $method, $params, $session) = @_;
    my $id = ++$self->{id};

    print { $self->{to} } encode_json({ id => $id, method => $method,
        params => $params // {}, $session ? (sessionId => $session) : () }),
        "\0" or die "the browser is gone\n";

    my $reply = wait_until { $self->reply($id) }
        or die "the browser does not answer $method: " . $self->output;

    die "$method: $reply->{error}{message}\n" if $reply->{error};
    return $reply->{result};
}

# one message more, or nothing if none comes in a while
sub message {
    my ($self) = @_;
    my $end;

    while (($end = index $self->{buf}, "\0") < 0) {
        my $ready = '';

        vec($ready, fileno $self->{from}, 1) = 1;
        return if !select $ready, undef, undef, 0.02;
        sysread $self->{from}, $self->{buf}, 65536, length $self->{buf}
            or die 'the browser is gone: ' . $self->output;
    }

    return decode_json(substr substr($self->{buf}, 0, $end + 1, ''), 0, -1);
}

sub reply {
    my ($self, $id) = @_;

    while (my $message = $self->message) {
        return $message if ($message->{id} // '') eq $id;
        push @{ $self->{events} }, $message if $message->{method};
    }
    return;
}

# a tab with this page
sub open {
    my ($self, $url) = @_;
    my $page = bless { browser => $self }, 'Test::Household::Browser::Page';

    my $target = $self->call('Target.createTarget', { url => 'about:blank' });

    $page->{session} = $self->call('Target.attachToTarget',
        { targetId => $target->{targetId},
          flatten => JSON::PP::true })->{sessionId};
    $page->call("$_.enable") for qw(Page Runtime Log);
    $page->call('Page.navigate', { url => $url });
    $page->soon('document.readyState === "complete"'
                . ' && location.href !== "about:blank"');

    return $page;
}


package Test::Household::Browser::Page;

use JSON::PP;
use MIME::Base64 qw(decode_base64);
use Test::Household::Process qw(wait_until);

sub call {
    my ($self, $method, $params) = @_;
    return $self->{browser}->call($method, $params, $self->{session});
}

# the value of a script; a promise is waited for
sub run {
    my ($self, $script) = @_;
    my $r = $self->call('Runtime.evaluate', { expression => $script,
        awaitPromise => JSON::PP::true, returnByValue => JSON::PP::true,
        userGesture => JSON::PP::true });

    die "$script: $r->{exceptionDetails}{exception}{description}\n"
        if $r->{exceptionDetails};
    return $r->{result}{value};
}

# waits until a script has a true value
sub soon {
    my ($self, $script, $timeout) = @_;
    return wait_until { eval { $self->run($script) } } $timeout || 120;
}

# a key: Tab, Enter or Space
sub key {
    my ($self, $name) = @_;
    my ($code, $text) = @{ { Tab => [9], Enter => [13, "\r"],
                             Space => [32, ' '] }->{$name} };
    my %key = (key => $name eq 'Space' ? ' ' : $name, code => $name,
               windowsVirtualKeyCode => $code);

    $self->call('Input.dispatchKeyEvent', { type => 'keyDown', %key,
        $text ? (text => $text) : () });
    $self->call('Input.dispatchKeyEvent', { type => 'keyUp', %key });
}

# text that is typed where the focus is
sub type { $_[0]->call('Input.insertText', { text => $_[1] }) }

# a theme of the system, "light" or "dark", and a width of the window
sub looks {
    my ($self, $theme, $width) = @_;

    $self->call('Emulation.setEmulatedMedia', { features => [
        { name => 'prefers-color-scheme', value => $theme }] });
    $self->call('Emulation.setDeviceMetricsOverride', { width => $width,
        height => 1500, deviceScaleFactor => 1, mobile => JSON::PP::false });
}

# what the browser has said against the page: exceptions, errors of the
# console, resources that were not loaded, violations of a policy
sub complaints {
    my ($self) = @_;

    $self->run('0');

    return map {
        my $p = $_->{params};

        $_->{method} eq 'Runtime.exceptionThrown'
            ? $p->{exceptionDetails}{exception}{description}
              // $p->{exceptionDetails}{text}
        : $_->{method} eq 'Log.entryAdded' && $p->{entry}{level} eq 'error'
            ? "$p->{entry}{text} " . ($p->{entry}{url} // '')
        : $_->{method} eq 'Runtime.consoleAPICalled'
          && $p->{type} =~ /^(?:error|assert)$/
            ? join ' ', map { $_->{value} // $_->{description} // '' }
                        @{ $p->{args} }
        : ()
    } grep { ($_->{sessionId} // '') eq $self->{session} }
      @{ $self->{browser}{events} };
}

# for people: a PNG of the page
sub picture {
    my ($self, $file) = @_;
    my $r = $self->call('Page.captureScreenshot',
                        { captureBeyondViewport => JSON::PP::true });

    open my $out, '>:raw', $file or die "$file: $!\n";
    print $out decode_base64($r->{data});
    close $out;
}

1;

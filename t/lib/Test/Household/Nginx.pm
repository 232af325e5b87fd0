package Test::Household::Nginx;

# An nginx of the test's own, with a master and workers, for what Test::Nginx
# leaves no room for: reloads under load, quits, stopped processes.
#
#   my $nginx = Test::Household::Nginx->new(http => '...', server => '...');
#   my $r = $nginx->get('/a', 'X-Forwarded-For' => '192.0.2.1');
#   is $r->{status}, 200; is $r->{headers}{'x-reason'}, 'home';
#
# At the end of the test its error log is read: see problems().  Further
# options: workers, connections (of each), user, log_level, main (text), before
# (text, ahead of the module), module (another file than that of the
# environment), start => 0, daemon => 1, allow => qr/lines of the log that are
# expected/.

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use Exporter 'import';
use File::Spec;
use Test::Household::Process qw(wait_until free_port temp_dir slurp);

our @EXPORT_OK = qw(http_config location problems load_module);

our $Binary = $ENV{TEST_NGINX_BINARY} || 'nginx';

# "allow" of a test that kills worker processes: one may have had a lock
our $Killed = qr/exited on signal 9|was locked by \d+|died holding the lock/;

# nginx runs itself again by this name, without a look at PATH
($Binary) = grep { -x } map { "$_/$Binary" } split /:/, $ENV{PATH}
    if $Binary !~ m{/};

my @All;
my $Version = `$Binary -V 2>&1`;
my $Owner = $$;

# LeakSanitizer looks through a process that exits, which has taken 25 seconds
# where forty others were running
my $Exit = $Version =~ /-fsanitize=address/ ? 50 : undef;


# the module: linked into the binary, or the file in HOUSEHOLD_MODULE
sub load_module {
    return '' if $Version =~ /--add-module=/;
    return File::Spec->rel2abs($ENV{HOUSEHOLD_MODULE} || return '');
}

# What most tests need of http {}: a Redis named main at the addresses of
# "server", and viewers whose address is in X-Forwarded-For.  "redis" is more
# text of that block, "zone" the size of a zone named households, if any.
sub http_config {
    my (%opt) = @_;
    my $servers = ref $opt{server} ? $opt{server} : [$opt{server} || ()];

    return join "\n",
        $opt{zone} ? "household_zone zone=households:$opt{zone};" : (),
        'household_redis main {',
        (map { "    server $_;" } @$servers),
        $opt{redis} // "    connect_timeout 5s;\n    timeout 5s;",
        '}',
        'set_real_ip_from 127.0.0.1;',
        'real_ip_header X-Forwarded-For;', '';
}

# a location that is decided on: the account and the device are arguments
sub location {
    my ($path, $text, $store) = @_;
    ($text, $store) = ($text // '', $store // 'main');

    return <<"EOC";
location $path {
    household on;
    household_store $store;
    household_account \$arg_account;
    household_device \$arg_device;
    add_header X-Status \$household_status always;
    add_header X-Reason \$household_reason always;
    add_header X-Cache \$household_cache_status always;
    $text
    empty_gif;
}
EOC
}

# the lines of a log that no test may end with
sub problems {
    my ($text, $allow) = @_;

    return grep { !$allow || $_ !~ $allow }
           grep { /^(?:\S+ \S+ |nginx: )\[(?:alert|emerg)\]/
                  || /open socket #|ERROR: \w+Sanitizer|runtime error:/ }
           grep { !/LeakSanitizer/ }    # nginx itself leaves some
           split /^/, $text;
}


sub new {
    my ($class, %opt) = @_;
    my $self = bless { %opt, dir => temp_dir('nginx') }, $class;

    $self->{port} = free_port();
    mkdir "$self->{dir}/html";
    push @All, $self;

    return $self->{start} // 1 ? $self->start : $self;
}

# sets any of: main, http, server, before (text), workers, log_level, module
sub configure {
    my ($self, %opt) = @_;
    @$self{keys %opt} = values %opt;

    my $module = $self->{module} // load_module();
    my @temp = map { "${_}_temp_path $self->{dir}/$_;" } 'client_body',
        grep { $Version !~ /--without-http_${_}_module/ }
        qw(proxy fastcgi uwsgi scgi);

    # written aside: a reload of before may be reading it
    my $file = "$self->{dir}/nginx.conf";
    open my $out, '>', "$file.new" or die "$file.new: $!\n";
    print $out join "\n",
        $self->{before} // '',
        $module ? "load_module $module;" : '',
        $> == 0 ? 'user ' . ($self->{user} || 'root') . ';' : '',
        'worker_processes ' . ($self->{workers} || 1) . ';',
        "error_log $self->{dir}/error.log " . ($self->{log_level} || 'info')
            . ';',
        "pid $self->{dir}/nginx.pid;",
        'env ASAN_OPTIONS; env UBSAN_OPTIONS; env LSAN_OPTIONS;',
        $self->{main} // '',
        'events { worker_connections ' . ($self->{connections} || 1024)
            . '; }',
        "http { access_log $self->{dir}/access.log;", @temp,
        $self->{http} // '',
        "server { listen 127.0.0.1:$self->{port};",
        "root $self->{dir}/html;",
        $self->{server} // '', '} }', '';
    close $out;
    rename "$file.new", $file or die "$file: $!\n";
}

sub command {
    my ($self, @more) = @_;
    return ($Binary, '-p', "$self->{dir}/", '-c', "$self->{dir}/nginx.conf",
            '-e', "$self->{dir}/error.log", @more);
}

# nginx -t: whether the configuration is good, and what was said
sub test {
    my ($self) = @_;
    my $command = join ' ', map { quotemeta } $self->command('-t');

    # it frees nothing in the end
    local $ENV{ASAN_OPTIONS} = join ',', $ENV{ASAN_OPTIONS} // (),
        'detect_leaks=0';

    $self->configure;
    my $said = `$command 2>&1`;
    return ($? == 0, $said);
}

# TEST_NGINX_USE_VALGRIND: options, or a number for a log that is looked at
sub _valgrind {
    my ($self) = @_;
    my $use = $ENV{TEST_NGINX_USE_VALGRIND} or return;

    return ('valgrind', '-q', split ' ', $use) if $use =~ /^-/;
    return ('valgrind', '-q', "--log-file=$self->{dir}/valgrind.%p");
}

sub start {
    my ($self) = @_;

    $self->configure;
    delete $self->{terminated};
    $self->spawn($self->_valgrind, $self->command('-g', 'daemon '
        . ($self->{daemon} ? 'on;' : 'off;')));

    # the first process goes before the second one writes down its pid
    if ($self->{daemon}) {
        $self->wait_exit;
        my $pid = wait_until { $self->pidfile };
        $self->adopt($pid) if $pid;
    }

    # the master listens before there are workers, if there are any
    my $alone = ($self->{main} // '') =~ /master_process off/;
    wait_until {
        $self->exited
            or $alone ? eval { $self->connect }
                      : $self->workers >= ($self->{workers} || 1)
    };
    die "nginx did not start:\n" . $self->output . $self->log
        if !eval { $self->connect };
    return $self;
}

# returns when the new workers run; "%opt" as of configure()
sub reload {
    my ($self, %opt) = @_;
    my $mark = $self->mark;

    $self->configure(%opt);
    $self->signal('HUP');
    $self->wait_log(qr/start worker process \d+/, $mark)
        or die "nginx did not reload:\n" . $self->log;
}

# a new binary beside the old one, up to its workers, and then without: needs
# "daemon => 1"
sub upgrade {
    my ($self) = @_;
    my $old = $self->pid;

    $self->signal('USR2');
    wait_until {
        my $new = $self->pidfile;
        $new && $new != $old && _children($new);
    } or die "nginx did not upgrade:\n" . $self->log;

    $self->signal('QUIT');
    $self->adopt($self->pidfile);
}

sub pidfile { (slurp("$_[0]{dir}/nginx.pid") =~ /(\d+)/)[0] }

sub quit { $_[0]->stop('QUIT') }

sub log  { slurp("$_[0]{dir}/error.log") }
sub mark { -s "$_[0]{dir}/error.log" || 0 }

sub access_log { slurp("$_[0]{dir}/access.log") }

# waits for a line of the error log, from a mark on
sub wait_log {
    my ($self, $re, $mark, $timeout) = @_;
    return wait_until {
        slurp("$self->{dir}/error.log", $mark) =~ $re
    } $timeout;
}

# the workers that run, those that are shutting down too
sub workers {
    my ($self) = @_;
    return $self->{pid} ? _children($self->{pid}) : ();
}

sub _children { split ' ', slurp("/proc/$_[0]/task/$_[0]/children") }

# A master process that gets TERM kills workers that take a second to end, as
# they may under a sanitizer.
sub stop {
    my ($self, $signal, $timeout) = @_;
    $self->{terminated} = $self->mark if ($signal // 'TERM') eq 'TERM';
    return $self->SUPER::stop($signal, $timeout // $Exit);
}

sub problem_lines {
    my ($self) = @_;
    my $end = defined $self->{terminated}
        ? slurp("$self->{dir}/error.log", $self->{terminated}) : '';
    my $log = $self->log;

    $log = substr($log, 0, -length $end)
           . $end =~ s/^.* worker process \d+ exited on signal 9$//mgr
        if length $end;
    return problems($log . $self->output, $self->{allow}),
           $self->{killed} ? "it had to be killed\n" : (),
           map { split /^/, slurp($_) } glob "$self->{dir}/valgrind.*";
}

sub connect {
    my ($self) = @_;
    return Test::Household::Nginx::Conn->new($self->{port});
}

# A number of the page of metrics at /status, or at the path that is "page":
# the sum over the series that have all these labels.
#
#   $nginx->metric('cache_lookups_total', kind => 'account', result => 'hit')
sub metric {
    my ($self, $name, %label) = @_;
    my $sum = 0;
    my $page = delete $label{page} // '/status';

    for (split /\n/, $self->get($page)->{body}) {
        my ($labels, $n) = /^nginx_household_$name\{(.*)\} (\d+)$/ or next;
        my %has = $labels =~ /(\w+)="([^"]*)"/g;
        $sum += $n if !grep { ($has{$_} // '') ne $label{$_} } keys %label;
    }
    return $sum;
}

# one request on a connection of its own; or, with TEST_HOUSEHOLD_KEPT, on one
# of so many that are kept
sub get {
    my ($self, $path, @headers) = @_;
    return $self->_get_kept($path, @headers) if $ENV{TEST_HOUSEHOLD_KEPT};

    my $conn = $self->connect;
    $conn->send_request(GET => $path, @headers, Connection => 'close');
    return $conn->response;
}

sub _get_kept {
    my ($self, @request) = @_;
    my $i = $self->{turn}++ % $ENV{TEST_HOUSEHOLD_KEPT};

    for my $try (1, 2) {
        my $conn = $self->{kept}[$i] ||= $self->connect;
        my $r = eval { $conn->get(@request) };

        # closed by nginx: after this response, or since the last one
        delete $self->{kept}[$i]
            if !$r || ($r->{headers}{connection} // '') eq 'close';
        return $r if $r;
    }

    die "$request[0]: no response\n";
}

END {
    if ($$ == $Owner) {
        my $bad = 0;
        {
            local $?;
            $_->signal('QUIT') for @All;
            $_->quit for @All;
        }

        for my $line (map { $_->problem_lines } @All) {
            print STDERR "# in the log of nginx: $line";
            $bad = 1;
        }
        $? ||= $bad;
    }
}


# A connection of an HTTP client: send_request() as often as wanted, and
# then response() as often, which is pipelining.

package Test::Household::Nginx::Conn;

use parent -norequire, 'Test::Household::Redis::Client';
use Test::Household::Redis;

sub new {
    my ($class, $port) = @_;
    my $self = $class->SUPER::new("127.0.0.1:$port");
    $self->{methods} = [];
    return $self;
}

sub send_request {
    my ($self, $method, $path, @headers) = @_;
    my $text = "$method $path HTTP/1.1\r\n";

    unshift @headers, Host => 'localhost' if !grep { $_ eq 'Host' } @headers;

    while (my ($name, $value) = splice @headers, 0, 2) {
        $text .= "$name: $value\r\n";
    }

    push @{ $self->{methods} }, $method;
    $self->send("$text\r\n");
}

sub get {
    my ($self, @args) = @_;
    $self->send_request(GET => @args);
    return $self->response;
}

# a hash of status, headers (lower-case names) and body; dies if cut short
sub response {
    my ($self) = @_;
    my $method = shift @{ $self->{methods} };
    my $head = $self->take(qr/\A(.*?\r\n)\r\n/s);

    my ($status) = $head =~ m{\AHTTP/1\.[01] (\d{3})} or die "bad: $head\n";
    my %headers = map { /^([^:]+):\s*(.*?)\r?$/ ? (lc $1, $2) : () }
                  split /\n/, $head;
    my $r = { status => $status, headers => \%headers, head => $head,
              body => '' };

    if ($method eq 'HEAD' || $status == 204 || $status == 304) {
        return $r;
    }

    if (($headers{'transfer-encoding'} // '') eq 'chunked') {
        while (my $n = hex $self->take(qr/\A([0-9a-f]+)\r\n/i)) {
            $r->{body} .= $self->take(qr/\A(.{$n})\r\n/s);
        }
        $self->take(qr/\A(\r\n)/);

    } elsif (defined(my $n = $headers{'content-length'})) {
        1 while length $self->{buf} < $n && ($self->fill || die "cut short\n");
        $r->{body} = substr $self->{buf}, 0, $n, '';

    } else {
        1 while $self->fill;
        $r->{body} = delete $self->{buf};
    }

    return $r;
}

sub take {
    my ($self, $re) = @_;

    while (1) {
        my ($text) = $self->{buf} =~ $re;

        if (defined $text) {
            substr $self->{buf}, 0, $+[0], '';
            return $text;
        }

        $self->fill or die "the connection was closed\n";
    }
}

sub close { close $_[0]{socket} }

1;

#!/usr/bin/perl

# The image and the stack without containers: docker/compose.yaml names what
# is there and gives each service what its files ask for; the scripts of the
# image; the manifests of docs/kubernetes.md; Prometheus with the edges.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use Test::Household::Nginx qw(load_module);
use Test::Household::Process qw(free_port slurp temp_dir wait_until);
use Test::More;

# a file of YAML, by way of JSON; the part of a page that is YAML
sub yaml {
    my ($text) = @_;
    my $file = temp_dir() . '/in.yaml';

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out;

    my $json = `/usr/bin/python3 -c 'import json, sys, yaml
print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))' $file`;

    return @{ decode_json($json) };
}


# --- docker/compose.yaml --------------------------------------------------

my ($compose) = yaml(slurp('docker/compose.yaml'));
my $services = $compose->{services};

sub built {
    my ($service) = @_;
    my $build = $service->{build} or return;
    return "docker/$build->{context}/$build->{dockerfile}";
}

for my $name (sort keys %$services) {
    my $service = $services->{$name};
    my $after = $service->{depends_on} // {};
    my @after = ref $after eq 'HASH' ? keys %$after : @$after;

    is_deeply [grep { !$services->{$_} } @after], [],
        "$name: waits for services that there are";

    for my $other (ref $after eq 'HASH' ? @after : ()) {
        my $is = $services->{$other};

        is $after->{$other}{condition},
            $is->{network_mode} ? 'service_completed_successfully'
                                : 'service_healthy',
            "$name: waits until $other is of use";
        ok $is->{healthcheck} || $is->{network_mode}
           || slurp(built($is)) =~ /^HEALTHCHECK/m,
            "$name: which can be seen of $other";
    }

    like $service->{image}, qr/^household(?:-\w+)?$|:v?\d/,
        "$name: its version is fixed, or it is built";
    is $service->{pull_policy}, $service->{build} ? undef : 'never',
        "$name: another service builds it, or it does"
        if $service->{image} =~ /^household/;
    ok -e built($service), "$name: what it is built of"
        if $service->{build};

    for (@{ $service->{volumes} // [] }) {
        my ($from, $to) = split /:/;

        ok $from =~ /^\./ ? -e "docker/$from"
                          : exists $compose->{volumes}{$from},
            "$name: $from is there";

        next if $to !~ /templates$/;

        my %env = %{ $service->{environment} };
        my %asked = map { $_ => 1 } map { slurp($_) =~ /\$\{([A-Z][A-Z0-9_]*)\}/g }
                    glob "docker/$from/*.template";

        is_deeply [sort keys %env], [sort keys %asked],
            "$name: its variables are those of $from";
    }

    like $_, qr/^127\.0\.0\.1:\$\{[A-Z]+_PORT:-(\d+)}:\1$/,
        "$name: is reached from this machine only, on a port of choice"
        for @{ $service->{ports} // [] };
}

my %built;

$built{ $_->{image} }++ for grep { $_->{build} } values %$services;
is_deeply \%built, { map { $_ => 1 } map { "household$_" } '', qw(-film -shop) },
    'each image is built once';

# a server of a template is the only one: the default of the image is replaced

is_deeply [glob 'docker/stack/*/*.template'],
    [map { "docker/stack/$_/default.conf.template" } qw(edge front origin)],
    'the templates replace default.conf of the image';
like slurp('docker/Dockerfile'), qr{^COPY --chown=www-data \S*/default\.conf }m,
    'which the user of the image can write to';

# a tmpfs has the mode of the folder that it hides, and belongs to root

like slurp('docker/Dockerfile'), qr/^    && chmod 1777 $_$/m,
    "who the user of the image may be, he can write to $_"
    for grep { $_ ne '/tmp' } @{ $compose->{'x-nginx'}{tmpfs} };

# a log of http would have each request once more than that of the server

for my $file (glob 'docker/stack/*/*.template') {
    my @servers = slurp($file) =~ /^server \{\n(.*?)^}/msg;

    is scalar(grep { /^    access_log /m } @servers), @servers,
        "$file: each server has its log, or none";
    unlike slurp($file), qr/^access_log/m, "$file: and no other";
}

# each program of the application gets the variables that it reads

my %read = map { $_ => 1 } slurp('docker/stack/shop.py')
    =~ /environ\["(\w+)"\]/g;
is_deeply [sort keys %{ $services->{shop}{environment} }], [sort keys %read],
    'shop: its variables are those of shop.py';

for my $file (slurp('docker/stack/Dockerfile') =~ /^COPY (.*) \S+$/mg) {
    ok -e "docker/$_", "docker/stack/Dockerfile: $_" for split ' ', $file;
}

# what is built in the image has all files that it is built of

my $source = temp_dir('source');

for (slurp('docker/Dockerfile') =~ s/\\\n//gr =~ /^COPY ((?!--).*)/mg) {
    my @files = split;
    my $to = pop @files;

    ok -e $_, "docker/Dockerfile: $_" for @files;
    next if $to =~ m{^/};

    # of a folder the contents are copied

    $_ .= '/.' for grep { -d } @files;
    system "mkdir -p $source/$to && cp -R @files $source/$to";
}

# "make -n" runs the makes that it calls, which have nothing yet

my $make = `env -u MAKEFLAGS -u BUILD -u NGINX_SRC \\
    make -n -C $source MAKE=true build-module 2>&1`;
is $?, 0, 'docker/Dockerfile: what make needs' or diag $make;
is_deeply [grep { !-e "$source/$_" } slurp('config') =~ /[\w\/]+\.c\b/g],
    [], 'docker/Dockerfile: what config names';

# the users of Redis may do what the pages say, and nothing else

sub rights {
    my ($text) = @_;
    return sort $text =~ /(?:^|[ '"])([~&+-][@\w:*|-]+)/mg;
}

for (['EDGE', 'docs/redis.md', 'All of it, for standalone servers:'],
     ['DESK', 'docs/api.md', '.*With `write`:'])
{
    my ($user, $page, $before) = @$_;
    my ($documented) = slurp($page) =~ /^$before\n\n```\n(.*?)```/ms;
    my ($given) = slurp('docker/stack/keys.py')
        =~ /^$user = \((.*?)\)$/ms;

    is_deeply [rights($given =~ s/"\n *"//gr)], [rights($documented)],
        "$user of keys.py: the permissions that $page names";
}

# a restart of Redis loses nothing of what a script has written

{
    my $dir = temp_dir('keys');
    my $port = free_port();
    my $redis = bless { dir => temp_dir('redis') }, 'Test::Household::Process';
    my $ask = sub {
        return join ' ', split ' ', `REDISCLI_AUTH=\$(cat $dir/edge.pass) \\
            redis-cli -p $port --user edge @_ 2>&1`;
    };
    my $start = sub {
        $redis->spawn('redis-server', 'docker/stack/redis.conf', '--bind',
            '127.0.0.1', '--port', $port, '--dir', $redis->{dir},
            '--aclfile', "$dir/users.acl");
        ok +(wait_until { $redis->exited or $ask->('ping') eq 'PONG' }),
            'Redis runs, with the users of keys.py' or diag $redis->output;
    };

    system('/usr/bin/python3', 'docker/stack/keys.py', $dir);
    $start->();
    $ask->('eval', q{"redis.call('hset', KEYS[1], 'tv', '1')}
        . q{ redis.call('expire', KEYS[1], 1000)"}, 1, 'household-device:a');
    is $ask->('hgetall', 'household-device:a'), 'tv 1', 'a script writes';
    $redis->stop;
    $start->();
    is $ask->('hgetall', 'household-device:a'), 'tv 1',
        'and a restart keeps it' or diag $redis->output;
    like `redis-cli -p $port ping 2>&1`, qr/NOAUTH/, 'only users of keys.py';
    like `redis-cli -p $port auth default x 2>&1`, qr/WRONGPASS/, 'sign in';
    $redis->stop;
}

SKIP: {
    my ($checker) = grep { -x } map { "$_/docker-compose" }
                    split /:/, $ENV{PATH};

    die "no docker-compose\n" if !$checker && $ENV{CI};
    skip 'no docker-compose', 1 if !$checker;

    # a version 1 does not know what a stack is called

    my $said = `(grep -v ^name: docker/compose.yaml |
        $checker --project-directory docker -f - config -q) 2>&1`;
    is $said, '', 'compose.yaml: docker-compose accepts it';
}


# --- the image ------------------------------------------------------------

my $dir = temp_dir('image');
my $script = 'docker/image/entrypoint.sh';

sub put {
    my ($name, $text, $mode) = @_;

    open my $out, '>', "$dir/$name" or die "$name: $!\n";
    print $out $text;
    close $out;
    chmod $mode // 0644, "$dir/$name";
}

mkdir "$dir/$_" for qw(templates conf.d scripts bin);
put('templates/a.conf.template', "listen \${PORT}; set \$x \${x}\$PORT"
    . " \${UNSET} '\${ODD}';\n");
put('scripts/1.envsh', "export ODD='a & \\b'\n");
put('scripts/2.sh', "#!/bin/sh\nprintf '%s' \"\$ODD\" > $dir/ran\n",
    0755);
put('bin/nginx', "#!/bin/sh\necho \"nginx \$*\"\n", 0755);

local $ENV{PATH} = "$dir/bin:$ENV{PATH}";
my $env = "PORT=81 NGINX_ENVSUBST_TEMPLATE_DIR=$dir/templates"
    . " NGINX_ENVSUBST_OUTPUT_DIR=$dir/conf.d"
    . " HOUSEHOLD_ENTRYPOINT_DIR=$dir/scripts";

is `env $env $script true 2>&1`, '', 'another command than nginx';
ok !-e "$dir/conf.d/a.conf", 'needs no templates';
is `env $env $script nginx -g x 2>&1`, "nginx -g x\n", 'the command is run';
is slurp("$dir/conf.d/a.conf"),
    "listen 81; set \$x \${x}\$PORT \${UNSET} 'a & \\b';\n",
    'after the templates, with what is set alone';
is slurp("$dir/ran"), 'a & \b', 'and the scripts';

my $edge = Test::Household::Nginx->new;

is system("HEALTH_PORT=$edge->{port} docker/image/health.sh"), 0,
    'a running nginx is healthy';
isnt system('HEALTH_PORT=' . free_port() . ' docker/image/health.sh'
            . ' 2> /dev/null'), 0, 'none is not';

# the configuration of the image with another place for its files

my $conf = slurp('docker/image/nginx.conf');

$conf =~ s{/etc/nginx/conf\.d/}{$ENV{PWD}/docker/image/}
    or die 'no conf.d';
$conf =~ s{/docker/image/\*\.conf}{/docker/image/default.conf};
$conf =~ s{include  /etc/nginx/modules-enabled.*}{};
$conf =~ s{/(?:tmp|var/log/nginx)/}{$dir/}g;
$conf =~ s{listen  8080}{listen 127.0.0.1:$edge->{port}};
put('nginx.conf', $conf);

my @command = $edge->command;
my $said = `$command[0] -t -e $dir/error.log -c $dir/nginx.conf 2>&1`;
like $said, qr/test is successful/, 'nginx.conf and default.conf of the image'
    or diag $said;


# --- docs/kubernetes.md ---------------------------------------------------

my ($text) = slurp('docs/kubernetes.md') =~ /^```yaml\n(.*?)^```/ms;
my %is = map { $_->{kind} => $_ } yaml($text);

is_deeply [sort keys %is], [qw(ConfigMap Deployment Service)], 'the manifests';

my $spec = $is{Deployment}{spec};
my $pod = $spec->{template}{spec};
my ($container) = @{ $pod->{containers} };
my %port = map { $_->{name} => $_->{containerPort} } @{ $container->{ports} };
my %volume = map { $_->{name} => $_ } @{ $pod->{volumes} };
my $labels = $spec->{template}{metadata}{labels};
my $file = $is{ConfigMap}{data}{'household.conf'};

is $is{Deployment}{apiVersion}, 'apps/v1', 'Deployment: its version';
is_deeply $spec->{selector}{matchLabels}, $labels, 'Deployment: its pods';
is_deeply $is{Service}{spec}{selector}, $labels, 'Service: the same';
ok exists $port{ $_->{targetPort} }, "Service: the port $_->{targetPort}"
    for @{ $is{Service}{spec}{ports} };
ok exists $port{ $container->{$_}{httpGet}{port} }, "$_: its port"
    for qw(startupProbe readinessProbe);
ok $volume{ $_->{name} }, "the volume $_->{name}"
    for @{ $container->{volumeMounts} };
is $volume{conf}{configMap}{name}, $is{ConfigMap}{metadata}{name},
    'the ConfigMap';
like $file, qr/listen $_;/, "port $_ is listened on" for values %port;
is $spec->{template}{metadata}{annotations}{'prometheus.io/port'},
    $port{metrics}, 'the metrics';

my %secret = map { $_ => 1 } $file =~ m{/etc/household/([\w.]+)}g;
my ($create) = slurp('docs/kubernetes.md') =~ /^(kubectl create.*)/m;
is_deeply [sort $create =~ /--from-file=(\S+)/g], [sort keys %secret],
    'the Secret has what is named';

put('hmac.key', 'x' x 40);
put('redis.pass', 'secret');
put('playback.jwks', '{"keys":[{"kty":"oct","k":"' . 'A' x 43 . '"}]}');

$file =~ s{/etc/household/}{$dir/}g;
$file =~ s{listen (\d+);}{listen 127.0.0.1:$1;}g;
$file =~ s{\S+\.svc\.cluster\.local}{http://127.0.0.1}g;
$file =~ s{server +http://127}{server 127};

my ($good, $all) = Test::Household::Nginx->new(start => 0, http => $file)->test;
ok $good, 'its configuration is one' or diag $all;


# --- the shop -------------------------------------------------------------

# another shop beside that of the demo in this folder, stopped and started

sub shop_again {
    my ($dir, @ports) = @_;
    my $port = free_port();
    my $shop = bless { dir => temp_dir('shop') }, 'Test::Household::Process';

    my $run = sub {
        my ($meanwhile) = @_;
        local $ENV{PYTHONDONTWRITEBYTECODE} = 1;

        $shop->spawn('/usr/bin/env', "SHOP=127.0.0.1:$port",
            "KEYS=$dir/keys", "REDIS=127.0.0.1:$ports[1]",
            "ADMIN_1=127.0.0.1:$ports[6]", "ACCOUNT=$shop->{dir}/account",
            '/usr/bin/python3', 'docker/stack/shop.py');
        $meanwhile->() if $meanwhile;

        ok +(wait_until { $shop->exited or
            `curl -q -s --noproxy '*' http://127.0.0.1:$port/shop/mails` eq '[]'
        }), 'a shop runs' or diag $shop->output;
        $shop->stop;
        is $shop->{status}, 0, 'the shop ends when it is told to';

        return slurp("$shop->{dir}/account");
    };

    my $account = $run->();
    my $api = "http://127.0.0.1:$ports[6]/api/1/accounts/$account";

    is $run->(), $account, 'its account is that of the last time';

    my $status = "curl -q -s --noproxy '*' -o $shop->{dir}/said -w '%{http_code}'";
    my ($redis) = `pgrep -f 'redis-serve[r] 127.0.0.1:$ports[1]'` =~ /(\d+)/
        or die "no Redis\n";
    Test::Household::Process::pause_pid($redis);
    is $run->(sub {
        ok +(wait_until {
            503 eq `$status $api`
        }), 'Redis does not answer';
        sleep 1;
        kill CONT => $redis;
    }), $account, 'the same if Redis does not answer for some time';

    system "curl -q -s --noproxy '*' -o $shop->{dir}/deleted -X DELETE $api";
    isnt $run->(), $account, 'and another one if Redis does not have it';
}


# --- Prometheus, and the edges of the demo --------------------------------

SKIP: {
    my ($prometheus, $promtool) = map {
        my $name = $_;
        (grep { -x } map { "$_/$name" } split /:/, $ENV{PATH})[0]
    } qw(prometheus promtool);

    die "no prometheus\n" if !$promtool && $ENV{CI};
    skip 'no prometheus', 1 if !$promtool;

    my @ports = map { free_port() } 1 .. 8;
    my $port = free_port();
    my $demo = bless { dir => temp_dir('demo') }, 'Test::Household::Process';
    my $server = bless { dir => temp_dir('prom') }, 'Test::Household::Process';
    my $film = temp_dir('film');

    # no film is watched
    open my $out, '>', "$film/film.m3u8" or die "film.m3u8: $!\n";
    close $out;

    $ENV{DEMO_PORTS} = "@ports";
    $ENV{DEMO_FILM} = $film;
    $ENV{HOUSEHOLD_MODULE} = load_module();
    $demo->spawn('docker/demo/demo.sh', 'run');
    ok +(wait_until { $demo->exited or $demo->output =~ /Open this page/ } 180),
        'the stack runs' or diag $demo->output;

    my $config = slurp('docker/stack/prometheus.yml');

    $config =~ s/edge-(\d):8081/127.0.0.1:$ports[5 + $1]/g;
    $config =~ s{/etc/household/}{$ENV{PWD}/docker/monitoring/};
    $config =~ s/interval: 15s/interval: 1s/g;
    put('prometheus.yml', $config);

    my $check = `$promtool check config $dir/prometheus.yml 2>&1`;
    is $?, 0, 'prometheus.yml, with the rules' or diag $check;

    $server->spawn($prometheus, "--config.file=$dir/prometheus.yml",
        "--storage.tsdb.path=$dir/data",
        "--web.listen-address=127.0.0.1:$port");

    my $query = "http://127.0.0.1:$port/api/v1/query?query="
        . 'count(nginx_household_build_info%7Bjob=%22edge%22%7D)';

    my $both = wait_until {
        `curl -q -s --noproxy '*' '$query'` =~ /"value":\[[\d.]+,"2"\]/
    } 60;
    ok $both, 'it sees both edges' or diag $server->output, $demo->output;

    $server->stop;
    shop_again(($demo->output =~ m{tail -f (\S+)/edge-1})[0], @ports);
    $demo->stop;
}

done_testing;

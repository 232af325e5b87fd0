# Sourced by demo.sh: the Redis and the nginx of the demo, from start to end.
# Sets $dir, which holds all that they write, the edge's $port, $nginx_pid.

# shellcheck shell=bash disable=SC2034,SC2154

PATH=$PATH:/usr/sbin:/sbin

nginx=${TEST_NGINX_BINARY:-nginx}
redis_pid=
nginx_pid=


die() {
    echo "demo: $*" >&2
    exit 1
}

# waits at most a minute for a command to succeed: the machine may be busy
wait_for() {
    local i

    for ((i = 0; i < 600; i++)); do
        if "$@" > /dev/null 2>&1; then
            return 0
        fi
        sleep 0.1
    done

    return 1
}

gone() {
    ! kill -0 "$1" 2> /dev/null
}

stop() {
    kill -TERM "$1" 2> /dev/null || true
    wait_for gone "$1" || kill -KILL "$1"
    wait "$1" 2> /dev/null || true
}

clean_up() {
    trap '' INT TERM HUP
    [ -z "$nginx_pid" ] || stop "$nginx_pid"
    [ -z "$redis_pid" ] || stop "$redis_pid"
    stop_stack
    [ -z "$dir" ] || rm -rf "$dir"
}

make_dir() {
    local need

    for need in "$nginx" curl openssl redis-server redis-cli; do
        command -v "$need" > /dev/null || die "no $need here"
    done

    trap clean_up EXIT

    # workers of nginx may run as another user, and must get to the sockets

    dir=$(mktemp -d /tmp/household-demo.XXXXXXXX)
    chmod 711 "$dir"
}

redis() {
    redis-cli -s "$dir/redis.sock" "$@"
}

# what was registered is kept in $dir when Redis is stopped
start_redis() {
    redis-server --port 0 --unixsocket "$dir/redis.sock" \
        --unixsocketperm 777 --dir "$dir" --save 3600 1 --daemonize no \
        --logfile "$dir/redis.log" &
    redis_pid=$!

    wait_for redis ping || die "Redis does not start"
}

stop_redis() {
    stop "$redis_pid"
    redis_pid=
}

taken() {
    (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null
}

answers_or_gone() {
    gone "$nginx_pid" \
        || curl -q -s --noproxy '*' -o "$dir/body" "http://127.0.0.1:$port/"
}

workers() {
    echo "$(< "/proc/$nginx_pid/task/$nginx_pid/children")"
}

all_new() {
    local pid

    [ -n "$(workers)" ] || return 1

    for pid in $old_workers; do
        gone "$pid" || return 1
    done
}

# with what is in its files now; those that ran before have left when it is
# done, so that none of them answers any more
reload_nginx() {
    old_workers=$(workers)
    kill -HUP "$nginx_pid"
    wait_for all_new || die "nginx does not reload"
}

# start_nginx TEMPLATE [MODULE]
start_nginx() {
    local conf load=

    if [ -n "$2" ]; then
        load="load_module \"$(realpath "$2")\";"
    fi

    port=$((20000 + RANDOM % 12000))

    while taken $port; do
        port=$((port + 1))
    done

    conf=$(< "$1")
    conf=${conf//@LOAD_MODULE@/"$load"}
    conf=${conf//@DIR@/"$dir"}
    conf=${conf//@PORT@/"$port"}
    echo "$conf" > "$dir/nginx.conf"

    "$nginx" -e "$dir/error.log" -p "$dir" -c "$dir/nginx.conf" &
    nginx_pid=$!

    if ! wait_for answers_or_gone || gone "$nginx_pid"; then
        die "nginx does not start"
    fi
}

# Sourced by demo.sh: the stack of docker/compose.yaml without containers.
# Redis, two edges, the origin, the shop and the page in front of them run with
# the same files, each on a port of its own.

# shellcheck shell=bash disable=SC2034,SC2154

stack=$here/../stack
stack_pids=()
python=/usr/bin/python3

# nothing is written beside the programs
export PYTHONDONTWRITEBYTECODE=1


stop_stack() {
    local pid

    for pid in "${stack_pids[@]}"; do
        stop "$pid"
    done

    stack_pids=()
}

# until one of its programs ends
wait_for_stack() {
    wait -n "${stack_pids[@]}" || true
}

# free_ports N: so many in a row; or those of DEMO_PORTS
free_ports() {
    local first=$((20000 + RANDOM % 11000)) i

    if [ -n "${DEMO_PORTS:-}" ]; then
        echo "$DEMO_PORTS"
        return
    fi

    for ((i = 0; i < $1; i++)); do
        if taken $((first + i)); then
            first=$((first + i + 1)) i=-1
        fi
    done

    seq -s ' ' $first $((first + $1 - 1))
}

# start NAME COMMAND...: what it says is in $dir/NAME.log
start() {
    local name=$1
    shift

    "$@" > "$dir/$name.log" 2>&1 &
    stack_pids+=($!)
}

# start_role NAME TEMPLATES: an nginx for the service of that name, with the
# configuration of a folder of docker/stack
start_role() {
    local role=$1

    mkdir -p "$dir/$role/conf.d"
    "$here/../image/templates.sh" "$stack/$2" "$dir/$role/conf.d"

    cat > "$dir/$role/nginx.conf" << END
${HOUSEHOLD_MODULE:+load_module "$(realpath "$HOUSEHOLD_MODULE")";}
worker_processes  1;
daemon            off;
pid               nginx.pid;
error_log         error.log notice;

events {
}

http {
    client_body_temp_path  tmp;
    proxy_temp_path        tmp;
    fastcgi_temp_path      tmp;
    uwsgi_temp_path        tmp;
    scgi_temp_path         tmp;

    types {
        text/html        html;
        text/css         css;
        text/javascript  js;
        image/svg+xml    svg;
    }

    include  conf.d/*.conf;
}
END
    start "$role" "$nginx" -e "$dir/$role/error.log" -p "$dir/$role" \
        -c "$dir/$role/nginx.conf"
}

listens() {
    taken "${1##*:}"
}

must_listen() {
    wait_for listens "$2" || die "$1 does not start:" \
        "$(cat "$dir/$1.log" "$dir/$1/error.log" 2> /dev/null | tail -n 3)"
}

# start_stack FILM: with the film in that folder.  What is served is copied,
# for workers of nginx that run as another user.
start_stack() {
    local port ports

    "$python" -c 'import jwcrypto' 2> /dev/null \
        || die "no python3-jwcrypto here"

    read -ra ports <<< "$(free_ports 8)"
    for port in "${!ports[@]}"; do
        ports[port]=127.0.0.1:${ports[port]}
    done

    cp -R "$stack/page" "$dir/html"
    cp -R "$1" "$dir/film"
    chmod -R a+rX "$dir/html" "$dir/film"

    export KEYS=$dir/keys FILM=$dir/film PAGE_ROOT=$dir/html
    export LOG=access.log FRONT=127.0.0.1 ACCOUNT=$dir/account
    export PAGE=${ports[0]} REDIS=${ports[1]} ORIGIN=${ports[2]}
    export SHOP=${ports[3]} EDGE_1=${ports[4]} EDGE_2=${ports[5]}
    export ADMIN_1=${ports[6]} ADMIN_2=${ports[7]}

    "$python" "$stack/keys.py" "$KEYS"
    mkdir "$dir/redis"
    start redis redis-server "$stack/redis.conf" --bind 127.0.0.1 \
        --port "${REDIS##*:}" --dir "$dir/redis" --aclfile "$KEYS/users.acl"
    must_listen redis "$REDIS"

    start_role origin origin
    EDGE=$EDGE_1 ADMIN=$ADMIN_1 API=/edge/1/api/ start_role edge-1 edge
    EDGE=$EDGE_2 ADMIN=$ADMIN_2 API=/edge/2/api/ start_role edge-2 edge
    must_listen origin "$ORIGIN"
    must_listen edge-1 "$ADMIN_1"
    must_listen edge-2 "$ADMIN_2"

    start shop "$python" "$stack/shop.py"
    must_listen shop "$SHOP"
    start_role page front
    must_listen page "$PAGE"
}

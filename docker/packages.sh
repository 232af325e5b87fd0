#!/bin/bash
#
# docker/packages.sh [--list] SET...: installs the Debian packages that the
# named sets lack, as root; otherwise says which command does it.  Quick when
# nothing is missing.
#
# Sets: build demo run test modules peers valkey fuzz monitoring matrix deb
# bench.
#
# --list prints the names only.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/apt.sh"

BUILD=${BUILD:-build-$(id -un)}


declare -A packages=(
    # what the module is compiled against, and nginx itself
    [build]="gcc libc6-dev libcbor-dev libhiredis-dev libjansson-dev
             libmaxminddb-dev libssl-dev make nginx nginx-dev"

    # a Redis, something to ask with, and the shop
    [demo]="curl openssl python3 python3-jwcrypto redis-server"

    # what makes the film
    [run]="ffmpeg"

    # the suite: units, real servers, valgrind
    [test]="aspell aspell-en curl git jose jq libcmocka-dev libcrypt-jwt-perl
            libcryptx-perl libfaketime libio-socket-ssl-perl
            libmaxmind-db-writer-perl libnginx-mod-http-lua
            libtest-nginx-perl nghttp2-client openssl perl
            python3-cryptography python3-jsonschema python3-jwcrypto
            python3-jwt python3-yaml
            redis-sentinel redis-server shellcheck valgrind"

    # the dynamic modules of others; "*" is what apt knows of
    [modules]="libnginx-mod-*"

    # other implementations of tokens, which npm installs
    [peers]="nodejs npm"

    # what a part of the suite runs with instead of Redis
    [valkey]="valkey-sentinel valkey-server"

    [fuzz]="clang libclang-rt-dev llvm"
    [matrix]="git iproute2 mmdebstrap util-linux"

    # the alerts in a real Prometheus, the dashboard in a real browser, and
    # what checks the stack
    [monitoring]="chromium docker-compose prometheus
                  python3-prometheus-client"

    # what makes the package, and what checks it
    [deb]="bash-completion build-essential debhelper dpkg-dev fakeroot git
           lintian"

    # what measures, and what is measured beside the module
    [bench]="golang-github-gomodule-redigo-dev golang-go haproxy
             libcrypt-jwt-perl libio-socket-ssl-perl libjemalloc2
             libnginx-mod-http-js
             libnginx-mod-http-lua libssl-dev lua-nginx-redis
             node-redis nodejs openssl perl python3-hiredis
             python3-httptools python3-redis python3-uvloop redis-server
             util-linux uvicorn valgrind varnish varnish-redis"
)


list() {
    local set name names=

    for set in "$@"; do
        [ -n "${packages[$set]:-}" ] \
            || die "no set of packages is called \"$set\""

        # no names of files
        set -f
        for name in ${packages[$set]}; do
            case $name in
                *\*) names="$names $(known "${name%\*}")" ;;
                *) names="$names $name" ;;
            esac
        done
        set +f
    done

    echo $names
}


# those of others that begin with "$1"

known() {
    if [ -z "$(apt-cache pkgnames "$1")" ] && [ "$(id -u)" = 0 ]; then
        echo "household: apt-get update" >&2
        apt-get -q -q update >&2
    fi

    apt-cache pkgnames "$1" | grep -v -e -dev$ -e -household$ | sort
}


missing() {
    local name

    for name in "$@"; do

        # a Node.js that is not Debian's may bring npm along
        if [ "$name" = npm ] && command -v npm > /dev/null; then
            continue
        fi

        case $(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>&1) in
            ii*|hi*) ;;
            *) echo "$name" ;;
        esac
    done
}


available() {
    apt-cache policy "$1" | grep -q '^  Candidate: [^(]'
}


# No service may be left running by what is installed here.

policy=${HOUSEHOLD_POLICY_RC_D:-/usr/sbin/policy-rc.d}

services_off() {
    if [ -e $policy ]; then
        mv $policy $policy.household
    fi
    trap services_restore EXIT
    printf '#!/bin/sh\nexit 101\n' > $policy
    chmod 755 $policy
}

services_restore() {
    rm -f $policy
    if [ -e $policy.household ]; then
        mv $policy.household $policy
    fi
}


install() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 \
        --no-install-recommends install "$@"
}


install_missing() {
    local name debs=

    for name in $need; do
        if ! available "$name"; then
            apt-get -q update
            break
        fi
    done

    for name in $need; do
        if available "$name"; then
            :
        elif [ "$name" = libtest-nginx-perl ]; then
            name=$(apt_sid "$name" "$BUILD/apt-sid")
        else
            echo "E: the mirror has no $name"
            return 1
        fi
        debs="$debs $name"
    done

    services_off

    # lists grow old: a package may have left the mirror
    install $debs || { apt-get -q update; install $debs; }
}


if [ "${1:-}" = --list ]; then
    shift
    list "$@"
    exit
fi

# elsewhere "config" names what is missing

if ! command -v dpkg-query > /dev/null; then
    exit 0
fi

names=$(list "$@")
need=$(missing $names)

if [ -z "$need" ]; then
    exit 0
fi

if [ "$(id -u)" != 0 ]; then
    die "missing packages:" $need "- run as root: make packages SETS=\"$*\""
fi

mkdir -p "$BUILD"
log=$BUILD/packages.log

echo "household: installing" $need
echo "household: this takes minutes where much is missing, see $log"
echo "== $(date): $*:" $need >> "$log"


# what apt is doing, every ten seconds

(
    trap 'kill $!; exit' TERM

    while true; do
        sleep 10 > /dev/null 2>&1 & wait $!
        echo "household: ... $(tail -n 1 "$log" | cut -c 1-66)"
    done
) &
ticker=$!

# not "if ! ...", which would switch off "set -e" inside

set +e
(set -e; install_missing) >> "$log" 2>&1
code=$?
kill $ticker
wait $ticker 2> /dev/null
set -e

# an apt that has to do without a package may say so and succeed

lacking=$(missing $need)

if [ $code != 0 ] || [ -n "$lacking" ]; then
    tail -n 20 "$log" >&2
    die "packages could not be installed:" $lacking "- see $log"
fi

echo "household: installed"

#!/bin/bash
#
# t/tools/matrix.sh SUITE...: in a small Debian of each suite, sets up what is
# needed, builds this tree as it is with gcc and with clang, runs the whole
# suite with the one and the units with the other; what is about Redis with
# Valkey, where the suite has it; and the demo as root and as somebody else.
# In those that are in DEMOS, too, it builds, and runs the demo, only.
# Each runs in namespaces of its own: its mounts, processes and ports end with
# it, and they run side by side.  In CI one that fails has a second chance.
#
# t/tools/matrix.sh --build SUITE...: sets up and builds, only, for a run after
# it: that has less to do then.

set -eu

build=${BUILD:-build}/matrix
mkdir -p "$build"

if [ "$(id -u)" != 0 ]; then
    echo "household: chroots need root: run make matrix as root" >&2
    exit 1
fi

# set-up has the network; a mirror may lack the source of a new nginx, which
# the units that stand on parts of it need

setup='
    cd /household

    if [ "$ONLY" = demo ]; then
        make -s packages SETS="build demo"
        dpkg-query -W -f "\${Package} \${Version}\n" gcc nginx-dev \
            libhiredis-dev redis-server
        exit
    fi

    make -s packages SETS="build demo test fuzz"
    dpkg-query -W -f "\${Package} \${Version}\n" gcc clang nginx-dev \
        libhiredis-dev redis-server

    if apt-cache policy valkey-server | grep -q "Candidate: [^(]"; then
        make -s packages SETS=valkey
        dpkg-query -W -f "\${Package} \${Version}\n" valkey-server
    fi

    mkdir -p build/clang
    rm -f build/no-source

    if [ -e build/clang/nginx ]; then
        :
    elif make -s source BUILD=build/gcc; then
        cp -a build/gcc/nginx build/gcc/nginx.from build/clang
    else
        touch build/no-source
    fi
'

without='
    cd /household
    skip=
    if [ -e build/no-source ]; then
        skip=$(make -s units-on-nginx)
        echo "no source of this nginx, so without:" $skip
    fi
'

builds=$without'
    make -s build-module BUILD=build/gcc

    if [ "$ONLY" != demo ]; then
        make -s -j$JOBS build-tools build-strain build-unit build-fuzz \
            CC=gcc BUILD=build/gcc SKIP_UNITS="$skip"
        make -s -j$JOBS build-module build-unit CC=clang BUILD=build/clang \
            SKIP_UNITS="$skip"
    fi

    touch build/ahead
'

tests=$without'
    if [ "$ONLY" != demo ]; then
        make -s test CC=gcc BUILD=build/gcc FUZZ_SECONDS=2 \
            SKIP_UNITS="$skip"
        make -s module unit CC=clang BUILD=build/clang SKIP_UNITS="$skip"
        [ -e build/no-source ] || make -s nginx-bare BUILD=build/gcc
        make -s order BUILD=build/gcc ORDER=installed
    fi

    make -s demo BUILD=build/gcc

    # as in the clone of somebody who is not root, where root was first: it
    # writes to its own folder only; this build needs not be fast

    mkdir /tmp/clone
    tar -c --exclude=./build . | tar -x -C /tmp/clone
    mkdir /tmp/clone/build
    chown -R nobody /tmp/clone
    cd /tmp/clone
    chown root build
    touch /tmp/before
    HOME=/tmp DEB_BUILD_OPTIONS=noopt \
        setpriv --reuid=nobody --clear-groups make -s demo
    find . -newer /tmp/before -type f ! -path "./build-nobody/*" > /tmp/written
    [ ! -s /tmp/written ] || { cat /tmp/written; exit 1; }
    cd /household

    if [ "$ONLY" != demo ] && [ -x /usr/bin/valkey-server ]; then
        make -s test-valkey BUILD=build/gcc
    fi
'


# runs in namespaces for mounts and processes

inside() {
    local root=$1
    local run="env -i HOME=/root LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin \
        ONLY=${ONLY:-} TEST_AGAIN=${CI:-} JOBS=${JOBS:-2} \
        chroot $root /bin/bash -eu -c"

    mount --make-rprivate /
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    echo "127.0.0.1 localhost" > "$root/etc/hosts"
    cp /etc/resolv.conf "$root/etc/resolv.conf" 2> /dev/null || true

    # made again, but for what was built ahead: once

    if [ -e "$root/household/build/ahead" ]; then
        rm "$root/household/build/ahead"
        find "$root/household" -mindepth 1 -maxdepth 1 ! -name build \
            -exec rm -rf {} +
    else
        rm -rf "$root/household"
        mkdir "$root/household"
    fi

    git -c safe.directory='*' ls-files -z -co --exclude-standard \
        | tar -c --null -T - | tar -x -C "$root/household"

    $run "$setup"

    # the tests have a loopback of their own, and nothing else
    if [ "${PART:-}" = build ]; then tests=$builds; fi
    unshare --net /bin/bash -eu -c 'ip link set lo up; exec "$@"' \
        tests $run "$tests"
}


suite() {
    local start=$SECONDS log=$build/$1.log only=
    local shown='nginx-dev|libhiredis-dev|valkey-server|gcc|clang'

    case " ${DEMOS:-} " in *" $1 "*) only=demo ;; esac

    if docker/chroot.sh "$1" "$build/$1" > "$log" 2>&1 \
        && ONLY=$only unshare --mount --pid --fork --kill-child \
            "$0" --inside "$build/$1" >> "$log" 2>&1 < /dev/null
    then
        echo "ok     $1, $((SECONDS - start)) s:" \
            $(grep -E "^($shown) " "$log") \
            $(grep '^no source' "$log") $(grep '^== again' "$log")
        return
    fi

    echo "FAILED $1, $((SECONDS - start)) s, see $log:"
    tail -n 40 "$log" | sed 's/^/    /'
    return 1
}


case $1 in
    --inside) inside "$2" ;;
    --suite) suite "$2" || { [ -n "${CI:-}" ] && suite "$2"; } ;;
    --build) shift; CI='' PART=build "$0" "$@" ;;
    *) printf '%s\n' "$@" | xargs -n 1 -P "${JOBS:-2}" "$0" --suite ;;
esac

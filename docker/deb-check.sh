#!/bin/bash
#
# docker/deb-check.sh SUITE...: makes the package in a small Debian of each
# suite (bookworm, trixie, sid), and installs, upgrades, removes and purges it
# in a fresh one, with an nginx that serves all the time.  As root.

set -eu

build=${BUILD:-build}/deb-check
mkdir -p "$build"
build=$(cd "$build" && pwd)

if [ "$(id -u)" != 0 ]; then
    echo "household: chroots need root: run make deb-check as root" >&2
    exit 1
fi

make_deb='
    cd /household
    make -s packages SETS="build deb"
    make -s deb BUILD=/debs/build

    # a new file of the same content is what an upgrade is about

    cd /debs
    mv build/deb/*household_*.deb 1.deb
    dpkg-deb -R 1.deb next
    sed -i "s/^Version: .*/&+next/" next/DEBIAN/control
    dpkg-deb --root-owner-group -b next 2.deb
    rm -rf next build
'

download='
    apt-get -q update
    apt-get -q -y --download-only install nginx /debs/1.deb
'

# from here on without the network but for a loopback

check='
    export DEBIAN_FRONTEND=noninteractive
    link=/etc/nginx/modules-enabled/50-mod-http-household.conf
    so=/usr/lib/nginx/modules/ngx_http_household_module.so
    conf=/etc/nginx/conf.d/household.conf

    page() {
        exec 3<> /dev/tcp/127.0.0.1/8080
        printf "GET / HTTP/1.0\r\n\r\n" >&3
        cat <&3
    }

    within() {
        local i
        for i in {1..200}; do
            if "$@"; then
                return 0
            fi
            sleep 0.1
        done
        return 1
    }

    served() { [[ $(page 2> /dev/null) == *"status: ["* ]]; }
    pid() { cat /run/nginx.pid 2> /dev/null; }
    other_pid() { [ -n "$(pid)" ] && [ "$(pid)" != "$1" ]; }
    unloaded() { ! grep -q household "/proc/$(pid)/maps"; }

    expect() {
        if "${@:2}"; then
            echo "ok - $1"
        else
            echo "not ok - $1"
            tail -n 20 /var/log/nginx/error.log
            exit 1
        fi
    }

    # without an init system services are started only if this allows it

    printf "#!/bin/sh\nexit 0\n" > /usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d

    # without a network: all that it needs was downloaded

    apt() { apt-get -q -y -o Dpkg::Use-Pty=0 "$@"; }

    dpkg_deb() { dpkg -i "/debs/$1.deb"; }

    dpkg -I /debs/1.deb | grep "^ Depends:"
    expect "it depends on the ABI of nginx" \
        eval "dpkg -I /debs/1.deb | grep \"^ Depends:.*nginx-abi-\" > /dev/null"

    apt install nginx /debs/1.deb
    expect "installed: switched on" test -L $link
    expect "installed: nginx takes it" nginx -t -q
    expect "installed: nginx runs" within test -s /run/nginx.pid

    cat > $conf << "END"
household_zone zone=households:1m;
server {
    listen 127.0.0.1:8080;
    location = / { return 200 "status: [$household_status]"; }
}
END
    invoke-rc.d nginx reload
    expect "installed: the module serves" within served

    old=$(pid)
    dpkg_deb 2
    expect "upgraded: a new master" within other_pid "$old"
    expect "upgraded: the module serves" within served
    expect "upgraded: the new file, and nothing else" \
        eval "! grep household /proc/$(pid)/maps | grep deleted"
    invoke-rc.d nginx reload
    sleep 1
    expect "upgraded: it reloads" \
        eval "! grep emerg /var/log/nginx/error.log"

    echo "no_such_directive;" > /etc/nginx/conf.d/bad.conf
    old=$(pid)
    dpkg_deb 1
    expect "a bad configuration: nginx stays" test "$(pid)" = "$old"
    expect "a bad configuration: and serves" served
    rm /etc/nginx/conf.d/bad.conf
    dpkg_deb 2
    expect "mended: a new master" within other_pid "$old"
    expect "mended: the module serves" within served

    # a configuration that takes longer to read than the init script waits

    mkfifo /run/slow
    echo "include /run/slow;" > /etc/nginx/conf.d/slow.conf
    (
        : > /run/slow
        sleep 15
        while : > /run/slow; do :; done
    ) &
    slow=$!
    old=$(pid)
    dpkg_deb 1
    expect "a slow start: a new master" other_pid "$old"
    expect "a slow start: the old one leaves" within test ! -d "/proc/$old"
    expect "a slow start: the module serves" within served
    kill $slow
    rm /etc/nginx/conf.d/slow.conf /run/slow
    dpkg_deb 2

    rm $conf
    apt remove libnginx-mod-http-household
    expect "removed: the file" test ! -e $so
    expect "removed: switched off" test ! -e $link
    expect "removed: nginx is content" nginx -t -q
    expect "removed: nginx runs without it" within unloaded

    apt install /debs/2.deb
    expect "installed again: switched on" test -L $link
    expect "installed again: nginx takes it" nginx -t -q

    apt purge libnginx-mod-http-household
    expect "purged: nothing is left" \
        test -z "$(find /etc /usr /var -path /var/cache -prune -o \
                   -name "*http-household*" -print)"
    expect "purged: nginx is content" nginx -t -q
    expect "purged: nginx runs without it" within unloaded

    invoke-rc.d nginx stop
'


run() {
    env -i HOME=/root LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        chroot "$@"
}

mounted() {
    mount -t proc proc "$1/proc"
    mount --rbind /dev "$1/dev"
    mount -t tmpfs tmpfs "$1/tmp"
    echo "127.0.0.1 localhost" > "$1/etc/hosts"
    cp /etc/resolv.conf "$1/etc/resolv.conf" 2> /dev/null || true
}


# runs in namespaces for mounts and processes

inside() {
    mount --make-rprivate /
    mounted "$1.build"
    mounted "$1"

    mkdir -p "$1.build/household" "$1.build/debs" "$1/debs"
    git -c safe.directory='*' ls-files -z -co --exclude-standard \
        | tar -c --null -T - | tar -x -C "$1.build/household"

    run "$1.build" /bin/bash -eu -c "$make_deb"
    cp "$1.build"/debs/*.deb "$1/debs"

    run "$1" /bin/bash -eu -c "$download"

    unshare --net /bin/bash -eu -c 'ip link set lo up; exec "$@"' \
        check env -i HOME=/root LC_ALL=C.UTF-8 \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        chroot "$1" /bin/bash -eu -o pipefail -c "$check"
}


suite() {
    local start=$SECONDS log=$build/$1.log base=$build/$1.base

    if docker/chroot.sh "$1" "$base" > "$log" 2>&1 \
        && rm -rf "${build:?}/$1" "$build/$1.build" \
        && cp -a "$base" "$build/$1" && cp -a "$base" "$build/$1.build" \
        && unshare --mount --pid --fork --kill-child \
            "$0" --inside "$build/$1" >> "$log" 2>&1 < /dev/null
    then
        echo "ok     $1, $((SECONDS - start)) s:" \
            "$(grep -c '^ok - ' "$log") checks," \
            "$(grep -m 1 -o 'nginx-abi-[^ ,]*' "$log")"
        rm -rf "${build:?}/$1" "$build/$1.build"
        return
    fi

    echo "FAILED $1, $((SECONDS - start)) s, see $log:"
    tail -n 40 "$log" | sed 's/^/    /'
    return 1
}


case $1 in
    --inside) inside "$2" ;;
    --suite) suite "$2" ;;
    *) printf '%s\n' "$@" | xargs -n 1 -P "${JOBS:-2}" "$0" --suite ;;
esac

#!/bin/bash
#
# docker/install.sh MAKEFILE MODULE [DESTDIR]: installs the module to the
# folder that the nginx configured in MAKEFILE loads modules from, and, where
# Debian keeps such things, the file that loads it.

set -eu

makefile=$1
module=$2
dest=${3:-}

file=$(basename "$module")
dir=$(sed -n "s|^.*cp .*'\$(DESTDIR)\(/.*\)/$file'.*|\1|p" "$makefile")
debian=/usr/share/nginx
conf=$debian/modules-available/mod-http-household.conf

if ! install -D -m 644 "$module" "$dest$dir/$file"; then
    echo "household: run make install as root, or say DESTDIR=dir" >&2
    exit 1
fi
echo "installed $dest$dir/$file"

if [ "$dir" = /usr/lib/nginx/modules ]; then
    install -d "$dest${conf%/*}"
    echo "load_module modules/$file;" > "$dest$conf"
    echo "installed $dest$conf"
    echo "to load it: ln -s $conf /etc/nginx/modules-enabled/50-${conf##*/}"
    echo "then nginx.conf needs no load_module, which would load it twice"

else
    echo "to load it, on top of nginx.conf: load_module $dir/$file;"
fi

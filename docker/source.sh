#!/bin/bash
#
# docker/source.sh DIR: puts the full source of the nginx that this Debian
# release has into DIR (nginx-dev has too little of it to link an nginx).

set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/apt.sh"

dir=$1
work=$dir.apt

rm -rf "$dir" "$dir.new" "$work"
mkdir -p "$work/tar"

origin=$(apt_origin Debian)
release=${origin##* }

# Security updates keep the upstream version, and so its tarball, and their
# pool may lack it: look there only if the release itself fails.

fetch() {
    (cd "$work/tar" && apt_private "$work" update \
     && apt_private "$work" source --download-only --tar-only nginx)
}

apt_line deb-src "$release" > "$work/sources.list"

if ! fetch; then
    [ -n "$(apt_origin Debian-Security)" ] \
        || die "the mirror has no source of nginx for Debian $release"

    apt_line deb-src "$release-security" Debian-Security \
        >> "$work/sources.list"
    fetch || die "the mirrors have no source of nginx for Debian $release"
fi

mkdir "$dir.new"
tar -xf "$work"/tar/nginx_*.orig.tar.* -C "$dir.new" --strip-components=1
rm -rf "$work"
mv "$dir.new" "$dir"

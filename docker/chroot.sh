#!/bin/bash
#
# docker/chroot.sh SUITE DIR: makes a small Debian of that suite (bookworm,
# trixie, sid) in DIR, as root, from the mirror that this machine uses.  What
# is there already is kept for a week.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/apt.sh"

suite=$1
dir=$2

if [ -e "$dir/.household" ] \
   && [ -z "$(find "$dir/.household" -mtime +6)" ]
then
    exit 0
fi

[ "$(id -u)" = 0 ] || die "a chroot is made as root: run make matrix as root"

lines=$(apt_line deb "$suite")

if [ "$suite" != sid ] && [ -n "$(apt_origin Debian-Security)" ]; then
    lines="$lines
$(apt_line deb "$suite-security" Debian-Security)"
fi

# how this machine reaches its mirror

mkdir -p "$dir.parts"
apt-config dump --no-empty --format '%F "%v";%n' Acquire \
    | grep -E '^Acquire::(http|https|Check|Retries|Force)' \
    > "$dir.parts/99mirror" || true

rm -rf "$dir"
mmdebstrap --quiet --mode=root --variant=apt \
    --aptopt="$dir.parts/99mirror" \
    --aptopt='APT::Install-Recommends "false"' \
    --aptopt='Acquire::Languages "none"' \
    --include=ca-certificates,make \
    "$suite" "$dir" - <<< "$lines"

rm -rf "$dir.parts"
touch "$dir/.household"

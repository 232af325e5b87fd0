#!/bin/bash
#
# docker/deb.sh DIR [VERSION]: makes the Debian package of this tree in DIR,
# for the nginx that is installed, and has lintian look at it.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
dir=$1
header=$root/src/http/ngx_http_household.h
own=$(sed -n 's/^#define NGX_HTTP_HOUSEHOLD_VERSION  *"\(.*\)"/\1/p' "$header")
version=${2:-$own}

# of the last change, so that the same tree makes the same package

cd "$root"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -c safe.directory='*' log -1 \
    --format=%ct 2> /dev/null || stat -c %Y CHANGES.md)}
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8

rm -rf "$dir"
mkdir -p "$dir/household"
dir=$(cd "$dir" && pwd)

if git -c safe.directory='*' rev-parse > /dev/null 2>&1; then
    git -c safe.directory='*' ls-files -z -co --exclude-standard
else
    find . \( -name 'build*' -o -name .git \) -prune -o -type f -print0
fi | tar -c --null -T - | tar -x -C "$dir/household"

cd "$dir/household"
mv docker/debian debian

cat > debian/changelog << END
libnginx-mod-http-household ($version) unstable; urgency=medium

  * See CHANGES.md.

 -- $(sed -n 's/^Maintainer: //p' debian/control)  $(date -R -u \
    -d "@$SOURCE_DATE_EPOCH")
END

dpkg-buildpackage -b -us -uc > "$dir/build.log" 2>&1 || {
    tail -n 30 "$dir/build.log" >&2
    exit 1
}

cd "$dir"
rm -rf household

lintian --fail-on error,warning --allow-root ./*.changes || exit 1

ls "$dir"/*.deb

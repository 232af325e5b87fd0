#!/bin/bash
#
# docker/flags.sh NGINX DIR: prints the flags that the nginx binary NGINX was
# configured with, for its source in DIR, as far as they matter to a module
# that it is to load: no other modules, no libraries, no compiler.

set -eu

nginx=$1
dir=$2

die() {
    echo "household: $*" >&2
    exit 1
}

told=$("$nginx" -V 2>&1) || die "$nginx does not run: $told"

# "Angie version: Angie/1.12.0", "nginx version: nginx/1.28.0 (Ubuntu)"

version=$(sed -n '1s|^.*version: [^/]*/\([0-9.]*\).*|\1|p' <<< "$told")
source=$(sed -n 's|^#define [A-Z]*_VERSION  *"\(.*\)"|\1|p' \
    "$dir"/src/core/{angie,tengine,nginx}.h 2> /dev/null || true)

case $'\n'$source$'\n' in
    *$'\n'$version$'\n'*) ;;
    *) die "$nginx is $version, and NGINX_SRC is" $source ;;
esac

eval "set -- $(sed -n 's/^configure arguments: //p' <<< "$told")"

for flag in "$@"; do
    case $flag in
        --add-*|--builddir=*|--with-cc*|--with-cpp*|--with-ld-opt=*) ;;
        --with-*=dynamic|--with-*=*/*|--with-*_opt=*|--with-*-opt=*) ;;
        *_xslt_module|*_image_filter_module|*_geoip_module|*_perl_module) ;;
        --with-google_perftools_module|--with-libatomic) ;;
        *[[:space:]]*) ;;
        *) echo "$flag" ;;
    esac
done

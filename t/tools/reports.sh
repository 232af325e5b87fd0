#!/bin/bash
#
# t/tools/reports.sh DIR COMMAND...: runs the tests in COMMAND, of programs
# built under sanitizers or run by valgrind, and fails if they fail or if a
# report was written to DIR.

set -eu

dir=$1
shift

rm -rf "$dir"
mkdir -p "$dir"
chmod 777 "$dir"

valgrind="--leak-check=full --show-leak-kinds=definite --trace-children=no \
--suppressions=$PWD/t/tools/valgrind.supp --log-file=$dir/report.%p"

case $dir in
    */valgrind/*) export TEST_NGINX_USE_VALGRIND="$valgrind" ;;
esac

code=0
"$@" || code=$?

t/tools/reports.pl "$dir" || code=1

exit $code

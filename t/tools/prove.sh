#!/bin/sh
#
# t/tools/prove.sh [OPTION...] FILE...: prove; in CI, and with TEST_AGAIN, files
# that fail are run once more, alone, as other programs share the machine.  Each
# such file is named.

[ -n "${CI:-}${TEST_AGAIN:-}" ] || exec prove "$@"

state=$(mktemp) || exit 1
trap 'rm -f "$state"' EXIT

prove --state=save --statefile="$state" "$@" && exit

# a file that ends all is no reason to leave out the others

files=$(printf '%s\n' "$@" | grep -vc '^-')
[ "$files" = "$(prove --state=all --statefile="$state" --dry | wc -l)" ] \
    || exit 1

set -- $(printf '%s\n' "$@" | grep '^-') -j1 --failures --state=failed \
    --statefile="$state"
echo "== again:" $(prove "$@" --dry)
prove "$@"

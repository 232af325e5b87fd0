#!/bin/bash
#
# Shows that the soak of a fleet can fail: breaks the module in one way at a
# time, in a copy, and runs t/strain-fleet.t on it.  The ways are listed in
# t/tools/weaken-fleet.list; "weaken-fleet.sh PATTERN" takes those alone whose
# name matches.
#
# SECONDS_EACH=200 is how long the soak has to see it, SEED=1 the order of the
# faults.  Everything made goes below BUILD/weaken-fleet.
#
# Fails if a way no longer applies, or if the soak passes all the same.

set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
list=$root/t/tools/weaken-fleet.list
work=$build/weaken-fleet
seconds=${SECONDS_EACH:-200}
seed=${SEED:-1}
so=$work/build/module/ngx_http_household_module.so


# the way of this name, in the copy

change='
    my ($name, $list, $src) = @ARGV;
    my ($is, $file, %old, %new);
    open my $in, "<", $list or die;
    while (<$in>) {
        chomp;
        $is = $1 eq $name if /^= (.*)/;
        next if !$is;
        $file = $1 . ($1 =~ /\.h$/ ? "" : ".c") if /^@ (.*)/;
        push @{ $old{$file} }, split " ", $1 if /^- (.*)/;
        $new{$file} .= "$1\n" if /^\+ (.*)/;
    }
    for my $file (keys %old) {
        open my $in, "<", "$src/$file" or die "$file: $!\n";
        my $text = do { local $/; <$in> };
        my $old = join "\\s+", map { quotemeta } @{ $old{$file} };
        die "$file has this no more, or more than once\n"
            if ($text =~ s/$old/$new{$file}/g) != 1;
        open my $out, ">", "$src/$file" or die;
        print $out $text;
    }
'

# and out of it again: what was changed is newer than what was made of it
restore() {
    local f

    sed -n '/^@/{s/^@ //; /\.h$/!s/$/.c/; p}' "$list" | sort -u \
        | while read -r f; do
            cmp -s "../src/$f" "src/$f" || cp "../src/$f" "src/$f"
        done
}

rm -rf "$work"
mkdir -p "$work/tree"
cd "$root"
git ls-files -z | xargs -0 cp -p --parents -t "$work/tree"
cd "$work/tree"
cp -pR src ..

n=0
bad=0

while read -r name; do
    n=$((n + 1))
    restore

    if ! perl -e "$change" "$name" "$list" src 2> "$work/log" \
        || ! make -s build-module build-strain BUILD="$work/build" \
            > "$work/log" 2>&1
    then
        bad=1
        echo "not ok $n - $name: cannot be built"
        sed 's/^/# /' "$work/log"
        continue
    fi

    if BUILD=$work/build HOUSEHOLD_MODULE=$so STRAIN_SECONDS=$seconds \
        STRAIN_SEED=$seed STRAIN_STOPS=1 \
        TEST_NGINX_BINARY=${TEST_NGINX_BINARY:-/usr/sbin/nginx} \
        prove -v -It/lib t/strain-fleet.t > "$work/$n.log" 2>&1 < /dev/null
    then
        bad=1
        echo "not ok $n - $name: not seen"

    else
        echo "ok $n - $name: $(grep -c '^# *wrong ' "$work/$n.log") shown," \
            "$(grep -c ' s: ' "$work/$n.log") faults"
        grep -m 1 '^# wrong ' "$work/$n.log" || true
    fi
done < <(sed -n 's/^= //p' "$list" | grep -E -- "${1-}")

echo "1..$n"
exit $bad

#!/bin/bash
#
# Runs each fuzzer of BUILD/fuzz for FUZZ_SECONDS, and tells in TAP.  It starts
# from t/fuzz/corpus/NAME; what it finds goes to BUILD/fuzz/found/NAME, and an
# input that breaks it to BUILD/fuzz/broken/NAME.

set -eu

seconds=${FUZZ_SECONDS:-15}
dir=${BUILD:-build}/fuzz
n=0

set -- t/fuzz/*.c

if [ ! -e "$1" ]; then
    echo "1..0 # SKIP there is no fuzzer"
    exit 0
fi

echo "1..$#"

for src in "$@"; do
    name=$(basename "$src" .c)
    n=$((n + 1))

    # stands on parts of nginx, whose source is not to be had
    case " ${FUZZ_SKIP:-} " in
        *" $name "*) echo "ok $n - $name # SKIP not built"; continue ;;
    esac

    mkdir -p "$dir/found/$name" "$dir/broken/$name"

    corpus="$dir/found/$name"
    if [ -d "t/fuzz/corpus/$name" ]; then
        corpus="$corpus t/fuzz/corpus/$name"
    fi

    # a dictionary of the format, where there is one
    dict=
    if [ -e "t/fuzz/$name.dict" ]; then
        dict="-dict=t/fuzz/$name.dict"
    fi

    if "$dir/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
        -artifact_prefix="$dir/broken/$name/" -print_final_stats=1 \
        $dict $corpus > "$dir/$name.log" 2>&1
    then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' \
               "$dir/$name.log")
        echo "ok $n - $name: $runs inputs in $seconds s"
    else
        echo "not ok $n - $name"
        tail -n 40 "$dir/$name.log" | sed 's/^/# /'
    fi
done

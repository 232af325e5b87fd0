#!/bin/bash
#
# Shows that the tests of tokens can fail: makes the verifier weak in one way
# at a time, in a copy, and runs the units on it.  The ways are listed in
# t/tools/weaken-token.list; "weaken-token.sh PATTERN" takes those alone whose
# name matches.
#
# INCLUDES: flags that find nginx's headers, those of "configure" included.
# JOBS: how many at a time.  Everything made goes below BUILD/weaken.
# FIRST=1: stops a way at the first program that fails, in half of the time;
# it does not see which tests never fail then.
#
# Fails if a way no longer applies, if the units pass all the same, and, where
# all ways are taken, if there is a test that none of them made fail.

set -eu -o pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
list=$root/t/tools/weaken-token.list
work=$build/weaken
cc=${CC:-gcc}
jobs=${JOBS:-2}
nginx=${NGINX_SRC:-$build/nginx-dev}

: "${INCLUDES=-isystem $nginx/src/core -isystem $nginx/src/event \
    -isystem $nginx/src/event/modules -isystem $nginx/src/os/unix \
    -isystem $build/module}"

flags="-std=gnu99 -O0 -w $INCLUDES"
libs="-lcmocka -lcrypto -ljansson -lcbor"
sources="addr addr_parse reason cat cat_answer cat_claims cat_json cat_renewal
    cat_request cat_set cat_text cat_uri cbor cbor_item cdniip chain claims
    claims_value cose cose_keys edwards ere ere_compile id jose jwk jwks jws
    jwt jwt_digest keyset_schedule renewal response uri urisigning"


units() {
    case $1 in
    ere|ere_compile) echo ere urisigning ;;
    uri) echo uri urisigning ;;
    urisigning) echo urisigning jwt jwt_cases ;;
    chain) echo renewal cat_renewal ;;
    renewal|response|keyset_schedule) echo "$1" ;;
    addr_parse|cdniip) echo cdniip ;;
    jose) echo jose jwks jwks_keys jwt jwt_cases jwt_form urisigning ;;
    jws) echo jws jwks renewal jwt jwt_cases jwt_form ;;
    jwk|jwks) echo jws jwks jwks_keys jwt ;;
    edwards) echo edwards jwks_keys ;;
    claims|jwt) echo jwt jwt_cases jwt_form claims_value ;;
    claims_value) echo claims_value jwt_cases ;;
    jwt_digest) echo jwt ;;
    cat) echo cat cat_answer cat_claims cat_renewal ;;
    cat_answer) echo cat_answer ;;
    cat_renewal) echo cat_claims cat_renewal ;;
    cat_claims) echo cat cat_answer cat_claims cat_renewal cat_set ;;
    cat_json) echo cat cat_answer cat_claims ;;
    cat_request) echo cat_request ;;
    cat_set) echo cat cat_answer cat_set ;;
    cat_text) echo cat_uri cat_request cat_set ;;
    cat_uri) echo cat_uri cat_request ;;
    cbor|cbor_item) echo cbor cose cat_claims cat_renewal ;;
    cose) echo cose cat cat_renewal ;;
    cose_keys) echo cose_keys ;;
    esac
}


# puts what "+ " says in the place of what "- " says, which stands there once

change='
    local ($/, @ARGV) = (undef, @ARGV);
    my ($way, $file) = @ARGV;
    open my $in, "<", $way or die; my @lines = split /\n/, <$in>;
    open $in, "<", $file or die; my $text = <$in>;
    my $old = join " ", map { /^- (.*)/ } @lines;
    my $new = join "\n", map { /^\+ (.*)/ } @lines;
    $old = join "\\s+", map { quotemeta } split " ", $old;
    exit 1 if ($text =~ s/$old/$new/g) != 1;
    open my $out, ">", $file or die; print $out $text;
'


# one way: a folder with "name", and FILE.N for each place that it changes

try() {
    local dir=$1 f n o objs='' run=''

    cp -R "$work/src" "$dir/src"

    for n in "$dir"/ngx_*.[0-9]*; do
        f=$(basename "${n%.*}")

        if ! perl -e "$change" "$n" "$dir/src/$f.c"; then
            echo "$f.c has this no more, or more than once:" \
                > "$dir/verdict.stale"
            cat "$n" >> "$dir/verdict.stale"
            return
        fi

        run="$run $(units "${f#ngx_household_}")"
    done

    for f in $sources; do
        f=ngx_household_$f
        o=$work/base/$f.o

        if ! cmp -s "$work/src/$f.c" "$dir/src/$f.c"; then
            o=$dir/$f.o

            if ! $cc $flags -I"$dir/src" -c -o "$o" "$dir/src/$f.c" \
                2> "$dir/cc.log"
            then
                mv "$dir/cc.log" "$dir/verdict.stale"
                return
            fi
        fi

        objs="$objs $o"
    done

    for f in $(echo $run | tr ' ' '\n' | sort -u); do
        $cc -o "$dir/unit" "$work/base/unit_$f.o" $objs $libs

        if ! (cd "$root" && CMOCKA_MESSAGE_OUTPUT=TAP timeout 60 \
              "$dir/unit" > "$dir/$f.out" 2>&1)
        then
            touch "$dir/verdict.seen"
        fi

        # a case counts if it failed by itself, not by what came after it

        case $f in
        jwt_cases|jwt_form)
            sed -n 's/^ERROR: \(.*\): reason .*/\1/p' "$dir/$f.out"
            sed -n 's/^not ok [0-9]* - \([a-z0-9]*_[a-z0-9_]*\)$/\1/p' \
                "$dir/$f.out" ;;
        *)
            sed -n 's/^not ok [0-9]* - //p' "$dir/$f.out" ;;
        esac | sed "s/^/$f: /" >> "$dir/failed"

        [ -z "${FIRST-}" ] || [ ! -e "$dir/verdict.seen" ] || break
    done

    rm -f "$dir"/unit "$dir"/*.o
    [ -e "$dir/verdict.seen" ] || touch "$dir/verdict.unseen"
}


rm -rf "$work"
mkdir -p "$work/base" "$work/src" "$work/units"

# sources and units of all rooms, each in one folder

find "$root/src" -name 'ngx_household_*.[ch]' -exec cp -t "$work/src" {} +
find "$root/t/unit" -name '*.[ch]' -exec cp -t "$work/units" {} +

for f in $sources; do
    $cc $flags -I"$work/src" -c -o "$work/base/ngx_household_$f.o" \
        "$work/src/ngx_household_$f.c"
done

for f in $(for s in $sources; do units $s; done | tr ' ' '\n' | sort -u); do
    $cc $flags -I"$work/src" -I"$work/units" -c \
        -o "$work/base/unit_$f.o" "$work/units/test_$f.c"
    $cc -o "$work/base/unit" "$work/base/unit_$f.o" \
        "$work"/base/ngx_household_*.o $libs

    if ! (cd "$root" && CMOCKA_MESSAGE_OUTPUT=TAP "$work/base/unit" \
          > "$work/base/$f.out" 2>&1)
    then
        echo "Bail out! test_$f fails as it is" >&2
        exit 1
    fi

    sed -n "s/^ok [0-9]* - /$f: /p" "$work/base/$f.out"
done | grep -v ': good: ' | sort > "$work/tests"


# the list, to folders

n=0

while IFS= read -r line; do
    case $line in
    '= '*)
        n=$((n + 1))
        k=0
        dir=$work/$(printf %03d $n)
        mkdir "$dir"
        echo "${line#= }" > "$dir/name" ;;
    '@ '*)
        k=$((k + 1))
        place=$dir/${line#@ }.$k ;;
    '- '*|'+ '*)
        echo "$line" >> "$place" ;;
    esac
done < "$list"

for dir in "$work"/[0-9]*; do
    grep -Eq -- "${1-}" "$dir/name" || rm -r "$dir"
done

for dir in "$work"/[0-9]*; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
        wait -n || true
    done

    try "$dir" &
done

wait


# what came of it, in TAP

set -- "$work"/[0-9]*
n=0
bad=0

echo "1..$(($# + 1))"

for dir in "$@"; do
    n=$((n + 1))
    name=$(cat "$dir/name")

    if [ -e "$dir/verdict.seen" ]; then
        echo "ok $n - $name: $(wc -l < "$dir/failed") fail"

    else
        bad=1
        echo "not ok $n - $name"
        sed 's/^/# /' "$dir"/verdict.stale 2> /dev/null || true
    fi
done

n=$((n + 1))
sort -u "$work"/[0-9]*/failed > "$work/seen"
comm -23 "$work/tests" "$work/seen" > "$work/never"

if [ -s "$work/never" ] && [ -z "${FIRST-}" ] \
    && [ "$#" -ge "$(grep -c '^= ' "$list")" ]; then
    bad=1
    echo "not ok $n - each test fails once"
    sed 's/^/# never: /' "$work/never"

else
    echo "ok $n - each test fails once" \
        "# $(comm -12 "$work/tests" "$work/seen" | wc -l) of" \
        "$(wc -l < "$work/tests")"
fi

exit $bad

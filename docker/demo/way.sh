# Sourced by demo.sh: from a denial to the film, by the two ways there are, in
# the stack that "demo.sh run" shows as a page.

# shellcheck shell=bash disable=SC2154

# post PATH [JSON]: of the shop; sets $code
post() {
    code=$(curl -q -s -m 20 --noproxy '*' -o "$dir/body" -w '%{http_code}' \
        -b "$dir/jar" -c "$dir/jar" -H 'Content-Type: application/json' \
        -d "${2:-"{}"}" "http://$PAGE$1")
}

# must STATUS POST...: as post()
must() {
    post "${@:2}"

    if [ "$code" != "$1" ]; then
        echo "    WRONG: expected $1 of ${2%%\?*}, got $code $(< "$dir/body")"
        wrong=$((wrong + 1))
    fi
}

# sets what the cousin's laptop sees in that place
watch() {
    local seen

    seen='%{http_code}|%header{x-household-status}|%header{x-household-reason}'

    IFS='|' read -r code verdict reason < <(
        curl -q -s -m 10 --noproxy '*' -o "$dir/body" -w "$seen\n" \
            -b "$dir/jar" -H "Cookie: place=$1" \
            "http://$PAGE/film/film.m3u8")
    body=$(< "$dir/body")
}

watches_as() {
    watch "$1"
    [ "$code $verdict $reason" = "$2" ]
}

# cousin WHO PLACE STATUS VERDICT REASON: what was granted is known to the
# edges a moment later
cousin() {
    local way_on=- from=198.51.100.23

    wait_for watches_as "$2" "$3 $4 $5" || true
    watch "$2"

    case $code in
        200) way_on='watches the film' ;;
        403) way_on="offered $(member price) $(member currency) a month," \
             way_on="$way_on or a code" ;;
    esac

    row "$1" "$from" player "$code" "$verdict" "$reason" "$way_on"

    if [ "$code $verdict $reason" != "$3 $4 $5" ]; then
        echo "    WRONG: expected $3 $4 $5, and got: $body"
        wrong=$((wrong + 1))
    fi
}

# a member of the offer, without the origin of the page
member() {
    sed "s|.*\"$1\":\"\([^\"]*\)\".*|\1|; s|^http://[^/]*||" "$dir/body"
}

# the code that the owner of the account was sent
code_of_mail() {
    curl -q -s -m 10 --noproxy '*' "http://$PAGE/shop/mails" \
        | sed -n 's/.*Your code is \([0-9]*\).*/\1/p'
}

by_code() {
    local verify sent

    cousin "Anne's cousin" flat 403 OFFERED outside
    verify=$(member verify)

    must 200 "$verify"
    sent=$(code_of_mail)
    say "(a code is sent to the owner of the account, who passes it on: $sent)"
    must 403 "$verify" '{"code": "none"}'
    must 200 "$verify" "{\"code\": \"$sent\"}"

    cousin '... types the code' flat 200 ALLOWED trusted_device
}

by_payment() {
    local seat

    must 200 /shop/start-over
    must 200 /shop/sign-in '{"device": "laptop"}'
    say '(another such household, where he rather pays)'

    cousin "Anne's cousin" flat 403 OFFERED outside
    seat=$(member url)

    must 403 "${seat%????????}AAAAAAAA"
    say '(the shop believes no state but that of the edge, and sells the seat)'
    must 200 "$seat"

    cousin '... pays 5,99 EUR' flat 200 ALLOWED extra_member

    must 200 /shop/sign-out
    say '(Anne signs out of all devices)'

    cousin '... is signed out' flat 401 UNAUTHORIZED revoked
}

the_way_of_the_cousin() {
    mkdir "$dir/no-film"
    echo '#EXTM3U' > "$dir/no-film/film.m3u8"
    start_stack "$dir/no-film"

    heading 'From the offer to the film: the cousin of Anne Martin'

    must 200 /shop/sign-in '{"device": "laptop"}'
    by_code
    by_payment
}

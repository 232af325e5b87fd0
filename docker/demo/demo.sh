#!/bin/bash
#
# docker/demo/demo.sh: households, viewers, verdicts.  Starts a Redis and an
# edge of its own, asks as viewers at different addresses, and prints who got
# what.  Exits with 1 when an answer is not the expected one.
#
# docker/demo/demo.sh run: leaves a page on loopback, with a film to watch.
#
# DEMO_PORTS         eight ports for that; free ones if not set
# DEMO_FILM          the folder that keeps the film
# TEST_NGINX_BINARY  the nginx to run; "nginx" if not set
# HOUSEHOLD_MODULE   the module to load; none if it is linked in

set -eu

trap 'exit 130' INT
trap 'exit 143' TERM HUP

here=$(cd "$(dirname "$0")" && pwd)

dir=
port=

. "$here/servers.sh"
. "$here/tokens.sh"
. "$here/stack.sh"
. "$here/way.sh"

on='/playback/token?account'
monitored='/monitored/token?account'
learning='/learning/token?account'
announced='/announced/token?account'
signed=/signed/token
token=
seat=https://www.example.tv/extra-member
other=https://www.example.tv/household

wrong=0


register() {
    local account what value

    while read -r account what value; do
        case $account:$what in
            :|\#*) continue ;;
            *:home) redis SADD "household:{$account}" "$value" ;;
            *) redis HSET "household:{$account}:account" "$what" "$value" ;;
        esac
    done < "$here/households.txt" > /dev/null
}


# --- one viewer, one row --------------------------------------------------

seen='%{http_code}|%header{x-household-status}|%header{x-household-reason}'
seen="$seen|%header{location}|%header{link}|%{content_type}"
seen="$seen|%header{x-household-price} %header{x-household-currency}\n"

# ask FROM AS PATH: sets what the viewer sees
ask() {
    local accept=(-H 'Accept: */*')

    if [ "$2" = browser ]; then
        accept=(-H 'Sec-Fetch-Mode: navigate' -H 'Accept: text/html,*/*;q=0.8')
    fi

    if [ -n "$token" ]; then
        accept+=(-H "Authorization: Bearer $token")
    fi

    IFS='|' read -r code verdict reason location link type price < <(
        curl -q -s -m 10 --noproxy '*' -o "$dir/body" -w "$seen" \
            -H "X-Forwarded-For: $1" "${accept[@]}" "http://127.0.0.1:$port$3")

    body=$(< "$dir/body")
    offered=${link#<}
    offered=${offered%%>*}
}

row() {
    printf '%-24s %-22s %-8s %-6s %-13s %-16s %s\n' "$@"
}

heading() {
    printf '\n%s\n\n' "$1"
    row viewer from as status verdict reason 'the way on'
    row ------ ---- -- ------ ------- ------ ----------
}

# viewer WHO FROM AS PATH STATUS VERDICT REASON [WHERE [PRICE]]
viewer() {
    local way_on=- where='' cost='' right=no

    ask "$2" "$3" "$4"

    case $code in
        200) way_on='gets the token'
             [ "$body" != 'a playback token' ] || right=yes ;;
        303) where=$location cost=${price# }
             way_on="sent to $where${cost:+, $cost a month}"
             right=yes ;;
        403) where=$offered cost=${price# }
             way_on="offered $where${cost:+, $cost a month}"
             [ "$type" != application/problem+json ] || right=yes ;;
        401) right=yes ;;
    esac

    row "$1" "$2" "$3" "$code" "$verdict" "$reason" "$way_on"

    if [ "$code $verdict $reason $where $cost" != "$5 $6 $7 ${8:-} ${9:-}" ] \
        || [ $right = no ]
    then
        echo "    WRONG: expected $5 $6 $7 ${8:-} ${9:-}, and got: $type $body"
        wrong=$((wrong + 1))
    fi
}


# --- what is shown --------------------------------------------------------

while_redis_is_up() {
    heading 'Redis is up'

    viewer 'Martin, at home' 82.64.10.7 player "$on=martin" \
        200 ALLOWED home
    viewer 'Martin, home over IPv6' 2a01:e0a:1f3:9c42::51 player "$on=martin" \
        200 ALLOWED home
    viewer "Martin's cousin" 203.0.113.9 browser "$on=martin" \
        303 OFFERED outside $seat '5.99 EUR'
    viewer "Martin's cousin" 203.0.113.9 player "$on=martin" \
        403 OFFERED outside $seat '5.99 EUR'
    problem=$body

    viewer "Dubois's extra member" 198.51.100.7 player "$on=dubois" \
        200 ALLOWED extra_member
    viewer "Dubois's nephew" 203.0.113.77 browser "$on=dubois" \
        303 OFFERED outside $other

    viewer 'an unknown account' 198.51.100.80 player "$on=nobody" \
        403 OFFERED unregistered $other
    viewer 'no account at all' 198.51.100.80 player "$on=" \
        401 UNAUTHORIZED account_missing

    viewer 'the cousin, mode monitor' 203.0.113.9 player "$monitored=martin" \
        200 MONITORED outside
}

noted() {
    [ -n "$(redis HGET "household:{$1}:account" "$2")" ]
}

# note ACCOUNT FIELD: the edge writes it down, without a request that waits
note() {
    wait_for noted "$1" "$2" || echo "    WRONG: $2 of $1 was not noted"
}

say() {
    printf '    %s\n' "$1"
}

story_of_a_family() {
    local day=86400 now

    now=$(date +%s)

    heading 'A family: the Leroys'

    viewer 'the television' 192.0.2.40 player "$on=leroy&device=tv" \
        200 ALLOWED home
    viewer "the daughter's phone" 192.0.2.40 player "$on=leroy&device=phone" \
        200 ALLOWED home
    note leroy device:phone
    viewer '... on the train' 203.0.113.40 player "$on=leroy&device=phone" \
        200 ALLOWED trusted_device
    viewer 'the son, moved out' 198.51.100.90 player \
        "$on=leroy&device=laptop" 403 OFFERED outside $seat '5.99 EUR'

    redis HSET 'household:{leroy}:account' extra:son:198.51.100.90 \
        $((now + 30 * day)) > /dev/null
    say '(he takes the seat, and it is paid for a month)'

    viewer '... the next request' 198.51.100.90 player \
        "$on=leroy&device=laptop" 200 ALLOWED extra_member
    note leroy device:laptop
    viewer '... at a friend'\''s' 203.0.113.41 player \
        "$on=leroy&device=laptop" 200 ALLOWED trusted_device

    redis HSET 'household:{leroy}:account' extra:son:198.51.100.90 \
        $((now - 1)) > /dev/null
    say '(a month later, and not paid any more)'

    viewer '... at his place' 198.51.100.90 player \
        "$on=leroy&device=laptop" 403 OFFERED outside $seat '5.99 EUR'

    redis HSET 'household:{leroy}:account' 'travel:*' \
        $((now + 14 * day)) > /dev/null
    say '(the household has told of its holidays: two weeks, anywhere)'

    viewer 'the hotel television' 203.0.113.42 player \
        "$on=leroy&device=hotel" 200 ALLOWED travel

    redis HDEL 'household:{leroy}:account' 'travel:*' > /dev/null
    redis HSET 'household:{leroy}:account' revoked_before "$now" > /dev/null
    say '(the phone is lost: signed out of all devices)'

    viewer 'the lost phone' 203.0.113.43 player \
        "$on=leroy&device=phone&issued=$((now - day))" \
        401 UNAUTHORIZED revoked
    viewer 'the television, again' 192.0.2.40 player \
        "$on=leroy&device=tv&issued=$now" 200 ALLOWED home
}

first_time_outside() {
    heading 'Announced: a week of grace'

    viewer "Martin's cousin" 203.0.113.9 player "$announced=martin" \
        200 ALLOWED grace
    note martin outside_since

    redis HSET 'household:{martin}:account' outside_since \
        $(($(date +%s) - 8 * 86400)) > /dev/null
    say '(a week later)'

    viewer "Martin's cousin" 203.0.113.9 player "$announced=martin" \
        403 OFFERED outside $seat '5.99 EUR'
}

has_a_home() {
    [ "$(redis SCARD "household:{$1}")" = 1 ]
}

new_household() {
    heading 'A household that registers itself'

    viewer 'Moreau, at home' 2001:db8:1:2::51 player "$learning=moreau" \
        200 ALLOWED learned
    wait_for has_a_home moreau || echo '    WRONG: it has no home'
    viewer 'Moreau, at home' 2001:db8:1:2:3::9 player "$learning=moreau" \
        200 ALLOWED home
    viewer "Moreau's neighbour" 2001:db8:1:3::9 player "$learning=moreau" \
        403 OFFERED outside $other
}

while_redis_is_stopped() {
    heading 'Redis is stopped: nobody is refused for that'

    viewer 'Martin, at home' 82.64.10.7 player "$on=martin" \
        200 UNAVAILABLE unavailable
    viewer "Martin's cousin" 203.0.113.9 player "$on=martin" \
        200 UNAVAILABLE unavailable
}

decides_again() {
    ask 203.0.113.9 player "$on=martin"
    [ "$verdict" != UNAVAILABLE ]
}

after_redis_is_back() {
    heading 'Redis is back'

    wait_for decides_again || echo '    WRONG: but the edge does not know it'

    viewer 'Martin, at home' 82.64.10.7 player "$on=martin" \
        200 ALLOWED home
    viewer "Martin's cousin" 203.0.113.9 browser "$on=martin" \
        303 OFFERED outside $seat '5.99 EUR'
}

# signed by KEY KID ACCOUNT SECONDS, and then as viewer()
by_token() {
    token=$(mint "$1" "$2" "$3" "$4")
    shift 4
    viewer "$1" "$2" player "$signed" "${@:3}"
    token=
}

with_signed_tokens() {
    heading 'Signed tokens: the account is the one that the issuer vouches for'

    by_token may may martin 3600 'Martin, at home' 82.64.10.7 \
        200 ALLOWED home
    by_token may may martin 3600 'Martin, elsewhere' 203.0.113.9 \
        403 OFFERED outside $seat '5.99 EUR'
    by_token may may martin -3600 'Martin, an hour late' 82.64.10.7 \
        401 UNAUTHORIZED token_expired
    by_token forger may martin 3600 'a forger' 82.64.10.7 \
        401 UNAUTHORIZED token_signature
    viewer 'nobody' 82.64.10.7 player "$signed?account=martin" \
        401 UNAUTHORIZED token_missing
}

with_rotated_keys() {
    heading 'The issuer gets a new key: both are live'

    publish may june
    reload_nginx
    by_token may may martin 3600 'Martin, the old key' 82.64.10.7 \
        200 ALLOWED home
    by_token june june martin 3600 'Martin, the new key' 82.64.10.7 \
        200 ALLOWED home

    heading 'The old key is gone'

    publish june
    reload_nginx
    by_token may may martin 3600 'Martin, the old key' 82.64.10.7 \
        401 UNAUTHORIZED token_key
    by_token june june martin 3600 'Martin, the new key' 82.64.10.7 \
        200 ALLOWED home
}

show() {
    printf '\nThe households of docker/demo/households.txt\n\n'
    sed '/^#/d; /^$/d; s/^/    /' "$here/households.txt"

    while_redis_is_up
    story_of_a_family
    first_time_outside
    new_household
    stop_redis
    while_redis_is_stopped
    start_redis
    after_redis_is_back
    with_signed_tokens
    with_rotated_keys
    the_way_of_the_cousin

    printf '\nWhat the player of that cousin was told\n\n    %s\n' "$problem"

    case $problem in
        *'"reason":"outside"'*'"price":"5.99","currency":"EUR"'*"$seat"*) ;;
        *) echo "    WRONG: expected $seat at 5.99 EUR"
           wrong=$((wrong + 1)) ;;
    esac

    echo
    [ $wrong = 0 ] || die "not the expected answers: $wrong"
    echo 'demo: every answer is the expected one'
}

run() {
    "$here/film.sh" "$film"
    start_stack "$film"

    cat << END
Open this page, choose who and where you are, and press Play:

  http://$PAGE/

It stops with Ctrl-C.  What was decided:

  tail -f $dir/edge-1/access.log $dir/edge-2/access.log

Why a viewer may watch, or not, is in the dashboards below the page.
END

    # until a signal ends it, or one of the programs has ended
    wait_for_stack
    die "a program of the stack has ended"
}


case ${1:-} in
    '') what=show ;;
    run) what=run ;;
    *) die "unknown argument \"$1\"; there is only \"run\"" ;;
esac

film=${DEMO_FILM:-/tmp/household-demo-film.$(id -u)}
make_dir

if [ $what = run ]; then
    run
fi

start_redis
register

for name in may june forger; do
    new_key $name
done

publish may
start_nginx "$here/nginx.conf" "${HOUSEHOLD_MODULE:-}"
show

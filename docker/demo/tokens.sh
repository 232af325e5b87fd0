# Sourced by demo.sh: playback tokens, as an issuer would make them, by the
# openssl command alone.  Keys and the edge's key file are in $dir.

# shellcheck shell=bash disable=SC2154

b64() {
    openssl base64 -A | tr '+/' '-_' | tr -d '='
}

# new_key NAME
new_key() {
    openssl genrsa -out "$dir/$1.pem" 2048 2> "$dir/openssl.log" \
        || die "openssl makes no key"
}

# jwk NAME: the public half, as in a key file; the kid is the name
jwk() {
    local modulus i bytes=

    modulus=$(openssl rsa -in "$dir/$1.pem" -noout -modulus)
    modulus=${modulus#Modulus=}

    for ((i = 0; i < ${#modulus}; i += 2)); do
        bytes=$bytes\\x${modulus:i:2}
    done

    printf '{"kty":"RSA","alg":"RS256","kid":"%s","e":"AQAB","n":"%s"}' \
        "$1" "$(printf %b "$bytes" | b64)"
}

# publish NAME...: what the edge is to accept, once it has read it
publish() {
    local name keys=

    for name in "$@"; do
        keys=$keys${keys:+,}$(jwk "$name")
    done

    echo "{\"keys\":[$keys]}" > "$dir/playback.jwks.new"
    mv "$dir/playback.jwks.new" "$dir/playback.jwks"
}

# mint KEY KID ACCOUNT SECONDS: a token that is good for so many from now on
mint() {
    local input now

    now=$(date +%s)
    input=$(printf '{"alg":"RS256","kid":"%s"}' "$2" | b64)
    input=$input.$(printf '{"sub":"%s","iat":%d,"exp":%d}' \
        "$3" $((now - 7200)) $((now + $4)) | b64)

    echo "$input.$(printf %s "$input" \
        | openssl dgst -sha256 -sign "$dir/$1.pem" -binary | b64)"
}

# Sourced by the scripts beside it: Debian suites that the machine does not
# follow itself, from the mirror that it uses.  Nothing of /etc/apt is touched.

# or else what fails in a $(...) is not noticed by "set -e"
shopt -s inherit_errexit

keyring=/usr/share/keyrings/debian-archive-keyring.gpg


die() {
    echo "household: $*" >&2
    exit 1
}


# Prints "URI codename" of the machine's own Debian (label "Debian") or of its
# security updates ("Debian-Security"); nothing if it follows none.

apt_origin() {
    # CODENAME is bookworm, bookworm-updates, ...: the shortest is the release
    apt-get indextargets --format '$(REPO_URI) $(CODENAME)' \
        'Created-By: Packages' 'Origin: Debian' "Label: $1" \
        'Component: main' \
    | awk 'NR == 1 || length($2) < length(name) { uri = $1; name = $2 }
           END { if (NR) print uri, name }'
}


# Prints the line of sources.list for "$1" (deb or deb-src) and a suite, from
# the mirror of label "$3" (default: Debian).

apt_line() {
    local origin uri

    origin=$(apt_origin "${3:-Debian}")
    uri=${origin%% *}

    [ -n "$uri" ] || die "no Debian mirror in this machine's apt sources:" \
                         "run apt-get update as root, on Debian"

    if [ -e $keyring ]; then
        echo "$1 [signed-by=$keyring] $uri $2 main"
    else
        echo "$1 $uri $2 main"
    fi
}


# Runs apt-get with lists and a cache of its own in folder "$1".

apt_private() {
    local dir=$1
    shift

    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"

    apt-get -q -q \
        -o Dir::Etc::SourceList="$dir/sources.list" \
        -o Dir::Etc::SourceParts=- \
        -o Dir::State="$dir" \
        -o Dir::State::Lists="$dir/lists" \
        -o Dir::State::status=/var/lib/dpkg/status \
        -o Dir::Cache="$dir/cache" \
        -o APT::Sandbox::User=root \
        -o Acquire::Languages=none \
        "$@"
}


# Downloads package "$1" of Debian sid with the help of folder "$2", and prints
# the path of its .deb.  It must need nothing but what this release has too.

apt_sid() {
    local dir=$2

    rm -rf "$dir"
    mkdir -p "$dir/deb"
    dir=$(cd "$dir" && pwd)
    apt_line deb sid > "$dir/sources.list" || return

    (cd "$dir/deb" && apt_private "$dir" update >&2 \
     && apt_private "$dir" download "$1" >&2) || return

    rm -rf "$dir/lists" "$dir/cache"
    ls "$dir/deb/$1"_*.deb
}

#!/bin/bash
#
# docker/image/templates.sh FROM TO: makes TO/NAME of each FROM/NAME.template.
# ${NAME} stands for the variable NAME of the environment; what is not set
# there, and the variables of nginx, stay as they are.

set -eu
shopt -s nullglob

for file in "$1"/*.template; do
    text=$(< "$file")

    while read -r name; do
        if [ -n "${!name+set}" ]; then
            text=${text//"\${$name}"/"${!name}"}
        fi
    done < <(grep -o '\${[A-Z][A-Z0-9_]*}' "$file" | tr -d '${}' | sort -u)

    name=${file##*/}
    printf '%s\n' "$text" > "$2/${name%.template}"
done

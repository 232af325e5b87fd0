#!/bin/bash
#
# What the image does before nginx, with the folders and variables that the
# image "nginx" of Docker has: scripts of /docker-entrypoint.d are run, those
# named .envsh in this shell, and /etc/nginx/templates/NAME.template becomes
# /etc/nginx/conf.d/NAME.

set -eu
shopt -s nullglob

lib=$(dirname "$0")
templates=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}
output=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}

case ${1:-} in
    nginx)
        # shellcheck disable=SC1090
        for script in "${HOUSEHOLD_ENTRYPOINT_DIR:-/docker-entrypoint.d}"/*; do
            case $script in
                *.envsh) . "$script" ;;
                *.sh) "$script" ;;
            esac
        done

        "$lib/templates.sh" "$templates" "$output"
        ;;
esac

exec "$@"

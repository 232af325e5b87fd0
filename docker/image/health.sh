#!/bin/bash
#
# The HEALTHCHECK of the image: nginx answers on HEALTH_PORT, whatever the
# status.

set -eu

exec 3<> "/dev/tcp/127.0.0.1/${HEALTH_PORT:-8080}"
printf 'HEAD / HTTP/1.0\r\n\r\n' >&3
read -r -t 4 line <&3
[[ $line == HTTP/* ]]

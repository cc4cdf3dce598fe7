#!/bin/bash
# Succeeds when a GET on this machine is answered with 200. usage: healthy PORT PATH
set -eu

exec 3<>"/dev/tcp/127.0.0.1/$1"
printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&3
read -r -t 3 _ status _ <&3
[ "$status" = 200 ]

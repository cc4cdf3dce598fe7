#!/bin/sh
# Registers the namespace unless it is there. May be run again at any time.
set -eu

if temporal operator namespace describe --namespace gongshu >/dev/null 2>&1; then
	exit 0
fi
exec temporal operator namespace create --namespace gongshu --retention 720h --description "Gongshu"

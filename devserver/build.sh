#!/bin/sh
# Builds gongshu-devserver into a folder, unless what is there was built from the same sources.
# usage: build.sh FOLDER
set -eu

bin=$1
go=${GO:-go}
program=$bin/gongshu-devserver
stamp=$program.stamp
cd "$(dirname "$0")"

# The key is the sources, the versions of all modules, and the toolchain; not the times of the files.
key=$( { "$go" env GOVERSION GOOS GOARCH; cat go.mod go.sum build.sh; for f in *.go; do
	case $f in *_test.go) ;; *) echo "$f"; cat "$f" ;; esac
done; } | cksum)
if [ -x "$program" ] && [ "$(cat "$stamp" 2>/dev/null || true)" = "$key" ]; then
	exit 0
fi

mkdir -p "$bin"
cat <<'TEXT'
正在编译 Temporal 服务(首次需数分钟,约 11 分钟处理器时间;源码不变则不再重复)。
Building the Temporal server. The first time this takes several minutes (about 11 minutes of processor time), because
the whole server is compiled from source; the result is kept and found again until its sources change.
TEXT
begin=$(date +%s)
( n=0; while sleep 1; do n=$((n + 1)); [ $((n % 30)) -ne 0 ] || echo "  … $n s"; done ) &
ticker=$!
trap 'kill "$ticker" 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# Built beside and then renamed: a program of the right name is complete.
"$go" build -trimpath -ldflags '-s -w' -o "$program.new" .
mv "$program.new" "$program"
printf '%s\n' "$key" >"$stamp"
echo "  完成 · done ($(( $(date +%s) - begin )) s)"

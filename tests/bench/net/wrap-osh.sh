#!/bin/sh
# osh as a wrapper for a side-by-side network benchmark: wrap-osh.sh OSH COMMAND...
# The origin's test authority ($BENCH_ORIGIN_CA) stands in for the host's trust bundle; the folder of
# the client program is shown inside.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
osh=$1
shift
[ -z "${BENCH_ORIGIN_CA:-}" ] || export SSL_CERT_FILE="$BENCH_ORIGIN_CA"
# A folder for the control socket that is closed to others, as a login session has it.
export XDG_RUNTIME_DIR="$HOME/runtime"
[ -d "$XDG_RUNTIME_DIR" ] || mkdir -m 700 "$XDG_RUNTIME_DIR"
project=$HOME/project
[ -d "$project" ] || mkdir "$project"
cd "$project"
case $1 in
"$HOME"/* | "${BENCH_WORK:-/nowhere}"/*) set -- --read "$(dirname -- "$1")" -- "$@" ;;
*) set -- -- "$@" ;;
esac
exec "$osh" run -q --profile "$here/profile.toml" --policy "$here/policy.yaml" "$@"

#!/usr/bin/env bash
# Builds cmd/member with one etcd release.
#
#   build.sh VERSION OUTPUT [FLAG...]     e.g. build.sh 3.6.16 bin/member -trimpath
#
# The release that a line's go.mod names is built from just that. For another one of the line a go.mod is derived
# below dist/, in which all of etcd's own modules are of that release and everything else is what it asks for, at least.
set -euo pipefail

[[ $# -ge 2 ]] || { echo "usage: build.sh VERSION OUTPUT [FLAG...]" >&2; exit 2; }
version=$1 output=$(realpath -m "$2")
shift 2
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

die() { echo "member: $*" >&2; exit 1; }

[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || die "ETCD_VERSION=$version is no etcd release; want major.minor.patch, such as 3.6.16"
line=${version%.*}
server=go.etcd.io/etcd/server/v3
embedded() { go list -m "${@:2}" -modfile="$1" -f '{{.Version}}' $server; }

# The root's go.mod is that of the newest line, which has no tag.
newest=$(embedded go.mod | sed -E 's/^v([0-9]+\.[0-9]+)\..*/\1/')
if [[ $line == "$newest" ]]; then
  modfile=go.mod tags=()
elif [[ -f hack/etcd/$line/go.mod ]]; then
  modfile=hack/etcd/$line/go.mod tags=(-tags "etcd${line/./}")
else
  die "etcd $version is of no line that can be built: those are$(cd hack/etcd && printf ' %s' [0-9]*) $newest"
fi

if [[ $(embedded $modfile) != "v$version" ]]; then
  go list -m "$server@v$version" >/dev/null 2>&1 || die "there is no etcd release $version, or the Go module proxy does not answer"
  derived=dist/etcd/$version/go.mod
  mkdir -p "$(dirname "$derived")"
  cp "$modfile" "$derived"
  cp "${modfile%.mod}.sum" "${derived%.mod}.sum"
  # The client of the second API, which only 3.5 has, counts its releases on its own.
  requires=$(go mod edit -json "$derived" | sed -n 's/.*"Path": "\(go\.etcd\.io\/etcd\/.*\)",/\1/p' | while read -r module; do
    [[ $module == */client/v2 ]] && echo "-require=$module@v2.30$(cut -d. -f2 <<<"$version").${version##*.}" || echo "-require=$module@v$version"
  done)
  # shellcheck disable=SC2086 # one flag a word
  go mod edit $requires "$derived"
  modfile=$derived
  set -- -mod=mod "$@"
  selected=$(embedded "$derived" -mod=mod) || die "the modules of etcd $version cannot be resolved"
  problem=$(go list -mod=mod -modfile="$derived" "${tags[@]}" -deps ./cmd/member 2>&1 >/dev/null) ||
    die "the modules of etcd $version cannot be had: $(grep -vE '^go: (downloading|finding|found)' <<<"$problem" | head -1)"
  [[ $selected == "v$version" ]] || die "etcd $version cannot be built here: another module asks for etcd ${selected#v}"
fi

CGO_ENABLED=0 go build -modfile="$modfile" "${tags[@]}" "$@" -o "$output" ./cmd/member ||
  die "etcd $version does not build with this source: go build says above why"

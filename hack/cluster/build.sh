#!/usr/bin/env bash
# Builds everything the local cluster runs, from Go modules, into BIN. What has not changed is not built again:
# each component carries a stamp, the hash of its sources and go.sum.
#
#   build.sh BIN            build what is out of date
#   build.sh BIN tool       only the named components: kubernetes etcd coredns cni tool
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${1:?usage: build.sh BIN [component...]}
shift
mkdir -p "$bin/.stamps" "$bin/cni"
bin=$(cd "$bin" && pwd)

kubernetes_version=v1.37.2
export CGO_ENABLED=0 GOFLAGS="${GOFLAGS:-} -buildvcs=false"

command -v go >/dev/null || {
  echo "cluster: Go is missing; install Go 1.26 or newer (https://go.dev/dl)" >&2
  exit 1
}

exec 9>"$bin/.stamps/lock"
flock -n 9 || {
  echo "cluster: waiting for another build into $bin"
  flock 9
}

version_flags() {
  local package
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    printf -- '-X %s.gitVersion=%s -X %s.gitMajor=1 -X %s.gitMinor=37 -X %s.gitTreeState=clean -X %s.gitCommit=unknown ' \
      "$package" "$kubernetes_version" "$package" "$package" "$package" "$package"
  done
}

build_kubernetes() {
  (cd "$here/kubernetes" && go build -tags=notest,grpcnotrace -ldflags "-s -w $(version_flags)" -o "$bin/kubernetes" .)
  local name
  for name in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl; do
    ln -sfn kubernetes "$bin/$name"
  done
}

build_etcd() {
  (cd "$here/etcd" && go build -ldflags '-s -w' -o "$bin/etcd" .)
  ln -sfn etcd "$bin/etcdctl"
}

build_coredns() {
  (cd "$here/coredns" && go build -tags=grpcnotrace -ldflags '-s -w' -o "$bin/coredns" .)
}

build_cni() {
  local plugins=github.com/containernetworking/plugins/plugins
  (cd "$here/cni" && go build -ldflags '-s -w' -o "$bin/cni/" \
    $plugins/main/bridge $plugins/main/loopback $plugins/ipam/host-local $plugins/meta/portmap)
}

build_tool() {
  (cd "$here" && go build -ldflags '-s -w' -o "$bin/" ./cmd/quorate-cluster ./cmd/pause)
}

# sources lists the files a component is made of. The tool is everything that is not another component's.
sources() {
  case $1 in
    tool) find "$here/cmd" "$here/internal" "$here/go.mod" "$here/go.sum" -type f ;;
    *) find "$here/$1" -type f ;;
  esac
}

# stamp_of also covers the Go release and this script: either may change what comes out.
stamp_of() {
  {
    go env GOVERSION
    sources "$1" | LC_ALL=C sort | xargs sha256sum | sed "s#$here/##"
    sha256sum <"$here/build.sh"
  } | sha256sum | cut -d' ' -f1
}

build() {
  local component=$1 stamp started ticker
  stamp=$(stamp_of "$component")
  [[ -f "$bin/.stamps/$component" && $(<"$bin/.stamps/$component") == "$stamp" ]] && return
  started=$SECONDS
  echo "cluster: building $component${2:+ ($2)}"
  (exec 9>&-; while sleep 30; do echo "cluster: still building $component, $((SECONDS - started)) s"; done) &
  ticker=$!
  if ! "build_$component"; then
    kill "$ticker" 2>/dev/null || true
    echo "cluster: building $component failed; the compiler's words are above" >&2
    exit 1
  fi
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  echo "$stamp" >"$bin/.stamps/$component"
  echo "cluster: built $component in $((SECONDS - started)) s"
}

for component in "${@:-all}"; do
  case $component in
    all)
      build tool
      build etcd
      build cni
      build coredns
      build kubernetes "about six minutes the first time on two cores"
      ;;
    kubernetes | etcd | coredns | cni | tool) build "$component" ;;
    *)
      echo "cluster: there is no component $component; there are kubernetes, etcd, coredns, cni and tool" >&2
      exit 2
      ;;
  esac
done

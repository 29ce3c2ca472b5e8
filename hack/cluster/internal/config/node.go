package config

import (
	"strings"
	"text/template"

	"github.com/quorate/quorate/hack/cluster/internal/network"
	"github.com/quorate/quorate/hack/cluster/internal/state"
)

// PauseImage is the image that holds a pod's namespaces; every node has it.
const PauseImage = "quorate.local/pause:1"

// NodeFiles renders the configuration files of one node, by their path.
func NodeFiles(l state.NodeLayout, c *state.Cluster) (map[string]string, error) {
	plan := network.Plan{Family: c.Family}
	in := nodeInput{
		NodeLayout: l, Domain: c.Domain, Any: plan.Any(), PauseImage: PauseImage,
		DNS: plan.DNSService()[0].String(), AllPods: network.Join(plan.Pods()),
	}
	for _, p := range plan.NodePods(l.Node.Index) {
		in.Pods = append(in.Pods, podRange{Subnet: p.String(), V6: p.Addr().Is6()})
	}
	files := map[string]string{}
	for path, t := range map[string]*template.Template{
		l.Path("containerd.toml"):         containerd,
		l.Path("kubelet.yaml"):            kubelet,
		l.Path("kube-proxy.yaml"):         kubeProxy,
		l.Path("cni", "quorate.conflist"): cni,
	} {
		var text strings.Builder
		if err := t.Execute(&text, in); err != nil {
			return nil, err
		}
		files[path] = text.String()
	}
	return files, nil
}

// nodeInput is what the templates of a node may use.
type nodeInput struct {
	state.NodeLayout
	Domain, Any, DNS, AllPods, PauseImage string
	Pods                                  []podRange
}

type podRange struct {
	Subnet string
	V6     bool
}

func parse(name, text string) *template.Template {
	return template.Must(template.New(name).Option("missingkey=error").Parse(text))
}

// restrict_oom_score_adj: without CAP_SYS_RESOURCE every sandbox would fail otherwise.
var containerd = parse("containerd", `version = 2
root = "{{.Path "containerd"}}"
state = "{{.RunPath "containerd"}}"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
]

[grpc]
  address = "{{.Socket}}"

[ttrpc]
  address = "{{.Socket}}.ttrpc"

[plugins."io.containerd.internal.v1.opt"]
  path = "{{.Path "containerd" "opt"}}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{{.PauseImage}}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  disable_hugetlb_controller = true
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{{.Bin "cni"}}"
    conf_dir = "{{.Path "cni"}}"

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        Root = "{{.RunPath "runc"}}"
        SystemdCgroup = false
`)

var kubelet = parse("kubelet", `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: "{{.Any}}"
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: "{{.PKI "ca.crt"}}"}
authorization: {mode: Webhook}
tlsCertFile: "{{.PKI (print .Node.Name ".crt")}}"
tlsPrivateKeyFile: "{{.PKI (print .Node.Name ".key")}}"
containerRuntimeEndpoint: "unix://{{.Socket}}"
cgroupDriver: cgroupfs
cgroupRoot: "/{{.Cgroup}}"
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
evictionHard:
  memory.available: 0%
  nodefs.available: 0%
  nodefs.inodesFree: 0%
  imagefs.available: 0%
  imagefs.inodesFree: 0%
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
clusterDomain: "{{.Domain}}"
clusterDNS: ["{{.DNS}}"]
resolvConf: ""
podLogsDir: "{{.Path "pod-logs"}}"
serializeImagePulls: false
configMapAndSecretChangeDetectionStrategy: Watch
# A test should not wait for a timer: these are shorter than an ordinary node's.
nodeStatusUpdateFrequency: 4s
nodeLeaseDurationSeconds: 12
syncFrequency: 5s
volumeStatsAggPeriod: 10s
kubeAPIQPS: 100
kubeAPIBurst: 200
eventRecordQPS: 0
`)

var kubeProxy = parse("kube-proxy", `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
bindAddress: "{{.Any}}"
healthzBindAddress: "{{if eq .Any "::"}}[::]{{else}}{{.Any}}{{end}}:10256"
metricsBindAddress: ""
clusterCIDR: "{{.AllPods}}"
clientConnection: {kubeconfig: "{{.PKI "kube-proxy.kubeconfig"}}"}
hostnameOverride: "{{.Node.Name}}"
conntrack: {maxPerCore: 0, min: 0}
nftables: {minSyncPeriod: 0s, syncPeriod: 30s}
`)

var cni = parse("cni", `{
  "cniVersion": "1.0.0",
  "name": "quorate-{{.ID}}-{{.Node.Name}}",
  "plugins": [
    {
      "type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true, "ipMasq": false,
      "ipam": {
        "type": "host-local", "dataDir": "{{.RunPath "ipam"}}",
        "ranges": [{{range $i, $p := .Pods}}{{if $i}}, {{end}}[{"subnet": "{{$p.Subnet}}"}]{{end}}],
        "routes": [{{range $i, $p := .Pods}}{{if $i}}, {{end}}{"dst": "{{if $p.V6}}::/0{{else}}0.0.0.0/0{{end}}"}{{end}}]
      }
    },
    {"type": "portmap", "capabilities": {"portMappings": true}, "backend": "nftables", "snat": true}
  ]
}
`)

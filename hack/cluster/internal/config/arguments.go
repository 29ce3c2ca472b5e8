package config

import (
	"fmt"
	"net/netip"

	"github.com/quorate/quorate/hack/cluster/internal/network"
	"github.com/quorate/quorate/hack/cluster/internal/state"
)

// SecurePort is where the API server listens in the control plane's namespace.
const SecurePort = 6443

// Endpoint is the API server's address inside the cluster.
func Endpoint(c *state.Cluster) netip.AddrPort {
	return netip.AddrPortFrom(network.Plan{Family: c.Family}.ControlPlane()[0], SecurePort)
}

// Etcd is the command line of the control plane's etcd. It does not wait for the disk: this data may be lost.
func Etcd(l state.Layout) []string {
	return []string{
		l.Bin("etcd"), "--name=control-plane", "--data-dir=" + l.EtcdDir(), "--unsafe-no-fsync",
		"--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379",
		"--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380",
		"--initial-cluster=control-plane=http://127.0.0.1:2380", "--quota-backend-bytes=4294967296",
		"--log-level=warn",
	}
}

// APIServer is the command line of the API server.
func APIServer(l state.Layout, c *state.Cluster) []string {
	plan := network.Plan{Family: c.Family}
	return []string{
		l.Bin("kube-apiserver"),
		"--etcd-servers=http://127.0.0.1:2379",
		"--advertise-address=" + plan.ControlPlane()[0].String(),
		"--bind-address=" + plan.Any(),
		fmt.Sprintf("--secure-port=%d", SecurePort),
		"--service-cluster-ip-range=" + network.Join(plan.Services()),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
		"--enable-aggregator-routing=true",
		"--client-ca-file=" + l.PKI("ca.crt"),
		"--tls-cert-file=" + l.PKI("apiserver.crt"),
		"--tls-private-key-file=" + l.PKI("apiserver.key"),
		"--kubelet-certificate-authority=" + l.PKI("ca.crt"),
		"--kubelet-client-certificate=" + l.PKI("apiserver-kubelet.crt"),
		"--kubelet-client-key=" + l.PKI("apiserver-kubelet.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc." + c.Domain,
		"--service-account-key-file=" + l.PKI("service-account.pub"),
		"--service-account-signing-key-file=" + l.PKI("service-account.key"),
		"--requestheader-client-ca-file=" + l.PKI("front-proxy-ca.crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
		"--proxy-client-cert-file=" + l.PKI("front-proxy-client.crt"),
		"--proxy-client-key-file=" + l.PKI("front-proxy-client.key"),
		"--profiling=false",
	}
}

// Controllers is the command line of kube-controller-manager. Pod ranges are the nodes' own, so it allocates none.
func Controllers(l state.Layout, c *state.Cluster) []string {
	plan := network.Plan{Family: c.Family}
	return []string{
		l.Bin("kube-controller-manager"),
		"--kubeconfig=" + l.PKI("controllers.kubeconfig"),
		"--authentication-kubeconfig=" + l.PKI("controllers.kubeconfig"),
		"--authorization-kubeconfig=" + l.PKI("controllers.kubeconfig"),
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + l.PKI("service-account.key"),
		"--root-ca-file=" + l.PKI("ca.crt"),
		"--cluster-signing-cert-file=" + l.PKI("ca.crt"),
		"--cluster-signing-key-file=" + l.PKI("ca.key"),
		"--requestheader-client-ca-file=" + l.PKI("front-proxy-ca.crt"),
		"--service-cluster-ip-range=" + network.Join(plan.Services()),
		"--cluster-cidr=" + network.Join(plan.Pods()),
		"--allocate-node-cidrs=false",
		"--node-monitor-period=2s",
		"--node-monitor-grace-period=20s",
		"--kube-api-qps=200", "--kube-api-burst=400",
		"--profiling=false",
	}
}

// Scheduler is the command line of kube-scheduler.
func Scheduler(l state.Layout) []string {
	return []string{
		l.Bin("kube-scheduler"),
		"--kubeconfig=" + l.PKI("scheduler.kubeconfig"),
		"--authentication-kubeconfig=" + l.PKI("scheduler.kubeconfig"),
		"--authorization-kubeconfig=" + l.PKI("scheduler.kubeconfig"),
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
		"--kube-api-qps=200", "--kube-api-burst=400",
		"--profiling=false",
	}
}

// Kubelet is the command line of a node's kubelet.
func Kubelet(l state.NodeLayout, c *state.Cluster) []string {
	return []string{
		l.Bin("kubelet"),
		"--config=" + l.Path("kubelet.yaml"),
		"--kubeconfig=" + l.PKI(l.Node.Name+".kubeconfig"),
		"--root-dir=" + l.Path("kubelet"),
		"--cert-dir=" + l.Path("kubelet", "pki"),
		"--hostname-override=" + l.Node.Name,
		"--node-ip=" + network.Join(network.Plan{Family: c.Family}.Node(l.Node.Index)),
		"--node-labels=topology.kubernetes.io/zone=" + l.Node.Zone() + ",topology.kubernetes.io/region=quorate",
		"--v=1",
	}
}

// KubeProxy is the command line of a node's kube-proxy.
func KubeProxy(l state.NodeLayout) []string {
	return []string{l.Bin("kube-proxy"), "--config=" + l.Path("kube-proxy.yaml")}
}

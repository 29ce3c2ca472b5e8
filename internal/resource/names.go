package resource

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// Names of the objects of a cluster. The StatefulSet, the PodDisruptionBudget
// and the NetworkPolicy bear the cluster's own name; the Secrets are named by
// pki.Kind.SecretName.

// PeersService returns the name of the headless Service that gives each member
// its DNS name, ready or not.
func PeersService(cluster string) string { return cluster + "-peers" }

// ClientService returns the name of the Service for clients.
func ClientService(cluster string) string { return cluster + "-client" }

// PodName returns the name of the pod of an ordinal.
func PodName(cluster string, ordinal int) etcd.PodName {
	return etcd.PodName(cluster + "-" + strconv.Itoa(ordinal))
}

// Epoch returns which of its sets of volumes a cluster lives on: 1, and one more
// after each restore in place.
func Epoch(cluster *v1alpha1.EtcdCluster) int { return max(1, int(cluster.Status.Epoch)) }

// claimTemplate is the name of the volume claim template in the first epoch, and
// what it begins with later.
const claimTemplate = "data"

// ClaimTemplate returns the name of the volume claim template, and of the volume.
func ClaimTemplate(epoch int) string {
	if epoch <= 1 {
		return claimTemplate
	}
	return claimTemplate + "-" + strconv.Itoa(epoch)
}

// ClaimName returns the name of the PersistentVolumeClaim of a pod in an epoch.
func ClaimName(epoch int, pod etcd.PodName) string { return ClaimTemplate(epoch) + "-" + string(pod) }

// EpochOf returns of which epoch a cluster's claim is, by its name; zero when it is
// none of its members'.
func EpochOf(cluster, claim string) int {
	head, ordinal, ok := cutLast(claim, "-")
	if _, err := strconv.ParseUint(ordinal, 10, 8); !ok || err != nil {
		return 0
	}
	template, ok := strings.CutSuffix(head, "-"+cluster)
	if template == claimTemplate {
		return 1
	}
	digits, found := strings.CutPrefix(template, claimTemplate+"-")
	epoch, err := strconv.Atoi(digits)
	if !ok || !found || err != nil || epoch < 2 || ClaimTemplate(epoch) != template {
		return 0
	}
	return epoch
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// PodHost returns the DNS name of a member, without the cluster domain: it
// resolves under any, and every certificate bears it.
func PodHost(cluster *v1alpha1.EtcdCluster, pod etcd.PodName) string {
	return fmt.Sprintf("%s.%s.%s.svc", pod, PeersService(cluster.Name), cluster.Namespace)
}

// PeerURL returns where a member's peers find it.
func PeerURL(cluster *v1alpha1.EtcdCluster, pod etcd.PodName) string {
	return memberURL(cluster, pod, PortPeer)
}

// ClientURL returns where the operator finds a member's client port.
func ClientURL(cluster *v1alpha1.EtcdCluster, pod etcd.PodName) string {
	return memberURL(cluster, pod, PortClient)
}

func memberURL(cluster *v1alpha1.EtcdCluster, pod etcd.PodName, port int32) string {
	scheme := "https"
	if cluster.Spec.TLS.Disabled {
		scheme = "http"
	}
	return fmt.Sprintf("%s://%s:%d", scheme, PodHost(cluster, pod), port)
}

// Ports of a member.
const (
	PortClient  int32 = 2379
	PortPeer    int32 = 2380
	PortMetrics int32 = 2381 // and the probes
	PortControl int32 = control.Port
)

// Names of the ports, in pods and Services.
const (
	portNameClient  = "client"
	portNamePeer    = "peer"
	portNameMetrics = "metrics"
	portNameControl = "control"
)

// Paths in the member's container.
const (
	mountData = "/var/lib/etcd"
	mountTLS  = "/etc/quorate/tls"
)

// ContainerName is the name of the one container of a member's pod.
const ContainerName = "member"

// AnnotationConfigHash is the annotation on member pods with the RestartHash of
// the spec that the pod was made from.
const AnnotationConfigHash = v1alpha1.GroupName + "/config-hash"

// AnnotationInputs is the annotation on member pods with what RestartHash was
// made of, as JSON: it tells what has changed since.
const AnnotationInputs = v1alpha1.GroupName + "/inputs"

// AnnotationInPlace is the annotation on member pods with what they have of the
// labels, annotations and resources that the spec asks for, as JSON.
const AnnotationInPlace = v1alpha1.GroupName + "/in-place"

// AnnotationResizeRefused is the annotation on member pods whose resources the
// API server did not change as they run: for which ones, and why.
const AnnotationResizeRefused = v1alpha1.GroupName + "/resize-refused"

package main

import (
	"bufio"
	"cmp"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/quorate/quorate/internal/version"
)

// options are the operator's flags.
type options struct {
	namespace, name string
	watch           []string
	memberImage     string
	backupImage     string
	domains         []string
	leaderElect     bool
	secretInterval  time.Duration
	metricsAddress  string
	metricsSecure   bool
	probeAddress    string
}

func defaults() *options {
	return &options{
		namespace:      cmp.Or(os.Getenv("POD_NAMESPACE"), "default"),
		name:           cmp.Or(os.Getenv("OPERATOR_NAME"), "quorate-operator"),
		memberImage:    "ghcr.io/quorate/member:" + version.Version + "-etcd{version}",
		backupImage:    "ghcr.io/quorate/backup:" + version.Version,
		domains:        clusterDomains("/etc/resolv.conf"),
		secretInterval: 4*time.Minute + 45*time.Second, // noticed within five minutes: a cluster at rest is looked at every ten seconds
		metricsAddress: ":8443",
		metricsSecure:  true,
		probeAddress:   ":8081",
	}
}

func (o *options) bind(f *pflag.FlagSet) {
	f.StringVar(&o.namespace, "namespace", o.namespace, "The operator's own namespace.")
	f.StringVar(&o.name, "name", o.name, "The operator's name: with its namespace it says on each EtcdCluster who acts, and it names the Lease.")
	f.StringSliceVar(&o.watch, "watch-namespaces", nil, "Namespaces to act in; empty for all.")
	f.StringVar(&o.memberImage, "member-image", o.memberImage, "The members' image; {version} stands for the etcd version.")
	f.StringVar(&o.backupImage, "backup-image", o.backupImage, "The image of the Jobs that make backups.")
	f.StringSliceVar(&o.domains, "cluster-domain", o.domains, "Cluster domains that certificates cover besides the names without one. Read from /etc/resolv.conf unless given.")
	f.BoolVar(&o.leaderElect, "leader-elect", false, "Let one of several replicas act.")
	f.DurationVar(&o.secretInterval, "secret-interval", o.secretInterval, "How often Secrets are read again: they are never watched.")
	f.StringVar(&o.metricsAddress, "metrics-bind-address", o.metricsAddress, "Where metrics are served; 0 for nowhere.")
	f.BoolVar(&o.metricsSecure, "metrics-secure", o.metricsSecure, "Serve metrics over TLS, to those whom the API server authenticates and authorizes.")
	f.StringVar(&o.probeAddress, "health-probe-bind-address", o.probeAddress, "Where /healthz and /readyz are served.")
}

// clusterDomains reads the cluster domain from the search list that the
// kubelet wrote: the entry svc.DOMAIN.
func clusterDomains(path string) []string {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || fields[0] != "search" {
			continue
		}
		for _, entry := range fields[1:] {
			if domain, ok := strings.CutPrefix(entry, "svc."); ok {
				return []string{strings.TrimSuffix(domain, ".")}
			}
		}
	}
	return nil
}

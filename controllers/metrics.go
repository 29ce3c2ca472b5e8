package controllers

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup/series"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/observe"
	"github.com/quorate/quorate/internal/plan"
)

// Metrics of each cluster. Every series bears namespace and name.
var (
	metricReady   = gauge("ready", "1 while the cluster's present generation is served.")
	metricStall   = gauge("stalled", "1 while a person must see to the cluster.")
	metricMembers = gauge("members", "Members by role and health.", "role", "healthy")
	metricMargin  = gauge("quorum_margin", "How many more healthy voters may fail; negative without a quorum.")
	metricDBSize  = gauge("database_size_bytes", "Size of a member's database.", "member")
	metricDBUsed  = gauge("database_in_use_bytes", "How much of a member's database is in use; the rest is free pages.", "member")
	metricQuota   = gauge("database_quota_bytes", "Backend quota of a member.", "member")
	metricExpiry  = gauge("certificate_expiry_timestamp_seconds", "When the first of the cluster's certificates ends.")
	metricProven  = gauge("last_proven_backup_timestamp_seconds", "When the data of the newest proven backup was read; absent while there is none.")
	metricBackups = gauge("backup_healthy", "1 while the last backup is proven and recent; 0 when it failed or is overdue; absent while nothing is known.")
	metricActions = prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "quorate", Subsystem: "cluster", Name: "actions_total", Help: "Decided actions."}, []string{"namespace", "name", "action"})
	gauges        = []*prometheus.GaugeVec{metricReady, metricStall, metricMembers, metricMargin, metricDBSize, metricDBUsed, metricQuota, metricExpiry, metricProven, metricBackups}
)

func gauge(name, help string, extra ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "quorate", Subsystem: "cluster", Name: name, Help: help}, append([]string{"namespace", "name"}, extra...))
}

func init() {
	for _, g := range gauges {
		metrics.Registry.MustRegister(g)
	}
	metrics.Registry.MustRegister(metricActions)
}

// setMetrics publishes what was just observed.
func setMetrics(c *v1alpha1.EtcdCluster, sight *observe.Sight, d plan.Decision, s v1alpha1.EtcdClusterStatus) {
	at := []string{c.Namespace, c.Name}
	metricReady.WithLabelValues(at...).Set(truth(s.Conditions, v1alpha1.ConditionReady))
	metricStall.WithLabelValues(at...).Set(truth(s.Conditions, v1alpha1.ConditionStalled))
	mine := prometheus.Labels{"namespace": c.Namespace, "name": c.Name}
	metricMembers.DeletePartialMatch(mine)
	healthy := 0
	for _, m := range s.Members {
		ready := "false"
		if m.Ready {
			ready = "true"
			if m.Role == v1alpha1.RoleLeader || m.Role == v1alpha1.RoleVoter {
				healthy++
			}
		}
		metricMembers.WithLabelValues(c.Namespace, c.Name, string(m.Role), ready).Inc()
	}
	voters := max(len(sight.Observation.Etcd.Members.Voters()), 1)
	metricMargin.WithLabelValues(at...).Set(float64(healthy - etcd.Quorum(voters)))
	for _, m := range sight.Observation.Members {
		if m.Agent != nil && m.Agent.Etcd != nil {
			metricDBSize.WithLabelValues(c.Namespace, c.Name, string(m.Name)).Set(float64(m.Agent.Etcd.DBSize))
			metricDBUsed.WithLabelValues(c.Namespace, c.Name, string(m.Name)).Set(float64(m.Agent.Etcd.DBSizeInUse))
			metricQuota.WithLabelValues(c.Namespace, c.Name, string(m.Name)).Set(float64(m.Agent.Etcd.Quota))
		}
	}
	if at, err := time.Parse(time.RFC3339, sight.Observation.Certificates.Expiry); err == nil {
		metricExpiry.WithLabelValues(c.Namespace, c.Name).Set(float64(at.Unix()))
	}
	setBackupMetrics(c, sight.Backups)
	if d.Outcome == plan.OutcomeAct {
		metricActions.WithLabelValues(c.Namespace, c.Name, plan.Name(d.Action)).Inc()
	}
}

func setBackupMetrics(c *v1alpha1.EtcdCluster, h series.Health) {
	if h.Proven.IsZero() {
		metricProven.DeleteLabelValues(c.Namespace, c.Name)
	} else {
		metricProven.WithLabelValues(c.Namespace, c.Name).Set(float64(h.Proven.Unix()))
	}
	switch h.State {
	case series.HealthUnknown:
		metricBackups.DeleteLabelValues(c.Namespace, c.Name)
	case series.HealthRecent:
		metricBackups.WithLabelValues(c.Namespace, c.Name).Set(1)
	default:
		metricBackups.WithLabelValues(c.Namespace, c.Name).Set(0)
	}
}

func truth(conditions []metav1.Condition, kind string) float64 {
	if meta.IsStatusConditionTrue(conditions, kind) {
		return 1
	}
	return 0
}

// forgetMetrics drops the series of a cluster that is gone.
func forgetMetrics(name types.NamespacedName) {
	mine := prometheus.Labels{"namespace": name.Namespace, "name": name.Name}
	for _, g := range gauges {
		g.DeletePartialMatch(mine)
	}
	metricActions.DeletePartialMatch(mine)
}

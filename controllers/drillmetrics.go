package controllers

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/quorate/quorate/api/v1alpha1"
)

// Metrics of the drills of each schedule. Every series bears namespace and name.
var (
	metricDrilled = drillGauge("last_drill_timestamp_seconds", "When the last drill of a schedule ended; absent while none has.")
	metricDrillIn = drillGauge("last_drill_seconds", "How long the last drill of a schedule took until its cluster served; absent where it never did.")
	metricDrillOK = drillGauge("last_drill_success", "1 where the last drill of a schedule gave a cluster with the data that was backed up, 0 where it did not, absent while nothing is known.")
	drillGauges   = []*prometheus.GaugeVec{metricDrilled, metricDrillIn, metricDrillOK}
)

func init() {
	for _, g := range drillGauges {
		metrics.Registry.MustRegister(g)
	}
}

func drillGauge(name, help string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "quorate", Subsystem: "schedule", Name: name, Help: help}, []string{"namespace", "name"})
}

// setDrillMetrics follows the status: an operator that starts knows them at once.
func setDrillMetrics(of types.NamespacedName, s v1alpha1.EtcdBackupScheduleStatus) {
	forgetDrillMetrics(of)
	c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionDrilled)
	if s.LastDrill == nil || c == nil {
		return
	}
	metricDrilled.WithLabelValues(of.Namespace, of.Name).Set(float64(s.LastDrill.CompletedAt.Unix()))
	if took, err := time.ParseDuration(s.LastDrill.Duration); err == nil {
		metricDrillIn.WithLabelValues(of.Namespace, of.Name).Set(took.Seconds())
	}
	switch c.Status {
	case metav1.ConditionTrue:
		metricDrillOK.WithLabelValues(of.Namespace, of.Name).Set(1)
	case metav1.ConditionFalse:
		metricDrillOK.WithLabelValues(of.Namespace, of.Name).Set(0)
	}
}

// forgetDrillMetrics drops the series of a schedule that is gone.
func forgetDrillMetrics(of types.NamespacedName) {
	for _, g := range drillGauges {
		g.DeleteLabelValues(of.Namespace, of.Name)
	}
}

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestDrill: the newest backup of a schedule is restored into a throw-away cluster; its
// data is found to be equal, how long it took is told, and nothing of it is left. One
// whose data was damaged in the store behind our back fails and says so, and so does one
// that has become another backup, manifest and all.
func TestDrill(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	st := s.store("store")
	c := s.readyEtcd("demo", 1)
	keys := c.write("before", 20)
	cl := c.client()
	if _, err := cl.Compact(bounded(t), c.revision()-5); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, name := range []string{"sound", "damaged", "swapped"} {
		c.write(name, 3)
		c.schedule(name, "0 0 29 2 *", st.at(), func(o *v1alpha1.EtcdBackupSchedule) { o.Spec.Immediate = true })
		names[name] = s.firstBackup(name)
	}
	for _, name := range names {
		(&backup{s, name}).complete()
	}
	folder := "etcd/" + s.name + "/demo/"
	data := func(name string) string { return folder + names[name] + ".db.zst" }
	must(t, st.client().Tamper(bounded(t), data("damaged"), 200, 2))
	s.swap(st, folder, names["sound"], names["swapped"])

	for name := range names {
		modify(s, name, &v1alpha1.EtcdBackupSchedule{}, func(o *v1alpha1.EtcdBackupSchedule) { o.Spec.Drill = &v1alpha1.BackupDrill{} })
	}
	end := s.drilled("sound", v1alpha1.DrillEqual, metav1.ConditionTrue)
	if took, err := time.ParseDuration(end.Duration); err != nil || took <= 0 || end.Backup != names["sound"] {
		t.Errorf("the drill ended as %+v (%v)", end, err)
	}
	if end := s.drilled("damaged", v1alpha1.DrillFailed, metav1.ConditionFalse); !strings.Contains(end.Message, "damaged") {
		t.Errorf("of damaged data it says %q", end.Message)
	}
	s.drilled("swapped", v1alpha1.DrillDifferent, metav1.ConditionFalse)
	c.waitCondition(v1alpha1.ConditionBackupHealthy, metav1.ConditionFalse, v1alpha1.ReasonDrillFailed, "EtcdBackupSchedule damaged")
	keys.verify() // the cluster itself is what it was
}

// firstBackup waits for the first backup of a schedule.
func (s *space) firstBackup(schedule string) (name string) {
	s.t.Helper()
	eventually(s.t, short, "a backup of "+schedule+" is made", func(context.Context) error {
		made := s.backupsOf(schedule)
		if len(made) != 1 {
			return fmt.Errorf("there are %v", made)
		}
		name = made[0]
		return nil
	})
	return name
}

// swap puts one backup into the place of another, as whoever may write into the store can.
func (s *space) swap(st *store, folder, from, to string) {
	s.t.Helper()
	content, err := st.client().Read(bounded(s.t), folder+from+".db.zst")
	must(s.t, err)
	manifest, err := st.client().Read(bounded(s.t), folder+from+".json")
	must(s.t, err)
	must(s.t, st.client().Write(bounded(s.t), folder+to+".db.zst", content))
	must(s.t, st.client().Write(bounded(s.t), folder+to+".json", []byte(strings.ReplaceAll(string(manifest), from, to))))
}

// drilled waits until a drill has ended and nothing of its cluster is left, and checks
// what it showed.
func (s *space) drilled(schedule string, result v1alpha1.DrillResult, status metav1.ConditionStatus) *v1alpha1.BackupDrillEnd {
	s.t.Helper()
	o := &v1alpha1.EtcdBackupSchedule{}
	eventually(s.t, long, "the drill of "+schedule+" has ended, and its cluster is gone", func(ctx context.Context) error {
		s.read(schedule, o)
		if o.Status.LastDrill == nil {
			return fmt.Errorf("%s", conditionsText(o.Status.Conditions))
		}
		clusters := &v1alpha1.EtcdClusterList{}
		if err := world.List(ctx, clusters, client.InNamespace(s.name), client.MatchingLabels{v1alpha1.LabelDrill: schedule}); err != nil || len(clusters.Items) > 0 {
			return fmt.Errorf("%d clusters are left (%w)", len(clusters.Items), err)
		}
		for _, list := range []client.ObjectList{&corev1.PersistentVolumeClaimList{}, &corev1.PodList{}} {
			if err := world.List(ctx, list, client.InNamespace(s.name), client.MatchingLabels{v1alpha1.LabelCluster: o.Status.LastDrill.Name}); err != nil || meta.LenList(list) > 0 {
				return fmt.Errorf("%d of %T are left (%w)", meta.LenList(list), list, err)
			}
		}
		return nil
	})
	drilled := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionDrilled)
	if end := o.Status.LastDrill; end.Result != result || drilled == nil || drilled.Status != status {
		s.t.Fatalf("the drill of %s ended as %s: %s; %s", schedule, end.Result, end.Message, conditionsText(o.Status.Conditions))
	}
	return o.Status.LastDrill
}

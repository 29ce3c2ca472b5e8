package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// schedule applies one for a cluster.
func (c *cluster) schedule(name, when string, where v1alpha1.BackupStore, edits ...func(*v1alpha1.EtcdBackupSchedule)) *v1alpha1.EtcdBackupSchedule {
	c.t.Helper()
	s := &v1alpha1.EtcdBackupSchedule{ObjectMeta: metav1.ObjectMeta{Name: name}}
	s.Spec.ClusterName, s.Spec.Schedule, s.Spec.Template.Store = c.name, when, where
	for _, edit := range edits {
		edit(s)
	}
	c.create(s)
	return s
}

// backupsOf are the names of a schedule's backups, oldest first.
func (s *space) backupsOf(schedule string) (names []string) {
	s.t.Helper()
	list := &v1alpha1.EtcdBackupList{}
	must(s.t, world.List(bounded(s.t), list, client.InNamespace(s.name), client.MatchingLabels{v1alpha1.LabelSchedule: schedule}))
	slices.SortFunc(list.Items, func(a, b v1alpha1.EtcdBackup) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	for _, b := range list.Items {
		names = append(names, b.Name)
	}
	return names
}

// TestSchedule: the first backup is made at once where that is asked for, the next at
// its minute; the cluster tells that it is backed up. A suspended schedule makes none,
// one that never comes true says so, and backups outlive their schedule.
func TestSchedule(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	st := s.store("store")
	c := s.readyEtcd("demo", 1)
	c.write("before", 5)
	c.schedule("minutely", "* * * * *", st.at(), func(o *v1alpha1.EtcdBackupSchedule) { o.Spec.Immediate = true })
	never := c.schedule("never", "0 0 30 2 *", st.at())
	c.schedule("resting", "* * * * *", st.at(), func(o *v1alpha1.EtcdBackupSchedule) { o.Spec.Suspend = true })

	var names []string
	eventually(t, 2*long, "two backups are made", func(context.Context) error {
		if names = s.backupsOf("minutely"); len(names) < 2 {
			return fmt.Errorf("there are %v", names)
		}
		return nil
	})
	for _, name := range names[:2] {
		(&backup{s, name}).complete()
	}
	c.waitCondition(v1alpha1.ConditionBackupHealthy, metav1.ConditionTrue, "")
	if out := kubectl(t, "-n", s.name, "get", "etcd", "demo"); !strings.Contains(strings.Fields(strings.Split(out, "\n")[0])[5], "BACKUP") {
		t.Errorf("kubectl prints:\n%s", out)
	}
	s.read("never", never)
	if text := conditionsText(never.Status.Conditions); !strings.Contains(text, "spec.schedule") {
		t.Errorf("a schedule that never comes true says %q", text)
	}
	if made := s.backupsOf("resting"); len(made) > 0 {
		t.Errorf("a suspended schedule made %v", made)
	}
	kubectl(t, "-n", s.name, "delete", "etcdbackupschedule", "minutely")
	if left := s.backupsOf("minutely"); len(left) < 2 {
		t.Errorf("with the schedule its backups went: %v are left", left)
	}
}

// TestRetention: what the rules do not keep goes with its data, and never the last one
// that was proven.
func TestRetention(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	st := s.store("store")
	c := s.readyEtcd("demo", 1)
	labelled := func(b *v1alpha1.EtcdBackup) {
		b.Labels = map[string]string{v1alpha1.LabelSchedule: "yearly"}
		b.Spec.DeletionPolicy = v1alpha1.DeletionDelete
	}
	for _, name := range []string{"first", "second", "third"} {
		c.write(name, 3)
		c.backup(name, st.at(), labelled).complete()
	}
	c.schedule("yearly", "0 0 1 1 *", st.at(), func(o *v1alpha1.EtcdBackupSchedule) {
		o.Spec.Retention = &v1alpha1.BackupRetention{KeepLast: 1}
	})
	folder := "etcd/" + s.name + "/demo/"
	eventually(t, long, "one backup is left", func(context.Context) error {
		if left := s.backupsOf("yearly"); len(left) != 1 || left[0] != "third" {
			return fmt.Errorf("there are %v", left)
		}
		if have := st.keys(folder); strings.Join(have, " ") != folder+"third.db.zst "+folder+"third.json" {
			return fmt.Errorf("the store has %v", have)
		}
		return nil
	})
}

package controllers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/etcdclient"
	"github.com/quorate/quorate/internal/plan"
)

// mode is what happens to the one write of a run that does not go well.
type mode string

const (
	unharmed mode = "unharmed"
	failed   mode = "not sent"
	lost     mode = "sent, its reply lost"
	died     mode = "sent, and the operator died"
)

var errHarm = errors.New("the connection broke")

// writes counts what the operators of one run write, to Kubernetes, to etcd
// and to agents, and harms one of it.
type writes struct {
	mu    sync.Mutex
	n, at int
	how   mode
	dead  bool
	what  string
	// made counts what was created, deleted and changed of the membership.
	made map[string]int
}

func (w *writes) before(verb string, o runtime.Object) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return errHarm
	}
	w.n++
	if w.n == w.at {
		w.what = verb
		if named, ok := o.(client.Object); ok {
			w.what += fmt.Sprintf(" %T %s", o, named.GetName())
		}
		if w.how == failed {
			return errHarm
		}
	}
	return nil
}

func (w *writes) after(verb string, o runtime.Object) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch verb {
	case "create", "delete":
		w.made[fmt.Sprintf("%s %T", verb, o)]++
	case "AddLearner", "Promote", "Remove", "MoveLeader":
		w.made[verb]++
	}
	if w.n != w.at || w.how == failed {
		return nil
	}
	w.dead = w.how == died
	return errHarm
}

// sweptEtcd is etcd as operators under a sweep reach it.
type sweptEtcd struct {
	etcdclient.Changer
	o *operator
}

func (s sweptEtcd) change(verb string, do func() error) error {
	err := s.o.write(verb, nil, do)
	if errors.Is(err, errHarm) {
		return fmt.Errorf("%w: %w", err, context.DeadlineExceeded)
	}
	return err
}

func (s sweptEtcd) AddLearner(ctx context.Context, url string) (id etcd.MemberID, err error) {
	return id, s.change("AddLearner", func() error { id, err = s.Changer.AddLearner(ctx, url); return err })
}

func (s sweptEtcd) Promote(ctx context.Context, id etcd.MemberID) error {
	return s.change("Promote", func() error { return s.Changer.Promote(ctx, id) })
}

func (s sweptEtcd) Remove(ctx context.Context, id etcd.MemberID) error {
	return s.change("Remove", func() error { return s.Changer.Remove(ctx, id) })
}

func (s sweptEtcd) MoveLeader(ctx context.Context, from, to etcd.MemberID) error {
	return s.change("MoveLeader", func() error { return s.Changer.MoveLeader(ctx, from, to) })
}

// run is one cluster that goes through a scenario, with operators that follow
// each other when one dies.
type run struct {
	*nature
	writes *writes
	op     *operator
}

func newRun(t *testing.T, replicas, at int, how mode) *run {
	r := &run{nature: newNature(newFormed(t, replicas, nil)), writes: &writes{at: at, how: how, made: map[string]int{}}}
	r.onJoin = func(admit func()) error {
		return r.op.write("Join", nil, func() error { admit(); return nil })
	}
	r.start()
	return r
}

// start starts an operator, which knows nothing of the one before.
func (r *run) start() {
	op := newOperator("system/a")
	op.before, op.after = r.writes.before, r.writes.after
	op.Observer.Etcd = etcdclient.PoolOf(func(string, etcdclient.Target) (etcdclient.Changer, error) { return sweptEtcd{r.etcd, op}, nil })
	now := func() time.Time { return r.clock }
	op.Observer.Now, op.Actor.Now = now, now
	r.op, r.writes.dead = op, false
}

// settle runs until nobody does anything any more and nothing is left to do.
func (r *run) settle() {
	r.t.Helper()
	for quiet, i := 0, 0; quiet < 2; i++ {
		if i == 200 {
			r.t.Fatalf("write %d (%s) %s: not settled: %+v\nof etcd was asked %v", r.writes.at, r.writes.what, r.writes.how, fresh(r.t, r.c).Status, r.etcd.Calls())
		}
		moved := r.step()
		before := r.op.writes.Load()
		_, err := r.op.Reconcile(r.t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(r.c)})
		if r.writes.dead {
			r.start()
			quiet = 0
			continue
		}
		if err != nil && !errors.Is(err, errHarm) {
			r.t.Logf("write %d (%s) %s: %v", r.writes.at, r.writes.what, r.writes.how, err)
		}
		quiet++
		if moved || err != nil || r.op.writes.Load() != before || !r.rests() {
			quiet = 0
		}
	}
}

func (r *run) rests() bool {
	ready := meta.FindStatusCondition(fresh(r.t, r.c).Status.Conditions, v1alpha1.ConditionReady)
	return ready.Reason == string(plan.ReasonHibernated) || ready.Status == "True" && ready.Reason == string(plan.ReasonSteady)
}

// scenario is a life of a cluster in phases, each of which ends at rest.
type scenario struct {
	replicas int
	phases   []func(*run)
}

var scenarios = map[string]scenario{
	"OutAndIn": {1, []func(*run){
		func(r *run) { r.scale(3) },
		func(r *run) { // in, while the leader has the highest ordinal
			m, _ := r.etcd.Members().ByPeerURL(r.peerURL(2))
			_ = r.etcd.MoveLeader(context.Background(), r.etcd.Leader(), m.ID)
			r.scale(1)
		},
	}},
	"DataLost": {3, []func(*run){func(r *run) {
		r.homes[r.pod(2).UID].agent.set(func(report *control.Report) {
			report.State, report.Reason, report.Message, report.Etcd = control.StateRefused, control.ReasonDataLost, "The data is gone.", nil
		})
		r.etcd.SetDown(0xa2, true)
	}}},
	"HibernateAndWake": {3, []func(*run){
		func(r *run) { r.hibernate(true) },
		func(r *run) { r.hibernate(false) },
	}},
}

func (f *formed) hibernate(is bool) {
	f.t.Helper()
	c := fresh(f.t, f.c)
	c.Spec.Hibernated = is
	update(f.t, c)
}

func (s scenario) play(t *testing.T, at int, how mode) *run {
	t.Helper()
	r := newRun(t, s.replicas, at, how)
	for _, phase := range s.phases {
		phase(r)
		r.settle()
	}
	return r
}

// Every write of the operator, to Kubernetes, to etcd and to an agent, is in
// turn not sent, sent with its reply lost, and the last one of its operator.
// Each run ends as the undisturbed one does, with as many creations and
// deletions. That takes minutes: by default a few writes suffer one of the
// three each, spread over the scenario, and QUORATE_SWEEP=all makes it all.
func TestSweep(t *testing.T) {
	t.Parallel()
	for _, name := range slices.Sorted(maps.Keys(scenarios)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := scenarios[name]
			calm := s.play(t, 0, unharmed)
			state := calm.state()
			t.Logf("%d writes, %v, ends in\n%s", calm.writes.n, calm.writes.made, state)
			if calm.writes.n < 5 {
				t.Fatalf("only %d writes: the sweep itself is broken", calm.writes.n)
			}
			swept := 0
			t.Cleanup(func() { t.Logf("%d writes were harmed", swept) })
			all, stride := os.Getenv("QUORATE_SWEEP") == "all", max(calm.writes.n/6, 1)
			for at := 1; at <= calm.writes.n; at++ {
				for i, how := range []mode{failed, lost, died} {
					if !all && (at%stride != 0 || at/stride%3 != i) {
						continue
					}
					swept++
					t.Run(fmt.Sprintf("%d-%d", at, i), func(t *testing.T) {
						r := s.play(t, at, how)
						if got := r.state(); got != state {
							t.Errorf("write %d (%s) %s: it ends in\n%swant\n%s", at, r.writes.what, how, got, state)
						}
						if !reflect.DeepEqual(r.writes.made, calm.writes.made) {
							t.Errorf("write %d (%s) %s: done was %v, want %v", at, r.writes.what, how, r.writes.made, calm.writes.made)
						}
					})
				}
			}
		})
	}
}

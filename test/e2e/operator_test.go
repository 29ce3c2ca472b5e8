package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// operator is an operator of a test's own, installed from config/namespaced.
type operator struct {
	*space
	wish    wish
	objects []client.Object
}

// wish is how an operator shall run.
type wish struct {
	dieAt string
	image string // empty: the one that the suite installs
	flags []string
	watch string
}

type option func(*wish)

// diesAt makes the operator exit at a point of an act, such as "after:Grant".
func diesAt(point string) option { return func(w *wish) { w.dieAt = point } }

// runs makes the operator another image.
func runs(image string) option { return func(w *wish) { w.image = image } }

// flag adds a flag.
func flag(f string) option { return func(w *wish) { w.flags = append(w.flags, f) } }

// watches makes the operator act in another namespace than its own.
func watches(namespace string) option { return func(w *wish) { w.watch = namespace } }

const (
	operatorImage = "ghcr.io/quorate/operator:v0.1.0"
	faultsImage   = operatorImage + "-faults"
	dieVariable   = "QUORATE_DIE"
)

// operator installs an operator that acts in this namespace only.
func (s *space) operator(options ...option) *operator {
	s.t.Helper()
	op := &operator{space: s, wish: wish{watch: s.name}}
	op.change(options...)
	op.objects = s.installation(op.wish.watch)
	for _, o := range op.objects {
		if d, ok := o.(*appsv1.Deployment); ok {
			op.shape(d)
		}
		if err := world.Create(bounded(s.t), o); err != nil {
			s.t.Fatalf("install %T %s: %v", o, o.GetName(), err)
		}
	}
	return op
}

// identity is how the operator names itself on a cluster.
func (op *operator) identity() string { return op.space.name + "/" + operatorName }

// change changes how the operator shall run when it is started next.
func (op *operator) change(options ...option) {
	for _, o := range options {
		o(&op.wish)
	}
}

// shape makes the Deployment run as wished. It needs no leader election: the
// old pod is gone before there is a new one.
func (op *operator) shape(d *appsv1.Deployment) {
	d.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
	c := &d.Spec.Template.Spec.Containers[0]
	c.Args = slices.DeleteFunc(c.Args, func(arg string) bool {
		return arg == "--leader-elect" || strings.HasPrefix(arg, "--watch-namespaces=") || slices.Contains(op.wish.flags, arg)
	})
	c.Args = append(append(c.Args, "--watch-namespaces="+op.wish.watch), op.wish.flags...)
	c.Env = slices.DeleteFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == dieVariable })
	c.Image = operatorImage
	if op.wish.image != "" {
		c.Image = op.wish.image
	}
	if op.wish.dieAt != "" {
		c.Image = faultsImage
		c.Env = append(c.Env, corev1.EnvVar{Name: dieVariable, Value: op.wish.dieAt})
	}
}

// start starts the operator as wished.
func (op *operator) start() {
	op.t.Helper()
	op.scale(1)
	if op.wish.dieAt != "" {
		return
	}
	eventually(op.t, long, op.identity()+" runs", func(ctx context.Context) error {
		_, err := op.runningPod(ctx)
		return err
	})
}

// stop stops the operator and waits until none of its pods is left.
func (op *operator) stop() {
	op.t.Helper()
	op.scale(0)
	eventually(op.t, medium, op.identity()+" is gone", func(ctx context.Context) error {
		pods, err := op.ownPods(ctx)
		if err == nil && len(pods) > 0 {
			err = fmt.Errorf("pod %s is there", pods[0].Name)
		}
		return err
	})
}

func (op *operator) restart() {
	op.t.Helper()
	op.stop()
	op.start()
}

// heal puts an operator that lives in the place of one that dies.
func (op *operator) heal() {
	op.t.Helper()
	op.stop()
	op.change(diesAt(""))
	op.start()
}

func (op *operator) scale(replicas int32) {
	op.t.Helper()
	modify(op.space, operatorName, &appsv1.Deployment{}, func(d *appsv1.Deployment) {
		d.Spec.Replicas = &replicas
		op.shape(d)
	})
}

// awaitDeath waits until the operator has died where it was told to.
func (op *operator) awaitDeath() {
	op.t.Helper()
	eventually(op.t, long, "the operator dies "+op.wish.dieAt, func(ctx context.Context) error {
		pods, err := op.ownPods(ctx)
		if err != nil {
			return err
		}
		for _, p := range pods {
			for _, c := range p.Status.ContainerStatuses {
				for _, state := range []corev1.ContainerState{c.State, c.LastTerminationState} {
					if state.Terminated != nil && state.Terminated.ExitCode == 137 {
						return nil
					}
				}
			}
		}
		return errors.New("it lives")
	})
}

// runningPod returns the operator's pod once it is ready.
func (op *operator) runningPod(ctx context.Context) (*corev1.Pod, error) {
	pods, err := op.ownPods(ctx)
	if err != nil {
		return nil, err
	}
	for i := range pods {
		if podReady(&pods[i]) == nil {
			return &pods[i], nil
		}
	}
	return nil, fmt.Errorf("none of %d pods is ready", len(pods))
}

func (op *operator) ownPods(ctx context.Context) ([]corev1.Pod, error) {
	list := &corev1.PodList{}
	err := world.List(ctx, list, client.InNamespace(op.space.name), client.MatchingLabels{
		"app.kubernetes.io/name": "quorate", "app.kubernetes.io/component": "operator",
	})
	return list.Items, err
}

// uninstall removes the operator with all its rights.
func (op *operator) uninstall() {
	op.t.Helper()
	for _, o := range slices.Backward(op.objects) {
		if err := world.Delete(bounded(op.t), o, client.PropagationPolicy("Foreground")); client.IgnoreNotFound(err) != nil {
			op.t.Fatalf("uninstall %T %s: %v", o, o.GetName(), err)
		}
	}
	for _, o := range op.objects {
		op.gone(o)
	}
}

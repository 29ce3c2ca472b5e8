package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// world is the Kubernetes that all tests share.
var world *environment

func TestMain(m *testing.M) {
	var err error
	utilruntime.ErrorHandlers = nil // client-go prints each forwarded connection that its other end closed
	if world, err = connect(); err == nil {
		err = prerequisites(world)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "e2e: %v\n", err)
		os.Exit(2)
	}
	code := m.Run()
	removeShared()
	os.Exit(code)
}

// prerequisites says what to type when something is missing.
func prerequisites(e *environment) error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if _, err := e.clientset.Discovery().ServerVersion(); err != nil {
		return fmt.Errorf("no Kubernetes answers at %s: %w\nType: make e2e (it brings one up)", e.config.Host, err)
	}
	if err := e.List(ctx, &v1alpha1.EtcdClusterList{}, client.Limit(1)); err != nil {
		return fmt.Errorf("the kind EtcdCluster is not installed: %w\nType: make e2e (it installs config/default)", err)
	}
	operator := &appsv1.Deployment{}
	key := client.ObjectKey{Namespace: systemNamespace, Name: operatorName}
	switch err := e.Get(ctx, key, operator); {
	case apierrors.IsNotFound(err):
		return fmt.Errorf("there is no Deployment %s\nType: make e2e (it installs config/default)", key)
	case err != nil:
		return fmt.Errorf("read Deployment %s: %w", key, err)
	case operator.Status.AvailableReplicas == 0:
		return fmt.Errorf("the Deployment %s has no available pod\nType: make e2e, or look: kubectl -n %s describe pods", key, systemNamespace)
	}
	return nil
}

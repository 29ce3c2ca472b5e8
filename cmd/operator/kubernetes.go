package main

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilversion "k8s.io/apimachinery/pkg/util/version"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/quorate/quorate/controllers"
)

// minimumKubernetes is the oldest release whose behaviour Quorate rests on:
// PodDisruptionBudgets with IfHealthyBudget are stable since 1.31.
const minimumKubernetes = "1.31.0"

// checkKubernetes refuses to run where promises could not be kept.
func checkKubernetes(config *rest.Config) error {
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return fmt.Errorf("ask the API server for its version: %w", err)
	}
	found, err := client.ServerVersion()
	if err != nil {
		return fmt.Errorf("ask the API server for its version: %w", err)
	}
	return tooOld(found.GitVersion)
}

func tooOld(gitVersion string) error {
	have, err := utilversion.ParseGeneric(gitVersion)
	if err != nil {
		return fmt.Errorf("read the API server's version %q: %w", gitVersion, err)
	}
	if have.LessThan(utilversion.MustParseGeneric(minimumKubernetes)) {
		return fmt.Errorf("this is Kubernetes %s, and Quorate needs %s or later: upgrade the control plane first", gitVersion, minimumKubernetes)
	}
	return nil
}

// newLock makes the Lease by which one replica acts.
func newLock(config *rest.Config, o *options) (resourcelock.Interface, error) {
	identity, err := hostname()
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(rest.AddUserAgent(rest.CopyConfig(config), "leader-election"))
	if err != nil {
		return nil, fmt.Errorf("make the leader election client: %w", err)
	}
	return resourcelock.New(resourcelock.LeasesResourceLock, o.namespace, o.name, client.CoreV1(), client.CoordinationV1(),
		resourcelock.ResourceLockConfig{Identity: identity})
}

// resizesPods reports whether this Kubernetes changes the resources of pods that
// run.
func resizesPods(config *rest.Config) (bool, error) {
	found, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return false, fmt.Errorf("reach the API server: %w", err)
	}
	served, err := found.ServerResourcesForGroupVersion("v1")
	if err != nil {
		return false, fmt.Errorf("ask the API server what it serves: %w", err)
	}
	return slices.ContainsFunc(served.APIResources, func(r metav1.APIResource) bool { return r.Name == "pods/resize" }), nil
}

// seesNodes reports whether the operator may watch nodes; without that it does
// not notice a cordon.
func seesNodes(ctx context.Context, config *rest.Config) (bool, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return false, fmt.Errorf("make a client: %w", err)
	}
	_, err = client.CoreV1().Nodes().List(ctx, metav1.ListOptions{Limit: 1, FieldSelector: controllers.Cordoned.String()})
	if apierrors.IsForbidden(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("list nodes: %w", err)
	}
	return true, nil
}

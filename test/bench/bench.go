package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kscheme "k8s.io/client-go/kubernetes/scheme"

	apiruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

const (
	namespace = "quorate-bench"
	patience  = 3 * time.Minute
	poll      = 50 * time.Millisecond
)

// bench is one run on one Kubernetes.
type bench struct {
	client.Client
	clientset *kubernetes.Clientset
	options   options
}

func connect(o options) (*bench, error) {
	config, err := clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w\nType: make bench (it brings a local Kubernetes up)", o.kubeconfig, err)
	}
	config.QPS = -1 // its polls are its own bound
	config.WarningHandler = rest.NoWarnings{}
	scheme := apiruntime.NewScheme()
	for _, add := range []func(*apiruntime.Scheme) error{kscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, err
	}
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &bench{c, clientset, o}, nil
}

// header says under which conditions the figures were made.
func (b *bench) header(ctx context.Context) error {
	server, err := b.clientset.Discovery().ServerVersion()
	if err != nil {
		return fmt.Errorf("ask the API server: %w", err)
	}
	nodes, err := b.clientset.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list nodes: %w", err)
	}
	fmt.Printf("# %s, %d cores, load %s, kernel %s\n", time.Now().UTC().Format(time.RFC3339), runtime.NumCPU(),
		firstFields("/proc/loadavg", 3), firstFields("/proc/sys/kernel/osrelease", 1))
	fmt.Printf("# Kubernetes %s, %d nodes on this machine, etcd %s, %s\n", server.GitVersion, len(nodes.Items), b.options.etcdVersion, runtime.Version())
	return nil
}

func firstFields(path string, n int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	fields := strings.Fields(string(text))
	return strings.Join(fields[:min(n, len(fields))], " ")
}

// begin makes the namespace anew.
func (b *bench) begin(ctx context.Context) error {
	if err := b.clear(ctx); err != nil {
		return err
	}
	return b.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: namespace, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}})
}

// end removes all that the run made, also when it was interrupted.
func (b *bench) end() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := b.clear(ctx); err != nil {
		note("the namespace %s is left behind: %v", namespace, err)
	}
}

func (b *bench) clear(ctx context.Context) error {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	if err := b.Delete(ctx, ns); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete namespace: %w", err)
	}
	return await(ctx, "the namespace is gone", func() (bool, error) {
		err := b.Get(ctx, client.ObjectKeyFromObject(ns), ns)
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	})
}

// await polls until something is so.
func await(ctx context.Context, what string, is func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		done, err := is()
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("wait until %s: %w", what, err)
		}
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w", what, ctx.Err())
		case <-time.After(poll):
		}
	}
}

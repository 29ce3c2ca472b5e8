package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	corev1 "k8s.io/api/core/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/controllers"
	"github.com/quorate/quorate/internal/act"
	"github.com/quorate/quorate/internal/control/dial"
	"github.com/quorate/quorate/internal/etcdclient"
	"github.com/quorate/quorate/internal/fault"
	"github.com/quorate/quorate/internal/observe"
	"github.com/quorate/quorate/internal/resource"
	"github.com/quorate/quorate/internal/version"
)

func run(ctx context.Context, o *options) error {
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the API server: %w", err)
	}
	config.QPS, config.Burst = 200, 400 // the API server's own fairness is the bound
	config.Wrap(fault.Kubernetes)
	if err := checkKubernetes(config); err != nil {
		return err
	}
	mgr, err := newManager(config, o)
	if err != nil {
		return err
	}
	self := o.namespace + "/" + o.name
	resizes, err := resizesPods(config)
	if err != nil {
		return err
	}
	reconciler := newReconciler(mgr, o, self)
	reconciler.Observer.Renderer.ResizesPods = resizes
	if seen, err := seesNodes(ctx, config); err != nil {
		return err
	} else if seen {
		reconciler.Observer.Cordoned = mgr.GetClient()
	} else {
		ctrl.Log.Info("nodes may not be watched: leadership stays on a node that is cordoned, until its pod is told to stop")
	}
	if err := reconciler.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the EtcdCluster controller: %w", err)
	}
	backups := &controllers.EtcdBackupReconciler{
		Client: reconciler.Client, Observer: reconciler.Observer, Actor: reconciler.Actor, Recorder: reconciler.Recorder,
	}
	if err := backups.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the EtcdBackup controller: %w", err)
	}
	schedules := &controllers.EtcdBackupScheduleReconciler{
		Client: reconciler.Client, Observer: reconciler.Observer, Actor: reconciler.Actor, Recorder: reconciler.Recorder,
	}
	if err := schedules.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the EtcdBackupSchedule controller: %w", err)
	}
	restores := &controllers.EtcdRestoreReconciler{Client: reconciler.Client, Observer: reconciler.Observer, Recorder: reconciler.Recorder}
	if err := restores.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("set up the EtcdRestore controller: %w", err)
	}
	ctrl.Log.Info("starting", "version", version.Version, "operator", self, "namespaces", o.watch, "clusterDomains", o.domains)
	return mgr.Start(ctx)
}

func newManager(config *rest.Config, o *options) (manager.Manager, error) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("register Kubernetes types: %w", err)
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("register Quorate's types: %w", err)
	}
	options := ctrl.Options{
		Scheme:                 scheme,
		Cache:                  controllers.Cache(o.watch),
		Client:                 client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},
		HealthProbeBindAddress: o.probeAddress,
		Metrics:                metricsserver.Options{BindAddress: o.metricsAddress, SecureServing: o.metricsSecure},
	}
	if o.metricsSecure {
		options.Metrics.FilterProvider = filters.WithAuthenticationAndAuthorization
	}
	if o.leaderElect {
		lock, err := newLock(config, o)
		if err != nil {
			return nil, err
		}
		options.LeaderElection = true
		options.LeaderElectionReleaseOnCancel = true
		options.LeaderElectionResourceLockInterface = lock
	}
	mgr, err := ctrl.NewManager(config, options)
	if err != nil {
		return nil, fmt.Errorf("make the manager: %w", err)
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, fmt.Errorf("add health check: %w", err)
	}
	if err := mgr.AddReadyzCheck("ping", healthz.Ping); err != nil {
		return nil, fmt.Errorf("add readiness check: %w", err)
	}
	return mgr, nil
}

func newReconciler(mgr manager.Manager, o *options, self string) *controllers.EtcdClusterReconciler {
	secrets := observe.NewSecrets(mgr.GetAPIReader(), o.secretInterval)
	agents := dial.NewPool()
	return &controllers.EtcdClusterReconciler{
		Client: mgr.GetClient(),
		Observer: &observe.Observer{
			Cached: mgr.GetClient(), Live: mgr.GetAPIReader(),
			Secrets: secrets, Agents: agents, Etcd: etcdclient.NewPool(),
			Issued:   observe.NewIssued(o.secretInterval),
			Renderer: resource.Renderer{MemberImage: o.memberImage, OperatorNamespace: o.namespace},
			Domains:  o.domains, Self: self, Now: time.Now,
		},
		Actor: &act.Actor{
			Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Agents: agents,
			Forget: secrets.Forget, BackupImage: o.backupImage, Self: self, Now: time.Now,
		},
		Recorder: mgr.GetEventRecorder("quorate"),
	}
}

// hostname identifies this process among the operator's replicas. In a pod it
// is the pod's name: a container that restarts in the same pod is the same
// candidate and need not wait for its own Lease to run out.
func hostname() (string, error) {
	name, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("read the host name: %w", err)
	}
	return name, nil
}

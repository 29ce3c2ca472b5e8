package observe

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/control/dial"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/etcdclient"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// certificates reads the cluster's Secrets by name and assesses them.
func (o *Observer) certificates(ctx context.Context, c *v1alpha1.EtcdCluster, s *Sight) error {
	s.PKI = resource.PKIPlan(c, o.Domains)
	s.Secrets = map[pki.Kind]pki.Content{}
	foreign := false
	var misowned []string
	for _, kind := range s.PKI.Kinds() {
		secret, state, detail, err := o.secret(ctx, c, kind)
		if err != nil {
			return err
		}
		if secret == nil {
			continue
		}
		if state != plan.ObjectCurrent {
			s.Observation.Objects = append(s.Observation.Objects, plan.Object{Kind: "Secret", Name: secret.Name, State: state, Detail: detail})
			foreign = true
			continue
		}
		s.Secrets[kind] = pki.Content(secret.Data)
		if kind.IsCA() && (metav1.GetControllerOf(secret) == nil) != (len(resource.RetainedOwners(c)) == 0) {
			misowned = append(misowned, secret.Name) // spec.storage.whenDeleted was changed
		}
	}
	if foreign {
		return nil // somebody else's Secret says nothing about our certificates
	}
	if err := o.sources(ctx, c, s); err != nil {
		return err
	}
	assessment := pki.Assess(s.PKI, s.Secrets, o.Now())
	s.NextCheck = assessment.NextCheck
	s.Observation.Certificates = assess(assessment, s.PKI)
	o.sourceTroubles(c, s, assessment)
	s.Observation.Certificates.Wanted = append(s.Observation.Certificates.Wanted, misowned...)
	o.rotation(c, s, assessment)
	return nil
}

// secret reads one Secret. What is kept of a Secret that is not this cluster's
// may be out of date, and everything waits for that one to go: it is read anew.
func (o *Observer) secret(ctx context.Context, c *v1alpha1.EtcdCluster, kind pki.Kind) (*corev1.Secret, plan.ObjectState, string, error) {
	name := types.NamespacedName{Namespace: c.Namespace, Name: kind.SecretName(c.Name)}
	secret, err := o.Secrets.Get(ctx, name)
	if err != nil || secret == nil {
		return nil, "", "", err
	}
	state, detail := secretState(c, kind, secret)
	if state == plan.ObjectCurrent {
		return secret, state, detail, nil
	}
	o.Secrets.Forget(name)
	if secret, err = o.Secrets.Get(ctx, name); err != nil || secret == nil {
		return nil, "", "", err
	}
	state, detail = secretState(c, kind, secret)
	return secret, state, detail, nil
}

// assess sorts the findings into what is lost, wanted, and wrong.
func assess(a pki.Assessment, p pki.Plan) plan.Certificates {
	var out plan.Certificates
	if !a.EarliestExpiry.IsZero() {
		out.Expiry = a.EarliestExpiry.UTC().Format(time.RFC3339)
	}
	for _, r := range a.Reports {
		name := r.Kind.SecretName(p.Cluster)
		switch {
		case r.Finding == pki.Current || p.Sources[r.Kind] != "":
			continue // what is wrong with sources is told apart
		case len(p.Sources) > 0 && !r.Kind.IsCA() && !r.Usable:
			out.Incomplete = true
			continue
		case r.Kind.IsCA() && !r.Usable:
			out.LostAuthorities = append(out.LostAuthorities, name)
		case r.Kind.IsCA():
			continue // it still signs; its rotation is a bundle rotation
		case r.Finding == pki.ForeignIssuer:
			out.Foreign = append(out.Foreign, name)
		case r.Usable:
			out.Wanted = append(out.Wanted, name)
		}
		if r.Finding != pki.Missing && r.Finding != pki.RenewDue {
			out.Problems = append(out.Problems, fmt.Sprintf("Secret %s: %s", name, r.Message))
		}
	}
	return out
}

const noAddress = "its pod has no address"

// ask polls every agent at once, then the cluster itself.
func (o *Observer) ask(ctx context.Context, c *v1alpha1.EtcdCluster, s *Sight) {
	s.Agents = map[etcd.MemberName]dial.Agent{}
	operator := s.Secrets[pki.OperatorTLS]
	config, err := pki.ControlTLS(operator)
	if err != nil {
		for i := range s.Observation.Members {
			s.Observation.Members[i].AgentError = "the operator's own certificate is not there yet"
		}
		s.Observation.Etcd.Error = "the operator's own certificate is not there yet"
		return
	}
	var wg sync.WaitGroup
	for i := range s.Observation.Members {
		m := &s.Observation.Members[i]
		pod := s.Pods[m.Name]
		if pod == nil || pod.Status.PodIP == "" || finished(pod) {
			m.AgentError = noAddress
			continue
		}
		agent := dial.Agent{
			Address:    pod.Status.PodIP,
			ServerName: resource.PodHost(c, etcd.PodName(m.Name)),
			TLS:        config,
			Version:    string(pod.UID) + string(operator["control.crt"]),
		}
		s.Agents[m.Name] = agent
		wg.Go(func() {
			report, err := o.Agents.Report(ctx, agent)
			if err == nil && report.State == control.StateStarting && report.Volume.ID == "" {
				m.AgentError = "it is reading its volume" // what it says of the volume means nothing yet
				return
			}
			if err == nil && report.Member != m.Name {
				m.AgentError = "its address answers as " + string(report.Member) // the address of a former pod
				return
			}
			m.Agent, m.AgentError = report, describe(err)
		})
	}
	wg.Wait()
	s.Observation.Etcd = o.etcd(ctx, c, s)
}

// finished reports whether a pod's address may already be somebody else's.
func finished(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// etcd asks for the linearizable member list, once a member is there to answer.
func (o *Observer) etcd(ctx context.Context, c *v1alpha1.EtcdCluster, s *Sight) plan.EtcdView {
	target, version, err := o.target(c, s)
	if err != nil {
		return plan.EtcdView{Error: err.Error()}
	}
	if len(target.Endpoints) == 0 {
		return plan.EtcdView{Error: "no member runs etcd"}
	}
	lister, err := o.Etcd.Get(string(c.UID), target, version)
	if err != nil {
		return plan.EtcdView{Error: err.Error()}
	}
	s.Etcd = lister
	list, err := lister.MemberList(ctx)
	if err != nil {
		return plan.EtcdView{Error: describe(err)}
	}
	return plan.EtcdView{Reached: true, ClusterID: list.ClusterID, Members: list.Members}
}

// target lists the members whose etcd serves clients.
func (o *Observer) target(c *v1alpha1.EtcdCluster, s *Sight) (etcdclient.Target, string, error) {
	scheme, version := "https", string(s.Secrets[pki.OperatorTLS]["client.crt"])
	var target etcdclient.Target
	if c.Spec.TLS.Disabled {
		scheme, version = "http", ""
	} else {
		config, err := pki.EtcdTLS(s.Secrets[pki.OperatorTLS])
		if err != nil {
			return target, "", fmt.Errorf("read the operator's client certificate: %w", err)
		}
		target.TLS, target.ServerName = config, resource.ClientHost(c)
	}
	for _, m := range s.Observation.Members {
		// A learner answers no linearizable read.
		if m.Agent != nil && m.Agent.State == control.StateRunning && (m.Agent.Etcd == nil || !m.Agent.Etcd.IsLearner) {
			target.Endpoints = append(target.Endpoints, scheme+"://"+net.JoinHostPort(s.Pods[m.Name].Status.PodIP, "2379"))
		}
	}
	return target, version, nil
}

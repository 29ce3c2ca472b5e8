package controllers

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/pki"
)

// agent stands for the agent of one pod: it reports what a test says it sees,
// on an address of its own.
type agent struct {
	address string
	mu      sync.Mutex
	report  control.Report
	joins   []control.JoinRequest
	drained string // the last withdrawal
	// onJoin, when set, answers an admission in place of the agent.
	onJoin func(control.JoinRequest) error
	server *http.Server
}

var addresses atomic.Int32

// newAgent serves the protocol with the certificate of the cluster's members.
func newAgent(t *testing.T, namespace string, report control.Report) *agent {
	t.Helper()
	n := addresses.Add(1)
	a := &agent{address: fmt.Sprintf("127.10.%d.%d", n/250, n%250+1), report: report}
	listener, err := tls.Listen("tcp", net.JoinHostPort(a.address, fmt.Sprint(control.Port)), &tls.Config{
		MinVersion:         tls.VersionTLS13,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return handshake(namespace) },
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+control.PathReport, func(w http.ResponseWriter, _ *http.Request) { a.answer(w) })
	mux.HandleFunc("POST "+control.PathFormed, func(w http.ResponseWriter, _ *http.Request) { a.answer(w) })
	mux.HandleFunc("POST "+control.PathJoin, a.join)
	mux.HandleFunc("POST "+control.PathDrain, a.drain)
	mux.HandleFunc("POST "+control.PathPrepare, a.prepare)
	mux.HandleFunc("POST "+control.PathDefragment, a.defragment)
	mux.HandleFunc("POST "+control.PathHalt, a.halt)
	mux.HandleFunc("POST "+control.PathSurvive, a.survive)
	a.server = &http.Server{Handler: mux} //nolint:gosec // a test
	go func() { _ = a.server.Serve(listener) }()
	t.Cleanup(func() { _ = a.server.Close() })
	return a
}

// handshake is what an agent goes by: the members' Secret as it is now.
func handshake(namespace string) (*tls.Config, error) {
	secret := &corev1.Secret{}
	key := client.ObjectKey{Namespace: namespace, Name: pki.MemberTLS.SecretName("demo")}
	if err := apiServer.Get(context.Background(), key, secret); err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(secret.Data["control.crt"], secret.Data["control.key"])
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(secret.Data["control-ca.crt"])
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert,
	}, err
}

// stop ends the agent with its pod and returns what it saw last.
func (a *agent) stop() control.Report {
	_ = a.server.Close()
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.report
}

func (a *agent) answer(w http.ResponseWriter) {
	a.mu.Lock()
	defer a.mu.Unlock()
	report := a.report
	if report.Etcd != nil {
		etcd, drained := *report.Etcd, a.drained
		etcd.Drained = &drained
		report.Etcd = &etcd
	}
	_ = json.NewEncoder(w).Encode(report)
}

func (a *agent) drain(w http.ResponseWriter, r *http.Request) {
	var request control.DrainRequest
	_ = json.NewDecoder(r.Body).Decode(&request)
	a.mu.Lock()
	a.drained = request.Withdrawal
	a.mu.Unlock()
	a.answer(w)
}

func (a *agent) defragment(w http.ResponseWriter, _ *http.Request) {
	a.set(func(r *control.Report) {
		e := *r.Etcd
		e.Defragmenting = true
		r.Etcd = &e
	})
	a.answer(w)
}

func (a *agent) prepare(w http.ResponseWriter, r *http.Request) {
	var request control.PrepareRequest
	_ = json.NewDecoder(r.Body).Decode(&request)
	a.set(func(r *control.Report) {
		r.Step = nil
		if request.To != "" {
			r.Step = &control.Step{To: request.To, State: control.StepWorking}
		}
	})
	a.answer(w)
}

func (a *agent) join(w http.ResponseWriter, r *http.Request) {
	var request control.JoinRequest
	_ = json.NewDecoder(r.Body).Decode(&request)
	a.mu.Lock()
	a.joins = append(a.joins, request)
	onJoin := a.onJoin
	a.mu.Unlock()
	if onJoin != nil {
		if err := onJoin(request); errors.Is(err, errHarm) {
			panic(http.ErrAbortHandler)
		} else if err != nil {
			w.WriteHeader(http.StatusConflict)
			_ = json.NewEncoder(w).Encode(control.Refusal{Message: err.Error()})
			return
		}
	}
	a.answer(w)
}

// set changes what the agent reports.
func (a *agent) set(change func(*control.Report)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(&a.report)
}

func (a *agent) joined() []control.JoinRequest {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.joins
}

package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// Agent is the lifecycle of one member.
type Agent struct {
	config Config
	layout layout
	log    *zap.Logger // the agent's own lines
	tapped *zap.Logger // etcd's
	level  zap.AtomicLevel
	starts starts

	requests chan request
	pings    chan struct{}
	taskDone chan error
	died     chan error    // the running server ended on its own
	again    chan *server  // it has joined and would serve sooner after another start
	retry    chan struct{} // time to boot again after a refusal that may pass
	hurry    chan struct{} // a second signal: do not drain
	quit     chan struct{} // closed when Run returns; ends what the agent started

	closing sync.WaitGroup // what Run leaves to the end of the process

	preparation      preparation
	defragmentations defragmentations
	staging          staging

	mu      sync.RWMutex
	view    view
	removed bool // etcd logged that the cluster removed it
}

// view is what the rest of the world may see, guarded by Agent.mu. Only the
// running task changes it.
type view struct {
	state    control.State
	reason   control.Reason
	message  string
	volume   volumeRecord
	contents control.Contents
	server   *server              // nil unless etcd runs
	log      *control.LogPosition // how far the log went when etcd was last seen not to run
	listed   etcd.Members         // by the database, while etcd is halted
	stopping bool
}

// New prepares an agent; Run starts it. The level follows etcd's log-level
// setting.
func New(config Config, log *zap.Logger, level zap.AtomicLevel) (*Agent, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("configure the agent: %w", err)
	}
	a := &Agent{
		config: config, layout: layout(config.Dir), level: level,
		log:      log.Named("agent").With(zap.String("cluster", config.Cluster), zap.String("member", string(config.Name))),
		starts:   starts{layout: layout(config.Dir)},
		requests: make(chan request),
		pings:    make(chan struct{}),
		taskDone: make(chan error, 1),
		died:     make(chan error, 1),
		again:    make(chan *server),
		retry:    make(chan struct{}, 1),
		hurry:    make(chan struct{}),
		quit:     make(chan struct{}),
		view:     view{state: control.StateStarting, message: readingMessage},
	}
	a.tapped = tapped(log.Named("etcd"), a.listen)
	return a, nil
}

// Run serves until ctx is done and the member has stopped in good order, or
// until etcd dies. An error means that the process should end with a failure,
// so that the kubelet starts it again.
func (a *Agent) Run(ctx context.Context) error {
	servers, err := a.serve()
	if err != nil {
		return err
	}
	a.log.Info("agent is up", zap.String("peerURL", a.config.PeerURL), zap.String("clientURL", a.config.ClientURL),
		zap.String("clientService", a.config.ClientService), zap.Stringer("etcd", BinaryVersion()))
	err = a.loop(ctx)
	close(a.quit)
	for _, s := range servers {
		err = errors.Join(err, shutdown(s))
	}
	return err
}

// Hurry ends a drain at once.
func (a *Agent) Hurry() {
	select {
	case <-a.hurry:
	default:
		close(a.hurry)
	}
}

// serve opens the probe and the control port. They stay open to the very end.
func (a *Agent) serve() ([]*http.Server, error) {
	l := a.config.Listen
	probes := &http.Server{Handler: a.probes(), ReadHeaderTimeout: 5 * time.Second, ErrorLog: zap.NewStdLog(a.log)}
	protocol := &http.Server{Handler: a.protocol(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		TLSConfig: a.controlTLS(), ErrorLog: zap.NewStdLog(a.log)}
	onProbe, err := net.Listen("tcp", l.address(l.Probe))
	if err != nil {
		return nil, fmt.Errorf("listen for probes: %w", err)
	}
	onControl, err := net.Listen("tcp", l.address(l.Control))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen for the operator: %w", err), onProbe.Close())
	}
	go a.serveOn(func() error { return probes.Serve(onProbe) })
	go a.serveOn(func() error { return protocol.ServeTLS(onControl, "", "") })
	return []*http.Server{probes, protocol}, nil
}

func (a *Agent) serveOn(serve func() error) {
	if err := serve(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		a.log.Error("a port of the agent stopped serving", zap.Error(err))
	}
}

func shutdown(s *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		return s.Close()
	}
	return nil
}

// listen hears etcd's log: its last words, and that it was removed.
func (a *Agent) listen(e zapcore.Entry, fields []zapcore.Field) {
	if e.Level >= zapcore.DPanicLevel {
		a.starts.died(sentence(e, fields))
	}
	if saysRemoved(e, fields) {
		a.mu.Lock()
		a.removed = true
		a.mu.Unlock()
	}
}

// saysRemoved recognises what etcd logs when it applies its own removal, and
// when a peer of the same cluster answers that it was removed.
func saysRemoved(e zapcore.Entry, fields []zapcore.Field) bool {
	err := errorField(fields)
	return e.Message == "server error" && err != nil &&
		err.Error() == "the member has been permanently removed from the cluster"
}

func (a *Agent) look() view {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.view
}

func (a *Agent) change(f func(*view)) {
	a.mu.Lock()
	before := a.view
	f(&a.view)
	after := a.view
	a.mu.Unlock()
	if before.state != after.state || before.reason != after.reason {
		a.log.Info("state changed", zap.String("from", string(before.state)), zap.String("to", string(after.state)),
			zap.String("reason", string(after.reason)), zap.String("message", after.message))
	}
}

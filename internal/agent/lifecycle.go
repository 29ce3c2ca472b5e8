package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// retryAfterCrash and retryAfterVolume are how long the agent stays up to
// report a refusal that may pass before it looks again.
const (
	retryAfterCrash  = 5 * time.Minute
	retryAfterVolume = 30 * time.Second
)

// request is one call of the control protocol, to be run as a task.
type request struct {
	run    func(answer func(control.Report, error)) error
	answer chan answer
}

type answer struct {
	report control.Report
	err    error
}

// errStopped ends the loop in good order.
var errStopped = errors.New("stopped")

// loop runs one task at a time: a boot, a request or the stop. It never blocks
// on any of them, and so goes on answering pings: that is what /livez asks.
// A task that returns an error ends the agent.
func (a *Agent) loop(ctx context.Context) error {
	busy := true
	go a.task(a.boot)
	stop := ctx.Done()
	stopping := false
	for {
		requests, retry, again, died := a.requests, a.retry, a.again, a.died
		if busy {
			requests, retry, again, died = nil, nil, nil, nil
		}
		if stopping && !busy {
			busy = true
			go a.task(a.stop)
			continue
		}
		select {
		case a.pings <- struct{}{}:
		case <-stop:
			stop, stopping = nil, true
			a.change(func(v *view) { v.stopping = true })
			if busy && a.look().server == nil {
				return a.leave() // still reading or starting: nothing to hand over
			}
		case err := <-a.taskDone:
			busy = false
			if errors.Is(err, errStopped) {
				return nil
			}
			if err != nil {
				return err
			}
		case r := <-requests:
			busy = true
			go a.task(func() error { return r.serve() })
		case <-retry:
			busy = true
			go a.task(a.bootAgain)
		case s := <-again:
			busy = true
			go a.task(func() error { return a.startAgain(s) })
		case err := <-died:
			busy = true
			go a.task(func() error { return a.bury(err) })
		}
	}
}

// leave ends before etcd was up. Being told to stop is no crash.
func (a *Agent) leave() error {
	if err := a.starts.settled(); err != nil {
		a.log.Warn("a good stop could not be recorded", zap.Error(err))
	}
	return nil
}

func (a *Agent) task(f func() error) { a.taskDone <- f() }

// serve answers as soon as the outcome is durable, and may go on afterwards.
func (r request) serve() error {
	answered := false
	err := r.run(func(report control.Report, err error) {
		answered = true
		r.answer <- answer{report, err}
	})
	if !answered {
		r.answer <- answer{err: fmt.Errorf("no answer: %w", err)}
	}
	return err
}

// do hands a request to the loop and waits for its answer.
func (a *Agent) do(ctx context.Context, run func(answer func(control.Report, error)) error) (control.Report, error) {
	r := request{run: run, answer: make(chan answer, 1)}
	select {
	case a.requests <- r:
	case <-ctx.Done():
		return control.Report{}, fmt.Errorf("the agent is busy: %w", ctx.Err())
	case <-a.quit:
		return control.Report{}, errStopped
	}
	select {
	case answered := <-r.answer:
		return answered.report, answered.err
	case <-ctx.Done():
		return control.Report{}, fmt.Errorf("the agent is busy: %w", ctx.Err())
	}
}

// after sends to the retry channel later, unless the agent has ended.
func (a *Agent) after(d time.Duration) {
	go func() {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			select {
			case a.retry <- struct{}{}:
			default:
			}
		case <-a.quit:
		}
	}()
}

// stop leaves the cluster in good order: leadership first, then the clients,
// then etcd itself. The probes already say unready.
func (a *Agent) stop() error {
	v := a.look()
	a.change(func(v *view) { v.state, v.reason, v.message = control.StateStopping, "", "The pod was told to stop." })
	if v.server == nil {
		return errStopped
	}
	began := time.Now()
	successor, err := v.server.handOver(context.Background())
	if err != nil {
		a.log.Warn("leadership stays until etcd closes", zap.Error(err))
	}
	a.log.Info("draining", zap.Stringer("leadershipTo", successor), zap.Duration("handOverTook", time.Since(began)),
		zap.Duration("drain", a.config.Drain))
	drain := time.NewTimer(a.config.Drain)
	defer drain.Stop()
	select {
	case <-drain.C:
	case <-a.hurry:
	case err := <-a.died:
		return fmt.Errorf("while draining: %w", err)
	}
	// Once the server has stopped, log and database are closed and synced. What
	// etcd still waits for, a second long, is its peers' connections.
	a.closing.Go(v.server.end)
	<-v.server.Server.StopNotify()
	if err := a.starts.settled(); err != nil {
		a.log.Warn("a good stop could not be recorded", zap.Error(err))
	}
	a.log.Info("etcd is closed", zap.Duration("took", time.Since(began)))
	return errStopped
}

package agent

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// lookAgainAfter is how soon the agent looks again for what is in the way of a
// step.
const lookAgainAfter = 10 * time.Second

// preparation is what is done for a step to another release line. It runs beside
// the tasks: a snapshot of the database may take minutes.
type preparation struct {
	mu   sync.Mutex
	step control.Step // To is empty while there is none
	kept string
	stop context.CancelFunc
}

func (p *preparation) look() (*control.Step, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.step.To == "" {
		return nil, p.kept
	}
	step := p.step
	return &step, p.kept
}

// found remembers for which step there is a kept snapshot.
func (p *preparation) found(kept string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept = kept
}

// begin starts a preparation, unless this very one is under way or done.
func (p *preparation) begin(to string) (ctx context.Context, anew bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.step.To == to {
		return nil, false
	}
	if p.stop != nil {
		p.stop()
	}
	ctx, p.stop = context.WithCancel(context.Background())
	p.step = control.Step{To: to, State: control.StepWorking}
	return ctx, true
}

// end stops what is under way.
func (p *preparation) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop != nil {
		p.stop()
	}
	p.stop, p.step = nil, control.Step{}
}

// settle records how a preparation stands, unless it was ended meanwhile.
func (p *preparation) settle(ctx context.Context, state control.StepState, message, kept string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() == nil {
		p.step.State, p.step.Message, p.kept = state, message, kept
	}
}

// prepare begins or ends the preparation of a step, by the word of the operator.
func (a *Agent) prepare(req control.PrepareRequest, answer func(control.Report, error)) error {
	v := a.look()
	if r := refusePrepare(v, req); r != nil {
		answer(control.Report{}, r)
		return nil
	}
	if req.To == "" {
		a.preparation.end()
		if err := a.layout.forgetKept(); err != nil {
			answer(control.Report{}, refusal("", "The snapshot that was kept cannot be deleted: %v.", err))
			return nil
		}
		a.preparation.found(a.layout.kept())
		answer(a.report(), nil)
		return nil
	}
	if ctx, anew := a.preparation.begin(req.To); anew {
		a.log.Info("preparing for another release line of etcd", zap.String("to", req.To))
		go a.getReady(ctx, v.server, req.To)
	}
	answer(a.report(), nil)
	return nil
}

// refusePrepare returns why not. The end of a step needs no etcd that runs.
func refusePrepare(v view, req control.PrepareRequest) *control.Refusal {
	switch {
	case otherMember(v, req.ClusterID, req.MemberID) != nil:
		return otherMember(v, req.ClusterID, req.MemberID)
	case v.server == nil && req.To != "":
		return refusal("", "etcd does not run.")
	case !lineName.MatchString(req.To) && req.To != "":
		return refusal("", "%q is no release line of etcd.", req.To)
	default:
		return nil
	}
}

// getReady does all that the step needs, and looks again as long as something is
// in the way.
func (a *Agent) getReady(ctx context.Context, s *server, to string) {
	for {
		problem := a.obstacle(ctx, s, to)
		if problem == "" {
			a.log.Info("prepared", zap.String("to", to))
			a.preparation.settle(ctx, control.StepReady, "", to)
			return
		}
		a.log.Info("a step is in question", zap.String("to", to), zap.String("problem", problem))
		a.preparation.settle(ctx, control.StepBlocked, problem, a.layout.kept())
		select {
		case <-time.After(lookAgainAfter):
		case <-ctx.Done():
			return
		case <-s.ended:
			return
		case <-a.quit:
			return
		}
	}
}

// obstacle prepares once, and says what is in the way; empty when nothing is.
func (a *Agent) obstacle(ctx context.Context, s *server, to string) string {
	if problem := s.unreadable(ctx, a.layout, to); problem != "" {
		return problem
	}
	if err := a.layout.keep(ctx, s, to); err != nil {
		return fmt.Sprintf("No snapshot of the database can be kept on the volume: %v.", err)
	}
	return ""
}

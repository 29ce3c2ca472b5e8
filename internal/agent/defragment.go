package agent

import (
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// defragmentations is what the agent knows of them.
type defragmentations struct {
	mu   sync.Mutex
	runs bool
	done int
	last *control.Defragmentation
}

func (d *defragmentations) look() (runs bool, last *control.Defragmentation) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.runs, d.last
}

// begin reports whether one is to begin: none is under way, and none has come
// after the one that is named.
func (d *defragmentations) begin(after int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	begins := !d.runs && d.done == after
	d.runs = d.runs || begins
	return begins
}

func (d *defragmentations) end(last control.Defragmentation, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		last.Error = err.Error()
	}
	d.done++
	last.Number = d.done
	d.runs, d.last = false, &last
}

// defragment begins one, by the word of the operator, who took the member out of
// the client Service. It runs beside the tasks: probes and reports go on.
func (a *Agent) defragment(req control.DefragmentRequest, answer func(control.Report, error)) error {
	v := a.look()
	if r := refuseDefragment(v, req); r != nil {
		answer(control.Report{}, r)
		return nil
	}
	if a.defragmentations.begin(req.After) {
		go func() {
			db, compacted := v.server.Server.Backend(), v.server.facts().compacted
			before, began := db.Size(), time.Now()
			err := a.layout.roomFor(db.SizeInUse())
			if err == nil {
				err = db.Defrag()
			}
			took := time.Since(began)
			a.log.Info("defragmented", zap.Duration("took", took), zap.Int64("bytes", db.Size()), zap.Int64("before", before), zap.Error(err))
			a.defragmentations.end(control.Defragmentation{Seconds: took.Seconds(), Bytes: db.Size(), Compacted: compacted}, err)
		}()
	}
	answer(a.report(), nil)
	return nil
}

// refuseDefragment returns why not.
func refuseDefragment(v view, req control.DefragmentRequest) *control.Refusal {
	switch {
	case otherMember(v, req.ClusterID, req.MemberID) != nil:
		return otherMember(v, req.ClusterID, req.MemberID)
	case v.server == nil:
		return refusal("", "etcd does not run.")
	case v.server.self() == nil || v.server.self().IsLearner:
		return refusal("", "The member is a learner.")
	case uint64(v.server.Server.Leader()) == uint64(v.server.id()) && v.server.voters() > 1:
		return refusal("", "The member leads.")
	default:
		return nil
	}
}

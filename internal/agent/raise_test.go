package agent

import (
	"encoding/binary"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// All that the log holds counts as committed afterwards, also behind a torn tail,
// and nothing is added to it.
func TestRaiseCommit(t *testing.T) {
	t.Parallel()
	for name, tear := range map[string]bool{"whole": false, "with a torn tail": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := grown(t)
			l, log := p.layout(), zap.NewNop()
			w, state, end, err := openLog(log, l.walDir())
			must(t, err)
			state.commit = end.Index - 20
			must(t, saveState(w, state))
			must(t, w.Close())
			before := scanLog(l.walDir())
			if before.Commit != end.Index-20 || before.Last != end.Index || before.LastTerm != end.Term {
				t.Fatalf("the log %+v, read as %+v", before, end)
			}
			if tear {
				edit(t, p.segment(), func(b []byte) []byte {
					binary.LittleEndian.PutUint64(b[used(b):], 2048) // the length of a record of which nothing was written
					return b
				})
			}
			refused := l.raiseCommit(control.LogPosition{Term: end.Term, Index: end.Index + 1}, log)
			if refused == nil || !strings.Contains(refused.Error(), "the log ends at") {
				t.Errorf("a log that lacks what was granted: %v", refused)
			}
			for range 2 {
				must(t, l.raiseCommit(end, log))
				after := scanLog(l.walDir())
				if after.Commit != end.Index || after.Last != end.Index || after.LastTerm != end.Term || after.Condition != Readable {
					t.Errorf("afterwards: %+v", after)
				}
			}
			p.start()
			waitFor(t, "readiness", p.ready)
		})
	}
}

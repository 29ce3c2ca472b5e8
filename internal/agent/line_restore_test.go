//go:build lines && !etcd35 && !etcd36

package agent

import (
	"errors"
	"fmt"
	"os/exec"
	"testing"

	"github.com/quorate/quorate/internal/control"
)

// A snapshot of one line begins a cluster of the same or of the next, and that goes
// on from line to line as one that was born there. A line that cannot read it says
// so before it is staged.
func TestLinesRestore(t *testing.T) {
	for from, c := range map[string]struct {
		into    map[string][]string // the line that restores, and those after it
		refused map[string]control.Reason
	}{
		"3.5": {map[string][]string{"3.5": {"3.6", "3.7"}, "3.6": {"3.7"}}, map[string]control.Reason{"3.7": control.ReasonOlderData}},
		"3.6": {map[string][]string{"3.7": nil}, map[string]control.Reason{"3.5": control.ReasonNewerData}},
		"3.7": {nil, map[string]control.Reason{"3.6": control.ReasonNewerData, "3.5": control.ReasonNewerData}},
	} {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			old := newCrew(t, from)
			fill(t, old.pods[0], 30, 10)
			s := take(t, old.pods[0])
			for line, reason := range c.refused {
				cluster := idleCrew(t, line)
				_, err := cluster.pods[0].stage(s)
				var refused *control.Refusal
				if !errors.As(err, &refused) || refused.Reason != reason {
					t.Errorf("on %s: %v", line, err)
				}
			}
			for line, later := range c.into {
				cluster := idleCrew(t, line)
				restoreInto(t, cluster.pods, cluster.pods, s, s.restore())
				cluster.roll(line)
				for _, next := range later {
					cluster.step(next)
				}
				if keys := everyKey(t, cluster.pods[0]); len(keys) < 30+3 {
					t.Errorf("from %s by %s: %v", from, line, keys)
				}
			}
		})
	}
}

// idleCrew is three members of a line that wait.
func idleCrew(t *testing.T, line string) *crew {
	t.Helper()
	as := newAuthorities(t)
	cluster := &crew{t: t, running: map[*pod]*exec.Cmd{}}
	for i := range 3 {
		p := newPod(t, as, fmt.Sprintf("demo-%d", i))
		plain(&p.config)
		cluster.pods = append(cluster.pods, p)
		cluster.restart(p, line)
		waitFor(t, "the volume", func() bool { return p.report().State == control.StateWaiting })
	}
	return cluster
}

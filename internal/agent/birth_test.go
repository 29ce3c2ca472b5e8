package agent

import (
	"testing"
	"time"

	"github.com/quorate/quorate/internal/control"
)

func TestThreeMembersAreBornOverTheControlProtocol(t *testing.T) {
	pods := newCluster(t, 3)
	for _, p := range pods {
		r := p.report()
		if r.State != control.StateWaiting || r.Volume.Contents != control.ContentsEmpty || r.Volume.ID == "" {
			t.Fatalf("before admission: %+v", r)
		}
	}
	began := time.Now()
	form(t, pods)
	t.Logf("admission to all ready: %v", time.Since(began))
}

package plan

import (
	"fmt"
	"strings"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// loss is the evidence that a listed member's data is gone for good, as a
// clause for people; empty when there is none. Unknown is not dead: silence,
// however long, is no evidence.
func (w *world) loss(s seat) string {
	switch m := s.at; {
	case m == nil:
		return ""
	case w.namedCorrupt(s.entry.ID):
		return "a CORRUPT alarm names it"
	case m.Agent != nil:
		return w.lossByAgent(s, m)
	case w.Replace == s.entry.ID:
		return "it does not answer, and the annotation etcd.quorate.dev/replace declares it lost"
	case m.Loss != "":
		return m.Loss
	case m.Claim == nil && m.Pod != PodRunning:
		return "its claim is gone"
	default:
		return ""
	}
}

func (w *world) namedCorrupt(id etcd.MemberID) bool {
	for _, c := range w.corrupt() {
		if c == id {
			return true
		}
	}
	return false
}

// lossByAgent takes the word of the agent that holds the member's volume.
func (w *world) lossByAgent(s seat, m *Member) string {
	a := m.Agent.Volume.Admission
	switch {
	case m.dataGone():
		return strings.TrimSuffix(m.Agent.Message, ".")
	case m.Agent.State == control.StateStopping:
		return ""
	case m.Agent.State == control.StateRemoved:
		return "its agent was told that the cluster removed it"
	case a != nil && a.ClusterID != w.Record.ClusterID:
		return fmt.Sprintf("its volume was admitted to another birth, %s", a.Token)
	case a != nil && a.MemberID != s.entry.ID:
		return fmt.Sprintf("its volume holds another member, %s", a.MemberID)
	case m.Agent.State == control.StateWaiting && !w.awaited(s, m):
		return "its volume is empty"
	case m.Agent.State != control.StateRunning && w.Replace == s.entry.ID:
		return "the annotation etcd.quorate.dev/replace declares it lost"
	default:
		return ""
	}
}

// awaited reports whether an empty volume is just the one that shall bear the
// member: a learner that was added for it, or a late member of the birth.
func (w *world) awaited(s seat, m *Member) bool {
	if s.entry.Started() {
		return false
	}
	if s.entry.IsLearner {
		j := w.Record.Joining
		return j == nil || j.ID != s.entry.ID || j.VolumeID == m.Agent.Volume.ID
	}
	b := w.Record.Birth
	if b == nil || !w.bornOf(b) {
		return false
	}
	granted, ok := b.volume(m.Name)
	return ok && granted == m.Agent.Volume.ID
}

// dataGone reports whether the agent says that its data is lost or corrupt.
// The other refusals name something that can be mended.
func (m Member) dataGone() bool {
	if !m.refuses() {
		return false
	}
	switch m.Agent.Reason {
	case control.ReasonCorruptWAL, control.ReasonCorruptDatabase, control.ReasonDataLost:
		return true
	default:
		return false
	}
}

func (m Member) refuses() bool { return m.Agent != nil && m.Agent.State == control.StateRefused }

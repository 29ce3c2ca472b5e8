package agent

import (
	"fmt"
	"testing"
)

// The only member of a cluster leads again at once. It must not stand for
// election before raft has applied its log: beyond a hundred entries etcd has
// dropped them from memory by then, and raft panics for want of them.
func TestTheOnlyMemberRestarts(t *testing.T) {
	t.Parallel()
	p := newCluster(t, 1, plain)[0]
	form(t, []*pod{p})
	client := p.etcd()
	for i := range 300 {
		_, err := client.Put(t.Context(), fmt.Sprintf("k%d", i), "v")
		must(t, err)
	}
	for range 10 {
		must(t, p.stop())
		p.start()
		waitFor(t, "readiness", p.ready)
	}
	got, err := p.etcd().Get(t.Context(), "k299")
	must(t, err)
	if len(got.Kvs) != 1 {
		t.Errorf("got %v", got.Kvs)
	}
}

package etcd

import (
	"slices"
	"testing"
)

var list = Members{
	{ID: 0xc, Name: "demo-2", PeerURLs: []string{"https://demo-2:2380"}, ClientURLs: []string{"https://demo-2:2379"}},
	{ID: 0xa, Name: "demo-0", PeerURLs: []string{"https://10.0.0.1:2380", "https://demo-0:2380"}},
	{ID: 0xd, PeerURLs: []string{"https://demo-3:2380"}, IsLearner: true},
	{ID: 0xb, PeerURLs: []string{"https://demo-1:2380"}, ClientURLs: []string{"https://demo-1:2379"}},
}

func TestStarted(t *testing.T) {
	for i, want := range []bool{true, false, false, true} {
		if got := list[i].Started(); got != want {
			t.Errorf("%s: Started() = %t, want %t", list[i].ID, got, want)
		}
	}
}

func TestVotersAndLearners(t *testing.T) {
	before := slices.Clone(list)
	if got := ids(list.Voters()); !slices.Equal(got, []MemberID{0xc, 0xa, 0xb}) {
		t.Errorf("voters are %v", got)
	}
	if got := ids(list.Learners()); !slices.Equal(got, []MemberID{0xd}) {
		t.Errorf("learners are %v", got)
	}
	if len(Members(nil).Voters()) != 0 || len(Members(nil).Learners()) != 0 {
		t.Error("nobody has voters or learners")
	}
	for i := range before {
		if before[i].ID != list[i].ID {
			t.Error("the list was reordered")
		}
	}
}

func TestMatching(t *testing.T) {
	for _, c := range []struct {
		url string
		id  MemberID // zero: not found
	}{
		{"https://demo-0:2380", 0xa},
		{"https://10.0.0.1:2380", 0xa},
		{"https://demo-1:2380", 0xb},
		{"https://demo-1:2379", 0}, // a client URL is no peer URL
		{"http://demo-1:2380", 0},
		{"https://demo-1", 0},
		{"", 0},
	} {
		if m, ok := list.ByPeerURL(c.url); m.ID != c.id || ok != (c.id != 0) {
			t.Errorf("ByPeerURL(%q) = %s, %t, want %s", c.url, m.ID, ok, c.id)
		}
	}
	if m, ok := list.ByID(0xb); !ok || m.PeerURLs[0] != "https://demo-1:2380" {
		t.Errorf("ByID(b) = %+v, %t", m, ok)
	}
	if m, ok := list.ByID(0xe); ok || m.ID != 0 {
		t.Errorf("ByID(e) = %+v, %t", m, ok)
	}
}

func ids(ms Members) []MemberID {
	var all []MemberID
	for _, m := range ms {
		all = append(all, m.ID)
	}
	return all
}

package etcd

import (
	"encoding/json"
	"math"
	"testing"
)

func TestIDText(t *testing.T) {
	for _, c := range []struct {
		id   uint64
		text string
	}{
		{0, "0"}, {10, "a"}, {0x8e9e05c52164694d, "8e9e05c52164694d"}, {math.MaxUint64, "ffffffffffffffff"},
		{1 << 53, "20000000000000"}, {1<<53 + 1, "20000000000001"}, // where JSON numbers begin to lie
	} {
		if got := MemberID(c.id).String(); got != c.text {
			t.Errorf("MemberID(%d) = %q, want %q", c.id, got, c.text)
		}
		if got := ClusterID(c.id).String(); got != c.text {
			t.Errorf("ClusterID(%d) = %q, want %q", c.id, got, c.text)
		}
		type ids struct {
			Member  MemberID
			Cluster ClusterID
			By      map[MemberID]ClusterID
		}
		in := ids{MemberID(c.id), ClusterID(c.id), map[MemberID]ClusterID{MemberID(c.id): ClusterID(c.id)}}
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		want := `{"Member":"` + c.text + `","Cluster":"` + c.text + `","By":{"` + c.text + `":"` + c.text + `"}}`
		if string(text) != want {
			t.Errorf("marshalled %s, want %s", text, want)
		}
		var out ids
		if err := json.Unmarshal(text, &out); err != nil || out.Member != in.Member || out.Cluster != in.Cluster || out.By[in.Member] != in.Cluster {
			t.Errorf("%s came back as %+v, %v", text, out, err)
		}
	}
}

func TestIDTextRefused(t *testing.T) {
	for _, text := range []string{"", "0x10", "-1", "g", " 1", "10000000000000000"} {
		member, cluster := MemberID(7), ClusterID(7)
		if err := member.UnmarshalText([]byte(text)); err == nil || member != 7 {
			t.Errorf("MemberID from %q: %v, %v", text, member, err)
		}
		if err := cluster.UnmarshalText([]byte(text)); err == nil || cluster != 7 {
			t.Errorf("ClusterID from %q: %v, %v", text, cluster, err)
		}
	}
	var id MemberID
	if err := json.Unmarshal([]byte("123"), &id); err == nil {
		t.Error("a JSON number was taken for an ID")
	}
}

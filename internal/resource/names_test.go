package resource_test

import (
	"testing"

	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/resource"
)

// A claim's name says of which epoch it is; what is nobody's is of none.
func TestEpochOf(t *testing.T) {
	t.Parallel()
	for claim, want := range map[string]int{
		"data-demo-0": 1, "data-2-demo-0": 2, "data-13-demo-31": 13,
		"data-1-demo-0": 0, "data-02-demo-0": 0, "data-0-demo-0": 0, "data--2-demo-0": 0, "data-x-demo-0": 0,
		"data-demo-x": 0, "data-demo": 0, "data-other-0": 0, "data-2-other-demo-0": 0, "backups": 0, "": 0, "demo-0": 0,
	} {
		if got := resource.EpochOf("demo", claim); got != want {
			t.Errorf("%q is of epoch %d, want %d", claim, got, want)
		}
	}
	for epoch := 1; epoch < 12; epoch++ {
		if got := resource.EpochOf("a-b", resource.ClaimName(epoch, etcd.PodName("a-b-7"))); got != epoch {
			t.Errorf("the claim of epoch %d is of epoch %d", epoch, got)
		}
	}
}

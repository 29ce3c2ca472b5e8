package etcd

import "testing"

func TestQuorum(t *testing.T) {
	for _, c := range []struct{ n, quorum, tolerance int }{
		{0, 1, 0}, {1, 1, 0}, {2, 2, 0}, {3, 2, 1}, {4, 3, 1},
		{5, 3, 2}, {6, 4, 2}, {7, 4, 3}, {8, 5, 3}, {9, 5, 4},
	} {
		if got := Quorum(c.n); got != c.quorum {
			t.Errorf("Quorum(%d) = %d, want %d", c.n, got, c.quorum)
		}
		if got := FaultTolerance(c.n); got != c.tolerance {
			t.Errorf("FaultTolerance(%d) = %d, want %d", c.n, got, c.tolerance)
		}
		for healthy := -1; healthy <= c.n; healthy++ {
			want := c.n > 0 && healthy >= c.quorum
			if got := HasQuorum(healthy, c.n); got != want {
				t.Errorf("HasQuorum(%d, %d) = %t, want %t", healthy, c.n, got, want)
			}
		}
	}
}

func TestNobodyHasNoQuorum(t *testing.T) {
	for _, healthy := range []int{-1, 0, 1, 3} {
		if HasQuorum(healthy, 0) || HasQuorum(healthy, -1) {
			t.Errorf("%d healthy of none are no quorum", healthy)
		}
	}
	if got := FaultTolerance(-1); got != 0 {
		t.Errorf("FaultTolerance(-1) = %d, want 0", got)
	}
}

// Two quorums of one configuration always share a voter, and so do quorums of
// configurations that differ by one: what makes one change at a time safe.
func TestQuorumsIntersect(t *testing.T) {
	for n := 1; n <= 9; n++ {
		if 2*Quorum(n) <= n {
			t.Errorf("two quorums of %d need not meet", n)
		}
		if Quorum(n)+Quorum(n+1) <= n+1 {
			t.Errorf("quorums of %d and %d need not meet", n, n+1)
		}
	}
}

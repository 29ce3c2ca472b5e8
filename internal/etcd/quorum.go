package etcd

// Quorum returns how many of n voters must agree: a majority. Of no voters it
// is 1, so that an empty configuration never counts as having quorum.
func Quorum(n int) int { return n/2 + 1 }

// FaultTolerance returns how many of n voters may fail with quorum kept.
func FaultTolerance(n int) int {
	if n < 1 {
		return 0
	}
	return n - Quorum(n)
}

// HasQuorum reports whether healthy voters out of n are a quorum.
func HasQuorum(healthy, n int) bool { return n > 0 && healthy >= Quorum(n) }

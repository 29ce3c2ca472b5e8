//go:build faults

package act

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

var passed atomic.Int64

// fault ends the operator at a chosen point, for tests: QUORATE_DIE is
// "before:Action", "after:Action", or either with ":n" for the nth time.
func fault(point, action string) {
	parts := strings.SplitN(os.Getenv("QUORATE_DIE"), ":", 3)
	if len(parts) < 2 || parts[0] != point || parts[1] != action {
		return
	}
	nth := int64(1)
	if len(parts) == 3 {
		if n, err := strconv.ParseInt(parts[2], 10, 64); err == nil {
			nth = n
		}
	}
	if passed.Add(1) == nth {
		os.Exit(137)
	}
}

package e2e

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// writes are those of the operator since it was started with its fault, in
// their order, across its processes.
func (op *sweeper) writes() writes {
	text, err := os.ReadFile(op.path("writes"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		op.c.t.Errorf("read the writes: %v", err)
	}
	var all writes
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(fields) == 3 {
			all = append(all, write{fields[1], fields[2]})
		}
	}
	return all
}

// write is one write and what became of it.
type write struct{ name, result string }

type writes []write

// done are the names of those that changed something.
func (all writes) done() []string {
	var names []string
	for _, w := range all {
		if w.committed() {
			names = append(names, w.name)
		}
	}
	return names
}

func (w write) committed() bool {
	return strings.HasPrefix(w.result, "2") || strings.HasPrefix(w.result, "OK")
}

// met reports whether the write that was to be disturbed came, and was.
func (all writes) met(d disturbance) bool {
	for _, w := range all {
		if w.name == d.write && strings.HasSuffix(w.result, modes[d.mode]) {
			return d.mode == "fail" || w.committed()
		}
	}
	return false
}

// members counts the changes of the member list.
func (all writes) members() string {
	counts := map[string]int{}
	for _, w := range all {
		if method, _, _ := strings.Cut(w.name, "#"); w.committed() {
			counts[method]++
		}
	}
	return fmt.Sprintf("%d added, %d promoted, %d removed",
		counts["etcd MemberAdd"], counts["etcd MemberPromote"], counts["etcd MemberRemove"])
}

func (all writes) String() string {
	var text strings.Builder
	for _, w := range all {
		fmt.Fprintf(&text, "%s: %s\n", w.name, w.result)
	}
	return text.String()
}

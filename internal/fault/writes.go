//go:build faults

package fault

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

// What can become of a write.
const (
	modeFail = "fail"
	modeLose = "lose"
	modeDie  = "die"
)

// writes are those of this process: all, and of each name those that were not
// refused. A write that is tried until it is accepted is one.
var writes struct {
	sync.Mutex
	all   int
	named map[string]int
}

// write is one of them.
type write struct {
	number     int
	kind, name string
	mode       string // what shall become of it; empty for nothing special
}

// begin counts a write.
func begin(kind string) *write {
	writes.Lock()
	defer writes.Unlock()
	if writes.named == nil {
		writes.named = map[string]int{}
	}
	writes.all++
	writes.named[kind]++
	w := &write{number: writes.all, kind: kind, name: fmt.Sprintf("%s#%d", kind, writes.named[kind])}
	if wanted := os.Getenv("QUORATE_FAULT"); wanted != "" {
		cut := max(0, strings.LastIndexByte(wanted, ':'))
		if wanted[:cut] == w.name || wanted[:cut] == strconv.Itoa(w.number) {
			w.mode = wanted[cut+1:]
		}
	}
	return w
}

// refused takes back the count.
func (w *write) refused() {
	writes.Lock()
	defer writes.Unlock()
	writes.named[w.kind]--
}

// due reports whether the write has the fault: whoever makes the marker has,
// and there is no second one.
func (w *write) due(mode string) bool {
	if w.mode != mode {
		return false
	}
	marker, err := os.OpenFile(os.Getenv("QUORATE_FAULT_ONCE"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err == nil {
		_ = marker.Close()
	}
	return err == nil
}

// send sends the write, unless it shall fail, and returns whether it was sent
// and whether the reply is to be believed. A reply that was a refusal is not
// lost: nothing was written.
func (w *write) send(do func() (said string, accepted bool)) (sent, replied bool) {
	if w.due(modeFail) {
		w.refused()
		w.log("not sent")
		return false, false
	}
	said, accepted := do()
	switch {
	case !accepted:
		w.refused()
	case w.due(modeLose):
		w.log(said + ", lost")
		return true, false
	case w.due(modeDie):
		w.log(said + ", died")
		os.Exit(137)
	}
	w.log(said)
	return true, true
}

// log adds a line, whole: a process that dies has told what it did.
func (w *write) log(result string) {
	path := os.Getenv("QUORATE_WRITES")
	if path == "" {
		return
	}
	line := fmt.Sprintf("%d\t%s\t%s\n", w.number, w.name, strings.Join(strings.Fields(result), " "))
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = file.WriteString(line)
		_ = file.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fault:", err)
		os.Exit(2) // a sweep that missed writes would prove nothing
	}
}

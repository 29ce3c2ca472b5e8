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

// writes are those of this process.
var writes struct {
	sync.Mutex
	all   int
	named map[string]int
}

// write is one of them, and what shall become of it: nothing special when mode
// is empty.
type write struct {
	number     int
	name, mode string
}

// begin counts a write.
func begin(name string) write {
	writes.Lock()
	defer writes.Unlock()
	if writes.named == nil {
		writes.named = map[string]int{}
	}
	writes.all++
	writes.named[name]++
	w := write{number: writes.all, name: fmt.Sprintf("%s#%d", name, writes.named[name])}
	w.mode = w.fate()
	return w
}

// fate is the mode of the fault that is due to this write. Whoever makes the
// marker has the fault; there is no second one.
func (w write) fate() string {
	wanted := os.Getenv("QUORATE_FAULT")
	cut := strings.LastIndexByte(wanted, ':')
	if cut < 0 || wanted[:cut] != w.name && wanted[:cut] != strconv.Itoa(w.number) {
		return ""
	}
	marker, err := os.OpenFile(os.Getenv("QUORATE_FAULT_ONCE"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return ""
	}
	_ = marker.Close()
	return wanted[cut+1:]
}

// send sends the write, unless it shall fail, and returns whether the reply
// is to be believed. What it says goes to the log, whatever becomes of it.
func (w write) send(do func() (said string)) (sent, replied bool) {
	if w.mode == modeFail {
		w.log("not sent")
		return false, false
	}
	said := do()
	switch w.mode {
	case modeLose:
		w.log(said + ", lost")
		return true, false
	case modeDie:
		w.log(said + ", died")
		os.Exit(137)
	}
	w.log(said)
	return true, true
}

// log adds a line, whole: a process that dies has told what it did.
func (w write) log(result string) {
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

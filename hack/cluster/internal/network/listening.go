package network

import (
	"fmt"
	"os"
	"strings"
)

// Listening reports whether anything listens on the TCP port in the network namespace of a pid.
func Listening(pid int, port uint16) bool {
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err == nil && listens(string(text), port) {
			return true
		}
	}
	return false
}

// listens looks for a line whose local address ends in the port and whose state is LISTEN (0A).
func listens(table string, port uint16) bool {
	suffix := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) > 3 && strings.HasSuffix(fields[1], suffix) && fields[3] == "0A" {
			return true
		}
	}
	return false
}

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/quorate/quorate/internal/agent"
)

// validate judges etcd's settings as this release does before it starts: one
// line, whatever it finds. It takes the flags of run, touches no volume and
// listens nowhere.
func validate(args []string, out, errOut io.Writer) int {
	config, err := parse(args, io.Discard)
	if err == nil {
		err = config.Validate()
	}
	if err != nil {
		_, _ = fmt.Fprintln(errOut, "member:", strings.ReplaceAll(err.Error(), "\n", "; "))
		return 1
	}
	_, _ = fmt.Fprintf(out, "etcd %s accepts the settings: %d\n", agent.BinaryVersion(), len(config.Options))
	return 0
}

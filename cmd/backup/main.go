// Command backup is what the Jobs of backups run. See internal/snapshot/job.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/job"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	code := run(ctx, os.Args[1:], os.Stderr)
	stop()
	os.Exit(code)
}

// commands are what the first argument can be.
var commands = map[string]func(context.Context, *options, *snapshot.Result) error{
	"save": save, "fetch": fetch, "commit": commit, "delete": remove, "list": list, "send": send, "read": read,
}

// run does one command, and writes its result as the termination message and
// as one line of the log. It returns the exit code: 2 for what was asked wrongly.
func run(ctx context.Context, args []string, stderr io.Writer) int {
	if len(args) == 0 || commands[args[0]] == nil {
		fmt.Fprintln(stderr, "usage: backup save|read|fetch|send|commit|delete|list [flags]")
		return 2
	}
	o, err := parse(args[0], args[1:], stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "backup:", err)
		return 2
	}
	// The SDK for S3 writes there what servers say, word by word.
	log.SetOutput(io.Discard)
	o.log = slog.New(slog.NewJSONHandler(stderr, nil))
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	result := snapshot.Result{Command: args[0]}
	err = commands[args[0]](ctx, o, &result)
	result.PeakBytes = peak()
	if err != nil {
		result.Reason, result.Message = job.ReasonOf(err), err.Error()
	}
	if o.result != "" {
		// Written in place: the kubelet has mounted this very file.
		if err := os.WriteFile(o.result, result.Encode(), 0o600); err != nil {
			o.log.Error("the result cannot be written", "error", err.Error())
			return 1
		}
	}
	if err != nil {
		o.log.Error(args[0]+" failed", "reason", result.Reason, "error", err.Error())
		return 1
	}
	o.log.Info(args[0]+" is done", "location", result.Location, "existing", result.Existing, "peakBytes", result.PeakBytes)
	return 0
}

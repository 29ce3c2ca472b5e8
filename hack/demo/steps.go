package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// step is one thing that the demo does.
type step struct {
	title string
	do    func(context.Context) error
}

// demo is one run.
type demo struct {
	kubectl kubectl
	steps   []step
	took    []time.Duration
	cluster cluster
	value   string
}

func (d *demo) run(ctx context.Context) error {
	for i, s := range d.steps {
		fmt.Printf("\n[%d/%d] %s\n", i+1, len(d.steps), s.title)
		start := time.Now()
		err := s.do(ctx)
		d.took = append(d.took, time.Since(start))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, s.title, err)
		}
		fmt.Printf("      %.1f s\n", d.took[i].Seconds())
	}
	return nil
}

// makeTarget runs targets of the Makefile and shows what they print.
func makeTarget(targets ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		return stream(ctx, "make", append([]string{"--no-print-directory"}, targets...)...)
	}
}

// stream runs a command and shows its output, indented, as it comes.
func stream(ctx context.Context, name string, args ...string) error {
	reader, writer := io.Pipe()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = writer, writer
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		for lines := bufio.NewScanner(reader); lines.Scan(); {
			say(lines.Text())
		}
		_, _ = io.Copy(io.Discard, reader) // a line too long to scan must not block the command
	}()
	err := cmd.Run()
	_ = writer.Close()
	<-shown
	if err != nil {
		return fmt.Errorf("%s %s failed; its own words are above", name, strings.Join(args, " "))
	}
	return nil
}

// quiet runs a command and returns what it printed; an error carries what it complained of.
func quiet(ctx context.Context, input string, name string, args ...string) (string, error) {
	var out, complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(input)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %s", filepath.Base(name), distinct(complaint.String()))
	}
	return out.String(), nil
}

// distinct drops repeated lines: kubectl says the same for each object.
func distinct(complaint string) string {
	lines := strings.Split(strings.TrimSpace(complaint), "\n")
	return strings.Join(slices.Compact(lines), "\n")
}

func say(lines string) {
	for line := range strings.Lines(strings.TrimRight(lines, "\n") + "\n") {
		fmt.Print("      ", line)
	}
}

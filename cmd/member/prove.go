package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/agent"
	"github.com/quorate/quorate/internal/snapshot"
)

// What prove ends with. What it dies of otherwise proves nothing either.
const (
	exitProven   = 0 // all that could be compared is the same: the result says what
	exitUsage    = 2 // a flag is missing or wrong
	exitNotTried = 3 // the file or the directory is to blame: nothing was found out
	exitUnproven = 1 // the snapshot is damaged, is another, or etcd does not start on it
)

// prove writes one line of JSON, agent.Proof, to out and, where that is asked for,
// to a file.
func prove(args []string, out, errOut io.Writer) int {
	config, result, err := parseProve(args, errOut)
	if err != nil {
		_, _ = fmt.Fprintln(errOut, "member:", err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	proof, err := config.Run(ctx, agent.NewLogger(errOut, zap.NewAtomicLevel()))
	if err != nil {
		_, _ = fmt.Fprintln(errOut, "member: the snapshot could not be tried:", err)
		return exitNotTried
	}
	line, err := json.Marshal(proof)
	if err == nil && result != "" {
		err = os.WriteFile(result, append(line, '\n'), 0o644) //nolint:gosec // the kubelet reads a termination message
	}
	if err != nil {
		_, _ = fmt.Fprintln(errOut, "member: write the result:", err)
		return exitNotTried
	}
	_, _ = fmt.Fprintln(out, string(line))
	// A backup is proven by its hash or not at all: one that could not be compared is
	// made once more.
	if !proof.Proven || config.Expected.Revision > 0 && proof.Reason == agent.ReasonNotComparable {
		return exitUnproven
	}
	return exitProven
}

func parseProve(args []string, usage io.Writer) (config agent.Prove, result string, err error) {
	flags := flag.NewFlagSet("member prove", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&config.Snapshot, "snapshot", "", "plain file as etcdctl snapshot save writes it")
	manifest := flags.String("manifest", "", "file with the backup's manifest, in place of the four flags about hashes")
	flags.StringVar(&config.SHA256, "sha256", "", "SHA-256 of the whole file, in lower-case hexadecimal digits")
	flags.Int64Var(&config.Expected.Revision, "hash-revision", 0, "revision at which HashKV was asked before the snapshot; zero: it was not")
	flags.Int64Var(&config.Expected.CompactRevision, "compact-revision", 0, "compact revision that HashKV told")
	hash := flags.Uint64("hash", 0, "hash that HashKV told")
	flags.StringVar(&config.Dir, "dir", "", "directory with room for the database; what is made in it is deleted again")
	flags.DurationVar(&config.Patience, "patience", 0, "how long etcd may take to start; zero: two minutes")
	flags.StringVar(&result, "result", "", "file that gets the result too, such as a termination message")
	if err := flags.Parse(args); err != nil {
		return config, "", err
	}
	config.Expected.Hash = uint32(*hash)
	if *manifest != "" {
		if err := expect(&config, *manifest); err != nil {
			return config, "", err
		}
		*hash = uint64(config.Expected.Hash)
	}
	switch {
	case flags.NArg() > 0:
		return config, "", fmt.Errorf("unexpected arguments: %s", strings.Join(flags.Args(), " "))
	case config.Snapshot == "" || config.SHA256 == "" || config.Dir == "":
		return config, "", fmt.Errorf("--snapshot, --sha256 and --dir must be set")
	case uint64(config.Expected.Hash) != *hash || config.Expected.Revision < 0:
		return config, "", fmt.Errorf("--hash is of 32 bits, and --hash-revision not negative")
	}
	return config, result, nil
}

// expect takes what the restored data must be from a backup's manifest.
func expect(config *agent.Prove, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the manifest: %w", err)
	}
	m, err := snapshot.Decode(text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	config.SHA256 = m.Plain.SHA256
	config.Expected.Revision, config.Expected.CompactRevision, config.Expected.Hash = m.HashKV.Revision, m.HashKV.CompactRevision, m.HashKV.Hash
	return nil
}

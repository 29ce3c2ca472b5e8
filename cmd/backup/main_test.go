package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/snapshot"
)

// A command tells what it found as its result, whether it goes well or not.
func TestResults(t *testing.T) {
	volume := t.TempDir()
	database := bytes.Repeat([]byte("etcd"), 512)
	sum := sha256.Sum256(database)
	if err := os.WriteFile(filepath.Join(volume, "by-hand.db"), append(database, sum[:]...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(volume, "cut.db"), database, 0o600); err != nil {
		t.Fatal(err)
	}
	at := "--store=file://" + volume
	for name, c := range map[string]struct {
		args   []string
		code   int
		reason snapshot.Reason
	}{
		"an empty list":          {[]string{"list", at}, 0, ""},
		"read through":           {[]string{"read", at, "--key=by-hand.db"}, 0, ""},
		"read to the damage":     {[]string{"read", at, "--key=cut.db"}, 1, snapshot.Damaged},
		"a plain file":           {[]string{"fetch", at, "--key=by-hand.db", "--to=" + filepath.Join(t.TempDir(), "db")}, 0, ""},
		"a damaged file":         {[]string{"fetch", at, "--key=cut.db", "--to=" + filepath.Join(t.TempDir(), "db")}, 1, snapshot.Damaged},
		"no such backup":         {[]string{"fetch", at, "--name=prod/demo/none", "--to=" + filepath.Join(t.TempDir(), "db")}, 1, snapshot.NoBackup},
		"deleting what is gone":  {[]string{"delete", at, "--name=prod/demo/none"}, 0, ""},
		"a manifest that is not": {[]string{"commit", at, "--name=prod/demo/none", "--manifest=" + filepath.Join(volume, "none")}, 1, snapshot.DiskFailed},
		"tidying":                {[]string{"list", at, "--series=prod/demo/nightly-", "--expect=prod/demo/nightly-202611280300", "--clean-older-than=24h0m0s"}, 0, ""},
		"no such volume":         {[]string{"list", "--store=file:///no-such-volume/etcd"}, 1, snapshot.WrongBucket},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "termination-log")
			var stderr bytes.Buffer
			if code := run(t.Context(), append(c.args, "--result="+file), &stderr); code != c.code {
				t.Errorf("it ends with %d, want %d: %s", code, c.code, stderr.String())
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			result, err := snapshot.DecodeResult(text)
			// A Go program holds a few MiB, and no test here more than a gigabyte.
			if result.PeakBytes < 1<<20 || result.PeakBytes > 1<<30 {
				t.Errorf("the most memory that it held is told as %d bytes", result.PeakBytes)
			}
			if err != nil || result.Command != c.args[0] || result.Reason != c.reason || (result.Message == "") != (c.code == 0) {
				t.Errorf("the result is %s: %v", text, err)
			}
		})
	}
}

// What is asked wrongly ends with 2 and says which flag, before anything is reached.
func TestFlags(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"nothing":             {nil, "usage: backup"},
		"an unknown command":  {[]string{"restore"}, "usage: backup"},
		"no store":            {[]string{"list"}, "--store"},
		"save without a name": {[]string{"save", "--store=file:///x", "--endpoints=https://a:2379", "--namespace=n", "--cluster=c"}, "--name"},
		"send to nobody":      {[]string{"send", "--store=file:///x", "--control-tls=/x"}, "--volumes"},
		"send elsewhere":      {[]string{"send", "--store=file:///x", "--control-tls=/x", "--volumes=demo-0:80=v"}, "HOST:2382=VOLUME"},
		"a compression":       {[]string{"save", "--store=file:///x", "--compression=gzip"}, "zstd or none"},
		"keep without draft":  {[]string{"save", "--store=file:///x", "--name=n", "--endpoints=a", "--namespace=n", "--cluster=c", "--keep=/x"}, "--keep-manifest"},
		"arguments":           {[]string{"list", "--store=file:///x", "more"}, "unexpected arguments: more"},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			if code := run(t.Context(), c.args, &stderr); code != 2 || !strings.Contains(stderr.String(), c.says) {
				t.Errorf("it ends with %d and says %q, want %q", code, stderr.String(), c.says)
			}
		})
	}
}

// The result of a look through the store has the places of what is missing, and says
// what was removed.
func TestListExpects(t *testing.T) {
	volume := t.TempDir()
	folder := filepath.Join(volume, "etcd/prod/demo")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	left, own := filepath.Join(folder, "nightly-202611270300.db.zst"), filepath.Join(folder, "snapshot.db")
	for _, file := range []string{left, own} {
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		old := time.Now().Add(-25 * time.Hour)
		if err := os.Chtimes(file, old, old); err != nil {
			t.Fatal(err)
		}
	}
	told := filepath.Join(t.TempDir(), "termination-log")
	args := []string{
		"list", "--store=file://" + volume + "/etcd", "--series=prod/demo/nightly-", "--clean-older-than=24h0m0s",
		"--expect=prod/demo/nightly-202611280300,prod/demo/nightly-202611270300", "--result=" + told,
	}
	var stderr bytes.Buffer
	if code := run(t.Context(), args, &stderr); code != 0 {
		t.Fatalf("it ends with %d: %s", code, stderr.String())
	}
	text, err := os.ReadFile(told)
	if err != nil {
		t.Fatal(err)
	}
	result, err := snapshot.DecodeResult(text)
	if err != nil || result.Cleaned != 1 || !slices.Equal(result.Missing, []int{0, 1}) {
		t.Errorf("the result is %s: %v", text, err)
	}
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was left behind is there: %v", err)
	}
	if _, err := os.Stat(own); err != nil {
		t.Errorf("a file of somebody else's is gone: %v", err)
	}
}

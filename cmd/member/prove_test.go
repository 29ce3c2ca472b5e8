package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/agent"
)

// snapshotFile writes what etcd's own server makes of its empty database.
func snapshotFile(t *testing.T) (path, sum string) {
	t.Helper()
	c := embed.NewConfig()
	loopback, err := url.Parse("http://127.0.0.1:0")
	must(t, err)
	c.Dir, c.InitialCluster = t.TempDir(), "default=http://127.0.0.1:0"
	c.ListenPeerUrls, c.AdvertisePeerUrls, c.ListenClientUrls = []url.URL{*loopback}, []url.URL{*loopback}, nil
	c.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	e, err := embed.StartEtcd(c)
	must(t, err)
	<-e.Server.ReadyNotify()
	snapshot := e.Server.Backend().Snapshot()
	var content bytes.Buffer
	_, err = snapshot.WriteTo(&content)
	must(t, err)
	must(t, snapshot.Close())
	e.Close()
	own := sha256.Sum256(content.Bytes())
	content.Write(own[:])
	whole := sha256.Sum256(content.Bytes())
	path = filepath.Join(t.TempDir(), "snapshot.db")
	must(t, os.WriteFile(path, content.Bytes(), 0o600))
	return path, hex.EncodeToString(whole[:])
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestProve(t *testing.T) {
	t.Parallel()
	file, sum := snapshotFile(t)
	dir := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		code int
		says string // in the result, or on the error output
	}{
		"good":         {[]string{"--snapshot=" + file, "--sha256=" + sum, "--dir=" + dir}, exitProven, `"proven":true,"compared":"Revision"`},
		"another file": {[]string{"--snapshot=" + file, "--sha256=" + strings.Repeat("0", 64), "--dir=" + dir}, exitUnproven, `"reason":"CorruptSnapshot"`},
		"another hash": {[]string{"--snapshot=" + file, "--sha256=" + sum, "--dir=" + dir, "--hash-revision=1", "--hash=7"}, exitUnproven, `"reason":"Different"`},
		"no file":      {[]string{"--snapshot=" + file + "x", "--sha256=" + sum, "--dir=" + dir}, exitNotTried, "could not be tried"},
		"no directory": {[]string{"--snapshot=" + file, "--sha256=" + sum}, exitUsage, "must be set"},
		"a large hash": {[]string{"--snapshot=" + file, "--sha256=" + sum, "--dir=" + dir, "--hash=4294967296"}, exitUsage, "32 bits"},
		"an argument":  {[]string{"--snapshot=" + file, "--sha256=" + sum, "--dir=" + dir, "more"}, exitUsage, "unexpected"},
		"no such flag": {[]string{"--verbose"}, exitUsage, "verbose"},
	} {
		var out, errOut bytes.Buffer
		result := filepath.Join(t.TempDir(), "result")
		code := prove(append([]string{"--result=" + result}, c.args...), &out, &errOut)
		written, err := os.ReadFile(result)
		if code != c.code {
			t.Errorf("%s: exit %d\n%s", name, code, errOut.String())
		}
		if code > exitUnproven {
			if out.Len() > 0 || err == nil || !strings.Contains(errOut.String(), c.says) {
				t.Errorf("%s: result %q, says %s", name, out.String(), errOut.String())
			}
			continue
		}
		var proof agent.Proof
		must(t, json.Unmarshal(out.Bytes(), &proof))
		if !bytes.Equal(written, out.Bytes()) || strings.Count(out.String(), "\n") != 1 || len(written) > 4096 || !strings.Contains(out.String(), c.says) {
			t.Errorf("%s: result %q, file %q", name, out.String(), written)
		}
	}
	if _, _, err := parseProve([]string{fmt.Sprintf("--hash=%d", uint32(1<<32-1)), "--snapshot=a", "--sha256=b", "--dir=c"}, io.Discard); err != nil {
		t.Error(err)
	}
}

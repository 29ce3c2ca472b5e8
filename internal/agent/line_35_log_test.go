//go:build etcd35

package agent

import (
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/etcd/server/v3/wal"
	"go.etcd.io/etcd/server/v3/wal/walpb"
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// Whatever a disk did to a log, this decoder calls it damaged where etcd's own
// does, and torn where etcd cuts the tail off.
func TestLogDecoderIsEtcdsOwn(t *testing.T) {
	t.Parallel()
	l := layout(t.TempDir())
	admission, err := identify("a", "token", []control.Peer{{Name: "a", PeerURL: "http://a:1"}, {Name: "b", PeerURL: "http://b:1"}})
	must(t, err)
	must(t, l.layBirth(admission, zap.NewNop()))
	names, err := filepath.Glob(filepath.Join(l.walDir(), "*.wal"))
	must(t, err)
	whole, err := os.ReadFile(names[0])
	must(t, err)
	head, end := headEnd(t, whole), used(whole)
	verdicts := map[bool]int{}
	judge := func(what string, at int, content []byte) {
		t.Helper()
		must(t, os.WriteFile(names[0], content, 0o600))
		_, err := wal.Verify(zap.NewNop(), l.walDir(), walpb.Snapshot{})
		log := scanLog(l.walDir())
		if (err != nil) != (log.Condition == Corrupt) {
			t.Errorf("%s at %d: etcd says %v, scanLog %+v", what, at, err, log)
		}
		verdicts[err != nil]++
	}
	for at := head; at < end; at++ {
		spoilt := append([]byte(nil), whole[:end+4096]...)
		spoilt[at] ^= 1 << (at % 8)
		judge("a flipped bit", at, spoilt)
		clear(spoilt[at:])
		judge("zeros from", at, spoilt)
		judge("cut off", at, whole[:at])
	}
	if verdicts[true] == 0 || verdicts[false] == 0 {
		t.Errorf("damaged and not: %v", verdicts)
	}
}

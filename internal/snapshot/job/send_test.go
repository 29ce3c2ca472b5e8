package job

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/stream"
)

// volume takes a snapshot as an agent does: the whole of it, or none.
type volume struct {
	name    string
	has     []byte
	refuses error
	puts    int
}

func (v *volume) Name() string { return v.name }

func (v *volume) Put(_ context.Context, plain snapshot.Content, body io.Reader) error {
	v.puts++
	if v.refuses != nil {
		_, _ = io.CopyN(io.Discard, body, 100)
		return v.refuses
	}
	if v.has != nil {
		return nil // that very snapshot: nothing is read
	}
	got, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(got)
	if int64(len(got)) != plain.Size || hex.EncodeToString(sum[:]) != plain.SHA256 {
		return errors.New("it is not what was announced")
	}
	v.has = got
	return nil
}

func targets(volumes ...*volume) (all []Target) {
	for _, v := range volumes {
		all = append(all, v)
	}
	return all
}

// Every volume gets the very snapshot, also one that etcdctl wrote; a volume that has it
// already holds nobody up; when all have it nothing is read.
func TestSend(t *testing.T) {
	source, st := threeMembers(), newStore(t)
	recipients, ids := ageKey(t)
	o := saving("good")
	o.Stream, o.Identities = stream.Options{Compression: snapshot.CompressionZstd, Recipients: recipients}, ids
	if _, err := Save(t.Context(), source, st, o); err != nil {
		t.Fatal(err)
	}
	if err := st.PutBytes(t.Context(), "by-hand.db", true, source.content); err != nil {
		t.Fatal(err)
	}
	for name, which := range map[string]Which{"a backup": {Name: "good"}, "a plain file": {Key: "by-hand.db"}} {
		t.Run(name, func(t *testing.T) {
			read, err := Read(t.Context(), st, which, ids)
			if err != nil || read.Plain.Size != int64(len(source.content)) {
				t.Errorf("read through: %+v, %v", read.Plain, err)
			}
			a, b, c := &volume{name: "a"}, &volume{name: "b", has: source.content}, &volume{name: "c"}
			for range 2 {
				sent, err := Send(t.Context(), st, which, ids, targets(a, b, c))
				if err != nil {
					t.Fatal(err)
				}
				if sent.Plain.Size != int64(len(source.content)) || len(sent.Plain.SHA256) != 64 {
					t.Errorf("it tells %+v", sent.Plain)
				}
			}
			for _, v := range []*volume{a, b, c} {
				if !bytes.Equal(v.has, source.content) || v.puts != 2 {
					t.Errorf("%s has %d bytes after %d puts", v.name, len(v.has), v.puts)
				}
			}
		})
	}
}

// One that refuses is named, and nobody is left with a part; what is damaged, or does
// not open, reaches nobody.
func TestSendFails(t *testing.T) {
	source, st := threeMembers(), newStore(t)
	recipients, ids := ageKey(t)
	_, wrong := ageKey(t)
	o := saving("good")
	o.Stream, o.Identities = stream.Options{Compression: snapshot.CompressionNone, Recipients: recipients}, ids
	if _, err := Save(t.Context(), source, st, o); err != nil {
		t.Fatal(err)
	}
	full := &volume{name: "demo-1", refuses: errors.New("there is no room")}
	a, c := &volume{name: "a"}, &volume{name: "c"}
	_, err := Send(t.Context(), st, Which{Name: "good"}, ids, targets(a, full, c))
	if ReasonOf(err) != NotTaken || !strings.Contains(err.Error(), "demo-1 does not take it: there is no room") {
		t.Errorf("with a full volume: %v", err)
	}
	flipped := &damaging{Store: st, damage: func(_ string, b []byte) []byte {
		b = bytes.Clone(b)
		b[len(b)/2] ^= 1
		return b
	}}
	reasons := map[string]Reason{"damaged": snapshot.Damaged, "wrong key": snapshot.WrongKey, "none": NoBackup}
	for name, try := range map[string]func(*volume) error{
		"damaged, read through": func(*volume) error {
			_, err := Read(t.Context(), flipped, Which{Name: "good"}, ids)
			return err
		},
		"damaged": func(v *volume) error {
			_, err := Send(t.Context(), flipped, Which{Name: "good"}, ids, targets(v))
			return err
		},
		"wrong key": func(v *volume) error {
			_, err := Send(t.Context(), st, Which{Name: "good"}, wrong, targets(v))
			return err
		},
		"none": func(v *volume) error {
			_, err := Send(t.Context(), st, Which{Name: "bad"}, ids, targets(v))
			return err
		},
		"plain": func(v *volume) error {
			if err := st.PutBytes(t.Context(), "cut.db", true, source.content[:512*20]); err != nil {
				t.Fatal(err)
			}
			_, err := Send(t.Context(), st, Which{Key: "cut.db"}, ids, targets(v))
			return err
		},
	} {
		v := &volume{name: "v"}
		err := try(v)
		if err == nil || v.has != nil {
			t.Errorf("%s: %v, the volume has %d bytes", name, err, len(v.has))
		}
		// It is the data that is to blame, and not the volume that got only a part.
		if reason := reasons[name]; reason != "" && ReasonOf(err) != reason {
			t.Errorf("%s: the reason is %s: %v", name, ReasonOf(err), err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Send(ctx, st, Which{Name: "good"}, ids, targets(&volume{name: "v"})); err == nil {
		t.Error("nothing stops it")
	}
}

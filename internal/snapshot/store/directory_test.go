package store

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestDirectory(t *testing.T) {
	conform(t, place{options: Options{URL: "file://" + t.TempDir()}})
}

// Volumes without hard links have no way to give a name only once but this.
func TestDirectoryWithoutLinks(t *testing.T) {
	p := place{options: Options{URL: "file://" + t.TempDir()}}
	for name, test := range map[string]func(*testing.T, *Store){
		"overwrite": func(t *testing.T, s *Store) {
			if err := s.PutBytes(t.Context(), "a", true, []byte("1")); err != nil {
				t.Fatal(err)
			}
			p.refuses(t, s.PutBytes(t.Context(), "a", true, []byte("2")), Exists)
			if got := get(t, s, "a"); string(got) != "1" {
				t.Errorf("%q", got)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := p.opened(t)
			d := s.backend.(*directory)
			d.link = func(string, string) error { return &os.LinkError{Op: "link", Err: syscall.EPERM} }
			test(t, s)
		})
	}
}

// A volume that is not mounted is not made.
func TestDirectoryMissing(t *testing.T) {
	p := place{}
	for _, url := range []string{"file:///quorate-not-mounted", "file:///quorate-not-mounted/prefix", "file:///proc/version/prefix"} {
		s, err := Open(t.Context(), Options{URL: url})
		if err == nil {
			err = s.Check(t.Context())
		}
		p.refuses(t, err, WrongBucket)
	}
	if _, err := os.Stat("/quorate-not-mounted"); err == nil {
		t.Error("it was made")
	}
}

func TestDirectorySweepsPartials(t *testing.T) {
	dir := t.TempDir()
	p := place{options: Options{URL: "file://" + dir}}
	s := p.opened(t, func(o *Options) { o.Prefix = "" })
	put(t, s, "sub/whole.db", []byte("1"))
	old, young := filepath.Join(dir, "sub", ".killed.db.ABCDEFGH.partial"), filepath.Join(dir, ".running.db.ABCDEFGH.partial")
	for _, name := range []string{old, young} {
		if err := os.WriteFile(name, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	yesterday := time.Now().Add(-24 * time.Hour)
	if err := os.Chtimes(old, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	if got := keys(t, s, ""); len(got) != 1 || got[0] != "sub/whole.db" {
		t.Errorf("listed: %v", got)
	}
	if n, err := s.Sweep(t.Context(), "", time.Now().Add(-time.Hour)); n != 1 || err != nil {
		t.Errorf("swept %d: %v", n, err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("an upload that runs was swept: %v", err)
	}
}

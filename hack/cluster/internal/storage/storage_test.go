package storage

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

func TestSize(t *testing.T) {
	for request, want := range map[int64]int64{
		1:             Smallest,
		64 << 20:      Smallest,
		Smallest:      Smallest,
		1 << 30:       1 << 30,
		1<<30 + 1:     1<<30 + 4096,
		5_000_000_000: 5_000_003_584,
	} {
		if got := size(request); got != want {
			t.Errorf("%d: got %d, want %d", request, got, want)
		}
	}
}

func TestOctal(t *testing.T) {
	if got := octal.Replace(`/a\040b/c\134d`); got != `/a b/c\d` {
		t.Errorf("got %q", got)
	}
}

func TestRootIsMounted(t *testing.T) {
	if mounted, err := isMounted("/proc"); err != nil || !mounted {
		t.Errorf("/proc: %t, %v", mounted, err)
	}
	if mounted, err := isMounted(t.TempDir()); err != nil || mounted {
		t.Errorf("a plain folder: %t, %v", mounted, err)
	}
}

// A command that mends the cluster meets a volume that the provisioner is just deleting: there is nothing to mount.
func TestDeletedMeanwhile(t *testing.T) {
	v := Volume{Dir: t.TempDir(), Name: "pvc-1"}
	if err := os.WriteFile(v.File(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	second := make(chan error)
	err := v.locked(t.Context(), func() error {
		go func() {
			second <- v.locked(context.Background(), func() error { return errors.New("it is gone, and was done all the same") })
		}()
		select {
		case err := <-second:
			t.Errorf("done beside another: %v", err)
		case <-time.After(50 * time.Millisecond): // it had its chance to be wrong
		}
		return os.Remove(v.File())
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-second; err != nil {
		t.Error(err)
	}
	if err := v.locked(t.Context(), func() error { return errors.New("never there, and done all the same") }); err != nil {
		t.Error(err)
	}
}

package storage

import "testing"

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

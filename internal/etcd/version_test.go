package etcd

import (
	"strings"
	"testing"
)

func TestParseVersion(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Version
	}{
		{"3.7.3", Version{3, 7, 3}},
		{"3.5.26", Version{3, 5, 26}},
		{"0.0.0", Version{}},
		{"999.999.999", Version{999, 999, 999}},
	} {
		got, err := ParseVersion(c.in)
		if err != nil || got != c.want || got.String() != c.in {
			t.Errorf("ParseVersion(%q) = %v, %v, want %v", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{
		"", "3", "3.7", "v3.7.3", "3.7.3-rc.0", "3.7.3+git", " 3.7.3", "3.7.3\n", "3.7.x", "3..3",
		"-3.7.3", "3.7.3.1", "1000.0.0", "3.7.99999999999999999999", "٣.٧.٣", "latest",
	} {
		if got, err := ParseVersion(in); err == nil || !strings.Contains(err.Error(), "major.minor.patch") {
			t.Errorf("ParseVersion(%q) = %v, %v, want a refusal that says what is wanted", in, got, err)
		}
	}
}

func TestVersionOrder(t *testing.T) {
	ascending := []Version{{2, 9, 9}, {3, 5, 9}, {3, 5, 26}, {3, 6, 0}, {3, 6, 11}, {3, 7, 3}, {3, 10, 0}, {4, 0, 0}}
	for i, v := range ascending {
		for j, w := range ascending {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := v.Compare(w); got != want {
				t.Errorf("%s.Compare(%s) = %d, want %d", v, w, got, want)
			}
		}
	}
}

func TestSupported(t *testing.T) {
	for _, line := range SupportedLines() {
		v, err := ParseVersion(line + ".99")
		if err != nil || !v.Supported() || v.Line() != line {
			t.Errorf("%s.99: %v, %v: every patch of a supported line is supported", line, v, err)
		}
	}
	for _, v := range []Version{{}, {3, 4, 0}, {3, 70, 0}, {37, 0, 0}, {30, 7, 3}} {
		if v.Supported() {
			t.Errorf("%s is supported", v)
		}
	}
	SupportedLines()[0] = "changed"
	if SupportedLines()[0] == "changed" {
		t.Error("a caller can change the supported lines")
	}
}

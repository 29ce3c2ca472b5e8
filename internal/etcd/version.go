package etcd

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
)

// Version is an etcd release, major.minor.patch.
type Version struct{ Major, Minor, Patch int }

var versionPattern = regexp.MustCompile(`^(\d{1,3})\.(\d{1,3})\.(\d{1,3})$`)

// ParseVersion reads a full release such as "3.7.3": no "v", no suffix.
func ParseVersion(s string) (Version, error) {
	parts := versionPattern.FindStringSubmatch(s)
	if parts == nil {
		return Version{}, fmt.Errorf("parse etcd version %q: want major.minor.patch, such as 3.7.3", s)
	}
	var n [3]int
	for i := range n {
		n[i], _ = strconv.Atoi(parts[i+1]) // at most three digits, by the pattern
	}
	return Version{n[0], n[1], n[2]}, nil
}

// String returns major.minor.patch.
func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch) }

// Line returns the release line, such as "3.7".
func (v Version) Line() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// Compare returns -1, 0 or 1 as v is older than, the same as or newer than w.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(v.Major, w.Major), cmp.Compare(v.Minor, w.Minor), cmp.Compare(v.Patch, w.Patch))
}

// supportedLines are the release lines that member images are built for.
var supportedLines = []string{"3.5", "3.6", "3.7"}

// SupportedLines returns the release lines that this Quorate can run, oldest first.
func SupportedLines() []string { return append([]string(nil), supportedLines...) }

// Supported reports whether this Quorate can run the version.
func (v Version) Supported() bool {
	for _, line := range supportedLines {
		if v.Line() == line {
			return true
		}
	}
	return false
}

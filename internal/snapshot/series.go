package snapshot

import (
	"path"
	"strings"
)

// Series is what the names of a schedule's backups begin with, such as
// prod/demo/nightly-; a slot follows, as yyyymmddhhmm. The empty one has all names.
type Series string

// slotDigits is how long a slot is.
const slotDigits = 12

// Has says whether a name is one of the series. nightly- has nothing of nightly-two-.
func (s Series) Has(name string) bool {
	slot, ok := strings.CutPrefix(name, string(s))
	return ok && (s == "" || len(slot) == slotDigits && strings.Trim(slot, "0123456789") == "")
}

// Folder is the one that its backups lie in, with the slash behind it; empty for the
// whole store.
func (s Series) Folder() string {
	if folder := path.Dir(string(s)); folder != "." {
		return folder + "/"
	}
	return ""
}

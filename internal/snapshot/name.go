package snapshot

import (
	"fmt"
	"regexp"
	"strings"
)

// What the names of a backup's objects end with.
const (
	manifestSuffix = ".json"
	dataSuffix     = ".db"
	zstdSuffix     = ".zst"
	ageSuffix      = ".age"
)

// How long a name can be leaves room for prefix and suffixes in the 1024 bytes
// of a key, and in the 255 of a file's name.
const (
	maxName    = 600
	maxSegment = 215
)

var segment = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9._]*[A-Za-z0-9])?$`)

// CheckName says why a name cannot be a backup's: it is at most 600
// characters, in segments of at most 215 between slashes that begin and end with
// a letter or digit and hold no other signs than '-', '.' and '_'.
func CheckName(name string) error {
	if name == "" {
		return fmt.Errorf("name of the backup is missing")
	}
	if len(name) > maxName {
		return fmt.Errorf("name of the backup has %d characters: at most %d", len(name), maxName)
	}
	for part := range strings.SplitSeq(name, "/") {
		if len(part) > maxSegment {
			return fmt.Errorf("name of the backup %q has a part of %d characters: at most %d", name, len(part), maxSegment)
		}
		if !segment.MatchString(part) {
			return fmt.Errorf("name of the backup %q: between slashes it begins and ends with a letter or digit, and holds only those, '-', '.' and '_'", name)
		}
	}
	return nil
}

// Kind is what an object in a store is.
type Kind int

// The kinds of objects.
const (
	KindOther Kind = iota
	KindManifest
	KindData
)

// Object is what an object's name tells.
type Object struct {
	Kind Kind
	// Name is the backup's.
	Name string
	// Compression and Encrypted are of data only.
	Compression Compression
	Encrypted   bool
}

// ManifestName is the name of a backup's manifest in the store, below its prefix.
func ManifestName(name string) string { return name + manifestSuffix }

// DataName is the name of a backup's data in the store, below its prefix.
func DataName(name string, compression Compression, encrypted bool) string {
	data := name + dataSuffix
	if compression == CompressionZstd {
		data += zstdSuffix
	}
	if encrypted {
		data += ageSuffix
	}
	return data
}

// DataNames are all names that a backup's data can have.
func DataNames(name string) []string {
	return []string{
		DataName(name, CompressionNone, false), DataName(name, CompressionNone, true),
		DataName(name, CompressionZstd, false), DataName(name, CompressionZstd, true),
	}
}

// ParseObject tells what lies under a name in the store. What is no backup's
// is KindOther, and nobody's to delete.
func ParseObject(key string) Object {
	if name, ok := strings.CutSuffix(key, manifestSuffix); ok {
		if CheckName(name) != nil {
			return Object{}
		}
		return Object{Kind: KindManifest, Name: name}
	}
	o := Object{Kind: KindData, Compression: CompressionNone}
	rest, encrypted := strings.CutSuffix(key, ageSuffix)
	o.Encrypted = encrypted
	if rest, ok := strings.CutSuffix(rest, zstdSuffix); ok {
		o.Compression = CompressionZstd
		return o.named(rest)
	}
	return o.named(rest)
}

func (o Object) named(rest string) Object {
	name, ok := strings.CutSuffix(rest, dataSuffix)
	if !ok || CheckName(name) != nil {
		return Object{}
	}
	o.Name = name
	return o
}

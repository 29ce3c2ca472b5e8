package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Spec describes an image. The same spec over the same files gives the same bytes.
type Spec struct {
	// Name is REPOSITORY:TAG.
	Name string
	// Files maps a path in the image to a file of the host.
	Files map[string]string
	// Entrypoint defaults to the only file.
	Entrypoint []string
	// User is UID:GID in numbers, which runAsNonRoot needs.
	User string
}

// ParseFile reads PATH or PATH:/DESTINATION.
func ParseFile(arg string) (source, destination string, err error) {
	source, destination, found := strings.Cut(arg, ":")
	if !found {
		destination = "/" + path.Base(source)
	}
	if source == "" || !path.IsAbs(destination) {
		return "", "", fmt.Errorf("%q: want PATH or PATH:/DESTINATION", arg)
	}
	return source, path.Clean(destination), nil
}

// Build writes the image to out, in the format of `docker save`.
func Build(s Spec, out string) error {
	if len(s.Files) == 0 {
		return errors.New("an image needs at least one --binary")
	}
	tag, err := name.NewTag(s.Name)
	if err != nil {
		return fmt.Errorf("image name: %w", err)
	}
	if !strings.Contains(path.Base(s.Name), ":") {
		return fmt.Errorf("image name %s: want REPOSITORY:TAG", s.Name)
	}
	layer, err := layerOf(s.Files)
	if err != nil {
		return err
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return fmt.Errorf("assemble image: %w", err)
	}
	img, err = configure(img, s)
	if err != nil {
		return err
	}
	next := out + ".next"
	if err := tarball.WriteToFile(next, tag, img); err != nil {
		return fmt.Errorf("write image: %w", err)
	}
	return os.Rename(next, out)
}

func configure(img v1.Image, s Spec) (v1.Image, error) {
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.Architecture, file.OS = runtime.GOARCH, "linux"
	file.Config = v1.Config{
		User:       s.User,
		Entrypoint: s.Entrypoint,
		Env:        []string{"PATH=/usr/local/bin:/usr/bin:/bin:/"},
		WorkingDir: "/",
	}
	if len(file.Config.Entrypoint) == 0 {
		for destination := range s.Files {
			file.Config.Entrypoint = []string{destination}
		}
		if len(s.Files) > 1 {
			return nil, errors.New("with more than one --binary, say which one starts: --entrypoint")
		}
	}
	return mutate.ConfigFile(img, file)
}

// layerOf is not compressed: it never travels, and the bytes then do not depend on a compressor's version.
func layerOf(files map[string]string) (v1.Layer, error) {
	var buf bytes.Buffer
	if err := writeTar(&buf, files); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buf.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithCompressionLevel(gzip.NoCompression))
}

// writeTar writes the files in order of their paths, after the folders they need, with no owner and no time.
func writeTar(w io.Writer, files map[string]string) error {
	tw := tar.NewWriter(w)
	made := map[string]bool{"/": true}
	for _, destination := range sortedKeys(files) {
		for _, dir := range parents(destination) {
			if made[dir] {
				continue
			}
			made[dir] = true
			header := &tar.Header{Typeflag: tar.TypeDir, Name: strings.TrimPrefix(dir, "/") + "/", Mode: 0o755}
			if err := tw.WriteHeader(header); err != nil {
				return err
			}
		}
		if err := addFile(tw, files[destination], destination); err != nil {
			return fmt.Errorf("add %s: %w", files[destination], err)
		}
	}
	return tw.Close()
}

func addFile(tw *tar.Writer, source, destination string) error {
	f, err := os.Open(source)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	header := &tar.Header{Name: strings.TrimPrefix(destination, "/"), Mode: 0o755, Size: st.Size()}
	if err := tw.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(tw, f)
	return err
}

// parents lists the folders above a path, the outermost first.
func parents(p string) []string {
	var all []string
	for dir := path.Dir(p); dir != "/" && dir != "."; dir = path.Dir(dir) {
		all = append(all, dir)
	}
	slices.Reverse(all)
	return all
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

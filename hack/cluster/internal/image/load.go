package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/quorate/quorate/hack/cluster/internal/run"
)

// label marks a loaded image with the digest of what it was loaded from.
const label = "cluster.quorate.dev/config"

// Archive is an image tarball on the host.
type Archive struct {
	Path string
	// Names are the image's names as containerd knows them.
	Names []string
	// Config is the digest of the image's configuration, which covers its layers.
	Config string
}

// Open reads what an image tarball holds.
func Open(path string) (Archive, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return Archive{}, fmt.Errorf("there is no image tarball %s; make one with: quorate-cluster image", path)
	}
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(path) })
	if err != nil {
		return Archive{}, fmt.Errorf("%s is no image tarball: %w", path, err)
	}
	if len(manifest) != 1 || len(manifest[0].RepoTags) == 0 {
		return Archive{}, fmt.Errorf("%s: want one image with a name, as `docker save NAME:TAG` writes it", path)
	}
	a := Archive{Path: path, Config: strings.NewReplacer("sha256:", "", ".json", "").Replace(manifest[0].Config)}
	for _, t := range manifest[0].RepoTags {
		tag, err := name.NewTag(t)
		if err != nil {
			return Archive{}, fmt.Errorf("%s: %w", path, err)
		}
		a.Names = append(a.Names, strings.Replace(tag.Name(), "index.docker.io/", "docker.io/", 1))
	}
	return a, nil
}

// Load imports the archive into the containerd at socket. It reports whether there was anything to do.
func Load(ctx context.Context, a Archive, socket string) (bool, error) {
	ctr := func(args ...string) (string, error) {
		return run.Output(ctx, "ctr", append([]string{"--address", socket, "--namespace", "k8s.io", "images"}, args...)...)
	}
	loaded, err := ctr("list", fmt.Sprintf("name==%s", a.Names[0]))
	if err != nil {
		return false, err
	}
	if strings.Contains(loaded, label+"="+a.Config) {
		return false, nil
	}
	if _, err := ctr("import", a.Path); err != nil {
		return false, err
	}
	for _, n := range a.Names {
		if _, err := ctr("label", n, label+"="+a.Config); err != nil {
			return false, err
		}
	}
	return true, nil
}

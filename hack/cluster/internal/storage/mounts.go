package storage

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// octal undoes the escapes of mountinfo.
var octal = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// mountpoints lists every mountpoint of the machine, in the order of mounting.
func mountpoints() ([]string, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) > 4 {
			all = append(all, octal.Replace(fields[4]))
		}
	}
	return all, lines.Err()
}

func isMounted(path string) (bool, error) {
	all, err := mountpoints()
	return slices.Contains(all, path), err
}

// UnmountBelow unmounts path and everything below it, the last mounted first. Mounts still in use are detached.
func UnmountBelow(path string) error {
	all, err := mountpoints()
	if err != nil {
		return err
	}
	var failed []error
	for _, m := range slices.Backward(all) {
		if m != path && !strings.HasPrefix(m, path+string(filepath.Separator)) {
			continue
		}
		if unix.Unmount(m, 0) == nil {
			continue
		}
		if err := unix.Unmount(m, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) {
			failed = append(failed, fmt.Errorf("unmount %s: %w", m, err))
		}
	}
	return errors.Join(failed...)
}

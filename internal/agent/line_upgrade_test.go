//go:build lines && !etcd35 && !etcd36

package agent

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/quorate/quorate/internal/control"
)

// linesVariable names a directory with this package's test binaries of the
// other lines: 3.5.test and 3.6.test.
const linesVariable = "AGENT_TEST_LINES"

// crew is a cluster whose members are processes, of any release line.
type crew struct {
	t       *testing.T
	pods    []*pod
	running map[*pod]*exec.Cmd
}

func binaryOf(t *testing.T, line string) string {
	t.Helper()
	if line == "3.7" {
		return os.Args[0]
	}
	dir := os.Getenv(linesVariable)
	if dir == "" {
		t.Fatalf("%s must name the directory with the other lines' binaries: make test-lines", linesVariable)
	}
	return filepath.Join(dir, line+".test")
}

// restart stops a member, if it runs, and starts it from a line's binary.
func (c *crew) restart(p *pod, line string) {
	c.t.Helper()
	if member := c.running[p]; member != nil {
		must(c.t, member.Process.Signal(syscall.SIGTERM))
		must(c.t, member.Wait())
	}
	c.running[p] = p.spawnFrom(binaryOf(c.t, line))
	waitFor(c.t, "the agent of "+string(p.config.Name), func() bool { _, err := p.control().Report(c.t.Context()); return err == nil })
	if r := p.report(); !strings.HasPrefix(r.Binary, line+".") {
		c.t.Fatalf("%s runs etcd %s, want %s", p.config.Name, r.Binary, line)
	}
}

// roll restarts all members, one after the other, and writes between.
func (c *crew) roll(line string, options ...string) {
	c.t.Helper()
	for i, p := range c.pods {
		p.config.Options = options
		c.restart(p, line)
		waitFor(c.t, fmt.Sprintf("readiness of %s on %s", p.config.Name, line), p.ready)
		_, err := etcdClient(c.t, p.as, c.pods...).Put(c.t.Context(), fmt.Sprintf("during-%s-%d", line, i), "v")
		must(c.t, err)
	}
	for _, p := range c.pods {
		waitFor(c.t, "the cluster's version", func() bool { return strings.HasPrefix(p.report().Etcd.Version, line+".") })
	}
	sameKeys(c.t, c.pods)
}

// A cluster goes from the line that it was born on to 3.7 on its own data, and
// gets a member on the way whose data a join has laid. One that was on 3.5 takes
// a snapshot of each member before 3.7: that begins to read its log there, and
// cannot read what 3.5 wrote into it before.
func TestLines(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string // from the birth on
		joins string   // the line on which a member joins
	}{
		"born on 3.5, grown on 3.5": {[]string{"3.5", "3.6"}, "3.5"},
		"born on 3.5, grown on 3.6": {[]string{"3.5", "3.6"}, "3.6"},
		"born on 3.6":               {[]string{"3.6"}, "3.6"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			as := newAuthorities(t)
			cluster := crew{t: t, running: map[*pod]*exec.Cmd{}}
			for i := range 3 {
				p := newPod(t, as, fmt.Sprintf("demo-%d", i))
				plain(&p.config)
				cluster.pods = append(cluster.pods, p)
				cluster.restart(p, c.lines[0])
			}
			form(t, cluster.pods)
			for _, line := range c.lines {
				cluster.roll(line)
				if line == c.joins {
					cluster.join(line)
				}
			}
			if c.lines[0] == "3.5" {
				cluster.roll("3.6", "snapshot-count=1")
			}
			cluster.roll("3.7")
			got, err := cluster.pods[0].etcd().MemberList(t.Context())
			must(t, err)
			if len(got.Members) != 4 {
				t.Errorf("members: %v", got.Members)
			}
		})
	}
}

// join adds a member of the line.
func (c *crew) join(line string) {
	c.t.Helper()
	p := newMember(c.t, c.pods, plain)
	c.restart(p, line)
	req := addLearner(c.t, c.pods, p)
	_, err := p.join(req)
	must(c.t, err)
	waitFor(c.t, "etcd to run", func() bool { return p.report().State == control.StateRunning })
	promote(c.t, c.pods, req.MemberID)
	waitFor(c.t, "readiness", p.ready)
	c.pods = append(c.pods, p)
}

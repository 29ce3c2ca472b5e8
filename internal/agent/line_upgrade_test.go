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

	clientv3 "go.etcd.io/etcd/client/v3"

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
func (c *crew) roll(line string) {
	c.t.Helper()
	for i, p := range c.pods {
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

// prepare has every member prepared for the next line.
func (c *crew) prepare(to string) {
	c.t.Helper()
	for _, p := range c.pods {
		waitFor(c.t, "readiness", p.ready)
		e := p.report().Etcd
		req := control.PrepareRequest{ClusterID: e.ClusterID, MemberID: e.MemberID, To: to}
		_, err := p.control().Prepare(c.t.Context(), req)
		must(c.t, err)
		var step *control.Step
		waitFor(c.t, "the preparation", func() bool { step = p.report().Step; return step != nil && step.State != control.StepWorking })
		if step.State != control.StepReady || p.report().Volume.Kept != to {
			c.t.Fatalf("%s is not prepared for %s: %+v, kept before %q", p.config.Name, to, *step, p.report().Volume.Kept)
		}
	}
}

// step takes the cluster to the next line, and ends the step.
func (c *crew) step(to string) {
	c.t.Helper()
	c.prepare(to)
	c.roll(to)
	for _, p := range c.pods {
		r := p.report()
		if r.Volume.Kept != to {
			c.t.Errorf("after its restart %s tells of a snapshot kept before %q", p.config.Name, r.Volume.Kept)
		}
		r, err := p.control().Prepare(c.t.Context(), control.PrepareRequest{ClusterID: r.Etcd.ClusterID, MemberID: r.Etcd.MemberID})
		must(c.t, err)
		if files, _ := filepath.Glob(filepath.Join(p.config.Dir, "before-*")); r.Volume.Kept != "" || len(files) > 0 {
			c.t.Errorf("%s still keeps %q: %v", p.config.Name, r.Volume.Kept, files)
		}
	}
}

// refuses checks that a member does not start on another line, and says why.
func (c *crew) refuses(line, why string) {
	c.t.Helper()
	p := c.pods[0]
	c.restart(p, line)
	waitFor(c.t, "the refusal", func() bool { return p.report().State == control.StateRefused })
	if r := p.report(); r.Reason != control.ReasonOlderData || !strings.Contains(r.Message, why) {
		c.t.Errorf("on %s it says %s: %s", line, r.Reason, r.Message)
	}
}

// downgrade tells etcd that the cluster goes back to a line, and waits until
// every member has brought its data into that form.
func (c *crew) downgrade(to string) {
	c.t.Helper()
	client := etcdClient(c.t, c.pods[0].as, c.pods...)
	for _, action := range []clientv3.DowngradeAction{clientv3.DowngradeValidate, clientv3.DowngradeEnable} {
		_, err := client.Downgrade(c.t.Context(), action, to+".0")
		must(c.t, err)
	}
	for _, p := range c.pods {
		waitFor(c.t, "the form of the data", func() bool { return p.report().Etcd.Storage == to })
		if d := p.report().Etcd.Downgrade; d != to {
			c.t.Errorf("%s reports a downgrade to %q", p.config.Name, d)
		}
	}
}

// A cluster goes from the line that it was born on to 3.7 on its own data, and
// gets a member on the way whose data a join has laid. Each step is prepared:
// what 3.5 wrote into the log 3.7 cannot read, and begins to read behind it.
// Where that was left out, the agent does not start etcd.
func TestLines(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string // from the birth on
		joins string   // the line on which a member joins
	}{
		"born on 3.5, grown on 3.5": {[]string{"3.5", "3.6", "3.7"}, "3.5"},
		"born on 3.5, grown on 3.6": {[]string{"3.5", "3.6", "3.7"}, "3.6"},
		"born on 3.6":               {[]string{"3.6", "3.7"}, "3.6"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := newCrew(t, c.lines[0])
			for i, line := range c.lines {
				if i > 0 {
					cluster.step(line)
				} else {
					cluster.roll(line)
				}
				if line == c.joins {
					cluster.join(line)
				}
				if i == 0 && line == "3.5" {
					cluster.refuses("3.7", "Set spec.version to a release of 3.6 first")
					cluster.restart(cluster.pods[0], line)
				}
				if i == 1 && line == "3.6" {
					cluster.refuses("3.7", "entries of etcd's second API")
					cluster.restart(cluster.pods[0], line)
				}
			}
			got, err := cluster.pods[0].etcd().MemberList(t.Context())
			must(t, err)
			if len(got.Members) != 4 {
				t.Errorf("members: %v", got.Members)
			}
		})
	}
}

// A cluster goes back a line by etcd's own downgrade, and forward again. A step
// that was begun is undone without it, as long as not all members have done it.
func TestLinesBack(t *testing.T) {
	for _, lines := range [][2]string{{"3.7", "3.6"}, {"3.6", "3.5"}} {
		newer, older := lines[0], lines[1]
		t.Run(newer+" to "+older, func(t *testing.T) {
			t.Parallel()
			c := newCrew(t, newer)
			c.prepare(older)
			c.downgrade(older)
			c.roll(older)
			for _, p := range c.pods {
				waitFor(t, "the end of the downgrade", func() bool { return p.report().Etcd.Downgrade == "" })
			}
			c.prepare(newer)
			c.restart(c.pods[0], newer)
			c.prepare(older)
			c.roll(older)
			c.step(newer)
		})
	}
}

// newCrew forms a cluster of three on a line.
func newCrew(t *testing.T, line string) *crew {
	t.Helper()
	as := newAuthorities(t)
	cluster := &crew{t: t, running: map[*pod]*exec.Cmd{}}
	for i := range 3 {
		p := newPod(t, as, fmt.Sprintf("demo-%d", i))
		plain(&p.config)
		cluster.pods = append(cluster.pods, p)
		cluster.restart(p, line)
	}
	form(t, cluster.pods)
	return cluster
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

package sim

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mutant is a bug planted into the rules' source: wherever planted reports its
// name, the rule does something else.
type mutant struct {
	name string
	file string
	// old is in the source once; new takes its place.
	old, new string
	// world is what is explored, and found what the breach says. A mutant that
	// changes more than one place names its world in the first.
	world, found string
}

// mutants change the rules in the ways in which they would be written wrongly.
var mutants = []mutant{
	{"remove-before-move-leader", "rule_leave.go",
		`if !s.runs() {`, `if planted("remove-before-move-leader") { return nil }; if !s.runs() {`,
		"-members 3 -changes 1", "the leader is removed"},
	{"clear-before-removal", "rule_size.go",
		`m.Claim == nil || w.listed(m) ||`, `m.Claim == nil || w.listed(m) && !planted("clear-before-removal") ||`,
		"-members 3", "a volume is deleted whose member the list counts"},
	{"clear-before-removal", "rule_loss.go",
		`id != 0 && counted {`, `id != 0 && counted && !planted("clear-before-removal") {`, "", ""},
	{"unknown-is-dead", "loss.go",
		`case m.Claim == nil && m.Pod != PodRunning:`, `case planted("unknown-is-dead") && m.Pod == PodRunning: return "it does not answer"; case m.Claim == nil && m.Pod != PodRunning:`,
		"-members 3 -faults 1", "without evidence"},
	{"no-quorum-check", "rule_leave.go",
		`if !w.spare(s) {`, `if !w.spare(s) && !planted("no-quorum-check") {`,
		"-members 3 -faults 1 -changes 1", "fewer sound voters than a quorum"},
	{"promote-at-once", "rule_learner.go",
		`case !w.caughtUp(s):`, `case !w.caughtUp(s) && !planted("promote-at-once"):`,
		"-members 1 -limit 3 -changes 1", "has not caught up"},
	{"same-id-second-volume", "loss.go",
		`return j == nil || j.ID != s.entry.ID ||`, `return planted("same-id-second-volume") || j == nil || j.ID != s.entry.ID ||`,
		"-members 1 -limit 3 -faults 1 -changes 1", "a second volume"},
	{"lowest-ordinal-first", "rule_exit.go",
		`switch s := voters[i]; {`, `if planted("lowest-ordinal-first") && i > 0 { i = len(voters) - i }; switch s := voters[i]; {`,
		"-members 3 -changes 1", "from the middle"},
	{"named-before-doomed", "rule_exit.go",
		`case claimLeaves(*s.at):`, `case claimLeaves(*s.at) && !planted("named-before-doomed"):`,
		"-members 3 -faults 1 -changes 1", "on a volume that ends with its pod"},
	{"resize-before-removal", "rule_size.go",
		`want = max(want, s.ordinal+1)`, `if !planted("resize-before-removal") { want = max(want, s.ordinal+1) }`,
		"-members 3 -changes 1", "while the list counts it"},
	// Pods come one at a time, so that no second learner is there to be added:
	// what shows is that nobody waits for the first.
	{"two-learners", "rule_learner.go",
		`return w.bringUp(s)`, `if d := w.bringUp(s); d.Outcome == OutcomeAct || !planted("two-learners") { return d }`,
		"-members 1 -limit 3 -faults 1 -changes 1", "is not heard of"},
	{"old-disk-reused", "rule_learner.go",
		`if m.enterable() {`, `if m.enterable() || planted("old-disk-reused") && m.Agent != nil {`,
		"-members 3 -faults 1", "not empty and waiting"},
	{"old-disk-reused", "rule_size.go",
		`!w.used(m)) {`, `!w.used(m) || planted("old-disk-reused") && m.Agent != nil) {`, "", ""},
	{"forgets-to-clear", "rule_size.go",
		`if w.Pods == NoStatefulSet {
		return nil
	}`, `if w.Pods == NoStatefulSet || planted("forgets-to-clear") {
		return nil
	}`,
		"-members 3 -changes 1", "is left over"},
	{"wakes-too-few", "rule_hibernation.go",
		`return i + 1`, `if planted("wakes-too-few") && i > 0 { return i }; return i + 1`,
		"-members 3 -changes 2", "does not come back"},
	{"moves-before-surge", "rule_exit.go",
		`case len(moving) > 0 && n > w.Replicas:`, `case len(moving) > 0 && (n > w.Replicas || planted("moves-before-surge")):`,
		"-members 3 -changes 1", "before another one has come"},
	{"clients-are-not-asked", "rule_leave.go",
		`if w.sound(s) {`, `if w.sound(s) && !planted("clients-are-not-asked") {`,
		"-members 3 -changes 1", "clients are still sent"},
	{"clients-are-not-told", "rule_leave.go",
		`return act(Drain{`, `if planted("clients-are-not-told") { break }; return act(Drain{`,
		"-members 3 -changes 1", "clients are still sent"},
	{"withdraws-all", "rule_exit.go",
		`if d := w.welcome(w.nextAway()); d != nil {`, `if d := w.welcome(w.nextAway()); d != nil && !planted("withdraws-all") {`,
		"-members 3 -changes 2", "gets no clients"},
	{"acts-while-paused", "rule_charge.go",
		`if !w.Paused {`, `if !w.Paused || planted("acts-while-paused") {`,
		"-members 3 -changes 1", "paused"},
	{"silent-node-is-gone", "rule_volumes.go",
		`if m.NodeGone && m.Pod != PodAbsent {`, `if (m.NodeGone || planted("silent-node-is-gone") && m.Agent == nil) && m.Pod != PodAbsent {`,
		"-members 3 -faults 1", "by force"},
	{"empty-disk-waits", "loss.go",
		`case m.Agent.State == control.StateWaiting && !w.awaited(s, m):`, `case m.Agent.State == control.StateWaiting && !w.awaited(s, m) && !planted("empty-disk-waits"):`,
		"-members 3 -faults 1", "must not end like this"},
	{"alarm-stays", "rule_loss.go",
		`if _, listed := w.Etcd.Members.ByID(id); !listed {`, `if _, listed := w.Etcd.Members.ByID(id); !listed && !planted("alarm-stays") {`,
		"-members 3 -faults 1", "must not end like this"},
	{"restarts-beside-one-that-is-away", "rule_rollout.go",
		`len(others) > 0 {`, `len(others) > 0 && !planted("restarts-beside-one-that-is-away") {`,
		"-members 3 -faults 1 -changes 1 -configs 2", "a restart leaves fewer sound voters than a quorum"},
	{"restarts-as-it-is", "rule_rollout.go",
		`if d := w.relieve(s, ReasonRollingOut, hasTo); d != nil {`, `if d := w.relieve(s, ReasonRollingOut, hasTo); d != nil && !planted("restarts-as-it-is") {`,
		"-members 3 -changes 1 -configs 2", "to which clients are still sent"},
	{"restarts-the-leader", "rule_leave.go",
		`if w.leader() != s.entry.ID {`, `if w.leader() != s.entry.ID || planted("restarts-the-leader") {`,
		"-members 3 -changes 1 -configs 2", "the leader is re"},
	{"leader-first", "rule_rollout.go",
		`case w.leader() == s.entry.ID:`, `case w.leader() == s.entry.ID == !planted("leader-first"):`,
		"-members 3 -changes 1 -configs 2", "before the followers have restarted"},
	{"restarts-the-unknown", "rule_rollout.go",
		`if s.at.Pod != PodRunning || s.at.Agent == nil {`, `if s.at.Pod != PodRunning || s.at.Agent == nil && !planted("restarts-the-unknown") {`,
		"-members 3 -faults 1 -changes 1 -configs 2", "of which nothing is known"},
	{"restarts-again", "rule_rollout.go",
		`s.at.Stale == ""`, `s.at.Stale == "" && !planted("restarts-again")`,
		"-members 3 -changes 1 -configs 2", "runs what the spec asks for"},
	{"welcomes-who-restarts", "rule_defragment.go",
		`if s, ok := w.nextRestart(); ok {`, `if s, ok := w.nextRestart(); ok && !planted("welcomes-who-restarts") {`,
		"-members 3 -changes 1 -configs 2", "for ever"},
	{"never-nudges", "rule_idle.go",
		`if !w.unapplied(s) {`, `if !w.unapplied(s) || planted("never-nudges") {`,
		"-members 1 -limit 3 -changes 1 -idle", "catches up with the leader"},
	{"welcomes-a-copy", "rule_exit.go",
		`!m.Agent.Etcd.Defragmenting`, `!m.Agent.Etcd.Defragmenting || planted("welcomes-a-copy")`,
		"-members 3 -faults 1 -changes 1 -bloats", "clients are sent to a member that copies"},
	{"copies-as-it-is", "rule_defragment.go",
		`if d := w.relieve(s, reason, hasTo); d != nil {`, `if d := w.relieve(s, reason, hasTo); d != nil && !planted("copies-as-it-is") {`,
		"-members 3 -faults 1 -changes 1 -bloats", "is copied"},
	{"restarts-beside-a-copy", "seats.go",
		`!s.at.Agent.Etcd.Defragmenting`, `(!s.at.Agent.Etcd.Defragmenting || planted("restarts-beside-a-copy"))`,
		"-members 3 -changes 2 -configs 2 -bloats", "a removal leaves fewer sound voters"},
	{"signs-before-all-trust", "rule_rotation.go",
		`			if s.at.Trust != TrustLoaded {`, `			if s.at.Trust != TrustLoaded && !planted("signs-before-all-trust") {`,
		"-members 3 -changes 1 -rotates", "that another one does not trust"},
	{"never-rotates", "rule_rotation.go",
		`r.Stage == RotationOver {`, `r.Stage == RotationOver || planted("never-rotates") {`,
		"-members 3 -changes 1 -rotates", "the authorities are not replaced"},
	{"never-follows", "rule_rollout.go",
		`|| w.refused() != nil {`, `|| w.refused() != nil || planted("never-follows") {`,
		"-members 3 -changes 1 -configs 2", "does not follow the spec"},
	{"broken-ones-wait", "rule_objects.go",
		`return (m.refuses() || m.crashes())`, `return (m.refuses() || m.crashes()) && !planted("broken-ones-wait")`,
		"-members 1 -limit 1 -changes 2 -configs 3", "must not end like this"},
}

// lawless worlds have the rules as they are, and an operator or an etcd that
// does not keep to its own.
var lawless = []mutant{
	{name: "no-learner", world: "-members 1 -limit 3 -changes 1 -adds-voters", found: "as a voter"},
	{name: "stale-list", world: "-members 3 -faults 2 -changes 1 -no-second-look", found: "clients are still sent"},
}

// TestMutantsAreCaught shows that the exploration finds bugs: each one planted
// is found in a world in which the rules as they are break nothing.
func TestMutantsAreCaught(t *testing.T) {
	t.Parallel()
	explore := plant(t)
	worlds := map[string]bool{}
	for _, m := range append(mutants, lawless...) {
		if m.world == "" {
			continue
		}
		if m.file != "" && !worlds[m.world] {
			worlds[m.world] = true
			if out, broken := run(t, explore, "", m.world); broken {
				t.Errorf("without a mutant, %s:\n%s", m.world, out)
			}
		}
		out, broken := run(t, explore, m.name, m.world)
		breach, _, _ := strings.Cut(out, "\n\nTo keep it")
		switch {
		case !broken:
			t.Errorf("%s survives: explore %s\n%s", m.name, m.world, out)
		case !strings.Contains(breach, m.found):
			t.Errorf("%s was found for another reason than %q:\n%s", m.name, m.found, breach)
		default:
			t.Logf("%-26s %s", m.name, m.found)
		}
	}
}

// plant builds the explorer with all mutants in the rules' source: which of
// them is awake is told by the environment.
func plant(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	rules, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{"planted.go": "package plan\n\nimport \"os\"\n\n" +
		"var mutant = os.Getenv(\"PLANTED\")\n\nfunc planted(name string) bool { return mutant == name }\n"}
	for _, m := range mutants {
		if sources[m.file] == "" {
			text, err := os.ReadFile(filepath.Join(rules, m.file))
			if err != nil {
				t.Fatalf("%s: %v", m.name, err)
			}
			sources[m.file] = string(text)
		}
		if n := strings.Count(sources[m.file], m.old); n != 1 {
			t.Fatalf("%s: %q is %d times in %s; write the mutant for the rule as it is now", m.name, m.old, n, m.file)
		}
		sources[m.file] = strings.Replace(sources[m.file], m.old, m.new, 1)
	}
	overlay := map[string]map[string]string{"Replace": {}}
	for file, text := range sources {
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay["Replace"][filepath.Join(rules, file)] = path
	}
	listed, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list, bin := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "explore")
	if err := os.WriteFile(list, listed, 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-overlay", list, "-o", bin, "./explore")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

// run explores one world and reports whether a promise was broken in it.
func run(t *testing.T, explore, mutant, world string) (out string, broken bool) {
	t.Helper()
	c := exec.Command(explore, strings.Fields(world)...)
	c.Env = append(os.Environ(), "PLANTED="+mutant)
	text, err := c.CombinedOutput()
	out = string(text)
	broken = strings.Contains(out, "a promise is broken")
	if err != nil && !broken {
		t.Fatalf("explore %s with %q: %v\n%s", world, mutant, err, out)
	}
	return out, broken
}

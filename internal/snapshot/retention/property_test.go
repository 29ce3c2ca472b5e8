package retention

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// holds tries what holds for every input.
func holds(t *testing.T, backups []Backup, policy Policy, now time.Time) {
	t.Helper()
	before := slices.Clone(backups)
	verdicts := Judge(backups, policy, now)
	if diff := cmp.Diff(before, backups); diff != "" {
		t.Fatalf("Judge changed its input:\n%s", diff)
	}
	if len(verdicts) != len(backups) {
		t.Fatalf("%d verdicts for %d backups", len(verdicts), len(backups))
	}
	for _, v := range verdicts {
		switch b := v.Backup; {
		case v.Reason == "" || !slices.Contains(backups, b):
			t.Errorf("not a verdict on a backup of these: %+v", v)
		case v.Delete && b.State != Complete && b.State != Failed:
			t.Errorf("a running backup is deleted: %+v", v)
		case v.Delete && b.Created.After(now):
			t.Errorf("a backup of the future is deleted: %+v", v)
		}
	}
	// The last verified ones stay, counted without the package's own order.
	proven := func(v Verdict) bool {
		return v.Backup.State == Complete && (v.Backup.Verified == Hash || v.Backup.Verified == Restore)
	}
	restored := func(v Verdict) bool { return proven(v) && v.Backup.Verified == Restore }
	for name, is := range map[string]func(Verdict) bool{"verified": proven, "verified by a restore": restored} {
		last, found := Verdict{}, false
		for _, v := range verdicts {
			if is(v) && !v.Backup.Created.After(now) && (!found || v.Backup.Created.After(last.Backup.Created)) {
				last, found = v, true
			}
		}
		if found && last.Delete {
			t.Errorf("the newest backup that is %s is deleted: %+v", name, last)
		}
	}
	sameVerdicts(t, backups, verdicts, policy, now)
}

// sameVerdicts: neither the order of the backups nor how many of the doomed
// are gone already changes what becomes of the others.
func sameVerdicts(t *testing.T, backups []Backup, verdicts []Verdict, policy Policy, now time.Time) {
	t.Helper()
	random := rand.New(rand.NewSource(int64(len(backups))))
	shuffled := slices.Clone(backups)
	random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	if diff := cmp.Diff(verdicts, Judge(shuffled, policy, now)); diff != "" {
		t.Errorf("in another order:\n%s", diff)
	}
	for _, share := range []float64{0.5, 1} {
		var left []Backup
		var want []Verdict
		for _, v := range verdicts {
			if !v.Delete || random.Float64() >= share {
				left, want = append(left, v.Backup), append(want, v)
			}
		}
		got := Judge(left, policy, now)
		if len(want) > 0 && !cmp.Equal(want, got) {
			t.Errorf("after some were deleted:\n%s", cmp.Diff(want, got))
		}
	}
}

// TestAnyInput draws backups and policies; a failure names its seed.
func TestAnyInput(t *testing.T) {
	t.Parallel()
	deleted := 0
	for seed := range int64(200) {
		backups, policy, now := draw(rand.New(rand.NewSource(seed)))
		holds(t, backups, policy, now)
		for _, v := range Judge(backups, policy, now) {
			if v.Delete {
				deleted++
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d: %+v\nat %v of %s", seed, policy, now, list(backups))
		}
	}
	if deleted < 1000 {
		t.Fatalf("only %d were deleted: the draw shows nothing", deleted)
	}
}

// TestEmptyPolicyDeletesNothing: nor does one of absent rules.
func TestEmptyPolicyDeletesNothing(t *testing.T) {
	t.Parallel()
	for seed := range int64(60) {
		backups, _, now := draw(rand.New(rand.NewSource(seed)))
		for _, policy := range []Policy{{}, {KeepLast: -1, KeepWithin: -1, Daily: -3, KeepFailed: -1, KeepFailedWithin: -1, Zone: time.UTC}} {
			for _, v := range Judge(backups, policy, now) {
				if v.Delete {
					t.Fatalf("seed %d, %+v: %+v", seed, policy, v)
				}
			}
		}
	}
}

// TestMoreRulesKeepMore: adding a rule, or raising one, never deletes what was
// kept; it may delete where there was no rule at all.
func TestMoreRulesKeepMore(t *testing.T) {
	t.Parallel()
	for seed := range int64(120) {
		random := rand.New(rand.NewSource(seed))
		backups, policy, now := draw(random)
		policy.KeepLast = max(policy.KeepLast, 1)
		policy.KeepFailed = max(policy.KeepFailed, 1)
		more := policy
		for _, count := range []*int{&more.KeepLast, &more.Hourly, &more.Daily, &more.Weekly, &more.Monthly, &more.Yearly, &more.KeepFailed} {
			*count = max(*count, 0) + random.Intn(2)
		}
		more.KeepWithin = max(more.KeepWithin, 0) + time.Duration(random.Intn(48))*time.Hour
		less := Judge(backups, policy, now)
		for i, v := range Judge(backups, more, now) {
			if v.Delete && !less[i].Delete {
				t.Fatalf("seed %d: %+v deletes what %+v kept: %+v", seed, more, policy, v)
			}
		}
	}
}

func list(backups []Backup) string {
	var out strings.Builder
	for _, b := range backups {
		fmt.Fprintf(&out, "\n%s %s %s %s", b.Name, b.Created.Format(time.RFC3339), b.State, b.Verified)
	}
	return out.String()
}

func draw(random *rand.Rand) ([]Backup, Policy, time.Time) {
	now := time.Date(2026, time.November, 28, random.Intn(24), random.Intn(60), 0, 0, time.UTC)
	span := []time.Duration{time.Hour, 24 * time.Hour, 40 * 24 * time.Hour, 900 * 24 * time.Hour}[random.Intn(4)]
	backups := make([]Backup, random.Intn(60))
	for i := range backups {
		backups[i] = Backup{
			Name: fmt.Sprintf("demo-%d", i),
			// One in ten is from the future; some share a moment.
			Created:  now.Add(span/10 - time.Duration(random.Int63n(int64(span)))).Truncate(time.Minute),
			State:    []State{Running, Complete, Complete, Complete, Complete, Failed, Missing, ""}[random.Intn(8)],
			Verified: []Verification{None, Hash, Hash, Restore, ""}[random.Intn(5)],
			Size:     random.Int63n(1 << 30),
		}
	}
	count := func() int { return max(0, random.Intn(12)-6) }
	zone := time.FixedZone("", (random.Intn(27)-12)*3600)
	return backups, Policy{
		KeepLast: count(), KeepWithin: time.Duration(count()) * span / 20,
		Hourly: count(), Daily: count(), Weekly: count(), Monthly: count(), Yearly: count(), Zone: zone,
		KeepFailed: count(), KeepFailedWithin: time.Duration(count()) * span / 20,
	}, now
}

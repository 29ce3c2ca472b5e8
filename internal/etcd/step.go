package etcd

import "fmt"

// floors are the oldest releases of a line from which etcd goes safely to the
// next one: below them voters of the old release come back as zombies (into 3.6),
// or the log holds what the new one cannot read (into 3.7).
var floors = map[string]Version{"3.5": {3, 5, 26}, "3.6": {3, 6, 11}}

// oldestDowngrade is the oldest release that others can go back to: etcd has
// learnt it with 3.6, and goes back to the line before.
var oldestDowngrade = Version{3, 5, 0}

// Step says why members that run one release must not be restarted with another
// one, and which way to go instead; nil when they may.
func Step(from, to Version) error {
	switch {
	case from.Major != to.Major:
		return fmt.Errorf("etcd goes from %s to %s by no way that Quorate knows", from, to)
	case from.Minor == to.Minor:
		return nil
	case to.Minor > from.Minor+1:
		return fmt.Errorf("etcd is upgraded one minor release at a time: set spec.version to a release of %d.%d first, and go on once every member runs it", from.Major, from.Minor+1)
	case to.Minor < from.Minor-1:
		return fmt.Errorf("etcd is downgraded one minor release at a time: set spec.version to a release of %d.%d first, and go on once every member runs it", from.Major, from.Minor-1)
	case to.Minor < from.Minor && to.Compare(oldestDowngrade) < 0:
		return fmt.Errorf("etcd %s cannot go back to %s", from, to)
	}
	if floor, ok := floors[from.Line()]; ok && to.Minor > from.Minor && from.Compare(floor) < 0 {
		return fmt.Errorf("the step from %s to %s is safe from %s on only: set spec.version to %s or a later release of %s first, and go on once every member runs it",
			from.Line(), to.Line(), floor, floor, from.Line())
	}
	return nil
}

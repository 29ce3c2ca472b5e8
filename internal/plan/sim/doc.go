// Package sim is a small world in which the planner is explored: members,
// volumes, pods, the StatefulSet controller, etcd with its rules, and an
// operator that decides by plan.Next and may fail between any two effects.
//
// A World is a value, so that it can be a key. Its steps are what may happen
// next: what comes by itself (nature), what costs a fault, what a user does to
// the spec, and what the operator does. Explore walks through all of them up to
// a budget of faults, Walk through a random few of a larger world. After each
// step the promises are judged (judge.go), and from each world on, once faults
// end, the cluster must come to rest as the spec asks (rest.go).
//
// A story is the list of steps that leads to a breach. Its lines are the names
// of the steps, so that it replays: testdata/*.txt.
//
// Members that are being born are not part of this world: the explorer of
// internal/plan/birth_*_test.go has them.
package sim

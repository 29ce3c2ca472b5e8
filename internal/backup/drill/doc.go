// Package drill decides what is to be done about the drills of one
// EtcdBackupSchedule: begin one, record what it showed, remove its throw-away
// cluster, or nothing, with a reason. It also says what can honestly be said about
// the data of a restored cluster. It is pure: no client, no clock, no Kubernetes
// types. testdata tells its stories.
//
// When a drill is due internal/snapshot/schedule knows. This package may import it
// and the standard library.
//
// What holds, wherever an operator dies:
//
//   - One drill at a time: none begins while a throw-away cluster of the schedule
//     is there.
//   - A drill is found again by its cluster; what it showed is recorded before that
//     is removed, and once.
//   - Only a cluster that was observed as the schedule's own is ever removed.
package drill

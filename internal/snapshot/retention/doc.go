// Package retention decides which backups of one EtcdBackupSchedule are
// deleted. Judge is a pure function from the backups, the policy and the
// present moment to one verdict per backup, with a reason for a person.
// testdata tells what it does.
//
// It imports the standard library only: no client, no clock, no Kubernetes.
//
// What holds whatever the policy says:
//
//   - The newest verified backup is kept, and so is the newest that was
//     verified by a restore.
//   - A running backup is kept, and so is one from the future: after the clock
//     was set back nobody knows how old it is.
//   - A policy without a rule deletes nothing.
//   - What takes the place of an old verified backup is itself verified: a
//     complete one that nobody has verified is kept beside it, not instead.
//   - Age counts back from the newest verified backup and not from now. So
//     backups do not wither while none are made, and a clock that leaps
//     forward deletes nothing by itself.
package retention

// Package schedule decides when an EtcdBackupSchedule makes a backup, and when
// it tries one in a drill. Next and NextDrill are pure functions from what is
// asked for, what was made so far and the present moment to one Decision: to
// run, or to wait, with a reason for a person. testdata tells their stories.
// It also reads cron expressions for whoever else has one.
//
// It imports the standard library and github.com/robfig/cron, which knows the
// fields of an expression but not how a wall clock is put forward and back:
// that is in cron.go. No client, no clock, no Kubernetes. A program that links
// it imports time/tzdata, or no time zone exists in an image without one.
//
// What holds, whatever the clock does:
//
//   - A backup is of a slot: a moment that the expression names. It is named
//     after its slot, so that making it twice is a conflict.
//   - No slot is run twice while its backup exists, none that is older than one
//     that was run, and none from before the schedule was created, resumed or
//     changed.
//   - Of all slots that were missed, one is run: the newest.
//   - One slot is run at a time.
//   - A clock that was ahead and is set back stops nothing: slots are run again
//     from then on, except those whose backups exist. Nothing is made up for.
package schedule

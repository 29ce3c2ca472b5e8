// Package series decides what is to be done about one EtcdBackupSchedule: make
// a backup, delete one, or nothing, with a reason. It also says how healthy
// backups are, those of one schedule or of one cluster. It is pure: no client, no
// clock, no Kubernetes types. testdata tells its stories.
//
// When a backup is due internal/snapshot/schedule knows, and what is kept
// internal/snapshot/retention: this package joins the two. It may import them and
// the standard library.
package series

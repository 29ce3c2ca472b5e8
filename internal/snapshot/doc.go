// Package snapshot says what a backup is: the manifest, the names of its
// objects in a store, and which backups are kept. A backup is two objects,
// data and manifest; the manifest is written last and is what makes the backup
// exist.
//
// It imports only the standard library: the operator needs it and carries no
// cloud SDK. Stores, streams and Jobs are in the packages below it.
package snapshot

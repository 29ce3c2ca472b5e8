// Package job does what the Job of a backup does: save, fetch, commit, delete
// and list. Each can be repeated after it was killed anywhere: a backup exists
// when its manifest does, which is written last, and goes first.
//
// It imports snapshot, its stores and streams, and etcdclient; it knows no
// Kubernetes.
package job

// Package backup decides what is to be done about one EtcdBackup, and what its
// status says. It is pure: no client, no clock, no Kubernetes types but the
// API's own.
//
// It may import the standard library and internal/snapshot.
package backup

// Command bench measures Quorate on a real Kubernetes and prints one line for
// each figure: name, value, unit, and the goal where there is one. What it
// compares with, a bare StatefulSet of plain etcd with the same TLS and the
// same volumes, runs on the same Kubernetes in the same run, in turns. Gaps are
// told beside those of the same writer on the same cluster at rest: what the
// machine does meanwhile falls on both. Backups are compared with etcdctl and etcdutl
// (test/bench/peer), from the same member and onto the same kind of volume.
package main

// Package plan decides what is to be done for one EtcdCluster. Next is a pure
// function from what is desired and what was observed to one Decision: it
// knows no client, no clock, no logger and no error. rules.go is the ordered
// list of its rules, one file holds each rule, and testdata tells their
// stories.
//
// It imports internal/etcd, the types of internal/control and the standard
// library.
package plan

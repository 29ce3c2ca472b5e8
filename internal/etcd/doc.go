// Package etcd holds the vocabulary of an etcd cluster: members, their IDs,
// versions and the arithmetic of quorum. It imports nothing but the standard
// library, so that every other package, the pure planner included, can speak
// in these terms.
package etcd

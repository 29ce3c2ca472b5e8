// Package etcdclient asks running etcd clusters. It is the only importer of
// clientv3: callers see narrow interfaces in the terms of internal/etcd, every
// call is bounded, and clients are cached per cluster.
//
// It imports internal/etcd and clientv3.
package etcdclient

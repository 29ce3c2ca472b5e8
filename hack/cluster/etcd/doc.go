// Command etcd is the etcd server, or etcdctl when called by that name.
//
// It is a module of its own because Kubernetes pins an older etcd client than the server built here.
package main

// Linearizability judges the history that test/e2e's client recorded of a
// cluster: with porcupine and the model that etcd's own robustness tests use.
//
//	go run -C test/linearizability . FILE
//
// FILE holds a History as JSON. It exits with 1 when the history is not
// linearizable or an acknowledged write is missing, and writes a picture of it
// beside the file.
//
// The module is one of its own because etcd's test framework brings in
// etcdctl, etcdutl and more, which Quorate itself shall not depend on.
package main

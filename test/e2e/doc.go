// Package e2e shows on a real Kubernetes that Quorate does what it promises.
// `make e2e` brings everything up and runs it; `make e2e RUN=TestName` runs
// one test.
//
// Each test has a namespace of its own and talks to etcd as a user does: with
// the Secret <name>-client-tls, through a forwarded port, or from a pod
// through the client Service. Tests that stop nodes or change what all share
// are not parallel: go test runs those first, one by one, and the parallel
// ones afterwards.
//
// The suite speaks to the kubeconfig of this checkout's local cluster, or to
// E2E_KUBECONFIG, and never to the user's own.
package e2e

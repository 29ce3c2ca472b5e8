// Package controllers reconciles Quorate's kinds, one file per kind: get,
// observe, plan, act, patch status. A reconcile never sleeps: it is called
// again when Kubernetes changes, and after a while while etcd is to be asked.
//
// It may import everything below internal but agent.
package controllers

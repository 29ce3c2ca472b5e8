// Package act performs exactly one plan.Action. Before it changes anything it
// writes its intent on the EtcdCluster under the resourceVersion that was
// observed, and re-checks the action's precondition on live state: leader
// election is not fencing. One file holds each action.
//
// It imports plan, resource, pki, etcdclient and the control protocol.
package act

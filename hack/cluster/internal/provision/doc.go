// Package provision is the cluster's storage provisioner: it answers PersistentVolumeClaims of the default class with
// local volumes on the node the scheduler chose, grows them, and deletes them.
//
// It is one program on the machine rather than a pod, because all nodes' volumes live in the machine's mount namespace.
package provision

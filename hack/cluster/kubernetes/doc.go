// Command kubernetes is all of Kubernetes in one binary: it becomes the component whose name it is called by.
//
// One link instead of six saves about five minutes and half a gigabyte. The directory is a module of its own because
// k8s.io/kubernetes wants every staging repository replaced, which nothing else in Quorate should be bound to.
package main

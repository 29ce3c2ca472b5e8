// Command demo goes the whole way: it starts a Kubernetes, installs Quorate,
// applies a sample, waits, and puts and gets a key as an application would.
// It runs make and kubectl, and says what it does and how long that takes.
package main

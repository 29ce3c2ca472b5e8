// Package test runs whole clusters of its own and looks at what they do to the machine. It needs root and the built
// binaries: make cluster-test says where they are; without that the tests are skipped.
package test

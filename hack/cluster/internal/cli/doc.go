// Package cli is the command line of quorate-cluster: flags in, calls into package cluster, friendly errors out.
package cli

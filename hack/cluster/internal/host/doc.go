// Package host checks that this machine can run the cluster and installs the Debian packages that are missing.
package host

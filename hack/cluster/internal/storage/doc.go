// Package storage makes volumes that have a true size: a sparse file with XFS on a loop device, mounted per node.
// A full one gives ENOSPC, and one can grow while it is in use.
package storage

// Package node boots a node, powers it off as a power cut would, and removes it with its disks.
package node

// Package cluster composes the parts into what a person asks for: up, down, status, and trouble for one node.
package cluster

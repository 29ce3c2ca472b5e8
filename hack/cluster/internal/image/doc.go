// Package image makes container images out of static binaries and loads them into nodes, without a registry.
package image

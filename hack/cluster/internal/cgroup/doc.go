// Package cgroup makes, fills, kills and removes cgroups, on version 1 (one hierarchy per controller) and version 2.
//
// Version 1 is what this was tried on. The version 2 part follows the kernel's documentation and was not tried.
package cgroup

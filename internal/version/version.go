// Package version holds the version of this build. It imports nothing; the
// build sets it with -ldflags "-X".
package version

// Version is this release of Quorate, such as "v0.1.0".
var Version = "v0.0.0-dev"

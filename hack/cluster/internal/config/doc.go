// Package config renders the configuration files and command lines of everything the cluster runs. It is pure: the
// same cluster gives the same text.
package config

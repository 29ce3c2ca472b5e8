// Package docs reads the documentation as its readers do: what it names must
// exist, every reason and metric must be explained, and the commands in blocks
// marked "sh run" are run on the local Kubernetes by the package run.
package docs

// Package run runs the commands of the documentation on the local Kubernetes:
// each block marked "sh run", page by page, as one reader would type them.
package run

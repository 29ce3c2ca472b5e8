// Package api shows, on a real kube-apiserver, what the API accepts, what it
// refuses and with which words, and that whatever it accepts Go decodes.
package api

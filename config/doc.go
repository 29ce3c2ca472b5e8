// Package config holds no code: it is Quorate's kustomizations, and the tests
// that render every one of them.
package config

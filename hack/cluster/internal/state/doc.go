// Package state knows where everything of a local cluster is kept and what it is called on the machine.
//
// Whatever is visible outside the state folder (network namespaces, cgroups, a folder below /run) carries an
// identifier made from the folder's path, so that two clusters on one machine never meet.
package state

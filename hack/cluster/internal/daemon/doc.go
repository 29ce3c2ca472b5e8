// Package daemon starts long-lived programs that outlive the command, and ends only those it started.
//
// Each has a record with its pid and the time it started. A pid that has since been given to another program has
// another start time, and is left alone.
package daemon

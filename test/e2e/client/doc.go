// Command client is a user of etcd in a pod: it puts, gets, or writes without
// end, through the client Service, with the credentials of the Secret
// <name>-client-tls mounted at /tls. Tests read what it prints.
//
// It is also what a slow line to a store is made of: relay passes connections
// on, no faster than --rate.
package main

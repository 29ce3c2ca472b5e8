// Command client is a user of etcd in a pod: it puts, gets, or writes without
// end, through the client Service, with the credentials of the Secret
// <name>-client-tls mounted at /tls. Tests read what it prints.
package main

// Command load is a small client of etcd for the demo and the benchmark: it
// puts and gets a key, lists the members, moves leadership, fills a database, and compares how
// fast two clusters take writes. It runs as a pod, with the credentials of a Secret
// <name>-client-tls mounted.
package main

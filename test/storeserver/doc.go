// Package storeserver is a real S3 server for tests: versitygw over a folder.
//
// It says how the server is started (Options.Args), what it shows to clients
// (NewCertificate), and gives tests two ways to what it keeps: Client speaks S3
// as everybody does, and Folder reaches below the server, where bits rot and
// disks fill up. Package relay, below it, makes a server slow.
//
// Nothing here knows Kubernetes. test/e2e runs the server in a pod; this
// package's own tests run it on loopback, with the same arguments and the same
// client. It imports the standard library and the AWS SDK, and is imported by
// tests only.
package storeserver

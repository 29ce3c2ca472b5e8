// Command coredns is CoreDNS with only the plugins the test cluster's DNS needs.
//
// The template plugin stands in for an upstream resolver: there is no way out of the machine, so every name outside
// the cluster is answered with NXDOMAIN, as an upstream would.
package main

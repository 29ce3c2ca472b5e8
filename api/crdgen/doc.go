// Command crdgen writes what is derived from the API's Go types: the deep-copy
// code and the CustomResourceDefinitions. It runs controller-gen and then
// tightens the schemas where controller-gen, or a type borrowed from
// Kubernetes, lets the API server accept what Go cannot decode. One such object
// would break list and watch for all clusters at once.
package main

// Package pki makes the cluster's certificates, service account key and kubeconfigs. What exists is kept.
package pki

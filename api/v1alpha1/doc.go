// Package v1alpha1 is the API of Quorate: the types of group etcd.quorate.dev,
// their validation (CEL markers, enforced by the API server without a
// webhook), and the names of conditions, reasons, labels and annotations.
//
// It is a leaf: it imports nothing but apimachinery and the core types, so
// that anyone can import it.
//
// +kubebuilder:object:generate=true
// +groupName=etcd.quorate.dev
package v1alpha1

package resource

import "sigs.k8s.io/controller-runtime/pkg/client" //nolint:depguard // for the interface below, and nothing that acts

// Object is any Kubernetes object.
type Object = client.Object

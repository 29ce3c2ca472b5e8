package config

import (
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// rules returns the rules of all roles, by the role's name.
func rules(t *testing.T, objects []unstructured.Unstructured) map[string][]rbacv1.PolicyRule {
	t.Helper()
	found := map[string][]rbacv1.PolicyRule{}
	for _, o := range only(objects, "ClusterRole") {
		found["ClusterRole/"+o.GetName()] = typed[rbacv1.ClusterRole](t, o).Rules
	}
	for _, o := range only(objects, "Role") {
		found["Role/"+o.GetName()] = typed[rbacv1.Role](t, o).Rules
	}
	return found
}

// TestNoWildcards: what a role allows is written out.
func TestNoWildcards(t *testing.T) {
	for _, folder := range kustomizations(t) {
		for role, list := range rules(t, render(t, folder)) {
			for _, rule := range list {
				words := slices.Concat(rule.APIGroups, rule.Resources, rule.Verbs, rule.NonResourceURLs)
				if slices.Contains(words, "*") {
					t.Errorf("%s: %s has a wildcard: %v", folder, role, rule)
				}
			}
		}
	}
}

// TestSecretsByName: Secrets are never listed or watched, and nothing is
// executed in a pod (promise 10).
func TestSecretsByName(t *testing.T) {
	forbidden := map[string][]string{
		"secrets":             {"list", "watch", "deletecollection"},
		"pods/exec":           {"get", "create"},
		"pods/attach":         {"get", "create"},
		"pods/portforward":    {"get", "create"},
		"serviceaccounts":     {"impersonate"},
		"roles":               {"create", "update", "patch", "bind", "escalate"},
		"clusterroles":        {"create", "update", "patch", "bind", "escalate"},
		"rolebindings":        {"create", "update", "patch"},
		"clusterrolebindings": {"create", "update", "patch"},
	}
	for _, folder := range kustomizations(t) {
		for role, list := range rules(t, render(t, folder)) {
			for _, rule := range list {
				for _, resource := range rule.Resources {
					for _, verb := range forbidden[resource] {
						if slices.Contains(rule.Verbs, verb) {
							t.Errorf("%s: %s may %s %s", folder, role, verb, resource)
						}
					}
				}
			}
		}
	}
}

// TestNamespacedRights: the namespaced installation writes nothing outside its
// namespace, and reads no more than nodes, volumes and classes there.
func TestNamespacedRights(t *testing.T) {
	allowed := []string{"persistentvolumes", "nodes", "storageclasses"}
	for role, list := range rules(t, only(render(t, "namespaced"), "ClusterRole")) {
		for _, rule := range list {
			for _, resource := range rule.Resources {
				if !slices.Contains(allowed, resource) {
					t.Errorf("%s reaches %s in every namespace", role, resource)
				}
			}
			for _, verb := range rule.Verbs {
				if !slices.Contains([]string{"get", "list", "watch"}, verb) {
					t.Errorf("%s may %s %v", role, verb, rule.Resources)
				}
			}
		}
	}
}

// TestSameRights: an operator in one namespace may do there what one for all
// namespaces may do anywhere, but for what its ClusterRoles give.
func TestSameRights(t *testing.T) {
	everywhere := grants(rules(t, render(t, "rbac"))["ClusterRole/quorate-operator"])
	namespaced := rules(t, render(t, "namespaced"))
	here := grants(slices.Concat(namespaced["Role/quorate-operator"], namespaced["ClusterRole/quorate-namespaced-read"]))
	for grant := range everywhere {
		delegated := grant == "create authentication.k8s.io/tokenreviews" || grant == "create authorization.k8s.io/subjectaccessreviews"
		if !here[grant] && !delegated {
			t.Errorf("the namespaced operator may not %s", grant)
		}
	}
	for grant := range here {
		if !everywhere[grant] && !isLease(grant) {
			t.Errorf("only the namespaced operator may %s", grant)
		}
	}
}

// TestChangesOfMembership: the operator may do what a changing membership asks
// for, in either installation, and nothing to evidence but read it.
func TestChangesOfMembership(t *testing.T) {
	needs := []string{
		"patch apps/statefulsets", "delete apps/statefulsets", "create apps/statefulsets", // resize, and make anew
		"patch /pods", "delete /pods", // out of the Service; gone with its node
		"patch /persistentvolumeclaims", "delete /persistentvolumeclaims", // mark and grow; clear
		"delete policy/poddisruptionbudgets",    // a single member has none
		"list discovery.k8s.io/endpointslices",  // until no client is sent there
		"watch discovery.k8s.io/endpointslices", // and told at once
		"get /persistentvolumes", "get /nodes",  // evidence of loss
		"list /nodes", "get storage.k8s.io/storageclasses",
	}
	evidence := []string{"/persistentvolumes", "/nodes", "storage.k8s.io/storageclasses", "discovery.k8s.io/endpointslices"}
	namespaced := rules(t, render(t, "namespaced"))
	for name, have := range map[string]map[string]bool{
		"everywhere": grants(rules(t, render(t, "rbac"))["ClusterRole/quorate-operator"]),
		"namespaced": grants(slices.Concat(namespaced["Role/quorate-operator"], namespaced["ClusterRole/quorate-namespaced-read"])),
	} {
		for _, grant := range needs {
			if !have[grant] {
				t.Errorf("%s: the operator may not %s", name, grant)
			}
		}
		for grant := range have {
			verb, resource, _ := strings.Cut(grant, " ")
			if slices.Contains(evidence, resource) && !slices.Contains([]string{"get", "list", "watch"}, verb) {
				t.Errorf("%s: the operator may %s", name, grant)
			}
		}
	}
}

func isLease(grant string) bool {
	for _, verb := range []string{"create", "get", "update", "patch"} {
		if grant == verb+" coordination.k8s.io/leases" {
			return true
		}
	}
	return false
}

func grants(list []rbacv1.PolicyRule) map[string]bool {
	all := map[string]bool{}
	for _, rule := range list {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					all[verb+" "+group+"/"+resource] = true
				}
			}
		}
	}
	return all
}

// TestBindingsHit: every binding names a role and an account that the same
// installation brings, or one that Kubernetes brings.
func TestBindingsHit(t *testing.T) {
	for _, folder := range []string{"default", "uninstall", "namespaced"} {
		objects := render(t, folder)
		roles := rules(t, objects)
		accounts := map[string]bool{}
		for _, o := range only(objects, "ServiceAccount") {
			accounts[o.GetNamespace()+"/"+o.GetName()] = true
		}
		for _, o := range only(objects, "RoleBinding", "ClusterRoleBinding") {
			binding := typed[rbacv1.ClusterRoleBinding](t, o)
			role := binding.RoleRef.Kind + "/" + binding.RoleRef.Name
			if roles[role] == nil && role != "ClusterRole/system:auth-delegator" {
				t.Errorf("%s: %s binds %s, which does not exist", folder, o.GetName(), role)
			}
			for _, s := range binding.Subjects {
				if !accounts[s.Namespace+"/"+s.Name] {
					t.Errorf("%s: %s binds the account %s/%s, which does not exist", folder, o.GetName(), s.Namespace, s.Name)
				}
			}
		}
	}
}

package e2e

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// kinds are the kinds of which a cluster has objects.
var kinds = []client.ObjectList{
	&v1alpha1.EtcdClusterList{}, &appsv1.StatefulSetList{}, &corev1.PodList{}, &corev1.PersistentVolumeClaimList{},
	&corev1.ServiceList{}, &corev1.SecretList{}, &policyv1.PodDisruptionBudgetList{}, &networkingv1.NetworkPolicyList{},
	&batchv1.JobList{}, &v1alpha1.EtcdBackupList{},
}

// state is everything that there is of the cluster, object by object, in lines
// that are the same for any two that are equally well.
func (c *cluster) state() map[string][]string {
	c.t.Helper()
	var all []client.Object
	for _, kind := range kinds {
		list := kind.DeepCopyObject().(client.ObjectList)
		if err := world.List(bounded(c.t), list, client.InNamespace(c.space.name)); err != nil {
			c.t.Fatalf("list %T: %v", list, err)
		}
		items, err := meta.ExtractList(list)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, item := range items {
			all = append(all, item.(client.Object))
		}
	}
	return linesOf(all, c.space.name)
}

// linesOf writes objects in lines without what differs anyway: that is left out,
// or bears the name of the place where it is met first. It writes JSON, as YAML
// quotes some IDs, those that look like numbers, and others not.
func linesOf(all []client.Object, namespace string) map[string][]string {
	slices.SortStableFunc(all, func(a, b client.Object) int { return strings.Compare(kindAndName(a), kindAndName(b)) })
	var text strings.Builder
	for _, o := range all {
		part, err := json.MarshalIndent(essence(o), "", "  ")
		if err != nil {
			panic(err) // it came as JSON
		}
		text.WriteString(object + kindAndName(o) + "\n" + string(part) + "\n")
	}
	objects := map[string][]string{}
	for part := range strings.SplitSeq(placed(strings.ReplaceAll(text.String(), namespace, "NAMESPACE")), object) {
		name, content, _ := strings.Cut(part, "\n")
		objects[name] = strings.Split(content, "\n")
	}
	return objects
}

// object begins an object in the text.
const object = "--- "

// kindAndName names an object. The pods of a Job, whose own names are random, bear its.
func kindAndName(o client.Object) string {
	name := o.GetName()
	if job := o.GetLabels()[batchv1.JobNameLabel]; job != "" {
		name = "of " + job
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", o), "*") + " " + name
}

// essence is what of an object must be the same in every run.
func essence(o client.Object) map[string]any {
	content := map[string]any{}
	encoded, err := json.Marshal(o)
	if err == nil {
		err = json.Unmarshal(encoded, &content)
	}
	if err != nil {
		panic(err) // it came as JSON
	}
	drop(content, "metadata", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "generateName")
	drop(child(content, "metadata"), "labels", "controller-revision-hash", "topology.kubernetes.io/region", "topology.kubernetes.io/zone")
	drop(child(content, "metadata"), "annotations", "volume.kubernetes.io/selected-node")
	switch o := o.(type) {
	case *v1alpha1.EtcdCluster:
		drop(content, "status", "intent", "joining", "leader", "clusterID")
		if restore, ok := child(content, "status")["restore"].(map[string]any); ok {
			drop(content, "status", "restore")
			child(content, "status")["restore"] = map[string]any{"name": restore["name"], "epoch": restore["epoch"], "completed": restore["completedAt"] != nil}
		}
		members, _ := child(content, "status")["members"].([]any)
		for _, m := range members {
			if m := m.(map[string]any); m["role"] == string(v1alpha1.RoleLeader) {
				m["role"] = string(v1alpha1.RoleVoter)
			}
		}
	case *corev1.Pod:
		content["spec"] = podEssence(o)
		content["status"] = map[string]any{"phase": o.Status.Phase, "ready": podReady(o) == nil}
		if o.Labels[batchv1.JobNameLabel] != "" {
			drop(content, "", "metadata")
		}
	case *corev1.PersistentVolumeClaim:
		drop(content, "spec", "volumeName")
	case *batchv1.Job:
		drop(content, "", "spec")
		content["status"] = map[string]any{"succeeded": o.Status.Succeeded}
	case *v1alpha1.EtcdBackup:
		drop(content, "status", "size", "storedSize", "duration", "savedIn", "readBackIn", "hashKV")
	case *corev1.Service:
		drop(content, "spec", "clusterIP", "clusterIPs")
	case *corev1.Secret:
		for key := range o.Data {
			child(content, "data")[key] = "kept"
		}
	case *appsv1.StatefulSet:
		content["status"] = map[string]any{"replicas": o.Status.Replicas, "ready": o.Status.ReadyReplicas}
	case *policyv1.PodDisruptionBudget:
		drop(content, "", "status")
	}
	return content
}

// podEssence leaves out where a pod runs, the name of its token, and how often
// it has restarted: a machine that is busy or a node that restarts do that too.
func podEssence(p *corev1.Pod) any {
	var all []any
	for _, container := range p.Spec.Containers {
		all = append(all, container.Image, container.Args, container.Env)
	}
	return all
}

// child is an object inside another; a fresh one where there is none.
func child(parent map[string]any, name string) map[string]any {
	found, ok := parent[name].(map[string]any)
	if !ok {
		return map[string]any{}
	}
	return found
}

// drop deletes fields of a child, or of the object itself.
func drop(content map[string]any, in string, fields ...string) {
	if in != "" {
		content = child(content, in)
	}
	for _, f := range fields {
		delete(content, f)
	}
}

// accidental is what a run has of its own: UIDs, addresses, times, and the IDs
// and hashes that are long hexadecimal numbers.
var accidental = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z|\b\d+\.\d+\.\d+\.\d+\b|\b[0-9a-f]{12,64}\b`)

// placed replaces what is accidental by the place where it is met first: the same
// thing in two places bears the same name.
func placed(text string) string {
	met, taken, name := map[string]string{}, map[string]int{}, ""
	var out strings.Builder
	for line := range strings.Lines(text) {
		if after, ok := strings.CutPrefix(line, object); ok {
			name = strings.TrimSpace(after)
		}
		first := accidental.FindStringIndex(line)
		out.WriteString(accidental.ReplaceAllStringFunc(line, func(found string) string {
			if strings.Contains(found, "T") {
				return "TIME"
			}
			if met[found] == "" {
				place := name + " " + strings.TrimSpace(line[:first[0]])
				taken[place]++
				met[found] = fmt.Sprintf("<%s %d>", place, taken[place])
			}
			return met[found]
		}))
	}
	return out.String()
}

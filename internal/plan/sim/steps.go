package sim

import "fmt"

// Step is one thing that can happen next.
type Step struct {
	verb verb
	at   int8
	to   World
	text string // of what the operator does
}

type verb uint8

const (
	catchesUp verb = iota
	comesBack
	isReached
	getsPod
	starts
	isStopped
	podGoes
	claimGoes
	clientsGo
	grows
	learnsRemoval
	publishes
	replicates
	isElected
	isCopied
	getsCertificates
	// What may happen, and need not.
	podIsCollected
	writes
	arrives
	// Faults.
	crashes
	podDeleted
	nodeDeleted
	nodeReplaced
	volumeEmptied
	volumeCorrupted
	dataDiverges
	unreached
	claimDeleted
	setDeleted
	freezes
	fails
	dies
	hangs
	isCutShort
	// The spec.
	scales
	hibernates
	wakes
	pauses
	resumes
	changesClass
	growsSpec
	changesConfig
	replaces
	bloats
	rotates
	// The operator.
	decides
	acts
)

var verbTexts = [...]string{
	catchesUp: "the operator's cache catches up", comesBack: "demo-%d comes back", isReached: "demo-%d is reached again",
	getsPod: "the pod of demo-%d is created", starts: "the pod of demo-%d starts", isStopped: "the pod of demo-%d is surplus",
	podGoes: "the pod of demo-%d is gone", claimGoes: "the claim of demo-%d is gone", clientsGo: "no client is sent to demo-%d any more",
	grows: "the volume of demo-%d has grown", learnsRemoval: "demo-%d learns that it was removed",
	publishes: "demo-%d publishes itself", replicates: "demo-%d catches up", isCopied: "demo-%d is defragmented", getsCertificates: "its node brings demo-%d the Secret", bloats: "half of the database of demo-%d becomes free", isElected: "demo-%d is elected",
	podIsCollected: "the orphaned pod of demo-%d is collected", writes: "a write is acknowledged by %s only",
	arrives: "the late message arrives: %s",
	crashes: "demo-%d crashes", podDeleted: "somebody deletes the pod of demo-%d", nodeDeleted: "the node of demo-%d is deleted",
	nodeReplaced: "the node of demo-%d is deleted, and its volume is not of that node",

	volumeEmptied: "demo-%d loses its data", volumeCorrupted: "the log of demo-%d is corrupt",
	dataDiverges: "a CORRUPT alarm names demo-%d", unreached: "the operator does not reach demo-%d any more",
	claimDeleted: "somebody deletes the claim of demo-%d",
	setDeleted:   "somebody deletes the StatefulSet",
	freezes:      "the operator goes on seeing demo-%d as it is now",
	fails:        "the operator fails before %s", dies: "the operator dies after a part of %s", hangs: "the operator dies with a message on its way: %s",
	isCutShort: "demo-%d crashes while it joins",
	scales:     "spec.replicas = %d", hibernates: "spec.hibernated = true", wakes: "spec.hibernated = false",
	pauses: "spec.paused = true", resumes: "spec.paused = false", changesClass: "spec.storage.storageClassName = class %d",
	growsSpec: "spec.storage.size = %d", changesConfig: "spec.etcd is revision %d", replaces: "a person declares demo-%d lost", rotates: "the authorities are to be replaced",
	decides: "the operator looks", acts: "the operator acts",
}

// String is the step's line in a story.
func (s Step) String() string {
	text := verbTexts[s.verb]
	switch s.verb {
	case catchesUp, setDeleted, rotates, hibernates, wakes, pauses, resumes, decides, acts:
		return text
	case writes:
		return fmt.Sprintf(text, setName(uint8(s.at))) //nolint:gosec // a set of ordinals
	case arrives, fails, dies, hangs:
		return fmt.Sprintf(text, s.text)
	default:
		return fmt.Sprintf(text, s.at)
	}
}

func setName(set uint8) string {
	name := ""
	for i := range ordinals {
		if set&(1<<i) == 0 {
			continue
		}
		if name != "" {
			name += " and "
		}
		name += string(names[i])
	}
	return name
}

// steps gathers what may happen next.
type steps []Step

func (s *steps) add(v verb, at int, to World) {
	*s = append(*s, Step{verb: v, at: int8(at), to: to.normal()}) //nolint:gosec // a small number
}

// try adds a step that changes something.
func (w *World) try(s *steps, v verb, at int, change func(*World) bool) {
	if next := *w; change(&next) {
		s.add(v, at, next)
	}
}

// Steps are all that may happen next.
func (w *World) Steps() []Step {
	var s steps
	w.operator(&s)
	w.nature(&s)
	w.chance(&s)
	w.faultsOf(&s)
	w.wishes(&s)
	return s
}

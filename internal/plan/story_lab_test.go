package plan

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// lab is the world of a story: what the planner is shown, and below it the
// disks, which outlive pods and objects. settle derives the first from the
// second as Kubernetes and etcd would.
type lab struct {
	t       *testing.T
	desired Desired
	seen    Observation
	disks   map[etcd.MemberName]*control.Volume
	// lists are the member lists of clusters that ever had a quorum, alarms the
	// CORRUPT alarms, lead the leader.
	lists     map[etcd.ClusterID]etcd.Members
	alarms    []etcd.MemberID
	lead      etcd.MemberID
	plights   map[etcd.MemberName]*plight
	etcdError string // set: no member answers the operator
	foreign   etcd.ClusterID
	tokens    int // minted so far
	volumes   int
	spec      int // how often it has changed
	verdict   []string
	joined    int    // IDs given to members that joined later
	class     string // of new claims: the StatefulSet's template
	size      int64
	step      stepping
	revision  int64
	compacted int64
	full      []etcd.MemberID
	rebundled bool                       // the Secrets are to bring other bundles
	staged    map[etcd.MemberName]string // the SHA-256 of the snapshot on a volume
	receiving etcd.MemberName            // on whose volume it still arrives
	shelf     shelf
}

// plight is what a story does to one member.
type plight struct {
	pod     PodState // kept in this state; "" when it is free to run
	silent  string   // the operator does not reach the agent: why
	state   control.State
	reason  control.Reason // of a refusal
	message string
	behind  bool   // has not caught up with the leader
	idle    bool   // has, and nobody has written since
	stays   bool   // its claim does not vanish
	next    string // trouble of the pod that comes next
	binary  string // release that it runs; empty: the usual one
	step    *control.Step
	kept    string
	blocks  string // why it cannot be prepared for another release line
	db      database
	log     uint64       // entries that its log has more than others
	listed  etcd.Members // whom it lists, where that is of the past
}

// unborn is a cluster that was just applied.
func unborn(t *testing.T, replicas int) *lab {
	l := &lab{
		t:       t,
		desired: Desired{Replicas: replicas, Version: "3.7.3"},
		disks:   map[etcd.MemberName]*control.Volume{},
		lists:   map[etcd.ClusterID]etcd.Members{},
		plights: map[etcd.MemberName]*plight{}, revision: 100,
	}
	l.seen.Pods, l.class = NoStatefulSet, "standard"
	l.seen.Record.Epoch, l.shelf = 1, newShelf()
	l.seen.Self = "quorate-system/quorate"
	l.seen.Certificates.LostAuthorities = []string{"demo-peer-ca", "demo-client-ca"}
	l.seen.Certificates.Wanted = []string{"demo-member-tls", "demo-client-tls"}
	for _, kind := range []string{"Service", "NetworkPolicy", "PodDisruptionBudget", "StatefulSet"} {
		l.seen.Objects = append(l.seen.Objects, Object{Kind: kind, Name: "demo", State: ObjectMissing})
	}
	for i := range replicas {
		l.member(etcd.MemberName(fmt.Sprintf("demo-%d", i)))
	}
	return l
}

// member returns a member, made when it is first spoken of.
func (l *lab) member(name etcd.MemberName) *Member {
	for i := range l.seen.Members {
		if l.seen.Members[i].Name == name {
			return &l.seen.Members[i]
		}
	}
	l.plights[name] = &plight{}
	l.seen.Members = append(l.seen.Members, Member{Name: name, PeerURL: peerURL(name), Pod: PodAbsent})
	return &l.seen.Members[len(l.seen.Members)-1]
}

func peerURL(name etcd.MemberName) string {
	return "https://" + string(name) + ".demo-peers:2380"
}

// tell changes the world by one line, "subject key=value ...":
//
//	cluster replicas=3 version=3.7.3 paused=true operator=a/b deleting=true
//	cluster hibernated=true replace=c0102 class=fast size=2
//	self a/b                                  another operator looks
//	reapplied                                 the EtcdCluster was deleted and applied again
//	object StatefulSet/demo Drifted "image"
//	certificates wanted=a,b lost=c foreign=d
//	certificates incomplete=true source=my-peer:SecretInvalid:"tls.key is missing"
//	etcd error="timed out" | cluster=c01 | free
//	etcd leader=demo-2 corrupt=demo-1 full=demo-1 stranger=c0177
//	cluster compact=true defragment=45/100/30 schedule="malformed"   (percent, MiB, seconds; off)
//	cluster supervised=true approve=demo-2@h2
//	cluster wanted longLost                   spec.quorumLoss is Survivor; quorum is lost for long enough
//	restore survivor lost=c0101,c0102         the EtcdRestore is from a survivor
//	validation Failed "heartbeat must be positive" | Unschedulable:"no node"
//	rotation name=r1 stage=Announced until=2026-01-02T03:04:05Z
//	origin sending=Failed failure="..." trouble="..." missing="..." version=3.6.16 lost=demo-1
//	restore name=back missing="..." proof=Failed:"..." version=3.6.16 revision=90 | gone | kept=over | ephemeral
//	release 3.6.16                            what members and template are of, from now on
//	spec "snapshot-count 10000 -> 5000"       what members are started with changes
//	member demo-0 ...                         see tellMember
func (l *lab) tell(line string) error {
	words := fields(line)
	if len(words) == 0 {
		return nil
	}
	subject, args := words[0], words[1:]
	switch subject {
	case "cluster":
		return each(args, l.tellCluster)
	case "self":
		l.seen.Self = args[0]
	case "reapplied":
		l.reapply()
	case "object":
		return l.tellObject(args)
	case "certificates":
		return each(args, l.tellCertificates)
	case "etcd":
		return each(args, l.tellEtcd)
	case "spec":
		l.respec(args[0])
	case "rotation":
		l.seen.Certificates.Rotation = &Rotation{Stage: RotationNotBegun}
		return each(args, l.tellRotation)
	case "origin":
		if l.seen.Origin == nil {
			l.desired.Restores, l.seen.Origin = true, &Origin{Where: "s3://b/demo/nightly"}
			l.staged = map[etcd.MemberName]string{}
		}
		return each(args, l.tellOrigin)
	case "restore":
		return each(args, l.tellRestore)
	case "release":
		l.release(args[0])
	case "validation":
		l.verdict = args
	case "member":
		name := etcd.MemberName(args[0])
		l.member(name)
		return each(args[1:], func(key, value string) error { return l.tellMember(name, key, value) })
	default:
		return fmt.Errorf("unknown subject %q", subject)
	}
	return nil
}

func (l *lab) tellCluster(key, value string) (err error) {
	switch key {
	case "replicas":
		l.desired.Replicas, err = strconv.Atoi(value)
	case "version":
		l.desired.Version = value
	case "paused":
		l.desired.Paused = value == "true"
	case "operator":
		l.desired.Operator = value
	case "deleting":
		l.seen.Deleting = value == "true"
	case "hibernated":
		l.desired.Hibernated = value == "true"
	case "replace":
		err = l.desired.Replace.UnmarshalText([]byte(value))
	case "class":
		l.desired.StorageClass = value
		l.seen.StaleClaims = "storageClassName is " + value
	case "size":
		l.desired.StorageSize, err = strconv.ParseInt(value, 10, 64)
		l.seen.StaleClaims = "storage.size is " + value
	case "compact":
		l.desired.CompactOnNoSpace = value == "true"
	case "defragment":
		l.tellDefragmentation(value)
	case "schedule":
		l.desired.Defragmentation.Malformed = value
	case "wanted", "longLost":
		l.tellSurvivor(key)
	case "supervised":
		l.desired.Supervised = value == "true"
	case "approve":
		l.desired.Approved = value
	default:
		err = fmt.Errorf("unknown key %q", key)
	}
	return err
}

// respec changes what the spec asks for in what members are started with; what
// each pod was made from stays, and so does the template.
func (l *lab) respec(changes string) {
	l.spec++
	l.seen.Template = Template{Wanted: fmt.Sprintf("h%d", l.spec), Version: l.step.template, Changes: changes}
	for i := range l.seen.Members {
		if m := &l.seen.Members[i]; m.Pod != PodAbsent {
			m.Stale = changes
		}
	}
}

// reapply deletes the EtcdCluster and applies it again: the status forgets,
// the pods go, the volumes and Secrets stay.
func (l *lab) reapply() {
	l.seen.Record, l.shelf.set = Record{Epoch: 1}, 0
	l.volumesOf(1)
	for i := range l.seen.Objects {
		l.seen.Objects[i].State = ObjectMissing
	}
	l.seen.Pods = NoStatefulSet
	for i := range l.seen.Members {
		l.seen.Members[i].Pod = PodAbsent
	}
}

func (l *lab) tellObject(args []string) error {
	kind, name, ok := strings.Cut(args[0], "/")
	if !ok || len(args) < 2 {
		return fmt.Errorf("want Kind/name State [detail]")
	}
	told := Object{Kind: kind, Name: name, State: ObjectState(args[1])}
	if len(args) > 2 {
		told.Detail = args[2]
	}
	for i, o := range l.seen.Objects {
		if o.Kind == kind && o.Name == name {
			l.seen.Objects[i] = told
			return nil
		}
	}
	l.seen.Objects = append(l.seen.Objects, told)
	return nil
}

func (l *lab) tellCertificates(key, value string) error {
	switch key {
	case "wanted":
		l.seen.Certificates.Wanted = list(value)
	case "lost":
		l.seen.Certificates.LostAuthorities = list(value)
	case "foreign":
		l.seen.Certificates.Foreign = list(value)
	case "incomplete":
		l.seen.Certificates.Incomplete = value == "true"
	case "source":
		l.seen.Certificates.Sources = nil
		if parts := strings.SplitN(value, ":", 3); len(parts) == 3 {
			l.seen.Certificates.Sources = []Source{{Name: parts[0], Reason: Reason(parts[1]), Message: parts[2]}}
		}
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	return nil
}

func (l *lab) tellEtcd(key, value string) (err error) {
	switch key {
	case "leader":
		l.lead = l.idOf(etcd.MemberName(value))
		return nil
	case "revision":
		l.revision, err = strconv.ParseInt(value, 10, 64)
		return err
	case "full":
		l.full = append(l.full, l.idOf(etcd.MemberName(value)))
		return nil
	case "corrupt":
		l.alarms = append(l.alarms, l.idOf(etcd.MemberName(value)))
		return nil
	case "stranger":
		stranger := etcd.Member{Name: "stranger", PeerURLs: []string{"https://elsewhere:2380"}, ClientURLs: []string{"https://elsewhere:2379"}}
		if err := stranger.ID.UnmarshalText([]byte(value)); err != nil {
			return err
		}
		id := l.seen.Record.ClusterID
		l.lists[id] = append(l.lists[id], stranger)
		return nil
	}
	l.etcdError, l.foreign = "", 0
	switch key {
	case "error":
		l.etcdError = value
	case "cluster":
		err = l.foreign.UnmarshalText([]byte(value))
	case "free":
	default:
		err = fmt.Errorf("unknown key %q", key)
	}
	return err
}

// each calls tell with every "key=value"; a bare word has no value.
func each(args []string, tell func(key, value string) error) error {
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		if err := tell(key, value); err != nil {
			return err
		}
	}
	return nil
}

func list(value string) []string {
	if value == "" {
		return nil
	}
	return strings.Split(value, ",")
}

// fields splits a line at spaces that are not within double quotes.
func fields(line string) []string {
	quoted := false
	words := strings.FieldsFunc(line, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return unicode.IsSpace(r) && !quoted
	})
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], `"`, "")
	}
	return words
}

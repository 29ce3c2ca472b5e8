package plan

// rule looks at the world and decides, or returns nil for "not mine".
type rule struct {
	name   string
	decide func(*world) *Decision
}

// rules is the priority ladder: the first rule that decides is the decision.
var rules = []rule{
	{"deletion", deletion},               // what is being deleted is never repaired
	{"charge", charge},                   // one operator acts, and has said so
	{"pause", pause},                     // spec.paused stops every action below
	{"version", version},                 // a version that cannot be run starts nothing
	{"names", names},                     // what others own is never touched
	{"restoration", restoration},         // other data in place of the cluster's own
	{"issuer", issuer},                   // what cert-manager is asked for
	{"turning", turning},                 // no half of a step with authorities is told
	{"certificates", certificates},       // no pod before its Secrets
	{"sources", sources},                 // nor before they can be copied from elsewhere
	{"objects", objects},                 // create what is missing, repair what drifted
	{"following", following},             // the pods' template follows the spec
	{"pods", pods},                       // pods of an old template that hold no voter
	{"adjustment", adjustment},           // what changes on pods as they run
	{"gone", gonePods},                   // pods of nodes that do not exist any more
	{"memory", memory},                   // volumes that were ever formed mean formed
	{"hibernation", hibernation},         // no pods, or as many as there were
	{"birth", birth},                     // form a cluster, once
	{"growth", growth},                   // larger volumes disturb nobody
	{"confirmation", confirmation},       // formed: serve clients, mark the volumes
	{"survivor", survivor},               // one member's data becomes the cluster
	{"quorum", lostQuorum},               // without a quorum nothing else is decided
	{"idle", idle},                       // what came whole is applied once another entry is
	{"losses", losses},                   // members whose data is gone leave first
	{"alarms", alarms},                   // and their alarms with them
	{"strangers", strangers},             // members that are none of our pods
	{"template", template},               // new volumes follow the spec
	{"clearing", clearing},               // no new member on an old disk
	{"size", size},                       // pods to come, and pods to go
	{"learner", learner},                 // see the one learner through
	{"exits", exits},                     // scale in, move, replace what is doomed
	{"entrances", entrances},             // scale out, or come back
	{"space", space},                     // a full database is brought back to writing
	{"steps", steps},                     // end what was begun for another release line
	{"rollout", rollout},                 // restart what does not run what the spec asks for
	{"adjusting", adjusting},             // what nodes have not done of it
	{"cordon", cordon},                   // leadership leaves a node that may be drained
	{"full", noSpace},                    // or a person is told why not
	{"members", members},                 // absent members are waited for
	{"defragmentation", defragmentation}, // give space back
	{"rotation", rotation},               // new authorities in place of the old
	{"delivery", delivery},               // nodes that have not brought certificates
	{"authorities", authorities},         // a formed cluster never gets a new CA
	{"awaited", awaited},                 // what is wrong with certificates from elsewhere
	{"volumes", volumeGrowth},            // volumes that have not grown
	{"former", former},                   // volumes from before a restore
	{"cleared", cleared},                 // volumes that have not gone
}

// Next decides what is to be done next. It is pure: equal arguments, equal
// decision.
func Next(desired Desired, observation Observation) Decision {
	w := &world{Desired: desired, Observation: observation}
	for _, r := range rules {
		if d := r.decide(w); d != nil {
			d.Rule = r.name
			return *d
		}
	}
	return steady(w)
}

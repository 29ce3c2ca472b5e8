package drill

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/snapshot/schedule"
)

// pause is how long until a drill under way is looked at again: neither the pods of its
// Job nor what etcd answers wakes anybody.
const pause = 5 * time.Second

// Next decides. It is pure: equal arguments, equal decision.
func Next(o Observation, now time.Time) Decision {
	c := o.Current
	switch {
	case c != nil && c.Leaving:
		return under("EtcdCluster %s of the drill is being deleted.", c.Name)
	case c != nil && !o.Asked:
		return remove(c, "no drill is asked for any more")
	case !o.Asked:
		return Decision{}
	case c != nil && c.Name == o.Ended:
		return remove(c, "its drill has ended")
	case c != nil:
		return o.judge(c, now)
	case o.Begun != nil:
		return record(Outcome{*o.Begun, Failed, 0, fmt.Sprintf("EtcdCluster %s of the drill was deleted, or lost its label or its owner, before it was compared. The next drill tries again.", o.Begun.Name)})
	}
	return o.due(now)
}

// due begins the drill whose time has come.
func (o Observation) due(now time.Time) Decision {
	switch {
	case o.Malformed != "":
		return Decision{Reason: ReasonBadDrill, Warn: true, Message: fmt.Sprintf("spec.%s. No drill is made until that is mended.", o.Malformed)}
	case !o.Cluster.Found && !o.Drill.Suspended:
		return Decision{Reason: ReasonNoCluster, Warn: true, Message: fmt.Sprintf("There is no EtcdCluster %q in this namespace, on which a drill models its own: none is made.", o.Cluster.Name)}
	}
	s := schedule.NextDrill(o.Drill, schedule.State{Created: o.Created, Since: o.Since, Made: o.Made}, o.Backups, now)
	d := Decision{Reason: Reason(s.Reason), Message: s.Message, Next: s.NextRun, After: s.After}
	switch {
	case s.Outcome != schedule.Run:
	case slices.Contains(o.Others, s.Name):
		d.Reason, d.Warn = ReasonDrillNameTaken, true
		d.Message = fmt.Sprintf("A drill is due, and there is an EtcdCluster %s that belongs to none of this schedule. Delete it, or make it anew under another name.", s.Name)
	default:
		d.Action, d.Name, d.Backup, d.Slot = Begin, s.Name, s.Backup, s.Slot
		d.Why = fmt.Sprintf("%s EtcdBackup %s is restored into EtcdCluster %s, which is deleted afterwards.", s.Message, s.Backup, s.Name)
	}
	return d
}

// judge says what a drill under way has come to, if it has.
func (o Observation) judge(c *Current, now time.Time) Decision {
	end := Outcome{Begun: c.Begun}
	if !c.Serving.IsZero() {
		end.Took = max(c.Serving.Sub(c.Started), time.Second)
	}
	rest := c.Started.Add(o.Timeout).Sub(now)
	switch {
	case c.Failed != "":
		end.Result = Failed
		end.Message = fmt.Sprintf("EtcdBackup %s cannot be restored: %s Mend that, or make another backup: the next drill tries the newest then.", c.Backup, c.Failed)
	case c.Shown != nil:
		end.Result, end.Message = c.Shown.judge(c.Backup, end.Took)
	case rest <= 0:
		end.Result = TimedOut
		end.Message = fmt.Sprintf("EtcdBackup %s was not restored and compared within spec.drill.timeout, %s. Last: %s Mend that, or raise the timeout.", c.Backup, o.Timeout, cmp.Or(c.Waiting, "Nothing is known of its EtcdCluster."))
	default:
		d := under("EtcdBackup %s is being restored into EtcdCluster %s.", c.Backup, c.Name)
		d.After = min(rest, pause)
		return d
	}
	return record(end)
}

func under(format string, args ...any) Decision {
	return Decision{Reason: ReasonDrilling, Message: fmt.Sprintf(format, args...)}
}

func record(end Outcome) Decision {
	d := under("The drill of EtcdBackup %s has ended.", end.Backup)
	d.Action, d.Name, d.Backup, d.Outcome, d.Why = Record, end.Name, end.Backup, end, end.Message
	d.Warn = end.Result != Equal
	return d
}

func remove(c *Current, why string) Decision {
	d := under("EtcdCluster %s of the drill is being deleted.", c.Name)
	d.Action, d.Name, d.Backup = Remove, c.Name, c.Backup
	d.Why = fmt.Sprintf("EtcdCluster %s is deleted with its volumes: %s.", c.Name, why)
	return d
}
